//! Changes that take something away from the rules that judge them, and use that.

use super::*;

const DUTIES: &str = "duties:\n  - id: apart\n    title: Nobody writes and deploys\n    at_most: 1\n    severity: error\n    \
                      sets:\n      develop: { duties: [develop] }\n      \
                      deploy: { duties: [deploy], environments: [production] }\n";
const WRITER: &str = "title: W\nrisk: standard\nduties: [develop]\nentitlements:\n  repository: push\n";
const DEPLOYER: &str = "title: D\nrisk: standard\nduties: [deploy]\nentitlements:\n  repository: maintain\n";
const LIVE: &str =
    "title: L\nenvironment: production\nowners: [priya]\nresources:\n  live: { repository: northwind/live }\n";
/// Whom an approval rule names is a matter of policy, and so is who is among them.
const ASKED: &str = "approvals:\n  - { id: second, change: access, count: 1, from: \"group:leads\" }\n";
const LEADS: &str = "members: [priya]\n";
const WITH_TOM: &str = "members: [priya, tom]\n";

/// Tom writes, and the leads deploy to production.
fn company<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let files = [
        ("policies/duties.yaml", DUTIES),
        ("policies/asked.yaml", ASKED),
        ("roles/writer.yaml", WRITER),
        ("roles/deployer.yaml", DEPLOYER),
        ("domains/live.yaml", LIVE),
        ("groups/leads.yaml", LEADS),
        (
            "grants/tom.yaml",
            "to: [tom]\nrole: writer\ndomain: payments\nfrom: 2026-11-24\nuntil: 2027-01-15\nreason: x\n",
        ),
        (
            "grants/leads.yaml",
            "to: [\"group:leads\"]\nrole: deployer\ndomain: live\nfrom: 2026-11-24\nuntil: 2027-01-15\nreason: x\n",
        ),
    ];
    files.into_iter().chain(more.iter().copied()).collect()
}

/// The rules that stop a change, each once.
fn stopped(base: &[(&str, &str)], head: &[(&str, &str)]) -> Vec<&'static str> {
    let (base, head) = (revision(&company(base)), revision(&company(head)));
    assert!(!base.is_misread() && !head.is_misread(), "{:?} {:?}", base.reading, head.reading);
    let plan = plan(&base, &head, now());
    let codes: BTreeSet<&str> = plan.blocking().map(|finding| finding.rule.code.id).collect();
    codes.into_iter().collect()
}

const JOINS: (&str, &str) = ("groups/leads.yaml", WITH_TOM);

#[test]
fn a_duty_that_a_role_loses_still_judges_who_gets_the_role() {
    let without = ("roles/deployer.yaml", "title: D\nrisk: standard\nentitlements:\n  repository: maintain\n");
    assert_eq!(stopped(&[], &[JOINS]), ["separation-of-duties"]);
    assert_eq!(stopped(&[], &[JOINS, without]), ["separation-of-duties"]);
    // by itself it may go, and then he may come
    assert!(stopped(&[], &[without]).is_empty());
    assert!(stopped(&[without], &[without, JOINS]).is_empty());
}

#[test]
fn a_duty_goes_by_another_name_with_its_rule_and_judges_as_before() {
    let renamed = DUTIES.replace("[deploy]", "[release]");
    let (rule, role) = (("policies/duties.yaml", renamed.as_str()), DEPLOYER.replace("[deploy]", "[release]"));
    let role = ("roles/deployer.yaml", role.as_str());
    assert_eq!(stopped(&[], &[rule, role, JOINS]), ["separation-of-duties"]);
    assert!(stopped(&[], &[rule, role]).is_empty());
}

#[test]
fn a_domain_that_is_production_no_more_is_judged_as_production() {
    let staging = LIVE.replace("production", "staging");
    let staging = ("domains/live.yaml", staging.as_str());
    assert_eq!(stopped(&[], &[JOINS, staging]), ["separation-of-duties"]);
    assert!(stopped(&[], &[staging]).is_empty());
    assert!(stopped(&[staging], &[staging, JOINS]).is_empty());
    // nor may rule and domain go the same way together
    let rule = DUTIES.replace("[production]", "[sandbox]");
    assert_eq!(stopped(&[], &[JOINS, staging, ("policies/duties.yaml", &rule)]), ["separation-of-duties"]);
}

