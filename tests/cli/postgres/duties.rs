//! What logins and roles mean to the duties of whoever holds them.

use super::*;

/// A role of a database is of no use to somebody who can't log in, as a team is to nobody outside of its organisation.
#[test]
fn a_contractors_role_needs_a_login_for_as_long() {
    let shop = Shop::open(18);
    shop.let_alice_in();
    let grant = shop.world.read("grants/alice-writes.yaml");
    shop.world.write("grants/alice-writes.yaml", &grant.replace("[writers, logins]", "[writers]"));
    let ran = shop.run(&["lint"]).exits(1).says("needs-membership");
    let ran = ran.says("gives `alice.nguyen` the database-role `shop_rw`, but no database-login of `shop`");
    ran.says("grant `database-login` of `shop` too").says("grants/alice-writes.yaml:2");
    shop.run(&["plan"]).exits(1).says("needs-membership");
    // by another grant, and shorter
    let login = grant.replace("[writers, logins]", "[logins]").replace(&day(30).to_string(), &day(10).to_string());
    shop.world.write("grants/alice-logs-in.yaml", &login);
    shop.run(&["lint"]).exits(1).says(&format!("no database-login of `shop` from {}", day(11)));
    shop.world.write("grants/alice-logs-in.yaml", &grant.replace("[writers, logins]", "[logins]"));
    shop.run(&["lint"]).exits(0);
    // an employee is taken for somebody who may log in
    let tom = shop.world.read("grants/tom-checks.yaml");
    assert!(tom.contains("resources: [auditors]"));
}

/// Tom changes nothing by logging in, and checks orders. By the role itself he would do both.
#[test]
fn a_login_alone_stands_for_no_duty_and_a_role_does() {
    let shop = Shop::open(18);
    for (role, duty) in [("writer", "change"), ("auditor", "check")] {
        let path = format!("roles/{role}.yaml");
        let text = shop.world.read(&path);
        shop.world.write(&path, &text.replace("risk: standard", &format!("duties: [{duty}]\nrisk: standard")));
    }
    let policy = shop.world.read("policies/approvals.yaml");
    let policy = policy.replace("entitlements: [\"database-role:shop_rw:*\"]", "duties: [change]");
    let policy = policy.replace("entitlements: [\"database-role:shop_audit:*\"]", "duties: [check]");
    shop.world.write("policies/approvals.yaml", &policy);
    shop.land_policy("duties");
    shop.let_alice_in();
    shop.land("alice");
    shop.run(&["apply"]).exits(0).says("grant tom.reed shop database-role shop_audit");
    shop.run(&["drift"]).exits(0);
    shop.sql("REVOKE shop_audit FROM tom_reed GRANTED BY dualkey; GRANT shop_rw TO tom_reed");
    shop.run(&["drift"]).exits(1).says("duties-live").says("`member` on database-role `shop_rw` at `shop`");
    shop.run(&["apply"]).says("duties-live").says("`change` and `check`");
    assert_eq!(
        shop.sql("SELECT count(*) FROM pg_auth_members WHERE roleid = 'shop_audit'::regrole AND inherit_option"),
        ["0"]
    );
    shop.sql("REVOKE shop_rw FROM tom_reed");
    shop.run(&["apply"]).exits(0).says("grant tom.reed shop database-role shop_audit");
}

/// A role of the server's own is a resource as any other, so that patterns of duties reach it.
#[test]
fn a_built_in_role_is_part_of_a_duty_by_its_pattern() {
    let shop = Shop::open(16);
    let domain = shop.world.read("domains/shop.yaml");
    shop.world.write("domains/shop.yaml", &format!("{domain}  everything: {{ database-role: pg_read_all_data }}\n"));
    let policy = shop.world.read("policies/approvals.yaml");
    shop.world.write("policies/approvals.yaml", &policy.replace("database-role:shop_rw:*", "database-role:pg_*:*"));
    shop.sql("GRANT pg_read_all_data TO tom_reed");
    shop.land_policy("everything");
    shop.run(&["apply"]).says("duties-live").says("`member` on database-role `pg_read_all_data` at `shop`");
    assert!(
        !shop
            .sql("SELECT member::regrole FROM pg_auth_members WHERE inherit_option")
            .contains(&"shop_audit".to_owned())
    );
    shop.sql("REVOKE pg_read_all_data FROM tom_reed");
    shop.run(&["apply"]).exits(0).says("grant tom.reed shop database-role shop_audit");
}
