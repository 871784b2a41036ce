//! The checks of heads: `dualkey plan` tells, `dualkey verify` lets land or not.

use github_standin::{Fault, On};

use super::*;
use crate::support::ALICE_GRANT;

const VERIFY: [&str; 4] = ["verify", "--head", "alice", "--check"];
const PLAN: [&str; 4] = ["plan", "--head", "alice", "--comment"];

#[test]
fn a_head_is_let_land_only_as_long_as_it_would() {
    let company = Company::open();
    company.proposed();
    let head = company.world.rev("alice");
    let newest = || company.checks(&head, "dualkey verify").last().cloned().unwrap();
    company.run(&VERIFY).exits(1);
    let (conclusion, title, summary) = newest();
    assert_eq!((conclusion.as_str(), title.as_str()), ("failure", "would not land: no-approval"), "{summary}");
    // what is asked, and of whom
    assert!(summary.contains("`no-approval`: ") && summary.contains("`priya.shah @priyashah`"), "{summary}");
    company.world.approve("alice", "priya.shah").exits(0);
    company.run(&VERIFY).exits(0);
    assert_eq!((newest().0.as_str(), newest().1.as_str()), ("success", "would land"));
    company.world.approve_with(&["--head", "alice", "--withdraw"], "priya.shah").exits(0);
    company.run(&VERIFY).exits(1);
    assert_eq!(newest().0, "failure");
    assert_eq!(company.checks(&head, "dualkey verify").len(), 1, "one is changed");

    // nobody knows any more: a check that said yes would be wrong
    company.world.approve("alice", "priya.shah").exits(0);
    company.run(&VERIFY).exits(0);
    let origin = company.world.path("origin.git");
    let log = company.world.git_in(&origin, &["rev-parse", "refs/dualkey/audit"]);
    company.world.git_in(&origin, &["update-ref", "refs/dualkey/audit", "main"]);
    let ran = company.run(&VERIFY);
    assert!([1, 5].contains(&ran.code), "{ran:?}");
    let (conclusion, title, summary) = newest();
    assert_eq!((conclusion.as_str(), title.as_str()), ("failure", "could not be judged"), "{summary}");
    company.world.git_in(&origin, &["update-ref", "refs/dualkey/audit", log.trim()]);
}

#[test]
fn a_check_that_cannot_be_made_is_told() {
    let company = Company::open();
    company.proposed();
    company.world.approve("alice", "priya.shah").exits(0);
    let classic = company.server.world(|forge| forge.classic_token("priyashah", "repo"));
    company.run_with(&classic, &VERIFY).exits(5).says("would land").says("target-denied");
    let weak = company.server.world(|forge| forge.actions_token("access", "contents=read checks=read"));
    company.run_with(&weak, &VERIFY).exits(5).says("give the credential the permission `checks=write`");
    company.server.fail(On::method("POST").path("/check-runs").times(1), Fault::Status(502));
    company.run(&VERIFY).exits(5);
    company.run(&VERIFY).exits(0);
    // it is a matter of heads
    company.run(&["verify", "--check"]).exits(2);
}

#[test]
fn findings_stand_at_their_lines_and_are_never_doubled() {
    let company = Company::open();
    company.world.git(&["switch", "-q", "-c", "alice", "main"]);
    for at in 0..60 {
        let grant = ALICE_GRANT.replace("alice.nguyen", "nobody.here");
        company.world.write(&format!("grants/payments/g{at:02}.yaml"), &grant);
    }
    company.world.commit("Sixty mistakes");
    company.world.git(&["push", "-q", "origin", "alice"]);
    let number = company.pull("alice");
    let head = company.world.rev("alice");
    let run = |company: &Company| company.run(&PLAN).exits(1);
    run(&company);
    let (conclusion, title, _) = company.checks(&head, "dualkey plan").last().cloned().unwrap();
    assert_eq!(conclusion, "failure");
    assert!(title.starts_with("blocked by "), "{title}");
    let remarks = |company: &Company| {
        company.server.world(|forge| {
            let run =
                forge.checks("access").filter(|run| run.head == head && run.name == "dualkey plan").last().unwrap();
            let external = run.external_id.clone().unwrap();
            (
                external,
                run.annotations.iter().map(|one| (one.path.clone(), one.start, one.level.clone())).collect::<Vec<_>>(),
            )
        })
    };
    let (external, told) = remarks(&company);
    assert!(external.starts_with("sha256:"), "{external}");
    let at = |path: &str| told.iter().filter(|(told, _, _)| told == path).cloned().collect::<Vec<_>>();
    assert_eq!(at("grants/payments/g59.yaml"), [("grants/payments/g59.yaml".to_owned(), 1, "failure".to_owned())]);
    assert!(told.len() >= 60, "{}", told.len());
    // the summary is what the comment says
    assert!(company.comment(number).contains("### Blocked by "));
    run(&company);
    assert_eq!(remarks(&company).1, told, "nothing is added to what is there");
}
