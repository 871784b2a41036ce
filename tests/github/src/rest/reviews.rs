//! Reviews of pull requests.

use super::render::{node_id, time};
use super::{Answered, Call, Caller, Refused};
use crate::exchange::Answer;
use crate::world::{Id, PullRequest, Refusal, Repository, Review, Verdict};
use serde_json::{Value, json};

fn item(call: &Call, repository: &Repository, pull: &PullRequest, review: &Review) -> Value {
    let full = call.world.full_name(repository);
    let html = format!("https://github.com/{full}/pull/{}#pullrequestreview-{}", pull.number, review.id);
    let url = format!("{}/repos/{full}/pulls/{}", call.base, pull.number);
    let known = call.world.objects_of(repository).get(&review.commit).map(|commit| commit.oid.as_str());
    let mut shown = json!({
        "id": review.id,
        "node_id": node_id("PRR", review.id),
        "user": call.world.accounts.get(&review.author).map(|account| call.user(account)),
        "body": review.body,
        "state": review.verdict.word(),
        "html_url": html,
        "pull_request_url": url,
        "author_association": call.world.association(repository, review.author),
        "_links": { "html": { "href": html }, "pull_request": { "href": url } },
        "commit_id": known,
    });
    if let Some(at) = review.submitted {
        shown["submitted_at"] = time(at).into();
    }
    shown
}

/// Errors of reviews are plain texts.
fn refused(why: Refusal) -> Answer {
    match why.status {
        422 => Answer::unprocessable_simply(&why.message),
        _ => Refused(why).into(),
    }
}

pub(super) fn list(call: &mut Call) -> Answered {
    let (repository, pull) = call.pull()?;
    let (id, number) = (repository.id, pull.number);
    let asks = match call.caller {
        Caller::Token(token) => token.user(),
        Caller::App(_) => None,
    };
    let shown = pull.reviews.iter().filter(|review| review.verdict != Verdict::Pending || Some(review.author) == asks);
    let all: Vec<Review> = shown.cloned().collect();
    call.page(&all, |call, review| {
        let repository = &call.world.repositories[&id];
        item(call, repository, &repository.code.pulls[&number], review)
    })
}

fn answered(call: &Call, review: Id) -> Answered {
    let (repository, pull) = call.pull()?;
    let review = pull.reviews.iter().find(|it| it.id == review).ok_or_else(Answer::not_found)?;
    Ok(Answer::ok(item(call, repository, pull, review)))
}

pub(super) fn create(call: &mut Call) -> Answered {
    let (repository, pull) = call.pull()?;
    let (key, actor) = ((repository.id, pull.number), call.actor());
    let (body, at) = (call.text("body").unwrap_or_default().to_owned(), call.text("commit_id").map(str::to_owned));
    let verdict = match call.text("event") {
        Some("APPROVE") => Verdict::Approved,
        Some("REQUEST_CHANGES") => Verdict::ChangesRequested,
        Some(_) => Verdict::Commented,
        None => Verdict::Pending,
    };
    if matches!(verdict, Verdict::ChangesRequested | Verdict::Commented) && body.is_empty() {
        return Err(Answer::unprocessable_simply("Body can't be blank"));
    }
    if call.body.get("comments").is_some() {
        call.violations.push("the stand-in keeps no comments on lines".to_owned());
    }
    let id = call.world.add_review(key, actor, verdict, &body, at.as_deref()).map_err(refused)?;
    answered(call, id)
}

pub(super) fn dismiss(call: &mut Call) -> Answered {
    let (repository, pull) = call.pull()?;
    let (key, actor, review) = ((repository.id, pull.number), call.actor(), call.number("review_id"));
    if !pull.reviews.iter().any(|it| it.id == review) {
        return Err(Answer::not_found());
    }
    let message = call.text("message").unwrap_or_default().to_owned();
    call.world.dismiss(key, review, actor, &message).map_err(refused)?;
    answered(call, review)
}
