//! Roles that Account access manager gives.

use super::super::client::{Failure, Line};
use super::super::directory::Who;
use super::super::entitlements;
use super::members::last_session;
use super::{Telling, doing, failed};
use crate::targets::{Call, Done, TargetError, Verb};

/// Does one call.
pub(super) fn perform(line: &Line, call: &Call, place: usize, who: &Who, tell: &Telling<'_>) {
    let found = entitlements::applications(line);
    let found = found.and_then(|all| Ok((entitlements::read(line, &all, Some(&call.resource))?, all)));
    let (held, applications) = match found {
        Ok(found) => found,
        Err(failure) => {
            let doing = "list entitlements of Account access manager";
            return tell.settle(place, Err(line.unseen(&failure, doing)));
        }
    };
    let held = held.into_iter().filter(|one| one.role == call.resource && one.who == *who);
    if call.verb == Verb::Revoke {
        let mut done = Done::default();
        for entitled in held {
            if !tell.may_go_on() {
                if done.lives_until.is_some() {
                    let what = format!("{}: the run was stopped meanwhile", doing(call));
                    tell.settle(place, Err(TargetError::Unsettled { what }));
                }
                return;
            }
            if let Err(failure) = entitlements::take(line, &entitled) {
                return tell.settle(place, Err(failed(line, call, &failure)));
            }
            done.lives_until = last_session(line.clock());
        }
        return tell.settle(place, Ok(done));
    }
    let [application] = applications.as_slice() else {
        let why = match applications.len() {
            0 => "Account access manager is not switched on for this instance".to_owned(),
            several => format!("the instance has {several} applications of Account access manager"),
        };
        let help = "switch it on for the instance, or give the access by a permission set".to_owned();
        return tell.settle(place, Err(TargetError::Refused { why, help }));
    };
    if !tell.may_go_on() {
        return;
    }
    let given: Result<(), Failure> = entitlements::give(line, application, &call.resource, who);
    tell.settle(place, given.map(|()| Done::default()).map_err(|failure| failed(line, call, &failure)));
}
