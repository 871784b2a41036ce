//! What goes wrong at GitHub: the error, the next step and the exit code; nothing is given, and nothing is lost.

use github_standin::world::{TokenKind, Visibility};
use github_standin::{Fault, On};

use super::*;

#[test]
fn what_is_wrong_with_a_token_is_told_with_the_next_step() {
    let hub = Hub::told();
    let never = format!("ghp_{}", "0".repeat(36));
    hub.reads_with(&never, &["drift"]).exits(5).says("target-denied").says("Bad credentials").says("make a new one");
    hub.reads_with("", &["drift"]).exits(5).says("credential-missing").says("DUALKEY_READER_GITHUB_TOKEN");
    hub.reads_with(&hub.writes, &["targets"]).exits(5).says("credential-shared");
    // one that has ended
    let old = hub.server.world(|forge| {
        let token = forge.fine_grained_token("dualkey-writer", READS);
        forge.token_mut(&token).expires = Some(now() - 1.hour());
        token
    });
    hub.reads_with(&old, &["drift"]).exits(5).says("target-denied").says("has expired");
    // one that may not see members
    let blind = hub.server.world(|forge| forge.fine_grained_token("dualkey-writer", "administration=read"));
    hub.reads_with(&blind, &["drift"]).exits(5).says("give the credential the permission `members=read`");
    // one that sees half
    let half = hub.server.world(|forge| {
        let till = forge.repository("till").unwrap().id;
        let token = forge.fine_grained_token("dualkey-writer", READS);
        let kind = &mut forge.token_mut(&token).kind;
        let TokenKind::FineGrained { repositories, .. } = kind else { panic!("{kind:?}") };
        *repositories = Some([till].into());
        token
    });
    let seen = hub.reads_with(&half, &["drift"]).exits(5);
    seen.says("repository northwind/shop").says("the credential may not see it");
    hub.reads_with(&half, &["apply"]).exits(5);
    assert_eq!(hub.may("alice-nw", "shop").as_deref(), Some("write"), "what wasn't seen stays");
    // one that can do more than look
    let classic = hub.server.world(|forge| forge.classic_token("dualkey-writer", "repo admin:org"));
    hub.reads_with(&classic, &["drift"]).exits(0).says("reader-can-write").says("`admin:org`");
    // single sign-on
    hub.server.world(|forge| {
        forge.organization_mut().single_sign_on = true;
        forge.token_mut(&hub.reads).authorized = false;
    });
    hub.run(&["drift"]).exits(5).says("single sign-on").says("https://github.com/orgs/northwind/sso");
}

#[test]
fn an_organisation_is_known_by_its_number() {
    let hub = Hub::told();
    hub.server.world(|forge| forge.rename_organization("southwind"));
    hub.run(&["drift"]).exits(0).says("resource-renamed").says("is called `southwind` by now");
    // an end doesn't wait for a name
    let grant = hub.world.read("grants/alice.nguyen-builds.yaml");
    hub.world.write("grants/alice.nguyen-builds.yaml", &grant.replace(&day(30).to_string(), &day(-1).to_string()));
    hub.land("sooner");
    hub.run(&["apply", "--only-ends"]).exits(0).says("revoke alice.nguyen");
    assert_eq!(hub.may("alice-nw", "southwind/shop"), None);
    // another organisation that is called so
    hub.server.world(|forge| {
        forge.add_organization("northwind");
    });
    hub.run(&["drift"]).exits(5).says("target-identity");
}

#[test]
fn a_login_that_another_took_over_gets_nothing() {
    let hub = Hub::told();
    hub.let_in("bob.keller", "bobkeller");
    hub.land("bob");
    hub.server.world(|forge| {
        forge.rename_account("bobkeller", "bob-the-builder");
        forge.add_account("bobkeller");
    });
    hub.run(&["apply"]).exits(0).says("grant bob.keller");
    hub.server.world(|forge| {
        forge.accept("bobkeller");
        forge.accept("bob-the-builder");
    });
    assert_eq!(hub.may("bobkeller", "shop"), None);
    assert_eq!(hub.may("bob-the-builder", "shop").as_deref(), Some("write"));
    hub.run(&["drift"]).exits(0).says("login-id-mismatch").says("is called `bob-the-builder`");
}

#[test]
fn what_moved_was_archived_or_went_is_told() {
    let hub = Hub::told();
    hub.server.world(|forge| forge.rename_repository("shop", "store"));
    hub.run(&["drift"]).exits(0).says("`northwind/shop` is called `northwind/store` by now");
    hub.server.world(|forge| forge.archive("store", true));
    hub.run(&["drift"]).exits(0).says("repository-archived");
    let person = hub.world.read("people/alice.nguyen.yaml");
    hub.world.write("people/alice.nguyen.yaml", &format!("{person}ended: {}\n", day(0)));
    hub.land("alice-leaves");
    hub.run(&["apply"]).exits(4).says("is archived").says("access to it can't be changed");
    hub.server.world(|forge| forge.archive("store", false));
    hub.run(&["apply"]).exits(0).says("revoke alice.nguyen");
    assert_eq!(hub.may("alice-nw", "store"), None);
    hub.server.world(|forge| {
        let other = forge.add_organization("initech");
        forge.set_visibility("till", Visibility::Public);
        forge.transfer_repository("till", other);
    });
    hub.run(&["drift"]).exits(5).says("is `initech/till` by now, which is another's");
}

#[test]
fn requests_go_to_the_server_that_was_approved_and_to_no_other() {
    let hub = Hub::told();
    hub.server.fail(
        On::method("GET").path("/orgs/northwind"),
        Fault::RedirectTo("https://evil.example/repositories/1".to_owned()),
    );
    hub.run(&["drift"]).exits(5).says("leads to another server").says("where no token is sent");
    hub.server.heal();
    let config = hub.world.read("dualkey.yaml");
    hub.world.write("dualkey.yaml", &config.replace(&hub.server.url(), "http://ghe.northwind.example/api/v3"));
    hub.run(&["lint"]).exits(1).says("it begins with https://");
    hub.world.write("dualkey.yaml", &config);
    let id = hub.server.world(|forge| forge.organization().id);
    hub.world.write("dualkey.yaml", &config.replace(&format!("id: {id}"), "id: 42"));
    // another organisation doesn't take over the name under which access was given
    hub.run(&["lint", "--base", "main"]).exits(1).says("target-moved").says("comes to mean `github:127.0.0.1");
}

#[test]
fn invitations_beyond_those_of_a_day_wait_and_the_plan_says_so() {
    let hub = Hub::told();
    hub.server.world(|forge| {
        for number in 0..49 {
            let login = format!("guest-{number}");
            forge.add_account(&login);
            forge.invite_to_repository(&login, "shop", "read", "priyashah");
        }
    });
    for (person, login) in [("bob.keller", "bobkeller"), ("carol.diaz", "carold"), ("dan.ek", "danek")] {
        hub.server.world(|forge| {
            if forge.account(login).is_none() {
                forge.add_account(login);
            }
        });
        hub.let_in(person, login);
    }
    hub.land("three-more");
    // Alice's own invitation of today was accepted and is seen no more, so GitHub takes none of the three
    hub.run(&["drift"])
        .exits(1)
        .says("invitations-wait")
        .says("of 3 invitations to `northwind/shop` GitHub takes 1 now");
    let ran = hub.run(&["apply"]).exits(4);
    ran.says("waits until");
    hub.server.world(|forge| forge.age_invitations(jiff::SignedDuration::from_hours(25)));
    hub.run(&["apply"]).exits(0).says("grant bob.keller");
}
