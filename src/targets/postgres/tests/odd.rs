//! Servers that aren't there, aren't the right ones, hang or die.

use std::process::Command;
use std::time::Duration;

use super::*;
use crate::targets::error::Remedy;

fn hello(shop: &Shop, edit: impl FnOnce(&mut Server), who: &Credential) -> Result<String, TargetError> {
    let mut server = shop.server.clone();
    edit(&mut server);
    Postgres::new(server, who.clone()).hello().map(|hello| hello.identity)
}

#[test]
fn who_is_there_and_who_we_are() {
    on_each(|version| {
        let shop = Shop::stocked(version);
        let hello = shop.client("alice").hello().unwrap();
        assert_eq!(hello.identity, format!("postgres:{}", shop.server.system));
        assert_eq!(hello.own.into_iter().collect::<Vec<_>>(), ["alice"]);
        assert!(hello.clock.is_some());
    });
}

#[test]
fn nothing_is_read_or_written_at_another_server() {
    let mut shop = Shop::stocked(16);
    let real = std::mem::replace(&mut shop.server.system, "42".to_owned());
    let told = shop.client(SUPERUSER).hello().unwrap().identity;
    assert_eq!(told, format!("postgres:{real}"), "the caller compares");
    let read = shop.client(SUPERUSER).read(&scope(&DATABASE_ROLE, "shop_rw"), Depth::Holders).unwrap_err();
    assert_eq!(read.to_string(), format!("refused by the target: `shop` is server `{real}`, and `42` is pinned"));
    let write = shop.does(SUPERUSER, &role(GRANT, "shop_rw", "member", "alice")).unwrap_err();
    assert_eq!((write.to_string(), write.remedy()), (read.to_string(), Remedy::Mend));
    shop.server.system = real;
    assert!(shop.members("shop_rw").is_empty());
}

#[test]
fn wrong_doors_are_told_apart() {
    let rules = "host all wendy 127.0.0.1/32 scram-sha-256\nhost all nora 127.0.0.1/32 reject".to_owned();
    let shop = Shop::with(18, &Setup { rules, ..Setup::default() });
    shop.sql("CREATE ROLE wendy LOGIN PASSWORD 'right'; CREATE ROLE nora LOGIN; CREATE ROLE lou");
    let by_network = |server: &mut Server| server.host = Host::Name("127.0.0.1".to_owned());
    let who = |user: &str, password: Option<&str>| Credential {
        user: user.to_owned(),
        password: password.map(str::to_owned),
    };
    assert!(hello(&shop, by_network, &who("wendy", Some("right"))).is_ok());
    let mut told = String::new();
    let mut tell = |result: Result<String, TargetError>| {
        let error = result.unwrap_err();
        told += &format!("{:?} {error}\n", error.remedy());
    };
    tell(hello(&shop, by_network, &who("wendy", Some("wrong"))));
    tell(hello(&shop, by_network, &who("wendy", None)));
    tell(hello(&shop, by_network, &who("nora", None)));
    tell(hello(&shop, |_| {}, &who("nobody", None)));
    tell(hello(&shop, |_| {}, &who("lou", None)));
    tell(hello(&shop, |server| server.database = "ship".to_owned(), &who(SUPERUSER, None)));
    tell(hello(&shop, |server| server.host = Host::Socket("/nowhere".into()), &who(SUPERUSER, None)));
    tell(hello(&shop, |server| server.port = 1, &who(SUPERUSER, None)));
    let expected = [
        "Mend the credential may not: log in at `shop`: password authentication failed for user \"wendy\"",
        "Mend the credential may not: log in at `shop` without a password",
        "Mend the credential may not: log in at `shop`: pg_hba.conf rejects connection for host \"127.0.0.1\", user \
         \"nora\", database \"postgres\", no encryption",
        "Mend the credential may not: log in at `shop`: role \"nobody\" does not exist",
        "Mend the credential may not: log in at `shop`: role \"lou\" is not permitted to log in",
        "Mend refused by the target: database \"ship\" does not exist",
        "Wait `shop` cannot be reached: error connecting to server: No such file or directory (os error 2)",
        "Wait `shop` cannot be reached: error connecting to server: No such file or directory (os error 2)",
    ];
    assert_eq!(told.lines().collect::<Vec<_>>(), expected);
}

/// Who signed the certificate of the servers here, and who didn't. The keys of both are gone.
const AUTHORITY: &str = include_str!("../../../../tests/postgres/tls/authority.pem");
const ANOTHER: &str = include_str!("../../../../tests/postgres/tls/another.pem");

/// A server with a certificate for `localhost`.
fn with_certificate() -> Shop {
    let settings = "ssl = on\nssl_cert_file = 'own.pem'\nssl_key_file = 'own.key'".to_owned();
    let own = [
        ("own.pem", include_str!("../../../../tests/postgres/tls/localhost.pem")),
        ("own.key", include_str!("../../../../tests/postgres/tls/localhost.key")),
    ];
    let files = own.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec();
    let rules = "hostssl all all 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 reject".to_owned();
    Shop::with(18, &Setup { rules, settings, files })
}

