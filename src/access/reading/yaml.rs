//! The strict loader: from text to a JSON value and its spans, refusing what YAML tools read differently.

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Span as Marks, StructureStyle};
use serde_json::{Map, Value};

use super::flaw::{Flaw, Flaws, SCHEMA, TOO_LARGE, clamp};
use super::hidden::{self, quote};
use super::scalar::{self, Plain, resolve};
use super::span::Span;
use crate::finding::{Code, Rule, Severity};

/// The file is not YAML as dualkey takes it.
pub const INVALID_YAML: Rule = Rule {
    code: Code {
        id: "invalid-yaml",
        title: "a file is not valid YAML in UTF-8",
        why: "A file that cannot be read says nothing, so the access it declares would be lost. Files are UTF-8 \
              without a byte order mark, lines end in a line feed, and the file is one mapping: anything else is \
              shown or compared differently by some tools.",
        example: "to: [alice.nguyen",
        instead: "Mend the syntax at the place shown; save as UTF-8 with Unix line ends.",
    },
    severity: Severity::Error,
    dated: false,
};

/// One key twice in a mapping.
pub const DUPLICATE_KEY: Rule = Rule {
    code: Code {
        id: "duplicate-key",
        title: "a key stands twice in the same mapping",
        why: "Some YAML tools keep the first value, some the last. A reviewer who sees one of them approves the other.",
        example: "role: reader\nrole: admin",
        instead: "Keep the line that is meant and delete the other.",
    },
    severity: Severity::Error,
    dated: false,
};

/// A feature of YAML that hides what a file says.
pub const YAML_FEATURE: Rule = Rule {
    code: Code {
        id: "yaml-feature",
        title: "a file uses a feature of YAML that is not allowed",
        why: "Anchors, aliases, merge keys, tags, directives, complex keys and second documents make a line mean \
              something that is written elsewhere, and can grow a small file without bound. A change must be \
              readable where it stands.",
        example: "<<: *admin",
        instead: "Write the values out where they belong, one document a file.",
    },
    severity: Severity::Error,
    dated: false,
};

/// How flaws end that files of other programs may have, since what they say is clear all the same.
const NO_VALUE: &str = "has no value";
const ODD_KEY: &str = "is not text in every tool";

/// True where a value is there for everybody who reads the file as its own program does.
pub(super) fn is_clear(flaw: &Flaw) -> bool {
    flaw.rule == &SCHEMA && [NO_VALUE, ODD_KEY].iter().any(|end| flaw.message.ends_with(end))
}

const MAX_DEPTH: usize = 64;
const MAX_VALUES: usize = 100_000;

/// A key that waits for its value.
struct Key {
    text: String,
    range: (u32, u32),
    /// The value is read for its flaws but not kept: the key was refused.
    dropped: bool,
}

enum Content {
    Mapping { map: Map<String, Value>, key: Option<Key> },
    Sequence(Vec<Value>),
}

/// A collection that is still open.
struct Open {
    content: Content,
    span: usize,
    block: bool,
    /// A collection that stands where a key should.
    is_key: bool,
}

/// Reads the text. The value is there when the syntax is right; a value that was refused is null in it.
pub(super) fn load(text: &str, flaws: &mut Flaws) -> (Option<Value>, Vec<Span>) {
    let options = granit_parser::options! {
        strict_indentation: true,
        disallow_directives: true,
        emit_unresolved_aliases: true,
        emit_anchor_events: true,
        // only needed to tell which tabs stand in comments
        emit_comments: text.contains('\t'),
        max_buffered_comment_events: MAX_VALUES,
        // one more than is allowed, so that the loader's own limit tells of it
        flow_nesting_limit: MAX_DEPTH + 1,
        block_nesting_limit: MAX_DEPTH + 1,
    };
    let mut loader = Loader {
        text,
        flaws,
        open: Vec::new(),
        spans: Vec::new(),
        root: None,
        documents: 0,
        last_end: 0,
        done: false,
        tabs_checked: 0,
    };
    for event in Parser::new_from_str_with_options(text, options) {
        match event {
            Ok((event, marks)) => loader.event(event, marks),
            Err(error) => {
                loader.syntax(&error);
                loader.root = None;
                break;
            }
        }
        if loader.done || loader.flaws.is_full() {
            break;
        }
    }
    loader.finish()
}

struct Loader<'a, 'f> {
    text: &'a str,
    flaws: &'f mut Flaws,
    open: Vec<Open>,
    spans: Vec<Span>,
    root: Option<Value>,
    documents: usize,
    /// End of what the last event covered: between it and a key stand only indicators, blanks and comments.
    last_end: usize,
    done: bool,
    /// Up to here no tab stands where tools differ.
    tabs_checked: usize,
}

