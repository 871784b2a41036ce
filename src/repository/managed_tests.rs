use proptest::prelude::*;

use super::super::testing::Sandbox;
use super::*;
use crate::repository::is_managed;

fn pattern(text: &str) -> PathPattern {
    PathPattern::parse(text).unwrap()
}

/// Names as `managed:` gives them, one a line.
fn by_lines(settings: &[u8]) -> Managed {
    let text = String::from_utf8_lossy(settings).into_owned();
    Managed::naming(text.lines().filter_map(|line| PathPattern::parse(line).ok()).collect())
}

#[test]
fn every_line_of_the_closed_list_is_a_pattern() {
    let lines = PIPELINES.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    for line in lines.clone() {
        assert!(PathPattern::parse(line).is_ok(), "{line}");
    }
    assert_eq!(BUILT_IN.len(), lines.count());
}

#[test]
fn what_forges_and_runners_read_is_managed() {
    for managed in [
        "dualkey.yaml",
        "people/a.yaml",
        "policies/a/b.rego",
        ".github/workflows/a.yml",
        ".github/CODEOWNERS",
        "CODEOWNERS",
        "docs/CODEOWNERS",
        "docs/.gitattributes",
        ".gitattributes",
        ".gitmodules",
        "grants/x/.gitattributes",
        "people",
        "dualkey.yaml/x",
        "dualkey.yml",
        "peoples/a",
        "grant/a.yaml",
        ".gitlab-ci.yml",
        ".gitlab/ci/deploy.yml",
        ".gitlab",
        ".forgejo/workflows/a.yaml",
        ".gitea/CODEOWNERS",
        ".woodpecker.yml",
        ".woodpecker.yaml",
        ".woodpecker/deploy.yaml",
        ".circleci/config.yml",
        ".buildkite/pipeline.sh",
        "buildkite.yml",
        "Jenkinsfile",
        "jenkinsfile",
        "Jenkinsfile.deploy",
        "azure-pipelines.yml",
        "azure-pipelines-deploy.yaml",
        ".azure-pipelines/a.yml",
        "bitbucket-pipelines.yml",
        ".drone.yml",
        ".drone.star",
        ".drone.jsonnet",
        ".travis.yml",
        ".TRAVIS.yml",
        ".build.yml",
        ".builds/a.yml",
        ".cirrus.star",
        "appveyor.yml",
        ".teamcity/settings.kts",
        "cloudbuild.yaml",
        "buildspec.yml",
        ".tekton/push.yaml",
        "zuul.d/jobs.yaml",
    ] {
        assert!(is_managed(managed), "{managed}");
    }
    for other in [
        "README.md",
        "docs/index.md",
        "docs/a/CODEOWNERS",
        "src/people/a.yaml",
        "github/a",
        "docs",
        "",
        "src/.gitlab-ci.yml",
        "gitlab-ci.yml",
        "drone.yml",
        "ci/deploy.sh",
    ] {
        assert!(!is_managed(other), "{other}");
    }
}

#[test]
fn a_pattern_covers_what_it_matches_and_all_in_it() {
    for (text, path, covered) in [
        ("ci", "ci", true),
        ("ci", "ci/deploy.sh", true),
        ("ci/**", "ci", true),
        ("ci/**", "ci/a/b", true),
        ("ci/**", "cii/a", false),
        ("ci/*.sh", "ci/deploy.sh", true),
        ("ci/*.sh", "ci/a/deploy.sh", false),
        ("ci/**/*.sh", "ci/deploy.sh", true),
        ("ci/**/*.sh", "ci/a/b/deploy.sh", true),
        ("ci/**/*.sh", "ci/a/b/deploy.py", false),
        ("**/Makefile", "Makefile", true),
        ("**/Makefile", "a/b/makefile", true),
        ("**", "anything/at/all", true),
        ("a?c", "abc", true),
        ("a?c", "ac", false),
        ("a*b*c", "a-b-c", true),
        ("a*b*c", "a-c-b", false),
        ("*", "", true),
        ("ü*", "Übung", true),
    ] {
        assert_eq!(pattern(text).covers(path), covered, "{text} {path}");
    }
}

