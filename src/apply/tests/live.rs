//! Access by groups that nobody declared, what is held by nobody yet, and duties that come together by either.

use super::world::*;
use super::*;
use crate::targets::{Latent, Live, Principal};

fn github() -> TargetId {
    TargetId::parse("github").unwrap()
}

/// Who is in the groups of GitHub.
fn members(groups: &[(&str, &[&str])]) -> BTreeMap<&'static str, crate::targets::Members> {
    let direct = |names: &[&str]| names.iter().map(|name| Principal::from(*name)).collect();
    BTreeMap::from([("github", groups.iter().map(|(group, names)| ((*group).to_owned(), direct(names))).collect())])
}

fn shown(drift: &Drift) -> Vec<String> {
    drift.findings.iter().map(|one| format!("{}: {}", one.rule.code.id, one.message)).collect()
}

#[test]
fn whoever_is_in_a_live_group_has_what_it_holds_through_any_number_of_others() {
    let approved = tree(&[grant("bob", "dev", "acct")]);
    let world = world(
        held(&[
            "github repository northwind/api push group:outer",
            "github repository northwind/api pull group:dark",
            "aws account 111122223333 DeveloperAccess bob@globex.example",
        ]),
        Fault::None,
    );
    // in a circle, and whom the registry doesn't know is nobody's
    let groups: [(&str, &[&str]); 3] =
        [("outer", &["group:inner", "2"]), ("inner", &["group:outer", "group:third", "77"]), ("third", &["11"])];
    world.borrow_mut().members = members(&groups);
    let drift = drifts(approved.tree(), &settled(), &world, now());
    assert_eq!(
        shown(&drift),
        [
            "access-by-group: `alice` has `push` on repository northwind/api at `github` by the group `outer`, in it \
             `inner`, in it `third`, and nothing declares that",
            "group-unresolved: nobody can tell who is in the group `dark` at `github`, which holds something",
        ],
        "what an employee has is no finding"
    );
    let people: Vec<&str> = drift.by_groups.iter().map(|one| one.person.as_str()).collect();
    assert_eq!((people, drift.difference.operations.len(), drift.is_found()), (vec!["alice", "tom"], 0, true));
    // declared the same or more, it is no way around a grant
    for (role, left) in [("reader", 1), ("writer", 0)] {
        let approved = tree(&[grant("bob", "dev", "acct"), grant("alice", role, "api")]);
        let findings = drifts(approved.tree(), &settled(), &world, now()).findings;
        let by_group = findings.iter().filter(|one| one.rule.code.id == "access-by-group");
        assert_eq!(by_group.count(), left, "{role}");
    }
}

#[test]
fn a_declared_group_with_declared_members_is_nothing_found() {
    let domain = base().into_iter().find(|(path, _)| path == "domains/payments.yaml").unwrap();
    let domain = (domain.0, domain.1 + "  crew: { team: northwind/crew }\n");
    let role = "title: crew\nrisk: standard\ncontractors: allowed\nentitlements:\n  team: member\n";
    let files = [domain, ("roles/crew.yaml".to_owned(), role.to_owned()), grant("alice", "crew", "crew")];
    let approved = tree(&files);
    let world = world(
        held(&["github repository northwind/api push group:northwind/crew", "github team northwind/crew member 11"]),
        Fault::None,
    );
    world.borrow_mut().members = members(&[("northwind/crew", &["11", "12"])]);
    let drift = drifts(approved.tree(), &settled(), &world, now());
    let declared: Vec<(&str, bool)> = drift.by_groups.iter().map(|one| (one.person.as_str(), one.declared)).collect();
    assert_eq!(declared, [("alice", true), ("bob", false)]);
    assert!(shown(&drift).len() == 1 && shown(&drift)[0].contains("`bob`"), "{:?}", shown(&drift));
}

/// Whoever writes must not deploy. Roles say which is which.
fn apart(severity: &str, more: &str) -> Vec<(String, String)> {
    let policy = format!(
        "duties:\n  - id: two-hands\n    title: T\n    sets: {{ develop: {{ duties: [develop] }}, deploy: {{ duties: [deploy] }} \
         }}\n    at_most: 1\n    severity: {severity}\n{more}"
    );
    let role = |id: &str, duty: &str, entitlement: &str| {
        let text = format!(
            "title: {id}\nduties: [{duty}]\nrisk: standard\ncontractors: allowed\nentitlements:\n  {entitlement}\n"
        );
        (format!("roles/{id}.yaml"), text)
    };
    vec![
        ("policies/d.yaml".to_owned(), policy),
        role("writer", "develop", "repository: push"),
        role("dev", "deploy", "account: DeveloperAccess"),
    ]
}

