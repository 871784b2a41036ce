//! Plan, approve, apply, drift, end, audit: on a server that does it.

use super::*;

#[test]
fn access_is_given_watched_and_ended_on_a_real_server() {
    let shop = Shop::open(18);
    shop.let_alice_in();
    shop.run(&["plan"]).exits(0).says("alice.nguyen  shop  database-role shop_rw  member");
    shop.land("alice");
    shop.run(&["apply"])
        .exits(0)
        .says("grant alice.nguyen shop database-role shop_rw member")
        .says("grant grace.lin shop database-role shop_ro member");
    assert_eq!(shop.live(), "shop_ro grace_lin f\nshop_rw alice_nguyen f\nlogins: alice_nguyen grace_lin\n");
    shop.run(&["plan", "--live"]).exits(0).says("nothing");
    shop.run(&["drift"]).exits(0);
    shop.session("alice_nguyen").run("INSERT INTO orders VALUES (1)").unwrap();

    // somebody goes around dualkey
    shop.sql("GRANT shop_ro TO alice_nguyen WITH ADMIN OPTION");
    shop.run(&["drift"]).exits(1).says("alice.nguyen").says("database-role shop_ro  admin");
    let denied = shop.run(&["apply"]).exits(4);
    denied.says("a superuser runs: REVOKE \"shop_ro\" FROM \"alice_nguyen\" GRANTED BY \"postgres\" CASCADE;");
    shop.sql("REVOKE \"shop_ro\" FROM \"alice_nguyen\" GRANTED BY \"postgres\" CASCADE");
    shop.run(&["drift"]).exits(0);
    shop.sql("REVOKE shop_ro FROM grace_lin GRANTED BY dualkey");
    shop.run(&["apply"]).exits(0).says("grant grace.lin");

    // she leaves while she works
    let (working, idle) = (shop.session("alice_nguyen"), shop.session("alice_nguyen"));
    working.run("BEGIN; INSERT INTO orders VALUES (2)").unwrap();
    let person = shop.world.read("people/alice.nguyen.yaml");
    shop.world.write("people/alice.nguyen.yaml", &format!("{person}ended: {}\n", day(0)));
    shop.land("alice-leaves");
    shop.run(&["apply"]).exits(0).says("revoke alice.nguyen shop database-login shop login");
    for session in [&working, &idle] {
        assert!(session.run("SELECT 1").is_err(), "an open session of hers goes on");
    }
    assert_eq!(shop.login("alice_nguyen").err().unwrap(), "role \"alice_nguyen\" is not permitted to log in");
    assert_eq!(shop.live(), "shop_ro grace_lin f\nlogins: grace_lin\n");
    assert_eq!(shop.sql("SELECT count(*) FROM orders"), ["1"], "what she hadn't committed is undone");
    shop.run(&["plan", "--live"]).exits(0).says("nothing");

    shop.run(&["audit", "verify"]).exits(0);
    shop.run(&["access", "alice.nguyen", "--at", &day(0).to_string()]).exits(0);
    shop.run(&["audit", "search", "--person", "alice.nguyen"]).exits(0).says("shop_rw");
}

#[test]
fn an_end_by_the_schedule_needs_no_commit_and_no_grantor() {
    for version in server::versions() {
        let shop = Shop::open(version);
        shop.let_alice_in();
        // until yesterday, so that it is over when it is first applied
        let grant = shop.world.read("grants/alice-writes.yaml");
        shop.world.write("grants/alice-writes.yaml", &grant.replace(&day(30).to_string(), &day(1).to_string()));
        shop.land("alice");
        shop.run(&["apply"]).exits(0);
        let session = shop.session("alice_nguyen");
        shop.world.write("grants/alice-writes.yaml", &grant.replace(&day(30).to_string(), &day(-1).to_string()));
        shop.land("sooner");
        shop.run(&["apply", "--only-ends"]).exits(0).says("revoke alice.nguyen");
        assert!(session.run("SELECT 1").is_err());
        assert_eq!(shop.live(), "shop_ro grace_lin f\nlogins: grace_lin\n");
    }
}

#[test]
fn what_is_held_at_a_server_becomes_files() {
    let shop = Shop::open(18);
    shop.sql("CREATE ROLE bo_kay LOGIN; GRANT shop_rw TO alice_nguyen; GRANT shop_ro TO bo_kay");
    std::fs::write(shop.world.path("vendors.csv"), "account,vendor\nalice_nguyen,globex\n").unwrap();
    let ran = shop.run(&["import", "shop", "--sponsor", "priya.shah", "--vendors", "../vendors.csv"]);
    let ran = ran.says("who comes from outside: the target doesn't tell").says("`pg_monitor` is nobody's account");
    assert!(shop.world.read("people/alice_nguyen.yaml").contains("vendor: globex"), "{}", ran.stdout);
    assert!(shop.world.read("people/bo_kay.yaml").contains("type: employee"));
    // neither account that dualkey runs as becomes a person
    for own in ["dualkey", "dualkey_reader"] {
        assert!(!shop.world.repo().join(format!("people/{own}.yaml")).exists(), "{own}");
    }
    ran.exits(0);
}
