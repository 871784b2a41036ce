use super::support::{Ran, World, files, finish, key, public_key};

fn init(world: &World, admins: &[&str]) -> Ran {
    let mut arguments = vec!["init".to_owned(), "repo".to_owned(), "--organization".to_owned(), "northwind".to_owned()];
    for admin in admins {
        arguments.extend(["--admin".to_owned(), format!("{admin}={}.pub", key(admin).display())]);
    }
    world.timed_in(world.root.path(), &arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn a_new_repository_lints_clean() {
    for admins in [&["priya.shah", "mei.tanaka"][..], &["priya.shah", "mei.tanaka", "sven.olsen"]] {
        let world = World::empty();
        let ran = init(&world, admins).exits(0);
        assert_eq!(ran.stderr, "");
        if admins.len() == 3 {
            insta::assert_snapshot!(ran.stdout);
        }
        let enough = admins.len() == 3;
        let lint = world.timed(&["lint", "--fail-on", "warning"]).exits(i32::from(!enough));
        match enough {
            true => assert!(lint.stdout.starts_with("no findings"), "{}", lint.stdout),
            // two who approve for each other can't give one approval more
            false => assert_eq!(
                lint.says("only `mei.tanaka` and `priya.shah` can approve").stdout.matches("warning[").count(),
                1
            ),
        }
        // the cases that come along try the policies that came along
        let tested = world.timed(&["test"]).exits(0).says("9 passed, 0 failed").stdout;
        assert!(!tested.contains("no case exercises duties"), "{tested}");
        assert_eq!(world.read("policies/approvals.yaml").contains("change: policy, count: 2"), enough);
    }
}

#[test]
fn what_is_made_can_be_begun_with() {
    let world = World::empty();
    init(&world, &["priya.shah", "mei.tanaka"]).exits(0);
    world.be("priya.shah");
    world.commit("start");
    for person in ["priya.shah", "mei.tanaka"] {
        world.approve_with(&["--genesis", "HEAD"], person).exits(0);
    }
    world.timed(&["audit", "init", "--genesis", "HEAD", "--log-key", "../repo.log-key"]).exits(0);
    world.timed(&["apply", "--log-key", "../repo.log-key"]).exits(0);
    world.timed(&["verify"]).exits(0);
    // the examples of its README are all that `new` still needs
    let readme = world.read("README.md");
    let examples: Vec<&str> = readme.split("```").filter_map(|text| text.strip_prefix("yaml\n")).collect();
    for (path, text) in ["vendors/acme.yaml", "roles/developer.yaml"].iter().zip(&examples) {
        world.write(path, text);
    }
    world.commit("a vendor and a role");
    let alice = ["new", "alice", "--name", "Alice", "--vendor", "acme", "--github", "alice:1", "--role", "developer"];
    let what = ["--on", "app", "--for", "6w", "--reason", "Build it"];
    world.timed(&[&alice[..], &what].concat()).exits(0);
}

#[test]
fn the_log_key_stays_outside_and_private() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::empty();
    init(&world, &["priya.shah"]).exits(0);
    let file = world.path("repo.log-key");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let secret = std::fs::read_to_string(&file).unwrap();
    let inside = files(&world.repo());
    assert!(secret.starts_with("PRIVATE+KEY+northwind-access+"));
    assert!(inside.values().all(|bytes| !String::from_utf8_lossy(bytes).contains("PRIVATE+KEY")));
    // a folder within a repository would have the key within it, too
    crate::flaky::plant(&world.repo());
    let before = files(&world.repo());
    let admin = format!("priya.shah={}", key("priya.shah").display());
    world.timed(&["init", "deeper", "--admin", &admin]).exits(2).says("would lie in the repository");
    assert_eq!(files(&world.repo()), before);
}

#[test]
fn a_run_that_was_cut_off_is_finished_by_the_next() {
    let world = World::empty();
    let admins = ["priya.shah", "mei.tanaka", "sven.olsen"];
    init(&world, &admins).exits(0);
    let key_of_log = std::fs::read_to_string(world.path("repo.log-key")).unwrap();
    // killed before the last files were there
    for path in ["dualkey.yaml", "README.md", "people/sven.olsen.yaml"] {
        std::fs::remove_file(world.repo().join(path)).unwrap();
    }
    init(&world, &admins).exits(0);
    assert_eq!(std::fs::read_to_string(world.path("repo.log-key")).unwrap(), key_of_log);
    world.timed(&["lint"]).exits(0).says("no findings");
    // one that is done is not touched, and what somebody else wrote neither
    init(&world, &admins).exits(2);
    std::fs::remove_file(world.repo().join("dualkey.yaml")).unwrap();
    world.write("people/sven.olsen.yaml", "name: Somebody else\n");
    init(&world, &admins).exits(2).says("people/sven.olsen.yaml");
    assert_eq!(world.read("people/sven.olsen.yaml"), "name: Somebody else\n");
}

#[test]
fn editors_find_the_schemas() {
    let world = World::empty();
    init(&world, &["priya.shah"]).exits(0);
    let settings: serde_json::Value = serde_json::from_str(&world.read(".vscode/settings.json")).unwrap();
    let schemas = settings["yaml.schemas"].as_object().unwrap();
    assert_eq!(schemas.len(), 11);
    for (schema, files) in schemas {
        serde_json::from_str::<serde_json::Value>(&world.read(schema)).unwrap();
        let folder = files[0].as_str().unwrap().split('/').next().unwrap();
        let here = world.repo().join(folder).exists();
        assert!(here || ["bridges", "grants", "roles", "vendors"].contains(&folder), "{files}");
    }
    assert_eq!(world.read(".gitattributes"), "* text=auto eol=lf\n");
}

#[test]
fn without_admins_it_is_whoever_git_knows() {
    let world = World::empty();
    let key = key("priya.shah");
    let key = key.display();
    let config = format!("[user]\nname = Priya Shah\nemail = priya@northwind.example\nsigningkey = {key}\n");
    std::fs::write(world.path("gitconfig"), config).unwrap();
    let mut command = world.command(world.root.path());
    command.args(["init", "repo", "--now", &world.now]).env("GIT_CONFIG_GLOBAL", world.path("gitconfig"));
    finish(command).exits(0).says("approved by priya.shah").says("--single");
    let person = world.read("people/priya.shah.yaml");
    assert!(person.contains("emails: [priya@northwind.example]"), "{person}");
    world.timed(&["test"]).exits(0).says("8 passed, 0 failed");
    // one admin is one warning, and no error
    let lint = world.timed(&["lint"]).exits(0);
    assert!(lint.stdout.contains("single-admin") && lint.stdout.contains("1 warning in"), "{}", lint.stdout);
}

#[test]
fn bad_input_writes_nothing() {
    let world = World::empty();
    std::fs::create_dir(world.path("keys")).unwrap();
    std::fs::write(world.path("keys/priya.shah.pub"), public_key("priya.shah")).unwrap();
    std::fs::copy(key("priya.shah"), world.path("keys/priya.shah")).unwrap();
    let mut keygen = std::process::Command::new("ssh-keygen");
    keygen.args(["-q", "-t", "rsa", "-b", "2048", "-N", "", "-f"]).arg(world.path("keys/rsa"));
    finish(keygen).exits(0);
    std::fs::create_dir(world.path("taken")).unwrap();
    std::fs::write(world.path("taken/dualkey.yaml"), "mine").unwrap();
    let before = files(&world.path("."));
    let priya = "priya.shah=keys/priya.shah.pub";
    for (arguments, says) in [
        (vec!["init", "access"], "git doesn't know your user.name"),
        (vec!["init", "access", "--admin", "priya.shah"], "is not ID=KEYFILE"),
        (vec!["init", "access", "--admin", "Priya=keys/priya.shah.pub"], "is not an id"),
        (vec!["init", "access", "--admin", "priya.shah=keys/nobody.pub"], "failed"),
        (vec!["init", "access", "--admin", "priya.shah=keys/rsa.pub"], "RSA"),
        (vec!["init", "access", "--admin", "priya.shah=taken/dualkey.yaml"], "holds no public SSH key"),
        (vec!["init", "access", "--admin", priya, "--admin", priya], "named twice"),
        (vec!["init", "access", "--admin", priya, "--admin", "mei=keys/priya.shah"], "the same key"),
        (vec!["init", "access", "--admin", priya, "--organization", "North Wind"], "is not an id"),
        (vec!["init", "access", "--admin", priya, "--github", "northwind/access"], "is not OWNER/NAME:ID"),
        (vec!["init", "access", "--admin", priya, "--github", "northwind/../x:7"], "is not OWNER/NAME:ID"),
        (
            vec!["init", "access", "--admin", priya, "--github", "northwind/access:7", "--account", "priya.shah=ada"],
            "is not ID=LOGIN:NUMBER",
        ),
        (
            vec!["init", "access", "--admin", priya, "--github", "northwind/access:7", "--account", "mei=ada:7"],
            "`mei` is no admin",
        ),
        (vec!["init", "taken", "--admin", priya], "has a dualkey.yaml already"),
        (vec!["init", "access", "--admin", priya, "--log-key", "access/key"], "would lie in the repository"),
        (vec!["init", "access", "--admin", priya, "--log-key", "keys/rsa"], "is there already"),
    ] {
        let ran = world.timed_in(world.root.path(), &arguments).exits(2);
        assert!(ran.stderr.contains(says), "{arguments:?}\n{}", ran.stderr);
        assert_eq!(ran.stdout, "");
        assert!(!world.repo().exists(), "{arguments:?}");
    }
    assert_eq!(files(&world.path(".")), before);
}
