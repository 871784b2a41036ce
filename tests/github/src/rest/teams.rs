//! Teams and who is in them.

use super::render::{and, time};
use super::{Answered, Call};
use crate::exchange::Answer;
use crate::world::{Id, Invitee, OrganizationInvitation, Team};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) fn list(call: &mut Call) -> Answered {
    let organization = call.organization()?.id;
    let kind = call.asked("team_type").unwrap_or("all");
    let fits = |team: &&Team| match kind {
        "organization" => !team.enterprise,
        "enterprise" => team.enterprise,
        _ => true,
    };
    let teams = call.world.teams.values().filter(|team| team.organization == organization);
    let all: Vec<Id> = teams.filter(fits).map(|team| team.id).collect();
    call.page(&all, |call, team| call.team_item(&call.world.teams[team]))
}

pub(super) fn children(call: &mut Call) -> Answered {
    let parent = call.team()?.id;
    let all: Vec<Id> =
        call.world.teams.values().filter(|team| team.parent == Some(parent)).map(|team| team.id).collect();
    call.page(&all, |call, team| call.team_item(&call.world.teams[team]))
}

pub(super) fn get(call: &mut Call) -> Answered {
    let team = call.team()?;
    let organization = call.organization()?;
    let repositories = call.world.repositories.values().filter(|it| call.world.team_role(team.id, it).is_some());
    let of = json!({
        "html_url": format!("https://github.com/{}", organization.login),
        "has_organization_projects": true,
        "has_repository_projects": true,
        "public_repos": 0,
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "type": "Organization",
        "created_at": time(organization.created),
        "updated_at": time(organization.created),
        "archived_at": null,
    });
    let more = json!({
        "created_at": time(team.created),
        "updated_at": time(team.created),
        "members_count": call.world.all_members(team).len(),
        "repos_count": repositories.count(),
        "organization": and(call.organization_simple(organization), of),
    });
    Ok(Answer::ok(and(call.team_item(team), more)))
}

/// Members of the team and of those below it: an answer that looks wider than who was put in.
pub(super) fn members(call: &mut Call) -> Answered {
    let wanted = call.asked("role").unwrap_or("all");
    let fits = |maintains: bool| wanted == "all" || maintains == (wanted == "maintainer");
    let members = call.world.all_members(call.team()?);
    let all: Vec<(Id, bool, bool)> = members
        .into_iter()
        .filter(|(_, (maintains, _))| fits(*maintains))
        .map(|(account, (maintains, inherited))| (account, maintains, inherited))
        .collect();
    call.page(&all, |call, (account, maintains, inherited)| {
        let role = if *maintains { "maintainer" } else { "member" };
        and(call.user_by_number(*account), json!({ "role": role, "inherited": inherited }))
    })
}

pub(super) fn invitations(call: &mut Call) -> Answered {
    let team = call.team()?.id;
    let open = |it: &&OrganizationInvitation| it.failed.is_none() && it.teams.contains_key(&team);
    let all: Vec<OrganizationInvitation> = call.organization()?.invitations.values().filter(open).cloned().collect();
    call.page(&all, |call, invitation| super::invitations::item(call, invitation))
}

fn place(call: &Call, state: &str, maintainer: bool) -> Answered {
    let (organization, team, login) = (call.organization()?.id, call.team()?.id, &call.account()?.login);
    Ok(Answer::ok(json!({
        "url": format!("{}/organizations/{organization}/team/{team}/memberships/{login}", call.base),
        "role": if maintainer { "maintainer" } else { "member" },
        "state": state,
    })))
}

pub(super) fn membership(call: &mut Call) -> Answered {
    let (team, account) = (call.team()?, call.account()?.id);
    if let Some((maintains, _)) = call.world.all_members(team).get(&account) {
        return place(call, "active", *maintains);
    }
    let waiting = call.world.waiting(team.organization, account).and_then(|waiting| waiting.teams.get(&team.id));
    match waiting {
        Some(maintainer) => place(call, "pending", *maintainer),
        None => Err(Answer::not_found()),
    }
}

/// Refuses to change a team that somebody else keeps.
fn own(call: &Call) -> Result<(), Answer> {
    let team = call.team()?;
    if team.synchronized {
        return Err(Answer::error(403, "This team's membership is managed by an identity provider"));
    }
    if team.enterprise {
        return Err(Answer::error(403, "This team is managed by the enterprise"));
    }
    Ok(())
}

pub(super) fn set(call: &mut Call) -> Answered {
    own(call)?;
    let login = call.parameter("username");
    if call.world.organizations.values().any(|it| it.login.eq_ignore_ascii_case(login)) {
        return Err(Answer::error(422, "Cannot add an organization as a member."));
    }
    let (organization, team, account, by) =
        (call.organization()?.id, call.team()?.id, call.account()?.id, call.actor());
    let maintainer = call.text("role") == Some("maintainer");
    let inside = call.organization()?.members.contains_key(&account);
    if inside || call.world.adds_at_once(organization, account) {
        if !inside {
            call.world.take_in(organization, account, false);
        }
        call.world.teams.get_mut(&team).expect("found").members.insert(account, maintainer);
    } else if let Some(waiting) = call.world.waiting(organization, account).map(|waiting| waiting.id) {
        let invitations = &mut call.world.organizations.get_mut(&organization).expect("found").invitations;
        invitations.get_mut(&waiting).expect("found").teams.insert(team, maintainer);
    } else {
        let teams = BTreeMap::from([(team, maintainer)]);
        let outcome = call.world.invite(organization, Invitee::Account(account), "direct_member", teams, by);
        super::invitations::refused(call, outcome)?;
    }
    membership(call)
}

pub(super) fn remove(call: &mut Call) -> Answered {
    own(call)?;
    let (team, account) = (call.team()?.id, call.account()?.id);
    match call.world.remove_from_team(team, account) {
        Ok(()) => Ok(Answer::empty(204)),
        Err(_) => Err(Answer::not_found()),
    }
}

fn of_that_enterprise(call: &Call) -> Result<(), Answer> {
    if call.parameter("enterprise") == call.world.enterprise { Ok(()) } else { Err(Answer::not_found()) }
}

pub(super) fn of_enterprise(call: &mut Call) -> Answered {
    of_that_enterprise(call)?;
    let all: Vec<Id> = call.world.teams.values().filter(|team| team.enterprise).map(|team| team.id).collect();
    call.page(&all, |call, team| {
        let team = &call.world.teams[team];
        let url = format!("{}/enterprises/{}/teams/{}", call.base, call.world.enterprise, team.id);
        json!({
            "id": team.id,
            "name": team.name,
            "slug": team.slug,
            "url": url,
            "members_url": format!("{url}/members{{/member}}"),
            "html_url": format!("https://github.com/enterprises/{}/teams/{}", call.world.enterprise, team.slug),
            "group_id": null,
            "created_at": time(team.created),
            "updated_at": time(team.created),
        })
    })
}

pub(super) fn enterprise_members(call: &mut Call) -> Answered {
    of_that_enterprise(call)?;
    let slug = call.parameter("enterprise-team");
    let team = call.world.teams.values().find(|team| team.enterprise && team.slug == slug);
    let all: Vec<Id> = team.ok_or_else(Answer::not_found)?.members.keys().copied().collect();
    call.page(&all, |call, account| -> Value { call.user_by_number(*account) })
}

/// A team as holder of a role over the organisation.
pub(super) fn holder(call: &Call, team: &Team) -> Value {
    and(call.team_item(team), json!({ "assignment": "direct" }))
}
