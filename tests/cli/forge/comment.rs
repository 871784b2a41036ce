//! The one comment of an open pull request.

use github_standin::{Fault, On};

use super::*;
use crate::support::ALICE_GRANT;

const PLAN: [&str; 4] = ["plan", "--head", "alice", "--comment"];

#[test]
fn one_comment_follows_the_head_and_an_approved_plan_stays_to_be_read() {
    let company = Company::open();
    let number = company.proposed();
    // what looks like ours is of somebody else, and so much was said that ours is on the second page
    let fake = "<!-- dualkey:plan digest=sha256:00 approvals=1 -->\n### Ready: approved by everybody\n";
    company.server.world(|forge| {
        forge.comment("access", number, "mallory", fake);
        for at in 0..120 {
            forge.comment("access", number, "priyashah", &format!("thought {at}"));
        }
    });
    let own = |company: &Company| -> Vec<String> {
        let all = company.comments(number).into_iter();
        all.filter(|(author, _)| *author == 41_898_282).map(|(_, body)| body).collect()
    };
    company.run(&PLAN).exits(0).says("the comment is at https://github.com/northwind/access/pull/1#issuecomment-");
    let [first] = &own(&company)[..] else { panic!("{:#?}", own(&company)) };
    let lines: Vec<&str> = first.lines().collect();
    assert!(
        lines[0].starts_with("<!-- dualkey:plan digest=sha256:") && lines[0].ends_with(" approvals=0 -->"),
        "{first}"
    );
    // one person and one repository, of which a new person is a few facts more
    assert!(lines.len() <= 25, "{} lines\n{first}", lines.len());
    let asked =
        "### Needs approval from 1 of `grace.lin @grace-lin`, `omar.diallo @omardiallo`, `priya.shah @priyashah` ";
    assert!(lines[1].starts_with(asked), "{first}");
    assert!(lines.last().unwrap().starts_with("Digest `sha256:"), "{first}");

    // the same again writes no comment
    company.server.take_log();
    company.run(&PLAN).exits(0);
    let writes: Vec<String> = company.server.log().writes().map(|record| record.target.clone()).collect();
    assert!(writes.iter().all(|target| target.contains("/check-runs")), "{writes:?}");
    assert_eq!(own(&company), [first.as_str()]);

    // approved: the same comment says so
    company.world.approve("alice", "priya.shah").exits(0);
    company.run(&PLAN).exits(0);
    let [ready] = &own(&company)[..] else { panic!("{:#?}", own(&company)) };
    assert!(ready.contains("approvals=1 -->\n### Ready: approved by `priya.shah`"), "{ready}");

    // another change than the one that was approved: that one stays, and says that it is outdated
    company.world.write("grants/payments/alice-refunds.yaml", &ALICE_GRANT.replace("2027-01-03", "2026-12-20"));
    company.world.commit("Shorter");
    company.world.git(&["push", "-q", "origin", "alice"]);
    company.sync();
    company.run(&PLAN).exits(0);
    let [old, new] = &own(&company)[..] else { panic!("{:#?}", own(&company)) };
    assert!(old.starts_with("<!-- dualkey:outdated -->\n### Outdated"), "{old}");
    assert!(old.contains("[in this comment](https://github.com/northwind/access/pull/1#issuecomment-"), "{old}");
    assert!(new.contains("### Needs approval") && new.contains("2026-12-20"), "{new}");
    // nobody approved that one yet, so it is edited
    company.world.write("grants/payments/alice-refunds.yaml", &ALICE_GRANT.replace("2027-01-03", "2026-12-21"));
    company.world.commit("A day more");
    company.world.git(&["push", "-q", "origin", "alice"]);
    company.sync();
    company.server.take_log();
    company.run(&PLAN).exits(0);
    // one command leaves a second between what it changes
    assert!(company.server.take_log().shortest_pause().unwrap() >= jiff::SignedDuration::from_secs(1));
    let [_, newest] = &own(&company)[..] else { panic!("{:#?}", own(&company)) };
    assert!(newest.contains("2026-12-21"), "{newest}");

    // whoever imitates it is left alone
    assert!(company.comments(number).iter().any(|(_, body)| body == fake));
}

