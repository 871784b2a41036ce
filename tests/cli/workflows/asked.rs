//! What each workflow asks of the program, with which secrets, and where it asks nothing at all.

use std::path::Path;

use serde_json::{Value, json};

use super::runner::{Event, Job, Runner, recorder};
use crate::support::World;

const ID: u64 = 734_512;

const READ: &str = "DUALKEY_ANCHOR DUALKEY_READER_GITHUB_TOKEN GITHUB_TOKEN";
const WRITE: &str =
    "DUALKEY_ANCHOR DUALKEY_LOG_KEY DUALKEY_READER_GITHUB_TOKEN DUALKEY_WRITER_GITHUB_TOKEN GITHUB_TOKEN";

/// An access repository with a proposal, and a runner whose program writes down what it is asked.
struct Scene {
    world: World,
    head: String,
    /// How the program ends.
    ends: i32,
}

impl Scene {
    fn new() -> Self {
        let world = World::new();
        world.let_alice_in("alice");
        std::fs::create_dir(world.path("northwind")).unwrap();
        std::os::unix::fs::symlink("../origin.git", world.path("northwind/access.git")).unwrap();
        for number in ["3", "12"] {
            world.git(&["push", "-q", "origin", &format!("alice:refs/pull/{number}/head")]);
        }
        Scene { head: world.rev("alice"), world, ends: 0 }
    }

    fn runner(&self) -> Runner<'_> {
        let asked = self.world.path("asked");
        let server = format!("file://{}", self.world.root.path().display());
        let token = |permissions: &serde_json::Map<String, Value>| json!(permissions).to_string();
        let mut runner = Runner::new(server, ("northwind/access", ID), token);
        runner.dualkey = recorder(&asked, self.ends);
        let gh = "#!/usr/bin/env bash\ncase \"$1\" in api) printf '3\\n12\\n' ;; *) cat > \"$KEPT\" ;; esac\n\
                  printf 'gh %s\\n' \"$*\" >> \"$ASKED\"\n";
        runner.programs.insert("gh".to_owned(), gh.to_owned());
        for (name, file) in [("KEPT", "kept"), ("ASKED", "asked")] {
            runner.beside.insert(name.to_owned(), self.world.path(file).to_str().unwrap().to_owned());
        }
        for (name, secrets) in [
            // a secret that stands in the wrong environment reaches nobody
            ("dualkey-read", &["DUALKEY_READER_GITHUB_TOKEN", "DUALKEY_WRITER_GITHUB_TOKEN"][..]),
            (
                "dualkey-apply",
                &[
                    "DUALKEY_READER_GITHUB_TOKEN",
                    "DUALKEY_WRITER_GITHUB_TOKEN",
                    "DUALKEY_LOG_KEY",
                    "DUALKEY_VARIABLES_TOKEN",
                ],
            ),
        ] {
            let environment = runner.environments.entry(name.to_owned()).or_default();
            environment.secrets =
                secrets.iter().map(|secret| ((*secret).to_owned(), format!("secret of {secret}"))).collect();
            for (variable, value) in [("DUALKEY_ANCHOR", "the anchor"), ("DUALKEY_CHECKPOINT", "the checkpoint")] {
                environment.variables.insert(variable.to_owned(), value.to_owned());
            }
        }
        runner
    }

    fn happens(&self, caller: &str, event: &Event) -> Vec<Job> {
        let _ = std::fs::remove_file(self.world.path("asked"));
        self.runner().happens(caller, event)
    }

    /// What was asked since the last event, a line each.
    fn asked(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.world.path("asked")).unwrap_or_default();
        text.lines().map(|line| line.replace(&self.head, "HEAD")).collect()
    }

    /// The unprivileged workflow of a pull request or of the queue came to its end.
    fn ran(&self, of: &str) -> Event {
        ran(of, &self.head, ID)
    }
}

fn ran(of: &str, head: &str, repository: u64) -> Event {
    let run = json!({ "name": "dualkey-event", "event": of, "head_sha": head, "repository": { "id": repository } });
    Event { name: "workflow_run", payload: json!({ "workflow_run": run }), of: "refs/heads/main" }
}

