//! Workflows as far as rules ask: triggers, jobs and steps.

use serde_json::{Map, Value};

use super::super::ENVIRONMENT;

/// A workflow, or an action made of steps.
#[derive(Clone, Debug)]
pub struct Workflow {
    pub path: String,
    /// What starts it, with its settings. An action has none.
    pub events: Map<String, Value>,
    /// True where it says what its jobs may do unless they say it themselves.
    pub says_permissions: bool,
    pub jobs: Vec<Job>,
}

#[derive(Clone, Debug)]
pub struct Job {
    pub name: String,
    pub condition: Option<String>,
    /// The workflow that it calls in place of steps.
    pub calls: Option<String>,
    /// True where it hands over every secret.
    pub inherits: bool,
    pub says_permissions: bool,
    environment: Option<String>,
    with: Map<String, Value>,
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub struct Step {
    pub condition: Option<String>,
    pub uses: Option<String>,
    pub run: Option<String>,
    pub with: Map<String, Value>,
    /// Variables that the step sets.
    pub env: Map<String, Value>,
}

/// True for the files that GitHub runs.
pub fn is_workflow(path: &str) -> bool {
    let name = path.strip_prefix(".github/workflows/").filter(|name| !name.contains('/'));
    name.is_some_and(is_yaml)
}

/// True for an action beside the workflows.
pub fn is_action(path: &str) -> bool {
    path.starts_with(".github/") && ["/action.yml", "/action.yaml"].iter().any(|end| path.ends_with(end))
}

fn is_yaml(name: &str) -> bool {
    [".yml", ".yaml"].iter().any(|ending| name.ends_with(ending))
}

/// The path of something of this repository that a workflow uses.
pub fn local(uses: &str) -> Option<&str> {
    uses.strip_prefix("./").or_else(|| uses.strip_prefix("$/")).map(|path| path.trim_end_matches('/'))
}

/// A scalar as the text that GitHub takes it for.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn of(map: &Map<String, Value>, key: &str) -> Option<String> {
    map.get(key).and_then(text)
}

fn map(value: Option<&Value>) -> Map<String, Value> {
    value.and_then(Value::as_object).cloned().unwrap_or_default()
}

impl Workflow {
    /// None where it isn't in the shape of one.
    pub fn read(path: &str, value: &Value) -> Option<Self> {
        let whole = value.as_object()?;
        let path = path.to_owned();
        if !is_workflow(&path) {
            let steps = match whole.get("runs")?.get("steps") {
                Some(steps) => steps.as_array()?.iter().map(Step::read).collect::<Option<_>>()?,
                None => Vec::new(),
            };
            let job = Job::of_steps("runs", steps);
            return Some(Workflow { path, events: Map::new(), says_permissions: true, jobs: vec![job] });
        }
        let events = match whole.get("on")? {
            Value::String(event) => Map::from_iter([(event.clone(), Value::Null)]),
            Value::Array(events) => events
                .iter()
                .map(|event| Some((event.as_str()?.to_owned(), Value::Null)))
                .collect::<Option<Map<String, Value>>>()?,
            Value::Object(events) => events.clone(),
            Value::Null | Value::Bool(_) | Value::Number(_) => return None,
        };
        // what a called workflow is given where its caller says nothing
        let inputs = map(events.get("workflow_call").and_then(|call| call.get("inputs")));
        let jobs = whole.get("jobs")?.as_object()?;
        let jobs = jobs.iter().map(|(name, job)| Job::read(name, job, &inputs)).collect::<Option<_>>()?;
        Some(Workflow { path, events, says_permissions: whole.contains_key("permissions"), jobs })
    }
}

impl Job {
    fn of_steps(name: &str, steps: Vec<Step>) -> Self {
        Job {
            name: name.to_owned(),
            condition: None,
            calls: None,
            inherits: false,
            says_permissions: true,
            environment: None,
            with: Map::new(),
            steps,
        }
    }

    fn read(name: &str, value: &Value, inputs: &Map<String, Value>) -> Option<Self> {
        let job = value.as_object()?;
        let steps = match job.get("steps") {
            Some(steps) => steps.as_array()?.iter().map(Step::read).collect::<Option<_>>()?,
            None => Vec::new(),
        };
        let environment = job.get("environment");
        let usual = |name: String| {
            let input = name.strip_prefix("${{")?.strip_suffix("}}")?.trim().strip_prefix("inputs.")?;
            inputs.get(input)?.get("default").and_then(text)
        };
        let environment = environment.and_then(|one| text(one).or_else(|| text(one.get("name")?)));
        let environment = environment.map(|name| usual(name.clone()).unwrap_or(name));
        Some(Job {
            condition: of(job, "if"),
            calls: of(job, "uses"),
            inherits: of(job, "secrets").as_deref() == Some("inherit"),
            says_permissions: job.contains_key("permissions"),
            environment,
            with: map(job.get("with")),
            ..Job::of_steps(name, steps)
        })
    }

    /// True where it calls the workflow of dualkey that changes access.
    fn calls_apply(&self) -> bool {
        let called = self.calls.as_deref().map(|calls| calls.split('@').next().unwrap_or(calls));
        called.is_some_and(|path| ["apply.yml", "reconcile.yml"].iter().any(|name| path.ends_with(&format!("/{name}"))))
    }

    /// True where it changes access: what holds the log's key and what writes to targets.
    pub fn applies(&self) -> bool {
        self.calls_apply() || self.steps.iter().any(Step::applies)
    }

    /// True where it calls a workflow of this repository, which is judged by itself.
    pub fn calls_local(&self) -> bool {
        self.calls.as_deref().is_some_and(|calls| local(calls).is_some())
    }

    /// The environment in which it runs; that of a workflow of dualkey's that it calls elsewhere is known.
    pub fn environment(&self) -> Option<String> {
        let told = of(&self.with, "environment").filter(|_| self.calls.is_some());
        let known = || (self.calls_apply() && !self.calls_local()).then(|| ENVIRONMENT.to_owned());
        told.or_else(|| self.environment.clone()).or_else(known)
    }
}

impl Step {
    fn read(value: &Value) -> Option<Self> {
        let step = value.as_object()?;
        Some(Step {
            condition: of(step, "if"),
            uses: of(step, "uses"),
            run: of(step, "run"),
            with: map(step.get("with")),
            env: map(step.get("env")),
        })
    }

    /// True where it runs `dualkey apply`, whatever stands between the two words.
    fn applies(&self) -> bool {
        let commands = self.run.as_deref().unwrap_or_default().replace("\\\n", " ");
        let runs = commands.lines().any(|line| {
            let mut words = line.split(|c: char| c.is_whitespace() || matches!(c, ';' | '&' | '|' | '"' | '\''));
            let program = |word: &str| word == "dualkey" || word.ends_with("/dualkey");
            words.any(program) && words.any(|word| word == "apply")
        });
        let acts = self.uses.as_deref().is_some_and(|uses| uses.contains("dualkey"));
        runs || acts
            && self.with.values().filter_map(text).any(|value| value.split_whitespace().any(|it| it == "apply"))
    }
}
