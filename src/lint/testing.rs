//! A small organisation without findings, and what a change of its files brings.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ssh_key::public::{Ed25519PublicKey, KeyData};

use super::{Halt, Subject, compare, run, sort, weigh};
use crate::access::{
    Access, AccountForm, AccountSpec, Enforces, Entitlements, Kind, Kinds, LastRead, Permissions, Required, Revision,
    TargetSpec, TargetType,
};
use crate::finding::{Finding, Severity, State};
use crate::repository::Snapshot;

const ENFORCES: Enforces = Enforces { ends: false, hours: false, mfa: false };

const GITHUB: TargetType = TargetType::new("github");
const AWS: TargetType = TargetType::new("aws");
const GCP: TargetType = TargetType::new("gcp");

const REPOSITORY: Kind = Kind {
    name: "repository",
    target: GITHUB,
    shape: "ORGANIZATION/REPOSITORY",
    check_resource: |_| Ok(()),
    folds_case: false,
    numbered: false,
    permissions: Permissions::Ordered(&["pull", "push", "maintain", "admin"]),
    extended: false,
    synonyms: &[],
    dangerous: |_, word| word == "admin",
    administers: |_, _| false,
    basic: |_| false,
    pushes: |word| word != "pull",
    groups: false,
    membership: false,
    requires: |_| None,
    enforces: ENFORCES,
};

static ACCOUNT: Kind = Kind {
    name: "account",
    target: AWS,
    shape: "12 digits",
    check_resource: |_| Ok(()),
    folds_case: false,
    numbered: false,
    permissions: Permissions::Open(|_| Ok(())),
    extended: false,
    synonyms: &[],
    dangerous: |_, _| false,
    administers: |_, _| false,
    basic: |word| word == "Everything",
    pushes: |_| false,
    groups: false,
    membership: false,
    requires: |_| None,
    enforces: ENFORCES,
};

static TEAM: Kind = Kind {
    name: "team",
    shape: "ORGANIZATION/TEAM",
    permissions: Permissions::Ordered(&["member"]),
    extended: false,
    pushes: |_| false,
    groups: true,
    membership: false,
    requires: |team| team.split_once('/').map(|(organization, _)| Required::on("membership", organization)),
    ..REPOSITORY
};

static MEMBERSHIP: Kind = Kind {
    name: "membership",
    shape: "ORGANIZATION",
    permissions: Permissions::Ordered(&["member", "admin"]),
    extended: false,
    administers: |_, word| word == "admin",
    pushes: |_| false,
    ..REPOSITORY
};

/// It keeps hours, and tells of second factors.
static PROJECT: Kind = Kind {
    name: "project",
    target: GCP,
    shape: "PROJECT",
    check_resource: |_| Ok(()),
    folds_case: false,
    numbered: false,
    permissions: Permissions::Open(|_| Ok(())),
    extended: false,
    synonyms: &[],
    dangerous: |_, _| false,
    administers: |_, _| false,
    basic: |_| false,
    pushes: |_| false,
    groups: false,
    membership: false,
    requires: |_| None,
    enforces: Enforces { ends: true, hours: true, mfa: true },
};

const fn spec(name: TargetType, kinds: &'static [&'static Kind], account: AccountForm) -> TargetSpec {
    TargetSpec {
        name,
        title: "the system",
        kinds,
        examples: &[],
        account: Some(AccountSpec { about: "", help: "", example: "", form: account, caseless: true }),
        settings: &[],
        pin: |id, _| id.to_string(),
        system: None,
        stands_for: None,
    }
}

const NAMED: AccountForm = AccountForm::Named { check: |_| Ok(()), normal: str::to_owned };

static GITHUB_SPEC: TargetSpec =
    spec(GITHUB, &[&REPOSITORY, &TEAM, &MEMBERSHIP], AccountForm::Numbered { check_login: |_| Ok(()) });
static AWS_SPEC: TargetSpec = spec(AWS, &[&ACCOUNT], NAMED);
static GCP_SPEC: TargetSpec = spec(GCP, &[&PROJECT], NAMED);

