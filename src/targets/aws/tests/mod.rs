//! The clients against the stand-in for AWS.

use std::sync::Arc;
use std::time::Duration;

use aws_standin::world::{AccountState, Key, Principal as Held, Settle};
use aws_standin::{Clock, Fault, On, Server, World as Cloud};
use jiff::{SignedDuration, Timestamp};

use super::cache::Cache;
use super::client::{Credential, Line, Settings};
use super::kinds::{ACCOUNT, ACCOUNT_ROLE, IDENTITY_GROUP};
use super::read::InstanceReader;
use super::write::InstanceWriter;
use crate::access::{Conditions, Kind};
use crate::targets::contract::{self, Break, Sample, Turnstile, World, contract};
use crate::targets::retry::Waits;
use crate::targets::{
    Call, Depth, Done, Live, Members, Previous, Principal, Reader, Reading, Scope, TargetError, Verb, Writer,
};

mod assignments;
mod ends;
mod groups;
mod odd;
mod reading;
mod rights;

/// The organisation's own account, and two others.
const OWN: &str = "111122223333";
const SHOP: &str = "444455556666";
const TILL: &str = "555566667777";

const ROLE: &str = "arn:aws:iam::444455556666:role/ops/Deploy";

/// The policy that the page beside the code has somebody make.
const EMPTY: &str = include_str!("../ends/policy.json");

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

/// An instance of Identity Center at the stand-in, with what reads and what writes it.
struct Center {
    server: Server,
    reads: Key,
    writes: Key,
    settings: Settings,
}

fn start() -> Timestamp {
    "2026-11-30T08:00:00Z".parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

impl Center {
    /// `alice`, `bob` and `carol`, the group `staff`, the sets `DeveloperAccess` and `ReadOnly`, and three accounts.
    fn new() -> Self {
        Center::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Cloud)) -> Self {
        let mut cloud = Cloud::new("o-a1b2c3d4e5", "eu-central-1", OWN, start());
        cloud.add_account(SHOP, "shop", AccountState::Active);
        cloud.add_account(TILL, "till", AccountState::Active);
        cloud.add_permission_set("DeveloperAccess", "PT8H");
        cloud.add_permission_set("ReadOnly", "PT1H");
        for user in ["alice", "bob", "carol"] {
            cloud.add_user(user);
        }
        cloud.add_group("staff");
        cloud.settle = Settle::Seconds(3);
        change(&mut cloud);
        Center::of(cloud)
    }

    fn of(mut cloud: Cloud) -> Self {
        let own = cloud.management().to_owned();
        let (reads, writes) = (cloud.add_key(&own), cloud.add_key(&own));
        let settings = Settings {
            target: "aws".to_owned(),
            region: cloud.region().to_owned(),
            instance: cloud.instance(),
            identity_store: cloud.identity_store().to_owned(),
            organization: cloud.organization().to_owned(),
            scp: None,
        };
        let server = Server::start(cloud);
        // the clients count requests by the machine's clock, so the server's goes with it
        server.clock().run(1);
        Center { server, reads, writes, settings }
    }

    /// With a policy that holds ends, everywhere.
    fn with_ends() -> Self {
        let mut center = Center::new();
        center.settings.scp = Some(center.server.world(|cloud| cloud.add_control_policy("dualkey-ends", EMPTY)));
        center
    }

    fn line(&self, key: &Key) -> Line {
        let credential = Credential::Key { id: key.id.clone(), secret: key.secret.clone(), session: key.token.clone() };
        let waits = Arc::new(Virtual(self.server.clock()));
        Line::new(self.settings.clone(), credential, waits, Some(&self.server.url())).unwrap()
    }

    fn look(&self) -> InstanceReader {
        self.reads_with(&self.reads)
    }

    fn reads_with(&self, key: &Key) -> InstanceReader {
        InstanceReader::new(self.line(key), Cache::default())
    }

    fn hand(&self) -> InstanceWriter {
        self.writes_with(&self.writes)
    }

    fn writes_with(&self, key: &Key) -> InstanceWriter {
        InstanceWriter::new(self.line(key), Cache::default())
    }

    fn cloud<T>(&self, act: impl FnOnce(&mut Cloud) -> T) -> T {
        self.server.world(act)
    }

    fn user(&self, name: &str) -> Held {
        Held::user(&self.cloud(|cloud| cloud.user_id(name).unwrap().to_owned()))
    }

    fn group(&self, name: &str) -> Held {
        Held::group(&self.cloud(|cloud| cloud.group_id(name).unwrap().to_owned()))
    }

    fn set(&self, name: &str) -> String {
        self.cloud(|cloud| cloud.permission_set(name).unwrap().to_owned())
    }

    /// Somebody gives a set at once, by hand.
    fn assign(&self, who: &Held, set: &str, account: &str) {
        let set = self.set(set);
        self.cloud(|cloud| cloud.assign(who, &set, account));
    }

    fn does(&self, call: &Call) -> Result<Done, TargetError> {
        contract::one(&mut self.hand(), call)
    }

    #[track_caller]
    fn must(&self, call: &Call) -> Done {
        self.does(call).unwrap_or_else(|error| panic!("{call:?}: {error}"))
    }

    /// Sessions may go on for so many hours from right now.
    #[track_caller]
    fn lives_for(&self, done: &Done, hours: i64) {
        let until = done.lives_until.unwrap_or_else(|| panic!("{done:?}"));
        let early = (self.server.clock().now() + SignedDuration::from_hours(hours)).duration_since(until);
        assert!((SignedDuration::ZERO..SignedDuration::from_mins(1)).contains(&early), "{early}");
    }

    /// Who holds what on a resource: `ReadOnly alice`, and until when AWS lets them.
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
        let until = live.until.map(|until| format!(" until {until}")).unwrap_or_default();
        format!("{} {}{until}", live.permission, live.principal)
    };
    reading.held.iter().map(one).collect()
}

