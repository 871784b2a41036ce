//! Writes a file's tree in the one style.

use granit_parser::ScalarStyle;
use serde_json::Value as Json;

use super::tree::{Beside, Collection, Document, Line, Part, Value};
use super::{WIDTH, scalar};

/// Writes a document. The schema gives the order of keys.
pub(super) fn document(document: Document, schema: Option<&Json>) -> String {
    let mut printer = Printer { out: String::new(), schema };
    printer.lines(&document.header, 0);
    printer.block(document.root, schema, 0, false);
    printer.out
}

struct Printer<'s> {
    out: String,
    /// The schema of the whole file, which references point into.
    schema: Option<&'s Json>,
}

impl<'s> Printer<'s> {
    fn resolve(&self, schema: Option<&'s Json>) -> Option<&'s Json> {
        let schema = schema?;
        match schema.get("$ref").and_then(Json::as_str).and_then(|reference| reference.strip_prefix('#')) {
            Some(pointer) => self.schema?.pointer(pointer),
            None => Some(schema),
        }
    }

    fn below(&self, schema: Option<&'s Json>, key: Option<&str>) -> Option<&'s Json> {
        let schema = schema?;
        let below = match key {
            Some(key) => schema
                .get("properties")
                .and_then(|properties| properties.get(key))
                .or_else(|| schema.get("additionalProperties").filter(|below| below.is_object())),
            None => schema.get("items"),
        };
        self.resolve(below)
    }

    /// Ends a line, with a comment behind it: at the column it stood at, if there is room.
    fn end_line(&mut self, beside: Option<&Beside>) {
        if let Some(beside) = beside {
            let width = self.out.rsplit('\n').next().unwrap_or_default().chars().count();
            let gap = beside.column.checked_sub(width).filter(|gap| *gap > 0).unwrap_or(2);
            self.out.push_str(&" ".repeat(gap));
            self.out.push_str(&beside.text);
        }
        self.out.push('\n');
    }

    /// Comments, and of blank lines one between two others.
    fn lines(&mut self, lines: &[Line], indent: usize) {
        for line in lines {
            match line {
                Line::Blank if self.out.is_empty() || self.out.ends_with("\n\n") => {}
                Line::Blank => self.out.push('\n'),
                Line::Comment(text) => {
                    self.indent(indent);
                    self.out.push_str(text);
                    self.out.push('\n');
                }
            }
        }
    }

    fn indent(&mut self, indent: usize) {
        self.out.push_str(&" ".repeat(indent));
    }

    /// A collection over several lines. `inline` where its first part goes on behind a dash.
    fn block(&mut self, collection: Collection, schema: Option<&'s Json>, indent: usize, inline: bool) {
        for (at, mut part) in ordered(collection.parts, schema).into_iter().enumerate() {
            let above = std::mem::take(&mut part.above);
            let blanks = if at == 0 { above.iter().take_while(|line| **line == Line::Blank).count() } else { 0 };
            let starts = inline && at == 0;
            if !starts {
                self.lines(above.get(blanks..).unwrap_or_default(), indent);
            }
            self.part(part, schema, indent, starts);
        }
        self.lines(&collection.tail, indent);
    }

    fn part(&mut self, part: Part, schema: Option<&'s Json>, indent: usize, starts: bool) {
        let schema = self.below(schema, part.key.as_deref());
        let Part { key, opening, mut value, beside, .. } = part;
        let label = key.as_ref().map_or_else(|| "-".to_owned(), |key| format!("{}:", scalar::scalar(key)));
        let one_line = self.one_line(&value, schema).filter(|line| {
            opening.is_none()
                && (indent + label.chars().count() + 1 + line.chars().count() <= WIDTH || !is_many(&value))
        });
        let in_item = key.is_none() && one_line.is_none();
        if in_item && let Value::Many(collection) = &mut value {
            // nothing goes between a dash and the key behind it
            collection.sort(schema);
            let hoisted =
                collection.parts.first_mut().map(|first| std::mem::take(&mut first.above)).unwrap_or_default();
            let blanks = hoisted.iter().take_while(|line| **line == Line::Blank).count();
            self.lines(hoisted.get(blanks..).unwrap_or_default(), indent);
            if let Some(beside) = &beside {
                self.lines(&[Line::Comment(beside.text.clone())], indent);
            }
        }
        if !starts {
            self.indent(indent);
        }
        self.out.push_str(&label);
        if let Some(line) = one_line {
            self.out.push(' ');
            self.out.push_str(&line);
            self.end_line(beside.as_ref());
            return;
        }
        match value {
            Value::Many(collection) if collection.parts.is_empty() => {
                let (open, close) = if collection.is_map { (" {", "}") } else { (" [", "]") };
                self.out.push_str(open);
                self.end_line(opening.as_ref());
                self.lines(&collection.tail, indent + 2);
                self.indent(indent + 2);
                self.out.push_str(close);
                self.end_line(beside.as_ref());
            }
            Value::Many(collection) if in_item && collection.is_map => {
                self.out.push(' ');
                self.block(collection, schema, indent + 2, true);
            }
            Value::Many(collection) => {
                let (first, second) = if in_item { (None, None) } else { (opening, beside) };
                match (first, second) {
                    (Some(opening), Some(beside)) => {
                        self.end_line(Some(&opening));
                        self.lines(&[Line::Comment(beside.text)], indent + 2);
                    }
                    (opening, beside) => self.end_line(opening.or(beside).as_ref()),
                }
                self.block(collection, schema, indent + 2, false);
            }
            Value::Text(text, style) => self.text(&text, style, opening.or(beside).as_ref(), indent),
            Value::Word(_) => self.end_line(beside.as_ref()),
        }
    }

    /// A text over several lines.
    fn text(&mut self, text: &str, style: ScalarStyle, beside: Option<&Beside>, indent: usize) {
        let folded = style == ScalarStyle::Folded && is_foldable(text);
        self.out.push_str(if folded { " >" } else { " |" });
        if !text.ends_with('\n') {
            self.out.push('-');
        }
        self.end_line(beside);
        let body = text.trim_end_matches('\n');
        let lines = if folded { wrapped(body, WIDTH.saturating_sub(indent + 2)) } else { lines_of(body) };
        for line in lines {
            if !line.is_empty() {
                self.indent(indent + 2);
            }
            self.out.push_str(&line);
            self.out.push('\n');
        }
    }

    /// The value within a line; None where it can't be or shouldn't.
    fn one_line(&self, value: &Value, schema: Option<&'s Json>) -> Option<String> {
        match value {
            Value::Word(word) => Some(word.clone()),
            Value::Text(text, style) => (!is_block_text(text, *style)).then(|| scalar::block(text)),
            Value::Many(collection) if collection.parts.is_empty() && collection.tail.is_empty() => {
                Some(if collection.is_map { "{}" } else { "[]" }.to_owned())
            }
            Value::Many(collection) if collection.flow => self.flow(collection, schema),
            Value::Many(_) => None,
        }
    }

    fn flow(&self, collection: &Collection, schema: Option<&'s Json>) -> Option<String> {
        let said = |part: &&Part| {
            part.opening.is_some() || part.beside.is_some() || part.above.iter().any(|line| *line != Line::Blank)
        };
        if collection.parts.iter().any(|part| said(&part)) || !collection.tail.is_empty() {
            return None;
        }
        let mut parts: Vec<&Part> = collection.parts.iter().collect();
        parts.sort_by_key(|part| rank(part, schema));
        let mut written = Vec::new();
        for part in parts {
            let value = match &part.value {
                Value::Text(text, _) => scalar::scalar(text),
                value @ (Value::Word(_) | Value::Many(_)) => {
                    self.one_line(value, self.below(schema, part.key.as_deref()))?
                }
            };
            written.push(match &part.key {
                Some(key) => format!("{}: {value}", scalar::scalar(key)),
                None => value,
            });
        }
        let written = written.join(", ");
        Some(match (collection.is_map, written.is_empty()) {
            (true, true) => "{}".to_owned(),
            (true, false) => format!("{{ {written} }}"),
            (false, _) => format!("[{written}]"),
        })
    }
}

impl Collection {
    fn sort(&mut self, schema: Option<&Json>) {
        self.parts = ordered(std::mem::take(&mut self.parts), schema);
    }
}

fn is_many(value: &Value) -> bool {
    matches!(value, Value::Many(_))
}

/// Fields stand in the order of the schema; names and items as the author put them.
fn ordered(mut parts: Vec<Part>, schema: Option<&Json>) -> Vec<Part> {
    parts.sort_by_key(|part| rank(part, schema));
    parts
}

fn rank(part: &Part, schema: Option<&Json>) -> usize {
    let fields = schema.and_then(|schema| schema.get("properties")).and_then(Json::as_object);
    match (fields, &part.key) {
        (Some(fields), Some(key)) => fields.keys().position(|field| field == key).unwrap_or(usize::MAX),
        (_, _) => 0,
    }
}

/// True where a text that the author wrote over several lines can be written so.
fn is_block_text(text: &str, style: ScalarStyle) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    matches!(style, ScalarStyle::Literal | ScalarStyle::Folded)
        && !body.starts_with([' ', '\n'])
        && !body.ends_with('\n')
        && !body.is_empty()
        && !text.contains(['\r', '\t'])
        && body.lines().all(|line| !line.ends_with(' '))
}

/// True for one paragraph whose words are parted by single spaces.
fn is_foldable(text: &str) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    !body.contains('\n') && !body.contains("  ")
}

fn lines_of(text: &str) -> Vec<String> {
    text.split('\n').map(str::to_owned).collect()
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
