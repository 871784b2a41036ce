//! Who has to sign in with a second factor, and does so or not.

use std::collections::BTreeSet;

use super::codes;
use super::look::Seen;
use super::state::View;
use crate::access::{Entitlement, EntitlementKey, PersonId, Role, RoleId, TargetId};
use crate::finding::{Refusal, Rule, Severity};
use crate::lint::rules::mfa_unknown;
use crate::plan::live::LiveFinding;
use crate::plan::operations::Operation;

/// The same as the refusal, for those who only look.
static MFA_MISSING: Rule = Rule { code: codes::MFA_MISSING, severity: Severity::Error, dated: false };

impl View<'_> {
    /// The role that asks whoever holds it now for a second factor. None where another one gives the same and asks for none.
    fn asking(&self, entitlement: &Entitlement) -> Option<&RoleId> {
        let (access, now) = (&self.tree.access, self.at(&entitlement.key.target));
        let held = entitlement.causes.iter().filter(|cause| cause.interval.contains(now));
        let grants = held.filter_map(|cause| access.grants.get(&cause.grant));
        let roles: Vec<&Role> = grants.filter_map(|grant| access.roles.get(&grant.role)).collect();
        let asks = entitlement.key.kind.enforces.mfa && roles.iter().all(|role| role.mfa_required);
        roles.first().filter(|_| asks).map(|role| &role.id)
    }

    /// Why something isn't given to somebody who signs in without a second factor. Of whom nobody can tell it is given: who
    /// isn't there yet can't be seen.
    pub(super) fn lacks_factor(&self, seen: &Seen, operation: &Operation) -> Option<Refusal> {
        let (person, account) = (operation.person.as_ref()?, operation.principal.account()?);
        if operation.only_takes() || seen.factor(&operation.target, account) != Some(false) {
            return None;
        }
        let is_it = |key: &EntitlementKey| {
            (&key.target, key.kind, &*key.resource, &*key.permission)
                == (&operation.target, operation.kind, operation.resource.as_str(), operation.permission.as_str())
        };
        let held = self.tree.entitlements.of(person).iter().filter(|one| is_it(&one.key));
        let role = held.filter_map(|one| self.asking(one)).next()?;
        let (message, help) = missing(person, &operation.target, role);
        Some(Refusal::new(&codes::MFA_MISSING, message, help))
    }

    /// Who holds a role that asks for a second factor, and signs in without one or nobody can tell.
    pub(super) fn factor_findings(&self, seen: &Seen) -> Vec<LiveFinding> {
        let mut told: BTreeSet<(&PersonId, &TargetId, &RoleId)> = BTreeSet::new();
        for one in self.tree.entitlements.iter().filter(|one| one.intervals.contains(self.at(&one.key.target))) {
            if let Some(role) = self.asking(one).filter(|_| seen.held.contains_key(&one.key.target))
                && seen.factor(&one.key.target, &one.key.principal) != Some(true)
            {
                told.insert((&one.key.person, &one.key.target, role));
            }
        }
        let of = |(person, target, role): (&PersonId, &TargetId, &RoleId)| {
            let settings = self.tree.access.config.targets.get(target)?;
            let account = self.tree.access.people.get(person)?.accounts.principal(settings.target_type)?;
            let mut finding = match seen.factor(target, account) {
                Some(_) => {
                    let (message, help) = missing(person, target, role);
                    LiveFinding::at(&MFA_MISSING, target, message, help)
                }
                None => LiveFinding::at(
                    &mfa_unknown::RULE,
                    target,
                    format!(
                        "nobody can tell whether `{person}` signs in at `{target}` with a second factor, as `{role}` asks"
                    ),
                    "look again once they are in there, with a reader who may see it".to_owned(),
                ),
            };
            finding.person = Some(person.clone());
            Some(finding)
        };
        told.into_iter().filter_map(of).collect()
    }
}

fn missing(person: &PersonId, target: &TargetId, role: &RoleId) -> (String, String) {
    let message = format!("`{person}` signs in at `{target}` without a second factor, and `{role}` asks for one");
    (message, "let them set one up there, then look again".to_owned())
}
