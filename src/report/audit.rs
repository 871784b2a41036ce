//! The log, for people and for programs.

use super::escape;
use super::style::{Style, count};
use crate::audit::record::{Mode, Operation, Record, Slice, Span, Verb};
use crate::audit::{Fits, Found, Log, Proven, VerifierKey, entries};

/// An entry: number, instant, what.
pub fn text(index: u64, record: &Record, style: Style) -> String {
    format!("{}\n", style.wrap(&format!("{index:>4}  {}", line(record)), 0, INDENT))
}

/// Where an entry goes on that doesn't fit.
const INDENT: &str = "                                    ";

fn line(record: &Record) -> String {
    let short = |commit: &str| escape::terminal(commit.get(..10).unwrap_or(commit));
    let (at, what) = match record {
        Record::Genesis(genesis) => {
            let people: Vec<&str> = genesis.statements.iter().map(|statement| statement.person.as_str()).collect();
            let alone = if genesis.single { " (one person alone)" } else { "" };
            let anew = if genesis.continues.is_empty() { "" } else { " (the log begun anew)" };
            let by = people.join(", ");
            (genesis.at, format!("genesis  {} vouched for by {by}{alone}{anew}", short(&genesis.genesis)))
        }
        Record::Landing(landing) => {
            let people: Vec<&str> = landing.approvals.iter().map(|approval| approval.person.as_str()).collect();
            let verdict = serde_json::to_value(landing.verdict).ok();
            let verdict = verdict.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
            let by = if people.is_empty() { String::new() } else { format!(" by {}", people.join(", ")) };
            (
                landing.at,
                format!(
                    "landing  {} {verdict}{by}, {}",
                    short(&landing.commit),
                    count(landing.changes.len(), "change")
                ),
            )
        }
        Record::Changes(more) => (more.at, format!("changes  {} more of {}", more.changes.len(), short(&more.landing))),
        Record::Intent(intent) => {
            let mode = match intent.mode {
                Mode::Full => "",
                Mode::OnlyEnds => ", only ends",
            };
            let all = intent.operations.len() + how_many(&intent.operations_of);
            (intent.at, format!("intent   {} at {}{mode}", count(all, "operation"), short(&intent.commit)))
        }
        Record::Result(result) => {
            let failed = result.failed_of.iter().map(|failed| how_many(&failed.operations_of)).sum::<usize>();
            let counts = [
                (result.done.len() + how_many(&result.done_of), "done"),
                (result.failed.len() + failed, "failed"),
                (result.not_started.len() + how_many(&result.not_started_of), "not started"),
                (result.waiting.len(), "waiting"),
                (result.unread.len(), "not read"),
            ];
            let counts: Vec<String> =
                counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
            let counts = if counts.is_empty() { "nothing to do".to_owned() } else { counts.join(", ") };
            let interrupted = if result.interrupted { " (interrupted)" } else { "" };
            (result.at, format!("result   {counts}{interrupted}"))
        }
        Record::Refusal(refusal) => (refusal.at, format!("refusal  {} {}", short(&refusal.landing), refusal.code)),
        Record::KeyChange(change) => {
            let name = |key: &str| key.split('+').take(2).collect::<Vec<_>>().join("+");
            let (old, new) = (name(&change.old_key), name(&change.new_key));
            (
                change.at,
                format!("key      {new} signs from here on, as {old} did and says, by {}", short(&change.commit)),
            )
        }
        Record::Drift(drift) => {
            let all = drift.operations.len() + how_many(&drift.operations_of);
            (drift.at, format!("drift    {}", count(all, "operation")))
        }
        Record::Statements(proven) => (
            proven.at,
            format!("proof    {} verified again, with what was signed", count(proven.landings.len(), "landing")),
        ),
        Record::Said(said) => {
            let people: Vec<&str> = said.statements.iter().map(|statement| statement.person.as_str()).collect();
            (said.at, format!("said     {} against a head, by {}", count(people.len(), "statement"), people.join(", ")))
        }
    };
    let second = jiff::Timestamp::from_second(at.0.as_second()).unwrap_or(at.0);
    format!("{second}  {}", escape::terminal(&what))
}

fn how_many(slices: &[Slice]) -> usize {
    slices.iter().map(|Slice(_, _, count)| *count as usize).sum()
}

/// A document with a list of entries, made piece by piece: no log is too long for it.
#[derive(Debug)]
pub struct Entries {
    before: String,
    after: String,
    any: bool,
}

impl Entries {
    /// Of all entries.
    pub fn all(log: &Log) -> Self {
        Entries::within(&serde_json::json!({ "version": 1, "root": log.root().to_string(), "entries": [] }))
    }

    /// Of those that are found.
    pub fn found(log: &Log) -> Self {
        let root = log.root().to_string();
        Entries::within(&serde_json::json!({ "version": 1, "root": root, "size": log.size(), "entries": [] }))
    }

    /// The list is the empty one that the document ends with.
    fn within(document: &serde_json::Value) -> Self {
        let text = super::json::print(document);
        let (before, after) = text.rsplit_once("[]").unwrap_or((&text, ""));
        Entries { before: before.to_owned(), after: after.to_owned(), any: false }
    }

