//! Where requests go: one server, and the two interfaces that it has.

use super::super::spec::API;

/// One server of GitHub's, as the settings name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Host {
    /// Scheme, name and port.
    origin: String,
    /// What stands before every path of REST: nothing, or `/api/v3` on GitHub Enterprise Server.
    prefix: String,
}

impl Host {
    /// The server that an address leads to; GitHub's own where none is set. The settings are checked: it is `https`, or this
    /// machine.
    pub(crate) fn of(api: Option<&str>) -> Self {
        let api = api.unwrap_or(API);
        let (scheme, rest) = api.split_once("://").unwrap_or(("https", api));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = if path.is_empty() { String::new() } else { format!("/{path}") };
        Host { origin: format!("{scheme}://{authority}"), prefix }
    }

    /// What paths of REST are appended to.
    pub(super) fn rest(&self) -> String {
        format!("{}{}", self.origin, self.prefix)
    }

    /// What `/graphql` is appended to. On GitHub Enterprise Server it lies beside `v3`, not below it.
    pub(super) fn graphql(&self) -> String {
        format!("{}{}", self.origin, self.prefix.strip_suffix("/v3").unwrap_or(&self.prefix))
    }

    /// True for GitHub Enterprise Server, which adds people at once.
    pub(crate) fn is_enterprise_server(&self) -> bool {
        !self.prefix.is_empty()
    }

    /// Path and query of an address of this server, without what stands before every path; None where the address leads to
    /// any other server.
    pub(super) fn cut(&self, url: &str) -> Option<String> {
        let rest = url.strip_prefix(&self.origin)?;
        // `https://api.github.com.evil.example` and `https://api.github.com@evil.example` begin like ours
        let path = rest.starts_with('/').then_some(rest)?;
        let path = path.strip_prefix(&self.prefix)?;
        path.starts_with('/').then(|| path.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sort_of_server_has_its_two_addresses() {
        for (api, rest, graphql) in [
            (None, "https://api.github.com", "https://api.github.com"),
            (Some("https://api.nw.ghe.com"), "https://api.nw.ghe.com", "https://api.nw.ghe.com"),
            (Some("https://ghe.example/api/v3"), "https://ghe.example/api/v3", "https://ghe.example/api"),
            (Some("http://127.0.0.1:8080"), "http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ] {
            let host = Host::of(api);
            assert_eq!((host.rest().as_str(), host.graphql().as_str()), (rest, graphql));
        }
        assert!(Host::of(Some("https://ghe.example/api/v3")).is_enterprise_server());
    }

    #[test]
    fn only_addresses_of_the_same_server_are_followed() {
        let host = Host::of(None);
        assert_eq!(host.cut("https://api.github.com/repositories/7?page=2").as_deref(), Some("/repositories/7?page=2"));
        for other in [
            "http://api.github.com/repositories/7",
            "https://api.github.com.evil.example/repositories/7",
            "https://api.github.com@evil.example/",
            "https://api.github.com:444/x",
            "//evil.example/x",
            "/repositories/7",
        ] {
            assert_eq!(host.cut(other), None, "{other}");
        }
        let server = Host::of(Some("https://ghe.example/api/v3"));
        assert_eq!(server.cut("https://ghe.example/api/v3/user").as_deref(), Some("/user"));
        assert_eq!(server.cut("https://ghe.example/api/v33/user"), None);
        assert_eq!(server.cut("https://ghe.example/login"), None);
    }
}
