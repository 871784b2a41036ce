//! Changes that nobody can read.

use crate::access::Revision;
use crate::finding::{Code, Finding, Place, Rule, Severity};
use crate::plan::Classes;

/// More than a reviewer, or the page that shows it to them, can take in.
pub const CHANGE_TOO_LARGE: Rule = Rule {
    code: Code {
        id: "change-too-large",
        title: "a change is too large to be read",
        why: "Forges stop showing a change at about 3,000 files or 20,000 lines, and what is behind that nobody sees. \
              An approval of it would be one of the part that was shown.",
        example: "dualkey plan --base main --head import-everybody     # 3,001 files under people/ and grants/",
        instead: "Split the change into parts that land one after the other, such as one a domain.",
    },
    severity: Severity::Error,
    dated: false,
};

/// GitHub's "Limits for viewing content and diffs in a repository": 300 files and 20,000 lines are shown at once, 3,000
/// files at all.
const MAX_FILES: usize = 3_000;
const MAX_LINES: usize = 20_000;

/// The finding for a change of too many files or lines.
pub fn find(base: &Revision, head: &Revision, classes: &Classes) -> Option<Finding> {
    let files = classes.paths().count();
    let lines =
        || -> usize { classes.paths().map(|(path, _)| changed_lines(text(base, path), text(head, path))).sum() };
    let (first, _) = classes.paths().next()?;
    let what = if files > MAX_FILES {
        format!("{files} files, and {MAX_FILES} is the limit")
    } else {
        let lines = Some(lines()).filter(|lines| *lines > MAX_LINES)?;
        format!("{lines} lines, and {MAX_LINES} is the limit")
    };
    Some(Finding::new(
        &CHANGE_TOO_LARGE,
        Place::whole_file(first),
        format!("this change touches {what}"),
        "split it into changes that land one after the other",
    ))
}

fn text<'a>(revision: &'a Revision, path: &str) -> &'a str {
    revision.source(path).map(|source| source.as_str()).unwrap_or_default()
}

/// Lines that go and lines that come, without what is the same before and after them.
pub(super) fn changed_lines(before: &str, after: &str) -> usize {
    let (before, after): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let same = |pairs: &mut dyn Iterator<Item = (&&str, &&str)>| pairs.take_while(|(a, b)| a == b).count();
    let shorter = before.len().min(after.len());
    let start = same(&mut before.iter().zip(&after));
    let end = same(&mut before.iter().rev().zip(after.iter().rev())).min(shorter - start);
    before.len() + after.len() - 2 * (start + end)
}

#[cfg(test)]
mod tests {
    use super::changed_lines;

    #[test]
    fn lines_that_come_and_go_are_counted() {
        for (before, after, expected) in [
            ("", "", 0),
            ("", "a\nb\n", 2),
            ("a\nb\n", "", 2),
            ("a\nb\nc\n", "a\nx\nc\n", 2),
            ("a\na\n", "a\na\na\n", 1),
            ("a\nb\n", "a\nb\n", 0),
            ("a\nb\nc\n", "b\n", 4),
        ] {
            assert_eq!(changed_lines(before, after), expected, "{before:?} {after:?}");
        }
    }
}
