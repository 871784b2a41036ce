//! What `init --github` writes is what `doctor` asks for, and each thing that is undone is found.

use std::collections::BTreeSet;

use github_standin::world::{Bypass, Enforcement, Plan, Protection, ReviewRule, Rule, Ruleset, Visibility};
use github_standin::{Server, World as Forge};
use serde_json::Value;

use crate::support::{NOW, Ran, World, finish, key};

mod files;
pub mod gh;
mod settings;
mod tokens;

const ADMINS: [(&str, &str); 3] =
    [("mei.tanaka", "mei-tanaka"), ("priya.shah", "priyashah"), ("sven.olsen", "sven-olsen")];

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// An access repository that `init` wrote, and the server on which it is.
struct Clinic {
    world: World,
    server: Server,
    /// Of an owner of the organisation.
    admin: String,
}

impl Clinic {
    /// As `init` leaves it.
    fn new() -> Self {
        let mut forge = Forge::new("northwind", NOW.parse().unwrap());
        for (_, login) in ADMINS {
            forge.add_owner(login);
        }
        let id = forge.add_repository("access");
        forge.add_deploy_key("access", "dualkey-log", false, "priyashah");
        let admin = forge.fine_grained_token("priyashah", "administration=write actions=write");
        let world = World::empty();
        let mut arguments: Vec<String> = ["init", "repo", "--organization", "northwind"].map(str::to_owned).to_vec();
        for (person, login) in ADMINS {
            let number = forge.account(login).unwrap().id;
            arguments.extend(["--admin".to_owned(), format!("{person}={}.pub", key(person).display())]);
            arguments.extend(["--account".to_owned(), format!("{person}={login}:{number}")]);
        }
        arguments.extend(["--github".to_owned(), format!("northwind/access:{id}")]);
        arguments.extend(["--organization-id".to_owned(), forge.organization().id.to_string()]);
        let ran = world.timed_in(world.root.path(), &arguments.iter().map(String::as_str).collect::<Vec<_>>());
        ran.exits(0).says("GITHUB.md");
        let clinic = Clinic { world, server: Server::start(forge), admin };
        // the server of this test is one of the organisation's own
        let api = format!("id: {id}, api: \"{}\"", clinic.server.url());
        clinic.edit("dualkey.yaml", &format!("id: {id}"), &api);
        clinic
    }

    /// As it is when the checklist was gone through.
    fn done() -> Self {
        let clinic = Clinic::new();
        let pin = clinic.world.read(".github/actions/dualkey/pin");
        let pin = pin.replace("source=\n", "source=https://forge.example/dualkey\n");
        clinic.world.write(".github/actions/dualkey/pin", &pin.replace("commit=\n", &format!("commit={COMMIT}\n")));
        let checklist = clinic.world.read("GITHUB.md");
        let commands = gh::commands(&checklist);
        assert!(commands.len() >= 9, "{commands:?}");
        for command in commands {
            let (status, answer) = gh::send(&clinic.server.url(), &clinic.admin, &clinic.world.repo(), &command);
            assert!((200..300).contains(&status), "{command}\n{answer}");
        }
        clinic
    }

    #[track_caller]
    fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.world.read(path);
        assert!(text.contains(from), "`{from}` is not in {path}:\n{text}");
        self.world.write(path, &text.replace(from, to));
    }

    #[track_caller]
    fn with_token(&self, token: &str, args: &[&str]) -> Ran {
        let mut command = self.world.command(&self.world.repo());
        command.arg("doctor").args(args).args(["--now", NOW]);
        command.env("GITHUB_API_URL", self.server.url());
        if !token.is_empty() {
            command.env("DUALKEY_FORGE_TOKEN", token);
        }
        let ran = finish(command);
        assert!(token.is_empty() || !format!("{}{}", ran.stdout, ran.stderr).contains(token), "a token was printed");
        ran
    }

    /// As an administrator sees it.
    #[track_caller]
    fn doctor(&self, args: &[&str]) -> Ran {
        self.with_token(&self.admin, &[&["--as-administrator"], args].concat())
    }

    /// The rules of the findings, each once.
    #[track_caller]
    fn found(&self) -> Vec<String> {
        rules(&self.doctor(&["--format", "json"]))
    }

    fn forge<T>(&self, act: impl FnOnce(&mut Forge) -> T) -> T {
        self.server.world(act)
    }

    /// Changes the ruleset of that name.
    fn ruleset(&self, name: &str, change: impl FnOnce(&mut Ruleset)) {
        self.forge(|forge| {
            let sets = &forge.repository("access").unwrap().code.rulesets;
            let id = *sets.iter().find(|(_, set)| set.name == format!("dualkey: {name}")).unwrap().0;
            forge.change_ruleset("access", id, change);
        });
    }
}

