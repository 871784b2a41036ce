//! Where things stand in a file: the tree of spans, and lines and columns.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::flaw::{Flaws, clamp};
use super::span::Span;
use super::{plain, yaml};
use crate::finding::Place;

/// One step from a value to a value in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

impl<'a> From<&'a str> for Step<'a> {
    fn from(key: &'a str) -> Self {
        Step::Key(key)
    }
}

impl From<usize> for Step<'_> {
    fn from(index: usize) -> Self {
        Step::Index(index)
    }
}

/// The text of bytes, up to the first that is not UTF-8.
pub(super) fn valid(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            bytes.get(..error.valid_up_to()).and_then(|good| std::str::from_utf8(good).ok()).unwrap_or_default()
        }
    }
}

/// Where the values of a text stand, as far as it is YAML.
fn spans(text: &str) -> Vec<Span> {
    match plain::load(text) {
        Some((_, spans)) => spans,
        None => yaml::load(text, &mut Flaws::default()).1,
    }
}

/// A file: its path, its text and the places of everything in it.
///
/// Few files are ever pointed into, so nothing but the bytes is kept until the first place is asked for.
pub struct Source {
    pub path: Arc<str>,
    bytes: Arc<[u8]>,
    /// True where the text has a tree of values.
    yaml: bool,
    layout: OnceLock<Box<Layout>>,
}

#[derive(Debug)]
struct Layout {
    ascii: bool,
    spans: Vec<Span>,
    /// Offsets at which lines start.
    lines: Vec<u32>,
}

fn range((start, end): (u32, u32)) -> Range<u32> {
    start..end
}

/// Only where it stands: a text is long.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({:?})", self.path)
    }
}

impl Source {
    /// A text without values.
    pub(super) fn plain(path: Arc<str>, bytes: Arc<[u8]>) -> Self {
        Source { path, bytes, yaml: false, layout: OnceLock::new() }
    }

    /// A text that is read as YAML.
    pub(super) fn yaml(path: Arc<str>, bytes: Arc<[u8]>) -> Self {
        Source { path, bytes, yaml: true, layout: OnceLock::new() }
    }

    /// A text that is no file's.
    pub(in crate::access) fn text(text: &str) -> Self {
        Source::yaml(Arc::from(""), Arc::from(text.as_bytes()))
    }

    /// The bytes of a value; None where it isn't there.
    pub(in crate::access) fn bytes_of(&self, steps: &[Step<'_>]) -> Option<Range<usize>> {
        let mut at = 0;
        for step in steps {
            (at, _) = self.child(at, *step)?;
        }
        let found = self.value_range(steps);
        Some(found.start as usize..found.end as usize)
    }

    /// Where a value stands; where it isn't there, the nearest thing around it.
    pub fn place(&self, steps: &[Step<'_>]) -> Place {
        self.place_of(&self.value_range(steps))
    }

    /// Where a value's key stands; an item of a list gives its own place.
    pub fn key_place(&self, steps: &[Step<'_>]) -> Place {
        self.place_of(&self.key_range(steps))
    }

    /// Where the item of a list that reads so stands; the list where there is none.
    pub fn item_place(&self, list: &str, item: &str) -> Place {
        self.place_of(&self.item_range(&[Step::Key(list)], item))
    }

    /// The text as it was read: up to the first byte that is not UTF-8.
    pub fn as_str(&self) -> &str {
        valid(&self.bytes)
    }

    fn slice(&self, start: u32, end: u32) -> &str {
        let bytes = self.bytes.get(start as usize..end as usize);
        bytes.and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    fn layout(&self) -> &Layout {
        self.layout.get_or_init(|| {
            let text = self.as_str();
            let spans = if self.yaml { spans(text) } else { Vec::new() };
            let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| clamp(at + 1))).collect();
            Box::new(Layout { ascii: text.is_ascii(), spans, lines })
        })
    }

    fn lines(&self) -> &[u32] {
        &self.layout().lines
    }

    fn spans(&self) -> &[Span] {
        &self.layout().spans
    }

    /// A line without its end, counted from 1.
    fn line(&self, number: u32) -> Option<&str> {
        let lines = self.lines();
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        let start = *lines.get(index)?;
        let end = lines.get(index + 1).map_or(clamp(self.as_str().len()), |next| next - 1);
        Some(self.slice(start, end))
    }

    /// The same, empty where there is no such line.
    pub fn line_text(&self, number: u32) -> &str {
        self.line(number).unwrap_or_default()
    }

    /// Line and column of an offset, both from 1, the column in characters.
    fn position(&self, offset: u32) -> (u32, u32) {
        let lines = self.lines();
        let index = lines.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = lines.get(index).copied().unwrap_or(0);
        let characters =
            if self.layout().ascii { offset - start } else { clamp(self.slice(start, offset).chars().count()) };
        (clamp(index) + 1, characters + 1)
    }

    pub(super) fn place_of(&self, range: &Range<u32>) -> Place {
        let (line, column) = self.position(range.start);
        let (end_line, end_column) = self.position(range.end.max(range.start));
        Place { file: self.path.as_ref().to_owned(), line, column, end_line, end_column }
    }

    /// The span at the end of the steps, and how many steps led to something.
    fn find(&self, steps: &[Step<'_>]) -> Option<(Span, usize)> {
        let mut at = 0;
        let mut found = (*self.spans().first()?, 0);
        for step in steps {
            match self.child(at, *step) {
                Some((index, span)) => {
                    at = index;
                    found = (span, found.1 + 1);
                }
                None => break,
            }
        }
        Some(found)
    }

    fn child(&self, parent: usize, step: Step<'_>) -> Option<(usize, Span)> {
        let end = self.spans().get(parent)?.next as usize;
        let mut at = parent + 1;
        let mut count = 0;
        while at < end {
            let span = *self.spans().get(at)?;
            let hit = match step {
                Step::Key(key) => span.key.0 != span.key.1 && self.slice(span.key.0, span.key.1) == key,
                Step::Index(index) => count == index,
            };
            if hit {
                return Some((at, span));
            }
            count += 1;
            at = span.next as usize;
        }
        None
    }

    pub(super) fn value_range(&self, steps: &[Step<'_>]) -> Range<u32> {
        self.find(steps).map_or(0..0, |(span, _)| range(span.value))
    }

    /// The range of the item of a list that reads so, quoted or not; of the list where no item does.
    pub(super) fn item_range(&self, list: &[Step<'_>], item: &str) -> Range<u32> {
        let mut at = 0;
        for step in list {
            match self.child(at, *step) {
                Some((index, _)) => at = index,
                None => return self.value_range(list),
            }
        }
        let mut index = 0;
        while let Some((_, span)) = self.child(at, Step::Index(index)) {
            let text = self.slice(span.value.0, span.value.1);
            if text.trim_matches(['"', '\'']) == item {
                return range(span.value);
            }
            index += 1;
        }
        self.value_range(list)
    }

    /// The key's range; an item of a list has none and gives its value's, the whole file its start.
    pub(super) fn key_range(&self, steps: &[Step<'_>]) -> Range<u32> {
        match self.find(steps) {
            Some((span, found)) if found > 0 => range(if span.key.0 == span.key.1 { span.value } else { span.key }),
            Some((span, _)) => span.value.0..span.value.0,
            None => 0..0,
        }
    }
}
