//! No gain is hidden: over random pairs of trees, and where lists are too long to be shown whole.

use proptest::prelude::*;

use super::*;
use crate::report::gains::{Way, grouped};

/// What a grant of the tests says; None where there is none.
type Random = Option<(usize, usize, usize, usize, usize)>;

const PEOPLE: [&str; 4] = ["[alice.nguyen]", "[tom.reed]", "[alice.nguyen, tom.reed]", "[priya.shah, tom.reed]"];
const ROLES: [&str; 3] = ["watcher", "developer", "keeper"];
const RESOURCES: [&str; 3] = ["[payments-api]", "[payments-web]", "[payments-api, payments-web]"];
const STARTS: [&str; 2] = ["2026-11-24", "2026-12-01"];
const ENDS: [&str; 3] = ["2026-12-20", "2027-01-04", "2027-01-20"];

fn random() -> impl Strategy<Value = [Random; 3]> {
    let grant = || {
        let range = |length: usize| 0..length;
        let all =
            (range(PEOPLE.len()), range(ROLES.len()), range(RESOURCES.len()), range(STARTS.len()), range(ENDS.len()));
        proptest::option::weighted(0.8, all)
    };
    [grant(), grant(), grant()]
}

fn tree(grants: &[Random; 3]) -> Revision {
    let watcher = "title: Watcher\nrisk: standard\ncontractors: allowed\nentitlements:\n  repository: pull\n";
    let mut files = vec![("roles/watcher.yaml".to_owned(), watcher.to_owned())];
    for (number, grant) in grants.iter().enumerate() {
        let Some((people, role, resources, from, until)) = *grant else { continue };
        let text = format!(
            "to: {}\nrole: {}\ndomain: payments-staging\nresources: {}\nfrom: {}\nuntil: {}\nreason: x\n",
            PEOPLE[people], ROLES[role], RESOURCES[resources], STARTS[from], ENDS[until]
        );
        files.push((format!("grants/g{number}.yaml"), text));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    revision(&[BASE, &files])
}

/// Lines with what wraps of them.
fn unwrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        match lines.last_mut().filter(|_| line.starts_with("      ")) {
            Some(last) => last.push_str(line),
            None => lines.push(line.to_owned()),
        }
    }
    lines
}

/// Each gain stands in a line with its person, permission and resource, and in a sentence that says so.
#[track_caller]
fn all_told(plan: &Plan<'_>, outputs: &[&str]) {
    for change in plan.changes.iter().filter(|change| change.gains()) {
        let key = &change.key;
        let names = [key.person.as_str(), &*key.permission, &*key.resource];
        for output in outputs {
            let told = |line: &String| names.iter().all(|name| line.contains(name));
            assert!(unwrapped(output).iter().any(told), "{names:?} is not in:\n{output}");
        }
        // a lesser permission than the one before is gained in name alone
        let lesser = plan.base.entitlements.of(&key.person).iter().any(|one| {
            one.key.resource == key.resource && key.kind.rank(&one.key.permission) > key.kind.rank(&key.permission)
        });
        let said = plan.lines.iter().any(|line| line.gains && line.entitlements.iter().any(|(held, _)| held == key));
        assert!(said || lesser, "no line says that {names:?} is gained: {:#?}", plan.lines);
    }
    let mut gains = plan.lines.iter().map(|line| line.gains);
    assert!(gains.by_ref().skip_while(|gains| *gains).all(|gains| !gains), "gains come first");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn every_gain_is_named(before in random(), after in random()) {
        let (base, head) = (tree(&before), tree(&after));
        let plan = plan(&base, &head, now());
        let standing = given(&plan, &[], plan.surplus());
        let view = view(&plan, &standing, None);
        all_told(&plan, &[&crate::report::plan::text(&view, Style::PLAIN), &crate::report::markdown::plan(&view)]);
    }
}

#[test]
fn an_earlier_start_is_no_shorter_access() {
    let (base, head) = (tree(&[Some((0, 1, 0, 1, 2)), None, None]), tree(&[Some((0, 1, 0, 0, 1)), None, None]));
    let (text, _) = both(&base, &head);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let says = "at other times: from 2026-11-24, was 2026-12-01; until 2027-01-04, was 2027-01-20";
    assert!(text.contains(says), "{text}");
}

