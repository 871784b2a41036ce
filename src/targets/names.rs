//! Names that exist at a target, so that a slip is named before anything is written.

use std::collections::BTreeSet;

use super::{Call, TargetError};
use crate::access::Kind;

/// What is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Names {
    Resources(&'static Kind),
    Permissions(&'static Kind),
    Accounts,
}

/// How many near names an error tells.
const NEAR: usize = 3;

/// The likeness from which on a name is near.
const LIKE: f64 = 0.8;

impl Names {
    /// Everything that a call names.
    pub fn of(call: &Call) -> Vec<(Names, &str)> {
        let account = call.principal.account().map(|account| (Names::Accounts, account));
        let things = [
            (Names::Resources(call.kind), call.resource.as_str()),
            (Names::Permissions(call.kind), call.permission.as_str()),
        ];
        things.into_iter().chain(account).collect()
    }

    /// The error where a name is none of those that exist.
    pub fn check(self, name: &str, known: &BTreeSet<String>) -> Result<(), TargetError> {
        if known.contains(name) {
            return Ok(());
        }
        let what = match self {
            Names::Resources(kind) => format!("{} `{name}`", kind.name),
            Names::Permissions(kind) => format!("permission `{name}` of the kind {}", kind.name),
            Names::Accounts => format!("account `{name}`"),
        };
        Err(TargetError::Unknown { what, near: near(name, known) })
    }
}

/// The nearest names, the nearest first.
fn near(name: &str, known: &BTreeSet<String>) -> Vec<String> {
    let mut like: Vec<(f64, &String)> = known
        .iter()
        .map(|one| (strsim::jaro_winkler(name, one), one))
        .filter(|(likeness, _)| *likeness > LIKE)
        .collect();
    like.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    like.into_iter().take(NEAR).map(|(_, name)| name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::github::kinds::REPOSITORY;

    #[test]
    fn the_nearest_names_come_first_and_far_ones_never() {
        let known: BTreeSet<String> =
            ["n/payments-api", "n/payments-app", "n/payments-api-2", "n/payments-web", "other"]
                .map(str::to_owned)
                .into();
        assert!(Names::Accounts.check("other", &known).is_ok());
        let error = Names::Resources(&REPOSITORY).check("n/payments-apj", &known).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the target knows no repository `n/payments-apj`; it knows `n/payments-api`, `n/payments-app`, `n/payments-api-2`"
        );
        let error = Names::Permissions(&REPOSITORY).check("xyz", &known).unwrap_err();
        assert_eq!(error.to_string(), "the target knows no permission `xyz` of the kind repository");
    }
}
