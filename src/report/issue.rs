//! The issue that is open as long as live access isn't what was approved, or is about to end.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::comment::{item, list};
use super::drift::not_read;
use super::escape::{markdown_code, markdown_message, markdown_text};
use super::markdown::reason;
use super::rows::Row;
use super::shortened::{characters, shortened};
use super::style::count;
use crate::access::time::format_end;
use crate::access::{Entitlement, Entitlements};
use crate::apply::Drift;
use crate::approval::Landing;
use crate::finding::{Refusal, Severity};
use crate::forge::marker::Marker;
use crate::forge::texts::IssueText;

/// How long before an end somebody hears of it.
const SOON: SignedDuration = SignedDuration::from_hours(14 * 24);

/// What an issue tells.
#[derive(Debug)]
pub struct Situation<'a> {
    pub drift: &'a Drift,
    /// Landings that wait behind their refusals, oldest first.
    pub refused: Vec<&'a Landing>,
    pub overdue: Option<&'a Refusal>,
    /// What is approved.
    pub entitlements: &'a Entitlements,
    /// Why the branch couldn't be judged whole.
    pub unjudged: &'a [Refusal],
    pub zone: &'a TimeZone,
    pub now: Timestamp,
}

impl Situation<'_> {
    /// What ends within a fortnight, the sooner first.
    fn ending(&self) -> Vec<(Timestamp, &Entitlement)> {
        let last = self.now.checked_add(SOON).unwrap_or(Timestamp::MAX);
        let ends = |one: &Entitlement| {
            let until = one.intervals.at(self.now)?.until();
            (until != Timestamp::MAX && until <= last).then_some(until)
        };
        let mut found: Vec<(Timestamp, &Entitlement)> =
            self.entitlements.iter().filter_map(|one| Some((ends(one)?, one))).collect();
        found.sort_by(|a, b| (a.0, &a.1.key).cmp(&(b.0, &b.1.key)));
        found
    }

    /// The issue, and whether there is anything to say. INVARIANT: what nobody could look at is something to say.
    pub fn told(&self) -> (IssueText, bool) {
        let ending = self.ending();
        let unknown = !self.drift.is_whole() || !self.unjudged.is_empty();
        let is_left = unknown
            || self.drift.is_found()
            || self.overdue.is_some()
            || !self.refused.is_empty()
            || !ending.is_empty();
        let (title, text) = match is_left {
            true => (self.title(ending.len()), self.body(&ending)),
            false => {
                let text = "### All is as it was approved\n\nNothing differs, nothing is overdue, nothing waits, and nothing \
                            ends within 14 days.\n";
                ("dualkey: all is as it was approved".to_owned(), text.to_owned())
            }
        };
        let body = shortened(&format!("{}\n{text}", Marker::Drift), super::comment::MOST, characters);
        (IssueText { title, body }, is_left)
    }

    fn title(&self, ending: usize) -> String {
        let errors = self.drift.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
        let parts = [
            (self.overdue.is_some(), "ends are overdue".to_owned()),
            (!self.refused.is_empty(), format!("{} refused", count(self.refused.len(), "landing"))),
            (!self.drift.difference.operations.is_empty(), count(self.drift.difference.operations.len(), "difference")),
            (errors > 0, count(errors, "live finding")),
            (!self.drift.is_whole() || !self.unjudged.is_empty(), "not all could be read".to_owned()),
            (ending > 0, format!("{} within 14 days", count(ending, "end"))),
        ];
        let parts: Vec<String> = parts.into_iter().filter(|(is, _)| *is).map(|(_, what)| what).collect();
        format!("dualkey: {}", parts.join(", "))
    }

    fn body(&self, ending: &[(Timestamp, &Entitlement)]) -> String {
        let mut text = "### Live access needs a look\n".to_owned();
        let overdue = self.overdue.into_iter().map(|refusal| Row::always(reason(refusal)));
        text.push_str(&list("Overdue", overdue.collect()));
        let unjudged = self.unjudged.iter().map(|refusal| Row::always(reason(refusal)));
        text.push_str(&list("Not judged", unjudged.collect()));
        let refused = self.refused.iter().map(|landing| {
            let reasons: String = landing.refusals.iter().map(|refusal| format!("\n  - {}", reason(refusal))).collect();
            Row::always(format!(
                "landing {}, of which nothing is applied{reasons}",
                markdown_code(&landing.commit.short())
            ))
        });
        text.push_str(&list("Waits behind a refusal", refused.collect()));
        let operations = self.drift.difference.operations.iter().map(|one| {
            let because = markdown_text(&one.because.to_string());
            Row::new(format!("{}: {because}", item(one, self.zone)), one.only_takes() || one.touches_admin())
        });
        text.push_str(&list("Differs from what was approved; `dualkey apply` would", operations.collect()));
        let findings = self.drift.findings.iter().map(|finding| {
            let (code, message) = (markdown_code(finding.rule.code.id), markdown_message(&finding.message));
            let help = markdown_message(&finding.help);
            Row::new(format!("{code} {message}; {help}"), finding.severity == Severity::Error)
        });
        text.push_str(&list("Live beside that", findings.collect()));
        let unread = not_read(self.drift.unread.keys(), self.drift.unread_resources.keys());
        let unread = unread.iter().map(|line| Row::always(markdown_text(line)));
        text.push_str(&list("Not read", unread.collect()));
        let ends = ending.iter().map(|(until, one)| {
            let key = &one.key;
            Row::new(
                format!(
                    "{}: {} has {} on {} {} at {}",
                    format_end(*until, self.zone),
                    markdown_code(key.person.as_str()),
                    markdown_code(&key.permission),
                    key.kind.name,
                    markdown_code(&key.resource),
                    markdown_code(key.target.as_str())
                ),
                false,
            )
        });
        text.push_str(&list("Ends within 14 days", ends.collect()));
        if !ending.is_empty() {
            text.push_str(
                "\n`dualkey extend PERSON --for 4w` writes what a longer access takes, for somebody to approve.\n",
            );
        }
        text
    }
}