fn event(name: &'static str, of: &'static str) -> Event {
    Event { name, payload: json!({}), of }
}

fn approved(head: &str) -> Event {
    let payload = json!({ "action": "dualkey-approved", "client_payload": { "head": head } });
    Event { name: "repository_dispatch", payload, of: "refs/heads/main" }
}

const MAIN: &str = "refs/heads/main";
const REVIEW: &str = "dualkey-review.yml";
const APPLY: &str = "dualkey-apply.yml";

#[test]
fn a_proposal_is_planned_and_verified_as_data() {
    let scene = Scene::new();
    let jobs = scene.happens(REVIEW, &scene.ran("pull_request"));
    for job in &jobs {
        job.succeeds();
    }
    assert_eq!(
        scene.asked(),
        [
            format!("plan --head HEAD --comment | {READ} | .git"),
            "verify --head HEAD --check | DUALKEY_ANCHOR GITHUB_TOKEN | .git".to_owned()
        ]
    );
    // the token can't change what is read
    assert!(jobs.iter().all(|job| job.permissions["contents"] == "read"));
    // what waits in the queue has no page of its own
    let jobs = scene.happens(REVIEW, &scene.ran("merge_group"));
    assert!(jobs[0].skipped);
    jobs[1].succeeds();
    assert_eq!(scene.asked(), ["verify --head HEAD --check | DUALKEY_ANCHOR GITHUB_TOKEN | .git"]);
}

#[test]
fn an_event_that_names_no_head_of_this_repository_is_refused() {
    let scene = Scene::new();
    let odd = ["", "main", "--upload-pack=x", "0123456789012345678901234567890123456789x", "$(touch here)"];
    let events = odd.iter().flat_map(|head| [ran("pull_request", head, ID), approved(head)]);
    for event in events.chain([ran("pull_request", &scene.head, ID + 1)]) {
        for job in scene.happens(REVIEW, &event).iter().filter(|job| !job.skipped) {
            assert_eq!(job.step("Read the event").outcome, "failure", "{}", event.payload);
            assert!(!job.succeeded());
        }
        assert_eq!(scene.asked(), [""; 0], "{}", event.payload);
    }
}

#[test]
fn an_approval_and_a_schedule_are_looked_at_too() {
    let scene = Scene::new();
    let jobs = scene.happens(REVIEW, &approved(&scene.head));
    assert!(jobs[0].skipped);
    jobs[1].succeeds();
    assert_eq!(scene.asked(), ["verify --head HEAD --check | DUALKEY_ANCHOR GITHUB_TOKEN | .git"]);
    for name in ["schedule", "workflow_dispatch"] {
        scene.happens(REVIEW, &event(name, MAIN))[1].succeeds();
        let asked = scene.asked();
        assert_eq!(asked[0], "gh api --paginate repos/northwind/access/pulls?state=open&per_page=100 --jq .[].number");
        assert_eq!(
            asked[1..],
            ["3", "12"].map(|pull| format!("verify --pull {pull} --check | DUALKEY_ANCHOR GITHUB_TOKEN | .git"))
        );
    }
}

#[test]
fn a_verdict_is_no_failure_of_the_job_and_no_verdict_is() {
    let mut scene = Scene::new();
    for (ends, succeeded) in [(0, true), (1, true), (3, true), (2, false), (5, false), (101, false)] {
        scene.ends = ends;
        let jobs = scene.happens(REVIEW, &event("schedule", MAIN));
        assert_eq!(jobs[1].succeeded(), succeeded, "{ends}");
        assert_eq!(scene.asked().len(), 3, "one pull request must not hide the next");
    }
}

