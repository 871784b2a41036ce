//! The rules by which GitHub tells what it finds beside who holds what. They are known without its client, too.

use crate::finding::{Code, Rule, Severity};

/// All of them, by their ids.
pub const RULES: [&Rule; 13] = [
    &ACCOUNT_GONE,
    &BASE_PERMISSION,
    &ENTERPRISE_TEAM,
    &INVITATION_EXPIRED,
    &INVITATIONS_WAIT,
    &LEFT_BEHIND,
    &LOGIN_ID_MISMATCH,
    &ORGANIZATION_ROLE,
    &OUTSIDE_COLLABORATOR_UNKNOWN,
    &REPOSITORY_ARCHIVED,
    &RESOURCE_RENAMED,
    &SECOND_FACTOR,
    &TARGET_PARTLY_HIDDEN,
];

pub static ACCOUNT_GONE: Rule = Rule {
    code: Code {
        id: "account-gone",
        title: "nobody has the account of that number any more",
        why: "The account was deleted, or its number is wrong. Nothing can be given to it, and it holds nothing.",
        example: "accounts:\n  github: { login: alice-nw, id: 583231 }",
        instead: "Ask the person for their account, and correct login and number in their file.",
    },
    severity: Severity::Warning,
    dated: false,
};

pub static BASE_PERMISSION: Rule = Rule {
    code: Code {
        id: "base-permission-crosses-domains",
        title: "members of an organisation may do something on all of its repositories",
        why: "Whoever is a member has the organisation's base permission on each repository, whatever domain it is of and \
              whatever a grant says. No end of a grant takes that away.",
        example: "",
        instead: "Set the base permission to `none` on the organisation's page of member privileges, and give access by teams \
                  and grants. Until then let contractors be outside collaborators: give them no `membership`.",
    },
    severity: Severity::Warning,
    dated: false,
};

pub static ENTERPRISE_TEAM: Rule = Rule {
    code: Code {
        id: "enterprise-team",
        title: "a team of the enterprise gives somebody membership",
        why: "The organisation can't take what its enterprise gives: no call of dualkey ends that membership.",
        example: "",
        instead: "Take them out of the team on the enterprise's page of teams.",
    },
    severity: Severity::Warning,
    dated: false,
};

pub static INVITATION_EXPIRED: Rule = Rule {
    code: Code {
        id: "invitation-expired",
        title: "somebody didn't accept an invitation in time",
        why: "An invitation lasts 7 days and gives nothing before it is accepted. `apply` sends another one as long as the \
              access is declared, at most one in 7 days.",
        example: "",
        instead: "Ask the person to accept it, or end the grant.",
    },
    severity: Severity::Warning,
    dated: false,
};

pub static INVITATIONS_WAIT: Rule = Rule {
    code: Code {
        id: "invitations-wait",
        title: "more people are to be invited than GitHub takes in a day",
        why: "GitHub takes 50 invitations to a repository in 24 hours, and 50 or 500 to an organisation. Those beyond are not \
              sent, and whom they are for holds nothing yet.",
        example: "",
        instead: "Run `dualkey apply` again on the days after: each run sends as many as are taken.",
    },
    severity: Severity::Warning,
    dated: false,
};

pub static LEFT_BEHIND: Rule = Rule {
    code: Code {
        id: "left-behind",
        title: "somebody who has gone left a way in behind",
        why: "A deploy key opens its repository for whoever has it, a token goes on until it is revoked, and an invitation lets \
              in whomever it was sent to. None of them ends with the access of who made it.",
        example: "",
        instead: "Revoke it on the page that is named, or let somebody who is still there make it anew.",
    },
    severity: Severity::Warning,
    dated: false,
};

pub static LOGIN_ID_MISMATCH: Rule = Rule {
    code: Code {
        id: "login-id-mismatch",
        title: "an account is called otherwise than its person's file says",
        why: "A login can be changed, and anybody may take one that is free. dualkey goes by the number, so nobody got in by \
              that; but whoever reads the file sees somebody else.",
        example: "accounts:\n  github: { login: alice-nw, id: 583231 }",
        instead: "Ask the person whether they renamed their account, and correct the login in their file.",
    },
    severity: Severity::Warning,
    dated: false,
};

pub static ORGANIZATION_ROLE: Rule = Rule {
    code: Code {
        id: "organization-role",
        title: "somebody holds a role over the whole organisation",
        why: "Such a role opens every repository, or lets its holder give access. No domain bounds it and no grant of dualkey \
              gives or ends it.",
        example: "",
        instead: "Take it away on the organisation's page of role assignments, and give what is needed by grants.",
    },
    severity: Severity::Warning,
    dated: false,
};

pub static OUTSIDE_COLLABORATOR_UNKNOWN: Rule = Rule {
    code: Code {
        id: "outside-collaborator-unknown",
        title: "somebody works on repositories whom no file knows",
        why: "An outside collaborator holds something that nobody approved, and nothing ends it.",
        example: "",
        instead: "Write a file for the person with this number and declare what they need, or remove them on the \
                  organisation's page of outside collaborators.",
    },
    severity: Severity::Warning,
    dated: false,
};

pub static REPOSITORY_ARCHIVED: Rule = Rule {
    code: Code {
        id: "repository-archived",
        title: "a repository is archived, so access to it can't be changed",
        why: "What people hold there stands, and every change of it is refused: ends too.",
        example: "",
        instead: "Unarchive it, let dualkey end what is over, and archive it again.",
    },
    severity: Severity::Warning,
    dated: false,
};

pub static RESOURCE_RENAMED: Rule = Rule {
    code: Code {
        id: "resource-renamed",
        title: "something is called otherwise by now than files say",
        why: "dualkey goes to where it is now, by its number. The old name is free for somebody else, and whoever reads the \
              file looks for it in vain.",
        example: "",
        instead: "Write the new name into the file.",
    },
    severity: Severity::Warning,
    dated: false,
};

pub static SECOND_FACTOR: Rule = Rule {
    code: Code {
        id: "second-factor-missing",
        title: "somebody signs in without a second factor that holds",
        why: "Whoever gets their password is in, or whoever gets their text messages.",
        example: "",
        instead: "Require two-factor authentication on the organisation's page of security settings, or ask the person to set \
                  it up.",
    },
    severity: Severity::Warning,
    dated: false,
};

pub static TARGET_PARTLY_HIDDEN: Rule = Rule {
    code: Code {
        id: "target-partly-hidden",
        title: "the reading credential isn't told something",
        why: "Who holds what was read whole, but something beside it wasn't: nobody knows whether there is anything to tell.",
        example: "",
        instead: "Give the reader the permission that is named, or accept not to know.",
    },
    severity: Severity::Warning,
    dated: false,
};
