//! What the workflows of the access repository do: one file a rule or a small group.

pub mod actors;
pub mod caches;
pub mod files;
pub mod triggers;
pub mod uses;

use std::collections::BTreeMap;

use super::Found;
use crate::access::reading::foreign_value;
use crate::finding::{Code, Place, Rule, Severity};
use files::Workflow;

pub const WF_UNREADABLE: Rule = Rule {
    code: Code {
        id: "wf-unreadable",
        title: "a workflow can't be judged",
        why: "A file that is no YAML, or that uses anchors, tags or a second document, may mean something that stands \
              elsewhere. What can't be judged may do anything.",
        example: "# .github/workflows/apply.yml\njobs: *copied",
        instead: "Write it out as plain mappings and lists.",
    },
    severity: Severity::Error,
    dated: false,
};

/// What the workflows tell that settings are held against.
#[derive(Debug, Default)]
pub struct Jobs {
    /// The environments that jobs use, and whether access is changed there.
    pub environments: BTreeMap<String, bool>,
    /// Jobs that change access in none: the file and the name of each.
    pub outside: Vec<(String, String)>,
}

pub(super) fn judge(found: &mut Found<'_>) -> Jobs {
    let revision = found.revision;
    let mut all = Vec::new();
    for file in revision.files.iter().filter(|file| files::is_workflow(file.path()) || files::is_action(file.path())) {
        let text = revision.source(file.path()).map(|source| source.as_str()).unwrap_or_default();
        match foreign_value(text).and_then(|value| Workflow::read(file.path(), &value)) {
            Some(workflow) => all.push(workflow),
            None => found.at(
                &WF_UNREADABLE,
                Place::whole_file(file.path()),
                format!("`{}` can't be judged", file.path().escape_debug()),
                "write it as plain YAML: one document with `on` and `jobs`, without anchors, aliases and tags",
            ),
        }
    }
    uses::judge_pin(found);
    let mut jobs = Jobs::default();
    for workflow in &all {
        triggers::judge(found, workflow, &all);
        actors::judge(found, workflow);
        uses::judge(found, workflow);
        for job in &workflow.jobs {
            let applies = job.applies();
            if applies {
                caches::judge(found, workflow, job, &all);
            }
            match job.environment() {
                Some(name) => *jobs.environments.entry(name).or_default() |= applies,
                None if !applies || job.calls_local() => {}
                None => jobs.outside.push((workflow.path.clone(), job.name.clone())),
            }
        }
    }
    jobs
}
