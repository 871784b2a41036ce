//! What users met in their first week: words that were missing, misled, or told the echo instead of the cause.

use std::os::unix::fs::PermissionsExt;

use crate::support::{World, finish, key, public_key};

const GRANT: &str = "grants/payments/alice-refunds.yaml";

/// Alice holds maintain beside what she was let in with.
fn with_more(world: &World) {
    let role = "title: Maintainer\nduties: [maintain]\nrisk: elevated\ncontractors: allowed\nmax_duration: 90 days\n\
                entitlements:\n  repository: maintain\n";
    world.write("roles/maintainer.yaml", role);
    world.write("grants/payments/alice-more.yaml", &world.read(GRANT).replace("developer", "maintainer"));
}

#[test]
fn deleting_a_lesser_grant_is_no_loss() {
    let world = World::told();
    with_more(&world);
    world.write("policies/few.yaml", "limits:\n  removals: { count: 0, fraction: 0% }\n");
    world.commit("More for Alice");
    world.timed(&["lint"]).exits(0).says("redundant-grant");
    let base = world.rev("HEAD");
    world.git(&["rm", "-q", GRANT]);
    world.commit("Delete what lint calls redundant");
    let ran = world.timed(&["plan", "--base", &base]).exits(0).says("alice.nguyen (globex) keeps developer");
    assert!(!ran.stdout.contains("loses") && !ran.stdout.contains("mass-removal"), "{}", ran.stdout);
    // what is taken while nothing covers it is a loss
    let longer = world.read("grants/payments/alice-more.yaml").replace("until: 2027-01-03", "until: 2026-12-31");
    world.write("grants/payments/alice-more.yaml", &longer);
    world.commit("And shorten the other");
    world.timed(&["plan", "--base", &base]).exits(0).says("loses developer").says("removes");
}

#[test]
fn a_pattern_of_a_test_speaks_of_at_least_that_permission() {
    let world = World::told();
    with_more(&world);
    let judge = |test: &str| {
        let text = format!(
            "access:\n  - name: It is so\n    {test}\n    what: [\"repository:northwind/payments-api:push\"]\n"
        );
        world.write("policies/people.cases.yaml", &text);
        world.git(&["rm", "-q", "-f", "--cached", "--ignore-unmatch", GRANT]);
        std::fs::remove_file(world.repo().join(GRANT)).ok();
        world.timed(&["test"])
    };
    // she holds maintain only, which includes it
    judge("never: [alice.nguyen]").exits(1).says("northwind/payments-api:maintain` by grant `alice-more`");
    judge("reaches: [alice.nguyen]").exits(0);
    judge("only: [tom.reed]").exits(1).says("expected nobody else").says("alice.nguyen");
}

#[test]
fn a_live_plan_tells_what_apply_would_do_though_no_file_differs() {
    let world = World::new();
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0);
    world.land("alice");
    let grant = "grant push on github's repository northwind/payments-api for alice.nguyen";
    world.timed(&["plan", "--live"]).exits(0).says("nothing to approve").says(grant);
    let markdown = world.timed(&["plan", "--live", "--format", "markdown"]).exits(0).says(grant);
    assert!(!markdown.stdout.contains("digest"), "{}", markdown.stdout);
    world.timed(&["apply"]).exits(0);
    world.timed(&["plan", "--live"]).exits(0).says("none: what is live is what is declared");
    let over = world.now_is("2027-02-01T09:00:00Z");
    over.timed(&["plan", "--live"]).exits(0).says("revoke push on github's repository northwind/payments-api");
}

#[test]
fn what_follows_from_a_wrong_word_is_not_told() {
    let world = World::told();
    let role = world.read("roles/developer.yaml");
    world.write("roles/developer.yaml", &role.replace("repository: push", "repository: write"));
    let ran = world.timed(&["lint"]).exits(1).says("`write` is not a permission of `repository`");
    let ran = ran.says("roles/developer.yaml");
    assert!(!ran.stdout.contains("empty-grant") && !ran.stdout.contains("unused-role"), "{}", ran.stdout);
    world.write("roles/developer.yaml", &role);
    // a resource that is there and wrong is there
    let domain = world.read("domains/payments-staging.yaml");
    world.write("domains/payments-staging.yaml", &domain.replace("northwind/payments-api", "northwind"));
    let ran = world.timed(&["lint"]).exits(1).says("is not a repository");
    assert!(!ran.stdout.contains("unknown-reference"), "{}", ran.stdout);
}

