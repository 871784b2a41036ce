//! Vendors, people and groups.

use std::sync::Arc;

use serde_json::Value;

use super::context::{Context, field, item};
use crate::access::account::{Account, Accounts, Numbered};
use crate::access::id::{DomainId, GroupId, PersonId, VendorId};
use crate::access::model::{Group, Person, PersonKey, PersonType, Vendor};
use crate::access::raw;
use crate::access::reading::{SCHEMA, Step, quote};
use crate::access::target_spec::{AccountForm, AccountSpec, TargetSpec};

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
    let accounts = raw.accounts.as_ref().map_or_else(|| Some(Accounts::default()), |raw| accounts(raw, context));
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
    if contractor && (raw.vendor.is_none() || raw.engagement.is_none()) {
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
        accounts: accounts?,
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

/// None where something is wrong with one of them.
fn accounts(raw: &raw::Accounts, context: &mut Context<'_>) -> Option<Accounts> {
    let mut accounts = Accounts::default();
    let mut valid = true;
    for (name, value) in raw {
        let path = [Step::Key("accounts"), Step::Key(name)];
        let spec = context.kinds.target_type(name);
        let Some((spec, shape)) = spec.and_then(|spec| Some((spec, spec.account.as_ref()?))) else {
            let message = format!("{} is no type of target that people have accounts at", quote(name));
            context.schema(&path, message, "name the type of target, not the target");
            valid = false;
            continue;
        };
        match account(spec, shape, value, &path, context) {
            Some(account) => accounts.insert(spec.name, account),
            None => valid = false,
        }
    }
    valid.then_some(accounts)
}

fn account(
    spec: &TargetSpec,
    shape: &AccountSpec,
    value: &Value,
    path: &[Step<'_>],
    context: &mut Context<'_>,
) -> Option<Account> {
    let caseless = shape.caseless;
    match (&shape.form, value) {
        (AccountForm::Numbered { check_login }, Value::Object(fields)) => {
            let login = fields.get("login").and_then(Value::as_str)?;
            let id = fields.get("id").and_then(Value::as_u64)?;
            let wrong_login = check_login(login).err().map(|why| ("login", login, why));
            let wrong_id = (id == 0).then_some(("id", "0", "accounts are numbered from 1"));
            for (part, text, why) in wrong_login.into_iter().chain(wrong_id) {
                no_account(spec, shape, (text, why), &field(path, part), context);
            }
            let numbered = Numbered { login: login.to_owned(), id };
            let account = Account { principal: id.to_string(), numbered: Some(numbered), caseless };
            (wrong_login.is_none() && wrong_id.is_none()).then_some(account)
        }
        (AccountForm::Named { check, normal }, Value::String(text)) => {
            // one that stands for many has its own rule
            if context.wildcard(text, path) {
                return None;
            }
            if let Err(why) = check(text) {
                no_account(spec, shape, (text, why), path, context);
                return None;
            }
            Some(Account { principal: normal(text), numbered: None, caseless })
        }
        // the schema has refused it already
        _ => None,
    }
}

fn no_account(
    spec: &TargetSpec,
    shape: &AccountSpec,
    (text, why): (&str, &str),
    path: &[Step<'_>],
    context: &mut Context<'_>,
) {
    context.schema(path, format!("{} is no account at {}: {why}", quote(text), spec.title), shape.help);
}

/// True for what is written like the address of an e-mail account.
pub fn is_email(text: &str) -> bool {
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
