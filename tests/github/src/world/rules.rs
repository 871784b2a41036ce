//! Rules that guard branches, and whom they bind.

use super::{Id, Level, Method, Oid, Owner, Protection, Refusal, Repository, Verdict, World};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// What a rule asks of reviews.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReviewRule {
    /// How many must approve.
    pub approvals: u64,
    /// Approvals of what was there before a push don't count.
    pub dismiss_stale: bool,
    /// Owners of what is changed must approve.
    pub code_owners: bool,
    /// Somebody else than who pushed last must approve.
    pub last_push: bool,
}

/// What a rule asks of checks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CheckRule {
    /// Names, and the App that must have run it where that is said.
    pub checks: Vec<(String, Option<Id>)>,
    /// The head must hold all of the base.
    pub strict: bool,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// Nobody makes such a branch.
    Creation,
    /// Nobody moves it.
    Update,
    /// Nobody deletes it.
    Deletion,
    /// Nobody pushes it anew.
    NonFastForward,
    /// It has no commit with two parents.
    LinearHistory,
    /// Its commits are signed.
    Signatures,
    /// It changes by pull requests.
    PullRequest(ReviewRule),
    /// Checks have passed.
    StatusChecks(CheckRule),
    /// It changes by the merge queue, which merges in that way.
    MergeQueue(Method),
}

impl Rule {
    pub(crate) fn dismisses_stale(&self) -> bool {
        matches!(self, Rule::PullRequest(rule) if rule.dismiss_stale)
    }
}

/// Whether rules hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enforcement {
    /// They hold.
    Active,
    /// They are only looked at.
    Evaluate,
    /// They don't hold.
    Disabled,
}

impl Enforcement {
    pub(crate) fn from_word(word: &str) -> Option<Enforcement> {
        [Enforcement::Active, Enforcement::Evaluate, Enforcement::Disabled].into_iter().find(|it| it.word() == word)
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Enforcement::Active => "active",
            Enforcement::Evaluate => "evaluate",
            Enforcement::Disabled => "disabled",
        }
    }
}

/// Who needn't keep rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bypass {
    /// Owners of the organisation.
    Owners,
    /// Administrators of the repository.
    Admins,
    /// A team.
    Team(Id),
    /// An App.
    App(Id),
    /// An account.
    Account(Id),
    /// Keys of the repository that may push.
    DeployKeys,
}

/// Rules for branches.
#[derive(Debug, Clone)]
pub struct Ruleset {
    /// Its number.
    pub id: Id,
    /// What it is called.
    pub name: String,
    /// Whether it holds.
    pub enforcement: Enforcement,
    /// Branches that it is for: `refs/heads/…`, with `*`, `~DEFAULT_BRANCH` or `~ALL`.
    pub include: Vec<String>,
    /// Branches that it isn't for.
    pub exclude: Vec<String>,
    /// What holds.
    pub rules: Vec<Rule>,
    /// Who needn't keep it, and whether only where a pull request is merged.
    pub bypass: Vec<(Bypass, bool)>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was changed last.
    pub updated: Timestamp,
}

/// Whether a name fits a pattern in which `*` stands for anything.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => {
            let rest = rest.trim_start_matches('*');
            let Some(tail) = name.strip_prefix(start) else { return false };
            (0..=tail.len()).any(|at| tail.get(at..).is_some_and(|tail| fits(rest, tail)))
        }
    }
}

impl Ruleset {
    pub(crate) fn is_for(&self, branch: &str, default: &str) -> bool {
        let listed = |patterns: &[String]| {
            patterns.iter().any(|pattern| match pattern.as_str() {
                "~ALL" => true,
                "~DEFAULT_BRANCH" => branch == default,
                pattern => fits(pattern, &format!("refs/heads/{branch}")),
            })
        };
        listed(&self.include) && !listed(&self.exclude)
    }
}

impl Protection {
    /// Its rules in the words of today.
    fn all_rules(&self) -> Vec<Rule> {
        let more = [
            (self.locked, Rule::Update),
            (!self.force_pushes, Rule::NonFastForward),
            (!self.deletions, Rule::Deletion),
        ];
        self.rules.iter().cloned().chain(more.into_iter().filter(|(on, _)| *on).map(|(_, rule)| rule)).collect()
    }
}

