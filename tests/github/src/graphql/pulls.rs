//! The fields of pull requests, of their reviews, and of what happened to them.

use super::connection::{Item, Page, by_number};
use super::fields::{Resolved, only, unserved};
use super::object::{Object, View};
use crate::rest::{node_id, time};
use crate::world::{AutoMerge, Event, Happening, Id, Permission, PullRequest, Queued, Repository, Review, Verdict};
use apollo_compiler::resolvers::{ResolveInfo, ResolvedValue};
use jiff::Timestamp;

fn maybe_time<'w>(at: Option<Timestamp>) -> ResolvedValue<'w> {
    at.map_or_else(ResolvedValue::null, |at| ResolvedValue::leaf(time(at)))
}

/// The type that an event has, and the word by which it is asked for.
pub(super) fn kind_of(event: &Event) -> (&'static str, &'static str) {
    match event {
        Event::HeadForcePushed(..) => ("HeadRefForcePushedEvent", "HEAD_REF_FORCE_PUSHED_EVENT"),
        Event::HeadDeleted(_) => ("HeadRefDeletedEvent", "HEAD_REF_DELETED_EVENT"),
        Event::HeadRestored => ("HeadRefRestoredEvent", "HEAD_REF_RESTORED_EVENT"),
        Event::BaseChanged(..) => ("BaseRefChangedEvent", "BASE_REF_CHANGED_EVENT"),
        Event::BaseForcePushed(..) => ("BaseRefForcePushedEvent", "BASE_REF_FORCE_PUSHED_EVENT"),
        Event::BaseDeleted(_) => ("BaseRefDeletedEvent", "BASE_REF_DELETED_EVENT"),
        Event::BaseFollowed(..) => ("AutomaticBaseChangeSucceededEvent", "AUTOMATIC_BASE_CHANGE_SUCCEEDED_EVENT"),
        Event::BaseNotFollowed(..) => ("AutomaticBaseChangeFailedEvent", "AUTOMATIC_BASE_CHANGE_FAILED_EVENT"),
        Event::ReviewDismissed(..) => ("ReviewDismissedEvent", "REVIEW_DISMISSED_EVENT"),
        Event::Closed => ("ClosedEvent", "CLOSED_EVENT"),
        Event::Reopened => ("ReopenedEvent", "REOPENED_EVENT"),
        Event::Merged(..) => ("MergedEvent", "MERGED_EVENT"),
        Event::Queued => ("AddedToMergeQueueEvent", "ADDED_TO_MERGE_QUEUE_EVENT"),
        Event::Unqueued(..) => ("RemovedFromMergeQueueEvent", "REMOVED_FROM_MERGE_QUEUE_EVENT"),
        Event::AutoMergeEnabled => ("AutoMergeEnabledEvent", "AUTO_MERGE_ENABLED_EVENT"),
        Event::AutoMergeDisabled(_) => ("AutoMergeDisabledEvent", "AUTO_MERGE_DISABLED_EVENT"),
        Event::Drafted => ("ConvertToDraftEvent", "CONVERT_TO_DRAFT_EVENT"),
        Event::Readied => ("ReadyForReviewEvent", "READY_FOR_REVIEW_EVENT"),
    }
}

/// Words for events that the stand-in knows.
const KINDS: [&str; 18] = [
    "HEAD_REF_FORCE_PUSHED_EVENT",
    "HEAD_REF_DELETED_EVENT",
    "HEAD_REF_RESTORED_EVENT",
    "BASE_REF_CHANGED_EVENT",
    "BASE_REF_FORCE_PUSHED_EVENT",
    "BASE_REF_DELETED_EVENT",
    "AUTOMATIC_BASE_CHANGE_SUCCEEDED_EVENT",
    "AUTOMATIC_BASE_CHANGE_FAILED_EVENT",
    "REVIEW_DISMISSED_EVENT",
    "CLOSED_EVENT",
    "REOPENED_EVENT",
    "MERGED_EVENT",
    "ADDED_TO_MERGE_QUEUE_EVENT",
    "REMOVED_FROM_MERGE_QUEUE_EVENT",
    "AUTO_MERGE_ENABLED_EVENT",
    "AUTO_MERGE_DISABLED_EVENT",
    "CONVERT_TO_DRAFT_EVENT",
    "READY_FOR_REVIEW_EVENT",
];

