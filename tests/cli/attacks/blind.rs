//! Nobody signs what they weren't told: what a change of policies, settings and people means stands in the plan.

use super::{branch, edit};
use crate::support::{World, public_key};

/// The plan of an edit of one file, as text and as a document.
fn planned(path: &str, from: &str, to: &str) -> (String, serde_json::Value) {
    let world = World::new();
    branch(&world, "change", |world| edit(world, path, from, to));
    let plan = |format: &str| world.timed(&["plan", "--head", "change", "--format", format]);
    let (text, json) = (plan("text").stdout, plan("json").json());
    let markdown = plan("markdown").stdout;
    assert_eq!(text.matches("(weaker)").count(), markdown.matches("(weaker)").count(), "{text}\n{markdown}");
    assert!(!text.contains("nobody gains or loses access\n"), "{text}");
    (text.split_whitespace().collect::<Vec<_>>().join(" "), json)
}

#[test]
fn what_weakens_a_policy_is_told_in_words() {
    for (path, from, to, says) in [
        (
            "policies/approvals.yaml",
            "{ change: policy, count: 2, from: \"group:access-admins\" }",
            "{ change: policy, count: 1, from: \"group:access-admins\" }",
            "approval rule `policy-1`: count 2 → 1 (weaker)",
        ),
        (
            "policies/approvals.yaml",
            "{ change: access, count: 1, from: domain-owners }",
            "{ change: access, count: 1, from: [domain-owners, sponsors] }",
            "from domain-owners → domain-owners, sponsors (weaker)",
        ),
        ("dualkey.yaml", "manage: contractors", "manage: everyone", "settings: manage contractors → everyone"),
    ] {
        let (text, json) = planned(path, from, to);
        assert!(text.contains(says), "{says} is not in\n{text}");
        assert!(!json["facts"].as_array().unwrap().is_empty(), "{json:#}");
    }
    let (text, _) = planned("dualkey.yaml", "manage: contractors", "manage: everyone");
    assert!(text.contains("removes the undeclared access of everybody"), "{text}");
}

#[test]
fn what_several_files_say_together_is_told_by_what_holds() {
    // absent it means 90 days, so that more is the weaker
    let limits = "limits:\n  removals: { count: 10, fraction: 5% }\n";
    let (text, _) = planned("policies/limits.yaml", limits, &format!("approvals_last: 120 days\n{limits}"));
    assert!(text.contains("approvals_last: 90 days → 120 days (weaker)"), "{text}");
    // another file that limits something adds to the limits that stand
    let (text, _) = planned(
        "policies/duties.yaml",
        "duties:\n",
        "limits: { removals: { count: 5, fraction: 9% } }\napprovals_last: 30 days\nduties:\n",
    );
    assert!(text.contains("limits: removals.count 10 → 5"), "{text}");
    assert!(text.contains("approvals_last: 90 days → 30 days"), "{text}");
    assert!(!text.contains("(weaker)"), "{text}");
}

#[test]
fn a_source_of_approvers_behind_many_blanks_is_told() {
    let blanks = format!("{{ change: access, count: 1, from: [domain-owners,{}sponsors] }}", " ".repeat(5_000));
    let (text, json) = planned("policies/approvals.yaml", "{ change: access, count: 1, from: domain-owners }", &blanks);
    assert!(text.contains("from domain-owners → domain-owners, sponsors (weaker)"), "{text}");
    let weaker = json["facts"].as_array().unwrap().iter().any(|fact| fact["weaker"] == true && fact["field"] == "from");
    assert!(weaker, "{json:#}");
}

#[test]
fn who_people_are_is_told_with_their_keys_and_numbers() {
    let world = World::new();
    let key = public_key("eve");
    branch(&world, "eve", |world| {
        world.write(
            "people/eve.yaml",
            &format!(
                "name: Eve\ntype: employee\naccounts: {{ github: {{ login: eve-nw, id: 77 }} }}\nemails: [eve@northwind.example]\n\
                 keys: [\"{key}\"]\n"
            ),
        );
        edit(world, "vendors/globex.yaml", "2027-03-31", "2028-03-31");
    });
    let text = world.timed(&["plan", "--head", "eve"]).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for says in
        ["person `eve`: new", "eve-nw #77", "SHA256:", "eve@northwind.example", "2027-03-31 → 2028-03-31 (weaker)"]
    {
        assert!(text.contains(says), "{says} is not in\n{text}");
    }
}