impl World {
    /// Guards branches of a repository by rules: `main`, or a pattern. Nobody is above them.
    pub fn add_ruleset(&mut self, repository: &str, name: &str, branch: &str, rules: Vec<Rule>) -> Id {
        let (id, now) = (self.number(42_000), self.now);
        let plain = branch.starts_with('~') || branch.starts_with("refs/");
        let include = vec![if plain { branch.to_owned() } else { format!("refs/heads/{branch}") }];
        let (name, enforcement) = (name.to_owned(), Enforcement::Active);
        let (exclude, bypass) = (Vec::new(), Vec::new());
        let ruleset = Ruleset { id, name, enforcement, include, exclude, rules, bypass, created: now, updated: now };
        self.known_repository(repository).code.rulesets.insert(id, ruleset);
        id
    }

    /// Somebody changes a ruleset.
    pub fn change_ruleset(&mut self, repository: &str, id: Id, change: impl FnOnce(&mut Ruleset)) {
        let now = self.now;
        let ruleset = self.known_repository(repository).code.rulesets.get_mut(&id).expect("a ruleset that was made");
        change(ruleset);
        ruleset.updated = now;
    }

    /// Guards a branch in the older way.
    pub fn protect(&mut self, repository: &str, branch: &str, protection: Protection) {
        self.known_repository(repository).code.protections.insert(branch.to_owned(), protection);
    }

    /// Switches of a repository, to be changed.
    pub fn settings_mut(&mut self, repository: &str) -> &mut super::Settings {
        &mut self.known_repository(repository).code.settings
    }

    /// Environments of a repository, to be changed.
    pub fn environments_mut(&mut self, repository: &str) -> &mut Vec<super::Environment> {
        &mut self.known_repository(repository).code.environments
    }

    pub(crate) fn bypasses(&self, repository: &Repository, actor: Id, of: Bypass) -> bool {
        let owned = |account| matches!(repository.owner, Owner::Organization(id) if self.owns(id, account));
        match of {
            Bypass::Owners => owned(actor),
            Bypass::Admins => self.effective(repository, actor).is_some_and(|role| role.level == Level::Admin),
            Bypass::Team(team) => self.teams.get(&team).is_some_and(|team| team.members.contains_key(&actor)),
            Bypass::App(app) => self.apps.get(&app).is_some_and(|app| app.account == actor),
            Bypass::Account(account) => account == actor,
            // a key is nobody's account
            Bypass::DeployKeys => false,
        }
    }

    /// Rules of a branch, whoever needn't keep them.
    pub(crate) fn rules_of(&self, repository: &Repository, branch: &str) -> Vec<Rule> {
        let active = |set: &&Ruleset| set.enforcement == Enforcement::Active;
        let sets = repository.code.rulesets.values().filter(active);
        let rules = sets.filter(|set| set.is_for(branch, &repository.default_branch)).flat_map(|set| set.rules.clone());
        let older = repository.code.protections.get(branch).map(Protection::all_rules).unwrap_or_default();
        rules.chain(older).collect()
    }

    /// Rules of a branch that somebody must keep.
    pub(crate) fn binding_rules(&self, repository: &Repository, branch: &str, actor: Id, by_pull: bool) -> Vec<Rule> {
        let mut rules = Vec::new();
        for set in repository.code.rulesets.values() {
            let above =
                |(of, pulls_only): &(Bypass, bool)| (by_pull || !pulls_only) && self.bypasses(repository, actor, *of);
            let holds = set.enforcement == Enforcement::Active && !set.bypass.iter().any(above);
            if holds && set.is_for(branch, &repository.default_branch) {
                rules.extend(set.rules.iter().cloned());
            }
        }
        if let Some(protection) = repository.code.protections.get(branch)
            && (protection.enforce_admins || !self.bypasses(repository, actor, Bypass::Admins))
        {
            rules.extend(protection.all_rules());
        }
        rules
    }

