//! Runs that miss something: they take away what they can, and give nothing.

use super::*;

fn ids<const N: usize>(names: [&str; N]) -> BTreeSet<TargetId> {
    names.map(|name| TargetId::parse(name).unwrap()).into()
}

#[test]
fn what_is_given_waits_while_a_target_is_unread_and_ends_elsewhere_go_on() {
    let approved = tree(&[grant("bob", "dev", "acct"), grant("alice", "reader", "api")]);
    let start = [
        "github repository northwind/api push 11",
        "github repository northwind/api push 12",
        "aws account 111122223333 ReadOnlyAccess alice@globex.example",
    ];
    let (github, aws) = (
        ["change northwind/api pull 11", "revoke northwind/api push 12"],
        "revoke 111122223333 ReadOnlyAccess alice@globex.example",
    );
    let waits = "grant 111122223333 DeveloperAccess bob@globex.example";
    for (unread, read, done, waiting) in
        [("aws", "github", github.to_vec(), vec![]), ("github", "aws", vec![aws], vec![waits])]
    {
        for (mode, waiting) in [(Mode::Full, waiting), (Mode::OnlyEnds, vec![])] {
            let world = world(held(&start), Fault::Unreadable(unread));
            let outcome = apply_as(&approved, &settled(), &world, mode, usize::MAX);
            assert_eq!((lines(&outcome.done), lines(&outcome.not_started)), (texts(&done), texts(&waiting)));
            let (read, unread, unread_resources) = (ids([read]), ids([unread]), BTreeSet::new());
            let only_took = mode == Mode::OnlyEnds;
            let extent = Extent::Reduced { only_took, read, unread, unread_resources, logged: true };
            assert_eq!(outcome.extent, extent);
            assert_eq!((outcome.failed.len(), outcome.exit()), (0, Exit::Partial));
            // as soon as it can be read, the rest is done
            world.borrow_mut().fault = Fault::None;
            let whole = apply(&approved, &settled(), &world);
            assert_eq!((whole.extent, whole.not_started.len()), (Extent::Whole { logged: true }, 0));
        }
    }
}

