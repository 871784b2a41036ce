use serde_json::{Value as Json, json};

use super::things::{Thing, policies};
use super::weights::Section;
use super::*;
use crate::access::raw;
use crate::access::{LastRead, Revision};
use crate::lint;
use crate::lint::testing::snapshot;
use crate::targets::KINDS;

/// A file of each section that says everything that its kind can say.
fn full() -> Vec<(Section, Json)> {
    let set = json!({ "duties": ["a", "b"], "roles": ["r"], "entitlements": ["repository:x:y"], "environments": ["production"],
        "domains": ["d"], "at_most": 2 });
    vec![
        (
            Section::Settings,
            json!({ "version": 1, "organization": "o", "timezone": "UTC", "manage": "contractors",
                "targets": { "github": { "type": "github", "as": "aws", "file": "f", "organization": "o", "id": 1,
                    "region": "r", "instance": "i", "identity_store": "s" } },
                "approval": { "evidence": "signatures", "branch": "main", "repository": { "name": "o/r", "id": 2 } },
                "audit": { "ref": "refs/x", "key": "k" }, "managed": ["ci/**"] }),
        ),
        (Section::Duty, json!({ "id": "x", "title": "t", "sets": { "s": set }, "at_most": 1, "severity": "error" })),
        (
            Section::Approval,
            json!({ "id": "x", "change": "access", "risk": "elevated", "count": 2, "from": ["sponsors"], "by": "signature" }),
        ),
        (
            Section::Waiver,
            json!({ "rule": "x", "rule_digest": "d", "person": "p", "from": "2026-11-24", "until": "2026-12-15",
                "owner": "o", "control": "c", "ticket": "t" }),
        ),
        (
            Section::Limits,
            json!({ "removals": { "count": 10, "fraction": "5%" }, "grants": { "contractor_max_duration": "180 days" },
                "waivers": { "max_duration": "90 days" } }),
        ),
        (Section::Admins, json!({ "minimum": 2, "required": ["p"] })),
        (Section::Protected, json!(["account:1:Admin"])),
        (Section::Severities, json!({ "expires-soon": "error" })),
        (Section::Durations, json!("90 days")),
        (
            Section::Role,
            json!({ "title": "t", "duties": ["develop"], "risk": "standard", "contractors": "allowed",
                "max_duration": "90 days", "mfa": "required", "entitlements": { "repository": "push", "project": ["a", "b"] } }),
        ),
        (
            Section::Domain,
            json!({ "title": "t", "environment": "production", "owners": ["p"], "contractors": "denied",
                "resources": { "api": { "repository": "o/api", "target": "github" } } }),
        ),
        (Section::Group, json!({ "title": "t", "members": ["p", "q"] })),
        (Section::Judges, json!({ "title": "t", "members": ["p", "q"] })),
        (
            Section::Vendor,
            json!({ "name": "n", "sponsor": "p", "contract": { "from": "2026-10-01", "until": "2027-03-31" },
                "domains": ["d"], "ended": "2027-01-01" }),
        ),
        (
            Section::Person,
            json!({ "name": "n", "type": "contractor", "vendor": "v", "sponsor": "p",
                "engagement": { "from": "2026-11-01", "until": "2027-01-31" }, "ended": "2026-12-01",
                "accounts": { "github": { "login": "l", "id": 3 }, "aws": "a", "gcp": "g@x.y" },
                "emails": ["a@b.c"], "keys": ["k"] }),
        ),
        (
            Section::Grant,
            json!({ "to": ["p"], "role": "r", "domain": "d", "resources": ["api"], "from": "2026-11-24",
                "until": "2027-01-31", "hours": { "days": ["mon"], "between": "08:00-19:00" }, "reason": "r", "ticket": "t" }),
        ),
        (Section::Bridge, json!({ "home": "h", "into": "i", "for": ["p"], "until": "2026-12-31", "reason": "r" })),
    ]
}

fn things(section: Section, value: &Json) -> BTreeMap<String, Thing> {
    let thing = Thing::new("thing".to_owned(), section, value, (ChangeClass::Policy, "f.yaml"));
    BTreeMap::from([("thing".to_owned(), thing)])
}

