//! What was found out about the servers, each fact a test.

use super::*;

#[test]
fn rows_of_several_grantors_are_one_membership_and_all_of_them_go() {
    on_each(|version| {
        let shop = Shop::stocked(version);
        shop.sql("CREATE ROLE dba LOGIN; GRANT shop_rw TO dba WITH ADMIN OPTION; GRANT shop_rw TO alice");
        shop.session("dba").run("GRANT shop_rw TO alice WITH ADMIN OPTION").unwrap();
        let rows =
            shop.session(SUPERUSER).0.rows("SELECT 1 FROM pg_auth_members WHERE member = 'alice'::regrole", None);
        assert_eq!(rows.unwrap().len(), if version < 16 { 1 } else { 2 });
        assert_eq!(shop.members("shop_rw"), ["alice admin", "dba admin"], "what several gave adds up");
        shop.must(&change("admin", role(GRANT, "shop_rw", "member", "alice")));
        assert_eq!(shop.members("shop_rw"), ["alice member", "dba admin"]);
        shop.must(&role(Verb::Revoke, "shop_rw", "member", "alice"));
        assert_eq!(shop.members("shop_rw"), ["dba admin"]);
    });
}

/// The server says that it revoked, and the person stays a member.
#[test]
fn what_another_grantor_gave_and_we_may_not_take_is_told_with_the_statement() {
    for version in [16, 18] {
        let shop = Shop::stocked(version);
        shop.sql("CREATE ROLE dba LOGIN; GRANT shop_rw TO dba WITH ADMIN OPTION");
        shop.sql("CREATE ROLE dualkey LOGIN; GRANT shop_rw TO dualkey WITH ADMIN TRUE, INHERIT FALSE, SET FALSE");
        shop.session("dba").run("GRANT shop_rw TO alice").unwrap();
        let writer = shop.session("dualkey");
        writer.run("REVOKE shop_rw FROM alice").unwrap();
        assert_eq!(shop.members("shop_rw"), ["alice member", "dba admin", "dualkey admin"], "so it is with bare SQL");
        shop.does("dualkey", &change("member", role(GRANT, "shop_rw", "admin", "alice"))).unwrap();
        let denied = shop.does("dualkey", &role(Verb::Revoke, "shop_rw", "admin", "alice")).unwrap_err();
        let statement = "a superuser runs: REVOKE \"shop_rw\" FROM \"alice\" GRANTED BY \"dba\" CASCADE;";
        assert_eq!(denied.refusal().help, statement);
        let told = format!("the credential may not: take `shop_rw` from `alice`, as `dba` gave it; {statement}");
        assert_eq!(denied.to_string(), told);
        assert_eq!(shop.members("shop_rw"), ["alice member", "dba admin", "dualkey admin"], "what is ours was taken");
        shop.must(&role(Verb::Revoke, "shop_rw", "member", "alice"));
        assert_eq!(shop.members("shop_rw"), ["dba admin", "dualkey admin"]);
    }
}

#[test]
fn what_was_handed_on_goes_too_and_is_told() {
    on_each(|version| {
        let shop = Shop::stocked(version);
        shop.sql("CREATE ROLE carol LOGIN");
        shop.must(&role(GRANT, "shop_rw", "admin", "alice"));
        shop.session("alice").run("GRANT shop_rw TO carol").unwrap();
        let done = shop.must(&role(Verb::Revoke, "shop_rw", "admin", "alice"));
        if version < 16 {
            assert_eq!(done.note, None);
            assert_eq!(shop.members("shop_rw"), ["carol member"], "it stays, and is seen");
        } else {
            assert_eq!(done.note.as_deref(), Some("`carol` held `shop_rw` by `alice` and lost it too"));
            assert_eq!(shop.members("shop_rw"), Vec::<String>::new());
        }
    });
}

