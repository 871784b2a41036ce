//! Membership of the organisation, invitations to it, and outside collaborators.

use crate::client::Client;
use crate::world::{EVERYTHING, by_owner, server, small};
use github_standin::world::{INVITATION_LIFE, Plan};
use jiff::SignedDuration;
use serde_json::json;

#[test]
fn somebody_is_invited_by_number_once() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    let (finn, team) = server.world(|world| (world.account("finn").unwrap().id, world.team("build").unwrap().id));
    let wanted = json!({ "invitee_id": finn, "role": "direct_member", "team_ids": [team] });
    let sent = client.post("/orgs/northwind/invitations", wanted.clone());
    assert_eq!((sent.status, &sent.body["login"], &sent.body["team_count"]), (201, &json!("finn"), &json!(1)));
    let again = client.post("/orgs/northwind/invitations", wanted.clone());
    assert_eq!(again.body["errors"][0]["message"], "Invitee has already been invited to this org");
    let pending = client.get("/orgs/northwind/memberships/finn");
    assert_eq!((&pending.body["state"], &pending.body["role"]), (&json!("pending"), &json!("member")));
    assert_eq!(client.get("/orgs/northwind/teams/build/invitations").each("login"), [json!("finn")]);
    server.world(|world| world.accept("finn"));
    let member = client.post("/orgs/northwind/invitations", wanted);
    assert_eq!(member.body["errors"][0]["message"], "Invitee is already a part of this org");
    assert_eq!(client.get("/orgs/northwind/teams/build/memberships/finn").body["state"], "active");
    assert_eq!(client.post("/orgs/northwind/invitations", json!({ "invitee_id": 7 })).status, 404);
    assert_eq!(client.post("/orgs/northwind/invitations", json!({ "role": "admin" })).status, 422);
}

#[test]
fn an_invitation_that_expired_is_among_the_failed() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    let finn = server.world(|world| world.account("finn").unwrap().id);
    let sent = client.post("/orgs/northwind/invitations", json!({ "invitee_id": finn }));
    server.clock().advance(INVITATION_LIFE);
    assert!(client.get("/orgs/northwind/invitations").list().is_empty());
    let failed = client.get("/orgs/northwind/failed_invitations");
    assert_eq!(failed.each("failed_at"), [json!("2026-09-08T08:00:00Z")]);
    assert_eq!(client.get("/orgs/northwind/memberships/finn").status, 404);
    client.post("/orgs/northwind/invitations", json!({ "invitee_id": finn }));
    assert!(server.take_violations()[0].contains("a failed invitation is still there"));
    assert_eq!(client.delete(&format!("/orgs/northwind/invitations/{}", sent.body["id"])).status, 204);
    assert_eq!(client.post("/orgs/northwind/invitations", json!({ "invitee_id": finn })).status, 201);
}

#[test]
fn a_young_organization_without_a_plan_sends_fifty_invitations_a_day() {
    let mut world = small();
    world.organization_mut().plan = Plan::Free;
    world.organization_mut().created = crate::world::start() - SignedDuration::from_hours(48);
    let numbers: Vec<u64> = (0..51).map(|number| world.add_account(&format!("new-{number}"))).collect();
    let token = world.fine_grained_token("ada", EVERYTHING);
    let server = server(world);
    let client = Client::new(&server, &token);
    let invite = |number: u64| {
        server.clock().advance(SignedDuration::from_secs(1));
        client.post("/orgs/northwind/invitations", json!({ "invitee_id": number })).status
    };
    assert!(numbers[..50].iter().all(|number| invite(*number) == 201));
    assert_eq!(invite(numbers[50]), 422);
    server.world(|world| world.organization_mut().plan = Plan::Team);
    assert_eq!(invite(numbers[50]), 201);
}

