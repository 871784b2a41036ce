//! What is held at GitHub becomes an access repository, and nothing changes by that.

use super::*;
use crate::support::archive;

/// An organisation that nobody declared anything of, in an access repository with three admins.
fn undeclared() -> Hub {
    let mut forge = Forge::new("northwind", now());
    forge.set_base(Level::None);
    for owner in ["priyashah", "mei-tanaka", "dualkey-writer"] {
        forge.add_owner(owner);
    }
    for member in ["Grace-Lin", "omar"] {
        forge.add_member(member);
    }
    for outside in ["Alice-NW", "bobkeller", "zoe"] {
        forge.add_account(outside);
    }
    for name in ["shop", "till", "Site", "payments-api"] {
        forge.add_repository(name);
    }
    forge.archive("Site", true);
    forge.add_team("oncall", None);
    forge.join_team("Grace-Lin", "oncall", true);
    forge.join_team("omar", "oncall", false);
    forge.grant_team("oncall", "till", "write");
    forge.grant("Alice-NW", "shop", "write");
    forge.grant("bobkeller", "till", "admin");
    forge.grant("omar", "payments-api", "maintain");
    forge.invite_to_repository("zoe", "shop", "read", "priyashah");
    let hub = Hub::at(forge);
    let kept = ["dualkey.yaml", "people/priya.shah.yaml", "people/mei.tanaka.yaml", "people/tom.reed.yaml"];
    let is_kept = |path: &str| kept.contains(&path) || path.starts_with("groups/") || path.starts_with("policies/");
    let files = archive(HUB).into_iter().filter(|(path, _)| is_kept(path));
    let files: String = files.map(|(path, text)| format!("-- {path} --\n{text}")).collect();
    hub.written(&files)
}

#[test]
fn what_is_held_is_declared_and_nothing_changes() {
    let hub = undeclared();
    hub.world.git(&["config", "core.abbrev", "10"]);
    std::fs::write(hub.world.path("vendors.csv"), "account,vendor\nalice-nw,globex\n").unwrap();
    let until = day(60).to_string();
    let ran = hub
        .run(&[
            "import",
            "github",
            "--sponsor",
            "priya.shah",
            "--vendors",
            "../vendors.csv",
            "--until",
            &until,
            "--domain",
            "northwind/payments-*=payments",
            "--unapproved",
        ])
        .exits(0);
    // what a human has to say is told, and stands in the files
    let ran = ran
        .says("`bobkeller` (bobkeller): which vendor")
        .says("an invitation of")
        .says("domain `payments`: environment");
    assert!(
        ran.stdout.contains("to be decided by you") && !ran.stdout.contains("alice-nw` (Alice-NW): which"),
        "{}",
        ran.stdout
    );
    let alice = hub.world.read("people/alice-nw.yaml");
    assert!(alice.contains("login: Alice-NW") && alice.contains("vendor: globex") && alice.contains(&until), "{alice}");
    assert!(alice.starts_with("# decide"), "{alice}");
    assert!(hub.world.read("people/grace-lin.yaml").contains("type: employee"));
    assert!(hub.world.read("vendors/undecided.yaml").contains("To be decided"));
    assert!(hub.world.read("domains/payments.yaml").contains("repository: northwind/payments-api"));
    let hub = hub.vouched();
    hub.run(&["lint"]).exits(0);
    hub.run(&["plan", "--live"]).exits(0).says("what is live is what is declared");
    hub.server.take_log();
    hub.run(&["apply"]).exits(0).says("nothing to change");
    hub.run(&["drift"]).exits(0);
    assert_eq!(hub.server.log().writes().count(), 0, "nothing changes");
    assert_eq!(hub.may("bobkeller", "till").as_deref(), Some("admin"));
    // once more there is nothing to write
    hub.run(&["import", "github", "--sponsor", "priya.shah"]).exits(0).says("declared already");
}

#[test]
fn an_import_that_is_refused_writes_nothing() {
    let hub = undeclared();
    let status = || hub.world.git(&["status", "--porcelain", "--untracked-files=all"]);
    let before = status();
    let import = |more: &[&str]| hub.run(&[&["import", "github", "--sponsor", "priya.shah"], more].concat());
    // nobody approved yet where the credential goes
    import(&[]).exits(5).says("--unapproved");
    hub.run(&["import", "githab", "--sponsor", "priya.shah"]).exits(2).says("did you mean `github`?");
    hub.run(&["import", "github", "--sponsor", "priya.sha"]).exits(2).says("did you mean `priya.shah`?");
    import(&["--unapproved", "--until", "yesterday"]).exits(2).says("write the day");
    import(&["--unapproved", "--domain", "payments"]).exits(2).says("PATTERN=DOMAIN");
    import(&["--unapproved", "--vendors", "none.csv"]).exits(2).says("none.csv");
    let list = hub.world.path("vendors.csv");
    for (text, why) in [("login,vendor\nx,y\n", "first line"), ("account,vendor\nx\n", "line 2 has too few columns")] {
        std::fs::write(&list, text).unwrap();
        import(&["--unapproved", "--vendors", "../vendors.csv"]).exits(2).says(why);
    }
    hub.reads_with(
        "ghp_000000000000000000000000000000000000",
        &["import", "github", "--sponsor", "priya.shah", "--unapproved"],
    )
    .exits(5);
    assert_eq!(status(), before);
}

#[test]
fn what_was_said_and_met_nothing_is_told() {
    let hub = undeclared();
    let mine = "title: Mine\nenvironment: staging\nowners: [priya.shah]\nresources: {}\n";
    hub.world.write("domains/imported.yaml", mine);
    let list = "note,account,vendor\n\"Globex, Inc.\",omar,globex\n,ghost,globex\n";
    std::fs::write(hub.world.path("vendors.csv"), list).unwrap();
    let rule = "northwind/nothing-*=none";
    hub.run(&[
        "import",
        "github",
        "--sponsor",
        "priya.shah",
        "--unapproved",
        "--vendors",
        "../vendors.csv",
        "--domain",
        rule,
    ])
    .says("`ghost` of the list of vendors holds nothing there")
    .says("no resource on which anything is held matches `northwind/nothing-*`")
    .says("stands in `imported-2`");
    assert_eq!(hub.world.read("domains/imported.yaml"), mine);
    // a member of the organisation whom the list names is of that vendor
    let omar = hub.world.read("people/omar.yaml");
    assert!(omar.contains("type: contractor") && omar.contains("vendor: globex"), "{omar}");
}