/// The kinds of the organisation's targets, all of which are embedded.
pub static KINDS: Kinds = Kinds(&[&crate::targets::sandbox::spec::SPEC, &GITHUB_SPEC, &AWS_SPEC, &GCP_SPEC]);

/// The instant that tests mean by now.
pub const NOW: &str = "2026-11-21T12:00:00Z";

/// `KEY1` in a text stands for a key, `KEY2` for another, `DIGEST` for that of the rule `develop-and-deploy`.
const ORGANISATION: &[(&str, &str)] = &[
    (
        "dualkey.yaml",
        "version: 1
organization: northwind
timezone: Europe/London
targets:
  github: { type: sandbox, as: github }
  aws: { type: sandbox, as: aws }
approval: { evidence: signatures, branch: main }
audit: { ref: refs/dualkey/audit, key: \"northwind-access+70e2a96f+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea\" }
",
    ),
    (
        "vendors/globex.yaml",
        "name: Globex Ltd\nsponsor: priya.shah\ncontract: { from: 2026-10-01, until: 2027-03-31 }\n\
         domains: [payments, ledger]\n",
    ),
    (
        "people/priya.shah.yaml",
        "name: Priya Shah\ntype: employee\naccounts: { github: { login: priya, id: 1 }, aws: priya }\nkeys: [KEY1]\n",
    ),
    (
        "people/omar.diaz.yaml",
        "name: Omar Diaz\ntype: employee\naccounts: { github: { login: omar, id: 2 }, aws: omar }\nkeys: [KEY2]\n",
    ),
    (
        "people/lea.moreau.yaml",
        "name: Léa Moreau\ntype: employee\naccounts: { github: { login: lea, id: 3 }, aws: lea }\nkeys: [KEY3]\n",
    ),
    (
        "people/alice.nguyen.yaml",
        "name: Alice Nguyen\ntype: contractor\nvendor: globex\nsponsor: priya.shah\n\
         engagement: { from: 2026-11-01, until: 2027-01-31 }\n\
         accounts: { github: { login: alice-nw, id: 4 }, aws: alice }\n",
    ),
    (
        "people/robot.yaml",
        "name: Robot\ntype: service\nsponsor: priya.shah\naccounts: { github: { login: robot-nw, id: 5 } }\n",
    ),
    ("groups/access-admins.yaml", "members: [priya.shah, omar.diaz, lea.moreau]\n"),
    (
        "domains/payments.yaml",
        "title: Payments\nenvironment: staging\nowners: [priya.shah, omar.diaz]\nresources:\n  \
         api: { repository: northwind/api }\n  account: { account: \"111122223333\" }\n",
    ),
    (
        "domains/ledger.yaml",
        "title: Ledger\nenvironment: staging\nowners: [omar.diaz, lea.moreau]\nresources:\n  \
         ledger: { repository: northwind/ledger }\n",
    ),
    (
        "domains/production.yaml",
        "title: Production\nenvironment: production\nowners: [priya.shah, omar.diaz]\nresources:\n  \
         live: { repository: northwind/live }\n",
    ),
    (
        "roles/developer.yaml",
        "title: Developer\nduties: [develop]\nrisk: standard\nmax_duration: 90 days\nentitlements:\n  \
         repository: push\n  account: Developer\n",
    ),
    (
        "roles/deployer.yaml",
        "title: Deployer\nduties: [deploy]\nrisk: elevated\nentitlements:\n  repository: maintain\n",
    ),
    ("roles/owner.yaml", "title: Owner\nrisk: privileged\nentitlements:\n  repository: admin\n"),
    (
        "grants/alice.yaml",
        "to: [alice.nguyen]\nrole: developer\ndomain: payments\nfrom: 2026-11-24\nuntil: 2027-01-31\n\
         reason: Build the refund flow\n",
    ),
    ("grants/lea-deploy.yaml", "to: [lea.moreau]\nrole: deployer\ndomain: production\nreason: Runs production\n"),
    ("grants/omar-owner.yaml", "to: [omar.diaz]\nrole: owner\ndomain: ledger\nreason: Owns the ledger\n"),
    (
        "policies/main.yaml",
        "duties:
  - id: develop-and-deploy
    title: Nobody both writes and deploys
    sets: { develop: { duties: [develop] }, deploy: { duties: [deploy] } }
limits:
  grants: { contractor_max_duration: 180 days }
  waivers: { max_duration: 30 days }
approvals:
  - { change: policy, count: 1, from: \"group:access-admins\" }
  - { change: bridge, count: 1, from: domain-owners }
  - { change: identity, count: 1, from: \"group:access-admins\" }
  - { change: access, count: 1, from: domain-owners }
  - { change: removal, count: 1, from: [domain-owners, sponsors] }
",
    ),
];

/// The line of a public key that is made of one number.
fn key(number: u8) -> String {
    let data = KeyData::Ed25519(Ed25519PublicKey([number; 32]));
    ssh_key::PublicKey::from(data).to_openssh().expect("key")
}

/// A file of the organisation in which texts are replaced, of which each stands there once.
pub fn edited(path: &str, edits: &[(&str, &str)]) -> String {
    let text = ORGANISATION.iter().find(|(known, _)| *known == path).expect("a file").1.to_owned();
    edits.iter().fold(text, |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "`{from}` in {path}");
        text.replace(from, to)
    })
}

/// A grant to somebody, through the days that are named.
pub fn grant(to: &str, role: &str, domain: &str, from: &str, until: &str) -> String {
    format!("to: [{to}]\nrole: {role}\ndomain: {domain}\nfrom: {from}\nuntil: {until}\nreason: Test\n")
}

/// What the files say, where nothing is wrong with them.
pub fn organisation(changes: &[(&str, &str)]) -> Access {
    let revision = Revision::load(&snapshot(changes), KINDS, &mut LastRead::default()).expect("revision");
    assert!(revision.reading.is_empty(), "{:#?}", revision.reading);
    revision.access
}

/// The organisation with files replaced or added. An empty text removes the file.
pub fn snapshot(changes: &[(&str, &str)]) -> Snapshot {
    let mut files: BTreeMap<&str, &str> = ORGANISATION.iter().copied().collect();
    files.extend(changes.iter().copied());
    files.retain(|_, text| !text.is_empty());
    let digest = if files.values().any(|text| text.contains("DIGEST")) {
        let plain: Vec<(&str, &str)> = changes.iter().copied().filter(|(_, text)| !text.contains("DIGEST")).collect();
        organisation(&plain).policy.duties.get("develop-and-deploy").expect("rule").digest.clone()
    } else {
        String::new()
    };
    let texts = files.into_iter().map(|(path, text)| {
        let mut text = text.replace("DIGEST", &digest);
        for number in 1..=9 {
            text = text.replace(&format!("KEY{number}"), &format!("\"{}\"", key(number)));
        }
        (path.to_owned(), text)
    });
    Snapshot::of_texts(&texts.collect()).expect("paths")
}

/// What is found at [`NOW`].
pub fn lint(changes: &[(&str, &str)]) -> Vec<Finding> {
    found(&organisation(changes), None)
}

/// What is found in a change from one organisation to another, of which the first may have findings too.
pub fn lint_since(before: &[(&str, &str)], changes: &[(&str, &str)]) -> Vec<Finding> {
    let before = organisation(before);
    let mut findings = found(&organisation(changes), Some(&before));
    compare(&found(&before, None), &mut findings, |_| false);
    findings
}

fn found(access: &Access, since: Option<&Access>) -> Vec<Finding> {
    let entitlements = Entitlements::derive(access, &Entitlements::default());
    let now = NOW.parse::<Timestamp>().expect("instant");
    let mut findings =
        run(&Subject { access, entitlements: &entitlements, since, now, halt: &Halt::default() }, |_| true);
    weigh(access, &crate::plan::rules::all(), &mut findings);
    sort(&mut findings);
    findings
}

/// A finding on one line.
pub fn line(finding: &Finding) -> String {
    let weight = match (finding.state, finding.severity) {
        (State::Waived, _) => "waived",
        (State::New | State::Standing, Severity::Error) => "error",
        (State::New | State::Standing, Severity::Warning) => "warning",
    };
    let place = &finding.place;
    format!("{weight} {} {}:{} {}", finding.rule.code.id, place.file, place.line, finding.message)
}
