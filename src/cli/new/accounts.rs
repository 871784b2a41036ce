//! `--github LOGIN:ID`, `--aws USER` and so on: one option for each type of target that people have accounts at.

use std::collections::BTreeMap;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use crate::access::style::scalar;
use crate::access::{AccountForm, AccountSpec, Accounts, TargetType};
use crate::cli::Stop;
use crate::targets::KINDS;

/// What was said of accounts.
#[derive(Debug, Default)]
pub struct AccountOptions(BTreeMap<TargetType, String>);

/// Types of target that people have accounts at.
fn shapes() -> impl Iterator<Item = (TargetType, &'static AccountSpec)> {
    KINDS.0.iter().filter_map(|spec| Some((spec.name, spec.account.as_ref()?)))
}

fn value_name(shape: &AccountSpec) -> &'static str {
    match shape.form {
        AccountForm::Numbered { .. } => "LOGIN:ID",
        AccountForm::Named { .. } => "USER",
    }
}

/// What to add where an account is missing.
pub(super) fn help(target: TargetType) -> String {
    let shape = shapes().find(|(name, _)| *name == target);
    shape.map(|(_, shape)| format!("add `--{target} {}`: {}", value_name(shape), shape.help)).unwrap_or_default()
}

impl Args for AccountOptions {
    fn augment_args(command: Command) -> Command {
        shapes().fold(command, |command, (name, shape)| {
            let arg = Arg::new(name.as_str()).long(name.as_str()).value_name(value_name(shape));
            command.arg(arg.help(format!("New people: {}", lower(shape.about))))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// A sentence as the part of another.
fn lower(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

impl FromArgMatches for AccountOptions {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut options = AccountOptions::default();
        options.update_from_arg_matches(matches)?;
        Ok(options)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for (name, _) in shapes() {
            if let Some(said) = matches.get_one::<String>(name.as_str()) {
                self.0.insert(name, said.clone());
            }
        }
        Ok(())
    }
}

impl AccountOptions {
    pub(super) fn has(&self, target: TargetType) -> bool {
        self.0.contains_key(&target)
    }

    /// Each option that was given, what it says, and what the registry says in the same words.
    pub(super) fn beside(&self, accounts: &Accounts) -> impl Iterator<Item = (String, String, Option<String>)> {
        self.0.iter().map(|(target, said)| {
            let stands = accounts.get(*target).map(|account| match &account.numbered {
                Some(numbered) => format!("{}:{}", numbered.login, numbered.id),
                None => account.principal.clone(),
            });
            (format!("--{target}"), said.clone(), stands)
        })
    }

    /// The lines below `accounts:` in a person's file.
    pub(super) fn lines(&self) -> Result<Vec<String>, Stop> {
        let line = |(target, shape): (TargetType, &AccountSpec)| {
            let said = self.0.get(&target)?;
            Some(match shape.form {
                AccountForm::Numbered { .. } => numbered(target, said, shape),
                AccountForm::Named { .. } => Ok(format!("  {target}: {}\n", scalar(said))),
            })
        };
        shapes().filter_map(line).collect()
    }
}

fn numbered(target: TargetType, said: &str, shape: &AccountSpec) -> Result<String, Stop> {
    let wrong = || Stop::usage(format!("`{said}` is not LOGIN:ID"), format!("write alice-nw:583231: {}", shape.help));
    let (login, id) = said.split_once(':').ok_or_else(wrong)?;
    let id = id.parse::<u64>().ok().filter(|number| number.to_string() == id).ok_or_else(wrong)?;
    Ok(format!("  {target}: {{ login: {}, id: {id} }}\n", scalar(login)))
}
