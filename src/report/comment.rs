//! The comment below a pull request: the plan while it is open, what came of it once it has landed.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::PlanView;
use super::escape::{markdown_code, markdown_message};
use super::facts::{conditions, permission, tail};
use super::markdown;
use super::rows::{Row, cut};
use super::shortened::{characters, shortened};
use super::style::{capitalised, count};
use crate::access::time::{format_end, format_moment, format_start};
use crate::apply::{Extent, Outcome};
use crate::approval::Landing;
use crate::forge::marker::Marker;
use crate::plan::operations::Found;
use crate::plan::{EntitlementChange, Operation};

/// Characters of a comment; GitHub takes 65,536.
pub const MOST: usize = 65_000;

/// Characters for a list that may be cut.
const LIST: usize = 12_000;

/// The plan of an open pull request, and what marks it.
pub fn plan(view: &PlanView<'_>) -> (Marker, String) {
    let marker = Marker::Plan { digest: view.plan.digest.to_string(), approvals: view.standing.said.given.len() };
    let text = body(&marker, &markdown::plan(view));
    (marker, text)
}

/// A marker and what follows it, no longer than a comment may be.
fn body(marker: &Marker, text: &str) -> String {
    shortened(&format!("{marker}\n{text}"), MOST, characters)
}

/// In place of a plan that people approved before it changed.
pub fn outdated(newer: &str) -> String {
    let here =
        address(newer).map_or_else(|| "in a later comment".to_owned(), |url| format!("[in this comment]({url})"));
    format!(
        "{}\n### Outdated: the change is another one than the one that was approved here\n\nWhat it would do now stands \
         {here}. What was approved is no longer what would land, so it needs approval again.\n",
        Marker::Outdated
    )
}

/// An address that can stand in a link as it is.
fn address(url: &str) -> Option<&str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/#:?=&%".contains(c);
    (url.starts_with("https://") && url.chars().all(plain)).then_some(url)
}

/// A landing that was approved, and that a run applied or found applied.
#[derive(Clone, Copy, Debug)]
pub struct Landed<'a> {
    pub landing: &'a Landing,
    /// What it changes, sorted.
    pub changes: &'a [EntitlementChange],
}

impl Landed<'_> {
    /// What of the landing an operation carries out.
    fn is_of(&self, operation: &Operation) -> bool {
        let principal = operation.principal.to_string();
        self.changes.iter().any(|change| {
            let key = &change.key;
            let same = match &operation.person {
                Some(person) => *person == key.person,
                None => principal == *key.principal,
            };
            same && key.target == operation.target
                && key.kind.name == operation.kind.name
                && *key.resource == *operation.resource
        })
    }

    fn is_pending(&self, found: &Found) -> bool {
        self.changes.iter().any(|change| {
            found.person.as_ref() == Some(&change.key.person)
                && change.key.target == found.target
                && change.key.kind.name == found.live.kind.name
                && *change.key.resource == *found.live.resource
        })
    }

    /// True where something that it changes could not be read, so that nobody knows what there is to do.
    fn is_unseen(&self, outcome: &Outcome) -> bool {
        self.changes.iter().map(|change| &change.key).any(|key| {
            outcome.unread().any(|target| *target == key.target)
                || outcome.unread_resources().any(|(target, resource)| {
                    *target == key.target && resource.kind.name == key.kind.name && *resource.name == *key.resource
                })
        })
    }

    /// What of it an earlier run did, as far as it holds now and this run did nothing about it.
    fn before(&self, own: &[&Operation], now: Timestamp) -> Vec<Row> {
        if !self.landing.recorded {
            return Vec::new();
        }
        let row = |change: &EntitlementChange| {
            let is_own = |operation: &&Operation| {
                let one = [change.clone()];
                Landed { landing: self.landing, changes: &one }.is_of(operation)
            };
            let holds = change.gained.contains(now);
            let taken = !change.after.contains(now) && change.lost.contains(now);
            if own.iter().any(is_own) || !(holds || taken) {
                return None;
            }
            let key = &change.key;
            let (verb, of) = if holds { ("grant", "to") } else { ("revoke", "of") };
            Some(Row::new(
                format!(
                    "{verb} {} {of} {} on {} {} at {}",
                    markdown_code(&key.permission),
                    markdown_code(key.person.as_str()),
                    key.kind.name,
                    markdown_code(&key.resource),
                    markdown_code(key.target.as_str()),
                ),
                taken,
            ))
        };
        self.changes.iter().filter_map(row).collect()
    }

    /// What it gives from a later instant on.
    fn later(&self, now: Timestamp, zone: &TimeZone) -> Vec<Row> {
        let row = |change: &EntitlementChange| {
            let starts = change.gained.start().filter(|start| *start > now)?;
            let key = &change.key;
            let until = change.gained.end().map(|end| format!(", until {}", format_end(end, zone))).unwrap_or_default();
            Some(Row::new(
                format!(
                    "{} gets {} on {} {} at {} from {}{until}{}",
                    markdown_code(key.person.as_str()),
                    markdown_code(&key.permission),
                    key.kind.name,
                    markdown_code(&key.resource),
                    markdown_code(key.target.as_str()),
                    format_start(starts, zone),
                    tail(&key.conditions, zone)
                ),
                false,
            ))
        };
        self.changes.iter().filter_map(row).collect()
    }
}

