//! What guards hold up, and that no end is among it.

use super::super::phases::Phase;
use super::*;

fn policy(text: &str) -> (String, String) {
    ("policies/p.yaml".to_owned(), text.to_owned())
}

fn past(applied: &Approved) -> Past<'_> {
    Past { applied: Some((applied.tree(), "2026-11-22T09:00:00Z".parse().unwrap())), ..settled() }
}

fn ended(person: &str, number: u32) -> (String, String) {
    let (path, text) = employee(person, number);
    (path, text + "ended: 2026-11-20\n")
}

#[test]
fn a_change_from_or_to_what_is_protected_is_held_up() {
    let role = (
        "roles/boss.yaml".to_owned(),
        "title: boss\nrisk: standard\ncontractors: allowed\nentitlements:\n  repository: admin\n".to_owned(),
    );
    let protected = || policy("admins: { minimum: 0 }\nprotected: [\"repository:*:admin\"]\n");
    let lowered = tree(&[protected(), grant("alice", "writer", "api")]);
    let raised = tree(&[protected(), role, grant("alice", "boss", "api")]);
    for (approved, live) in [(lowered, "admin"), (raised, "push")] {
        let world = world(held(&[&format!("github repository northwind/api {live} 11")]), Fault::None);
        let outcome = apply(&approved, &settled(), &world);
        assert_eq!((codes_of(&outcome), outcome.exit()), (vec!["protected-entitlement"], Exit::Refused), "{live}");
        assert_eq!((outcome.not_started[0].verb, world.borrow().calls.len()), (Verb::Change, 0));
    }
}

#[test]
fn what_is_declared_twice_and_ended_once_has_not_ended() {
    let (path, text) = grant("alice", "reader", "api");
    let over = (path, text.replace("2027-01-15", "2026-11-20"));
    let protected = policy("admins: { minimum: 0 }\nprotected: [\"repository:*:admin\"]\n");
    let approved = tree(&[protected, over, grant("alice", "writer", "api")]);
    let world = world(held(&["github repository northwind/api admin 11"]), Fault::None);
    let outcome = apply(&approved, &past(&approved), &world);
    assert_eq!((codes_of(&outcome), lines(&outcome.done)), (vec!["protected-entitlement"], Vec::new()));
}

#[test]
fn what_was_over_in_the_tree_applied_last_is_an_end_though_its_file_went() {
    let (path, text) = grant("alice", "writer", "api");
    let applied = tree(&[(path, text.replace("2027-01-15", "2026-11-20"))]);
    let protected = policy("admins: { minimum: 0 }\nprotected: [\"repository:*:*\"]\n");
    let approved = tree(&[protected, grant("bob", "dev", "acct")]);
    // somebody gave it back after its end
    let start = held(&["github repository northwind/api push 11", "github repository northwind/api push 12"]);
    let outcome = apply_as(&approved, &past(&applied), &world(start, Fault::None), Mode::OnlyEnds, usize::MAX);
    assert_eq!(lines(&outcome.done), ["revoke northwind/api push 11"]);
    assert_eq!(lines(&outcome.not_started), ["revoke northwind/api push 12"], "nobody ever declared that");
}

#[test]
fn an_admin_who_is_demoted_is_one_no_more() {
    let member =
        ("roles/member.yaml".to_owned(), "title: m\nrisk: standard\nentitlements:\n  membership: member\n".to_owned());
    let applied = tree(&[grant("priya", "owner", "org")]);
    let approved = tree(&[member, grant("priya", "member", "org")]);
    let world = world(held(&["github membership northwind admin 1"]), Fault::None);
    let outcome = apply(&approved, &past(&applied), &world);
    assert_eq!((codes_of(&outcome), outcome.exit()), (vec!["too-few-admins"], Exit::Refused));
    assert_eq!(lines(&outcome.not_started), ["change northwind member 1"]);
}

#[test]
fn an_employee_who_ended_is_no_admin_to_count_on() {
    let applied = tree(&[grant("priya", "owner", "org"), grant("tom", "owner", "org")]);
    let approved = tree(&[ended("tom", 2), grant("bob", "dev", "acct")]);
    let start = held(&["github membership northwind admin 1", "github membership northwind admin 2"]);
    let outcome = apply(&approved, &past(&applied), &world(start, Fault::None));
    assert_eq!(codes_of(&outcome), ["too-few-admins"]);
    assert_eq!(lines(&outcome.done), ["revoke northwind admin 2"], "that is an end");
    assert_eq!(
        lines(&outcome.not_started),
        ["grant 111122223333 DeveloperAccess bob@globex.example", "revoke northwind admin 1"]
    );
}

