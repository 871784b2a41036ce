//! What programs read is fixed, what people read can't be forged.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{ALICE, ALICE_GRANT, DUALKEY, Ran, World};

/// Every way to a value: `findings[].related[].file`.
fn keys(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let path = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                found.insert(path.clone());
                keys(value, &path, found);
            }
        }
        Value::Array(list) => list.iter().for_each(|one| keys(one, &format!("{at}[]"), found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

const FINDING: &str = "rule severity state message file line column end_line end_column help related related[].file \
                       related[].line related[].column related[].message";
const OPERATION: &str =
    "target verb kind resource permission principal conditions previous person until because latent";
const ENTITLEMENT: &str = "target kind resource permission principal conditions from until";
const REFUSAL: &str = "code message help";

/// Names below a list: the list itself, and its items' keys.
fn below(list: &str, names: &str) -> Vec<String> {
    let items = names.split_whitespace().map(|name| format!("{list}[].{name}"));
    std::iter::once(list.to_owned()).chain(items).collect()
}

fn set(parts: &[Vec<String>]) -> BTreeSet<String> {
    parts.iter().flatten().cloned().collect()
}

fn plain(names: &str) -> Vec<String> {
    names.split_whitespace().map(str::to_owned).collect()
}

/// What live state shows beside the operations, where nothing is amiss.
fn below_live(above: &str) -> Vec<String> {
    let names = plain("unmanaged pending by_groups live_findings unread unread_resources");
    let below = names.iter().map(|name| format!("{above}{name}"));
    let own = above.strip_suffix('.').map(str::to_owned);
    own.into_iter().chain(below).collect()
}

/// The document is what the published schema of its command says.
#[track_caller]
fn conforms(document: &Value) {
    let marks = [
        ("lint", "summary"),
        ("plan", "digest"),
        ("verify", "landings"),
        ("apply", "superseded"),
        ("drift", "unmanaged"),
        ("access", "at"),
        ("targets", "targets"),
    ];
    let (command, _) = marks.iter().find(|(_, key)| document.get(key).is_some()).expect("a known document");
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schema/output/{command}.json"));
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{command}: {errors:#?}");
}

/// The document has exactly these keys, and says the same when asked again.
#[track_caller]
fn has_exactly(ran: &Ran, again: &Ran, expected: &BTreeSet<String>) {
    let mut found = BTreeSet::new();
    keys(&ran.json(), "", &mut found);
    let missing: Vec<&String> = expected.difference(&found).collect();
    let more: Vec<&String> = found.difference(expected).collect();
    assert!(missing.is_empty() && more.is_empty(), "missing {missing:?}, too many {more:?} in\n{}", ran.stdout);
    conforms(&ran.json());
    assert_eq!(ran.json()["version"], 1);
    assert_eq!(ran.stdout, again.stdout);
    assert!(ran.stdout.ends_with("}\n"));
}

/// Northwind with everything applied, and a branch that lets Alice in and is wrong in some way.
fn world() -> World {
    let world = World::new();
    world.timed(&["apply"]).exits(0);
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0);
    world
}

#[test]
fn the_document_of_lint() {
    let world = world();
    world.write("grants/payments/alice-refunds.yaml", &ALICE_GRANT.replace("2027-01-03", "2027-01-10"));
    let lint = || world.timed(&["lint", "--format", "json"]).exits(1);
    let summary = plain("version summary summary.errors summary.warnings summary.files summary.left_out");
    has_exactly(&lint(), &lint(), &set(&[summary, below("findings", FINDING)]));
    let clean = world.timed(&["lint", "--rev", "main", "--format", "json"]).exits(0).json();
    assert_eq!(clean["findings"], serde_json::json!([]));
    assert_eq!(clean["summary"]["errors"], 0);
}

#[test]
fn the_document_of_plan() {
    let world = world();
    world.write("grants/payments/alice-refunds.yaml", &ALICE_GRANT.replace("2027-01-03", "2027-01-10"));
    world.commit("Too late an end");
    let plan = || world.timed(&["plan", "--head", "alice", "--live", "--format", "json"]).exits(1);
    let approvals = below("approvals", "rule count from people missing given able barred");
    let changes =
        below("changes", "person name action role domain risk until grant reason ticket file line entitlements");
    let entitlements = below("changes[].entitlements", ENTITLEMENT);
    let expected = set(&[
        plain("version base head refused digest verdict beside uncounted held_up counts_until approvers short_rules"),
        below_live("live."),
        approvals,
        below("findings", FINDING),
        changes,
        entitlements,
        below("facts", "about field before after weaker consequence class file"),
        below("operations", OPERATION),
    ]);
    has_exactly(&plan(), &plan(), &expected);
    let document = plan().json();
    assert_eq!(document["verdict"], "blocked");
    assert_eq!(document["approvals"][0]["rule"], "access-1");
    assert!(document["digest"].as_str().unwrap().starts_with("sha256:"));
    // of the approved head it says who approved
    let ready = world.timed(&["plan", "--head", "alice~1", "--format", "json"]).exits(0).json();
    assert_eq!(ready["verdict"], "ready");
    assert_eq!(ready["approvals"][0]["given"], serde_json::json!(["priya.shah"]));
    // the same content has the same digest, wherever it was committed
    let other = world.timed(&["plan", "--head", "alice~1", "--base", "main", "--format", "json"]).exits(0).json();
    assert_eq!(other["digest"], ready["digest"]);
}

/// An approved landing, and one on top of it that nobody approved.
fn pushed_directly() -> World {
    let world = world();
    world.git(&["switch", "-q", "main"]);
    world.git(&["merge", "-q", "--no-ff", "-m", "Merge", "alice"]);
    world.write("grants/payments/alice-refunds.yaml", &ALICE_GRANT.replace("[payments-api]", "[payments-web]"));
    world.commit("Push it directly");
    world.git(&["push", "-q", "origin", "main"]);
    world
}

#[test]
fn what_workflows_and_summaries_say_of_landings() {
    let world = pushed_directly();
    let tip = world.git(&["rev-parse", "--short=10", "main"]);
    let annotated = world.timed(&["verify", "--format", "github"]).exits(1).stdout;
    let mut lines: Vec<&str> = annotated.lines().collect();
    assert_eq!(lines.pop(), Some(format!("{} refusal in 2 landings", lines.len()).as_str()), "{annotated}");
    assert!(
        !lines.is_empty() && lines.iter().all(|line| line.starts_with("::error title=no-approval::")),
        "{annotated}"
    );
    assert!(lines[0].contains(tip.trim()) && lines[0].contains("%0Ahelp: "), "{annotated}");
    let summary = world.timed(&["verify", "--format", "markdown"]).exits(1).stdout;
    assert!(summary.starts_with("### 1 of 2 landings refused\n"), "{summary}");
    assert!(summary.contains("approved by `priya.shah`") && summary.contains("no-approval"), "{summary}");
    let head = world.timed(&["verify", "--head", "alice", "--format", "github"]).stdout;
    assert!(head.starts_with("::"), "{head}");
}

#[test]
fn the_documents_of_verify_apply_access_and_drift() {
    let world = pushed_directly();
    let verify = || world.timed(&["verify", "--format", "json"]).exits(1);
    let landings = below("landings", "base commit verdict approvals refusals");
    let approvals = below("landings[].approvals", "person at");
    let refusals = below("landings[].refusals", REFUSAL);
    has_exactly(&verify(), &verify(), &set(&[plain("version"), landings, approvals, refusals]));
    let head = || world.timed(&["verify", "--head", "alice", "--format", "json"]);
    let mut found = BTreeSet::new();
    keys(&head().json(), "", &mut found);
    assert!(found.contains("landings[].verdict"), "{found:?}");
    assert_eq!(head().stdout, head().stdout);

    let drift = || world.timed(&["drift", "--format", "json"]).exits(1);
    let expected = set(&[plain("version"), below_live(""), below("operations", OPERATION)]);
    has_exactly(&drift(), &drift(), &expected);

    let ran = world.timed(&["apply", "--format", "json"]).exits(3);
    let lists =
        plain("version commit superseded reduced logged unread unread_resources failed not_started pending refusals");
    let waiting = below("waiting", "landing codes behind removed");
    has_exactly(&ran, &ran, &set(&[lists, below("done", &format!("{OPERATION} lives_until note")), waiting]));

    let access = || world.dualkey(&["access", "alice.nguyen", "--at", "2026-12-01", "--format", "json"]).exits(0);
    let entitlements = below("entitlements", &format!("{ENTITLEMENT} person grant landing approvals"));
    let given = below("entitlements[].approvals", "person at");
    has_exactly(&access(), &access(), &set(&[plain("version at live"), entitlements, given]));
}

#[test]
fn the_document_of_targets() {
    let world = World::new();
    world.timed(&["apply"]).exits(0);
    let targets = || world.timed(&["targets", "--format", "json"]);
    let plainly = "target type as pinned identity seen latency_ms ahead_seconds reader writer sees findings warnings";
    let credential = "own can_write refusal";
    let sees =
        "resources held latent groups unread unread_resources names unlisted names[].of names[].kind names[].listed";
    let within =
        |name: &str, keys: &str| keys.split(' ').map(|key| format!("{name}.{key}")).collect::<Vec<_>>().join(" ");
    let row = [plainly.to_owned(), within("reader", credential), within("writer", credential), within("sees", sees)];
    has_exactly(&targets(), &targets(), &set(&[plain("version"), below("targets", &row.join(" "))]));
    // and where something is wrong with each of them
    let folder = world.repo().join(".git/dualkey");
    std::fs::write(folder.join("aws.json"), "{").unwrap();
    let faults = r#"{ "reader_writes": true, "writer_reads": true, "unread": ["northwind/ledger"] }"#;
    std::fs::write(folder.join("github.faults.json"), faults).unwrap();
    conforms(&targets().exits(5).json());
}

#[test]
fn an_apply_that_does_nothing_says_so_in_the_same_words() {
    let world = World::new();
    world.timed(&["apply"]).exits(0);
    let ran = world.timed(&["apply", "--format", "json"]).exits(0);
    let expected = set(&[plain(
        "version commit superseded reduced logged unread unread_resources done failed not_started pending waiting refusals",
    )]);
    has_exactly(&ran, &ran, &expected);
    assert_eq!(ran.json()["superseded"], true);
}

/// What somebody would write to be taken for the program itself.
const FORGERY: &str = "</details><img src=//x>@org/admins ``` | ::error::x ##[error]y [z](https://evil.example) #7";

/// Text outside of fences and code spans: what a renderer acts upon.
fn active(markdown: &str) -> String {
    let mut active = String::new();
    let mut fence: Option<String> = None;
    for line in markdown.lines() {
        let ticks: String = line.chars().take_while(|c| *c == '`').collect();
        match &fence {
            Some(open) if line.trim() == open => fence = None,
            Some(_) => {}
            None if ticks.len() >= 3 => fence = Some(ticks),
            None => {
                active.push_str(&without_spans(line));
                active.push('\n');
            }
        }
    }
    assert_eq!(fence, None, "a fence stays open in\n{markdown}");
    active
}

fn without_spans(line: &str) -> String {
    let mut rest = line;
    let mut kept = String::new();
    while let Some(start) = rest.find('`') {
        kept.push_str(&rest[..start]);
        let ticks = rest[start..].chars().take_while(|c| *c == '`').count();
        let after = &rest[start + ticks..];
        let mut at = 0;
        // the next run of exactly as many
        loop {
            let Some(next) = after[at..].find('`') else { panic!("a code span stays open in {line}") };
            let run = after[at + next..].chars().take_while(|c| *c == '`').count();
            at += next + run;
            if run == ticks {
                break;
            }
        }
        rest = &after[at..];
    }
    kept + rest
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A change in which every free text is a forgery.
fn forged() -> World {
    let world = World::new();
    world.timed(&["apply"]).exits(0);
    world.git(&["switch", "-q", "-c", "forged"]);
    let evil = quoted(FORGERY);
    world.write("people/alice.nguyen.yaml", &ALICE.replace("Alice Nguyen", &evil));
    let grant = ALICE_GRANT.replace("Build the refund flow", &evil).replace("PAY-1423", &evil);
    world.write("grants/payments/alice-refunds.yaml", &grant.replace("2027-01-03", "2027-02-03"));
    let developer = world.read("roles/developer.yaml");
    world.write("roles/developer.yaml", &developer.replace("Writes code and looks after it outside production", &evil));
    world.write("vendors/globex.yaml", &world.read("vendors/globex.yaml").replace("Globex Ltd", &evil));
    let staging = world.read("domains/payments-staging.yaml");
    world.write("domains/payments-staging.yaml", &staging.replace("Payments, staging", &evil));
    let duties = world.read("policies/duties.yaml");
    world.write(
        "policies/duties.yaml",
        &duties.replace("Nobody both writes and deploys what runs in production", &evil),
    );
    world.write("people/<img src=x>@org ::error::x.yaml", "name: x\ntype: employee\n");
    world.write("people/a\n::error::x.yaml", "name: x\ntype: employee\n");
    world.write("people/odd.yaml", &format!("name: x\n{evil}: y\ntype: {evil}\n"));
    world.write("grants/odd.yaml", &format!("to: [{evil}]\nrole: {evil}\ndomain: {evil}\nreason: x\n"));
    let accounts = "accounts: { gcp: \"</details><img>@org/admins\", aws: \"</details>::error::\" }";
    world.write("people/hana.kim.yaml", &format!("name: Hana\ntype: employee\n{accounts}\n"));
    world.write("people/ends.yaml", &format!("name: x\ntype: employee\nended: {evil}\n"));
    world
}

#[test]
fn names_and_values_are_data() {
    let world = forged();
    let own = ["plan", "--live", "--format", "markdown"];
    let lint = |format| ["lint", "--format", format];
    for args in [&own[..], &lint("markdown")] {
        let markdown = world.timed(args).exits(1).stdout;
        let active = active(&markdown);
        assert!(markdown.contains("org/admins"), "the forgery isn't shown at all, so nothing is proven:\n{markdown}");
        assert_eq!(active.matches("<details>").count(), active.matches("</details>").count(), "{markdown}");
        for word in ["<img", "@org", "##[", "https://evil", "](", "#7"] {
            assert!(!active.contains(word), "`{word}` is active in\n{active}");
        }
    }
    let github = ["plan", "--format", "github"];
    for args in [
        &["lint"][..],
        &["plan"],
        &["plan", "--format", "markdown"],
        &own,
        &github,
        &lint("json"),
        &lint("markdown"),
        &lint("github"),
        &lint("sarif"),
    ] {
        let ran = world.timed(args).exits(1);
        for line in ran.stdout.lines().chain(ran.stderr.lines()) {
            let command = line.trim_start().starts_with("::");
            if command && args.contains(&"github") {
                // the program's own ends where the first text starts, and holds no second
                let own = ["::error ", "::warning ", "::notice "].iter().any(|word| line.starts_with(word));
                assert!(own, "a workflow command in {args:?}:\n{line}");
            } else {
                assert!(!command, "a workflow command in {args:?}:\n{line}");
            }
            assert!(!line.contains("##["), "a workflow command in {args:?}:\n{line}");
        }
        assert!(!ran.stdout.contains('\u{1b}'), "{args:?}");
    }
}

#[test]
fn what_can_t_be_seen_is_refused_and_shown_as_its_number() {
    let world = World::new();
    for (written, shown) in [
        ("\\u001b[2J", "U+001B"),
        ("\\x1b]8;;https://x\\x07", "U+001B"),
        ("\\u202e", "U+202E"),
        ("\\u009b2J", "U+009B"),
    ] {
        world.write("people/alice.nguyen.yaml", &ALICE.replace("Alice Nguyen", &format!("\"A{written}\"")));
        for args in [&["lint"][..], &["plan"], &["lint", "--format", "json"], &["plan", "--format", "markdown"]] {
            let ran = world.timed(args).exits(1).says("hidden-character").says(shown);
            assert!(!ran.stdout.contains(['\u{1b}', '\u{202e}', '\u{9b}', '\u{7}']), "{args:?}");
        }
    }
    // also where the file holds the character itself, and its line is shown
    world.write("people/alice.nguyen.yaml", &ALICE.replace("Alice Nguyen", "A\u{1b}[2J\u{202e}"));
    for args in [&["lint"][..], &["plan"], &["lint", "--format", "json"], &["plan", "--format", "markdown"]] {
        let ran = world.timed(args).exits(1).says("hidden-character");
        assert!(!ran.stdout.contains(['\u{1b}', '\u{202e}']), "{args:?}");
    }
    // a name of a file can hold such a thing too
    world.git(&["checkout", "-q", "."]);
    world.write("people/\u{1b}[2J.yaml", "name: x\ntype: employee\n");
    let ran = world.timed(&["lint"]).exits(1);
    assert!(!ran.stdout.contains('\u{1b}'));
}

#[test]
fn colour_is_for_terminals_that_want_it() {
    let world = World::new();
    // `script` gives the program a terminal
    let on_terminal = |more: &[(&str, &str)]| {
        let mut command = crate::support::scrubbed("script", world.root.path());
        command.current_dir(world.repo()).envs(more.iter().copied());
        command.args(["-qec", &format!("{DUALKEY} lint --now {}", world.now), "/dev/null"]);
        let output = command.output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(on_terminal(&[]).contains("\u{1b}["));
    let plain = on_terminal(&[("NO_COLOR", "1")]);
    assert!(plain.contains("no findings") && !plain.contains('\u{1b}'), "{plain:?}");
    // to a file it writes none
    assert!(!world.timed(&["lint"]).stdout.contains('\u{1b}'));
}
