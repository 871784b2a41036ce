//! The access model: people, vendors, groups, domains, bridges, roles, grants, policies and time.

mod account;
mod approvers;
mod by_id;
pub mod conditions;
pub mod entitlement;
mod file;
pub mod groups;
mod holding;
pub mod id;
pub mod kind;
pub mod limits;
mod merge;
pub mod model;
pub mod pattern;
pub mod raw;
pub mod reading;
pub mod resolve;
mod revision;
pub mod style;
pub mod time;

pub use account::AccountMark;
pub use approvers::{Quorum, Scope, Unfit};
pub use by_id::ById;
pub use conditions::{Conditions, Hours, InvalidHours};
pub use entitlement::{Cause, Desired, Entitlement, EntitlementKey, Entitlements};
pub use file::{ManagedFile, ManagedFiles};
pub use holding::{Beneficiary, Holding, reach};
pub use id::*;
pub use kind::{Enforces, Kind, Kinds, Permissions, TargetType};
pub(crate) use merge::merge;
pub use model::*;
pub use pattern::EntitlementPattern;
pub use resolve::{managed_by, only_sandboxes};
pub use revision::{LastRead, LoadError, Revision, Unreadable};
pub use time::{Days, Interval, Intervals, Moment};
