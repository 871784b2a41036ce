//! What guards the protected branch and the log's, and who needn't keep it.

use super::facts::{Bypass, DeployKey, Guard, Hold, Settings, Source};
use super::{CHECK, Found, quoted};
use crate::finding::{Code, Rule, Severity};

pub const BRANCH_NOT_GUARDED: Rule = Rule {
    code: Code {
        id: "branch-not-guarded",
        title: "the protected branch can be changed without a pull request, pushed anew, or deleted",
        why: "What lands without an approval is refused by `dualkey apply`, and everything behind it waits. A branch that \
              is pushed anew or deleted takes away what was approved, so that nothing new is given until it is mended.",
        example: "gh api repos/OWNER/NAME/rules/branches/main",
        instead: "Make the ruleset that `dualkey init --github` writes as `.github/rulesets/protected-branch.json`.",
    },
    severity: Severity::Error,
    dated: false,
};

pub const REVIEWS_NOT_REQUIRED: Rule = Rule {
    code: Code {
        id: "reviews-not-required",
        title: "a pull request can be merged without a review",
        why: "A change that nobody approved would land, and be refused afterwards: everything behind it waits for a \
              repair. A required review refuses it before.",
        example: "{ \"type\": \"pull_request\", \"parameters\": { \"required_approving_review_count\": 0 } }",
        instead: "Let the ruleset of the protected branch require one approval at least. How many a change takes is for \
                  dualkey's own check to say.",
    },
    severity: Severity::Error,
    dated: false,
};

pub const STALE_REVIEWS_STAND: Rule = Rule {
    code: Code {
        id: "stale-reviews-stand",
        title: "an approval stays when the head that was approved changes",
        why: "Whoever reads the pull request sees it as approved although nobody approved what it holds now. dualkey \
              doesn't count such an approval, so the merge would be refused after it happened.",
        example: "{ \"type\": \"pull_request\", \"parameters\": { \"dismiss_stale_reviews_on_push\": false } }",
        instead: "Let the ruleset of the protected branch dismiss stale approvals when new commits are pushed.",
    },
    severity: Severity::Warning,
    dated: false,
};

pub const CHECK_NOT_REQUIRED: Rule = Rule {
    code: Code {
        id: "check-not-required",
        title: "dualkey's check isn't required, or anybody could report it as passed",
        why: "Whether a change would land is known before the merge. Without the check it is found out afterwards, when \
              everything behind it waits. A check that isn't bound to the App of GitHub Actions can be reported by \
              everybody who may write commit statuses. The workflow of any branch that is pushed runs as that App, too, and \
              can make the check look green: so it is for people, and `apply` proves everything once more.",
        example: "{ \"context\": \"dualkey verify\" }",
        instead: "Require the check `dualkey verify` of the App GitHub Actions (number 15368) in the ruleset of the \
                  protected branch.",
    },
    severity: Severity::Error,
    dated: false,
};

pub const RULESET_NOT_ENFORCED: Rule = Rule {
    code: Code {
        id: "ruleset-not-enforced",
        title: "a ruleset says what is needed, and isn't enforced",
        why: "A ruleset that is disabled or only evaluated looks like one that holds, and stops nobody.",
        example: "{ \"name\": \"dualkey: protected branch\", \"enforcement\": \"evaluate\" }",
        instead: "Set its enforcement to active.",
    },
    severity: Severity::Error,
    dated: false,
};

pub const RULES_BYPASSED: Rule = Rule {
    code: Code {
        id: "rules-bypassed",
        title: "somebody needn't keep the rules of a branch",
        why: "Whoever bypasses the rules of the protected branch lands what nobody approved. Whoever bypasses those of \
              the log's branch can rewrite or delete what the log says. An administrator who has to can change the \
              ruleset, and that stands in the audit log of the organisation.",
        example: "\"bypass_actors\": [{ \"actor_type\": \"OrganizationAdmin\", \"bypass_mode\": \"always\" }]",
        instead: "Empty the list of who bypasses the ruleset.",
    },
    severity: Severity::Error,
    dated: false,
};

pub const LOG_NOT_GUARDED: Rule = Rule {
    code: Code {
        id: "log-not-guarded",
        title: "the log's branch can be pushed anew, deleted, or pushed by everybody who may push",
        why: "Nobody can forge the log without its key, but a log that is cut short or deleted has to be restored before \
              anything is given again, and a branch with foreign commits is no log.",
        example: "gh api repos/OWNER/NAME/rules/branches/dualkey-audit",
        instead: "Make the rulesets that `dualkey init --github` writes as `.github/rulesets/log-history.json` \
                  and `log-writers.json`.",
    },
    severity: Severity::Error,
    dated: false,
};

pub const LOG_WRITERS: Rule = Rule {
    code: Code {
        id: "log-writers",
        title: "the log can be pushed by nobody, or by more than the one who applies",
        why: "Only `dualkey apply` writes the log, with one key or as one App. Each further one is a way to stop it by \
              foreign commits. The App of GitHub Actions is every workflow of every branch.",
        example: "\"bypass_actors\": [{ \"actor_id\": 15368, \"actor_type\": \"Integration\" }]",
        instead: "Let the ruleset be bypassed by deploy keys, of which one may push, or by one App of your own.",
    },
    severity: Severity::Error,
    dated: false,
};

