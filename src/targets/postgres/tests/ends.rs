//! An end takes effect at the next statement of whoever it ends.

use super::*;

#[test]
fn an_open_session_of_somebody_locked_fails_at_its_next_statement() {
    on_each(|version| {
        let shop = Shop::stocked(version);
        shop.sql("GRANT shop_ro TO alice");
        let (alice, idle) = (shop.session("alice"), shop.session("alice"));
        alice.run("BEGIN; SELECT * FROM orders").unwrap();
        let bob = shop.session("bob");
        assert_eq!(shop.must(&login(Verb::Revoke, "alice")), Done::default());
        for session in [&alice, &idle] {
            assert!(session.run("SELECT 1").is_err());
        }
        assert!(!shop.lets_in("alice"));
        assert_eq!(bob.run("SELECT 1"), Ok(()), "nobody else's sessions end");
        assert_eq!(shop.logins(), ["bob login"]);
        shop.must(&login(GRANT, "alice"));
        assert!(shop.lets_in("alice"));
    });
}

#[test]
fn an_open_session_of_somebody_who_leaves_a_role_fails_at_its_next_statement() {
    on_each(|version| {
        let shop = Shop::stocked(version);
        shop.must(&role(GRANT, "shop_ro", "member", "alice"));
        let alice = shop.session("alice");
        alice.run("SELECT * FROM orders").unwrap();
        let becomes = alice.run("SET ROLE shop_ro");
        // from 16 on dualkey gives the use of a role, and not the role
        assert_eq!(becomes.is_ok(), version < 16, "{becomes:?}");
        shop.must(&role(Verb::Revoke, "shop_ro", "member", "alice"));
        assert!(alice.run("SELECT * FROM orders").is_err());
        assert!(shop.lets_in("alice"), "the login is another thing");
        assert_eq!(shop.session("alice").run("SELECT * FROM orders"), Err("permission denied for table orders".into()));
    });
}

/// `SET ROLE` outlives a revoke at the server itself; whoever could do it has their sessions ended.
#[test]
fn a_session_that_became_the_role_ends_with_it() {
    on_each(|version| {
        let shop = Shop::stocked(version);
        shop.sql("GRANT shop_ro TO alice");
        let alice = shop.session("alice");
        alice.run("SET ROLE shop_ro; SELECT * FROM orders").unwrap();
        shop.must(&role(Verb::Revoke, "shop_ro", "member", "alice"));
        assert!(alice.run("SELECT * FROM orders").is_err());
    });
}

/// Whoever is in a group may have become what the group was in.
#[test]
fn sessions_of_those_in_a_group_end_with_what_the_group_loses() {
    on_each(|version| {
        let shop = Shop::stocked(version);
        shop.sql("CREATE ROLE team; CREATE ROLE lead; GRANT shop_ro TO team; GRANT team TO lead; GRANT lead TO alice");
        let (alice, bob) = (shop.session("alice"), shop.session("bob"));
        alice.run("SET ROLE shop_ro; SELECT * FROM orders").unwrap();
        shop.must(&role(Verb::Revoke, "shop_ro", "member", "group:team"));
        assert!(alice.run("SELECT * FROM orders").is_err());
        assert_eq!(bob.run("SELECT 1"), Ok(()), "who isn't in it goes on");
        assert!(shop.lets_in("alice"));
    });
}

/// What somebody leaves open holds up nothing that they lose: a change of their own password, which only their transaction
/// can finish, and the lock by which runs wait for each other, which everybody can take.
#[test]
fn nobody_holds_up_their_own_end() {
    on_each(|version| {
        let mut shop = Shop::with_writer(version);
        [shop.server.limits.turn, shop.server.limits.lock] = [200, 500].map(std::time::Duration::from_millis);
        shop.sql("GRANT shop_ro TO alice");
        let (alice, bob) = (shop.session("alice"), shop.session("bob"));
        bob.run("SELECT pg_advisory_lock(28276558962320761)").unwrap();
        alice.run("BEGIN; ALTER ROLE alice PASSWORD 'mine'").unwrap();
        let done = shop.does("dualkey", &login(Verb::Revoke, "alice")).unwrap();
        assert_eq!(done.note.as_deref(), Some("`alice` held it up by an open session, and all of theirs were ended"));
        assert!(alice.run("SELECT 1").is_err() && !shop.lets_in("alice"));
        assert_eq!(bob.run("SELECT 1"), Ok(()), "he keeps his lock, and holds up nobody");
        // what she only gains is waited for
        let other = shop.session(SUPERUSER);
        other.run("BEGIN; ALTER ROLE alice PASSWORD 'theirs'").unwrap();
        let conflict = shop.does("dualkey", &login(GRANT, "alice")).unwrap_err();
        assert!(matches!(conflict, TargetError::Conflict { .. }), "{conflict}");
        assert_eq!(other.run("COMMIT"), Ok(()));
    });
}

/// The last of them is a contractor who may hand a role on.
#[test]
fn an_admin_holds_up_the_loss_of_no_role() {
    on_each(|version| {
        let mut shop = Shop::with_writer(version);
        shop.server.limits.lock = std::time::Duration::from_millis(500);
        shop.does("dualkey", &role(GRANT, "shop_rw", "admin", "alice")).unwrap();
        let alice = shop.session("alice");
        alice.run("BEGIN; GRANT shop_rw TO bob").unwrap();
        shop.does("dualkey", &role(Verb::Revoke, "shop_rw", "admin", "alice")).unwrap();
        assert!(!shop.members("shop_rw").iter().any(|one| one.starts_with("alice")), "{version}");
        assert!(alice.run("COMMIT").is_err() || shop.members("shop_rw").contains(&"bob member".to_owned()));
    });
}

