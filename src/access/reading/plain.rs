//! A quick way to load what almost every file is: a mapping in plain ASCII, each field on a line of its own.
//!
//! It takes only forms that leave nothing to decide, and gives the rest to the strict loader, which stays the judge of
//! what a file may hold. What both take they read alike, down to the spans: a test holds them against each other.

use serde_json::{Map, Value};

use super::flaw::clamp;
use super::scalar::{self, resolve};
use super::span::Span;

/// Far below what a file may hold.
const MAX_VALUES: usize = 10_000;
const MAX_DEPTH: usize = 8;
/// YAML ends a key after 1,024 characters.
const MAX_KEY: usize = 100;
/// Columns by which a nested block is indented.
const STEP: usize = 2;

/// The value and its spans, exactly as the strict loader gives them without a flaw; None where that has to look.
pub(super) fn load(text: &str) -> Option<(Value, Vec<Span>)> {
    if !text.bytes().all(|b| matches!(b, b' '..=b'~' | b'\n')) {
        return None;
    }
    let mut reader = Reader { text, at: 0, spans: Vec::with_capacity(16) };
    reader.skip()?;
    let value = reader.mapping(0, (0, 0), 0)?;
    (reader.at == text.len()).then_some((value, reader.spans))
}

struct Reader<'a> {
    text: &'a str,
    /// The start of a line that holds something, or the end of the text, whenever a block is looked at.
    at: usize,
    spans: Vec<Span>,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Passes empty lines, and comments that start their line.
    fn skip(&mut self) -> Option<()> {
        loop {
            let rest = self.rest();
            match rest.bytes().next() {
                Some(b'\n') => self.at += 1,
                Some(b'#') => self.at += rest.find('\n').map_or(rest.len(), |end| end + 1),
                Some(_) | None => return Some(()),
            }
        }
    }

    /// Ends a line: blanks and a comment may follow, and then whole lines of these.
    fn end_line(&mut self) -> Option<()> {
        let rest = self.rest();
        let blanks = indent(rest);
        match rest.as_bytes().get(blanks) {
            None => self.at = self.text.len(),
            Some(b'\n') => self.at += blanks + 1,
            Some(b'#') if blanks > 0 => self.at += rest.find('\n').map_or(rest.len(), |end| end + 1),
            Some(_) => return None,
        }
        self.skip()
    }

    fn open(&mut self, key: (u32, u32), start: usize) -> Option<usize> {
        let index = self.spans.len();
        let at = clamp(start);
        self.spans.push(Span { key, value: (at, at), next: clamp(index + 1) });
        (index < MAX_VALUES).then_some(index)
    }

    /// A block ends with what it holds.
    fn close_block(&mut self, index: usize) {
        let end = self.spans.last().map_or(0, |last| last.value.1);
        self.close(index, end);
    }

    fn close(&mut self, index: usize, end: u32) {
        let next = clamp(self.spans.len());
        if let Some(span) = self.spans.get_mut(index) {
            span.next = next;
            span.value.1 = end;
        }
    }

    /// A block mapping whose lines are indented by so much.
    fn mapping(&mut self, columns: usize, key: (u32, u32), depth: usize) -> Option<Value> {
        let index = self.open(key, self.at + columns)?;
        let mut map = Map::new();
        while indent(self.rest()) == columns && self.at < self.text.len() {
            self.at += columns;
            let (name, key) = self.key()?;
            if map.contains_key(name) {
                return None;
            }
            let value = if self.rest().starts_with(' ') {
                self.at += indent(self.rest());
                let value = self.value(key, depth, false)?;
                self.end_line()?;
                value
            } else {
                self.end_line()?;
                self.block(columns + STEP, key, depth + 1)?
            };
            map.insert(name.to_owned(), value);
        }
        self.close_block(index);
        (!map.is_empty()).then_some(Value::Object(map))
    }

    /// What stands below its key.
    fn block(&mut self, columns: usize, key: (u32, u32), depth: usize) -> Option<Value> {
        if depth > MAX_DEPTH || indent(self.rest()) != columns {
            return None;
        }
        if self.item(columns).is_none() {
            return self.mapping(columns, key, depth);
        }
        let index = self.open(key, self.at + columns)?;
        let mut items = Vec::new();
        while let Some(start) = self.item(columns) {
            self.at = start;
            items.push(self.value((0, 0), depth, false)?);
            self.end_line()?;
        }
        self.close_block(index);
        Some(Value::Array(items))
    }

    /// Where the text of an item starts, if the line is one.
    fn item(&self, columns: usize) -> Option<usize> {
        let rest = self.rest();
        (indent(rest) == columns && rest.get(columns..)?.starts_with("- ")).then_some(self.at + columns + STEP)
    }

    /// A key and the `:` behind it.
    fn key(&mut self) -> Option<(&'a str, (u32, u32))> {
        let rest = self.rest();
        let length = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')).count();
        let name = rest.get(..length)?;
        let fits = name.starts_with(|c: char| c.is_ascii_alphanumeric()) && length <= MAX_KEY;
        if !fits || rest.as_bytes().get(length) != Some(&b':') || resolve(name) != scalar::Plain::Text {
            return None;
        }
        let start = self.at;
        self.at += length + 1;
        Some((name, (clamp(start), clamp(start + length))))
    }

    /// A value that ends on its line. In a list or mapping in brackets, `flow` is true.
    fn value(&mut self, key: (u32, u32), depth: usize, flow: bool) -> Option<Value> {
        if depth > MAX_DEPTH {
            return None;
        }
        match self.rest().bytes().next()? {
            b'[' => self.flow_list(key, depth + 1),
            b'{' => self.flow_mapping(key, depth + 1),
            b'"' => {
                let inner = self.rest().get(1..)?;
                let end = inner.find(['"', '\\', '\n']).filter(|end| inner.as_bytes().get(*end) == Some(&b'"'))?;
                // two blanks in quotes are two, and one at the start or end is one
                let index = self.open(key, self.at)?;
                self.at += end + 2;
                self.close(index, clamp(self.at));
                Some(Value::from(inner.get(..end)?))
            }
            first if first.is_ascii_alphanumeric() => {
                let rest = self.rest();
                let text = rest.get(..plain_end(rest, flow)?)?.trim_end_matches(' ');
                let value = match resolve(text) {
                    scalar::Plain::Text => Value::from(text),
                    scalar::Plain::Integer(number) => Value::from(number),
                    scalar::Plain::Boolean(truth) => Value::Bool(truth),
                    scalar::Plain::Nothing | scalar::Plain::Unclear(_) => return None,
                };
                let index = self.open(key, self.at)?;
                self.at += text.len();
                self.close(index, clamp(self.at));
                Some(value)
            }
            _ => None,
        }
    }

    /// Passes blanks, and what is expected behind them.
    fn sign(&mut self, sign: char) -> bool {
        let rest = self.rest();
        let blanks = indent(rest);
        let found = rest.get(blanks..).is_some_and(|rest| rest.starts_with(sign));
        self.at += if found { blanks + 1 } else { 0 };
        found
    }

    fn flow_list(&mut self, key: (u32, u32), depth: usize) -> Option<Value> {
        let index = self.open(key, self.at)?;
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.at += indent(self.rest());
            items.push(self.value((0, 0), depth, true)?);
            if self.sign(']') {
                break;
            }
            if !self.sign(',') {
                return None;
            }
        }
        self.close(index, clamp(self.at));
        Some(Value::Array(items))
    }

    fn flow_mapping(&mut self, key: (u32, u32), depth: usize) -> Option<Value> {
        let index = self.open(key, self.at)?;
        self.at += 1;
        let mut map = Map::new();
        loop {
            self.at += indent(self.rest());
            let (name, key) = self.key()?;
            if map.contains_key(name) || !self.rest().starts_with(' ') {
                return None;
            }
            self.at += indent(self.rest());
            let value = self.value(key, depth, true)?;
            map.insert(name.to_owned(), value);
            if self.sign('}') {
                break;
            }
            if !self.sign(',') {
                return None;
            }
        }
        self.close(index, clamp(self.at));
        Some(Value::Object(map))
    }
}

fn indent(text: &str) -> usize {
    text.bytes().take_while(|b| *b == b' ').count()
}

/// Where a value without quotes ends; None where a sign in it could mean something.
fn plain_end(text: &str, flow: bool) -> Option<usize> {
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'\n' => return Some(at),
            b'#' if bytes.get(at.wrapping_sub(1)) == Some(&b' ') => return (!flow).then_some(at),
            b':' if flow || matches!(bytes.get(at + 1), None | Some(b' ' | b'\n')) => return None,
            b',' | b']' | b'}' if flow => return Some(at),
            b'[' | b'{' | b'"' | b'\'' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'%' | b'`' if flow => return None,
            _ => {}
        }
    }
    Some(text.len())
}
