//! Ends in the policy, written down before what they end is given.

use std::collections::BTreeSet;

use super::super::client::{Asked, Failure, Line};
use super::super::directory::{Who, members};
use super::super::ends::{Ending, Policy};
use super::super::holders;
use super::super::instance::Instance;
use super::{Known, Telling, Work};
use crate::targets::{Call, TargetError, Verb};

/// Writes down the ends of a phase, all at once, and gives what can go on. What is to end natively and can't be written down
/// is settled as refused: it would be held longer than was approved. So is what an old end would still deny. What takes
/// something goes on in any case.
pub(super) fn write(
    line: &Line,
    id: &str,
    known: &Known,
    calls: &[Call],
    ends: &[bool],
    work: Vec<(usize, Work)>,
    tell: &Telling<'_>,
) -> Vec<(usize, Work)> {
    let is_dated = |place: usize| {
        let until = calls.get(place).is_some_and(|call| until(&call.verb).is_some());
        until && ends.get(place).copied().unwrap_or_default()
    };
    let has_end = |one: &Work| matches!(one, Work::Assign { ending: Some(_), .. });
    if !work.iter().any(|(_, one)| has_end(one)) {
        return work;
    }
    let read = Instance::pinned(line).and_then(|instance| {
        let doing = format!("read the policy `{id}`");
        Policy::read(line, id, &instance.management).map_err(|failure| line.unseen(&failure, &doing))
    });
    let mut policy = match read {
        Ok(policy) => policy,
        // nobody knows what it says of those who are to be given something
        Err(error) => return gives_nothing(work, calls, |place, one| is_dated(place) && has_end(one), &error, tell),
    };
    let before = policy.document.clone();
    clean(line, known, &mut policy);
    let (mut goes_on, mut changed) = (Vec::new(), BTreeSet::new());
    for (place, mut one) in work {
        let Some(call) = calls.get(place) else { continue };
        if let Work::Assign { ending: Some(ending), replaced, ended_by, .. } = &mut one {
            let kept = policy.document.clone();
            let ends_sessions = note(line, known, &mut policy, call, (ending, replaced.as_ref()), is_dated(place));
            match policy.document.text() {
                Ok(_) => {
                    *ended_by = ends_sessions.then(|| id.to_owned());
                    if policy.document != kept {
                        changed.insert(place);
                    }
                }
                Err(full) => {
                    policy.document = kept;
                    if is_dated(place) {
                        tell.settle(place, Err(no_room(id, full.characters)));
                        continue;
                    }
                }
            }
        }
        goes_on.push((place, one));
    }
    if policy.document == before {
        return goes_on;
    }
    let Ok(text) = policy.document.text() else { return goes_on };
    if !tell.may_go_on() {
        return Vec::new();
    }
    let Err(failure) = Policy::write(line, id, &text) else { return goes_on };
    for (_, one) in &mut goes_on {
        if let Work::Assign { ended_by, .. } = one {
            *ended_by = None;
        }
    }
    let error = failure.told(&line.settings.target, Asked::ToChange(&format!("write ends into the policy `{id}`")));
    gives_nothing(goes_on, calls, |place, _| changed.contains(&place), &error, tell)
}

/// Settles as failed what gives somebody something that the policy would have to say otherwise; the rest goes on.
fn gives_nothing(
    work: Vec<(usize, Work)>,
    calls: &[Call],
    hangs_on_it: impl Fn(usize, &Work) -> bool,
    error: &TargetError,
    tell: &Telling<'_>,
) -> Vec<(usize, Work)> {
    let gives = |place: usize| calls.get(place).is_some_and(|call| call.verb != Verb::Revoke);
    let (failed, rest): (Vec<_>, Vec<_>) =
        work.into_iter().partition(|(place, one)| gives(*place) && hangs_on_it(*place, one));
    failed.into_iter().for_each(|(place, _)| tell.settle(place, Err(error.clone())));
    rest
}

fn until(verb: &Verb) -> Option<jiff::Timestamp> {
    match verb {
        Verb::Grant { until } | Verb::Change { until, .. } => *until,
        Verb::Revoke => None,
    }
}

/// What a call changes of the ends. What is taken ends at once for sessions, too, unless its holder keeps it by a group; what is
/// given without an end has none. True where open sessions of what is taken end.
fn note(
    line: &Line,
    known: &Known,
    policy: &mut Policy,
    call: &Call,
    (ending, replaced): (&Ending, Option<&Ending>),
    is_dated: bool,
) -> bool {
    let Some(now) = line.clock().filter(|_| policy.holds_in(&ending.account)) else { return false };
    let taken = match call.verb {
        Verb::Revoke => Some(ending),
        Verb::Grant { .. } | Verb::Change { .. } => {
            policy.document.set(ending.clone(), until(&call.verb).filter(|_| is_dated));
            replaced
        }
    };
    let Some(taken) = taken else { return false };
    // a denial would end what comes by the group as well, and where nobody can tell none is written
    let ends = !holds_by_group(line, known, taken).unwrap_or(true);
    let at = policy.document.until(taken).map_or(now, |at| at.min(now));
    policy.document.set(taken.clone(), ends.then_some(at));
    ends
}

/// Whether a user holds a set in an account by a group, too.
fn holds_by_group(line: &Line, known: &Known, ending: &Ending) -> Result<bool, Failure> {
    let user = Who::User(ending.user.clone());
    for set in known.sets.find(&ending.set) {
        for one in holders::of_pair(line, &ending.account, &set)? {
            if let Who::Group(group) = &one.who
                && members(line, group)?.contains(&user)
            {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Takes out what ended so long ago that no session is left, once the assignment itself is gone.
fn clean(line: &Line, known: &Known, policy: &mut Policy) {
    let Some(now) = line.clock() else { return };
    let over: Vec<Ending> = policy.document.long_over(now).cloned().collect();
    for ending in over {
        if is_gone(line, known, &ending).unwrap_or(false) {
            policy.document.set(ending, None);
        }
    }
}

fn is_gone(line: &Line, known: &Known, ending: &Ending) -> Result<bool, Failure> {
    for set in known.sets.find(&ending.set) {
        match holders::of_pair(line, &ending.account, &set) {
            Ok(held) if held.iter().any(|one| one.who == Who::User(ending.user.clone())) => return Ok(false),
            Ok(_) => {}
            Err(failure) if failure.is_missing() => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(true)
}

fn no_room(id: &str, characters: usize) -> TargetError {
    TargetError::Refused {
        why: format!(
            "the policy `{id}` has no room for another end: it would have {characters} characters, and AWS takes 5120"
        ),
        help:
            "let ends fall on the same instant, as those share a statement, or take `scp` out of the target's settings"
                .to_owned(),
    }
}