#[test]
fn approve_signs_as_git_does() {
    let world = World::new();
    world.let_alice_in("alice");
    // a program that holds the key, as those of password managers do
    let signer = world.path("signer");
    let script = format!("#!/bin/sh\nexec ssh-keygen -Y sign -n \"$4\" -f '{}'\n", key("priya.shah").display());
    std::fs::write(&signer, script).unwrap();
    std::fs::set_permissions(&signer, std::fs::Permissions::from_mode(0o755)).unwrap();
    world.git(&["config", "gpg.ssh.program", signer.to_str().unwrap()]);
    world.git(&["config", "user.signingkey", &public_key("priya.shah")]);
    world.timed(&["approve", "--yes", "--head", "alice"]).exits(0);
    world.timed(&["verify", "--head", "alice"]).exits(0);
    // git takes settings from the environment, too
    world.git(&["config", "--unset", "gpg.ssh.program"]);
    let mut command = world.command(&world.repo());
    command.args(["approve", "--yes", "--head", "alice", "--withdraw", "--now", &world.now]);
    command.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "gpg.ssh.program").env("GIT_CONFIG_VALUE_0", &signer);
    finish(command).exits(0);
    world.timed(&["verify", "--head", "alice"]).exits(1).says("approval-withdrawn");
}

#[test]
fn a_command_that_names_the_key_is_asked_as_git_asks_it() {
    let world = World::new();
    world.let_alice_in("alice");
    world.git(&["config", "--unset", "user.signingkey"]);
    world.timed(&["approve", "--yes", "--head", "alice"]).exits(2).says("there is no key to sign with");
    world.git(&["config", "gpg.ssh.defaultKeyCommand", "printf 'key::nothing\\n'"]);
    world.timed(&["approve", "--yes", "--head", "alice"]).exits(2).says("can't be used");
    world.git(&["config", "gpg.ssh.defaultKeyCommand", "false"]);
    world.timed(&["approve", "--yes", "--head", "alice"]).exits(5).says("git's gpg.ssh.defaultKeyCommand failed");
    let public = format!("printf 'key::%s\\n' '{}'", public_key("priya.shah"));
    world.git(&["config", "gpg.ssh.defaultKeyCommand", &public]);
    // no agent holds it here
    world.timed(&["approve", "--yes", "--head", "alice"]).exits(2).says("signing with").says("failed");
}

#[test]
fn a_key_of_another_format_is_not_taken_for_a_path() {
    let world = World::new();
    world.let_alice_in("alice");
    world.git(&["config", "gpg.format", "openpgp"]);
    world.git(&["config", "user.signingkey", "0xDEADBEEF01234567"]);
    let ran = world.timed(&["approve", "--yes", "--head", "alice"]).exits(2);
    ran.says("`0xDEADBEEF01234567`, which is a key of openpgp, not of SSH").says("git config gpg.format ssh");
    // nor where the admin is whoever git says
    let settings = world.path("settings");
    let text = "[user]\n\tname = Priya Shah\n\temail = priya@northwind.example\n\tsigningkey = 0xDEADBEEF01234567\n";
    std::fs::write(&settings, text).unwrap();
    let mut command = world.command(world.root.path());
    command.env("GIT_CONFIG_GLOBAL", &settings).args([
        "init",
        "access",
        "--organization",
        "northwind",
        "--now",
        &world.now,
    ]);
    finish(command).exits(2).says("`0xDEADBEEF01234567`, which is a key of openpgp, not of SSH");
    assert!(!world.path("access").exists());
}

#[test]
fn init_makes_what_can_be_read_whatever_git_makes_by_default() {
    for (setting, value) in [("init.defaultRefFormat", "reftable"), ("init.defaultObjectFormat", "sha256")] {
        let world = World::empty();
        let settings = world.path("settings");
        let (section, name) = setting.split_once('.').unwrap();
        std::fs::write(&settings, format!("[{section}]\n\t{name} = {value}\n")).unwrap();
        let mut command = world.command(world.root.path());
        command.env("GIT_CONFIG_GLOBAL", &settings);
        let admin = format!("priya.shah={}.pub", key("priya.shah").display());
        command.args(["init", "access", "--organization", "northwind", "--admin", &admin, "--now", &world.now]);
        finish(command).exits(0);
        world.timed_in(&world.path("access"), &["lint"]).exits(0);
    }
}