/// Events of the kinds that are asked for. Without kinds GitHub also gives comments, which the stand-in doesn't.
fn timeline<'w>(view: &View<'w>, on: &'w Repository, of: &'w PullRequest, info: &ResolveInfo) -> Resolved<'w> {
    only(info, &["itemTypes"])?;
    let asked = info.arguments().get("itemTypes").and_then(|types| types.as_array());
    let asked: Vec<&str> = asked.into_iter().flatten().filter_map(|kind| kind.as_str()).collect();
    if asked.is_empty() || asked.iter().any(|kind| !KINDS.contains(kind)) {
        return Err(unserved(info, "other kinds of events"));
    }
    let wanted = of.timeline.iter().filter(|it| asked.contains(&kind_of(&it.event).1));
    let items = wanted.map(|it| Item::new(by_number(it.id), Object::Happening(on, of, it)));
    let page = Page::cut("PullRequestTimelineItemsConnection", items.collect(), info)?;
    // the count of everything, whatever kinds are asked for: that of the kinds is the filtered one
    let world = view.sight.world;
    let comments = on.code.comments.values().filter(|comment| comment.number == of.number).count();
    let total = of.timeline.len() + of.reviews.len() + comments + world.commits_of(on, of).len();
    Ok(view.of(Object::Page(Page { total, ..page })))
}

pub(super) fn pull<'w>(view: &View<'w>, on: &'w Repository, of: &'w PullRequest, info: &ResolveInfo) -> Resolved<'w> {
    let world = view.sight.world;
    let queued = on.code.queued(of.number);
    Ok(match info.field_name() {
        "id" => ResolvedValue::leaf(node_id("PR", of.id)),
        "fullDatabaseId" => ResolvedValue::leaf(of.id.to_string()),
        "number" => ResolvedValue::leaf(of.number),
        "title" => ResolvedValue::leaf(of.title.as_str()),
        "body" => ResolvedValue::leaf(of.body.as_str()),
        "state" => ResolvedValue::leaf(match (&of.merged, of.is_open()) {
            (Some(_), _) => "MERGED",
            (None, true) => "OPEN",
            (None, false) => "CLOSED",
        }),
        "isDraft" => ResolvedValue::leaf(of.draft),
        "merged" => ResolvedValue::leaf(of.merged.is_some()),
        "closed" => ResolvedValue::leaf(!of.is_open()),
        "createdAt" => ResolvedValue::leaf(time(of.created)),
        "updatedAt" => ResolvedValue::leaf(time(of.updated)),
        "mergedAt" => maybe_time(of.merged.as_ref().map(|merged| merged.at)),
        "closedAt" => maybe_time(of.closed),
        "author" => view.actor(of.author),
        "authorAssociation" => ResolvedValue::leaf(world.association(on, of.author)),
        "mergedBy" => of.merged.as_ref().map_or_else(ResolvedValue::null, |merged| view.actor(merged.by)),
        "mergeCommit" => of.merged.as_ref().map_or_else(ResolvedValue::null, |it| view.commit(on, &it.commit)),
        "baseRefName" => ResolvedValue::leaf(of.base.as_str()),
        "baseRefOid" => ResolvedValue::leaf(of.base_oid.as_str()),
        "baseRepository" => view.of(Object::Repository(on)),
        "headRefName" => ResolvedValue::leaf(of.head.as_str()),
        "headRefOid" => ResolvedValue::leaf(of.head_oid.as_str()),
        "headRepository" => {
            let head = world.repositories.get(&of.head_repository).filter(|head| view.sees(head));
            view.maybe(head.map(Object::Repository))
        }
        "isCrossRepository" => ResolvedValue::leaf(of.head_repository != on.id),
        "autoMergeRequest" => view.maybe(of.auto_merge.as_ref().map(Object::AutoMerge)),
        "isInMergeQueue" => ResolvedValue::leaf(queued.is_some()),
        "mergeQueueEntry" => view.maybe(queued.map(|(at, entry)| Object::QueueEntry(on, at, entry))),
        "reviews" => {
            only(info, &[])?;
            let asks = view.sight.token.user();
            let shown = of.reviews.iter().filter(|it| it.verdict != Verdict::Pending || Some(it.author) == asks);
            let items = shown.map(|review| Item::new(by_number(review.id), Object::Review(on, of, review)));
            view.page("PullRequestReviewConnection", items.collect(), info)?
        }
        "timelineItems" => timeline(view, on, of, info)?,
        "commits" => {
            let objects = world.objects_of(on);
            let commits = world.commits_of(on, of);
            let total = commits.len();
            // a list stops there, whatever the branch holds
            let commits = commits.iter().take(250).filter_map(|oid| objects.get(oid)).enumerate();
            let items = commits.map(|(at, commit)| Item::new(by_number(at as u64), Object::PullCommit(on, of, commit)));
            let page = Page::cut("PullRequestCommitConnection", items.collect(), info)?;
            view.of(Object::Page(Page { total, ..page }))
        }
        _ => return Err(unserved(info, "the field")),
    })
}

