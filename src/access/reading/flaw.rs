//! What is wrong with a text, by byte offsets.

use std::ops::Range;

use super::yaml::TOO_LARGE;
use crate::finding::Rule;

/// So many flaws are told for one file; then reading stops.
const LIMIT: usize = 100;

/// A finding that waits for its place.
#[derive(Debug)]
pub(super) struct Flaw {
    pub(super) rule: &'static Rule,
    pub(super) range: Range<u32>,
    pub(super) message: String,
    pub(super) help: String,
    pub(super) related: Option<(Range<u32>, &'static str)>,
}

/// Collects flaws, up to a limit.
#[derive(Debug, Default)]
pub(super) struct Flaws {
    list: Vec<Flaw>,
}

/// Byte offsets fit into 32 bits, because larger files are not read.
pub(super) fn clamp(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

impl Flaws {
    pub(super) fn add(
        &mut self,
        rule: &'static Rule,
        range: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add_range(rule, clamp(range.start)..clamp(range.end), message, help);
    }

    pub(super) fn add_range(
        &mut self,
        rule: &'static Rule,
        range: Range<u32>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(Flaw { rule, range, message: message.into(), help: help.into(), related: None });
    }

    pub(super) fn push(&mut self, flaw: Flaw) {
        if self.list.len() < LIMIT {
            self.list.push(flaw);
        } else if self.list.len() == LIMIT {
            self.list.push(Flaw {
                rule: &TOO_LARGE,
                range: flaw.range,
                message: format!("more than {LIMIT} things are wrong; reading stopped here"),
                help: "mend what is listed and run again".to_owned(),
                related: None,
            });
        }
    }

    /// True when no more flaws are taken.
    pub(super) fn is_full(&self) -> bool {
        self.list.len() > LIMIT
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn into_list(self) -> Vec<Flaw> {
        self.list
    }
}
