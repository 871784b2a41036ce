//! The files of rules as the engine reads them, and where in them as people wrote them something stands.

use std::borrow::Cow;

use regorus::unstable::Span;

use super::INVALID_REGO;
use crate::access::reading::is_hidden;
use crate::finding::{Finding, Place};

/// So many characters of a rule's own text are shown.
const SHOWN: usize = 500;

/// Other words for a part of a file, with as many lines.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edit {
    /// The bytes of the file that they stand for.
    pub start: usize,
    pub end: usize,
    pub words: String,
}

/// A file: its path, what people wrote, and in which words the engine reads it.
#[derive(Clone, Debug)]
struct File<'a> {
    path: &'a str,
    written: &'a str,
    edits: Vec<Edit>,
}

/// Files of rules. The engine knows each by its number, so that no name can disturb what it says.
#[derive(Clone, Debug)]
pub(super) struct Files<'a>(Vec<File<'a>>);

impl<'a> Files<'a> {
    /// Pairs of path and text.
    pub fn of(files: &[(&'a str, &'a str)]) -> Self {
        Files(files.iter().map(|(path, written)| File { path, written, edits: Vec::new() }).collect())
    }

    /// Path and text of each, as people wrote it.
    pub fn written(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().map(|file| (file.path, file.written))
    }

    /// What the engine reads of each.
    pub fn read(&self) -> impl Iterator<Item = Cow<'a, str>> {
        self.0.iter().map(|file| {
            if file.edits.is_empty() {
                return Cow::Borrowed(file.written);
            }
            let (mut text, mut at) = (String::new(), 0);
            for edit in &file.edits {
                text.push_str(file.written.get(at..edit.start).unwrap_or_default());
                text.push_str(&edit.words);
                at = edit.end;
            }
            text.push_str(file.written.get(at..).unwrap_or_default());
            Cow::Owned(text)
        })
    }

    /// The same files, where the engine reads other words in some by their numbers. None where two stand in one place.
    pub fn reworded(&self, mut edits: Vec<(usize, Edit)>) -> Option<Self> {
        edits.sort();
        let mut files = self.clone();
        for (number, edit) in edits {
            let file = files.0.get_mut(number)?;
            if file.edits.last().is_some_and(|last| last.end > edit.start) {
                return None;
            }
            file.edits.push(edit);
        }
        Some(files)
    }

    /// The number of the file that the engine means, and what people wrote into it.
    pub fn file(&self, span: &Span) -> Option<(usize, &'a str)> {
        let number = span.source.get_path().parse::<usize>().ok()?;
        Some((number, self.0.get(number)?.written))
    }

    pub fn path(&self, number: &str) -> Option<&'a str> {
        Some(self.0.get(number.parse::<usize>().ok()?)?.path)
    }

    pub fn first(&self) -> Place {
        Place::whole_file(self.0.first().map_or("policies", |file| file.path))
    }

    /// A place that the engine tells, in what people wrote.
    pub fn position(&self, number: &str, line: u32, column: u32) -> Option<Place> {
        let file = self.0.get(number.parse::<usize>().ok()?)?;
        let (line, column) = file.original(line.max(1), column.max(1));
        Some(Place { file: file.path.to_owned(), line, column, end_line: line, end_column: column })
    }

    pub fn place(&self, span: &Span) -> Place {
        self.position(span.source.get_path(), span.line, span.col).unwrap_or_else(|| self.first())
    }

    /// What the engine says, as a finding.
    pub fn told(&self, text: &str) -> Finding {
        let (place, why) = self.split(text);
        let help = match why.contains("`if` keyword is required") || why.contains("`contains` keyword is required") {
            true => "write it as Rego v1 does: `deny contains message if { … }`",
            false => "correct the rule",
        };
        let message = format!("a custom rule can't be judged: {why}");
        invalid(place.unwrap_or_else(|| self.first()), message, help)
    }

    /// The engine writes `--> FILE:LINE:COLUMN`, the line itself, and `error: MESSAGE`.
    pub fn split(&self, text: &str) -> (Option<Place>, String) {
        let place = text.lines().find_map(|line| {
            let mut parts = line.split_once("--> ")?.1.splitn(3, ':');
            self.position(parts.next()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?)
        });
        let message = text.rsplit_once("error: ").map_or(text, |(_, message)| message);
        // where a circle is told, its way follows, line by line as in the files
        let message = message.split_once(":\n").map_or(message, |(message, _)| message);
        (place, shown(message))
    }
}

impl File<'_> {
    /// Line and column of what people wrote, of those that the engine sees. What only the engine sees stands where people
    /// wrote what it stands for.
    fn original(&self, line: u32, column: u32) -> (u32, u32) {
        let count =
            |text: &str| u32::try_from(text.lines().next().unwrap_or_default().chars().count()).unwrap_or(u32::MAX);
        let mut column = column;
        let mut shift = 0_i64;
        for edit in &self.edits {
            let before = self.written.get(..edit.start).unwrap_or_default();
            let of = u32::try_from(before.matches('\n').count() + 1).unwrap_or(u32::MAX);
            let at = count(before.rsplit('\n').next().unwrap_or_default()) + 1;
            if of != line {
                continue;
            }
            let (words, removed) =
                (count(&edit.words), count(self.written.get(edit.start..edit.end).unwrap_or_default()));
            let seen = i64::from(at) + shift;
            if i64::from(column) < seen {
                break;
            }
            if i64::from(column) < seen + i64::from(words) {
                return (line, at);
            }
            shift += i64::from(words) - i64::from(removed);
        }
        column = u32::try_from((i64::from(column) - shift).max(1)).unwrap_or(column);
        let lines = u32::try_from(self.written.lines().count()).unwrap_or(u32::MAX);
        if line > lines { (lines.max(1), 1) } else { (line, column) }
    }
}

/// A finding that says that something can't be judged.
pub(super) fn invalid(place: Place, message: String, help: &str) -> Finding {
    Finding::new(&INVALID_REGO, place, message, help)
}

/// A rule's own text in one line, without what can't be seen.
pub(super) fn shown(text: &str) -> String {
    let mut line = String::new();
    for (count, c) in text.trim().chars().enumerate() {
        if count == SHOWN {
            line.push('…');
            break;
        }
        match c {
            '\n' | '\t' => line.push(' '),
            c if is_hidden(c) => line.extend(c.escape_unicode()),
            c => line.push(c),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_engine_sees_stands_where_people_wrote_it() {
        let text = "package x\nä := f(one, two)\n";
        let files = Files::of(&[("policies/x.rego", text)]);
        let at = text.find("one").unwrap();
        let edit = |start: usize, end: usize, words: &str| (0, Edit { start, end, words: words.to_owned() });
        let files = files.reworded(vec![edit(at + 5, at + 8, "2"), edit(at, at + 3, "number one")]).unwrap();
        assert_eq!(files.read().collect::<Vec<_>>(), ["package x\nä := f(number one, 2)\n"]);
        let column = |column: u32| files.position("0", 2, column).unwrap().column;
        // before, within and behind the first, the second, and behind it
        assert_eq!([6, 8, 12, 18, 20, 21].map(column), [6, 8, 8, 11, 13, 16]);
        assert_eq!(files.position("0", 1, 9).unwrap().column, 9);
        assert_eq!(files.position("0", 99, 9).unwrap().line, 2);
        assert!(files.reworded(vec![edit(at + 1, at + 2, "x")]).is_none());
    }
}
