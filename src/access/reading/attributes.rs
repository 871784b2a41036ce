//! `.gitattributes`: what would keep a reviewer from seeing a change of managed files.

use std::collections::BTreeMap;
use std::ops::Range;

use super::flaw::Flaws;
use super::hidden::quote;
use crate::finding::{Code, Rule, Severity};
use crate::repository::is_managed;

/// An attribute that hides changes.
pub const REVIEW_DIFF_HIDDEN: Rule = Rule {
    code: Code {
        id: "review-diff-hidden",
        title: "a git attribute hides changes of managed files from reviewers",
        why: "With `-diff`, `binary` or `linguist-generated` a forge folds a change away, and with filters, merge \
              drivers and encodings what is in the work tree is not what git holds. A reviewer would approve what \
              they never saw.",
        example: "# .gitattributes\ngrants/** linguist-generated",
        instead: "Delete the attribute, or let its pattern name only files outside of the managed folders. Line ends \
                  may be set: `* text=auto`.",
    },
    severity: Severity::Error,
    dated: false,
};

/// Ends of the names that dualkey reads, or that decide how a change is shown and reviewed.
const READ: [&str; 5] = [".yaml", ".yml", ".rego", "codeowners", ".gitattributes"];

/// One word of a line, with its stretch of the text.
type Word<'a> = (&'a str, Range<usize>);

pub(super) fn is_attributes(path: &str) -> bool {
    path.rsplit('/').next() == Some(".gitattributes")
}

/// True for a file whose content is read, or steers a review.
pub(super) fn is_read(path: &str) -> bool {
    let small = path.to_ascii_lowercase();
    READ.iter().any(|end| small.ends_with(end))
}

/// Reports every attribute that hides changes of files that dualkey manages. `path` is where the file stands.
pub(super) fn check(path: &str, text: &str, flaws: &mut Flaws) {
    let lines: Vec<(String, Vec<Word<'_>>)> = lines(text).collect();
    let mut macros: BTreeMap<&str, Vec<&str>> = BTreeMap::from([("binary", vec!["-diff", "-merge", "-text"])]);
    for (pattern, attributes) in &lines {
        if let Some(name) = pattern.strip_prefix("[attr]") {
            macros.entry(name).or_default().extend(attributes.iter().map(|(word, _)| *word));
        }
    }
    let macros = hiding_macros(&macros);
    let at_root = !path.contains('/');
    for (pattern, attributes) in &lines {
        if pattern.starts_with("[attr]") || pattern.starts_with('!') || !may_match(pattern, at_root) {
            continue;
        }
        for (word, range) in attributes {
            if let Some(hides) = hides(word).then_some(*word).or_else(|| macros.get(word).copied()) {
                let sets = if hides == *word { String::new() } else { format!(" sets {}, which", quote(hides)) };
                let message = format!("{}{sets} hides changes of files like {}", quote(word), quote(pattern));
                flaws.add(&REVIEW_DIFF_HIDDEN, range.clone(), message, "delete the attribute");
            }
        }
    }
}

/// Patterns with their attributes. Comments and empty lines are left out.
fn lines(text: &str) -> impl Iterator<Item = (String, Vec<Word<'_>>)> {
    let mut offset = 0;
    text.split_inclusive('\n').filter_map(move |line| {
        let start = offset;
        offset += line.len();
        let mut words = words(line, start);
        let (first, _) = words.next().filter(|(word, _)| !word.starts_with('#'))?;
        let Some(quoted) = first.strip_prefix('"') else {
            return Some((first.to_owned(), words.collect()));
        };
        // a quoted pattern may hold blanks: it goes on up to the next quote that no backslash escapes
        let from = line.find('"').map_or(0, |at| at + 1);
        let rest = line.get(from..).unwrap_or(quoted);
        let end = closing(rest).unwrap_or(rest.trim_end().len());
        let pattern = rest.get(..end).unwrap_or_default().replace("\\\"", "\"");
        let after = from + (end + 1).min(rest.len());
        Some((pattern, self::words(line.get(after..).unwrap_or_default(), start + after).collect()))
    })
}

fn closing(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends.then_some(at)
    })
}

fn words(line: &str, start: usize) -> impl Iterator<Item = Word<'_>> {
    let blank = |c: char| matches!(c, ' ' | '\t' | '\r' | '\n');
    let mut offset = start;
    line.split_inclusive(blank).filter_map(move |piece| {
        let at = offset;
        offset += piece.len();
        let word = piece.trim_end_matches(blank);
        (!word.is_empty()).then(|| (word, at..at + word.len()))
    })
}