/// What came of a landing, and what marks it.
pub fn applied(outcome: &Outcome, landed: Landed<'_>, zone: &TimeZone, now: Timestamp) -> (Marker, String) {
    let own = |operations: &[Operation]| operations.iter().filter(|one| landed.is_of(one)).cloned().collect::<Vec<_>>();
    let (done, open) = (own(&outcome.done), own(&outcome.not_started));
    let failed: Vec<&(Operation, String)> = outcome.failed.iter().filter(|(one, _)| landed.is_of(one)).collect();
    let later = landed.later(now, zone);
    let own: Vec<&Operation> = done.iter().chain(failed.iter().map(|(one, _)| one)).chain(&open).collect();
    let before = landed.before(&own, now);
    let own = own.len();
    let all = own + before.len();
    let unseen = landed.is_unseen(outcome);
    let heading = match (done.len() + before.len(), all) {
        (0, 0) if unseen => "Not applied: not all that it changes could be read".to_owned(),
        (done, all) if unseen && done == all => {
            format!("Partly applied: {}, and not all of the rest could be read", count(done, "change"))
        }
        (0, 0) if !later.is_empty() => "Landed: nothing of it is due yet".to_owned(),
        (0, 0) => "Applied: nothing had to change".to_owned(),
        (done, all) if done == all => format!("Applied: {}", count(all, "change")),
        (0, all) => format!("Not applied: none of {} done", count(all, "change")),
        (done, all) => format!("Partly applied: {done} of {} done", count(all, "change")),
    };
    let commit = landed.landing.commit.short();
    let mut text = format!("### {heading}\n\nLanded as {}, {}.\n", markdown_code(&commit), format_moment(now, zone));
    let told = |(operation, why): &&(Operation, String)| {
        Row::always(format!("{}\n  - {}", item(operation, zone), markdown_message(why)))
    };
    text.push_str(&list("Failed", failed.iter().map(told).collect()));
    let not_started = open.iter().map(|one| Row::new(item(one, zone), one.only_takes()));
    text.push_str(&list("Not started", not_started.collect()));
    let pending = outcome.pending.iter().filter(|found| landed.is_pending(found));
    text.push_str(&list("Waits until it is accepted", pending.map(waiting).collect()));
    text.push_str(&list("What lives on", lives_on(outcome, landed, zone)));
    // what somebody has to accept is told as that
    let accepted = done.iter().filter(|one| !outcome.pending.iter().any(|found| is_same(one, found)));
    text.push_str(&list("Done", accepted.map(|one| Row::new(item(one, zone), one.only_takes())).collect()));
    text.push_str(&list("Done by an earlier run", before));
    text.push_str(&list("Later", later));
    let is_left = unseen || !(failed.is_empty() && open.is_empty());
    if is_left {
        let reason = |refusal| Row::always(markdown::reason(refusal));
        text.push_str(&list("Why", outcome.refusals.iter().map(reason).collect()));
        text.push_str("\nThe next run tries again.\n");
    }
    text.push_str(&beside(outcome, own));
    let digest = landed.landing.digest.clone().unwrap_or_default();
    text.push_str(&format!("\nDigest {}\n", markdown_code(&digest)));
    let marker = Marker::Applied { digest, open: is_left };
    let text = body(&marker, &text);
    (marker, text)
}

