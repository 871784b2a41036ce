//! Adding to a repository, invitations to it, and taking away.

use crate::client::Client;
use crate::world::{EVERYTHING, by_owner, server, small};
use github_standin::world::{INVITATION_LIFE, Invitee, Level};
use jiff::SignedDuration;
use serde_json::json;

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn role(word: &str) -> serde_json::Value {
    json!({ "permission": word })
}

#[test]
fn somebody_from_outside_is_invited_and_then_has_the_role() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    let finn = server.world(|world| world.account("finn").unwrap().id);
    let sent = client.put("/repos/northwind/till/collaborators/finn", role("push"));
    assert_eq!(sent.status, 201);
    assert_eq!(sent.body["invitee"]["id"], finn);
    assert_eq!((&sent.body["permissions"], &sent.body["expired"]), (&json!("write"), &json!(false)));
    assert_eq!(client.get("/repos/northwind/till/collaborators/finn").status, 404);
    assert!(server.world(|world| world.mails().last().unwrap().to == Invitee::Account(finn)));
    server.world(|world| world.accept("finn"));
    assert!(client.get("/repos/northwind/till/invitations").list().is_empty());
    assert_eq!(client.get("/repos/northwind/till/collaborators/finn/permission").body["role_name"], "write");
    // who is in needs no invitation, and there is no body
    let changed = client.put("/repos/northwind/till/collaborators/finn", role("maintain"));
    assert_eq!((changed.status, changed.body), (204, json!(null)));
    assert_eq!(client.get("/repos/northwind/till/collaborators/finn/permission").body["role_name"], "maintain");
}

#[test]
fn a_member_is_added_at_once_and_not_below_the_base_permission() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    assert_eq!(client.put("/repos/northwind/till/collaborators/cleo", role("pull")).status, 204);
    server.world(|world| world.set_base(Level::Write));
    let refused = client.put("/repos/northwind/till/collaborators/dan", role("triage"));
    assert_eq!(refused.status, 422);
    assert_eq!(refused.body["errors"][0]["message"], "Cannot assign member permission of triage");
    assert_eq!(client.put("/repos/northwind/till/collaborators/bo", role("maintain")).status, 422);
    assert_eq!(client.put("/repos/northwind/till/collaborators/bo", role("admin")).status, 204);
}

#[test]
fn roles_are_words_of_requests_or_the_organizations_own() {
    let mut world = small();
    world.add_custom_role("deployer", Level::Maintain);
    let token = world.fine_grained_token("ada", EVERYTHING);
    let server = server(world);
    let client = Client::new(&server, &token);
    let add = |word: &str| client.put("/repos/northwind/shop/collaborators/eve", role(word)).status;
    assert_eq!(add("deployer"), 204);
    assert_eq!(client.get("/repos/northwind/shop/collaborators/eve/permission").body["role_name"], "deployer");
    // words of answers are not words of requests
    assert_eq!((add("write"), add("read"), add("nobody-knows")), (422, 422, 422));
    assert_eq!(client.put("/repos/northwind/shop/collaborators/nobody", role("push")).status, 404);
    let custom = client.get("/orgs/northwind/custom-repository-roles");
    assert_eq!(custom.body["custom_roles"][0]["base_role"], "maintain");
}

#[test]
fn an_invitation_is_changed_by_its_number() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    let sent = client.put("/repos/northwind/till/collaborators/finn", role("push"));
    let at = format!("/repos/northwind/till/invitations/{}", sent.body["id"]);
    let changed = client.patch(&at, json!({ "permissions": "admin" }));
    assert_eq!((changed.status, &changed.body["permissions"]), (200, &json!("admin")));
    assert_eq!(server.world(|world| world.mails().len()), 1);
    assert_eq!(client.delete(&at).status, 204);
    assert_eq!(client.delete(&at).status, 404);
    server.world(|world| world.accept("finn"));
    assert_eq!(client.get("/repos/northwind/till/collaborators/finn").status, 404);
}

#[test]
fn a_second_invitation_rests_on_what_nobody_proved() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    client.put("/repos/northwind/till/collaborators/finn", role("push"));
    client.put("/repos/northwind/till/collaborators/finn", role("push"));
    let violations = server.take_violations();
    assert!(violations[0].contains("an invitation waits already"), "{violations:?}");
}

