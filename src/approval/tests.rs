//! The decision, asked with what sources would say: one story a refusal, and what holds for all of them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use proptest::prelude::*;
use ssh_key::public::KeyData;

use super::forge::Asked;
use super::landing::{Reviewed, Trees};
use super::pull::{Account, Arrival, Moved, Movement, Pull, Review, ReviewVerdict};
use super::testimony::{ProvenBy, made_by};
use super::{
    Candidate, CommitMakers, Evidence, Granted, Maker, Opinion, Proposed, Says, Signed, Signer, Testimony, Trusted,
    Way, codes, decide, forge as source,
};
use crate::access::{Access, LastRead, PersonId, Revision};
use crate::finding::Refusal;
use crate::lint::Halt;
use crate::plan;
use crate::repository::testing::Sandbox as Folder;
use crate::repository::{Oid, Snapshot};
use crate::targets::KINDS;

mod cost;
mod forge;
mod properties;
mod pulls;
mod standing;
mod statements;

pub(super) const CONFIG: &str = "version: 1\norganization: northwind\ntimezone: Europe/London\n\
    targets:\n  github: { type: sandbox, as: github }\napproval: EVIDENCE\n\
    audit: { ref: refs/dualkey/audit, key: \"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\" }\n";

pub(super) const SIGNATURES: &str = "{ evidence: signatures, branch: main }";
const GITHUB: &str = "{ evidence: github, repository: { name: northwind/access, id: 700 }, branch: main }";

/// Ann and Ben own payments, Cas, Dee and Eve are the admins, Tom is nobody special, Zoe and Yan come from outside.
const PEOPLE: [(&str, u64, &str); 9] = [
    ("ann", 1, "type: employee\n"),
    ("ben", 2, "type: employee\n"),
    ("cas", 3, "type: employee\n"),
    ("dee", 4, "type: employee\n"),
    ("eve", 5, "type: employee\n"),
    ("tom", 6, "type: employee\n"),
    ("zoe", 7, "type: contractor\nvendor: globex\nsponsor: ann\nengagement: { from: 2026-11-01, until: 2027-01-31 }\n"),
    ("yan", 8, "type: contractor\nvendor: globex\nsponsor: ann\nengagement: { from: 2026-11-01, until: 2027-01-31 }\n"),
    ("robot", 9, "type: service\nsponsor: ben\n"),
];

const FILES: [(&str, &str); 7] = [
    ("vendors/globex.yaml", "name: G\nsponsor: ann\ncontract: { from: 2026-10-01, until: 2027-03-31 }\n"),
    ("groups/admins.yaml", "members: [cas, dee, eve]\n"),
    (
        "domains/payments.yaml",
        "title: P\nenvironment: staging\nowners: [ann, ben]\ncontractors: allowed\n\
         resources:\n  api: { repository: northwind/api }\n  web: { repository: northwind/web }\n",
    ),
    ("roles/writer.yaml", "title: W\nrisk: standard\ncontractors: allowed\nentitlements:\n  repository: push\n"),
    (
        "grants/yan.yaml",
        "to: [yan]\nrole: writer\ndomain: payments\nresources: [web]\nfrom: 2026-11-02\nuntil: 2027-01-15\nreason: x\n",
    ),
    (
        "policies/approvals.yaml",
        "approvals:\n  - { change: access, count: 1, from: domain-owners }\n  \
         - { change: removal, count: 1, from: [domain-owners, \"group:admins\"] }\n  \
         - { change: bridge, count: 1, from: domain-owners }\n  \
         - { change: identity, count: 1, from: \"group:admins\" }\n  \
         - { change: policy, count: 2, from: \"group:admins\" }\n",
    ),
    ("policies/limits.yaml", "limits: { removals: { count: 10, fraction: 5% } }\n"),
];

const ZOE: (&str, &str) = (
    "grants/zoe.yaml",
    "to: [zoe]\nrole: writer\ndomain: payments\nresources: [api]\nfrom: 2026-11-24\nuntil: 2027-01-15\nreason: x\n",
);

/// The line of a public key that is made of one number.
fn key(number: u8) -> String {
    let data = ssh_key::public::KeyData::Ed25519(ssh_key::public::Ed25519PublicKey([number; 32]));
    ssh_key::PublicKey::from(data).to_openssh().unwrap()
}

