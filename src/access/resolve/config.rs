//! `dualkey.yaml`.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::Value;

use super::context::{Context, field, item};
use crate::access::id::{OrganizationId, TargetId};
use crate::access::kind::TargetType;
use crate::access::model::{Config, EvidenceSource, Manage, SandboxSettings, Target};
use crate::access::raw;
use crate::access::reading::{Step, quote, value};
use crate::repository::{Managed, PathPattern};

/// So many patterns settings may name.
const MAX_MANAGED: usize = 64;

pub(super) fn build(raw: &raw::Config, context: &mut Context<'_>) -> Option<Config> {
    let organization = context.id(OrganizationId::parse, &raw.organization, &[Step::Key("organization")]);
    let zone = TimeZone::get(&raw.timezone).ok();
    if zone.is_none() {
        context.schema(
            &[Step::Key("timezone")],
            format!("{} is not a time zone", quote(&raw.timezone)),
            "write an IANA name such as `Europe/London` or `UTC`",
        );
    }
    let mut targets = BTreeMap::new();
    for (name, raw) in &raw.targets {
        if let Some(target) = target(name, raw, context) {
            targets.insert(target.id.clone(), target);
        }
    }
    if raw.targets.is_empty() {
        context.schema(
            &[Step::Key("targets")],
            "there is no target",
            "name at least one, such as `play: { type: sandbox, as: github }`",
        );
    }
    let evidence = match raw.approval.evidence {
        raw::EvidenceName::Signatures => EvidenceSource::Signatures,
        raw::EvidenceName::Github => {
            context.not_supported(
                &[Step::Key("approval"), Step::Key("evidence")],
                "evidence from GitHub's pull requests",
                "write `evidence: signatures`",
            );
            EvidenceSource::Github
        }
    };
    let branch = &raw.approval.branch;
    if !is_branch_name(branch) {
        context.schema(
            &[Step::Key("approval"), Step::Key("branch")],
            format!("{} is not the name of a branch", quote(branch)),
            "write the short name, such as `main`",
        );
    }
    let reference = &raw.audit.reference;
    if !reference.starts_with("refs/") || !is_branch_name(reference) {
        context.schema(
            &[Step::Key("audit"), Step::Key("ref")],
            format!("{} is not the full name of a ref", quote(reference)),
            "write `refs/dualkey/audit`",
        );
    }
    if signed_note::StandardVerifier::new(&raw.audit.key).is_err() {
        context.schema(
            &[Step::Key("audit"), Step::Key("key")],
            "the log's verifier key can't be read",
            "make one with `dualkey audit keygen` and copy the line it prints",
        );
    }
    Some(Config {
        organization: organization?,
        zone: zone?,
        targets,
        manage: match raw.manage {
            Some(raw::Manage::Everyone) => Manage::Everyone,
            Some(raw::Manage::Contractors) | None => Manage::Contractors,
        },
        evidence,
        repository: raw.approval.repository.as_ref().map(|repository| repository.name.to_ascii_lowercase()),
        branch: branch.clone(),
        audit_ref: reference.clone(),
        audit_key: raw.audit.key.clone(),
        managed: Managed::naming(managed(raw, context)),
        source: Arc::clone(context.source),
    })
}

/// The patterns of `managed:`. One that can't be read is a finding, and names nothing.
fn managed(raw: &raw::Config, context: &mut Context<'_>) -> Vec<PathPattern> {
    let mut patterns = Vec::new();
    for (index, text) in raw.managed.iter().flatten().enumerate() {
        match PathPattern::parse(text) {
            Ok(pattern) => patterns.push(pattern),
            Err(why) => context.schema(
                &item(&[Step::Key("managed")], index),
                format!("{} is no pattern of paths: {why}", quote(text)),
                "write a path from the root such as `ci/**` or `deploy/*.sh`",
            ),
        }
    }
    patterns
}

