//! The one comment that dualkey keeps below a pull request.

use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::author::{Author, Written};
use super::connection::{Connection, Home};
use super::marker::Marker;
use crate::targets::TargetError;

/// A comment as the forge tells of it.
#[derive(Clone, Debug, Deserialize)]
struct Comment {
    id: u64,
    html_url: String,
    #[serde(default)]
    body: Option<String>,
    #[serde(flatten)]
    written: Written,
}

impl Comment {
    fn marker(&self) -> Option<Marker> {
        Marker::of(self.body.as_deref()?)
    }

    fn says(&self, body: &str) -> bool {
        self.body.as_ref().is_some_and(|said| said.replace("\r\n", "\n").trim_end() == body.trim_end())
    }
}

/// What a comment is to say, and what the one is to say in whose place it comes.
#[derive(Debug)]
pub struct Sticky<'a> {
    pub marker: &'a Marker,
    /// Begins with the marker.
    pub body: &'a str,
    /// The text of one that is outdated, given the address of the one that holds now.
    pub outdated: fn(&str) -> String,
    /// True where a comment that says of its landing that nothing is left to do stays as it is.
    pub later: bool,
}

/// True where people approved what a comment says, and the new one says something else: then the old one stays to be read.
fn is_to_stay(old: Option<&Marker>, new: &Marker) -> bool {
    match (old, new) {
        (Some(Marker::Plan { digest, approvals }), Marker::Plan { digest: now, .. }) => *approvals > 0 && digest != now,
        (Some(_) | None, _) => false,
    }
}

/// Sees to it that one comment below a pull request says this: dualkey's own is edited in place. One whose plan was approved
/// and is another now stays, says that it is outdated, and a new one comes. Gives the address of the comment;
/// None where one that is to stay was left alone.
///
/// # Errors
///
/// What GitHub said. Whatever was done by then is found and finished when it is asked for again.
pub fn keep(
    connection: &Connection,
    home: &Home,
    author: Author,
    pull: u64,
    sticky: &Sticky<'_>,
) -> Result<Option<String>, TargetError> {
    let full = &home.full_name;
    let list = format!("/repos/{full}/issues/{pull}/comments");
    let all: Vec<Comment> =
        connection.see(&format!("read the comments of #{pull}"), async |api| api.list(&list).await)?;
    let is_own = |comment: &&Comment| {
        author.wrote(&comment.written) && comment.marker().is_some_and(|marker| marker.is_current())
    };
    let mut own: Vec<&Comment> = all.iter().filter(is_own).collect();
    own.sort_by_key(|comment| comment.id);
    let newest = own.last().copied();
    if sticky.later && newest.and_then(Comment::marker).is_some_and(|marker| marker.is_settled()) {
        return Ok(None);
    }
    let kept = newest.filter(|newest| !is_to_stay(newest.marker().as_ref(), sticky.marker));
    let url = match kept {
        Some(kept) => {
            own.pop();
            edit(connection, full, kept, sticky.body)?;
            kept.html_url.clone()
        }
        None => {
            let body = json!({ "body": sticky.body });
            let made: Comment = connection.change(&format!("comment on #{pull}"), async |api| {
                api.request(Method::POST, &list, Some(&body)).await?.read()
            })?;
            made.html_url
        }
    };
    let outdated = (sticky.outdated)(&url);
    for old in own {
        edit(connection, full, old, &outdated)?;
    }
    Ok(Some(url))
}

fn edit(connection: &Connection, full: &str, comment: &Comment, body: &str) -> Result<(), TargetError> {
    if comment.says(body) {
        return Ok(());
    }
    let path = format!("/repos/{full}/issues/comments/{}", comment.id);
    let body = json!({ "body": body });
    connection.change("edit its own comment", async |api| api.request(Method::PATCH, &path, Some(&body)).await)?;
    Ok(())
}