#[test]
fn setting_a_membership_invites_whoever_is_not_in() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    let set = |login: &str, role: &str| {
        let reply = client.put(&format!("/orgs/northwind/memberships/{login}"), json!({ "role": role }));
        (reply.status, reply.body["state"].clone(), reply.body["role"].clone())
    };
    assert_eq!(set("finn", "member"), (200, json!("pending"), json!("member")));
    assert_eq!(set("finn", "admin"), (200, json!("pending"), json!("admin")));
    assert_eq!(server.world(|world| world.mails().len()), 1);
    assert_eq!(set("cleo", "admin"), (200, json!("active"), json!("admin")));
    assert_eq!(client.delete("/orgs/northwind/memberships/finn").status, 204);
    assert_eq!(client.delete("/orgs/northwind/memberships/finn").status, 404);
}

#[test]
fn the_last_owner_stays() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    assert_eq!(client.delete("/orgs/northwind/memberships/bo").status, 204);
    assert_eq!(client.delete("/orgs/northwind/memberships/ada").status, 403);
    assert_eq!(client.put("/orgs/northwind/memberships/ada", json!({ "role": "member" })).status, 403);
    assert_eq!(client.put("/orgs/northwind/outside_collaborators/ada", json!({})).status, 403);
}

#[test]
fn who_leaves_the_organization_leaves_its_teams_and_repositories() {
    let (server, token) = by_owner();
    server.world(|world| world.grant("dan", "till", "admin"));
    let client = Client::new(&server, &token);
    assert_eq!(client.delete("/orgs/northwind/memberships/dan").status, 204);
    assert_eq!(client.get("/repos/northwind/till/collaborators/dan").status, 404);
    assert_eq!(client.get("/orgs/northwind/teams/build/memberships/dan").status, 404);
}

#[test]
fn what_a_team_of_the_enterprise_gives_the_organization_cant_take() {
    let mut world = small();
    world.add_enterprise_team("Auditors");
    world.join_team("finn", "ent:auditors", false);
    let token = world.fine_grained_token("ada", EVERYTHING);
    let server = server(world);
    let client = Client::new(&server, &token);
    let finn = client.get("/orgs/northwind/memberships/finn").body;
    assert_eq!((&finn["state"], &finn["direct_membership"]), (&json!("active"), &json!(false)));
    assert_eq!(client.delete("/orgs/northwind/memberships/finn").status, 204);
    assert_eq!(client.get("/orgs/northwind/memberships/finn").status, 200);
    assert_eq!(client.delete("/orgs/northwind/teams/ent:auditors/memberships/finn").status, 403);
    let kinds = client.get("/orgs/northwind/teams?team_type=enterprise");
    assert_eq!(kinds.each("type"), [json!("enterprise")]);
    server.world(|world| world.quit_team("finn", "ent:auditors"));
    assert_eq!(client.get("/orgs/northwind/memberships/finn").status, 404);
}

#[test]
fn a_member_who_is_put_outside_keeps_what_teams_gave() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    let put = |login: &str, body| client.put(&format!("/orgs/northwind/outside_collaborators/{login}"), body).status;
    assert_eq!(put("dan", json!({ "async": true })), 202);
    let shop = client.get("/repos/northwind/shop/collaborators?affiliation=direct");
    assert_eq!(json!(shop.each("login")), json!(["dan", "eve"]));
    assert_eq!(client.get("/repos/northwind/shop/collaborators/dan/permission").body["role_name"], "write");
    // the base permission was for members
    assert_eq!(client.get("/repos/northwind/till/collaborators/dan").status, 404);
    assert_eq!(put("finn", json!({})), 403);
    assert_eq!(put("cleo", json!({})), 204);
}

#[test]
fn outside_collaborators_are_taken_out_of_every_repository() {
    let (server, token) = by_owner();
    server.world(|world| world.grant("eve", "till", "read"));
    let client = Client::new(&server, &token);
    assert_eq!(client.get("/orgs/northwind/outside_collaborators").each("login"), [json!("eve")]);
    assert_eq!(client.delete("/orgs/northwind/outside_collaborators/eve").status, 204);
    assert!(client.get("/orgs/northwind/outside_collaborators").list().is_empty());
    assert_eq!(client.delete("/orgs/northwind/outside_collaborators/cleo").status, 422);
}
