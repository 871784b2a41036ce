//! Pull requests: how they are opened, changed, closed and opened again.

use super::refs::PullKey;
use super::{Event, Happening, Id, Level, Oid, Owner, PullRequest, Refusal, Repository, World};

/// What a pull request is opened with.
#[derive(Debug, Clone)]
pub(crate) struct Proposal {
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) head_repository: Id,
    pub(crate) head: String,
    pub(crate) base: String,
    pub(crate) draft: bool,
}

impl World {
    pub(crate) fn pull_mut(&mut self, key: PullKey) -> &mut PullRequest {
        let repository = self.repositories.get_mut(&key.0).expect("found by number");
        repository.code.pulls.get_mut(&key.1).expect("found by number")
    }

    /// A pull request that a test names.
    pub fn pull(&self, repository: &str, number: u64) -> &PullRequest {
        let pulls = &self.named(repository).code.pulls;
        pulls.get(&number).unwrap_or_else(|| panic!("`{repository}` has no pull request {number}"))
    }

    /// The key of a pull request that a test names.
    pub(crate) fn known_pull(&self, repository: &str, number: u64) -> PullKey {
        (self.named(repository).id, self.pull(repository, number).number)
    }

    /// Keeps what happened to a pull request.
    pub(crate) fn happen(&mut self, key: PullKey, actor: Id, event: Event) {
        let (id, at) = (self.number(24_000_000), self.now);
        let pull = self.pull_mut(key);
        pull.timeline.push(Happening { id, at, actor, event });
        pull.updated = at;
    }

    /// Opens a pull request from a branch of the repository; returns its number.
    pub fn open_pull(&mut self, repository: &str, head: &str, base: &str, by: &str) -> u64 {
        self.open_pull_from(repository, repository, head, base, by)
    }

    /// Opens a pull request from a branch of another repository, which shares its commits.
    pub fn open_pull_from(&mut self, repository: &str, from: &str, head: &str, base: &str, by: &str) -> u64 {
        let (id, head_repository, actor) = (self.named(repository).id, self.named(from).id, self.known(by));
        let (title, body) = (format!("Merge {head}"), String::new());
        let (head, base) = (head.to_owned(), base.to_owned());
        let proposal = Proposal { title, body, head_repository, head, base, draft: false };
        let opened = self.propose(id, proposal, actor);
        opened.unwrap_or_else(|why| panic!("`{by}` can't open a pull request: {}", why.message))
    }

    pub(crate) fn propose(&mut self, id: Id, what: Proposal, actor: Id) -> Result<u64, Refusal> {
        let repository = &self.repositories[&id];
        if let Err(why) = self.may_write(repository) {
            return Refusal::new(403, why);
        }
        let from = &self.repositories[&what.head_repository];
        let tips = (repository.code.branches.get(&what.base), from.code.branches.get(&what.head));
        let (base_oid, head_oid) = match tips {
            (Some(base), Some(head)) if self.is_related(id, what.head_repository) => (base.clone(), head.clone()),
            (None, _) => return Refusal::new(422, "base is invalid"),
            (_, _) => return Refusal::new(422, "head is invalid"),
        };
        let same = |it: &&PullRequest| {
            it.is_open() && it.base == what.base && it.head == what.head && it.head_repository == what.head_repository
        };
        if repository.code.pulls.values().any(|it| same(&it)) {
            let label = self.label(what.head_repository, &what.head);
            return Refusal::new(422, format!("A pull request already exists for {label}."));
        }
        if self.objects_of(repository).between(&base_oid, &head_oid).is_empty() {
            return Refusal::new(422, format!("No commits between {} and {}", what.base, what.head));
        }
        let (unique, now) = (self.number(1_900_000_000), self.now);
        let code = &mut self.repositories.get_mut(&id).expect("found by number").code;
        let number = code.number();
        let pull = PullRequest {
            number,
            id: unique,
            title: what.title,
            body: what.body,
            author: actor,
            created: now,
            updated: now,
            closed: None,
            draft: what.draft,
            base: what.base,
            base_oid,
            head_repository: what.head_repository,
            head: what.head,
            head_oid,
            merged: None,
            auto_merge: None,
            reviews: Vec::new(),
            timeline: Vec::new(),
            pushed_by: actor,
            lost_head: false,
        };
        code.pulls.insert(number, pull);
        Ok(number)
    }

    /// Somebody lets a pull request go to another branch.
    pub fn edit_base(&mut self, repository: &str, number: u64, to: &str, by: &str) {
        let (key, actor) = (self.known_pull(repository, number), self.known(by));
        self.change_base(key, to, actor).unwrap_or_else(|why| panic!("the base stays: {}", why.message));
    }

    /// Somebody makes a pull request a draft, or ready.
    pub fn set_draft(&mut self, repository: &str, number: u64, draft: bool, by: &str) {
        let (key, actor) = (self.known_pull(repository, number), self.known(by));
        self.pull_mut(key).draft = draft;
        self.happen(key, actor, if draft { Event::Drafted } else { Event::Readied });
    }

