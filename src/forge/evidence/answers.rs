//! What GitHub answers, as far as it is used. A field that an answer may lack is an option, and never a default that would
//! mean something.

use jiff::Timestamp;
use serde::Deserialize;

use crate::approval::pull::Account;
use crate::repository::Oid;
use crate::targets::github::client::Failure;

/// An account as GraphQL tells of it; none where it is gone.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Actor {
    #[serde(rename = "__typename")]
    pub kind: String,
    pub login: String,
    #[serde(rename = "databaseId")]
    pub id: Option<u64>,
}

/// The same as REST tells of it.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::forge) struct RestUser {
    pub id: u64,
    pub login: String,
    #[serde(rename = "type")]
    pub kind: Option<String>,
}

/// A user without a word about what sort it is.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct User {
    #[serde(rename = "databaseId")]
    pub id: Option<u64>,
    pub login: String,
}

/// Nobody who could be asked any more.
fn ghost() -> Account {
    Account { number: 0, login: "ghost".to_owned(), bot: false }
}

/// Whose an actor is. Whatever is no user is no person.
pub(super) fn account(actor: Option<&Actor>) -> Account {
    let Some(Actor { kind, login, id }) = actor else { return ghost() };
    Account { number: id.unwrap_or_default(), login: login.clone(), bot: kind != "User" }
}

pub(super) fn user(user: Option<&RestUser>) -> Account {
    let Some(RestUser { id, login, kind }) = user else { return ghost() };
    let bot = kind.as_deref().is_some_and(|kind| kind != "User") || login.ends_with("[bot]");
    Account { number: *id, login: login.clone(), bot }
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Object {
    pub oid: Oid,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Numbered {
    #[serde(rename = "databaseId")]
    pub id: Option<u64>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Associated {
    pub number: u64,
    pub state: String,
    pub merged: bool,
    pub base_ref_name: String,
    pub base_repository: Option<Numbered>,
    pub head_ref_oid: Oid,
    pub merge_commit: Option<Object>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AssociatedList {
    pub total_count: u64,
    pub page_info: Cursor,
    pub nodes: Option<Vec<Option<Associated>>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AssociatedCommit {
    pub oid: Option<Oid>,
    pub associated_pull_requests: Option<AssociatedList>,
}

/// Everything about one pull request.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PullAnswer {
    pub number: u64,
    pub merged: bool,
    pub created_at: Instant,
    pub merged_at: Option<Instant>,
    pub author: Option<Actor>,
    pub merge_commit: Option<Object>,
    pub base_ref_name: String,
    pub base_repository: Option<Numbered>,
    pub head_ref_name: String,
    pub head_ref_oid: Oid,
    pub head_repository: Option<Numbered>,
    pub reviews: Option<Counted>,
    pub timeline_items: EventPage,
    pub commits: Commits,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Counted {
    pub total_count: usize,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventPage {
    pub filtered_count: usize,
    pub page_info: Cursor,
    pub nodes: Option<Vec<Option<Event>>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Cursor {
    pub has_next_page: bool,
    pub end_cursor: Option<String>,
}

/// One event; which of the fields are there says its kind.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event {
    #[serde(rename = "__typename")]
    pub kind: String,
    pub created_at: Option<Instant>,
    pub actor: Option<Actor>,
    pub after_commit: Option<Object>,
    pub previous_review_state: Option<String>,
    pub review: Option<ReviewId>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReviewId {
    /// A number as text.
    pub full_database_id: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Commits {
    pub nodes: Option<Vec<Option<PullCommit>>>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct PullCommit {
    pub commit: Authored,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Authored {
    pub oid: Oid,
    pub authors: Authors,
    pub committer: Option<GitActor>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Authors {
    pub total_count: usize,
    pub nodes: Option<Vec<Option<GitActor>>>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct GitActor {
    pub user: Option<User>,
}

/// A pull request as REST tells of it.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::forge) struct RestPull {
    pub number: u64,
    pub state: String,
    #[serde(default)]
    pub merged: bool,
    pub merged_at: Option<Instant>,
    pub merge_commit_sha: Option<Oid>,
    pub user: Option<RestUser>,
    pub head: RestSide,
    pub base: RestSide,
}

#[derive(Clone, Debug, Deserialize)]
pub(in crate::forge) struct RestSide {
    pub sha: Oid,
    #[serde(rename = "ref")]
    pub name: String,
    pub repo: Option<RestRepository>,
}

#[derive(Clone, Debug, Deserialize)]
pub(in crate::forge) struct RestRepository {
    pub id: u64,
}

/// A review as REST tells of it. One that is not submitted yet has no instant.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct RestReview {
    pub id: u64,
    pub user: Option<RestUser>,
    pub state: String,
    pub commit_id: Option<Oid>,
    pub submitted_at: Option<Instant>,
}

/// One movement of a branch.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Activity {
    pub before: String,
    pub after: String,
    #[serde(rename = "ref")]
    pub name: String,
    pub timestamp: Instant,
    pub activity_type: String,
    pub actor: Option<RestUser>,
}

/// An instant in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::forge) struct Instant(pub Timestamp);

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map(Instant).map_err(serde::de::Error::custom)
    }
}

/// The items of a list, each of which is there.
pub(super) fn items<T>(nodes: Option<Vec<Option<T>>>, what: &str) -> Result<Vec<T>, Failure> {
    let odd = || Failure::Odd { why: format!("a list of {what} has holes") };
    nodes.ok_or_else(odd)?.into_iter().map(|item| item.ok_or_else(odd)).collect()
}
