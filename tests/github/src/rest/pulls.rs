//! Pull requests.

use super::render::{and, node_id, time};
use super::{Answered, Call, Caller, Refused};
use crate::exchange::Answer;
use crate::world::{Id, Method, NO_COMMIT, Proposal, PullRequest, Refusal, Repository};
use serde_json::{Value, json};
use sha2::Digest;

/// The commit by which GitHub tries whether a pull request can be merged. Nobody's clone has it.
fn test_merge(call: &Call, repository: &Repository, pull: &PullRequest) -> Option<String> {
    let tip = repository.code.branches.get(&pull.base).map_or(NO_COMMIT, String::as_str);
    call.world.objects_of(repository).merged(tip, &pull.head_oid)?;
    let hash = sha2::Sha256::digest(format!("{tip}+{}", pull.head_oid));
    Some(hash.iter().take(20).map(|byte| format!("{byte:02x}")).collect())
}

/// One of the two ends of a pull request. A fork may be gone.
fn end(call: &Call, repository: Option<&Repository>, branch: &str, oid: &str) -> Value {
    let label = repository
        .map_or_else(|| "unknown repository".to_owned(), |repository| call.world.label(repository.id, branch));
    json!({
        "label": label,
        "ref": branch,
        "sha": oid,
        "repo": repository.map(|repository| call.repository_item(repository)),
        "user": repository.map(|repository| call.owner(repository)),
    })
}

/// What all forms of a pull request have.
fn simple(call: &Call, repository: &Repository, pull: &PullRequest) -> Value {
    let full = call.world.full_name(repository);
    let (api, web) = (format!("{}/repos/{full}", call.base), format!("https://github.com/{full}/pull/{}", pull.number));
    let (url, issue) = (format!("{api}/pulls/{}", pull.number), format!("{api}/issues/{}", pull.number));
    let merge = pull.merged.as_ref().map(|merged| merged.commit.clone()).or_else(|| test_merge(call, repository, pull));
    let auto_merge = pull.auto_merge.as_ref().map(|wanted| {
        json!({
            "enabled_by": call.user_by_number(wanted.by),
            "merge_method": wanted.method.word(),
            "commit_title": "",
            "commit_message": "",
        })
    });
    let statuses = format!("{api}/statuses/{}", pull.head_oid);
    let links = [
        ("comments", format!("{issue}/comments")),
        ("commits", format!("{url}/commits")),
        ("statuses", statuses.clone()),
        ("html", web.clone()),
        ("issue", issue.clone()),
        ("review_comments", format!("{url}/comments")),
        ("review_comment", format!("{api}/pulls/comments{{/number}}")),
        ("self", url.clone()),
    ];
    let links: serde_json::Map<String, Value> =
        links.into_iter().map(|(name, href)| (name.to_owned(), json!({ "href": href }))).collect();
    let mut shown = json!({
        "id": pull.id,
        "node_id": node_id("PR", pull.id),
        "number": pull.number,
        "state": if pull.is_open() { "open" } else { "closed" },
        "locked": false,
        "title": pull.title,
        "body": pull.body,
        "user": call.user_by_number(pull.author),
        "draft": pull.draft,
        "author_association": call.world.association(repository, pull.author),
        "created_at": time(pull.created),
        "updated_at": time(pull.updated),
        "closed_at": pull.closed.map(time),
        "merged_at": pull.merged.as_ref().map(|merged| time(merged.at)),
        "merge_commit_sha": merge,
        "head": end(call, call.world.repositories.get(&pull.head_repository), &pull.head, &pull.head_oid),
        "base": end(call, Some(repository), &pull.base, &pull.base_oid),
        "auto_merge": auto_merge,
        "labels": [],
        "milestone": null,
        "active_lock_reason": null,
        "assignee": null,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "html_url": web,
        "diff_url": format!("{web}.diff"),
        "patch_url": format!("{web}.patch"),
        "issue_url": issue,
        "comments_url": format!("{issue}/comments"),
        "commits_url": format!("{url}/commits"),
        "review_comments_url": format!("{url}/comments"),
        "review_comment_url": format!("{api}/pulls/comments{{/number}}"),
        "statuses_url": statuses,
        "url": url,
        "_links": links,
    });
    if let Some(stack) = stack(repository, pull) {
        shown["stack"] = stack;
    }
    shown
}

