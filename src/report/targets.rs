//! What can be known of targets without changing anything there.

use jiff::SignedDuration;
use serde::Serialize;

use super::drift::findings;
use super::escape::terminal;
use super::json::{self, LiveFindingRow, RefusalRow, live_finding_row, refusal};
use super::style::{Style, count};
use crate::access::{TargetId, TargetType};
use crate::apply::{Greeting, Listed, Sight, Survey};
use crate::finding::Refusal;
use crate::targets::{Names, Power};

/// How many resources that weren't read are named as text; JSON has them all.
const LISTED: usize = 20;

/// A block a target.
pub fn text(surveys: &[Survey], style: Style) -> String {
    if surveys.is_empty() {
        return "dualkey.yaml declares no target\n".to_owned();
    }
    surveys.iter().map(|survey| block(survey, style)).collect()
}

fn block(survey: &Survey, style: Style) -> String {
    let target = &survey.target;
    let stands =
        if target.is_embedded() { format!(" that stands in for {}", target.target_type) } else { String::new() };
    let name = terminal(&format!("{}  {}{stands}", target.id, target.spec.name));
    let mut text = format!("{}\n", style.bold(&name));
    let mut line = |what: &str, words: &str| {
        text.push_str(&format!("  {what:9} {}\n", style.wrap(&terminal(words), 12, "            ")));
    };
    let pinned = &target.pinned;
    line(
        "identity",
        &match &survey.identity {
            Some(seen) if seen == pinned => format!("{pinned}, as pinned"),
            Some(seen) => format!("{seen}, and {pinned} is pinned: nothing is done there"),
            None => format!("{pinned} is pinned, and nobody knows which it is"),
        },
    );
    match &survey.reader {
        Ok(greeting) => {
            line("answers", &answers(greeting));
            line("reads", &can(greeting));
        }
        Err(refusal) => line("reads", &format!("no: {}", refusal.message)),
    }
    match &survey.writer {
        Ok(greeting) => line("writes", &can(greeting)),
        Err(refusal) => line("writes", &format!("no: {}", refusal.message)),
    }
    if let Some(sight) = &survey.sight {
        line("sees", &sees(sight));
        let unread: Vec<String> = sight.unread_resources.keys().map(ToString::to_string).collect();
        if !unread.is_empty() {
            let more = unread.len().saturating_sub(LISTED);
            let tail = if more == 0 { String::new() } else { format!(" and {more} more") };
            let named: Vec<&str> = unread.iter().take(LISTED).map(String::as_str).collect();
            line("not read", &format!("{}{tail}", named.join(", ")));
        }
        line("names", &lists(sight));
    }
    text + &findings(&survey.findings, style)
}

fn answers(greeting: &Greeting) -> String {
    let clock = match greeting.ahead {
        None => "it tells no time".to_owned(),
        Some(ahead) if ahead.abs() < SignedDuration::from_secs(1) => "its clock is as ours".to_owned(),
        Some(ahead) => {
            let side = if ahead.is_positive() { "behind" } else { "ahead of" };
            format!("its clock is {} {side} ours", count(usize::try_from(ahead.abs().as_secs()).unwrap_or(0), "second"))
        }
    };
    match greeting.took {
        Some(took) => format!("in {} ms; {clock}", took.as_millis()),
        None => clock,
    }
}

fn can(greeting: &Greeting) -> String {
    let own: Vec<String> = greeting.hello.own.iter().map(|own| format!("`{own}`")).collect();
    let who = if own.is_empty() { "the credential".to_owned() } else { format!("as {}, which", own.join(", ")) };
    match &greeting.hello.power {
        Power::Unknown if own.is_empty() => "yes; the target doesn't tell what the credential can change".to_owned(),
        Power::Unknown => format!("as {}; the target doesn't tell what it can change", own.join(", ")),
        Power::Reads => format!("{who} can change nothing"),
        Power::Writes { why } if own.is_empty() => format!("the credential can change things: it {why}"),
        Power::Writes { why } => format!("{who} can change things: it {why}"),
    }
}

fn sees(sight: &Sight) -> String {
    if sight.resources == 0 {
        return "nothing: no domain declares a resource there".to_owned();
    }
    if let Some(refusal) = &sight.unread {
        return format!("nothing: {}", refusal.message);
    }
    let read = sight.resources - sight.unread_resources.len().min(sight.resources);
    let (held, latent) = (count_of(sight.held, "entitlement"), sight.latent);
    let groups = if sight.groups == 0 { String::new() } else { format!(", {}", count(sight.groups, "group")) };
    format!("{held}, {latent} latent{groups}, on {read} of {}", count(sight.resources, "declared resource"))
}

fn count_of(number: usize, what: &str) -> String {
    if number == 0 { format!("no {what}") } else { count(number, what) }
}

