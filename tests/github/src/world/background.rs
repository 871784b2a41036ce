//! What GitHub does later: it answers that access is gone, and some reads still show it.

use super::{Id, World};

/// Access that was taken, and that reads still show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deferred {
    pub(crate) repository: Id,
    pub(crate) account: Id,
    pub(crate) reads: u32,
}

impl World {
    /// Counts a read, after which removals that have waited long enough are seen.
    pub(crate) fn was_read(&mut self) {
        for waiting in &mut self.deferred {
            waiting.reads = waiting.reads.saturating_sub(1);
        }
        let (due, waiting) = std::mem::take(&mut self.deferred).into_iter().partition(|waiting| waiting.reads == 0);
        self.deferred = waiting;
        let due: Vec<Deferred> = due;
        for removal in due {
            self.drop_direct(removal.repository, removal.account);
        }
    }

    /// Takes direct access, at once or some reads later.
    pub(crate) fn take_direct(&mut self, repository: Id, account: Id) {
        if self.removal_delay == 0 {
            self.drop_direct(repository, account);
        } else {
            let reads = self.removal_delay;
            self.deferred.push(Deferred { repository, account, reads });
        }
    }
}
