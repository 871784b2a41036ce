//! The separation-of-duties engine: who holds what when, and which rules that breaks.
//!
//! The engine judges plain facts and knows nothing of files, so that live facts can be judged together with declared
//! ones. `facts` makes those that are declared; `waivers` says what of a violation is accepted.

mod engine;
mod facts;
#[cfg(test)]
mod oracle;
pub mod waivers;

pub use engine::{
    Breach, Conflict, Fact, Half, Held, MAX_COMPARED, MAX_MATCHES, SHOWN, TooMuch, Violation, violations,
};
pub use facts::{Path, declared};
