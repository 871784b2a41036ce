//! Whose review counts.

use super::*;

#[test]
fn who_pushed_to_it_may_not_approve_it() {
    Forge::alice_is_refused("approver-is-pusher", |forge, number| {
        // signed by Tom, and pushed by Priya
        forge.world.write("people/alice.nguyen.yaml", &renamed_alice());
        forge.world.commit("Another name");
        forge.pushed("alice", "priyashah");
        forge.keep_head(number, "alice");
        forge.approve(number, "priyashah");
    });
}

#[test]
fn who_opened_it_is_its_author() {
    let forge = Forge::open();
    forge.world.let_alice_in("alice");
    forge.pushed("alice", "tomreed");
    let number = forge.open_pull("alice", "main", "priyashah");
    // the forge refuses the approval of one's own, and so nobody's counts
    let refused = forge.server.world(|hub| {
        hub.try_review("access", number, "priyashah", github_standin::world::Verdict::Approved, "").is_err()
    });
    assert!(refused);
    forge.approve(number, "grace-lin");
    forge.merge(number, "alice", Method::Merge);
    forge.run(&["verify"]).exits(0).says("approved by grace.lin").says("by priya.shah, tom.reed");
}

#[test]
fn an_account_that_nobody_has_approves_nothing() {
    Forge::alice_is_refused("approver-unknown", |forge, number| {
        forge.server.world(|hub| {
            hub.add_member("mallory");
            hub.grant("mallory", "access", "write");
        });
        forge.approve(number, "mallory");
    });
}

#[test]
fn a_name_that_was_taken_over_is_another_account() {
    Forge::alice_is_refused("login-id-mismatch", |forge, number| {
        forge.server.world(|hub| {
            hub.rename_account("priyashah", "priya-was-here");
            hub.add_member("priyashah");
            hub.grant("priyashah", "access", "write");
        });
        forge.approve(number, "priyashah");
    });
}

#[test]
fn a_machine_approves_nothing() {
    Forge::alice_is_refused("approver-not-human", |forge, number| {
        forge.server.world(|hub| {
            hub.add_bot("helper");
            hub.grant("helper[bot]", "access", "write");
        });
        forge.approve(number, "helper[bot]");
    });
}

#[test]
fn a_machine_that_opened_it_asks_for_one_more() {
    let forge = Forge::open();
    forge.server.world(|hub| {
        hub.add_bot("helper");
        hub.grant("helper[bot]", "access", "write");
    });
    forge.world.let_alice_in("alice");
    forge.pushed("alice", "tomreed");
    let number = forge.open_pull("alice", "main", "helper[bot]");
    forge.approve(number, "priyashah");
    forge.run(&["verify", "--pull", &number.to_string()]).exits(1).says("quorum-bot-authored");
    forge.approve(number, "grace-lin");
    forge.run(&["verify", "--pull", &number.to_string()]).exits(0);
}

#[test]
fn a_fork_is_nobodys_branch() {
    let forge = Forge::open();
    forge.server.world(|hub| {
        hub.add_member("mallory");
        hub.fork("mallory", "access");
    });
    forge.world.let_alice_in("alice");
    let repo = forge.world.repo();
    forge.server.world(|hub| hub.sync_branch("mallory/access", &repo, "alice", "mallory"));
    let number = forge.server.world(|hub| hub.open_pull_from("access", "mallory/access", "alice", "main", "mallory"));
    forge.keep_head(number, "alice");
    forge.pass(5);
    forge.approve(number, "priyashah");
    forge.run(&["verify", "--pull", &number.to_string()]).exits(1).says("fork-pr-forbidden");
    forge.merge(number, "alice", Method::Merge);
    forge.is_refused("fork-pr-forbidden");
}

#[test]
fn who_made_a_commit_of_it_may_not_approve_it_whoever_pushed() {
    Forge::alice_is_refused("approver-is-author", |forge, number| {
        forge.world.be("priya.shah");
        forge.world.write("people/alice.nguyen.yaml", &renamed_alice());
        forge.world.commit("Another name");
        forge.world.be("tom.reed");
        forge.pushed("alice", "tomreed");
        forge.keep_head(number, "alice");
        forge.approve(number, "priyashah");
    });
}

/// Priya's private address, which the forge alone knows as hers.
fn privately(forge: &Forge, number: u64, env: &[(&str, &str)], message: &str, by: &[&str]) {
    forge.server.world(|hub| hub.add_email("priyashah", "priya@home.example"));
    forge.world.write("people/alice.nguyen.yaml", &renamed_alice());
    forge.world.git(&["add", "-A"]);
    let mut settings: Vec<String> = vec!["-c".to_owned(), "commit.gpgsign=false".to_owned()];
    settings.extend(env.iter().flat_map(|(name, value)| ["-c".to_owned(), format!("{name}={value}")]));
    let args = settings.iter().map(String::as_str).chain(["commit", "-q", "-m", message]);
    forge.world.git(&args.collect::<Vec<_>>());
    forge.pushed("alice", "tomreed");
    forge.keep_head(number, "alice");
    for login in by {
        forge.approve(number, login);
    }
}

#[test]
fn who_committed_it_by_an_address_that_only_the_forge_knows_may_not_approve_it() {
    let forge = Forge::open();
    let number = forge.let_alice_in();
    let home = ("committer.email", "priya@home.example");
    privately(&forge, number, &[home, ("author.email", "tom@northwind.example")], "Another name", &["priyashah"]);
    forge.run(&["verify", "--pull", &number.to_string()]).exits(1).says("approver-is-committer").says("priya.shah");
}

#[test]
fn who_wrote_it_beside_somebody_whom_nobody_knows_may_not_approve_it() {
    let forge = Forge::open();
    let number = forge.let_alice_in();
    let message = "Another name\n\nCo-authored-by: Somebody <somebody@nowhere.example>\n";
    privately(&forge, number, &[("author.email", "priya@home.example")], message, &["priyashah", "grace-lin"]);
    let ran = forge.run(&["verify", "--pull", &number.to_string()]).exits(1);
    ran.says("approver-is-author").says("priya.shah").says("author-unknown");
}

#[test]
fn who_takes_over_the_branch_of_a_machine_may_not_approve_it() {
    let forge = Forge::open();
    forge.server.world(|hub| {
        hub.add_bot("helper");
        hub.grant("helper[bot]", "access", "write");
    });
    forge.world.let_alice_in("alice");
    forge.pushed("alice", "priyashah");
    let number = forge.open_pull("alice", "main", "helper[bot]");
    for login in ["priyashah", "grace-lin"] {
        forge.approve(number, login);
    }
    let refused = forge.run(&["verify", "--pull", &number.to_string()]).exits(1);
    refused.says("approver-is-pusher").says("quorum-bot-authored");
}
