//! Clients of Identity Center, made of a target's settings and a credential.

use super::cache::Cache;
use super::client::{Credential, Line, Settings};
use super::read::InstanceReader;
use super::spec::SCP;
use super::write::InstanceWriter;
use super::{ACCESS_KEY_ID, PROFILE, SECRET_ACCESS_KEY, SESSION_TOKEN};
use crate::finding::Refusal;
use crate::targets::error::TARGET_IO;
use crate::targets::{Reader, Writer, connect};

/// What looks at an instance.
pub(super) fn reader(parts: &connect::Connection<'_>) -> Result<Box<dyn Reader>, Refusal> {
    let (line, cache) = line(parts)?;
    Ok(Box::new(parts.place.retrying(InstanceReader::new(line, cache))))
}

/// What changes an instance.
pub(super) fn writer(parts: &connect::Connection<'_>) -> Result<Box<dyn Writer>, Refusal> {
    let (line, cache) = line(parts)?;
    Ok(Box::new(parts.place.retrying(InstanceWriter::new(line, cache))))
}

fn line(parts: &connect::Connection<'_>) -> Result<(Line, Cache), Refusal> {
    let setting = |name: &str| parts.target.settings.get(name).map(str::to_owned);
    let settings = Settings {
        target: parts.target.id.to_string(),
        region: setting("region").unwrap_or_default(),
        instance: setting("instance").unwrap_or_default(),
        identity_store: setting("identity_store").unwrap_or_default(),
        organization: setting("organization").unwrap_or_default(),
        scp: setting(SCP),
    };
    let part = |name: &str| parts.credential.part(name).map(|part| part.trim().to_owned());
    let credential = match part(PROFILE) {
        Some(profile) => Credential::Profile(profile),
        None => Credential::Key {
            id: part(ACCESS_KEY_ID).unwrap_or_default(),
            secret: part(SECRET_ACCESS_KEY).unwrap_or_default(),
            session: part(SESSION_TOKEN),
        },
    };
    let cache = Cache::open(parts.place.own_dir, &settings.instance);
    let target = settings.target.clone();
    let line = Line::new(settings, credential, std::sync::Arc::clone(&parts.place.waits), None).map_err(|error| {
        let help = "let the machine that runs this open more files and sockets";
        Refusal::new(&TARGET_IO, format!("`{target}` can't be spoken to: {error}"), help)
    })?;
    Ok((line, cache))
}