/// Where a pull request is in its stack, if it is in one.
fn stack(repository: &Repository, pull: &PullRequest) -> Option<Value> {
    let stack = repository.code.stacks.iter().find(|stack| stack.pulls.contains(&pull.number))?;
    let position = stack.pulls.iter().position(|number| *number == pull.number)? + 1;
    let lowest = &repository.code.pulls[&stack.pulls[0]];
    Some(json!({
        "id": stack.id,
        "number": stack.number,
        "size": stack.pulls.len(),
        "position": position,
        "base": { "ref": lowest.base, "sha": lowest.base_oid },
    }))
}

/// Whether it can be merged now, as a person sees it who merges.
fn state(call: &Call, repository: &Repository, pull: &PullRequest) -> (Option<bool>, &'static str) {
    if !pull.is_open() {
        return (None, "unknown");
    }
    let allowed = || call.world.rules_allow(repository, (pull.number, &pull.base), call.actor(), &pull.head_oid, false);
    match call.world.is_mergeable((repository.id, pull.number)) {
        Err(_) if pull.draft => (Some(true), "draft"),
        Err(_) => (Some(false), "dirty"),
        Ok(()) if allowed().is_err() => (Some(true), "blocked"),
        Ok(()) => (Some(true), "clean"),
    }
}

/// A pull request in full.
fn full(call: &Call, repository: &Repository, pull: &PullRequest) -> Value {
    let objects = call.world.objects_of(repository);
    let changed = objects.difference(&pull.base_oid, &pull.head_oid);
    let lines = |of: fn(&(Vec<String>, Vec<String>)) -> usize| changed.values().flatten().map(of).sum::<usize>();
    let (mergeable, state) = state(call, repository, pull);
    let comments = repository.code.comments.values().filter(|comment| comment.number == pull.number).count();
    let more = json!({
        "merged": pull.merged.is_some(),
        "merged_by": pull.merged.as_ref().map(|merged| call.user_by_number(merged.by)),
        "mergeable": mergeable,
        "rebaseable": mergeable,
        "mergeable_state": state,
        "comments": comments,
        "review_comments": 0,
        "maintainer_can_modify": false,
        "commits": call.world.commits_of(repository, pull).len(),
        "additions": lines(|hunk| hunk.1.len()),
        "deletions": lines(|hunk| hunk.0.len()),
        "changed_files": changed.len(),
    });
    and(simple(call, repository, pull), more)
}

impl Call<'_> {
    /// The pull request that the path names, by repository and number.
    pub(super) fn pull(&self) -> Result<(&Repository, &PullRequest), Answer> {
        let repository = self.repository()?;
        let pull = repository.code.pulls.get(&self.number("pull_number")).ok_or_else(Answer::not_found)?;
        Ok((repository, pull))
    }

    /// Refuses somebody who neither wrote something nor may push. An App may what its permissions say.
    pub(super) fn writes_or_wrote(&self, author: Id) -> Result<(), Answer> {
        let Caller::Token(token) = self.caller else { return Err(Answer::not_found()) };
        let repository = self.repository()?;
        match token.user() {
            Some(user) if user != author && !self.world.pushes(repository, user) => {
                Err(Answer::error(403, "Must have admin rights to Repository."))
            }
            _ => Ok(()),
        }
    }
}

pub(super) fn list(call: &mut Call) -> Answered {
    let by_update = call.asked("sort") == Some("updated");
    if let Some(other) = call.asked("sort").filter(|sort| !["created", "updated"].contains(sort)).map(str::to_owned) {
        call.violations.push(format!("the stand-in doesn't sort pull requests by `{other}`"));
    }
    if let Some(head) = call.asked("head").filter(|head| !head.contains(':')).map(str::to_owned) {
        call.violations.push(format!("`head={head}` names no owner, so GitHub gives all pull requests"));
    }
    let repository = call.repository()?;
    let (state, base, head) = (call.asked("state").unwrap_or("open"), call.asked("base"), call.asked("head"));
    let fits = |pull: &&PullRequest| {
        let labelled = head.is_none_or(|head| {
            !head.contains(':') || call.world.label(pull.head_repository, &pull.head).eq_ignore_ascii_case(head)
        });
        labelled && base.is_none_or(|base| pull.base == base) && (state == "all" || (state == "open") == pull.is_open())
    };
    let mut all: Vec<&PullRequest> = repository.code.pulls.values().filter(fits).collect();
    all.sort_by_key(|pull| (by_update.then_some(pull.updated), pull.number));
    let descends = call.asked("direction").map_or(!by_update, |it| it == "desc");
    if descends {
        all.reverse();
    }
    let (id, all) = (repository.id, all.into_iter().map(|pull| pull.number).collect::<Vec<u64>>());
    numbered(call, id, &all)
}

