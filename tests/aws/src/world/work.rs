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

/// What is to be done.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) kind: Kind,
    pub(crate) set: String,
    /// Every account that has the set, where there is none.
    pub(crate) account: Option<String>,
    /// Nobody where a set is provisioned.
    pub(crate) principal: Option<Principal>,
    pub(crate) settle: Settle,
    /// Why it will fail, if that is known when it begins.
    pub(crate) fails: Option<String>,
}

/// Something that takes time.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    pub(crate) id: String,
    pub(crate) order: Order,
    pub(crate) begun: Timestamp,
    pub(crate) status: Status,
    polls: u32,
}

impl World {
    /// Begins something, and gives its place among all.
    pub(crate) fn begin(&mut self, mut order: Order) -> usize {
        order.fails = order.fails.or_else(|| self.failing.pop_front());
        let (id, begun) = (ids::uuid(&self.count.next("work")), self.now);
        self.works.push(Work { id, order, begun, status: Status::InProgress, polls: 0 });
        let at = self.works.len() - 1;
        self.finish_due();
        at
    }

    /// What is begun next will fail, with that reason. Said twice, so will what is begun after it.
    pub fn fail_next(&mut self, reason: &str) {
        self.failing.push_back(reason.to_owned());
    }

    fn begin_by_another(&mut self, kind: Kind, of: &Principal, set: &str, account: &str, settle: Settle) -> String {
        let (set, account, principal) = (set.to_owned(), Some(account.to_owned()), Some(of.clone()));
        let at = self.begin(Order { kind, set, account, principal, settle, fails: None });
        self.works[at].id.clone()
    }

    /// Somebody else begins to assign. Gives the id of the request.
    pub fn begin_assignment(&mut self, principal: &Principal, set: &str, account: &str, settle: Settle) -> String {
        self.begin_by_another(Kind::Creation, principal, set, account, settle)
    }

    /// Somebody else begins to end an assignment. Gives the id of the request.
    pub fn begin_deletion(&mut self, principal: &Principal, set: &str, account: &str, settle: Settle) -> String {
        self.begin_by_another(Kind::Deletion, principal, set, account, settle)
    }

    /// Assignments that are being made or deleted.
    pub fn in_flight(&self) -> usize {
        self.works
            .iter()
            .filter(|work| work.status == Status::InProgress && work.order.kind != Kind::Provisioning)
            .count()
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
            let there = work.order.account.as_deref();
            let same = there.is_none() || account.is_none() || there == account;
            work.status == Status::InProgress && work.order.set == set && same
        })
    }

    /// What was begun under an id. Being described moves it.
    pub(crate) fn describe(&mut self, kind: Kind, id: &str) -> Option<&Work> {
        let at = self.works.iter().position(|work| work.order.kind == kind && work.id == id)?;
        if let Settle::Polls(most) = self.works[at].order.settle {
            if self.works[at].polls >= most {
                self.finish(at);
            }
            self.works[at].polls += 1;
        }
        self.works.get(at)
    }

    pub(super) fn finish_due(&mut self) {
        for at in 0..self.works.len() {
            let due = match self.works[at].order.settle {
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
        self.works[at].status = match self.carry_out(&work.order) {
            Ok(()) => Status::Succeeded,
            Err(reason) => Status::Failed(reason),
        };
    }

    /// Does what was begun. The words of reasons are chosen here, but for the fact that there is one.
    fn carry_out(&mut self, work: &Order) -> Result<(), String> {
        if let Some(reason) = &work.fails {
            return Err(reason.clone());
        }
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
