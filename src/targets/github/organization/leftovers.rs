//! What somebody leaves behind: keys of repositories, and tokens that the organisation let in.

use serde::Deserialize;

use super::super::client::{Api, Failure};
use super::access::Who;

/// A key that opens one repository, whoever has it.
#[derive(Clone, Debug, Deserialize)]
pub(in super::super) struct Key {
    pub title: String,
    pub read_only: bool,
    /// The login of who added it, where that is told.
    #[serde(default)]
    pub added_by: Option<String>,
}

/// The keys of a repository.
pub(in super::super) async fn keys(api: &Api, repository: &str) -> Result<Vec<Key>, Failure> {
    api.list(&format!("/repos/{repository}/keys")).await
}

/// A fine-grained token of somebody that reaches the organisation.
#[derive(Clone, Debug, Deserialize)]
pub(in super::super) struct Token {
    pub owner: Who,
    #[serde(default, rename = "token_name")]
    pub name: Option<String>,
    #[serde(default, rename = "token_expired")]
    pub expired: bool,
}

/// Tokens that the organisation let in. Only Apps are told.
pub(in super::super) async fn tokens(api: &Api, organization: &str) -> Result<Vec<Token>, Failure> {
    api.list(&format!("/orgs/{organization}/personal-access-tokens")).await
}