fn between(section: Section, before: &Json, after: &Json) -> Vec<Fact> {
    compare(things(section, before), things(section, after))
}

/// Every value that differs from the given one at one place: without it, and with another in its place.
fn edits(value: &Json) -> Vec<(String, Option<Json>, Json)> {
    let mut found = Vec::new();
    let other = |value: &Json| match value {
        Json::String(text) if text == "required" || text == "k" => None,
        Json::String(text) => Some(json!(format!("{text}9"))),
        Json::Number(number) => Some(json!(number.as_u64().unwrap() + 1)),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    };
    match value {
        Json::Object(object) => {
            for (name, inner) in object {
                let mut without = object.clone();
                without.remove(name);
                found.push((name.clone(), None, Json::Object(without)));
                for (path, _, edited) in edits(inner) {
                    let mut with = object.clone();
                    with.insert(name.clone(), edited);
                    found.push((format!("{name}.{path}"), None, Json::Object(with)));
                }
            }
        }
        Json::Array(list) => {
            found.push(("less".to_owned(), None, json!(list[1..])));
            let more: Vec<Json> = list.iter().cloned().chain([json!("added")]).collect();
            found.push(("more".to_owned(), None, json!(more)));
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
            found.extend(other(value).map(|other| ("other".to_owned(), None, other)))
        }
    }
    found
}

/// What stands for the same as being absent.
fn is_default(section: Section, path: &str) -> bool {
    matches!(
        (section, path),
        (Section::Settings, "manage" | "targets.github.type")
            | (Section::Duty, "at_most" | "severity")
            | (Section::Domain | Section::Role, "contractors")
    )
}

#[test]
fn nothing_that_a_file_can_say_changes_untold() {
    for (section, value) in full() {
        for (path, _, edited) in edits(&value) {
            for (before, after) in [(&value, &edited), (&edited, &value)] {
                let facts = between(section, before, after);
                assert!(!facts.is_empty() || is_default(section, &path), "{section:?} {path}");
                assert!(facts.iter().all(|fact| fact.before != fact.after), "{facts:?}");
            }
        }
        assert!(between(section, &value, &value).is_empty());
    }
}

/// The samples above hold every field that the schema knows, so that a new one can't be forgotten.
#[test]
fn the_samples_say_everything_that_their_kinds_can() {
    fn is_whole<T: serde::de::DeserializeOwned + schemars::JsonSchema>(value: &Json) {
        serde_json::from_value::<T>(value.clone()).unwrap_or_else(|error| panic!("{error}: {value}"));
        let schema = schemars::schema_for!(T).to_value();
        let known = schema["properties"].as_object().unwrap();
        let missing: Vec<&String> = known.keys().filter(|name| value.get(*name).is_none()).collect();
        assert!(missing.is_empty(), "{missing:?} of {value}");
    }
    for (section, value) in full() {
        match section {
            Section::Settings => is_whole::<raw::Config>(&value),
            Section::Duty => is_whole::<raw::DutyRule>(&value),
            Section::Approval => is_whole::<raw::ApprovalRule>(&value),
            Section::Waiver => is_whole::<raw::Waiver>(&value),
            Section::Limits => is_whole::<raw::Limits>(&value),
            Section::Admins => is_whole::<raw::Admins>(&value),
            Section::Role => is_whole::<raw::Role>(&value),
            Section::Domain => is_whole::<raw::Domain>(&value),
            Section::Group | Section::Judges => is_whole::<raw::Group>(&value),
            Section::Vendor => is_whole::<raw::Vendor>(&value),
            Section::Person => is_whole::<raw::Person>(&value),
            Section::Grant => is_whole::<raw::Grant>(&value),
            Section::Bridge => is_whole::<raw::Bridge>(&value),
            Section::Protected | Section::Severities | Section::Durations | Section::Other => {}
        }
    }
}

