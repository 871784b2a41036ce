//! Google Cloud.

pub mod kinds;
