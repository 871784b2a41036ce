//! Whose token looks: one that may not see is told what it lacks, one that may do more than look is told that.

use super::*;

/// What a token of that kind makes of everything that is set as it should be.
#[track_caller]
fn by(clinic: &Clinic, token: &str) -> Ran {
    clinic.with_token(token, &["--format", "json"])
}

fn needs(ran: &Ran) -> Vec<String> {
    let findings = ran.json()["findings"].as_array().unwrap().clone();
    let unread = findings.iter().filter(|one| one["rule"] == "settings-not-read");
    unread.map(|one| format!("{} | {}", one["message"].as_str().unwrap(), one["help"].as_str().unwrap())).collect()
}

#[test]
fn what_can_t_be_read_is_said_with_the_permission_that_it_takes() {
    let clinic = Clinic::done();
    let token = clinic.forge(|forge| forge.fine_grained_token("priyashah", ""));
    let ran = by(&clinic, &token);
    assert_eq!(rules(&ran), ["settings-not-read"]);
    let told = needs(&ran).join("\n");
    for (what, permission) in [
        ("look at the protection of the branch `main`", "administration=read"),
        ("look at the protection of the branch `dualkey-audit`", "administration=read"),
        ("see what workflows may do", "administration=read"),
        ("list the environments", "actions=read"),
        ("see the subject of workflows", "actions=read"),
    ] {
        let line = told.lines().find(|line| line.contains(what)).unwrap_or_else(|| panic!("`{what}` isn't in\n{told}"));
        assert!(line.contains(&format!("give the token `{permission}`")), "{line}");
        assert_eq!(line.matches(what).count(), 1, "{line}");
    }
    // one that sees the rest isn't told who bypasses rules, and that isn't taken for nobody
    let token = clinic.forge(|forge| forge.fine_grained_token("priyashah", "administration=read actions=read"));
    let ran = by(&clinic, &token);
    assert_eq!(rules(&ran), ["settings-not-read"]);
    let told = needs(&ran);
    assert_eq!(told.len(), 3, "{told:#?}");
    for name in ["protected branch", "the log is only added to", "only apply writes the log"] {
        let what = format!("see who may bypass the ruleset `dualkey: {name}`");
        let found = told.iter().find(|line| line.contains(&what));
        assert!(found.is_some_and(|line| line.contains("`administration=write`")), "{told:#?}");
    }
    // what is wrong beside it is told all the same
    clinic.forge(|forge| forge.settings_mut("access").workflows_approve = true);
    assert_eq!(rules(&by(&clinic, &token)), ["actions-may-approve", "settings-not-read"]);
}

#[test]
fn a_token_that_can_do_more_than_look_is_told_that() {
    let clinic = Clinic::done();
    assert_eq!(rules(&by(&clinic, &clinic.admin)), ["token-overprivileged"]);
    let classic = clinic.forge(|forge| forge.classic_token("priyashah", "repo read:org"));
    let ran = by(&clinic, &classic);
    assert_eq!(rules(&ran), ["token-overprivileged"]);
    assert!(ran.stdout.contains("by its scopes `repo`"), "{}", ran.stdout);
    // an administrator who looks by their own token says so
    assert_eq!(rules(&clinic.with_token(&classic, &["--format", "json", "--as-administrator"])), [""; 0]);
}

#[test]
fn without_a_token_the_files_are_judged_and_nothing_else_is_taken_for_fine() {
    let clinic = Clinic::done();
    clinic.world.write(".github/workflows/other.yml", "on: push\n");
    let ran = by(&clinic, "");
    assert_eq!(rules(&ran), ["settings-not-read", "wf-unreadable"]);
    ran.says("DUALKEY_FORGE_TOKEN");
    // nor where nobody answers
    std::fs::remove_file(clinic.world.repo().join(".github/workflows/other.yml")).unwrap();
    clinic
        .server
        .fail(github_standin::On::method("GET").path("/actions/permissions/workflow"), github_standin::Fault::Drop);
    assert_eq!(clinic.found(), ["settings-not-read"]);
}

#[test]
fn the_token_goes_nowhere_else() {
    let clinic = Clinic::done();
    let mut command = clinic.world.command(&clinic.world.repo());
    command.args(["doctor", "--now", NOW]).env("DUALKEY_FORGE_TOKEN", &clinic.admin);
    clinic.server.take_log();
    finish(command).exits(2).says("where the token may be sent there, say so: GITHUB_API_URL=");
    assert_eq!(clinic.server.log().count(), 0);
    // another repository has the name by now
    let id = clinic.forge(|forge| forge.repository("access").unwrap().id);
    clinic.edit("dualkey.yaml", &format!("id: {id}"), "id: 77");
    clinic.doctor(&[]).exits(5).says("repo-mismatch");
    // and one that is called otherwise is the same one
    clinic.edit("dualkey.yaml", "id: 77", &format!("id: {id}"));
    clinic.forge(|forge| forge.rename_repository("access", "who-may"));
    assert_eq!(clinic.found(), [""; 0]);
    let world = World::new();
    world.timed(&["doctor"]).exits(2).says("doesn't say which repository this is");
}
