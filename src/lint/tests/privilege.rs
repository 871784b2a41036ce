//! What grants give, and for how long.

use super::check;
use crate::lint::testing::{edited, grant};

#[test]
fn unbounded_grant() {
    check(
        &[(
            "grants/alice.yaml",
            "to: [alice.nguyen]
role: developer
domain: payments
from: 2026-11-24
reason: Test
",
        )],
        &["error unbounded-grant grants/alice.yaml:1 grant `alice` has no end, but `alice.nguyen` is a contractor"],
    );
}

#[test]
fn a_grant_without_start_where_a_limit_applies() {
    check(
        &[(
            "grants/alice.yaml",
            "to: [alice.nguyen]
role: developer
domain: payments
until: 2026-12-24
reason: Test
",
        )],
        &["error grant-too-long grants/alice.yaml:1 grant `alice` has no start, but it may last 90 days at most"],
    );
}

#[test]
fn an_employee_with_a_limited_role_for_ever() {
    check(
        &[(
            "grants/lea.yaml",
            "to: [lea.moreau]
role: developer
domain: payments
from: 2026-11-24
reason: Test
",
        )],
        &[
            "error separation-of-duties grants/lea-deploy.yaml:2 `lea.moreau` holds `deploy` and `develop` from 2026-11-24 on (rule `develop-and-deploy`)",
            "error grant-too-long grants/lea.yaml:1 grant `lea` has no end, but it may last 90 days at most",
        ],
    );
}

#[test]
fn a_grant_longer_than_its_role_allows() {
    check(
        &[("grants/lea.yaml", &grant("lea.moreau", "developer", "payments", "2026-11-24", "2027-02-22"))],
        &[
            "error separation-of-duties grants/lea-deploy.yaml:2 `lea.moreau` holds `deploy` and `develop` from 2026-11-24 to 2027-02-22 (rule `develop-and-deploy`)",
            "error grant-too-long grants/lea.yaml:5 grant `lea` is held by `lea.moreau` from 2026-11-24 to 2027-02-22, longer than the 90 days that its role allows",
        ],
    );
}

#[test]
fn grants_without_a_gap_count_as_one() {
    check(
        &[
            (
                "grants/lea-1.yaml",
                "to: [lea.moreau]
role: developer
domain: payments
from: 2026-06-01
until: 2026-08-15
reason: Test
",
            ),
            (
                "grants/lea-2.yaml",
                "to: [lea.moreau]
role: developer
domain: payments
from: 2026-08-16
until: 2026-10-15
reason: Test
",
            ),
            (
                "grants/lea-3.yaml",
                "to: [lea.moreau]
role: developer
domain: payments
from: 2027-08-16
until: 2027-10-15
reason: Test
",
            ),
        ],
        &[
            "warning expired-grant grants/lea-1.yaml:5 grant `lea-1` ended on 2026-08-15",
            "error separation-of-duties grants/lea-2.yaml:2 `lea.moreau` holds `deploy` and `develop` from 2026-08-16 to 2026-10-15 (rule `develop-and-deploy`)",
            "warning expired-grant grants/lea-2.yaml:5 grant `lea-2` ended on 2026-10-15",
            "error grant-too-long grants/lea-2.yaml:5 `lea-1` and `lea-2` follow one another for `lea.moreau` from 2026-06-01 to 2026-10-15, longer than the 90 days that its role allows",
            "error separation-of-duties grants/lea-3.yaml:2 `lea.moreau` holds `deploy` and `develop` from 2027-08-16 to 2027-10-15 (rule `develop-and-deploy`)",
            "error separation-of-duties grants/lea-deploy.yaml:2 `lea.moreau` holds `deploy` and `develop` from 2026-06-01 to 2026-10-15 and from 2027-08-16 to 2027-10-15 (rule `develop-and-deploy`)",
        ],
    );
}