#[test]
fn what_landed_is_applied_with_its_own_secrets_and_the_checkpoint_is_kept() {
    let mut scene = Scene::new();
    for (ends, succeeded) in [(0, true), (4, false)] {
        scene.ends = ends;
        let jobs = scene.happens(APPLY, &event("push", MAIN));
        assert!(jobs[1].skipped);
        assert_eq!(jobs[0].succeeded(), succeeded);
        assert_eq!(
            scene.asked(),
            [
                format!("apply --comment --checkpoint ../checkpoint | {WRITE} | .git"),
                "gh variable set DUALKEY_CHECKPOINT --repo northwind/access --env dualkey-apply".to_owned()
            ]
        );
        assert_eq!(std::fs::read_to_string(scene.world.path("kept")).unwrap(), "the checkpoint");
    }
    // by hand it is the same, and from another branch it is nothing
    scene.ends = 0;
    scene.happens(APPLY, &event("workflow_dispatch", MAIN))[0].succeeds();
    assert_eq!(scene.asked().len(), 2);
    let elsewhere = scene.happens(APPLY, &event("workflow_dispatch", "refs/heads/alice"));
    assert_eq!(elsewhere[0].step("Look where this runs").outcome, "failure");
    assert_eq!(scene.asked(), [""; 0]);
}

#[test]
fn ends_come_first_by_the_schedule_and_hold_nothing_up() {
    let mut scene = Scene::new();
    for (ends, succeeded) in [(0, true), (5, false)] {
        scene.ends = ends;
        let jobs = scene.happens(APPLY, &event("schedule", MAIN));
        assert!(jobs[0].skipped);
        assert_eq!(jobs[1].succeeded(), succeeded);
        assert_eq!(
            scene.asked(),
            [
                format!("apply --only-ends --checkpoint ../checkpoint | {WRITE} | .git"),
                format!("apply --comment --checkpoint ../checkpoint | {WRITE} | .git"),
                format!("drift --issue | {READ} | .git"),
                "gh variable set DUALKEY_CHECKPOINT --repo northwind/access --env dualkey-apply".to_owned()
            ]
        );
    }
}

#[test]
fn the_event_of_a_proposal_asks_nothing_and_has_nothing() {
    let scene = Scene::new();
    for name in ["pull_request", "pull_request_review", "merge_group"] {
        let jobs = scene.happens("dualkey-event.yml", &event(name, "refs/pull/3/merge"));
        assert!(jobs[0].succeeds().permissions.is_empty());
        assert_eq!(scene.asked(), [""; 0]);
    }
}

#[test]
fn git_shows_the_token_to_its_own_server_alone() {
    let place = tempfile::tempdir().unwrap();
    let contexts = json!({ "github": { "server_url": "https://github.example" } });
    let asked = super::expression::Asked { contexts: &contexts, failed: false };
    for name in ["plan", "verify", "apply", "reconcile"] {
        let file = super::folder().join(format!("workflows/{name}.yml"));
        let (_, job) = super::jobs(&super::parsed(&std::fs::read_to_string(file).unwrap())).remove(0);
        let fill = |host: &str| {
            let mut git = crate::support::scrubbed("bash", place.path());
            git.args(["-c", &format!("printf 'protocol=https\\nhost={host}\\n\\n' | git credential fill")]);
            git.env("GIT_TERMINAL_PROMPT", "0").env("GITHUB_TOKEN", "the token");
            for (variable, value) in job["env"].as_object().unwrap() {
                git.env(variable, super::expression::text(value, &asked));
            }
            crate::support::finish(git)
        };
        fill("github.example").exits(0).says("username=x-access-token").says("password=the token");
        assert!(!fill("elsewhere.example").stdout.contains("the token"), "{name}");
    }
}

/// Runs `with-credentials` on a program that shows its environment.
fn credentials(programs: &Path, given: &[(&str, &str)]) -> crate::support::Ran {
    let mut command = crate::support::scrubbed(super::folder().join("actions/dualkey/with-credentials"), programs);
    command.env("PATH", format!("{}:{}", programs.display(), std::env::var("PATH").unwrap()));
    command.args(["bash", "-c", "env | grep -E '^(DUALKEY|ACTIONS)_' | sort"]).envs(given.iter().copied());
    crate::support::finish(command)
}