pub(super) fn auto_merge<'w>(view: &View<'w>, of: &AutoMerge, info: &ResolveInfo) -> Resolved<'w> {
    Ok(match info.field_name() {
        "enabledAt" => ResolvedValue::leaf(time(of.at)),
        "enabledBy" => view.actor(of.by),
        "mergeMethod" => ResolvedValue::leaf(of.method.word().to_uppercase()),
        _ => return Err(unserved(info, "the field")),
    })
}

pub(super) fn queue_entry<'w>(
    view: &View<'w>,
    on: &'w Repository,
    at: usize,
    of: &Queued,
    info: &ResolveInfo,
) -> Resolved<'w> {
    Ok(match info.field_name() {
        "id" => ResolvedValue::leaf(node_id("MQE", of.id)),
        "baseCommit" => view.commit(on, &of.base),
        "headCommit" => view.commit(on, &of.head),
        "enqueuedAt" => ResolvedValue::leaf(time(of.at)),
        "enqueuer" => view.actor(of.by),
        "position" => ResolvedValue::leaf(at + 1),
        "state" => ResolvedValue::leaf("AWAITING_CHECKS"),
        _ => return Err(unserved(info, "the field")),
    })
}

pub(super) fn review<'w>(
    view: &View<'w>,
    on: &'w Repository,
    pull: &'w PullRequest,
    of: &'w Review,
    info: &ResolveInfo,
) -> Resolved<'w> {
    let world = view.sight.world;
    Ok(match info.field_name() {
        "id" => ResolvedValue::leaf(node_id("PRR", of.id)),
        "fullDatabaseId" => ResolvedValue::leaf(of.id.to_string()),
        "body" => ResolvedValue::leaf(of.body.as_str()),
        "state" => ResolvedValue::leaf(of.verdict.word()),
        "createdAt" => ResolvedValue::leaf(time(of.created)),
        "submittedAt" => maybe_time(of.submitted),
        "updatedAt" => ResolvedValue::leaf(time(of.updated)),
        "lastEditedAt" => maybe_time(of.edited),
        "includesCreatedEdit" => ResolvedValue::leaf(of.edited.is_some()),
        "author" => view.actor(of.author),
        "authorAssociation" => ResolvedValue::leaf(world.association(on, of.author)),
        "authorCanPushToRepository" => ResolvedValue::leaf(world.pushes(on, of.author)),
        "commit" => view.commit(on, &of.commit),
        "pullRequest" => view.of(Object::Pull(on, pull)),
        _ => return Err(unserved(info, "the field")),
    })
}

pub(super) fn pull_commit<'w>(
    view: &View<'w>,
    on: &'w Repository,
    pull: &'w PullRequest,
    of: &'w crate::world::Commit,
    info: &ResolveInfo,
) -> Resolved<'w> {
    Ok(match info.field_name() {
        "id" => ResolvedValue::leaf(format!("PURC_{}_{}", pull.id, of.oid)),
        "commit" => view.of(Object::Commit(on, of)),
        "pullRequest" => view.of(Object::Pull(on, pull)),
        _ => return Err(unserved(info, "the field")),
    })
}

