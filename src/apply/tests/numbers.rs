//! Names that come to mean another resource.

use super::*;
use crate::access::AccountMark;

const ALICE: &str = "github repository northwind/api push 11";

fn github() -> TargetId {
    TargetId::parse("github").unwrap()
}

fn api() -> Resource {
    Resource { kind: KINDS.get("repository").unwrap(), name: "northwind/api".to_owned() }
}

/// The log knows that Alice was given something on #42.
fn given<'a>() -> Past<'a> {
    let given = Given {
        target: github(),
        kind: api().kind,
        resource: api().name,
        account: AccountMark::of("11"),
        permission: "push".to_owned(),
        conditions: Conditions::NONE,
    };
    Past { given: [given].into(), numbers: [((github(), api()), 42)].into(), ..settled() }
}

/// A domain that says by which number it means the repository.
fn declared(number: u64) -> (String, String) {
    let files = base();
    let (path, text) = files.into_iter().find(|(path, _)| path == "domains/payments.yaml").unwrap();
    (path, text.replace("repository: northwind/api", &format!("repository: northwind/api, id: {number}")))
}

fn numbered(live: &[&str], now: Option<u64>) -> Shared {
    let world = world(held(live), Fault::None);
    world.borrow_mut().numbers = [("northwind/api", (42, now))].into();
    world
}

fn calls(world: &Shared) -> Vec<String> {
    let world = world.borrow();
    world
        .calls
        .iter()
        .map(|(_, call)| format!("{} {} on #{}", call.verb.as_str(), call.principal, call.number.unwrap_or_default()))
        .collect()
}

#[test]
fn calls_go_to_what_was_read() {
    let world = numbered(&["github repository northwind/api admin 12"], None);
    let outcome = apply(&tree(&[grant("alice", "writer", "api")]), &settled(), &world);
    assert_eq!(outcome.exit(), Exit::Done, "{outcome:#?}");
    assert_eq!(calls(&world), ["revoke 12 on #42", "grant 11 on #42"]);
}

#[test]
fn under_a_name_that_means_another_one_nothing_is_given_and_ends_go_to_the_first() {
    // by what the log knows, and by what the file says
    let both = [
        (given(), None, vec!["grant northwind/api pull 12", "grant northwind/api push 11"]),
        (settled(), Some(declared(42)), vec!["grant northwind/api pull 12"]),
    ];
    for (past, file, waiting) in both {
        let files: Vec<_> =
            [grant("alice", "writer", "api"), grant("bob", "reader", "api")].into_iter().chain(file.clone()).collect();
        let approved = tree(&files);
        let world = numbered(&[ALICE], Some(77));
        let found = drifts(approved.tree(), &past, &world, now());
        let finding = found.findings.iter().find(|one| one.rule.code.id == "resource-replaced").expect("a finding");
        assert!(finding.message.contains("is #77 at `github` by now, and #42 is the one"), "{}", finding.message);
        let outcome = apply(&approved, &past, &world);
        assert_eq!((codes_of(&outcome), outcome.exit()), (vec!["resource-replaced"], Exit::Refused), "{outcome:#?}");
        let mut started = lines(&outcome.not_started);
        started.sort();
        assert_eq!(started, waiting);
        let over: Vec<_> = file
            .into_iter()
            .chain([("people/alice.yaml".to_owned(), contractor("alice", 11, "2026-11-20").1)])
            .collect();
        let outcome = apply(&tree(&over), &past, &world);
        assert_eq!(
            (codes_of(&outcome), calls(&world)),
            (vec!["resource-replaced"], vec!["revoke 11 on #42".to_owned()])
        );
    }
}

