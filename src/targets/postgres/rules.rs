//! The rules by which PostgreSQL tells what it finds beside who holds what. They are known without its client, too.

use crate::finding::{Code, Rule, Severity};

/// All of them, by their ids.
pub const RULES: [&Rule; 8] = [
    &ACTS_AS_ANOTHER,
    &DANGEROUS_LOGIN,
    &DIRECT_GRANT,
    &END_NOT_NATIVE,
    &OTHER_GRANTOR,
    &OWNS_OBJECTS,
    &PUBLIC_CONNECT,
    &SERVER_NOT_TESTED,
];

pub static ACTS_AS_ANOTHER: Rule = Rule {
    code: Code {
        id: "acts-as-another",
        title: "a login may act as another login",
        why: "Whoever is a member of somebody's login has all that it holds, and keeps it when that somebody can no \
              longer log in.",
        example: "GRANT alice_nguyen TO mallory;",
        instead: "Revoke it, and grant the roles themselves to whom needs them.",
    },
    severity: Severity::Warning,
    dated: false,
};

pub static DANGEROUS_LOGIN: Rule = Rule {
    code: Code {
        id: "dangerous-login",
        title: "a login can do more than any grant says",
        why: "Who is a superuser, makes roles, goes around row security, replicates, or is in a role that reaches \
              all data or the server's files, needs no grant for anything.",
        example: "ALTER ROLE alice_nguyen CREATEROLE;",
        instead: "Take the attribute or the membership away, or declare the role in a domain, so that somebody \
              approves it.",
    },
    severity: Severity::Warning,
    dated: false,
};

pub static DIRECT_GRANT: Rule = Rule {
    code: Code {
        id: "direct-grant",
        title: "a login was granted privileges of its own",
        why: "What a login holds itself doesn't go when it leaves its roles, and nobody approved it.",
        example: "GRANT SELECT ON orders TO alice_nguyen;",
        instead: "Revoke it, and grant the privilege to a role that a domain names.",
    },
    severity: Severity::Warning,
    dated: false,
};

pub static END_NOT_NATIVE: Rule = Rule {
    code: Code {
        id: "end-not-native",
        title: "the end that the server keeps doesn't keep somebody out",
        why: "`VALID UNTIL` stops new logins by password alone. By certificate, `peer`, `trust` and others a login \
              goes on, until the next run locks it. Whoever may not read `pg_hba_file_rules` doesn't know which it \
              is.",
        example: "local all all peer",
        instead: "Let these logins in by password alone, or run `dualkey apply --only-ends` often. To let the reader \
              see which it is: GRANT SELECT ON pg_hba_file_rules, and EXECUTE on its function.",
    },
    severity: Severity::Warning,
    dated: false,
};

pub static OTHER_GRANTOR: Rule = Rule {
    code: Code {
        id: "other-grantor",
        title: "a membership was given by somebody else than dualkey",
        why: "Since version 16 each grantor's row is taken by them or by a superuser alone: the end of such a \
              membership is refused to dualkey.",
        example: "",
        instead: "Let a superuser revoke it with `GRANTED BY`, and declare it, so that dualkey gives it.",
    },
    severity: Severity::Warning,
    dated: false,
};

pub static OWNS_OBJECTS: Rule = Rule {
    code: Code {
        id: "owns-objects",
        title: "a login owns objects",
        why: "An owner can do anything with what they own, and what they own keeps their role from being dropped.",
        example: "",
        instead: "Give the objects to a role that nobody logs in as: REASSIGN OWNED BY alice_nguyen TO shop_owner.",
    },
    severity: Severity::Warning,
    dated: false,
};

pub static PUBLIC_CONNECT: Rule = Rule {
    code: Code {
        id: "public-connect",
        title: "everybody may connect to a database",
        why: "Every login of the server gets into the database, and sees what is open to everybody there.",
        example: "",
        instead: "REVOKE CONNECT, TEMPORARY ON DATABASE shop FROM PUBLIC, and grant CONNECT to the roles that need it.",
    },
    severity: Severity::Warning,
    dated: false,
};

pub static SERVER_NOT_TESTED: Rule = Rule {
    code: Code {
        id: "server-not-tested",
        title: "nobody tried dualkey on a server of this version",
        why: "What an end means differs from version to version, and is tried on 15 to 18.",
        example: "",
        instead: "Upgrade the server, or try on a copy of it what an end does.",
    },
    severity: Severity::Warning,
    dated: false,
};
