//! The promise that ends happen, held against chance: an honest company, somebody with push rights who wants access to
//! last, faults of the machine, and then one run that may only take away.
//!
//! A case is made from a number, and the same number makes the same case. What was declared and when it is over is told
//! by a model of its own, which shares nothing with the program.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a helper of a test may fail as loudly as the test itself, and say which case it was"
)]

mod bulk;
mod case;
#[path = "../landing_rule/chance.rs"]
mod chance;
mod company;
mod faults;
mod model;
mod pushes;

pub use case::{Ran, Runner, play_all, seeds};
pub use company::{Company, LOG_KEY, instant};
