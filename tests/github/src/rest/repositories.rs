//! Repositories.

use super::allow::sees;
use super::render::{and, flags};
use super::team_repositories::minimal;
use super::{Answered, Call, Caller};
use crate::exchange::Answer;
use crate::world::{Id, Level, Owner, Repository};
use serde_json::{Value, json};

/// How much the caller may do on a repository, as its flags say.
fn own_level(call: &Call, repository: &Repository) -> Level {
    match call.caller {
        Caller::Token(token) => match token.user() {
            Some(user) => call.world.effective(repository, user).map_or(Level::None, |role| role.level),
            None => Level::None,
        },
        Caller::App(_) => Level::None,
    }
}

pub(super) fn list(call: &mut Call) -> Answered {
    let organization = Owner::Organization(call.organization()?.id);
    let Caller::Token(token) = call.caller else { return Err(Answer::not_found()) };
    let mut all: Vec<&Repository> =
        call.world.repositories.values().filter(|it| it.owner == organization && sees(call.world, token, it)).collect();
    if call.asked("sort") == Some("full_name") {
        all.sort_by_key(|repository| repository.name.to_lowercase());
    }
    let all: Vec<Id> = all.into_iter().map(|repository| repository.id).collect();
    call.page(&all, |call, id| {
        let repository = &call.world.repositories[id];
        let flags = flags(own_level(call, repository));
        minimal(and(call.repository_item(repository), json!({ "permissions": flags })))
    })
}

/// A repository in full.
fn full(call: &Call, repository: &Repository) -> Value {
    let mut more = json!({
        "permissions": flags(own_level(call, repository)),
        "network_count": 0,
        "subscribers_count": 0,
        "is_template": false,
        "topics": [],
    });
    if let Owner::Organization(id) = repository.owner {
        more["organization"] = call.organization_as_user(&call.world.organizations[&id]);
    }
    and(call.repository_item(repository), more)
}

pub(super) fn get(call: &mut Call) -> Answered {
    Ok(Answer::ok(full(call, call.repository()?)))
}
