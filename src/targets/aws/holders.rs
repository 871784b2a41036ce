//! Who holds which permission set in which account, read by the cheaper of two ways.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_ssoadmin::types::PrincipalType;

use super::client::{Failure, Line, named};
use super::directory::{Directory, PAGE, Who};

/// One assignment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Assignment {
    pub account: String,
    /// The ARN of the permission set.
    pub set: String,
    pub who: Who,
}

/// What was found in accounts.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub assignments: BTreeSet<Assignment>,
    /// Accounts that the credential may not look into.
    pub denied: BTreeMap<String, Failure>,
}

/// A long read is told of so often.
const TOLD_EVERY: Duration = Duration::from_secs(10);

/// Reads what is held in accounts. Which way is cheaper shows after one request an account: either each set that an account
/// has is asked for its holders, or everybody is asked for what they hold.
pub(super) fn read(line: &Line, accounts: &BTreeSet<&str>, directory: &Directory) -> Result<Found, Failure> {
    let mut found = Found::default();
    let mut pairs: Vec<(&str, String)> = Vec::new();
    for account in accounts {
        match provisioned(line, account) {
            Ok(sets) => pairs.extend(sets.into_iter().map(|set| (*account, set))),
            // an account that isn't there has no sets
            Err(failure) if failure.is_missing() => {}
            Err(failure) if failure.is_denied() => drop(found.denied.insert((*account).to_owned(), failure)),
            Err(failure) => return Err(failure),
        }
    }
    if directory.len() < pairs.len()
        && let Some(held) = of_everybody(line, directory)?
    {
        let seen =
            |one: &Assignment| accounts.contains(one.account.as_str()) && !found.denied.contains_key(&one.account);
        found.assignments = held.into_iter().filter(seen).collect();
        return Ok(found);
    }
    let mut watch = Watch::new(line, pairs.len());
    for (account, set) in pairs {
        watch.next();
        if found.denied.contains_key(account) {
            continue;
        }
        match of_pair(line, account, &set) {
            Ok(held) => found.assignments.extend(held),
            Err(failure) if failure.is_missing() => {}
            Err(failure) if failure.is_denied() => {
                found.assignments.retain(|one| one.account != account);
                found.denied.insert(account.to_owned(), failure);
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(found)
}

/// The sets that an account has.
fn provisioned(line: &Line, account: &str) -> Result<BTreeSet<String>, Failure> {
    let sets = line.pages(|token| {
        let request = || {
            let list = line.sso.list_permission_sets_provisioned_to_account().instance_arn(&line.settings.instance);
            list.account_id(account).max_results(PAGE).set_next_token(token.clone()).send()
        };
        let answer = line.ask(request)?;
        Ok((answer.permission_sets.unwrap_or_default(), answer.next_token))
    })?;
    sets.iter().map(|arn| named("ARN of a permission set", Some(arn))).collect()
}

/// Who holds a set in an account.
pub(super) fn of_pair(line: &Line, account: &str, set: &str) -> Result<Vec<Assignment>, Failure> {
    let held = line.pages(|token| {
        let request = || {
            let list = line.sso.list_account_assignments().instance_arn(&line.settings.instance);
            let list = list.account_id(account).permission_set_arn(set);
            list.max_results(PAGE).set_next_token(token.clone()).send()
        };
        let answer = line.ask(request)?;
        Ok((answer.account_assignments.unwrap_or_default(), answer.next_token))
    })?;
    let assignment = |one: &aws_sdk_ssoadmin::types::AccountAssignment| {
        let told = named("account", one.account_id())?;
        if told != account || one.permission_set_arn() != Some(set) {
            return Err(Failure::Odd { why: format!("`{account}` was asked for, and something else answered") });
        }
        let who = who(one.principal_type(), one.principal_id())?;
        Ok(Assignment { account: told, set: set.to_owned(), who })
    };
    held.iter().map(assignment).collect()
}

/// What everybody holds; None where the credential may not ask so, as only the management account may.
fn of_everybody(line: &Line, directory: &Directory) -> Result<Option<Vec<Assignment>>, Failure> {
    let mut held = Vec::new();
    let mut watch = Watch::new(line, directory.len());
    for who in directory.all() {
        watch.next();
        match of_one(line, &who) {
            Ok(one) => held.extend(one),
            // whoever is gone since holds nothing
            Err(failure) if failure.is_missing() => {}
            Err(failure) if failure.is_denied() => return Ok(None),
            Err(failure) => return Err(failure),
        }
    }
    Ok(Some(held))
}

/// What somebody holds. Of a user that may be what their groups hold, too, each told as the group's.
fn of_one(line: &Line, asked: &Who) -> Result<Vec<Assignment>, Failure> {
    let sort = match asked {
        Who::User(_) => PrincipalType::User,
        Who::Group(_) => PrincipalType::Group,
    };
    let held = line.pages(|token| {
        let request = || {
            let list = line.sso.list_account_assignments_for_principal().instance_arn(&line.settings.instance);
            let list = list.principal_type(sort.clone()).principal_id(asked.id());
            list.max_results(PAGE).set_next_token(token.clone()).send()
        };
        let answer = line.ask(request)?;
        Ok((answer.account_assignments.unwrap_or_default(), answer.next_token))
    })?;
    let assignment = |one: &aws_sdk_ssoadmin::types::AccountAssignmentForPrincipal| {
        Ok(Assignment {
            account: named("account", one.account_id())?,
            set: named("ARN of a permission set", one.permission_set_arn())?,
            who: who(one.principal_type(), one.principal_id())?,
        })
    };
    held.iter().map(assignment).collect()
}

fn who(sort: Option<&PrincipalType>, id: Option<&str>) -> Result<Who, Failure> {
    let id = named("id of a principal", id)?;
    match sort {
        Some(PrincipalType::User) => Ok(Who::User(id)),
        Some(PrincipalType::Group) => Ok(Who::Group(id)),
        Some(_) | None => Err(Failure::Odd { why: format!("`{id}` is neither a user nor a group") }),
    }
}

/// Tells how far a long read is.
struct Watch<'l> {
    line: &'l Line,
    began: Duration,
    told: Duration,
    done: usize,
    of: usize,
}

impl<'l> Watch<'l> {
    fn new(line: &'l Line, of: usize) -> Self {
        let now = line.elapsed();
        Watch { line, began: now, told: now, done: 0, of }
    }

    fn next(&mut self) {
        let now = self.line.elapsed();
        if now.saturating_sub(self.told) >= TOLD_EVERY && self.done > 0 {
            self.told = now;
            let each = now.saturating_sub(self.began) / u32::try_from(self.done).unwrap_or(u32::MAX);
            let left = each.saturating_mul(u32::try_from(self.of.saturating_sub(self.done)).unwrap_or(u32::MAX));
            self.line.tell(self.done, self.of, left);
        }
        self.done += 1;
    }
}
