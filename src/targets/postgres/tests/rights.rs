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

/// What the page beside the code gives the writer, for a version, with the login of these tests. Below 16 CREATEROLE alone gives
/// every role and locks every login.
fn listed(version: u32) -> Vec<String> {
    let page = include_str!("../README.md");
    let sql = page.split("```sql").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let statements = sql.lines().filter_map(|line| line.split_once(';')).map(|(statement, _)| statement);
    let rights = statements.filter(|one| !one.starts_with("CREATE ROLE"));
    let rights = rights.filter(|one| version >= 16 || !one.contains("WITH ADMIN TRUE"));
    rights.map(|one| one.replace("alice_nguyen", "alice")).collect()
}

#[test]
fn a_writer_needs_each_of_its_rights_and_no_other() {
    assert_eq!((listed(15).len(), listed(16).len()), (2, 4));
    on_each(|version| {
        let rights = listed(version);
        let rights: Vec<&str> = rights.iter().map(String::as_str).collect();
        needs_each(version, &rights);
    });
}

fn needs_each(version: u32, rights: &[&str]) {
    assert!(works(version, rights), "{version} with all");
    for without in rights {
        let rest: Vec<&str> = rights.iter().filter(|right| *right != without).copied().collect();
        assert!(!works(version, &rest), "{version} without {without}");
    }
}

/// The first row that a writer ever gave is its own, too.
#[test]
fn a_writer_takes_in_one_phase_what_it_gave_in_it() {
    on_each(|version| {
        let shop = Shop::with_writer(version);
        let calls = [role(GRANT, "shop_rw", "member", "alice"), role(Verb::Revoke, "shop_rw", "member", "alice")];
        let results = shop.client("dualkey").perform(&calls, &Turnstile::of(usize::MAX));
        assert!(results.iter().all(Result::is_ok), "{results:?}");
        assert!(!shop.members("shop_rw").iter().any(|one| one.starts_with("alice")));
    });
}

/// What is set for a login by whoever made it doesn't change what a phase is.
#[test]
fn settings_of_the_writers_login_stop_nothing() {
    on_each(|version| {
        let shop = Shop::with_writer(version);
        shop.sql(
            "CREATE ROLE other; GRANT other TO dualkey; ALTER ROLE dualkey SET role = 'other';
             ALTER ROLE dualkey SET default_transaction_read_only = on;
             ALTER ROLE dualkey SET default_transaction_isolation = 'serializable';
             ALTER ROLE dualkey SET search_path = public; ALTER ROLE dualkey SET standard_conforming_strings = off",
        );
        shop.does("dualkey", &role(GRANT, "shop_rw", "member", "alice")).unwrap();
        shop.does("dualkey", &login(Verb::Revoke, "alice")).unwrap();
        assert!(!shop.lets_in("alice"));
    });
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
        let alice = shop.session("alice");
        shop.sql("ALTER ROLE alice NOLOGIN");
        assert_eq!(all("dualkey_reader").len(), 5, "it sees who is still there");
        drop(alice);
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