#[test]
fn no_guard_holds_up_what_somebody_loses_whose_file_went() {
    let applied = tree(&[grant("alice", "writer", "api"), grant("tom", "owner", "org"), grant("bob", "dev", "acct")]);
    let all =
        "admins: { minimum: 1 }\nprotected: [\"repository:*:*\", \"membership:*:*\", \"account:*:ReadOnlyAccess\"]\n";
    let gone = ["people/alice.yaml", "people/tom.yaml"].map(|path| (path.to_owned(), String::new()));
    let approved = tree(&[&gone[..], &[policy(all), grant("bob", "dev", "acct")]].concat());
    let start = [
        "github repository northwind/api push 11",
        "github membership northwind admin 2",
        "aws account 111122223333 DeveloperAccess bob@globex.example",
        "aws account 111122223333 ReadOnlyAccess alice@globex.example",
    ];
    let outcome = apply(&approved, &past(&applied), &world(held(&start), Fault::None));
    assert_eq!(lines(&outcome.done), ["revoke northwind admin 2", "revoke northwind/api push 11"]);
    assert_eq!(codes_of(&outcome), ["protected-entitlement"]);
    let undeclared = ["revoke 111122223333 ReadOnlyAccess alice@globex.example"];
    assert_eq!(lines(&outcome.not_started), undeclared, "nobody declared that for alice");
    // a last owner whom the target keeps is told
    let refusing = world(held(&start), Fault::Account("2"));
    let outcome = apply(&approved, &past(&applied), &refusing);
    assert_eq!(
        (lines(&outcome.done), outcome.exit()),
        (vec!["revoke northwind/api push 11".to_owned()], Exit::Partial)
    );
    assert!(outcome.failed[0].1.contains("the line broke"), "{outcome:#?}");
}

#[test]
fn whoever_has_ended_is_managed_as_a_contractor_is() {
    let start = held(&["github repository northwind/api admin 2", "github repository northwind/api admin 1"]);
    let works = tree(&[grant("bob", "dev", "acct")]);
    let found = differs(works.tree(), &settled(), &world(start.clone(), Fault::None), now());
    assert_eq!((lines(&found.operations).len(), found.unmanaged.len()), (1, 2));
    let approved = tree(&[ended("tom", 2), grant("bob", "dev", "acct")]);
    for mode in [Mode::Full, Mode::OnlyEnds] {
        let world = world(start.clone(), Fault::None);
        let outcome = apply_as(&approved, &settled(), &world, mode, usize::MAX);
        assert!(lines(&outcome.done).contains(&"revoke northwind/api admin 2".to_owned()), "{outcome:#?}");
        assert!(outcome.done.iter().any(|one| one.urgent), "{outcome:#?}");
        assert!(world.borrow().held.iter().any(|(_, live)| live.principal.name() == "1"), "priya works here");
    }
    // an account that the log knows, though the file names another one by now
    let given = BTreeMap::from([(
        (TargetId::parse("github").unwrap(), crate::access::AccountMark::of("77")),
        PersonId::parse("tom").unwrap(),
    )]);
    let past = Past { accounts: given, ..settled() };
    let world = world(held(&["github repository northwind/api admin 77"]), Fault::None);
    assert_eq!(
        lines(&apply_as(&approved, &past, &world, Mode::OnlyEnds, usize::MAX).done),
        ["revoke northwind/api admin 77"]
    );
}

#[test]
fn admins_go_last_and_the_own_account_after_everything() {
    let approved = tree(&[grant("tom", "owner", "org"), grant("bob", "dev", "acct")]);
    let live = held(&["github membership northwind admin 11", "github repository northwind/api push 12"]);
    let found = differs(approved.tree(), &settled(), &world(live, Fault::None), now());
    let phases = |own| -> Vec<(String, Phase)> {
        found.operations.iter().map(|one| (lines(std::slice::from_ref(one)).concat(), Phase::of(one, own))).collect()
    };
    let expected = |taken, admin| {
        [
            ("grant 111122223333 DeveloperAccess bob@globex.example", Phase::Grants),
            ("revoke northwind admin 11", admin),
            ("grant northwind admin 2", Phase::AdminAdditions),
            ("revoke northwind/api push 12", taken),
        ]
        .map(|(line, phase)| (line.to_owned(), phase))
    };
    assert_eq!(phases(false), expected(Phase::Revokes, Phase::AdminRemovals));
    assert_eq!(phases(true), expected(Phase::AdminRemovals, Phase::AdminRemovals));
    let order = [Phase::Urgent, Phase::Revokes, Phase::Grants, Phase::AdminAdditions, Phase::AdminRemovals];
    assert!(order.is_sorted());
    let mut over = found.operations[1].clone();
    over.urgent = true;
    assert_eq!((Phase::of(&over, false), Phase::of(&over, true)), (Phase::Urgent, Phase::AdminRemovals));
}

#[test]
fn a_guard_that_goes_with_what_it_guards_still_guards_it() {
    let owners = || [grant("tom", "owner", "org"), grant("priya", "owner", "org")];
    let kept = |text: &str| tree(&[&[policy(text)][..], &owners()].concat());
    let open = policy("admins: { minimum: 0 }\n");
    let one = tree(&[open.clone(), grant("tom", "owner", "org")]);
    let none = tree(&[open.clone(), grant("bob", "dev", "acct")]);
    let live = || held(&["github membership northwind admin 1", "github membership northwind admin 2"]);
    for (text, approved, code) in [
        ("admins: { minimum: 0, required: [priya] }\n", &one, "required-admin"),
        ("admins: { minimum: 1 }\n", &none, "too-few-admins"),
        ("admins: { minimum: 0 }\nprotected: [\"membership:*:admin\"]\n", &one, "protected-entitlement"),
    ] {
        let applied = kept(text);
        let world = world(live(), Fault::None);
        let codes = codes_of(&apply(approved, &past(&applied), &world));
        assert!(!codes.is_empty() && codes.iter().all(|one| *one == code), "{text}: {codes:?}");
        // once it was applied that the guard is gone, it guards no more
        let applied = kept("admins: { minimum: 0 }\n");
        assert_eq!(codes_of(&apply(approved, &past(&applied), &world)), Vec::<&str>::new(), "{text}");
    }
}