fn numbered(call: &mut Call, repository: Id, all: &[u64]) -> Answered {
    call.page(all, |call, number| {
        let repository = &call.world.repositories[&repository];
        simple(call, repository, &repository.code.pulls[number])
    })
}

pub(super) fn with_commit(call: &mut Call) -> Answered {
    let (repository, oid) = (call.repository()?, call.parameter("commit_sha"));
    if call.world.objects_of(repository).get(oid).is_none() {
        return Err(Answer::error(422, &format!("No commit found for SHA: {oid}")));
    }
    let found = call.world.pulls_with(repository, oid);
    let (id, all) = (repository.id, found.into_iter().map(|pull| pull.number).collect::<Vec<u64>>());
    numbered(call, id, &all)
}

pub(super) fn get(call: &mut Call) -> Answered {
    let (repository, pull) = call.pull()?;
    Ok(Answer::ok(full(call, repository, pull)))
}

/// What a refusal becomes where the description wants errors with a field.
fn refused(why: Refusal) -> Answer {
    match why.status {
        422 => Answer::unprocessable("PullRequest", "base", &why.message),
        status => Answer::error(status, &why.message),
    }
}

pub(super) fn create(call: &mut Call) -> Answered {
    let (repository, actor) = (call.repository()?, call.actor());
    let id = repository.id;
    let (wanted, base) = (call.text("head").unwrap_or_default(), call.text("base").unwrap_or_default().to_owned());
    let (owner, head) = wanted.split_once(':').map_or((None, wanted), |(owner, head)| (Some(owner), head));
    let from = call.world.repositories.values().find(|it| {
        let owned = owner.map_or(it.id == id, |owner| call.world.owner_login(it).eq_ignore_ascii_case(owner));
        owned && call.world.is_related(it.id, id)
    });
    let invalid = || Answer::unprocessable("PullRequest", "head", "head is invalid");
    let (head_repository, head) = (from.ok_or_else(invalid)?.id, head.to_owned());
    if call.body.get("issue").is_some() || call.body.get("head_repo").is_some() {
        call.violations.push("the stand-in opens pull requests only by a title and a head".to_owned());
    }
    let title = call.text("title").unwrap_or_default().to_owned();
    if title.is_empty() {
        return Err(Answer::unprocessable("PullRequest", "title", "title is too short (minimum is 1 character)"));
    }
    let body = call.text("body").unwrap_or_default().to_owned();
    let draft = call.body["draft"].as_bool().unwrap_or(false);
    let proposal = Proposal { title, body, head_repository, head, base, draft };
    let number = call.world.propose(id, proposal, actor).map_err(refused)?;
    let repository = call.repository()?;
    Ok(Answer::created(full(call, repository, &repository.code.pulls[&number])))
}

pub(super) fn change(call: &mut Call) -> Answered {
    let (repository, pull) = call.pull()?;
    let (key, author, actor) = ((repository.id, pull.number), pull.author, call.actor());
    call.writes_or_wrote(author)?;
    if let Err(why) = call.world.may_write(repository) {
        return Err(Answer::error(403, why));
    }
    let (title, body) = (call.text("title").map(str::to_owned), call.text("body").map(str::to_owned));
    let (state, base) = (call.text("state").map(str::to_owned), call.text("base").map(str::to_owned));
    if let Some(base) = base {
        call.world.change_base(key, &base, actor).map_err(refused)?;
    }
    match state.as_deref() {
        Some("open") => call.world.set_open(key, actor).map_err(refused)?,
        Some("closed") if call.pull()?.1.is_open() => call.world.set_closed(key, actor),
        _ => {}
    }
    let now = call.world.now;
    let pull = call.world.pull_mut(key);
    pull.title = title.unwrap_or_else(|| pull.title.clone());
    pull.body = body.unwrap_or_else(|| pull.body.clone());
    pull.updated = now;
    get(call)
}

pub(super) fn merge(call: &mut Call) -> Answered {
    let (repository, pull) = call.pull()?;
    let (key, head, actor) = ((repository.id, pull.number), pull.head_oid.clone(), call.actor());
    if call.text("sha").is_some_and(|sha| sha != head) {
        return Err(Answer::error(409, "Head branch was modified. Review and try the merge again."));
    }
    if call.text("commit_title").is_some() || call.text("commit_message").is_some() {
        call.violations.push("the stand-in writes the messages of merges itself".to_owned());
    }
    let method = call.text("merge_method").and_then(Method::from_word).unwrap_or(Method::Merge);
    let sha = call.world.land(key, method, actor, None).map_err(|why| Answer::from(Refused(why)))?;
    Ok(Answer::ok(json!({ "sha": sha, "merged": true, "message": "Pull Request successfully merged" })))
}