#[test]
fn a_copy_of_a_role_with_a_shorter_limit_stretches_nothing() {
    check(
        &[
            (
                "roles/developer-2.yaml",
                "title: Developer
duties: [develop]
risk: standard
max_duration: 30 days
entitlements:
  repository: push
  account: Developer
",
            ),
            (
                "grants/lea-1.yaml",
                "to: [lea.moreau]
role: developer
domain: payments
from: 2027-06-01
until: 2027-08-15
reason: Test
",
            ),
            (
                "grants/lea-2.yaml",
                "to: [lea.moreau]
role: developer-2
domain: payments
from: 2027-08-16
until: 2027-09-10
reason: Test
",
            ),
        ],
        &[
            "error separation-of-duties grants/lea-2.yaml:2 `lea.moreau` holds `deploy` and `develop` from 2027-08-16 to 2027-09-10 (rule `develop-and-deploy`)",
            "error grant-too-long grants/lea-2.yaml:5 `lea-1` and `lea-2` follow one another for `lea.moreau` from 2027-06-01 to 2027-09-10, longer than the 90 days that its role allows",
            "error separation-of-duties grants/lea-deploy.yaml:2 `lea.moreau` holds `deploy` and `develop` from 2027-06-01 to 2027-09-10 (rule `develop-and-deploy`)",
        ],
    );
}

#[test]
fn longer_than_the_policies_allow() {
    check(
        &[("grants/robot.yaml", &grant("robot", "deployer", "ledger", "2026-12-01", "2027-12-01"))],
        &[
            "error grant-too-long grants/robot.yaml:5 grant `robot` is held by `robot` from 2026-12-01 to 2027-12-01, longer than the 180 days that the policies allow contractors and services",
        ],
    );
}

#[test]
fn a_grant_outlives_engagement_and_contract() {
    check(
        &[("grants/alice.yaml", &grant("alice.nguyen", "developer", "payments", "2026-11-24", "2027-04-01"))],
        &[
            "error grant-outlives-contract grants/alice.yaml:5 grant `alice` lasts until 2027-04-01, but the contract of `globex` ends on 2027-03-31",
            "error grant-outlives-engagement grants/alice.yaml:5 grant `alice` lasts until 2027-04-01, but the engagement of `alice.nguyen` ends on 2027-01-31",
        ],
    );
}

#[test]
fn a_role_that_is_closed_to_contractors() {
    check(
        &[
            ("groups/team.yaml", "members: [alice.nguyen]\n"),
            ("grants/team.yaml", &grant("group:team", "owner", "payments", "2026-11-24", "2026-12-24")),
        ],
        &[
            "error role-denied-to-contractors grants/team.yaml:2 grant `team` gives the contractor `alice.nguyen` the role `owner`",
        ],
    );
}

#[test]
fn a_domain_that_is_closed_to_contractors() {
    check(
        &[
            ("grants/alice.yaml", &grant("alice.nguyen", "developer", "production", "2026-11-24", "2026-12-24")),
            ("vendors/globex.yaml", &edited("vendors/globex.yaml", &[("domains: [payments, ledger]\n", "")])),
        ],
        &[
            "error domain-denied-to-contractors grants/alice.yaml:3 grant `alice` lets the contractor `alice.nguyen` into `production`",
        ],
    );
}

#[test]
fn outside_of_the_vendors_domains() {
    check(
        &[("vendors/globex.yaml", &edited("vendors/globex.yaml", &[("[payments, ledger]", "[ledger]")]))],
        &["error vendor-outside-its-domains grants/alice.yaml:3 `alice.nguyen` of `globex` may not work in `payments`"],
    );
}

#[test]
fn empty_grants() {
    check(
        &[
            ("roles/cloud.yaml", "title: Cloud\nrisk: standard\nentitlements: { account: Operator }\n"),
            ("grants/a.yaml", "to: [lea.moreau]\nrole: cloud\ndomain: ledger\nreason: Test\n"),
            (
                "grants/b.yaml",
                "to: [lea.moreau]
role: cloud
domain: payments
resources: [api]
reason: Test
",
            ),
            ("groups/nobody.yaml", "members: []\n"),
            ("grants/c.yaml", "to: [group:nobody]\nrole: cloud\ndomain: payments\nreason: Test\n"),
        ],
        &[
            "error empty-grant grants/a.yaml:2 role `cloud` has no permission on the domain's resources in `ledger`",
            "error empty-grant grants/b.yaml:4 role `cloud` has no permission on the resources that the grant names in `payments`",
            "warning empty-grant grants/c.yaml:1 grant `c` is for nobody",
        ],
    );
}

