//! The organisation itself.

use jiff::Timestamp;
use serde::Deserialize;

use super::super::client::{Api, Failure};
use super::access::At;

/// What an organisation says of itself. What only owners are told is None for others.
#[derive(Clone, Debug, Deserialize)]
pub(in super::super) struct About {
    pub id: u64,
    pub login: String,
    /// What every member may do on every repository: `none`, `read`, `write`, `admin`.
    #[serde(default, rename = "default_repository_permission")]
    pub base: Option<String>,
    #[serde(default)]
    public_repos: Option<u64>,
    #[serde(default)]
    total_private_repos: Option<u64>,
    #[serde(default)]
    plan: Option<Plan>,
    #[serde(default)]
    created_at: Option<At>,
}

#[derive(Clone, Debug, Deserialize)]
struct Plan {
    name: String,
}

/// Invitations that a young organisation without a plan may send in 24 hours, and those that others may.
const YOUNG: usize = 50;
const GROWN: usize = 500;

impl About {
    /// How many repositories there are, where that is told.
    pub(in super::super) fn repositories(&self) -> Option<u64> {
        Some(self.public_repos? + self.total_private_repos?)
    }

    /// How many invitations it may send in 24 hours.
    pub(in super::super) fn invitations_a_day(&self, now: Timestamp) -> usize {
        let pays = self.plan.as_ref().is_some_and(|plan| plan.name != "free");
        let month = jiff::SignedDuration::from_hours(31 * 24);
        let is_old = self.created_at.is_some_and(|at| now.duration_since(at.0) > month);
        if pays || is_old { GROWN } else { YOUNG }
    }
}

/// An organisation by its login or, where none is called so any more, by its number.
pub(in super::super) async fn about(api: &Api, login: &str, id: u64) -> Result<About, Failure> {
    match api.get_as::<About>(&format!("/orgs/{login}")).await {
        Err(failure) if failure.status() == Some(404) => {
            api.get_as(&format!("/organizations/{id}")).await.map_err(|_| failure)
        }
        found => found,
    }
}
