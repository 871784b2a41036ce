//! What all calls of a batch share: the organisation, who asks, and the pace at which something is changed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use http::Method;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::super::client::{Asked, Failure};
use super::super::line::{A_DAY, Line};
use super::super::organization::{About, Found, Invitation, RepositoryInvitation, Who, teams};
use super::super::picture::by_any_name;
use crate::targets::retry::Waits;
use crate::targets::{Call, Gate, TargetError};

/// GitHub asks for a second between requests that change something; clocks differ a little.
const PACE: Duration = Duration::from_millis(1_100);

/// What has a number.
#[derive(Deserialize)]
struct Numbered {
    id: u64,
}

/// Whose something is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Whose<'a> {
    Account(u64),
    Group(&'a str),
    /// `invitation 4500`: of an address, or of somebody whom nobody knows.
    Invitation(&'a str),
}

pub(super) struct Desk<'d> {
    line: &'d Line,
    waits: &'d dyn Waits,
    gate: &'d dyn Gate,
    last: &'d mut Instant,
    pub about: About,
    /// The account that this credential is; None for an App.
    pub own: Option<u64>,
    /// What was looked at, by the names of repositories.
    pub open: BTreeMap<String, Vec<RepositoryInvitation>>,
    pub failed: Option<Vec<Invitation>>,
    /// The slugs of teams, by the names of resources; None of one that is gone.
    slugs: BTreeMap<String, Option<String>>,
    /// When invitations were sent, by what they are to.
    sent: BTreeMap<String, Vec<Timestamp>>,
}

impl<'d> Desk<'d> {
    /// Looks where and as whom it is. Nothing is changed at any other organisation than the pinned one.
    pub(super) fn open(
        line: &'d Line,
        waits: &'d dyn Waits,
        gate: &'d dyn Gate,
        last: &'d mut Instant,
    ) -> Result<Self, TargetError> {
        let about = line.pinned()?;
        let own = line.own()?;
        Ok(Desk {
            line,
            waits,
            gate,
            last,
            about,
            own,
            open: BTreeMap::new(),
            failed: None,
            slugs: BTreeMap::new(),
            sent: BTreeMap::new(),
        })
    }

