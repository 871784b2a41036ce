//! The queries, word for word. The stand-in's schema, which is GitHub's own, holds them to it.

use crate::repository::Oid;

/// What queries of pull requests take, as GitHub names it; their refusals don't.
pub(super) const PERMISSION: &str = "pull_requests=read";

/// Who did something: a number, and what sort of account it is.
const WHO: &str = "fragment who on Actor { __typename login ... on User { databaseId } ... on Bot { databaseId } \
                   ... on Mannequin { databaseId } ... on Organization { databaseId } }";

/// What happened that may change what an approval means, and dismissals of reviews.
const EVENTS: &str = "HEAD_REF_FORCE_PUSHED_EVENT, HEAD_REF_DELETED_EVENT, HEAD_REF_RESTORED_EVENT, BASE_REF_CHANGED_EVENT, \
                      BASE_REF_FORCE_PUSHED_EVENT, BASE_REF_DELETED_EVENT, AUTOMATIC_BASE_CHANGE_SUCCEEDED_EVENT, \
                      REVIEW_DISMISSED_EVENT";

fn timeline(part: &str) -> String {
    format!(
        "timelineItems({part}, itemTypes: [{EVENTS}]) {{ filteredCount pageInfo {{ hasNextPage endCursor }} nodes {{ __typename \
         ... on HeadRefForcePushedEvent {{ createdAt actor {{ ...who }} afterCommit {{ oid }} }} \
         ... on HeadRefDeletedEvent {{ createdAt actor {{ ...who }} }} \
         ... on HeadRefRestoredEvent {{ createdAt actor {{ ...who }} }} \
         ... on BaseRefChangedEvent {{ createdAt actor {{ ...who }} }} \
         ... on BaseRefForcePushedEvent {{ createdAt actor {{ ...who }} }} \
         ... on BaseRefDeletedEvent {{ createdAt actor {{ ...who }} }} \
         ... on AutomaticBaseChangeSucceededEvent {{ createdAt actor {{ ...who }} }} \
         ... on ReviewDismissedEvent {{ createdAt actor {{ ...who }} previousReviewState review {{ fullDatabaseId }} }} }} }}"
    )
}

/// What is asked of pull requests that name a commit.
fn associated(part: &str) -> String {
    format!(
        "associatedPullRequests({part}) {{ totalCount pageInfo {{ hasNextPage endCursor }} nodes {{ number state merged \
         baseRefName baseRepository {{ databaseId }} headRefOid mergeCommit {{ oid }} }} }}"
    )
}

/// The pull requests that name commits, each commit by an alias: `c0`, `c1` and so on.
pub(super) fn commits(oids: &[Oid]) -> String {
    let mut query =
        "query Landings($owner: String!, $name: String!) { repository(owner: $owner, name: $name) { databaseId"
            .to_owned();
    for (number, oid) in oids.iter().enumerate() {
        // an id is 40 digits and small letters, in which nothing has to be escaped
        query.push_str(&format!(
            " c{number}: object(oid: \"{oid}\") {{ ... on Commit {{ oid {} }} }}",
            associated("first: 10")
        ));
    }
    query.push_str(" } }");
    query
}

/// Later pull requests that name a commit.
pub(super) fn more_of(oid: Oid) -> String {
    format!(
        "query More($owner: String!, $name: String!, $after: String!) {{ repository(owner: $owner, name: $name) {{ databaseId \
         c0: object(oid: \"{oid}\") {{ ... on Commit {{ oid {} }} }} }} }}",
        associated("first: 100, after: $after")
    )
}

/// Everything about one pull request that REST doesn't tell.
pub(super) fn evidence() -> String {
    let timeline = timeline("first: 100");
    format!(
        "query Evidence($owner: String!, $name: String!, $number: Int!) {{ repository(owner: $owner, name: $name) {{ databaseId \
         pullRequest(number: $number) {{ number merged createdAt mergedAt author {{ ...who }} mergeCommit {{ oid }} baseRefName \
         baseRepository {{ databaseId }} headRefName headRefOid headRepository {{ databaseId }} reviews(first: 1) {{ totalCount }} \
         {timeline} commits(first: 100) {{ nodes {{ commit {{ oid authors(first: 20) {{ totalCount nodes {{ user {{ databaseId \
         login }} }} }} committer {{ user {{ databaseId login }} }} }} }} }} }} }} }} {WHO}"
    )
}

/// Later events of one.
pub(super) fn events() -> String {
    let timeline = timeline("first: 100, after: $after");
    format!(
        "query Events($owner: String!, $name: String!, $number: Int!, $after: String!) {{ repository(owner: $owner, name: $name) \
         {{ databaseId pullRequest(number: $number) {{ {timeline} }} }} }} {WHO}"
    )
}
