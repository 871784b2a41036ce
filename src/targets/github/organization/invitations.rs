//! Invitations: those of the organisation, and those of repositories.

use jiff::Timestamp;
use serde::Deserialize;

use super::super::client::{Api, Failure};
use super::access::{At, Who};
use super::words::permission;

/// An invitation to the organisation.
#[derive(Clone, Debug, Deserialize)]
pub(in super::super) struct Invitation {
    pub id: u64,
    /// None where an address was invited.
    pub login: Option<String>,
    pub role: String,
    #[serde(default)]
    pub created_at: Option<At>,
    #[serde(default)]
    pub failed_reason: Option<String>,
    #[serde(default)]
    pub inviter: Option<Who>,
}

/// An invitation to a repository. One that expired stays in the list, and lets nobody in.
#[derive(Clone, Debug)]
pub(in super::super) struct RepositoryInvitation {
    pub id: u64,
    pub invitee: Who,
    pub permission: String,
    pub created: Timestamp,
    pub expired: bool,
    pub inviter: Option<Who>,
}

/// Those that wait for an answer.
pub(in super::super) async fn invitations(api: &Api, organization: &str) -> Result<Vec<Invitation>, Failure> {
    api.list(&format!("/orgs/{organization}/invitations")).await
}

/// Those that came to nothing.
pub(in super::super) async fn failed(api: &Api, organization: &str) -> Result<Vec<Invitation>, Failure> {
    api.list(&format!("/orgs/{organization}/failed_invitations")).await
}

/// Those of a repository, those that expired among them.
pub(in super::super) async fn repository_invitations(
    api: &Api,
    repository: &str,
) -> Result<Vec<RepositoryInvitation>, Failure> {
    #[derive(Deserialize)]
    struct Told {
        id: u64,
        invitee: Option<Who>,
        permissions: String,
        created_at: At,
        #[serde(default)]
        expired: bool,
        #[serde(default)]
        inviter: Option<Who>,
    }
    let told: Vec<Told> = api.list(&format!("/repos/{repository}/invitations")).await?;
    let found = told.into_iter().filter_map(|one| {
        Some(RepositoryInvitation {
            id: one.id,
            // whose account is gone can't accept
            invitee: one.invitee?,
            permission: permission(&one.permissions),
            created: one.created_at.0,
            expired: one.expired,
            inviter: one.inviter,
        })
    });
    Ok(found.collect())
}
