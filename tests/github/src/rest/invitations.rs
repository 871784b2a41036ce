//! Invitations to the organisation.

use super::render::{node_id, time};
use super::{Answered, Call};
use crate::exchange::Answer;
use crate::world::{Id, Invitee, NotAdded, OrganizationInvitation};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Turns what the world refused into an answer. What nobody could prove is a violation, since no client may rest on it.
pub(super) fn refused<T>(call: &mut Call, outcome: Result<T, NotAdded>) -> Result<T, Answer> {
    outcome.map_err(|why| match why {
        NotAdded::Unprocessable(message) => Answer::unprocessable("OrganizationInvitation", "data", &message),
        NotAdded::Unproven(why) => {
            call.violations.push(format!("what GitHub does then isn't proven: {why}"));
            Answer::unprocessable("OrganizationInvitation", "data", why)
        }
    })
}

pub(super) fn item(call: &Call, invitation: &OrganizationInvitation) -> Value {
    let (login, email) = match &invitation.invitee {
        Invitee::Account(id) => (call.world.accounts.get(id).map(|account| account.login.as_str()), None),
        Invitee::Email(address) => (None, Some(address.as_str())),
    };
    let organization = call.organization().map_or(0, |organization| organization.id);
    let (failed_at, reason) = match &invitation.failed {
        Some((at, reason)) => (Some(time(*at)), Some(reason.as_str())),
        None => (None, None),
    };
    json!({
        "id": invitation.id,
        "node_id": node_id("OI", invitation.id),
        "login": login,
        "email": email,
        "role": invitation.role,
        "created_at": time(invitation.created),
        "failed_at": failed_at,
        "failed_reason": reason,
        "inviter": call.user_by_number(invitation.inviter),
        "team_count": invitation.teams.len(),
        "invitation_teams_url": format!("{}/organizations/{organization}/invitations/{}/teams", call.base, invitation.id),
        "invitation_source": "member",
    })
}

fn listed(call: &mut Call, failed: bool) -> Answered {
    let role = call.asked("role").unwrap_or("all").to_owned();
    let invitations = call.organization()?.invitations.values();
    let fits = |it: &&OrganizationInvitation| it.failed.is_some() == failed && (role == "all" || it.role == role);
    let all: Vec<OrganizationInvitation> = invitations.filter(fits).cloned().collect();
    call.page(&all, |call, invitation| item(call, invitation))
}

pub(super) fn list(call: &mut Call) -> Answered {
    listed(call, false)
}

pub(super) fn failed(call: &mut Call) -> Answered {
    listed(call, true)
}

pub(super) fn create(call: &mut Call) -> Answered {
    let (organization, by) = (call.organization()?.id, call.actor());
    let invitee = match (call.body.get("invitee_id").and_then(Value::as_u64), call.text("email")) {
        (Some(id), None) if call.world.accounts.contains_key(&id) => Invitee::Account(id),
        (Some(_), None) => return Err(Answer::not_found()),
        (None, Some(address)) => Invitee::Email(address.to_owned()),
        _ => {
            let message = "Exactly one of invitee_id and email is needed";
            return Err(Answer::unprocessable("OrganizationInvitation", "invitee_id", message));
        }
    };
    let role = call.text("role").unwrap_or("direct_member").to_owned();
    let teams: Vec<Id> =
        call.body["team_ids"].as_array().map(|ids| ids.iter().filter_map(Value::as_u64).collect()).unwrap_or_default();
    let known = |id: &Id| call.world.teams.get(id).is_some_and(|team| team.organization == organization);
    if !teams.iter().all(known) {
        return Err(Answer::unprocessable("OrganizationInvitation", "team_ids", "A team isn't in the organization"));
    }
    let teams: BTreeMap<Id, bool> = teams.into_iter().map(|team| (team, false)).collect();
    let outcome = call.world.invite(organization, invitee, &role, teams, by);
    let id = refused(call, outcome)?;
    Ok(Answer::created(item(call, &call.organization()?.invitations[&id])))
}

fn named<'a>(call: &'a Call) -> Result<&'a OrganizationInvitation, Answer> {
    call.organization()?.invitations.get(&call.number("invitation_id")).ok_or_else(Answer::not_found)
}

pub(super) fn cancel(call: &mut Call) -> Answered {
    let (organization, id) = (call.organization()?.id, named(call)?.id);
    call.world.organizations.get_mut(&organization).expect("found").invitations.remove(&id);
    Ok(Answer::empty(204))
}

pub(super) fn teams(call: &mut Call) -> Answered {
    let all: Vec<Id> = named(call)?.teams.keys().copied().collect();
    call.page(&all, |call, team| call.team_item(&call.world.teams[team]))
}