#[test]
fn what_weakens_is_said_to() {
    let weaker: &[(Section, &str, Option<Json>)] = &[
        (Section::Settings, "/manage", Some(json!("contractors"))),
        (Section::Settings, "/approval/evidence", Some(json!("github"))),
        (Section::Settings, "/managed", Some(json!([]))),
        (Section::Settings, "/managed", None),
        (Section::Duty, "/severity", Some(json!("warning"))),
        (Section::Duty, "/at_most", Some(json!(2))),
        (Section::Duty, "/sets/s/at_most", Some(json!(3))),
        (Section::Duty, "/sets/s/at_most", None),
        (Section::Duty, "/sets/s/duties", Some(json!(["a"]))),
        (Section::Duty, "/sets/s", None),
        (Section::Approval, "/count", Some(json!(1))),
        (Section::Approval, "/from", Some(json!(["sponsors", "domain-owners"]))),
        (Section::Approval, "/by", Some(json!("any"))),
        (Section::Approval, "/by", None),
        (Section::Approval, "/risk", Some(json!("privileged"))),
        (Section::Approval, "/change", Some(json!("removal"))),
        (Section::Waiver, "/until", Some(json!("2026-12-16"))),
        (Section::Waiver, "/from", Some(json!("2026-11-23"))),
        (Section::Limits, "/removals/count", Some(json!(10_000))),
        (Section::Limits, "/removals/fraction", Some(json!("50%"))),
        (Section::Limits, "/removals", None),
        (Section::Limits, "/grants/contractor_max_duration", Some(json!("181 days"))),
        (Section::Limits, "/waivers/max_duration", None),
        (Section::Admins, "/minimum", Some(json!(1))),
        (Section::Admins, "/required", Some(json!([]))),
        (Section::Protected, "", Some(json!([]))),
        (Section::Severities, "/expires-soon", None),
        (Section::Durations, "", Some(json!("900 days"))),
        (Section::Role, "/duties", Some(json!([]))),
        (Section::Role, "/max_duration", None),
        (Section::Role, "/mfa", None),
        (Section::Role, "/entitlements/repository", Some(json!(["push", "admin"]))),
        (Section::Role, "/entitlements/project", Some(json!(["a", "b", "c"]))),
        (Section::Domain, "/environment", Some(json!("staging"))),
        (Section::Domain, "/contractors", Some(json!("allowed"))),
        (Section::Domain, "/owners", Some(json!(["p", "q"]))),
        (Section::Judges, "/members", Some(json!(["p", "q", "r"]))),
        (Section::Vendor, "/contract/until", Some(json!("2028-03-31"))),
        (Section::Vendor, "/domains", None),
        (Section::Vendor, "/domains", Some(json!(["d", "e"]))),
        (Section::Vendor, "/ended", None),
        (Section::Person, "/type", Some(json!("employee"))),
        (Section::Person, "/engagement/until", Some(json!("2027-02-28"))),
        (Section::Person, "/ended", None),
        (Section::Grant, "/resources", None),
        (Section::Grant, "/resources", Some(json!(["api", "web"]))),
        (Section::Grant, "/hours", None),
        (Section::Grant, "/hours/days", Some(json!(["mon", "tue"]))),
        (Section::Bridge, "/for", Some(json!(["p", "q"]))),
        (Section::Bridge, "/until", Some(json!("2027-12-31"))),
    ];
    let mut samples = full();
    samples.iter_mut().find(|(section, _)| *section == Section::Settings).unwrap().1["manage"] = json!("everyone");
    for (section, pointer, after) in weaker {
        let (_, before) = samples.iter().find(|(of, _)| of == section).unwrap();
        let mut edited = before.clone();
        match after {
            Some(value) => *edited.pointer_mut(pointer).unwrap() = value.clone(),
            None => {
                let (parent, name) = pointer.rsplit_once('/').unwrap();
                edited.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
            }
        }
        let said = |facts: Vec<Fact>| facts.iter().any(|fact| fact.weaker);
        assert!(said(between(*section, before, &edited)), "{section:?} {pointer}");
        let undirected = matches!(pointer, &"/change");
        assert!(undirected || !said(between(*section, &edited, before)), "back: {section:?} {pointer}");
    }
    for section in [Section::Duty, Section::Approval, Section::Limits, Section::Admins, Section::Protected] {
        let (_, value) = samples.iter().find(|(of, _)| *of == section).unwrap();
        assert!(compare(things(section, value), BTreeMap::new()).iter().all(|fact| fact.weaker), "{section:?}");
        assert!(!compare(BTreeMap::new(), things(section, value)).iter().any(|fact| fact.weaker), "{section:?}");
    }
}

