//! Assignments under way. AWS takes them, says so, and makes them afterwards.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_ssoadmin::types::{AccountAssignmentOperationStatus, OperationStatusFilter, StatusValues};

use super::client::{Failure, Line, named};
use super::directory::PAGE;

/// An assignment under way: the account and the set that it is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Flight {
    pub account: String,
    pub set: String,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Creation,
    Deletion,
}

/// How far one is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    UnderWay,
    Done,
    Failed { why: String },
}

/// The longest that anything under way is waited for.
pub(super) const PATIENCE: Duration = Duration::from_mins(10);

/// How long to wait after so many looks.
pub(super) fn until_next_look(looks: u32) -> Duration {
    Duration::from_secs([1, 2, 4].get(looks as usize).copied().unwrap_or(5))
}

/// How far an answer says that it is.
pub(super) fn progress(status: Option<&AccountAssignmentOperationStatus>) -> Result<Progress, Failure> {
    let odd = || Failure::Odd { why: "an answer doesn't say how far an assignment is".to_owned() };
    let status = status.ok_or_else(odd)?;
    match status.status() {
        Some(StatusValues::InProgress) => Ok(Progress::UnderWay),
        Some(StatusValues::Succeeded) => Ok(Progress::Done),
        Some(StatusValues::Failed) => {
            let why = status.failure_reason().filter(|why| !why.is_empty());
            Ok(Progress::Failed { why: why.unwrap_or("it failed, and no reason was given").to_owned() })
        }
        Some(_) | None => Err(odd()),
    }
}

/// What is told of one by the id of its request.
pub(super) fn look(
    line: &Line,
    sort: Sort,
    request: &str,
) -> Result<Option<AccountAssignmentOperationStatus>, Failure> {
    let instance = &line.settings.instance;
    match sort {
        Sort::Creation => {
            let ask = || {
                let describe = line.sso.describe_account_assignment_creation_status().instance_arn(instance);
                describe.account_assignment_creation_request_id(request).send()
            };
            Ok(line.ask(ask)?.account_assignment_creation_status)
        }
        Sort::Deletion => {
            let ask = || {
                let describe = line.sso.describe_account_assignment_deletion_status().instance_arn(instance);
                describe.account_assignment_deletion_request_id(request).send()
            };
            Ok(line.ask(ask)?.account_assignment_deletion_status)
        }
    }
}

/// Everything under way, whoever asked for it.
pub(super) fn under_way(line: &Line) -> Result<BTreeSet<Flight>, Failure> {
    let mut flights = BTreeSet::new();
    for (sort, request) in requests(line)? {
        let status = match look(line, sort, &request) {
            Ok(status) => status,
            // it is so long over that nobody knows of it any more
            Err(failure) if failure.is_missing() => continue,
            Err(failure) => return Err(failure),
        };
        if progress(status.as_ref())? != Progress::UnderWay {
            continue;
        }
        let told = |text: Option<&String>, what| named(what, text.map(String::as_str));
        let status = status.as_ref();
        flights.insert(Flight {
            account: told(status.and_then(|one| one.target_id.as_ref()), "account")?,
            set: told(status.and_then(|one| one.permission_set_arn.as_ref()), "permission set")?,
        });
    }
    Ok(flights)
}

fn requests(line: &Line) -> Result<Vec<(Sort, String)>, Failure> {
    let running = || OperationStatusFilter::builder().status(StatusValues::InProgress).build();
    let instance = &line.settings.instance;
    let made = line.pages(|token| {
        let request = || {
            let list = line.sso.list_account_assignment_creation_status().instance_arn(instance).filter(running());
            list.max_results(PAGE).set_next_token(token.clone()).send()
        };
        let answer = line.ask(request)?;
        Ok((answer.account_assignments_creation_status.unwrap_or_default(), answer.next_token))
    })?;
    let taken = line.pages(|token| {
        let request = || {
            let list = line.sso.list_account_assignment_deletion_status().instance_arn(instance).filter(running());
            list.max_results(PAGE).set_next_token(token.clone()).send()
        };
        let answer = line.ask(request)?;
        Ok((answer.account_assignments_deletion_status.unwrap_or_default(), answer.next_token))
    })?;
    let of = |sort, one: &aws_sdk_ssoadmin::types::AccountAssignmentOperationStatusMetadata| {
        Ok((sort, named("id of a request", one.request_id())?))
    };
    let made = made.iter().map(|one| of(Sort::Creation, one));
    made.chain(taken.iter().map(|one| of(Sort::Deletion, one))).collect()
}

/// Waits until nothing is under way on any of the accounts.
pub(super) fn wait_until_settled(line: &Line, accounts: &BTreeSet<&str>) -> Result<(), Failure> {
    let until = line.elapsed() + PATIENCE;
    for looks in 0.. {
        let flights = under_way(line)?;
        let Some(flight) = flights.iter().find(|flight| accounts.contains(flight.account.as_str())) else { break };
        if line.elapsed() >= until {
            let what = format!("an assignment in account `{}` is under way for more than 10 minutes", flight.account);
            return Err(Failure::Unsettled { what });
        }
        if !line.pause(until_next_look(looks)) {
            return Err(Failure::Stopped);
        }
    }
    Ok(())
}
