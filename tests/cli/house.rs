//! The house as it is drawn on the crate's front page: imports run with the arrow, files stay short.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Rooms from left to right; a room imports only from rooms before it.
const ROOMS: [&str; 15] = [
    "finding",
    "hex",
    "parallel",
    "repository",
    "access",
    "lint",
    "targets",
    "plan",
    "approval",
    "doctor",
    "forge",
    "apply",
    "audit",
    "report",
    "cli",
];

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    files(&root.join("src"), &mut found);
    files(&root.join("tests"), &mut found);
    found.sort();
    assert!(found.len() > 50, "the house was not found");
    found
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

#[test]
fn imports_run_with_the_arrow() {
    let mut wrong = Vec::new();
    for (name, text) in sources().iter().filter(|(name, _)| name.starts_with("src/")) {
        let room = name.trim_start_matches("src/").split(['/', '.']).next().unwrap();
        let Some(at) = ROOMS.iter().position(|known| *known == room) else {
            assert!(["lib", "main"].contains(&room), "{name} is in no room");
            continue;
        };
        // tests may look at rooms to the right
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        if name.contains("test") || name.contains("contract") {
            continue;
        }
        for part in code.split("crate::").skip(1) {
            let imported: Vec<&str> = match part.strip_prefix('{') {
                Some(list) => list.split('}').next().unwrap().split(',').map(str::trim).collect(),
                None => vec![part],
            };
            for import in imported {
                let to = import.split(|c: char| !(c.is_ascii_lowercase() || c == '_')).next().unwrap();
                if let Some(there) = ROOMS.iter().position(|known| *known == to)
                    && there > at
                {
                    wrong.push(format!("{name} ({room}) imports {to}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The floors of the approval room from left to right, in which what is decided doesn't know who asked.
const FLOORS: [&str; 4] = ["landing", "testimony", "decision", "chain"];

#[test]
fn a_floor_of_approval_stands_on_those_before_it() {
    let mut wrong = Vec::new();
    for (name, text) in &sources() {
        let Some(path) = name.strip_prefix("src/approval/").filter(|path| !path.contains("test")) else { continue };
        let Some(at) = FLOORS.iter().position(|floor| path.starts_with(&format!("{floor}/"))) else { continue };
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for later in &FLOORS[at + 1..] {
            for way in ["approval::", "approval::{", "super::super::"] {
                if code.contains(&format!("{way}{later}")) {
                    wrong.push(format!("{name} uses {later}"));
                }
            }
        }
        // what the room gives to others comes from every floor
        for name_of_all in code.split("crate::approval::").skip(1) {
            if name_of_all.starts_with(|c: char| c.is_ascii_uppercase() || c == '{') {
                wrong.push(format!("{name} imports from no floor: {}", name_of_all.lines().next().unwrap()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Every path that a piece of `use` stands for.
fn spelt_out(tree: &str) -> Vec<String> {
    let Some((before, rest)) = tree.split_once('{') else { return vec![tree.trim().to_owned()] };
    let inner = rest.rsplit_once('}').unwrap().0;
    let (mut parts, mut part, mut depth) = (Vec::new(), String::new(), 0);
    for letter in inner.chars().chain([',']) {
        match letter {
            ',' if depth == 0 => parts.push(std::mem::take(&mut part)),
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if letter != ',' || depth > 0 {
            part.push(letter);
        }
    }
    parts.iter().flat_map(|part| spelt_out(&format!("{}{}", before.trim(), part.trim()))).collect()
}

/// The files that a file names, each by the names that lead to it.
fn named(module: &[String], text: &str, modules: &BTreeSet<Vec<String>>) -> BTreeSet<Vec<String>> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code = lines.collect::<Vec<_>>().join(" ");
    let imports = code.split("use ").skip(1).filter_map(|rest| rest.split_once(';')).map(|(tree, _)| tree);
    // the word stands in sentences too
    let imports = imports.filter(|tree| tree.chars().all(|c| c.is_alphanumeric() || "_:{}, ".contains(c)));
    let inline = ["crate::", "super::"].into_iter().flat_map(|start| {
        let parts = code.split(start).skip(1);
        parts.map(move |rest| {
            format!("{start}{}", rest.split(|c: char| !(c.is_alphanumeric() || "_:".contains(c))).next().unwrap())
        })
    });
    let mut found = BTreeSet::new();
    for path in imports.flat_map(spelt_out).chain(inline) {
        let mut at = module.to_vec();
        for name in path.split("::") {
            match name {
                "crate" => at.clear(),
                "self" => at = module.to_vec(),
                "super" => drop(at.pop()),
                name => at.push(name.to_owned()),
            }
        }
        while !at.is_empty() && !modules.contains(&at) {
            at.pop();
        }
        // a folder's own file gives out what the files in it hold
        if !at.is_empty() && !at.starts_with(module) && !module.starts_with(&at) {
            found.insert(at);
        }
    }
    found
}

#[test]
fn files_of_a_room_import_each_other_in_no_circle() {
    let mut texts = BTreeMap::new();
    for (name, text) in sources() {
        let Some(path) = name.strip_prefix("src/").and_then(|path| path.strip_suffix(".rs")) else { continue };
        if !path.contains("test") && !path.contains("contract") {
            let module = path.trim_end_matches("/mod").split('/').map(str::to_owned).collect::<Vec<_>>();
            texts.insert(module, text);
        }
    }
    let modules: BTreeSet<Vec<String>> = texts.keys().cloned().collect();
    let names: BTreeMap<&Vec<String>, BTreeSet<Vec<String>>> =
        texts.iter().map(|(module, text)| (module, named(module, text, &modules))).collect();
    assert!(names.values().map(BTreeSet::len).sum::<usize>() > 1000, "imports were not understood");
    let mut circular = BTreeMap::<&str, Vec<String>>::new();
    for module in &modules {
        let (mut seen, mut open) = (BTreeSet::new(), vec![module]);
        while let Some(at) = open.pop() {
            for next in names[at].iter().filter(|next| next[0] == module[0]) {
                if next == module {
                    circular.entry(&module[0]).or_default().push(module.join("::"));
                    open.clear();
                    break;
                }
                if seen.insert(next) {
                    open.push(next);
                }
            }
        }
    }
    assert!(circular.is_empty(), "{circular:#?}");
}

#[test]
fn git_lives_in_one_room_and_pure_rooms_touch_nothing() {
    for (name, text) in sources().iter().filter(|(name, _)| name.starts_with("src/")) {
        if !name.starts_with("src/repository/") {
            assert!(!text.contains("git2::"), "{name} uses git2");
        }
        let pure = [
            "src/access/",
            "src/lint/",
            "src/plan/",
            "src/report/",
            "src/approval/decision",
            "src/approval/landing",
            "src/audit/merkle",
            "src/audit/tiles",
            "src/audit/log",
        ];
        if pure.iter().any(|room| name.starts_with(room)) && !name.contains("test") {
            let code = text.split("#[cfg(test)]").next().unwrap();
            for edge in ["std::fs", "std::net", "std::process", "std::env", "SystemTime", "Timestamp::now", "async fn"]
            {
                assert!(!code.contains(edge), "{name} uses {edge}");
            }
        }
    }
}

#[test]
fn files_are_short_enough_to_read() {
    let long: Vec<String> = sources()
        .iter()
        .filter(|(_, text)| text.lines().count() > 500)
        .map(|(name, text)| format!("{name}: {} lines", text.lines().count()))
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
#[should_panic(expected = "would read today's clock")]
fn a_story_without_a_time_is_refused() {
    crate::support::World::empty().dualkey(&["lint"]);
}

#[test]
fn nothing_in_the_stories_starts_the_program_without_being_asked_for_the_time() {
    for (name, text) in
        sources().iter().filter(|(name, _)| name.starts_with("tests/cli/") && !name.ends_with("support.rs"))
    {
        assert!(
            !text.contains(concat!("CARGO_BIN", "_EXE")),
            "{name} starts the program by itself: use `World::command`, `finish`, `start`"
        );
    }
}

/// Secrets are kept from every program that is started, which is seen to in one place. The demo's stage and its server start
/// from an empty environment.
#[test]
fn programs_are_started_in_one_place() {
    let places = ["src/repository/process.rs", "src/cli/demo/postgres/server.rs", "src/cli/demo/stage.rs"];
    for (name, text) in sources().iter().filter(|(name, _)| name.starts_with("src/") && !name.contains("test")) {
        let code = text.split("#[cfg(test)]").next().unwrap();
        assert!(
            places.contains(&name.as_str()) || !code.contains("Command::new("),
            "{name} starts a program by itself"
        );
    }
}
