//! Roles on repositories: invitations, collaborators, and what teams open.

use std::time::Duration;

use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::super::line::{INVITATION, INVITATIONS_TO_A_REPOSITORY};
use super::super::organization::{Found, RepositoryInvitation, Who, invited, repository_invitations};
use super::desk::{Desk, Whose};
use crate::targets::{Call, Done, TargetError, Verb};

/// How often it is looked whether a removal shows, each time after twice as long.
const LOOKS: u32 = 4;

pub(super) fn perform(desk: &mut Desk<'_>, call: &Call, whose: Whose<'_>) -> Result<Done, TargetError> {
    let takes = call.verb == Verb::Revoke;
    match whose {
        Whose::Account(number) if takes => take(desk, call, number),
        Whose::Account(number) => give(desk, call, number),
        Whose::Group(group) if takes => take_from_team(desk, call, group),
        Whose::Group(_) | Whose::Invitation(_) => Err(TargetError::Refused {
            why: format!("nothing is given to `{}` on `{}`", call.principal, call.resource),
            help: "give it to people".to_owned(),
        }),
    }
}

/// The role that a permission is called by in requests: an organisation's own one by its name.
fn role(call: &Call) -> &str {
    call.kind.added(&call.permission).unwrap_or(&call.permission)
}

fn archived(repository: &Found) -> TargetError {
    TargetError::Refused {
        why: format!("`{}` is archived, so access to it can't be changed", repository.name),
        help: "unarchive it first; what is held there stands as long as it is archived".to_owned(),
    }
}

fn taken_over(login: &str, number: u64) -> TargetError {
    TargetError::Conflict {
        why: format!("`{login}` was #{number} and is another account by now; nothing was left to it"),
    }
}

fn give(desk: &mut Desk<'_>, call: &Call, number: u64) -> Result<Done, TargetError> {
    let unknown = || TargetError::Unknown { what: format!("repository `{}`", call.resource), near: Vec::new() };
    let repository = desk.repository(call)?.ok_or_else(unknown)?;
    if repository.archived {
        return Err(archived(&repository));
    }
    let login = desk.known_login(number)?;
    let doing = format!("give `{login}` {} on `{}`", call.permission, repository.name);
    let waiting = open(desk, &repository)?.iter().find(|one| one.invitee.id == number).cloned();
    if let Some(waiting) = waiting {
        // one to an organisation's own role can't be changed, but sent anew
        let may_change =
            call.kind.added(&call.permission).is_none() || waiting.permission == call.kind.word(&call.permission);
        if !waiting.expired && may_change && !is_direct(desk, &repository, number)? {
            return change_invitation(desk, call, &repository, &waiting, &doing);
        }
        // one that expired lets nobody in and stands in the way of another; one beside what is held would change that later
        withdraw(desk, &repository, &waiting)?;
    }
    if matches!(call.verb, Verb::Grant { .. }) {
        within_a_day(desk, &repository, &login)?;
    }
    let path = format!("/repos/{}/collaborators/{login}", repository.name);
    let done = desk.change(&doing, Method::PUT, &path, Some(&json!({ "permission": role(call) })))?;
    match done.status {
        201 => {
            let (id, invitee) = (done.number("/id"), done.number("/invitee/id"));
            let Some(id) = id else {
                return Err(TargetError::Unsettled { what: format!("{doing}: the answer names no invitation") });
            };
            if invitee != Some(number) {
                let path = format!("/repos/{}/invitations/{id}", repository.name);
                desk.change("take back an invitation", Method::DELETE, &path, None)?;
                return Err(taken_over(&login, number));
            }
            desk.note_sent(&repository.name);
            let now = desk.now();
            let who = Who { id: number, login };
            let permission = call.kind.word(&call.permission).to_owned();
            let sent =
                RepositoryInvitation { id, invitee: who, permission, created: now, expired: false, inviter: None };
            desk.open.entry(repository.name).or_default().push(sent);
            Ok(Done {
                note: Some("invited; it is held from when they accept, which they may for 7 days".to_owned()),
                ..Done::default()
            })
        }
        404 => Err(unknown()),
        _ => {
            // without a body nobody knows whom it was given to
            if permission_of(desk, &repository, &login)?.is_some_and(|who| who.id == number) {
                return Ok(Done::default());
            }
            desk.change("take back what was given", Method::DELETE, &path, None)?;
            Err(taken_over(&login, number))
        }
    }
}

/// The account that a login is of, as the repository sees it.
fn permission_of(desk: &Desk<'_>, repository: &Found, login: &str) -> Result<Option<Who>, TargetError> {
    #[derive(Deserialize)]
    struct Told {
        user: Option<Who>,
    }
    let path = format!("/repos/{}/collaborators/{login}/permission", repository.name);
    let told: Option<Told> = desk.see(&format!("read back who `{login}` is"), &path)?;
    Ok(told.and_then(|told| told.user))
}

fn open<'a>(desk: &'a mut Desk<'_>, repository: &Found) -> Result<&'a mut Vec<RepositoryInvitation>, TargetError> {
    if !desk.open.contains_key(&repository.name) {
        let line = desk.line();
        let doing = format!("list the invitations to `{}`", repository.name);
        let listed = line.see(&doing, repository_invitations(&line.api, &repository.name))?;
        desk.open.insert(repository.name.clone(), listed);
    }
    Ok(desk.open.entry(repository.name.clone()).or_default())
}