    /// Who approves a pull request by their last word, and who is against it, among those who may push.
    fn words_on(&self, repository: &Repository, number: u64) -> (BTreeSet<Id>, BTreeSet<Id>) {
        let mut last: BTreeMap<Id, Verdict> = BTreeMap::new();
        for review in &repository.code.pulls[&number].reviews {
            if !matches!(review.verdict, Verdict::Commented | Verdict::Pending) {
                last.insert(review.author, review.verdict);
            }
        }
        let pushes = |account: &Id| self.effective(repository, *account).is_some_and(|it| it.level >= Level::Write);
        let of = |wanted: Verdict| {
            let found = last.iter().filter(|(account, verdict)| **verdict == wanted && pushes(account));
            found.map(|(account, _)| *account).collect()
        };
        (of(Verdict::Approved), of(Verdict::ChangesRequested))
    }

    /// Whether a check has passed on a commit.
    pub(crate) fn has_passed(&self, repository: &Repository, oid: &str, name: &str, app: Option<Id>) -> bool {
        let runs = repository.code.checks.values().filter(|run| run.head == oid && run.name == name);
        let last = runs.filter(|run| app.is_none_or(|app| run.app == app)).max_by_key(|run| run.id);
        let passed = ["success", "neutral", "skipped"];
        last.and_then(|run| run.conclusion.as_deref()).is_some_and(|word| passed.contains(&word))
    }

    /// Whether rules of a branch let somebody merge a pull request into it in that way.
    pub(crate) fn rules_allow_method(
        &self,
        repository: &Repository,
        (number, branch): (u64, &str),
        actor: Id,
        method: Method,
    ) -> Result<(), Refusal> {
        let pull = &repository.code.pulls[&number];
        let objects = self.objects_of(repository);
        let signed = |oid: &Oid| objects.get(oid).is_some_and(super::code::is_verified);
        for rule in self.binding_rules(repository, branch, actor, true) {
            match (rule, method) {
                (Rule::LinearHistory, Method::Merge) => {
                    return Refusal::new(405, "Merge commits are not allowed on this branch.");
                }
                // GitHub signs what it makes of others' work, but not their commits made anew
                (Rule::Signatures, Method::Merge) if self.commits_of(repository, pull).iter().all(signed) => {}
                (Rule::Signatures, Method::Merge | Method::Rebase) => {
                    return Refusal::new(405, "Commits must have verified signatures.");
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether rules of a branch let somebody merge a pull request into it, whose checks are those of a commit.
    pub(crate) fn rules_allow(
        &self,
        repository: &Repository,
        (number, branch): (u64, &str),
        actor: Id,
        checked: &str,
        queued: bool,
    ) -> Result<(), Refusal> {
        let pull = &repository.code.pulls[&number];
        let (approve, against) = self.words_on(repository, number);
        for rule in self.binding_rules(repository, branch, actor, true) {
            match rule {
                Rule::Update => return Refusal::new(405, "Cannot update this protected ref."),
                Rule::MergeQueue(_) if !queued => {
                    return Refusal::new(405, "Changes must be made through the merge queue");
                }
                Rule::PullRequest(_) if !against.is_empty() => {
                    return Refusal::new(405, "Changes were requested by a reviewer with write access.");
                }
                Rule::PullRequest(rule) if (approve.len() as u64) < rule.approvals => {
                    let some = if rule.approvals == 1 { "review is" } else { "reviews are" };
                    let words = "required by reviewers with write access.";
                    return Refusal::new(405, format!("At least {} approving {some} {words}", rule.approvals));
                }
                Rule::PullRequest(rule) if rule.last_push && approve.iter().all(|by| *by == pull.pushed_by) => {
                    let words = "New changes require approval from someone other than the last pusher.";
                    return Refusal::new(405, words);
                }
                Rule::StatusChecks(rule) => {
                    let missing =
                        |(name, app): &&(String, Option<Id>)| !self.has_passed(repository, checked, name, *app);
                    if let Some((name, _)) = rule.checks.iter().find(missing) {
                        return Refusal::new(405, format!("Required status check \"{name}\" is expected."));
                    }
                    let tip: Option<&Oid> = repository.code.branches.get(branch);
                    let holds = |tip: &Oid| self.objects_of(repository).stands_on(&pull.head_oid, tip);
                    if rule.strict && !queued && !tip.is_some_and(holds) {
                        return Refusal::new(405, "Head branch is out of date with the base branch.");
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}
