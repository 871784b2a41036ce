//! How much of a repository is looked at before it is taken for something that is meant to keep a run busy.
//!
//! Everything is counted and nothing is timed, so that every machine says the same of the same history.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::{Oid, Repository, RepositoryError};

/// How much there is of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Objects that are read.
    pub objects: u64,
    /// Bytes of them, unpacked, and of files once for each name.
    pub bytes: u64,
    /// Entries of trees that are managed or lead there.
    pub entries: u64,
    /// Steps of judging, by whoever judges.
    pub steps: u64,
    /// Commits that walks along the history come to, each time that they do.
    pub commits: u64,
}

impl Allowance {
    /// What judging a history may take, apart from what its approved landings took. An organisation of 100,000 grants in
    /// 126,000 files of 31 MB is read eight times for it.
    pub const JUDGING: Allowance =
        Allowance { objects: 1_000_000, bytes: 1 << 30, entries: 10_000_000, steps: 2_000_000, commits: 20_000_000 };

    /// What a command may read that judges nothing, before it is asked to judge and after that.
    pub const READING: Allowance =
        Allowance { objects: 10_000_000, bytes: 4 << 30, entries: 20_000_000, steps: u64::MAX, commits: u64::MAX };

    /// What reading logs may take, whoever signed them. One of a thousand million entries is less.
    pub const LOGS: Allowance =
        Allowance { objects: 10_000_000, bytes: 64 << 30, entries: u64::MAX, steps: u64::MAX, commits: u64::MAX };
}

/// Bytes of logs that are read though somebody asks to stop: it would take longer to go on without them.
const QUICK: u64 = 32 << 20;

/// What is left.
#[derive(Debug)]
pub(super) struct Budget {
    counts: [Count; 5],
    /// Set from outside where nothing more shall be looked at.
    stop: Option<Arc<AtomicBool>>,
    /// So many bytes are looked at all the same: it would take longer to go on without them.
    quick: u64,
}

#[derive(Debug)]
struct Count {
    what: &'static str,
    whole: u64,
    left: AtomicU64,
    spent: AtomicBool,
    /// All that was given, however often it was filled up again.
    #[cfg(test)]
    given: AtomicU64,
}

impl Count {
    fn of(what: &'static str, whole: u64) -> Self {
        Count {
            what,
            whole,
            left: AtomicU64::new(whole),
            spent: AtomicBool::new(false),
            #[cfg(test)]
            given: AtomicU64::new(0),
        }
    }

    fn error(&self) -> RepositoryError {
        RepositoryError::TooDear { what: self.what, limit: self.whole }
    }

    fn spend(&self, amount: u64) -> Result<(), RepositoryError> {
        if self.whole == u64::MAX {
            return Ok(());
        }
        let less = |left: u64| left.checked_sub(amount);
        if !self.spent.load(Ordering::Relaxed)
            && self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
        {
            #[cfg(test)]
            self.given.fetch_add(amount, Ordering::Relaxed);
            return Ok(());
        }
        // what was refused once is refused from there on: nobody goes on with a part of what was to be looked at
        self.spent.store(true, Ordering::Relaxed);
        Err(self.error())
    }
}

/// How much of it goes to one commit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share {
    pub entries: usize,
    pub bytes: u64,
}

impl Budget {
    pub(super) fn of(allowance: Allowance, stop: Option<Arc<AtomicBool>>) -> Self {
        let Allowance { objects, bytes, entries, steps, commits } = allowance;
        let counts = [
            Count::of("objects", objects),
            Count::of("bytes", bytes),
            Count::of("entries of trees", entries),
            Count::of("steps", steps),
            Count::of("walked commits", commits),
        ];
        Budget { counts, stop, quick: 0 }
    }

    /// The share of one commit: a fortieth of the entries, and a quarter of the bytes.
    pub(super) fn share(&self) -> Share {
        let [_, bytes, entries, ..] = &self.counts;
        Share { entries: usize::try_from(entries.whole / 40).unwrap_or(usize::MAX), bytes: bytes.whole / 4 }
    }

    /// A part of it that is spent apart.
    fn part(&self, of: u64) -> Self {
        let [objects, bytes, entries, steps, commits] = self.counts.each_ref().map(|count| count.whole / of);
        Budget::of(Allowance { objects, bytes, entries, steps, commits }, self.stop())
    }

    pub(super) fn stop(&self) -> Option<Arc<AtomicBool>> {
        self.stop.clone()
    }

    fn is_quick(&self) -> bool {
        let [_, bytes, ..] = &self.counts;
        bytes.whole.saturating_sub(bytes.left.load(Ordering::Relaxed)) < self.quick
    }

    fn spend(&self, which: usize, amount: u64) -> Result<(), RepositoryError> {
        if self.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed)) && !self.is_quick() {
            return Err(RepositoryError::Interrupted);
        }
        self.counts.get(which).map_or(Ok(()), |count| count.spend(amount))
    }

    /// One object of so many bytes.
    pub(super) fn object(&self, bytes: usize) -> Result<(), RepositoryError> {
        self.spend(0, 1)?;
        self.bytes(bytes)
    }

    pub(super) fn bytes(&self, bytes: usize) -> Result<(), RepositoryError> {
        self.spend(1, u64::try_from(bytes).unwrap_or(u64::MAX))
    }

    pub(super) fn entry(&self) -> Result<(), RepositoryError> {
        self.spend(2, 1)
    }

    pub(super) fn steps(&self, steps: u64) -> Result<(), RepositoryError> {
        self.spend(3, steps)
    }

    pub(super) fn commit(&self) -> Result<(), RepositoryError> {
        self.spend(4, 1)
    }

    /// All that was given: objects, bytes, entries, steps, commits.
    #[cfg(test)]
    pub(super) fn given(&self) -> [u64; 5] {
        self.counts.each_ref().map(|count| count.given.load(Ordering::Relaxed))
    }

    /// Fills it up again: what was spent up to here led to something that people approved.
    pub(super) fn refill(&self) {
        for count in &self.counts {
            count.left.store(count.whole, Ordering::Relaxed);
        }
    }

    /// An error where anything was refused, whoever was told and went on without it.
    pub(super) fn check(&self) -> Result<(), RepositoryError> {
        let spent = self.counts.iter().find(|count| count.spent.load(Ordering::Relaxed));
        spent.map_or(Ok(()), |count| Err(count.error()))?;
        self.spend(3, 0)
    }
}