#[test]
fn where_a_file_says_another_number_the_old_one_is_left_first_and_the_new_one_entered() {
    let approved = tree(&[grant("alice", "writer", "api"), declared(77)]);
    let world = numbered(&[ALICE], Some(77));
    let outcome = apply(&approved, &given(), &world);
    assert_eq!(outcome.exit(), Exit::Done, "{outcome:#?}");
    assert_eq!(calls(&world), ["revoke 11 on #42", "grant 11 on #77"]);
    // where nothing is left on the old one it needs no step between
    let empty = numbered(&[], Some(77));
    assert_eq!(apply(&approved, &given(), &empty).exit(), Exit::Done);
    assert_eq!(calls(&empty), ["grant 11 on #77"]);
    let found = drifts(approved.tree(), &given(), &numbered(&[], Some(77)), now());
    assert_eq!(found.findings, [], "the file says what is meant");
}

#[test]
fn two_names_of_one_resource_are_left_alone_but_for_ends() {
    let (path, text) = base().into_iter().find(|(path, _)| path == "domains/payments.yaml").unwrap();
    let twice = text.replace("resources:\n", "resources:\n  old: { repository: northwind/old }\n");
    let over = ("people/bob.yaml".to_owned(), contractor("bob", 12, "2026-11-20").1);
    let approved = tree(&[(path, twice), grant("alice", "writer", "api"), over]);
    let start = ["github repository northwind/old push 11", "github repository northwind/old push 12"];
    let world = world(held(&start), Fault::None);
    world.borrow_mut().numbers = [("northwind/api", (42, None)), ("northwind/old", (42, None))].into();
    let outcome = apply(&approved, &settled(), &world);
    assert_eq!(codes_of(&outcome), ["resource-named-twice"], "{outcome:#?}");
    assert!(outcome.refusals[0].message.contains("`northwind/api` and `northwind/old` are one repository"));
    assert_eq!(calls(&world), ["revoke 12 on #42"]);
}

#[test]
fn an_end_without_a_tree_goes_to_the_number_that_the_log_knows() {
    let declaring = tree(&[grant("alice", "writer", "api")]);
    let declared = crate::plan::ends::Declared::of(&declaring.tree().entitlements);
    let world = numbered(&[ALICE], Some(77));
    let past = given();
    let ending = Ending {
        declared: &declared,
        commit: declaring.commit(),
        settings: declaring.tree(),
        why: &[],
        now: "2027-02-01T09:00:00Z".parse().unwrap(),
        given: false,
        proven: None,
        numbers: &past.numbers,
    };
    world.borrow_mut().allowed = true;
    end(&ending, &mut targets(&world), Footing::EndsOnly { lease: None, why: vec![] }, &Patient::default());
    assert_eq!(calls(&world), ["revoke 11 on #42"]);
}

#[test]
fn files_that_follow_a_new_name_carry_on_what_was_given_under_the_old_one() {
    let (path, text) = base().into_iter().find(|(path, _)| path == "domains/payments.yaml").unwrap();
    let renamed = (path, text.replace("northwind/api", "northwind/store"));
    // the log and the tree applied last know the old name, and both lead to #42
    let applied = tree(&[grant("alice", "writer", "api"), grant("tom", "reader", "api")]);
    let mut past = given();
    let tom =
        Given { account: AccountMark::of("2"), permission: "pull".to_owned(), ..past.given.first().unwrap().clone() };
    past.given.insert(tom);
    past.applied = Some((applied.tree(), "2026-11-22T09:00:00Z".parse().unwrap()));
    let both = |live: &str| {
        [format!("github repository northwind/api {live}"), format!("github repository northwind/store {live}")]
    };
    let start: Vec<String> = both("push 11").into_iter().chain(both("pull 2")).collect();
    let start: Vec<&str> = start.iter().map(String::as_str).collect();
    let world = world(held(&start), Fault::None);
    world.borrow_mut().numbers = [("northwind/api", (42, None)), ("northwind/store", (42, None))].into();
    // Alice keeps hers, Bob gets his, and Tom's grant went with the old name
    let approved = tree(&[renamed, grant("alice", "writer", "api"), grant("bob", "reader", "api")]);
    let outcome = apply(&approved, &past, &world);
    assert_eq!(codes_of(&outcome), Vec::<&str>::new(), "{outcome:#?}");
    assert_eq!(calls(&world), ["revoke 2 on #42", "grant 12 on #42"]);
    let found = drifts(approved.tree(), &past, &world, now());
    assert_eq!((found.findings, found.difference.operations), (vec![], vec![]));
}

