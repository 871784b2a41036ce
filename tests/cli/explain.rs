//! The program explains itself: every code, every kind of file, every command.

use std::collections::BTreeSet;
use std::path::Path;

use crate::support::{DUALKEY, Ran, World, finish, scrubbed};

/// The program, outside of any repository.
fn dualkey(args: &[&str]) -> Ran {
    let dir = tempfile::tempdir().unwrap();
    let mut command = scrubbed(DUALKEY, dir.path());
    command.current_dir(dir.path()).args(args);
    finish(command)
}

fn codes() -> Vec<String> {
    let list = dualkey(&["explain"]).exits(0).stdout;
    list.lines().map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
}

#[test]
fn every_code_is_listed_once_and_explains_itself() {
    let codes = codes();
    assert!(codes.len() > 80, "{}", codes.len());
    assert!(codes.is_sorted());
    assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len());
    for code in &codes {
        let kebab = code.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        assert!(kebab, "{code}");
        let text = dualkey(&["explain", code]).exits(0).stdout;
        let (title, rest) = text.split_once("\n\n").unwrap_or_else(|| panic!("{text}"));
        assert!(title.starts_with(&format!("{code}: ")) && title.len() > code.len() + 10, "{text}");
        let (why, instead) = rest.split_once("Instead: ").unwrap_or_else(|| panic!("{text}"));
        assert!(why.trim().len() > 40, "{code} doesn't say why:\n{text}");
        assert!(instead.trim().len() > 15, "{code} doesn't say what to do:\n{text}");
        // a text that was broken in the source without `\` has the indentation in its middle
        assert!(text.lines().all(|line| line.starts_with(' ') || !line.contains("   ")), "{code} has a hole:\n{text}");
    }
}

/// Whatever the program can print as a code, it can explain.
#[test]
fn no_code_of_the_program_is_left_out() {
    let known: BTreeSet<String> = codes().into_iter().collect();
    let mut found = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned();
                if path.display().to_string().contains("test") {
                    continue;
                }
                let parts = text.split("Code {").skip(1).filter_map(|part| part.trim_start().strip_prefix("id: \""));
                found.extend(parts.map(|part| part.split('"').next().unwrap().to_owned()));
                // NAME: "code", "title",
                if text.contains("codes! {") {
                    let after = text.rsplit("codes! {").next().unwrap();
                    let lines = after.lines().filter(|line| line.starts_with("    ") && !line.starts_with("     "));
                    let ids = lines.filter_map(|line| line.split_once(": \"")?.1.split('"').next());
                    found.extend(ids.map(str::to_owned));
                }
            }
        }
    }
    assert!(found.len() > 80, "{}", found.len());
    let left_out: Vec<&String> = found.difference(&known).collect();
    assert!(left_out.is_empty(), "{left_out:?}");
    let unknown: Vec<&String> = known.difference(&found).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn a_misspelt_code_gets_a_suggestion() {
    dualkey(&["explain", "grant-outlive-engagement"]).exits(2).says("did you mean `grant-outlives-engagement`?");
    dualkey(&["explain", "\u{1b}[2J"]).exits(2).says("help:");
    assert!(!dualkey(&["explain", "\u{1b}[2J"]).stderr.contains('\u{1b}'));
}

#[test]
fn a_duties_rule_of_the_repository_is_explained_with_its_digest() {
    let world = World::new();
    let text = world.dualkey(&["explain", "develop-and-deploy"]).exits(0).stdout;
    assert!(text.contains("rule_digest: sha256:") && text.contains("policies/duties.yaml:2:"), "{text}");
    // the digest is that of the content: title and place don't matter, the sets do
    let digest = |text: &str| text.split("rule_digest: ").nth(1).unwrap().to_owned();
    let duties = world.read("policies/duties.yaml");
    world.write("policies/duties.yaml", &format!("# moved\n{duties}"));
    assert_eq!(digest(&world.dualkey(&["explain", "develop-and-deploy"]).stdout), digest(&text));
    world.write("policies/duties.yaml", &duties.replace("environments: [production]", "environments: [staging]"));
    assert_ne!(digest(&world.dualkey(&["explain", "develop-and-deploy"]).stdout), digest(&text));
}

#[test]
fn schemas_are_those_of_the_repository() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
    let kinds = dualkey(&["schema"]).exits(0).stdout;
    let mut kinds: Vec<&str> = kinds.lines().collect();
    let commands =
        ["access", "apply", "doctor", "drift", "lint", "next", "plan", "report", "targets", "test", "verify"];
    for kind in &kinds {
        let folder = if commands.contains(kind) { folder.join("output") } else { folder.clone() };
        let file = std::fs::read_to_string(folder.join(format!("{kind}.json"))).unwrap();
        assert_eq!(dualkey(&["schema", kind]).exits(0).stdout, file, "{kind}");
        let schema: serde_json::Value = serde_json::from_str(&file).unwrap();
        assert!(schema["$schema"].is_string() && schema["type"] == "object", "{kind}");
    }
    kinds.retain(|kind| !commands.contains(kind));
    kinds.push("output");
    kinds.sort_unstable();
    let mut files: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    files.sort();
    assert_eq!(files, kinds);
    dualkey(&["schema", "grants"]).exits(2).says("there is no schema `grants`").says("grant");
    let out = tempfile::tempdir().unwrap();
    dualkey(&["schema", "--out", out.path().join("a/b").to_str().unwrap()]).exits(0);
    assert_eq!(std::fs::read_dir(out.path().join("a/b")).unwrap().count(), kinds.len() - 2);
}

#[test]
fn completions_speak_of_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let script = dualkey(&["completions", shell]).exits(0).stdout;
        for word in ["lint", "approve", "only-ends", "completions"] {
            assert!(script.contains(word), "{shell} doesn't know {word}");
        }
    }
    dualkey(&["completions", "cmd"]).exits(2);
}

/// The subcommands that a help page lists.
fn listed(help: &str) -> Vec<String> {
    let Some((_, after)) = help.split_once("Commands:\n") else { return Vec::new() };
    let lines = after.lines().take_while(|line| !line.is_empty());
    // a long description goes on further in
    let names = lines.filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')));
    let names = names.filter_map(|line| line.split_whitespace().next());
    // every command has that one
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn the_help_of_every_command_has_an_example() {
    let help = dualkey(&["--help"]).exits(0).stdout;
    let commands = listed(&help);
    assert!(commands.len() >= 12, "{commands:?}");
    for command in &commands {
        let help = dualkey(&[command, "--help"]).exits(0).stdout;
        let below = listed(&help);
        if below.is_empty() {
            assert!(help.contains("Example"), "{command} has no example:\n{help}");
        }
        for sub in below {
            let help = dualkey(&[command, &sub, "--help"]).exits(0).stdout;
            assert!(help.contains("Example"), "{command} {sub} has no example:\n{help}");
        }
    }
    // what is asked for goes to standard output, what is wrong to standard error
    assert!(dualkey(&[]).exits(2).stdout.is_empty());
    dualkey(&["--version"]).exits(0).says("dualkey 0.");
}
