//! The classes of change, a row a field: what changes in one file, and what the change then is.

use std::collections::BTreeMap;

use crate::access::{LastRead, Revision};
use crate::plan::{Plan, plan};
use crate::repository::Snapshot;
use crate::targets::KINDS;

pub(super) const FILES: &[(&str, &str)] = &[
    (
        "dualkey.yaml",
        "version: 1\norganization: northwind\ntimezone: Europe/London\ntargets:\n  github: { type: sandbox, as: github }\n\
         approval: { evidence: signatures, branch: main }\n\
         audit: { ref: refs/dualkey/audit, key: \"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\" }\n",
    ),
    ("vendors/globex.yaml", GLOBEX),
    ("people/priya.yaml", PRIYA),
    ("people/omar.yaml", "name: O\ntype: employee\naccounts:\n  github: { login: omar, id: 2 }\nkeys: [KEY2]\n"),
    ("people/tom.yaml", "name: T\ntype: employee\naccounts:\n  github: { login: tom, id: 3 }\nkeys: [KEY3]\n"),
    ("people/carl.yaml", CARL),
    ("people/alice.yaml", ALICE),
    ("groups/leads.yaml", "members: [priya, omar, carl, \"group:inner\"]\n"),
    ("groups/inner.yaml", "members: [omar]\n"),
    ("groups/staff.yaml", STAFF),
    (
        "domains/payments.yaml",
        "title: P\nenvironment: staging\nowners: [\"group:leads\"]\ncontractors: allowed\nresources:\n  \
         api: { repository: northwind/api }\n  web: { repository: northwind/web }\n",
    ),
    (
        "domains/ledger.yaml",
        "title: L\nenvironment: staging\nowners: [omar]\ncontractors: allowed\nresources:\n  books: { repository: northwind/books }\n",
    ),
    ("roles/writer.yaml", "title: W\nrisk: standard\ncontractors: allowed\nentitlements:\n  repository: push\n"),
    ("roles/reader.yaml", "title: R\nrisk: standard\ncontractors: allowed\nentitlements:\n  repository: pull\n"),
    ("grants/g.yaml", GRANT),
    ("bridges/b.yaml", BRIDGE),
    (
        "policies/p.yaml",
        "approvals:\n  - { change: access, count: 1, from: domain-owners }\n  \
         - { change: removal, count: 1, from: [domain-owners, sponsors] }\n  \
         - { change: bridge, count: 1, from: domain-owners }\n  \
         - { change: identity, count: 1, from: \"group:leads\" }\n  \
         - { change: policy, count: 1, from: \"group:leads\" }\n",
    ),
];

const GLOBEX: &str = "name: G\nsponsor: priya\ncontract: { from: 2026-10-01, until: 2027-03-31 }\ndomains: [payments]\nended: 2027-03-20\n";
const PRIYA: &str = "name: P\ntype: employee\naccounts:\n  github: { login: priya, id: 1 }\nemails: [p@northwind.example]\nkeys: [KEY1]\n";
const CARL: &str =
    "name: C\ntype: employee\naccounts:\n  github: { login: carl, id: 5 }\nended: 2026-11-01\nkeys: [KEY5]\n";
const ALICE: &str = "name: A\ntype: contractor\nvendor: globex\nsponsor: priya\n\
    engagement: { from: 2026-11-01, until: 2027-01-31 }\nended: 2027-01-20\naccounts:\n  github: { login: alice, id: 4 }\n\
    emails: [a@globex.example]\nkeys: [KEY4]\n";
const STAFF: &str = "members: [tom, alice]\n";
const GRANT: &str = "to: [alice, tom]\nrole: writer\ndomain: payments\nresources: [api, web]\nfrom: 2026-11-02\n\
    until: 2027-01-15\nreason: x\n";
const BRIDGE: &str = "home: payments\ninto: ledger\nfor: [alice, tom]\nuntil: 2026-12-31\nreason: x\n";

fn key(number: u8) -> String {
    let data = ssh_key::public::KeyData::Ed25519(ssh_key::public::Ed25519PublicKey([number; 32]));
    format!("\"{}\"", ssh_key::PublicKey::from(data).to_openssh().unwrap())
}

