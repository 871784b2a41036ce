use super::support::{NOW, World, files, stable};

const ALICE: [&str; 16] = [
    "new",
    "alice.nguyen",
    "--name",
    "Alice Nguyen",
    "--vendor",
    "globex",
    "--github",
    "alice-nw:583231",
    "--role",
    "developer",
    "--on",
    "payments-api",
    "--reason",
    "Build the refund flow",
    "--now",
    NOW,
];

/// What git says has changed since the last commit, a line a file.
fn changed(world: &World) -> String {
    world.git(&["status", "--porcelain", "--untracked-files=all"]).trim_end().to_owned()
}

fn with<'a>(arguments: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [arguments, more].concat()
}

#[test]
fn one_command_lets_a_contractor_in() {
    let world = World::new();
    let ran = world.dualkey(&with(&ALICE, &["--for", "6w", "--ticket", "PAY-1423"])).exits(0);
    assert_eq!(ran.stderr, "");
    stable(|| insta::assert_snapshot!(ran.stdout));
    insta::assert_snapshot!(world.read("people/alice.nguyen.yaml"), @r"
    name: Alice Nguyen
    type: contractor
    vendor: globex
    sponsor: priya.shah
    engagement: { from: 2026-11-23, until: 2027-01-03 }
    accounts:
      github: { login: alice-nw, id: 583231 }
    ");
    insta::assert_snapshot!(world.read("grants/payments-staging/alice.nguyen-developer.yaml"), @r"
    to: [alice.nguyen]
    role: developer
    domain: payments-staging
    resources: [payments-api]
    from: 2026-11-23
    until: 2027-01-03
    reason: Build the refund flow
    ticket: PAY-1423
    ");
    world.dualkey(&["lint", "--now", NOW]).exits(0);
}

#[test]
fn the_earliest_end_wins_and_is_named() {
    let world = World::new();
    for (arguments, says) in [
        // the contract ends on 2027-03-31
        (
            with(&ALICE, &["--for", "5m"]),
            "until 2027-03-31, not 2027-04-22 (5 months from today): the contract of globex",
        ),
        // yara's engagement ends on 2027-01-29, a tester's grant lasts 90 days
        (
            vec!["new", "yara.haddad", "--role", "tester", "--on", "payments-web", "--until", "2027-03-31"],
            "until 2027-01-29, not 2027-03-31 (as asked for): the engagement of yara.haddad ends then",
        ),
        (
            vec!["new", "bob.keller", "--role", "tester", "--on", "northwind/payments-api", "--until", "2027-02-26"],
            "until 2027-02-20, not 2027-02-26 (as asked for): role tester lasts at most 90 days",
        ),
    ] {
        let arguments =
            if arguments.len() > 10 { arguments } else { with(&arguments, &["--reason", "Work", "--now", NOW]) };
        world.dualkey(&arguments).exits(0).says(says);
    }
    assert!(!changed(&world).contains("people/yara"), "{}", changed(&world));
    // the same again is another grant
    let again = [
        "new",
        "bob.keller",
        "--role",
        "tester",
        "--on",
        "payments-web",
        "--for",
        "2w",
        "--reason",
        "Work",
        "--now",
        NOW,
    ];
    world.dualkey(&again).exits(0);
    world.read("grants/payments-staging/bob.keller-tester-2.yaml");
}

#[test]
fn nothing_outlasts_the_bridge_that_leads_there() {
    let world = World::new();
    let asked =
        ["new", "bob.keller", "--role", "tester", "--on", "ledger", "--until", "2027-02-12", "--reason", "Work"];
    let says = "until 2027-01-29, not 2027-02-12 (as asked for): the bridge into ledger-staging ends then";
    world.dualkey(&with(&asked, &["--now", NOW])).exits(0).says(says);
    let grant = world.read("grants/ledger-staging/bob.keller-tester.yaml");
    assert!(grant.contains("until: 2027-01-29\n"), "{grant}");
}

#[test]
fn what_lint_finds_is_shown_and_nothing_is_written() {
    let world = World::new();
    let tom = [
        "new",
        "tom.reed",
        "--role",
        "developer",
        "--on",
        "payments-api",
        "--for",
        "2w",
        "--reason",
        "Help",
        "--now",
        NOW,
    ];
    let ran = world.dualkey(&tom).exits(1);
    assert!(ran.stdout.contains("error[separation-of-duties] `tom.reed`"), "{}", ran.stdout);
    assert_eq!(changed(&world), "");
}

#[test]
fn values_are_data() {
    let world = World::new();
    let reason = "yes: [\"x\"] #{}\\ & 'more'";
    let bob =
        ["new", "bob.keller", "--role", "tester", "--on", "payments-web", "--for", "2w", "--now", NOW, "--reason"];
    world.dualkey(&with(&bob, &[reason, "--ticket", "0123"])).exits(0);
    let text = world.read("grants/payments-staging/bob.keller-tester.yaml");
    let read: std::collections::BTreeMap<String, serde_yaml::Value> = serde_yaml::from_str(&text).unwrap();
    assert_eq!((read["reason"].as_str(), read["ticket"].as_str()), (Some(reason), Some("0123")));
}

#[test]
fn bad_input_writes_nothing() {
    let world = World::new();
    let before = files(&world.repo());
    let bob = ["new", "bob.keller", "--role", "tester", "--on", "payments-web", "--reason", "Work", "--now", NOW];
    let replaced = |at: usize, value: &'static str| {
        let mut arguments = with(&bob, &["--for", "6w"]);
        arguments[at] = value;
        arguments
    };
    let alice = |at: usize, value: &'static str| {
        let mut arguments = with(&ALICE, &["--for", "6w"]);
        arguments[at] = value;
        arguments
    };
    let in_two =
        ["new", "bob.keller", "--role", "tester", "--on", "payments-web", "ledger", "--reason", "Work", "--for", "6w"];
    for (arguments, says) in [
        (replaced(1, "bob.kellr"), "did you mean `bob.keller`"),
        (replaced(1, "Bob Keller"), "is not an id"),
        (replaced(3, "testr"), "did you mean `tester`"),
        (replaced(5, "payments-wbe"), "did you mean `payments-web`"),
        (replaced(5, "payments-stg-account"), "no permission on `payments-stg-account`"),
        (with(&in_two, &["--now", NOW]), "not of one domain"),
        (with(&bob, &["--for", "6 weeks"]), "10d, 6w, 3m"),
        (with(&bob, &["--for", "0d"]), "10d, 6w, 3m"),
        (with(&bob, &["--until", "2026-02-30"]), "not a date"),
        (with(&bob, &["--until", "2026-11-01"]), "lies before the start"),
        (with(&bob, &["--until", "2027-12-01", "--from", "2027-06-01"]), "nothing would be left"),
        (bob.to_vec(), "--for"),
        (with(&bob, &["--for", "6w", "--vendor", "initech"]), "leave --vendor out"),
        (with(&bob, &["--for", "6w", "--github", "bobkeller:1"]), "leave --github out"),
        (alice(5, "globx"), "did you mean `globex`"),
        (alice(7, "alice-nw"), "is not LOGIN:ID"),
        (alice(7, "alice-nw:007"), "is not LOGIN:ID"),
        (alice(13, "hidden \u{202e} direction"), "would not be valid"),
        (alice(13, ""), "would not be valid"),
        (with(&with(&ALICE[..6], &ALICE[8..]), &["--for", "6w"]), "`payments-api` needs an account at github"),
    ] {
        let ran = world.dualkey(&arguments).exits(2);
        assert!(ran.stderr.contains(says), "{arguments:?}\n{}", ran.stderr);
        assert_eq!(ran.stdout, "");
        assert!(!ran.stderr.contains('\u{202e}'));
    }
    assert_eq!(files(&world.repo()), before);
    // a file that nothing understands is in the way
    world.write("people/alice.nguyen.yaml", "name: [\n");
    let ran = world.dualkey(&with(&ALICE, &["--for", "6w"])).exits(2);
    assert!(ran.stderr.contains("is there already"), "{}", ran.stderr);
    assert_eq!(changed(&world), "?? people/alice.nguyen.yaml");
    assert_eq!(world.read("people/alice.nguyen.yaml"), "name: [\n");
}
