//! How the access repository is set on GitHub, gathered as plain data. What GitHub doesn't tell is said as that.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::connection::{Connection, Home};
use crate::doctor::facts::{
    Actions, Branches, Bypass, DeployKey, Environment, Guard, Hold, Read, Settings, Source, Subject, Token, Unread,
};
use crate::targets::github::client::{Api, Asked, Failure};

/// The number of the App as which workflows run on github.com.
const ACTIONS: u64 = 15_368;

/// Every setting that matters. `branch` is the protected one, `log` the log's where it is on a branch; both without
/// `refs/heads/`.
pub fn gather(connection: &Connection, home: &Home, branch: &str, log: Option<&str>) -> Settings {
    let look = Look { connection, at: format!("/repos/{}", home.full_name) };
    let server = connection.is_enterprise_server();
    let rulesets = look.rulesets();
    let mut administers = false;
    let mut guard = |branch: &str| look.guard(branch, &rulesets, &mut administers);
    let (branch, log) = (guard(branch), log.map(guard));
    Settings {
        web: web(connection),
        name: home.full_name.clone(),
        private: home.private,
        plan: look.plan(home.owner()),
        actions_app: (!server).then_some(ACTIONS),
        branch,
        log,
        keys: look.keys(),
        actions: look.actions(),
        environments: look.environments(),
        subject: if server { look.subject_of_server() } else { look.subject() },
        token: Token { scopes: look.scopes(), administers },
    }
}

/// Where people look at the forge.
fn web(connection: &Connection) -> String {
    let Some(api) = connection.pinned().api.as_deref() else { return "https://github.com".to_owned() };
    let origin = api.trim_end_matches("/api/v3");
    origin.replacen("https://api.", "https://", 1)
}

/// A ruleset as a list names it.
#[derive(Clone, Debug, Deserialize)]
struct Listed {
    id: u64,
    name: String,
    enforcement: String,
}

#[derive(Debug, Deserialize)]
struct Ruleset {
    #[serde(default)]
    conditions: Option<Conditions>,
    #[serde(default)]
    rules: Vec<Rule>,
    /// Told only to who may change it.
    #[serde(default)]
    bypass_actors: Option<Vec<Actor>>,
}

