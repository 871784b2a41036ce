//! Vendors, people and groups.

use std::sync::Arc;

use super::context::{Context, field, item};
use crate::access::id::{DomainId, GroupId, PersonId, VendorId};
use crate::access::model::{Accounts, GithubAccount, Group, Person, PersonKey, PersonType, Vendor};
use crate::access::raw;
use crate::access::reading::{SCHEMA, Step, quote};

pub(super) fn vendor(stem: &str, raw: &raw::Vendor, context: &mut Context<'_>) -> Option<Vendor> {
    let id = context.id(VendorId::parse, stem, &[]);
    let sponsor = context.id(PersonId::parse, &raw.sponsor, &[Step::Key("sponsor")]);
    let contract = context.term(&raw.contract, &[Step::Key("contract")]);
    let domains =
        raw.domains.as_ref().map(|d| context.ids(DomainId::parse, d, &[Step::Key("domains")]).into_iter().collect());
    let ended = raw.ended.as_deref().map(|text| context.moment(text, &[Step::Key("ended")]));
    Some(Vendor {
        id: id?,
        name: raw.name.clone(),
        sponsor: sponsor?,
        contract: contract?,
        domains,
        ended: ended_at(ended, context)?,
        source: Arc::clone(context.source),
    })
}

/// `ended: 2026-12-01` ends everything from that moment: the day's start, unlike `until`.
fn ended_at(
    ended: Option<Option<crate::access::time::Moment>>,
    context: &Context<'_>,
) -> Option<Option<jiff::Timestamp>> {
    match ended {
        None => Some(None),
        Some(None) => None,
        Some(Some(moment)) => Some(Some(moment.start(context.zone))),
    }
}

pub(super) fn person(stem: &str, raw: &raw::Person, context: &mut Context<'_>) -> Option<Person> {
    let id = context.id(PersonId::parse, stem, &[]);
    let person_type = match raw.person_type {
        raw::PersonType::Employee => PersonType::Employee,
        raw::PersonType::Contractor => PersonType::Contractor,
        raw::PersonType::Service => PersonType::Service,
    };
    let vendor = raw.vendor.as_deref().map(|text| context.id(VendorId::parse, text, &[Step::Key("vendor")]));
    let sponsor = raw.sponsor.as_deref().map(|text| context.id(PersonId::parse, text, &[Step::Key("sponsor")]));
    let engagement = raw.engagement.as_ref().map(|term| context.term(term, &[Step::Key("engagement")]));
    let ended = raw.ended.as_deref().map(|text| context.moment(text, &[Step::Key("ended")]));
    let contractor = person_type == PersonType::Contractor;
    for (name, present) in [("vendor", raw.vendor.is_some()), ("engagement", raw.engagement.is_some())] {
        if contractor && !present {
            context.report(
                &SCHEMA,
                &[Step::Key("type")],
                format!("a contractor needs `{name}`"),
                match name {
                    "vendor" => "add `vendor:` with the id of a file in vendors/",
                    _ => "add `engagement: { from: …, until: … }`: nothing a contractor holds outlives it",
                },
            );
        }
        if !contractor && present {
            context.report(
                &SCHEMA,
                &[Step::Key(name)],
                format!("only a contractor has `{name}`"),
                format!("remove it, or write `type: contractor`; this is a {}", person_type.as_str()),
            );
        }
    }
    let mut accounts = Accounts::default();
    let mut accounts_valid = true;
    if let Some(raw) = &raw.accounts {
        accounts_valid = self::accounts(raw, &mut accounts, context);
    }
    let emails = raw.emails.clone().unwrap_or_default();
    for (index, email) in emails.iter().enumerate() {
        if !is_email(email) {
            context.schema(
                &item(&[Step::Key("emails")], index),
                format!("{} is not an e-mail address", quote(email)),
                "write it like name@company.example",
            );
        }
    }
    let keys =
        raw.keys.iter().flatten().map(|text| PersonKey { text: text.clone(), public: public_key(text) }).collect();
    if contractor && (raw.vendor.is_none() || raw.engagement.is_none()) || !accounts_valid {
        return None;
    }
    Some(Person {
        id: id?,
        name: raw.name.clone(),
        person_type,
        vendor: transpose(vendor)?,
        sponsor: transpose(sponsor)?,
        engagement: transpose(engagement)?,
        ended: ended_at(ended, context)?,
        accounts,
        emails,
        keys,
        source: Arc::clone(context.source),
    })
}

/// Absent stays absent; present but wrong fails the whole.
fn transpose<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    match value {
        None => Some(None),
        Some(None) => None,
        Some(some) => Some(some),
    }
}

fn accounts(raw: &raw::Accounts, accounts: &mut Accounts, context: &mut Context<'_>) -> bool {
    let path = [Step::Key("accounts")];
    let mut valid = true;
    if let Some(github) = &raw.github {
        let login = &github.login;
        let shaped = (1..=39).contains(&login.len())
            && login.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if !shaped {
            context.schema(
                &field(&field(&path, "github"), "login"),
                "this is not a GitHub login",
                "write it without `@`",
            );
        }
        if github.id == 0 {
            context.schema(
                &field(&field(&path, "github"), "id"),
                "0 is not an account's number",
                "look it up: `gh api users/LOGIN --jq .id`",
            );
        }
        valid &= shaped && github.id != 0;
        accounts.github = Some(GithubAccount { login: login.clone(), id: github.id });
    }
    for (name, value) in [("aws", &raw.aws), ("gcp", &raw.gcp)] {
        let Some(text) = value else { continue };
        if context.wildcard(text, &field(&path, name)) {
            valid = false;
            continue;
        }
        let shaped = !text.is_empty() && text.len() <= 128 && text.chars().all(|c| c.is_ascii_graphic());
        if !shaped || (name == "gcp" && !(is_email(text) && text.chars().all(is_of_account))) {
            context.schema(
                &field(&path, name),
                format!("{} is not the name of an account", quote(text)),
                match name {
                    "gcp" => "write the account's e-mail address",
                    _ => "write the Identity Center user name",
                },
            );
            valid = false;
        }
    }
    accounts.aws = raw.aws.clone();
    accounts.gcp = raw.gcp.clone();
    valid
}

/// True for what stands in the address of one account. A policy of Google Cloud writes `user:` and `group:` before an address
/// and `?uid=` behind it, and so one account must not have a second name.
fn is_of_account(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "@.!#$%&'*+-=^_`{|}~".contains(letter)
}

fn is_email(text: &str) -> bool {
    let Some((local, host)) = text.split_once('@') else { return false };
    !local.is_empty()
        && host.contains('.')
        && host.split('.').all(|part| !part.is_empty())
        && text.len() <= 254
        && !host.contains('@')
        && text.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>' | ',' | ';' | '"' | '\\'))
}

/// The key, where its algorithm is one that signatures are verified with.
fn public_key(text: &str) -> Option<ssh_key::public::KeyData> {
    use ssh_key::Algorithm;
    let key = ssh_key::PublicKey::from_openssh(text).ok()?;
    let supported = matches!(
        key.algorithm(),
        Algorithm::Ed25519 | Algorithm::Ecdsa { .. } | Algorithm::SkEd25519 | Algorithm::SkEcdsaSha2NistP256
    );
    supported.then(|| key.key_data().clone())
}

pub(super) fn group(stem: &str, raw: &raw::Group, context: &mut Context<'_>) -> Option<Group> {
    let id = context.id(GroupId::parse, stem, &[]);
    let members = context.members(&raw.members, &[Step::Key("members")]);
    Some(Group { id: id?, members, source: Arc::clone(context.source) })
}
