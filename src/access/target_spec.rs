//! What the access model is told of a type of target: its kinds, its accounts, its settings. The values live in the
//! targets' own folders.

use std::collections::BTreeMap;

use super::id::TargetId;
use super::kind::Kind;
use super::target_type::TargetType;

/// Says what is wrong with a text.
pub type Check = fn(&str) -> Result<(), &'static str>;

/// A type of target.
#[derive(Debug)]
pub struct TargetSpec {
    /// What `type:` says in `dualkey.yaml`, and what a person's accounts are listed under.
    pub name: TargetType,
    /// Its name in sentences, such as `AWS Identity Center`.
    pub title: &'static str,
    pub kinds: &'static [&'static Kind],
    /// Something of some of its kinds, for documents and for tests of what stands in for it. At least one where it has kinds.
    pub examples: &'static [Example],
    /// How a person's account there is written; None where nobody has one.
    pub account: Option<AccountSpec>,
    /// What `dualkey.yaml` says of a target beside its type.
    pub settings: &'static [SettingSpec],
    /// What a target with these settings must say that it is, so that an approval for one can't be used for another.
    pub pin: fn(&TargetId, &Settings) -> String,
    /// What tells which system it is, where what pins it doesn't.
    pub system: Option<fn(&TargetId, &Settings) -> String>,
    /// The setting that names the type whose kinds the target has, where it only stands in for one. Such a target is embedded:
    /// nothing real hangs on it.
    pub stands_for: Option<&'static str>,
}

/// What may be held there.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    pub kind: &'static Kind,
    pub resources: [&'static str; 2],
    /// The lesser first, where one of the two is.
    pub permissions: [&'static str; 2],
}

// a type is its name
impl PartialEq for TargetSpec {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for TargetSpec {}

/// How a person's account at targets of a type is written in the person's file.
#[derive(Debug)]
pub struct AccountSpec {
    /// What is written, as the start of a sentence.
    pub about: &'static str,
    /// What to do where something else is written.
    pub help: &'static str,
    /// One, as a person's file writes it.
    pub example: &'static str,
    pub form: AccountForm,
    /// True where letters of another case name the same account.
    pub caseless: bool,
}

/// What identifies an account.
#[derive(Debug)]
pub enum AccountForm {
    /// A number, with a login for people: `{ login: alice-nw, id: 583231 }`.
    Numbered { check_login: Check },
    /// A name. `normal` gives the one spelling by which the target tells it.
    Named { check: Check, normal: fn(&str) -> String },
}

/// A setting of a target in `dualkey.yaml`.
#[derive(Debug)]
pub struct SettingSpec {
    pub name: &'static str,
    /// What it is, for the schema and for messages: a noun with its article.
    pub about: &'static str,
    pub need: Need,
    pub form: SettingForm,
}

/// Whether a setting has to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It is part of what the target must say that it is.
    Pins,
    Required,
    Optional,
}

/// What a setting takes.
#[derive(Clone, Copy, Debug)]
pub enum SettingForm {
    Text(Check),
    /// A whole number between two, both included.
    Number {
        least: u64,
        most: u64,
    },
    /// The name of a type of target that isn't embedded.
    Type,
}

/// The settings of one target. Every value is there that its type needs, in the form that its type asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings(BTreeMap<&'static str, String>);

impl Settings {
    pub(super) fn insert(&mut self, name: &'static str, value: String) {
        self.0.insert(name, value);
    }

    /// The value of a setting; None where it isn't set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// The values of settings, joined by colons after the type: what pins a target of most types. What isn't set is left out.
pub fn pin_of(name: TargetType, settings: &Settings, names: &[&str]) -> String {
    let values = names.iter().filter_map(|name| settings.get(name));
    std::iter::once(name.as_str()).chain(values).collect::<Vec<_>>().join(":")
}
