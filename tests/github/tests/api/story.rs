//! The repository that tests of pull requests look at, and the questions that they ask of it.

use crate::client::{Client, Reply};
use crate::world::start;
use github_standin::{Server, World};
use jiff::SignedDuration;
use serde_json::{Value, json};

/// An owner, three people who may push to `access`, and one who may only read it. `main` changes by pull requests.
pub fn access() -> World {
    let mut world = World::new("northwind", start());
    world.set_base(github_standin::world::Level::None);
    world.add_owner("ada");
    for login in ["cleo", "dan", "bo", "finn"] {
        world.add_member(login);
    }
    world.add_guarded_repository("access", "ada", &[("people/ada.yaml", "name: Ada\n"), ("README.md", "Access\n")]);
    for login in ["cleo", "dan", "bo"] {
        world.grant(login, "access", "write");
    }
    world.grant("finn", "access", "read");
    minutes(&mut world, 1);
    world
}

/// The same with a pull request of cleo's, which is number 1.
pub fn proposed() -> World {
    let mut world = access();
    assert_eq!(world.propose_change("access", "add-eve", "cleo", "people/eve.yaml", "name: Eve\n"), 1);
    minutes(&mut world, 1);
    world
}

pub fn minutes(world: &mut World, minutes: i64) {
    world.pass(SignedDuration::from_mins(minutes));
}

/// The number of the rules that guard `main`.
pub fn guard(world: &World) -> u64 {
    *world.repository("access").unwrap().code.rulesets.keys().next().unwrap()
}

/// What a program needs that only looks.
pub const LOOKS: &str = "contents=read pull_requests=read checks=read issues=read";

/// A server, and the token of a workflow that only looks.
pub fn served(mut world: World) -> (Server, String) {
    let token = world.actions_token("access", LOOKS);
    (Server::start(world), token)
}

/// Everything that a pull request shows, as one query.
pub const EVIDENCE: &str = "query Evidence($owner:String!,$name:String!,$number:Int!){ repository(owner:$owner,name:$name){
 databaseId nameWithOwner isFork isArchived
 pullRequest(number:$number){ fullDatabaseId number state isDraft merged createdAt mergedAt closedAt author{...who} mergedBy{...who}
  mergeCommit{ oid parents(first:3){totalCount nodes{oid}} } baseRefName baseRefOid baseRepository{databaseId} headRefName headRefOid
  headRepository{databaseId} isCrossRepository
  autoMergeRequest{ enabledAt enabledBy{...who} mergeMethod } isInMergeQueue
  mergeQueueEntry{ state enqueuedAt headCommit{oid} baseCommit{oid} }
  reviews(first:100){ totalCount pageInfo{hasNextPage endCursor} nodes{ fullDatabaseId state submittedAt createdAt updatedAt
    lastEditedAt includesCreatedEdit authorAssociation authorCanPushToRepository author{...who} commit{oid} } }
  timelineItems(first:100,itemTypes:[HEAD_REF_FORCE_PUSHED_EVENT,HEAD_REF_DELETED_EVENT,HEAD_REF_RESTORED_EVENT,
    BASE_REF_CHANGED_EVENT,BASE_REF_FORCE_PUSHED_EVENT,BASE_REF_DELETED_EVENT,AUTOMATIC_BASE_CHANGE_SUCCEEDED_EVENT,
    AUTOMATIC_BASE_CHANGE_FAILED_EVENT,REVIEW_DISMISSED_EVENT,CLOSED_EVENT,REOPENED_EVENT,MERGED_EVENT,
    ADDED_TO_MERGE_QUEUE_EVENT,REMOVED_FROM_MERGE_QUEUE_EVENT,AUTO_MERGE_ENABLED_EVENT,AUTO_MERGE_DISABLED_EVENT,
    CONVERT_TO_DRAFT_EVENT,READY_FOR_REVIEW_EVENT]){ filteredCount pageInfo{hasNextPage endCursor} nodes{ __typename
    ...on HeadRefForcePushedEvent{createdAt actor{...who} beforeCommit{oid} afterCommit{oid}}
    ...on HeadRefDeletedEvent{createdAt actor{...who} headRefName}  ...on HeadRefRestoredEvent{createdAt actor{...who}}
    ...on BaseRefChangedEvent{createdAt actor{...who} previousRefName currentRefName}
    ...on BaseRefForcePushedEvent{createdAt actor{...who} beforeCommit{oid} afterCommit{oid}}
    ...on BaseRefDeletedEvent{createdAt actor{...who} baseRefName}
    ...on AutomaticBaseChangeSucceededEvent{createdAt actor{...who} oldBase newBase}
    ...on AutomaticBaseChangeFailedEvent{createdAt actor{...who} oldBase newBase}
    ...on ReviewDismissedEvent{createdAt actor{...who} previousReviewState dismissalMessage review{fullDatabaseId}}
    ...on ClosedEvent{createdAt actor{...who}}  ...on ReopenedEvent{createdAt actor{...who}}
    ...on MergedEvent{createdAt actor{...who} mergeRefName commit{oid}}
    ...on AddedToMergeQueueEvent{createdAt actor{...who} enqueuer{databaseId}}
    ...on RemovedFromMergeQueueEvent{createdAt reason beforeCommit{oid}}
    ...on AutoMergeEnabledEvent{createdAt enabler{databaseId}}  ...on AutoMergeDisabledEvent{createdAt reason}
    ...on ConvertToDraftEvent{createdAt}  ...on ReadyForReviewEvent{createdAt} } }
  commits(first:100){ totalCount pageInfo{hasNextPage endCursor} nodes{ commit{ oid committedViaWeb parents(first:3){totalCount}
    authors(first:20){totalCount nodes{name email user{databaseId login}}}
    committer{email user{databaseId login}} signature{__typename isValid state wasSignedByGitHub signer{databaseId login}} } } } } } }
 fragment who on Actor { __typename login ...on User{databaseId} ...on Bot{databaseId} ...on Mannequin{databaseId} ...on Organization{databaseId} }";