/// The company with files replaced or added. An empty text takes a file away.
pub(super) fn company(changes: &[(&str, String)]) -> Revision {
    let mut files: BTreeMap<String, String> =
        FILES.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    files.extend(changes.iter().map(|(path, text)| ((*path).to_owned(), text.clone())));
    files.retain(|_, text| !text.is_empty());
    for text in files.values_mut() {
        for number in 1..=9 {
            *text = text.replace(&format!("KEY{number}"), &key(number));
        }
    }
    Revision::load(&Snapshot::of_texts(&files).unwrap(), KINDS, &mut LastRead::default()).unwrap()
}

fn classes(plan: &Plan<'_>) -> String {
    plan.classes.all().into_iter().map(|class| class.as_str()).collect::<Vec<_>>().join(" ")
}

/// A file before and after, and the classes of the change.
#[track_caller]
fn is(path: &str, before: &str, after: &str, expected: &str) {
    let change = |text: &str| [(path, text.to_owned())];
    let (base, head) = (company(&change(before)), company(&change(after)));
    // what can't be read would be of some class, too
    for revision in [&base, &head] {
        assert!(!revision.is_misread(), "{path}: {:?}", revision.reading);
    }
    let plan = plan(&base, &head, super::now());
    assert_eq!(classes(&plan), expected, "{path}: {before:?} -> {after:?}");
}

/// The same with one text of the file replaced.
#[track_caller]
fn edit(path: &str, text: &str, from: &str, to: &str, expected: &str) {
    assert!(text.contains(from), "{from}");
    is(path, text, &text.replace(from, to), expected);
}

#[test]
fn every_field_of_a_person_has_its_class() {
    let alice = |from: &str, to: &str, expected: &str| edit("people/alice.yaml", ALICE, from, to, expected);
    alice("name: A\n", "name: B\n", "access");
    alice(
        "contractor\nvendor: globex\nsponsor: priya\nengagement: { from: 2026-11-01, until: 2027-01-31 }\n",
        "employee\n",
        "identity",
    );
    alice("sponsor: priya", "sponsor: omar", "identity");
    alice("id: 4", "id: 44", "identity");
    alice("login: alice", "login: other", "identity");
    alice("emails: [a@globex.example]\n", "", "identity");
    alice("KEY4", "KEY6", "identity");
    alice("keys: [KEY4]\n", "", "identity");
    alice("until: 2027-01-31", "until: 2027-01-25", "removal");
    alice("until: 2027-01-31", "until: 2027-02-28", "access");
    alice("from: 2026-11-01", "from: 2026-11-09", "access");
    alice("ended: 2027-01-20", "ended: 2027-01-10", "removal");
    alice("ended: 2027-01-20", "ended: 2027-01-21", "identity");
    alice("ended: 2027-01-20\n", "", "identity");
    // an end beside a name or a longer engagement is not only an end
    let sooner = ALICE.replace("ended: 2027-01-20", "ended: 2027-01-10");
    is("people/alice.yaml", ALICE, &sooner.replace("name: A", "name: B"), "access");
    is("people/alice.yaml", ALICE, &sooner.replace("01-31", "02-28"), "access");
    let other = GLOBEX.replace("name: G", "name: I");
    let vendors = [("vendors/initech.yaml", other)];
    let moved = [vendors[0].clone(), ("people/alice.yaml", ALICE.replace("globex", "initech"))];
    let (base, head) = (company(&vendors), company(&moved));
    assert_eq!(classes(&plan(&base, &head, super::now())), "identity", "another vendor");
}