#[test]
fn unused_role_and_redundant_grant() {
    check(
        &[
            ("roles/old.yaml", "title: Old\nrisk: standard\nentitlements: { repository: push }\n"),
            ("grants/omar-again.yaml", &grant("omar.diaz", "owner", "ledger", "2026-11-24", "2026-12-24")),
        ],
        &[
            "warning redundant-grant grants/omar-again.yaml:1 grant `omar-again` gives nothing that `omar-owner` doesn't give",
            "warning unused-role roles/old.yaml:1 no grant gives the role `old`",
        ],
    );
}

const PROJECTS: [(&str, &str); 4] = [
    (
        "dualkey.yaml",
        "version: 1
organization: northwind
timezone: Europe/London
targets:
  github: { type: sandbox, as: github }
  aws: { type: sandbox, as: aws }
  gcp: { type: sandbox, as: gcp }
approval: { evidence: signatures, branch: main }
audit: { ref: refs/dualkey/audit, key: \"northwind-access+70e2a96f+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea\" }
",
    ),
    (
        "people/lea.moreau.yaml",
        "name: Léa Moreau\ntype: employee\naccounts: { github: { login: lea, id: 3 }, aws: lea, gcp: lea@northwind.example }\nkeys: [KEY3]\n",
    ),
    (
        "domains/payments.yaml",
        "title: Payments\nenvironment: staging\nowners: [priya.shah, omar.diaz]\nresources:\n  \
         api: { repository: northwind/api }\n  account: { account: \"111122223333\" }\n  logs: { project: northwind }\n",
    ),
    (
        "roles/log-reader.yaml",
        "title: Reads logs\nrisk: standard\nmax_duration: 30 days\nmfa: required\nentitlements:\n  \
         project: roles/logging.viewer\n",
    ),
];

fn logs(from: &str, until: &str, between: &str) -> String {
    format!(
        "to: [lea.moreau]\nrole: log-reader\ndomain: payments\nfrom: {from}\nuntil: {until}\n\
         hours: {{ days: [mon], between: \"{between}\" }}\nreason: Test\n"
    )
}

#[test]
fn hours_where_the_target_keeps_them_and_where_it_does_not() {
    let hours = logs("2026-11-24", "2026-12-10", "08:00-19:00");
    check(&[&PROJECTS[..], &[("grants/logs.yaml", &hours)]].concat(), &[]);
    check(
        &[(
            "grants/lea.yaml",
            "to: [lea.moreau]
role: owner
domain: payments
hours: { days: [mon], between: \"08:00-19:00\" }
until: 2026-12-24
reason: Test
",
        )],
        &[
            "error hours-not-enforceable grants/lea.yaml:4 grant `lea` has hours, but reaches `api`, and a repository can't keep them",
        ],
    );
}

#[test]
fn hours_do_not_stretch_a_limit_nor_make_grants_equal() {
    let first = logs("2026-11-24", "2026-12-10", "08:00-19:00");
    let next = logs("2026-12-11", "2027-01-10", "08:00-19:01");
    check(
        &[&PROJECTS[..], &[("grants/a.yaml", &first), ("grants/b.yaml", &next)]].concat(),
        &[
            "error grant-too-long grants/b.yaml:5 `a` and `b` follow one another for `lea.moreau` from 2026-11-24 to 2027-01-10, longer than the 30 days that its role allows",
        ],
    );
    let beside = logs("2026-11-24", "2026-12-10", "20:00-24:00");
    check(&[&PROJECTS[..], &[("grants/a.yaml", &first), ("grants/b.yaml", &beside)]].concat(), &[]);
    check(
        &[&PROJECTS[..], &[("grants/a.yaml", &first), ("grants/b.yaml", &first)]].concat(),
        &["warning redundant-grant grants/b.yaml:1 grant `b` gives nothing that `a` doesn't give"],
    );
}

#[test]
fn a_second_factor_that_nobody_can_tell_of() {
    let owner = "title: Owner\nrisk: privileged\nmfa: required\nentitlements:\n  repository: admin\n  account: Root\n";
    check(
        &[("roles/owner.yaml", owner)],
        &[
            "warning mfa-unknown roles/owner.yaml:3 nobody can tell whether holders of `owner` use a second factor on `account`, `repository`",
        ],
    );
}
