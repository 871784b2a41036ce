//! What a target held before its first run, and who signs in without a second factor.

use super::*;

const LEFT: &str = "github repository northwind/api admin 12";

fn listed(lines: &[&str]) -> (String, String) {
    let text = lines.iter().map(|line| format!("      - {line}\n")).collect::<String>();
    let policy = format!("admins: {{ minimum: 1 }}\nfirst_run:\n  - target: github\n    removes:\n{text}");
    ("policies/p.yaml".to_owned(), policy)
}

#[test]
fn what_nothing_declares_stays_until_its_list_was_approved() {
    let approved = tree(&[grant("alice", "writer", "api")]);
    let start = || world(held(&[LEFT, "aws account 111122223333 ReadOnlyAccess bob@globex.example"]), Fault::None);
    for mode in [Mode::Full, Mode::OnlyEnds] {
        let first = start();
        let outcome = apply_as(&approved, &Past::default(), &first, mode, usize::MAX);
        assert_eq!(codes_of(&outcome), ["first-run", "first-run"], "one for each target");
        assert!(
            outcome.refusals[1].message.contains("`github`") && outcome.refusals[1].message.contains("1 entitlement")
        );
        assert!(first.borrow().calls.iter().all(|(_, call)| call.verb != targets::Verb::Revoke), "nothing is taken");
        assert_eq!(outcome.not_started.len(), 2, "{outcome:#?}");
    }
    let found = drifts(approved.tree(), &Past::default(), &start(), now());
    assert_eq!(found.held_back.len(), 2);
    assert_eq!(found.findings.iter().filter(|one| one.rule.code.id == "first-run").count(), 2);

    // what is on the list goes, and nothing that is like it
    let one = "{ kind: repository, resource: northwind/api, permission: admin, account: \"12\" }";
    for (line, gone) in [
        (one.to_owned(), true),
        (one.replace("\"12\"", "\"13\""), false),
        (one.replace("admin", "push"), false),
        (one.replace("northwind/api", "northwind/web"), false),
    ] {
        let approved = tree(&[grant("alice", "writer", "api"), listed(&[&line])]);
        let first = start();
        let outcome = apply(&approved, &Past::default(), &first);
        let taken = first.borrow().calls.iter().any(|(_, call)| call.verb == targets::Verb::Revoke);
        assert_eq!((taken, outcome.exit()), (gone, Exit::Partial), "{line}");
    }
}

#[test]
fn a_first_run_holds_no_end_back() {
    let ended = ("people/bob.yaml".to_owned(), contractor("bob", 12, "2027-01-31").1 + "ended: 2026-11-20\n");
    let approved = tree(&[grant("alice", "writer", "api"), ended]);
    for mode in [Mode::Full, Mode::OnlyEnds] {
        let first = world(held(&[LEFT]), Fault::None);
        let outcome = apply_as(&approved, &Past::default(), &first, mode, usize::MAX);
        assert_eq!(codes_of(&outcome), Vec::<&str>::new());
        assert!(lines(&outcome.done).contains(&"revoke northwind/api admin 12".to_owned()), "{outcome:#?}");
    }
}

#[test]
fn a_target_that_is_another_one_by_now_has_its_first_run_before_it() {
    let approved = tree(&[]);
    let mut past = settled();
    assert_eq!(apply(&approved, &past, &world(held(&[LEFT]), Fault::None)).done.len(), 1);
    past.settled.insert(TargetId::parse("github").unwrap(), "sandbox:elsewhere".to_owned());
    assert_eq!(codes_of(&apply(&approved, &past, &world(held(&[LEFT]), Fault::None))), ["first-run"]);
}