#[test]
fn whoever_comes_or_goes_has_a_class() {
    let quiet =
        ALICE.replace("keys: [KEY4]\n", "").replace("emails: [a@globex.example]\n", "").replace("id: 4", "id: 9");
    is("people/zoe.yaml", "", &quiet, "access");
    is("people/zoe.yaml", "", &(quiet.clone() + "emails: [z@globex.example]\n"), "identity");
    is("people/zoe.yaml", "", &(quiet.clone() + "keys: [KEY9]\n"), "identity");
    is("people/zoe.yaml", "", "name: Z\ntype: employee\naccounts:\n  github: { login: z, id: 9 }\n", "identity");
    is(
        "people/zoe.yaml",
        "",
        "name: Z\ntype: service\nsponsor: omar\naccounts:\n  github: { login: z, id: 9 }\n",
        "identity",
    );
    is("people/zoe.yaml", &quiet, "", "removal");
    let employee = "name: Z\ntype: employee\naccounts:\n  github: { login: z, id: 9 }\n";
    is("people/zoe.yaml", employee, "", "removal");
    // of whoever approves the file stays, and a line ends them
    let fewer = "members: [priya, omar, \"group:inner\"]\n".to_owned();
    let (base, head) = (company(&[]), company(&[("people/carl.yaml", String::new()), ("groups/leads.yaml", fewer)]));
    assert_eq!(classes(&plan(&base, &head, super::now())), "policy");
}

#[test]
fn every_field_of_a_person_who_approves_has_its_class() {
    let priya = |from: &str, to: &str, expected: &str| edit("people/priya.yaml", PRIYA, from, to, expected);
    priya("name: P\n", "name: Q\n", "access");
    priya("type: employee", "type: service\nsponsor: omar", "policy");
    priya("id: 1", "id: 11", "policy");
    priya("emails: [p@northwind.example]", "emails: [q@northwind.example]", "policy");
    priya("KEY1", "KEY6", "policy");
    priya("keys: [KEY1]", "keys: [KEY1, KEY6]", "policy");
    priya("keys: [KEY1]\n", "", "policy");
    priya("keys: [KEY1]\n", "keys: [KEY1]\nended: 2026-11-20\n", "removal");
    // first keys are what lets a person approve
    is("people/priya.yaml", &PRIYA.replace("keys: [KEY1]\n", ""), PRIYA, "policy");
}

#[test]
fn every_way_back_to_approving_is_policy() {
    edit("people/carl.yaml", CARL, "ended: 2026-11-01\n", "", "policy");
    edit("people/carl.yaml", CARL, "ended: 2026-11-01", "ended: 2026-11-02", "policy");
    edit("people/carl.yaml", CARL, "ended: 2026-11-01", "ended: 2027-11-01", "policy");
    edit("people/carl.yaml", CARL, "ended: 2026-11-01", "ended: 2026-10-31", "removal");
    edit("groups/inner.yaml", "members: [omar]\n", "omar", "omar, tom", "policy");
    edit("groups/leads.yaml", FILES[7].1, "carl", "carl, \"group:staff\"", "policy");
    // a sponsor who could approve nothing takes over people who stood
    edit("people/alice.yaml", ALICE, "sponsor: priya", "sponsor: tom", "policy");
    edit("vendors/globex.yaml", GLOBEX, "sponsor: priya", "sponsor: tom", "policy");
    // a contractor in a group that approves becomes an employee
    let inner = ("groups/inner.yaml", "members: [omar, alice]\n".to_owned());
    let employee = ALICE
        .split("engagement")
        .next()
        .unwrap()
        .replace("type: contractor\nvendor: globex\nsponsor: priya\n", "type: employee\n");
    let employee = format!("{employee}accounts:\n  github: {{ login: alice, id: 4 }}\nkeys: [KEY4]\n");
    let (base, head) =
        (company(std::slice::from_ref(&inner)), company(&[inner.clone(), ("people/alice.yaml", employee)]));
    assert_eq!(classes(&plan(&base, &head, super::now())), "policy");
    // whoever answers for nobody but a newcomer has no power over anything that stood
    let newcomer =
        ALICE.replace("keys: [KEY4]\n", "").replace("emails: [a@globex.example]\n", "").replace("id: 4", "id: 9");
    is("people/zoe.yaml", "", &newcomer.replace("sponsor: priya", "sponsor: tom"), "access");
    is("vendors/initech.yaml", "", &GLOBEX.replace("sponsor: priya", "sponsor: tom"), "identity");
}