impl Repository {
    /// From here on no more than this is read, and nothing once `stop` is set. What is refused once stays refused.
    pub fn allow(&self, allowance: Allowance, stop: Option<&Arc<AtomicBool>>) {
        self.budget.replace(Arc::new(Budget::of(allowance, stop.map(Arc::clone))));
        self.refilled.borrow_mut().clear();
        // of another allowance the share is another
        self.unfolds.borrow_mut().clear();
    }

    /// From here on as much is read as a command needs that judges nothing.
    pub fn allow_reading(&self) {
        #[cfg(test)]
        self.taken.set(self.budget().given());
        self.budget.replace(Arc::new(Budget::of(Allowance::READING, None)));
    }

    /// Looks at what nobody vouches for, within an allowance of its own: a part of what there is. What that doesn't reach is
    /// nothing that anybody has to look at.
    pub fn apart<T>(&self, part: u64, look: impl FnOnce() -> T) -> T {
        let own = Arc::new(self.budget().part(part));
        let whole = self.budget.replace(Arc::clone(&own));
        let found = look();
        if own.check().is_err() {
            // so many of them are all that there is
            let [_, _, _, steps, _] = &whole.counts;
            let _ = whole.steps(steps.whole / 200);
        }
        self.budget.replace(whole);
        found
    }

    /// What was taken of the last allowance, with all that filled it up again.
    #[cfg(test)]
    pub(crate) fn taken(&self) -> [u64; 5] {
        self.taken.get()
    }

    /// What was spent of the allowance led to a landing that people approved: it is whole again, once for each of them.
    pub fn refill(&self, landing: Oid) {
        if self.refilled.borrow_mut().insert(landing) {
            self.budget().refill();
        }
    }

    /// Spends steps of judging.
    ///
    /// # Errors
    /// `TooDear` where there are not so many left; `Interrupted`.
    pub fn spend(&self, steps: u64) -> Result<(), RepositoryError> {
        self.budget().steps(steps)
    }

    /// Comes to one more commit on a walk along the history.
    ///
    /// # Errors
    /// `TooDear` where there are none left; `Interrupted`.
    pub fn visit(&self) -> Result<(), RepositoryError> {
        self.budget.borrow().commit()
    }

    /// Set once somebody asks the judging to stop.
    pub fn stop(&self) -> Option<Arc<AtomicBool>> {
        self.budget().stop()
    }

    /// Makes sure that nothing was left out because the allowance was spent.
    ///
    /// # Errors
    /// `TooDear`; `Interrupted`.
    pub fn ensure_judged(&self) -> Result<(), RepositoryError> {
        self.budget().check()
    }

    pub(super) fn budget(&self) -> Arc<Budget> {
        Arc::clone(&self.budget.borrow())
    }

    /// From here on as much of logs is read as anybody needs, and no more than is quickly read once `stop` is set.
    pub fn allow_logs(&self, stop: Option<&Arc<AtomicBool>>) {
        let whole = Budget::of(Allowance::LOGS, stop.map(Arc::clone));
        self.logs.replace(Arc::new(Budget { quick: QUICK, ..whole }));
    }

    pub(super) fn logs(&self) -> Arc<Budget> {
        Arc::clone(&self.logs.borrow())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Budget {
        Budget::of(Allowance { objects: 2, bytes: 100, entries: 1, steps: 1, commits: 1 }, None)
    }

    #[test]
    fn what_is_spent_stays_spent() {
        let budget = small();
        budget.object(60).unwrap();
        assert!(matches!(budget.object(60), Err(RepositoryError::TooDear { what: "bytes", limit: 100 })));
        // though forty bytes were left
        assert!(budget.bytes(1).is_err() && budget.check().is_err());
        budget.refill();
        assert!(budget.check().is_err(), "a part was left out");
    }

    #[test]
    fn an_approved_landing_fills_it_up_again() {
        let budget = small();
        for _ in 0..10 {
            budget.object(100).unwrap();
            budget.entry().unwrap();
            budget.steps(1).unwrap();
            budget.commit().unwrap();
            budget.refill();
        }
        budget.check().unwrap();
    }

    #[test]
    fn it_ends_when_somebody_asks() {
        let stop = Arc::new(AtomicBool::new(false));
        let budget = Budget::of(Allowance::JUDGING, Some(Arc::clone(&stop)));
        budget.entry().unwrap();
        budget.commit().unwrap();
        stop.store(true, Ordering::Relaxed);
        assert!(matches!(budget.entry(), Err(RepositoryError::Interrupted)));
        assert!(matches!(budget.commit(), Err(RepositoryError::Interrupted)));
        assert!(matches!(budget.check(), Err(RepositoryError::Interrupted)));
    }
}
