//! What is told beside who holds what.

use super::*;
fn told(shop: &Shop, user: &str) -> Vec<String> {
    let whole: Scope = [(&DATABASE_ROLE, "shop_rw"), (&DATABASE_LOGIN, TARGET)].into_iter().collect();
    let facts = shop.client(user).read(&whole, Depth::Facts).unwrap().facts;
    facts.iter().map(|fact| format!("{}: {}", fact.rule.code.id, fact.words)).collect()
}

#[test]
fn a_server_as_it_should_be_tells_nothing() {
    on_each(|version| {
        let shop = Shop::with_writer(version);
        shop.sql("CREATE ROLE dualkey_reader LOGIN; REVOKE CONNECT ON DATABASE postgres FROM PUBLIC");
        shop.sql("CREATE ROLE connects; GRANT CONNECT ON DATABASE postgres TO connects");
        shop.sql("GRANT connects TO dualkey_reader, dualkey");
        shop.does("dualkey", &role(GRANT, "shop_rw", "member", "alice")).unwrap();
        let mut expected = vec!["dangerous-login: `postgres` has SUPERUSER, CREATEROLE, BYPASSRLS, REPLICATION"];
        if version < 16 {
            // there it may give any role, so it is dangerous
            expected.insert(0, "dangerous-login: `dualkey` is a member of `pg_signal_backend`");
            expected.insert(0, "dangerous-login: `dualkey` has CREATEROLE");
        }
        assert_eq!(told(&shop, "dualkey_reader"), expected);
        let whole = shop.client("dualkey_reader").read(&scope(&DATABASE_ROLE, "shop_ro"), Depth::Holders).unwrap();
        assert!(whole.facts.is_empty());
    });
}

#[test]
fn what_logins_can_do_beside_their_roles_is_told() {
    on_each(|version| {
        let mut shop = Shop::stocked(version);
        shop.server.native_ends = true;
        shop.sql("GRANT SELECT ON orders TO alice; CREATE TABLE own (id int); ALTER TABLE own OWNER TO alice");
        shop.sql("ALTER ROLE alice VALID UNTIL '2150-01-01'; ALTER ROLE bob BYPASSRLS; GRANT pg_read_all_data TO bob; CREATE ROLE dba LOGIN; GRANT alice TO bob");
        shop.sql("GRANT shop_rw TO dba WITH ADMIN OPTION");
        if version >= 16 {
            shop.sql("CREATE ROLE dualkey; GRANT shop_rw TO dualkey WITH ADMIN TRUE, INHERIT FALSE, SET FALSE");
        }
        shop.session("dba").run("GRANT shop_rw TO alice").unwrap();
        let all = told(&shop, "dba");
        let mut expected = vec![
            "acts-as-another: `bob` may act as `alice`, which logs in itself",
            "dangerous-login: `bob` has BYPASSRLS",
            "dangerous-login: `bob` is a member of `pg_read_all_data`",
            "dangerous-login: `postgres` has SUPERUSER, CREATEROLE, BYPASSRLS, REPLICATION",
            "direct-grant: `alice` was granted something itself, on 1 object",
            "end-not-native: `alice` may get in otherwise, so `VALID UNTIL` doesn't keep them out",
        ];
        if version >= 16 {
            expected.push(
                "other-grantor: `dba` gave `alice` the role `shop_rw`, and only they or a superuser can take that",
            );
            expected.push(
                "other-grantor: `postgres` gave `dba` the role `shop_rw`, and only they or a superuser can take that",
            );
        }
        expected.extend([
            "owns-objects: `alice` owns 1 object",
            "public-connect: everybody who can log in may connect to database `postgres`",
        ]);
        assert_eq!(all, expected);
    });
}

#[test]
fn what_a_credential_can_change_is_told_at_hello() {
    on_each(|version| {
        let shop = Shop::stocked(version);
        shop.sql("CREATE ROLE dualkey_reader LOGIN; CREATE ROLE maker LOGIN CREATEROLE; CREATE ROLE dba LOGIN");
        shop.sql("GRANT shop_rw TO dba WITH ADMIN OPTION; GRANT shop_ro TO dualkey_reader");
        let power = |who: &str| shop.client(who).hello().unwrap().power;
        let writes = |why: &str| Power::Writes { why: why.to_owned() };
        assert_eq!(power("dualkey_reader"), Power::Reads);
        assert_eq!(power("maker"), writes("has CREATEROLE"));
        assert_eq!(power(SUPERUSER), writes("is a superuser"));
        assert_eq!(power("dba"), writes("may hand on `shop_rw`"));
        // what somebody may hand on by a role that they are in counts as well
        shop.sql("GRANT dba TO dualkey_reader");
        assert_eq!(power("dualkey_reader"), writes("may hand on `shop_rw`"));
        assert_eq!(shop.client("dba").greet().unwrap().power, power("dba"), "the writer is asked the same");
    });
}

