//! Assignments: reading them, and beginning to make or to delete one.

use super::{Call, management, statuses, unserved};
use crate::exchange::{Outcome, Refusal};
use crate::world::work::{Kind, Order};
use crate::world::{Assignment, Principal};
use serde_json::{Value, json};

pub(super) fn call(call: &mut Call) -> Outcome {
    match call.operation.name.as_str() {
        "CreateAccountAssignment" => begin(call, Kind::Creation),
        "DeleteAccountAssignment" => begin(call, Kind::Deletion),
        "ListAccountAssignments" => of_pair(call),
        "ListAccountAssignmentsForPrincipal" => of_principal(call),
        "ListAccountsForProvisionedPermissionSet" => accounts_of_set(call),
        "ListPermissionSetsProvisionedToAccount" => sets_of_account(call),
        _ => unserved(call),
    }
}

impl Call<'_> {
    /// Refuses a permission set that isn't there.
    pub(super) fn known_set(&self, arn: &str) -> Result<(), Refusal> {
        if self.world.sets.contains_key(arn) {
            return Ok(());
        }
        Err(Refusal::new("ResourceNotFoundException", format!("PermissionSet with ARN {arn} not found.")))
    }

    /// Refuses an account that isn't in the organisation.
    pub(super) fn known_account(&self, number: &str) -> Result<(), Refusal> {
        if self.world.accounts.contains_key(number) {
            return Ok(());
        }
        Err(Refusal::new("ResourceNotFoundException", format!("Account {number} not found in the organization.")))
    }

    /// Refuses a delegated administrator what only the management account may: to change what is in it.
    pub(super) fn may_change(&self, set: &str, account: Option<&str>) -> Result<(), Refusal> {
        let management = self.world.management();
        let there = self.world.provisioned.contains_key(&(set.to_owned(), management.to_owned()));
        if self.is_management() || account != Some(management) && !there {
            return Ok(());
        }
        Err(self.denied("because it concerns the management account, and is done by a delegated administrator"))
    }

    /// The same for reading, if the world has it so.
    fn may_read(&self, account: &str) -> Result<(), Refusal> {
        let hidden = account == self.world.management() && !self.is_management();
        if !hidden || self.world.delegate_reads_management {
            return Ok(());
        }
        Err(self.denied("because it concerns the management account, and is done by a delegated administrator"))
    }
}

fn begin(call: &mut Call, kind: Kind) -> Outcome {
    let text = |name: &str| call.text(name).to_owned();
    let (set, account) = (text("PermissionSetArn"), text("TargetId"));
    let principal = Principal::of(call.text("PrincipalType"), call.text("PrincipalId"));
    call.known_set(&set)?;
    call.known_account(&account)?;
    call.may_change(&set, Some(&account))?;
    if call.limits.outstanding.is_some_and(|most| call.world.in_flight() >= most) {
        let message = "There are too many requests processing. Please try again later.";
        return Err(Refusal::new("ThrottlingException", message));
    }
    if call.world.sets[&set].deleting {
        return Err(Refusal::new("ConflictException", format!("{set} is being deleted.")));
    }
    if call.world.is_busy(&set, Some(&account)) {
        let message = format!("There is already a request in progress for {set} and account {account}.");
        return Err(Refusal::new("ConflictException", message));
    }
    if kind == Kind::Deletion && !call.world.is_assigned(&principal, &set, &account) {
        let message = format!("No assignment of {} to {} in {account}.", set, principal.id());
        return Err(Refusal::new("ResourceNotFoundException", message));
    }
    let fails = management::fails(call, &set, Some(&account));
    let settle = call.world.settle;
    let (account, principal) = (Some(account), Some(principal));
    let at = call.world.begin(Order { kind, set, account, principal, settle, fails });
    Ok(statuses::begun(call, at))
}

fn of_pair(call: &mut Call) -> Outcome {
    let (set, account) = (call.text("PermissionSetArn").to_owned(), call.text("AccountId").to_owned());
    call.known_set(&set)?;
    call.known_account(&account)?;
    call.may_read(&account)?;
    let held = call.world.shown_in(&set, &account);
    let rows = held.into_iter().map(|held| (sort_key(held), row(held))).collect();
    call.page("AccountAssignments", rows, |_, row| row)
}

fn of_principal(call: &mut Call) -> Outcome {
    if !call.is_management() {
        return Err(call.denied("because it must be called from the management account"));
    }
    let principal = Principal::of(call.text("PrincipalType"), call.text("PrincipalId"));
    if !call.world.knows(&principal) && call.world.held_by(&principal).is_empty() {
        let message = format!("{} {} not found.", principal.kind(), principal.id());
        return Err(Refusal::new("ResourceNotFoundException", message));
    }
    let only = call.input["Filter"]["AccountId"].as_str();
    let mut held = call.world.held_by(&principal);
    held.retain(|held| only.is_none_or(|account| held.account == account));
    let rows = held.iter().map(|held| (sort_key(held), row(held))).collect();
    call.page("AccountAssignments", rows, |_, row| row)
}

/// As assignments are sorted, in one text.
fn sort_key(held: &Assignment) -> String {
    format!("{} {} {} {}", held.set, held.account, held.principal.kind(), held.principal.id())
}

fn row(held: &Assignment) -> Value {
    json!({
        "AccountId": held.account,
        "PermissionSetArn": held.set,
        "PrincipalType": held.principal.kind(),
        "PrincipalId": held.principal.id(),
    })
}

/// Whether a set is in an account as it was written last, if that is asked for.
fn is_asked(call: &Call, set: &str, account: &str) -> bool {
    let pair = (set.to_owned(), account.to_owned());
    let written = call.world.sets.get(set).map(|set| set.version);
    let latest = call.world.provisioned.get(&pair).map(|provisioned| provisioned.version) == written;
    match call.text("ProvisioningStatus") {
        "LATEST_PERMISSION_SET_PROVISIONED" => latest,
        "LATEST_PERMISSION_SET_NOT_PROVISIONED" => !latest,
        _ => true,
    }
}

fn accounts_of_set(call: &mut Call) -> Outcome {
    let set = call.text("PermissionSetArn");
    call.known_set(set)?;
    let mut accounts = call.world.accounts_with(set);
    accounts.retain(|account| is_asked(call, set, account));
    let accounts = accounts.into_iter().map(|account| (account.to_owned(), account.to_owned())).collect();
    call.page("AccountIds", accounts, |_, account: String| json!(account))
}

fn sets_of_account(call: &mut Call) -> Outcome {
    let account = call.text("AccountId");
    call.known_account(account)?;
    call.may_read(account)?;
    let mut sets = call.world.sets_in(account);
    sets.retain(|set| is_asked(call, set, account));
    let sets = sets.into_iter().map(|set| (set.to_owned(), set.to_owned())).collect();
    call.page("PermissionSets", sets, |_, set: String| json!(set))
}
