//! The hooks that others install, and the schemas that editors show.

use std::path::Path;

use serde_json::Value;

use crate::support::World;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The hooks, as the framework reads them: its required keys, and none that it doesn't know.
fn hooks() -> Vec<Value> {
    let text = std::fs::read_to_string(root().join(".pre-commit-hooks.yaml")).unwrap();
    let hooks: Vec<Value> = serde_yaml::from_str(&text).unwrap();
    for hook in &hooks {
        let hook = hook.as_object().unwrap();
        for required in ["id", "name", "entry", "language"] {
            assert!(hook[required].as_str().is_some_and(|text| !text.is_empty()), "{required}");
        }
        let known = ["id", "name", "description", "entry", "language", "files", "pass_filenames"];
        assert!(hook.keys().all(|key| known.contains(&key.as_str())), "{hook:?}");
    }
    hooks
}

#[test]
fn hooks_run_what_the_program_has() {
    let world = World::new();
    world.dualkey(&["fmt"]).exits(0);
    let hooks = hooks();
    let ids: Vec<&str> = hooks.iter().map(|hook| hook["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["dualkey-fmt", "dualkey-lint"]);
    let grant = "grants/payments/bob-checkout.yaml";
    let run = |hook: &Value, world: &World| {
        let entry: Vec<&str> = hook["entry"].as_str().unwrap().split(' ').collect();
        assert_eq!(entry[0], "dualkey");
        let mut args = entry[1..].to_vec();
        if hook["pass_filenames"] != Value::Bool(false) {
            args.push(grant);
        }
        // the lint needs the day of the story
        if args[0] == "lint" { world.timed(&args) } else { world.dualkey(&args) }
    };
    for hook in &hooks {
        run(hook, &world).exits(0);
    }
    world.write(grant, &world.read(grant).replace("role: developer", "role:   deployer"));
    for hook in &hooks {
        run(hook, &world).exits(1);
    }
}

#[test]
fn hooks_look_at_every_kind_of_file() {
    let schemas = std::fs::read_dir(root().join("schema")).unwrap();
    // cases and ratifications lie among policies, and the document for custom rules is nobody's file
    let apart = ["cases.json", "ratification.json", "rego-input.json"];
    let kinds = schemas
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_file() && !apart.contains(&entry.file_name().to_str().unwrap()))
        .count();
    for hook in hooks() {
        let files = hook["files"].as_str().unwrap().to_owned();
        let folders = files.split("|(").nth(1).unwrap().split(')').next().unwrap();
        let mut named: Vec<&str> = folders.split('|').collect();
        assert_eq!(named.len() + 1, kinds, "a kind of file has no hook");
        for folder in ["vendors", "people", "groups", "domains", "roles", "grants", "bridges", "policies"] {
            named.retain(|name| *name != folder);
        }
        assert!(named.is_empty() && files.contains("dualkey"), "{files}");
    }
}

/// Every property of a schema, with where it stands.
fn properties<'a>(schema: &'a Value, at: &str, found: &mut Vec<(String, &'a Value)>) {
    match schema {
        Value::Object(map) => {
            for (key, value) in map {
                let below = format!("{at}/{key}");
                if let (true, Some(all)) = (key == "properties", value.as_object()) {
                    found.extend(all.iter().map(|(name, property)| (format!("{below}/{name}"), property)));
                }
                properties(value, &below, found);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| properties(value, at, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Editors show a field's description when one points at it: a sentence, in the words of whoever writes the file.
#[test]
fn every_field_has_a_help_for_editors() {
    let mut fields = 0;
    for entry in std::fs::read_dir(root().join("schema")).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_file() || path.ends_with("rego-input.json") {
            continue;
        }
        let schema: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let mut found = Vec::new();
        properties(&schema, "", &mut found);
        for (at, property) in &found {
            let help = property["description"].as_str().unwrap_or_default();
            let place = format!("{}{at}", path.display());
            assert!(help.len() >= 10, "{place} has no description");
            assert!(help.ends_with('.'), "{place}: {help}");
            assert!(!help.contains("``") && !help.contains("::"), "{place} speaks of the program's own: {help}");
        }
        fields += found.len();
    }
    assert!(fields > 80, "only {fields} fields were found");
}
