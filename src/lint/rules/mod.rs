//! One file a rule.

mod grant_outlives_engagement;

use super::Check;

/// Every rule of this room, sorted by id.
pub const ALL: &[Check] = &[Check { rule: &grant_outlives_engagement::RULE, find: grant_outlives_engagement::find }];

/// Rules that are errors in a change that brings them, and warnings where they stood at the base.
pub const ERROR_IF_NEW: &[&str] = &["grant-outlives-contract", "grant-outlives-engagement"];
