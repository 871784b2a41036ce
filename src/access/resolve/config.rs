//! `dualkey.yaml`.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::Value;

use super::context::{Context, field, item};
use super::settings;
use crate::access::id::OrganizationId;
use crate::access::model::{Config, EvidenceSource, ForgeRepository, Manage};
use crate::access::raw;
use crate::access::reading::{Step, quote, value};
use crate::access::target_spec::SettingForm;
use crate::access::{Kinds, credential};
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
    // without one of its targets the resources there would seem to be nowhere
    let (mut targets, mut all_known) = (BTreeMap::new(), true);
    for (name, raw) in &raw.targets {
        match settings::target(name, raw, context) {
            Some(target) => drop(targets.insert(target.id.clone(), target)),
            None => all_known = false,
        }
    }
    settings::tell_apart(&targets, context);
    if raw.targets.is_empty() {
        context.schema(
            &[Step::Key("targets")],
            "there is no target",
            "name at least one, such as `play: { type: sandbox, as: github }`",
        );
    }
    let evidence = match raw.approval.evidence {
        raw::EvidenceName::Signatures => EvidenceSource::Signatures,
        raw::EvidenceName::Github => EvidenceSource::Github,
    };
    let repository = repository(raw, context);
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
    all_known.then_some(())?;
    Some(Config {
        organization: organization?,
        zone: zone?,
        targets,
        manage: match raw.manage {
            Some(raw::Manage::Everyone) => Manage::Everyone,
            Some(raw::Manage::Contractors) | None => Manage::Contractors,
        },
        evidence,
        repository,
        branch: branch.clone(),
        audit_ref: reference.clone(),
        audit_key: raw.audit.key.clone(),
        managed: Managed::naming(managed(raw, context)),
        source: Arc::clone(context.source),
    })
}

/// The forge's type of target, whose settings say what the address of a forge looks like.
const FORGE: &str = "github";

/// The repository on the forge. Without it nobody can be asked whose pull requests count.
fn repository(raw: &raw::Config, context: &mut Context<'_>) -> Option<ForgeRepository> {
    let path = [Step::Key("approval"), Step::Key("repository")];
    let Some(repository) = &raw.approval.repository else {
        if raw.approval.evidence == raw::EvidenceName::Github {
            context.schema(
                &[Step::Key("approval")],
                "evidence from GitHub's pull requests needs the repository that they are of",
                "add `repository: { name: OWNER/NAME, id: NUMBER }`; `gh api repos/OWNER/NAME --jq .id` prints the number",
            );
        }
        return None;
    };
    let part = |part: &str| {
        !part.is_empty()
            && part.len() <= 100
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
            && !matches!(part, "." | "..")
    };
    let mut valid = true;
    if !repository.name.split_once('/').is_some_and(|(owner, name)| part(owner) && part(name)) {
        let message = format!("{} is not the name of a repository", quote(&repository.name));
        context.schema(&field(&path, "name"), message, "write OWNER/NAME as in its address");
        valid = false;
    }
    if repository.id == 0 {
        let help = "write the number that `gh api repos/OWNER/NAME --jq .id` prints";
        context.schema(&field(&path, "id"), "no repository has the number 0", help);
        valid = false;
    }
    if let Some(api) = &repository.api {
        let about = "the address of the REST interface where it isn't https://api.github.com";
        let spec = context.kinds.target_type(FORGE);
        let setting = spec.and_then(|spec| spec.settings.iter().find(|setting| setting.name == "api"));
        let wrong = match setting.map(|setting| &setting.form) {
            _ if credential::is_one(api) => Some("it holds what looks like a credential"),
            Some(SettingForm::Text(check)) => check(api).err(),
            Some(SettingForm::Number { .. } | SettingForm::Type) | None => None,
        };
        if let Some(why) = wrong {
            let shown = if credential::is_one(api) { "it".to_owned() } else { quote(api) };
            context.schema(&field(&path, "api"), format!("{shown} is not {about}: {why}"), format!("write {about}"));
            valid = false;
        }
    }
    valid.then(|| ForgeRepository {
        name: repository.name.to_ascii_lowercase(),
        id: repository.id,
        api: repository.api.clone(),
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

/// Whether settings declare embedded targets and no other, by their bytes alone. None where they can't be read.
pub fn only_embedded(settings: &[u8], kinds: Kinds) -> Option<bool> {
    let Value::Object(settings) = value(std::str::from_utf8(settings).ok()?)? else { return None };
    let is_embedded = |(name, target): (&String, &Value)| {
        let named = target.get("type").map_or(Some(name.as_str()), Value::as_str);
        named.and_then(|name| kinds.target_type(name)).is_some_and(|spec| spec.stands_for.is_some())
    };
    Some(settings.get("targets")?.as_object()?.iter().all(is_embedded))
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
