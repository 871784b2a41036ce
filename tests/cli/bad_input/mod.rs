//! Bad input, through the command where a user meets it: the right exit code, the place, the next step, nothing
//! changed, and never a panic.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::support::{ALICE_GRANT, DUALKEY, Ran, World, finish, key, scrubbed, takes_now};

mod hidden;
pub mod trust;

const GRANT: &str = "grants/payments/alice-refunds.yaml";

/// Everything that a command could have changed: files, refs here and on the remote, sandboxes.
fn state(world: &World) -> BTreeMap<String, String> {
    let mut state = BTreeMap::new();
    let repo = world.repo();
    files(&repo, &repo, &mut state);
    for dir in [repo.clone(), world.root.path().join("origin.git")] {
        if !dir.join("HEAD").exists() && !dir.join(".git").exists() {
            continue;
        }
        let refs = world.git_in(&dir, &["for-each-ref", "--format=%(refname) %(objectname)"]);
        // what was seen on the remote is only a copy, and a lease that was taken is given back
        let own = ["refs/dualkey-mirror/", "refs/dualkey/lease "];
        let refs: Vec<&str> = refs.lines().filter(|line| !own.iter().any(|own| line.starts_with(own))).collect();
        state.insert(format!("refs of {}", dir.display()), refs.join("\n"));
    }
    state
}

fn files(root: &Path, dir: &Path, found: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let path = entry.path();
        let name = path.strip_prefix(root).unwrap().display().to_string();
        let kind = entry.file_type().unwrap();
        // git's own files are told of by the refs; a clone may remember the checkpoint that it saw
        let private = name.starts_with(".git/") && !name.starts_with(".git/dualkey");
        if private || name.starts_with(".git/dualkey/log-") || name.starts_with(".git/dualkey/verified-") {
            continue;
        }
        if kind.is_dir() {
            files(root, &path, found);
        } else if kind.is_file() {
            let mut hasher = DefaultHasher::new();
            std::fs::read(&path).unwrap_or_default().hash(&mut hasher);
            found.insert(name, hasher.finish().to_string());
        } else {
            found.insert(name, "no file".to_owned());
        }
    }
}

/// The command fails so: with this code, these words and a next step, without a trace of its inside, and changing
/// nothing.
#[track_caller]
pub fn fails(world: &World, args: &[&str], code: i32, words: &[&str]) -> Ran {
    let before = state(world);
    let ran = if takes_now(args) { world.timed(args) } else { world.dualkey(args) };
    judge(ran, code, words, world, &before)
}

/// The same for the approval of a head.
#[track_caller]
fn approve_fails(world: &World, head: &str, person: &str, code: i32, words: &[&str]) -> Ran {
    let key = key(person);
    fails(world, &["approve", "--yes", "--key", key.to_str().unwrap(), "--head", head], code, words)
}

#[track_caller]
fn judge(ran: Ran, code: i32, words: &[&str], world: &World, before: &BTreeMap<String, String>) -> Ran {
    let mut ran = ran.exits(code);
    for word in words {
        ran = ran.says(word);
    }
    let all = format!("{}{}", ran.stdout, ran.stderr);
    assert!(all.contains("help:"), "no next step in:\n{all}");
    for word in ["panicked", "backtrace", "src/", "RUST_"] {
        assert!(!all.contains(word), "`{word}` is in:\n{all}");
    }
    assert_eq!(&state(world), before, "something was changed by a command that failed");
    ran
}

/// Commands that look at the work tree, and commands that look at what landed.
const LOOK: [&[&str]; 2] = [&["lint"], &["plan"]];
const JUDGE: [&[&str]; 4] = [&["verify"], &["apply"], &["drift"], &["access", "priya.shah"]];

#[track_caller]
fn all_fail(world: &World, commands: &[&[&str]], code: i32, words: &[&str]) {
    for args in commands {
        fails(world, args, code, words);
    }
}

/// A world whose `repo` is something else than a clone of Northwind.
fn bare_world(make: impl Fn(&World)) -> World {
    let world = World { root: tempfile::tempdir().unwrap(), anchor: None, now: crate::support::NOW.to_owned() };
    std::fs::create_dir(world.repo()).unwrap();
    make(&world);
    world
}

