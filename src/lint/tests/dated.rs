//! What the passing of time brings.

use super::check;
use crate::lint::testing::{edited, grant};

#[test]
fn ends() {
    check(
        &[
            ("grants/a.yaml", &grant("lea.moreau", "owner", "ledger", "2026-10-01", "2026-11-20")),
            ("grants/b.yaml", &grant("lea.moreau", "owner", "production", "2026-10-01", "2026-12-04")),
            ("grants/c.yaml", &grant("lea.moreau", "owner", "payments", "2026-10-01", "2026-12-05")),
        ],
        &[
            "warning expired-grant grants/a.yaml:5 grant `a` ended on 2026-11-20",
            "warning expires-soon grants/b.yaml:5 grant `b` ends on 2026-12-04",
        ],
    );
}

#[test]
fn somebody_who_left() {
    check(
        &[
            (
                "people/alice.nguyen.yaml",
                &edited("people/alice.nguyen.yaml", &[("aws: alice }\n", "aws: alice }\nended: 2026-11-21\n")]),
            ),
            ("groups/team.yaml", "members: [alice.nguyen]\n"),
            ("grants/team.yaml", &grant("group:team", "developer", "ledger", "2026-11-24", "2026-12-24")),
        ],
        &[
            "warning engagement-over people/alice.nguyen.yaml:7 the time of `alice.nguyen` here is over, but they are still named by `alice` and `team`",
        ],
    );
}

#[test]
fn a_bridge_that_is_over() {
    check(
        &[(
            "bridges/b.yaml",
            "home: payments
into: ledger
for: [alice.nguyen]
until: 2026-11-20
reason: Migrate
",
        )],
        &["warning bridge-expired bridges/b.yaml:4 bridge `b` ended on 2026-11-20"],
    );
}
