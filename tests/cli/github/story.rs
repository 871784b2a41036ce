//! Plan, approve, apply, drift, end, audit: at a GitHub that does it.

use super::*;

#[test]
fn access_is_given_watched_and_ended_at_github() {
    let hub = Hub::open();
    assert!(hub.server.world(|forge| forge.team("oncall").unwrap().members.len() == 1));
    hub.run(&["plan", "--live"]).exits(0).says("nothing");
    hub.let_in("alice.nguyen", "alice-nw");
    hub.run(&["plan"]).exits(0).says("alice.nguyen  github  repository northwind/shop  push");
    hub.land("alice");
    hub.run(&["apply"])
        .exits(0)
        .says("grant alice.nguyen github repository northwind/shop push")
        .says("invited; it is held from when they accept");
    assert_eq!(hub.may("alice-nw", "shop"), None, "she hasn't accepted");
    // an invitation is no difference, and is sent once
    hub.run(&["drift"]).exits(0).says("pending, until who was given it accepts").says("alice.nguyen");
    hub.run(&["apply"]).exits(0);
    let mails = hub.server.world(|forge| forge.mails().len());
    assert_eq!(mails, 2, "one to Grace, one to Alice");
    hub.server.world(|forge| forge.accept("alice-nw"));
    assert_eq!(hub.may("alice-nw", "shop").as_deref(), Some("write"));
    hub.run(&["plan", "--live"]).exits(0).says("nothing");
    hub.run(&["drift"]).exits(0);

    // whoever only looks changes nothing
    hub.server.take_log();
    for args in [&["plan", "--live"][..], &["drift"], &["access", "alice.nguyen", "--live"]] {
        hub.run(args);
    }
    assert_eq!(hub.server.log().writes().count(), 0);

    // somebody goes around dualkey
    hub.server.world(|forge| {
        forge.grant("alice-nw", "shop", "admin");
        forge.grant("alice-nw", "till", "read");
        forge.quit_team("grace-lin", "oncall");
    });
    let drifted = hub.run(&["drift"]).exits(1);
    drifted.says("repository northwind/shop  admin").says("repository northwind/till  pull");
    hub.run(&["apply"]).exits(0).says("grant grace.lin github team northwind/oncall member");
    assert_eq!(hub.may("alice-nw", "shop").as_deref(), Some("write"));
    assert_eq!(hub.may("alice-nw", "till"), None);
    hub.run(&["plan", "--live"]).exits(0).says("nothing");

    // she leaves
    let person = hub.world.read("people/alice.nguyen.yaml");
    hub.world.write("people/alice.nguyen.yaml", &format!("{person}ended: {}\n", day(0)));
    hub.land("alice-leaves");
    hub.run(&["apply"]).exits(0).says("revoke alice.nguyen github repository northwind/shop push");
    assert_eq!(hub.may("alice-nw", "shop"), None);
    hub.run(&["plan", "--live"]).exits(0).says("nothing");
    hub.run(&["audit", "verify"]).exits(0);
    hub.run(&["access", "alice.nguyen", "--at", &day(0).to_string()]).exits(0);
    hub.run(&["audit", "search", "--person", "alice.nguyen"]).exits(0).says("northwind/shop");
    let log = hub.server.log();
    let writes: Vec<_> = log.writes().map(|record| (record.at, &record.method, &record.target)).collect();
    assert!(log.shortest_pause().unwrap() >= jiff::SignedDuration::from_secs(1), "{writes:#?}");
}

#[test]
fn an_invitation_that_expired_is_sent_anew_and_one_that_is_not_wanted_is_withdrawn() {
    let hub = Hub::open();
    hub.let_in("alice.nguyen", "alice-nw");
    hub.land("alice");
    hub.run(&["apply"]).exits(0);
    let before = hub.server.world(|forge| forge.mails().len());
    // its number says that it is the same one, whose age alone is another
    hub.server.world(|forge| forge.age_invitations(jiff::SignedDuration::from_hours(24 * 8)));
    hub.run(&["drift"]).exits(1).says("invitation-expired").says("grant");
    hub.run(&["apply"]).exits(0).says("invited");
    hub.run(&["apply"]).exits(0);
    assert_eq!(hub.server.world(|forge| forge.mails().len()), before + 1, "once");
    let open = |forge: &mut Forge| forge.repository("shop").unwrap().invitations.len();
    assert_eq!(hub.server.world(open), 1);
    let person = hub.world.read("people/alice.nguyen.yaml");
    hub.world.write("people/alice.nguyen.yaml", &format!("{person}ended: {}\n", day(0)));
    hub.land("alice-leaves");
    hub.run(&["apply"]).exits(0).says("revoke alice.nguyen");
    assert_eq!(hub.server.world(open), 0, "nobody can accept it any more");
}

#[test]
fn an_invitation_that_was_declined_is_not_sent_again_and_again() {
    let hub = Hub::open();
    hub.let_in("alice.nguyen", "alice-nw");
    hub.land("alice");
    hub.run(&["apply"]).exits(0).says("invited");
    let sent = hub.server.world(|forge| {
        forge.decline("alice-nw");
        forge.mails().len()
    });
    for _ in 0..2 {
        hub.run(&["apply"]).exits(0);
    }
    assert_eq!(hub.server.world(|forge| forge.mails().len()), sent);
    hub.run(&["drift"]).exits(0).says("pending").says("declined");
}
