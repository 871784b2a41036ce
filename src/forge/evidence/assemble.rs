//! One pull request, put together from what the two interfaces of GitHub tell of it. Where they contradict each other,
//! something is missing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::answers::{
    Activity, Actor, Commits, Event, EventPage, GitActor, Instant, PullAnswer, RestPull, RestReview, account, items,
    user,
};
use super::branch::activity_of;
use super::texts;
use crate::approval::pull::{Account, Arrival, Moved, Movement, Pull, Review, ReviewVerdict};
use crate::forge::connection::{Connection, Home};
use crate::repository::Oid;
use crate::targets::TargetError;
use crate::targets::github::client::{Api, Failure};

/// More pages of events than these are not read. Whoever can push makes some, also after the merge.
const EVENT_PAGES: usize = 100;

/// Everything about one pull request. How it came to the branch is not in it yet.
pub(super) fn pull(connection: &Connection, home: &Home, number: u64) -> Result<Pull, TargetError> {
    let doing = |what: &str| format!("{what} of pull request #{number}");
    let path = format!("/repos/{}/pulls/{number}", home.full_name);
    let mut missing = Vec::new();
    let (graph, events) = connection.see(&doing("read the story"), async |api| story(api, home, number).await)?;
    let rest: RestPull = connection.see(&doing("read the state"), async |api| api.get_as(&path).await)?;
    let reviews: Vec<RestReview> =
        connection.see(&doing("list the reviews"), async |api| api.list(&format!("{path}/reviews")).await)?;
    // a fork that the token can't see is told by REST alone
    let seen = graph.head_repository.as_ref().and_then(|repository| repository.id);
    let head_repository = seen.or_else(|| rest.head.repo.as_ref().map(|repository| repository.id));
    let merged_at = graph.merged_at.filter(|_| graph.merged).map(|at| at.0);
    contradictions(&graph, &rest, home, &mut missing);
    // reviews that are not submitted yet are shown only to who writes them
    let submitted = reviews.iter().filter(|review| review.state != "PENDING").count();
    match &graph.reviews {
        Some(counted) if (submitted..=reviews.len()).contains(&counted.total_count) => {}
        Some(counted) => {
            missing.push(format!("{} of {} reviews of #{number} were read", reviews.len(), counted.total_count))
        }
        None => missing.push(format!("the forge doesn't count the reviews of #{number}")),
    }
    let mut movements: Vec<Movement> = events.iter().filter_map(moved).collect();
    // of a fork the forge notes no movements here
    if head_repository == Some(home.id) {
        let pushes = pushes(connection, home, &graph, &doing("list the pushes"))?;
        movements.extend(pushes);
    }
    movements.sort_by_cached_key(order);
    movements.dedup();
    let reviews = opinions(&reviews, &events, (number, merged_at), &mut missing);
    let (authors, committers) = makers(graph.commits);
    Ok(Pull {
        number,
        claims: BTreeSet::new(),
        repository: home.id,
        head_repository,
        head: graph.head_ref_oid,
        into: graph.base_ref_name.clone(),
        onto: None,
        arrival: Arrival::Open,
        opened_by: account(graph.author.as_ref()),
        merged_at,
        reviews,
        movements,
        authors,
        committers,
        missing,
    })
}

fn order(movement: &Movement) -> (Timestamp, u64, String) {
    let what = match movement.what {
        Moved::Head(head) => head.to_string(),
        Moved::Branch => "branch".to_owned(),
        Moved::Base => "base".to_owned(),
    };
    (movement.at, movement.by.number, what)
}

