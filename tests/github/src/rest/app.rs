//! Apps and the tokens of their installations.

use super::render::{node_id, time};
use super::{Answered, Call, Caller};
use crate::exchange::Answer;
use crate::world::{Id, Installation, Owner, Permission, Permissions, Repository, TokenKind};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

fn words(permissions: &Permissions) -> Value {
    let words = permissions.iter().map(|(name, permission)| (name.clone(), permission.word().into()));
    Value::Object(words.collect::<Map<_, _>>())
}

/// The App that calls.
fn caller(call: &Call) -> Id {
    match call.caller {
        Caller::App(id) => *id,
        Caller::Token(_) => 0,
    }
}

/// An App in full.
pub(super) fn item(call: &Call, app: Id) -> Value {
    let app = &call.world.apps[&app];
    let organization = call.world.organization();
    json!({
        "id": app.id,
        "slug": app.slug,
        "node_id": node_id("A", app.id),
        "client_id": app.client_id,
        "owner": call.organization_as_user(organization),
        "name": app.slug,
        "description": null,
        "external_url": "https://app.example/",
        "html_url": format!("https://github.com/apps/{}", app.slug),
        "created_at": time(organization.created),
        "updated_at": time(organization.created),
        "permissions": words(&app.permissions),
        "events": [],
    })
}

pub(super) fn about(call: &mut Call) -> Answered {
    Ok(Answer::ok(item(call, caller(call))))
}

fn shown(call: &Call, installation: &Installation) -> Answer {
    let app = &call.world.apps[&installation.app];
    let organization = &call.world.organizations[&installation.organization];
    let suspended = installation.suspended;
    Answer::ok(json!({
        "id": installation.id,
        "app_id": app.id,
        "app_slug": app.slug,
        "client_id": app.client_id,
        "target_id": organization.id,
        "target_type": "Organization",
        "account": call.organization_as_user(organization),
        "repository_selection": if installation.repositories.is_some() { "selected" } else { "all" },
        "access_tokens_url": format!("{}/app/installations/{}/access_tokens", call.base, installation.id),
        "repositories_url": format!("{}/installation/repositories", call.base),
        "html_url":
            format!("https://github.com/organizations/{}/settings/installations/{}", organization.login, installation.id),
        "permissions": words(&installation.permissions),
        "events": [],
        "single_file_name": null,
        "created_at": time(installation.created),
        "updated_at": time(installation.created),
        "suspended_by": null,
        "suspended_at": suspended.then(|| time(installation.created)),
    }))
}

fn own<'a>(call: &'a Call, id: Id) -> Result<&'a Installation, Answer> {
    let found = call.world.installations.get(&id).filter(|installation| installation.app == caller(call));
    found.ok_or_else(Answer::not_found)
}

pub(super) fn installation(call: &mut Call) -> Answered {
    Ok(shown(call, own(call, call.number("installation_id"))?))
}

pub(super) fn of_organization(call: &mut Call) -> Answered {
    let organization = call.organization()?.id;
    let app = caller(call);
    let mut installations = call.world.installations.values();
    let found = installations.find(|it| it.app == app && it.organization == organization);
    Ok(shown(call, found.ok_or_else(Answer::not_found)?))
}

/// The repositories that a request narrows a token to; `None` for all.
fn narrowed(call: &Call, installation: &Installation) -> Result<Option<BTreeSet<Id>>, Answer> {
    let missing = || {
        Answer::error(
            422,
            "There is at least one repository that does not exist or is not accessible to the parent installation.",
        )
    };
    let owner = Owner::Organization(installation.organization);
    let find = |fits: &dyn Fn(&Repository) -> bool| {
        let mut all = call.world.repositories.values().filter(|repository| repository.owner == owner);
        let found = all.find(|repository| fits(repository)).map(|repository| repository.id);
        found.filter(|id| installation.repositories.as_ref().is_none_or(|given| given.contains(id))).ok_or_else(missing)
    };
    let mut wanted = BTreeSet::new();
    for id in call.body["repository_ids"].as_array().unwrap_or(&Vec::new()) {
        wanted.insert(find(&|repository| Some(repository.id) == id.as_u64())?);
    }
    for name in call.body["repositories"].as_array().unwrap_or(&Vec::new()) {
        let name = name.as_str().unwrap_or_default();
        wanted.insert(find(&|repository| repository.name.eq_ignore_ascii_case(name))?);
    }
    Ok(if wanted.is_empty() { installation.repositories.clone() } else { Some(wanted) })
}

pub(super) fn make_token(call: &mut Call) -> Answered {
    let installation = own(call, call.number("installation_id"))?.clone();
    if installation.suspended {
        return Err(Answer::error(403, "This installation has been suspended"));
    }
    let mut permissions = installation.permissions.clone();
    if let Some(asked) = call.body.get("permissions").and_then(Value::as_object) {
        let metadata = ("metadata".to_owned(), Permission::Read);
        let words =
            asked.iter().filter_map(|(name, word)| Some((name.clone(), Permission::from_word(word.as_str()?)?)));
        permissions = words.chain([metadata]).collect();
        if permissions.iter().any(|(name, wanted)| installation.permissions.get(name) < Some(wanted)) {
            let message = "The permissions requested are not granted to this installation.";
            return Err(Answer::error(422, message));
        }
    }
    let repositories = narrowed(call, &installation)?;
    let selection = if repositories.is_some() { "selected" } else { "all" };
    let secret = call.world.narrowed_token(installation.id, permissions.clone(), repositories);
    let expires = call.world.tokens[&secret].expires.map(time);
    Ok(Answer::created(json!({
        "token": secret,
        "expires_at": expires,
        "permissions": words(&permissions),
        "repository_selection": selection,
    })))
}

pub(super) fn repositories(call: &mut Call) -> Answered {
    let Caller::Token(token) = call.caller else { return Err(Answer::not_found()) };
    let TokenKind::Installation { installation, repositories, .. } = &token.kind else {
        return Err(Answer::not_found());
    };
    let owner = Owner::Organization(call.world.installations[installation].organization);
    let given =
        |it: &&Repository| it.owner == owner && repositories.as_ref().is_none_or(|given| given.contains(&it.id));
    let all: Vec<Id> = call.world.repositories.values().filter(given).map(|it| it.id).collect();
    call.counted_page(&all, "repositories", |call, id| call.repository_item(&call.world.repositories[id]))
}