#[test]
fn nobody_is_given_the_second_half_while_the_first_is_live_undeclared() {
    let gives = [grant("tom", "dev", "acct"), grant("priya", "dev", "acct"), grant("tom", "reader", "api")];
    let files = |severity: &str| -> Vec<(String, String)> {
        apart(severity, "").into_iter().chain(gives.iter().cloned()).collect()
    };
    let direct = ["github repository northwind/api maintain 2"];
    let by_group = ["github repository northwind/api push group:writers"];
    let less = ["github repository northwind/api triage group:writers"];
    for (start, held_up) in [(&direct, true), (&by_group, true), (&less, false)] {
        // the reader's grant would lower what tom holds by hand
        let mut files = files("error");
        files.retain(|(path, _)| !path.contains("tom-reader"));
        let approved = tree(&files);
        let world = world(held(start), Fault::None);
        world.borrow_mut().members = members(&[("writers", &["2"])]);
        let drift = drifts(approved.tree(), &settled(), &world, now());
        assert_eq!(drift.findings.iter().any(|one| one.rule.code.id == "duties-live"), held_up, "{start:?}");
        let outcome = apply(&approved, &settled(), &world);
        let toms = "grant 111122223333 DeveloperAccess tom@northwind.example".to_owned();
        let waiting = if held_up { vec![toms] } else { Vec::new() };
        assert_eq!(lines(&outcome.not_started), waiting, "{start:?}");
        let codes = if held_up { vec!["duties-live"] } else { Vec::new() };
        assert_eq!((codes_of(&outcome), outcome.exit() == Exit::Partial), (codes, held_up));
        assert!(
            lines(&outcome.done).contains(&"grant 111122223333 DeveloperAccess priya@northwind.example".to_owned())
        );
    }
    // what isn't part of the conflict goes on
    let approved = tree(&files("error"));
    let world = world(held(&by_group), Fault::None);
    world.borrow_mut().members = members(&[("writers", &["2"])]);
    let outcome = apply(&approved, &settled(), &world);
    assert!(lines(&outcome.done).contains(&"grant northwind/api pull 2".to_owned()), "{outcome:#?}");
    assert_eq!(
        outcome.refusals[0].message,
        "`tom` holds `deploy` and `develop` (rule `two-hands`) by what is live and not declared: `push` on repository \
         `northwind/api` at `github` by the group `writers`"
    );
}

#[test]
fn a_warning_or_a_waiver_holds_nothing_up() {
    let digest = tree(&apart("error", "")).tree().access.policy.duties.values().next().unwrap().digest.clone();
    let waiver = format!(
        "waivers:\n  - {{ rule: two-hands, rule_digest: \"{digest}\", person: tom, from: 2026-11-01, until: 2026-12-15, owner: \
         priya, control: \"daily review\", ticket: R-1 }}\n"
    );
    for (severity, more, told) in [("warning", "", true), ("error", waiver.as_str(), false)] {
        let mut files = apart(severity, more);
        files.push(grant("tom", "dev", "acct"));
        let approved = tree(&files);
        let world = world(held(&["github repository northwind/api push 2"]), Fault::None);
        let drift = drifts(approved.tree(), &settled(), &world, now());
        assert_eq!(!drift.findings.is_empty(), told, "{:?}", shown(&drift));
        let outcome = apply(&approved, &settled(), &world);
        assert_eq!((outcome.done.len(), outcome.exit()), (1, Exit::Done), "{severity}");
    }
}

#[test]
fn everyone_is_somebody() {
    let mut files = apart("error", "");
    files.push(grant("bob", "dev", "acct"));
    let approved = tree(&files);
    let world = world(held(&["github repository northwind/api push everyone:anybody"]), Fault::None);
    let outcome = apply(&approved, &settled(), &world);
    assert_eq!((codes_of(&outcome), outcome.exit()), (vec!["duties-live"], Exit::Refused));
}

fn latent(line: &str, latent: Latent) -> Held {
    let (target, live) = one(line);
    Held::from([(target, Live { latent: Some(latent), ..live })])
}