#[test]
fn who_comes_from_outside_does_so_in_the_change_that_employs_them() {
    let vendor =
        ("vendors/globex.yaml", "name: G\nsponsor: priya\ncontract: { from: 2026-10-01, until: 2027-03-31 }\n");
    let outside = (
        "people/tom.yaml",
        "name: T\ntype: contractor\nvendor: globex\nsponsor: priya\nengagement: { from: 2026-11-01, until: 2027-02-01 }\n\
         accounts:\n  github: { login: tom, id: 2 }\n  gcp: tom@northwind.example\n",
    );
    let open = (
        "domains/payments.yaml",
        "title: P\nenvironment: staging\nowners: [priya]\ncontractors: allowed\n\
         resources:\n  api: { repository: northwind/api }\n",
    );
    let apart = ("policies/duties.yaml", "limits: { grants: { contractor_max_duration: 900 days } }\n");
    let base = [vendor, outside, open, apart];
    let grants: (&str, &str) = (
        "grants/tom.yaml",
        "to: [tom]\nrole: writer\ndomain: payments\nfrom: 2026-11-02\nuntil: 2027-01-15\nreason: x\n",
    );
    let before = [&base[..], &[grants]].concat();
    let employed = |more: &[(&'static str, &'static str)]| [&[vendor, open, apart, grants], more].concat();
    assert!(stopped(&before, &employed(&[])).is_empty());
    assert_eq!(stopped(&before, &employed(&[JOINS])), ["domain-crossing", "domain-denied-to-contractors"]);
    assert!(stopped(&employed(&[]), &employed(&[JOINS])).is_empty());
}

#[test]
fn a_waiver_excuses_nothing_that_comes_with_it() {
    let digest = revision(&company(&[])).access.policy.duties.values().next().unwrap().digest.clone();
    let text = format!(
        "waivers:\n  - {{ rule: apart, rule_digest: \"{digest}\", person: tom, from: 2026-11-24, until: 2027-01-15, \
         owner: priya, control: c, ticket: R-1 }}\n"
    );
    let waiver = ("policies/waivers.yaml", text.as_str());
    assert_eq!(stopped(&[], &[waiver, JOINS]), ["separation-of-duties"]);
    // what is there already it excuses, and what comes after it
    let (base, head) = (revision(&company(&[JOINS])), revision(&company(&[JOINS, waiver])));
    let plan = plan(&base, &head, now());
    let told: Vec<_> = plan.blocking().map(|finding| (finding.rule.code.id, &finding.message)).collect();
    assert!(told.is_empty(), "{told:?}");
    let waived = plan.findings.iter().filter(|finding| finding.rule.code.id == "separation-of-duties");
    assert!(waived.clone().count() > 0 && waived.clone().all(|one| one.state == crate::finding::State::Waived));
    assert!(stopped(&[waiver], &[waiver, JOINS]).is_empty());
}

#[test]
fn an_account_changes_hands_before_its_new_owner_gains() {
    let other = ("people/tom.yaml", "name: T\ntype: employee\naccounts:\n  github: { login: tim, id: 3 }\n");
    let tina = ("people/tina.yaml", "name: Tina\ntype: employee\naccounts:\n  github: { login: tom, id: 2 }\n");
    let joins = ("groups/leads.yaml", "members: [priya, tina]\n");
    assert!(stopped(&[], &[other, tina]).is_empty());
    assert_eq!(stopped(&[], &[other, tina, joins]), ["mixed-change"]);
    assert!(stopped(&[other, tina], &[other, tina, joins]).is_empty());
    // her own account is nobody else's
    let own = ("people/tina.yaml", "name: Tina\ntype: employee\naccounts:\n  github: { login: tina, id: 4 }\n");
    assert!(stopped(&[], &[own, joins]).is_empty());
}

#[test]
fn a_vendor_is_let_into_a_domain_before_its_people_come_there() {
    let vendor = |domains: &str| {
        format!("name: G\nsponsor: priya\ncontract: {{ from: 2026-10-01, until: 2027-03-31 }}\n{domains}")
    };
    let [narrow, wide, all] = ["domains: [payments]\n", "domains: [payments, live]\n", ""].map(vendor);
    let path = "vendors/globex.yaml";
    let outside = (
        "people/tom.yaml",
        "name: T\ntype: contractor\nvendor: globex\nsponsor: priya\nengagement: { from: 2026-11-01, until: 2027-02-01 }\n\
         accounts:\n  github: { login: tom, id: 2 }\n",
    );
    let rules = |head: &[(&str, &str)]| {
        let base = [outside, (path, narrow.as_str())];
        stopped(&base, &[&[outside], head].concat()).contains(&"vendor-outside-its-domains")
    };
    for wider in [&wide, &all] {
        assert!(!rules(&[(path, wider)]) && rules(&[(path, wider), JOINS]), "{wider}");
    }
}