#[test]
fn an_unborn_branch_is_not_an_empty_repository() {
    let world = World::new();
    world.git(&["switch", "-q", "--orphan", "nothing"]);
    let ran = world.timed(&["plan"]).exits(2).says("the branch `nothing`, which is checked out, has no commit yet");
    assert!(!ran.stderr.contains("the repository has no commit"), "{}", ran.stderr);
}

#[test]
fn a_domain_a_home_of_a_resource_and_a_person_get_another_name_in_one_landing() {
    let world = World::told();
    let rename = |from: &str, to: &str, folders: &[&str]| {
        for folder in folders {
            for path in world.git(&["ls-files", folder]).lines() {
                let text = world.read(path);
                if text.contains(from) {
                    world.write(path, &text.replace(from, to));
                }
            }
        }
    };
    // a domain, with everything that names it
    world.git(&["switch", "-q", "-c", "domain", "main"]);
    world.git(&["mv", "domains/payments-staging.yaml", "domains/payments-stage.yaml"]);
    rename("payments-staging", "payments-stage", &["grants", "bridges", "vendors", "policies"]);
    world.commit("Rename the domain");
    let plan = world.timed(&["plan", "--head", "domain"]).exits(0).says("nobody gains or loses access");
    plan.says("`payments-staging`").says("everybody holds what they held");
    // it asks for what each class asks for
    world.approve("domain", "mei.tanaka").exits(0);
    world.timed(&["verify", "--head", "domain"]).exits(1).says("`bridge-1` asks for 1 approval");
    for approver in ["priya.shah", "lena.vogt"] {
        world.approve("domain", approver).exits(0);
    }
    world.timed(&["verify", "--head", "domain"]).exits(0).says("would land");
    world.land("domain");
    world.timed(&["apply"]).exits(0);
    world.timed(&["plan", "--live"]).exits(0).says("what is live is what is declared");
    // a person, with the grants that name her
    world.git(&["switch", "-q", "-c", "person", "main"]);
    world.git(&["mv", "people/alice.nguyen.yaml", "people/alice.tran.yaml"]);
    rename("alice.nguyen", "alice.tran", &["grants"]);
    world.commit("Rename Alice");
    world.timed(&["plan", "--head", "person"]).exits(0).says("everybody holds what they held");
    for approver in ["mei.tanaka", "priya.shah"] {
        world.approve("person", approver).exits(0);
    }
    world.land("person");
    world.timed(&["apply"]).exits(0);
    // somebody with a key, whose name is never given to anybody else
    world.git(&["switch", "-q", "-c", "bob", "main"]);
    world.git(&["mv", "people/bob.keller.yaml", "people/bob.kay.yaml"]);
    rename("bob.keller", "bob.kay", &["grants", "bridges", "groups", "policies"]);
    world.commit("Rename Bob");
    world.timed(&["plan", "--head", "bob"]).exits(0).says("everybody holds what they held");
    for approver in ["mei.tanaka", "priya.shah", "omar.diallo", "sven.olsen"] {
        world.approve("bob", approver);
    }
    // whoever has the key says that it is theirs
    world.approve_with(&["--prove-key", "--as", "bob.kay"], "bob.keller").exits(0);
    world.timed(&["verify", "--head", "bob"]).exits(0);
    world.land("bob");
    world.timed(&["apply"]).exits(0);
    world.git(&["switch", "-q", "-c", "again", "main"]);
    let key = public_key("somebody.else");
    let text =
        format!("{}emails: [other@globex.example]\nkeys: [\"{key}\"]\n", crate::support::ALICE.replace("583231", "77"));
    world.write("people/bob.keller.yaml", &text.replace("alice-nw", "other").replace("Alice Nguyen", "Another Bob"));
    world.commit("Another Bob");
    world.timed(&["plan", "--head", "again"]).exits(1).says("id-reused").says("`bob.kay`");
    world.git(&["switch", "-q", "main"]);
    // the log follows her
    let before = "2026-11-23T09:00:01Z";
    for id in ["alice.nguyen", "alice.tran"] {
        world.dualkey(&["access", id, "--at", before, "--now", &world.now]).exits(0).says("payments-api");
    }
}

