//! Calls to targets, a few lines each.

use jiff::tz::TimeZone;

use super::escape::terminal;
use super::facts::{conditions, permission};
use super::style::Style;
use crate::access::time::format_end;
use crate::plan::Verb;
use crate::plan::operations::Operation;

/// Lines that go on stand behind the verb.
pub(super) const LATER: &str = "         ";

/// One call, as a line: what, where, for whom, why.
pub(super) fn line(operation: &Operation, zone: &TimeZone, style: Style) -> String {
    let whose = match &operation.person {
        Some(person) => person.to_string(),
        None => operation.principal.to_string(),
    };
    let until = operation.until.map(|until| format!(" until {}", format_end(until, zone))).unwrap_or_default();
    let permission = format!("{}{}", permission(operation), conditions(operation, zone));
    let verb = format!("{:6}", operation.verb.as_str());
    let verb = match operation.verb {
        Verb::Grant => style.green(&verb),
        Verb::Revoke => style.red(&verb),
        Verb::Change => style.yellow(&verb),
    };
    let what =
        format!("{whose}  {}  {} {}  {permission}{until}", operation.target, operation.kind.name, operation.resource);
    let what = style.wrap(&terminal(&what), 9, LATER);
    let because = style.wrap(&terminal(&operation.because.to_string()), 9, LATER);
    format!("  {verb} {what}\n{LATER}{}\n", style.dim(&because))
}

/// More of one sort are counted, not listed: the log has them all.
pub(super) const LISTED: usize = 10;

pub(super) fn lines(operations: &[Operation], zone: &TimeZone, style: Style) -> String {
    let mut text: String = operations.iter().take(LISTED).map(|operation| line(operation, zone, style)).collect();
    if operations.len() > LISTED {
        text.push_str(&format!("  … and {} more; `--format json` lists them all\n", operations.len() - LISTED));
    }
    text
}
