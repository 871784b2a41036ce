//! Which pull requests name a commit as theirs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::answers::{Associated, AssociatedCommit, AssociatedList, items};
use super::branch::Moves;
use super::{Wanted, texts};
use crate::approval::codes::EVIDENCE_INCOMPLETE;
use crate::approval::pull::Arrival;
use crate::finding::Refusal;
use crate::forge::connection::{Connection, Home};
use crate::repository::Oid;
use crate::targets::TargetError;
use crate::targets::github::client::{Api, Failure};

/// So many commits are asked about by one query.
const AT_ONCE: usize = 50;

/// So many further pages of pull requests that name one commit are read: whoever can push may merge it anywhere else.
const PAGES: usize = 100;

/// Right after a merge the forge may not know yet which pull request it was. So often it is asked once more, and so long apart.
const AGAIN: usize = 3;
const PAUSE: Duration = Duration::from_secs(10);

type Claims = BTreeMap<Oid, Result<BTreeSet<u64>, Refusal>>;

/// By each commit that landed, the merged pull requests into the branch that name it as their merge.
pub(super) fn claims(
    connection: &Connection,
    home: &Home,
    wanted: &Wanted<'_>,
    moves: &Moves,
) -> Result<Claims, TargetError> {
    let mut claims = Claims::new();
    let mut open: Vec<Oid> = wanted.landed.iter().copied().collect();
    for round in 0..=AGAIN {
        for part in open.chunks(AT_ONCE) {
            for (commit, found) in associated(connection, home, part)? {
                claims.insert(commit, found.map(|pulls| claiming(&pulls, home, wanted.branch, commit)));
            }
        }
        // merged by the forge, and by no pull request: it doesn't know yet
        let unsettled = |commit: &Oid| {
            moves.to(*commit).arrival == Arrival::Merge
                && claims.get(commit).is_some_and(|found| found.as_ref().is_ok_and(BTreeSet::is_empty))
        };
        open = wanted.landed.iter().copied().filter(unsettled).collect();
        if open.is_empty() || round == AGAIN || !connection.pause(PAUSE) {
            break;
        }
    }
    for commit in open {
        let fact = format!("the forge merged {}, and doesn't tell yet by which pull request", commit.short());
        let refusal = Refusal::new(&EVIDENCE_INCOMPLETE, fact, "run it again in a few minutes");
        claims.insert(commit, Err(refusal));
    }
    Ok(claims)
}

fn claiming(pulls: &[Associated], home: &Home, branch: &str, commit: Oid) -> BTreeSet<u64> {
    let claims = pulls.iter().filter(|pull| {
        pull.merged
            && pull.merge_commit.as_ref().is_some_and(|merge| merge.oid == commit)
            && pull.base_ref_name == branch
            && pull.base_repository.as_ref().and_then(|base| base.id) == Some(home.id)
    });
    claims.map(|pull| pull.number).collect()
}

/// The open pull request of a head: the one onto the branch, or else any, which then is told to go elsewhere.
pub(super) fn open(connection: &Connection, home: &Home, branch: &str, head: Oid) -> Result<Option<u64>, TargetError> {
    let found = associated(connection, home, &[head])?.remove(&head);
    let pulls = found.and_then(Result::ok).unwrap_or_default();
    let here = |pull: &&Associated| {
        pull.state == "OPEN"
            && pull.head_ref_oid == head
            && pull.base_repository.as_ref().and_then(|base| base.id) == Some(home.id)
    };
    let mut open: Vec<&Associated> = pulls.iter().filter(here).collect();
    open.sort_by_key(|pull| (pull.base_ref_name != branch, pull.number));
    Ok(open.first().map(|pull| pull.number))
}

type Found = BTreeMap<Oid, Result<Vec<Associated>, Refusal>>;

/// All pull requests that commits belong to.
fn associated(connection: &Connection, home: &Home, commits: &[Oid]) -> Result<Found, TargetError> {
    let text = texts::commits(commits);
    connection.see("find the pull requests that brought commits", async |api| {
        let variables = json!({ "owner": home.owner(), "name": home.name() });
        let lists = lists(api, home, &text, variables, commits).await?;
        let mut found = Found::new();
        for (commit, list) in commits.iter().zip(lists) {
            // a commit that the forge doesn't have is nobody's
            let pulls = match list {
                Some(list) => whole(api, home, *commit, list).await?,
                None => Ok(Vec::new()),
            };
            found.insert(*commit, pulls);
        }
        Ok(found)
    })
}

/// A list with all its pages.
async fn whole(
    api: &Api,
    home: &Home,
    commit: Oid,
    first: AssociatedList,
) -> Result<Result<Vec<Associated>, Refusal>, Failure> {
    let (total, mut page) = (first.total_count, first.page_info);
    let mut pulls = items(first.nodes, "pull requests")?;
    for _ in 0..PAGES {
        let Some(after) = page.end_cursor.as_ref().filter(|_| page.has_next_page) else { break };
        let variables = json!({ "owner": home.owner(), "name": home.name(), "after": after });
        let more = lists(api, home, &texts::more_of(commit), variables, &[commit]).await?;
        let more = more.into_iter().flatten().next().ok_or_else(|| odd("a commit went"))?;
        pulls.extend(items(more.nodes, "pull requests")?);
        page = more.page_info;
    }
    let is_whole = u64::try_from(pulls.len()).is_ok_and(|read| read == total);
    Ok(if is_whole { Ok(pulls) } else { Err(too_many(commit, total)) })
}

/// The first page of each commit's list, in the order of commits; none where the forge doesn't have it.
async fn lists(
    api: &Api,
    home: &Home,
    text: &str,
    variables: Value,
    commits: &[Oid],
) -> Result<Vec<Option<AssociatedList>>, Failure> {
    let answered = api.query(text, variables).await;
    let data: Map<String, Value> = answered.map_err(|failure| failure.lacking(texts::PERMISSION))?;
    let repository = data.get("repository").and_then(Value::as_object).ok_or_else(|| odd("the repository is null"))?;
    if repository.get("databaseId").and_then(Value::as_u64) != Some(home.id) {
        return Err(odd("another repository answered"));
    }
    let list = |(number, commit): (usize, &Oid)| {
        let answer = repository.get(&format!("c{number}")).cloned().unwrap_or_default();
        let answer: Option<AssociatedCommit> =
            serde_json::from_value(answer).map_err(|error| odd(&format!("an answer can't be read: {error}")))?;
        let Some(AssociatedCommit { oid, associated_pull_requests }) = answer else { return Ok(None) };
        if oid != Some(*commit) {
            return Err(odd("another commit was answered"));
        }
        associated_pull_requests.map(Some).ok_or_else(|| odd("a list of pull requests is null"))
    };
    commits.iter().enumerate().map(list).collect()
}

fn odd(why: &str) -> Failure {
    Failure::Odd { why: why.to_owned() }
}

fn too_many(commit: Oid, total: u64) -> Refusal {
    let fact = format!("{total} pull requests name {}, more than are read", commit.short());
    Refusal::new(&EVIDENCE_INCOMPLETE, fact, "let one pull request bring a change")
}