#[test]
fn sessions_that_are_kept_are_told_of() {
    on_each(|version| {
        let mut shop = Shop::stocked(version);
        shop.server.sessions = Sessions::Keep;
        shop.sql("GRANT shop_ro TO alice");
        let alice = shop.session("alice");
        alice.run("SET ROLE shop_ro").unwrap();
        let done = shop.must(&role(Verb::Revoke, "shop_ro", "member", "alice"));
        assert_eq!(done.note.as_deref(), Some("open sessions of `alice` go on until they end by themselves"));
        assert_eq!(alice.run("SELECT * FROM orders"), Ok(()), "which is what was asked for");
        assert!(shop.must(&login(Verb::Revoke, "alice")).note.is_some());
        assert_eq!(shop.logins(), ["bob login"], "a kept session is no login");
    });
}

#[test]
fn a_locked_login_is_held_as_long_as_it_has_sessions() {
    on_each(|version| {
        let shop = Shop::stocked(version);
        let alice = shop.session("alice");
        shop.sql("ALTER ROLE alice NOLOGIN");
        assert_eq!(shop.logins(), ["alice login", "bob login"], "locked by hand, and still there");
        shop.must(&login(Verb::Revoke, "alice"));
        assert_eq!(shop.logins(), ["bob login"]);
        assert!(alice.run("SELECT 1").is_err());
    });
}

#[test]
fn a_writer_that_may_end_no_sessions_says_so_and_locks_all_the_same() {
    on_each(|version| {
        let shop = Shop::stocked(version);
        shop.sql("CREATE ROLE dualkey LOGIN CREATEROLE");
        if version >= 16 {
            shop.sql("GRANT alice TO dualkey WITH ADMIN TRUE, INHERIT FALSE, SET FALSE");
        }
        let alice = shop.session("alice");
        let denied = shop.does("dualkey", &login(Verb::Revoke, "alice")).unwrap_err();
        assert!(denied.to_string().contains("end the open sessions of `alice`, which go on; a superuser runs: GRANT"));
        assert!(denied.refusal().help.contains("GRANT pg_signal_backend TO \"dualkey\""));
        assert!(!shop.lets_in("alice"));
        assert_eq!(alice.run("SELECT 1"), Ok(()));
        assert_eq!(shop.logins(), ["alice login", "bob login", "dualkey login"], "so the next run tries again");
        shop.sql("GRANT pg_signal_backend TO dualkey");
        shop.does("dualkey", &login(Verb::Revoke, "alice")).unwrap();
        assert!(alice.run("SELECT 1").is_err());
    });
}

#[test]
fn an_end_of_the_password_is_kept_only_where_it_is_asked_for() {
    let until: jiff::Timestamp = "2150-01-01T00:00:00Z".parse().unwrap();
    on_each(|version| {
        let mut shop = Shop::stocked(version);
        shop.must(&login(Verb::Grant { until: Some(until) }, "alice"));
        assert_eq!(shop.logins(), ["alice login", "bob login"]);
        shop.sql("ALTER ROLE alice VALID UNTIL '2140-01-01 00:00:00+00'");
        assert_eq!(shop.logins(), ["alice login", "bob login"]);
        shop.server.native_ends = true;
        let call = login(Verb::Grant { until: Some(until) }, "alice");
        assert!(shop.client(SUPERUSER).ends(&call));
        assert!(!shop.client(SUPERUSER).ends(&role(GRANT, "shop_ro", "member", "alice")));
        shop.must(&call);
        assert_eq!(shop.logins(), ["alice login until 2150-01-01T00:00:00Z", "bob login"]);
        shop.must(&change("login", login(GRANT, "alice")));
        assert_eq!(shop.logins(), ["alice login", "bob login"]);
        // it ends neither sessions nor logins by other ways than a password, so it is still held
        shop.sql("ALTER ROLE alice VALID UNTIL '2020-01-01'; ALTER ROLE bob VALID UNTIL '-infinity'");
        assert_eq!(shop.logins(), ["alice login", "bob login"]);
        shop.sql("ALTER ROLE alice VALID UNTIL 'infinity'");
        assert_eq!(shop.logins(), ["alice login", "bob login"]);
    });
}

/// Why `VALID UNTIL` is no end.
#[test]
fn the_server_lets_in_whose_password_has_ended_by_any_other_method() {
    let rules = "local all bob scram-sha-256".to_owned();
    on_each(|version| {
        let shop = Shop::with(version, &Setup { rules: rules.clone(), ..Setup::default() });
        shop.sql("CREATE ROLE alice LOGIN VALID UNTIL '2020-01-01'");
        shop.sql("CREATE ROLE bob LOGIN PASSWORD 'refund' VALID UNTIL '2020-01-01'");
        assert!(shop.lets_in("alice"));
        let bob = Credential { user: "bob".to_owned(), password: Some("refund".to_owned()) };
        let over = Connection::open(&shop.server, &bob).err().unwrap();
        assert!(matches!(over, TargetError::Denied { .. }), "{over}");
        // a grant lets in, so it takes an end that has passed away
        shop.must(&login(GRANT, "bob"));
        assert!(Connection::open(&shop.server, &bob).is_ok());
    });
}
