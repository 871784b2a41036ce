//! Membership of the organisation, and invitations to it.

use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::super::organization::{Invitation, Who, failed, invitations};
use super::desk::{Desk, Whose};
use crate::targets::{Call, Done, TargetError, Verb};

#[derive(Deserialize)]
struct Membership {
    state: String,
    role: String,
    user: Option<Who>,
    #[serde(default = "yes")]
    direct_membership: bool,
    #[serde(default, rename = "enterprise_teams_providing_indirect_membership")]
    enterprise_teams: Vec<String>,
}

fn yes() -> bool {
    true
}

pub(super) fn perform(desk: &mut Desk<'_>, call: &Call, whose: Whose<'_>) -> Result<Done, TargetError> {
    let takes = call.verb == Verb::Revoke;
    match whose {
        Whose::Account(number) if takes => take(desk, number),
        Whose::Account(number) => give(desk, call, number),
        Whose::Invitation(what) if takes => cancel(desk, what),
        Whose::Group(_) | Whose::Invitation(_) => Err(TargetError::Refused {
            why: format!("`{}` is no member by itself", call.principal),
            help: "change it on the organisation's page of people".to_owned(),
        }),
    }
}

/// Who somebody is in the organisation, by the account that has the number.
fn membership(desk: &Desk<'_>, login: &str, number: u64) -> Result<Option<Membership>, TargetError> {
    let path = format!("/orgs/{}/memberships/{login}", desk.about.login);
    let found: Option<Membership> = desk.see(&format!("look for `{login}` in the organisation"), &path)?;
    match found {
        Some(found) if found.user.as_ref().is_some_and(|user| user.id != number) => {
            Err(TargetError::Conflict { why: format!("`{login}` was #{number} and is another account by now") })
        }
        found => Ok(found),
    }
}

fn give(desk: &mut Desk<'_>, call: &Call, number: u64) -> Result<Done, TargetError> {
    let login = desk.known_login(number)?;
    let organization = desk.about.login.clone();
    let doing = format!("make `{login}` {} of `{organization}`", call.permission);
    let invited = || Done {
        note: Some("invited; it is held from when they accept, which they may for 7 days".to_owned()),
        ..Done::default()
    };
    match membership(desk, &login, number)? {
        Some(found) if found.role == call.permission => {
            return Ok(if found.state == "pending" { invited() } else { Done::default() });
        }
        Some(_) => return set(desk, call, &login, number, &doing),
        None => {}
    }
    within_a_day(desk)?;
    for old in failed_of(desk, &login)? {
        // one that came to nothing stands in the way of another
        let path = format!("/orgs/{organization}/invitations/{old}");
        desk.change(&format!("put away the old invitation of `{login}`"), Method::DELETE, &path, None)?;
    }
    let role = if call.permission == "admin" { "admin" } else { "direct_member" };
    let body = json!({ "invitee_id": number, "role": role });
    let done = desk.change(&doing, Method::POST, &format!("/orgs/{organization}/invitations"), Some(&body))?;
    if done.status == 404 {
        // Enterprise Server sends no invitations, and adds people at once
        return set(desk, call, &login, number, &doing);
    }
    desk.note_sent(&organization);
    Ok(invited())
}

/// Sets the role of a member or of an invitation, and looks whom it was set for.
fn set(desk: &mut Desk<'_>, call: &Call, login: &str, number: u64, doing: &str) -> Result<Done, TargetError> {
    let path = format!("/orgs/{}/memberships/{login}", desk.about.login);
    let done = desk.change(doing, Method::PUT, &path, Some(&json!({ "role": call.permission })))?;
    match done.number("/user/id") {
        Some(id) if id == number => Ok(Done::default()),
        Some(_) => {
            desk.change("take back what was given", Method::DELETE, &path, None)?;
            Err(TargetError::Conflict {
                why: format!("`{login}` was #{number} and is another account by now; nothing was left to it"),
            })
        }
        None => Err(TargetError::Unsettled { what: format!("{doing}: the answer names nobody") }),
    }
}

/// Invitations of somebody that came to nothing.
fn failed_of(desk: &mut Desk<'_>, login: &str) -> Result<Vec<u64>, TargetError> {
    if desk.failed.is_none() {
        let line = desk.line();
        let listed = match line.api.host().is_enterprise_server() {
            true => Vec::new(),
            false => line.see("list invitations that came to nothing", failed(&line.api, &desk.about.login))?,
        };
        desk.failed = Some(listed);
    }
    let of_theirs = |one: &&Invitation| one.login.as_ref().is_some_and(|other| other.eq_ignore_ascii_case(login));
    Ok(desk.failed.iter().flatten().filter(of_theirs).map(|one| one.id).collect())
}

/// Refuses one more invitation than GitHub takes, without trying it.
fn within_a_day(desk: &mut Desk<'_>) -> Result<(), TargetError> {
    let line = desk.line();
    if line.api.host().is_enterprise_server() {
        return Ok(());
    }
    let organization = desk.about.login.clone();
    let waiting = line.see("list invitations", invitations(&line.api, &organization))?;
    failed_of(desk, "")?;
    let seen: Vec<_> =
        waiting.iter().chain(desk.failed.iter().flatten()).filter_map(|one| Some(one.created_at?.0)).collect();
    let most = desk.about.invitations_a_day(desk.now());
    if desk.sent(&organization, seen.into_iter()) < most {
        return Ok(());
    }
    Err(desk
        .tomorrow(format!("{most} invitations to `{organization}` were sent in 24 hours, and GitHub takes no more")))
}

fn take(desk: &mut Desk<'_>, number: u64) -> Result<Done, TargetError> {
    let Some(login) = desk.login(number)? else { return Ok(Done::default()) };
    let Some(before) = membership(desk, &login, number)? else { return Ok(Done::default()) };
    let organization = desk.about.login.clone();
    let kept = |found: &Membership| TargetError::Refused {
        why: format!(
            "`{login}` stays a member of `{organization}` by the enterprise's team `{}`",
            found.enterprise_teams.join("`, `")
        ),
        help: "take them out of the team on the enterprise's page of teams".to_owned(),
    };
    if !before.direct_membership {
        return Err(kept(&before));
    }
    let doing = format!("end the membership of `{login}` in `{organization}`");
    let path = format!("/orgs/{organization}/memberships/{login}");
    desk.change(&doing, Method::DELETE, &path, None)?;
    match membership(desk, &login, number)? {
        None if before.state == "pending" => Ok(Done::default()),
        None => Ok(Done {
            note: Some("what they held on repositories and in teams went with it".to_owned()),
            ..Done::default()
        }),
        Some(after) if !after.direct_membership => Err(kept(&after)),
        Some(_) => Err(TargetError::Unsettled { what: format!("{doing}: it still shows") }),
    }
}

fn cancel(desk: &mut Desk<'_>, what: &str) -> Result<Done, TargetError> {
    let Some(id) = what.strip_prefix("invitation ").and_then(|id| id.parse::<u64>().ok()) else {
        return Err(TargetError::Refused {
            why: format!("`{what}` is nobody's membership"),
            help: "see the organisation's page of people".to_owned(),
        });
    };
    let path = format!("/orgs/{}/invitations/{id}", desk.about.login);
    desk.change(&format!("withdraw the invitation {id}"), Method::DELETE, &path, None)?;
    Ok(Done::default())
}
