//! The policies that the page beside the code lists are enough, and without any one action something goes wrong.

use serde_json::Value;

use super::*;

const PAGE: &str = include_str!("../README.md");

/// The policies of the page, the reader's first, with what this instance has in place of examples.
fn listed(center: &Center) -> [Value; 2] {
    let blocks: Vec<&str> = PAGE.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    let [reader, writer] = blocks[..] else { panic!("the page lists {} policies", blocks.len()) };
    let instance = center.settings.instance.rsplit('/').next().unwrap();
    let set = center.set("ReadOnly");
    let developers = center.set("DeveloperAccess");
    [reader, writer].map(|text| {
        let text = text
            .replace("arn:aws:sso:::permissionSet/ssoins-7223f3a1b2c3d4e5/ps-1111111111111111", &set)
            .replace("arn:aws:sso:::permissionSet/ssoins-7223f3a1b2c3d4e5/ps-2222222222222222", &developers)
            .replace("ssoins-7223f3a1b2c3d4e5", instance)
            .replace("d-9067f3a1b2", &center.settings.identity_store)
            .replace(
                "arn:aws:organizations::111122223333:policy/o-a1b2c3d4e5/service_control_policy/p-a1b2c3d4",
                &scp(center),
            );
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    })
}

fn everything() -> Value {
    serde_json::json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*" } })
}

fn scp(center: &Center) -> String {
    let id = center.settings.scp.clone().unwrap();
    center.cloud(|cloud| cloud.control_policy_arn(&id))
}

/// Every action of a policy, with the place that it has.
fn actions(policy: &Value) -> Vec<(usize, usize, String)> {
    let statements = policy["Statement"].as_array().unwrap().iter().enumerate();
    let of = |(at, statement): (usize, &Value)| {
        let actions = statement["Action"].as_array().unwrap().iter().enumerate();
        actions.map(|(place, action)| (at, place, action.as_str().unwrap().to_owned())).collect::<Vec<_>>()
    };
    statements.flat_map(of).collect()
}

fn without(policy: &Value, at: usize, place: usize) -> Value {
    let mut policy = policy.clone();
    policy["Statement"][at]["Action"].as_array_mut().unwrap().remove(place);
    if policy["Statement"][at]["Action"].as_array().unwrap().is_empty() {
        policy["Statement"].as_array_mut().unwrap().remove(at);
    }
    policy
}

/// An instance with something of everything, in which somebody else is at work.
fn busy() -> Center {
    let center = Center::with_ends().without_limit();
    let (alice, bob, staff) = (center.user("alice"), center.user("bob"), center.group("staff"));
    let set = center.set("ReadOnly");
    center.cloud(|cloud| {
        cloud.add_member(staff.id(), alice.id());
        cloud.entitle(&alice, ROLE);
        cloud.assign(&staff, &set, SHOP);
        cloud.assign(&bob, &set, TILL);
        cloud.settle = Settle::Seconds(5);
    });
    center.must(&give_until(SHOP, "ReadOnly", "bob", "2027-02-01T00:00:00Z"));
    center
}

/// What a reader with these rights comes to see.
fn seen(policy: &Value) -> Vec<String> {
    let center = busy();
    let key = center.cloud(|cloud| cloud.add_key_with_policy(OWN, &policy.to_string()));
    let (carol, bob, set) = (center.user("carol"), center.user("bob"), center.set("ReadOnly"));
    center.cloud(|cloud| {
        cloud.begin_assignment(&carol, &set, SHOP, Settle::Seconds(9));
        cloud.begin_deletion(&bob, &set, TILL, Settle::Seconds(9));
    });
    let mut seen = Vec::new();
    let mut reader = center.reads_with(&key);
    seen.push(format!("{:?}", reader.hello().map(|hello| hello.identity).map_err(|error| words(&error))));
    let names = crate::targets::Names::Resources(&ACCOUNT);
    seen.push(format!("{:?}", reader.names(names).map_err(|error| words(&error))));
    for accounts in [&[SHOP, TILL][..], &[]] {
        let accounts = accounts.iter().map(|account| (&ACCOUNT, *account));
        let all = accounts.chain([(&IDENTITY_GROUP, "staff"), (&ACCOUNT_ROLE, ROLE)]);
        let reading = reader.read(&all.collect(), Depth::Facts);
        seen.push(format!("{:?}", reading.map_err(|error| words(&error))));
    }
    // everybody is asked for what they hold where that is cheaper
    let mut cloud = Cloud::large(6, 4, 4, 2, 6, start());
    let key = cloud.add_key_with_policy(cloud.management().to_owned().as_str(), &policy.to_string());
    let large = Center::of(cloud).without_limit();
    let accounts: Vec<String> = large.look().names(names).unwrap().unwrap().into_iter().collect();
    let scope: Scope = accounts.iter().map(|account| (&ACCOUNT, account.as_str())).collect();
    large.server.take_log();
    let read = large.reads_with(&key).read(&scope, Depth::Holders).map(|reading| reading.held.len());
    seen.push(format!("{:?} {}", read.map_err(|error| words(&error)), large.server.take_log().count()));
    seen
}

