//! Separation of duties and its waivers.

use super::check;
use crate::lint::duties::SHOWN;
use crate::lint::testing::{edited, grant, lint};

/// Tom develops in one domain, and deploys in another by a group in a group.
const TOM: &[(&str, &str)] = &[
    (
        "people/tom.reed.yaml",
        "name: Tom Reed
type: employee
accounts: { github: { login: tom, id: 9 }, aws: tom }
",
    ),
    ("groups/leads.yaml", "members: [group:inner]\n"),
    ("groups/inner.yaml", "members: [tom.reed]\n"),
    (
        "grants/tom-develop.yaml",
        "to: [tom.reed]
role: developer
domain: payments
from: 2026-11-24
until: 2026-12-31
reason: Test
",
    ),
    (
        "grants/tom-deploy.yaml",
        "to: [group:leads]
role: deployer
domain: ledger
from: 2026-12-01
until: 2027-01-31
reason: Test
",
    ),
];

/// An entry of `waivers`.
fn waiver(digest: &str, person: &str, from: &str, until: &str, owner: &str) -> String {
    format!(
        "  - rule: develop-and-deploy\n    rule_digest: \"{digest}\"\n    person: {person}\n    from: {from}\n    \
         until: {until}\n    owner: {owner}\n    control: Daily review\n"
    )
}

/// What is found with Tom and further changes.
fn tom(changes: &[(&str, &str)], expected: &[&str]) {
    check(&[TOM, changes].concat(), expected);
}

#[test]
fn through_groups_and_over_domains() {
    tom(
        &[],
        &[
            "error separation-of-duties grants/tom-develop.yaml:2 `tom.reed` holds `deploy` and `develop` from 2026-12-01 to 2026-12-31 (rule `develop-and-deploy`)",
        ],
    );
}

#[test]
fn not_at_one_time() {
    tom(&[("grants/tom-deploy.yaml", &grant("group:leads", "deployer", "ledger", "2027-01-01", "2027-01-31"))], &[]);
}

#[test]
fn on_the_last_day() {
    tom(
        &[("grants/tom-deploy.yaml", &grant("group:leads", "deployer", "ledger", "2026-12-31", "2027-01-31"))],
        &[
            "error separation-of-duties grants/tom-develop.yaml:2 `tom.reed` holds `deploy` and `develop` on 2026-12-31 (rule `develop-and-deploy`)",
        ],
    );
}

#[test]
fn one_role_with_both() {
    check(
        &[("roles/deployer.yaml", &edited("roles/deployer.yaml", &[("[deploy]", "[deploy, develop]")]))],
        &[
            "error separation-of-duties grants/lea-deploy.yaml:2 `lea.moreau` holds `deploy` and `develop` without start and end (rule `develop-and-deploy`)",
        ],
    );
}

#[test]
fn a_grant_that_joins_a_conflict_has_its_own_finding() {
    tom(
        &[
            ("grants/tom-more.yaml", &grant("tom.reed", "deployer", "production", "2026-12-05", "2026-12-06")),
            ("grants/tom-later.yaml", &grant("tom.reed", "deployer", "production", "2027-02-01", "2027-02-06")),
        ],
        &[
            "error separation-of-duties grants/tom-develop.yaml:2 `tom.reed` holds `deploy` and `develop` from 2026-12-01 to 2026-12-31 (rule `develop-and-deploy`)",
            "error separation-of-duties grants/tom-more.yaml:2 `tom.reed` holds `deploy` and `develop` from 2026-12-05 to 2026-12-06 (rule `develop-and-deploy`)",
        ],
    );
}

#[test]
fn entitlements_and_what_includes_them() {
    tom(
        &[(
            "policies/main.yaml",
            &edited(
                "policies/main.yaml",
                &[
                    ("{ duties: [develop] }", "{ entitlements: [\"repository:northwind/a*:push\"] }"),
                    ("{ duties: [deploy] }", "{ entitlements: [\"repository:northwind/ledger:push\"] }"),
                ],
            ),
        )],
        &[
            "error separation-of-duties grants/tom-develop.yaml:2 `tom.reed` holds `deploy` and `develop` from 2026-12-01 to 2026-12-31 (rule `develop-and-deploy`)",
        ],
    );
}

#[test]
fn more_than_a_set_allows() {
    tom(
        &[(
            "policies/main.yaml",
            &edited(
                "policies/main.yaml",
                &[(
                    "develop: { duties: [develop] }, deploy: { duties: [deploy] }",
                    "both: { duties: [develop, deploy], roles: [owner], at_most: 1 }",
                )],
            ),
        )],
        &[
            "error separation-of-duties grants/tom-develop.yaml:2 `tom.reed` holds 2 of `both`, of which 1 may be held (`deploy` and `develop`), from 2026-12-01 to 2026-12-31 (rule `develop-and-deploy`)",
        ],
    );
}

#[test]
fn environments_and_domains_restrict() {
    tom(
        &[(
            "policies/main.yaml",
            &edited(
                "policies/main.yaml",
                &[
                    ("[develop] }", "[develop], domains: [payments] }"),
                    ("[deploy] }", "[deploy], environments: [production] }"),
                ],
            ),
        )],
        &[],
    );
}