#[test]
fn a_role_that_asks_for_a_second_factor_is_given_to_nobody_without_one() {
    let role = "title: w\nrisk: standard\ncontractors: allowed\nmfa: required\nentitlements:\n  repository: push\n";
    let asks = ("roles/writer.yaml".to_owned(), role.to_owned());
    let approved = tree(&[asks, grant("alice", "writer", "api"), grant("bob", "reader", "api")]);
    for (has, given) in [(Some(true), 2), (Some(false), 1), (None, 2)] {
        let world = world(held(&[]), Fault::None);
        world.borrow_mut().factors = has.map(|has| ("11", has)).into_iter().chain([("12", false)]).collect();
        let found = drifts(approved.tree(), &settled(), &world, now());
        let codes: Vec<&str> = found.findings.iter().map(|one| one.rule.code.id).collect();
        let outcome = apply(&approved, &settled(), &world);
        assert_eq!(outcome.done.len(), given, "{has:?}");
        match has {
            Some(true) => assert_eq!((codes, codes_of(&outcome)), (vec![], vec![])),
            Some(false) => assert_eq!((codes, codes_of(&outcome)), (vec!["mfa-missing"], vec!["mfa-missing"])),
            None => assert_eq!((codes, codes_of(&outcome)), (vec!["mfa-unknown"], vec![])),
        }
    }
    // what is held stays, and is told; its end is carried out
    let world = world(held(&["github repository northwind/api push 11"]), Fault::None);
    world.borrow_mut().factors = [("11", false)].into();
    assert!(drifts(approved.tree(), &settled(), &world, now()).is_found());
    assert_eq!(lines(&apply(&approved, &settled(), &world).done), ["grant northwind/api pull 12"]);
    let over = tree(&[grant("tom", "reader", "api")]);
    assert_eq!(lines(&apply(&over, &settled(), &world).done).len(), 3);
}

#[test]
fn what_is_left_at_one_target_keeps_no_other_in_its_first_run() {
    let approved = tree(&[grant("alice", "writer", "api")]);
    let first = world(held(&["aws account 111122223333 ReadOnlyAccess bob@globex.example"]), Fault::None);
    let outcome = apply(&approved, &Past::default(), &first);
    assert_eq!(codes_of(&outcome), ["first-run"]);
    let settled: Vec<&str> = outcome.settled.keys().map(|target| target.as_str()).collect();
    assert_eq!(settled, ["github"], "{outcome:#?}");
}

#[test]
fn a_second_factor_is_asked_for_by_what_holds_now_and_where_nothing_else_gives_the_same() {
    let role = |id: &str, mfa: &str| {
        (
            format!("roles/{id}.yaml"),
            format!("title: {id}\nrisk: standard\ncontractors: allowed\n{mfa}entitlements:\n  repository: push\n"),
        )
    };
    let (path, text) = grant("alice", "strict", "api");
    let later = (path.clone(), text.replace("reason:", "from: 2026-12-20\nreason:"));
    let both = [role("strict", "mfa: required\n"), role("plain", "")];
    for (strict, given) in [(later, true), ((path, text), true)] {
        let files: Vec<_> = both.iter().cloned().chain([strict, grant("alice", "plain", "api")]).collect();
        let world = world(held(&[]), Fault::None);
        world.borrow_mut().factors = [("11", false)].into();
        assert_eq!(apply(&tree(&files), &settled(), &world).done.len() == 1, given);
    }
}

#[test]
fn what_dualkey_gave_is_held_back_by_no_first_run() {
    let approved = tree(&[grant("alice", "writer", "api")]);
    let given = Given {
        target: TargetId::parse("github").unwrap(),
        kind: KINDS.get("repository").unwrap(),
        resource: "northwind/api".to_owned(),
        account: crate::access::AccountMark::of("12"),
        permission: "admin".to_owned(),
        conditions: Conditions::NONE,
    };
    let past = || Past { given: [given.clone()].into(), ..Past::default() };
    for mode in [Mode::Full, Mode::OnlyEnds] {
        let outcome = apply_as(&approved, &past(), &world(held(&[LEFT]), Fault::None), mode, usize::MAX);
        assert!(lines(&outcome.done).contains(&"revoke northwind/api admin 12".to_owned()), "{outcome:#?}");
    }
}