/// What a writer with these rights comes to.
fn done(policy: &Value) -> Vec<String> {
    let center = busy();
    let key = center.cloud(|cloud| cloud.add_key_with_policy(OWN, &policy.to_string()));
    let mut writer = center.writes_with(&key);
    let mut done = vec![format!("{:?}", writer.greet().map(|hello| hello.identity).map_err(|error| words(&error)))];
    let dated = give_until(SHOP, "ReadOnly", "carol", "2027-02-01T00:00:00Z");
    let join = call(GRANT, &IDENTITY_GROUP, "staff", "member", "carol");
    let role = call(GRANT, &ACCOUNT_ROLE, ROLE, "assume", "carol");
    let revoke = |call: &Call| Call { verb: Verb::Revoke, ..call.clone() };
    done.push(writer.ends(&dated).to_string());
    for call in [
        &dated,
        &give(TILL, "DeveloperAccess", "bob"),
        &join,
        &join,
        &role,
        &revoke(&dated),
        &revoke(&join),
        &revoke(&role),
        &take(SHOP, "ReadOnly", "bob"),
    ] {
        done.push(format!("{:?}", contract::one(&mut writer, call).map_err(|error| words(&error))));
    }
    center.server.clock().advance(SignedDuration::from_hours(13));
    done.push(format!(
        "{:?}",
        contract::one(&mut writer, &give(TILL, "ReadOnly", "alice")).map_err(|error| words(&error))
    ));
    let id = center.settings.scp.clone().unwrap();
    done.push(center.cloud(|cloud| cloud.control_policy(&id).unwrap().to_owned()));
    done.push(format!("{:?}", center.cloud(|cloud| (cloud.assignments(), cloud.memberships(), cloud.entitlements()))));
    done
}

#[test]
fn what_the_page_lists_for_the_reader_is_enough_and_least() {
    let everything = everything();
    let [policy, _] = listed(&Center::with_ends());
    let whole = seen(&everything);
    assert!(whole.iter().all(|one| !one.contains("Err(") && !one.contains("hidden")), "{whole:#?}");
    assert_eq!(seen(&policy), whole);
    for (at, place, action) in actions(&policy) {
        assert_ne!(seen(&without(&policy, at, place)), whole, "{action} isn't needed");
    }
}

#[test]
fn what_the_page_lists_for_the_writer_is_enough_and_least() {
    let everything = everything();
    let [_, policy] = listed(&Center::with_ends());
    let whole = done(&everything);
    assert!(whole.iter().all(|one| !one.contains("Err(")), "{whole:#?}");
    assert_eq!(done(&policy), whole);
    for (at, place, action) in actions(&policy) {
        assert_ne!(done(&without(&policy, at, place)), whole, "{action} isn't needed");
    }
}

/// The writer can be unable to give what is not among the sets and accounts that its policy names.
#[test]
fn a_writer_gives_nothing_but_what_its_policy_names() {
    let center = Center::with_ends();
    let [_, policy] = listed(&center);
    center.cloud(|cloud| cloud.add_permission_set("AdministratorAccess", "PT1H"));
    let key = center.cloud(|cloud| cloud.add_key_with_policy(OWN, &policy.to_string()));
    for call in [give(SHOP, "AdministratorAccess", "alice"), give(OWN, "ReadOnly", "alice")] {
        let error = contract::one(&mut center.writes_with(&key), &call).unwrap_err();
        assert!(words(&error).starts_with("target-denied"), "{}", words(&error));
    }
    assert_eq!(center.cloud(|cloud| cloud.assignments().len()), 0);
}
