//! Domains, bridges and owners.

use super::check;
use crate::lint::testing::{edited, grant};

#[test]
fn a_resource_in_two_domains() {
    check(
        &[(
            "domains/ledger.yaml",
            &edited(
                "domains/ledger.yaml",
                &[(
                    "northwind/ledger }\n",
                    "northwind/ledger }\n  same: { repository: northwind/Ledger }\n  api: { repository: northwind/API }\n",
                )],
            ),
        )],
        &[
            "error resource-in-two-domains domains/ledger.yaml:6 `ledger` holds repository `northwind/Ledger` twice, as `ledger` and `same`",
            "error resource-in-two-domains domains/payments.yaml:5 repository `northwind/api` belongs to both `ledger` and `payments`",
        ],
    );
}

#[test]
fn a_contractor_in_two_domains() {
    check(
        &[("grants/alice-ledger.yaml", &grant("alice.nguyen", "developer", "ledger", "2027-01-20", "2027-02-15"))],
        &[
            "error domain-crossing grants/alice-ledger.yaml:3 `alice.nguyen` is in `payments` and `ledger` from 2027-01-20 to 2027-01-31",
            "error grant-outlives-engagement grants/alice-ledger.yaml:5 grant `alice-ledger` lasts until 2027-02-15, but the engagement of `alice.nguyen` ends on 2027-01-31",
        ],
    );
}

#[test]
fn a_bridge_lets_across_until_it_ends() {
    check(
        &[
            ("grants/alice-ledger.yaml", &grant("alice.nguyen", "developer", "ledger", "2026-12-20", "2027-01-31")),
            (
                "bridges/b.yaml",
                "home: payments
into: ledger
for: [alice.nguyen]
until: 2026-12-31
reason: Migrate
",
            ),
        ],
        &[],
    );
}

#[test]
fn a_bridge_works_in_one_direction_and_for_its_people() {
    check(
        &[
            ("grants/alice-ledger.yaml", &grant("alice.nguyen", "developer", "ledger", "2026-12-20", "2026-12-24")),
            (
                "bridges/b.yaml",
                "home: ledger
into: payments
for: [robot]
until: 2027-12-31
reason: Migrate
",
            ),
        ],
        &[
            "error domain-crossing grants/alice-ledger.yaml:3 `alice.nguyen` is in `payments` and `ledger` from 2026-12-20 to 2026-12-24",
        ],
    );
}

#[test]
fn two_domains_one_after_the_other() {
    check(
        &[
            ("grants/alice.yaml", &grant("alice.nguyen", "developer", "payments", "2026-11-24", "2026-12-24")),
            ("grants/alice-ledger.yaml", &grant("alice.nguyen", "developer", "ledger", "2026-12-25", "2027-01-15")),
        ],
        &[],
    );
}

#[test]
fn a_service_in_two_domains() {
    check(
        &[
            (
                "grants/robot-1.yaml",
                "to: [robot]
role: deployer
domain: ledger
from: 2026-12-01
until: 2026-12-31
reason: Test
",
            ),
            (
                "grants/robot-2.yaml",
                "to: [robot]
role: deployer
domain: production
from: 2026-12-10
until: 2026-12-20
reason: Test
",
            ),
        ],
        &[
            "error service-crosses-domains grants/robot-2.yaml:3 `robot` is in `ledger` and `production` from 2026-12-10 to 2026-12-20",
        ],
    );
}

#[test]
fn a_contractor_who_owns_a_domain() {
    check(
        &[
            ("groups/leads.yaml", "members: [priya.shah, group:team]\n"),
            ("groups/team.yaml", "members: [alice.nguyen]\n"),
            (
                "domains/production.yaml",
                "title: Production
environment: production
owners:
  - omar.diaz
  - group:leads
  - alice.nguyen
resources:
  live: { repository: northwind/live }
",
            ),
            (
                "domains/ledger.yaml",
                "title: Ledger
environment: staging
owners:
  - omar.diaz
  - lea.moreau
  - group:leads
resources:
  ledger: { repository: northwind/ledger }
",
            ),
        ],
        &[
            "error owner-is-contractor domains/ledger.yaml:6 the contractor `alice.nguyen` owns `ledger` through group:leads → group:team",
            "error owner-is-contractor domains/production.yaml:6 the contractor `alice.nguyen` owns `production`",
        ],
    );
}
