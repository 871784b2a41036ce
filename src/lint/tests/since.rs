//! Of two grants that don't go together, the one that the change brings is told of.

use crate::finding::State;
use crate::lint::testing::{grant, line, lint_since};

/// The new findings of a change from the first of the files to all of them.
fn new(files: &[(&str, &str)], stood: usize) -> Vec<String> {
    let found = lint_since(&files[..stood], files);
    found.iter().filter(|finding| finding.state == State::New).map(line).collect()
}

const TOM: (&str, &str) =
    ("people/tom.yaml", "name: Tom\ntype: employee\naccounts: { github: { login: tom, id: 9 }, aws: tom }\n");

#[test]
fn duties_point_at_the_grant_that_is_new() {
    let (develop, deploy) = (
        grant("tom", "developer", "payments", "2026-11-24", "2026-12-20"),
        grant("tom", "deployer", "ledger", "2026-11-24", "2026-12-20"),
    );
    for [old, new_one] in [["grants/a.yaml", "grants/b.yaml"], ["grants/b.yaml", "grants/a.yaml"]] {
        let files = [TOM, (old, develop.as_str()), (new_one, deploy.as_str())];
        let told = format!(
            "error separation-of-duties {new_one}:2 `tom` holds `deploy` and `develop` from 2026-11-24 to 2026-12-20 \
             (rule `develop-and-deploy`)"
        );
        assert_eq!(new(&files, 2), [told]);
    }
}

#[test]
fn a_grant_that_takes_the_place_of_another_does_not_hide_behind_it() {
    let (develop, deploy) = (
        grant("tom", "developer", "payments", "2026-11-24", "2026-12-20"),
        grant("tom", "deployer", "ledger", "2026-11-24", "2026-12-20"),
    );
    let before = [TOM, ("grants/m.yaml", develop.as_str()), ("grants/n.yaml", deploy.as_str())];
    let after = [TOM, ("grants/a.yaml", develop.as_str()), ("grants/n.yaml", deploy.as_str())];
    let found = lint_since(&before, &after);
    let told: Vec<(&str, State)> = found.iter().map(|finding| (finding.place.file.as_str(), finding.state)).collect();
    assert_eq!(told, [("grants/a.yaml", State::New)]);
}

#[test]
fn domains_point_at_the_grant_that_is_new() {
    let home = ("grants/alice.yaml", grant("alice.nguyen", "developer", "payments", "2026-12-01", "2026-12-20"));
    // it starts earlier, and is the newcomer all the same
    let away = ("grants/aaa.yaml", grant("alice.nguyen", "developer", "ledger", "2026-11-25", "2026-12-20"));
    let files = [(home.0, home.1.as_str()), (away.0, away.1.as_str())];
    assert_eq!(
        new(&files, 1),
        [
            "error domain-crossing grants/aaa.yaml:3 `alice.nguyen` is in `payments` and `ledger` from 2026-12-01 to 2026-12-20"
        ]
    );
}
