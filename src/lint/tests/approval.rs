//! Who approves, and how much findings weigh.

use super::check;
use crate::lint::testing::{edited, organisation};

#[test]
fn classes_without_approval_rule() {
    check(
        &[(
            "policies/main.yaml",
            &edited(
                "policies/main.yaml",
                &[
                    ("  - { change: bridge, count: 1, from: domain-owners }\n", ""),
                    ("access, count", "access, risk: elevated, count"),
                ],
            ),
        )],
        &[
            "error no-approval-rule dualkey.yaml:7 no approval rule covers changes of class `bridge`",
            "error no-approval-rule policies/main.yaml:11 no approval rule covers changes of standard risk of class `access`",
        ],
    );
}

#[test]
fn an_owner_alone_can_not_approve_their_own_change() {
    check(
        &[("domains/ledger.yaml", &edited("domains/ledger.yaml", &[("[omar.diaz, lea.moreau]", "[omar.diaz]")]))],
        &[
            "error approver-cannot-be-met policies/main.yaml:10 rule `bridge-1` needs 1 approval by the owners of `ledger`: that can't be met when the author is `omar.diaz`",
            "error approver-cannot-be-met policies/main.yaml:12 rule `access-1` needs 1 approval by the owners of `ledger`: that can't be met when the author is `omar.diaz`",
        ],
    );
}

#[test]
fn owners_without_keys_or_of_another_sort_can_not_approve() {
    check(
        &[
            ("people/nokey.yaml", "name: No Key\ntype: employee\n"),
            ("domains/ledger.yaml", &edited("domains/ledger.yaml", &[("[omar.diaz, lea.moreau]", "[nokey, robot]")])),
        ],
        &[
            "error approver-cannot-be-met policies/main.yaml:10 rule `bridge-1` needs 1 approval by the owners of `ledger`: none of them can give one",
            "error approver-cannot-be-met policies/main.yaml:12 rule `access-1` needs 1 approval by the owners of `ledger`: none of them can give one",
        ],
    );
}

#[test]
fn a_group_that_is_too_small() {
    check(
        &[("policies/main.yaml", &edited("policies/main.yaml", &[("policy, count: 1", "policy, count: 3")]))],
        &[
            "error approver-cannot-be-met policies/main.yaml:9 rule `policy-1` needs 3 approvals by `group:access-admins`: that can't be met when the author is one of `lea.moreau`, `omar.diaz` and `priya.shah`",
        ],
    );
}

#[test]
fn an_owner_who_left_is_a_warning() {
    check(
        &[
            (
                "people/lea.moreau.yaml",
                &edited("people/lea.moreau.yaml", &[("type: employee", "type: employee\nended: 2026-11-20")]),
            ),
            ("grants/lea-deploy.yaml", &edited("grants/lea-deploy.yaml", &[("lea.moreau", "omar.diaz")])),
        ],
        &[
            "warning approver-cannot-be-met policies/main.yaml:9 only `omar.diaz` and `priya.shah` can approve anything, so what one of them writes can't get one approval more: with an unsigned commit, a service's commit, a replaced key or a mass removal it can't land",
            "warning approver-cannot-be-met policies/main.yaml:10 rule `bridge-1` needs 1 approval by the owners of `ledger`: that can't be met when the author is `omar.diaz`",
            "warning approver-cannot-be-met policies/main.yaml:12 rule `access-1` needs 1 approval by the owners of `ledger`: that can't be met when the author is `omar.diaz`",
        ],
    );
}

#[test]
fn an_owner_who_leaves_later_counts() {
    check(
        &[(
            "people/lea.moreau.yaml",
            &edited("people/lea.moreau.yaml", &[("type: employee", "type: employee\nended: 2026-11-22")]),
        )],
        &[],
    );
}

#[test]
fn sponsors_alone_can_not_meet_a_rule() {
    check(
        &[(
            "policies/main.yaml",
            &edited(
                "policies/main.yaml",
                &[("access, count: 1, from: domain-owners", "access, count: 1, from: sponsors")],
            ),
        )],
        &[
            "error approver-cannot-be-met policies/main.yaml:12 rule `access-1` needs 1 approval by the sponsor `priya.shah`: that can't be met when the author is `priya.shah`",
        ],
    );
}

#[test]
fn sponsors_help_owners() {
    check(
        &[(
            "policies/main.yaml",
            &edited(
                "policies/main.yaml",
                &[("access, count: 1, from: domain-owners", "access, count: 2, from: [domain-owners, sponsors]")],
            ),
        )],
        &[
            "error approver-cannot-be-met policies/main.yaml:12 rule `access-1` needs 2 approvals by the owners of `ledger`: that can't be met when the author is one of `lea.moreau` and `omar.diaz`",
            "error approver-cannot-be-met policies/main.yaml:12 rule `access-1` needs 2 approvals by the owners of `payments` or the sponsor `priya.shah`: that can't be met when the author is one of `omar.diaz` and `priya.shah`",
            "error approver-cannot-be-met policies/main.yaml:12 rule `access-1` needs 2 approvals by the owners of `production`: that can't be met when the author is one of `omar.diaz` and `priya.shah`",
        ],
    );
}

