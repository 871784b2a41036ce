//! What came of a pull request stands below it.

use github_standin::{Fault, On};

use super::*;
use crate::support::{ALICE, ALICE_GRANT};

fn faults(company: &Company, target: &str, faults: &str) {
    let path = company.world.repo().join(".git/dualkey").join(format!("{target}.faults.json"));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, faults).unwrap();
}

#[test]
fn the_comment_says_what_happened_to_each_item() {
    let company = Company::open();
    company.run(&["apply", "--comment"]).exits(0);
    let number = company.proposed();
    company.run(&["plan", "--head", "alice", "--comment"]).exits(0);
    company.world.approve("alice", "priya.shah").exits(0);
    company.merge("alice", number);
    company.run(&["apply", "--comment"]).exits(0).says("grant  alice.nguyen");
    let comment = company.comment(number);
    assert!(comment.starts_with("<!-- dualkey:applied digest=sha256:"), "{comment}");
    assert!(comment.contains("\n### Applied: 1 change\n"), "{comment}");
    assert!(
        comment.contains(
            "**Done**\n- grant `push` to `alice.nguyen` on repository `northwind/payments-api` at `github`, until 2027-01-03\n"
        ),
        "{comment}"
    );
    assert!(comment.lines().count() <= 25, "{comment}");
    // nothing is left to say of it, and no later run does
    company.server.take_log();
    company.run(&["apply", "--comment"]).exits(0);
    assert_eq!(company.server.log().writes().count(), 0);

    // what ends leaves something behind
    company.world.git(&["switch", "-q", "-c", "bye", "main"]);
    company.world.write("people/alice.nguyen.yaml", &format!("{ALICE}ended: 2026-11-23T08:30:00Z\n"));
    company.world.commit("Alice leaves");
    company.world.git(&["push", "-q", "origin", "bye"]);
    let second = company.pull("bye");
    company.world.approve("bye", "priya.shah").exits(0);
    company.merge("bye", second);
    faults(&company, "github", r#"{ "lives_minutes": 60 }"#);
    company.run(&["apply", "--comment"]).exits(0).says("revoke alice.nguyen");
    let comment = company.comment(second);
    assert!(comment.contains("**What lives on**\n- `alice.nguyen` on repository"), "{comment}");
    assert!(comment.contains("sessions may go on until 2026-11-23"), "{comment}");
    assert!(comment.contains("**Done**\n- revoke `push` of `alice.nguyen`"), "{comment}");
}

#[test]
fn what_was_not_done_is_said_and_a_comment_that_fails_changes_nothing() {
    let company = Company::open();
    company.run(&["apply"]).exits(0);
    let number = company.proposed();
    company.world.approve("alice", "priya.shah").exits(0);
    company.merge("alice", number);
    faults(&company, "github", r#"{ "unread": ["northwind/payments-api"] }"#);
    company.run(&["apply", "--comment"]).exits(5);
    let comment = company.comment(number);
    assert!(comment.contains("\n### Not applied: "), "{comment}");
    assert!(comment.contains("**Why**\n- `") && comment.contains("The next run tries again."), "{comment}");
    std::fs::remove_file(company.world.repo().join(".git/dualkey/github.faults.json")).unwrap();
    // the run that does it says so in its place
    company.run(&["apply", "--comment"]).exits(0);
    let comment = company.comment(number);
    assert!(comment.contains("\n### Applied: 1 change\n") && !comment.contains("tries again"), "{comment}");

    // a second pull request; the forge is down when it is to be said
    company.world.git(&["switch", "-q", "-c", "shorter", "main"]);
    company.world.write("grants/payments/alice-refunds.yaml", &ALICE_GRANT.replace("2027-01-03", "2026-12-20"));
    company.world.commit("Shorter");
    company.world.git(&["push", "-q", "origin", "shorter"]);
    let second = company.pull("shorter");
    company.world.approve("shorter", "priya.shah").exits(0);
    company.merge("shorter", second);
    company.server.fail(On::method("POST").path("/comments"), Fault::Status(500));
    company.run(&["apply", "--comment"]).exits(0).says("target-unsettled");
    company.server.heal();
    assert_eq!(company.comments(second), []);
    // a repository that nobody let the token see
    company.run_with("", &["apply", "--comment"]).exits(0);
}

#[test]
fn what_a_run_without_a_word_did_is_said_by_the_next_that_speaks() {
    let company = Company::open();
    company.run(&["apply"]).exits(0);
    let number = company.proposed();
    company.run(&["plan", "--head", "alice", "--comment"]).exits(0);
    company.world.approve("alice", "priya.shah").exits(0);
    company.merge("alice", number);
    // as a schedule does it
    company.run(&["apply", "--only-ends"]).exits(0);
    company.run(&["apply"]).exits(0).says("grant  alice.nguyen");
    assert!(company.comment(number).starts_with("<!-- dualkey:plan"), "{}", company.comment(number));
    company.run(&["apply", "--comment"]).exits(0).says("is applied already");
    let comment = company.comment(number);
    assert!(comment.contains("\n### Applied: 1 change\n"), "{comment}");
    let told = "**Done by an earlier run**\n- grant `push` to `alice.nguyen` on repository `northwind/payments-api` at `github`";
    assert!(comment.contains(told), "{comment}");
    company.server.take_log();
    company.run(&["apply", "--comment"]).exits(0);
    assert_eq!(company.server.log().writes().count(), 0);
}

#[test]
fn a_refused_landing_is_told_below_its_pull_request() {
    let company = Company::open();
    company.run(&["apply"]).exits(0);
    let number = company.proposed();
    company.run(&["plan", "--head", "alice", "--comment"]).exits(0);
    company.merge("alice", number);
    company.run(&["apply", "--comment"]).exits(3);
    let comment = company.comment(number);
    assert!(comment.contains("\n### Refused: what this merged is not applied\n"), "{comment}");
    assert!(comment.contains("**Why, and what to do**\n- `no-approval`: "), "{comment}");
    company.server.take_log();
    company.run(&["apply", "--comment"]).exits(3);
    assert_eq!(company.server.log().writes().count(), 0, "the same is said once");
}