#[test]
fn a_rename_is_no_way_to_more() {
    let world = World::told();
    let domain = |branch: &str| {
        world.git(&["switch", "-q", "-c", branch, "main"]);
        world.git(&["mv", "domains/payments-staging.yaml", "domains/payments-stage.yaml"]);
        for path in world.git(&["ls-files", "grants", "bridges", "vendors"]).lines() {
            world.write(path, &world.read(path).replace("payments-staging", "payments-stage"));
        }
    };
    // somebody holds something else than before
    domain("more");
    world.write(GRANT, &world.read(GRANT).replace("until: 2027-01-03", "until: 2026-12-31"));
    world.commit("Rename the domain, and shorten something");
    world.timed(&["plan", "--head", "more"]).exits(1).says("mixed-change");
    // or others may approve it
    domain("owners");
    let text = world.read("domains/payments-stage.yaml");
    world.write("domains/payments-stage.yaml", &text.replace("group:payments-leads", "group:ledger-leads"));
    world.commit("Rename the domain, for others");
    world.timed(&["plan", "--head", "owners"]).exits(1).says("mixed-change");
    // or a rule, a role or a pipeline goes along, whatever it is
    for (path, from, to) in [
        ("policies/duties.yaml", "at_most: 1", "at_most: 2"),
        ("roles/tester.yaml", "contractors: allowed", "contractors: allowed\nduties: [deploy]"),
        (GRANT, "resources: [payments-api]\n", ""),
    ] {
        world.git(&["switch", "-q", "main"]);
        domain(&format!("along-{}", path.replace('/', "-")));
        let text = world.read(path);
        assert!(text.contains(from), "{path}: {text}");
        world.write(path, &text.replacen(from, to, 1));
        world.commit("Rename the domain, and more");
        world.timed(&["plan", "--head", "HEAD"]).exits(1).says("mixed-change");
    }
    // or what judges goes, whole, while another file of rules stays
    domain("gone");
    world.git(&["rm", "-q", "policies/limits.yaml"]);
    world.commit("Rename the domain, and drop the limits");
    world.timed(&["plan", "--head", "gone"]).exits(1).says("mixed-change");
    // or somebody comes with it
    domain("newcomer");
    world.write(
        "people/zoe.kay.yaml",
        &crate::support::ALICE.replace("Alice Nguyen", "Zoe Kay").replace("583231", "99"),
    );
    world.commit("Rename the domain, and let somebody in");
    world.timed(&["plan", "--head", "newcomer"]).exits(1).says("mixed-change");
}

#[test]
fn access_is_extended_and_ended_by_one_command() {
    let world = World::told();
    world.git(&["switch", "-q", "-c", "longer", "main"]);
    let ran = world.timed(&["extend", "alice.nguyen", "--for", "4w"]).exits(0);
    ran.says("wrote grants/payments/alice-refunds.yaml wrote people/alice.nguyen.yaml")
        .says("until 2027-01-31")
        .says("longer");
    assert!(world.read("people/alice.nguyen.yaml").contains("until: 2027-01-31"));
    world.commit("Alice stays");
    // a limit cuts, and what is at it can't be extended
    let ran = world.timed(&["extend", "alice-refunds", "--for", "12m"]).exits(0);
    ran.says("the contract of globex ends then");
    world.commit("Alice stays as long as she may");
    let before = world.git(&["status", "--porcelain"]);
    world.timed(&["extend", "alice-refunds", "--for", "1w"]).exits(2).says("can't end later");
    world.timed(&["extend", "alice.ngyuen", "--for", "1w"]).exits(2).says("did you mean `alice.nguyen`?");
    world.timed(&["extend", "payments-developers", "--for", "1w"]).exits(2).says("has no end");
    assert_eq!(world.git(&["status", "--porcelain"]), before);
    // whoever left doesn't come back by a grant of several
    world.git(&["checkout", "-q", "--", "."]);
    let bob = world.read("people/bob.keller.yaml");
    let until = bob.split("until: ").nth(1).unwrap().split([' ', '}', '\n', ',']).next().unwrap().to_owned();
    world.write("people/bob.keller.yaml", &bob.replacen(&until, "2026-11-20", 1));
    world
        .write("grants/payments/both.yaml", &world.read(GRANT).replace("[alice.nguyen]", "[alice.nguyen, bob.keller]"));
    world.timed(&["extend", "both", "--for", "1w"]).exits(2).says("the engagement of `bob.keller` ends before");
    std::fs::remove_file(world.repo().join("grants/payments/both.yaml")).unwrap();
    world.git(&["checkout", "-q", "--", "."]);
    // ends, of a grant, a person and a vendor
    world.timed(&["end", "alice-refunds", "--at", "2026-12-15"]).exits(0).says("ends as 2026-12-15 begins");
    assert!(world.read(GRANT).contains("until: 2026-12-14"), "{}", world.read(GRANT));
    world
        .timed(&["end", "alice-refunds", "--at", "2026-11-20"])
        .exits(0)
        .says("removed grants/payments/alice-refunds.yaml");
    world.git(&["checkout", "-q", "--", "."]);
    let ran =
        world.timed(&["end", "alice.nguyen"]).exits(0).says("everything of alice.nguyen ends as 2026-11-23 begins");
    ran.says("loses developer");
    assert!(world.read("people/alice.nguyen.yaml").contains("ended: 2026-11-23"));
    world.timed(&["end", "alice.nguyen", "--at", "2026-12-01"]).exits(2).says("ends already");
    world.timed(&["end", "globex", "--at", "2026-12-01"]).exits(0).says("wrote vendors/globex.yaml");
    world.timed(&["end", "globexx"]).exits(2).says("did you mean `globex`?");
}

