//! Members of teams.

use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::desk::{Desk, Whose};
use crate::targets::{Call, Done, TargetError, Verb};

#[derive(Deserialize)]
struct Place {
    role: String,
    state: String,
}

pub(super) fn perform(desk: &mut Desk<'_>, call: &Call, whose: Whose<'_>) -> Result<Done, TargetError> {
    let Whose::Account(number) = whose else {
        return Err(TargetError::Refused {
            why: format!("`{}` is no member of a team by itself", call.principal),
            help: "change it on the team's page".to_owned(),
        });
    };
    // a name that can't be a team's is of nothing
    let takes = call.verb == Verb::Revoke;
    if takes && (call.kind.check_resource)(&call.resource).is_err() {
        return Ok(Done::default());
    }
    let unknown = || TargetError::Unknown { what: format!("team `{}`", call.resource), near: Vec::new() };
    let slug = match desk.slug(call)? {
        Some(slug) => slug,
        None if takes => return Ok(Done::default()),
        None => return Err(unknown()),
    };
    let organization = desk.about.login.clone();
    let path = |login: &str| format!("/orgs/{organization}/teams/{slug}/memberships/{login}");
    if takes {
        let Some(login) = desk.login(number)? else { return Ok(Done::default()) };
        desk.change(&format!("take `{login}` out of the team `{slug}`"), Method::DELETE, &path(&login), None)?;
        return Ok(Done::default());
    }
    let login = desk.known_login(number)?;
    let doing = format!("make `{login}` a {} of the team `{slug}`", call.permission);
    let before: Option<Place> = desk.see(&format!("look for `{login}` in the team `{slug}`"), &path(&login))?;
    if before.is_some_and(|place| place.state == "pending" && place.role == call.permission) {
        return Ok(invited());
    }
    let done = desk.change(&doing, Method::PUT, &path(&login), Some(&json!({ "role": call.permission })))?;
    if done.status == 404 {
        return Err(unknown());
    }
    // the answer names a login alone, which may be another's by now
    if desk.login(number)?.as_deref() != Some(&*login) {
        desk.change("take back what was given", Method::DELETE, &path(&login), None)?;
        return Err(TargetError::Conflict {
            why: format!("`{login}` was #{number} and is another account by now; nothing was left to it"),
        });
    }
    let is_pending = done.said.get("state").is_some_and(|state| state == "pending");
    Ok(if is_pending { invited() } else { Done::default() })
}

fn invited() -> Done {
    Done { note: Some("invited to the organisation; it is held from when they accept".to_owned()), ..Done::default() }
}
