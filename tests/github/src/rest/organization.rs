//! The organisation itself.

use super::render::{and, time};
use super::{Answered, Call};
use crate::exchange::Answer;
use crate::world::{Level, Visibility};
use serde_json::json;

pub(super) fn about(call: &mut Call) -> Answered {
    let organization = call.organization()?;
    let id = organization.id;
    let of = crate::world::Owner::Organization(id);
    let public = call
        .world
        .repositories
        .values()
        .filter(|repository| repository.owner == of && repository.visibility == Visibility::Public)
        .count();
    let all = call.world.repositories.values().filter(|repository| repository.owner == of).count();
    let shown = json!({
        "name": organization.login,
        "html_url": format!("https://github.com/{}", organization.login),
        "has_organization_projects": true,
        "has_repository_projects": true,
        "public_repos": public,
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "type": "Organization",
        "is_verified": false,
        "created_at": time(organization.created),
        "updated_at": time(organization.created),
        "archived_at": null,
    });
    let mut shown = and(call.organization_simple(organization), shown);
    // who doesn't act as an owner isn't told what follows
    if call.is_owner(id, "organization_administration") {
        let base = match organization.base {
            Level::None => "none",
            level => level.word(),
        };
        let seats = organization.members.len();
        let owned = json!({
            "total_private_repos": all - public,
            "owned_private_repos": all - public,
            "default_repository_permission": base,
            "members_can_create_repositories": true,
            "members_can_invite_outside_collaborators": organization.members_invite_outside,
            "two_factor_requirement_enabled": organization.second_factor_required,
            "plan": {
                "name": organization.plan.word(),
                "space": 976_562_499,
                "private_repos": 999_999,
                "filled_seats": seats,
                "seats": seats + 100,
            },
        });
        shown = and(shown, owned);
    }
    Ok(Answer::ok(shown))
}
