//! By what a line of commits is judged: what people say of it, and when.

use jiff::Timestamp;

use super::ground::Ground;
use super::landings::RecordedLanding;
use crate::approval::testimony::Source;
use crate::repository::Oid;

/// What people say of a line of commits, and the landing of the log that is judged again by it, where it is one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measure<'w> {
    pub source: &'w dyn Source,
    record: Option<&'w RecordedLanding>,
}

impl<'w> Measure<'w> {
    /// What is said today of what no record covers.
    pub fn today(ground: &'w Ground<'_>) -> Self {
        Measure { source: &*ground.source, record: None }
    }

    /// What a recorded landing is judged again by.
    pub fn of_record(source: &'w dyn Source, record: &'w RecordedLanding) -> Self {
        Measure { source, record: Some(record) }
    }

    /// When it is judged, or was.
    pub fn at(&self, ground: &Ground<'_>) -> Timestamp {
        self.record.map_or(ground.now, |record| record.at)
    }

    /// True where nothing was judged before, so that also who has left since counts.
    pub fn is_new(&self) -> bool {
        self.record.is_none()
    }

    /// True for the very landing that the log records. INVARIANT: what a record adds to what people signed is that it was
    /// judged in time. Findings, the age of approvals and who left since are not judged again, and everything else is.
    pub fn is_recorded(&self, base: Oid, commit: Oid) -> bool {
        self.record.is_some_and(|record| record.base == base && record.commit == commit)
    }

    /// The head that the log names for a commit.
    pub fn recorded_head(&self, commit: Oid) -> Option<Oid> {
        self.record.filter(|record| record.commit == commit).and_then(|record| record.head)
    }
}