impl Loader<'_, '_> {
    fn event(&mut self, event: Event<'_>, marks: Marks) {
        let start = marks.start.byte_offset().unwrap_or(0);
        let end = marks.end.byte_offset().unwrap_or(start).max(start);
        let range = (clamp(start), clamp(end));
        if let Some(tag) = event.tag() {
            let at = marks.tag_span().map_or(start..end, |tag| {
                let from = tag.start.byte_offset().unwrap_or(start);
                from..tag.end.byte_offset().unwrap_or(from)
            });
            let message = format!("the tag {} is not allowed", quote(&tag.original()));
            self.flaws.add(&YAML_FEATURE, at, message, "delete the tag; put the value in quotes if it is text");
        }
        let quoted = matches!(event, Event::Scalar(_, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted, ..));
        if quoted || matches!(event, Event::Comment(..)) {
            self.tabs(start, end);
        }
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    let help = "a file holds one document: put the second one into a file of its own";
                    self.flaws.add(&YAML_FEATURE, start..end, "a second document starts here", help);
                    self.done = true;
                }
            }
            Event::Scalar(value, style, ..) => self.scalar(&value, style, range),
            Event::Alias(_) => self.alias(range),
            Event::UnresolvedAlias(_) => self.alias(range),
            Event::Anchor(_, name) => {
                let message = format!("the anchor {} is not allowed", quote(&format!("&{name}")));
                self.flaws.add(
                    &YAML_FEATURE,
                    start..end,
                    message,
                    "delete the anchor, and write the value out where it is used",
                );
            }
            Event::MappingStart(style, ..) => {
                self.start(Content::Mapping { map: Map::new(), key: None }, style, range);
            }
            Event::SequenceStart(style, ..) => self.start(Content::Sequence(Vec::new()), style, range),
            Event::MappingEnd | Event::SequenceEnd => self.end(end),
            // the parser may add events; what stands for a value is above
            Event::StreamStart | Event::StreamEnd | Event::DocumentEnd | Event::Comment(..) | _ => {}
        }
        self.last_end = self.last_end.max(end);
    }

    /// Refuses a tab between what was checked and the start of a quoted text or comment, which may hold tabs.
    fn tabs(&mut self, start: usize, end: usize) {
        let from = self.tabs_checked;
        if let Some(at) = self.text.get(from..start).and_then(|gap| gap.find('\t')) {
            let at = from + at;
            self.flaws.add(
                &INVALID_YAML,
                at..at + 1,
                "a tab stands outside of quotes",
                "use spaces, or put the text in quotes",
            );
        }
        self.tabs_checked = from.max(end);
    }

    /// True where the next node is a key of a mapping.
    fn expects_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { content: Content::Mapping { key: None, .. }, .. }))
    }

    /// Makes the span of a value, with the waiting key's place.
    fn span(&mut self, value: (u32, u32)) -> usize {
        let key = match self.open.last() {
            Some(Open { content: Content::Mapping { key: Some(key), .. }, .. }) => key.range,
            Some(_) | None => (0, 0),
        };
        let index = self.spans.len();
        if index >= MAX_VALUES && !self.done {
            self.done = true;
            let message = format!("the file holds more than {MAX_VALUES} values");
            self.flaws.add_range(&TOO_LARGE, value.0..value.1, message, "split the file");
        }
        self.spans.push(Span { key, value, next: clamp(index + 1) });
        index
    }

    fn scalar(&mut self, value: &str, style: ScalarStyle, (start, end): (u32, u32)) {
        let raw = self.text.get(start as usize..end as usize).unwrap_or_default();
        if style == ScalarStyle::DoubleQuoted && raw.contains('\\') {
            hidden::check_escaped(value, start as usize, end as usize, self.flaws);
        }
        if self.expects_key() {
            self.key(value, style, (start, end));
            return;
        }
        // a block's text reaches to the start of what follows
        let trimmed = clamp(raw.trim_end().len());
        let mut at = (start, start + trimmed);
        let result = match style {
            ScalarStyle::Plain => self.plain(value, &mut at),
            ScalarStyle::Literal | ScalarStyle::Folded => self.block(value, end as usize),
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Value::from(value),
        };
        self.span(at);
        self.attach(result);
    }

    fn block(&mut self, value: &str, end: usize) -> Value {
        let last = self.text.rsplit('\n').next().unwrap_or_default();
        if end == self.text.len() && !last.is_empty() && last.bytes().all(|byte| byte == b' ') {
            let message = "the text ends in a line of blanks, which tools read differently".to_owned();
            let help = "delete the blanks at the end of the file";
            self.flaws.add(&INVALID_YAML, end - last.len()..end, message, help);
        }
        Value::from(scalar::as_ended(value, self.text, end))
    }

    fn plain(&mut self, value: &str, at: &mut (u32, u32)) -> Value {
        match resolve(value) {
            Plain::Text => Value::from(value),
            Plain::Integer(number) => Value::from(number),
            Plain::Boolean(truth) => Value::Bool(truth),
            Plain::Nothing if self.open.is_empty() => Value::Null,
            Plain::Nothing => {
                let subject = match self.open.last() {
                    Some(Open { content: Content::Mapping { key: Some(key), .. }, .. }) => {
                        if at.0 == at.1 {
                            *at = key.range;
                        }
                        quote(&key.text)
                    }
                    Some(_) | None => "the item".to_owned(),
                };
                let help = "write a value, or delete the line";
                self.flaws.add_range(&SCHEMA, at.0..at.1, format!("{subject} {NO_VALUE}"), help);
                Value::Null
            }
            Plain::Unclear(why) => {
                let message = format!("{} is read differently by different tools: {why}", quote(value));
                let help = format!("put it in quotes: {}", quote(&format!("\"{value}\"")));
                self.flaws.add_range(&SCHEMA, at.0..at.1, message, help);
                Value::Null
            }
        }
    }

    fn key(&mut self, value: &str, style: ScalarStyle, (start, end): (u32, u32)) {
        self.explicit_key(start as usize);
        let at = start as usize..end as usize;
        let raw = self.text.get(at.clone()).unwrap_or_default();
        let mut dropped = false;
        if raw.contains('\n') {
            let help = "write the key on one line";
            self.flaws.add(&YAML_FEATURE, at.clone(), "a key over several lines is not allowed", help);
        }
        let range = if style == ScalarStyle::Plain {
            if raw == "<<" {
                self.flaws.add(&YAML_FEATURE, at, "the merge key `<<` is not allowed", "write the fields out");
                dropped = true;
            } else {
                match resolve(raw) {
                    Plain::Text => {}
                    Plain::Nothing => {
                        self.flaws.add(&SCHEMA, at, "a key is missing", "write the key as text before the `:`");
                        dropped = true;
                    }
                    Plain::Integer(_) | Plain::Boolean(_) | Plain::Unclear(_) => {
                        let message = format!("the key {} {ODD_KEY}", quote(raw));
                        let help = format!("put it in quotes: {}", quote(&format!("\"{raw}\"")));
                        self.flaws.add(&SCHEMA, at, message, help);
                    }
                }
            }
            (start, end)
        } else {
            let inner = (start + 1, end.saturating_sub(1).max(start + 1));
            if self.text.get(inner.0 as usize..inner.1 as usize) != Some(value) {
                let message = format!("the key {} is written with escapes", quote(value));
                self.flaws.add(&SCHEMA, at, message, "write the key as it is read");
                dropped = true;
            }
            inner
        };
        if let Some(Open { content: Content::Mapping { map, key }, span, .. }) = self.open.last_mut() {
            if !dropped && map.contains_key(value) {
                dropped = true;
                let first = first_key(&self.spans, *span, self.text, value);
                self.flaws.push(Flaw {
                    rule: &DUPLICATE_KEY,
                    range: range.0..range.1,
                    message: format!("the key {} stands here a second time", quote(value)),
                    help: "keep the line that is meant and delete the other".to_owned(),
                    related: Some((first, "the first one")),
                });
            }
            *key = Some(Key { text: value.to_owned(), range, dropped });
        }
    }

    /// Finds the `?` that may stand before a key.
    fn explicit_key(&mut self, start: usize) {
        let gap = self.text.get(self.last_end..start).unwrap_or_default();
        if !gap.contains('?') {
            return;
        }
        let mut offset = self.last_end;
        for line in gap.split_inclusive('\n') {
            let code = line.split('#').next().unwrap_or_default();
            if let Some(at) = code.find('?') {
                let at = offset + at;
                self.flaws.add(&YAML_FEATURE, at..at + 1, "a key marked by `?` is not allowed", COMPLEX_HELP);
                return;
            }
            offset += line.len();
        }
    }

    fn alias(&mut self, (start, end): (u32, u32)) {
        let name = self.text.get(start as usize..end as usize).unwrap_or_default();
        let message = format!("the alias {} is not allowed", quote(name));
        self.flaws.add_range(&YAML_FEATURE, start..end, message, "write out the value that it stands for");
        if self.expects_key() {
            self.refuse_key((start, end));
        } else {
            self.span((start, end));
            self.attach(Value::Null);
        }
    }

    fn refuse_key(&mut self, range: (u32, u32)) {
        if let Some(Open { content: Content::Mapping { key, .. }, .. }) = self.open.last_mut() {
            *key = Some(Key { text: String::new(), range, dropped: true });
        }
    }

    fn start(&mut self, content: Content, style: StructureStyle, range: (u32, u32)) {
        let is_key = self.expects_key();
        if is_key {
            let help = COMPLEX_HELP;
            self.flaws.add_range(&YAML_FEATURE, range.0..range.1, "a list or mapping as a key is not allowed", help);
        }
        if self.open.len() >= MAX_DEPTH {
            let message = format!("the file is nested more than {MAX_DEPTH} levels deep");
            self.flaws.add_range(&TOO_LARGE, range.0..range.1, message, FLATTEN_HELP);
            self.done = true;
            return;
        }
        let span = self.span(range);
        self.open.push(Open { content, span, block: style == StructureStyle::Block, is_key });
    }

    fn end(&mut self, end: usize) {
        let Some(Open { content, span, block, is_key }) = self.open.pop() else {
            return;
        };
        // the end of a block is where the next thing starts: its last value's end is what a reader sees
        let end = if block { self.spans.last().map_or(clamp(end), |last| last.value.1) } else { clamp(end) };
        let next = clamp(self.spans.len());
        if let Some(span) = self.spans.get_mut(span) {
            span.next = next;
            span.value.1 = end.max(span.value.0);
        }
        let range = self.spans.get(span).map_or((0, 0), |span| span.value);
        let value = match content {
            Content::Mapping { map, .. } => Value::Object(map),
            Content::Sequence(items) => Value::Array(items),
        };
        if is_key { self.refuse_key(range) } else { self.attach(value) }
    }

    fn attach(&mut self, value: Value) {
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(value),
            Some(Content::Sequence(items)) => items.push(value),
            Some(Content::Mapping { map, key }) => {
                if let Some(key) = key.take().filter(|key| !key.dropped) {
                    map.insert(key.text, value);
                }
            }
        }
    }

    fn syntax(&mut self, error: &ScanError) {
        let at = error.marker().byte_offset().unwrap_or(self.text.len()).min(self.text.len());
        let wrong = self.text.get(at..).and_then(|rest| rest.chars().next());
        let line = self.text.get(at..).and_then(|rest| rest.split('\n').next()).unwrap_or_default();
        if line.contains(|c| hidden::is_hidden(c) && c != '\r') {
            // told of already, with its code point
            return;
        }
        if error.kind().to_string().contains("tab")
            && self.text.get(self.tabs_checked..).is_some_and(|t| t.contains('\t'))
        {
            // told of at its own place, when all tabs are looked at
            return;
        }
        let range = at..at + wrong.filter(|c| *c != '\n').map_or(0, char::len_utf8);
        let kind = error.kind();
        if matches!(kind, ErrorKind::DirectiveDisallowed) {
            self.flaws.add(&YAML_FEATURE, range, "a directive is not allowed", "delete the line");
        } else if matches!(kind, ErrorKind::RecursionLimitExceeded) {
            let message = format!("the file is nested more than {MAX_DEPTH} levels deep");
            self.flaws.add(&TOO_LARGE, range, message, FLATTEN_HELP);
        } else {
            let help = "mend the syntax here or just before; text with special characters goes in quotes";
            self.flaws.add(&INVALID_YAML, range, kind.to_string(), help);
        }
    }

    fn finish(mut self) -> (Option<Value>, Vec<Span>) {
        self.tabs(self.text.len(), self.text.len());
        let stopped = self.done && self.documents < 2;
        match self.root {
            Some(Value::Object(map)) if !stopped => (Some(Value::Object(map)), self.spans),
            Some(Value::Null) if self.flaws.is_empty() => {
                self.flaws.add(&INVALID_YAML, 0..0, "the file is empty", EMPTY_HELP);
                (None, self.spans)
            }
            Some(Value::Array(_) | Value::String(_) | Value::Number(_) | Value::Bool(_)) if !stopped => {
                let range = self.spans.first().map_or(0..0, |span| span.value.0..span.value.1);
                let help = "write fields and their values: `name: …`";
                self.flaws.add_range(&INVALID_YAML, range, "the file is not a mapping", help);
                (None, self.spans)
            }
            Some(_) => (None, self.spans),
            None => {
                if self.flaws.is_empty() {
                    self.flaws.add(&INVALID_YAML, 0..0, "the file is empty", EMPTY_HELP);
                }
                (None, self.spans)
            }
        }
    }
}

const FLATTEN_HELP: &str = "no file needs so many levels; flatten it";
const COMPLEX_HELP: &str = "write the key as plain text before the `:`";
const EMPTY_HELP: &str = "write its fields, or delete the file";

fn first_key(spans: &[Span], parent: usize, text: &str, key: &str) -> std::ops::Range<u32> {
    // the parent is still open, so its children are all that follows
    let mut at = parent + 1;
    while let Some(span) = spans.get(at) {
        if text.get(span.key.0 as usize..span.key.1 as usize) == Some(key) {
            return span.key.0..span.key.1;
        }
        at = span.next as usize;
    }
    0..0
}
