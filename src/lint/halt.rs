//! Work that somebody may ask to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether to go on. What comes of work that was stopped is a part of what it would have been, so whoever has it stopped
/// believes none of it.
#[derive(Clone, Debug, Default)]
pub struct Halt(Option<Arc<AtomicBool>>);

impl Halt {
    /// Stops once the flag is set.
    pub fn by(flag: Option<Arc<AtomicBool>>) -> Self {
        Halt(flag)
    }

    pub fn is_asked(&self) -> bool {
        self.0.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed))
    }
}