#[test]
fn whether_a_password_is_the_only_way_in_is_told_by_the_servers_own_rules() {
    let rules = "local all alice scram-sha-256\nlocal all bob peer".to_owned();
    on_each(|version| {
        let mut shop = Shop::with(version, &Setup { rules: rules.clone(), ..Setup::default() });
        shop.server.native_ends = true;
        shop.sql("CREATE ROLE alice LOGIN VALID UNTIL '2150-01-01'; CREATE ROLE bob LOGIN VALID UNTIL '2150-01-01'");
        shop.sql("CREATE ROLE dualkey_reader LOGIN");
        let ends = || -> Vec<String> {
            told(&shop, "dualkey_reader").into_iter().filter(|one| one.starts_with("end-not-native")).collect()
        };
        assert_eq!(ends().len(), 2, "who can't read the rules knows of nobody that a password is needed");
        shop.sql("GRANT SELECT ON pg_hba_file_rules TO dualkey_reader");
        shop.sql("GRANT EXECUTE ON FUNCTION pg_hba_file_rules() TO dualkey_reader");
        assert_eq!(ends().len(), 2, "the last rules of these tests let everybody in");
        std::fs::write(
            shop.real.data().join("pg_hba.conf"),
            format!("{rules}\nlocal all postgres,dualkey_reader trust\n"),
        )
        .unwrap();
        assert_eq!(
            ends(),
            ["end-not-native: `bob` gets in without a password, so `VALID UNTIL` doesn't keep them out"]
        );
    });
}

/// Where the file is wrong, the server goes on with rules that it no longer holds.
#[test]
fn rules_that_cannot_be_read_prove_nothing() {
    let rules = "local all alice scram-sha-256".to_owned();
    on_each(|version| {
        let mut shop = Shop::with(version, &Setup { rules: rules.clone(), ..Setup::default() });
        shop.server.native_ends = true;
        shop.sql("CREATE ROLE alice LOGIN VALID UNTIL '2150-01-01'");
        let file = |text: &str| std::fs::write(shop.real.data().join("pg_hba.conf"), text).unwrap();
        let ends = || told(&shop, SUPERUSER).into_iter().filter(|one| one.starts_with("end-not-native")).count();
        file(&format!("{rules}\nlocal all postgres trust\n"));
        assert_eq!(ends(), 0);
        file(&format!("{rules}\nlocal all postgres trust\nlocal all all nonsense\n"));
        assert_eq!(ends(), 1);
    });
}

/// Every one of a hosted server's administrators, and of the server's own roles that reach everything.
#[test]
fn a_member_of_any_mighty_role_is_told() {
    on_each(|version| {
        let shop = Shop::stocked(version);
        shop.sql("CREATE ROLE rds_superuser; CREATE ROLE cloudsqlsuperuser; CREATE ROLE azure_pg_admin");
        let mut roles = vec!["pg_execute_server_program", "pg_read_all_data", "pg_read_server_files"];
        roles.extend(["pg_signal_backend", "pg_write_all_data", "pg_write_server_files"]);
        roles.extend(["azure_pg_admin", "cloudsqlsuperuser", "rds_superuser"]);
        roles.extend((version >= 17).then_some("pg_maintain"));
        roles.sort_unstable();
        shop.sql(&format!("GRANT {} TO bob", roles.join(", ")));
        let told: Vec<String> = told(&shop, "bob").into_iter().filter(|one| one.contains("a member of")).collect();
        let expected = roles.iter().map(|role| format!("dangerous-login: `bob` is a member of `{role}`"));
        assert_eq!(told, expected.collect::<Vec<_>>());
        for attribute in ["SUPERUSER", "CREATEROLE", "BYPASSRLS", "REPLICATION"] {
            shop.sql(&format!("ALTER ROLE alice {attribute}"));
            let told = self::told(&shop, "bob");
            assert!(told.contains(&format!("dangerous-login: `alice` has {attribute}")), "{told:?}");
            shop.sql(&format!("ALTER ROLE alice NO{attribute}"));
        }
    });
}

#[test]
fn a_version_that_nobody_tried_is_told() {
    for version in [13, 14] {
        let shop = Shop::stocked(version);
        let untried = format!("server-not-tested: the server is PostgreSQL {version}, which nobody tried");
        assert!(told(&shop, "alice").contains(&untried), "{version}");
        // so far as anybody knows, it is as 15
        shop.must(&role(GRANT, "shop_rw", "member", "alice"));
        shop.must(&login(Verb::Revoke, "alice"));
        assert!(!shop.lets_in("alice"));
    }
}

#[test]
fn who_is_in_a_group_is_told_however_deep() {
    on_each(|version| {
        let shop = Shop::stocked(version);
        shop.sql("CREATE ROLE team; CREATE ROLE lead; CREATE ROLE apart; CREATE ROLE dualkey LOGIN");
        shop.sql("GRANT shop_rw TO team; GRANT team TO lead, bob; GRANT lead TO alice; GRANT apart TO bob");
        let reading = shop.client("bob").read(&scope(&DATABASE_ROLE, "shop_rw"), Depth::Holders).unwrap();
        let told = format!("{:?}", reading.members);
        assert_eq!(told, r#"{"lead": {alice}, "team": {bob, group:lead}}"#);
    });
}
