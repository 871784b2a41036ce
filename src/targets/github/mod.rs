//! GitHub.

pub mod kinds;