/// What GraphQL tells, with all events.
async fn story(api: &Api, home: &Home, number: u64) -> Result<(PullAnswer, Vec<Event>), Failure> {
    #[derive(Deserialize)]
    #[serde(bound = "T: Deserialize<'de>")]
    struct Data<T> {
        repository: Option<Of<T>>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", bound = "T: Deserialize<'de>")]
    struct Of<T> {
        database_id: Option<u64>,
        pull_request: Option<T>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct More {
        timeline_items: EventPage,
    }
    let odd = |why: String| Failure::Odd { why };
    let of = |id: Option<u64>| match id {
        Some(id) if id == home.id => Ok(()),
        Some(_) | None => Err(odd("another repository answered".to_owned())),
    };
    let variables = json!({ "owner": home.owner(), "name": home.name(), "number": number });
    let answered = api.query(&texts::evidence(), variables.clone()).await;
    let data: Data<PullAnswer> = answered.map_err(|failure| failure.lacking(texts::PERMISSION))?;
    let Of { database_id, pull_request } = data.repository.ok_or_else(|| odd("the repository is null".to_owned()))?;
    of(database_id)?;
    let mut answer = pull_request.ok_or_else(|| odd(format!("there is no pull request #{number}")))?;
    let (total, mut page) = (answer.timeline_items.filtered_count, answer.timeline_items.page_info.clone());
    let mut events = items(answer.timeline_items.nodes.take(), "events")?;
    for _ in 1..EVENT_PAGES {
        let Some(after) = page.end_cursor.as_ref().filter(|_| page.has_next_page) else { break };
        let mut variables = variables.clone();
        if let Some(variables) = variables.as_object_mut() {
            variables.insert("after".to_owned(), json!(after));
        }
        let data: Data<More> = api.query(&texts::events(), variables).await?;
        let Of { database_id, pull_request } =
            data.repository.ok_or_else(|| odd("the repository is null".to_owned()))?;
        of(database_id)?;
        let more = pull_request.ok_or_else(|| odd("a pull request went".to_owned()))?.timeline_items;
        events.extend(items(more.nodes, "events")?);
        page = more.page_info;
    }
    if events.len() != total {
        return Err(odd(format!("{} of {total} events were told", events.len())));
    }
    Ok((answer, events))
}

/// What the two interfaces say otherwise of the same thing.
fn contradictions(graph: &PullAnswer, rest: &RestPull, home: &Home, missing: &mut Vec<String>) {
    let merged = rest.merged || rest.merged_at.is_some();
    let same_merge = !merged || graph.merge_commit.as_ref().map(|commit| commit.oid) == rest.merge_commit_sha;
    let is_one = graph.head_ref_oid == rest.head.sha
        && graph.base_ref_name == rest.base.name
        && graph.head_ref_name == rest.head.name
        && graph.merged == merged
        && graph.merged_at == rest.merged_at
        && same_merge
        && rest.base.repo.as_ref().map(|repository| repository.id) == Some(home.id)
        && graph.base_repository.as_ref().and_then(|repository| repository.id) == Some(home.id)
        && graph
            .head_repository
            .as_ref()
            .and_then(|repository| repository.id)
            .is_none_or(|seen| rest.head.repo.as_ref().is_some_and(|repository| repository.id == seen))
        && account(graph.author.as_ref()).number == user(rest.user.as_ref()).number;
    if !is_one {
        missing.push(format!(
            "the two interfaces of the forge tell of #{} in two ways: it may have moved just now",
            graph.number
        ));
    }
}

/// Who pushed to the head's branch, from when it was made before the pull request was opened.
fn pushes(connection: &Connection, home: &Home, graph: &PullAnswer, doing: &str) -> Result<Vec<Movement>, TargetError> {
    let path = activity_of(&home.full_name, &graph.head_ref_name);
    let opened = graph.created_at;
    let begins =
        |page: &Vec<Activity>| page.iter().any(|one| one.activity_type == "branch_creation" && one.timestamp <= opened);
    let pages: Vec<Vec<Activity>> = connection.see(doing, async |api| api.pages_until(&path, begins).await)?;
    let mut found: Vec<Activity> = pages.into_iter().flatten().collect();
    let head = graph.head_ref_oid.to_string();
    if !found.iter().any(|one| one.after == head) {
        // of a branch that is gone some are told only where nobody names it
        let path = format!("/repos/{}/activity", home.full_name);
        let past = |page: &Vec<Activity>| page.iter().any(|one| one.timestamp < opened && one.after != head);
        let pages: Vec<Vec<Activity>> = connection.see(doing, async |api| api.pages_until(&path, past).await)?;
        found = pages.into_iter().flatten().collect();
    }
    let name = format!("refs/heads/{}", graph.head_ref_name);
    found.retain(|one| one.name == name);
    // what stood there under the same name before was another branch
    let begun = found.iter().filter(|one| one.activity_type == "branch_creation" && one.timestamp <= opened);
    let begun: Option<Instant> = begun.map(|one| one.timestamp).max();
    found.retain(|one| begun.is_none_or(|begun| one.timestamp >= begun));
    let movement = |one: &Activity| {
        let what = match one.activity_type.as_str() {
            "branch_deletion" => Moved::Branch,
            // whatever else a movement is called, it leads to what stands there then
            _ => one.after.parse().map_or(Moved::Branch, Moved::Head),
        };
        Movement { at: one.timestamp.0, by: user(one.actor.as_ref()), what }
    };
    Ok(found.iter().map(movement).collect())
}

/// What an event changes about approvals that were given before it.
fn moved(event: &Event) -> Option<Movement> {
    let what = match event.kind.as_str() {
        "HeadRefForcePushedEvent" => event.after_commit.as_ref().map_or(Moved::Branch, |after| Moved::Head(after.oid)),
        "HeadRefDeletedEvent" | "HeadRefRestoredEvent" => Moved::Branch,
        "BaseRefChangedEvent"
        | "BaseRefForcePushedEvent"
        | "BaseRefDeletedEvent"
        | "AutomaticBaseChangeSucceededEvent" => Moved::Base,
        // a dismissal is told with its review
        _ => return None,
    };
    // an event without an instant is one that came last
    let at = event.created_at.map_or(Timestamp::MAX, |at| at.0);
    Some(Movement { at, by: account(event.actor.as_ref()), what })
}

/// What reviewers think. A comment is no opinion, and a review that is not submitted is none yet.
fn opinions(
    reviews: &[RestReview],
    events: &[Event],
    (number, merged_at): (u64, Option<Timestamp>),
    missing: &mut Vec<String>,
) -> Vec<Review> {
    // what was taken back after the merge stood until then
    let in_time = |event: &&Event| event.created_at.is_some_and(|at| merged_at.is_none_or(|merged| at.0 <= merged));
    let taken: Vec<(String, &str, Option<&Actor>, bool)> = events
        .iter()
        .filter_map(|event| {
            let review = event.review.as_ref()?.full_database_id.clone()?;
            let state = event.previous_review_state.as_deref()?;
            Some((review, state, event.actor.as_ref(), in_time(&event)))
        })
        .collect();
    let mut found = Vec::new();
    for review in reviews {
        let by = user(review.user.as_ref());
        let verdict = match review.state.as_str() {
            "APPROVED" => ReviewVerdict::Approved,
            "CHANGES_REQUESTED" => ReviewVerdict::ChangesRequested,
            "COMMENTED" | "PENDING" => continue,
            "DISMISSED" => match dismissed(&taken, review.id) {
                Some(("APPROVED", _, true)) => ReviewVerdict::DismissedApproval,
                Some(("APPROVED", _, false)) => ReviewVerdict::Approved,
                Some(("CHANGES_REQUESTED", by, true)) => ReviewVerdict::DismissedRequest { by: account(by) },
                Some(("CHANGES_REQUESTED", _, false)) => ReviewVerdict::ChangesRequested,
                Some(("COMMENTED", ..)) => continue,
                Some(_) | None => {
                    missing.push(format!(
                        "nothing tells what the review {} of #{number} said that was dismissed",
                        review.id
                    ));
                    continue;
                }
            },
            other => {
                missing.push(format!("a review of #{number} is `{}`, which nobody knows", other.escape_debug()));
                continue;
            }
        };
        let Some(at) = review.submitted_at else {
            missing.push(format!("a review of #{number} tells no instant"));
            continue;
        };
        found.push(Review { by, verdict, of: review.commit_id, at: at.0 });
    }
    found.sort_by_key(|review| (review.at, review.by.number));
    found
}

/// What a review said before it was dismissed, by whom, and whether that came in time.
fn dismissed<'e>(
    taken: &[(String, &'e str, Option<&'e Actor>, bool)],
    review: u64,
) -> Option<(&'e str, Option<&'e Actor>, bool)> {
    let one = taken.iter().find(|(of, ..)| *of == review.to_string())?;
    Some((one.1, one.2, one.3))
}

/// Whose commits are, by author and by committer. An author whom the forge doesn't know stands there as nobody.
fn makers(commits: Commits) -> (BTreeMap<Oid, Vec<Account>>, BTreeMap<Oid, Account>) {
    let known = |actor: GitActor| {
        let user = actor.user?;
        Some(Account { number: user.id?, login: user.login, bot: false })
    };
    let (mut authors, mut committers) = (BTreeMap::new(), BTreeMap::new());
    for commit in commits.nodes.into_iter().flatten().flatten().map(|one| one.commit) {
        let mut named: Vec<Account> = commit.authors.nodes.into_iter().flatten().flatten().filter_map(known).collect();
        if named.len() < commit.authors.total_count {
            named.push(account(None));
        }
        authors.insert(commit.oid, named);
        committers.extend(commit.committer.and_then(known).map(|committer| (commit.oid, committer)));
    }
    (authors, committers)
}