pub(super) fn happening<'w>(
    view: &View<'w>,
    on: &'w Repository,
    pull: &'w PullRequest,
    of: &'w Happening,
    info: &ResolveInfo,
) -> Resolved<'w> {
    Ok(match (info.field_name(), &of.event) {
        ("id", event) => ResolvedValue::leaf(node_id(kind_of(event).0, of.id)),
        ("createdAt", _) => ResolvedValue::leaf(time(of.at)),
        ("actor", _) => view.actor(of.actor),
        ("pullRequest", _) => view.of(Object::Pull(on, pull)),
        ("enqueuer", Event::Queued) => view.person(of.actor),
        // who had put it there isn't kept once it is out
        ("enqueuer", Event::Unqueued(..)) => ResolvedValue::null(),
        ("enabler", Event::AutoMergeEnabled) => view.person(of.actor),
        ("disabler", Event::AutoMergeDisabled(_)) => view.person(of.actor),
        ("reasonCode", Event::AutoMergeDisabled(_)) => ResolvedValue::null(),
        ("reason", Event::AutoMergeDisabled(why) | Event::Unqueued(why, _)) => ResolvedValue::leaf(why.as_str()),
        ("beforeCommit", Event::Unqueued(_, oid)) => view.commit(on, oid),
        ("beforeCommit", Event::HeadForcePushed(before, _) | Event::BaseForcePushed(before, _)) => {
            view.commit(on, before)
        }
        ("afterCommit", Event::HeadForcePushed(_, after) | Event::BaseForcePushed(_, after)) => view.commit(on, after),
        ("headRefName", Event::HeadDeleted(branch)) => ResolvedValue::leaf(branch.as_str()),
        ("baseRefName", Event::BaseDeleted(branch)) => ResolvedValue::leaf(branch.as_str()),
        ("previousRefName", Event::BaseChanged(from, _)) => ResolvedValue::leaf(from.as_str()),
        ("currentRefName", Event::BaseChanged(_, to)) => ResolvedValue::leaf(to.as_str()),
        ("oldBase", Event::BaseFollowed(from, _) | Event::BaseNotFollowed(from, _)) => {
            ResolvedValue::leaf(from.as_str())
        }
        ("newBase", Event::BaseFollowed(_, to) | Event::BaseNotFollowed(_, to)) => ResolvedValue::leaf(to.as_str()),
        ("previousReviewState", Event::ReviewDismissed(_, was, _)) => ResolvedValue::leaf(was.word()),
        ("dismissalMessage", Event::ReviewDismissed(_, _, message)) => {
            message.as_deref().map_or_else(ResolvedValue::null, ResolvedValue::leaf)
        }
        ("review", Event::ReviewDismissed(id, ..)) => {
            let review = pull.reviews.iter().find(|review| review.id == *id);
            view.maybe(review.map(|review| Object::Review(on, pull, review)))
        }
        ("commit", Event::Merged(oid, _)) => view.commit(on, oid),
        ("mergeRefName", Event::Merged(_, base)) => ResolvedValue::leaf(base.as_str()),
        _ => return Err(unserved(info, "the field")),
    })
}

impl<'w> View<'w> {
    /// A pull request by its number, for who may see pull requests.
    pub(super) fn pull_request(&self, on: &'w Repository, info: &ResolveInfo) -> Resolved<'w> {
        self.needs("pull_requests", Permission::Read)?;
        let number = info.arguments().get("number").and_then(|number| number.as_u64()).unwrap_or(0);
        let missing = || {
            let message = format!("Could not resolve to a PullRequest with the number of {number}.");
            super::error::not_found(&message)
        };
        Ok(self.of(Object::Pull(on, on.code.pulls.get(&number).ok_or_else(missing)?)))
    }

    /// A pull request or a review by its number everywhere, for who may see pull requests.
    pub(super) fn pull_node(&self, number: Id) -> Option<Object<'w>> {
        self.needs("pull_requests", Permission::Read).ok()?;
        let asks = self.sight.token.user();
        let seen = self.sight.world.repositories.values().filter(|on| self.sees(on));
        for (on, pull) in seen.flat_map(|on| on.code.pulls.values().map(move |pull| (on, pull))) {
            if pull.id == number {
                return Some(Object::Pull(on, pull));
            }
            let mut shown = pull.reviews.iter().filter(|it| it.verdict != Verdict::Pending || Some(it.author) == asks);
            if let Some(review) = shown.find(|review| review.id == number) {
                return Some(Object::Review(on, pull, review));
            }
        }
        None
    }

    /// A commit by its number, for who may see contents.
    pub(super) fn git_object(&self, on: &'w Repository, info: &ResolveInfo) -> Resolved<'w> {
        self.needs("contents", Permission::Read)?;
        only(info, &["oid"])?;
        let oid = info.arguments().get("oid").and_then(|oid| oid.as_str());
        let oid = oid.ok_or_else(|| unserved(info, "something without a number"))?;
        Ok(self.commit(on, oid))
    }
}
