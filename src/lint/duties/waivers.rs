//! What waivers accept, and when they don't.

use jiff::Timestamp;

use crate::access::{Access, DutyRule, Interval, Intervals, PersonId, PersonType, Waiver};

/// The waiver's time with all of the same rule and person that it meets end to end, also those that a change takes out or
/// rewrites: to renew a waiver again and again is to have a long one.
fn end_to_end(access: &Access, since: Option<&Access>, waiver: &Waiver) -> Interval {
    let all = std::iter::once(access).chain(since).flat_map(|side| &side.policy.waivers);
    let same = all.filter(|other| other.rule == waiver.rule && other.person == waiver.person);
    intervals(same).at(waiver.interval.from()).copied().unwrap_or(waiver.interval)
}

/// Why a waiver accepts nothing: what is wrong with it and the next step. Time alone never brings one. `since` is what
/// stood before the change, where there is one.
pub fn problems(access: &Access, since: Option<&Access>, waiver: &Waiver) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    if waiver.owner == waiver.person {
        problems.push((
            format!("`{}` owns the waiver that `{}` profits from", waiver.owner, waiver.person),
            "name another employee as `owner`".to_owned(),
        ));
    }
    if let Some(owner) = access.people.get(&waiver.owner)
        && owner.person_type != PersonType::Employee
    {
        problems.push((
            format!("the waiver's owner `{}` is a {}", owner.id, owner.person_type.as_str()),
            "name an employee as `owner`, who answers for the risk".to_owned(),
        ));
    }
    if let Some(limit) = access.policy.waiver_max_duration
        && limit.exceeded_by(&end_to_end(access, since, waiver), &access.config.zone)
    {
        let (rule, person) = (&waiver.rule, &waiver.person);
        problems.push(if limit.exceeded_by(&waiver.interval, &access.config.zone) {
            let help = format!("end it within {limit}, and renew it by a change that somebody approves");
            (format!("the waiver of `{rule}` for `{person}` lasts longer than {limit}"), help)
        } else {
            let help =
                format!("end the last of them within {limit} of the first one's start, and mend what they accept");
            (format!("the waivers of `{rule}` for `{person}` last longer than {limit} end to end"), help)
        });
    }
    problems
}

/// True where a waiver was given for another wording of its rule.
pub fn is_of_another_wording(rule: &DutyRule, waiver: &Waiver) -> bool {
    waiver.rule_digest != rule.digest
}

/// True where a waiver's time is over.
pub fn is_over(waiver: &Waiver, now: Timestamp) -> bool {
    waiver.interval.until() <= now
}

/// The waivers that accept violations of the rule as it is written now.
pub fn accepted<'a>(
    access: &'a Access,
    rule: &'a DutyRule,
    person: &'a PersonId,
) -> impl Iterator<Item = &'a Waiver> + 'a {
    let waivers = access.policy.waivers.iter();
    waivers
        .filter(move |waiver| waiver.rule == rule.id && &waiver.person == person)
        .filter(move |waiver| !is_of_another_wording(rule, waiver))
        .filter(move |waiver| problems(access, None, waiver).is_empty())
}

/// The intervals of waivers.
pub fn intervals<'a>(waivers: impl IntoIterator<Item = &'a Waiver>) -> Intervals {
    waivers.into_iter().map(|waiver| -> Interval { waiver.interval }).collect()
}
