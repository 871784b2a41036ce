//! What is wrong with a text, by byte offsets.

use std::ops::Range;

use crate::finding::{Code, Rule, Severity};

/// So many flaws are told for one file; then reading stops.
const LIMIT: usize = 100;

/// More than a file of an access repository ever needs.
pub const TOO_LARGE: Rule = Rule {
    code: Code {
        id: "too-large",
        title: "a file, or what the files declare together, is too large",
        why: "Nobody can review it, and judging it could exhaust the machine that says whether a change may land. \
              A file has at most 1 MiB, 64 levels and 100,000 values. Groups stand in one another at most 32 deep. All \
              grants give at most 500,000 entitlements, for which at most 10,000,000 members are read; sets of duties \
              rules match what people hold at most 1,000,000 times; and there are at most 200 approval rules.",
        example: "a: [[[[[[[[[[ … ]]]]]]]]]]",
        instead: "Split a file; subfolders can keep the parts together. Grant to fewer people on fewer resources.",
    },
    severity: Severity::Error,
    dated: false,
};

/// A value that does not fit its field.
pub const SCHEMA: Rule = Rule {
    code: Code {
        id: "schema",
        title: "a value does not fit its field, or a field is missing",
        why: "A value of the wrong sort would be guessed at. That includes what YAML tools read differently: an \
              account number that starts with zero, `no`, `1e3`, or nothing at all.",
        example: "account: 012345678901",
        instead: "Write what the field takes, and put in quotes what must stay text: `account: \"012345678901\"`.",
    },
    severity: Severity::Error,
    dated: false,
};

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