#[derive(Debug, Deserialize)]
struct Conditions {
    #[serde(default)]
    ref_name: RefName,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RefName {
    include: Vec<String>,
    exclude: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Actor {
    actor_id: Option<u64>,
    actor_type: String,
}

#[derive(Debug, Deserialize)]
struct Rule {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    parameters: Value,
}

/// A rule that holds for a branch, and the ruleset that it is of.
#[derive(Debug, Deserialize)]
struct Holding {
    #[serde(default)]
    ruleset_id: Option<u64>,
}

struct Look<'a> {
    connection: &'a Connection,
    /// `/repos/OWNER/NAME`
    at: String,
}

impl Look<'_> {
    /// The answer to a question, or why there is none.
    fn ask<T>(&self, what: &str, permission: &str, ask: impl AsyncFn(&Api) -> Result<T, Failure>) -> Read<T> {
        let heard = self.connection.see(what, async |api| match ask(api).await {
            Ok(answer) => Ok(Ok(answer)),
            Err(failure) if failure.is_hidden() => Ok(Err(failure)),
            Err(failure) => Err(failure),
        });
        let unread = |why: String, needs| Unread { what: what.to_owned(), why, needs };
        match heard {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(failure)) => {
                let needs = failure.missing().unwrap_or(permission).to_owned();
                Err(unread(failure.told("github", Asked::ToSee(what)).to_string(), Some(needs)))
            }
            Err(error) => Err(unread(error.to_string(), None)),
        }
    }

    fn get<T: DeserializeOwned>(&self, what: &str, permission: &str, path: &str) -> Read<T> {
        self.ask(what, permission, async |api| api.get_as(path).await)
    }

    fn list<T: DeserializeOwned>(&self, what: &str, permission: &str, path: &str) -> Read<Vec<T>> {
        self.ask(what, permission, async |api| api.list(path).await)
    }

    /// Every ruleset, whether or not it holds, those of the organisation among them.
    fn rulesets(&self) -> Read<Vec<Listed>> {
        let path = format!("{}/rulesets?includes_parents=true&targets=branch", self.at);
        self.list("list the rulesets", "metadata=read", &path)
    }

    fn guard(&self, branch: &str, rulesets: &Read<Vec<Listed>>, administers: &mut bool) -> Guard {
        let sources = self.sources(branch, rulesets, administers);
        Guard { branch: branch.to_owned(), sources }
    }

    fn sources(&self, branch: &str, rulesets: &Read<Vec<Listed>>, administers: &mut bool) -> Read<Vec<Source>> {
        let name = escaped(branch);
        let what = format!("list the rules of the branch `{branch}`");
        let holding: Vec<Holding> = self.list(&what, "metadata=read", &format!("{}/rules/branches/{name}", self.at))?;
        let holding: BTreeSet<u64> = holding.into_iter().filter_map(|rule| rule.ruleset_id).collect();
        let mut sources = Vec::new();
        for listed in rulesets.as_ref().map_err(Clone::clone)? {
            let holds = holding.contains(&listed.id);
            if listed.enforcement == "active" && !holds {
                continue;
            }
            let what = format!("look at the ruleset `{}`", listed.name);
            let path = format!("{}/rulesets/{}", self.at, listed.id);
            let ruleset: Ruleset = self.get(&what, "metadata=read", &path)?;
            // whether one that isn't enforced would be for the branch is known by its patterns alone
            if !holds && !ruleset.conditions.as_ref().is_some_and(|of| of.ref_name.names(branch)) {
                continue;
            }
            *administers |= ruleset.bypass_actors.is_some();
            sources.push(source(listed, holds, ruleset));
        }
        let unlisted = holding.iter().find(|id| !rulesets.iter().flatten().any(|listed| listed.id == **id));
        if let Some(id) = unlisted {
            let why = format!("the ruleset {id} holds for it and isn't in the list of rulesets");
            return Err(Unread { what, why, needs: None });
        }
        sources.extend(self.older(branch, &name)?);
        Ok(sources)
    }

    /// How a branch is protected in the older way.
    fn older(&self, branch: &str, name: &str) -> Read<Option<Source>> {
        let what = format!("look at the protection of the branch `{branch}`");
        let path = format!("{}/branches/{name}/protection", self.at);
        let protection: Option<Value> = self.ask(&what, "administration=read", async |api| {
            match api.get_as(&path).await {
                // only these two words mean that there is none
                Err(Failure::Refused(said))
                    if said.status == 404
                        && ["Branch not protected", "Branch not found"].contains(&said.message.as_str()) =>
                {
                    Ok(None)
                }
                other => other.map(Some),
            }
        })?;
        Ok(protection.map(|protection| of_protection(branch, &protection)))
    }

    /// What the organisation has paid for. Only some are told, and a person has no such plan.
    fn plan(&self, owner: &str) -> Option<String> {
        let path = format!("/orgs/{owner}");
        let organization: Value = self.get("look at the organisation", "", &path).ok()?;
        organization.pointer("/plan/name").and_then(Value::as_str).map(str::to_owned)
    }

    fn keys(&self) -> Read<Vec<DeployKey>> {
        #[derive(Deserialize)]
        struct Key {
            title: String,
            read_only: bool,
        }
        let keys: Vec<Key> = self.list("list the deploy keys", "administration=read", &format!("{}/keys", self.at))?;
        Ok(keys.into_iter().map(|key| DeployKey { title: key.title, may_push: !key.read_only }).collect())
    }

    fn actions(&self) -> Read<Actions> {
        #[derive(Deserialize)]
        struct Workflows {
            default_workflow_permissions: String,
            can_approve_pull_request_reviews: bool,
        }
        let path = format!("{}/actions/permissions/workflow", self.at);
        let set: Workflows = self.get("see what workflows may do", "administration=read", &path)?;
        let may_write = set.default_workflow_permissions != "read";
        Ok(Actions { may_write, may_approve: set.can_approve_pull_request_reviews })
    }

    fn environments(&self) -> Read<Vec<Environment>> {
        #[derive(Deserialize)]
        struct Page {
            environments: Vec<Told>,
        }
        #[derive(Deserialize)]
        struct Told {
            name: String,
            #[serde(default)]
            protection_rules: Vec<Rule>,
            deployment_branch_policy: Option<Policy>,
        }
        #[derive(Deserialize)]
        struct Policy {
            protected_branches: bool,
        }
        let path = format!("{}/environments", self.at);
        let pages: Vec<Page> = self.ask("list the environments", "actions=read", async |api| api.pages(&path).await)?;
        let told = pages.into_iter().flat_map(|page| page.environments);
        Ok(told
            .map(|told| Environment {
                branches: match told.deployment_branch_policy {
                    None => Branches::All,
                    Some(policy) if policy.protected_branches => Branches::Protected,
                    Some(_) => Branches::Named(self.patterns(&told.name)),
                },
                waits: told.protection_rules.iter().any(|rule| rule.kind != "branch_policy"),
                name: told.name,
            })
            .collect())
    }

    fn patterns(&self, environment: &str) -> Read<Vec<String>> {
        #[derive(Deserialize)]
        struct Page {
            branch_policies: Vec<Pattern>,
        }
        #[derive(Deserialize)]
        struct Pattern {
            name: String,
            #[serde(default, rename = "type")]
            kind: Option<String>,
        }
        let what = format!("list the branches of the environment `{environment}`");
        let path = format!("{}/environments/{}/deployment-branch-policies", self.at, escaped(environment));
        let pages: Vec<Page> = self.ask(&what, "actions=read", async |api| api.pages(&path).await)?;
        let patterns = pages.into_iter().flat_map(|page| page.branch_policies);
        Ok(patterns
            .map(|pattern| match pattern.kind.as_deref() {
                Some("tag") => format!("tag {}", pattern.name),
                Some(_) | None => pattern.name,
            })
            .collect())
    }

    fn subject(&self) -> Read<Option<Subject>> {
        #[derive(Deserialize)]
        struct Told {
            use_default: bool,
            #[serde(default)]
            include_claim_keys: Option<Vec<String>>,
            #[serde(default)]
            use_immutable_subject: bool,
        }
        let path = format!("{}/actions/oidc/customization/sub", self.at);
        let told: Told = self.get("see the subject of workflows", "actions=read", &path)?;
        let claims = told.include_claim_keys.filter(|_| !told.use_default);
        Ok(Some(Subject { is_immutable: told.use_immutable_subject, claims }))
    }

    /// A server has no subject by numbers, so its lack is none.
    fn subject_of_server(&self) -> Read<Option<Subject>> {
        self.subject().map(|subject| subject.map(|subject| Subject { is_immutable: true, ..subject }))
    }

    /// GitHub has told them with each answer so far.
    fn scopes(&self) -> Option<Vec<String>> {
        let told = self.connection.see("see what the token may do", async |api| Ok(api.scopes())).ok()??;
        let scopes: Vec<String> = told.split(',').map(|scope| scope.trim().to_owned()).collect();
        Some(scopes.into_iter().filter(|scope| !scope.is_empty()).collect())
    }
}