#[test]
fn a_rule_that_moves_to_another_file_is_no_change_of_it() {
    let rule = "duties:\n  - { id: x, title: T, sets: { a: { duties: [d] }, b: { duties: [e] } } }\n";
    let [one, other] = ["policies/a.yaml", "policies/b.yaml"]
        .map(|path| policies(&Revision::load(&snapshot(&[(path, rule)]), KINDS, &mut LastRead::default()).unwrap()));
    assert!(one.contains_key("duty `x`"));
    assert!(compare(one, other).is_empty());
}

#[test]
fn long_values_and_lists_are_told_by_what_differs() {
    let long = |end: &str| json!({ "title": format!("{}{end}", "x".repeat(5_000)), "members": [] });
    let facts = between(Section::Group, &long("a"), &long("b"));
    let [fact] = facts.as_slice() else { panic!("{facts:?}") };
    let [Some(before), Some(after)] = &fact.shown else { panic!("{fact:?}") };
    assert!(fact.before.as_ref().is_some_and(|whole| whole.len() == 5_001), "{fact:?}");
    assert!(before.len() < 400 && before.contains('…') && before != after, "{before}");
    let members = |last: &str| json!({ "members": (0..20).map(|n| format!("p{n}")).chain([last.to_owned()]).collect::<Vec<_>>() });
    let facts = between(Section::Judges, &members("alice"), &members("bob"));
    let both = ["alice, 20 that stay", "bob, 20 that stay"].map(|text| Some(text.to_owned()));
    assert_eq!(facts[0].shown, both);
    assert!(facts[0].weaker);
}

/// The policies of files, each by its name.
fn said(files: &[(&str, &str)]) -> BTreeMap<String, Thing> {
    let alone: Vec<(&str, &str)> = [("policies/main.yaml", "")].into_iter().chain(files.iter().copied()).collect();
    policies(&Revision::load(&snapshot(&alone), KINDS, &mut LastRead::default()).unwrap())
}

#[test]
fn what_files_say_together_is_told_by_what_holds() {
    let one = ("policies/a.yaml", "limits: { removals: { count: 10, fraction: 5% } }\n");
    let told = |before: &[(&str, &str)], after: &[(&str, &str)]| {
        let facts = compare(said(before), said(after)).into_iter();
        let text = |fact: Fact| {
            let [before, after] = [fact.before, fact.after].map(Option::unwrap_or_default);
            let weaker = if fact.weaker { " (weaker)" } else { "" };
            format!("{} {} {before} → {after}{weaker} in {}", fact.about, fact.field.unwrap_or_default(), fact.file)
        };
        facts.map(text).collect::<Vec<_>>()
    };
    let nothing: [String; 0] = [];
    // another file adds a limit of another kind, a looser and a stricter one
    let more = ("policies/b.yaml", "limits: { waivers: { max_duration: 30 days } }\n");
    assert_eq!(told(&[one], &[one, more]), ["limits waivers.max_duration  → 30 days in policies/b.yaml"]);
    assert_eq!(told(&[one, more], &[one]), ["limits waivers.max_duration 30 days →  (weaker) in policies/b.yaml"]);
    let looser = ("policies/b.yaml", "limits: { removals: { count: 20, fraction: 9% } }\n");
    assert_eq!(told(&[one], &[one, looser]), nothing);
    assert_eq!(told(&[one, looser], &[one]), nothing);
    let stricter = ("policies/b.yaml", "limits: { removals: { count: 3, fraction: 9% } }\n");
    assert_eq!(told(&[one], &[one, stricter]), ["limits removals.count 10 → 3 in policies/b.yaml"]);
    assert_eq!(told(&[one, stricter], &[one]), ["limits removals.count 3 → 10 (weaker) in policies/b.yaml"]);
    // what is absent is what it would be by default
    let days = |text: &'static str| [one, ("policies/c.yaml", text)];
    let lasts = |days: &str| format!("approvals_last  90 days → {days} days");
    assert_eq!(told(&[one], &days("approvals_last: 90 days\n")), nothing);
    assert_eq!(told(&[one], &days("approvals_last: 30 days\n")), [format!("{} in policies/c.yaml", lasts("30"))]);
    assert_eq!(
        told(&[one], &days("approvals_last: 120 days\n")),
        [format!("{} (weaker) in policies/c.yaml", lasts("120"))]
    );
    assert_eq!(
        told(&days("approvals_last: 30 days\n"), &[one]),
        ["approvals_last  30 days → 90 days (weaker) in policies/c.yaml"]
    );
    // a rule that is a warning by itself
    assert_eq!(told(&[one], &days("severities: { expires-soon: warning }\n")), nothing);
    assert_eq!(
        told(&days("severities: { expires-soon: error }\n"), &days("severities: { expires-soon: warning }\n")),
        ["severities expires-soon error → warning (weaker) in policies/c.yaml"]
    );
    // lists add up
    let guarded =
        |text: &'static str| [("policies/a.yaml", "protected: [\"account:1:Admin\"]\n"), ("policies/b.yaml", text)];
    assert_eq!(
        told(&guarded("protected: [\"account:2:Admin\"]\n"), &guarded("protected: [\"account:1:Admin\"]\n")),
        ["protected  account:1:Admin, account:2:Admin → account:1:Admin (weaker) in policies/b.yaml"]
    );
}

