//! The least rights that the page beside the code lists are enough, and none of them is too much.

use super::*;

/// What a writer can do with some of its rights.
fn works(version: u32, rights: &[&str]) -> bool {
    let mut shop = Shop::stocked(version);
    shop.server.createrole = true;
    shop.sql("CREATE ROLE dualkey LOGIN");
    for right in rights {
        shop.sql(right);
    }
    let session = shop.session("alice");
    let calls = [
        role(GRANT, "shop_rw", "admin", "alice"),
        change("admin", role(GRANT, "shop_rw", "member", "alice")),
        role(Verb::Revoke, "shop_rw", "member", "alice"),
        login(Verb::Revoke, "alice"),
        login(GRANT, "alice"),
    ];
    // a phase each: what is ended and let in again in one keeps its sessions
    let all = calls.iter().all(|call| shop.does("dualkey", call).is_ok());
    let is_let_in = shop.lets_in("alice");
    all && is_let_in && session.run("SELECT 1").is_err()
}

const SINCE_16: [&str; 4] = [
    "GRANT shop_rw TO dualkey WITH ADMIN TRUE, INHERIT FALSE, SET FALSE",
    "GRANT alice TO dualkey WITH ADMIN TRUE, INHERIT FALSE, SET FALSE",
    "ALTER ROLE dualkey CREATEROLE",
    "GRANT pg_signal_backend TO dualkey",
];

/// Below 16 CREATEROLE alone gives every role and locks every login.
const UNTIL_15: [&str; 2] = ["ALTER ROLE dualkey CREATEROLE", "GRANT pg_signal_backend TO dualkey"];

#[test]
fn a_writer_needs_each_of_its_rights_and_no_other() {
    thread::scope(|threads| {
        threads.spawn(|| needs_each(15, &UNTIL_15));
        threads.spawn(|| needs_each(16, &SINCE_16));
        threads.spawn(|| needs_each(18, &SINCE_16));
    });
}

fn needs_each(version: u32, rights: &[&str]) {
    assert!(works(version, rights), "{version} with all");
    for without in rights {
        let rest: Vec<&str> = rights.iter().filter(|right| *right != without).copied().collect();
        assert!(!works(version, &rest), "{version} without {without}");
    }
}

#[test]
fn a_reader_needs_nothing_but_to_log_in_and_can_change_nothing() {
    on_each(|version| {
        let shop = Shop::stocked(version);
        shop.sql("CREATE ROLE dualkey_reader LOGIN; GRANT shop_rw TO alice");
        let whole: Scope = [(&DATABASE_ROLE, "shop_rw"), (&DATABASE_LOGIN, TARGET)].into_iter().collect();
        let all = |user: &str| {
            let Reading { held, unread, .. } = shop.client(user).read(&whole, Depth::Holders).unwrap();
            assert!(unread.is_empty());
            held
        };
        assert_eq!(all("dualkey_reader"), all(SUPERUSER));
        assert_eq!(all(SUPERUSER).len(), 5);
        for call in [role(GRANT, "shop_rw", "member", "bob"), login(Verb::Revoke, "bob")] {
            let denied = shop.does("dualkey_reader", &call);
            assert!(matches!(denied, Err(TargetError::Denied { .. })), "{denied:?}");
        }
        assert!(shop.lets_in("bob"));
    });
}

#[test]
fn what_only_a_superuser_may_do_is_told() {
    on_each(|version| {
        let mut shop = Shop::stocked(version);
        shop.server.createrole = true;
        shop.sql("CREATE ROLE dualkey LOGIN CREATEROLE; CREATE ROLE root LOGIN SUPERUSER");
        let denied = shop.does("dualkey", &login(Verb::Revoke, "root")).unwrap_err();
        assert!(matches!(denied, TargetError::Denied { .. }), "{denied}");
        assert!(!denied.refusal().help.is_empty());
        assert!(shop.lets_in("root"));
    });
}

#[test]
fn its_own_account_is_never_touched() {
    let shop = Shop::stocked(16);
    let refused = shop.does(SUPERUSER, &login(Verb::Revoke, SUPERUSER)).unwrap_err();
    assert!(refused.to_string().contains("is the account that dualkey writes with"));
    assert!(shop.lets_in(SUPERUSER));
}
