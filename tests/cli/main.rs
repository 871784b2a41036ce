//! Tests through the front door: the program on real git repositories with real SSH keys.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test may fail as loudly as the test itself"
)]

mod packages;
#[cfg(any(feature = "aws", feature = "github", feature = "postgres"))]
mod place;
mod support;

mod attacks;
#[cfg(feature = "aws")]
mod aws;
mod bad_input;
mod benchmark;
mod cases;
mod checkpoint;
mod continued;
mod damaged;
mod defects;
mod demo;
#[cfg(feature = "github")]
mod doctor;
mod ends;
mod everyday;
#[cfg(feature = "github")]
mod evidence;
mod examples;
mod explain;
mod faulty;
mod flaky;
mod fmt;
#[cfg(feature = "github")]
mod forge;
mod formats;
#[cfg(feature = "github")]
mod github;
mod hooks;
mod hostile;
mod hours;
mod house;
mod init;
mod landing;
mod lint;
mod live;
mod log;
mod looks;
mod mutations;
mod new;
mod objections;
mod ocsf;
mod only_ends;
mod partial;
mod policy_pack;
#[cfg(feature = "postgres")]
mod postgres;
mod pruning;
mod readme;
mod refusals;
#[cfg(feature = "rego")]
mod rego;
mod replay;
mod rotation;
mod sarif;
mod secrets;
mod survey;
mod survival;
mod targets;
mod time;
mod workflows;
