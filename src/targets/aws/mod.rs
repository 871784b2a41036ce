//! AWS Identity Center.

pub mod kinds;
