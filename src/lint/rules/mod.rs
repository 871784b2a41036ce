//! One file a rule.

mod approver_cannot_be_met;
mod basic_role;
mod bridge_expired;
mod confusable_name;
mod domain_crossing;
mod domain_denied_to_contractors;
mod empty_grant;
mod engagement_over;
mod expired_grant;
mod expires_soon;
mod grant_outlives_contract;
mod grant_outlives_engagement;
mod grant_too_long;
mod group_cycle;
mod hours_not_enforceable;
pub mod mfa_unknown;
mod missing_account;
mod missing_sponsor;
mod needs_membership;
mod no_approval_rule;
mod owner_is_contractor;
mod policy_missing;
mod reaches_access_repository;
mod redundant_grant;
mod resource_in_two_domains;
mod role_denied_to_contractors;
mod separation_of_duties;
mod service_crosses_domains;
mod shared_account;
mod shared_key;
mod single_admin;
mod sponsor_not_employee;
mod two_permissions;
mod unbounded_grant;
mod unsupported_key;
mod unused_role;
mod vendor_outside_its_domains;
mod waiver_expired;
mod waiver_invalid;
mod waiver_rule_changed;
mod waiver_unused;

pub use no_approval_rule::RULE as NO_APPROVAL_RULE;
pub use separation_of_duties::find as separation_of_duties;

use super::Check;

/// Every rule of this room, sorted by id.
pub const ALL: &[Check] = &[
    Check { rule: &approver_cannot_be_met::RULE, find: approver_cannot_be_met::find },
    Check { rule: &basic_role::RULE, find: basic_role::find },
    Check { rule: &bridge_expired::RULE, find: bridge_expired::find },
    Check { rule: &confusable_name::RULE, find: confusable_name::find },
    Check { rule: &domain_crossing::RULE, find: domain_crossing::find },
    Check { rule: &domain_denied_to_contractors::RULE, find: domain_denied_to_contractors::find },
    Check { rule: &empty_grant::RULE, find: empty_grant::find },
    Check { rule: &engagement_over::RULE, find: engagement_over::find },
    Check { rule: &expired_grant::RULE, find: expired_grant::find },
    Check { rule: &expires_soon::RULE, find: expires_soon::find },
    Check { rule: &grant_outlives_contract::RULE, find: grant_outlives_contract::find },
    Check { rule: &grant_outlives_engagement::RULE, find: grant_outlives_engagement::find },
    Check { rule: &grant_too_long::RULE, find: grant_too_long::find },
    Check { rule: &group_cycle::RULE, find: group_cycle::find },
    Check { rule: &hours_not_enforceable::RULE, find: hours_not_enforceable::find },
    Check { rule: &mfa_unknown::RULE, find: mfa_unknown::find },
    Check { rule: &missing_account::RULE, find: missing_account::find },
    Check { rule: &missing_sponsor::RULE, find: missing_sponsor::find },
    Check { rule: &needs_membership::RULE, find: needs_membership::find },
    Check { rule: &no_approval_rule::RULE, find: no_approval_rule::find },
    Check { rule: &owner_is_contractor::RULE, find: owner_is_contractor::find },
    Check { rule: &policy_missing::RULE, find: policy_missing::find },
    Check { rule: &reaches_access_repository::RULE, find: reaches_access_repository::find },
    Check { rule: &redundant_grant::RULE, find: redundant_grant::find },
    Check { rule: &resource_in_two_domains::RULE, find: resource_in_two_domains::find },
    Check { rule: &role_denied_to_contractors::RULE, find: role_denied_to_contractors::find },
    Check { rule: &separation_of_duties::RULE, find: separation_of_duties::find },
    Check { rule: &service_crosses_domains::RULE, find: service_crosses_domains::find },
    Check { rule: &shared_account::RULE, find: shared_account::find },
    Check { rule: &shared_key::RULE, find: shared_key::find },
    Check { rule: &single_admin::RULE, find: single_admin::find },
    Check { rule: &sponsor_not_employee::RULE, find: sponsor_not_employee::find },
    Check { rule: &two_permissions::RULE, find: two_permissions::find },
    Check { rule: &unbounded_grant::RULE, find: unbounded_grant::find },
    Check { rule: &unsupported_key::RULE, find: unsupported_key::find },
    Check { rule: &unused_role::RULE, find: unused_role::find },
    Check { rule: &vendor_outside_its_domains::RULE, find: vendor_outside_its_domains::find },
    Check { rule: &waiver_expired::RULE, find: waiver_expired::find },
    Check { rule: &waiver_invalid::RULE, find: waiver_invalid::find },
    Check { rule: &waiver_rule_changed::RULE, find: waiver_rule_changed::find },
    Check { rule: &waiver_unused::RULE, find: waiver_unused::find },
];

/// Rules that are errors in a change that brings them, and warnings where they stood at the base.
pub const ERROR_IF_NEW: &[&str] = &["grant-outlives-contract", "grant-outlives-engagement"];

/// Rules that miss something. They say nothing where a file could not be read: it may be what they miss.
pub const BY_ABSENCE: &[&str] = &["empty-grant", "no-approval-rule", "policy-missing", "unused-role", "waiver-unused"];