/// The company's files, some of them replaced or added; an empty text takes one away.
fn files(evidence: &str, changes: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    files.insert("dualkey.yaml".to_owned(), CONFIG.replace("EVIDENCE", evidence));
    for (id, number, more) in PEOPLE {
        let key = if id == "zoe" { String::new() } else { format!("keys: [\"{}\"]\n", key(number as u8)) };
        let text = format!("name: {id}\n{more}accounts:\n  github: {{ login: {id}-nw, id: {number} }}\n{key}");
        files.insert(format!("people/{id}.yaml"), text);
    }
    for (path, text) in FILES.iter().chain(changes) {
        files.insert((*path).to_owned(), (*text).to_owned());
    }
    files.retain(|_, text| !text.is_empty());
    files
}

/// A revision of the company.
fn revision(evidence: &str, changes: &[(&str, &str)]) -> Revision {
    let files = files(evidence, changes);
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let folder = Folder::new();
    let commit = folder.commit(&files);
    let snapshot = Snapshot::of_commit(&folder.open(), commit).unwrap();
    Revision::load(&snapshot, KINDS, &mut LastRead::default()).unwrap()
}

/// A change that is judged, and its digest.
struct Case {
    trusted: Trusted,
    proposed: Proposed,
    digest: plan::Digest,
}

impl Case {
    fn of(source: &str, before: &[(&str, &str)], change: &[(&str, &str)]) -> Case {
        let (base, head) = (revision(source, before), revision(source, &[before, change].concat()));
        let digest = plan::plan(&base, &head, now()).digest;
        Case { trusted: Trusted::new(base.into()), proposed: Proposed::new(head.into()), digest }
    }

    fn decide(&self, told: &Told) -> Result<Granted, Vec<Refusal>> {
        let (held, halt) = (plan::Held::default(), Halt::default());
        let evidence = told.evidence(&self.trusted.revision().access);
        decide(
            &Candidate::new(&self.trusted, &self.proposed, now(), &held, &halt),
            &Reviewed::Is(self.digest.clone()),
            &evidence,
        )
    }

    fn codes(&self, evidence: &Told) -> Vec<&'static str> {
        let refusals = self.decide(evidence).err().unwrap_or_default();
        let mut codes: Vec<&'static str> = refusals.iter().map(|refusal| refusal.code.id).collect();
        codes.dedup();
        codes
    }
}

fn now() -> Timestamp {
    "2026-11-24T09:00:00Z".parse().unwrap()
}

fn oid(number: u8) -> Oid {
    Oid::of_blob(&[number])
}

fn person(id: &str) -> PersonId {
    PersonId::parse(id).unwrap()
}

fn says(id: &str, says: Says) -> Opinion {
    let (at, way) = ("2026-11-24T08:00:00Z".to_owned(), Way::Signature);
    Opinion { person: person(id), says, way, at, took_back: None, lifted_by: None }
}

fn commit(signer: Option<&str>) -> CommitMakers {
    CommitMakers {
        oid: oid(3),
        signer: signer.map_or(Signer::Unknown, |id| Signer::Person(person(id))),
        committers: BTreeSet::new(),
        named: BTreeSet::new(),
        names_unknown: false,
        addresses: 1,
    }
}

/// What commits, people and perhaps a forge say of a head, before a source made testimony of it.
#[derive(Clone, Debug)]
struct Told {
    merge_bases: Vec<Oid>,
    commits: Vec<CommitMakers>,
    opinions: Vec<Opinion>,
    proven_keys: BTreeMap<(PersonId, KeyData), Signed>,
    gone: BTreeSet<PersonId>,
    ages: bool,
    pull: Option<Pull>,
}

impl Told {
    fn evidence(&self, registry: &Access) -> Evidence {
        let asked = Asked { landed: Some(oid(2)), head: oid(3), branch: "main", commits: &self.commits };
        let mut testimony: Testimony = match &self.pull {
            Some(pull) => source::testimony(pull, asked, registry),
            None => made_by(&self.commits, ProvenBy::Signatures),
        };
        testimony.opinions.splice(0..0, self.opinions.clone());
        testimony.proven_keys = self.proven_keys.clone();
        Evidence {
            base: oid(1),
            head: oid(3),
            merge_bases: self.merge_bases.clone(),
            trees: Trees::default(),
            touched: BTreeSet::new(),
            answered: BTreeSet::new(),
            testimony,
            gone: self.gone.clone(),
            ages: self.ages,
        }
    }
}

/// What git alone says of a head with one commit by Tom that these people approved.
fn signed(approvers: &[&str]) -> Told {
    Told {
        merge_bases: vec![oid(1)],
        commits: vec![commit(Some("tom"))],
        opinions: approvers.iter().map(|id| says(id, Says::Approve)).collect(),
        proven_keys: BTreeMap::new(),
        gone: BTreeSet::new(),
        ages: true,
        pull: None,
    }
}