#[test]
fn a_folder_that_is_no_repository() {
    let world = bare_world(|_| {});
    for commands in [&LOOK[..], &JUDGE[..], &[&["approve"], &["audit", "log"]]] {
        for args in commands {
            let ran = fails(&world, args, 2, &["is not inside a git repository"]);
            assert_eq!(ran.stdout, "");
        }
    }
    fails(&world, &["lint", "--repo", "/nowhere/at/all"], 2, &["/nowhere/at/all"]);
    assert!(std::fs::read_dir(world.repo()).unwrap().next().is_none());
}

#[test]
fn a_bare_repository() {
    let world = bare_world(|world| {
        world.git_in(world.root.path(), &["init", "-q", "--bare", "-b", "main", "repo"]);
    });
    for commands in [&LOOK[..], &JUDGE[..], &[&["approve"], &["audit", "log"]]] {
        for args in commands {
            fails(&world, args, 2, &["is a bare repository"]);
        }
    }
}

#[test]
fn an_empty_repository() {
    let world = bare_world(|world| {
        world.git_in(world.root.path(), &["init", "-q", "-b", "main", "repo"]);
    });
    fails(&world, &["lint"], 2, &["there is no dualkey.yaml"]);
    fails(&world, &["plan"], 2, &[]);
    all_fail(&world, &JUDGE, 2, &["no commit"]);
    fails(&world, &["approve"], 2, &["no commit"]);
}

#[test]
fn a_shallow_clone() {
    let world = World::new();
    world.write("notes.txt", "second\n");
    world.commit("A second commit");
    world.git(&["push", "-q", "origin", "main"]);
    let url = format!("file://{}", world.root.path().join("origin.git").display());
    world.git_in(world.root.path(), &["clone", "-q", "--depth", "1", &url, "shallow"]);
    let shallow = world.root.path().join("shallow");
    for args in [&["verify"][..], &["apply"], &["drift"], &["audit", "verify"], &["approve", "--yes"]] {
        let ran = if takes_now(args) { world.timed_in(&shallow, args) } else { world.dualkey_in(&shallow, args) };
        ran.exits(5).says("shallow").says("git fetch --unshallow");
    }
    // what needs no history goes on
    world.timed_in(&shallow, &["lint"]).exits(0);
}

/// What landed can't be read: it is refused as such, and what was verified before still holds.
#[track_caller]
fn landed_unreadable(world: &World, word: &str) {
    fails(world, &["verify"], 5, &["refused[landed-tree-invalid]", word]);
    world.timed(&["apply"]).exits(5).says("landed-tree-invalid");
    world.timed(&["drift"]).exits(0);
}

#[test]
fn a_repository_of_something_else() {
    let world = bare_world(|world| {
        world.git_in(world.root.path(), &["init", "-q", "-b", "main", "repo"]);
        world.write("notes.txt", "hello\n");
        world.git(&["add", "-A"]);
        world.git(&["-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-q", "-m", "x"]);
    });
    all_fail(&world, &LOOK, 2, &["there is no dualkey.yaml"]);
    all_fail(&world, &JUDGE, 2, &["there is no dualkey.yaml"]);
}

#[test]
fn no_dualkey_yaml() {
    let world = World::new();
    world.git(&["rm", "-q", "dualkey.yaml"]);
    all_fail(&world, &LOOK, 2, &["there is no dualkey.yaml in the work tree", "dualkey init"]);
    world.commit("Lose it");
    world.git(&["push", "-q", "origin", "main"]);
    fails(&world, &["lint", "--rev", "HEAD"], 2, &["there is no dualkey.yaml"]);
    landed_unreadable(&world, "there is no dualkey.yaml");
    fails(&world, &["approve", "--genesis", "HEAD"], 2, &["there is no dualkey.yaml"]);
}

#[test]
fn a_version_from_the_future() {
    let world = World::new();
    world.write("dualkey.yaml", &world.read("dualkey.yaml").replace("version: 1", "version: 2\nwarp: yes"));
    all_fail(&world, &LOOK, 2, &["version 2", "reads version 1"]);
    world.commit("The future");
    world.git(&["push", "-q", "origin", "main"]);
    landed_unreadable(&world, "dualkey.yaml is of version 2");
}