/// Why nothing of a landing is applied, what to do, and what marks it. It says the same in every run that refuses the same.
pub fn refused(outcome: &Outcome, landing: &Landing) -> (Marker, String) {
    let mut text = format!(
        "### Refused: what this merged is not applied\n\nLanded as {}. What lands after it waits behind it.\n",
        markdown_code(&landing.commit.short())
    );
    if outcome.removals.iter().any(|removal| removal.commit == landing.commit) {
        text.push_str("What it takes away went through all the same.\n");
    }
    let reason = |refusal| Row::always(markdown::reason(refusal));
    text.push_str(&list("Why, and what to do", landing.refusals.iter().map(reason).collect()));
    let text = body(&Marker::Refused, &text);
    (Marker::Refused, text)
}

/// True where an operation gave what is found waiting for its principal.
fn is_same(operation: &Operation, found: &Found) -> bool {
    !operation.only_takes()
        && operation.target == found.target
        && operation.kind.name == found.live.kind.name
        && *operation.resource == *found.live.resource
        && operation.permission == found.live.permission
        && operation.person == found.person
}

/// What the same run did for other reasons, and how far it could see.
fn beside(outcome: &Outcome, own: usize) -> String {
    let mut text = String::new();
    let all = outcome.done.len() + outcome.failed.len() + outcome.not_started.len();
    if all > own {
        let more = count(all - own, "operation");
        text.push_str(&format!(
            "\nThe run had {more} more for other landings, starts, ends and drift; `dualkey audit log` tells them.\n"
        ));
    }
    if let Extent::Reduced { .. } = outcome.extent {
        let unread: BTreeSet<&str> = outcome.unread().map(|target| target.as_str()).collect();
        let names: Vec<String> = unread.into_iter().map(markdown_code).collect();
        if !names.is_empty() {
            text.push_str(&format!("\nNot read: {}; nobody knows what is held there.\n", names.join(", ")));
        }
    }
    if !outcome.is_logged() {
        text.push_str("\nThis run stands in no log.\n");
    }
    text
}

/// Sessions and the like that go on for a while, and what else is to be known.
fn lives_on(outcome: &Outcome, landed: Landed<'_>, zone: &TimeZone) -> Vec<Row> {
    let left = outcome.left.iter().filter(|(operation, _)| landed.is_of(operation));
    let row = |(operation, done): &(Operation, crate::targets::Done)| {
        let until = done.lives_until.map(|until| format!("sessions may go on until {}", format_moment(until, zone)));
        let note = done.note.as_deref().map(markdown_message);
        let what: Vec<String> = until.into_iter().chain(note).collect();
        Row::always(format!("{}: {}", whose(operation), what.join("; ")))
    };
    left.map(row).collect()
}

fn whose(operation: &Operation) -> String {
    let who = operation.person.as_ref().map_or_else(|| operation.principal.to_string(), ToString::to_string);
    format!(
        "{} on {} {} at {}",
        markdown_code(&who),
        operation.kind.name,
        markdown_code(&operation.resource),
        markdown_code(operation.target.as_str())
    )
}

/// `grant push to alice.nguyen on repository northwind/shop at github, until 2027-01-04`, with data in code.
pub(super) fn item(operation: &Operation, zone: &TimeZone) -> String {
    let until = operation.until.map(|until| format!(", until {}", format_end(until, zone))).unwrap_or_default();
    format!(
        "{} {} {} {}{until}{}",
        operation.verb.as_str(),
        markdown_code(&permission(operation)),
        match operation.only_takes() {
            true => "of",
            false => "to",
        },
        whose(operation),
        conditions(operation, zone)
    )
}

fn waiting(found: &Found) -> Row {
    let who = found.person.as_ref().map_or_else(|| found.live.principal.to_string(), ToString::to_string);
    let latent = found.live.latent.map(|latent| format!(" ({latent})")).unwrap_or_default();
    Row::new(
        format!(
            "{} {} on {} {} at {}{latent}",
            markdown_code(&who),
            markdown_code(&found.live.permission),
            found.live.kind.name,
            markdown_code(&found.live.resource),
            markdown_code(found.target.as_str())
        ),
        false,
    )
}

pub(super) fn list(title: &str, rows: Vec<Row>) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let lines: Vec<String> = cut(rows, LIST).into_iter().map(|line| format!("- {line}\n")).collect();
    format!("\n**{}**\n{}", capitalised(title), lines.concat())
}
