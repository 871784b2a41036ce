//! Members and repositories of teams, and roles over the organisation.

use crate::client::Client;
use crate::world::{EVERYTHING, by_owner, server, small};
use github_standin::world::Level;
use serde_json::json;

#[test]
fn a_member_joins_at_once_and_anybody_else_is_invited() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    let set = |login: &str, role: &str| {
        let reply = client.put(&format!("/orgs/northwind/teams/build/memberships/{login}"), json!({ "role": role }));
        (reply.status, reply.body["state"].clone(), reply.body["role"].clone())
    };
    assert_eq!(set("cleo", "maintainer"), (200, json!("active"), json!("maintainer")));
    // owners can't be less than maintainers
    assert_eq!(set("bo", "member"), (200, json!("active"), json!("maintainer")));
    assert_eq!(set("finn", "member"), (200, json!("pending"), json!("member")));
    assert_eq!(client.get("/orgs/northwind/invitations").each("login"), [json!("finn")]);
    assert_eq!(set("northwind", "member").0, 422);
    assert_eq!(set("nobody", "member").0, 404);
    let remove = |login: &str| client.delete(&format!("/orgs/northwind/teams/build/memberships/{login}")).status;
    assert_eq!((remove("cleo"), remove("cleo"), remove("finn")), (204, 404, 204));
    // the invitation to the organisation stands
    assert_eq!(client.get("/orgs/northwind/memberships/finn").body["state"], "pending");
}

#[test]
fn a_team_that_an_identity_provider_keeps_is_not_changed_here() {
    let (server, token) = by_owner();
    server.world(|world| world.synchronize("build", true));
    let client = Client::new(&server, &token);
    let at = "/orgs/northwind/teams/build/memberships/dan";
    assert_eq!((client.put(at, json!({})).status, client.delete(at).status), (403, 403));
    server.world(|world| world.synchronize("build", false));
    assert_eq!(client.delete(at).status, 204);
}

#[test]
fn a_maintainer_may_change_their_team_and_no_other() {
    let mut world = small();
    world.join_team("cleo", "build", true);
    let token = world.fine_grained_token("cleo", "members=write");
    let server = server(world);
    let client = Client::new(&server, &token);
    let set = |team: &str| client.put(&format!("/orgs/northwind/teams/{team}/memberships/bo"), json!({})).status;
    assert_eq!((set("build"), set("platform")), (200, 403));
}

#[test]
fn a_role_of_a_team_below_shows_again_when_the_larger_one_above_goes() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    let seen = || client.get("/orgs/northwind/teams/build/repos").each("role_name");
    assert_eq!(seen(), [json!("write")]);
    assert_eq!(client.delete("/orgs/northwind/teams/platform/repos/northwind/shop").status, 204);
    assert_eq!(seen(), [json!("read")]);
    assert_eq!(
        client.put("/orgs/northwind/teams/build/repos/northwind/shop", json!({ "permission": "admin" })).status,
        204
    );
    assert_eq!(seen(), [json!("admin")]);
    assert_eq!(client.delete("/orgs/northwind/teams/build/repos/northwind/till").status, 404);
}

#[test]
fn a_team_takes_repositories_of_its_organization_only() {
    let mut world = small();
    world.add_repository("ada/notes");
    let token = world.classic_token("ada", "repo admin:org");
    let server = server(world);
    let client = Client::new(&server, &token);
    let refused = client.put("/orgs/northwind/teams/build/repos/ada/notes", json!({ "permission": "push" }));
    assert_eq!(refused.status, 422);
    let word = client.put("/orgs/northwind/teams/build/repos/northwind/till", json!({ "permission": "write" }));
    assert_eq!(word.status, 422);
}

#[test]
fn a_role_over_the_organization_opens_every_repository() {
    let mut world = small();
    world.set_base(Level::None);
    let role = world.add_organization_role("all_repo_maintain", Some(Level::Maintain), &[]);
    world.add_organization_role("auditor", None, &["read_organization_audit_log"]);
    world.assign_role(role, "dan");
    world.assign_role_to_team(role, "platform");
    let token = world.fine_grained_token("ada", EVERYTHING);
    let server = server(world);
    let client = Client::new(&server, &token);
    let roles = client.get("/orgs/northwind/organization-roles").body;
    let bases = roles["roles"].as_array().unwrap().iter().map(|role| role["base_role"].clone());
    assert_eq!(bases.collect::<Vec<_>>(), [json!("maintain"), json!(null)]);
    let users = client.get(&format!("/orgs/northwind/organization-roles/{role}/users"));
    let held = users.list().iter().map(|user| json!([user["login"], user["assignment"]]));
    assert_eq!(json!(held.collect::<Vec<_>>()), json!([["ada", "indirect"], ["cleo", "indirect"], ["dan", "mixed"]]));
    let level = |login: &str| {
        client.get(&format!("/repos/northwind/till/collaborators/{login}/permission")).body["role_name"].clone()
    };
    assert_eq!((level("cleo"), level("dan")), (json!("maintain"), json!("maintain")));
    assert_eq!(client.delete(&format!("/orgs/northwind/organization-roles/teams/platform/{role}")).status, 204);
    assert_eq!((level("cleo"), level("dan")), (json!("none"), json!("maintain")));
    assert_eq!(client.delete(&format!("/orgs/northwind/organization-roles/users/dan/{role}")).status, 204);
    assert_eq!(level("dan"), json!("none"));
}
