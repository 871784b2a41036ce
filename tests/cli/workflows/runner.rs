//! Runs the scripts of a workflow in their order, as a runner would: with what the job is given and nothing else.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::expression::{self, Asked, text};
use super::{folder, jobs, parsed};
use crate::support::{Ran, finish, scrubbed};

/// The secrets and variables of an environment, which only a job that names it has.
#[derive(Clone, Default)]
pub struct Environment {
    pub secrets: BTreeMap<String, String>,
    pub variables: BTreeMap<String, String>,
}

/// Makes the token of a job of its permissions.
type Tokens<'a> = Box<dyn Fn(&Map<String, Value>) -> String + 'a>;

/// A runner with the repository that its workflows belong to.
pub struct Runner<'a> {
    home: TempDir,
    /// Where its `.github` is.
    pub files: PathBuf,
    /// The address before OWNER/NAME.
    pub server: String,
    pub repository: (String, u64),
    pub environments: BTreeMap<String, Environment>,
    /// What is in the environment of every step beside what the workflow says.
    pub beside: BTreeMap<String, String>,
    token: Tokens<'a>,
    /// Programs that come before those of the machine, by name.
    pub programs: BTreeMap<String, String>,
    /// What stands for the installed program.
    pub dualkey: String,
}

/// A step that ran, or was skipped.
#[derive(Debug)]
pub struct Step {
    pub name: String,
    pub outcome: &'static str,
    pub said: String,
}

/// How a job went.
#[derive(Debug)]
pub struct Job {
    pub permissions: Map<String, Value>,
    pub steps: Vec<Step>,
    pub skipped: bool,
}

impl Job {
    pub fn succeeded(&self) -> bool {
        !self.skipped && self.steps.iter().all(|step| step.outcome != "failure")
    }

    #[track_caller]
    pub fn step(&self, name: &str) -> &Step {
        self.steps.iter().find(|step| step.name == name).unwrap_or_else(|| panic!("no step `{name}` in {self:#?}"))
    }

    #[track_caller]
    pub fn succeeds(&self) -> &Self {
        assert!(self.succeeded(), "{self:#?}");
        self
    }
}

/// What happens: its name, and what GitHub tells of it.
pub struct Event {
    pub name: &'static str,
    pub payload: Value,
    /// The ref that the run is of.
    pub of: &'static str,
}

