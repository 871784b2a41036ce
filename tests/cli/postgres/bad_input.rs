//! What goes wrong at a server: the error, the next step and the exit code; nothing is given, and nothing is lost.

use super::*;

/// A shop where Alice was let in.
fn told(version: u32) -> Shop {
    let shop = Shop::open(version);
    shop.let_alice_in();
    shop.land("alice");
    shop.run(&["apply"]).exits(0);
    shop
}

#[test]
fn what_is_wrong_with_a_server_or_a_credential_is_told_with_the_next_step() {
    let mut shop = told(16);
    let live = shop.live();
    let reads_as = |shop: &Shop, user: &str, args: &[&str]| {
        let mut command = shop.command(args);
        command.env("DUALKEY_READER_SHOP_USER", user);
        finish_today(command)
    };
    reads_as(&shop, "nobody", &["drift"])
        .exits(5)
        .says("target-denied")
        .says("role \"nobody\" does not exist")
        .says("check user and password");
    reads_as(&shop, "", &["drift"]).exits(5).says("credential-missing").says("DUALKEY_READER_SHOP_USER");
    // a reader that can change things is told of
    reads_as(&shop, "postgres", &["drift"]).says("reader-can-write").says("`postgres`, which reads, is a superuser");
    // what each credential is and can do is told before anything is done
    let ran = shop.run(&["targets"]).exits(0).says(&format!("identity postgres:{}, as pinned", shop.system()));
    let ran = ran.says(" ms; its clock is as ours").says("reads as `dualkey_reader`, which can change nothing");
    ran.says("writes as `dualkey`, which can change things").says("on 4 of 4 declared resources");
    reads_as(&shop, "postgres", &["targets"]).exits(0).says("reader-can-write");
    reads_as(&shop, "nobody", &["targets"]).exits(5).says("role \"nobody\" does not exist");
    let writes_as = |user: &str, args: &[&str]| {
        let mut command = shop.command(args);
        command.env("DUALKEY_WRITER_SHOP_USER", user);
        finish_today(command)
    };
    writes_as("alice_nguyen", &["targets"]).exits(5).says("credential-reads-only").says("that of `alice_nguyen`");
    let ran = writes_as("", &["targets"]).exits(0);
    ran.says("writes no: there is nothing to write `shop` with: DUALKEY_WRITER_SHOP_USER isn't set");
    // nobody there
    shop.server.stop();
    shop.run(&["targets"]).exits(5).says("target-unreachable");
    shop.run(&["drift"]).exits(5).says("target-unreachable").says("check that it runs");
    shop.run(&["apply", "--only-ends"]).exits(5).says("target-unreachable");
    shop.server.restart();
    shop.run(&["drift"]).exits(0);
    // another one than the one that is pinned
    let config = shop.world.read("dualkey.yaml");
    let system = shop.system();
    shop.world.write("dualkey.yaml", &config.replace(&system, "42"));
    shop.land_policy("another-server");
    shop.run(&["drift"]).exits(5).says("target-identity").says(&system);
    shop.run(&["apply"]).says("target-identity");
    assert_eq!(shop.live(), live);
}

#[test]
fn a_name_that_the_server_does_not_know_is_told_with_those_that_are_near() {
    let shop = told(18);
    let domain = shop.world.read("domains/shop.yaml");
    shop.world.write("domains/shop.yaml", &domain.replace("shop_rw", "shop_rx"));
    shop.land_policy("slip");
    shop.run(&["apply"]).exits(4).says("the target knows no database-role `shop_rx`; it knows `shop_ro`, `shop_rw`");
    assert!(!shop.live().contains("shop_rw alice_nguyen"), "what was under the old name ends");
}

#[test]
fn a_missing_login_is_told_and_holds_up_nobody_else() {
    let shop = Shop::open(16);
    shop.let_alice_in();
    shop.sql("REVOKE alice_nguyen FROM dualkey; DROP ROLE alice_nguyen");
    shop.land("alice");
    shop.run(&["apply"]).exits(4).says("the target knows no account `alice_nguyen`");
    assert_eq!(shop.live(), "shop_ro grace_lin f\nlogins: grace_lin\n");
    shop.sql("CREATE ROLE alice_nguyen LOGIN");
    shop.sql("GRANT alice_nguyen TO dualkey WITH ADMIN TRUE, INHERIT FALSE, SET FALSE");
    shop.run(&["apply"]).exits(0);
    assert_eq!(shop.live(), "shop_ro grace_lin f\nshop_rw alice_nguyen f\nlogins: alice_nguyen grace_lin\n");
}
