//! The rules by which Identity Center tells what it finds beside who holds what. They are known without its client, too.

use crate::finding::{Code, Rule, Severity};

/// All of them, by their ids.
pub const RULES: [&Rule; 4] = [&ACCESS_BY_ENTITLEMENT, &ACCOUNT_NOT_ACTIVE, &ENDS_NOT_ENFORCED, &ENTITLEMENTS_HIDDEN];

pub static ACCESS_BY_ENTITLEMENT: Rule = Rule {
    code: Code {
        id: "access-by-entitlement",
        title: "Account access manager lets somebody into an account beside its permission sets",
        why: "An entitlement gives a user or a group an IAM role directly. No assignment shows it, so nobody who looks at those \
              alone sees who gets in, and no end of a grant takes it away.",
        example: "",
        instead: "Declare the role as `account-role` in a domain and grant it, or take the entitlement away on the page of \
                  Account access manager.",
    },
    severity: Severity::Warning,
    dated: false,
};

pub static ACCOUNT_NOT_ACTIVE: Rule = Rule {
    code: Code {
        id: "account-not-active",
        title: "an account is closed, suspended or not yet open",
        why: "Nothing can be given there, and what is held there comes back with the account.",
        example: "",
        instead: "Take the account out of its domain once it is closed for good, or see why it is suspended.",
    },
    severity: Severity::Warning,
    dated: false,
};

pub static ENDS_NOT_ENFORCED: Rule = Rule {
    code: Code {
        id: "ends-not-enforced",
        title: "the policy that is to enforce ends does so nowhere, or not in some accounts",
        why: "`scp` names a service control policy, so reviewers may think that AWS itself ends what is over. A policy that \
              can't be read or isn't attached ends nothing; nor does any in the organisation's own account. dualkey's own runs \
              are what ends access there.",
        example: "",
        instead: "Attach the policy to the organisation's root, and let the reading credential see it.",
    },
    severity: Severity::Warning,
    dated: false,
};

pub static ENTITLEMENTS_HIDDEN: Rule = Rule {
    code: Code {
        id: "entitlements-hidden",
        title: "nobody knows whom Account access manager lets into accounts",
        why: "Assignments were read whole, but entitlements are another way in, and the reading credential isn't told of them.",
        example: "",
        instead: "Give the reader `account-access:ListApplications`, `account-access:GetApplication` and \
                  `account-access:ListEntitlements`, as the target's page lists.",
    },
    severity: Severity::Warning,
    dated: false,
};
