use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::repository::testing::Sandbox;

fn found(path: &str, text: &str) -> Vec<String> {
    let mut flaws = Flaws::default();
    let managed = Managed::naming(vec![PathPattern::parse("ci/**").unwrap()]);
    check(path, text, &managed, &mut flaws);
    flaws
        .into_list()
        .into_iter()
        .map(|flaw| text[flaw.range.start as usize..flaw.range.end as usize].to_owned())
        .collect()
}

#[test]
fn what_hides_changes_is_told() {
    for (line, attribute) in [
        ("* -diff", "-diff"),
        ("*.yaml binary", "binary"),
        ("grants/** linguist-generated", "linguist-generated"),
        ("grants/x.yaml text linguist-generated=true", "linguist-generated=true"),
        ("/dualkey.yaml diff=none", "diff=none"),
        ("  people/*\tlinguist-vendored", "linguist-vendored"),
        ("**/x.yaml filter=lfs", "filter=lfs"),
        ("?rants/* merge=ours", "merge=ours"),
        ("\"grants/a b.yaml\" -diff", "-diff"),
        ("\"grants/a \\\"b.yaml\" eol=lf -diff", "-diff"),
        ("*.y[am]*l working-tree-encoding=UTF-16", "working-tree-encoding=UTF-16"),
        ("docs/CODEOWNERS -diff", "-diff"),
        ("CODEOWNERS -merge", "-merge"),
        (".github/workflows/*.yml gitlab-generated", "gitlab-generated"),
        ("gr\\ants/x.yaml -diff", "-diff"),
        ("[attr]quiet -diff", "-diff"),
        ("\u{feff}[attr]quiet -diff", "-diff"),
        ("\"[attr]  quiet\" -diff", "-diff"),
        ("\"\\133attr]quiet\" -diff", "-diff"),
        ("\"grants/\\101.yaml\" -diff", "-diff"),
        ("*.yaml -diff=x", "-diff=x"),
        (".gitlab-ci.yml -diff", "-diff"),
        ("Jenkinsfile linguist-generated", "linguist-generated"),
        ("docs/** -diff", "-diff"),
        ("ci/deploy binary", "binary"),
        ("* binary", "binary"),
    ] {
        assert_eq!(found(".gitattributes", line), [attribute], "{line}");
    }
    assert_eq!(found(".gitattributes", "[attr]quiet -diff\n*.yaml quiet"), ["-diff", "quiet"]);
    let nested = "*.yaml outer\n[attr]outer inner\n[attr]inner linguist-generated";
    assert_eq!(found(".gitattributes", nested), ["outer", "inner", "linguist-generated"]);
    assert_eq!(found(".github/.gitattributes", "workflows/x.yml -diff"), ["-diff"]);
}

#[test]
fn what_hides_nothing_passes() {
    for line in [
        "* text=auto",
        "*.yaml text eol=lf diff",
        "*.png binary",
        "docs/api/** linguist-generated",
        "ci/*.png binary",
        "/README.md -diff",
        "/Cargo.lock -diff",
        "*.yaml -linguist-generated linguist-vendored=false !diff -filter",
        "# * -diff",
        "",
        "!grants/* -diff",
        "[attr]quiet text eol=lf",
        "[attr]loop loop\n* loop",
        "tools/grants/*.yaml binary",
        "* -text whitespace=trailing-space",
    ] {
        assert!(found(".gitattributes", line).is_empty(), "{line}");
    }
}

#[test]
fn macros_that_name_each_other_are_followed_once() {
    let many = "a b ".repeat(2_000);
    let text = format!("[attr]a {many}\n[attr]b {many}\n[attr]c b\n*.yaml a b c\n");
    assert!(found(".gitattributes", &text).is_empty());
    let hiding = format!("{text}[attr]b -diff\n");
    assert!(["a", "b"].iter().all(|name| found(".gitattributes", &hiding).contains(&(*name).to_owned())));
}

/// What git itself says hides a change of a file, where it does.
fn git_hides(attribute: &str, value: &str) -> bool {
    match attribute {
        "diff" | "merge" => value != "set",
        "filter" => !matches!(value, "set" | "unset"),
        "linguist-generated" => !matches!(value, "unset" | "false"),
        _ => false,
    }
}

const PATTERNS: [&str; 24] = [
    "*",
    "*.yaml",
    "*.y?ml",
    "/grants/x.yaml",
    "grants/*",
    "grants/**",
    "grants",
    "grants/",
    "**/x.yaml",
    "x.yaml",
    "\"grants/x.yaml\"",
    "\"gr\\141nts/x.yaml\"",
    "\"x.yaml",
    "gr?nts/x.yaml",
    "[g]rants/x.yaml",
    "gr\\ants/x.yaml",
    "!grants/*",
    ".github/**",
    "workflows/*",
    "docs/*",
    "ci/*",
    "[attr]m",
    "[attr]n",
    "\"[attr] m\"",
];

const ATTRIBUTES: [&str; 18] = [
    "-diff",
    "diff",
    "!diff",
    "diff=x",
    "-diff=x",
    "binary",
    "-binary",
    "!binary",
    "m",
    "n",
    "-m",
    "m=x",
    "linguist-generated",
    "-linguist-generated",
    "linguist-generated=false",
    "merge=ours",
    "filter=lfs",
    "text",
];

fn lines_of_a_file() -> impl Strategy<Value = String> {
    let line = (
        select(&["", " ", "\t", "\u{feff}"][..]),
        select(&PATTERNS[..]),
        proptest::collection::vec(select(&ATTRIBUTES[..]), 0..3),
    );
    let line = line.prop_map(|(before, pattern, attributes)| format!("{before}{pattern} {}\n", attributes.join(" ")));
    proptest::collection::vec(line, 0..4).prop_map(|lines| lines.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn whatever_git_takes_for_hidden_is_told(root in lines_of_a_file(), grants in lines_of_a_file(), github in lines_of_a_file()) {
        let sandbox = Sandbox::new();
        let files = [(".gitattributes", &root), ("grants/.gitattributes", &grants), (".github/.gitattributes", &github)];
        for (path, text) in files {
            std::fs::create_dir_all(sandbox.dir().join(path).parent().unwrap()).unwrap();
            std::fs::write(sandbox.dir().join(path), text).unwrap();
        }
        let managed = ["grants/x.yaml", ".github/workflows/x.yaml", "docs/CODEOWNERS", "ci/deploy", "dualkey.yaml"];
        let said = sandbox.git(&[&["check-attr", "-a", "--"][..], &managed[..]].concat());
        let hidden: Vec<&str> = said
            .lines()
            .filter(|line| {
                let mut parts = line.rsplit(": ");
                let (value, attribute) = (parts.next().unwrap(), parts.next().unwrap());
                git_hides(attribute, value)
            })
            .collect();
        let told: Vec<String> = files.iter().flat_map(|(path, text)| found(path, text)).collect();
        prop_assert!(hidden.is_empty() || !told.is_empty(), "{hidden:?}");
    }
}
