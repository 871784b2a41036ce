//! Tests through the front door: the program on real git repositories with real SSH keys.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test may fail as loudly as the test itself"
)]

mod support;

mod attacks;
mod bad_input;
mod demo;
mod explain;
mod fmt;
mod formats;
mod hooks;
mod house;
mod init;
mod landing;
mod lint;
mod log;
mod new;
mod only_ends;
mod policy_pack;
mod replay;
mod sarif;
