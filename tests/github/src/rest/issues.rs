//! Issues, and comments on them and on pull requests.

use super::render::{node_id, time};
use super::{Answered, Call, Caller};
use crate::exchange::Answer;
use crate::world::{Comment, Id, Issue, PullRequest, Refusal, Repository, fits};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::Digest;
use std::collections::BTreeSet;

/// The number of a label, made of its name.
fn label_number(name: &str) -> u64 {
    sha2::Sha256::digest(name).iter().take(4).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The App by which somebody wrote; null for people.
fn via(call: &Call, author: Id) -> Value {
    let app = call.world.apps.values().find(|app| app.account == author);
    app.map_or(Value::Null, |app| super::app::item(call, app.id))
}

/// What issues and pull requests have where they are listed as issues.
fn entry(call: &Call, repository: &Repository, number: u64, author: Id) -> Value {
    let full = call.world.full_name(repository);
    let url = format!("{}/repos/{full}/issues/{number}", call.base);
    let comments = repository.code.comments.values().filter(|comment| comment.number == number).count();
    json!({
        "number": number,
        "user": call.user_by_number(author),
        "performed_via_github_app": via(call, author),
        "author_association": call.world.association(repository, author),
        "repository_url": format!("{}/repos/{full}", call.base),
        "labels_url": format!("{url}/labels{{/name}}"),
        "comments_url": format!("{url}/comments"),
        "events_url": format!("{url}/events"),
        "timeline_url": format!("{url}/timeline"),
        "url": url,
        "comments": comments,
        "assignee": null,
        "assignees": [],
        "milestone": null,
        "locked": false,
        "active_lock_reason": null,
    })
}

fn item(call: &Call, repository: &Repository, issue: &Issue) -> Value {
    let full = call.world.full_name(repository);
    let labels = issue.labels.iter().map(|name| {
        let id = label_number(name);
        json!({
            "id": id,
            "node_id": node_id("LA", id),
            "url": format!("{}/repos/{full}/labels/{name}", call.base),
            "name": name,
            "description": null,
            "color": "ededed",
            "default": false,
        })
    });
    let more = json!({
        "id": issue.id,
        "node_id": node_id("I", issue.id),
        "html_url": format!("https://github.com/{full}/issues/{}", issue.number),
        "title": issue.title,
        "body": issue.body,
        "labels": labels.collect::<Vec<Value>>(),
        "state": if issue.closed.is_some() { "closed" } else { "open" },
        "state_reason": issue.closed.as_ref().map(|(_, _, reason)| reason.as_str()),
        "created_at": time(issue.created),
        "updated_at": time(issue.updated),
        "closed_at": issue.closed.as_ref().map(|(at, ..)| time(*at)),
        "closed_by": issue.closed.as_ref().map(|(_, by, _)| call.user_by_number(*by)),
    });
    super::render::and(entry(call, repository, issue.number, issue.author), more)
}

/// GitHub lists pull requests among issues.
fn pull_item(call: &Call, repository: &Repository, pull: &PullRequest) -> Value {
    let full = call.world.full_name(repository);
    let web = format!("https://github.com/{full}/pull/{}", pull.number);
    let more = json!({
        "id": pull.id,
        "node_id": node_id("PR", pull.id),
        "html_url": web,
        "title": pull.title,
        "body": pull.body,
        "labels": [],
        "state": if pull.is_open() { "open" } else { "closed" },
        "state_reason": null,
        "draft": pull.draft,
        "created_at": time(pull.created),
        "updated_at": time(pull.updated),
        "closed_at": pull.closed.map(time),
        "pull_request": {
            "merged_at": pull.merged.as_ref().map(|merged| time(merged.at)),
            "url": format!("{}/repos/{full}/pulls/{}", call.base, pull.number),
            "html_url": web,
            "diff_url": format!("{web}.diff"),
            "patch_url": format!("{web}.patch"),
        },
    });
    super::render::and(entry(call, repository, pull.number, pull.author), more)
}

fn by_number(call: &Call, number: u64) -> Answered {
    let repository = call.repository()?;
    let issue = repository.code.issues.get(&number).map(|issue| item(call, repository, issue));
    let pull = || repository.code.pulls.get(&number).map(|pull| pull_item(call, repository, pull));
    Ok(Answer::ok(issue.or_else(pull).ok_or_else(Answer::not_found)?))
}

pub(super) fn get(call: &mut Call) -> Answered {
    by_number(call, call.number("issue_number"))
}

pub(super) fn list(call: &mut Call) -> Answered {
    for name in ["milestone", "assignee", "type", "mentioned", "issue_field_values"] {
        if call.asked(name).is_some() {
            call.violations.push(format!("the stand-in doesn't look for issues by `{name}`"));
        }
    }
    let by_update = call.asked("sort") == Some("updated");
    if let Some(other) = call.asked("sort").filter(|sort| !["created", "updated"].contains(sort)).map(str::to_owned) {
        call.violations.push(format!("the stand-in doesn't sort issues by `{other}`"));
    }
    let repository = call.repository()?;
    let state = call.asked("state").unwrap_or("open");
    let labels: Vec<&str> = call.asked("labels").map(|labels| labels.split(',').collect()).unwrap_or_default();
    let creator = call.asked("creator").map(|login| call.world.account(login).map_or(0, |account| account.id));
    let since: Option<Timestamp> = call.asked("since").and_then(|since| since.parse().ok());
    let shown = |open: bool, author: Id, updated: Timestamp| {
        (state == "all" || (state == "open") == open)
            && creator.is_none_or(|creator| creator == author)
            && since.is_none_or(|since| updated >= since)
    };
    let marked =
        |issue: &&Issue| labels.iter().all(|label| issue.labels.iter().any(|it| it.eq_ignore_ascii_case(label)));
    let issues = repository.code.issues.values().filter(marked);
    let issues = issues.filter(|it| shown(it.closed.is_none(), it.author, it.updated));
    let pulls =
        repository.code.pulls.values().filter(|it| labels.is_empty() && shown(it.is_open(), it.author, it.updated));
    let mut all: Vec<(Timestamp, u64)> = issues.map(|it| (it.updated, it.number)).collect();
    all.extend(pulls.map(|it| (it.updated, it.number)));
    all.sort_by_key(|(updated, number)| (by_update.then_some(*updated), *number));
    if call.asked("direction") != Some("asc") {
        all.reverse();
    }
    let id = repository.id;
    call.page(&all, |call, (_, number)| {
        let repository = &call.world.repositories[&id];
        match repository.code.issues.get(number) {
            Some(issue) => item(call, repository, issue),
            None => pull_item(call, repository, &repository.code.pulls[number]),
        }
    })
}

fn too_long(why: Refusal) -> Answer {
    Answer::unprocessable("Issue", "body", &why.message)
}

fn labels(call: &Call) -> Option<BTreeSet<String>> {
    let names = call.body.get("labels")?.as_array()?.iter();
    Some(names.filter_map(|label| label.as_str().or_else(|| label["name"].as_str())).map(str::to_owned).collect())
}

/// Whether the caller may mark issues: an App, or somebody who may push.
fn may_mark(call: &Call, repository: &Repository) -> bool {
    match call.caller {
        Caller::Token(token) => token.user().is_none_or(|user| call.world.pushes(repository, user)),
        Caller::App(_) => false,
    }
}

pub(super) fn create(call: &mut Call) -> Answered {
    let (repository, actor) = (call.repository()?, call.actor());
    call.world.may_write(repository).map_err(|why| Answer::error(403, why))?;
    let body = call.text("body").map(str::to_owned);
    fits(body.as_deref().unwrap_or_default(), true).map_err(too_long)?;
    // whoever may not push can't mark what they open, and isn't told
    let marks = labels(call).filter(|_| may_mark(call, repository)).unwrap_or_default();
    let (id, title) = (repository.id, call.text("title").unwrap_or_default().to_owned());
    let number = call.world.add_issue(id, &title, body, marks, actor);
    Ok(Answer { status: 201, ..by_number(call, number)? })
}

pub(super) fn change(call: &mut Call) -> Answered {
    let (repository, number, actor) = (call.repository()?, call.number("issue_number"), call.actor());
    let issue = repository.code.issues.get(&number).ok_or_else(Answer::not_found)?;
    call.writes_or_wrote(issue.author)?;
    call.world.may_write(repository).map_err(|why| Answer::error(403, why))?;
    let (title, body) = (call.text("title").map(str::to_owned), call.text("body").map(str::to_owned));
    fits(body.as_deref().unwrap_or_default(), true).map_err(too_long)?;
    let marks = labels(call).filter(|_| may_mark(call, repository));
    let state = call.text("state").map(str::to_owned);
    let reason = call.text("state_reason").unwrap_or("completed").to_owned();
    let (id, now) = (repository.id, call.world.now);
    let code = &mut call.world.repositories.get_mut(&id).expect("found").code;
    let issue = code.issues.get_mut(&number).expect("found");
    issue.title = title.unwrap_or_else(|| issue.title.clone());
    issue.body = body.or_else(|| issue.body.clone());
    issue.labels = marks.unwrap_or_else(|| issue.labels.clone());
    match state.as_deref() {
        Some("closed") if issue.closed.is_none() => issue.closed = Some((now, actor, reason)),
        Some("open") => issue.closed = None,
        _ => {}
    }
    issue.updated = now;
    by_number(call, number)
}

fn comment_item(call: &Call, repository: &Repository, comment: &Comment) -> Value {
    let full = call.world.full_name(repository);
    let kind = if repository.code.pulls.contains_key(&comment.number) { "pull" } else { "issues" };
    let web = format!("https://github.com/{full}/{kind}/{}", comment.number);
    let api = format!("{}/repos/{full}/issues", call.base);
    json!({
        "id": comment.id,
        "node_id": node_id("IC", comment.id),
        "url": format!("{api}/comments/{}", comment.id),
        "html_url": format!("{web}#issuecomment-{}", comment.id),
        "issue_url": format!("{api}/{}", comment.number),
        "user": call.world.accounts.get(&comment.author).map(|account| call.user(account)),
        "performed_via_github_app": via(call, comment.author),
        "body": comment.body,
        "author_association": call.world.association(repository, comment.author),
        "created_at": time(comment.created),
        "updated_at": time(comment.updated),
    })
}

/// What the path says that comments are about.
fn about(call: &Call) -> Result<(Id, u64), Answer> {
    let (repository, number) = (call.repository()?, call.number("issue_number"));
    let there = repository.code.issues.contains_key(&number) || repository.code.pulls.contains_key(&number);
    if there { Ok((repository.id, number)) } else { Err(Answer::not_found()) }
}

pub(super) fn comments(call: &mut Call) -> Answered {
    let (id, number) = about(call)?;
    let since: Option<Timestamp> = call.asked("since").and_then(|since| since.parse().ok());
    let all = call.repository()?.code.comments.values();
    let fits = |it: &&Comment| it.number == number && since.is_none_or(|since| it.updated >= since);
    let all: Vec<Comment> = all.filter(fits).cloned().collect();
    call.page(&all, |call, comment| comment_item(call, &call.world.repositories[&id], comment))
}

fn comment_refused(why: Refusal) -> Answer {
    Answer::unprocessable("IssueComment", "body", &why.message)
}

pub(super) fn add_comment(call: &mut Call) -> Answered {
    let ((id, number), actor) = (about(call)?, call.actor());
    call.world.may_write(call.repository()?).map_err(|why| Answer::error(403, why))?;
    let body = call.text("body").unwrap_or_default().to_owned();
    let comment = call.world.add_comment(id, number, actor, &body).map_err(comment_refused)?;
    let repository = call.repository()?;
    Ok(Answer::created(comment_item(call, repository, &repository.code.comments[&comment])))
}

pub(super) fn change_comment(call: &mut Call) -> Answered {
    let (repository, comment) = (call.repository()?, call.number("comment_id"));
    let id = repository.id;
    let author = repository.code.comments.get(&comment).ok_or_else(Answer::not_found)?.author;
    call.writes_or_wrote(author)?;
    call.world.may_write(repository).map_err(|why| Answer::error(403, why))?;
    let (body, now) = (call.text("body").unwrap_or_default().to_owned(), call.world.now);
    fits(&body, false).map_err(comment_refused)?;
    let code = &mut call.world.repositories.get_mut(&id).expect("found").code;
    let changed = code.comments.get_mut(&comment).expect("found");
    (changed.body, changed.updated) = (body, now);
    let repository = call.repository()?;
    Ok(Answer::ok(comment_item(call, repository, &repository.code.comments[&comment])))
}