#[test]
fn one_person_alone() {
    check(
        &[
            ("groups/access-admins.yaml", "members: [priya.shah]\n"),
            ("domains/payments.yaml", &edited("domains/payments.yaml", &[("[priya.shah, omar.diaz]", "[priya.shah]")])),
            ("domains/ledger.yaml", &edited("domains/ledger.yaml", &[("[omar.diaz, lea.moreau]", "[priya.shah]")])),
            (
                "domains/production.yaml",
                &edited("domains/production.yaml", &[("[priya.shah, omar.diaz]", "[priya.shah]")]),
            ),
        ],
        &["warning single-admin policies/main.yaml:9 only `priya.shah` can approve anything"],
    );
}

#[test]
fn two_people_alone_learn_what_they_can_not_do() {
    let domain = |title: &str, id: &str| {
        format!(
            "title: {title}\nenvironment: staging\nowners: [omar.diaz, priya.shah]\ncontractors: allowed\n\
             resources:\n  {id}: {{ repository: northwind/{id} }}\n"
        )
    };
    let (payments, ledger) = (domain("Payments", "api"), domain("Ledger", "ledger"));
    let production =
        domain("Production", "live").replace("staging", "production").replace("contractors: allowed\n", "");
    check(
        &[
            ("groups/access-admins.yaml", "members: [omar.diaz, priya.shah]\n"),
            ("domains/payments.yaml", &payments),
            ("domains/ledger.yaml", &ledger),
            ("domains/production.yaml", &production),
        ],
        &[
            "warning approver-cannot-be-met policies/main.yaml:9 only `omar.diaz` and `priya.shah` can approve anything, so \
           what one of them writes can't get one approval more: with an unsigned commit, a service's commit, a replaced \
           key or a mass removal it can't land",
        ],
    );
}

#[test]
fn severities() {
    check(
        &[
            (
                "policies/main.yaml",
                "duties:
  - id: develop-and-deploy
    title: Nobody both writes and deploys
    sets: { develop: { duties: [develop] }, deploy: { duties: [deploy] } }
limits:
  grants: { contractor_max_duration: 180 days }
  waivers: { max_duration: 30 days }
approvals:
  - { change: policy, count: 1, from: \"group:access-admins\" }
  - { change: bridge, count: 1, from: domain-owners }
  - { change: identity, count: 1, from: \"group:access-admins\" }
  - { change: access, count: 1, from: domain-owners }
  - { change: removal, count: 1, from: [domain-owners, sponsors] }
severities: { unused-role: error, shared-account: warning, unused-rule: warning, expires-soon: warning }
",
            ),
            ("roles/old.yaml", "title: Old\nrisk: standard\nentitlements: { repository: push }\n"),
        ],
        &[
            "error schema policies/main.yaml:14 `severities` would make the error `shared-account` a warning",
            "error schema policies/main.yaml:14 `severities` names `unused-rule`, which is not a rule",
            "error unused-role roles/old.yaml:1 no grant gives the role `old`",
        ],
    );
}

#[test]
fn no_policies_are_no_pass() {
    check(
        &[("policies/main.yaml", "")],
        &[
            "error policy-missing dualkey.yaml:7 there is no policy: nothing says which duties are apart and who approves",
        ],
    );
    let approvals = "approvals:
  - { change: policy, count: 1, from: \"group:access-admins\" }
  - { change: bridge, count: 1, from: domain-owners }
  - { change: identity, count: 1, from: \"group:access-admins\" }
  - { change: access, count: 1, from: domain-owners }
  - { change: removal, count: 1, from: [domain-owners, sponsors] }
limits:
  grants: { contractor_max_duration: 180 days }
";
    check(
        &[("policies/main.yaml", approvals)],
        &[
            "error policy-missing policies/main.yaml:2 no policy has a rule about duties, so nobody is kept from holding both halves",
        ],
    );
}

#[test]
fn default_ids_of_approval_rules_are_those_of_their_content() {
    let first = "approvals:\n  - { change: access, count: 2, from: \"group:access-admins\" }\n";
    let second = "approvals:\n  - { change: access, count: 1, from: sponsors }\n";
    let ids = |a: &str, b: &str| {
        let access = organisation(&[("policies/a.yaml", a), ("policies/z.yaml", b)]);
        let mut ids: Vec<(String, u32)> =
            access.policy.approvals.iter().map(|rule| (rule.id.clone(), rule.count)).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(first, second), ids(second, first));
}
