//! Roles over the organisation, and roles over repositories that it made.

use super::render::{and, time};
use super::{Answered, Call, teams as team_answers};
use crate::exchange::Answer;
use crate::world::{Id, OrganizationRole, Plan};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn item(call: &Call, role: &OrganizationRole) -> Answered {
    let organization = call.organization()?;
    Ok(Answer::ok(json!({
        "id": role.id,
        "name": role.name,
        "description": null,
        "base_role": role.base.map(crate::world::Level::word),
        "source": if role.predefined { "Predefined" } else { "Organization" },
        "permissions": role.permissions,
        "organization": if role.predefined { Value::Null } else { call.organization_as_user(organization) },
        "created_at": time(organization.created),
        "updated_at": time(organization.created),
    })))
}

pub(super) fn list(call: &mut Call) -> Answered {
    let roles: Vec<&OrganizationRole> = call.organization()?.roles.values().collect();
    let shown = roles.iter().map(|role| item(call, role).map(|answer| answer.body.unwrap_or_default()));
    let shown: Vec<Value> = shown.collect::<Result<_, _>>()?;
    Ok(Answer::ok(json!({ "total_count": shown.len(), "roles": shown })))
}

fn named<'a>(call: &'a Call) -> Result<&'a OrganizationRole, Answer> {
    call.organization()?.roles.get(&call.number("role_id")).ok_or_else(Answer::not_found)
}

pub(super) fn get(call: &mut Call) -> Answered {
    item(call, named(call)?)
}

pub(super) fn teams(call: &mut Call) -> Answered {
    let all: Vec<Id> = named(call)?.teams.iter().copied().collect();
    call.page(&all, |call, team| team_answers::holder(call, &call.world.teams[team]))
}

/// Accounts that hold a role: directly, by a team, or both.
pub(super) fn users(call: &mut Call) -> Answered {
    let role = named(call)?;
    let mut holders: BTreeMap<Id, (bool, Vec<Id>)> = BTreeMap::new();
    for account in &role.users {
        holders.entry(*account).or_default().0 = true;
    }
    for team in &role.teams {
        for account in call.world.all_members(&call.world.teams[team]).into_keys() {
            holders.entry(account).or_default().1.push(*team);
        }
    }
    let all: Vec<(Id, bool, Vec<Id>)> = holders.into_iter().map(|(id, (direct, teams))| (id, direct, teams)).collect();
    call.page(&all, |call, (account, direct, teams)| {
        let assignment = match (direct, teams.is_empty()) {
            (true, true) => "direct",
            (true, false) => "mixed",
            (false, _) => "indirect",
        };
        let from: Vec<Value> = teams.iter().map(|team| call.team_in_short(&call.world.teams[team])).collect();
        and(call.user_by_number(*account), json!({ "assignment": assignment, "inherited_from": from }))
    })
}

pub(super) fn take_from_team(call: &mut Call) -> Answered {
    let (organization, team, role) = (call.organization()?.id, call.team()?.id, named(call)?.id);
    let roles = &mut call.world.organizations.get_mut(&organization).expect("found").roles;
    roles.get_mut(&role).expect("found").teams.remove(&team);
    Ok(Answer::empty(204))
}

pub(super) fn take_from_user(call: &mut Call) -> Answered {
    let (organization, account, role) = (call.organization()?.id, call.account()?.id, named(call)?.id);
    let roles = &mut call.world.organizations.get_mut(&organization).expect("found").roles;
    roles.get_mut(&role).expect("found").users.remove(&account);
    Ok(Answer::empty(204))
}

pub(super) fn custom(call: &mut Call) -> Answered {
    let organization = call.organization()?;
    if organization.plan != Plan::Enterprise {
        return Err(Answer::not_found());
    }
    let roles: Vec<Value> = organization
        .custom_roles
        .values()
        .map(|role| {
            json!({
                "id": role.id,
                "name": role.name,
                "description": null,
                "base_role": role.base.word(),
                "permissions": role.permissions,
                "organization": call.organization_as_user(organization),
                "created_at": time(organization.created),
                "updated_at": time(organization.created),
            })
        })
        .collect();
    Ok(Answer::ok(json!({ "total_count": roles.len(), "custom_roles": roles })))
}
