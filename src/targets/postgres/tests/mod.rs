//! The client against real servers of each version.

use std::thread;

use super::client::Postgres;
use super::connection::Connection;
use super::failure::Failure;
use super::kinds::{DATABASE_LOGIN, DATABASE_ROLE};
use super::server::{Credential, Host, Server, Sessions};
use super::sql;
use crate::access::{Conditions, Kind};
use crate::targets::contract::{self, Break, Sample, Turnstile, World, contract};
use crate::targets::{
    Call, Depth, Done, Live, Members, Power, Previous, Reader, Reading, Scope, TargetError, Verb, Writer,
};

#[path = "../../../../tests/postgres/server.rs"]
mod real;

mod ends;
mod facts;
mod model;
mod odd;
mod rights;
mod speed;
mod told;

use real::{SUPERUSER, Setup, versions};

/// The target's name in these tests.
const TARGET: &str = "shop";

/// A real server and those who ask there.
struct Shop {
    real: real::Server,
    /// How the clients find it, with its own number pinned.
    server: Server,
}

/// One connection, for whoever works at the server beside dualkey.
struct Session(Connection);

impl Shop {
    fn new(version: u32) -> Self {
        Shop::with(version, &Setup::default())
    }

    fn with(version: u32, setup: &Setup) -> Self {
        let real = real::Server::with(version, setup);
        let host = Host::Socket(real.socket().to_owned());
        let mut server = Server::unpinned(TARGET, host, real.port, SUPERUSER);
        server.system = Connection::open(&server, &credential(SUPERUSER)).unwrap().itself.system;
        Shop { real, server }
    }

    /// Of that version, or of the one that is named instead.
    fn instead_of(version: u32) -> Self {
        let tried = versions();
        Shop::stocked(if tried.contains(&version) { version } else { tried[0] })
    }

    /// With `shop_ro`, `shop_rw` and the logins `alice`, `bob`.
    fn stocked(version: u32) -> Self {
        let shop = Shop::new(version);
        shop.sql("CREATE ROLE shop_ro; CREATE ROLE shop_rw; CREATE ROLE alice LOGIN; CREATE ROLE bob LOGIN");
        shop.sql("CREATE TABLE orders (id int); GRANT SELECT ON orders TO shop_ro, shop_rw");
        shop
    }

    /// With the writer `dualkey`, which has the rights that the page lists for `shop_ro`, `shop_rw` and both logins.
    fn with_writer(version: u32) -> Self {
        let mut shop = Shop::stocked(version);
        shop.sql("CREATE ROLE dualkey LOGIN CREATEROLE; GRANT pg_signal_backend TO dualkey");
        if version < 16 {
            shop.server.createrole = true;
        } else {
            shop.sql("GRANT shop_ro, shop_rw, alice, bob TO dualkey WITH ADMIN TRUE, INHERIT FALSE, SET FALSE");
        }
        shop
    }

    fn client(&self, user: &str) -> Postgres {
        Postgres::new(self.server.clone(), credential(user))
    }

    fn session(&self, user: &str) -> Session {
        let connection = Connection::open(&self.server, &credential(user)).unwrap_or_else(|error| panic!("{error}"));
        // people have tables, and dualkey looks at none
        connection.run("RESET search_path").unwrap();
        Session(connection)
    }

    /// Whether somebody is let in.
    fn lets_in(&self, user: &str) -> bool {
        Connection::open(&self.server, &credential(user)).is_ok()
    }

    #[track_caller]
    fn sql(&self, statements: &str) {
        self.session(SUPERUSER).run(statements).unwrap_or_else(|why| panic!("{statements}: {why}"));
    }

    /// What a superuser reads on a resource.
    fn held(&self, kind: &'static Kind, resource: &str) -> Vec<String> {
        let reading = self.client(SUPERUSER).read(&scope(kind, resource), Depth::Holders).unwrap();
        assert!(reading.unread.is_empty(), "{reading:?}");
        let told = |live: &Live| {
            let until = live.until.map(|until| format!(" until {until}")).unwrap_or_default();
            format!("{} {}{until}", live.principal, live.permission)
        };
        let mut held: Vec<String> = reading.held.iter().map(told).collect();
        held.sort();
        held
    }

    fn members(&self, role: &str) -> Vec<String> {
        self.held(&DATABASE_ROLE, role)
    }

    /// Who can log in but the superuser.
    fn logins(&self) -> Vec<String> {
        let mut held = self.held(&DATABASE_LOGIN, TARGET);
        held.retain(|one| !one.starts_with(SUPERUSER));
        held
    }

    fn does(&self, writer: &str, call: &Call) -> Result<Done, TargetError> {
        contract::one(&mut self.client(writer), call)
    }

    #[track_caller]
    fn must(&self, call: &Call) -> Done {
        self.does(SUPERUSER, call).unwrap_or_else(|error| panic!("{call:?}: {error}"))
    }
}

impl Session {
    fn run(&self, statements: &str) -> Result<(), String> {
        self.0.run(statements).map_err(|failure| match failure {
            Failure::Server(error) => {
                error.as_db_error().map_or_else(|| error.to_string(), |said| said.message().to_owned())
            }
            Failure::Late => "late".to_owned(),
        })
    }
}

fn credential(user: &str) -> Credential {
    Credential { user: user.to_owned(), password: None }
}

fn scope(kind: &'static Kind, resource: &str) -> Scope {
    [(kind, resource)].into_iter().collect()
}

const GRANT: Verb = Verb::Grant { until: None };

fn role(verb: Verb, role: &str, permission: &str, who: &str) -> Call {
    Call {
        verb,
        kind: &DATABASE_ROLE,
        resource: role.to_owned(),
        permission: permission.to_owned(),
        principal: who.into(),
        conditions: Conditions::NONE,
        number: None,
    }
}

fn login(verb: Verb, who: &str) -> Call {
    Call {
        kind: &DATABASE_LOGIN,
        resource: TARGET.to_owned(),
        permission: "login".to_owned(),
        ..role(verb, "", "", who)
    }
}

/// A change from what is held to what the call gives.
fn change(from: &str, call: Call) -> Call {
    let previous = Previous { permission: from.to_owned(), conditions: Conditions::NONE };
    Call { verb: Verb::Change { previous, until: None }, ..call }
}

/// Runs a story on each version, side by side, each on a server of its own.
fn on_each(story: impl Fn(u32) + Sync) {
    let story = &story;
    thread::scope(|threads| {
        let running: Vec<_> =
            versions().into_iter().map(|version| (version, threads.spawn(move || story(version)))).collect();
        for (version, one) in running {
            assert!(one.join().is_ok(), "on PostgreSQL {version}");
        }
    });
}

impl World for Shop {
    fn samples(&self) -> Vec<Sample> {
        vec![Sample {
            kind: &DATABASE_ROLE,
            resources: ["shop_ro", "shop_rw"],
            permissions: ["member", "admin"],
            principals: ["alice", "bob"],
        }]
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(self.client(SUPERUSER))
    }

    fn writer(&self) -> Box<dyn Writer> {
        Box::new(self.client(SUPERUSER))
    }

    fn keeps_ends(&self) -> bool {
        false
    }

    // what breaks here breaks a real server: the tests beside this file stop, kill and deny it
    fn breaks(&self, _: Option<Break>) -> bool {
        false
    }

    fn plant(&self, _: &[Live], _: &Members) -> bool {
        false
    }
}

contract!(on_15, Shop::instead_of(15));
contract!(on_16, Shop::instead_of(16));
contract!(on_18, Shop::instead_of(18));
