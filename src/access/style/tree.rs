//! A file as it is written: values with the comments and blank lines around them.

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle};

use crate::access::reading::{as_ended, is_text};

/// A line that says nothing to the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Blank,
    /// With its `#`.
    Comment(String),
}

/// A comment behind something, with its `#`, and the column it stood at, from 0.
#[derive(Clone, Debug)]
pub(super) struct Beside {
    pub(super) text: String,
    pub(super) column: usize,
}

#[derive(Debug)]
pub(super) enum Value {
    /// A number or a truth value, as it stands.
    Word(String),
    Text(String, ScalarStyle),
    Many(Collection),
}

/// A list or a mapping.
#[derive(Debug)]
pub(super) struct Collection {
    pub(super) is_map: bool,
    /// Written within brackets or braces.
    pub(super) flow: bool,
    pub(super) parts: Vec<Part>,
    /// What stands after the last part.
    pub(super) tail: Vec<Line>,
}

/// An item of a list, or a key with its value.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) above: Vec<Line>,
    /// None in lists.
    pub(super) key: Option<String>,
    /// Behind the key, where the value starts on another line.
    pub(super) opening: Option<Beside>,
    pub(super) value: Value,
    pub(super) beside: Option<Beside>,
}

#[derive(Debug)]
pub(super) struct Document {
    /// Comments that stay at the top.
    pub(super) header: Vec<Line>,
    pub(super) root: Collection,
}

struct Comment {
    start: usize,
    end: usize,
    column: usize,
    text: String,
    /// Nothing stands before it on its line.
    alone: bool,
}

struct Reader<'a> {
    text: &'a str,
    events: std::iter::Peekable<std::vec::IntoIter<(Event<'a>, usize, usize)>>,
    comments: std::iter::Peekable<std::vec::IntoIter<Comment>>,
    /// The end of the last value, key or bracket.
    last_end: usize,
    /// The end of the last of these or of a comment.
    seen: usize,
}

type Found<'a> = (Vec<(Event<'a>, usize, usize)>, Vec<Comment>);

fn events(text: &str) -> Option<Found<'_>> {
    let options = granit_parser::options! {
        emit_comments: true,
        max_buffered_comment_events: usize::MAX,
    };
    let (mut events, mut comments) = (Vec::new(), Vec::new());
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, marks) = event.ok()?;
        let (start, end) = (marks.start.byte_offset()?, marks.end.byte_offset()?);
        match event {
            Event::Comment(said, _) => {
                let before = text.get(..start)?.rsplit('\n').next().unwrap_or_default();
                comments.push(Comment {
                    start,
                    end,
                    column: before.chars().count(),
                    text: format!("#{}", said.trim_end()),
                    alone: before.trim().is_empty(),
                });
            }
            Event::Scalar(..)
            | Event::MappingStart(..)
            | Event::MappingEnd
            | Event::SequenceStart(..)
            | Event::SequenceEnd => events.push((event, start, end)),
            // the parser may add events; what stands for a value is above
            Event::StreamStart | Event::StreamEnd | Event::DocumentStart(..) | Event::DocumentEnd | _ => {}
        }
    }
    // a comment may be told of before or after what it stands beside
    comments.sort_by_key(|comment| comment.start);
    Some((events, comments))
}

/// All comments of a file, sorted.
pub(super) fn comments(text: &str) -> Vec<String> {
    let mut said: Vec<String> =
        events(text).map(|(_, comments)| comments.into_iter().map(|c| c.text).collect()).unwrap_or_default();
    said.sort_unstable();
    said
}

/// Reads a file that the strict loader has accepted: one mapping, no anchors, tags or second documents.
pub(super) fn read(text: &str) -> Option<Document> {
    let (events, comments) = events(text)?;
    let mut reader = Reader {
        text,
        events: events.into_iter().peekable(),
        comments: comments.into_iter().peekable(),
        last_end: 0,
        seen: 0,
    };
    let header = reader.header();
    let Value::Many(mut root) = reader.value(0, &mut None)? else { return None };
    root.tail.extend(reader.above(usize::MAX));
    Some(Document { header, root })
}

impl<'a> Reader<'a> {
    fn upcoming(&mut self) -> usize {
        self.events.peek().map_or(usize::MAX, |(_, start, _)| *start)
    }

    fn column(&self, at: usize) -> usize {
        let before = self.text.get(..at).and_then(|before| before.rsplit('\n').next()).unwrap_or_default();
        before.chars().count()
    }

    /// True where a blank line stands between what was read last and an offset.
    fn after_blank(&self, at: usize) -> bool {
        let gap = self.text.get(self.seen..at).unwrap_or_default();
        let lines: Vec<&str> = gap.split('\n').collect();
        lines.get(1..lines.len() - 1).is_some_and(|between| between.iter().any(|line| line.trim().is_empty()))
    }

    fn ends(&mut self, end: usize) {
        self.last_end = end;
        self.see(end);
    }

    fn see(&mut self, end: usize) {
        self.seen = self.seen.max(end);
    }

