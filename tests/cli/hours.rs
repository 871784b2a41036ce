//! Hours of the week, from a grant's file to the target and back, and a role's second factor.

use crate::support::{Ran, World};

const ALICE: &str = "name: Alice Nguyen
type: contractor
vendor: globex
sponsor: priya.shah
engagement: { from: 2026-11-23, until: 2027-01-03 }
accounts:
  github: { login: alice-nw, id: 583231 }
  gcp: alice@globex.example
";

const GRANT_FILE: &str = "grants/payments/alice-logs.yaml";

const WEEK: &str = "hours: { days: [mon, tue, wed, thu, fri], between: \"08:00-19:00\" }\n";

fn grant(hours: &str) -> String {
    format!(
        "to: [alice.nguyen]\nrole: reader\ndomain: payments-staging\nresources: [payments-stg-project]\n\
         from: 2026-11-23\nuntil: 2027-01-03\n{hours}reason: Read the logs while at work\n"
    )
}

/// Fails the test unless the text stands in the output, wherever its lines are broken.
#[track_caller]
fn tells(ran: &Ran, text: &str) {
    let flat = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains(text), "`{text}` is not in:\n{}", ran.stdout);
}

/// Alice's grant with these hours on a branch of Tom's.
fn propose(world: &World, branch: &str, hours: &str) {
    world.git(&["switch", "-q", "-c", branch, "main"]);
    world.write("people/alice.nguyen.yaml", ALICE);
    world.write(GRANT_FILE, &grant(hours));
    world.commit("Let Alice read logs");
}

/// Approves the branch as the domain's owner, lands it and applies.
fn land(world: &World, branch: &str) -> serde_json::Value {
    world.git(&["push", "-q", "origin", branch]);
    world.approve(branch, "priya.shah").exits(0);
    world.git(&["switch", "-q", "main"]);
    world.git(&["merge", "-q", "--no-ff", "-m", "Merge", branch]);
    world.git(&["push", "-q", "origin", "main"]);
    world.timed(&["apply", "--format", "json"]).exits(0).json()
}

/// Everything declared is live, Alice's grant with its hours among it.
fn with_hours() -> World {
    let world = World::new();
    world.timed(&["apply"]).exits(0);
    propose(&world, "hours", WEEK);
    land(&world, "hours");
    world
}

/// Alice's part of what is live, by permission.
fn live(world: &World) -> Vec<serde_json::Value> {
    let file: serde_json::Value = serde_json::from_str(&world.live("gcp")).unwrap();
    let all = file["entitlements"].as_array().unwrap().iter();
    all.filter(|one| one["principal"] == "alice@globex.example").cloned().collect()
}

fn week() -> serde_json::Value {
    serde_json::json!([{ "hours": {
        "days": ["mon", "tue", "wed", "thu", "fri"], "between": "08:00-19:00", "timezone": "Europe/London"
    } }])
}

#[test]
fn the_reviewer_the_target_and_the_log_have_the_hours() {
    let world = World::new();
    world.timed(&["apply"]).exits(0);
    propose(&world, "hours", WEEK);
    let plan = world.timed(&["plan", "--head", "hours", "--live"]).exits(0);
    let when = "2026-11-23 … 2027-01-03, mon–fri 08:00–19:00";
    tells(&plan, &format!("gains reader on payments-stg-project in payments-staging, {when}"));
    tells(&plan, "roles/logging.viewer 2026-11-23 … 2027-01-03 mon–fri 08:00–19:00");
    tells(&plan, "for alice.nguyen (alice@globex.example), mon–fri 08:00–19:00, until 2027-01-03: landing");
    tells(&world.timed(&["plan", "--head", "hours", "--format", "markdown"]), when);
    let plan = world.timed(&["plan", "--head", "hours", "--format", "json"]).json();
    assert_eq!(plan["changes"][0]["entitlements"][0]["conditions"], week());

    let outcome = land(&world, "hours");
    assert_eq!(outcome["done"][0]["conditions"], week());
    assert_eq!(live(&world).len(), 1);
    assert_eq!(live(&world)[0]["conditions"], week());
    world.timed(&["drift"]).exits(0);
    world.timed(&["apply"]).exits(0).says("applied already");
    world.dualkey(&["access", "alice.nguyen", "--at", "2026-12-01"]).exits(0).says("mon–fri 08:00–19:00");
    let access = world.dualkey(&["access", "alice.nguyen", "--at", "2026-12-01", "--format", "json"]).exits(0).json();
    assert_eq!(access["entitlements"][0]["conditions"], week());
    let log = world.dualkey(&["audit", "log", "--format", "json"]).exits(0).json();
    let entries = log["entries"].as_array().unwrap();
    let last = |kind: &str| entries.iter().rfind(|entry| entry["type"] == kind).unwrap();
    assert_eq!(last("landing")["changes"][0]["conditions"], week());
    assert_eq!(last("intent")["operations"][0]["conditions"], week());
    // an end comes as ever
    let later = world.now_is("2027-01-05T09:00:00Z");
    later.timed(&["apply", "--only-ends"]).exits(0).says("revoke alice.nguyen");
    assert!(live(&world).is_empty());
}

