//! The access model: people, vendors, groups, domains, bridges, roles, grants, policies and time.

pub mod id;
pub mod kind;
pub mod raw;
pub mod reading;
pub mod time;

pub use id::*;
pub use kind::{Enforces, Kind, Kinds, Permissions, TargetType};