#[test]
fn a_target_is_of_the_type_of_its_name() {
    let settings =
        |target: Json| json!({ "version": 1, "organization": "o", "timezone": "UTC", "targets": { "github": target } });
    let facts = |before, after| between(Section::Settings, &settings(before), &settings(after));
    assert!(facts(json!({ "id": 1 }), json!({ "id": 1, "type": "github" })).is_empty());
    assert!(!facts(json!({ "id": 1 }), json!({ "id": 1, "type": "sandbox" })).is_empty());
}

#[test]
fn whatever_a_deleted_file_said_is_back_wherever_it_stands() {
    let files = [
        ("people/robot.yaml", lint::testing::edited("people/robot.yaml", &[])),
        ("people/lea.moreau.yaml", lint::testing::edited("people/lea.moreau.yaml", &[])),
        ("vendors/globex.yaml", lint::testing::edited("vendors/globex.yaml", &[])),
        ("groups/access-admins.yaml", lint::testing::edited("groups/access-admins.yaml", &[])),
        ("domains/ledger.yaml", lint::testing::edited("domains/ledger.yaml", &[])),
        ("roles/owner.yaml", lint::testing::edited("roles/owner.yaml", &[])),
        ("grants/alice.yaml", lint::testing::edited("grants/alice.yaml", &[])),
        ("policies/main.yaml", lint::testing::edited("policies/main.yaml", &[])),
        (
            "bridges/b.yaml",
            "home: payments\ninto: ledger\nfor: [alice.nguyen]\nuntil: 2026-12-31\nreason: Test\n".to_owned(),
        ),
        (
            "policies/rules.rego",
            "package northwind.rules\n\nimport rego.v1\n\ndeny contains \"no\" if false\n".to_owned(),
        ),
    ];
    let revision = |files: &[(&str, &str)]| {
        Revision::load(&snapshot(files), lint::testing::KINDS, &mut LastRead::default()).unwrap()
    };
    for (path, text) in &files {
        let moved = path.replacen('/', "/moved/", 1);
        let sides = [&[(*path, text.as_str())][..], &[(*path, "")], &[(*path, ""), (&moved, text.as_str())]];
        let [before, without, again] = sides.map(revision);
        let (gone, back) = (turns(&before, &without), turns(&without, &again));
        assert!(!gone.is_empty(), "{path}");
        let name = |turn: &Turn| (turn.about.clone(), turn.field.clone());
        let (gone, back): (BTreeMap<_, _>, BTreeMap<_, _>) = (
            gone.iter().map(|turn| (name(turn), (turn.before.clone(), turn.after.clone()))).collect(),
            back.iter().map(|turn| (name(turn), (turn.after.clone(), turn.before.clone()))).collect(),
        );
        assert_eq!(gone, back, "{path}");
        assert!(turns(&before, &again).is_empty(), "{path}");
    }
}
