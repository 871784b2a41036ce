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
