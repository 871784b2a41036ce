//! What an access repository on GitHub has beside its files: workflows, rulesets, and what an owner switches on.

use serde_json::{Value, json};

use super::{Home, Settings};
use crate::cli::Stop;
use crate::doctor::{CHECK, ENVIRONMENT, READ_ENVIRONMENT};

/// The App as which workflows of GitHub run.
const ACTIONS: u64 = 15_368;

/// The branch that holds the log: GitHub guards branches and tags alone.
pub const LOG_BRANCH: &str = "dualkey-audit";

/// Where the rulesets lie until an owner makes them.
const RULESETS: &str = ".github/rulesets";

/// What runs on GitHub, as it stands in dualkey's own repository. A called workflow is given the secrets of an environment
/// in its own repository alone, so each access repository has all of them.
const WORKFLOWS: [(&str, &str); 10] = [
    (".github/actions/dualkey/action.yml", include_str!("../../../.github/actions/dualkey/action.yml")),
    (".github/actions/dualkey/pin", include_str!("../../../.github/actions/dualkey/pin")),
    (".github/actions/dualkey/with-credentials", include_str!("../../../.github/actions/dualkey/with-credentials")),
    (".github/workflows/apply.yml", include_str!("../../../.github/workflows/apply.yml")),
    (".github/workflows/dualkey-apply.yml", include_str!("../../../.github/callers/dualkey-apply.yml")),
    (".github/workflows/dualkey-event.yml", include_str!("../../../.github/callers/dualkey-event.yml")),
    (".github/workflows/dualkey-review.yml", include_str!("../../../.github/callers/dualkey-review.yml")),
    (".github/workflows/plan.yml", include_str!("../../../.github/workflows/plan.yml")),
    (".github/workflows/reconcile.yml", include_str!("../../../.github/workflows/reconcile.yml")),
    (".github/workflows/verify.yml", include_str!("../../../.github/workflows/verify.yml")),
];

/// `OWNER/NAME:ID`
///
/// # Errors
///
/// Where it isn't written so.
pub fn home(text: &str) -> Result<Home, Stop> {
    let wrong = || {
        let help = "write northwind/access:734512; `gh api repos/OWNER/NAME --jq .id` prints the number";
        Stop::usage(format!("`{}` is not OWNER/NAME:ID", text.escape_debug()), help)
    };
    let (name, id) = text.rsplit_once(':').ok_or_else(wrong)?;
    let (owner, repository) = name.split_once('/').ok_or_else(wrong)?;
    let part = |part: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        !part.is_empty() && part.len() <= 100 && part.bytes().all(plain) && !matches!(part, "." | "..")
    };
    let id = number(id).filter(|_| part(owner) && part(repository)).ok_or_else(wrong)?;
    Ok(Home { name: name.to_owned(), id })
}

/// `ID=LOGIN:NUMBER`: the person, the login, and its number.
///
/// # Errors
///
/// Where it isn't written so.
pub fn account(text: &str) -> Result<(&str, (String, u64)), Stop> {
    let wrong = || {
        let help = "write priya.shah=priyashah:583231; `gh api users/LOGIN --jq .id` prints the number";
        Stop::usage(format!("`{}` is not ID=LOGIN:NUMBER", text.escape_debug()), help)
    };
    let (person, account) = text.split_once('=').ok_or_else(wrong)?;
    let (login, id) = account.split_once(':').ok_or_else(wrong)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_login = !login.is_empty() && login.len() <= 100 && login.bytes().all(plain);
    let id = number(id).filter(|_| is_login).ok_or_else(wrong)?;
    Ok((person, (login.to_owned(), id)))
}

fn number(text: &str) -> Option<u64> {
    text.parse::<u64>().ok().filter(|number| *number > 0 && number.to_string() == text)
}

/// Every file with its text.
pub fn files(home: &Home, settings: &Settings<'_>) -> Vec<(String, String)> {
    let branch = settings.branch;
    let on_branch = |text: &str| match branch {
        "main" => text.to_owned(),
        other => text.replace("branches: [main]", &format!("branches: [{}]", crate::access::style::scalar(other))),
    };
    let mut files: Vec<(String, String)> =
        WORKFLOWS.iter().map(|(path, text)| ((*path).to_owned(), on_branch(text))).collect();
    for (name, ruleset) in rulesets(branch) {
        files.push((format!("{RULESETS}/{name}.json"), format!("{ruleset:#}\n")));
    }
    files.push(("GITHUB.md".to_owned(), checklist(home, settings)));
    files
}

fn ruleset(name: &str, branch: &str, bypass: &Value, rules: &Value) -> Value {
    json!({
        "name": format!("dualkey: {name}"),
        "target": "branch",
        "enforcement": "active",
        "bypass_actors": bypass,
        "conditions": { "ref_name": { "include": [format!("refs/heads/{branch}")], "exclude": [] } },
        "rules": rules,
    })
}

/// The rulesets by the names of their files. Who may write the log is a ruleset of its own: whoever bypasses a ruleset
/// bypasses all of it, and nobody is to rewrite the log.
fn rulesets(branch: &str) -> [(&'static str, Value); 3] {
    let review = json!({
        "required_approving_review_count": 1,
        "dismiss_stale_reviews_on_push": true,
        "require_code_owner_review": false,
        "require_last_push_approval": false,
        "required_review_thread_resolution": false,
    });
    let check = json!({
        "required_status_checks": [{ "context": CHECK, "integration_id": ACTIONS }],
        "strict_required_status_checks_policy": false,
    });
    let history = json!([{ "type": "deletion" }, { "type": "non_fast_forward" }]);
    let reviewed = json!([
        { "type": "deletion" },
        { "type": "non_fast_forward" },
        { "type": "pull_request", "parameters": review },
        { "type": "required_status_checks", "parameters": check },
    ]);
    let closed = json!([
        { "type": "creation" },
        { "type": "update", "parameters": { "update_allows_fetch_and_merge": false } },
    ]);
    let key = json!([{ "actor_id": null, "actor_type": "DeployKey", "bypass_mode": "always" }]);
    [
        ("log-history", ruleset("the log is only added to", LOG_BRANCH, &json!([]), &history)),
        ("log-writers", ruleset("only apply writes the log", LOG_BRANCH, &key, &closed)),
        ("protected-branch", ruleset("protected branch", branch, &json!([]), &reviewed)),
    ]
}

/// What an owner switches on, in order.
fn checklist(home: &Home, settings: &Settings<'_>) -> String {
    CHECKLIST
        .replace("{{repository}}", &home.name)
        .replace("{{branch}}", settings.branch)
        .replace("{{checkpoint}}", settings.checkpoint)
        .replace("{{log}}", LOG_BRANCH)
        .replace("{{apply}}", ENVIRONMENT)
        .replace("{{read}}", READ_ENVIRONMENT)
        .replace("{{key}}", settings.key_file)
        .replace("{{rulesets}}", RULESETS)
}

const CHECKLIST: &str = include_str!("github.md");
