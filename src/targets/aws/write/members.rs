//! Who is in a group of the identity store.

use aws_sdk_identitystore::types::MemberId;
use jiff::Timestamp;

use super::super::client::{Failure, Line, named};
use super::super::directory::Who;
use super::super::ends::SESSIONS_AT_MOST;
use super::{Outcome, Telling, failed};
use crate::targets::{Call, Done, TargetError, Verb};

/// Does one call.
pub(super) fn perform(line: &Line, call: &Call, place: usize, group: &str, who: &Who, tell: &Telling<'_>) {
    let Who::User(user) = who else {
        let why = format!("`{}` is a group, and groups of the identity store hold users alone", call.principal);
        return tell.settle(place, Err(TargetError::Refused { why, help: "name a user".to_owned() }));
    };
    if !tell.may_go_on() {
        return;
    }
    let done = if call.verb == Verb::Revoke {
        take(line, group, user)
    } else {
        give(line, group, user).map(|()| Done::default())
    };
    let outcome: Outcome = done.map_err(|failure| failed(line, call, &failure));
    tell.settle(place, outcome);
}

/// The id of a membership; None where there is none.
fn membership(line: &Line, group: &str, user: &str) -> Result<Option<String>, Failure> {
    let request = || {
        let get = line.store.get_group_membership_id().identity_store_id(&line.settings.identity_store);
        get.group_id(group).member_id(MemberId::UserId(user.to_owned())).send()
    };
    match line.ask(request) {
        Ok(answer) => named("id of a membership", Some(answer.membership_id())).map(Some),
        Err(failure) if failure.is_missing() => Ok(None),
        Err(failure) => Err(failure),
    }
}

fn give(line: &Line, group: &str, user: &str) -> Result<(), Failure> {
    let create = line.store.create_group_membership().identity_store_id(&line.settings.identity_store);
    let made = line.once(create.group_id(group).member_id(MemberId::UserId(user.to_owned())).send());
    match made {
        Ok(_) => Ok(()),
        // a membership that is there is one conflict, a group that somebody else changes right now another
        Err(failure) if failure.is_conflict() && membership(line, group, user)?.is_some() => Ok(()),
        Err(failure) => Err(failure),
    }
}

fn take(line: &Line, group: &str, user: &str) -> Result<Done, Failure> {
    let Some(id) = membership(line, group, user)? else { return Ok(Done::default()) };
    let delete = line.store.delete_group_membership().identity_store_id(&line.settings.identity_store);
    match line.once(delete.membership_id(id).send()) {
        Ok(_) => {}
        Err(failure) if failure.is_missing() => {}
        Err(failure) => return Err(failure),
    }
    Ok(Done { lives_until: last_session(line.clock()), note: None })
}

/// Until when a session can be open that began right before.
pub(super) fn last_session(now: Option<Timestamp>) -> Option<Timestamp> {
    now.and_then(|now| now.checked_add(SESSIONS_AT_MOST).ok())
}
