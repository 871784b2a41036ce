//! `dualkey lint`: every rule says what is wrong at the very line, and its flags choose what counts.

use serde_json::Value;

use crate::support::{ALICE, ALICE_GRANT, World};

const ALICE_FILE: &str = "people/alice.nguyen.yaml";
const GRANT: &str = "grants/payments/alice-refunds.yaml";
const BOB: &str = "people/bob.keller.yaml";
const CHECKOUT: &str = "grants/payments/bob-checkout.yaml";

/// What is changed in Northwind, the rule that this breaks, and the line that it points at.
struct Sample {
    rule: &'static str,
    severity: &'static str,
    file: &'static str,
    /// A text that only this line has; empty for the first line.
    at: &'static str,
    edits: Vec<(&'static str, &'static str, String)>,
}

/// Alice's grant, with a text replaced.
fn alice(rule: &'static str, at: &'static str, from: &'static str, to: &'static str) -> Sample {
    let edits = vec![(ALICE_FILE, "", ALICE.to_owned()), (GRANT, "", ALICE_GRANT.replace(from, to))];
    Sample { rule, severity: "error", file: GRANT, at, edits }
}

/// One edit in one file, and the finding in the same file.
fn edit(rule: &'static str, file: &'static str, at: &'static str, from: &'static str, to: &str) -> Sample {
    elsewhere(rule, file, at, file, from, to)
}

/// One edit in one file, and the finding in another.
fn elsewhere(
    rule: &'static str,
    found_in: &'static str,
    at: &'static str,
    file: &'static str,
    from: &'static str,
    to: &str,
) -> Sample {
    Sample { rule, severity: "error", file: found_in, at, edits: vec![(file, from, to.to_owned())] }
}

impl Sample {
    fn also(mut self, file: &'static str, from: &'static str, to: &str) -> Self {
        self.edits.push((file, from, to.to_owned()));
        self
    }

    fn warns(mut self) -> Self {
        self.severity = "warning";
        self
    }

    fn make(&self, world: &World) {
        for (file, from, to) in &self.edits {
            if from.is_empty() {
                world.write(file, to);
            } else {
                let text = world.read(file);
                assert!(text.contains(from), "`{from}` is not in {file}");
                world.write(file, &text.replace(from, to));
            }
        }
    }

    fn line(&self, world: &World) -> u64 {
        if self.at.is_empty() {
            return 1;
        }
        let text = world.read(self.file);
        let mut lines = text.lines().enumerate().filter(|(_, line)| line.contains(self.at));
        let (at, _) = lines.next().unwrap_or_else(|| panic!("`{}` is not in {}", self.at, self.file));
        assert!(lines.next().is_none(), "`{}` is twice in {}", self.at, self.file);
        at as u64 + 1
    }