#[test]
fn a_version_that_is_no_number() {
    let world = World::new();
    let config = world.read("dualkey.yaml");
    for version in ["version: \"1\"", "version: 1.0", "version: -1", "version: 99999999999999999999", "version:"] {
        world.write("dualkey.yaml", &config.replace("version: 1", version));
        fails(&world, &["lint"], 1, &["dualkey.yaml:1:"]);
        fails(&world, &["plan"], 1, &["dualkey.yaml:1:"]);
    }
    world.write("dualkey.yaml", &config.replace("version: 1\n", ""));
    fails(&world, &["lint"], 1, &["version"]);
}

#[test]
fn dualkey_yaml_that_is_wrong_where_it_counts() {
    let world = World::new();
    let config = world.read("dualkey.yaml");
    world.write("dualkey.yaml", &config.replace("Europe/London", "Europe/Londres"));
    fails(&world, &["lint"], 1, &["dualkey.yaml:3:", "Europe/Londres"]);
    fails(&world, &["plan"], 1, &["dualkey.yaml:3:"]);
    world.commit("Move to nowhere");
    world.git(&["push", "-q", "origin", "main"]);
    landed_unreadable(&world, "dualkey.yaml:3:");
    // and on the protected branch alone, with a checkout that is still right
    world.git(&["reset", "-q", "--hard", "HEAD~1"]);
    world.timed(&["lint"]).exits(0);
    fails(&world, &["verify"], 5, &["dualkey.yaml:3:"]);
}

/// A file of each broken kind: what it holds, the rule, and where.
fn broken_files() -> Vec<(Vec<u8>, &'static str, &'static str)> {
    let deep = |open: &str| format!("to: {}", open.repeat(100_000)).into_bytes();
    vec![
        (b"to: [alice.nguyen\nrole: developer\n".to_vec(), "invalid-yaml", ":"),
        (b"to: [alice.nguyen]\nreason: caf\xe9\n".to_vec(), "invalid-yaml", ":2:12"),
        (b"\xff\xfet\0o\0".to_vec(), "invalid-yaml", ""),
        (b"\xef\xbb\xbfto: [alice.nguyen]\n".to_vec(), "invalid-yaml", ":1:1"),
        (b"to: [alice.nguyen]\r\nrole: developer\r\n".to_vec(), "invalid-yaml", ":1:19"),
        (b"- to\n- role\n".to_vec(), "invalid-yaml", ":1:1"),
        (b"".to_vec(), "", ""),
        (b"to: [a]\nto: [b]\n".to_vec(), "duplicate-key", ":2:1"),
        (b"to: &all [alice.nguyen]\nrole: x\n".to_vec(), "yaml-feature", ":1:5"),
        (b"to: [alice.nguyen]\nrole: *admin\n".to_vec(), "yaml-feature", ":2:7"),
        (b"to: [alice.nguyen]\n<<: { role: x }\n".to_vec(), "yaml-feature", ":2:1"),
        (b"to: !!set { a }\n".to_vec(), "yaml-feature", ":1:5"),
        (b"to: [alice.nguyen]\n---\nto: [bob.keller]\n".to_vec(), "yaml-feature", ":2:1"),
        (deep("["), "too-large", ":1:"),
        (deep("{a: "), "too-large", ":1:"),
        (deep("- "), "", ":1:"),
        ("to: [alice.nguyen] # \u{202e}\n".as_bytes().to_vec(), "hidden-character", ":1:22"),
        (b"to: [alice.nguyen]\nreason: \"\\u202e\"\n".to_vec(), "hidden-character", ":2:9"),
    ]
}

#[test]
fn files_that_can_t_be_read() {
    let world = World::new();
    world.git(&["switch", "-q", "-c", "broken"]);
    for (bytes, rule, place) in broken_files() {
        std::fs::create_dir_all(world.repo().join("grants/payments")).unwrap();
        std::fs::write(world.repo().join(GRANT), &bytes).unwrap();
        let place = format!("{GRANT}{place}");
        let rule = if rule.is_empty() { "error[".to_owned() } else { format!("error[{rule}]") };
        fails(&world, &["lint"], 1, &[&rule, &place]);
        // the plan says it too, and gives no verdict but that
        let plan = fails(&world, &["plan"], 1, &[&rule, "blocked"]);
        assert!(plan.stdout.len() < 50_000, "{}", plan.stdout.len());
    }
}