/// The rules of the findings, each once.
#[track_caller]
fn rules(ran: &Ran) -> Vec<String> {
    let document = ran.json();
    conforms(&document);
    let findings = document["findings"].as_array().unwrap();
    let rules: BTreeSet<String> = findings.iter().map(|one| one["rule"].as_str().unwrap().to_owned()).collect();
    // the exit code says the worst of it
    let unread = rules.contains("settings-not-read");
    let errors = findings.iter().any(|one| one["severity"] == "error");
    assert_eq!(ran.code, if unread { 5 } else { i32::from(errors) }, "{}", ran.stdout);
    assert_eq!(document["complete"], !unread);
    rules.into_iter().collect()
}

#[track_caller]
fn conforms(document: &Value) {
    let schema = format!("{}/schema/output/doctor.json", env!("CARGO_MANIFEST_DIR"));
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(schema).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let wrong: Vec<String> = validator.iter_errors(document).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:?}\n{document:#}");
}

#[test]
fn what_init_writes_is_clean_and_its_checklist_leaves_nothing_open() {
    let clinic = Clinic::new();
    clinic.world.timed(&["lint", "--fail-on", "warning"]).exits(0).says("no findings");
    clinic.world.timed(&["test"]).exits(0);
    // what is open before the checklist is what the checklist is for
    let open = [
        "branch-not-guarded",
        "check-not-required",
        "environment-open",
        "log-not-guarded",
        "oidc-subject-weak",
        "wf-program-unpinned",
    ];
    assert_eq!(clinic.found(), open);
    let clinic = Clinic::done();
    clinic.doctor(&[]).exits(0).says("no findings");
    assert_eq!(clinic.found(), [""; 0]);
    assert_eq!(clinic.server.take_violations(), [""; 0]);
}

#[test]
fn who_names_no_organisation_is_told_that_nothing_real_is_changed() {
    let clinic = Clinic::done();
    let settings = clinic.world.read("dualkey.yaml");
    let number = clinic.forge(|forge| forge.organization().id);
    assert!(settings.contains(&format!("  github: {{ organization: northwind, id: {number} }}\n")), "{settings}");
    assert!(!settings.contains("sandbox"), "{settings}");
    clinic.edit(
        "dualkey.yaml",
        &format!("{{ organization: northwind, id: {number} }}"),
        "{ type: sandbox, as: github }",
    );
    let told = clinic.doctor(&[]).exits(0).says("warning[targets-embedded]");
    told.says("gh api orgs/northwind --jq .id");

    let world = World::empty();
    let admin = format!("priya.shah={}.pub", key("priya.shah").display());
    let arguments =
        ["init", "repo", "--admin", &admin, "--github", "nortwind/access:12", "--organization", "northwind"];
    let ran = world.timed_in(world.root.path(), &arguments).exits(0);
    let ran = ran.says("nothing real is changed yet").says("gh api orgs/nortwind --jq .id");
    ran.says("dualkey targets --unapproved").says("warning: `nortwind/access` is not of `northwind`");
    // without a word of it the owner is the organisation
    let world = World::empty();
    let arguments = ["init", "repo", "--admin", &admin, "--github", "Northwind/access:12", "--organization-id", "9919"];
    let ran = world.timed_in(world.root.path(), &arguments).exits(0);
    assert!(!ran.stderr.contains("is not of") && !ran.stdout.contains("nothing real"), "{}{}", ran.stdout, ran.stderr);
    assert!(world.read("dualkey.yaml").contains("organization: northwind\n"));
}

#[test]
fn another_branch_and_odd_names_stand_in_what_is_written() {
    let world = World::empty();
    std::fs::create_dir(world.repo()).unwrap();
    world.git(&["init", "-q", "--initial-branch", "trunk"]);
    let admin = format!("priya.shah={}.pub", key("priya.shah").display());
    let account = "priya.shah=priyashah:7";
    let arguments = ["init", "repo", "--admin", &admin, "--account", account, "--github", "LOG-READ/APPLY:12"];
    world.timed_in(world.root.path(), &arguments).exits(0);
    assert!(world.read(".github/workflows/dualkey-apply.yml").contains("branches: [trunk]"));
    assert!(world.read(".github/rulesets/protected-branch.json").contains("refs/heads/trunk"));
    // whose account nobody said is told, and their reviews would count for nobody
    let world2 = World::empty();
    let arguments = ["init", "repo", "--admin", &admin, "--github", "northwind/access:12"];
    let ran = world2.timed_in(world2.root.path(), &arguments).exits(0);
    ran.says("reviews count for those whose account is known");
    let checklist = world.read("GITHUB.md");
    assert!(checklist.contains("repos/LOG-READ/APPLY/rulesets") && !checklist.contains("{{"), "{checklist}");
    assert!(checklist.contains("DUALKEY_LOG_KEY --repo LOG-READ/APPLY --env dualkey-apply < ../repo.log-key"));
}