/// A name as a part of a path.
fn escaped(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    name.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

impl RefName {
    fn names(&self, branch: &str) -> bool {
        let full = format!("refs/heads/{branch}");
        let listed = |patterns: &[String]| {
            // whether the branch is the default one isn't asked: one that might be meant is
            patterns.iter().any(|one| one == "~ALL" || one == "~DEFAULT_BRANCH" || fits(one, &full))
        };
        let excluded = self.exclude.iter().any(|one| fits(one, &full));
        listed(&self.include) && !excluded
    }
}

/// Whether a name fits a pattern in which `*` stands for anything.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => {
            let Some(tail) = name.strip_prefix(start) else { return false };
            let rest = rest.trim_start_matches('*');
            rest.is_empty() || tail.char_indices().any(|(at, _)| tail.get(at..).is_some_and(|tail| fits(rest, tail)))
        }
    }
}

fn source(listed: &Listed, is_enforced: bool, ruleset: Ruleset) -> Source {
    let bypass = match ruleset.bypass_actors {
        Some(actors) => Ok(actors.iter().map(bypass).collect()),
        None => Err(Unread {
            what: format!("see who may bypass the ruleset `{}`", listed.name),
            why: "only somebody who may change it is told".to_owned(),
            needs: Some("administration=write".to_owned()),
        }),
    };
    let rules = ruleset.rules.iter().filter_map(hold).collect();
    Source { name: format!("the ruleset `{}`", listed.name.escape_debug()), is_enforced, rules, bypass }
}

fn bypass(actor: &Actor) -> Bypass {
    let number = actor.actor_id.map(|id| format!(" {id}")).unwrap_or_default();
    match (actor.actor_type.as_str(), actor.actor_id) {
        ("DeployKey", _) => Bypass::DeployKeys,
        ("Integration", Some(id)) => Bypass::App(id),
        ("OrganizationAdmin", _) => Bypass::People("owners of the organisation".to_owned()),
        ("RepositoryRole", _) => Bypass::People(format!("the repository role{number}")),
        ("Team", _) => Bypass::People(format!("the team{number}")),
        ("User", _) => Bypass::People(format!("the account{number}")),
        (other, _) => Bypass::People(format!("`{}`{number}", other.escape_debug())),
    }
}

