//! Who was added to a repository, and who is invited to it.

use super::render::{and, flags, node_id, time};
use super::team_repositories::minimal;
use super::{Answered, Call};
use crate::exchange::Answer;
use crate::world::{Added, Id, Level, NotAdded, Owner, Repository, RepositoryInvitation, Role, World};
use serde_json::{Value, json};

/// Everybody who has access for a reason that the repository's settings show.
fn everybody(world: &World, repository: &Repository) -> Vec<(Id, Role)> {
    world
        .accounts
        .keys()
        .filter_map(|account| world.effective(repository, *account).map(|role| (*account, role)))
        .collect()
}

fn outside(world: &World, repository: &Repository, account: Id) -> bool {
    match repository.owner {
        Owner::Organization(id) => !world.organizations[&id].members.contains_key(&account),
        Owner::Account(owner) => owner != account,
    }
}

pub(super) fn list(call: &mut Call) -> Answered {
    let repository = call.repository()?;
    let affiliation = call.asked("affiliation").unwrap_or("all");
    let least = call.asked("permission").and_then(Level::from_request);
    let fits = |(account, role): &(Id, Role)| {
        let direct = repository.direct.contains_key(account);
        let affiliated = match affiliation {
            "direct" => direct,
            "outside" => direct && outside(call.world, repository, *account),
            _ => true,
        };
        affiliated && least.is_none_or(|least| role.level >= least)
    };
    let all: Vec<(Id, Role)> = everybody(call.world, repository).into_iter().filter(fits).collect();
    call.page(&all, |call, (account, role)| {
        and(call.user_by_number(*account), json!({ "permissions": flags(role.level), "role_name": role.name }))
    })
}

pub(super) fn is(call: &mut Call) -> Answered {
    let (repository, account) = (call.repository()?, call.account()?.id);
    match call.world.effective(repository, account) {
        Some(_) => Ok(Answer::empty(204)),
        None => Err(Answer::not_found()),
    }
}

pub(super) fn permission(call: &mut Call) -> Answered {
    let (repository, account) = (call.repository()?, call.account()?);
    let role = call.world.effective(repository, account.id).unwrap_or_else(|| {
        let public = repository.visibility == crate::world::Visibility::Public;
        Role::from(if public { Level::Read } else { Level::None })
    });
    let user = and(call.user(account), json!({ "permissions": flags(role.level), "role_name": role.name }));
    // the old field knows four levels only
    Ok(Answer::ok(json!({ "permission": role.level.coarse().word(), "role_name": role.name, "user": user })))
}

fn invitation(call: &Call, repository: &Repository, invitation: &RepositoryInvitation) -> Value {
    let full = call.world.full_name(repository);
    json!({
        "id": invitation.id,
        "node_id": node_id("RI", invitation.id),
        "repository": minimal(call.repository_item(repository)),
        "invitee": call.user_by_number(invitation.invitee),
        "inviter": call.user_by_number(invitation.inviter),
        // a role of the organisation isn't told here, only what it stands on
        "permissions": invitation.role.level.word(),
        "created_at": time(invitation.created),
        "expired": invitation.expired(call.world.now),
        "url": format!("{}/user/repository_invitations/{}", call.base, invitation.id),
        "html_url": format!("https://github.com/{full}/invitations"),
    })
}

pub(super) fn add(call: &mut Call) -> Answered {
    let repository = call.repository()?;
    let (id, account, by) = (repository.id, call.account()?.id, call.actor());
    call.world.may_write(repository).map_err(|message| Answer::error(403, message))?;
    let word = call.text("permission").unwrap_or("push").to_owned();
    let Some(role) = call.world.requested_role(&word) else {
        return Err(Answer::unprocessable("Repository", "permission", "Invalid permission"));
    };
    match call.world.add_collaborator(id, account, role, by) {
        Ok(Added::AtOnce) => Ok(Answer::empty(204)),
        Ok(Added::Invited(number)) => {
            let repository = &call.world.repositories[&id];
            Ok(Answer::created(invitation(call, repository, &repository.invitations[&number])))
        }
        Err(NotAdded::Unprocessable(message)) => Err(Answer::unprocessable("Repository", "user", &message)),
        Err(NotAdded::Unproven(why)) => {
            call.violations.push(format!("what GitHub does then isn't proven: {why}"));
            Err(Answer::unprocessable("Repository", "user", why))
        }
    }
}

pub(super) fn remove(call: &mut Call) -> Answered {
    let repository = call.repository()?;
    let (id, account) = (repository.id, call.account()?.id);
    call.world.may_write(repository).map_err(|message| Answer::error(403, message))?;
    if !repository.direct.contains_key(&account) {
        return Err(Answer::not_found());
    }
    call.world.take_direct(id, account);
    Ok(Answer::empty(204))
}

pub(super) fn invitations(call: &mut Call) -> Answered {
    let repository = call.repository()?;
    let of = repository.id;
    let all: Vec<Id> = repository.invitations.keys().copied().collect();
    call.page(&all, |call, number| {
        let repository = &call.world.repositories[&of];
        invitation(call, repository, &repository.invitations[number])
    })
}

fn named(call: &Call) -> Result<(Id, Id), Answer> {
    let repository = call.repository()?;
    let number = call.number("invitation_id");
    if repository.invitations.contains_key(&number) { Ok((repository.id, number)) } else { Err(Answer::not_found()) }
}

pub(super) fn change_invitation(call: &mut Call) -> Answered {
    let (of, number) = named(call)?;
    let level = call.text("permissions").and_then(Level::from_word);
    let invitations = &mut call.world.repositories.get_mut(&of).expect("found").invitations;
    if let (Some(level), Some(waiting)) = (level, invitations.get_mut(&number)) {
        waiting.role = level.into();
    }
    let repository = &call.world.repositories[&of];
    Ok(Answer::ok(invitation(call, repository, &repository.invitations[&number])))
}

pub(super) fn cancel_invitation(call: &mut Call) -> Answered {
    let (repository, number) = named(call)?;
    call.world.repositories.get_mut(&repository).expect("found").invitations.remove(&number);
    Ok(Answer::empty(204))
}