#[test]
fn a_pattern_that_could_be_misread_is_refused() {
    let (long, deep) = ("a".repeat(201), ["a"; 17].join("/"));
    for bad in [
        "", "/ci", "ci/", "ci//a", "../ci", "ci/..", "./ci", "ci/a**", "!ci", "ci\\a", "[ab]", "a\nb", "{a,b}", &long,
        &deep,
    ] {
        assert!(PathPattern::parse(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn settings_of_either_tree_decide_what_is_compared() {
    let sandbox = Sandbox::new();
    let bare = sandbox.commit(&[("dualkey.yaml", ""), ("ci/x", "1"), ("README", "1")]);
    let named = sandbox.commit(&[("dualkey.yaml", "ci/**\n"), ("ci/x", "2"), ("README", "2")]);
    let same = sandbox.commit(&[("ci/x", "3")]);
    let repository = sandbox.open().reading_settings(by_lines);
    let changed = |a, b| repository.managed_changes(a, b).unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(changed(bare, named), ["ci/x", "dualkey.yaml"]);
    assert_eq!(changed(named, bare), ["ci/x", "dualkey.yaml"]);
    assert_eq!(changed(named, same), ["ci/x"]);
    assert!(!repository.managed_entries(bare).unwrap().contains_key("ci/x"));
    assert!(repository.managed_entries(named).unwrap().contains_key("ci/x"));
    assert!(sandbox.open().managed_changes(named, same).unwrap().is_empty());
    // a link instead of the folder is seen
    let link = sandbox.blob(b"../elsewhere");
    let settings = sandbox.blob(b"ci/**\n");
    let root = sandbox.raw_tree(&[("120000", b"ci", link), ("100644", b"dualkey.yaml", settings)]);
    let linked = sandbox.commit_tree(root, &[], "link");
    assert_eq!(changed(same, linked), ["ci", "ci/x"]);
}

/// Tried by brute force.
fn brute(pattern: &[Part], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, _) => true,
        (Some((Part::Any, rest)), None) => brute(rest, path),
        (Some((Part::Any, rest)), Some((_, below))) => brute(rest, path) || brute(pattern, below),
        (Some((Part::Name(_), _)), None) => false,
        (Some((Part::Name(name), rest)), Some((first, below))) => {
            let first: Vec<char> = first.chars().collect();
            brute_name(name, &first) && brute(rest, below)
        }
    }
}

fn brute_name(pattern: &[char], name: &[char]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some(('*', rest)), None) => brute_name(rest, name),
        (Some(('*', rest)), Some((_, below))) => brute_name(rest, name) || brute_name(pattern, below),
        (Some(('?', rest)), Some((_, below))) => brute_name(rest, below),
        (Some((c, rest)), Some((d, below))) => c == d && brute_name(rest, below),
        (None, Some(_)) | (Some(_), None) => false,
    }
}

fn text(letters: &'static str) -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(letters.chars().collect::<Vec<_>>()), 1..7)
        .prop_map(|letters| letters.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn matching_is_what_trying_everything_says(pattern in text("ab*?/"), other in text("ab*?/"), path in text("ab/")) {
        let (Ok(pattern), Ok(other)) = (PathPattern::parse(&pattern), PathPattern::parse(&other)) else { return Ok(()) };
        prop_assume!(!path.split('/').any(str::is_empty));
        let names: Vec<&str> = path.split('/').collect();
        prop_assert_eq!(pattern.covers(&path), brute(&pattern.parts, &names), "{} {}", pattern, path);
        if pattern.covers(&path) && other.covers(&path) {
            prop_assert!(pattern.meets(&other), "{} {}", pattern, other);
        }
    }
}
