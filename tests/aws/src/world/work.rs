//! What takes time: assignments that are made or deleted, and permission sets that are provisioned.

use super::{AccountState, Principal, World, ids};
use jiff::{SignedDuration, Timestamp};

/// How long something takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settle {
    /// So often it is described as in progress. Nothing moves it but being described.
    Polls(u32),
    /// So many seconds by the server's clock.
    Seconds(i64),
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Creation,
    Deletion,
    Provisioning,
}

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Status {
    InProgress,
    Succeeded,
    Failed(String),
}

impl Status {
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Status::InProgress => "IN_PROGRESS",
            Status::Succeeded => "SUCCEEDED",
            Status::Failed(_) => "FAILED",
        }
    }
}

/// Something that takes time.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) set: String,
    /// Every account that has the set, where there is none.
    pub(crate) account: Option<String>,
    /// Nobody where a set is provisioned.
    pub(crate) principal: Option<Principal>,
    pub(crate) begun: Timestamp,
    pub(crate) status: Status,
    settle: Settle,
    polls: u32,
}

impl World {
    /// Begins something, and gives its place among all.
    pub(crate) fn begin(
        &mut self,
        kind: Kind,
        set: &str,
        account: Option<&str>,
        principal: Option<&Principal>,
        settle: Settle,
    ) -> usize {
        self.works.push(Work {
            id: ids::uuid(&self.count.next("work")),
            kind,
            set: set.to_owned(),
            account: account.map(str::to_owned),
            principal: principal.cloned(),
            begun: self.now,
            status: Status::InProgress,
            settle,
            polls: 0,
        });
        let at = self.works.len() - 1;
        self.finish_due();
        at
    }

    /// Somebody else begins to assign. Gives the id of the request.
    pub fn begin_assignment(&mut self, principal: &Principal, set: &str, account: &str, settle: Settle) -> String {
        let at = self.begin(Kind::Creation, set, Some(account), Some(principal), settle);
        self.works[at].id.clone()
    }

    /// Somebody else begins to end an assignment. Gives the id of the request.
    pub fn begin_deletion(&mut self, principal: &Principal, set: &str, account: &str, settle: Settle) -> String {
        let at = self.begin(Kind::Deletion, set, Some(account), Some(principal), settle);
        self.works[at].id.clone()
    }

    /// Assignments that are being made or deleted.
    pub fn in_flight(&self) -> usize {
        self.works.iter().filter(|work| work.status == Status::InProgress && work.kind != Kind::Provisioning).count()
    }

    /// Lets everything end that is in flight, however often it would still have to be described.
    pub fn settle_all(&mut self) {
        for at in 0..self.works.len() {
            self.finish(at);
        }
    }

    /// Whether something is under way for a set in an account; in any account if none is named.
    pub(crate) fn is_busy(&self, set: &str, account: Option<&str>) -> bool {
        self.works.iter().any(|work| {
            let same = work.account.is_none() || account.is_none() || work.account.as_deref() == account;
            work.status == Status::InProgress && work.set == set && same
        })
    }

    /// What was begun under an id. Being described moves it.
    pub(crate) fn describe(&mut self, kind: Kind, id: &str) -> Option<&Work> {
        let at = self.works.iter().position(|work| work.kind == kind && work.id == id)?;
        if let Settle::Polls(most) = self.works[at].settle {
            if self.works[at].polls >= most {
                self.finish(at);
            }
            self.works[at].polls += 1;
        }
        self.works.get(at)
    }

    pub(super) fn finish_due(&mut self) {
        for at in 0..self.works.len() {
            let due = match self.works[at].settle {
                Settle::Seconds(seconds) => self.works[at].begun + SignedDuration::from_secs(seconds) <= self.now,
                Settle::Polls(_) => false,
            };
            if due {
                self.finish(at);
            }
        }
    }

    fn finish(&mut self, at: usize) {
        let work = self.works[at].clone();
        if work.status != Status::InProgress {
            return;
        }
        self.works[at].status = match self.carry_out(&work) {
            Ok(()) => Status::Succeeded,
            Err(reason) => Status::Failed(reason),
        };
    }

    /// Does what was begun. The words of reasons are chosen here, but for the fact that there is one.
    fn carry_out(&mut self, work: &Work) -> Result<(), String> {
        let set = self.sets.get(&work.set).ok_or(format!("Permission set {} not found.", work.set))?.clone();
        if let Some(account) = &work.account {
            let known = self.accounts.get(account).ok_or(format!("Account {account} not found."))?;
            if known.state != AccountState::Active {
                return Err(format!("Account {account} is not active."));
            }
        }
        match (work.kind, &work.account, &work.principal) {
            (Kind::Creation, Some(account), Some(principal)) => {
                if !self.knows(principal) {
                    return Err(format!("{} {} does not exist.", principal.kind(), principal.id()));
                }
                self.assign(principal, &work.set, account);
            }
            (Kind::Deletion, Some(account), Some(principal)) => {
                if self.is_assigned(principal, &work.set, account) {
                    self.unassign(principal, &work.set, account);
                }
            }
            (Kind::Provisioning, account, _) => {
                let pairs = self.provisioned.iter_mut().filter(|((known, _), _)| *known == work.set);
                for (_, provisioned) in
                    pairs.filter(|((_, known), _)| account.as_ref().is_none_or(|account| known == account))
                {
                    *provisioned = set.as_provisioned();
                }
            }
            (Kind::Creation | Kind::Deletion, _, _) => unreachable!("an assignment has an account and a principal"),
        }
        Ok(())
    }
}