/// What waits already isn't sent once more.
fn change_invitation(
    desk: &mut Desk<'_>,
    call: &Call,
    repository: &Found,
    waiting: &RepositoryInvitation,
    doing: &str,
) -> Result<Done, TargetError> {
    let until = waiting.created.checked_add(INVITATION).map(|end| format!(" until {end}")).unwrap_or_default();
    let note = Some(format!("invited already; they may accept{until}"));
    // an invitation to an organisation's own role tells only the word that it stands on
    if waiting.permission == call.kind.word(&call.permission) {
        return Ok(Done { note, ..Done::default() });
    }
    let path = format!("/repos/{}/invitations/{}", repository.name, waiting.id);
    let body = json!({ "permissions": invited(&call.permission) });
    let done = desk.change(doing, Method::PATCH, &path, Some(&body))?;
    if done.status == 404 {
        // it was accepted or declined meanwhile, and the next look tells
        desk.open.remove(&repository.name);
        return Err(TargetError::Conflict { why: format!("the invitation of `{}` is gone", waiting.invitee.login) });
    }
    for one in open(desk, repository)?.iter_mut().filter(|one| one.id == waiting.id) {
        one.permission.clone_from(&call.permission);
    }
    Ok(Done { note, ..Done::default() })
}

fn withdraw(desk: &mut Desk<'_>, repository: &Found, invitation: &RepositoryInvitation) -> Result<(), TargetError> {
    let doing = format!("withdraw the invitation of `{}` to `{}`", invitation.invitee.login, repository.name);
    let path = format!("/repos/{}/invitations/{}", repository.name, invitation.id);
    desk.change(&doing, Method::DELETE, &path, None)?;
    open(desk, repository)?.retain(|one| one.id != invitation.id);
    Ok(())
}

/// Refuses one more invitation than GitHub takes, without trying it. Members of the organisation need none.
fn within_a_day(desk: &mut Desk<'_>, repository: &Found, login: &str) -> Result<(), TargetError> {
    let seen: Vec<jiff::Timestamp> = open(desk, repository)?.iter().map(|one| one.created).collect();
    if desk.sent(&repository.name, seen.into_iter()) < INVITATIONS_TO_A_REPOSITORY {
        return Ok(());
    }
    let doing = format!("look whether `{login}` is a member");
    let path = format!("/orgs/{}/memberships/{login}", desk.about.login);
    let member: Option<serde_json::Value> = desk.see(&doing, &path)?;
    if member.is_some_and(|member| member.get("state").is_some_and(|state| state == "active")) {
        return Ok(());
    }
    Err(desk.tomorrow(format!(
        "{INVITATIONS_TO_A_REPOSITORY} invitations to `{}` were sent in 24 hours, and GitHub takes no more",
        repository.name
    )))
}

fn take(desk: &mut Desk<'_>, call: &Call, number: u64) -> Result<Done, TargetError> {
    let Some(repository) = desk.repository(call)? else { return Ok(Done::default()) };
    let Some(login) = desk.login(number)? else { return Ok(Done::default()) };
    let of_theirs: Vec<RepositoryInvitation> =
        open(desk, &repository)?.iter().filter(|one| one.invitee.id == number).cloned().collect();
    for invitation in of_theirs {
        if repository.archived {
            return Err(archived(&repository));
        }
        withdraw(desk, &repository, &invitation)?;
    }
    if !is_direct(desk, &repository, number)? {
        return Ok(Done::default());
    }
    if repository.archived {
        return Err(archived(&repository));
    }
    let doing = format!("take `{login}` out of `{}`", repository.name);
    let path = format!("/repos/{}/collaborators/{login}", repository.name);
    desk.change(&doing, Method::DELETE, &path, None)?;
    // GitHub does a part of it in the background
    for look in 0..LOOKS {
        if !is_direct(desk, &repository, number)? {
            return Ok(Done::default());
        }
        if !desk.pause(Duration::from_secs(1 << look)) {
            break;
        }
    }
    Err(TargetError::Unsettled { what: format!("{doing}: it still shows") })
}

/// Whether somebody was given a role on the repository itself.
fn is_direct(desk: &Desk<'_>, repository: &Found, number: u64) -> Result<bool, TargetError> {
    let path = format!("/repos/{}/collaborators?affiliation=direct", repository.name);
    let all: Vec<Who> = desk.list(&format!("list the collaborators of `{}`", repository.name), &path)?;
    Ok(all.iter().any(|who| who.id == number))
}

fn take_from_team(desk: &mut Desk<'_>, call: &Call, group: &str) -> Result<Done, TargetError> {
    let slug = group.split_once('/').map(|(_, slug)| slug).filter(|slug| !slug.contains(':'));
    let Some(slug) = slug else {
        return Err(TargetError::Refused {
            why: format!("`{group}` has `{}` by what is set for the whole organisation", call.resource),
            help: "change the base permission or the role on the organisation's pages".to_owned(),
        });
    };
    let Some(repository) = desk.repository(call)? else { return Ok(Done::default()) };
    if repository.archived {
        return Err(archived(&repository));
    }
    let doing = format!("take `{}` from the team `{slug}`", repository.name);
    let path = format!("/orgs/{}/teams/{slug}/repos/{}", desk.about.login, repository.name);
    desk.change(&doing, Method::DELETE, &path, None)?;
    Ok(Done::default())
}
