//! What isn't given, and isn't taken, though it was approved.

use github_standin::world::SecondFactor;

use super::*;

#[test]
fn a_name_that_means_another_repository_by_now_lets_nobody_in() {
    let hub = Hub::told();
    let number = |name: &str| hub.server.world(|forge| forge.repository(name).unwrap().id);
    let old = number("shop");
    // somebody renames the shop and puts another repository in its place
    hub.server.world(|forge| {
        forge.rename_repository("shop", "store");
        forge.add_repository("shop");
    });
    let new = number("shop");
    let told =
        format!("repository `northwind/shop` is #{new} at `github` by now, and #{old} is the one that was meant");
    hub.run(&["drift"]).exits(1).says("resource-replaced").says(&told).says(&format!("`id: {new}`"));
    hub.run(&["plan", "--live"]).exits(0).says("resource-replaced");
    hub.let_in("bob.keller", "bobkeller");
    hub.land("bob");
    hub.run(&["apply"]).exits(3).says("refused[resource-replaced]").says("not started").says("grant bob.keller");
    assert_eq!(hub.server.world(|forge| forge.repository("shop").unwrap().invitations.len()), 0, "nobody was let in");
    // ends go to where access was given
    let person = hub.world.read("people/alice.nguyen.yaml");
    hub.world.write("people/alice.nguyen.yaml", &format!("{person}ended: {}\n", day(0)));
    hub.land("alice-leaves");
    hub.run(&["apply"]).exits(4).says("revoke alice.nguyen").says("end: grant alice.nguyen-builds");
    assert_eq!(hub.may("alice-nw", "store"), None);
    // the new one takes its place once two people approved that
    let domain = hub.world.read("domains/shop.yaml");
    let named = domain.replace("repository: northwind/shop }", &format!("repository: northwind/shop, id: {new} }}"));
    assert_ne!(domain, named);
    hub.world.write("domains/shop.yaml", &named);
    hub.run(&["plan"])
        .exits(0)
        .says(&format!("resources.shop.id nothing → {new}"))
        .says("people are let in to this one");
    hub.land_policy("the-new-shop");
    hub.run(&["apply"]).exits(0).says("grant bob.keller github repository northwind/shop push");
    hub.server.world(|forge| forge.accept("bobkeller"));
    assert_eq!(hub.may("bobkeller", "shop").as_deref(), Some("write"));
    hub.run(&["drift"]).exits(0);
    hub.run(&["audit", "verify"]).exits(0);
}

#[test]
fn a_first_run_leaves_what_nothing_declares_until_its_list_was_approved() {
    let mut forge = Forge::new("northwind", now());
    forge.set_base(Level::None);
    for owner in ["priyashah", "mei-tanaka", "dualkey-writer"] {
        forge.add_owner(owner);
    }
    for login in ["grace-lin", "alice-nw", "bobkeller"] {
        forge.add_account(login);
    }
    for name in ["shop", "till", "Site"] {
        forge.add_repository(name);
    }
    forge.add_team("oncall", None);
    // a contractor who was there before dualkey, with more than anybody declared
    forge.grant("alice-nw", "shop", "write");
    forge.grant("alice-nw", "till", "admin");
    let hub = Hub::at(forge);
    let hub = hub.written(HUB);
    hub.let_in("alice.nguyen", "alice-nw");
    let hub = hub.vouched();
    hub.run(&["plan", "--live"]).exits(0).says("first-run").says("1 entitlement is held there");
    hub.run(&["apply"]).exits(4).says("refused[first-run]").says("not started").says("dualkey import github --adopt");
    assert_eq!(hub.may("alice-nw", "till").as_deref(), Some("admin"), "nothing is taken unseen");
    hub.run(&["apply", "--only-ends"]).exits(3).says("first-run");
    hub.run(&["apply"]).exits(3).says("first-run");
    // the list is written, read and approved
    let ran = hub.run(&["import", "github", "--adopt"]).exits(0);
    ran.says("wrote policies/first-run-github.yaml: 1 entitlement that nothing declares");
    let list = hub.world.read("policies/first-run-github.yaml");
    let line = format!(
        "kind: repository, resource: northwind/till, permission: admin, account: \"{}\"",
        hub.number("alice-nw")
    );
    assert!(list.contains(&line) && list.contains("alice.nguyen"), "{list}");
    hub.run(&["lint"]).exits(0);
    hub.run(&["plan"])
        .exits(0)
        .says("first run of `github`: taken from")
        .says("on repository northwind/till")
        .says("admin");
    hub.land_policy("adopt");
    hub.run(&["apply"]).exits(0).says("revoke alice.nguyen github repository northwind/till admin");
    assert_eq!(hub.may("alice-nw", "till"), None);
    // from here on what nobody declares is drift
    hub.server.world(|forge| forge.grant("alice-nw", "till", "read"));
    hub.run(&["apply"]).exits(0).says("revoke alice.nguyen");
    hub.run(&["import", "github", "--adopt"]).exits(0).says("nothing is held there");
    // a list that names nothing that is there says so
    for (from, to, says) in [
        ("target: github", "target: githab", "did you mean `github`?"),
        ("kind: repository", "kind: project", "is not a kind of resource at `github`"),
    ] {
        hub.world.write("policies/first-run-github.yaml", &list.replace(from, to));
        hub.run(&["lint"]).exits(1).says(says);
    }
}