#[test]
fn a_rule_that_warns() {
    tom(
        &[("policies/main.yaml", &edited("policies/main.yaml", &[("limits:", "    severity: warning\nlimits:")]))],
        &[
            "warning separation-of-duties grants/tom-develop.yaml:2 `tom.reed` holds `deploy` and `develop` from 2026-12-01 to 2026-12-31 (rule `develop-and-deploy`)",
        ],
    );
}

#[test]
fn waived_as_a_whole() {
    tom(
        &[
            ("grants/tom-develop.yaml", &grant("tom.reed", "developer", "payments", "2026-11-24", "2026-12-30")),
            (
                "policies/waivers.yaml",
                &format!("waivers:\n{}", waiver("DIGEST", "tom.reed", "2026-12-01", "2026-12-30", "priya.shah")),
            ),
        ],
        &[
            "waived separation-of-duties grants/tom-develop.yaml:2 `tom.reed` holds `deploy` and `develop` from 2026-12-01 to 2026-12-30 (rule `develop-and-deploy`)",
        ],
    );
}

#[test]
fn what_remains_after_a_waiver() {
    tom(
        &[(
            "policies/waivers.yaml",
            &format!("waivers:\n{}", waiver("DIGEST", "tom.reed", "2026-12-01", "2026-12-15", "priya.shah")),
        )],
        &[
            "error separation-of-duties grants/tom-develop.yaml:2 `tom.reed` holds `deploy` and `develop` from 2026-12-16 to 2026-12-31 (rule `develop-and-deploy`)",
        ],
    );
}

#[test]
fn a_waiver_of_another_wording() {
    tom(
        &[(
            "policies/waivers.yaml",
            &format!("waivers:\n{}", waiver("sha256:00", "tom.reed", "2026-12-01", "2026-12-30", "priya.shah")),
        )],
        &[
            "error separation-of-duties grants/tom-develop.yaml:2 `tom.reed` holds `deploy` and `develop` from 2026-12-01 to 2026-12-31 (rule `develop-and-deploy`)",
            "error waiver-rule-changed policies/waivers.yaml:2 the waiver for `tom.reed` was given for another wording of `develop-and-deploy`",
        ],
    );
}

#[test]
fn waivers_that_accept_nothing() {
    tom(
        &[(
            "policies/waivers.yaml",
            &format!(
                "waivers:\n{}{}{}",
                waiver("DIGEST", "tom.reed", "2026-12-01", "2026-12-31", "priya.shah"),
                waiver("DIGEST", "tom.reed", "2026-12-01", "2026-12-30", "tom.reed"),
                waiver("DIGEST", "tom.reed", "2026-12-01", "2026-12-30", "alice.nguyen")
            ),
        )],
        &[
            "error separation-of-duties grants/tom-develop.yaml:2 `tom.reed` holds `deploy` and `develop` from 2026-12-01 to 2026-12-31 (rule `develop-and-deploy`)",
            "error waiver-invalid policies/waivers.yaml:2 the waiver of `develop-and-deploy` for `tom.reed` lasts longer than 30 days",
            "error waiver-invalid policies/waivers.yaml:9 `tom.reed` owns the waiver that `tom.reed` profits from",
            "error waiver-invalid policies/waivers.yaml:9 the waivers of `develop-and-deploy` for `tom.reed` last longer than 30 days end to end",
            "error waiver-invalid policies/waivers.yaml:16 the waiver's owner `alice.nguyen` is a contractor",
            "error waiver-invalid policies/waivers.yaml:16 the waivers of `develop-and-deploy` for `tom.reed` last longer than 30 days end to end",
        ],
    );
}

#[test]
fn waivers_end_to_end_are_one() {
    let waivers = |spans: &[(&str, &str, &str)]| {
        let each = spans.iter().map(|(from, until, person)| waiver("DIGEST", person, from, until, "priya.shah"));
        format!("waivers:\n{}", each.collect::<String>())
    };
    let invalid = |before: &str, after: &str| {
        let found =
            crate::lint::testing::lint_since(&[("policies/waivers.yaml", before)], &[("policies/waivers.yaml", after)]);
        found.iter().filter(|finding| finding.rule.code.id == "waiver-invalid" && finding.blocks()).count()
    };
    let (first, second) = (("2026-12-01", "2026-12-20", "omar.diaz"), ("2026-12-21", "2027-01-10", "omar.diaz"));
    let later = ("2026-12-22", "2027-01-10", "omar.diaz");
    let other = ("2026-12-21", "2027-01-10", "lea.moreau");
    assert_eq!(invalid("", &waivers(&[first, second])), 2);
    assert_eq!(invalid("", &waivers(&[second, first])), 2, "in any order");
    assert_eq!(invalid("", &waivers(&[first, later])), 0, "a day lies between them");
    assert_eq!(invalid("", &waivers(&[first, other])), 0, "for somebody else");
    // to replace the one by the next, or to move it on, is no way around
    assert_eq!(invalid(&waivers(&[first]), &waivers(&[second])), 1);
    assert_eq!(invalid(&waivers(&[first]), &waivers(&[("2026-12-10", "2027-01-08", "omar.diaz")])), 1);
    assert_eq!(invalid(&waivers(&[first]), &waivers(&[("2026-12-01", "2026-12-10", "omar.diaz")])), 0, "shorter");
}

