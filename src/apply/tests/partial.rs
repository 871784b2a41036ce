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
            let outcome = apply_as(&approved, &Past::default(), &world, mode, usize::MAX);
            assert_eq!((lines(&outcome.done), lines(&outcome.not_started)), (texts(&done), texts(&waiting)));
            assert_eq!(outcome.extent, Extent::Reduced { read: ids([read]), unread: ids([unread]), logged: true });
            assert_eq!((outcome.failed.len(), outcome.exit()), (0, Exit::Partial));
            // as soon as it can be read, the rest is done
            world.borrow_mut().fault = Fault::None;
            let whole = apply(&approved, &Past::default(), &world);
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
        let outcome = apply(&approved, &Past::default(), &world);
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
        let outcome = apply_as(&approved, &Past::default(), &world, Mode::OnlyEnds, writes);
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
    let outcome = apply_as(&approved, &Past::default(), &world, Mode::Full, 0);
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
            let outcome = apply_as(&approved, &Past::default(), &world, mode, usize::MAX);
            assert_eq!((outcome.done.len(), codes_of(&outcome).contains(&"clock-skew")), (done, true), "{theirs}");
            assert_eq!((outcome.is_reduced(), outcome.exit()), (true, Exit::Partial));
        }
    }
}
