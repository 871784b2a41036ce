//! What workflows of the access repository are told, so that they look again.

use http::Method;
use serde_json::json;

use super::connection::{Connection, Home};
use crate::repository::Oid;
use crate::targets::TargetError;

/// The type of the event by which workflows hear that somebody signed something about a head.
pub const APPROVED: &str = "dualkey-approved";

/// Tells workflows that listen to `repository_dispatch` that somebody signed something about a head. It proves nothing to
/// them: they read what was signed.
///
/// # Errors
///
/// What GitHub said: `target-denied` where the token may not write contents.
pub fn approved(connection: &Connection, home: &Home, head: Oid) -> Result<(), TargetError> {
    let path = format!("/repos/{}/dispatches", home.full_name);
    let body = json!({ "event_type": APPROVED, "client_payload": { "head": head.to_string() } });
    connection.change("tell the workflows of the approval", async |api| {
        api.request(Method::POST, &path, Some(&body)).await.map(|_| ())
    })
}
