//! An organisation of a size that people have: 335 repositories, 152 teams, 1,278 memberships, 60 people from outside.

use super::*;
use crate::support::archive;

#[test]
fn a_large_organisation_is_declared_changed_behind_our_back_and_brought_back() {
    let mut forge = Forge::large("northwind", now());
    for owner in ["priyashah", "mei-tanaka", "dualkey-writer"] {
        forge.add_owner(owner);
    }
    let hub = Hub::at(forge);
    let kept = ["dualkey.yaml", "people/priya.shah.yaml", "people/mei.tanaka.yaml", "people/tom.reed.yaml"];
    let is_kept = |path: &str| kept.contains(&path) || path.starts_with("groups/") || path.starts_with("policies/");
    let files = archive(HUB).into_iter().filter(|(path, _)| is_kept(path));
    let files: String = files.map(|(path, text)| format!("-- {path} --\n{text}")).collect();
    let hub = hub.written(&files);
    hub.run(&["import", "github", "--sponsor", "priya.shah", "--until", &day(60).to_string(), "--unapproved"]).exits(0);
    let hub = hub.vouched();
    hub.run(&["lint"]).exits(0);
    hub.server.take_log();
    hub.run(&["plan", "--live"]).exits(0).says("what is live is what is declared");
    let requests = hub.server.take_log().count();
    println!("{requests} requests for a live plan");
    assert!(requests <= 120, "{requests}");
    hub.run(&["apply"]).exits(0).says("nothing to change");
    assert_eq!(hub.server.log().writes().count(), 0);

    // somebody goes through all of it by hand
    let role = |login: &str, name: &str| hub.server.world(|forge| forge.role_of(login, name).map(|role| role.name));
    let (first, second) = ("repository-000", "repository-083");
    assert!(role("outside-01", "repository-011").is_some() && role("outside-01", "repository-094").is_some());
    let before = [("outside-01", "repository-011"), ("outside-01", "repository-094"), ("outside-02", "repository-022")];
    let before = before.map(|(login, name)| (login, name, role(login, name)));
    hub.server.world(|forge| {
        // more, less, nothing any more, and what nobody declared
        forge.grant("outside-01", "repository-011", "admin");
        forge.grant("outside-01", "repository-094", "read");
        forge.revoke("outside-02", "repository-022");
        forge.grant("outside-03", first, "maintain");
        forge.grant("outside-04", second, "read");
        // teams: one left, one joined; and what teams open
        forge.quit_team("member-037", "team-001");
        forge.join_team("member-074", "team-002", true);
        forge.grant_team("team-003", "repository-200", "admin");
        forge.revoke_team("team-000", "repository-000");
        // names
        forge.rename_account("outside-06", "somebody-else");
        forge.add_account("outside-06");
        forge.rename_repository("repository-077", "renamed");
        forge.rename_team("team-010", "renamed");
        // things that come and go
        forge.archive("repository-300", true);
        forge.delete_repository("repository-334");
        forge.delete_team("team-151");
        forge.add_repository("new-one");
        forge.add_account("stranger");
        forge.invite_to_repository("stranger", "repository-005", "write", "priyashah");
        forge.invite_to_organization("stranger", "priyashah");
        let role = forge.add_organization_role("all_repo_read", Some(Level::Read), &[]);
        forge.assign_role(role, "member-100");
        forge.add_deploy_key("repository-006", "laptop", false, "outside-01");
    });
    hub.run(&["drift"]).says("outside-01").says("resource-renamed").says("organization-role");
    // one team is gone: what is declared of its members can't be given, and nothing else is left
    let ran = hub.run(&["apply"]).exits(4);
    ran.says("6 of 14 done").says("the target knows no team `northwind/team-151`");
    let left = hub.run(&["plan", "--live"]).exits(0).stdout;
    let operations: Vec<&str> = left
        .lines()
        .filter(|line| ["  grant ", "  revoke ", "  change "].iter().any(|verb| line.starts_with(verb)))
        .collect();
    assert!(
        operations.len() == 8 && operations.iter().all(|line| line.contains("northwind/team-151")),
        "{operations:#?}"
    );
    for (login, name, was) in before {
        let now = role(login, name);
        // who was out is invited again
        assert!(now == was || now.is_none(), "{login} {name}: {was:?} → {now:?}");
    }
    assert_eq!(role("outside-03", first), None);
    assert_eq!(role("outside-04", second), None);

    // whoever takes it out of the files has an empty plan again
    let domain = hub.world.read("domains/imported.yaml");
    let kept: Vec<&str> = domain.lines().filter(|line| !line.contains("team-151")).collect();
    hub.world.write("domains/imported.yaml", &format!("{}\n", kept.join("\n")));
    let grants = hub.world.path("repo/grants/github");
    for entry in std::fs::read_dir(grants).unwrap() {
        let path = entry.unwrap().path();
        if std::fs::read_to_string(&path).unwrap().contains("team-151") {
            std::fs::remove_file(path).unwrap();
        }
    }
    hub.run(&["lint"]).exits(0);
    hub.land_policy("the-team-is-gone");
    hub.run(&["apply"]).exits(0);
    hub.run(&["plan", "--live"]).exits(0).says("what is live is what is declared");
}