#[test]
fn what_is_latent_and_declared_is_pending_and_not_given_again() {
    let approved = tree(&[grant("alice", "writer", "api")]);
    let world = world(Held::new(), Fault::None);
    world.borrow_mut().invites = true;
    let first = apply(&approved, &settled(), &world);
    assert_eq!((first.exit(), first.done.len(), first.pending.len()), (Exit::Done, 1, 1));
    let again = apply(&approved, &settled(), &world);
    assert_eq!((again.exit(), again.done.len(), again.pending.len()), (Exit::Done, 0, 1));
    assert_eq!(world.borrow().calls.len(), 1);
    let drift = drifts(approved.tree(), &settled(), &world, now());
    assert!(drift.difference.operations.is_empty() && !drift.is_found(), "{drift:#?}");
    assert_eq!(drift.difference.pending[0].person.as_ref().unwrap().as_str(), "alice");
    // another permission than the one that is pending is drift, and ends withdraw it
    let lower = tree(&[grant("alice", "reader", "api")]);
    let left = differs(lower.tree(), &settled(), &world, now());
    assert_eq!(lines(&left.operations), ["change northwind/api pull 11"]);
    assert_eq!(left.operations[0].latent, Some(Latent::Invited));
    let (path, text) = grant("alice", "writer", "api");
    let over = tree(&[(path, text.replace("2027-01-15", "2026-11-20"))]);
    let ended = apply_as(&over, &settled(), &world, Mode::OnlyEnds, usize::MAX);
    assert_eq!((lines(&ended.done), ended.exit()), (vec!["revoke northwind/api push 11".to_owned()], Exit::Done));
    assert!(world.borrow().held.is_empty());
}

#[test]
fn what_a_contractor_could_take_undeclared_is_taken_and_counts_until_then() {
    let approved = tree(&[grant("bob", "dev", "acct")]);
    let world = world(latent("github repository northwind/api push 11", Latent::Eligible), Fault::None);
    let outcome = apply(&approved, &settled(), &world);
    assert!(lines(&outcome.done).contains(&"revoke northwind/api push 11".to_owned()), "{outcome:#?}");
    // an employee's stays, and is one half
    let mut files = apart("error", "");
    files.push(grant("tom", "dev", "acct"));
    let approved = tree(&files);
    let world = super::world::world(latent("github repository northwind/api push 2", Latent::Eligible), Fault::None);
    let outcome = apply(&approved, &settled(), &world);
    assert_eq!((codes_of(&outcome), outcome.exit()), (vec!["duties-live"], Exit::Refused));
    assert!(outcome.refusals[0].message.contains("(eligible)"), "{}", outcome.refusals[0].message);
}

#[test]
fn beside_what_is_held_what_is_latent_is_nothing_of_its_own() {
    let approved = tree(&[grant("alice", "writer", "api"), grant("bob", "dev", "acct")]);
    let active = held(&[
        "github repository northwind/api push 11",
        "aws account 111122223333 DeveloperAccess bob@globex.example",
    ]);
    let eligible = latent("aws account 111122223333 DeveloperAccess bob@globex.example", Latent::Eligible);
    let world = world(active.into_iter().chain(eligible).collect(), Fault::None);
    let left = differs(approved.tree(), &settled(), &world, now());
    assert!(left.operations.is_empty() && left.pending.is_empty() && left.unmanaged.is_empty(), "{left:#?}");
}

#[test]
fn an_admin_who_was_only_invited_replaces_nobody() {
    let applied = tree(&[grant("priya", "owner", "org")]);
    let past = Past { applied: Some((applied.tree(), now())), ..settled() };
    let approved = tree(&[grant("tom", "owner", "org")]);
    let world = world(held(&["github membership northwind admin 1"]), Fault::None);
    world.borrow_mut().invites = true;
    let first = apply(&approved, &past, &world);
    assert_eq!((lines(&first.done), first.exit()), (vec!["grant northwind admin 2".to_owned()], Exit::Partial));
    let second = apply(&approved, &past, &world);
    assert_eq!((codes_of(&second), second.done.len()), (vec!["too-few-admins"], 0));
    // tom accepts
    let target = github();
    let accepted = |(at, live): (TargetId, Live)| (at, Live { latent: None, ..live });
    let held: Held = world.borrow().held.iter().cloned().map(accepted).collect();
    assert!(held.iter().all(|(at, _)| *at == target));
    world.borrow_mut().held = held;
    let third = apply(&approved, &past, &world);
    assert_eq!((lines(&third.done), third.exit()), (vec!["revoke northwind admin 1".to_owned()], Exit::Done));
}

#[test]
fn a_group_that_loses_its_last_member_gives_nobody_anything() {
    let approved = tree(&[grant("bob", "dev", "acct")]);
    let world = world(held(&["github repository northwind/api push group:empty"]), Fault::None);
    world.borrow_mut().members = members(&[("empty", &[])]);
    let drift = drifts(approved.tree(), &settled(), &world, now());
    assert!(drift.findings.is_empty() && drift.by_groups.is_empty(), "{drift:#?}");
}
