//! What `dualkey.yaml` and people's files say of GitHub.

use super::{TYPE, kinds};
use crate::access::{AccountForm, AccountSpec, Example, Need, SettingForm, SettingSpec, TargetSpec};

pub static SPEC: TargetSpec = TargetSpec {
    name: TYPE,
    title: "GitHub",
    kinds: &[&kinds::REPOSITORY, &kinds::TEAM, &kinds::MEMBERSHIP],
    examples: &[
        Example {
            kind: &kinds::REPOSITORY,
            resources: ["northwind/api", "northwind/web"],
            permissions: ["push", "admin"],
        },
        Example {
            kind: &kinds::TEAM,
            resources: ["northwind/a", "northwind/b"],
            permissions: ["member", "maintainer"],
        },
    ],
    account: Some(AccountSpec {
        about: "The GitHub account: its login for people, and its number, which `gh api users/LOGIN --jq .id` prints",
        help: "write the login without `@`, and the number that `gh api users/LOGIN --jq .id` prints",
        example: "{ login: alice-nw, id: 583231 }",
        form: AccountForm::Numbered { check_login: check_account },
        caseless: true,
    }),
    settings: &[
        SettingSpec {
            name: "organization",
            about: "the organisation's login",
            need: Need::Required,
            form: SettingForm::Text(|login| kinds::check_login(&login.to_ascii_lowercase())),
        },
        SettingSpec {
            name: "id",
            about: "the organisation's number, which is its identity",
            need: Need::Pins,
            form: SettingForm::Number { least: 1, most: u64::MAX },
        },
        SettingSpec {
            name: "api",
            about: "the address of the REST interface where it isn't https://api.github.com",
            need: Need::Optional,
            form: SettingForm::Text(check_api),
        },
    ],
    pin: |_, settings| pin(settings.get("id").unwrap_or_default(), settings.get("api")),
    system: None,
    stands_for: None,
};

/// Where GitHub itself answers.
pub const API: &str = "https://api.github.com";

/// What identifies an organisation: its number and, where another server than GitHub's own counts them, that one's name.
pub fn pin(organization: &str, api: Option<&str>) -> String {
    match api.filter(|api| *api != API) {
        None => format!("{TYPE}:{organization}"),
        Some(api) => format!("{TYPE}:{}:{organization}", host(api)),
    }
}

/// The name of the server, with the port where one is named.
fn host(api: &str) -> &str {
    let rest = api.split_once("://").map_or(api, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

/// A login has letters, digits and hyphens, those of managed users an underscore and the enterprise's short code too.
fn check_account(login: &str) -> Result<(), &'static str> {
    if login.is_empty() || login.len() > 39 {
        return Err("a login has 1 to 39 characters");
    }
    if !login.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) {
        return Err("a login holds only letters, digits, `-` and `_`");
    }
    Ok(())
}

/// "Getting started with the REST API": `https://api.github.com`, `https://api.SUBDOMAIN.ghe.com` or, on GitHub Enterprise
/// Server, `https://HOST/api/v3`. A token goes there, so only this machine is spoken to in clear text.
fn check_api(api: &str) -> Result<(), &'static str> {
    let Some((scheme, rest)) = api.split_once("://") else {
        return Err("it is an address such as https://ghe.northwind.example/api/v3");
    };
    let (server, path) = rest.split_once('/').map_or((rest, ""), |(server, path)| (server, path));
    let (name, port) = server.split_once(':').map_or((server, None), |(name, port)| (name, Some(port)));
    let here = matches!(name, "localhost" | "127.0.0.1");
    if scheme != "https" && !(scheme == "http" && here) {
        return Err("it begins with https://");
    }
    if name.is_empty()
        || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-'))
    {
        return Err("a server's name holds only small letters, digits, `.` and `-`");
    }
    if port.is_some_and(|port| port.parse::<u16>().ok().filter(|p| *p > 0).is_none_or(|p| p.to_string() != port)) {
        return Err("a port is a number from 1 to 65535");
    }
    if port == Some("443") || name.ends_with('.') {
        return Err("one server has one address: leave out the port 443 and a point at the end");
    }
    if !matches!(path, "" | "api/v3") {
        return Err("behind the server's name comes nothing, or `/api/v3` on GitHub Enterprise Server");
    }
    if rest.ends_with('/') {
        return Err("it doesn't end with `/`");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lead_to_one_server() {
        for good in [
            API,
            "https://api.northwind.ghe.com",
            "https://ghe.northwind.example/api/v3",
            "https://ghe.northwind.example:8443/api/v3",
            "http://127.0.0.1:8080",
            "http://localhost:8080/api/v3",
        ] {
            assert_eq!(check_api(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "ghe.northwind.example",
            "http://ghe.northwind.example",
            "http://localhost.evil.example",
            "https://",
            "https://Ghe.northwind.example",
            "https://a@b.example",
            "https://b.example/",
            "https://b.example/api/v3/",
            "https://b.example/other",
            "https://b.example?x",
            "https://b.example:0",
            "https://b.example:080",
            "https://b.example:443",
            "https://b.example./api/v3",
            "ftp://b.example",
        ] {
            assert!(check_api(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_organisation_is_pinned_where_it_is_counted() {
        assert_eq!(pin("9919", None), "github:9919");
        assert_eq!(pin("9919", Some(API)), "github:9919");
        assert_eq!(pin("9919", Some("https://ghe.northwind.example/api/v3")), "github:ghe.northwind.example:9919");
        assert_eq!(pin("9919", Some("http://127.0.0.1:8080")), "github:127.0.0.1:8080:9919");
    }

    #[test]
    fn logins_have_a_shape() {
        for good in ["alice-nw", "Alice", "a_nw"] {
            assert!(check_account(good).is_ok(), "{good}");
        }
        for bad in ["", "@alice", "a b", &"a".repeat(40)] {
            assert!(check_account(bad).is_err(), "{bad}");
        }
    }
}
