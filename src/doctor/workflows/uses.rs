//! What workflows run that stands elsewhere, and which secrets they hand over.

use super::super::Found;
use super::files::Workflow;
use crate::finding::{Code, Rule, Severity};

pub const WF_ACTION_UNPINNED: Rule = Rule {
    code: Code {
        id: "wf-action-unpinned",
        title: "a workflow runs what somebody else can change",
        why: "A tag or a branch of another repository means what its owner makes of it, today or tomorrow, and runs \
              beside your secrets. A commit means one thing.",
        example: "# .github/workflows/apply.yml\n- uses: actions/checkout@v5",
        instead: "Write the commit's whole number after `@`, with the version as a comment. An image is pinned by \
                  `@sha256:`.",
    },
    severity: Severity::Error,
    dated: false,
};

pub const WF_SECRETS_INHERIT: Rule = Rule {
    code: Code {
        id: "wf-secrets-inherit",
        title: "a workflow hands every secret to another one",
        why: "What is called gets secrets that it doesn't need, and those that are added later. Whoever changes it can \
              take them all.",
        example: "# .github/workflows/apply.yml\nuses: northwind/flows/.github/workflows/apply.yml@…\nsecrets: inherit",
        instead: "Name each secret that the workflow needs.",
    },
    severity: Severity::Error,
    dated: false,
};

pub const WF_PROGRAM_UNPINNED: Rule = Rule {
    code: Code {
        id: "wf-program-unpinned",
        title: "the workflows don't say which dualkey they run",
        why: "What judges and applies is pinned by the checksum of a release or by a commit, in a file that changes as \
              policies do. Without that nothing runs, and no end happens.",
        example: "# .github/actions/dualkey/pin\nsha256=\ncommit=",
        instead: "Write `source`, and `version` with `sha256` or a whole `commit`, into `.github/actions/dualkey/pin`.",
    },
    severity: Severity::Error,
    dated: false,
};

/// Where the workflows of dualkey say which dualkey they run.
const PIN: &str = ".github/actions/dualkey/pin";

/// The program that the workflows run is pinned, where they have a file for that.
pub(super) fn judge_pin(found: &mut Found<'_>) {
    let revision = found.revision;
    let Some(source) = revision.source(PIN) else { return };
    let told = |name: &str| source.as_str().lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    let is_hex = |name: &str, length: usize| told(name).is_some_and(|text| hex(text, length));
    let is_pinned = is_hex("sha256", 64) || is_hex("commit", 40);
    if told("source").is_none_or(str::is_empty) || !is_pinned {
        found.at(
            &WF_PROGRAM_UNPINNED,
            crate::finding::Place::whole_file(PIN),
            format!("`{PIN}` doesn't say which dualkey runs"),
            "write its source, and the checksum of a release or a whole commit",
        );
    }
}

fn hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

pub(super) fn judge(found: &mut Found<'_>, workflow: &Workflow) {
    for job in &workflow.jobs {
        let used = job.steps.iter().filter_map(|step| step.uses.as_deref()).chain(job.calls.as_deref());
        for uses in used.filter(|uses| !is_pinned(uses)) {
            found.at(
                &WF_ACTION_UNPINNED,
                found.place_of(&workflow.path, uses),
                format!("`{}` isn't pinned by a commit", uses.escape_debug()),
                "write the whole number of a commit after `@`",
            );
        }
        if job.inherits {
            found.at(
                &WF_SECRETS_INHERIT,
                found.place_of(&workflow.path, "secrets: inherit"),
                format!("the job `{}` hands over every secret", job.name.escape_debug()),
                "name the secrets that are needed: `secrets: { NAME: \"${{ secrets.NAME }}\" }`",
            );
        }
    }
}

/// True for what stands in this repository, and for what a number pins.
fn is_pinned(uses: &str) -> bool {
    if uses.starts_with("./") || uses.starts_with("$/") {
        return true;
    }
    match uses.strip_prefix("docker://") {
        Some(image) => image.split_once("@sha256:").is_some_and(|(_, digest)| hex(digest, 64)),
        None => uses.rsplit_once('@').is_some_and(|(_, commit)| hex(commit, 40)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_numbers_pin() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        for pinned in [
            format!("a/b@{commit}"),
            "./.github/actions/x".to_owned(),
            format!("docker://a@sha256:{commit}{}", &commit[..24]),
        ] {
            assert!(is_pinned(&pinned), "{pinned}");
        }
        for loose in [
            "a/b@v4",
            "a/b",
            "a/b@main",
            "docker://alpine:3",
            "a/b@0123456",
            "o/dualkey/.github/workflows/plan.yml@COMMIT",
        ] {
            assert!(!is_pinned(loose), "{loose}");
        }
    }
}