#[test]
fn pipelines_and_custom_rules_are_named_for_what_they_are() {
    let world = World::new();
    branch(&world, "files", |world| {
        world.write(".gitlab-ci.yml", "apply:\n  script: dualkey apply\n");
        world.write("policies/own.rego", "package own\nimport rego.v1\n\nwarn contains \"x\" if false\n");
        world.write("docs/CODEOWNERS", "* @eve\n");
    });
    let text = world.timed(&["plan", "--head", "files"]).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for says in [
        "pipeline file `.gitlab-ci.yml`: new, 2 lines; what it does may run with the log's key",
        "custom rules of package `own` in `policies/own.rego`: new, 4 lines; they judge every change",
        "code owners `docs/CODEOWNERS`: new, 1 line",
    ] {
        assert!(text.contains(says), "{says} is not in\n{text}");
    }
    // words alone are told as such
    branch(&world, "words", |world| edit(world, "dualkey.yaml", "version: 1\n", "version: 1 # the only one\n"));
    world.timed(&["plan", "--head", "words"]).says("file `dualkey.yaml` says the same in other words");
}

#[test]
fn a_file_that_moves_is_told_by_what_it_says_otherwise() {
    let world = World::new();
    branch(&world, "moved", |world| {
        std::fs::create_dir(world.repo().join("roles/ops")).unwrap();
        std::fs::create_dir(world.repo().join("groups/x")).unwrap();
        std::fs::create_dir(world.repo().join("domains/all")).unwrap();
        world.git(&["mv", "roles/deployer.yaml", "roles/ops/deployer.yaml"]);
        edit(world, "roles/ops/deployer.yaml", "duties: [deploy]\n", "");
        edit(world, "roles/ops/deployer.yaml", "risk: elevated", "risk: standard");
        world.git(&["mv", "groups/access-admins.yaml", "groups/x/access-admins.yaml"]);
        edit(world, "groups/x/access-admins.yaml", "[lena.vogt", "[yusuf.demir, lena.vogt");
        world.git(&["mv", "domains/platform.yaml", "domains/all/platform.yaml"]);
    });
    let text = world.timed(&["plan", "--head", "moved"]).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for says in [
        "role `deployer`: duties deploy → nothing (weaker)",
        "role `deployer`: risk elevated → standard (weaker)",
        "yusuf.demir (weaker); others approve from now on",
        "file `roles/deployer.yaml` stands at `roles/ops/deployer.yaml` now",
        "file `domains/platform.yaml` stands at `domains/all/platform.yaml` now",
    ] {
        assert!(text.contains(says), "{says} is not in\n{text}");
    }
    for not in ["role `deployer`: new", "role `deployer`: gone", "domain `platform`"] {
        assert!(!text.contains(not), "{not} is in\n{text}");
    }
}

#[test]
fn nothing_of_a_list_is_left_out_however_long_it_is() {
    const ROLE: &str = "title: Sees metrics and logs\nrisk: standard\nentitlements:\n  project: [roles/bigquery.metadataViewer, \
         roles/cloudtrace.user, roles/clouddebugger.user, roles/cloudprofiler.user, roles/errorreporting.viewer, \
         roles/errorreporting.writer, roles/iam.roleViewer, roles/iam.securityAdmin, roles/logging.privateLogViewer, \
         roles/logging.viewer, roles/monitoring.alertPolicyViewer, roles/monitoring.dashboardViewer, \
         roles/monitoring.viewer, roles/stackdriver.accounts.viewer]\n";
    let kept: Vec<String> =
        (0..12).map(|n| format!("repository:northwind/number-{n:02}-of-the-old-platform:admin")).collect();
    let world = World::edited(&[(
        "policies/limits.yaml",
        "[\"account:*:BreakGlassAdmin\"]",
        &format!("[\"{}\"]", kept.join("\", \"")),
    )]);
    branch(&world, "long", |world| {
        world.write("roles/observer.yaml", ROLE);
        let last = &kept[0];
        edit(world, "policies/limits.yaml", &format!("[\"{}\"]", kept.join("\", \"")), &format!("[\"{last}\"]"));
    });
    for format in ["text", "markdown", "json"] {
        let plan = world.timed(&["plan", "--head", "long", "--format", format]).stdout;
        let text: String = plan.split_whitespace().collect();
        let names = |name: &str| assert!(text.contains(name), "{format}: {name} is not in\n{plan}");
        kept[1..].iter().for_each(|one| names(&one.split_once('/').unwrap().1.replace(":admin", "")));
        names("iam.securityAdmin");
        if format == "text" {
            let place = |name: &str| text.find(name).unwrap();
            assert!(place("iam.securityAdmin") < place("bigquery.metadataViewer"), "{plan}");
        }
    }
}