    /// The comments up to an offset that also are as far to the right as asked, and the blank lines between them.
    fn lines(&mut self, before: usize, column: usize) -> Vec<Line> {
        let mut lines = Vec::new();
        while let Some(comment) = self.comments.next_if(|c| c.start < before && (c.column >= column || !c.alone)) {
            if self.after_blank(comment.start) {
                lines.push(Line::Blank);
            }
            self.see(comment.end);
            lines.push(Line::Comment(comment.text));
        }
        lines
    }

    /// What stands above the value that starts there.
    fn above(&mut self, start: usize) -> Vec<Line> {
        let mut lines = self.lines(start, 0);
        if self.after_blank(start) {
            lines.push(Line::Blank);
        }
        lines
    }

    /// Comments at the top that a blank line follows, and a line for editors.
    fn header(&mut self) -> Vec<Line> {
        let first = self.upcoming();
        let mut lines = self.above(first);
        let is_for_editors = |line: &Line| matches!(line, Line::Comment(text) if text.contains("yaml-language-server"));
        let editors = usize::from(lines.iter().take(1).any(is_for_editors));
        let kept = lines.iter().rposition(|line| *line == Line::Blank).map_or(editors, |at| (at + 1).max(editors));
        let rest = lines.split_off(kept);
        // what is left stands above the first key: give it back
        let mut given: Vec<Comment> = Vec::new();
        for line in rest {
            if let Line::Comment(text) = line {
                given.push(Comment { start: 0, end: 0, column: 0, text, alone: true });
            }
        }
        given.extend(std::mem::replace(&mut self.comments, Vec::new().into_iter().peekable()));
        self.comments = given.into_iter().peekable();
        // the blank line belongs to the top, whichever key comes first
        self.see(first);
        lines
    }

    /// A comment behind what ended last, if one stands there before the next thing.
    fn beside(&mut self) -> Option<Beside> {
        let (end, next) = (self.last_end, self.upcoming());
        let text = self.text;
        let comment = self.comments.next_if(|comment| {
            let between = text.get(end..comment.start);
            !comment.alone && comment.start < next && between.is_some_and(|between| !between.contains('\n'))
        })?;
        self.see(comment.end);
        Some(Beside { text: comment.text, column: comment.column })
    }

    /// Reads one value. `outer` is the column of the collection around it, counted from 1.
    fn value(&mut self, outer: usize, opening: &mut Option<Beside>) -> Option<Value> {
        let (event, start, end) = self.events.next()?;
        match event {
            Event::Scalar(value, style, ..) => {
                let raw = self.text.get(start..end)?;
                self.ends(start + raw.trim_end().len());
                if let ScalarStyle::Literal | ScalarStyle::Folded = style
                    && let Some(comment) = self.comments.next_if(|comment| comment.start < end)
                {
                    *opening = Some(Beside { text: comment.text, column: comment.column });
                }
                if style == ScalarStyle::Plain && !is_text(&value) {
                    return Some(Value::Word(value.into_owned()));
                }
                if let ScalarStyle::Literal | ScalarStyle::Folded = style {
                    return Some(Value::Text(as_ended(&value, self.text, end).to_owned(), style));
                }
                Some(Value::Text(value.into_owned(), style))
            }
            Event::MappingStart(style, ..) => self.collection(true, style, start, outer, opening),
            Event::SequenceStart(style, ..) => self.collection(false, style, start, outer, opening),
            // the rest stands for no value, or was refused by the loader
            Event::MappingEnd | Event::SequenceEnd | Event::Alias(_) | _ => None,
        }
    }

    fn collection(
        &mut self,
        is_map: bool,
        style: StructureStyle,
        start: usize,
        outer: usize,
        opening: &mut Option<Beside>,
    ) -> Option<Value> {
        let flow = style == StructureStyle::Flow;
        let column = self.column(start);
        if flow {
            self.ends(start + 1);
            if let Some(comment) = self.beside() {
                *opening = Some(comment);
            }
        }
        let mut parts = Vec::new();
        loop {
            if let Some((_, _, end)) =
                self.events.next_if(|(event, ..)| matches!(event, Event::MappingEnd | Event::SequenceEnd))
            {
                let tail = if flow {
                    let tail = self.lines(end, 0);
                    self.ends(end);
                    tail
                } else {
                    let next = self.upcoming();
                    self.lines(next, column.max(outer))
                };
                return Some(Value::Many(Collection { is_map, flow, parts, tail }));
            }
            let part = self.part(is_map, column + 1)?;
            parts.push(part);
        }
    }

    fn part(&mut self, is_map: bool, outer: usize) -> Option<Part> {
        let start = self.upcoming();
        let mut above = self.above(start);
        let mut opening = None;
        let key = if is_map {
            let (Event::Scalar(key, ..), _, end) = self.events.next()? else { return None };
            self.ends(end);
            opening = self.beside();
            Some(key.into_owned())
        } else {
            None
        };
        let value = self.value(outer, &mut opening)?;
        let mut beside = self.beside();
        if beside.is_none()
            && !matches!(
                value,
                Value::Many(Collection { flow: false, .. })
                    | Value::Text(_, ScalarStyle::Literal | ScalarStyle::Folded)
            )
        {
            beside = opening.take_if(|_| !matches!(value, Value::Many(_)));
        }
        if key.is_none()
            && let Some(comment) = opening.take()
        {
            above.push(Line::Comment(comment.text));
        }
        Some(Part { above, key, opening, value, beside })
    }
}