#[test]
fn an_end_that_leaves_a_role_of_an_owners_own_waits_for_nothing() {
    let role = |id: &str, permission: &str| {
        let text = format!(
            "title: {id}\nrisk: standard\ncontractors: allowed\nmfa: required\nentitlements:\n  repository: {permission}\n"
        );
        (format!("roles/{id}.yaml"), text)
    };
    let (path, text) = grant("alice", "keeper", "api");
    let over = (path, text.replace("until: 2027-01-15", "until: 2026-11-20"));
    let approved =
        tree(&[role("keeper", "maintain"), role("releaser", "push+rm"), over, grant("alice", "releaser", "api")]);
    for (mode, factor) in [(Mode::Full, Some(false)), (Mode::OnlyEnds, None)] {
        let world = world(held(&["github repository northwind/api maintain 11"]), Fault::None);
        world.borrow_mut().factors = factor.map(|has| ("11", has)).into_iter().collect();
        let outcome = apply_as(&approved, &settled(), &world, mode, usize::MAX);
        assert_eq!(lines(&outcome.done), ["revoke northwind/api maintain 11"], "{outcome:#?}");
    }
    let world = world(held(&["github repository northwind/api maintain 11"]), Fault::None);
    let outcome = apply(&approved, &settled(), &world);
    assert_eq!(lines(&outcome.done), ["revoke northwind/api maintain 11", "grant northwind/api push+rm 11"]);
}

#[test]
fn a_number_that_somebody_wrote_into_the_log_keeps_no_end_away_and_lets_nobody_in() {
    let over = ("people/alice.yaml".to_owned(), contractor("alice", 11, "2026-11-20").1);
    let approved = tree(&[over, grant("alice", "writer", "api"), grant("bob", "reader", "api")]);
    for number in [99, 7] {
        let mut past = given();
        past.numbers.insert((github(), api()), number);
        for mode in [Mode::Full, Mode::OnlyEnds] {
            let world = numbered(&[ALICE], None);
            let outcome = apply_as(&approved, &past, &world, mode, usize::MAX);
            assert_eq!(
                (codes_of(&outcome), calls(&world)),
                (vec!["resource-replaced"], vec!["revoke 11 on #42".to_owned()])
            );
        }
        // what the file says counts more
        let files = tree(&[declared(42), grant("bob", "reader", "api")]);
        let world = numbered(&[ALICE], None);
        let outcome = apply(&files, &past, &world);
        assert_eq!(
            (codes_of(&outcome), calls(&world)),
            (vec![], vec!["revoke 11 on #42".to_owned(), "grant 12 on #42".to_owned()])
        );
    }
}

#[test]
fn whoever_was_declared_under_the_number_before_and_never_granted_anything_is_not_forgotten_there() {
    let applied = tree(&[declared(42), grant("alice", "writer", "api")]);
    let at = "2026-11-22T09:00:00Z".parse().unwrap();
    let past = || Past { applied: Some((applied.tree(), at)), ..settled() };
    // the file moves on to #77, which has the name by now
    let moved = tree(&[declared(77), grant("alice", "writer", "api")]);
    let world = numbered(&[ALICE], Some(77));
    let outcome = apply(&moved, &past(), &world);
    assert_eq!(
        (codes_of(&outcome), calls(&world)),
        (vec![], vec!["revoke 11 on #42".to_owned(), "grant 11 on #77".to_owned()])
    );
    // or the resource goes with all that was declared on it
    let (path, text) = base().into_iter().find(|(path, _)| path == "domains/payments.yaml").unwrap();
    let gone = tree(&[(path, text.replace("  api: { repository: northwind/api }\n", "")), grant("bob", "dev", "acct")]);
    let world = numbered(&[ALICE], Some(77));
    apply(&gone, &past(), &world);
    assert!(calls(&world).contains(&"revoke 11 on #42".to_owned()), "{:?}", calls(&world));
}