#[test]
fn waivers_that_nobody_needs_have_one_finding_each() {
    let sound = waiver("DIGEST", "lea.moreau", "2026-11-01", "2026-11-30", "priya.shah");
    for (given, told) in [
        (
            sound.clone(),
            "warning waiver-unused policies/waivers.yaml:2 `lea.moreau` doesn't break `develop-and-deploy` while the waiver lasts",
        ),
        (
            sound.replace("2026-11-30", "2026-11-20"),
            "warning waiver-expired policies/waivers.yaml:2 the waiver of `develop-and-deploy` for `lea.moreau` ended on 2026-11-20",
        ),
        (
            sound.replace("DIGEST", "sha256:00"),
            "error waiver-rule-changed policies/waivers.yaml:2 the waiver for `lea.moreau` was given for another wording of `develop-and-deploy`",
        ),
        (
            sound.replace("priya.shah", "lea.moreau"),
            "error waiver-invalid policies/waivers.yaml:2 `lea.moreau` owns the waiver that `lea.moreau` profits from",
        ),
        (
            sound.replace("2026-11-30", "2026-12-30"),
            "error waiver-invalid policies/waivers.yaml:2 the waiver of `develop-and-deploy` for `lea.moreau` lasts longer than 30 days",
        ),
    ] {
        check(&[("policies/waivers.yaml", &format!("waivers:\n{given}"))], &[told]);
    }
}

#[test]
fn a_grant_that_is_enough_by_itself_is_not_hidden_by_others() {
    let both = "title: Deployer\nduties: [deploy, develop]\nrisk: elevated\nentitlements:\n  repository: maintain\n";
    tom(
        &[("roles/deployer.yaml", both), ("grants/lea-deploy.yaml", "")],
        &[
            "error separation-of-duties grants/tom-deploy.yaml:2 `tom.reed` holds `deploy` and `develop` from 2026-12-01 to 2027-01-31 (rule `develop-and-deploy`)",
            "error separation-of-duties grants/tom-develop.yaml:2 `tom.reed` holds `deploy` and `develop` from 2026-12-01 to 2026-12-31 (rule `develop-and-deploy`)",
        ],
    );
}

#[test]
fn hours_never_part_two_halves() {
    let hours = |between: &str| format!("hours: {{ days: [mon], between: \"{between}\" }}\n");
    let grant = |role: &str, domain: &str, hours: &str| {
        format!(
            "to: [lea.moreau]\nrole: {role}\ndomain: {domain}\nfrom: 2026-11-24\nuntil: 2026-12-10\n{hours}reason: T\n"
        )
    };
    let found = super::lint(&[
        ("grants/lea-deploy.yaml", &grant("deployer", "production", &hours("08:00-12:00"))),
        ("grants/lea.yaml", &grant("developer", "payments", &hours("12:00-18:00"))),
    ]);
    let found: Vec<&str> = found.iter().map(|one| one.rule.code.id).filter(|id| id.starts_with("sep")).collect();
    assert_eq!(found, ["separation-of-duties"]);
}

#[test]
fn each_of_many_grants_in_one_conflict_shows_a_few_others() {
    let count = 3 * SHOWN;
    let names: Vec<String> = (0..count).map(|n| format!("duty-{n:03}")).collect();
    let rule = format!(
        "duties:\n  - id: few\n    title: Few\n    sets: {{ all: {{ duties: [{}], at_most: 2 }} }}\n    at_most: 1\n    \
         severity: error\n",
        names.join(", ")
    );
    let mut files = vec![("policies/few.yaml".to_owned(), rule)];
    for name in &names {
        let role = format!(
            "title: Role\nduties: [{name}]\nrisk: standard\nentitlements: {{ repository: push }}\ncontractors: allowed\n"
        );
        files.push((format!("roles/{name}.yaml"), role));
        files.push((format!("grants/{name}.yaml"), grant("omar.diaz", name, "payments", "2026-12-01", "2026-12-31")));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let found = lint(&files);
    let told: Vec<_> = found.iter().filter(|finding| finding.rule.code.id == "separation-of-duties").collect();
    // the one that was there first is named by the others
    assert_eq!(told.len(), count - 1);
    for finding in told {
        assert!(finding.message.contains(&format!("{count} of `all`, of which 2 may be held")), "{}", finding.message);
        assert!(finding.message.contains(&format!("and {} more", count - 3)), "{}", finding.message);
        assert_eq!(finding.related.len(), SHOWN + 1);
        let own = finding.place.file.trim_start_matches("grants/").trim_end_matches(".yaml");
        assert!(finding.related.iter().any(|one| one.message.starts_with(&format!("`{own}`"))), "{own}");
    }
}