#[test]
fn a_server_on_the_network_proves_who_it_is() {
    let shop = with_certificate();
    shop.sql("CREATE ROLE wendy LOGIN PASSWORD 'right'");
    let wendy = Credential { user: "wendy".to_owned(), password: Some("right".to_owned()) };
    let asks = |host: &str, authorities: Option<&str>| {
        let edit = |server: &mut Server| {
            server.host = Host::Name(host.to_owned());
            server.authorities = authorities.map(str::to_owned);
        };
        hello(&shop, edit, &wendy).map_err(|error| (error.remedy(), error.to_string()))
    };
    assert!(asks("localhost", Some(AUTHORITY)).is_ok());
    let refused = |host, authorities| {
        let (remedy, words) = asks(host, authorities).unwrap_err();
        assert_eq!(remedy, Remedy::Mend, "{words}");
        words
    };
    assert!(
        refused("localhost", None).contains("pg_hba.conf rejects connection"),
        "on this machine alone plain text will do"
    );
    assert!(refused("localhost", Some(ANOTHER)).contains("invalid peer certificate"));
    // an address of this machine that doesn't look like one
    assert!(refused("0.0.0.0", Some(AUTHORITY)).contains("not valid for name"));
    assert!(refused("0.0.0.0", None).contains("certificate"));
    assert!(refused("localhost", Some("-----BEGIN CERTIFICATE-----")).contains("`ca` of `shop` can't be read"));
}

#[test]
fn a_server_on_the_network_is_never_spoken_to_in_plain_text() {
    let shop = Shop::new(16);
    let edit = |server: &mut Server| server.host = Host::Name("0.0.0.0".to_owned());
    let refused = hello(&shop, edit, &credential(SUPERUSER)).unwrap_err();
    assert!(refused.to_string().contains("server does not support TLS"), "{refused}");
}

#[test]
fn a_replica_is_not_read() {
    let mut shop = Shop::stocked(16);
    std::fs::write(shop.real.data().join("standby.signal"), "").unwrap();
    shop.real.restart();
    let refused = shop.client(SUPERUSER).hello().unwrap_err();
    assert!(refused.to_string().contains("answers as a replica"), "{refused}");
}

/// Sends a signal to all processes of the server, which are children of its first.
fn signal(shop: &Shop, name: &str) {
    let first = std::fs::read_to_string(shop.real.data().join("postmaster.pid")).unwrap();
    let first = first.lines().next().unwrap();
    let children = std::fs::read_to_string(format!("/proc/{first}/task/{first}/children")).unwrap();
    let mut kill = Command::new("kill");
    kill.arg(name).arg(first).args(children.split_whitespace());
    assert!(kill.status().unwrap().success());
}

#[test]
fn a_server_that_hangs_in_the_middle_of_a_phase_changes_nothing() {
    let mut shop = Shop::stocked(16);
    shop.server.limits.answer = Duration::from_millis(800);
    let mut writer = shop.client(SUPERUSER);
    let calls = ["alice", "bob"].map(|who| role(GRANT, "shop_rw", "member", who));
    let gate = At(2, || signal(&shop, "-STOP"));
    let results = writer.perform(&calls, &gate);
    signal(&shop, "-CONT");
    for result in &results {
        let error = result.as_ref().unwrap_err();
        assert_eq!(error.to_string(), "`shop` cannot be reached: it gave no answer in 0 s");
        assert_eq!(error.remedy(), Remedy::Wait);
    }
    assert!(shop.members("shop_rw").is_empty(), "the server undoes what was not committed");
    assert!(writer.perform(&calls, &Turnstile::of(usize::MAX)).iter().all(Result::is_ok), "and is written again");
    assert_eq!(shop.members("shop_rw").len(), 2);
}

#[test]
fn a_server_that_dies_in_the_middle_of_a_phase_changes_nothing() {
    on_each(|version| {
        let shop = std::sync::Mutex::new(Shop::stocked(version));
        let mut writer = shop.lock().unwrap().client(SUPERUSER);
        let calls = ["alice", "bob"].map(|who| role(GRANT, "shop_rw", "member", who));
        let results = writer.perform(&calls, &At(2, || shop.lock().unwrap().real.restart()));
        assert!(results.iter().all(|result| result.as_ref().is_err_and(TargetError::is_transient)), "{results:?}");
        assert!(shop.lock().unwrap().members("shop_rw").is_empty());
        assert!(writer.perform(&calls, &Turnstile::of(usize::MAX)).iter().all(Result::is_ok));
    });
}

/// Lets everything pass, and does something before the call of that number.
struct At<F>(usize, F);

impl<F: Fn()> crate::targets::Gate for At<F> {
    fn pass(&self) -> Result<(), crate::targets::Stopped> {
        PASSED.with(|passed| {
            passed.set(passed.get() + 1);
            if passed.get() == self.0 {
                (self.1)();
            }
        });
        Ok(())
    }

    fn settled(&self, _: usize, _: &Result<Done, TargetError>) {}
}

thread_local! {
    /// How often a gate of this test was passed; each test has a thread of its own.
    static PASSED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}
