//! The policy at AWS: what it says, and where it holds.

use std::collections::BTreeSet;

use aws_sdk_organizations::types::TargetType;

use super::document::Document;
use crate::targets::aws::client::{Failure, Line, named};

/// The service control policy that holds dualkey's ends.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Policy {
    pub document: Document,
    /// True where it holds in every account but the organisation's own.
    everywhere: bool,
    /// Accounts in which it holds beside that.
    accounts: BTreeSet<String>,
    /// The organisation's own account, in which no such policy holds.
    management: String,
}

impl Policy {
    /// Reads it. `management` is the organisation's own account.
    pub(crate) fn read(line: &Line, id: &str, management: &str) -> Result<Self, Failure> {
        let answer = line.ask(|| line.organizations.describe_policy().policy_id(id).send())?;
        let content = named("text of the policy", answer.policy().and_then(|policy| policy.content()))?;
        let document = Document::parse(&content);
        let document = document.ok_or_else(|| Failure::Odd { why: format!("the text of `{id}` is no policy") })?;
        let targets = line.pages(|token| {
            let list = || line.organizations.list_targets_for_policy().policy_id(id).set_next_token(token.clone());
            let answer = line.ask(|| list().send())?;
            Ok((answer.targets.unwrap_or_default(), answer.next_token))
        })?;
        let (mut everywhere, mut accounts) = (false, BTreeSet::new());
        for target in targets {
            match target.r#type() {
                Some(TargetType::Root) => everywhere = true,
                Some(TargetType::Account) => drop(accounts.insert(named("account", target.target_id())?)),
                // which accounts are in a unit isn't asked for: there it counts as not attached
                Some(_) | None => {}
            }
        }
        Ok(Policy { document, everywhere, accounts, management: management.to_owned() })
    }

    /// True where what it says holds in an account.
    pub(crate) fn holds_in(&self, account: &str) -> bool {
        account != self.management && (self.everywhere || self.accounts.contains(account))
    }

    /// Puts another text in its place.
    pub(crate) fn write(line: &Line, id: &str, text: &str) -> Result<(), Failure> {
        line.once(line.organizations.update_policy().policy_id(id).content(text).send()).map(drop)
    }
}
