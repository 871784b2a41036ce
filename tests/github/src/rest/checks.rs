//! Checks of commits. Only Apps make them, and only the App that made one changes it.

use super::render::{node_id, time};
use super::{Answered, Call, Caller};
use crate::exchange::Answer;
use crate::world::{Annotation, CheckRun, Id, PullRequest, Repository, TokenKind};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The most characters that the title of a remark has.
const LONGEST_TITLE: usize = 255;
/// The most bytes that a remark has.
const LONGEST_MESSAGE: usize = 64 * 1024;

/// A pull request beside a check of its head.
fn pull(call: &Call, repository: &Repository, pull: &PullRequest) -> Value {
    let end = |of: &Repository, branch: &str, oid: &str| {
        let url = format!("{}/repos/{}", call.base, call.world.full_name(of));
        json!({ "ref": branch, "sha": oid, "repo": { "id": of.id, "url": url, "name": of.name } })
    };
    let url = format!("{}/repos/{}/pulls/{}", call.base, call.world.full_name(repository), pull.number);
    json!({
        "id": pull.id,
        "number": pull.number,
        "url": url,
        "head": end(repository, &pull.head, &pull.head_oid),
        "base": end(repository, &pull.base, &pull.base_oid),
    })
}

fn item(call: &Call, repository: &Repository, run: &CheckRun) -> Value {
    let full = call.world.full_name(repository);
    let url = format!("{}/repos/{full}/check-runs/{}", call.base, run.id);
    // those that come from the repository itself, as GitHub says
    let own = repository.code.pulls.values().filter(|it| it.is_open() && it.head_repository == repository.id);
    let pulls: Vec<Value> = own.filter(|it| it.head_oid == run.head).map(|it| pull(call, repository, it)).collect();
    json!({
        "id": run.id,
        "node_id": node_id("CR", run.id),
        "name": run.name,
        "head_sha": run.head,
        "external_id": run.external_id,
        "url": url,
        "html_url": format!("https://github.com/{full}/runs/{}", run.id),
        "details_url": run.details_url,
        "status": run.status,
        "conclusion": run.conclusion,
        "started_at": time(run.started),
        "completed_at": run.completed.map(time),
        "output": {
            "title": run.title,
            "summary": run.summary,
            "text": run.text,
            "annotations_count": run.annotations.len(),
            "annotations_url": format!("{url}/annotations"),
        },
        "check_suite": { "id": 5_000_000 + run.app },
        "app": super::app::item(call, run.app),
        "pull_requests": pulls,
    })
}

fn named<'a>(call: &'a Call) -> Result<(&'a Repository, &'a CheckRun), Answer> {
    let repository = call.repository()?;
    let run = repository.code.checks.get(&call.number("check_run_id")).ok_or_else(Answer::not_found)?;
    Ok((repository, run))
}

/// The App that calls, by a token of one of its installations.
fn app(call: &Call) -> Result<Id, Answer> {
    match call.caller {
        Caller::Token(token) => match &token.kind {
            TokenKind::Installation { installation, .. } => Ok(call.world.installations[installation].app),
            _ => Err(Answer::error(403, "You must authenticate via a GitHub App.")),
        },
        Caller::App(_) => Err(Answer::error(403, "Resource not accessible by integration")),
    }
}

fn wrong(field: &str, message: &str) -> Answer {
    Answer::unprocessable("CheckRun", field, message)
}

fn annotations(call: &Call) -> Result<Vec<Annotation>, Answer> {
    let sent = call.body["output"]["annotations"].as_array().map(Vec::as_slice).unwrap_or_default();
    let read = |sent: &Value| {
        let text = |name: &str| sent[name].as_str().map(str::to_owned);
        let number = |name: &str| sent[name].as_u64();
        let (start, end) = (number("start_line").unwrap_or(0), number("end_line").unwrap_or(0));
        let columns = number("start_column").zip(number("end_column"));
        let annotation = Annotation {
            path: text("path").unwrap_or_default(),
            start,
            end,
            columns,
            level: text("annotation_level").unwrap_or_default(),
            message: text("message").unwrap_or_default(),
            title: text("title"),
        };
        let partial = sent.get("start_column").is_some() || sent.get("end_column").is_some();
        if end < start {
            return Err(wrong("annotations", "end_line must be greater than or equal to start_line"));
        }
        if partial && (columns.is_none() || start != end) {
            return Err(wrong("annotations", "start_column and end_column are for annotations of one line"));
        }
        if annotation.title.as_ref().is_some_and(|title| title.chars().count() > LONGEST_TITLE) {
            return Err(wrong("annotations", "title is too long (maximum is 255 characters)"));
        }
        if annotation.message.len() > LONGEST_MESSAGE || annotation.message.is_empty() {
            return Err(wrong("annotations", "message must be between 1 byte and 64 KB"));
        }
        Ok(annotation)
    };
    sent.iter().map(read).collect()
}

