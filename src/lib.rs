//! Contractor access as code, turned by two keys.
//!
//! ```text
//! git ─► repository ─► access ─► lint ─► plan ─► approval ─► apply ─► audit
//!                                          ▲ target::Reader     │ target::Writer
//! ```
//!
//! A room imports only from rooms to its left. `access`, `lint`, `plan`, `report`, the decision in `approval` and the
//! tree in `audit` are pure: no file, no network, no clock.

// what tests share with those of the command line names the crate as they do
#[cfg(test)]
extern crate self as dualkey;

pub mod access;
pub mod apply;
pub mod approval;
pub mod audit;
pub mod cli;
pub mod doctor;
pub mod finding;
pub mod forge;
mod hex;
pub mod lint;
mod parallel;
pub mod plan;
pub mod report;
pub mod repository;
pub mod targets;