fn let_zoe_in() -> Case {
    Case::of(SIGNATURES, &[], &[ZOE])
}

#[test]
fn an_owner_approves_what_another_wrote() {
    let granted = let_zoe_in().decide(&signed(&["ann"])).unwrap();
    assert_eq!(granted.approvals.len(), 1);
    assert!(granted.notes.is_empty(), "{:?}", granted.notes);
    assert_eq!(let_zoe_in().codes(&signed(&[])), ["no-approval"]);
    assert_eq!(let_zoe_in().codes(&signed(&["cas"])), ["approver-out-of-scope", "quorum-not-met"]);
    assert_eq!(let_zoe_in().codes(&signed(&["yan"]))[..2], ["approver-kind-forbidden", "approver-same-vendor"]);
    assert_eq!(let_zoe_in().codes(&signed(&["robot"]))[0], "approver-not-human");
}

/// Whoever leaves a signature out may be one of the approvers. More people from elsewhere don't make up for that.
#[test]
fn leaving_out_a_signature_never_helps() {
    // ben answers for a robot that can sign
    let mut by_a_robot = signed(&["ann", "ben"]);
    by_a_robot.commits = vec![commit(None), commit(Some("tom"))];
    assert_eq!(let_zoe_in().codes(&by_a_robot), ["approver-is-author", "quorum-not-met"]);
    let robot = "name: robot\ntype: service\nsponsor: ben\naccounts:\n  github: { login: robot-nw, id: 9 }\n";
    let case = Case::of(SIGNATURES, &[("people/robot.yaml", robot)], &[ZOE]);
    let mut by_ann = signed(&["ann", "cas", "dee"]);
    by_ann.commits = vec![commit(Some("ann")), commit(Some("tom"))];
    assert!(case.codes(&by_ann).contains(&"approver-is-committer"));
    let mut by_nobody = by_ann.clone();
    by_nobody.commits = vec![commit(None), commit(Some("tom"))];
    assert_eq!(case.codes(&by_nobody).last(), Some(&"quorum-not-met"), "she can't approve it that way either");
    by_nobody.opinions.push(says("ben", Says::Approve));
    let granted = case.decide(&by_nobody).unwrap();
    assert!(granted.notes.iter().any(|note| note.code == &codes::AUTHOR_UNKNOWN), "{:?}", granted.notes);
}

#[test]
fn one_owner_alone_still_removes_in_masses_with_another_look() {
    let many = |count: u8| -> Vec<(String, String)> {
        (0..count)
            .map(|n| (format!("grants/more-{n}.yaml"), format!("to: [tom]\nrole: writer\ndomain: d{n}\nreason: x\n")))
            .collect()
    };
    let domains: Vec<(String, String)> = (0..12)
        .map(|n| {
            let text = format!(
                "title: D\nenvironment: staging\nowners: [ann]\nresources:\n  r{n}: {{ repository: northwind/r{n} }}\n"
            );
            (format!("domains/d{n}.yaml"), text)
        })
        .collect();
    let before: Vec<(String, String)> = domains.into_iter().chain(many(12)).collect();
    let before: Vec<(&str, &str)> = before.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let gone: Vec<String> = (0..12).map(|n| format!("grants/more-{n}.yaml")).collect();
    let gone: Vec<(&str, &str)> = gone.iter().map(|path| (path.as_str(), "")).collect();
    let case = Case::of(SIGNATURES, &before, &gone);
    let mut by_eve = signed(&["ann"]);
    by_eve.commits = vec![commit(Some("eve"))];
    assert_eq!(case.codes(&by_eve), ["quorum-not-met"]);
    // ben owns none of these domains, but may approve something; tom may approve nothing
    by_eve.opinions = vec![says("ann", Says::Approve), says("tom", Says::Approve)];
    assert!(case.decide(&by_eve).is_err());
    by_eve.opinions = vec![says("ann", Says::Approve), says("ben", Says::Approve)];
    let granted = case.decide(&by_eve).unwrap();
    assert!(granted.notes.iter().any(|note| note.code == &codes::MASS_REMOVAL));
}

#[test]
fn who_gains_approves_only_where_everybody_does_and_then_one_more() {
    let both = ("grants/both.yaml", "to: [ann, ben]\nrole: writer\ndomain: payments\nresources: [api]\nreason: x\n");
    let case = Case::of(SIGNATURES, &[], &[both]);
    assert_eq!(case.codes(&signed(&["ann"])), ["quorum-not-met"]);
    let granted = case.decide(&signed(&["ann", "ben"])).unwrap();
    assert!(granted.notes.iter().any(|note| note.code == &codes::EVERYONE_BENEFITS), "{:?}", granted.notes);
    let one = ("grants/both.yaml", "to: [ann]\nrole: writer\ndomain: payments\nresources: [api]\nreason: x\n");
    let case = Case::of(SIGNATURES, &[], &[one]);
    assert!(case.codes(&signed(&["ann"])).contains(&"approver-is-beneficiary"));
    case.decide(&signed(&["ben"])).unwrap();
}

