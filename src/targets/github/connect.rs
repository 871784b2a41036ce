//! How the clients of an organisation are made.

use super::client::{Purpose, Secret};
use super::line::{Line, Settings};
use super::read::OrganizationReader;
use super::write::OrganizationWriter;
use super::{APP_ID, APP_KEY, TOKEN};
use crate::finding::Refusal;
use crate::targets::credential::CREDENTIAL_MISSING;
use crate::targets::error::TARGET_IO;
use crate::targets::{Reader, Writer, connect};

/// What looks at an organisation.
pub(super) fn reader(parts: &connect::Connection<'_>) -> Result<Box<dyn Reader>, Refusal> {
    let line = line(parts, Purpose::Read)?;
    Ok(Box::new(parts.place.retrying(OrganizationReader::new(line))))
}

/// What changes an organisation.
pub(super) fn writer(parts: &connect::Connection<'_>) -> Result<Box<dyn Writer>, Refusal> {
    let line = line(parts, Purpose::Write)?;
    let waits = std::sync::Arc::clone(&parts.place.waits);
    Ok(Box::new(parts.place.retrying(OrganizationWriter::new(line, waits))))
}

fn line(parts: &connect::Connection<'_>, purpose: Purpose) -> Result<Line, Refusal> {
    let settings = &parts.target.settings;
    let settings = Settings {
        target: parts.target.id.to_string(),
        organization: settings.get("organization").unwrap_or_default().to_ascii_lowercase(),
        id: settings.get("id").and_then(|id| id.parse().ok()).unwrap_or_default(),
        api: settings.get("api").map(str::to_owned),
    };
    let target = settings.target.clone();
    let no_runtime = |error: std::io::Error| {
        let help = "let the machine that runs this open more files and sockets";
        Refusal::new(&TARGET_IO, format!("`{target}` can't be spoken to: {error}"), help)
    };
    Line::new(settings, secret(parts)?, purpose).map_err(no_runtime)
}

fn secret(parts: &connect::Connection<'_>) -> Result<Secret, Refusal> {
    if let Some(token) = parts.credential.part(TOKEN) {
        return Ok(Secret::Token(token.trim().to_owned()));
    }
    let odd = |why: String| {
        let help = "give the App's number, and its private key as PEM or the name of the file that holds it";
        Refusal::new(&CREDENTIAL_MISSING, format!("`{}`: {why}", parts.target.id), help)
    };
    let id = parts.credential.part(APP_ID).unwrap_or_default().trim();
    let id = id.parse().map_err(|_| odd("the number of the App isn't one".to_owned()))?;
    let key = parts.credential.part(APP_KEY).unwrap_or_default();
    if key.trim_start().starts_with("-----BEGIN") {
        return Ok(Secret::App { id, key: key.to_owned() });
    }
    // a name of a file is no secret, but a key whose first line was lost would be
    let read = std::fs::read_to_string(parts.place.work_dir.join(key));
    let key = read.map_err(|error| odd(format!("the file of the App's private key can't be read: {error}")))?;
    Ok(Secret::App { id, key })
}