/// A rule that matters here. Rules of other kinds only make a branch harder to change.
fn hold(rule: &Rule) -> Option<Hold> {
    let told = |name: &str| rule.parameters.get(name);
    Some(match rule.kind.as_str() {
        "pull_request" => Hold::PullRequest {
            approvals: told("required_approving_review_count").and_then(Value::as_u64).unwrap_or_default(),
            dismisses_stale: told("dismiss_stale_reviews_on_push").and_then(Value::as_bool).unwrap_or_default(),
        },
        "required_status_checks" => Hold::Checks(checks(told("required_status_checks"), "integration_id")),
        "non_fast_forward" => Hold::NoForce,
        "deletion" => Hold::NoDeletion,
        "update" => Hold::NoUpdate,
        _ => return None,
    })
}

fn checks(list: Option<&Value>, app: &str) -> Vec<(String, Option<u64>)> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|one| Some((one.get("context")?.as_str()?.to_owned(), one.get(app).and_then(Value::as_u64))))
        .collect()
}

/// The older protection of a branch in the words of rulesets.
fn of_protection(branch: &str, protection: &Value) -> Source {
    let on = |name: &str| protection.get(name).and_then(|one| one.get("enabled")).and_then(Value::as_bool);
    let mut rules = Vec::new();
    let mut bypass = Vec::new();
    if on("enforce_admins") != Some(true) {
        bypass.push(Bypass::People("administrators of the repository".to_owned()));
    }
    if let Some(reviews) = protection.get("required_pull_request_reviews") {
        rules.push(Hold::PullRequest {
            approvals: reviews.get("required_approving_review_count").and_then(Value::as_u64).unwrap_or_default(),
            dismisses_stale: reviews.get("dismiss_stale_reviews").and_then(Value::as_bool).unwrap_or_default(),
        });
        bypass.extend(named(reviews.get("bypass_pull_request_allowances")));
    }
    if let Some(required) = protection.get("required_status_checks") {
        rules.push(Hold::Checks(checks(required.get("checks"), "app_id")));
    }
    if on("allow_force_pushes") == Some(false) {
        rules.push(Hold::NoForce);
    }
    if on("allow_deletions") == Some(false) {
        rules.push(Hold::NoDeletion);
    }
    let restricted = protection.get("restrictions");
    if on("lock_branch") == Some(true) || restricted.is_some() {
        rules.push(Hold::NoUpdate);
        bypass.extend(named(restricted));
    }
    Source {
        name: format!("the protection of `{}`", branch.escape_debug()),
        is_enforced: true,
        rules,
        bypass: Ok(bypass),
    }
}

/// Whom a list of the older protection excepts.
fn named(list: Option<&Value>) -> Vec<Bypass> {
    let of = |what: &str| {
        let all = list.and_then(|list| list.get(what)).and_then(Value::as_array);
        all.into_iter().flatten().cloned().collect::<Vec<Value>>()
    };
    let word = |one: &Value, key: &str| one.get(key).and_then(Value::as_str).unwrap_or("?").escape_debug().to_string();
    let people = of("users").iter().map(|one| Bypass::People(format!("`{}`", word(one, "login")))).collect::<Vec<_>>();
    let teams =
        of("teams").iter().map(|one| Bypass::People(format!("the team `{}`", word(one, "slug")))).collect::<Vec<_>>();
    let apps = of("apps").iter().filter_map(|one| one.get("id")?.as_u64()).map(Bypass::App).collect::<Vec<_>>();
    people.into_iter().chain(teams).chain(apps).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_rulesets_name_branches() {
        let of = |include: &str, exclude: &str| RefName {
            include: vec![include.to_owned()],
            exclude: exclude.split(' ').filter(|one| !one.is_empty()).map(str::to_owned).collect(),
        };
        for (include, exclude, named) in [
            ("refs/heads/main", "", true),
            ("refs/heads/*", "", true),
            ("refs/heads/m*n", "", true),
            ("~ALL", "refs/heads/main", false),
            ("refs/heads/release/*", "", false),
            ("refs/heads/main2", "", false),
        ] {
            assert_eq!(of(include, exclude).names("main"), named, "{include} {exclude}");
        }
    }
}
