use super::fresh::{World, files};

fn init(world: &World, admins: &[&str]) -> super::fresh::Ran {
    let mut arguments =
        vec!["init".to_owned(), "access".to_owned(), "--organization".to_owned(), "northwind".to_owned()];
    for admin in admins {
        world.public_key(admin);
        arguments.extend(["--admin".to_owned(), format!("{admin}=keys/{admin}.pub")]);
    }
    world.dualkey_in(".", &arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn a_new_repository_lints_clean() {
    for admins in [&["priya.shah", "mei.tanaka"][..], &["priya.shah", "mei.tanaka", "sven.olsen"]] {
        let world = World::empty();
        let ran = init(&world, admins).ends(0);
        assert_eq!(ran.stderr, "");
        if admins.len() == 3 {
            insta::assert_snapshot!(ran.stdout);
        }
        let lint = world.dualkey(&["lint", "--fail-on", "warning"]).ends(0);
        assert!(lint.stdout.starts_with("no findings"), "{}", lint.stdout);
        let enough = admins.len() == 3;
        assert_eq!(world.read("policies/approvals.yaml").contains("change: policy, count: 2"), enough);
    }
}

#[test]
fn what_is_made_can_be_begun_with() {
    let world = World::empty();
    init(&world, &["priya.shah", "mei.tanaka"]).ends(0);
    world.git(&["config", "gpg.format", "ssh"]);
    world.git(&["config", "commit.gpgsign", "true"]);
    world.commit("priya.shah", "start");
    for person in ["priya.shah", "mei.tanaka"] {
        world.dualkey(&["approve", "--genesis", "HEAD", "--key", &format!("../keys/{person}"), "--yes"]).ends(0);
    }
    world.dualkey(&["audit", "init", "--genesis", "HEAD", "--log-key", "../access.log-key"]).ends(0);
    world.dualkey(&["apply", "--log-key", "../access.log-key"]).ends(0);
    world.dualkey(&["verify"]).ends(0);
}

#[test]
fn the_log_key_stays_outside_and_private() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::empty();
    init(&world, &["priya.shah"]).ends(0);
    let file = world.path("access.log-key");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let secret = std::fs::read_to_string(&file).unwrap();
    let inside = files(&world.path("access"));
    assert!(secret.starts_with("PRIVATE+KEY+northwind-access+"));
    assert!(inside.values().all(|bytes| !String::from_utf8_lossy(bytes).contains("PRIVATE+KEY")));
    // a folder within a repository would have the key within it, too
    let before = files(&world.path("access"));
    let ran = world.dualkey(&["init", "deeper", "--admin", "priya.shah=../keys/priya.shah"]).ends(2);
    assert!(ran.stderr.contains("would lie in the repository"), "{}", ran.stderr);
    assert_eq!(files(&world.path("access")), before);
}

#[test]
fn editors_find_the_schemas() {
    let world = World::empty();
    init(&world, &["priya.shah"]).ends(0);
    let settings: serde_json::Value = serde_json::from_str(&world.read(".vscode/settings.json")).unwrap();
    let schemas = settings["yaml.schemas"].as_object().unwrap();
    assert_eq!(schemas.len(), 9);
    for (schema, files) in schemas {
        serde_json::from_str::<serde_json::Value>(&world.read(schema)).unwrap();
        let folder = files.as_str().unwrap().split('/').next().unwrap();
        let here = world.path("access").join(folder).exists();
        assert!(here || ["vendors", "bridges"].contains(&folder), "{files}");
    }
    assert_eq!(world.read(".gitattributes"), "* text=auto eol=lf\n");
}

#[test]
fn without_admins_it_is_whoever_git_knows() {
    let world = World::empty();
    world.public_key("priya");
    let key = world.path("keys/priya.pub");
    let key = key.display();
    let config = format!("[user]\nname = Priya Shah\nemail = priya@northwind.example\nsigningkey = {key}\n");
    std::fs::write(world.path("gitconfig"), config).unwrap();
    let ran = world.dualkey_in(".", &["init", "access"]).ends(0);
    assert!(ran.stdout.contains("approved by priya.shah") && ran.stdout.contains("--single"), "{}", ran.stdout);
    let person = world.read("people/priya.shah.yaml");
    assert!(person.contains("emails: [priya@northwind.example]"), "{person}");
    // one admin is one warning, and no error
    let lint = world.dualkey(&["lint"]).ends(0);
    assert!(lint.stdout.contains("single-admin") && lint.stdout.contains("1 warning in"), "{}", lint.stdout);
}

#[test]
fn bad_input_writes_nothing() {
    let world = World::empty();
    world.public_key("priya.shah");
    let keygen = ["-q", "-t", "rsa", "-b", "2048", "-N", "", "-f"];
    let rsa = std::process::Command::new("ssh-keygen").args(keygen).arg(world.path("keys/rsa")).status();
    assert!(rsa.unwrap().success());
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
        (vec!["init", "access", "--admin", priya, "--github"], "not supported by this version"),
        (vec!["init", "taken", "--admin", priya], "has a dualkey.yaml already"),
        (vec!["init", "access", "--admin", priya, "--log-key", "access/key"], "would lie in the repository"),
        (vec!["init", "access", "--admin", priya, "--log-key", "keys/rsa"], "is there already"),
    ] {
        let ran = world.dualkey_in(".", &arguments).ends(2);
        assert!(ran.stderr.contains(says), "{arguments:?}\n{}", ran.stderr);
        assert_eq!(ran.stdout, "");
        assert!(!world.path("access").exists(), "{arguments:?}");
    }
    assert_eq!(files(&world.path(".")), before);
}
