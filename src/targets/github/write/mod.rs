//! What changes an organisation: one request after the other, each for an account by its number.

mod desk;
mod membership;
mod repository;
mod team;

use std::sync::Arc;
use std::time::Instant;

use super::kinds::{MEMBERSHIP, REPOSITORY, TEAM};
use super::line::Line;
use crate::access::Kind;
use crate::targets::retry::Waits;
use crate::targets::{Call, Done, Gate, Hello, Principal, TargetError, Verb, Writer};

use desk::{Desk, Whose};

type Results = Vec<Result<Done, TargetError>>;

/// Changes one organisation.
pub(super) struct OrganizationWriter {
    line: Line,
    waits: Arc<dyn Waits>,
    /// When something was changed last, at the latest: a run that ended right before this one may have done it.
    last: Instant,
}

impl OrganizationWriter {
    pub(super) fn new(line: Line, waits: Arc<dyn Waits>) -> Self {
        OrganizationWriter { line, waits, last: Instant::now() }
    }
}

/// In which order kinds are written: membership opens what needs it, and takes with it what hangs on it.
fn rank(call: &Call) -> usize {
    let kind: &Kind = call.kind;
    let grows = if kind == &MEMBERSHIP {
        0
    } else if kind == &TEAM {
        1
    } else {
        2
    };
    if call.verb == Verb::Revoke { 2 - grows } else { grows }
}

impl Writer for OrganizationWriter {
    fn greet(&mut self) -> Result<Hello, TargetError> {
        self.line.hello()
    }

    /// GitHub ends nothing by itself.
    fn ends(&self, _: &Call) -> bool {
        false
    }

    fn perform(&mut self, calls: &[Call], gate: &dyn Gate) -> Results {
        if calls.is_empty() {
            return Vec::new();
        }
        let mut results: Results = calls.iter().map(|_| Err(TargetError::Stopped)).collect();
        let mut order: Vec<(usize, &Call)> = calls.iter().enumerate().collect();
        order.sort_by_key(|(place, call)| (rank(call), *place));
        let mut settle = |place: usize, result: Result<Done, TargetError>| {
            gate.settled(place, &result);
            if let Some(slot) = results.get_mut(place) {
                *slot = result;
            }
        };
        let desk = Desk::open(&self.line, &*self.waits, gate, &mut self.last);
        let mut desk = match desk {
            Ok(desk) => desk,
            Err(error) => {
                order.iter().for_each(|(place, _)| settle(*place, Err(error.clone())));
                return results;
            }
        };
        let mut in_the_way: Option<TargetError> = None;
        for (place, call) in order {
            // what a limit stops stops everybody, and nobody is asked for patience in vain
            let result = match &in_the_way {
                Some(error) => Err(error.clone()),
                None => perform(&mut desk, call),
            };
            match &result {
                Err(TargetError::Stopped) => break,
                Err(error @ (TargetError::Throttled { .. } | TargetError::Unreachable { .. })) => {
                    in_the_way = Some(error.clone());
                }
                Ok(_) | Err(_) => {}
            }
            settle(place, result);
        }
        results
    }
}

/// One call to its end.
fn perform(desk: &mut Desk<'_>, call: &Call) -> Result<Done, TargetError> {
    let refused = |why: String, help: &str| TargetError::Refused { why, help: help.to_owned() };
    let takes = call.verb == Verb::Revoke;
    if !call.conditions.enforceable(call.kind) {
        return Err(refused(format!("a {} can't be held on conditions", call.kind.name), "declare it without"));
    }
    if !takes {
        call.kind.check_permission(&call.permission).map_err(|why| refused(why, "correct the permission"))?;
        let check = call.kind.check_resource;
        check(&call.resource)
            .map_err(|why| refused(format!("`{}`: {why}", call.resource), "correct the name of the resource"))?;
    }
    let whose = match &call.principal {
        Principal::Account(number) => match number.parse() {
            Ok(number) => Whose::Account(number),
            // nobody can hold something by what is no number
            Err(_) if takes => return Ok(Done::default()),
            Err(_) => {
                let why = format!("`{number}` is not the number of an account");
                return Err(refused(why, "write the number that `gh api users/LOGIN --jq .id` prints"));
            }
        },
        Principal::Group(group) => Whose::Group(group),
        Principal::Unknown(what) => Whose::Invitation(what),
        Principal::Service(_) | Principal::Everyone(_) | Principal::Deleted(_) => {
            return Err(refused(
                format!("nothing is given to or taken from `{}` here", call.principal),
                "change it at GitHub",
            ));
        }
    };
    if let Whose::Account(number) = whose
        && desk.own == Some(number)
    {
        let help = "let another account write to this target, or leave this one alone";
        return Err(refused(format!("#{number} is the account that dualkey writes with"), help));
    }
    let kind: &Kind = call.kind;
    let organization = call.resource.split('/').next().unwrap_or_default();
    if !organization.eq_ignore_ascii_case(desk.organization()) {
        return match takes {
            // nothing of ours is held there
            true => Ok(Done::default()),
            false => Err(refused(
                format!("`{}` is not of the organisation `{}`", call.resource, desk.organization()),
                "another organisation is another target in `dualkey.yaml`",
            )),
        };
    }
    if kind == &MEMBERSHIP {
        membership::perform(desk, call, whose)
    } else if kind == &TEAM {
        team::perform(desk, call, whose)
    } else if kind == &REPOSITORY {
        repository::perform(desk, call, whose)
    } else {
        Err(refused(format!("GitHub has no {}", kind.name), "name another target"))
    }
}
