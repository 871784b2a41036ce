//! What a plan says anew beside access, a line a fact: settings, policies, people, pipelines.

use serde::Serialize;

use super::rows::Row;
use super::voice::Voice;
use crate::access::ChangeClass;
use crate::plan::{Fact, Plan};

/// What weakens stands at the top, so many of it; the section has the rest.
const AT_THE_TOP: usize = 6;

/// The facts that are told at the very top, and those below, in order. What weakens or changes policy is never cut.
pub(super) fn told(facts: &[Fact], voice: Voice) -> (Vec<String>, Vec<Row>) {
    let weaker = facts.iter().take_while(|fact| fact.weaker).count().min(AT_THE_TOP);
    let (top, rest) = facts.split_at_checked(weaker).unwrap_or((facts, &[]));
    let row = |fact: &Fact| match fact.weaker || fact.class == ChangeClass::Policy {
        true => Row::always(line(fact, voice)),
        false => Row::new(line(fact, voice), false),
    };
    (top.iter().map(|fact| line(fact, voice)).collect(), rest.iter().map(row).collect())
}

/// What stands where nobody gains or loses access: never that alone where anything is told.
pub(super) fn nobody_gains(plan: &Plan<'_>, facts: &[Fact]) -> &'static str {
    if plan.head.is_misread() {
        "nobody gains or loses access by what can be read; what can't is named below"
    } else if facts.iter().all(|fact| matches!(fact.class, ChangeClass::Access | ChangeClass::Removal)) {
        "nobody gains or loses access"
    } else {
        "nobody gains or loses access at once; what is told here decides who may later"
    }
}

fn line(fact: &Fact, voice: Voice) -> String {
    // an arrow within a value would make two values of it
    let value = |text: &str| voice.data(&text.replace('→', "\\u{2192}"));
    let about = voice.message(&fact.about);
    let sides = fact.shown.each_ref().map(|side| side.as_deref().map(value));
    let mut text = match (fact.field.as_deref().map(|field| voice.data(field)), sides) {
        (None, [None, None]) => about,
        (None, [None, Some(after)]) => format!("{about}: new, {after}"),
        (None, [Some(before), None]) => format!("{about}: gone, was {before}"),
        (None, [Some(before), Some(after)]) => format!("{about}: {before} → {after}"),
        (Some(field), sides) => {
            let [before, after] = sides.map(|side| side.unwrap_or_else(|| "nothing".to_owned()));
            format!("{about}: {field} {before} → {after}")
        }
    };
    if fact.weaker {
        text.push_str(" (weaker)");
    }
    if let Some(consequence) = fact.consequence {
        text.push_str("; ");
        text.push_str(&voice.message(consequence));
    }
    text
}

/// A fact for programs.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct FactRow {
    about: String,
    /// Null where the whole of it comes or goes.
    field: Option<String>,
    before: Option<String>,
    after: Option<String>,
    /// True where less is asked, watched or kept out than before.
    weaker: bool,
    consequence: Option<&'static str>,
    class: &'static str,
    file: String,
}

impl From<Fact> for FactRow {
    fn from(fact: Fact) -> Self {
        let Fact { about, field, before, after, weaker, consequence, class, file, .. } = fact;
        FactRow { about, field, before, after, weaker, consequence, class: class.as_str(), file }
    }
}
