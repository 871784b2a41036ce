//! What `dualkey.yaml` and people's files say of a PostgreSQL server.

use super::{TYPE, kinds};
use crate::access::target_spec::pin_of;
use crate::access::{AccountForm, AccountSpec, Example, Need, SettingForm, SettingSpec, TargetSpec};

pub(super) const SESSIONS: &str = "sessions";
pub(super) const KEEP: &str = "keep";
pub(super) const NATIVE_ENDS: &str = "native_ends";
pub(super) const YES: &str = "yes";
pub(super) const CREATEROLE: &str = "createrole";
pub(super) const ACCEPTED: &str = "accepted";

pub static SPEC: TargetSpec = TargetSpec {
    name: TYPE,
    title: "PostgreSQL",
    kinds: &[&kinds::DATABASE_ROLE, &kinds::DATABASE_LOGIN],
    examples: &[Example {
        kind: &kinds::DATABASE_ROLE,
        resources: ["shop_rw", "shop_ro"],
        permissions: ["member", "admin"],
    }],
    account: Some(AccountSpec {
        about: "The name of the login on PostgreSQL servers",
        help: "write the name of the login as `\\du` shows it",
        example: "alice_nguyen",
        form: AccountForm::Named { check: check_login, normal: str::to_owned },
        caseless: false,
    }),
    settings: &[
        SettingSpec {
            name: "host",
            about: "the server's name or address, or the folder of its socket",
            need: Need::Required,
            form: SettingForm::Text(check_host),
        },
        SettingSpec {
            name: "port",
            about: "the server's port where it isn't 5432",
            need: Need::Optional,
            form: SettingForm::Number { least: 1, most: 65535 },
        },
        SettingSpec {
            name: "database",
            about: "the database to connect to where it isn't `postgres`",
            need: Need::Optional,
            form: SettingForm::Text(kinds::check_name),
        },
        SettingSpec {
            name: "system",
            about: "the server's system identifier, which `SELECT system_identifier FROM pg_control_system()` prints",
            need: Need::Pins,
            form: SettingForm::Text(check_system),
        },
        SettingSpec {
            name: "ca",
            about: "the certificates, as PEM, that the server's must be signed by where those of the system don't do",
            need: Need::Optional,
            form: SettingForm::Text(check_certificates),
        },
        SettingSpec {
            name: SESSIONS,
            about: "what becomes of open sessions when access ends: `end` them, or `keep` them",
            need: Need::Optional,
            form: SettingForm::Text(|word| one_of(word, ["end", KEEP], "it is `end` or `keep`")),
        },
        SettingSpec {
            name: NATIVE_ENDS,
            about: "whether the end of a login is written down as its `VALID UNTIL`, too: `yes` or `no`, in quotes",
            need: Need::Optional,
            form: SettingForm::Text(|word| one_of(word, [YES, "no"], "it is `yes` or `no`, in quotes")),
        },
        SettingSpec {
            name: CREATEROLE,
            about: "whether a writer that below version 16 may give any role gives some: `accepted` or `refused`",
            need: Need::Optional,
            form: SettingForm::Text(|word| one_of(word, [ACCEPTED, "refused"], "it is `accepted` or `refused`")),
        },
    ],
    pin: |_, settings| pin_of(TYPE, settings, &["system"]),
    system: None,
    stands_for: None,
};

fn one_of(word: &str, words: [&str; 2], why: &'static str) -> Result<(), &'static str> {
    if words.contains(&word) { Ok(()) } else { Err(why) }
}

/// As [`kinds::check_name`]; names that begin with `pg_` are the server's own, and none of them logs in.
fn check_login(name: &str) -> Result<(), &'static str> {
    if name.starts_with("pg_") {
        return Err("names that begin with `pg_` are the server's own");
    }
    kinds::check_name(name)
}

/// One host: a list of several would leave open which server is meant.
fn check_host(host: &str) -> Result<(), &'static str> {
    if host.is_empty() || host.len() > 253 {
        return Err("a host has 1 to 253 characters");
    }
    let is_path = host.starts_with('/') && !host.split('/').any(|part| part == "..");
    let is_address = host.parse::<std::net::IpAddr>().is_ok();
    let is_name = !host.starts_with(['-', '.'])
        && host.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-'));
    if is_path && host.bytes().all(|b| b.is_ascii_graphic()) || is_address || is_name {
        Ok(())
    } else {
        Err("a host is one name in small letters, one address, or the folder of a socket")
    }
}

/// A number of 64 bits.
fn check_system(text: &str) -> Result<(), &'static str> {
    let canonical = text.parse::<u64>().is_ok_and(|number| number > 0 && number.to_string() == text);
    if canonical { Ok(()) } else { Err("a system identifier is a number, in quotes") }
}

fn check_certificates(text: &str) -> Result<(), &'static str> {
    if text.trim_start().starts_with("-----BEGIN CERTIFICATE-----") {
        Ok(())
    } else {
        Err("certificates begin with `-----BEGIN CERTIFICATE-----`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_one() {
        for good in ["db.northwind.example", "10.0.0.7", "fd00::7", "/var/run/postgresql", "localhost"] {
            assert!(check_host(good).is_ok(), "{good}");
        }
        for bad in ["", "a,b", "db.northwind.example:5432", "-o", "/../etc", "a b", "DB", "a@b"] {
            assert!(check_host(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_server_is_told_by_its_number() {
        assert!(check_system("7713000000000000000").is_ok());
        for bad in ["", "0", "07", "-1", "shop", "99999999999999999999999"] {
            assert!(check_system(bad).is_err(), "{bad}");
        }
        assert!(check_certificates("-----BEGIN CERTIFICATE-----\nMII").is_ok());
        assert!(check_certificates("northwind-ca.pem").is_err());
    }

    #[test]
    fn logins_are_people() {
        assert!(check_login("alice_nguyen").is_ok());
        for bad in ["pg_monitor", "public", "", &"a".repeat(64)] {
            assert!(check_login(bad).is_err(), "{bad}");
        }
    }
}
