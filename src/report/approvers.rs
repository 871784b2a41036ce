//! Who can approve something after a change and couldn't before, and how few are left.

use super::style::count;
use super::voice::Voice;
use crate::access::PersonId;
use crate::access::time::format_end;
use crate::plan::{Move, Plan, WordChange};

/// A sentence for each person whose word counts at other times than before.
pub(super) fn words(plan: &Plan<'_>, voice: Voice) -> Vec<String> {
    plan.words.iter().map(|changed| word(plan, changed, voice)).collect()
}

fn word(plan: &Plan<'_>, word: &WordChange, voice: Voice) -> String {
    let (who, zone) = (voice.data(word.person.as_str()), &plan.head.access.config.zone);
    let end = |at| format_end(at, zone);
    match (word.before.end(), word.after.end()) {
        (_, None) => format!("{who} can approve nothing any more"),
        (None, Some(after)) => {
            format!("lets {who} approve, who could approve nothing before: until {}", end(after))
        }
        (Some(before), Some(after)) if word.gains() && before <= plan.now => {
            let (before, after) = (end(before), end(after));
            format!("lets {who} approve again, who could approve nothing after {before}: until {after}")
        }
        (Some(before), Some(after)) if word.gains() => {
            format!("lets {who} approve longer: until {}, was {}", end(after), end(before))
        }
        (Some(_), Some(after)) => format!("{who} can approve nothing after {}", end(after)),
    }
}

/// What the first line ends with where a rule is left with no more people than it asks for.
pub(super) fn short(plan: &Plan<'_>, voice: Voice) -> String {
    let Some(short) = plan.short.iter().min_by_key(|short| short.able) else { return String::new() };
    let have = if short.able == 1 { "person" } else { "people" };
    let others = match plan.short.len() - 1 {
        0 => String::new(),
        others => format!(" (and {} as few as it asks for)", count(others, "other rule")),
    };
    let (rule, able, asks) = (voice.data(&short.rule), short.able, short.count);
    format!("; after this, rule {rule} has {able} {have} who can approve and asks for {asks}{others}")
}

/// A sentence for each resource that changes its domain.
pub(super) fn moves(plan: &Plan<'_>, voice: Voice) -> Vec<String> {
    let sentence = |one: &Move| {
        let (from, to) = (voice.data(one.from.as_str()), voice.data(one.to.as_str()));
        let what = voice.data(&one.resource.to_string());
        let held = if one.earlier { format!("last held by {from}") } else { format!("of {from}") };
        let asked = match (plan.ownerless.contains(&one.from), plan.ownerless.contains(&one.to)) {
            (false, false) => "owners of both are asked".to_owned(),
            (true, _) => format!("no owner of {from} can approve, so one person more is asked for"),
            (false, true) => format!("no owner of {to} can approve, so one person more is asked for"),
        };
        format!("moves {what}, {held}, to {to}: {asked}")
    };
    // what only a new name brings stands with that name
    let is_renamed = |one: &&Move| plan.renames.only && plan.renames.domains.get(&one.to) == Some(&one.from);
    plan.moves.iter().filter(|one| !is_renamed(one)).map(sentence).collect()
}

/// A sentence for each person who comes back with other keys, under whatever name.
pub(super) fn replaced(plan: &Plan<'_>, voice: Voice) -> Vec<String> {
    let sentence = |person: &PersonId| {
        let who = voice.data(person.as_str());
        format!("replaces the keys of {who}, who had others when last here: one person more is asked for")
    };
    let by_another_name = |(now, before): &(PersonId, PersonId)| {
        let (now, before) = (voice.data(now.as_str()), voice.data(before.as_str()));
        format!("gives {now} accounts or e-mails of {before}, who had other keys: one person more is asked for")
    };
    plan.replaced.iter().map(sentence).chain(plan.taken_over.iter().map(by_another_name)).collect()
}