    /// The organisation's login as it is declared.
    pub(super) fn organization(&self) -> &'d str {
        &self.line.settings.organization
    }

    pub(super) fn now(&self) -> Timestamp {
        self.line.api.clock().unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Something that is looked at. None where there is no such thing.
    pub(super) fn see<T: DeserializeOwned>(&self, doing: &str, path: &str) -> Result<Option<T>, TargetError> {
        match self.line.wait(self.line.api.get_as(path)) {
            Ok(found) => Ok(Some(found)),
            Err(failure) if failure.status() == Some(404) => Ok(None),
            Err(failure) => Err(failure.told(&self.line.settings.target, Asked::ToSee(doing))),
        }
    }

    /// All pages of a list.
    pub(super) fn list<T: DeserializeOwned>(&self, doing: &str, path: &str) -> Result<Vec<T>, TargetError> {
        self.line.see(doing, self.line.api.list(path))
    }

    pub(super) fn line(&self) -> &'d Line {
        self.line
    }

    /// A request that changes something, once it is time for it and the run may still write.
    pub(super) fn change(
        &mut self,
        doing: &str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Changed, TargetError> {
        let left = PACE.saturating_sub(self.last.elapsed());
        if !left.is_zero() && !self.waits.pause(left) {
            return Err(TargetError::Stopped);
        }
        self.gate.pass().map_err(|_| TargetError::Stopped)?;
        let answered = self.line.wait(self.line.api.request(method, path, body));
        // nobody here knows when it arrived: at the latest when the answer is here
        *self.last = Instant::now();
        match answered {
            Ok(answer) => Ok(Changed { status: answer.status, said: answer.read().unwrap_or(Value::Null) }),
            Err(failure) if failure.status() == Some(404) => Ok(Changed { status: 404, said: Value::Null }),
            Err(failure) => Err(self.told(&failure, doing)),
        }
    }

    fn told(&self, failure: &Failure, doing: &str) -> TargetError {
        if let Failure::Refused(said) = failure
            && said.status == 422
            && ["invitations can be sent", "invitation rate limit"].iter().any(|words| said.message.contains(words))
        {
            return self.tomorrow(format!("GitHub takes no more invitations today (to {doing})"));
        }
        failure.told(&self.line.settings.target, Asked::ToChange(doing))
    }

    pub(super) fn tomorrow(&self, what: String) -> TargetError {
        let until = self.now().checked_add(A_DAY).unwrap_or(Timestamp::MAX);
        TargetError::Quota { what, until }
    }

    /// Waits a while, as for what GitHub does in the background. False where the run was asked to stop.
    pub(super) fn pause(&self, how_long: Duration) -> bool {
        self.waits.pause(how_long)
    }

    /// How an account is called right now; None where nobody has it any more.
    pub(super) fn login(&self, number: u64) -> Result<Option<String>, TargetError> {
        let doing = format!("look up the account #{number}");
        let found: Option<Who> = self.see(&doing, &format!("/user/{number}"))?;
        match found {
            Some(who) if who.id == number => Ok(Some(who.login)),
            Some(who) => {
                Err(TargetError::Conflict { why: format!("#{number} was asked for, and #{} answered", who.id) })
            }
            None => Ok(None),
        }
    }

    /// The login of an account that something is to be given to.
    pub(super) fn known_login(&self, number: u64) -> Result<String, TargetError> {
        let unknown = || TargetError::Unknown { what: format!("account #{number}"), near: Vec::new() };
        self.login(number)?.ok_or_else(unknown)
    }

    /// The repository that a call is about, by its number where that is known, and whatever it is called by now. It is looked
    /// up right before each call: meanwhile it may have got another name, and another one its own.
    pub(super) fn repository(&self, call: &Call) -> Result<Option<Found>, TargetError> {
        let resource = call.resource.as_str();
        let (_, name) = resource.split_once('/').unwrap_or_default();
        let logins = [self.about.login.clone(), self.line.settings.organization.clone()];
        let doing = format!("look for the repository `{resource}`");
        let found = match call.number {
            Some(number) => self.see::<Found>(&doing, &format!("/repositories/{number}"))?,
            None => self.line.see(&doing, by_any_name(&self.line.api, &logins, name))?,
        };
        match found {
            Some(found) if found.owner.id != self.about.id => Err(TargetError::Refused {
                why: format!("`{resource}` is `{}` by now, which is another's", found.name),
                help: "take it out of the domain, and ask its new owner who may still be in there".to_owned(),
            }),
            found => Ok(found),
        }
    }

    /// The slug that the team of a call has by now, by its number where that is known. None where the team is gone.
    pub(super) fn slug(&mut self, call: &Call) -> Result<Option<String>, TargetError> {
        let (_, slug) = call.resource.split_once('/').unwrap_or_default();
        let Some(number) = call.number else { return Ok(Some(slug.to_owned())) };
        if let Some(known) = self.slugs.get(&call.resource) {
            return Ok(known.clone());
        }
        let doing = format!("look for the team `{}`", call.resource);
        let named: Option<Numbered> = self.see(&doing, &format!("/orgs/{}/teams/{slug}", self.about.login))?;
        let found = match named.filter(|team| team.id == number) {
            Some(_) => Some(slug.to_owned()),
            None => {
                let all = self.line.see(&doing, teams(&self.line.api, &self.about.login))?;
                all.into_iter().find(|team| team.id == number).map(|team| team.slug)
            }
        };
        self.slugs.insert(call.resource.clone(), found.clone());
        Ok(found)
    }

    /// How many invitations to something were sent in the last day, as far as they are still seen.
    pub(super) fn sent(&mut self, to: &str, seen: impl Iterator<Item = Timestamp>) -> usize {
        let now = self.now();
        let is_recent = |at: &Timestamp| at.checked_add(A_DAY).is_ok_and(|end| end > now);
        self.sent.entry(to.to_owned()).or_insert_with(|| seen.filter(is_recent).collect()).len()
    }

    /// Notes that one more was sent.
    pub(super) fn note_sent(&mut self, to: &str) {
        let now = self.now();
        if let Some(sent) = self.sent.get_mut(to) {
            sent.push(now);
        }
    }
}

/// What came of a change that GitHub didn't refuse. 404 says that there is nothing of that name.
pub(super) struct Changed {
    pub status: u16,
    pub said: Value,
}

impl Changed {
    /// A number in the answer.
    pub(super) fn number(&self, path: &str) -> Option<u64> {
        self.said.pointer(path).and_then(Value::as_u64)
    }
}