fn texts(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

#[test]
fn with_nothing_to_take_a_reduced_run_is_still_no_good_one() {
    let approved = tree(&[grant("bob", "dev", "acct")]);
    for (unread, both) in [("aws", ids(["aws"])), ("everything", ids(["aws", "github"]))] {
        let world = world(Held::new(), Fault::Unreadable(unread));
        let outcome = apply(&approved, &settled(), &world);
        assert_eq!(outcome.unread().cloned().collect::<BTreeSet<_>>(), both);
        assert_eq!((outcome.exit(), outcome.done.len(), world.borrow().calls.len()), (Exit::Unjudged, 0, 0));
    }
}

#[test]
fn a_run_of_ends_that_loses_its_lease_goes_on_and_leaves_the_log_to_the_new_holder() {
    let approved = tree(&[grant("bob", "dev", "acct")]);
    let start = ["github repository northwind/api push 11", "github repository northwind/api push 12"];
    for writes in 0..2 {
        let world = world(held(&start), Fault::None);
        // the helper sees that no result is written
        let outcome = apply_as(&approved, &settled(), &world, Mode::OnlyEnds, writes);
        assert_eq!(lines(&outcome.done), ["revoke northwind/api push 11", "revoke northwind/api push 12"]);
        assert_eq!((outcome.is_logged(), outcome.exit()), (false, Exit::Partial));
        assert_eq!(codes_of(&outcome), ["lease-lost"]);
    }
}

#[test]
fn a_full_run_that_loses_its_lease_carries_out_what_has_ended_and_nothing_else() {
    let ended = ("people/bob.yaml".to_owned(), contractor("bob", 12, "2026-11-10").1);
    let approved = tree(&[ended, grant("alice", "dev", "acct")]);
    let start = ["github repository northwind/api push 11", "github repository northwind/api push 12"];
    let world = world(held(&start), Fault::None);
    let outcome = apply_as(&approved, &settled(), &world, Mode::Full, 0);
    assert_eq!(lines(&outcome.done), ["revoke northwind/api push 12"]);
    assert_eq!(
        lines(&outcome.not_started),
        ["grant 111122223333 DeveloperAccess alice@globex.example", "revoke northwind/api push 11"]
    );
    assert_eq!((outcome.is_logged(), outcome.exit()), (false, Exit::Partial));
}

#[test]
fn a_clock_ahead_of_every_target_ends_by_theirs() {
    let (path, text) = grant("alice", "writer", "api");
    let tomorrow = (path, text.replace("2027-01-15", "2026-11-23"));
    let approved = tree(&[tomorrow]);
    for (theirs, done) in [("2026-11-23T12:00:00Z", 0), ("2026-11-24T08:00:00Z", 1), ("2026-11-25T00:00:00Z", 1)] {
        for mode in [Mode::Full, Mode::OnlyEnds] {
            let world = world(held(&["github repository northwind/api push 11"]), Fault::None);
            world.borrow_mut().clock = Some(theirs.parse().unwrap());
            let outcome = apply_as(&approved, &settled(), &world, mode, usize::MAX);
            assert_eq!((outcome.done.len(), codes_of(&outcome).contains(&"clock-skew")), (done, true), "{theirs}");
            assert_eq!((outcome.is_reduced(), outcome.exit()), (true, Exit::Partial));
        }
    }
}

/// Somebody who has no account at aws.
fn carol() -> (String, String) {
    let (path, text) = contractor("carol", 13, "2027-01-31");
    (path, text.lines().filter(|line| !line.contains("aws:")).map(|line| format!("{line}\n")).collect())
}

#[test]
fn who_holds_nothing_where_nothing_is_seen_waits_for_nothing() {
    let approved = tree(&[carol(), grant("carol", "writer", "api"), grant("bob", "reader", "api")]);
    let start =
        ["github repository northwind/api push 11", "aws account 111122223333 ReadOnlyAccess bob@globex.example"];
    let faults =
        [Fault::Unreadable("aws"), Fault::Mute("aws"), Fault::Another("aws"), Fault::Hidden("aws", "111122223333")];
    for fault in faults {
        let world = world(held(&start), fault);
        let outcome = apply(&approved, &settled(), &world);
        // bob may hold anything there
        assert_eq!(lines(&outcome.done), ["revoke northwind/api push 11", "grant northwind/api push 13"]);
        assert_eq!(lines(&outcome.not_started), ["grant northwind/api pull 12"], "{fault:?}");
        let Extent::Reduced { only_took, read, unread, unread_resources, logged } = &outcome.extent else {
            panic!("{fault:?}: {outcome:#?}")
        };
        let resources: Vec<String> = unread_resources.iter().map(|(at, one)| format!("{one} at {at}")).collect();
        let seen = if matches!(fault, Fault::Hidden(..)) {
            (ids(["aws", "github"]), BTreeSet::new(), vec!["account 111122223333 at aws".to_owned()])
        } else {
            (ids(["github"]), ids(["aws"]), Vec::new())
        };
        assert_eq!((read.clone(), unread.clone(), resources), seen, "{fault:?}");
        assert_eq!((*only_took, *logged, outcome.exit()), (false, true, Exit::Partial), "{fault:?}");
        // with nothing left to do but what nobody can judge
        let again = apply(&approved, &settled(), &world);
        assert_eq!((again.done.len(), again.not_started.len(), again.exit()), (0, 1, Exit::Unjudged), "{fault:?}");
        assert!(!drifts(approved.tree(), &settled(), &world, now()).is_whole(), "{fault:?}");
    }
}

#[test]
fn ends_go_on_at_every_resource_that_was_read() {
    let ended = ("people/bob.yaml".to_owned(), contractor("bob", 12, "2026-11-10").1);
    let approved = tree(&[ended, grant("alice", "reader", "api")]);
    let start = [
        "github repository northwind/api push 12",
        "github membership northwind member 12",
        "aws account 111122223333 ReadOnlyAccess bob@globex.example",
    ];
    let world = world(held(&start), Fault::Hidden("github", "northwind/api"));
    for mode in [Mode::OnlyEnds, Mode::Full] {
        let outcome = apply_as(&approved, &settled(), &world, mode, usize::MAX);
        let done = ["revoke 111122223333 ReadOnlyAccess bob@globex.example", "revoke northwind member 12"];
        assert_eq!(lines(&outcome.done), if mode == Mode::OnlyEnds { texts(&done) } else { Vec::new() });
        assert_eq!(outcome.unread_resources().count(), 1, "nothing there is done, nothing there is gone");
    }
    assert_eq!(world.borrow().held, held(&start[..1]));
}

#[test]
fn a_target_that_is_another_one_is_neither_read_nor_written() {
    let approved = tree(&[grant("alice", "reader", "api")]);
    let world = world(held(&["github repository northwind/api push 12"]), Fault::Another("github"));
    let outcome = apply(&approved, &settled(), &world);
    assert_eq!((codes_of(&outcome), outcome.exit()), (vec!["target-identity"], Exit::Unjudged));
    assert_eq!((world.borrow().count, world.borrow().reads.get("github")), (0, None));
}

#[test]
fn a_clock_that_is_wrong_alone_gives_nothing_at_its_target_and_ends_everything() {
    let (path, text) = grant("alice", "dev", "acct");
    let over = (path, text.replace("2027-01-15", "2026-11-23"));
    let approved = tree(&[over, grant("bob", "dev", "acct"), grant("bob", "writer", "api")]);
    for theirs in ["2026-11-23T12:00:00Z", "2027-11-23T12:00:00Z"] {
        let start = held(&["aws account 111122223333 DeveloperAccess alice@globex.example"]);
        let world = world(start, Fault::None);
        world.borrow_mut().clock = Some(now());
        world.borrow_mut().clocks.insert("aws", theirs.parse().unwrap());
        let outcome = apply(&approved, &settled(), &world);
        let done = ["revoke 111122223333 DeveloperAccess alice@globex.example", "grant northwind/api push 12"];
        assert_eq!(lines(&outcome.done), done, "{theirs}");
        assert_eq!(lines(&outcome.not_started), ["grant 111122223333 DeveloperAccess bob@globex.example"]);
        assert_eq!((codes_of(&outcome), outcome.exit()), (vec!["clock-skew"], Exit::Partial));
    }
}

#[test]
fn each_target_ends_by_its_own_clock_where_none_confirms_ours() {
    let until = |person: &str, role: &str, resource: &str| {
        let (path, text) = grant(person, role, resource);
        (path, text.replace("2027-01-15", "2026-11-23"))
    };
    let approved = tree(&[until("alice", "writer", "api"), until("bob", "dev", "acct")]);
    let start =
        ["github repository northwind/api push 11", "aws account 111122223333 DeveloperAccess bob@globex.example"];
    let world = world(held(&start), Fault::None);
    // one far behind, one a little: the first holds up no end at the second, which ends nothing at the first
    world.borrow_mut().clocks = [("github", "2026-11-10T00:00:00Z"), ("aws", "2026-11-24T08:00:00Z")]
        .map(|(target, at)| (target, at.parse().unwrap()))
        .into();
    let outcome = apply_as(&approved, &settled(), &world, Mode::OnlyEnds, usize::MAX);
    assert_eq!(lines(&outcome.done), ["revoke 111122223333 DeveloperAccess bob@globex.example"]);
    assert_eq!(codes_of(&outcome), ["clock-skew", "clock-skew"]);
}

#[test]
fn nobody_is_taken_for_a_person_but_by_an_account() {
    let approved = tree(&[grant("bob", "dev", "acct")]);
    let start = held(&[
        "github repository northwind/api push 11",
        "github repository northwind/api push group:11",
        "github repository northwind/api push deleted:12",
        "github membership northwind admin everyone:1",
    ]);
    let world = world(start, Fault::None);
    let left = differs(approved.tree(), &settled(), &world, now());
    assert_eq!(lines(&left.operations)[1..], ["revoke northwind/api push 11"]);
    assert!(left.unmanaged.len() == 3 && left.unmanaged.iter().all(|one| one.person.is_none()), "{left:#?}");
    assert_eq!(apply(&approved, &settled(), &world).exit(), Exit::Done);
    assert_eq!(world.borrow().held.iter().filter(|(target, _)| target.as_str() == "github").count(), 3);
}