#[test]
fn who_holds_a_role_is_an_account_or_a_group() {
    on_each(|version| {
        let shop = Shop::stocked(version);
        shop.sql(
            "CREATE ROLE team; CREATE ROLE empty; CREATE ROLE gone NOLOGIN; GRANT shop_rw TO team, empty, gone, alice",
        );
        shop.sql("GRANT team TO bob; GRANT bob TO alice");
        let held = ["alice member", "empty member", "gone member", "group:team member", "team member"];
        assert_eq!(shop.members("shop_rw"), held, "what can't log in may be somebody's locked login");
        let both: Scope = [(&DATABASE_ROLE, "shop_rw"), (&DATABASE_ROLE, "team")].into_iter().collect();
        let all = shop.client(SUPERUSER).read(&both, Depth::Holders).unwrap().held;
        assert!(
            !all.iter().any(|live| live.principal == "team".into()),
            "a group that a domain names is nobody's login"
        );
        assert_eq!(shop.members("team"), ["bob member"], "a login with a member is a login");
        shop.must(&role(Verb::Revoke, "shop_rw", "member", "group:team"));
        assert_eq!(shop.members("shop_rw"), ["alice member", "empty member", "gone member"]);
    });
}

/// Somebody who was let into a login has what it holds, and its owner's end still takes that.
#[test]
fn a_locked_login_that_others_were_let_into_loses_what_it_holds() {
    on_each(|version| {
        let shop = Shop::stocked(version);
        shop.sql("GRANT shop_ro TO alice; GRANT alice TO bob; ALTER ROLE alice NOLOGIN");
        assert_eq!(shop.members("shop_ro"), ["alice member", "group:alice member"]);
        let reading = shop.client("bob").read(&scope(&DATABASE_ROLE, "shop_ro"), Depth::Holders).unwrap();
        assert_eq!(format!("{:?}", reading.members), r#"{"alice": {bob}}"#);
        let bob = shop.session("bob");
        bob.run("SET ROLE shop_ro; SELECT * FROM orders").unwrap();
        shop.must(&role(Verb::Revoke, "shop_ro", "member", "alice"));
        assert_eq!(shop.members("shop_ro"), Vec::<String>::new());
        assert!(bob.run("SELECT * FROM orders").is_err());
    });
}

#[test]
fn a_membership_that_gives_nothing_is_none() {
    for version in [16, 18] {
        let shop = Shop::stocked(version);
        shop.sql("GRANT shop_rw TO alice WITH INHERIT FALSE, SET FALSE");
        shop.sql("GRANT shop_rw TO bob WITH ADMIN TRUE, INHERIT FALSE, SET FALSE");
        assert_eq!(shop.members("shop_rw"), ["bob admin"]);
        shop.must(&role(GRANT, "shop_rw", "member", "alice"));
        assert_eq!(shop.members("shop_rw"), ["alice member", "bob admin"]);
        assert_eq!(shop.session("alice").run("SELECT * FROM orders"), Ok(()));
    }
}

#[test]
fn two_runs_at_once_lose_nothing_and_wait_for_each_other() {
    on_each(|version| {
        let shop = Shop::stocked(version);
        let other = shop.session(SUPERUSER);
        other.run("BEGIN; GRANT shop_rw TO alice").unwrap();
        thread::scope(|threads| {
            let waiting = threads.spawn(|| shop.must(&role(GRANT, "shop_rw", "admin", "alice")));
            thread::sleep(std::time::Duration::from_millis(300));
            assert!(!waiting.is_finished(), "a row that somebody writes is waited for");
            other.run("ROLLBACK").unwrap();
        });
        assert_eq!(shop.members("shop_rw"), ["alice admin"]);
    });
}

/// A conflict is one that goes away by itself, so the client tries again.
#[test]
fn somebody_who_was_faster_is_a_conflict() {
    on_each(|version| {
        let shop = Shop::stocked(version);
        let other = shop.session(SUPERUSER);
        other.run("BEGIN; GRANT shop_rw TO alice").unwrap();
        thread::scope(|threads| {
            let waiting = threads.spawn(|| shop.does(SUPERUSER, &role(GRANT, "shop_rw", "member", "alice")));
            thread::sleep(std::time::Duration::from_millis(300));
            other.run("COMMIT").unwrap();
            let result = waiting.join().unwrap();
            assert!(result.is_ok() || result.as_ref().is_err_and(TargetError::is_transient), "{result:?}");
        });
        assert_eq!(shop.members("shop_rw"), ["alice member"]);
    });
}

#[test]
fn a_phase_is_one_transaction_in_which_one_failure_loses_nothing_else() {
    on_each(|version| {
        let shop = Shop::stocked(version);
        shop.sql("GRANT alice TO shop_ro");
        let calls = [
            role(GRANT, "shop_rw", "member", "alice"),
            // a circle
            role(GRANT, "shop_ro", "member", "alice"),
            role(GRANT, "shop_rv", "member", "bob"),
            role(GRANT, "shop_rw", "admin", "bob"),
        ];
        let results = shop.client(SUPERUSER).perform(&calls, &Turnstile::of(usize::MAX));
        assert!(results[0].is_ok() && results[3].is_ok(), "{results:?}");
        let circle = results[1].as_ref().unwrap_err().to_string();
        assert!(circle.contains("role \"shop_ro\" is a member of role \"alice\""), "{circle}");
        let unknown = results[2].as_ref().unwrap_err().to_string();
        assert_eq!(unknown, "the target knows no database-role `shop_rv`; it knows `shop_ro`, `shop_rw`");
        assert_eq!(shop.members("shop_rw"), ["alice member", "bob admin"]);
    });
}

/// Nothing is ever dropped, so what somebody owns doesn't stand in the way of their end.
#[test]
fn who_owns_objects_is_locked_all_the_same() {
    on_each(|version| {
        let shop = Shop::stocked(version);
        shop.sql("ALTER TABLE orders OWNER TO alice; GRANT shop_rw TO alice");
        let calls = [role(Verb::Revoke, "shop_rw", "member", "alice"), login(Verb::Revoke, "alice")];
        let results = shop.client(SUPERUSER).perform(&calls, &Turnstile::of(usize::MAX));
        assert!(results.iter().all(Result::is_ok) && results.len() == 2, "{results:?}");
        assert_eq!((shop.logins(), shop.members("shop_rw").len()), (vec!["bob login".to_owned()], 0));
    });
}

#[test]
fn a_name_is_quoted_whatever_it_holds_and_one_that_would_be_cut_is_refused() {
    on_each(|version| {
        let shop = Shop::stocked(version);
        let odd = "o'hara \"rw\"; DROP ROLE alice";
        shop.sql(&format!("CREATE ROLE {0} LOGIN; CREATE ROLE \"Größe\"", sql::name(odd)));
        shop.must(&role(GRANT, "Größe", "member", odd));
        assert_eq!(shop.members("Größe"), [format!("{odd} member")]);
        let (whole, long) = ("r".repeat(63), "r".repeat(64));
        shop.sql(&format!("CREATE ROLE {whole}"));
        let refused = shop.does(SUPERUSER, &role(GRANT, &long, "member", "alice")).unwrap_err();
        assert!(refused.to_string().contains("at most 63 bytes"), "{refused}");
        assert_eq!(shop.members(&whole), Vec::<String>::new());
        for name in ["a\nb", "public", ""] {
            assert!(shop.does(SUPERUSER, &role(GRANT, "shop_rw", "member", name)).is_err());
            let unread = shop.client(SUPERUSER).read(&scope(&DATABASE_ROLE, name), Depth::Holders).unwrap().unread;
            assert_eq!(unread.len(), 1);
        }
    });
}

#[test]
fn createrole_gives_nothing_below_16_unless_it_is_accepted() {
    let mut shop = Shop::stocked(15);
    shop.sql("CREATE ROLE dualkey LOGIN CREATEROLE; GRANT pg_signal_backend TO dualkey; GRANT shop_rw TO alice");
    let refused = shop.does("dualkey", &role(GRANT, "shop_rw", "member", "bob")).unwrap_err();
    assert!(refused.to_string().contains("CREATEROLE, which below version 16 gives any role"), "{refused}");
    shop.does("dualkey", &role(Verb::Revoke, "shop_rw", "member", "alice")).unwrap();
    shop.does("dualkey", &login(Verb::Revoke, "alice")).unwrap();
    shop.server.createrole = true;
    shop.does("dualkey", &role(GRANT, "shop_rw", "member", "bob")).unwrap();
}
