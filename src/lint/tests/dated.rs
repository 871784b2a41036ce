//! What the passing of time brings.

use super::check;

#[test]
fn ends() {
    check(
        &[
            (
                "grants/a.yaml",
                "to: [lea.moreau]
role: owner
domain: ledger
from: 2026-10-01
until: 2026-11-20
reason: Test
",
            ),
            (
                "grants/b.yaml",
                "to: [lea.moreau]
role: owner
domain: production
from: 2026-10-01
until: 2026-12-04
reason: Test
",
            ),
            (
                "grants/c.yaml",
                "to: [lea.moreau]
role: owner
domain: payments
from: 2026-10-01
until: 2026-12-05
reason: Test
",
            ),
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
                "name: Alice Nguyen
type: contractor
vendor: globex
sponsor: priya.shah
engagement: { from: 2026-11-01, until: 2027-01-31 }
accounts: { github: { login: alice-nw, id: 4 }, aws: alice }
ended: 2026-11-21
",
            ),
            ("groups/team.yaml", "members: [alice.nguyen]\n"),
            (
                "grants/team.yaml",
                "to: [group:team]
role: developer
domain: ledger
from: 2026-11-24
until: 2026-12-24
reason: Test
",
            ),
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