/// Which pull requests brought a commit.
pub const LANDINGS: &str = "query Landings($owner:String!,$name:String!,$a:GitObjectID!){ repository(owner:$owner,name:$name){
  databaseId  c0:object(oid:$a){ ...on Commit{ oid associatedPullRequests(first:10){ totalCount nodes{ number merged mergedAt
    baseRefName baseRepository{databaseId} headRefOid mergeCommit{oid} } } } } } }";

/// What a query gave, which must have been without errors.
pub fn data(reply: &Reply) -> &Value {
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.body.get("errors"), None, "{}", reply.body);
    &reply.body["data"]
}

/// A pull request of `access` as the evidence query shows it.
pub fn evidence(server: &Server, token: &str, number: u64) -> Value {
    let variables = json!({ "owner": "northwind", "name": "access", "number": number });
    let reply = Client::new(server, token).query(EVIDENCE, variables);
    data(&reply)["repository"]["pullRequest"].clone()
}

/// Numbers of the pull requests that brought a commit.
pub fn landings(server: &Server, token: &str, oid: &str) -> Vec<u64> {
    let variables = json!({ "owner": "northwind", "name": "access", "a": oid });
    let reply = Client::new(server, token).query(LANDINGS, variables);
    let found = &data(&reply)["repository"]["c0"]["associatedPullRequests"]["nodes"];
    found.as_array().unwrap().iter().map(|pull| pull["number"].as_u64().unwrap()).collect()
}

/// Types of what happened to a pull request, in order.
pub fn events(pull: &Value) -> Vec<&str> {
    let nodes = pull["timelineItems"]["nodes"].as_array().unwrap();
    nodes.iter().map(|node| node["__typename"].as_str().unwrap()).collect()
}

/// What each review says, and at which commit it is shown.
pub fn reviews(pull: &Value) -> Vec<(&str, &str)> {
    let nodes = pull["reviews"]["nodes"].as_array().unwrap().iter();
    nodes.map(|node| (node["state"].as_str().unwrap(), node["commit"]["oid"].as_str().unwrap_or("gone"))).collect()
}

/// Movements of a branch of `access` as the interface tells them: kind, before, after.
pub fn movements(server: &Server, token: &str, branch: &str) -> Vec<(String, String, String)> {
    let client = Client::new(server, token);
    let all = client.all(&format!("/repos/northwind/access/activity?ref=refs/heads/{branch}&per_page=100"));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    all.iter().map(|it| (text(&it["activity_type"]), text(&it["before"]), text(&it["after"]))).collect()
}