    /// The document up to the end of the next entry, which the log has with its operations.
    pub fn next(&mut self, record: &Record) -> String {
        self.piece(&super::json::print(record))
    }

    /// The same with its number.
    pub fn next_found(&mut self, index: u64, record: &Record) -> String {
        self.piece(&super::json::print(&serde_json::json!({ "index": index, "entry": record })))
    }

    fn piece(&mut self, entry: &str) -> String {
        let mut piece = std::mem::take(&mut self.before);
        piece.push(if std::mem::replace(&mut self.any, true) { ',' } else { '[' });
        for line in entry.lines() {
            piece.push_str("\n    ");
            piece.push_str(line);
        }
        piece
    }

    /// The rest of the document.
    pub fn end(self) -> String {
        let list = if self.any { "\n  ]" } else { "[]" };
        format!("{}{list}{}", self.before, self.after)
    }
}

/// An entry that was found, with what of it fits.
pub fn found(index: u64, one: &Found<'_>, style: Style) -> String {
    let mut text = format!("{index:>4}  {}\n", line(one.record));
    for thing in one.things.iter().take(SHOWN) {
        let thing = style.wrap(&escape::terminal(&of_thing(*thing)), 8, "          ");
        text.push_str(&format!("        {thing}\n"));
    }
    if let Some(more) = one.things.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        text.push_str(&format!("        and {more} more\n"));
    }
    text
}

/// How many entries were found, and in what.
pub fn found_in(count: usize, log: &Log) -> String {
    let fit = if count == 1 { "fits" } else { "fit" };
    format!("{count} of {} {fit}\nroot {}\n", entries(log.size()), log.root())
}

/// How many operations or changes of one entry are shown.
const SHOWN: usize = 20;

fn of_thing(thing: Fits<'_>) -> String {
    match thing {
        Fits::Operation(one) => format!("{}  ({})", of_operation(one), one.because),
        Fits::Change(one) => {
            let what = match (one.before.is_empty(), one.after.is_empty()) {
                (true, _) => "gains",
                (false, true) => "loses",
                (false, false) => "changes",
            };
            let person = &one.person;
            format!("{person} {what} {} on {} {}{}", one.permission, one.kind, one.resource, ends(&one.after))
        }
    }
}

fn of_operation(one: &Operation) -> String {
    let verb = match one.verb {
        Verb::Grant => "grant",
        Verb::Revoke => "revoke",
        Verb::Change => "change",
    };
    let person = one.person.as_deref().unwrap_or(&one.principal);
    let until = one.until.map_or_else(String::new, |until| format!(" until {}", until.0));
    format!("{verb} {person} {} on {} {}{until}", one.permission, one.kind, one.resource)
}

/// When the last of some spans ends; nothing where it doesn't.
fn ends(spans: &[Span]) -> String {
    match spans.last() {
        Some((_, Some(until))) => format!(" until {}", until.0),
        Some((_, None)) | None => String::new(),
    }
}

/// What a proof proves: the entry, whole.
pub fn proven(proven: &Proven, key: &VerifierKey) -> String {
    let checkpoint = proven.checkpoint;
    let entry = super::json::print(proven.entry.record());
    let entry: String = entry.lines().map(|line| format!("{}\n", escape::terminal(line))).collect();
    format!(
        "entry {} of {} stands in the log {}, root {}\n{entry}",
        proven.index,
        checkpoint.size(),
        escape::terminal(key.name()),
        checkpoint.root()
    )
}

/// That a log holds, and what was compared.
pub fn verified(log: &Log, consistent: bool, style: Style) -> String {
    let kept = if consistent { ", and it goes on from the checkpoint you kept" } else { "" };
    let (size, root, signer) = (log.size(), log.root(), log.key().name());
    let size = entries(size);
    let text = format!("the log holds: {size}, root {root}, signed by {signer}{kept}");
    let mut text = style.wrap(&text, 0, "  ") + "\n";
    for old in &log.genesis().continues {
        let line = format!(
            "begun anew after a log of {}, root {}, signed by {}, anchor {}: nothing here proves what stood there",
            entries(old.size),
            escape::terminal(&old.root),
            escape::terminal(&old.log_key),
            escape::terminal(&old.anchor)
        );
        text.push_str(&(style.wrap(&line, 0, "  ") + "\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::json::print;
    use super::Entries;

    #[test]
    fn piece_by_piece_it_is_the_same_document() {
        let all = [json!({ "a": 1, "b": [] }), json!({}), json!("x\ny\u{1b}")];
        for count in 0..=all.len() {
            let list = &all[..count];
            let mut entries = Entries::within(&json!({ "version": 1, "root": "[]", "entries": [] }));
            let mut text: String = list.iter().map(|one| entries.piece(&print(one))).collect();
            text.push_str(&entries.end());
            assert_eq!(text, print(&json!({ "version": 1, "root": "[]", "entries": list })));
        }
    }
}