#[test]
fn an_invitation_that_expired_stays_in_the_list() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    let sent = client.put("/repos/northwind/till/collaborators/finn", role("push"));
    server.clock().advance(INVITATION_LIFE - SignedDuration::from_secs(1));
    assert_eq!(client.get("/repos/northwind/till/invitations").each("expired"), [json!(false)]);
    server.clock().advance(SignedDuration::from_secs(1));
    assert_eq!(client.get("/repos/northwind/till/invitations").each("expired"), [json!(true)]);
    server.world(|world| world.accept("finn"));
    assert_eq!(client.get("/repos/northwind/till/collaborators/finn").status, 404);
    client.put("/repos/northwind/till/collaborators/finn", role("push"));
    assert!(server.take_violations()[0].contains("an invitation expired and is still there"));
    client.delete(&format!("/repos/northwind/till/invitations/{}", sent.body["id"]));
    assert_eq!(client.put("/repos/northwind/till/collaborators/finn", role("push")).status, 201);
}

#[test]
fn an_invitation_that_was_declined_vanishes() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    client.put("/repos/northwind/till/collaborators/finn", role("push"));
    server.world(|world| world.decline("finn"));
    assert!(client.get("/repos/northwind/till/invitations").list().is_empty());
}

#[test]
fn a_repository_sends_fifty_invitations_a_day() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    server.world(|world| {
        for number in 0..51 {
            world.add_account(&format!("new-{number}"));
        }
    });
    for number in 0..50 {
        let sent = client.put(&format!("/repos/northwind/till/collaborators/new-{number}"), role("pull"));
        assert_eq!(sent.status, 201);
        server.clock().advance(SignedDuration::from_secs(1));
    }
    assert_eq!(client.put("/repos/northwind/till/collaborators/new-50", role("pull")).status, 422);
    // another repository has its own count, and members are not invited
    assert_eq!(client.put("/repos/northwind/shop/collaborators/new-50", role("pull")).status, 201);
    assert_eq!(client.put("/repos/northwind/till/collaborators/cleo", role("pull")).status, 204);
    server.clock().advance(DAY);
    assert_eq!(client.put("/repos/northwind/till/collaborators/new-50", role("pull")).status, 201);
}

#[test]
fn an_archived_repository_can_only_be_read() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    server.world(|world| world.archive("shop", true));
    assert_eq!(client.get("/repos/northwind/shop").body["archived"], true);
    assert_eq!(client.get("/repos/northwind/shop/collaborators/eve").status, 204);
    let refused = client.delete("/repos/northwind/shop/collaborators/eve");
    assert_eq!((refused.status, &refused.body["message"]), (403, &json!("Repository was archived so is read-only.")));
    assert_eq!(client.put("/repos/northwind/shop/collaborators/cleo", role("push")).status, 403);
    let team = "/orgs/northwind/teams/build/repos/northwind/shop";
    assert_eq!((client.put(team, role("push")).status, client.delete(team).status), (403, 403));
}

#[test]
fn who_is_removed_keeps_what_comes_from_elsewhere_and_loses_forks() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    server.world(|world| {
        world.fork("eve", "shop");
        world.grant("dan", "shop", "admin");
        world.fork("dan", "shop");
    });
    assert_eq!(client.delete("/repos/northwind/shop/collaborators/eve").status, 204);
    assert_eq!(client.delete("/repos/northwind/shop/collaborators/eve").status, 404);
    assert_eq!(client.delete("/repos/northwind/shop/collaborators/dan").status, 204);
    // a team above dan's has it
    assert_eq!(client.get("/repos/northwind/shop/collaborators/dan/permission").body["role_name"], "write");
    assert!(server.world(|world| world.repository("eve/shop").is_none()));
    assert!(server.world(|world| world.repository("dan/shop").is_some()));
}

#[test]
fn a_removal_may_be_seen_some_reads_later() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    server.world(|world| world.removal_delay = 2);
    assert_eq!(client.delete("/repos/northwind/shop/collaborators/eve").status, 204);
    let seen = || client.get("/repos/northwind/shop/collaborators?affiliation=direct").list().len();
    assert_eq!((seen(), seen(), seen()), (1, 1, 0));
}

#[test]
fn accounts_of_the_other_kind_are_refused_where_an_enterprise_manages_its_users() {
    let mut world = small();
    world.organization_mut().managed_users = true;
    world.add_account("ida_nw");
    let token = world.fine_grained_token("ada", EVERYTHING);
    let server = server(world);
    let client = Client::new(&server, &token);
    assert_eq!(client.put("/repos/northwind/till/collaborators/finn", role("push")).status, 422);
    assert_eq!(client.put("/repos/northwind/till/collaborators/ida_nw", role("push")).status, 204);
    let refused = client.post("/orgs/northwind/invitations", json!({ "email": "x@mail.example" }));
    assert_eq!(refused.status, 422);
    let joined = client.put("/orgs/northwind/memberships/ida_nw", json!({ "role": "member" }));
    assert_eq!((joined.status, &joined.body["state"]), (200, &json!("active")));
}
