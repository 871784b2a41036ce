//! Ends that AWS itself enforces: dated denies in a service control policy that is dualkey's own.

mod document;
mod policy;

pub(super) use document::{Ending, SESSIONS_AT_MOST};
pub(super) use policy::Policy;
