//! Conditions on who started a run.

use super::super::Found;
use super::files::Workflow;
use crate::finding::{Code, Rule, Severity};

pub const WF_ACTOR_CONDITION: Rule = Rule {
    code: Code {
        id: "wf-actor-condition",
        title: "a workflow trusts the name of whoever started the run",
        why: "`github.actor` is whoever did the last thing, not whoever wrote the change: a bot can be made to push \
              somebody's commits, and an account can take a name that is free. dualkey doesn't look at it, and a step \
              that does lets somebody in or keeps an end from running.",
        example: "# .github/workflows/apply.yml\nif: github.actor == 'dependabot[bot]'",
        instead: "Leave the condition out. Who may change what is proven by approvals; which branch may use the secrets is \
                  said by the environment.",
    },
    severity: Severity::Error,
    dated: false,
};

const ACTORS: [&str; 4] = ["github.actor", "github.triggering_actor", "GITHUB_ACTOR", "GITHUB_TRIGGERING_ACTOR"];

pub(super) fn judge(found: &mut Found<'_>, workflow: &Workflow) {
    let names_actor = |text: &str| ACTORS.iter().any(|actor| text.contains(actor));
    for job in &workflow.jobs {
        let conditions = job.steps.iter().map(|step| &step.condition).chain([&job.condition]).flatten();
        let mut doubtful: Vec<String> = conditions.filter(|text| names_actor(text)).cloned().collect();
        // a test in the shell is as good a condition
        let lines = job.steps.iter().filter_map(|step| step.run.as_deref()).flat_map(str::lines);
        let tests = lines.filter(|line| {
            let asks = ["if ", "[ ", "[[", "case ", "test ", "=="].iter().any(|word| line.contains(word));
            asks && names_actor(line)
        });
        doubtful.extend(tests.map(|line| line.trim().to_owned()));
        for text in doubtful {
            found.at(
                &WF_ACTOR_CONDITION,
                found.place_of(&workflow.path, &text),
                format!("the job `{}` asks who started the run: `{}`", job.name.escape_debug(), text.escape_debug()),
                "leave the condition out; no name of an actor proves anything",
            );
        }
    }
}
