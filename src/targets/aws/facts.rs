//! What is worth knowing beside who holds what.

use std::collections::{BTreeMap, BTreeSet};

use super::client::{Failure, Line, named};
use super::directory::Directory;
use super::ends::Policy;
use super::entitlements::Entitled;
use super::kinds::ACCOUNT;
use super::rules::{ACCESS_BY_ENTITLEMENT, ACCOUNT_NOT_ACTIVE, ENDS_NOT_ENFORCED, ENTITLEMENTS_HIDDEN};
use crate::targets::{Fact, Resource};

/// The accounts of the organisation, each with what state it is in.
pub(super) fn accounts(line: &Line) -> Result<BTreeMap<String, String>, Failure> {
    let listed = line.pages(|token| {
        let answer = line.ask(|| line.organizations.list_accounts().set_next_token(token.clone()).send())?;
        Ok((answer.accounts.unwrap_or_default(), answer.next_token))
    })?;
    let state = |one: &aws_sdk_organizations::types::Account| {
        let state = one.state().map(|state| state.as_str().to_owned());
        Ok((named("number of an account", one.id())?, state.unwrap_or_default()))
    };
    listed.iter().map(state).collect()
}

fn on(account: &str) -> Option<Resource> {
    Some(Resource { kind: &ACCOUNT, name: account.to_owned() })
}

/// Accounts of a scope in which nobody can be given anything, by the state that each is in.
pub(super) fn not_active(known: &BTreeMap<String, String>, scope: &BTreeSet<&str>) -> Vec<Fact> {
    let dead = known.iter().filter(|(account, state)| scope.contains(account.as_str()) && *state != "ACTIVE");
    let fact = |(account, state): (&String, &String)| Fact {
        rule: &ACCOUNT_NOT_ACTIVE,
        resource: on(account),
        permission: None,
        principal: None,
        words: format!("account `{account}` is {}", state.to_ascii_lowercase().replace('_', " ")),
    };
    dead.map(fact).collect()
}

/// What Account access manager gives in accounts of a scope, on roles that no domain names.
pub(super) fn by_entitlement(
    entitled: &Result<Vec<Entitled>, Failure>,
    directory: &Directory,
    scope: &BTreeSet<&str>,
    declared: &BTreeSet<&str>,
) -> Vec<Fact> {
    let entitled = match entitled {
        Ok(entitled) => entitled,
        Err(failure) => {
            let words = if failure.is_denied() {
                "the reading credential may not list entitlements of Account access manager"
            } else {
                "entitlements of Account access manager couldn't be listed"
            };
            let rule = &ENTITLEMENTS_HIDDEN;
            return vec![Fact { rule, resource: None, permission: None, principal: None, words: words.to_owned() }];
        }
    };
    let told =
        entitled.iter().filter(|one| scope.contains(one.account.as_str()) && !declared.contains(one.role.as_str()));
    let fact = |one: &Entitled| {
        let principal = directory.principal(&one.who);
        Fact {
            rule: &ACCESS_BY_ENTITLEMENT,
            resource: on(&one.account),
            permission: None,
            words: format!("`{principal}` may take on `{}` by an entitlement", one.role),
            principal: Some(principal),
        }
    };
    told.map(fact).collect()
}

/// Where the policy that is to enforce ends doesn't.
pub(super) fn not_enforced(id: &str, policy: &Result<Policy, Failure>, scope: &BTreeSet<&str>) -> Vec<Fact> {
    let fact = |resource, words| Fact { rule: &ENDS_NOT_ENFORCED, resource, permission: None, principal: None, words };
    let policy = match policy {
        Ok(policy) => policy,
        Err(failure) => {
            let why = if failure.is_denied() {
                "the reading credential may not read it"
            } else if failure.is_missing() {
                "there is none"
            } else {
                "it couldn't be read"
            };
            return vec![fact(None, format!("the policy `{id}` enforces no ends, as far as anybody knows: {why}"))];
        }
    };
    let without = scope.iter().filter(|account| !policy.holds_in(account));
    without.map(|account| fact(on(account), format!("the policy `{id}` doesn't hold in account `{account}`"))).collect()
}
