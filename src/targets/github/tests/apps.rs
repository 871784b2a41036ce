//! Apps: a key becomes a token of an hour that can do no more than is needed.

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use super::*;
use crate::targets::Power;

/// A private key and its public half, made once.
static KEY: LazyLock<(String, String)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app");
    let make = |args: &[&str], path: &Path| {
        let output = Command::new("ssh-keygen").args(args).arg("-f").arg(path).output();
        let output = output.expect("ssh-keygen is needed to make the key of an App");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    make(&["-q", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", ""], &path);
    (std::fs::read_to_string(&path).unwrap(), make(&["-e", "-m", "PEM"], &path.with_extension("pub")))
});

/// What an App of the reader is given, with more than it needs.
const GIVEN: &str = "members=write administration=read organization_administration=read organization_custom_roles=read \
                     organization_custom_org_roles=read organization_personal_access_tokens=read";

fn with_app(of: &str) -> (Hub, u64, u64) {
    let mut numbers = (0, 0);
    let hub = Hub::with(|world| {
        numbers = world.install_app("gatekeeper", &KEY.1, of);
        world.grant("eve", "shop", "write");
        world.add_granted_token("eve", "laptop", None);
        world.add_account("gone");
        world.add_granted_token("gone", "old", None);
    });
    hub.server.check_assertion_times(false);
    (hub, numbers.0, numbers.1)
}

fn app(hub: &Hub, id: u64, purpose: Purpose) -> Line {
    hub.line(Secret::App { id, key: KEY.0.clone() }, purpose)
}

const SHOP: [(&Kind, &str); 1] = [(&REPOSITORY, "northwind/shop")];

#[test]
fn an_app_reads_with_a_token_that_can_only_look_and_is_renewed_in_time() {
    let (hub, id, _) = with_app(GIVEN);
    let mut reader = OrganizationReader::new(app(&hub, id, Purpose::Read));
    let hello = reader.hello().unwrap();
    assert!(hello.own.is_empty() && hello.clock.unwrap().duration_since(start()) < SignedDuration::from_secs(5));
    let scope: Scope = SHOP.into_iter().collect();
    let reading = reader.read(&scope, Depth::Facts).unwrap();
    assert_eq!(told(&reading), [format!("push {}", hub.number("eve"))]);
    let facts: Vec<String> = reading.facts.iter().map(|fact| fact.words.clone()).collect();
    assert_eq!(hello.power, Power::Writes { why: "is an App that may write `members`".to_owned() });
    assert!(facts.iter().any(|words| words.contains("the token `old` of `gone`, who has gone")), "{facts:?}");
    assert!(!facts.iter().any(|words| words.contains("laptop")), "{facts:?}");
    let tokens = |hub: &Hub| hub.server.log().0.iter().filter(|one| one.target.ends_with("/access_tokens")).count();
    let asked = hub.server.log().0.into_iter().find(|one| one.target.ends_with("/access_tokens")).unwrap();
    let wanted = asked.body.unwrap()["permissions"].as_object().unwrap().clone();
    assert!(wanted.values().all(|level| level == "read") && wanted.len() == 7, "{wanted:?}");
    // the hour is not waited for
    hub.server.clock().advance(SignedDuration::from_mins(30));
    reader.read(&scope, Depth::Holders).unwrap();
    assert_eq!(tokens(&hub), 1);
    hub.server.clock().advance(SignedDuration::from_mins(24));
    reader.read(&scope, Depth::Holders).unwrap();
    hub.server.clock().advance(SignedDuration::from_mins(4));
    reader.read(&scope, Depth::Holders).unwrap();
    assert_eq!(tokens(&hub), 2);
}

#[test]
fn an_app_writes_with_what_it_was_given() {
    let (hub, id, _) = with_app("members=write administration=write");
    let waits = Arc::new(Virtual(hub.server.clock()));
    let mut writer = OrganizationWriter::new(app(&hub, id, Purpose::Write), waits);
    contract::one(&mut writer, &hub.give("northwind/shop", "pull", "bo")).unwrap();
    assert_eq!(
        hub.held(&REPOSITORY, "northwind/shop"),
        [format!("pull {}", hub.number("bo")), format!("push {}", hub.number("eve"))]
    );
}

#[test]
fn the_last_owner_stays() {
    let (hub, id, _) = with_app("members=write administration=write");
    hub.server.world(|world| world.end_membership("ada"));
    let mut writer = OrganizationWriter::new(app(&hub, id, Purpose::Write), Arc::new(Virtual(hub.server.clock())));
    for call in [
        hub.call(Verb::Revoke, &MEMBERSHIP, "northwind", "admin", "root"),
        change("admin", hub.call(GRANT, &MEMBERSHIP, "northwind", "member", "root")),
    ] {
        let said = words(&contract::one(&mut writer, &call).unwrap_err());
        assert!(said.contains("last owner") && said.contains("make somebody else an owner first"), "{said}");
    }
}

#[test]
fn an_app_that_is_suspended_unknown_or_not_installed_is_told_with_the_next_step() {
    let (hub, id, installation) = with_app(GIVEN);
    let said = |hub: &Hub, id: u64, key: &str| {
        let line = hub.line(Secret::App { id, key: key.to_owned() }, Purpose::Read);
        words(&OrganizationReader::new(line).hello().unwrap_err())
    };
    hub.server.world(|world| world.suspend(installation, true));
    let suspended = said(&hub, id, &KEY.0);
    assert!(
        suspended.starts_with("target-denied | ") && suspended.contains("is suspended in `northwind`"),
        "{suspended}"
    );
    assert!(suspended.contains("an owner lets it go on"), "{suspended}");
    let unknown = said(&hub, id + 1, &KEY.0);
    assert!(unknown.contains("isn't installed") || unknown.contains("takes no word"), "{unknown}");
    let garbled = said(&hub, id, "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----");
    assert!(garbled.contains("the private key of the App") && !garbled.contains("MIIE"), "{garbled}");
}