#[test]
fn a_slip_leaves_nothing_behind() {
    let world = World::told();
    let before = world.git(&["status", "--porcelain", "--ignored"]);
    // bob may not hold both: nothing of it is written
    let args = ["new", "tom.reed", "--role", "developer", "--on", "payments-api", "--for", "6w", "--reason", "Refunds"];
    world.timed(&args).exits(1).says("separation-of-duties").says("nothing was written");
    assert_eq!(world.git(&["status", "--porcelain", "--ignored"]), before);
    let left = std::fs::read_dir(world.repo().join(".git/dualkey")).unwrap();
    assert!(!left.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("writing-")));
}

#[test]
fn what_editors_leave_behind_is_not_looked_at() {
    let world = World::told();
    for name in [
        "grants/.DS_Store",
        "people/priya.shah.yaml~",
        "people/.priya.shah.yaml.swp",
        "grants/.#x.yaml",
        "domains/notes.txt",
    ] {
        world.write(name, "left behind");
    }
    world.write(".gitignore", "notes.txt\n");
    world.timed(&["lint"]).exits(0);
    // what is no leftover is told, and so is one that was added
    world.write("grants/readme.txt", "hello");
    world.timed(&["lint"]).exits(1).says("grants/readme.txt");
    std::fs::remove_file(world.repo().join("grants/readme.txt")).unwrap();
    world.git(&["add", "-f", "grants/.DS_Store"]);
    world.timed(&["lint"]).exits(1).says(".DS_Store");
}

#[test]
fn a_branch_that_was_fetched_is_found_by_its_name() {
    let world = World::told();
    world.git(&["switch", "-q", "-c", "longer", "main"]);
    world.timed(&["extend", "alice.nguyen", "--for", "1w"]).exits(0);
    world.commit("Alice stays");
    world.git(&["push", "-q", "origin", "longer"]);
    world.git(&["switch", "-q", "main"]);
    world.git(&["branch", "-q", "-D", "longer"]);
    world.timed(&["plan", "--head", "longer"]).exits(0).says("needs approval");
    world.timed(&["plan", "--head", "longer"]).says("`longer` is taken from origin/longer");
    world.timed(&["plan", "--head", "shorter"]).exits(2).says("`shorter`");
    // what could mean something else is not looked for there
    let tip = world.rev("origin/longer");
    for name in ["1234567890123456789012345678901234567890", "deadbee", "FETCH_HEAD", "tags/v1", "pull/1/head"] {
        world.git(&["update-ref", &format!("refs/remotes/origin/{name}"), &tip]);
        world.timed(&["plan", "--head", name]).exits(2).says(name);
    }
    // what was merged and not pushed isn't applied, and that is said
    world.git(&["merge", "-q", "--no-ff", "-m", "Here only", "origin/longer"]);
    world.timed(&["apply"]).exits(0).says("applied already").says("`main` here is 2 commits ahead of").says("git push");
}

