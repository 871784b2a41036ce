mod findings;
mod gains;
mod hostile;
mod verdicts;

use std::process::Command;

use jiff::Timestamp;

use super::*;
use crate::access::{LastRead, PersonId, Revision};
use crate::apply::Drift;
use crate::finding::{Code, Finding, Place, Refusal, Rule, Severity};
use crate::plan::operations::{self, Basis};
use crate::plan::{Circumstances, Plan, Said, Standing, Surplus, plan};
use crate::repository::{Repository, Snapshot};

const CONFIG: &str = "version: 1
organization: northwind
timezone: Europe/London
targets:
  github: { organization: northwind, id: 9919 }
approval: { evidence: signatures, branch: main }
audit: { ref: refs/dualkey/audit, key: \"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\" }
";

const BASE: &[(&str, &str)] = &[
    ("dualkey.yaml", CONFIG),
    (
        "people/priya.shah.yaml",
        "name: Priya Shah\ntype: employee\naccounts:\n  github: { login: priya, id: 11 }\n\
         keys: [\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAsLCwsLCwsLCwsLCwsLCwsLCwsLCwsLCwsLCwsLCwsL\"]\n",
    ),
    (
        "people/tom.reed.yaml",
        "name: Tom Reed\ntype: employee\naccounts:\n  github: { login: tom, id: 12 }\n\
         keys: [\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM\"]\n",
    ),
    (
        "vendors/globex.yaml",
        "name: Globex Ltd\nsponsor: priya.shah\ncontract: { from: 2026-10-01, until: 2027-03-31 }\n",
    ),
    (
        "people/alice.nguyen.yaml",
        "name: Alice Nguyen\ntype: contractor\nvendor: globex\nsponsor: priya.shah\n\
         engagement: { from: 2026-11-01, until: 2027-01-31 }\naccounts:\n  github: { login: alice-nw, id: 583231 }\n",
    ),
    (
        "domains/payments-staging.yaml",
        "title: Payments, staging\nenvironment: staging\nowners: [priya.shah, tom.reed]\ncontractors: allowed\n\
         resources:\n  payments-api: { repository: northwind/payments-api }\n\
         \u{20} payments-web: { repository: northwind/payments-web }\n",
    ),
    (
        "roles/developer.yaml",
        "title: Developer\nduties: [develop]\nrisk: standard\ncontractors: allowed\nentitlements:\n  repository: push\n",
    ),
    (
        "roles/keeper.yaml",
        "title: Keeper\nrisk: privileged\ncontractors: allowed\nentitlements:\n  repository: admin\n",
    ),
    ("groups/access-admins.yaml", "members: [priya.shah]\n"),
    (
        "policies/approvals.yaml",
        "approvals:\n  - { change: access, count: 1, from: domain-owners }\n\
         \u{20} - { change: removal, count: 1, from: [domain-owners, sponsors] }\n\
         \u{20} - { change: identity, count: 1, from: \"group:access-admins\" }\n\
         \u{20} - { change: policy, count: 1, from: \"group:access-admins\" }\n",
    ),
];

const GRANT: (&str, &str) = (
    "grants/alice-refunds.yaml",
    "to: [alice.nguyen]\nrole: developer\ndomain: payments-staging\nresources: [payments-api]\n\
     from: 2026-11-24\nuntil: 2027-01-04\nreason: Build the refund flow\n",
);

fn now() -> Timestamp {
    "2026-11-20T09:00:00Z".parse().unwrap()
}

/// The files, the later of equal paths winning; an empty text removes one.
fn revision(parts: &[&[(&str, &str)]]) -> Revision {
    let folder = tempfile::tempdir().unwrap();
    let status = Command::new("git").args(["init", "--quiet"]).current_dir(folder.path()).status().unwrap();
    assert!(status.success());
    for (path, text) in parts.iter().copied().flatten() {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        if text.is_empty() {
            std::fs::remove_file(&path).unwrap();
        }
    }
    let snapshot = Snapshot::of_work_tree(&Repository::open(folder.path()).unwrap()).unwrap();
    Revision::load(&snapshot, crate::targets::KINDS, &mut LastRead::default()).unwrap()
}

/// Where a change stands that these people approved.
fn given(plan: &Plan<'_>, people: &[&str], surplus: Surplus) -> Standing {
    let given = people.iter().map(|id| PersonId::parse(id).unwrap()).collect();
    Standing::of(plan, Circumstances { surplus, ..Circumstances::default() }, Said { given, ..Said::default() })
}

fn view<'a>(plan: &'a Plan<'a>, standing: &'a Standing, live: Option<&'a Drift>) -> PlanView<'a> {
    PlanView { plan, standing, live, labels: Labels { base: "main", head: "4be1f27", refused: None } }
}

/// Findings that these tests are about; the small repository here has others, and rules have tests of their own.
fn keep(findings: &mut Vec<Finding>) {
    let wanted = ["mixed-change", "grant-outlives-engagement", "tested"];
    findings.retain(|finding| wanted.contains(&finding.rule.code.id));
}

fn both(base: &Revision, head: &Revision) -> (String, String) {
    let mut plan = plan(base, head, now());
    keep(&mut plan.findings);
    let standing = given(&plan, &[], plan.surplus());
    let view = view(&plan, &standing, None);
    (super::plan::text(&view, Style::PLAIN), super::markdown::plan(&view))
}

#[test]
fn one_person_and_one_repository() {
    let (text, markdown) = both(&revision(&[BASE]), &revision(&[BASE, &[GRANT]]));
    insta::assert_snapshot!(text, @r"
    needs approval from priya.shah or tom.reed (owners of payments-staging)
    access, risk standard, from main to 4be1f27
      + alice.nguyen (globex) gains developer on payments-api in payments-staging,
        2026-11-24 … 2027-01-04
          Alice Nguyen, github alice-nw #583231: Build the refund flow

    access
      + alice.nguyen  github  repository northwind/payments-api  push
          2026-11-24 … 2027-01-04

    approval
      access-1: 1 of priya.shah, tom.reed (owners of payments-staging)
      can't: alice.nguyen (who gains by it), anybody of globex

    digest sha256:a6c9bfdcf4471c4f88b936771a440c59d689f48feff6b4677df23948593820de
    ");
    insta::assert_snapshot!(markdown, @r"
    ### Needs approval from `priya.shah @priya` or `tom.reed @tom` (owners of payments-staging)
    access, risk standard, from `main` to `4be1f27`

    - `alice.nguyen` (`globex`) gains `developer` on `payments-api` in `payments-staging`, 2026-11-24 … 2027-01-04
      - `Alice Nguyen`, github `alice-nw #583231`: `Build the refund flow`

    ```diff
    + alice.nguyen  github  repository northwind/payments-api  push  2026-11-24 … 2027-01-04
    ```

    **Approval**
    - `access-1`: 1 of `priya.shah @priya`, `tom.reed @tom` (owners of payments-staging)
    - can't: `alice.nguyen` (who gains by it), anybody of `globex`

    <details><summary>1 changed file</summary>

    ```
    access grants/alice-refunds.yaml
    ```
    </details>

    Digest `sha256:a6c9bfdcf4471c4f88b936771a440c59d689f48feff6b4677df23948593820de`
    ");
    assert!(text.lines().count() <= 25 && markdown.lines().count() <= 25);
}

#[test]
fn a_new_person_comes_with_vendor_and_sponsor() {
    let person = BASE[4].1.replace("Alice Nguyen", "Bob Lind").replace("583231", "77").replace("alice-nw", "bob");
    let grant = GRANT.1.replace("alice.nguyen", "bob.lind");
    let head = revision(&[BASE, &[("people/bob.lind.yaml", &person), ("grants/bob.yaml", &grant)]]);
    let (text, markdown) = both(&revision(&[BASE]), &head);
    insta::assert_snapshot!(text.lines().take(4).collect::<Vec<_>>().join("\n"), @r"
    needs approval from priya.shah or tom.reed (owners of payments-staging)
    access, risk standard, from main to 4be1f27
      + bob.lind (new, globex, sponsor priya.shah) gains developer on payments-api
        in payments-staging, 2026-11-24 … 2027-01-04
    ");
    assert!(markdown.lines().count() <= 25, "{markdown}");
}

#[test]
fn the_most_dangerous_comes_first_and_rules_that_change_are_shown() {
    let keeper = GRANT.1.replace("developer", "keeper").replace("alice.nguyen", "alice.nguyen, tom.reed");
    let policy = BASE[9].1.replacen("count: 1", "count: 2", 1);
    let head = revision(&[
        BASE,
        &[
            (GRANT.0, ""),
            ("grants/keep.yaml", &keeper),
            (BASE[9].0, &policy),
            ("groups/access-admins.yaml", "members: [tom.reed]\n"),
        ],
    ]);
    let (text, markdown) = both(&revision(&[BASE, &[GRANT]]), &head);
    insta::assert_snapshot!(text, @r"
    blocked by 1 new error: mixed-change at groups/access-admins.yaml
    policy + access + removal, risk privileged, from main to 4be1f27
      ! changes groups/access-admins.yaml, policies/approvals.yaml
      ! changes who judges: rule:access-1, rule:identity-1, rule:policy-1
      ! group `access-admins`: members priya.shah → tom.reed (weaker); others
        approve from now on
      ! alice.nguyen (globex) gains keeper on payments-api in payments-staging,
        2026-11-24 … 2027-01-04
          admin on repository northwind/payments-api can change who has access, or
          reaches everything
          Alice Nguyen, github alice-nw #583231: Build the refund flow
      ! tom.reed gains keeper on payments-api in payments-staging,
        2026-11-24 … 2027-01-04
          Tom Reed, github tom #12: Build the refund flow
      = alice.nguyen (globex) keeps developer on payments-api in payments-staging by
        grant keep of role keeper

    what else it changes
      approval rule `access-1`: count 1 → 2

    access
      - alice.nguyen  github  repository northwind/payments-api  push
          2026-11-24 … 2027-01-04
      + alice.nguyen  github  repository northwind/payments-api  admin
          2026-11-24 … 2027-01-04
      + tom.reed      github  repository northwind/payments-api  admin
          2026-11-24 … 2027-01-04

    who judges changes
      rule:access-1: asks 2 of domain-owners for access at risk any, asked 1 of
        domain-owners for access at risk any
      rule:identity-1: adds tom.reed; drops priya.shah
      rule:policy-1: adds tom.reed; drops priya.shah

    findings
      new error[mixed-change] groups/access-admins.yaml: this change touches
        groups/access-admins.yaml (class policy) together with access files
        help: move groups/access-admins.yaml and the other policy files to a change
              of their own

    approval
      policy-1: 1 of priya.shah (group:access-admins)
      policy-1: 1 of nobody (group:access-admins) under the new policy, too few are
        left
      access-1: 2 of priya.shah (owners of payments-staging), too few are left
      removal-1: 1 of priya.shah (owners of payments-staging or sponsor of
        alice.nguyen)
      can't, though entitled: tom.reed (gains admin on repository
        northwind/payments-api)
      can't: alice.nguyen (who gains by it), anybody of globex

    digest sha256:77dd5c92074a17ae332ad0978f75668e9e5e689a291f08fe346b7588ce1fb41e
    ");
    insta::assert_snapshot!(markdown, @r"
    ### Blocked by 1 new error: `mixed-change` at `groups/access-admins.yaml`
    policy + access + removal, risk privileged, from `main` to `4be1f27`

    - **Careful:** changes `groups/access-admins.yaml`, `policies/approvals.yaml`
    - **Careful:** changes who judges: `rule:access-1`, `rule:identity-1`, `rule:policy-1`
    - **Careful:** group `access-admins`: `members` `priya.shah` → `tom.reed` (weaker); others approve from now on
    - **Dangerous:** `alice.nguyen` (`globex`) gains `keeper` on `payments-api` in `payments-staging`, 2026-11-24 … 2027-01-04; `admin` on repository `northwind/payments-api` can change who has access, or reaches everything
      - `Alice Nguyen`, github `alice-nw #583231`: `Build the refund flow`
    - **Dangerous:** `tom.reed` gains `keeper` on `payments-api` in `payments-staging`, 2026-11-24 … 2027-01-04
      - `Tom Reed`, github `tom #12`: `Build the refund flow`
    - `alice.nguyen` (`globex`) keeps `developer` on `payments-api` in `payments-staging` by grant `keep` of role `keeper`
    - approval rule `access-1`: `count` `1` → `2`

    ```diff
    - alice.nguyen  github  repository northwind/payments-api  push   2026-11-24 … 2027-01-04
    + alice.nguyen  github  repository northwind/payments-api  admin  2026-11-24 … 2027-01-04
    + tom.reed      github  repository northwind/payments-api  admin  2026-11-24 … 2027-01-04
    ```

    **Who judges changes**
    - `rule:access-1`: asks 2 of domain-owners for access at risk any, asked 1 of domain-owners for access at risk any
    - `rule:identity-1`: adds `tom.reed`; drops `priya.shah`
    - `rule:policy-1`: adds `tom.reed`; drops `priya.shah`

    **New findings**
    - error `mixed-change` at `groups/access-admins.yaml`: this change touches groups/access-admins.yaml \(class policy\) together with access files; move groups/access-admins.yaml and the other policy files to a change of their own

    **Approval**
    - `policy-1`: 1 of `priya.shah @priya` (group:access-admins)
    - `policy-1`: 1 of nobody (group:access-admins) under the new policy, too few are left
    - `access-1`: 2 of `priya.shah @priya` (owners of payments-staging), too few are left
    - `removal-1`: 1 of `priya.shah @priya` (owners of payments-staging or sponsor of alice.nguyen)
    - can't, though entitled: `tom.reed` (gains admin on repository northwind/payments-api)
    - can't: `alice.nguyen` (who gains by it), anybody of `globex`

    <details><summary>4 changed files</summary>

    ```
    removal grants/alice-refunds.yaml
    access grants/keep.yaml
    policy groups/access-admins.yaml
    policy policies/approvals.yaml
    ```
    </details>

    Digest `sha256:77dd5c92074a17ae332ad0978f75668e9e5e689a291f08fe346b7588ce1fb41e`
    ");
}

#[test]
fn operations_that_take_are_never_folded() {
    let (base, head) = (revision(&[BASE, &[GRANT]]), revision(&[BASE, &[GRANT]]));
    let at: Timestamp = "2026-12-01T00:00:00Z".parse().unwrap();
    let live = |principal: &str| crate::targets::Live {
        kind: crate::targets::KINDS.get("repository").unwrap(),
        resource: "northwind/payments-web".to_owned(),
        permission: "push".to_owned(),
        principal: principal.into(),
        conditions: crate::access::Conditions::NONE,
        until: None,
        latent: None,
    };
    let lives = [(crate::access::TargetId::parse("github").unwrap(), vec![live("583231"), live("11")])];
    let basis = Basis { tree: &head, applied: None, granted: &Default::default(), now: at };
    let difference = operations::difference(&basis, &lives.into_iter().collect());
    let head = revision(&[BASE, &[GRANT, ("grants/web.yaml", &GRANT.1.replace("payments-api", "payments-web"))]]);
    let plan = plan(&base, &head, at);
    let standing = given(&plan, &[], plan.surplus());
    let drift = Drift { difference, ..Drift::default() };
    let view = view(&plan, &standing, Some(&drift));
    let markdown = super::markdown::plan(&view);
    let tail = markdown.split_once("**Operations").unwrap().1;
    insta::assert_snapshot!(tail, @r"
     that take access away or touch administrators**

    ```
    revoke push on github's repository northwind/payments-web for alice.nguyen (583231): drift: no grant declares it
    ```

    <details><summary>1 more operation</summary>

    ```
    grant push on github's repository northwind/payments-api for alice.nguyen (583231), until 2027-01-04: landing: grant alice-refunds
    ```
    </details>

    1 undeclared entitlement left as found.

    <details><summary>1 changed file</summary>

    ```
    access grants/web.yaml
    ```
    </details>

    Digest `sha256:f838ffcffaad3343c771cce713924f0f58e5c64f99de6fb7ace7c1de7b017d43`
    ");
    let text = super::plan::text(&view, Style::PLAIN);
    insta::assert_snapshot!(text.split_once("operations").unwrap().1, @r"
      grant push on github's repository northwind/payments-api for alice.nguyen
        (583231), until 2027-01-04: landing: grant alice-refunds
      revoke push on github's repository northwind/payments-web for alice.nguyen
        (583231): drift: no grant declares it
      1 undeclared entitlement left as found

    digest sha256:f838ffcffaad3343c771cce713924f0f58e5c64f99de6fb7ace7c1de7b017d43
    ");
    let json: serde_json::Value =
        serde_json::from_str(&super::json::plan(&view, None, Some(crate::repository::Oid::from_bytes([7; 20]))))
            .unwrap();
    assert_eq!(json["head"], "0707070707070707070707070707070707070707");
    assert_eq!(json["operations"][0]["verb"], "grant");
    assert_eq!(json["operations"][0]["until"], "2027-01-05T00:00:00+00:00");
    assert_eq!(json["operations"][0]["because"], "landing: grant alice-refunds");
    insta::assert_snapshot!(serde_json::to_string_pretty(&json["changes"]).unwrap(), @r#"
    [
      {
        "person": "alice.nguyen",
        "name": "Alice Nguyen",
        "action": "gain",
        "role": "developer",
        "domain": "payments-staging",
        "risk": "standard",
        "until": "2027-01-05T00:00:00+00:00",
        "grant": "web",
        "reason": "Build the refund flow",
        "ticket": null,
        "file": "grants/web.yaml",
        "line": 1,
        "entitlements": [
          {
            "target": "github",
            "kind": "repository",
            "resource": "northwind/payments-web",
            "permission": "push",
            "principal": "583231",
            "conditions": [],
            "from": "2026-11-24T00:00:00+00:00",
            "until": "2027-01-05T00:00:00+00:00"
          }
        ]
      }
    ]
    "#);
    insta::assert_snapshot!(serde_json::to_string_pretty(&json["approvals"]).unwrap(), @r#"
    [
      {
        "rule": "access-1",
        "count": 1,
        "from": [
          "owners of payments-staging"
        ],
        "people": [
          "priya.shah",
          "tom.reed"
        ],
        "missing": 1,
        "given": [],
        "able": [
          "priya.shah",
          "tom.reed"
        ],
        "barred": []
      }
    ]
    "#);
    let keys: Vec<&String> = json.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "version",
            "base",
            "head",
            "refused",
            "digest",
            "verdict",
            "approvals",
            "beside",
            "uncounted",
            "held_up",
            "counts_until",
            "approvers",
            "short_rules",
            "findings",
            "changes",
            "facts",
            "operations",
            "live"
        ]
    );
}

const TESTED: Rule = Rule {
    code: Code { id: "tested", title: "", why: "", example: "", instead: "" },
    severity: Severity::Warning,
    dated: false,
};

#[test]
fn names_forge_no_markup() {
    let attack = "</details><img src=//x>@org/admins `@b` ::error::x";
    let (base, head) = (revision(&[BASE]), revision(&[BASE, &[GRANT]]));
    let mut plan = plan(&base, &head, now());
    plan.findings.push(Finding::new(&TESTED, Place::whole_file(attack), attack, attack));
    plan.changes[0].key.resource = attack.into();
    let mut standing = given(&plan, &[], plan.surplus());
    standing.said.uncounted.push(Refusal::new(&TESTED.code, attack, attack));
    let labels = Labels { base: attack, head: attack, refused: None };
    let view = PlanView { labels, ..view(&plan, &standing, None) };
    let markdown = super::markdown::plan(&view);
    // out of code there is neither a tag nor a mention
    let bare: Vec<&str> = markdown.lines().filter(|line| line.contains("org")).collect();
    insta::assert_snapshot!(bare.join("\n"), @r"
    access, from ``</details><img src=//x>@org/admins `@b` ::error::x`` to ``</details><img src=//x>@org/admins `@b` ::error::x``
    - warning `tested` at ``</details><img src=//x>@org/admins `@b` ::error::x``: &lt;/details&gt;&lt;img src=//x&gt;`@`org/admins `@b` ::error::x; &lt;/details&gt;&lt;img src=//x&gt;`@`org/admins `@b` ::error::x
    - doesn't count: &lt;/details&gt;&lt;img src=//x&gt;`@`org/admins `@b` ::error::x \(tested\)
    ");
    let text = super::plan::text(&view, Style { colour: false, width: 40 });
    assert!(text.lines().all(|line| !line.trim_start().starts_with("::")), "{text}");
}

#[test]
fn long_plans_are_cut_and_say_so() {
    let resources: String = (0..2000).map(|at| format!("  r{at:04}: {{ repository: northwind/r{at:04} }}\n")).collect();
    let domain = format!("{}{resources}", BASE[5].1);
    let base = revision(&[BASE, &[(BASE[5].0, &domain)]]);
    let head =
        revision(&[BASE, &[(BASE[5].0, &domain), (GRANT.0, &GRANT.1.replace("resources: [payments-api]\n", ""))]]);
    let (text, markdown) = both(&base, &head);
    assert!(markdown.chars().count() <= 60_000, "{}", markdown.chars().count());
    // one row for all of it, and where not even that fits, how many
    let told = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains("+ push on repository of github: alice.nguyen: 2002 resources in payments-staging"),
        "{text}"
    );
    assert!(markdown.contains("northwind/r0000, northwind/r0001") && markdown.contains("northwind/r1999"));
    assert_eq!(markdown.matches("<details>").count(), markdown.matches("</details>").count());
    assert_eq!(markdown.lines().filter(|line| line.starts_with("```")).count() % 2, 0);
}