/// A company of so many more contractors, each of whom holds a role until a day.
fn crowd(people: usize, role: impl Fn(usize) -> &'static str, until: &str) -> Revision {
    let mut files: Vec<(String, String)> = Vec::new();
    for number in 100..100 + people {
        files.push((
            format!("people/c{number}.yaml"),
            format!(
                "name: C{number}\ntype: contractor\nvendor: globex\nsponsor: priya.shah\n\
                 engagement: {{ from: 2026-11-01, until: 2027-01-31 }}\naccounts:\n  github: {{ login: c{number}, id: 9{number} }}\n"
            ),
        ));
        files.push((
            format!("grants/c{number}.yaml"),
            format!(
                "to: [c{number}]\nrole: {}\ndomain: payments-staging\nresources: [payments-api]\nfrom: 2026-11-24\n\
                 until: {until}\nreason: x\n",
                role(number)
            ),
        ));
    }
    let watcher = "title: Watcher\nrisk: standard\ncontractors: allowed\nentitlements:\n  repository: pull\n";
    files.push(("roles/watcher.yaml".to_owned(), watcher.to_owned()));
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    revision(&[BASE, &files])
}

#[test]
fn one_gain_among_many_losses_is_not_cut() {
    let base = crowd(300, |_| "watcher", "2027-01-04");
    let head = crowd(300, |number| if number == 250 { "developer" } else { "watcher" }, "2026-12-20");
    let plan = plan(&base, &head, now());
    let standing = given(&plan, &[], plan.surplus());
    let view = view(&plan, &standing, None);
    let (text, markdown) = (crate::report::plan::text(&view, Style::PLAIN), crate::report::markdown::plan(&view));
    all_told(&plan, &[&text, &markdown]);
    // however many sponsors a rule asks, the gain stands where a reviewer looks first
    let told = text.split_whitespace().take(100).collect::<Vec<_>>().join(" ");
    assert!(
        told.contains("c250 (globex) gains developer on payments-api in payments-staging (push, was pull)"),
        "{text}"
    );
    assert!(markdown.contains("gains `developer` on `payments-api` in `payments-staging` (`push`, was `pull`)"));
    assert!(markdown.chars().count() <= 65_536);
}

#[test]
fn more_gains_than_there_is_room_for_are_grouped_and_each_is_named() {
    let base = crowd(800, |_| "watcher", "2027-01-04");
    let head = crowd(800, |number| if number % 2 == 0 { "developer" } else { "keeper" }, "2027-01-04");
    let plan = plan(&base, &head, now());
    let standing = given(&plan, &[], plan.surplus());
    let view = view(&plan, &standing, None);
    let (text, markdown) = (crate::report::plan::text(&view, Style::PLAIN), crate::report::markdown::plan(&view));
    all_told(&plan, &[&text, &markdown]);
    assert!(markdown.chars().count() <= 65_536, "{}", markdown.chars().count());
    assert_eq!(grouped(&view, Way::Gain, 30_000).len(), 2);
    // without room for names each permission is told with how many gain it
    let counted: Vec<String> = grouped(&view, Way::Gain, 100).into_iter().map(|row| row.text).collect();
    assert_eq!(
        counted,
        [
            "+ admin on repository of github: 400 people: 1 resource in payments-staging",
            "+ push on repository of github: 400 people: 1 resource in payments-staging",
        ]
    );
}

#[test]
fn a_comment_is_short_enough_whatever_goes_and_says_who_loses() {
    let base = crowd(800, |number| if number % 2 == 0 { "developer" } else { "keeper" }, "2027-01-04");
    let head = crowd(800, |number| if number == 7 { "keeper" } else { "watcher" }, "2027-01-04");
    let plan = plan(&base, &head, now());
    let standing = given(&plan, &[], plan.surplus());
    let view = view(&plan, &standing, None);
    let (_, comment) = crate::report::comment::plan(&view);
    assert!(comment.chars().count() <= crate::report::comment::MOST, "{}", comment.chars().count());
    for told in ["- admin on repository of github", "- push on repository of github", "\nDigest `sha256:"] {
        assert!(comment.contains(told), "`{told}` is not in:\n{comment}");
    }
    let code = |line: &&str| line.starts_with("```");
    assert_eq!(comment.lines().filter(code).count() % 2, 0);
    assert_eq!(comment.matches("<details>").count(), comment.matches("</details>").count());
}
