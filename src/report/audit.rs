//! The log, for people and for programs.

use super::escape;
use super::style::{Style, count};
use crate::audit::Log;
use crate::audit::record::{Mode, Record};

/// An entry a line: number, instant, what.
pub fn text(log: &Log) -> String {
    let lines =
        log.entries().iter().enumerate().map(|(index, entry)| format!("{index:>4}  {}\n", line(entry.record())));
    lines.collect::<String>()
}

fn line(record: &Record) -> String {
    let short = |commit: &str| escape::terminal(commit.get(..10).unwrap_or(commit));
    let (at, what) = match record {
        Record::Genesis(genesis) => {
            let people: Vec<&str> = genesis.statements.iter().map(|statement| statement.person.as_str()).collect();
            let alone = if genesis.single { " (one person alone)" } else { "" };
            (genesis.at, format!("genesis  {} vouched for by {}{alone}", short(&genesis.genesis), people.join(", ")))
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
        Record::Intent(intent) => {
            let mode = match intent.mode {
                Mode::Full => "",
                Mode::OnlyEnds => ", only ends",
            };
            (
                intent.at,
                format!("intent   {} at {}{mode}", count(intent.operations.len(), "operation"), short(&intent.commit)),
            )
        }
        Record::Result(result) => {
            let counts = [
                (result.done.len(), "done"),
                (result.failed.len(), "failed"),
                (result.not_started.len(), "not started"),
                (result.waiting.len(), "waiting"),
            ];
            let counts: Vec<String> =
                counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
            let counts = if counts.is_empty() { "nothing to do".to_owned() } else { counts.join(", ") };
            let interrupted = if result.interrupted { " (interrupted)" } else { "" };
            (result.at, format!("result   {counts}{interrupted}"))
        }
        Record::Refusal(refusal) => (refusal.at, format!("refusal  {} {}", short(&refusal.landing), refusal.code)),
        Record::Drift(drift) => (drift.at, format!("drift    {}", count(drift.operations.len(), "operation"))),
    };
    let second = jiff::Timestamp::from_second(at.0.as_second()).unwrap_or(at.0);
    format!("{second}  {}", escape::terminal(&what))
}

/// The entries as they are in the log, in one document.
pub fn json(log: &Log) -> String {
    let entries: Vec<&Record> = log.entries().iter().map(|entry| entry.record()).collect();
    super::json::print(&serde_json::json!({ "version": 1, "root": log.root().to_string(), "entries": entries }))
}

/// That a log holds, and what was compared.
pub fn verified(log: &Log, consistent: bool, style: Style) -> String {
    let kept = if consistent { ", and it goes on from the checkpoint you kept" } else { "" };
    let (size, root, signer) = (log.size(), log.root(), log.key().name());
    let text = format!("the log holds: {size} entries, root {root}, signed by {signer}{kept}");
    style.wrap(&text, 0, "  ") + "\n"
}