/// What settings name as managed, by their bytes alone: what is wrong with anything else in them doesn't matter here.
pub fn managed_by(settings: &[u8]) -> Managed {
    let named = match value(std::str::from_utf8(settings).unwrap_or_default()) {
        Some(Value::Object(settings)) => settings.get("managed").and_then(Value::as_array).cloned(),
        _ => None,
    };
    let texts = named.iter().flatten().filter_map(Value::as_str).take(MAX_MANAGED);
    Managed::naming(texts.filter_map(|text| PathPattern::parse(text).ok()).collect())
}

/// Whether settings declare sandboxes and no other target, by their bytes alone. None where they can't be read.
pub fn only_sandboxes(settings: &[u8]) -> Option<bool> {
    let Value::Object(settings) = value(std::str::from_utf8(settings).ok()?)? else { return None };
    let sandbox = |target: &Value| target.get("type").and_then(Value::as_str) == Some("sandbox");
    Some(settings.get("targets")?.as_object()?.values().all(sandbox))
}

/// The part of git's rules for names that a configuration can break by a slip.
fn is_branch_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.'))
        && !name.contains("..")
        && !name.contains("//")
        && !name.starts_with(['-', '/', '.'])
        && !name.ends_with(['/', '.'])
        && !name.ends_with(".lock")
}

fn target(name: &str, raw: &raw::Target, context: &mut Context<'_>) -> Option<Target> {
    let path = [Step::Key("targets"), Step::Key(name)];
    let id = context.id(TargetId::parse, name, &path)?;
    let named = match raw.target_type {
        Some(raw::TargetTypeName::Sandbox) => return sandbox(id, raw, &path, context),
        Some(raw::TargetTypeName::Github) => TargetType::Github,
        Some(raw::TargetTypeName::Aws) => TargetType::Aws,
        Some(raw::TargetTypeName::Gcp) => TargetType::Gcp,
        None => match TargetType::parse(name) {
            Some(named) => named,
            None => {
                context.schema(
                    &path,
                    format!("the target `{name}` has no type"),
                    "add `type:` with one of github, aws, gcp, sandbox",
                );
                return None;
            }
        },
    };
    let mut missing = Vec::new();
    let mut setting = |name: &'static str, value: Option<String>| {
        if value.is_none() {
            missing.push(name);
        }
        value.unwrap_or_default()
    };
    let pinned = match named {
        TargetType::Github => {
            setting("organization", raw.organization.clone());
            format!("github:{}", setting("id", raw.id.map(|id| id.to_string())))
        }
        TargetType::Aws => {
            setting("region", raw.region.clone());
            let instance = setting("instance", raw.instance.clone());
            let store = setting("identity_store", raw.identity_store.clone());
            format!("aws:{instance}:{store}:{}", setting("organization", raw.organization.clone()))
        }
        TargetType::Gcp => format!("gcp:{}", setting("organization", raw.organization.clone())),
    };
    for missing in &missing {
        context.schema(
            &path,
            format!("the target `{name}` lacks `{missing}`, which pins it"),
            format!("add `{missing}:` so that no other {named} can stand in its place"),
        );
    }
    missing.is_empty().then_some(Target { id, target_type: named, pinned, sandbox: None })
}

fn sandbox(id: TargetId, raw: &raw::Target, path: &[Step<'_>], context: &mut Context<'_>) -> Option<Target> {
    let Some(stands_for) = &raw.stands_for else {
        context.schema(
            path,
            format!("the sandbox `{id}` lacks `as`"),
            "add `as:` with the type it stands in for: github, aws or gcp",
        );
        return None;
    };
    if let Some(file) = &raw.file
        && (file.starts_with('/') || file.split('/').any(|part| part == ".." || part.is_empty()))
    {
        context.schema(
            &field(path, "file"),
            "the sandbox's file must lie inside the repository",
            "write a relative path without `..`",
        );
        return None;
    }
    Some(Target {
        pinned: format!("sandbox:{id}"),
        id,
        target_type: match stands_for {
            raw::StandsFor::Github => TargetType::Github,
            raw::StandsFor::Aws => TargetType::Aws,
            raw::StandsFor::Gcp => TargetType::Gcp,
        },
        sandbox: Some(SandboxSettings { file: raw.file.clone() }),
    })
}