#[test]
fn repositories_are_written_as_the_forge_writes_them() {
    let world = World::told();
    let domain = world.read("domains/payments-staging.yaml");
    world.write("domains/payments-staging.yaml", &domain.replace("northwind/payments-api", "Northwind/Payments-API"));
    world.timed(&["lint"]).exits(0);
    world.timed(&["plan"]).says("nobody gains or loses");
    world.dualkey(&["access", "repository:Northwind/Payments-API", "--now", &world.now]).exits(0).says("alice.nguyen");
    // one resource, however it is written
    let other = world.read("domains/ledger-staging.yaml");
    world.write(
        "domains/ledger-staging.yaml",
        &other.replace("resources:\n", "resources:\n  twin: { repository: northwind/PAYMENTS-api }\n"),
    );
    world.timed(&["lint"]).exits(1).says("resource-in-two-domains");
    let role = world.read("roles/developer.yaml");
    world.write("roles/developer.yaml", &role.replace("repository: push", "repository: write"));
    world.timed(&["lint"]).exits(1).says("did you mean `push`?");
}

#[test]
fn output_looks_as_it_is_asked_to() {
    let world = World::told();
    let colour = |args: &[&str], variables: &[(&str, &str)]| {
        let mut command = world.command(&world.repo());
        command.args(args).args(["--now", &world.now]).envs(variables.iter().copied());
        finish(command).exits(0).stdout.contains('\u{1b}')
    };
    assert!(!colour(&["lint"], &[]));
    assert!(colour(&["lint", "--color", "always"], &[("NO_COLOR", "1")]));
    assert!(colour(&["lint"], &[("CLICOLOR_FORCE", "1")]));
    assert!(!colour(&["lint"], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(!colour(&["--color", "never", "lint"], &[("CLICOLOR_FORCE", "1")]));
    // nothing is broken into lines that no terminal shows
    let mut command = world.command(&world.repo());
    command.args(["plan", "--base", "HEAD~1", "--now", &world.now]).env_remove("COLUMNS");
    let ran = finish(command);
    assert!(ran.stdout.lines().any(|line| line.chars().count() > 100), "{}", ran.stdout);
    // what can't be written is an error, and a reader that went away is none
    if std::path::Path::new("/dev/full").exists() {
        let mut command = world.command(&world.repo());
        command
            .args(["lint", "--now", &world.now])
            .stdout(std::fs::File::options().write(true).open("/dev/full").unwrap());
        let child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
        let ended = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(2), "{said}");
        assert!(said.contains("standard output can't be written"), "{said}");
    }
    // warnings are left out where nobody wants them
    let mut command = world.command(&world.repo());
    command.args(["verify", "-q", "--now", &world.now]).env_remove("DUALKEY_ANCHOR");
    assert_eq!(finish(command).stderr, "");
    world.dualkey(&["help", "plan"]).exits(0).says("Show who gains and loses what");
    world.dualkey(&["man", "audit", "verify"]).exits(0).says("dualkey-audit-verify");
    world.dualkey(&["man", "verfy"]).exits(2).says("did you mean `verify`?");
}

#[test]
fn two_things_of_one_id_are_told_apart() {
    let world = World::new();
    let text = world.read("grants/payments/tom-releases.yaml");
    world.write("grants/payments/bob.keller.yaml", &text);
    world.commit("A grant of a person's id");
    let at = ["--now", "2026-11-24T09:00:00Z"];
    let end = |who: &str| world.dualkey(&[&["end", who], &at[..]].concat());
    end("bob.keller")
        .exits(2)
        .says("`bob.keller` is a person and a grant")
        .says("`person:bob.keller` or `grant:bob.keller`");
    end("grant:bob.keller")
        .exits(0)
        .says("wrote grants/payments/bob.keller.yaml")
        .says("dualkey approve --head BRANCH");
    world.git(&["checkout", "-q", "."]);
    end("person:bob.keller").exits(0).says("wrote people/bob.keller.yaml");
    end("vendor:bob.keller").exits(2).says("vendor");
    world.dualkey(&[&["extend", "grant:nobody", "--for", "4w"], &at[..]].concat()).exits(2).says("grant");
}
