//! Who may do what, and how they are told that they may not.

use crate::client::Client;
use crate::world::{EVERYTHING, by_owner, server, small};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use github_standin::Server;
use jiff::SignedDuration;
use rsa::RsaPrivateKey;
use rsa::pkcs1::{DecodeRsaPrivateKey, EncodeRsaPublicKey};
use rsa::pkcs1v15::SigningKey;
use rsa::signature::{SignatureEncoding, Signer};
use serde_json::{Value, json};
use std::process::Command;
use std::sync::LazyLock;

/// A key for an App, made once.
static KEY: LazyLock<RsaPrivateKey> = LazyLock::new(|| {
    let at = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("app-{}", std::process::id()));
    let path = at.to_str().unwrap();
    let made =
        Command::new("ssh-keygen").args(["-q", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "", "-f", path]).status();
    assert!(made.expect("ssh-keygen is needed to make the key of an App").success());
    let key = RsaPrivateKey::from_pkcs1_pem(&std::fs::read_to_string(&at).unwrap()).unwrap();
    std::fs::remove_file(&at).unwrap();
    std::fs::remove_file(at.with_extension("pub")).unwrap();
    key
});

fn assertion(issuer: &Value, issued: i64, life: i64) -> String {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = part(json!({ "alg": "RS256", "typ": "JWT" }));
    let signed = format!("{head}.{}", part(json!({ "iss": issuer, "iat": issued, "exp": issued + life })));
    let signature = SigningKey::<sha2::Sha256>::new(KEY.clone()).sign(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

/// A server with an App that is installed, and the numbers of both.
fn with_app(of: &str) -> (Server, u64, u64) {
    let mut world = small();
    let public = KEY.to_public_key().to_pkcs1_pem(rsa::pkcs1::LineEnding::LF).unwrap();
    let (app, installation) = world.install_app("gatekeeper", &public, of);
    (server(world), app, installation)
}

/// The token of an App that is installed on a server.
pub fn install(server: &Server, of: &str) -> String {
    let public = KEY.to_public_key().to_pkcs1_pem(rsa::pkcs1::LineEnding::LF).unwrap();
    server.world(|world| {
        let (_, installation) = world.install_app("other", &public, of);
        world.installation_token(installation)
    })
}

const NOW: i64 = 1_788_249_600;

#[test]
fn an_app_signs_for_a_token_that_lives_an_hour() {
    let (server, app, installation) = with_app("members=read administration=write");
    let signed = assertion(&json!(app), NOW - 60, 600);
    let as_app = Client::new(&server, &signed);
    assert_eq!(as_app.get("/app").body["slug"], "gatekeeper");
    assert_eq!(as_app.get("/orgs/northwind/installation").body["id"], installation);
    assert_eq!(as_app.get(&format!("/app/installations/{installation}")).body["repository_selection"], "all");
    let made = as_app.post(&format!("/app/installations/{installation}/access_tokens"), json!({}));
    assert_eq!((made.status, &made.body["expires_at"]), (201, &json!("2026-09-01T09:00:00Z")));
    let token = made.body["token"].as_str().unwrap();
    assert!(token.starts_with("ghs_") && token.len() > 500);
    let client = Client::new(&server, token);
    assert_eq!(client.get("/orgs/northwind/members").list().len(), 4);
    // the account of the App invites
    let sent = client.put("/repos/northwind/till/collaborators/finn", json!({ "permission": "push" }));
    assert_eq!(
        (&sent.body["inviter"]["login"], &sent.body["inviter"]["type"]),
        (&json!("gatekeeper[bot]"), &json!("Bot"))
    );
    assert_eq!(client.get("/installation/repositories").body["total_count"], 3);
    server.clock().advance(SignedDuration::from_secs(3_600));
    assert_eq!(client.get("/orgs/northwind/members").status, 401);
}

#[test]
fn an_assertion_that_is_false_or_old_is_refused() {
    let (server, app, _) = with_app("members=read");
    let status = |token: &str| Client::new(&server, token).get("/app").status;
    assert_eq!(status(&assertion(&json!(app.to_string()), NOW, 600)), 200);
    assert_eq!(status(&assertion(&json!(7), NOW, 600)), 404);
    assert_eq!(status(&assertion(&json!(app), NOW - 700, 600)), 401);
    assert_eq!(status(&assertion(&json!(app), NOW, 3_600)), 401);
    assert_eq!(status(&assertion(&json!(app), NOW + 60, 500)), 401);
    let mut forged = assertion(&json!(app), NOW, 600);
    let last = if forged.pop() == Some('A') { 'Q' } else { 'A' };
    forged.push(last);
    let half = forged.len() - 100;
    forged.replace_range(half..half + 1, if &forged[half..half + 1] == "A" { "B" } else { "A" });
    assert_eq!(status(&forged), 401);
    server.check_assertion_times(false);
    assert_eq!(status(&assertion(&json!(app), NOW - 90_000, 600)), 200);
}

#[test]
fn a_token_can_be_narrowed_and_not_widened() {
    let (server, app, installation) = with_app("members=write administration=write");
    let as_app = Client::new(&server, &assertion(&json!(app), NOW, 600));
    let at = format!("/app/installations/{installation}/access_tokens");
    let shop = server.world(|world| world.repository("shop").unwrap().id);
    let wanted = json!({ "repository_ids": [shop], "permissions": { "administration": "read" } });
    let made = as_app.post(&at, wanted);
    assert_eq!(made.body["permissions"], json!({ "administration": "read", "metadata": "read" }));
    let client = Client::new(&server, made.body["token"].as_str().unwrap());
    assert_eq!(client.get("/repos/northwind/shop/keys").status, 200);
    assert_eq!(client.get("/repos/northwind/till/keys").status, 404);
    assert_eq!(client.get("/orgs/northwind/teams").status, 403);
    assert_eq!(as_app.post(&at, json!({ "permissions": { "contents": "write" } })).status, 422);
    assert_eq!(as_app.post(&at, json!({ "repository_ids": [1] })).status, 422);
}

#[test]
fn a_suspended_installation_does_nothing() {
    let (server, app, installation) = with_app("members=read");
    let token = server.world(|world| world.installation_token(installation));
    server.world(|world| world.suspend(installation, true));
    let refused = Client::new(&server, &token).get("/orgs/northwind/members");
    assert_eq!((refused.status, &refused.body["message"]), (403, &json!("This installation has been suspended")));
    assert_eq!(Client::new(&server, &token).query("{rateLimit{cost}}", json!(null)).status, 403);
    let as_app = Client::new(&server, &assertion(&json!(app), NOW, 600));
    assert_eq!(as_app.post(&format!("/app/installations/{installation}/access_tokens"), json!({})).status, 403);
}

#[test]
fn the_permission_that_lacks_is_named() {
    let (server, _, installation) = with_app("members=read");
    let token = server.world(|world| world.installation_token(installation));
    let client = Client::new(&server, &token);
    for (method, path, accepted) in [
        ("DELETE", "/orgs/northwind/memberships/cleo", "members=write"),
        ("GET", "/repos/northwind/shop/invitations", "administration=read"),
        ("DELETE", "/orgs/northwind/teams/build/repos/northwind/shop", "administration=write,members=read"),
        (
            "GET",
            "/orgs/northwind/custom-repository-roles",
            "organization_custom_roles=read; organization_administration=read",
        ),
        ("GET", "/orgs/northwind/personal-access-tokens", "organization_personal_access_tokens=read"),
    ] {
        let refused = client.send(method, path, None);
        assert_eq!(refused.status, 403, "{path}");
        assert_eq!(refused.body["message"], "Resource not accessible by integration");
        assert_eq!(refused.header("X-Accepted-GitHub-Permissions"), Some(accepted));
    }
}

#[test]
fn what_people_leave_behind_is_read_and_ended_by_apps() {
    let (server, _, installation) = with_app("organization_personal_access_tokens=write");
    let grant = server.world(|world| world.add_granted_token("dan", "laptop", Some(world_end())));
    let token = server.world(|world| world.installation_token(installation));
    let client = Client::new(&server, &token);
    let tokens = client.get("/orgs/northwind/personal-access-tokens");
    assert_eq!(tokens.each("token_name"), [json!("laptop")]);
    let end = client.post(&format!("/orgs/northwind/personal-access-tokens/{grant}"), json!({ "action": "revoke" }));
    assert_eq!(end.status, 204);
    assert!(client.get("/orgs/northwind/personal-access-tokens").list().is_empty());
}

fn world_end() -> jiff::Timestamp {
    crate::world::start() + SignedDuration::from_hours(1)
}

#[test]
fn a_persons_token_may_no_more_than_the_person() {
    let mut world = small();
    let token = world.fine_grained_token("cleo", EVERYTHING);
    let stranger = world.fine_grained_token("finn", EVERYTHING);
    let server = server(world);
    let client = Client::new(&server, &token);
    assert_eq!(client.get("/orgs/northwind/members").status, 200);
    assert_eq!(client.get("/orgs/northwind/invitations").status, 403);
    assert_eq!(client.delete("/orgs/northwind/memberships/dan").status, 403);
    let refused = client.put("/repos/northwind/till/collaborators/finn", json!({ "permission": "pull" }));
    assert_eq!(refused.body["message"], "Must have admin rights to Repository.");
    let stranger = Client::new(&server, &stranger);
    // without being in, the list is of those who show themselves, and nothing tells that it isn't whole
    let shown = |client: &Client| json!(client.get("/orgs/northwind/members").each("login"));
    assert_eq!(shown(&stranger), json!([]));
    server.world(|world| world.set_public("dan", true));
    assert_eq!((shown(&stranger), shown(&client)), (json!(["dan"]), json!(["ada", "bo", "cleo", "dan"])));
    let push = client.get("/repos/northwind/till/collaborators");
    assert_eq!(push.body["message"], "Must have push access to view repository collaborators.");
    assert_eq!(client.get("/repos/northwind/shop/collaborators").status, 200);
    assert_eq!(
        (stranger.get("/orgs/northwind/teams").status, stranger.get("/repos/northwind/till").status),
        (404, 404)
    );
}

#[test]
fn a_classic_token_without_the_scope_is_told_that_there_is_nothing() {
    let mut world = small();
    let (reads, writes) = (world.classic_token("ada", "repo read:org"), world.classic_token("ada", "repo admin:org"));
    let server = server(world);
    let reads = Client::new(&server, &reads);
    assert_eq!(reads.get("/user").header("X-OAuth-Scopes"), Some("read:org, repo"));
    assert_eq!(
        (reads.get("/orgs/northwind/members").status, reads.get("/repos/northwind/shop/keys").status),
        (200, 200)
    );
    let refused = reads.delete("/orgs/northwind/memberships/dan");
    assert_eq!((refused.status, refused.header("X-Accepted-GitHub-Permissions")), (404, None));
    assert_eq!(Client::new(&server, &writes).delete("/orgs/northwind/memberships/dan").status, 204);
}

#[test]
fn a_workflows_token_sees_its_repository_only() {
    let (server, _, installation) = with_app("members=read administration=read");
    let token = server.world(|world| world.workflow_token(installation, "shop", "contents=read pull_requests=read"));
    let client = Client::new(&server, &token);
    let shop = client.get("/repos/northwind/shop");
    assert_eq!((shop.status, shop.header("X-RateLimit-Limit")), (200, Some("1000")));
    assert_eq!(client.get("/repos/northwind/till").status, 404);
    assert_eq!(
        (client.get("/orgs/northwind/invitations").status, client.get("/orgs/northwind/teams").status),
        (403, 403)
    );
    assert!(client.get("/orgs/northwind/members").list().is_empty());
}

#[test]
fn a_token_that_was_not_authorised_for_single_sign_on_is_told_where_to_do_it() {
    let (server, token) = by_owner();
    server.world(|world| {
        world.organization_mut().single_sign_on = true;
        world.token_mut(&token).authorized = false;
    });
    let refused = Client::new(&server, &token).get("/orgs/northwind/members");
    assert_eq!(refused.status, 403);
    let url = "required; url=https://github.com/orgs/northwind/sso?authorization_request=A0000000";
    assert_eq!(refused.header("X-GitHub-SSO"), Some(url));
    let query = Client::new(&server, &token).query("{organization(login:\"northwind\"){databaseId}}", json!(null));
    assert_eq!((query.status, &query.body["data"]["organization"]), (200, &json!(null)));
    assert_eq!(query.body["errors"][0]["type"], "FORBIDDEN");
    let repository = Client::new(&server, &token).get("/repos/northwind/shop");
    assert_eq!((repository.status, repository.header("X-GitHub-SSO")), (403, Some(url)));
    let query = "{repository(owner:\"northwind\",name:\"shop\"){databaseId}}";
    let query = Client::new(&server, &token).query(query, json!(null));
    assert_eq!(query.body["errors"][0]["type"], "FORBIDDEN");
}

#[test]
fn the_end_of_a_persons_token_is_told_and_kept() {
    let (server, token) = by_owner();
    server.world(|world| world.token_mut(&token).expires = Some(world_end()));
    let client = Client::new(&server, &token);
    let end = client.get("/user").header("GitHub-Authentication-Token-Expiration").map(str::to_owned);
    assert_eq!(end.as_deref(), Some("2026-09-01 09:00:00 UTC"));
    server.clock().set(world_end());
    assert_eq!(client.get("/user").status, 401);
}

#[test]
fn a_secret_that_nobody_gave_out_is_bad_and_none_is_a_violation() {
    let (server, token) = by_owner();
    let bad = Client::new(&server, "ghp_000000000000000000000000000000000000").get("/user");
    assert_eq!((bad.status, &bad.body["message"]), (401, &json!("Bad credentials")));
    let none = Client::new(&server, &token).without("Authorization").get("/user");
    assert_eq!((none.status, &none.body["message"]), (401, &json!("Requires authentication")));
    assert_eq!(server.take_violations(), ["GET /user: there is no Authorization"]);
}

#[test]
fn each_question_about_pull_requests_asks_for_its_own_permission() {
    let mut world = crate::story::proposed();
    let head = world.branch("access", "add-eve").unwrap();
    let token = world.actions_token("access", "");
    let server = server(world);
    let client = Client::new(&server, &token);
    for (path, needed) in [
        ("activity", "contents=read"),
        ("pulls", "pull_requests=read"),
        ("pulls/1", "pull_requests=read"),
        ("pulls/1/reviews", "pull_requests=read"),
        (&format!("commits/{head}/pulls"), "pull_requests=read"),
        (&format!("commits/{head}/check-runs"), "checks=read"),
        ("issues", "issues=read"),
        ("issues/1/comments", "issues=read; pull_requests=read"),
        ("environments", "actions=read"),
        ("actions/permissions/workflow", "administration=read"),
        ("actions/oidc/customization/sub", "actions=read"),
        ("branches/main/protection", "administration=read"),
    ] {
        let refused = client.get(&format!("/repos/northwind/access/{path}"));
        assert_eq!(refused.status, 403, "{path}");
        assert_eq!(refused.header("X-Accepted-GitHub-Permissions"), Some(needed), "{path}");
    }
    for path in ["", "/rulesets", "/rules/branches/main"] {
        assert_eq!(client.get(&format!("/repos/northwind/access{path}")).status, 200, "{path}");
    }
    let variables = json!({ "owner": "northwind", "name": "access", "number": 1 });
    let refused = client.query(crate::story::EVIDENCE, variables).body;
    assert_eq!(refused["data"]["repository"]["pullRequest"], Value::Null);
    assert_eq!(refused["errors"][0]["type"], "FORBIDDEN");
    let variables = json!({ "owner": "northwind", "name": "access", "a": head });
    let refused = client.query(crate::story::LANDINGS, variables).body;
    assert_eq!(
        (&refused["data"]["repository"]["c0"], &refused["errors"][0]["type"]),
        (&Value::Null, &json!("FORBIDDEN"))
    );
}

#[test]
fn a_workflow_acts_as_one_account_in_its_own_repository() {
    let mut world = crate::story::proposed();
    world.add_repository("open");
    world.set_visibility("open", github_standin::world::Visibility::Public);
    let token = world.actions_token("access", "issues=write pull_requests=write");
    let server = server(world);
    let client = Client::new(&server, &token);
    let opened = client.post("/repos/northwind/access/issues", json!({ "title": "Drift" })).body;
    assert_eq!((&opened["user"]["login"], &opened["user"]["id"]), (&json!("github-actions[bot]"), &json!(41_898_282)));
    assert_eq!(
        client.post("/repos/northwind/access/issues", json!({ "title": "Again" })).header("X-RateLimit-Limit"),
        Some("1000")
    );
    // nobody made that account, so it isn't listed
    server.world(|world| {
        assert!(world.account("github-actions[bot]").is_some());
        assert!(!world.accounts().any(|account| account.bot));
    });
    // what everybody sees it sees, and changes nothing there
    assert_eq!(client.get("/repos/northwind/open").status, 200);
    assert_eq!(client.post("/repos/northwind/open/issues", json!({ "title": "Drift" })).status, 403);
    assert_eq!(server.log().0[0].caller.as_deref(), Some("workflow:access"));
    server.clock().advance(SignedDuration::from_hours(1));
    assert_eq!(client.get("/repos/northwind/access").status, 401);
}