/// Which names a slip is told by, before anything is written.
fn lists(sight: &Sight) -> String {
    let listed = match &sight.lists {
        Ok(listed) => listed,
        Err(refusal) => return format!("could not be listed: {}", refusal.message),
    };
    let of = |can: bool| -> Vec<String> { listed.iter().filter(|one| one.can == can).map(named).collect() };
    match (of(true), of(false)) {
        (can, _) if can.is_empty() => "it lists none, so a slip shows when it is written".to_owned(),
        (can, cannot) if cannot.is_empty() => format!("it lists {}", can.join(", ")),
        (can, cannot) => format!("it lists {}, and not {}", can.join(", "), cannot.join(", ")),
    }
}

fn named(listed: &Listed) -> String {
    match listed.of {
        Names::Accounts => "accounts".to_owned(),
        Names::Resources(kind) => format!("each {}", kind.name),
        Names::Permissions(kind) => format!("permissions of {}", kind.name),
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Document<'a> {
    version: u32,
    targets: Vec<Row<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Row<'a> {
    target: &'a TargetId,
    #[serde(rename = "type")]
    #[cfg_attr(test, schemars(with = "String"))]
    target_type: TargetType,
    /// Where it is embedded: the type that it stands in for.
    #[serde(rename = "as")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    stands_for: Option<TargetType>,
    pinned: &'a str,
    /// Which target answered; null where none did.
    identity: Option<&'a str>,
    /// True where it answered, is the pinned one, and all that is declared there could be read.
    seen: bool,
    /// How long it took to answer; null where it didn't, or where `--now` is given.
    latency_ms: Option<u64>,
    /// By how much our clock is ahead of the target's; null where it tells no time.
    ahead_seconds: Option<i64>,
    reader: Credential<'a>,
    writer: Credential<'a>,
    /// What the reader sees; null where it can't look.
    sees: Option<Sees<'a>>,
    findings: Vec<LiveFindingRow<'a>>,
    /// What keeps a run from giving something there, though the target answers.
    warnings: Vec<RefusalRow<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Credential<'a> {
    /// The accounts that it is; empty where the target can't tell.
    own: Vec<&'a str>,
    /// Whether it can change anything there; null where the target can't tell.
    can_write: Option<bool>,
    /// Why it is of no use.
    refusal: Option<RefusalRow<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Sees<'a> {
    /// How many resources are declared there.
    resources: usize,
    held: usize,
    latent: usize,
    groups: usize,
    /// Why none of it could be read.
    unread: Option<RefusalRow<'a>>,
    unread_resources: Vec<Unread<'a>>,
    names: Vec<NamesRow>,
    /// Why names could not be listed.
    unlisted: Option<RefusalRow<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Unread<'a> {
    kind: &'a str,
    resource: &'a str,
    refusal: RefusalRow<'a>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct NamesRow {
    /// `accounts`, `resources` or `permissions`.
    of: &'static str,
    kind: Option<&'static str>,
    /// False where the target can't list them.
    listed: bool,
}

/// The document of `dualkey targets`.
pub fn json(surveys: &[Survey]) -> String {
    json::print(&Document { version: json::VERSION, targets: surveys.iter().map(row).collect() })
}

fn row(survey: &Survey) -> Row<'_> {
    let target = &survey.target;
    let greeting = survey.reader.as_ref().ok();
    Row {
        target: &target.id,
        target_type: target.spec.name,
        stands_for: target.is_embedded().then_some(target.target_type),
        pinned: &target.pinned,
        identity: survey.identity.as_deref(),
        seen: survey.is_seen(),
        latency_ms: greeting.and_then(|one| one.took).map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
        ahead_seconds: greeting.and_then(|one| one.ahead).map(|ahead| ahead.as_secs()),
        reader: credential(&survey.reader),
        writer: credential(&survey.writer),
        sees: survey.sight.as_ref().map(seen),
        findings: survey.findings.iter().map(live_finding_row).collect(),
        warnings: survey.warnings.iter().map(refusal).collect(),
    }
}

fn credential(said: &Result<Greeting, Refusal>) -> Credential<'_> {
    let hello = said.as_ref().ok().map(|greeting| &greeting.hello);
    Credential {
        own: hello.into_iter().flat_map(|hello| &hello.own).map(String::as_str).collect(),
        can_write: hello.and_then(|hello| match hello.power {
            Power::Unknown => None,
            Power::Reads => Some(false),
            Power::Writes { .. } => Some(true),
        }),
        refusal: said.as_ref().err().map(refusal),
    }
}

fn seen(sight: &Sight) -> Sees<'_> {
    let unread = sight.unread_resources.iter().map(|(resource, why)| Unread {
        kind: resource.kind.name,
        resource: &resource.name,
        refusal: refusal(why),
    });
    Sees {
        resources: sight.resources,
        held: sight.held,
        latent: sight.latent,
        groups: sight.groups,
        unread: sight.unread.as_ref().map(refusal),
        unread_resources: unread.collect(),
        names: sight.lists.iter().flatten().map(names).collect(),
        unlisted: sight.lists.as_ref().err().map(refusal),
    }
}

fn names(listed: &Listed) -> NamesRow {
    let (of, kind) = match listed.of {
        Names::Accounts => ("accounts", None),
        Names::Resources(kind) => ("resources", Some(kind.name)),
        Names::Permissions(kind) => ("permissions", Some(kind.name)),
    };
    NamesRow { of, kind, listed: listed.can }
}
