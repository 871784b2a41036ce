//! What holds from one time to another, so that it can be told what was seen at a time.

use jiff::Timestamp;
use std::collections::BTreeMap;
use std::ops::RangeBounds;

/// Spans in which something holds. The last may be open.
#[derive(Debug, Clone)]
struct Spans(Vec<(Timestamp, Option<Timestamp>)>);

impl Spans {
    fn hold(&self, at: Timestamp) -> bool {
        self.0.iter().any(|(from, until)| *from <= at && until.is_none_or(|until| at < until))
    }
}

/// Things that hold from one time to another.
#[derive(Debug, Clone)]
pub(crate) struct Lives<K>(BTreeMap<K, Spans>);

impl<K> Default for Lives<K> {
    fn default() -> Lives<K> {
        Lives(BTreeMap::new())
    }
}

/// At this time only what holds now does.
pub(crate) const NOW: Timestamp = Timestamp::MAX;

impl<K: Ord> Lives<K> {
    /// Whether it didn't hold before.
    pub(crate) fn begin(&mut self, key: K, at: Timestamp) -> bool {
        let spans = self.0.entry(key).or_insert(Spans(Vec::new()));
        if spans.hold(NOW) {
            return false;
        }
        spans.0.push((at, None));
        true
    }

    /// Whether it held before.
    pub(crate) fn end(&mut self, key: &K, at: Timestamp) -> bool {
        match self.0.get_mut(key).and_then(|spans| spans.0.last_mut()) {
            Some((_, until @ None)) => {
                *until = Some(at);
                true
            }
            Some(_) | None => false,
        }
    }

    pub(crate) fn holds(&self, key: &K, at: Timestamp) -> bool {
        self.0.get(key).is_some_and(|spans| spans.hold(at))
    }

    /// What holds at a time, sorted.
    pub(crate) fn at(&self, at: Timestamp) -> impl Iterator<Item = &K> {
        self.0.iter().filter(move |(_, spans)| spans.hold(at)).map(|(key, _)| key)
    }

    /// The same within a range.
    pub(crate) fn within(&self, range: impl RangeBounds<K>, at: Timestamp) -> impl Iterator<Item = &K> {
        self.0.range(range).filter(move |(_, spans)| spans.hold(at)).map(|(key, _)| key)
    }
}