/// Takes what a request says of a run. Remarks come behind those that are there.
fn take(call: &mut Call, repository: Id, run: Id) -> Answered {
    let annotations = annotations(call)?;
    let (body, now) = (call.body.clone(), call.world.now);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let at = |name: &str| body[name].as_str().and_then(|at| at.parse::<Timestamp>().ok());
    let kept = call.world.check_mut(repository, run);
    kept.name = text(&body["name"]).unwrap_or_else(|| kept.name.clone());
    kept.external_id = text(&body["external_id"]).or_else(|| kept.external_id.clone());
    kept.details_url = text(&body["details_url"]).or_else(|| kept.details_url.clone());
    kept.status = text(&body["status"]).unwrap_or_else(|| kept.status.clone());
    kept.started = at("started_at").unwrap_or(kept.started);
    if let Some(conclusion) = text(&body["conclusion"]) {
        kept.status = "completed".to_owned();
        kept.conclusion = Some(conclusion);
        kept.completed = Some(at("completed_at").unwrap_or(now));
    } else if kept.status != "completed" {
        (kept.conclusion, kept.completed) = (None, None);
    }
    if body.get("output").is_some() {
        kept.title = text(&body["output"]["title"]).or_else(|| kept.title.clone());
        kept.summary = text(&body["output"]["summary"]).or_else(|| kept.summary.clone());
        kept.text = text(&body["output"]["text"]).or_else(|| kept.text.clone());
        kept.annotations.extend(annotations);
    }
    let repository = &call.world.repositories[&repository];
    Ok(Answer::ok(item(call, repository, &repository.code.checks[&run])))
}

pub(super) fn create(call: &mut Call) -> Answered {
    let (repository, app) = (call.repository()?, app(call)?);
    call.world.may_write(repository).map_err(|why| Answer::error(403, why))?;
    let (name, head) = (call.text("name").unwrap_or_default().to_owned(), call.text("head_sha").unwrap_or_default());
    if call.world.objects_of(repository).get(head).is_none() {
        return Err(wrong("head_sha", &format!("No commit found for SHA: {head}")));
    }
    annotations(call)?;
    let (id, head) = (repository.id, head.to_owned());
    let run = call.world.add_check(id, app, &name, &head);
    Ok(Answer { status: 201, ..take(call, id, run)? })
}

pub(super) fn change(call: &mut Call) -> Answered {
    let ((repository, run), app) = (named(call)?, app(call)?);
    if run.app != app {
        let who = "check run can only be modified by the GitHub App that created it.";
        return Err(Answer::error(403, &format!("Invalid app_id `{app}` - {who}")));
    }
    let (repository, run) = (repository.id, run.id);
    take(call, repository, run)
}

pub(super) fn get(call: &mut Call) -> Answered {
    let (repository, run) = named(call)?;
    Ok(Answer::ok(item(call, repository, run)))
}

pub(super) fn of_commit(call: &mut Call) -> Answered {
    let repository = call.repository()?;
    let name = call.parameter("ref");
    let name = name.strip_prefix("heads/").unwrap_or(name);
    let oid = repository.code.branches.get(name).map_or(name, String::as_str);
    if call.world.objects_of(repository).get(oid).is_none() {
        return Err(Answer::error(422, &format!("No commit found for SHA: {name}")));
    }
    let (named, status) = (call.asked("check_name"), call.asked("status"));
    let app = call.asked("app_id").and_then(|id| id.parse::<Id>().ok());
    let mut runs: Vec<&CheckRun> = repository.code.checks.values().filter(|run| run.head == oid).collect();
    if call.asked("filter") != Some("all") {
        let last: BTreeMap<(Id, &str), &CheckRun> =
            runs.iter().map(|run| ((run.app, run.name.as_str()), *run)).collect();
        runs = last.into_values().collect();
    }
    runs.retain(|run| {
        named.is_none_or(|name| run.name == name)
            && status.is_none_or(|status| run.status == status)
            && app.is_none_or(|app| run.app == app)
    });
    runs.sort_by_key(|run| std::cmp::Reverse(run.id));
    let (id, all) = (repository.id, runs.into_iter().map(|run| run.id).collect::<Vec<Id>>());
    call.counted_page(&all, "check_runs", |call, run| {
        let repository = &call.world.repositories[&id];
        item(call, repository, &repository.code.checks[run])
    })
}

pub(super) fn remarks(call: &mut Call) -> Answered {
    let (repository, run) = named(call)?;
    let full = call.world.full_name(repository);
    let (head, all) = (run.head.clone(), run.annotations.clone());
    call.page(&all, |_, remark| {
        json!({
            "path": remark.path,
            "start_line": remark.start,
            "end_line": remark.end,
            "start_column": remark.columns.map(|(start, _)| start),
            "end_column": remark.columns.map(|(_, end)| end),
            "annotation_level": remark.level,
            "title": remark.title,
            "message": remark.message,
            "raw_details": null,
            "blob_href": format!("https://github.com/{full}/blob/{head}/{}", remark.path),
        })
    })
}
