//! The clients against the stand-in for GitHub.

use std::sync::Arc;
use std::time::Duration;

use github_standin::world::{Id, Level, SecondFactor, TokenKind, Visibility};
use github_standin::{Clock, Fault, On, Server, World as Forge};
use jiff::{SignedDuration, Timestamp};

use super::client::{Patience, Purpose, Secret};
use super::kinds::{MEMBERSHIP, REPOSITORY, TEAM};
use super::line::{Line, Settings};
use super::read::OrganizationReader;
use super::write::OrganizationWriter;
use crate::access::{Conditions, Kind};
use crate::targets::contract::{self, Break, Sample, Turnstile, World, contract};
use crate::targets::retry::{Retrying, Waits};
use crate::targets::{
    Call, Depth, Done, Expectation, Live, Members, Numbered, Previous, Reader, Reading, Resource, Scope, TargetError,
    Verb, Writer,
};

mod apps;
mod facts;
mod invitations;
mod limits;
mod model;
mod numbers;
mod odd;
mod plan;

/// What the reader needs, and what the writer needs, as the page beside the code says.
const READS: &str = "members=read administration=read organization_administration=read organization_custom_roles=read \
                     organization_custom_org_roles=read";
const WRITES: &str = "members=write administration=write";

/// Waiting moves the server's clock.
struct Virtual(Clock);

impl Waits for Virtual {
    fn wait(&self, at_least: Duration, _: Duration, _: &str) -> bool {
        self.pause(at_least)
    }

    fn pause(&self, how_long: Duration) -> bool {
        self.0.advance(SignedDuration::try_from(how_long).unwrap());
        true
    }
}

/// An organisation at the stand-in, with what reads and what writes it.
struct Hub {
    server: Server,
    reads: String,
    writes: String,
    /// `ada` owns it, `bo` and `cleo` are in it, `eve` and `finn` aren't.
    accounts: Vec<(&'static str, Id)>,
    id: Id,
}

fn start() -> Timestamp {
    "2026-11-30T08:00:00Z".parse().unwrap()
}

impl Hub {
    fn new() -> Self {
        Hub::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Forge)) -> Self {
        let mut forge = Forge::new("northwind", start());
        forge.set_base(Level::None);
        let accounts = vec![
            ("ada", forge.add_owner("ada")),
            ("root", forge.add_owner("root")),
            ("bo", forge.add_member("bo")),
            ("cleo", forge.add_member("cleo")),
            ("eve", forge.add_account("eve")),
            ("finn", forge.add_account("finn")),
        ];
        for name in ["shop", "till"] {
            forge.add_repository(name);
        }
        for team in ["oncall", "build"] {
            forge.add_team(team, None);
        }
        change(&mut forge);
        let reads = forge.fine_grained_token("root", READS);
        let writes = forge.fine_grained_token("root", WRITES);
        let id = forge.organization().id;
        Hub { server: Server::start(forge), reads, writes, accounts, id }
    }

    fn settings(&self) -> Settings {
        Settings {
            target: "github".to_owned(),
            organization: "northwind".to_owned(),
            id: self.id,
            api: Some(self.server.url()),
        }
    }

    fn line(&self, secret: Secret, purpose: Purpose) -> Line {
        let patience = Patience { connect: Duration::from_secs(2), answer: Duration::from_millis(1_500) };
        Line::with(self.settings(), secret, purpose, patience).unwrap()
    }

    fn reads_with(&self, token: &str) -> OrganizationReader {
        OrganizationReader::new(self.line(Secret::Token(token.to_owned()), Purpose::Read))
    }

    fn look(&self) -> OrganizationReader {
        self.reads_with(&self.reads)
    }

    fn writes_with(&self, token: &str) -> OrganizationWriter {
        let line = self.line(Secret::Token(token.to_owned()), Purpose::Write);
        OrganizationWriter::new(line, Arc::new(Virtual(self.server.clock())))
    }

    fn hand(&self) -> OrganizationWriter {
        self.writes_with(&self.writes)
    }

    /// The number of an account, as calls write it.
    fn number(&self, login: &str) -> String {
        let known = self.accounts.iter().find(|(name, _)| *name == login).map(|(_, id)| *id);
        known.unwrap_or_else(|| self.server.world(|world| world.account(login).unwrap().id)).to_string()
    }

    fn call(&self, verb: Verb, kind: &'static Kind, resource: &str, permission: &str, login: &str) -> Call {
        Call {
            verb,
            kind,
            resource: resource.to_owned(),
            permission: permission.to_owned(),
            principal: self.number(login).as_str().into(),
            conditions: Conditions::NONE,
            number: None,
        }
    }