#[test]
fn hours_that_somebody_took_off_at_the_target_are_put_back() {
    let world = with_hours();
    let path = world.repo().join(".git/dualkey/gcp.json");
    let mut file: serde_json::Value = serde_json::from_str(&world.live("gcp")).unwrap();
    for one in file["entitlements"].as_array_mut().unwrap() {
        one.as_object_mut().unwrap().remove("conditions");
    }
    std::fs::write(&path, file.to_string()).unwrap();
    let drift = world.timed(&["drift", "--format", "json"]).exits(1).json();
    let operations = drift["operations"].as_array().unwrap();
    assert_eq!(operations.len(), 1, "{drift}");
    assert_eq!((&operations[0]["verb"], &operations[0]["conditions"]), (&"change".into(), &week()));
    assert_eq!(operations[0]["previous"]["conditions"], serde_json::json!([]));
    world.timed(&["drift"]).exits(1).says("around the clock → mon–fri").says("drift: somebody changed");
    // it only takes away
    world.timed(&["apply", "--only-ends"]).exits(0).says("1 of 1 done");
    assert_eq!(live(&world)[0]["conditions"], week());
    world.timed(&["drift"]).exits(0);
}

#[test]
fn losing_the_hours_is_a_gain_and_getting_them_a_loss() {
    let world = with_hours();
    propose(&world, "wider", "");
    let plan = world.timed(&["plan", "--head", "wider", "--format", "json"]).json();
    let rules = |plan: &serde_json::Value| -> Vec<String> {
        plan["approvals"].as_array().unwrap().iter().map(|one| one["rule"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((&plan["verdict"], rules(&plan)), (&"needs-approval".into(), vec!["access-1".to_owned()]));
    let text = world.timed(&["plan", "--head", "wider"]).exits(0);
    tells(&text, "at more hours: around the clock, was mon–fri 08:00–19:00; until 2027-01-03");
    tells(&text, "can't: tom.reed (who wrote it), alice.nguyen (who gains by it), anybody of globex");
    let outcome = land(&world, "wider");
    assert_eq!(outcome["done"].as_array().unwrap().len(), 1, "{outcome}");
    assert_eq!((&outcome["done"][0]["verb"], live(&world).len()), (&"change".into(), 1));
    assert!(live(&world)[0].get("conditions").is_none());

    propose(&world, "narrower", WEEK);
    let plan = world.timed(&["plan", "--head", "narrower", "--format", "json"]).json();
    assert_eq!(rules(&plan), ["removal-1"]);
    let text = world.timed(&["plan", "--head", "narrower"]).exits(0);
    tells(&text, "at fewer hours: mon–fri 08:00–19:00, was around the clock");
    assert!(!text.stdout.contains("who gains"), "{}", text.stdout);
}

#[test]
fn other_hours_are_a_gain_and_a_loss() {
    let world = with_hours();
    propose(&world, "other", "hours: { days: [sat], between: \"08:00-24:00\" }\n");
    world.timed(&["plan", "--head", "other"]).exits(0).says("at other hours: sat 08:00–24:00, was mon–fri");
    let outcome = land(&world, "other");
    let verbs: Vec<&str> =
        outcome["done"].as_array().unwrap().iter().map(|one| one["verb"].as_str().unwrap()).collect();
    assert_eq!(verbs, ["revoke", "grant"]);
    assert_eq!(live(&world)[0]["conditions"][0]["hours"]["between"], "08:00-24:00");
    world.timed(&["drift"]).exits(0);
}

#[test]
fn two_grants_of_other_hours_both_hold_and_end_apart() {
    let world = with_hours();
    world.git(&["switch", "-q", "-c", "weekend", "main"]);
    let weekend = grant("hours: { days: [sat, sun], between: \"10:00-12:00\" }\n").replace("2027-01-03", "2026-12-06");
    world.write("grants/payments/alice-weekend.yaml", &weekend);
    world.commit("Weekends too");
    land(&world, "weekend");
    assert_eq!(live(&world).len(), 2);
    let later = world.now_is("2026-12-07T09:00:00Z");
    later.timed(&["apply", "--only-ends"]).exits(0).says("revoke").says("sat, sun 10:00–12:00");
    assert_eq!(live(&world).len(), 1);
    assert_eq!(live(&world)[0]["conditions"], week());
    later.timed(&["drift"]).exits(0);
}

#[test]
fn another_time_zone_is_another_clock() {
    let world = with_hours();
    world.git(&["switch", "-q", "-c", "zone", "main"]);
    world.write("dualkey.yaml", &world.read("dualkey.yaml").replace("Europe/London", "Europe/Berlin"));
    world.commit("Move to Berlin");
    let plan = world.timed(&["plan", "--head", "zone", "--format", "json"]).json();
    let alice = plan["changes"].as_array().unwrap().iter().find(|line| line["person"] == "alice.nguyen").unwrap();
    assert_eq!(alice["entitlements"][0]["conditions"][0]["hours"]["timezone"], "Europe/Berlin");
    world.timed(&["plan", "--head", "zone"]).says("was mon–fri 08:00–19:00 Europe/London");
}

#[test]
fn wrong_hours_are_told_at_their_place() {
    let world = World::new();
    world.write("people/alice.nguyen.yaml", ALICE);
    let of = |days: &str, between: &str| format!("hours:\n  days: {days}\n  between: \"{between}\"\n");
    // the line in the file, and a part of what is said
    for (hours, line, said) in [
        (of("[]", "08:00-19:00"), 8, "must not be empty"),
        (of("[mon, tue, mon]", "08:00-19:00"), 8, "names `mon` twice"),
        (of("[monday]", "08:00-19:00"), 8, "monday"),
        (of("[mon]", ""), 9, "is not a span of hours"),
        (of("[mon]", "8-19"), 9, "is not a span of hours"),
        (of("[mon]", "08:00-24:30"), 9, "is not a span of hours"),
        (of("[mon]", "08:00-08:00"), 9, "has no hour in it"),
        (of("[mon]", "22:00-06:00"), 9, "passes midnight"),
        (of("[mon, tue, wed, thu, fri, sat, sun]", "00:00-24:00"), 8, "no condition"),
        ("hours: { days: [mon] }\n".to_owned(), 7, "between"),
    ] {
        world.write(GRANT_FILE, &grant(&hours));
        let ran = world.timed(&["lint", "--format", "json"]).exits(1).json();
        let found = ran["findings"].as_array().unwrap();
        let one = found.iter().find(|one| one["file"] == GRANT_FILE && one["rule"] == "schema");
        let one = one.unwrap_or_else(|| panic!("{hours}{ran}"));
        assert!(one["message"].as_str().unwrap().contains(said), "{one}");
        assert_eq!(one["line"], line, "{hours}{one}");
    }
    for good in [of("[sun]", "00:00-24:00"), of("[fri, mon]", "22:00-24:00")] {
        world.write(GRANT_FILE, &grant(&good));
        world.timed(&["lint"]).exits(0).says("no findings");
    }
}

#[test]
fn what_cannot_keep_hours_does_not_get_them() {
    let world = World::new();
    world.git(&["switch", "-q", "-c", "hours", "main"]);
    world.write("people/alice.nguyen.yaml", ALICE);
    let text = grant(WEEK).replace("[payments-stg-project]", "[payments-api, payments-stg-project]");
    world.write(GRANT_FILE, &text);
    world.commit("Hours on a repository");
    world
        .timed(&["lint"])
        .exits(1)
        .says("error[hours-not-enforceable]")
        .says("alice-logs.yaml:7:8")
        .says("`payments-api`, and a repository can't keep them")
        .says("`payments-api` is a repository");
    // nor is it held around the clock meanwhile
    let plan = world.timed(&["plan", "--head", "hours", "--format", "json"]).exits(1).json();
    assert_eq!(plan["verdict"], "blocked");
    let kinds: Vec<&str> = plan["changes"][0]["entitlements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["project"]);
}

#[test]
fn a_second_factor_that_nobody_can_tell_of_is_a_warning() {
    let world = World::new();
    let role = world.read("roles/org-admin.yaml").replace("risk:", "mfa: required\nrisk:");
    world.write("roles/org-admin.yaml", &role);
    world.timed(&["lint"]).exits(0).says("warning[mfa-unknown]").says("roles/org-admin.yaml:3:6").says("`account`");
    world.commit("Second factors");
    // a role is policy, with the factor and without
    for (from, to) in [("main~1", "main"), ("main", "main~1")] {
        let plan = world.timed(&["plan", "--base", from, "--head", to, "--format", "json"]).json();
        assert_eq!(plan["approvals"][0]["rule"], "policy-1");
    }
}