const GRANT: Verb = Verb::Grant { until: None };

fn call(verb: Verb, kind: &'static Kind, resource: &str, permission: &str, who: &str) -> Call {
    Call {
        verb,
        kind,
        resource: resource.to_owned(),
        permission: permission.to_owned(),
        principal: who.into(),
        conditions: Conditions::NONE,
        number: None,
    }
}

fn give(account: &str, set: &str, who: &str) -> Call {
    call(GRANT, &ACCOUNT, account, set, who)
}

fn give_until(account: &str, set: &str, who: &str, until: &str) -> Call {
    call(Verb::Grant { until: Some(at(until)) }, &ACCOUNT, account, set, who)
}

fn take(account: &str, set: &str, who: &str) -> Call {
    call(Verb::Revoke, &ACCOUNT, account, set, who)
}

/// What was said of an error, and what to do next.
fn words(error: &TargetError) -> String {
    let refusal = error.refusal();
    format!("{} | {} | {}", refusal.code.id, refusal.message, refusal.help)
}

impl World for Center {
    fn samples(&self) -> Vec<Sample> {
        vec![Sample {
            kind: &ACCOUNT,
            resources: [SHOP, TILL],
            permissions: ["DeveloperAccess", "ReadOnly"],
            principals: ["alice", "bob"],
        }]
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(self.look())
    }

    fn writer(&self) -> Box<dyn Writer> {
        Box::new(self.hand())
    }

    fn keeps_ends(&self) -> bool {
        self.settings.scp.is_some()
    }

    fn breaks(&self, fault: Option<Break>) -> bool {
        self.server.heal();
        match fault {
            None => true,
            Some(Break::Denied(account)) => {
                let denied = Fault::Error("AccessDeniedException".to_owned(), "not you".to_owned());
                self.server.fail(On::operation("ListPermissionSetsProvisionedToAccount").containing(account), denied);
                true
            }
            Some(Break::LostPage) => {
                self.server.fail(On::operation("ListAccountAssignments"), Fault::HalfBody);
                true
            }
            Some(Break::LostAnswer) => {
                self.server.fail(On::operation("CreateAccountAssignment").times(1), Fault::DropAfterEffect);
                true
            }
            Some(Break::Busy) => {
                for nth in (1..400).step_by(2) {
                    let busy = Fault::Error("ThrottlingException".to_owned(), "Rate exceeded".to_owned());
                    self.server.fail(On::service("sso-admin").nth(nth), busy);
                }
                true
            }
            // where it dies is tried by the command line
            Some(Break::Crash { .. }) => false,
        }
    }

    // groups of the identity store hold no groups: `groups.rs` has what their members are
    fn plant(&self, _: &[Live], _: &Members) -> bool {
        false
    }
}

impl Center {
    /// The same without a limit: each promise makes client after client, and each of them counts its own requests.
    fn without_limit(self) -> Self {
        self.server.limits(|limits| limits.per_second = None);
        self
    }
}

contract!(on_the_stand_in, Center::new().without_limit());

/// The same where AWS enforces ends, but for what counts requests: a policy is one more.
#[test]
fn a_policy_of_ends_breaks_no_promise() {
    for promise in [
        contract::read_after_grant,
        contract::grant_is_idempotent,
        contract::revoke_is_idempotent,
        contract::a_change_replaces,
        contract::one_value_or_many,
        contract::sorted,
        contract::ends_are_kept_or_dropped,
        contract::what_is_foreign_stays,
        contract::a_lost_answer_is_cleared_up_by_a_rerun,
    ] as [fn(&dyn World); 9]
    {
        promise(&Center::with_ends().without_limit());
    }
}