    fn give(&self, resource: &str, permission: &str, login: &str) -> Call {
        self.call(GRANT, &REPOSITORY, resource, permission, login)
    }

    fn take(&self, resource: &str, permission: &str, login: &str) -> Call {
        self.call(Verb::Revoke, &REPOSITORY, resource, permission, login)
    }

    fn does(&self, call: &Call) -> Result<Done, TargetError> {
        contract::one(&mut self.hand(), call)
    }

    #[track_caller]
    fn must(&self, call: &Call) -> Done {
        self.does(call).unwrap_or_else(|error| panic!("{call:?}: {error}"))
    }

    /// Who holds what on a resource: `pull 583001`, and how where it isn't held yet.
    #[track_caller]
    fn held(&self, kind: &'static Kind, resource: &str) -> Vec<String> {
        told(&self.reading(&[(kind, resource)], Depth::Holders))
    }

    #[track_caller]
    fn reading(&self, scope: &[(&'static Kind, &str)], depth: Depth) -> Reading {
        let scope: Scope = scope.iter().copied().collect();
        self.look().read(&scope, depth).unwrap_or_else(|error| panic!("{error}"))
    }

    /// What facts say, with their codes.
    #[track_caller]
    fn facts(&self, scope: &[(&'static Kind, &str)]) -> Vec<String> {
        let facts = self.reading(scope, Depth::Facts).facts;
        facts.iter().map(|fact| format!("{}: {}", fact.rule.code.id, fact.words)).collect()
    }
}

fn told(reading: &Reading) -> Vec<String> {
    assert!(reading.unread.is_empty(), "{:?}", reading.unread);
    let one = |live: &Live| {
        let latent = live.latent.map(|latent| format!(" {latent}")).unwrap_or_default();
        format!("{} {}{latent}", live.permission, live.principal)
    };
    reading.held.iter().map(one).collect()
}

const GRANT: Verb = Verb::Grant { until: None };

fn change(from: &str, call: Call) -> Call {
    let previous = Previous { permission: from.to_owned(), conditions: Conditions::NONE };
    Call { verb: Verb::Change { previous, until: None }, ..call }
}

/// Somebody who is to hold something now.
fn wanted(permission: &str) -> Expectation {
    Expectation { wanted: Some(permission.to_owned()), given: None }
}

/// What was said of an error, and what to do next.
fn words(error: &TargetError) -> String {
    let refusal = error.refusal();
    format!("{} | {} | {}", refusal.code.id, refusal.message, refusal.help)
}

fn kept(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

impl World for Hub {
    fn samples(&self) -> Vec<Sample> {
        // whoever is in the organisation is added at once
        let principals = [kept(self.number("bo")), kept(self.number("cleo"))];
        vec![
            Sample {
                kind: &REPOSITORY,
                resources: ["northwind/shop", "northwind/till"],
                permissions: ["pull", "push"],
                principals,
            },
            Sample {
                kind: &TEAM,
                resources: ["northwind/build", "northwind/oncall"],
                permissions: ["member", "maintainer"],
                principals,
            },
        ]
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(self.look())
    }

    fn writer(&self) -> Box<dyn Writer> {
        Box::new(self.hand())
    }

    fn keeps_ends(&self) -> bool {
        false
    }

    fn breaks(&self, fault: Option<Break>) -> bool {
        self.server.heal();
        let all = |world: &mut Forge, given: Option<Vec<&str>>| {
            let numbers = given.map(|names| names.iter().map(|name| world.repository(name).unwrap().id).collect());
            let kind = &mut world.token_mut(&self.reads).kind;
            let TokenKind::FineGrained { repositories, .. } = kind else { panic!("{kind:?}") };
            *repositories = numbers;
        };
        self.server.world(|world| all(world, None));
        match fault {
            None => true,
            Some(Break::Denied("northwind/shop")) => {
                self.server.world(|world| all(world, Some(vec!["till"])));
                true
            }
            Some(Break::LostPage) => {
                for list in ["Repositories", "Teams"] {
                    self.server.fail(On::query(list), Fault::HalfPage);
                }
                true
            }
            Some(Break::LostAnswer) => {
                self.server.fail(On::method("PUT").times(1), Fault::DropAfterEffect);
                true
            }
            // whole reads take many requests, so that each second one ends them all: `limits.rs` has what is waited for
            Some(Break::Denied(_) | Break::Busy | Break::Crash { .. }) => false,
        }
    }

    fn plant(&self, _: &[Live], _: &Members) -> bool {
        false
    }
}

contract!(on_the_stand_in, Hub::new());
