//! Rules of the protocol that no description tells, and that GitHub mostly lets pass.

use crate::exchange::Request;
use serde_json::Value;
use sha2::Digest;

/// The version of the interface that the descriptions are of.
const VERSION: &str = "2022-11-28";

/// What a request does wrong before anybody looks at what it asks for.
pub(crate) fn check(request: &Request, body: Option<&Value>) -> Vec<String> {
    let mut wrong = Vec::new();
    for once in ["authorization", "user-agent", "accept", "x-github-api-version", "if-none-match"] {
        let times = request.headers.iter().filter(|(name, _)| name == once).count();
        if times > 1 {
            wrong.push(format!("the header `{once}` comes {times} times"));
        }
    }
    if request.header("user-agent").is_none_or(str::is_empty) {
        wrong.push("there is no User-Agent".to_owned());
    }
    if request.header("accept") != Some("application/vnd.github+json") {
        wrong.push("Accept isn't application/vnd.github+json".to_owned());
    }
    match request.header("x-github-api-version") {
        Some(VERSION) => {}
        Some(other) => wrong.push(format!("the version {other} isn't what the descriptions are of")),
        None => wrong.push("there is no X-GitHub-Api-Version".to_owned()),
    }
    if !request.body.is_empty() && body.is_none() {
        wrong.push("the body isn't JSON".to_owned());
    }
    if request.method == "GET" && !request.body.is_empty() {
        wrong.push("a GET has no body".to_owned());
    }
    if request.path.contains("//") || request.path.len() > 1 && request.path.ends_with('/') {
        wrong.push("the path has an empty part".to_owned());
    }
    wrong
}

/// The tag of an answer. It changes with who asks.
pub(crate) fn tag(caller: &str, body: Option<&Value>) -> String {
    let text = format!("{caller}\n{}", body.map(Value::to_string).unwrap_or_default());
    let hash: String = sha2::Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("W/\"{hash}\"")
}

/// Path and query of a link that begins with the base.
pub(crate) fn target_of(url: &str, base: &str) -> String {
    url.strip_prefix(base).unwrap_or(url).to_owned()
}