#[test]
fn further_credentials_are_taken_line_by_line_and_never_shown() {
    let place = tempfile::tempdir().unwrap();
    let lines = "# of the shop\nDUALKEY_READER_SHOP_USER=reader\n\nDUALKEY_READER_SHOP_PASSWORD=a=b c\n";
    let ran = credentials(place.path(), &[("DUALKEY_CREDENTIALS", lines)]).exits(0);
    let seen: Vec<&str> = ran.stdout.lines().filter(|line| !line.starts_with("::")).collect();
    assert_eq!(seen, ["DUALKEY_READER_SHOP_PASSWORD=a=b c", "DUALKEY_READER_SHOP_USER=reader"]);
    assert!(ran.stdout.starts_with("::add-mask::reader\n::add-mask::a=b c\n"), "{}", ran.stdout);
    for wrong in ["hunter2", "PATH=hunter2", "DUALKEY_LOG_KEY=hunter2", "DUALKEY_READER_X;id=hunter2", "=hunter2"] {
        let ran = credentials(place.path(), &[("DUALKEY_CREDENTIALS", wrong)]).exits(2);
        assert!(ran.stderr.contains("line 1 of DUALKEY_CREDENTIALS"), "{}", ran.stderr);
        assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("hunter2"));
    }
}

#[test]
fn an_identity_is_exchanged_for_a_token() {
    let place = tempfile::tempdir().unwrap();
    // whoever is asked answers what shows how it was asked; secrets are no words of a command
    let curl = "#!/usr/bin/env bash\nread -r header\n[[ \"$*\" != *secret* ]] || exit 9\nurl=\"${@: -1}\"\ncase \"$url\" in\n\
                https://identity.example/*) echo \"{\\\"value\\\": \\\"id of ${header#Authorization: Bearer } for ${url##*=}\\\"}\" ;;\n\
                *) echo \"{\\\"token\\\": \\\"token for ${header#Authorization: Bearer }\\\"}\" ;;\nesac\n";
    std::fs::write(place.path().join("curl"), curl).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(place.path().join("curl"), mode).unwrap();
    let given = [
        ("ACTIONS_ID_TOKEN_REQUEST_URL", "https://identity.example/token?v=1"),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "secret"),
        ("DUALKEY_EXCHANGE_URL", "https://exchange.example/take"),
        ("DUALKEY_EXCHANGE_AUDIENCE", "the exchange"),
        ("DUALKEY_EXCHANGE_FOR", ""),
    ];
    let ran = credentials(place.path(), &given).exits(0);
    let seen: Vec<&str> = ran.stdout.lines().filter(|line| !line.starts_with("::")).collect();
    assert_eq!(seen, ["DUALKEY_WRITER_GITHUB_TOKEN=token for id of secret for the%20exchange"]);
    assert_eq!(ran.stdout.matches("::add-mask::").count(), 2);
    let without = credentials(place.path(), &given[2..]).exits(2);
    assert!(without.stderr.contains("id-token: write"));
    let odd = [&given[..4], &[("DUALKEY_EXCHANGE_FOR", "PATH")]].concat();
    credentials(place.path(), &odd).exits(2);
}

#[test]
fn what_is_written_is_pushed_by_the_deploy_key_where_there_is_one() {
    let scene = Scene::new();
    for (caused, job) in [("push", 0), ("schedule", 1)] {
        let mut runner = scene.runner();
        let environment = runner.environments.get_mut("dualkey-apply").unwrap();
        environment.secrets.insert("DUALKEY_PUSH_KEY".to_owned(), "the private half".to_owned());
        let asked = scene.world.path("asked");
        let _ = std::fs::remove_file(&asked);
        runner.dualkey = format!(
            "#!/usr/bin/env bash\n(git remote get-url origin; echo \"$GIT_SSH_COMMAND\") >> '{}'\n",
            asked.display()
        );
        let jobs = runner.happens(APPLY, &event(caused, MAIN));
        jobs[job].succeeds();
        let asked = scene.asked();
        assert!(asked.contains(&"gh api meta --jq .ssh_keys[]".to_owned()), "{asked:#?}");
        assert!(asked.iter().any(|line| line.starts_with("ssh://git@") && line.ends_with("/northwind/access.git")));
        let by = asked.iter().find(|line| line.starts_with("ssh -i ")).expect("git is told how to go there");
        assert!(by.contains("/push-key ") && by.contains("StrictHostKeyChecking=yes") && by.ends_with("/push-hosts"));
    }
}