pub const LOG_ON_NO_BRANCH: Rule = Rule {
    code: Code {
        id: "log-on-no-branch",
        title: "the log is kept where the forge can't guard it",
        why: "GitHub protects branches and tags alone. Whoever may push to the repository can delete or rewind a ref that \
              is neither.",
        example: "audit: { ref: refs/dualkey/audit, … }",
        instead: "Keep the log on a branch, as `audit: { ref: refs/heads/dualkey-audit, … }`, by a change of its own.",
    },
    severity: Severity::Warning,
    dated: false,
};

pub(super) fn judge(found: &mut Found<'_>, settings: &Settings) {
    protected(found, settings);
    match &settings.log {
        Some(log) => of_log(found, settings, log),
        None => {
            let reference = found.revision.access.config.audit_ref.clone();
            found.set(
                &LOG_ON_NO_BRANCH,
                format!("the log is kept in `{}`, which GitHub can't protect", reference.escape_debug()),
                "name a branch by `audit.ref`, such as `refs/heads/dualkey-audit`",
            );
        }
    }
}

/// Something that must hold for a branch.
struct Need<'a> {
    rule: &'static Rule,
    holds: &'a dyn Fn(&Hold) -> bool,
    /// What can be done as long as it doesn't hold.
    lacking: String,
    help: String,
}

/// Where rulesets are set.
fn page(settings: &Settings) -> String {
    settings.page("rules")
}

fn protected(found: &mut Found<'_>, settings: &Settings) {
    let guard = &settings.branch;
    let branch = format!("`{}`", guard.branch.escape_debug());
    let help = format!(
        "make the ruleset: gh api repos/{}/rulesets --method POST --input .github/rulesets/protected-branch.json",
        settings.name
    );
    let actions = settings.actions_app;
    let is_ours = |(name, app): &(String, Option<u64>)| {
        name == CHECK && app.is_some_and(|app| actions.is_none_or(|actions| actions == app))
    };
    let checked = |hold: &Hold| matches!(hold, Hold::Checks(checks) if checks.iter().any(is_ours));
    let need = |rule, holds, lacking: String, help: &str| Need { rule, holds, lacking, help: help.to_owned() };
    let at_page = |what: &str| format!("{what} in the ruleset, at {}", page(settings));
    let needs = [
        need(
            &BRANCH_NOT_GUARDED,
            &|hold| matches!(hold, Hold::PullRequest { .. }),
            format!("{branch} can be pushed without a pull request"),
            &help,
        ),
        need(
            &BRANCH_NOT_GUARDED,
            &|hold| *hold == Hold::NoForce,
            format!("{branch} can be pushed anew, without what landed"),
            &help,
        ),
        need(&BRANCH_NOT_GUARDED, &|hold| *hold == Hold::NoDeletion, format!("{branch} can be deleted"), &help),
        need(
            &REVIEWS_NOT_REQUIRED,
            &|hold| matches!(hold, Hold::PullRequest { approvals, .. } if *approvals > 0),
            format!("a pull request for {branch} needs no approval to be merged"),
            &at_page("require one approval"),
        ),
        need(
            &STALE_REVIEWS_STAND,
            &|hold| matches!(hold, Hold::PullRequest { dismisses_stale: true, .. }),
            format!("approvals of a pull request for {branch} stay when its head changes"),
            &at_page("let new commits dismiss stale approvals"),
        ),
        need(
            &CHECK_NOT_REQUIRED,
            &checked,
            format!("{branch} doesn't require the check `{CHECK}` of the App GitHub Actions"),
            &at_page(&format!("require `{CHECK}` with GitHub Actions as its source")),
        ),
    ];
    let sources = match &guard.sources {
        Ok(sources) => sources,
        Err(unread) => return found.unread(unread),
    };
    // what only follows from there being no pull request isn't told beside it
    let by_pull = sources.iter().flat_map(|source| &source.rules).any(|hold| matches!(hold, Hold::PullRequest { .. }));
    let of_pull = [&REVIEWS_NOT_REQUIRED, &STALE_REVIEWS_STAND];
    let needs = needs.into_iter().filter(|need| by_pull || !of_pull.contains(&need.rule));
    let used = met(found, settings, sources, needs);
    for source in used {
        nobody_bypasses(found, settings, source, &guard.branch);
    }
}