#[test]
fn every_field_of_a_vendor_has_its_class() {
    let globex = |from: &str, to: &str, expected: &str| edit("vendors/globex.yaml", GLOBEX, from, to, expected);
    globex("name: G", "name: H", "identity");
    globex("sponsor: priya", "sponsor: omar", "identity");
    globex("until: 2027-03-31", "until: 2027-03-30", "removal");
    globex("until: 2027-03-31", "until: 2027-04-30", "identity");
    globex("from: 2026-10-01", "from: 2026-10-02", "identity");
    globex("domains: [payments]\n", "", "identity");
    globex("domains: [payments]", "domains: [payments, ledger]", "identity");
    globex("ended: 2027-03-20", "ended: 2027-03-19", "removal");
    globex("ended: 2027-03-20", "ended: 2027-03-21", "identity");
    globex("ended: 2027-03-20\n", "", "identity");
    // what else changes along with a shorter contract is seen
    let shorter = GLOBEX.replace("until: 2027-03-31", "until: 2027-03-30");
    is("vendors/globex.yaml", GLOBEX, &shorter.replace("sponsor: priya", "sponsor: omar"), "identity");
    is("vendors/globex.yaml", GLOBEX, &shorter.replace("name: G", "name: H"), "identity");
    is("vendors/globex.yaml", GLOBEX, &shorter.replace("domains: [payments]\n", ""), "identity");
    is("vendors/initech.yaml", "", GLOBEX, "identity");
    is("vendors/initech.yaml", GLOBEX, "", "removal");
}

#[test]
fn every_field_of_a_group_has_its_class() {
    edit("groups/staff.yaml", STAFF, "tom, alice", "tom", "removal");
    edit("groups/staff.yaml", STAFF, "tom, alice", "tom, alice, omar", "access");
    edit("groups/staff.yaml", STAFF, "tom, alice", "tom, omar", "access");
    edit("groups/staff.yaml", STAFF, "tom, alice", "alice, tom", "removal");
    is("groups/staff.yaml", STAFF, "", "removal");
    is("groups/more.yaml", "", STAFF, "access");
    edit("groups/inner.yaml", "members: [omar]\n", "omar", "priya", "policy");
    edit("groups/leads.yaml", FILES[7].1, "priya, ", "", "policy");
}

#[test]
fn every_field_of_a_grant_has_its_class() {
    let grant = |from: &str, to: &str, expected: &str| edit("grants/g.yaml", GRANT, from, to, expected);
    grant("alice, tom", "alice", "removal");
    grant("alice, tom", "alice, tom, omar", "access");
    grant("role: writer", "role: reader", "access");
    grant("domain: payments\nresources: [api, web]\n", "domain: ledger\n", "access");
    grant("resources: [api, web]", "resources: [api]", "removal");
    grant("resources: [api, web]\n", "", "access");
    grant("from: 2026-11-02", "from: 2026-11-01", "access");
    grant("from: 2026-11-02", "from: 2026-11-03", "access");
    grant("until: 2027-01-15", "until: 2027-01-14", "removal");
    grant("until: 2027-01-15", "until: 2027-01-16", "access");
    grant("reason: x", "reason: z", "access");
    grant("reason: x", "reason: x\nticket: PAY-1", "access");
    is("grants/h.yaml", "", GRANT, "access");
    is("grants/h.yaml", GRANT, "", "removal");
}

#[test]
fn every_field_of_a_bridge_has_its_class() {
    let bridge = |from: &str, to: &str, expected: &str| edit("bridges/b.yaml", BRIDGE, from, to, expected);
    bridge("alice, tom", "alice", "removal");
    bridge("alice, tom", "alice, tom, omar", "bridge");
    bridge("home: payments\ninto: ledger", "home: ledger\ninto: payments", "bridge");
    bridge("until: 2026-12-31", "until: 2026-12-30", "removal");
    bridge("until: 2026-12-31", "until: 2027-01-01", "bridge");
    bridge("reason: x", "reason: z", "bridge");
    is("bridges/c.yaml", "", BRIDGE, "bridge");
    is("bridges/c.yaml", BRIDGE, "", "removal");
}

#[test]
fn what_steers_the_judging_is_policy() {
    for (path, text) in FILES
        .iter()
        .filter(|(path, _)| ["dualkey", "domains", "roles/", "policies"].iter().any(|start| path.starts_with(start)))
    {
        is(path, text, &format!("{text}# more\n"), "policy");
    }
}
