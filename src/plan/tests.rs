//! What a change is said to do.

use std::collections::BTreeMap;

use super::*;
use crate::access::{ChangeClass, LastRead};
use crate::repository::Snapshot;
use crate::repository::testing::Sandbox as Folder;
use crate::targets::KINDS;

mod classes;
mod digest;
mod grants;
mod loosened;
mod moves;
mod short;

const BASE: [(&str, &str); 6] = [
    (
        "dualkey.yaml",
        "version: 1\norganization: northwind\ntimezone: Europe/London\ntargets:\n  github: { type: sandbox, as: github }\n  \
         gcp: { type: sandbox, as: gcp }\n\
         approval: { evidence: signatures, branch: main }\n\
         audit: { ref: refs/dualkey/audit, key: \"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\" }\n",
    ),
    ("people/priya.yaml", "name: P\ntype: employee\naccounts:\n  github: { login: priya, id: 1 }\n"),
    (
        "people/tom.yaml",
        "name: T\ntype: employee\naccounts:\n  github: { login: tom, id: 2 }\n  gcp: tom@northwind.example\n",
    ),
    (
        "domains/payments.yaml",
        "title: P\nenvironment: staging\nowners: [priya]\nresources:\n  api: { repository: northwind/api }\n  logs: { project: northwind-logs }\n",
    ),
    ("roles/writer.yaml", "title: W\nrisk: standard\nentitlements:\n  repository: push\n"),
    ("policies/p.yaml", "approvals:\n  - { id: first, change: access, count: 1, from: domain-owners }\n"),
];

fn revision(more: &[(&str, &str)]) -> Revision {
    let files: BTreeMap<&str, &str> = BASE.iter().chain(more).copied().collect();
    let files: Vec<(&str, &str)> = files.into_iter().collect();
    let folder = Folder::new();
    let commit = folder.commit(&files);
    let snapshot = Snapshot::of_commit(&folder.open(), commit).unwrap();
    Revision::load(&snapshot, KINDS, &mut LastRead::default()).unwrap()
}

fn now() -> Timestamp {
    "2026-11-24T09:00:00Z".parse().unwrap()
}

fn grant(until: &str) -> String {
    format!("to: [tom]\nrole: writer\ndomain: payments\nuntil: {until}\nreason: x\n")
}

fn actions(base: &[(&str, &str)], head: &[(&str, &str)]) -> Vec<String> {
    let (base, head) = (revision(base), revision(head));
    let plan = plan(&base, &head, now());
    plan.lines.iter().map(|line| format!("{} {}", line.action.as_str(), line.grant)).collect()
}

#[test]
fn who_loses_a_grant_but_keeps_what_it_gave_loses_nothing() {
    let (short, long) = (grant("2026-12-01"), grant("2027-01-15"));
    let (old, new) = ("grants/old.yaml", "grants/new.yaml");
    assert_eq!(actions(&[(old, &short)], &[(new, &long)]), ["gain new", "keep old"]);
    assert_eq!(actions(&[(old, &long)], &[(new, &short)]), ["keep new", "lose old"]);
    assert_eq!(actions(&[(old, &long)], &[(new, &long)]), ["keep new", "keep old"]);
    assert_eq!(actions(&[(old, &long)], &[(old, &short)]), ["change old"]);
    assert_eq!(actions(&[], &[(new, &long)]), ["gain new"]);
    assert_eq!(actions(&[(old, &long)], &[]), ["lose old"]);
}

#[test]
fn two_approval_rules_of_one_id_are_refused() {
    let named = |rules: &str| revision(&[("policies/q.yaml", &format!("approvals:\n{rules}"))]);
    let rule = |id: &str| format!("  - {{ {id}change: access, count: 1, from: domain-owners }}\n");
    let messages = |revision: &Revision| -> Vec<String> {
        revision.reading.iter().map(|f| format!("{} {} {}", f.rule.code.id, f.place.file, f.message)).collect()
    };
    let twice = named(&rule("id: first, "));
    assert_eq!(messages(&twice), ["invalid-id policies/q.yaml the id `first` names two approval rules"]);
    // the second rule of its class is `access-2`, also where another one took that name
    let taken = named(&(rule("") + &rule("id: access-2, ")));
    assert_eq!(messages(&taken), ["invalid-id policies/q.yaml the id `access-2` names two approval rules"]);
    assert!(messages(&named(&rule(""))).is_empty());
}