#[test]
fn a_request_for_changes_stands_until_one_more_overcomes_it() {
    let case = let_zoe_in();
    let mut evidence = signed(&["ann"]);
    evidence.opinions.push(says("ben", Says::RequestChanges));
    assert_eq!(case.codes(&evidence), ["changes-requested"]);
    // one more, whoever may approve anything
    evidence.opinions.push(says("cas", Says::Approve));
    case.decide(&evidence).unwrap();
    // whose approval isn't asked for can't hold it up
    let mut evidence = signed(&["ann"]);
    evidence.opinions.extend([says("cas", Says::RequestChanges), says("zoe", Says::RequestChanges)]);
    case.decide(&evidence).unwrap();
    // who asked for changes doesn't count as approving
    let mut evidence = signed(&["ann"]);
    evidence.opinions.push(says("ann", Says::RequestChanges));
    assert!(case.codes(&evidence).contains(&"approval-withdrawn"));
}

#[test]
fn nobody_holds_up_a_removal_nor_objects_to_losing() {
    let case = Case::of(SIGNATURES, &[], &[("grants/yan.yaml", "")]);
    let mut evidence = signed(&["ann"]);
    evidence.opinions.push(says("ben", Says::RequestChanges));
    case.decide(&evidence).unwrap();
    // ben loses in the same change in which zoe gains
    let ben = ("grants/ben.yaml", "to: [ben]\nrole: writer\ndomain: payments\nresources: [api]\nreason: x\n");
    let case = Case::of(SIGNATURES, &[ben], &[("grants/ben.yaml", ""), ZOE]);
    case.decide(&evidence).unwrap();
}

#[test]
fn new_keys_are_proven_and_changed_ones_agreed_to() {
    let with = |number: u8| {
        format!(
            "name: dee\ntype: employee\naccounts:\n  github: {{ login: dee-nw, id: 4 }}\nkeys: [\"{}\"]\n",
            key(number)
        )
    };
    let case = Case::of(SIGNATURES, &[], &[("people/dee.yaml", &with(44))]);
    let mut evidence = signed(&["cas", "eve"]);
    assert_eq!(case.codes(&evidence), ["key-unproven", "quorum-not-met"]);
    let new = ssh_key::PublicKey::from_openssh(&key(44)).unwrap().key_data().clone();
    let proof = |id: &str| Signed { person: person(id), statement: "{}".to_owned(), signature: id.to_owned() };
    // a proof for somebody else is none
    evidence.proven_keys.insert((person("tom"), new.clone()), proof("tom"));
    assert!(case.codes(&evidence).contains(&"key-unproven"));
    evidence.proven_keys.insert((person("dee"), new), proof("dee"));
    assert_eq!(case.codes(&evidence), ["quorum-not-met"], "without her word one more is asked for");
    let mut lost = evidence.clone();
    lost.opinions.push(says("ann", Says::Approve));
    let granted = case.decide(&lost).unwrap();
    assert_eq!(granted.statements, [proof("dee")], "what is kept is what the change rests on");
    assert!(granted.notes.iter().any(|note| note.code == &codes::OWN_KEYS_CHANGED));
    evidence.opinions.push(says("dee", Says::Approve));
    assert!(case.decide(&evidence).unwrap().notes.is_empty());
}

