//! The one issue that is open as long as live access isn't what was approved.

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::author::{Author, Written};
use super::connection::{Connection, Home};
use super::marker::Marker;
use super::texts::IssueText;
use crate::targets::TargetError;

#[derive(Clone, Debug, Deserialize)]
struct Issue {
    number: u64,
    html_url: String,
    title: String,
    #[serde(default)]
    body: Option<String>,
    /// GitHub lists pull requests among issues.
    pull_request: Option<Value>,
    #[serde(flatten)]
    written: Written,
}

/// What became of the issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// There is none, and there was none.
    Nothing,
    Opened(String),
    /// It is open and says what holds now.
    Open(String),
    Closed(String),
}

/// Sees to it that one issue says this as long as there is anything to say (`is_left`), and none is open where there isn't.
///
/// # Errors
///
/// What GitHub said.
pub fn keep(
    connection: &Connection,
    home: &Home,
    author: Author,
    text: &IssueText,
    is_left: bool,
) -> Result<Kept, TargetError> {
    let issues = format!("/repos/{}/issues", home.full_name);
    let open = format!("{issues}?state=open");
    let all: Vec<Issue> = connection.see("read the open issues", async |api| api.list(&open).await)?;
    let is_own = |issue: &&Issue| {
        issue.pull_request.is_none()
            && author.wrote(&issue.written)
            && issue.body.as_deref().and_then(Marker::of) == Some(Marker::Drift)
    };
    let mut own: Vec<&Issue> = all.iter().filter(is_own).collect();
    own.sort_by_key(|issue| issue.number);
    let mut kept = if is_left { None } else { Some(Kept::Nothing) };
    for issue in own {
        let here = format!("{issues}/{}", issue.number);
        let said = issue.body.as_deref().unwrap_or_default().replace("\r\n", "\n");
        let same = issue.title == text.title && said.trim_end() == text.body.trim_end();
        // of several the oldest goes on
        let goes_on = is_left && kept.is_none();
        if !(goes_on && same) {
            let mut body = json!({ "title": text.title, "body": text.body });
            if let (false, Some(fields)) = (goes_on, body.as_object_mut()) {
                fields.insert("state".to_owned(), json!("closed"));
                fields.insert("state_reason".to_owned(), json!("completed"));
            }
            let doing = format!("edit the issue #{}", issue.number);
            connection.change(&doing, async |api| api.request(Method::PATCH, &here, Some(&body)).await)?;
        }
        let url = issue.html_url.clone();
        if goes_on {
            kept = Some(Kept::Open(url));
        } else if !is_left {
            kept = Some(Kept::Closed(url));
        }
    }
    if let Some(kept) = kept {
        return Ok(kept);
    }
    let body = json!({ "title": text.title, "body": text.body });
    let made: Issue = connection
        .change("open an issue", async |api| api.request(Method::POST, &issues, Some(&body)).await?.read())?;
    Ok(Kept::Opened(made.html_url))
}
