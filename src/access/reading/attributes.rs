//! `.gitattributes`: what would keep a reviewer from seeing a change of managed files.

use std::collections::BTreeMap;
use std::ops::Range;

use super::flaw::Flaws;
use super::hidden::quote;
use crate::finding::{Code, Rule, Severity};
use crate::repository::{Managed, PathPattern};

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

/// Ends of the names that dualkey reads, that runners run, or that decide how a change is shown and reviewed.
const READ: [&str; 27] = [
    ".yaml",
    ".yml",
    ".rego",
    "codeowners",
    ".gitattributes",
    ".gitmodules",
    ".bash",
    ".cjs",
    ".groovy",
    ".jsonnet",
    ".js",
    ".kts",
    ".mjs",
    ".ps1",
    ".py",
    ".rb",
    ".sh",
    ".star",
    ".ts",
    "buildkite.json",
    "cloudbuild.json",
    "dockerfile",
    "jenkinsfile",
    "justfile",
    "makefile",
    "pipeline.json",
    "renovate.json",
];

/// Ends of names of pictures, fonts and archives, which no tool shows as text.
const PICTURES: [&str; 14] = [
    ".gif", ".gz", ".ico", ".jpeg", ".jpg", ".otf", ".pdf", ".png", ".tar", ".tgz", ".ttf", ".webp", ".woff", ".woff2",
];

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

/// Reports every attribute that hides changes of files that dualkey manages. `path` is where the file stands, `managed`
/// what settings name beside what always is.
///
/// Git reads macros in the file at the root alone, and follows them in every other one: so a macro that hides is told
/// where it stands, wherever it may be used.
pub(super) fn check(path: &str, text: &str, managed: &Managed, flaws: &mut Flaws) {
    let lines: Vec<(String, Vec<Word<'_>>)> = lines(text).collect();
    let mut macros: BTreeMap<&str, Vec<&str>> = BTreeMap::from([("binary", vec!["-diff", "-merge", "-text"])]);
    for (pattern, attributes) in &lines {
        if let Some(name) = macro_name(pattern) {
            macros.entry(name).or_default().extend(attributes.iter().map(|(word, _)| *word));
        }
    }
    let macros = hiding_macros(&macros);
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    for (pattern, attributes) in &lines {
        let is_macro = macro_name(pattern).is_some();
        if pattern.starts_with('!') || (!is_macro && !may_match(pattern, folder, managed)) {
            continue;
        }
        for (word, range) in attributes {
            if let Some(hides) = hides(word).then_some(*word).or_else(|| macros.get(word).copied()) {
                let sets = if hides == *word { String::new() } else { format!(" sets {}, which", quote(hides)) };
                let message = match is_macro {
                    true => format!("{}{sets} hides changes of every file that the macro is set for", quote(word)),
                    false => format!("{}{sets} hides changes of files like {}", quote(word), quote(pattern)),
                };
                flaws.add(&REVIEW_DIFF_HIDDEN, range.clone(), message, "delete the attribute");
            }
        }
    }
}

/// The name of the macro that a line makes, where it makes one.
fn macro_name(pattern: &str) -> Option<&str> {
    let name = pattern.strip_prefix("[attr]").filter(|name| !name.is_empty())?;
    // git takes the first word after the blanks, which only a quoted pattern can hold
    Some(name.split(BLANKS).find(|word| !word.is_empty()).unwrap_or_default())
}

const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// Patterns with their attributes, read as git reads them. Comments and empty lines are left out.
fn lines(text: &str) -> impl Iterator<Item = (String, Vec<Word<'_>>)> {
    let marked = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut offset = text.len() - marked.len();
    marked.split_inclusive('\n').filter_map(move |line| {
        let start = offset;
        offset += line.len();
        let mut words = words(line, start);
        let (first, range) = words.next().filter(|(word, _)| !word.starts_with('#'))?;
        let from = range.start - start;
        match line.get(from + 1..).filter(|_| first.starts_with('"')).and_then(unquoted) {
            // a quoted pattern may hold blanks: it goes on up to the next quote that no backslash escapes
            Some((pattern, length)) => {
                let after = from + 1 + length;
                Some((pattern, self::words(line.get(after..).unwrap_or_default(), start + after).collect()))
            }
            None => Some((first.to_owned(), words.collect())),
        }
    })
}

/// What stands in quotes, and how long it is with the closing one. None where git can't read it either, and takes the quote
/// for a letter.
fn unquoted(text: &str) -> Option<(String, usize)> {
    let mut bytes = text.bytes().enumerate();
    let mut found = Vec::new();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return Some((String::from_utf8_lossy(&found).into_owned(), at + 1)),
            b'\\' => {
                let (_, letter) = bytes.next()?;
                found.push(match letter {
                    b'a' => 7,
                    b'b' => 8,
                    b'f' => 12,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'v' => 11,
                    b'"' | b'\\' => letter,
                    b'0'..=b'3' => {
                        let mut octal = || bytes.next().map(|(_, digit)| digit).filter(|d| (b'0'..=b'7').contains(d));
                        let (second, third) = (octal()?, octal()?);
                        (letter - b'0') << 6 | (second - b'0') << 3 | (third - b'0')
                    }
                    _ => return None,
                });
            }
            byte => found.push(byte),
        }
    }
    None
}

fn words(line: &str, start: usize) -> impl Iterator<Item = Word<'_>> {
    let mut offset = start;
    line.split_inclusive(BLANKS).filter_map(move |piece| {
        let at = offset;
        offset += piece.len();
        let word = piece.trim_end_matches(BLANKS);
        (!word.is_empty()).then(|| (word, at..at + word.len()))
    })
}

/// True where a pattern can match a file that matters. It rather says yes: what is escaped or unusual may match.
fn may_match(pattern: &str, folder: &str, managed: &Managed) -> bool {
    let wild = |text: &str| text.contains(['*', '?', '[', '\\']);
    let anchored = pattern.strip_prefix('/');
    let path = anchored.unwrap_or(pattern);
    let name = path.rsplit('/').next().unwrap_or_default().to_lowercase();
    if name.is_empty() {
        // a folder alone: git gives no attribute to what is in it
        return false;
    }
    // a name without a slash stands for files of all folders below
    let below = if anchored.is_none() && !path.contains('/') { "**/" } else { "" };
    let pattern = PathPattern::lenient(&format!("{folder}/{below}{path}"));
    let tail = name.rsplit(['*', '?', ']', '\\']).next().unwrap_or_default();
    let read = READ.iter().any(|end| tail.ends_with(end) || (wild(&name) && end.ends_with(tail)));
    let picture = PICTURES.iter().any(|end| tail.ends_with(end));
    (read && Managed::may_cover(&pattern)) || (!picture && managed.may_name(&pattern))
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
#[path = "attributes_tests.rs"]
mod tests;
