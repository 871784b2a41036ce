use super::*;
use crate::access::Interval;
use crate::targets::github::kinds::REPOSITORY;
use crate::targets::{aws, gcp};

const NOW: &str = "2026-12-01T00:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn spans(spans: &[(&str, &str)]) -> Intervals {
    let day = |day: &str| at(&format!("{day}T00:00:00Z"));
    spans.iter().map(|(from, until)| Interval::new(day(from), day(until)).unwrap()).collect()
}

/// Declares `PERSON KIND PERMISSION` for an account of `play`.
fn declare(declared: &mut Declared, kind: &'static Kind, account: &str, permission: &str, times: &[(&str, &str)]) {
    let place = Place {
        target: TargetId::parse("play").unwrap(),
        kind,
        resource: "n/api".to_owned(),
        account: AccountMark::of(account),
    };
    let person = PersonId::parse("alice").unwrap();
    let thing = Thing { permission: permission.to_owned(), conditions: Conditions::NONE, person };
    declared.set(place, thing, spans(times), GrantId::parse("g").ok());
}

fn ends(declared: &Declared, kind: &'static Kind, held: &[(&str, &str)]) -> Vec<String> {
    let live = held.iter().map(|(principal, permission)| Live {
        kind,
        resource: "n/api".to_owned(),
        permission: (*permission).to_owned(),
        principal: (*principal).into(),
        conditions: Conditions::NONE,
        until: None,
        latent: None,
    });
    let live = BTreeMap::from([(TargetId::parse("play").unwrap(), live.collect())]);
    let operations = declared.ends(&live, at(NOW), &TimeZone::UTC);
    assert!(operations.iter().all(Operation::only_takes));
    let urgent = |one: &Operation| if one.urgent { " at once" } else { "" };
    let line = |one: &Operation| format!("{} {} {}{}", one.verb.as_str(), one.principal, one.permission, urgent(one));
    operations.iter().map(line).collect()
}

const OVER: (&str, &str) = ("2026-11-01", "2026-12-01");
const LASTING: (&str, &str) = ("2026-11-01", "2027-01-01");
const COMING: (&str, &str) = ("2027-01-01", "2027-02-01");

#[test]
fn what_is_over_goes_and_what_lasts_stays() {
    for (times, expected) in [
        (&[OVER][..], &["revoke 11 push at once"][..]),
        (&[LASTING], &[]),
        (&[COMING], &[]),
        (&[OVER, COMING], &["revoke 11 push"]),
        // an approved landing took it away
        (&[], &["revoke 11 push at once"]),
    ] {
        let mut declared = Declared::default();
        declare(&mut declared, &REPOSITORY, "11", "push", times);
        assert_eq!(ends(&declared, &REPOSITORY, &[("11", "push"), ("12", "push")]), expected, "{times:?}");
    }
}

#[test]
fn an_address_is_known_by_its_mark() {
    let mut declared = Declared::default();
    declare(&mut declared, &aws::kinds::ACCOUNT, "a@x.example", "Dev", &[OVER]);
    let held = [("a@x.example", "Dev"), ("a@x.example", "Audit"), ("b@x.example", "Dev")];
    assert_eq!(ends(&declared, &aws::kinds::ACCOUNT, &held), ["revoke a@x.example Dev at once"]);
}

#[test]
fn of_one_value_the_lower_that_lasts_is_left() {
    let mut declared = Declared::default();
    declare(&mut declared, &REPOSITORY, "11", "maintain", &[OVER]);
    declare(&mut declared, &REPOSITORY, "11", "pull", &[LASTING]);
    assert_eq!(ends(&declared, &REPOSITORY, &[("11", "maintain")]), ["change 11 pull"]);
    // what covers less than was declared is an end of it too, what covers more was given by hand
    assert_eq!(ends(&declared, &REPOSITORY, &[("11", "push")]), ["change 11 pull"]);
    assert!(ends(&declared, &REPOSITORY, &[("11", "admin")]).is_empty());
    assert!(ends(&declared, &REPOSITORY, &[("11", "pull")]).is_empty());
    // where nothing lasts, nothing at the place does, whoever raised it
    let mut declared = Declared::default();
    declare(&mut declared, &REPOSITORY, "11", "pull", &[OVER]);
    assert_eq!(ends(&declared, &REPOSITORY, &[("11", "admin")]), ["revoke 11 admin at once"]);
}

#[test]
fn another_permission_that_lasts_keeps_only_itself() {
    let mut declared = Declared::default();
    declare(&mut declared, &gcp::kinds::PROJECT, "a@x.example", "roles/run.viewer", &[OVER]);
    declare(&mut declared, &gcp::kinds::PROJECT, "a@x.example", "roles/logging.viewer", &[LASTING]);
    let held = [("a@x.example", "roles/run.viewer"), ("a@x.example", "roles/logging.viewer")];
    assert_eq!(ends(&declared, &gcp::kinds::PROJECT, &held), ["revoke a@x.example roles/run.viewer"]);
}