#[test]
fn a_broken_file_on_the_protected_branch_is_not_judged() {
    let world = World::new();
    std::fs::write(world.repo().join("grants/payments/bob-checkout.yaml"), b"to: [bob\xe9]\n").unwrap();
    world.commit("Break a grant");
    world.git(&["push", "-q", "origin", "main"]);
    fails(&world, &["verify"], 5, &["refused[landed-tree-invalid]", "bob-checkout.yaml"]);
    let ran = world.timed(&["apply"]).exits(5).says("landed-tree-invalid");
    assert!(!ran.stdout.contains("panicked"));
}

#[test]
fn fifty_megabytes() {
    let world = World::new();
    world.git(&["switch", "-q", "-c", "large"]);
    std::fs::write(world.repo().join(GRANT), vec![b'#'; 50 << 20]).unwrap();
    // far less memory than the file, the program and its libraries would take together
    let limited = |args: &[&str]| {
        let mut command = scrubbed("sh", world.root.path());
        command.current_dir(world.repo()).args(["-c", "ulimit -v 400000; exec \"$@\"", "sh"]);
        command.arg(DUALKEY).args(args).args(["--now", &world.now]);
        finish(command)
    };
    limited(&["lint"]).exits(1).says("error[too-large]").says(GRANT).says("help:");
    limited(&["plan"]).exits(1).says("too-large");
    world.commit("Large");
    limited(&["lint", "--rev", "large"]).exits(1).says("error[too-large]");
    limited(&["plan", "--head", "large"]).exits(1).says("too-large");
}

#[test]
fn what_is_no_plain_file() {
    let world = World::new();
    world.git(&["switch", "-q", "-c", "odd"]);
    symlink("/etc/passwd", world.repo().join("people/eve.yaml")).unwrap();
    let lint = fails(&world, &["lint"], 1, &["error[unsafe-path]", "people/eve.yaml", "symbolic link"]);
    assert!(!lint.stdout.contains("root:"), "{}", lint.stdout);
    fails(&world, &["plan"], 1, &["unsafe-path"]);
    world.commit("A link");
    fails(&world, &["lint", "--rev", "odd"], 1, &["error[unsafe-path]", "people/eve.yaml"]);
    fails(&world, &["plan", "--head", "odd"], 1, &["unsafe-path"]);
    approve_fails(&world, "odd", "priya.shah", 3, &["refused[unsafe-path]", "people/eve.yaml"]);
    fails(&world, &["verify", "--head", "odd"], 5, &["landed-tree-invalid", "people/eve.yaml"]);
    world.git(&["push", "-q", "origin", "odd:main"]);
    fails(&world, &["verify"], 5, &["refused[landed-tree-invalid]"]);
    world.git(&["push", "-q", "-f", "origin", "main"]);
    world.git(&["reset", "-q", "--hard", "main"]);
    finish({
        let mut command = scrubbed("mkfifo", world.root.path());
        command.arg(world.repo().join("people/eve.yaml"));
        command
    })
    .exits(0);
    fails(&world, &["lint"], 1, &["error[unsafe-path]", "people/eve.yaml", "regular file"]);
    std::fs::remove_file(world.repo().join("people/eve.yaml")).unwrap();
    // a folder where a file should be
    std::fs::create_dir(world.repo().join("people/eve.yaml")).unwrap();
    world.write("people/eve.yaml/eve.txt", "hello\n");
    fails(&world, &["lint"], 1, &["error[unexpected-file]", "people/eve.yaml/eve.txt"]);
    std::fs::remove_dir_all(world.repo().join("people/eve.yaml")).unwrap();
    world.write("people/Eve.yaml", "name: Eve\ntype: employee\n");
    world.write("people/eve.yaml", "name: Eve\ntype: employee\n");
    fails(&world, &["lint"], 1, &["error[unsafe-path]", "people/"]);
}

