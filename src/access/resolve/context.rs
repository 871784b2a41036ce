//! What building one file needs: where it is, which zone dates mean, and where problems go.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::wildcard::{WILDCARD_PERMISSION, is_wildcard};
use crate::access::Kinds;
use crate::access::id::{GroupId, InvalidId, PersonId};
use crate::access::model::Member;
use crate::access::raw;
use crate::access::reading::{INVALID_DATE, INVALID_ID, SCHEMA, Source, Step, quote};
use crate::access::time::{Interval, Moment};
use crate::finding::{Finding, Rule};

pub(super) struct Context<'a> {
    pub source: &'a Arc<Source>,
    pub zone: &'a TimeZone,
    pub kinds: Kinds,
    findings: &'a mut Vec<Finding>,
}

impl<'a> Context<'a> {
    pub fn new(source: &'a Arc<Source>, zone: &'a TimeZone, kinds: Kinds, findings: &'a mut Vec<Finding>) -> Self {
        Context { source, zone, kinds, findings }
    }

    pub fn report(
        &mut self,
        rule: &'static Rule,
        path: &[Step<'_>],
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.findings.push(Finding::new(rule, self.source.place(path), message, help));
    }

    pub fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    pub fn schema(&mut self, path: &[Step<'_>], message: impl Into<String>, help: impl Into<String>) {
        self.report(&SCHEMA, path, message, help);
    }

    /// Parses an id with its type's constructor.
    pub fn id<T>(&mut self, parse: fn(&str) -> Result<T, InvalidId>, text: &str, path: &[Step<'_>]) -> Option<T> {
        match parse(text) {
            Ok(id) => Some(id),
            Err(error) => {
                self.report(
                    &INVALID_ID,
                    path,
                    format!("{} is not an id: {}", quote(text), error.why),
                    "write the id with lower-case letters, digits, `.`, `_` and `-`",
                );
                None
            }
        }
    }

    /// Parses a list of ids, keeping the good ones.
    pub fn ids<T>(&mut self, parse: fn(&str) -> Result<T, InvalidId>, texts: &[String], path: &[Step<'_>]) -> Vec<T> {
        let mut ids = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            ids.extend(self.id(parse, text, &item(path, index)));
        }
        ids
    }

    /// Parses people and `group:` names, keeping the good ones.
    pub fn members(&mut self, texts: &[String], path: &[Step<'_>]) -> Vec<Member> {
        let mut members = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            let at = item(path, index);
            if self.wildcard(text, &at) {
                continue;
            }
            members.extend(match text.strip_prefix("group:") {
                Some(group) => self.id(GroupId::parse, group, &at).map(Member::Group),
                None => self.id(PersonId::parse, text, &at).map(Member::Person),
            });
        }
        members
    }

    /// Reports a word that stands for more than one thing.
    pub fn wildcard(&mut self, text: &str, path: &[Step<'_>]) -> bool {
        let found = is_wildcard(text);
        if found {
            let message = format!("`{}` stands for more than one", text.escape_debug());
            self.report(&WILDCARD_PERMISSION, path, message, "write out what is meant, one by one");
        }
        found
    }

    pub fn moment(&mut self, text: &str, path: &[Step<'_>]) -> Option<Moment> {
        match Moment::parse(text) {
            Ok(moment) => Some(moment),
            Err(error) => {
                self.report(
                    &INVALID_DATE,
                    path,
                    format!("{} is not a date: {}", quote(text), error.why),
                    "write a day like 2026-11-24, or an instant like 2026-11-24T18:00:00Z",
                );
                None
            }
        }
    }

    /// An interval from the texts of two fields, of which the second must come after the first.
    pub fn interval(&mut self, from: &str, until: &str, path: &[Step<'_>]) -> Option<Interval> {
        let start = self.moment(from, &field(path, "from"));
        let end = self.moment(until, &field(path, "until"));
        let (start, end) = (start?, end?);
        let interval = Interval::new(start.start(self.zone), end.end(self.zone));
        if interval.is_none() {
            self.report(
                &INVALID_DATE,
                &field(path, "until"),
                format!("`until` {until} is not after `from` {from}"),
                "swap the two, or correct the year",
            );
        }
        interval
    }

    pub fn term(&mut self, term: &raw::Term, path: &[Step<'_>]) -> Option<Interval> {
        self.interval(&term.from, &term.until, path)
    }
}

/// A path one field longer.
pub(super) fn field<'a>(path: &[Step<'a>], name: &'a str) -> Vec<Step<'a>> {
    let mut longer = path.to_vec();
    longer.push(Step::Key(name));
    longer
}

/// A path one item of a list longer.
pub(super) fn item<'a>(path: &[Step<'a>], index: usize) -> Vec<Step<'a>> {
    let mut longer = path.to_vec();
    longer.push(Step::Index(index));
    longer
}