#[test]
fn the_digest_is_of_what_is_meant() {
    let until = grant("2027-01-15");
    let of = |base: &[(&str, &str)], head: &[(&str, &str)]| plan(&revision(base), &revision(head), now()).digest;
    let digest = of(&[], &[("grants/a.yaml", &until)]);
    let reworded = until.replace("reason: x", "reason: another\nticket: PAY-1");
    assert_eq!(of(&[], &[("grants/sub/b.yaml", &reworded)]), digest);
    let instant = until.replace("2027-01-15", "2027-01-16T00:00:00Z");
    assert_eq!(of(&[], &[("grants/a.yaml", &instant)]), digest, "the same instant otherwise written");
    let account = BASE[2].1.replace("id: 2", "id: 3");
    assert_ne!(
        of(&[("people/tom.yaml", &account)], &[("people/tom.yaml", &account), ("grants/a.yaml", &until)]),
        digest
    );
    let login = BASE[2].1.replace("login: tom", "login: tommy");
    assert_eq!(of(&[], &[("people/tom.yaml", &login), ("grants/a.yaml", &until)]), digest, "the login is display");
    let owner = BASE[3].1.replace("[priya]", "[priya, tom]");
    assert_ne!(of(&[], &[("domains/payments.yaml", &owner), ("grants/a.yaml", &until)]), digest);
}

const VIEWER: (&str, &str) =
    ("roles/viewer.yaml", "title: V\nrisk: standard\nentitlements:\n  project: roles/logging.viewer\n");

fn hours(text: &str) -> String {
    format!("to: [tom]\nrole: viewer\ndomain: payments\nuntil: 2027-01-15\n{text}reason: x\n")
}

fn between(text: &str) -> String {
    hours(&format!("hours: {{ days: [mon, tue], between: \"{text}\" }}\n"))
}

#[test]
fn more_hours_are_a_gain_fewer_a_loss_and_others_both() {
    let of = |base: &[&str], head: &[&str]| -> (bool, bool, Vec<ChangeClass>) {
        let files = |texts: &[&str]| -> Vec<(String, String)> {
            let named = texts.iter().enumerate().map(|(at, text)| (format!("grants/g{at}.yaml"), (*text).to_owned()));
            named.chain([(VIEWER.0.to_owned(), VIEWER.1.to_owned())]).collect()
        };
        let load = |texts: &[&str]| {
            let files = files(texts);
            revision(&files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect::<Vec<_>>())
        };
        let (base, head) = (load(base), load(head));
        let plan = plan(&base, &head, now());
        let any = |what: fn(&EntitlementChange) -> bool| plan.changes.iter().any(what);
        let gains = any(EntitlementChange::gains);
        assert_eq!(gains, plan.stakes.beneficiaries.keys().any(|person| person.as_str() == "tom"));
        (gains, any(EntitlementChange::loses), plan.classes.all().into_iter().collect())
    };
    let (always, day, short, late) =
        (&*hours(""), &*between("08:00-19:00"), &*between("09:00-12:00"), &*between("18:00-24:00"));
    let (gain, loss) = (vec![ChangeClass::Access], vec![ChangeClass::Removal]);
    assert_eq!(of(&[day], &[always]), (true, false, gain.clone()), "the hours went");
    assert_eq!(of(&[short], &[day]), (true, false, gain.clone()));
    assert_eq!(of(&[always], &[day]), (false, true, loss.clone()), "there are hours now");
    assert_eq!(of(&[day], &[short]), (false, true, loss.clone()));
    assert_eq!(of(&[day], &[late]), (true, true, gain.clone()));
    assert_eq!(of(&[], &[day]), (true, false, gain.clone()));
    assert_eq!(of(&[day], &[]), (false, true, loss.clone()));
    // of two grants the wider holds
    assert_eq!(of(&[always, day], &[always]), (false, false, loss.clone()));
    assert_eq!(of(&[always], &[always, day]), (false, false, gain.clone()));
    assert_eq!(of(&[always, day], &[always, short]), (false, false, loss.clone()));
    assert_eq!(of(&[always, day], &[day, day]), (false, true, loss));
    // an earlier end doesn't hide more hours
    let earlier = always.replace("2027-01-15", "2027-01-10");
    assert_eq!(of(&[day], &[&earlier]), (true, true, gain));
}

#[test]
fn the_digest_is_of_the_hours_too() {
    let of = |head: &str| plan(&revision(&[VIEWER]), &revision(&[VIEWER, ("grants/g.yaml", head)]), now()).digest;
    let day = of(&between("08:00-19:00"));
    assert_ne!(day, of(&hours("")));
    assert_ne!(day, of(&between("08:00-19:01")));
    assert_eq!(day, of(&between("08:00-19:00").replace("mon, tue", "tue, mon")), "the order of days means nothing");
}
