//! Stories told through the command line, on real repositories with real keys. A module a command or story.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper may fail as loudly as a test"
)]

mod demo;
mod init;
mod new;
mod support;