impl<'a> Runner<'a> {
    pub fn new(server: String, repository: (&str, u64), token: impl Fn(&Map<String, Value>) -> String + 'a) -> Self {
        Runner {
            home: tempfile::tempdir().unwrap(),
            files: folder(),
            server,
            repository: (repository.0.to_owned(), repository.1),
            environments: BTreeMap::new(),
            beside: BTreeMap::new(),
            token: Box::new(token),
            programs: BTreeMap::new(),
            dualkey: String::new(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Runs the workflow that calls others, for an event that it listens to.
    pub fn happens(&self, caller: &str, event: &Event) -> Vec<Job> {
        let workflow = parsed(&std::fs::read_to_string(self.files.join("callers").join(caller)).unwrap());
        listens(&workflow["on"], event);
        let github = self.github(event);
        let mut ran = Vec::new();
        for (_, job) in jobs(&workflow) {
            let contexts = json!({ "github": github, "secrets": {}, "vars": {}, "inputs": {} });
            let asked = Asked { contexts: &contexts, failed: false };
            if !expression::holds(&job["if"], &asked) {
                ran.push(Job { permissions: Map::new(), steps: Vec::new(), skipped: true });
                continue;
            }
            match job["uses"].as_str() {
                Some(uses) => ran.push(self.called(uses, &job, &asked, &github)),
                None => ran.push(self.job(&workflow, &job, &contexts, None)),
            }
        }
        ran
    }

    fn called(&self, uses: &str, caller: &Value, asked: &Asked<'_>, github: &Value) -> Job {
        let path = self.files.join(uses.strip_prefix("$/.github/").expect("a workflow of the same repository"));
        let workflow = parsed(&std::fs::read_to_string(path).unwrap());
        let call = &workflow["on"]["workflow_call"];
        let mut inputs = Map::new();
        for (input, about) in call["inputs"].as_object().unwrap_or(&Map::new()) {
            let given = caller["with"].get(input).map(|it| expression::value(it, asked));
            inputs.insert(input.clone(), given.or_else(|| about.get("default").cloned()).unwrap_or(Value::Null));
        }
        let none = Map::new();
        for given in caller["with"].as_object().unwrap_or(&none).keys() {
            assert!(inputs.contains_key(given), "{uses} takes no `{given}`");
        }
        // of the secrets of its environment a called workflow sees what both name
        let declared = call["secrets"].as_object().unwrap_or(&none);
        let named: Vec<String> = caller["secrets"].as_object().unwrap_or(&none).keys().cloned().collect();
        assert!(named.iter().all(|secret| declared.contains_key(secret)), "{uses}: {named:?}");
        let contexts = json!({ "github": github, "secrets": {}, "vars": {}, "inputs": inputs });
        let (_, job) = jobs(&workflow).remove(0);
        let inner = Asked { contexts: &contexts, failed: false };
        if !expression::holds(&job["if"], &inner) {
            return Job { permissions: Map::new(), steps: Vec::new(), skipped: true };
        }
        for (permission, level) in job["permissions"].as_object().unwrap_or(&none) {
            let given = &caller["permissions"][permission];
            assert!(given == level || given == "write", "{uses} asks for more than it is given: {permission}");
        }
        self.job(&workflow, &job, &contexts, Some(&named))
    }

    fn github(&self, event: &Event) -> Value {
        let mut payload = event.payload.clone();
        payload["repository"] = json!({ "id": self.repository.1, "default_branch": "main" });
        json!({
            "event": payload,
            "event_name": event.name,
            "ref": event.of,
            "repository": self.repository.0,
            "repository_id": self.repository.1.to_string(),
            "server_url": self.server,
        })
    }

    fn job(&self, workflow: &Value, job: &Value, contexts: &Value, named: Option<&[String]>) -> Job {
        let place = tempfile::tempdir_in(self.home.path()).unwrap();
        for folder in ["work", "temp", "tools"] {
            std::fs::create_dir(place.path().join(folder)).unwrap();
        }
        for (program, script) in &self.programs {
            write_program(&place.path().join("tools").join(program), script);
        }
        let permissions = job["permissions"].as_object().cloned().unwrap_or_default();
        let mut contexts = contexts.clone();
        contexts["github"]["token"] = (self.token)(&permissions).into();
        let asked = Asked { contexts: &contexts, failed: false };
        let environment = text(&job["environment"]["name"], &asked);
        let environment = self.environments.get(&environment).cloned().unwrap_or_default();
        contexts["vars"] = json!(environment.variables);
        let mut secrets = environment.secrets;
        secrets.retain(|secret, _| named.is_none_or(|named| named.contains(secret)));
        contexts["secrets"] = json!(secrets);
        let mut ran = Job { permissions, steps: Vec::new(), skipped: false };
        let mut variables = self.beside.clone();
        let contents = ran.permissions.get("contents").and_then(Value::as_str).unwrap_or("none");
        variables.insert("JOB_CONTENTS".to_owned(), contents.to_owned());
        let steps = job["steps"].as_array().expect("a job with steps");
        self.steps(steps, &[&workflow["env"], &job["env"]], &mut contexts, &mut variables, place.path(), &mut ran);
        ran
    }

    /// Runs the steps of an action on their own; `at` is the folder of the action.
    pub fn action(&self, at: &Path) -> (Job, PathBuf) {
        let place = self.path("action");
        for folder in ["work", "temp", "tools"] {
            std::fs::create_dir_all(place.join(folder)).unwrap();
        }
        for (program, script) in &self.programs {
            write_program(&place.join("tools").join(program), script);
        }
        let action = parsed(&std::fs::read_to_string(at.join("action.yml")).unwrap());
        let mut variables = self.beside.clone();
        variables.insert("GITHUB_ACTION_PATH".to_owned(), at.to_str().unwrap().to_owned());
        let mut contexts = json!({ "github": {}, "inputs": {} });
        let mut ran = Job { permissions: Map::new(), steps: Vec::new(), skipped: false };
        let steps = action["runs"]["steps"].as_array().unwrap();
        self.steps(steps, &[], &mut contexts, &mut variables, &place, &mut ran);
        (ran, place.join("temp/dualkey/bin"))
    }

    fn steps(
        &self,
        steps: &[Value],
        outer: &[&Value],
        contexts: &mut Value,
        variables: &mut BTreeMap<String, String>,
        place: &Path,
        ran: &mut Job,
    ) {
        contexts["steps"] = json!({});
        for step in steps {
            let failed = !ran.succeeded();
            let name = step["name"].as_str().expect("each step has a name").to_owned();
            let asked = Asked { contexts, failed };
            let mut outputs = BTreeMap::new();
            let (outcome, said) = if !expression::holds(&step["if"], &asked) {
                ("skipped", String::new())
            } else if let Some(uses) = step["uses"].as_str() {
                assert_eq!(uses, "$/.github/actions/dualkey", "no other action is known");
                self.install(&place.join("temp/dualkey/bin"));
                ("success", String::new())
            } else {
                let mut given = variables.clone();
                for env in outer.iter().chain([&&step["env"]]) {
                    for (variable, value) in env.as_object().into_iter().flatten() {
                        given.insert(variable.clone(), text(value, &asked));
                    }
                }
                let said = self.script(step, &given, place);
                outputs = read_outputs(&place.join("outputs"));
                variables.extend(read_outputs(&place.join("variables")));
                let both = format!("{}{}", said.stdout, said.stderr);
                (if said.code == 0 { "success" } else { "failure" }, both)
            };
            if let Some(id) = step["id"].as_str() {
                contexts["steps"][id] = json!({ "outcome": outcome, "outputs": outputs });
            }
            ran.steps.push(Step { name, outcome, said });
        }
    }

    /// What the action leaves behind, with the program under test in place of a released one.
    fn install(&self, programs: &Path) {
        std::fs::create_dir_all(programs).unwrap();
        let script = std::fs::read_to_string(self.files.join("actions/dualkey/with-credentials")).unwrap();
        write_program(&programs.join("with-credentials"), &script);
        write_program(&programs.join("dualkey"), &self.dualkey);
    }

    fn script(&self, step: &Value, given: &BTreeMap<String, String>, place: &Path) -> Ran {
        let script = place.join("script.sh");
        std::fs::write(&script, step["run"].as_str().expect("a step that runs something")).unwrap();
        let mut bash = scrubbed("bash", self.home.path());
        bash.args(["--noprofile", "--norc", "-e", "-o", "pipefail"]).arg(&script);
        let path = std::env::var("PATH").unwrap_or_default();
        bash.env("PATH", format!("{}:{path}", place.join("tools").display()));
        for (variable, file) in [
            ("GITHUB_OUTPUT", "outputs"),
            ("GITHUB_ENV", "variables"),
            ("GITHUB_PATH", "paths"),
            ("GITHUB_STEP_SUMMARY", "summary"),
        ] {
            std::fs::write(place.join(file), "").unwrap();
            bash.env(variable, place.join(file));
        }
        bash.env("RUNNER_TEMP", place.join("temp")).env("GITHUB_WORKSPACE", place.join("work"));
        bash.env("GITHUB_ACTIONS", "true").env("CI", "true").envs(given);
        let within = step["working-directory"].as_str().unwrap_or(".");
        bash.current_dir(place.join("work").join(within));
        finish(bash)
    }
}

/// A run for something that the workflow doesn't listen to would prove nothing.
fn listens(on: &Value, event: &Event) {
    let Some(about) = on.as_object().unwrap().get(event.name) else { panic!("it doesn't listen to {}", event.name) };
    let hears = |key: &str, it: &Value| about[key].as_array().is_none_or(|all| all.contains(it));
    match event.name {
        "workflow_run" => assert!(hears("workflows", &event.payload["workflow_run"]["name"])),
        "repository_dispatch" => assert!(hears("types", &event.payload["action"])),
        "push" => assert!(hears("branches", &event.of.trim_start_matches("refs/heads/").into())),
        "schedule" | "workflow_dispatch" | "merge_group" | "pull_request" | "pull_request_review" => {}
        other => panic!("{other} is not known"),
    }
}

fn write_program(path: &Path, script: &str) {
    assert!(!script.is_empty(), "{}", path.display());
    std::fs::write(path, script).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// `NAME=VALUE` lines; the longer form isn't used here.
fn read_outputs(file: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(file).unwrap();
    let pair = |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    text.lines().map(|line| pair(line).unwrap_or_else(|| panic!("`{line}` is no output"))).collect()
}

/// A program that writes down how it was called: its words, and the names of the secrets that it was given.
pub fn recorder(to: &Path, ends: i32) -> String {
    let mut script = String::from("#!/usr/bin/env bash\n");
    let record = "names=\"$(compgen -e | grep -E '^(DUALKEY_|GITHUB_TOKEN|GH_TOKEN)' | sort | while read -r name; do \
                  [ -z \"${!name}\" ] || echo \"$name\"; done | paste -sd' ')\"";
    let _ = writeln!(
        script,
        "{record}\nprintf '%s | %s | %s\\n' \"$*\" \"$names\" \"$(ls -A | paste -sd' ')\" >> '{}'\nexit {ends}",
        to.display()
    );
    script
}