/// True where a pattern can match a file that is read. It rather says yes: what is escaped or unusual may match.
fn may_match(pattern: &str, at_root: bool) -> bool {
    let wild = |text: &str| text.contains(['*', '?', '[', '\\']);
    let anchored = pattern.strip_prefix('/').unwrap_or(pattern);
    let (folders, name) = anchored.rsplit_once('/').map_or((None, anchored), |(folders, name)| (Some(folders), name));
    let name = name.to_ascii_lowercase();
    let tail = name.rsplit(['*', '?', ']', '\\']).next().unwrap_or_default();
    let named = READ.iter().any(|end| tail.ends_with(end) || (wild(&name) && end.ends_with(tail)));
    let first = folders.map(|folders| folders.split('/').next().unwrap_or_default());
    named
        && match first {
            // a name with a slash before it stands at the root
            None if at_root && pattern.starts_with('/') => wild(&name) || is_managed(&name) || name == "codeowners",
            None => true,
            Some(first) => {
                !at_root
                    || wild(first)
                    || (first == "docs" && tail.ends_with("codeowners"))
                    || is_managed(&format!("{first}/"))
            }
        }
}

/// Macros that set an attribute that hides, by themselves or by other macros, each with that attribute. Git's own files stop
/// at one level.
fn hiding_macros<'a>(macros: &BTreeMap<&'a str, Vec<&'a str>>) -> BTreeMap<&'a str, &'a str> {
    let mut users: BTreeMap<&str, Vec<&'a str>> = BTreeMap::new();
    let mut open: Vec<(&'a str, &'a str)> = Vec::new();
    for (name, words) in macros {
        open.extend(words.iter().find(|word| hides(word)).map(|word| (*name, *word)));
        words.iter().for_each(|word| users.entry(word).or_default().push(name));
    }
    let mut hiding = BTreeMap::new();
    while let Some((name, word)) = open.pop() {
        // each macro is followed once, however many name it
        if !hiding.contains_key(name) {
            hiding.insert(name, word);
            open.extend(users.get(name).into_iter().flatten().map(|user| (*user, word)));
        }
    }
    hiding
}

/// True for an attribute that hides changes by itself.
fn hides(word: &str) -> bool {
    let (name, value) = match word.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (word, None),
    };
    match name {
        "-diff" | "-merge" => true,
        "diff" | "merge" | "filter" | "working-tree-encoding" => value.is_some(),
        "linguist-generated" | "linguist-vendored" | "gitlab-generated" => value != Some("false"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let mut flaws = Flaws::default();
        check(path, text, &mut flaws);
        flaws
            .into_list()
            .into_iter()
            .map(|flaw| text[flaw.range.start as usize..flaw.range.end as usize].to_owned())
            .collect()
    }

    #[test]
    fn what_hides_changes_is_told() {
        for (line, attribute) in [
            ("* -diff", "-diff"),
            ("*.yaml binary", "binary"),
            ("grants/** linguist-generated", "linguist-generated"),
            ("grants/x.yaml text linguist-generated=true", "linguist-generated=true"),
            ("/dualkey.yaml diff=none", "diff=none"),
            ("  people/*\tlinguist-vendored", "linguist-vendored"),
            ("**/x.yaml filter=lfs", "filter=lfs"),
            ("?rants/* merge=ours", "merge=ours"),
            ("\"grants/a b.yaml\" -diff", "-diff"),
            ("\"grants/a \\\"b.yaml\" eol=lf -diff", "-diff"),
            ("*.y[am]*l working-tree-encoding=UTF-16", "working-tree-encoding=UTF-16"),
            ("docs/CODEOWNERS -diff", "-diff"),
            ("CODEOWNERS -merge", "-merge"),
            (".github/workflows/*.yml gitlab-generated", "gitlab-generated"),
            ("[attr]quiet -diff\n*.yaml quiet", "quiet"),
            ("*.yaml outer\n[attr]outer inner\n[attr]inner linguist-generated", "outer"),
            ("gr\\ants/x.yaml -diff", "-diff"),
        ] {
            assert_eq!(found(".gitattributes", line), [attribute], "{line}");
        }
        assert_eq!(found(".github/.gitattributes", "workflows/x.yml -diff"), ["-diff"]);
    }

    #[test]
    fn what_hides_nothing_passes() {
        for line in [
            "* text=auto",
            "*.yaml text eol=lf diff",
            "*.png binary",
            "docs/** linguist-generated",
            "/README.md -diff",
            "Cargo.lock -diff",
            "*.yaml -linguist-generated linguist-vendored=false !diff -filter",
            "# * -diff",
            "",
            "!grants/* -diff",
            "[attr]quiet -diff",
            "[attr]loop loop\n* loop",
            "tools/grants/*.yaml binary",
            "* -text whitespace=trailing-space",
        ] {
            assert!(found(".gitattributes", line).is_empty(), "{line}");
        }
    }

    #[test]
    fn macros_that_name_each_other_are_followed_once() {
        let many = "a b ".repeat(2_000);
        let text = format!("[attr]a {many}\n[attr]b {many}\n[attr]c b\n*.yaml a b c\n");
        assert!(found(".gitattributes", &text).is_empty());
        let hiding = format!("{text}[attr]b -diff\n");
        assert_eq!(found(".gitattributes", &hiding), ["a", "b", "c"]);
    }
}