#[test]
fn a_plan_stands_only_below_the_pull_request_of_its_head() {
    let company = Company::open();
    company.world.let_alice_in("alice");
    company.sync();
    company.run(&PLAN).exits(5).says("pull-request-missing").says("is the head of no open pull request onto `main`");
    let number = company.pull("alice");
    let seen = company.world.rev("alice");
    company.world.write("grants/payments/alice-refunds.yaml", &ALICE_GRANT.replace("2027-01-03", "2026-12-20"));
    company.world.commit("Shorter");
    company.world.git(&["push", "-q", "origin", "alice"]);
    company.sync();
    // what somebody looked at before the head moved
    let named = number.to_string();
    company.run(&["plan", "--head", &seen, "--comment"]).exits(5).says("is the head of no open pull request");
    company
        .run(&["plan", "--head", &seen, "--comment", "--pull", &named])
        .exits(5)
        .says("#1 is no open pull request onto `main` whose head is");
    assert_eq!(company.comments(number), []);
    company.run(&["plan", "--head", "alice", "--comment", "--pull", &named]).exits(0);
    // another branch of the same head, onto another base
    company.server.world(|forge| {
        let main = forge.branch("access", "main").unwrap();
        forge.push("access", "elsewhere", &main, "tomreed");
        forge.open_pull("access", "alice", "elsewhere", "tomreed")
    });
    company.run(&PLAN).exits(0);
    company.comment(number);
    // closed
    company.server.world(|forge| forge.close_pull("access", number, "tomreed"));
    company.run(&PLAN).exits(5).says("pull-request-missing");
}

#[test]
fn a_token_of_a_person_comments_and_makes_no_check() {
    let company = Company::open();
    let number = company.proposed();
    let classic = company.server.world(|forge| forge.classic_token("priyashah", "repo"));
    company
        .run_with(&classic, &PLAN)
        .exits(0)
        .says("warning")
        .says("the credential may not: make the check `dualkey plan`");
    let told = company.run_with(&classic, &["verify", "--head", "alice", "--check"]).exits(5).stderr;
    assert!(told.replace("\n        ", " ").contains("or of an App, and by no person's"), "{told}");
    let priya = company.server.world(|forge| forge.account("priyashah").unwrap().id);
    assert_eq!(company.comments(number).len(), 1);
    assert_eq!(company.comments(number)[0].0, priya);
    company.run_with(&classic, &PLAN).exits(0);
    company.comment(number);
    // hers and the workflow's are two
    company.run(&PLAN).exits(0);
    assert_eq!(company.comments(number).len(), 2);
}

#[test]
fn what_fails_on_the_way_is_said_and_finished_by_the_next_run() {
    let company = Company::open();
    let number = company.proposed();
    let comments = || On::method("POST").path("/comments").times(1);
    // it was made, and nobody heard so
    company.server.fail(comments(), Fault::DropAfterEffect);
    company.run(&PLAN).exits(5).says("target-unsettled");
    company.run(&PLAN).exits(0);
    company.comment(number);
    // a page that didn't come is no list without our comment
    company.server.fail(On::method("GET").path("/comments"), Fault::Page(404));
    company.run(&PLAN).exits(5);
    company.server.heal();
    company.comment(number);
    // no token, a wrong address, another repository
    company.run_with("", &PLAN).exits(5).says("forge-token-missing");
    let mut elsewhere = company.command(&PLAN);
    elsewhere.env("GITHUB_API_URL", "https://evil.example");
    finish(elsewhere).exits(5).says("api-host-not-allowed");
    let classic = company.server.world(|forge| {
        forge.rename_repository("access", "old-access");
        forge.add_repository("access");
        forge.classic_token("tomreed", "repo")
    });
    company.run_with(&classic, &PLAN).exits(5).says("repo-mismatch");
}

#[test]
fn what_a_change_says_of_the_forge_moves_no_token() {
    let company = Company::open();
    let evil = Server::start(Forge::new("northwind", NOW.parse().unwrap()));
    company.world.git(&["switch", "-q", "-c", "alice", "main"]);
    let config = company.world.read("dualkey.yaml").replace(&company.server.url(), &evil.url());
    company.world.write("dualkey.yaml", &config);
    company.world.commit("Ask somebody else");
    company.world.git(&["push", "-q", "origin", "alice"]);
    let number = company.pull("alice");
    company.run(&PLAN).exits(0);
    assert_eq!(evil.log().count(), 0);
    assert!(company.comment(number).contains("dualkey.yaml"));
}
