//! What a plan tells of grants that change while people keep what they hold.

use super::*;

const WRITER: &str = "title: W\nrisk: elevated\nduties: [develop]\nentitlements:\n  repository: push\n";
const HELPER: &str = "title: H\nrisk: standard\nentitlements:\n  repository: push\n";
const DOMAIN: &str = "title: P\nenvironment: staging\nowners: [priya]\nresources:\n  api: { repository: northwind/api }\n  \
                      web: { repository: northwind/web }\n";

fn grant(to: &str, role: &str, resources: &str) -> String {
    format!("to: [{to}]\nrole: {role}\ndomain: payments\n{resources}until: 2027-01-15\nreason: x\n")
}

fn company<'a>(more: &[(&'a str, &'a str)]) -> Revision {
    let files =
        [("roles/writer.yaml", WRITER), ("roles/helper.yaml", HELPER), ("domains/payments.yaml", DOMAIN)].into_iter();
    revision(&files.chain(more.iter().copied()).collect::<Vec<_>>())
}

/// What is told of grants, a weaker one with a bang.
fn told(base: &[(&str, &str)], head: &[(&str, &str)]) -> Vec<String> {
    let (base, head) = (company(base), company(head));
    let plan = plan(&base, &head, now());
    let facts = facts(&plan).into_iter().filter(|fact| fact.about.starts_with("grant"));
    let text = |side: Option<String>| side.unwrap_or_else(|| "nothing".to_owned());
    let fact = |fact: Fact| {
        let field = fact.field.map(|field| format!(" {field}")).unwrap_or_default();
        let weaker = if fact.weaker { "!" } else { "" };
        format!("{}{field}: {} → {}{weaker}", fact.about, text(fact.before), text(fact.after))
    };
    facts.map(fact).collect()
}

#[test]
fn another_role_that_gives_the_same_is_told_and_weighed() {
    let (writer, helper) = (grant("tom", "writer", ""), grant("tom", "helper", ""));
    let path = "grants/tom.yaml";
    assert_eq!(told(&[(path, &writer)], &[(path, &helper)]), ["grant `tom` role: writer → helper!"]);
    assert_eq!(told(&[(path, &helper)], &[(path, &writer)]), ["grant `tom` role: helper → writer"]);
    // and an approval binds it
    let digest = |before: &str, after: &str| {
        let (base, head) = (company(&[(path, before)]), company(&[(path, after)]));
        crate::plan::digest(&base, &head)
    };
    assert_ne!(digest(&writer, &helper), digest(&writer, &writer));
    assert_ne!(digest(&writer, &helper), digest(&helper, &writer));
}

#[test]
fn what_a_grant_gives_beside_another_one_is_told() {
    let all = ("grants/all.yaml", &*grant("tom", "writer", ""));
    let (path, one) = ("grants/one.yaml", grant("tom", "writer", "resources: [api]\n"));
    let wider = grant("tom, priya", "writer", "");
    assert_eq!(told(&[all, (path, &one)], &[all, (path, &wider)]), ["grant `one` resources: api → nothing!"]);
    // who joins has a line of their own, and who goes and keeps it has none
    let other = grant("priya", "writer", "resources: [api]\n");
    assert_eq!(told(&[all, (path, &one)], &[all, (path, &other)]), ["grant `one` to: tom → priya!"]);
    let both = grant("tom, priya", "writer", "resources: [api]\n");
    assert!(told(&[all, (path, &one)], &[all, (path, &both)]).is_empty());
    assert!(told(&[(path, &one)], &[(path, &grant("tom", "writer", "resources: [web]\n"))]).is_empty());
}

#[test]
fn a_new_grant_that_gives_nothing_new_says_itself_what_it_gives() {
    let all = ("grants/all.yaml", &*grant("tom", "writer", ""));
    let new = ("grants/new.yaml", &*grant("tom", "helper", "resources: [api]\n"));
    let told = told(&[all], &[all, new]);
    assert!(matches!(&told[..], [one] if one.contains("role helper") && one.contains("to tom")), "{told:?}");
}

#[test]
fn a_domain_by_another_name_is_not_told_for_each_grant() {
    let (path, one) = ("grants/one.yaml", grant("tom", "writer", ""));
    let moved = one.replace("domain: payments", "domain: money");
    let files = |domain: &'static str, grant: &str| {
        let mut files: BTreeMap<&str, &str> = BASE.into_iter().collect();
        files.remove("domains/payments.yaml");
        files.extend([("roles/writer.yaml", WRITER), (domain, DOMAIN), (path, grant)]);
        let files: Vec<(&str, &str)> = files.into_iter().collect();
        let folder = Folder::new();
        let commit = folder.commit(&files);
        let snapshot = Snapshot::of_commit(&folder.open(), commit).unwrap();
        Revision::load(&snapshot, KINDS, &mut LastRead::default()).unwrap()
    };
    let (base, head) = (files("domains/payments.yaml", &one), files("domains/money.yaml", &moved));
    let facts = facts(&plan(&base, &head, now()));
    assert!(facts.iter().all(|fact| !fact.about.starts_with("grant")), "{facts:#?}");
}

#[test]
fn a_finding_that_stood_is_new_where_its_grant_gives_more() {
    let outside = [
        ("vendors/globex.yaml", "name: G\nsponsor: priya\ncontract: { from: 2026-10-01, until: 2027-03-31 }\n"),
        (
            "people/tom.yaml",
            "name: T\ntype: contractor\nvendor: globex\nsponsor: priya\nengagement: { from: 2026-11-01, until: 2027-02-01 }\n\
             accounts:\n  github: { login: tom, id: 2 }\n",
        ),
        ("domains/payments.yaml", &*DOMAIN.replace("owners", "contractors: denied\nowners")),
    ];
    let stopped = |before: &str, after: &str| {
        let of = |text: &str| company(&[&outside[..], &[("grants/one.yaml", text)]].concat());
        let (base, head) = (of(before), of(after));
        let plan = plan(&base, &head, now());
        plan.blocking().map(|finding| finding.rule.code.id).collect::<Vec<_>>()
    };
    let one = grant("tom", "writer", "from: 2026-11-02\nresources: [api]\n");
    assert!(stopped(&one, &one.replace("reason: x", "reason: another")).is_empty());
    assert_eq!(stopped(&one, &one.replace("[api]", "[api, web]")), ["domain-denied-to-contractors"]);
    // who is no contractor is none of those whom it is about
    assert!(stopped(&one, &one.replace("[tom]", "[tom, priya]")).is_empty());
}
