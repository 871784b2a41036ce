//! Repositories of teams.

use super::render::{and, flags};
use super::{Answered, Call};
use crate::exchange::Answer;
use crate::world::{Id, Owner, Role};
use serde_json::{Value, json};

/// A repository as a team sees it: its role there, also if a team above it has it.
fn seen_by(call: &Call, repository: Id, role: &Role) -> Value {
    let item = call.repository_item(&call.world.repositories[&repository]);
    and(item, json!({ "permissions": flags(role.level), "role_name": role.name }))
}

pub(super) fn list(call: &mut Call) -> Answered {
    let team = call.team()?.id;
    let all: Vec<(Id, Role)> = call
        .world
        .repositories
        .values()
        .filter_map(|repository| Some((repository.id, call.world.team_role(team, repository)?)))
        .collect();
    call.page(&all, |call, (repository, role)| minimal(seen_by(call, *repository, role)))
}

/// Takes out what only longer forms of a repository have.
pub(super) fn minimal(mut item: Value) -> Value {
    if item["license"].is_null()
        && let Some(map) = item.as_object_mut()
    {
        map.remove("license");
    }
    item
}

pub(super) fn get(call: &mut Call) -> Answered {
    let (team, repository) = (call.team()?.id, call.repository()?);
    match call.world.team_role(team, repository) {
        // without the media type for repositories there is no body
        Some(_) => Ok(Answer::empty(204)),
        None => Err(Answer::not_found()),
    }
}

pub(super) fn set(call: &mut Call) -> Answered {
    let (organization, team) = (call.organization()?.id, call.team()?.id);
    let repository = call.repository()?;
    let id = repository.id;
    if repository.owner != Owner::Organization(organization) {
        return Err(Answer::unprocessable("Team", "repository", "The repository isn't owned by the organization"));
    }
    call.world.may_write(repository).map_err(|message| Answer::error(403, message))?;
    let word = call.text("permission").unwrap_or("pull").to_owned();
    let Some(role) = call.world.requested_role(&word) else {
        return Err(Answer::unprocessable("Team", "permission", "Invalid permission"));
    };
    call.world.repositories.get_mut(&id).expect("found").teams.insert(team, role);
    Ok(Answer::empty(204))
}

pub(super) fn remove(call: &mut Call) -> Answered {
    let (team, repository) = (call.team()?.id, call.repository()?);
    let id = repository.id;
    call.world.may_write(repository).map_err(|message| Answer::error(403, message))?;
    if !repository.teams.contains_key(&team) {
        return Err(Answer::not_found());
    }
    call.world.remove_team_repository(team, id);
    Ok(Answer::empty(204))
}

pub(super) fn of_repository(call: &mut Call) -> Answered {
    let all: Vec<(Id, Role)> = call.repository()?.teams.iter().map(|(team, role)| (*team, role.clone())).collect();
    call.page(&all, |call, (team, role)| {
        let team = &call.world.teams[team];
        let access = if team.enterprise { "enterprise" } else { "direct" };
        let permission = if role.name == role.level.word() { role.level.request_word() } else { &role.name };
        let more = json!({ "permission": permission, "permissions": flags(role.level), "access_source": access });
        and(call.team_item(team), more)
    })
}
