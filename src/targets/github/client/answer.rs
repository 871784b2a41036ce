//! What came back.

use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::failure::{Failure, Said};
use super::host::Host;

/// An answer that was read whole.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// What an error looks like.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    message: String,
    errors: Vec<Value>,
}

/// Waited for where a limit is told without saying how long.
const A_MINUTE: Duration = Duration::from_mins(1);

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// What time it was at the server.
    pub(super) fn date(&self) -> Option<Timestamp> {
        let date = DateTime::strptime("%a, %d %b %Y %H:%M:%S GMT", self.header("date")?).ok()?;
        Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
    }

    /// True where it leads on to where something is now.
    pub(super) fn is_redirect(&self) -> bool {
        matches!(self.status, 301 | 302 | 303 | 307 | 308)
    }

    /// The body as what such an answer holds.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Failure::Odd { why: format!("an answer can't be read: {error}") })
    }

    /// The answer, where it says that all went well.
    pub(super) fn judged(self) -> Result<Self, Failure> {
        if let Some(partial) = self.header("x-github-sso").filter(|sso| sso.starts_with("partial-results")) {
            let why = format!("the answer leaves out what single sign-on keeps from the token ({partial})");
            return Err(Failure::Odd { why });
        }
        match self.status {
            200..=299 => Ok(self),
            _ => Err(self.failure()),
        }
    }

    fn failure(&self) -> Failure {
        let body: ErrorBody = serde_json::from_slice(&self.body).unwrap_or_default();
        if let Some(after) = self.limited(&body.message) {
            return Failure::Limited { after };
        }
        let mut message = body.message;
        for error in &body.errors {
            let words = error.as_str().or_else(|| error.get("message").and_then(Value::as_str));
            let code = || Some(format!("{} {}", error.get("field")?.as_str()?, error.get("code")?.as_str()?));
            if let Some(words) = words.map(str::to_owned).or_else(code) {
                message = format!("{message}: {words}");
            }
        }
        if message.is_empty() {
            message = format!("it answered {}", self.status);
        }
        let sign_on = self.header("x-github-sso").and_then(|sso| sso.split_once("url=")).map(|(_, url)| url.to_owned());
        let accepted = self.header("x-accepted-github-permissions").map(str::to_owned);
        Failure::Refused(Box::new(Said { status: self.status, message, sign_on, accepted }))
    }

    /// How long to wait, where a limit was reached: told, up to the reset of the hour, or a minute.
    fn limited(&self, message: &str) -> Option<Option<Duration>> {
        if !matches!(self.status, 403 | 429) {
            return None;
        }
        let seconds = |name| self.header(name).and_then(|text| text.parse::<u64>().ok());
        if let Some(after) = seconds("retry-after") {
            return Some(Some(Duration::from_secs(after)));
        }
        if let Some(after) = self.until_reset() {
            return Some(Some(after));
        }
        let named = message.contains("secondary rate limit") || message.contains("rate limit exceeded");
        (self.status == 429 || named).then_some(Some(A_MINUTE))
    }

    /// How long it takes until requests are counted anew, where none is left.
    pub(super) fn until_reset(&self) -> Option<Duration> {
        if self.header("x-ratelimit-remaining") != Some("0") {
            return None;
        }
        let reset: i64 = self.header("x-ratelimit-reset")?.parse().ok()?;
        let left = reset.saturating_sub(self.date()?.as_second());
        Some(Duration::from_secs(u64::try_from(left).unwrap_or_default()))
    }

    /// The path of the next page, where there is one.
    pub(super) fn next(&self, host: &Host) -> Result<Option<String>, Failure> {
        let Some(links) = self.header("link") else { return Ok(None) };
        let next = links.split(',').find_map(|link| {
            let (url, relation) = link.trim().strip_prefix('<')?.split_once('>')?;
            relation.contains("rel=\"next\"").then_some(url)
        });
        next.map(|url| host.cut(url).ok_or_else(|| Failure::Elsewhere { to: url.to_owned() })).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
        let headers = headers.iter().map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap())).collect();
        Answer { status, headers, body: body.as_bytes().to_vec() }
    }

    #[test]
    fn a_limit_is_told_from_a_denial() {
        let date = ("date", "Mon, 30 Nov 2026 08:00:00 GMT");
        let secondary = "{\"message\":\"You have exceeded a secondary rate limit.\"}";
        let reset = "1796025630";
        for (status, headers, body, expected) in [
            (403, vec![("retry-after", "7")], "{}", Some(7)),
            (429, vec![], "", Some(60)),
            (403, vec![], secondary, Some(60)),
            (403, vec![date, ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", reset)], "{}", Some(30)),
            (
                403,
                vec![date, ("x-ratelimit-remaining", "5"), ("x-ratelimit-reset", reset)],
                "{\"message\":\"no\"}",
                None,
            ),
        ] {
            let failure = answer(status, &headers, body).judged().unwrap_err();
            let limited = if let Failure::Limited { after } = failure { after } else { None };
            let after = limited.map(|after| after.as_secs());
            assert_eq!(after, expected, "{body} {headers:?}");
        }
    }

    #[test]
    fn an_answer_that_leaves_something_out_is_none() {
        let sso = ("x-github-sso", "partial-results; organizations=21955855");
        assert!(matches!(answer(200, &[sso], "[]").judged(), Err(Failure::Odd { .. })));
    }

    #[test]
    fn only_the_link_to_the_next_page_is_followed_and_only_to_the_same_server() {
        let host = Host::of(None);
        let next = "<https://api.github.com/organizations/1/members?page=1>; rel=\"prev\", \
                    <https://api.github.com/organizations/1/members?page=3>; rel=\"next\"";
        assert_eq!(
            answer(200, &[("link", next)], "[]").next(&host).unwrap().as_deref(),
            Some("/organizations/1/members?page=3")
        );
        let foreign = "<https://evil.example/organizations/1/members?page=3>; rel=\"next\"";
        assert!(matches!(answer(200, &[("link", foreign)], "[]").next(&host), Err(Failure::Elsewhere { .. })));
        assert_eq!(answer(200, &[], "[]").next(&host), Ok(None));
    }
}