#[test]
fn a_role_that_asks_for_a_second_factor_waits_for_it() {
    let hub = Hub::told();
    let role = hub.world.read("roles/developer.yaml");
    hub.world.write("roles/developer.yaml", &role.replace("risk:", "mfa: required\nrisk:"));
    hub.run(&["lint"]).exits(0);
    hub.land_policy("second-factor");
    hub.run(&["drift"]).exits(0);
    hub.server.world(|forge| {
        forge.set_second_factor("alice-nw", SecondFactor::Disabled);
        // somebody lowered what the role gives, and it shall be as it was
        forge.grant("alice-nw", "shop", "read");
        forge.grant("alice-nw", "till", "read");
    });
    hub.run(&["drift"])
        .exits(1)
        .says("mfa-missing")
        .says("`alice.nguyen` signs in at `github` without a second factor");
    hub.run(&["apply"])
        .exits(4)
        .says("refused[mfa-missing]")
        .says("revoke alice.nguyen github repository northwind/till");
    assert_eq!(hub.may("alice-nw", "shop").as_deref(), Some("read"));
    hub.server.world(|forge| forge.set_second_factor("alice-nw", SecondFactor::Secure));
    hub.run(&["apply"]).exits(0).says("change alice.nguyen github repository northwind/shop pull → push");
}

#[test]
fn a_role_of_the_organisations_own_is_declared_with_the_word_that_it_stands_on() {
    let hub = Hub::told();
    hub.server.world(|forge| forge.add_custom_role("Release Manager", Level::Write));
    let role = hub.world.read("roles/developer.yaml");
    hub.world.write("roles/developer.yaml", &role.replace("push", "write+Release Manager"));
    hub.run(&["lint"]).exits(1).says("before the `+` stands one of pull, triage, push, maintain, admin");
    hub.world.write("roles/developer.yaml", &role.replace("push", "push+Release Manager"));
    hub.run(&["lint"]).exits(0);
    hub.run(&["plan"]).exits(0).says("push+Release Manager");
    hub.land_by("release", &["priya.shah", "mei.tanaka"]);
    hub.run(&["apply"]).exits(0).says("push → push+Release Manager");
    assert_eq!(hub.may("alice-nw", "shop").as_deref(), Some("Release Manager"));
    hub.run(&["plan", "--live"]).exits(0).says("what is live is what is declared");
    // one that the organisation hasn't is named before anything is written
    hub.world.write("roles/developer.yaml", &role.replace("push", "push+Release Manger"));
    hub.land_by("slip", &["priya.shah", "mei.tanaka"]);
    hub.run(&["drift"]).exits(1).says("target-unknown-name").says("it knows `push+Release Manager`");
}
