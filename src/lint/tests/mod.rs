//! What the small organisation is told when its files change.

mod approval;
mod dated;
mod domains;
mod duties;
mod identity;
mod kinds;
mod privilege;
mod since;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;

use super::testing::{grant, line, lint, organisation};
use super::{Halt, Subject, blocked, compare, rules, run};
use crate::access::Entitlements;
use crate::finding::{Severity, State};

/// Compares all findings, in their order, with lines of weight, rule, place and message.
fn check(changes: &[(&str, &str)], expected: &[&str]) {
    let found: Vec<String> = lint(changes).iter().map(line).collect();
    assert_eq!(found, expected, "{found:#?}");
}

#[test]
fn the_organisation_has_no_findings() {
    check(&[], &[]);
}

#[test]
fn a_conflict_names_both_ways_to_it_and_the_rule() {
    let found = lint(&[
        ("people/tom.reed.yaml", "name: Tom\ntype: employee\naccounts: { github: { login: tom, id: 9 }, aws: tom }\n"),
        ("groups/leads.yaml", "members: [group:inner]\n"),
        ("groups/inner.yaml", "members: [tom.reed]\n"),
        ("grants/tom-deploy.yaml", &grant("group:leads", "deployer", "ledger", "2026-12-01", "2026-12-05")),
        ("grants/tom-develop.yaml", &grant("tom.reed", "developer", "payments", "2026-12-01", "2026-12-05")),
    ]);
    let related: Vec<String> =
        found[0].related.iter().map(|r| format!("{}:{} {}", r.place.file, r.place.line, r.message)).collect();
    assert_eq!(
        related,
        [
            "grants/tom-deploy.yaml:2 `deploy`: tom.reed → group inner → group leads → grant tom-deploy",
            "grants/tom-develop.yaml:2 `develop`: tom.reed → grant tom-develop",
            "policies/main.yaml:2 the rule `develop-and-deploy`",
        ]
    );
}

#[test]
fn what_stood_does_not_block_and_what_time_brings_never_does() {
    let old = "to: [lea.moreau]\nrole: owner\ndomain: ledger\nuntil: 2026-11-20\nreason: Test\n";
    let severities = ("policies/more.yaml", "severities: { expired-grant: error }\n");
    let mut head = lint(&[("grants/old.yaml", old), severities]);
    assert_eq!(head.len(), 1);
    assert_eq!(head[0].severity, Severity::Error);
    assert!(!blocked(&head));
    compare(&lint(&[("grants/old.yaml", old)]), &mut head, |_| false);
    assert_eq!(head[0].state, State::Standing);

    let long =
        "to: [alice.nguyen]\nrole: developer\ndomain: payments\nfrom: 2026-11-24\nuntil: 2027-02-01\nreason: T\n";
    let mut head = lint(&[("grants/alice.yaml", long)]);
    assert!(blocked(&head));
    compare(&lint(&[("grants/alice.yaml", long)]), &mut head, |_| false);
    assert!(!blocked(&head));
    assert_eq!(head[0].severity, Severity::Warning);
}

#[test]
fn rules_are_sorted_and_explained() {
    assert!(rules::ALL.iter().map(|check| check.rule.code.id).is_sorted());
    let ids: std::collections::BTreeSet<&str> = rules::ALL.iter().map(|check| check.rule.code.id).collect();
    assert_eq!(ids.len(), rules::ALL.len());
    for check in rules::ALL {
        let code = &check.rule.code;
        assert!(!check.rule.dated || check.rule.severity == Severity::Warning, "{}", code.id);
        for text in [code.title, code.why, code.example, code.instead] {
            assert!(!text.is_empty(), "{}", code.id);
        }
    }
}

#[test]
fn nothing_is_looked_for_once_somebody_asks_to_stop() {
    let access =
        organisation(&[("grants/a.yaml", &grant("lea.moreau", "owner", "ledger", "2026-11-01", "2026-11-20"))]);
    let entitlements = Entitlements::derive(&access, &Entitlements::default());
    let flag = Arc::new(AtomicBool::new(false));
    let halt = Halt::by(Some(Arc::clone(&flag)));
    let subject =
        Subject { access: &access, entitlements: &entitlements, since: None, now: Timestamp::MAX, halt: &halt };
    assert!(!run(&subject, |_| true).is_empty());
    flag.store(true, Ordering::Relaxed);
    assert!(run(&subject, |_| true).is_empty());
}