    /// What is wrong with the answer, if anything.
    fn check(&self, world: &World) -> Option<String> {
        self.make(world);
        let ran = world.timed(&["lint", "--format", "json"]);
        let expected = i32::from(ran.json()["summary"]["errors"].as_u64().unwrap() > 0);
        let ran = ran.exits(expected);
        let found = ran.json()["findings"].as_array().unwrap().clone();
        let line = self.line(world);
        let places: Vec<String> = found
            .iter()
            .map(|f| format!("{}[{}] {}:{}", text(f, "severity"), text(f, "rule"), text(f, "file"), f["line"]))
            .collect();
        let place = format!("{}[{}] {}:{line}", self.severity, self.rule, self.file);
        let one = places.iter().position(|one| *one == place).and_then(|at| found.get(at));
        let told = one.is_some_and(|one| !text(one, "message").is_empty() && !text(one, "help").is_empty());
        // the text points at the same file
        let shown = world.timed(&["lint", "--select", self.rule]);
        let label = format!("{}[{}]", self.severity, self.rule);
        let shown = shown.stdout.contains(&label) && shown.stdout.contains(&format!("--> {}", self.file));
        world.dualkey(&["explain", self.rule]).exits(0).says(self.rule);
        world.git(&["reset", "-q", "--hard"]);
        world.git(&["clean", "-q", "-f", "-d"]);
        (!told || !shown).then(|| format!("{place} is not among {places:#?}"))
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap()
}

fn check_all(samples: Vec<Sample>) {
    let world = World::new();
    world.timed(&["lint"]).exits(0).says("no findings");
    let wrong: Vec<String> = samples.iter().filter_map(|sample| sample.check(&world)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rules_about_reading() {
    let nested = format!("reason: {}", "[".repeat(70));
    let mut deep = alice("too-large", "reason: [[[", "", "");
    deep.edits[1].2 = ALICE_GRANT.replace("reason: Build the refund flow", &nested);
    check_all(vec![
        alice("invalid-yaml", "role: developer", "[alice.nguyen]", "[alice.nguyen"),
        alice("duplicate-key", "role: reader", "domain:", "role: reader\ndomain:"),
        alice("yaml-feature", "role: &again", "role: developer", "role: &again developer"),
        deep,
        alice("hidden-character", "reason:", "refund", "re\u{200b}fund"),
        edit("schema", BOB, "type: alien", "type: contractor", "type: alien"),
        alice("schema", "role:", "role: developer", "role: 7"),
        edit("schema", "domains/payments-staging.yaml", "payments-stg-account", "\"111122223333\"", "111122223333"),
        alice("unknown-field", "untill:", "until:", "untill:"),
        alice("unknown-reference", "role: developper", "role: developer", "role: developper"),
        alice("unknown-reference", "domain: payments", "payments-staging", "payments-staging2"),
        alice("unknown-reference", "resources:", "payments-api", "payments-app"),
        alice("unknown-reference", "to:", "alice.nguyen", "alice.nguyn"),
        edit("unknown-reference", BOB, "vendor:", "globex\n", "globbex\n"),
        edit("unknown-reference", "policies/approvals.yaml", "privileged", "group:security", "group:secrecy"),
        edit("unexpected-file", "grants/payments/alice.yml", "", "", "to: [bob.keller]\n"),
        edit("unexpected-file", "roles/README.md", "", "", "hello\n"),
        edit(
            "unsafe-path",
            "people/Bob.keller.yaml",
            "",
            "",
            "name: Bob
",
        ),
        alice("invalid-date", "until:", "2027-01-03", "2027-02-30"),
        alice("invalid-date", "until:", "2027-01-03", "2027-01-03T09:00:00"),
        alice("invalid-date", "until:", "2027-01-03", "2027-1-3"),
        edit("invalid-id", "people/a..b.yaml", "", "", "name: A\ntype: employee\n"),
        edit("invalid-id", "people/Ann.yaml", "", "", "name: A\ntype: employee\n"),
        edit("schema", "dualkey.yaml", "approval:", "evidence: signatures", "evidence: github"),
        edit("invalid-id", "policies/ratified/9c1f.yaml", "", "", "reason: nobody was there\n"),
    ]);
}

#[test]
fn rules_about_identity() {
    let priya = "people/priya.shah.yaml";
    check_all(vec![
        elsewhere("shared-account", priya, "github:", BOB, "402668", "204117"),
        elsewhere("shared-account", priya, "github:", BOB, "login: bobkeller", "login: PriyaShah"),
        elsewhere("shared-account", priya, "  aws:", BOB, "  gcp:", "  aws: priya@northwind.example\n  gcp:"),
        elsewhere(
            "shared-account",
            priya,
            "emails:",
            BOB,
            "emails: [bob@globex.example",
            "emails: [priya@northwind.example",
        ),
        edit("unsupported-key", BOB, "keys:", "ssh-ed25519", "ssh-rsa"),
        edit("missing-sponsor", BOB, "type: contractor", "sponsor: priya.shah\n", ""),
        edit("sponsor-not-employee", BOB, "sponsor:", "priya.shah", "yara.haddad"),
        edit("sponsor-not-employee", "vendors/globex.yaml", "sponsor:", "priya.shah", "settlement-bot"),
        elsewhere("missing-account", CHECKOUT, "to:", BOB, "  gcp: bob@globex.example\n", ""),
        edit(
            "group-cycle",
            "groups/payments-leads.yaml",
            "members:",
            "priya.shah]",
            "priya.shah, \"group:ledger-leads\"]",
        )
        .also("groups/ledger-leads.yaml", "priya.shah", "\"group:payments-leads\""),
    ]);
    let world = World::new();
    let key = crate::support::public_key("priya.shah");
    let grace = world.read("people/grace.lin.yaml").replace(&crate::support::public_key("grace.lin"), &key);
    world.write("people/grace.lin.yaml", &grace);
    world.timed(&["lint"]).exits(1).says("error[shared-key]").says("--> people/priya.shah.yaml:8:");
}

#[test]
fn rules_about_least_privilege() {
    check_all(vec![
        edit("unbounded-grant", CHECKOUT, "", "until: 2027-02-26\n", ""),
        elsewhere("grant-too-long", CHECKOUT, "until:", "policies/limits.yaml", "180 days", "140 days"),
        edit("grant-too-long", CHECKOUT, "", "from: 2026-10-05\n", ""),
        elsewhere(
            "grant-too-long",
            "grants/payments/yara-security-test.yaml",
            "until:",
            "roles/tester.yaml",
            "90 days",
            "80 days",
        ),
        edit("grant-outlives-engagement", CHECKOUT, "until:", "2027-02-26", "2027-03-05"),
        elsewhere(
            "grant-outlives-contract",
            "grants/ledger/ines-reconciliation.yaml",
            "until:",
            "vendors/initech.yaml",
            "2027-05-31",
            "2027-03-15",
        ),
        edit("role-denied-to-contractors", CHECKOUT, "role:", "developer", "deployer"),
        edit("empty-grant", "grants/payments/payments-developers.yaml", "role:", "developer", "payee-clerk"),
        edit("empty-grant", CHECKOUT, "to:", "[bob.keller]", "[\"group:nobody\"]")
            .also("groups/nobody.yaml", "", "members: []\n")
            .warns(),
    ]);
}

#[test]
fn rules_about_domains() {
    let contractor = alice("domain-denied-to-contractors", "domain:", "payments-staging", "payments-production").also(
        GRANT,
        "[payments-api]",
        "[payments-project]",
    );
    check_all(vec![
        elsewhere(
            "resource-in-two-domains",
            "domains/payments-staging.yaml",
            "  payments-api:",
            "domains/ledger-staging.yaml",
            "resources:\n",
            "resources:\n  api: { repository: northwind/payments-api }\n",
        ),
        contractor,
        edit("vendor-outside-its-domains", "grants/ledger/ines-reconciliation.yaml", "domain:", "ledger-staging", "payments-staging")
            .also("grants/ledger/ines-reconciliation.yaml", "[ledger, ledger-stg-project]", "[payments-api]"),
        elsewhere("domain-crossing", "grants/ledger/bob-refund-events.yaml", "domain:", "bridges/refund-events.yaml", "[bob.keller]", "[yara.haddad]"),
        Sample {
            rule: "service-crosses-domains",
            severity: "error",
            file: "grants/bot.yaml",
            at: "domain:",
            edits: vec![("grants/bot.yaml", "", "to: [settlement-bot]\nrole: reader\ndomain: payments-production\nfrom: 2026-11-01\nuntil: 2027-01-01\nreason: More\n".to_owned())],
        },
    ]);
}

#[test]
fn rules_about_duties_and_approval() {
    let waivers = "policies/waivers.yaml";
    let waiver = |digest: &str, owner: &str, until: &str| {
        format!(
            "waivers:\n  - {{ rule: develop-and-deploy, rule_digest: \"{digest}\", person: tom.reed, from: 2026-11-01, \
             until: {until}, owner: {owner}, control: \"daily review\", ticket: RISK-88 }}\n"
        )
    };
    let world = World::new();
    let shown = world.dualkey(&["explain", "develop-and-deploy"]).exits(0).stdout;
    let digest = shown.split("rule_digest: ").nth(1).unwrap().trim().to_owned();
    let old = format!("sha256:{}", "0".repeat(64));
    let waived = |rule, digest: &str, owner: &str, until: &str| {
        let mut sample = edit(rule, waivers, "- { rule:", "", &waiver(digest, owner, until));
        sample.edits[0].1 = "";
        sample
    };
    let tom = "grants/payments/tom-develops.yaml";
    let developer =
        "to: [tom.reed]\nrole: developer\ndomain: payments-staging\nresources: [payments-api]\nreason: Helps out\n";
    let approvals = "policies/approvals.yaml";
    check_all(vec![
        elsewhere("separation-of-duties", "grants/payments/tom-releases.yaml", "role:", tom, "", developer),
        elsewhere(
            "separation-of-duties",
            "grants/payments/payment-approvers.yaml",
            "role:",
            "grants/payments/payees.yaml",
            "[hana.kim]",
            "[hana.kim, omar.diallo]",
        ),
        waived("waiver-invalid", &digest, "tom.reed", "2026-12-15"),
        waived("waiver-invalid", &digest, "priya.shah", "2027-03-15"),
        waived("waiver-rule-changed", &old, "priya.shah", "2026-12-15"),
        waived("waiver-unused", &digest, "priya.shah", "2026-12-15").warns(),
        waived("waiver-expired", &digest, "priya.shah", "2026-11-20").warns(),
        elsewhere(
            "no-approval-rule",
            "dualkey.yaml",
            "approval:",
            approvals,
            "  - { change: bridge, count: 1, from: domain-owners }\n",
            "",
        ),
        elsewhere(
            "approver-cannot-be-met",
            approvals,
            "{ change: access, count: 1",
            "domains/platform.yaml",
            "[lena.vogt, mei.tanaka, sven.olsen]",
            "[lena.vogt]",
        ),
        edit(
            "owner-is-contractor",
            "domains/ledger-staging.yaml",
            "owners:",
            "[\"group:ledger-leads\"]",
            "[\"group:ledger-leads\", bob.keller]",
        ),
        edit("schema", approvals, "severities:", "approvals:", "severities: { domain-crossing: warning }\napprovals:"),
    ]);
}

#[test]
fn rules_that_time_brings_and_warnings() {
    let yara = "grants/payments/yara-security-test.yaml";
    check_all(vec![
        edit("expired-grant", yara, "until:", "2027-01-29", "2026-11-20").warns(),
        edit("expires-soon", yara, "until:", "2027-01-29", "2026-12-01").warns(),
        edit("bridge-expired", "bridges/refund-events.yaml", "until:", "2027-01-29", "2026-11-20").warns(),
        edit("engagement-over", "people/yara.haddad.yaml", "ended:", "accounts:", "ended: 2026-11-20\naccounts:")
            .warns(),
        edit(
            "unused-role",
            "roles/idle.yaml",
            "",
            "",
            "title: Idle\nrisk: standard\nentitlements: { repository: pull }\n",
        )
        .warns(),
        edit(
            "redundant-grant",
            "grants/payments/the-same-again.yaml",
            "",
            "",
            "to: [grace.lin]\nrole: developer\ndomain: payments-staging\nreason: Again\n",
        )
        .warns(),
    ]);
}

#[test]
fn a_change_of_policy_and_access_together_is_refused_by_plan() {
    let world = World::new();
    world.let_alice_in("alice");
    world.write("roles/developer.yaml", &world.read("roles/developer.yaml").replace("push", "maintain"));
    world.timed(&["plan"]).exits(1).says("error[mixed-change]").says("blocked");
    world.timed(&["lint"]).exits(0);
}

#[test]
fn another_log_or_branch_than_the_one_of_the_genesis_is_refused_by_plan() {
    for (from, to) in [("refs/dualkey/audit", "refs/dualkey/other"), ("branch: main", "branch: trunk")] {
        let world = World::new();
        world.write("dualkey.yaml", &world.read("dualkey.yaml").replace(from, to));
        world.timed(&["plan", "--base", "HEAD"]).exits(1).says("error[not-supported]").says("blocked");
    }
}

/// The findings of a document: rule, severity, state.
fn states(document: &Value) -> Vec<String> {
    let of = |f: &Value| format!("{} {} {}", text(f, "rule"), text(f, "severity"), text(f, "state"));
    document["findings"].as_array().unwrap().iter().map(of).collect()
}

#[test]
fn flags_choose_what_counts() {
    let world = World::new();
    world.write(
        "grants/payments/yara-security-test.yaml",
        &world.read("grants/payments/yara-security-test.yaml").replace("2027-01-29", "2026-12-01"),
    );
    let lint = |args: &[&str]| {
        let mut all = vec!["lint"];
        all.extend(args);
        world.timed(&all)
    };
    // a warning doesn't fail unless it is asked to
    lint(&[]).exits(0).says("warning[expires-soon]").says("1 warning in");
    lint(&["--fail-on", "warning"]).exits(1);
    lint(&["--fail-on", "warning", "--ignore", "expires-soon"]).exits(0).says("no findings");
    lint(&["--fail-on", "warning", "--select", "shared-key"]).exits(0).says("no findings");
    lint(&["--fail-on", "warning", "--select", "shared-key", "--select", "expires-soon"]).exits(1);
    lint(&["--fail-on", "warning", "--select", "shared-key,expires-soon"]).exits(1);
    lint(&["--fail-on", "warning", "--ignore", "shared-key,expires-soon"]).exits(0);
    // a rule that isn't there would look like a clean repository
    lint(&["--select", "shared-keys"]).exits(2).says("`shared-keys` is not a rule").says("did you mean `shared-key`?");
    lint(&["--ignore", "expire-soon"]).exits(2).says("did you mean `expires-soon`?");
    lint(&["--select", "shared-key,expire-soon"]).exits(2).says("did you mean `expires-soon`?");
    lint(&["--select", ""]).exits(2);
    lint(&["--select", "xyz"]).exits(2).says("help:");
    lint(&["--select", "shared-key", "--ignore", "shared-key"]).exits(2);
    lint(&["--fail-on", "everything"]).exits(2);
    // what is committed is not what is being edited
    lint(&["--rev", "HEAD"]).exits(0).says("no findings");
    // a warning that stood fails nobody's change
    let base = world.rev("HEAD");
    world.commit("A warning");
    lint(&["--fail-on", "warning", "--base", &base]).exits(1);
    lint(&["--fail-on", "warning", "--base", "HEAD"]).exits(0).says("1 warning (1 standing)");
    lint(&["--base", "nowhere"]).exits(2);
    // what keeps everything from being judged is told whatever is chosen
    world.write("dualkey.yaml", &world.read("dualkey.yaml").replace("timezone:", "timezon:"));
    lint(&["--select", "shared-key"]).exits(1).says("error[unknown-field]");
}

#[test]
fn a_base_tells_what_is_new() {
    let world = World::new();
    let checkout = world.read(CHECKOUT);
    world.write(CHECKOUT, &checkout.replace("2027-02-26", "2027-03-05").replace("role: developer", "role: deployer"));
    let alone = world.timed(&["lint", "--format", "json"]).exits(1).json();
    assert!(states(&alone).contains(&"grant-outlives-engagement error new".to_owned()), "{alone}");
    world.commit("Two mistakes");
    // both stood: nothing fails, and the end that is too late weighs less
    let standing = world.timed(&["lint", "--base", "HEAD", "--format", "json"]).exits(0).json();
    assert!(states(&standing).contains(&"grant-outlives-engagement warning standing".to_owned()), "{standing}");
    assert!(states(&standing).contains(&"role-denied-to-contractors error standing".to_owned()), "{standing}");
    world.timed(&["lint", "--base", "HEAD"]).says("standing");
    // lines that move are no new mistakes
    world.write(CHECKOUT, &format!("# moved\n{}", world.read(CHECKOUT)));
    world.timed(&["lint", "--base", "HEAD"]).exits(0);
    // a third one is
    world.write("people/x.yaml", "name: X\ntype: alien\n");
    let third = world.timed(&["lint", "--base", "HEAD", "--format", "json"]).exits(1).json();
    assert!(states(&third).contains(&"schema error new".to_owned()), "{third}");
    world.timed(&["lint", "--base", "HEAD~1"]).exits(1);
}

#[test]
fn a_waiver_silences_while_it_lasts() {
    let world = World::new();
    world.write(
        "grants/payments/tom-develops.yaml",
        "to: [tom.reed]\nrole: developer\ndomain: payments-staging\nresources: [payments-api]\nfrom: 2026-11-24\nuntil: 2026-12-10\nreason: Helps out\n",
    );
    world.timed(&["lint"]).exits(1).says("error[separation-of-duties]");
    let shown = world.dualkey(&["explain", "develop-and-deploy"]).exits(0).stdout;
    let digest = shown.split("rule_digest: ").nth(1).unwrap().trim();
    let waiver = |until: &str| {
        format!(
            "waivers:\n  - {{ rule: develop-and-deploy, rule_digest: \"{digest}\", person: tom.reed, from: 2026-11-24, \
             until: {until}, owner: priya.shah, control: \"daily review\", ticket: RISK-88 }}\n"
        )
    };
    world.write("policies/waivers.yaml", &waiver("2026-12-15"));
    let waived = world.timed(&["lint", "--format", "json"]).exits(0).json();
    assert_eq!(states(&waived), ["separation-of-duties error waived"]);
    world.timed(&["lint"]).exits(0).says("1 error (1 waived)");
    // what remains after its end is told now
    world.write("policies/waivers.yaml", &waiver("2026-12-05"));
    world.timed(&["lint"]).exits(1).says("error[separation-of-duties]").says("2026-12-06");
}

#[test]
fn a_file_that_is_wrong_is_still_there() {
    let world = World::new();
    let people = world.read("people/bob.keller.yaml");
    world.write("people/bob.keller.yaml", &people.replace("type: contractor", "type: contracter"));
    let ran = world.timed(&["lint"]).exits(1).says("people/bob.keller.yaml:2");
    assert!(!ran.stdout.contains("unknown-reference"), "{}", ran.stdout);
}