/// Tells what isn't met, and gives the sources that meet the rest.
fn met<'s, 'n>(
    found: &mut Found<'_>,
    settings: &Settings,
    sources: &'s [Source],
    needs: impl Iterator<Item = Need<'n>>,
) -> Vec<&'s Source> {
    let mut used: Vec<&Source> = Vec::new();
    for need in needs {
        let holding = |source: &&Source| source.rules.iter().any(need.holds);
        // of several the one that nobody bypasses counts
        let mut enforced: Vec<&Source> = sources.iter().filter(|one| one.is_enforced).filter(holding).collect();
        enforced.sort_by_key(|source| source.bypass != Ok(Vec::new()));
        match (enforced.first(), sources.iter().find(holding)) {
            (Some(source), _) => {
                if !used.contains(source) {
                    used.push(source);
                }
            }
            (None, Some(idle)) => found.set(
                &RULESET_NOT_ENFORCED,
                format!("{} is not enforced, so it stops nobody", idle.name),
                format!("set its enforcement to active, at {}", page(settings)),
            ),
            (None, None) => found.set(need.rule, need.lacking, need.help),
        }
    }
    used
}

fn nobody_bypasses(found: &mut Found<'_>, settings: &Settings, source: &Source, branch: &str) {
    match &source.bypass {
        Ok(actors) if actors.is_empty() => {}
        Ok(actors) => {
            let names: Vec<String> = actors.iter().map(told).collect();
            let message =
                format!("{} for `{}` is bypassed by {}", source.name, branch.escape_debug(), names.join(", "));
            found.set(&RULES_BYPASSED, message, format!("empty its bypass list, at {}", page(settings)));
        }
        Err(unread) => found.unread(unread),
    }
}

fn told(actor: &Bypass) -> String {
    match actor {
        Bypass::DeployKeys => "deploy keys".to_owned(),
        Bypass::App(id) => format!("the App {id}"),
        Bypass::People(words) => words.clone(),
    }
}

fn of_log(found: &mut Found<'_>, settings: &Settings, guard: &Guard) {
    let branch = format!("`{}`", guard.branch.escape_debug());
    let make = |file: &str| {
        format!(
            "make the ruleset: gh api repos/{}/rulesets --method POST --input .github/rulesets/{file}",
            settings.name
        )
    };
    let kept = [
        Need {
            rule: &LOG_NOT_GUARDED,
            holds: &|hold| *hold == Hold::NoForce,
            lacking: format!("the log's branch {branch} can be pushed anew"),
            help: make("log-history.json"),
        },
        Need {
            rule: &LOG_NOT_GUARDED,
            holds: &|hold| *hold == Hold::NoDeletion,
            lacking: format!("the log's branch {branch} can be deleted"),
            help: make("log-history.json"),
        },
    ];
    let closed = Need {
        rule: &LOG_NOT_GUARDED,
        holds: &|hold| *hold == Hold::NoUpdate,
        lacking: format!("everybody who may push to the repository can push the log's branch {branch}"),
        help: make("log-writers.json"),
    };
    let sources = match &guard.sources {
        Ok(sources) => sources,
        Err(unread) => return found.unread(unread),
    };
    for source in met(found, settings, sources, kept.into_iter()) {
        nobody_bypasses(found, settings, source, &guard.branch);
    }
    for source in met(found, settings, sources, std::iter::once(closed)) {
        match &source.bypass {
            Ok(actors) => writers(found, settings, source, actors, &guard.branch),
            Err(unread) => found.unread(unread),
        }
    }
}

/// Who may write the log: one deploy key, or one App that isn't every workflow.
fn writers(found: &mut Found<'_>, settings: &Settings, source: &Source, actors: &[Bypass], branch: &str) {
    let branch = branch.escape_debug();
    let actions = |app: &u64| settings.actions_app.is_some_and(|actions| actions == *app);
    let people: Vec<String> = actors
        .iter()
        .filter(|actor| match actor {
            Bypass::DeployKeys => false,
            Bypass::App(app) => actions(app),
            Bypass::People(_) => true,
        })
        .map(told)
        .collect();
    if !people.is_empty() {
        let message = format!("{} lets {} push the log's branch `{branch}`", source.name, people.join(", "));
        let help = format!("leave deploy keys alone in its bypass list, at {}", page(settings));
        found.set(&LOG_WRITERS, message, help);
    }
    let apps = actors.iter().filter(|actor| matches!(actor, Bypass::App(app) if !actions(app))).count();
    let keys = match (actors.contains(&Bypass::DeployKeys), &settings.keys) {
        (false, _) => Vec::new(),
        (true, Ok(keys)) => keys.iter().filter(|key| key.may_push).collect(),
        (true, Err(unread)) => return found.unread(unread),
    };
    count(found, settings, apps, &keys, !people.is_empty(), &format!("`{branch}`"));
}

fn count(found: &mut Found<'_>, settings: &Settings, apps: usize, keys: &[&DeployKey], others: bool, branch: &str) {
    let page = settings.page("keys");
    let help = format!("keep one deploy key that may push, the one of the environment that applies, at {page}");
    match (apps + keys.len(), others) {
        (1, _) | (0, true) => {}
        (0, false) => {
            found.set(&LOG_WRITERS, format!("nobody may push the log's branch {branch}: no run can write"), help)
        }
        (number, _) => {
            let titles = quoted(keys.iter().map(|key| key.title.as_str()));
            let titles = if keys.is_empty() { String::new() } else { format!(": the deploy keys {titles}") };
            found.set(&LOG_WRITERS, format!("{number} may push the log's branch {branch}{titles}"), help);
        }
    }
}
