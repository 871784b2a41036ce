//! What a server shows beside who holds what: each finding with its fix, and gone once that is done.

use super::*;

/// A finding, what makes it, what its line says, and what mends it.
const FINDINGS: [(&str, &str, &str, &str); 9] = [
    (
        "acts-as-another",
        "GRANT alice_nguyen TO grace_lin",
        "`grace_lin` may act as `alice_nguyen`, which logs in itself",
        "REVOKE alice_nguyen FROM grace_lin",
    ),
    (
        "dangerous-login",
        "ALTER ROLE alice_nguyen BYPASSRLS CREATEROLE",
        "`alice_nguyen` has CREATEROLE, BYPASSRLS",
        "ALTER ROLE alice_nguyen NOBYPASSRLS NOCREATEROLE",
    ),
    (
        "dangerous-login",
        "GRANT pg_read_server_files TO alice_nguyen",
        "`alice_nguyen` is a member of `pg_read_server_files`",
        "REVOKE pg_read_server_files FROM alice_nguyen",
    ),
    (
        "direct-grant",
        "GRANT SELECT ON orders TO alice_nguyen",
        "`alice_nguyen` was granted something itself, on 1 object",
        "REVOKE SELECT ON orders FROM alice_nguyen",
    ),
    (
        "owns-objects",
        "CREATE TABLE hers (id int); ALTER TABLE hers OWNER TO alice_nguyen",
        "`alice_nguyen` owns 1 object",
        "REASSIGN OWNED BY alice_nguyen TO postgres",
    ),
    (
        "other-grantor",
        "GRANT shop_rw TO grace_lin",
        "`postgres` gave `grace_lin` the role `shop_rw`, and only they or a superuser can take that",
        "REVOKE shop_rw FROM grace_lin GRANTED BY postgres",
    ),
    (
        "public-connect",
        "GRANT CONNECT ON DATABASE postgres TO PUBLIC",
        "everybody who can log in may connect to database `postgres`",
        "REVOKE CONNECT, TEMPORARY ON DATABASE postgres FROM PUBLIC",
    ),
    (
        "reader-can-write",
        "GRANT shop_ro TO dualkey_reader WITH ADMIN OPTION",
        "`dualkey_reader`, which reads, may hand on `shop_ro`",
        "REVOKE shop_ro FROM dualkey_reader",
    ),
    (
        "reader-can-write",
        "ALTER ROLE dualkey_reader CREATEROLE",
        "`dualkey_reader`, which reads, has CREATEROLE",
        "ALTER ROLE dualkey_reader NOCREATEROLE",
    ),
];

#[test]
fn each_finding_is_told_with_its_fix_and_goes_when_it_is_mended() {
    let shop = Shop::open(16);
    shop.sql("CREATE ROLE visitors; GRANT CONNECT ON DATABASE postgres TO visitors");
    shop.sql("GRANT visitors TO alice_nguyen, grace_lin, tom_reed, dualkey, dualkey_reader");
    shop.sql("REVOKE CONNECT, TEMPORARY ON DATABASE postgres FROM PUBLIC");
    shop.let_alice_in();
    shop.land("alice");
    shop.run(&["apply"]).exits(0);
    let told = |code: &str, words: &str| {
        let ran = shop.run(&["drift"]);
        let all = format!("{}{}", ran.stdout, ran.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
        (all.contains(&format!("{code} {words}")), all)
    };
    for (code, makes, words, mends) in FINDINGS {
        let (is_told, all) = told(code, words);
        assert!(!is_told, "before: {all}");
        shop.sql(makes);
        let (is_told, all) = told(code, words);
        assert!(is_told, "`{code} {words}` is not in: {all}");
        let explained = finish_today(shop.command(&["explain", code])).exits(0).stdout;
        let fix = explained.split_once("Instead: ").unwrap().1.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(all.contains(&format!("help: {fix}")), "the fix of {code}, `{fix}`, is not in: {all}");
        shop.sql(mends);
        let (is_told, all) = told(code, words);
        assert!(!is_told, "mended: {all}");
    }
}

#[test]
fn an_end_that_the_server_would_not_keep_is_told_until_a_password_is_the_only_way_in() {
    let shop = Shop::open(16);
    let config = shop.world.read("dualkey.yaml");
    shop.world.write("dualkey.yaml", &config.replace("createrole: accepted", "native_ends: \"yes\""));
    shop.land_policy("native-ends");
    // it comes with what lets her in
    shop.sql("ALTER ROLE alice_nguyen NOLOGIN");
    shop.let_alice_in();
    shop.land("alice");
    shop.run(&["apply"]).exits(0);
    assert_ne!(shop.sql("SELECT rolvaliduntil FROM pg_roles WHERE rolname = 'alice_nguyen'"), ["-"]);
    let told = "end-not-native `alice_nguyen` may get in otherwise, so `VALID UNTIL` doesn't keep them out";
    shop.run(&["drift"]).exits(0).says(told).says("GRANT SELECT ON pg_hba_file_rules");
    shop.sql("GRANT SELECT ON pg_hba_file_rules TO dualkey_reader; GRANT EXECUTE ON FUNCTION pg_hba_file_rules() TO dualkey_reader");
    shop.run(&["drift"]).exits(0).says("end-not-native `alice_nguyen` gets in without a password");
    let rules = "local all alice_nguyen scram-sha-256\nlocal all postgres,dualkey,dualkey_reader trust\n";
    std::fs::write(shop.server.data().join("pg_hba.conf"), rules).unwrap();
    shop.sql("SELECT pg_reload_conf()");
    let ran = shop.run(&["drift"]).exits(0);
    assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("end-not-native"), "{}", ran.stdout);
}

#[test]
fn a_version_that_nobody_tried_is_told_and_worked_with() {
    let shop = Shop::open(14);
    shop.let_alice_in();
    shop.land("alice");
    shop.run(&["apply"]).exits(0);
    shop.run(&["drift"]).exits(0).says("server-not-tested the server is PostgreSQL 14, which nobody tried");
    assert_eq!(shop.live(), "shop_ro grace_lin f\nshop_rw alice_nguyen f\nlogins: alice_nguyen grace_lin\n");
}