#[test]
fn a_link_in_the_place_of_dualkey_yaml() {
    let world = World::new();
    std::fs::rename(world.repo().join("dualkey.yaml"), world.root.path().join("elsewhere.yaml")).unwrap();
    symlink("../elsewhere.yaml", world.repo().join("dualkey.yaml")).unwrap();
    all_fail(&world, &LOOK, 1, &["error[unsafe-path]", "`dualkey.yaml` is a symbolic link"]);
}

#[test]
fn a_file_that_may_not_be_read() {
    let world = World::new();
    let file = world.repo().join("people/bob.keller.yaml");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o000)).unwrap();
    for args in [["lint"], ["plan"]] {
        // who is root needs to give up reading what isn't theirs
        let mut command = if std::fs::read(&file).is_ok() {
            let mut command = scrubbed("setpriv", world.root.path());
            command.args(["--bounding-set=-dac_override,-dac_read_search", DUALKEY]);
            command.current_dir(world.repo());
            command
        } else {
            world.command(&world.repo())
        };
        command.args(args).args(["--now", &world.now]);
        finish(command).exits(1).says("people/bob.keller.yaml").says("help:");
    }
}

#[test]
fn revisions_that_name_nothing_or_too_much() {
    let world = World::new();
    for args in [
        &["lint", "--rev", "nowhere"][..],
        &["lint", "--base", "nowhere"],
        &["plan", "--head", "nowhere"],
        &["plan", "--base", "nowhere"],
        &["approve", "--head", "nowhere"],
        &["approve", "--genesis", "nowhere"],
        &["verify", "--head", "nowhere"],
        &["verify", "--rev", "nowhere"],
        &["verify", "--range", "nowhere..main"],
        &["audit", "init", "--genesis", "nowhere"],
    ] {
        fails(&world, args, 2, &["`nowhere` is not a revision"]);
    }
    fails(&world, &["plan", "--head", "main:people"], 2, &["main:people"]);
    fails(&world, &["plan", "--head=--upload-pack=x"], 2, &["is not a revision"]);
    fails(&world, &["verify", "--range", "main"], 2, &["is not a range"]);
    world.git(&["branch", "twice"]);
    world.git(&["tag", "twice", "HEAD"]);
    world.write("notes.txt", "x\n");
    world.commit("Move on");
    world.git(&["tag", "-f", "twice"]);
    for args in [&["lint", "--rev", "twice"][..], &["plan", "--head", "twice"], &["verify", "--head", "twice"]] {
        fails(&world, args, 2, &["`twice` is ambiguous"]);
    }
    fails(&world, &["approve", "--head", "twice"], 2, &["`twice` is ambiguous", "refs/heads/twice"]);
}

#[test]
fn a_clock_that_is_none() {
    let world = World::new();
    for now in ["yesterday", "2026-11-23", "2026-11-23T09:00:00", "2026-02-30T00:00:00Z", "99999999999"] {
        for args in [&["lint"][..], &["plan"], &["verify"], &["apply"], &["drift"]] {
            let before = state(&world);
            let mut all = args.to_vec();
            all.extend(["--now", now]);
            judge(world.dualkey(&all), 2, &["is not an instant"], &world, &before);
        }
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let world = World::new();
    world.write(GRANT, &ALICE_GRANT.replace("until: 2027-01-03", "untill: 2027-01-03").replace("reason:", "to:"));
    world.write("people/x.yaml", "name: X\ntype: alien\n");
    world.write("grants/notes.txt", "hello\n");
    let rules = ["unknown-field", "duplicate-key", "schema", "unexpected-file"].map(|rule| format!("error[{rule}]"));
    let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
    fails(&world, &["lint"], 1, &rules);
}

#[test]
fn a_target_without_a_client_is_named() {
    let world = World::new();
    let config = world.read("dualkey.yaml");
    world.write(
        "dualkey.yaml",
        &config.replace("{ type: sandbox, as: github }", "{ organization: northwind, id: 9919 }"),
    );
    fails(&world, &["plan", "--live"], 5, &["target-unproven", "`github`"]);
    world.timed(&["lint", "--fly"]).exits(2).says("--fly").says("--help");
    world.dualkey(&["fly"]).exits(2).says("fly").says("--help");
}