#[test]
fn approvals_age_and_those_of_removals_dont() {
    let codes = |at: &str, change: (&'static str, &'static str), policies: [&str; 2], ages: bool| {
        let [old, new] = policies.map(|last| format!("{last}limits: {{ removals: {{ count: 10, fraction: 5% }} }}\n"));
        let case = Case::of(SIGNATURES, &[("policies/limits.yaml", &old)], &[change, ("policies/limits.yaml", &new)]);
        let mut evidence = signed(&["ann", "cas", "dee"]);
        for opinion in &mut evidence.opinions {
            opinion.at = at.to_owned();
        }
        evidence.ages = ages;
        let found = case.codes(&evidence);
        found.into_iter().filter(|code| !["quorum-not-met", "mixed-change"].contains(code)).collect::<Vec<_>>()
    };
    let default = ["", ""];
    assert!(codes("2026-08-26T09:00:00Z", ZOE, default, true).is_empty());
    assert_eq!(codes("2026-08-26T08:59:59Z", ZOE, default, true)[0], "approval-expired");
    assert!(codes("2026-08-26T08:59:59Z", ZOE, default, false).is_empty(), "what is recorded is final");
    for policies in [["approvals_last: 7 days\n", ""], ["", "approvals_last: 7 days\n"]] {
        assert_eq!(codes("2026-11-17T08:59:59Z", ZOE, policies, true)[0], "approval-expired", "the stricter holds");
    }
    assert!(codes("2026-11-24T09:05:00Z", ZOE, default, true).is_empty());
    assert_eq!(codes("2026-11-24T09:05:01Z", ZOE, default, true)[0], "approval-from-the-future");
    assert!(codes("yesterday", ZOE, default, true).contains(&"statement-invalid"));
    for at in ["2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z", "yesterday"] {
        assert!(codes(at, ("grants/yan.yaml", ""), default, true).is_empty(), "{at}");
    }
}

#[test]
fn a_policy_that_is_silent_of_a_class_refuses_it_whichever_of_the_two_it_is() {
    let without = FILES[5].1.replace("  - { change: policy, count: 2, from: \"group:admins\" }\n", "");
    let (full, silent) = (("policies/approvals.yaml", FILES[5].1), ("policies/approvals.yaml", without.as_str()));
    for (before, after) in [(full, silent), (silent, full)] {
        let case = Case::of(SIGNATURES, &[before], &[after]);
        let codes = case.codes(&signed(&["cas", "dee", "eve"]));
        assert!(codes.contains(&"no-approval-rule"), "{codes:?}");
    }
}

#[test]
fn a_limit_that_is_loosened_still_judges_what_goes_with_it() {
    // all of class policy, since ann and ben own the domain through the group: the limit goes, and the group grows
    let before = [
        ("groups/owners.yaml", "members: [ann, ben]\n"),
        ("policies/limits.yaml", "limits: { grants: { contractor_max_duration: 30 days } }\n"),
        ("grants/yan.yaml", ""),
        (
            "domains/payments.yaml",
            "title: P\nenvironment: staging\nowners: [\"group:owners\"]\ncontractors: allowed\n\
          resources:\n  api: { repository: northwind/api }\n",
        ),
        (
            "grants/owners.yaml",
            "to: [\"group:owners\"]\nrole: writer\ndomain: payments\nfrom: 2026-11-02\nuntil: 2027-01-15\nreason: x\n",
        ),
    ];
    let change = [
        ("groups/owners.yaml", "members: [ann, ben, yan]\n"),
        ("policies/limits.yaml", "limits: { grants: { contractor_max_duration: 300 days } }\n"),
    ];
    let case = Case::of(SIGNATURES, &before, &change);
    let codes = case.codes(&signed(&["ann", "ben", "cas", "dee", "eve"]));
    assert!(codes.contains(&"grant-too-long"), "{codes:?}");
    // the same for a role that was closed to contractors
    let role = |contractors: &str| {
        format!("title: W\nrisk: standard\ncontractors: {contractors}\nentitlements:\n  repository: push\n")
    };
    let (denied, allowed) = (role("denied"), role("allowed"));
    let mut before = before.to_vec();
    before.extend([("policies/limits.yaml", ""), ("roles/writer.yaml", denied.as_str())]);
    let case = Case::of(SIGNATURES, &before, &[change[0], ("roles/writer.yaml", &allowed)]);
    let codes = case.codes(&signed(&["ann", "ben", "cas", "dee", "eve"]));
    assert!(codes.contains(&"role-denied-to-contractors"), "{codes:?}");
    // alone it may be opened
    let case = Case::of(SIGNATURES, &before, &[("roles/writer.yaml", &allowed)]);
    case.decide(&signed(&["cas", "dee"])).unwrap();
}

#[test]
fn who_left_by_the_tip_speaks_no_more_and_another_heals_it() {
    let case = let_zoe_in();
    let mut evidence = signed(&["ann"]);
    evidence.gone.insert(person("ann"));
    assert!(case.codes(&evidence).contains(&"approver-no-longer-authorized"));
    evidence.opinions.push(says("ben", Says::Approve));
    case.decide(&evidence).unwrap();
}

#[test]
fn a_machine_asks_for_one_more_and_bars_who_answers_for_it() {
    let case = let_zoe_in();
    let mut evidence = signed(&["ann", "ben"]);
    evidence.commits = vec![commit(Some("robot"))];
    let codes = case.codes(&evidence);
    assert!(codes.contains(&"approver-is-author") && codes.contains(&"quorum-not-met"), "{codes:?}");
}