    /// Somebody closes a pull request.
    pub fn close_pull(&mut self, repository: &str, number: u64, by: &str) {
        let (key, actor) = (self.known_pull(repository, number), self.known(by));
        assert!(self.pull(repository, number).is_open(), "the pull request is closed");
        self.set_closed(key, actor);
    }

    pub(crate) fn set_closed(&mut self, key: PullKey, actor: Id) {
        self.leave_queue(key, actor, "The pull request was closed");
        let now = self.now;
        self.pull_mut(key).closed = Some(now);
        self.happen(key, actor, Event::Closed);
        self.stop_auto_merge(key, actor, "The pull request was closed");
    }

    /// Somebody opens a pull request again.
    pub fn reopen_pull(&mut self, repository: &str, number: u64, by: &str) {
        let (key, actor) = (self.known_pull(repository, number), self.known(by));
        self.set_open(key, actor).unwrap_or_else(|why| panic!("it stays closed: {}", why.message));
    }

    pub(crate) fn set_open(&mut self, key: PullKey, actor: Id) -> Result<(), Refusal> {
        let code = &self.repositories[&key.0].code;
        let pull = &code.pulls[&key.1];
        let tip = self.repositories.get(&pull.head_repository).and_then(|from| from.code.branches.get(&pull.head));
        let head = match tip {
            _ if pull.is_open() => return Ok(()),
            _ if pull.merged.is_some() => return Refusal::new(422, "state cannot be changed."),
            _ if !code.branches.contains_key(&pull.base) => {
                return Refusal::new(
                    422,
                    format!("state cannot be changed. The {} branch has been deleted.", pull.base),
                );
            }
            None => {
                return Refusal::new(
                    422,
                    format!("state cannot be changed. The {} branch has been deleted.", pull.head),
                );
            }
            Some(_) if pull.lost_head => {
                let why = "branch was force-pushed or recreated.";
                return Refusal::new(422, format!("state cannot be changed. The {} {why}", pull.head));
            }
            Some(head) => head.clone(),
        };
        self.pull_mut(key).closed = None;
        self.happen(key, actor, Event::Reopened);
        if head != self.repositories[&key.0].code.pulls[&key.1].head_oid {
            let by = self.pull_mut(key).pushed_by;
            self.show_head(key, &head, by);
        }
        Ok(())
    }

    /// How an account stands to a repository now.
    pub(crate) fn association(&self, repository: &Repository, account: Id) -> &'static str {
        let is_member = |id: &Id| self.organizations[id].members.contains_key(&account);
        let wrote = || {
            let tip = repository.code.branches.get(&repository.default_branch);
            let objects = self.objects_of(repository);
            let line = tip.map(|tip| objects.line(tip)).unwrap_or_default();
            let mut authors = line.iter().filter_map(|oid| objects.get(oid)).map(|commit| &commit.author.email);
            authors.any(|email| self.account_of_email(email) == Some(account))
        };
        match repository.owner {
            _ if self.accounts.get(&account).is_some_and(|account| account.mannequin) => "MANNEQUIN",
            _ if World::belongs_to(repository, account) => "OWNER",
            Owner::Organization(id) if is_member(&id) => "MEMBER",
            _ if repository.direct.contains_key(&account) => "COLLABORATOR",
            _ if wrote() => "CONTRIBUTOR",
            _ => "NONE",
        }
    }

    /// Whether an account may push to a repository now.
    pub(crate) fn pushes(&self, repository: &Repository, account: Id) -> bool {
        self.effective(repository, account).is_some_and(|role| role.level >= Level::Write)
    }

    /// Commits of a pull request, what is below first.
    pub(crate) fn commits_of(&self, repository: &Repository, pull: &PullRequest) -> Vec<Oid> {
        match &pull.merged {
            Some(merged) => merged.commits.clone(),
            None => self.objects_of(repository).between(&pull.base_oid, &pull.head_oid),
        }
    }

    /// Pull requests that a commit came by, as far as GitHub tells: those that were merged, and where the commit isn't on
    /// the default branch, those that are open. What was merged just now may still be missing.
    pub(crate) fn pulls_with<'w>(&'w self, repository: &'w Repository, oid: &str) -> Vec<&'w PullRequest> {
        let tip = repository.code.branches.get(&repository.default_branch);
        let landed = tip.is_some_and(|tip| self.objects_of(repository).stands_on(tip, oid));
        let fits = |pull: &&PullRequest| match &pull.merged {
            Some(merged) if merged.at + self.association_delay > self.now => false,
            Some(merged) if merged.commit == oid || merged.made.iter().any(|made| made == oid) => true,
            Some(_) => self.commits_of(repository, pull).iter().any(|commit| commit == oid),
            None => !landed && pull.is_open() && self.commits_of(repository, pull).iter().any(|commit| commit == oid),
        };
        repository.code.pulls.values().filter(fits).collect()
    }
}
