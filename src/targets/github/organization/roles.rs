//! Roles over the whole organisation, and roles over repositories that it made.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::client::{Api, Failure};
use super::access::Who;
use super::words::permission;

/// A role over the whole organisation that opens every repository, or lets its holders give access.
#[derive(Clone, Debug)]
pub(in super::super) struct OrganizationRole {
    pub name: String,
    /// What it opens on every repository.
    pub base: Option<String>,
    /// Who holds it themselves.
    pub users: Vec<Who>,
    /// The slugs of teams that hold it.
    pub teams: Vec<String>,
}

#[derive(Deserialize)]
struct Roles {
    roles: Vec<Role>,
}

#[derive(Deserialize)]
struct Role {
    id: u64,
    name: String,
    #[serde(default)]
    base_role: Option<String>,
    #[serde(default)]
    permissions: Vec<String>,
}

#[derive(Deserialize)]
struct Holder {
    #[serde(flatten)]
    who: Who,
    #[serde(default)]
    assignment: Option<String>,
}

#[derive(Deserialize)]
struct HolderTeam {
    slug: String,
}

/// What lets somebody give access, to themselves too.
fn is_dangerous(name: &str) -> bool {
    ["custom_org_role", "organization_custom", "write_organization", "manage_", "edit_org"]
        .iter()
        .any(|part| name.contains(part))
}

/// Roles that open every repository or let somebody give access, with who holds them.
pub(in super::super) async fn roles(api: &Api, organization: &str) -> Result<Vec<OrganizationRole>, Failure> {
    let told: Roles = api.get_as(&format!("/orgs/{organization}/organization-roles")).await?;
    let mut found = Vec::new();
    for role in told.roles {
        if role.base_role.is_none() && !role.permissions.iter().any(|one| is_dangerous(one)) {
            continue;
        }
        let at = format!("/orgs/{organization}/organization-roles/{}", role.id);
        let users: Vec<Holder> = api.list(&format!("{at}/users")).await?;
        let teams: Vec<HolderTeam> = api.list(&format!("{at}/teams")).await?;
        let own = users.into_iter().filter(|one| one.assignment.as_deref() != Some("indirect"));
        found.push(OrganizationRole {
            name: role.name,
            base: role.base_role.as_deref().map(permission),
            users: own.map(|one| one.who).collect(),
            teams: teams.into_iter().map(|team| team.slug).collect(),
        });
    }
    Ok(found)
}

/// Roles over repositories that the organisation made, each with the permission that it stands on. An organisation whose
/// plan has none has none.
pub(in super::super) async fn custom_roles(api: &Api, organization: &str) -> Result<BTreeMap<String, String>, Failure> {
    #[derive(Deserialize)]
    struct Custom {
        #[serde(default)]
        custom_roles: Vec<CustomRole>,
    }
    #[derive(Deserialize)]
    struct CustomRole {
        name: String,
        base_role: String,
    }
    match api.get_as::<Custom>(&format!("/orgs/{organization}/custom-repository-roles")).await {
        Ok(told) => Ok(told.custom_roles.into_iter().map(|role| (role.name, permission(&role.base_role))).collect()),
        Err(failure) if failure.status() == Some(404) => Ok(BTreeMap::new()),
        Err(failure) => Err(failure),
    }
}
