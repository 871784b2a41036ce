//! Members and their places.

use super::{Answered, Call, Caller};
use crate::exchange::Answer;
use crate::world::{Account, Id, Invitee, SecondFactor, World};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Whether an account is one that a filter by second factor asks for; `None` for a filter that isn't one.
pub(super) fn fits_filter(world: &World, account: Id, filter: &str) -> Option<bool> {
    let factor = world.accounts[&account].second_factor;
    match filter {
        "all" => Some(true),
        "2fa_disabled" => Some(factor == SecondFactor::Disabled),
        "2fa_insecure" => Some(factor == SecondFactor::Insecure),
        _ => None,
    }
}

/// The same for a list, which only owners may filter.
pub(super) fn filtered(call: &Call, all: Vec<Id>) -> Result<Vec<Id>, Answer> {
    let filter = call.asked("filter").unwrap_or("all");
    let organization = call.organization()?.id;
    if filter != "all" && !call.is_owner(organization, "members") {
        return Err(Answer::error(422, "Only owners can use this filter"));
    }
    Ok(all.into_iter().filter(|account| fits_filter(call.world, *account, filter) == Some(true)).collect())
}

pub(super) fn list(call: &mut Call) -> Answered {
    let wanted = call.asked("role").unwrap_or("all");
    let members = call.organization()?.members.iter();
    // whoever is no member, or may not read members, is told of those that are public, and not that there are others
    let whole = match call.caller {
        Caller::App(_) => false,
        Caller::Token(token) => {
            let inside =
                token.user().is_none_or(|user| call.organization().is_ok_and(|it| it.members.contains_key(&user)));
            inside && token.permission("members").is_some()
        }
    };
    let fits = |owner: bool| wanted == "all" || owner == (wanted == "admin");
    let shown = members.filter(|(_, member)| fits(member.owner) && (whole || member.public));
    let all = shown.map(|(account, _)| *account).collect();
    let all = filtered(call, all)?;
    call.page(&all, |call, account| call.user(&call.world.accounts[account]))
}

fn membership(call: &Call, account: &Account) -> Answered {
    let organization = call.organization()?;
    let url = format!("{}/orgs/{}", call.base, organization.login);
    let waiting = call.world.waiting(organization.id, account.id);
    let (state, role, direct, teams): (_, _, _, Vec<&str>) = match organization.members.get(&account.id) {
        Some(member) => {
            let teams = member.enterprise_teams.iter().map(String::as_str).collect();
            ("active", if member.owner { "admin" } else { "member" }, member.direct, teams)
        }
        None => match waiting {
            Some(waiting) => {
                let role = if waiting.role == "direct_member" { "member" } else { &waiting.role };
                ("pending", role, true, Vec::new())
            }
            None => return Err(Answer::not_found()),
        },
    };
    Ok(Answer::ok(json!({
        "url": format!("{url}/memberships/{}", account.login),
        "state": state,
        "role": role,
        "direct_membership": direct,
        "enterprise_teams_providing_indirect_membership": teams,
        "organization_url": url,
        "organization": call.organization_simple(organization),
        "user": call.user(account),
    })))
}

pub(super) fn get(call: &mut Call) -> Answered {
    membership(call, call.account()?)
}

pub(super) fn set(call: &mut Call) -> Answered {
    let (organization, account, by) = (call.organization()?.id, call.account()?.id, call.actor());
    let owner = call.text("role") == Some("admin");
    let role = if owner { "admin" } else { "direct_member" };
    if call.organization()?.members.contains_key(&account) {
        if call.world.set_owner(organization, account, owner).is_err() {
            return Err(Answer::error(403, "You can't demote the last owner of an organization."));
        }
    } else if let Some(waiting) = call.world.waiting(organization, account).map(|waiting| waiting.id) {
        let invitations = &mut call.world.organizations.get_mut(&organization).expect("found").invitations;
        role.clone_into(&mut invitations.get_mut(&waiting).expect("found").role);
    } else if call.world.adds_at_once(organization, account) {
        call.world.take_in(organization, account, owner);
    } else {
        let invited = call.world.invite(organization, Invitee::Account(account), role, BTreeMap::new(), by);
        super::invitations::refused(call, invited)?;
    }
    get(call)
}

pub(super) fn remove(call: &mut Call) -> Answered {
    use crate::world::NotRemoved;
    let (organization, account) = (call.organization()?.id, call.account()?.id);
    match call.world.remove_member(organization, account) {
        Ok(()) => Ok(Answer::empty(204)),
        Err(NotRemoved::LastOwner) => Err(Answer::error(403, "You can't remove the last owner of an organization.")),
        Err(NotRemoved::Absent | NotRemoved::Member) => Err(Answer::not_found()),
    }
}

/// A list of accounts, each in short.
pub(super) fn users(call: &mut Call, all: &[Id]) -> Answered {
    call.page(all, |call, account| -> Value { call.user(&call.world.accounts[account]) })
}
