//! Branches: who moves them where, and what that means for pull requests.

use super::code::is_verified;
use super::{Activity, Commit, Event, Id, Movement, NO_COMMIT, Oid, Owner, Refusal, Repository, Rule, Verdict, World};

/// The words with which GitHub dismisses reviews when a pull request comes to go to another branch.
const BASE_CHANGED: &str = "The base branch was changed.";

/// A pull request by the repository that it goes to, and its number there.
pub(crate) type PullKey = (Id, u64);

impl World {
    /// The repository that a test names; a name that nothing has is a mistake of the test.
    pub(crate) fn named(&self, name: &str) -> &Repository {
        self.repository(name).unwrap_or_else(|| panic!("there is no repository `{name}`"))
    }

    /// Somebody pushes a branch to a commit that the repository knows, anew if it must be.
    pub fn push(&mut self, repository: &str, branch: &str, to: &str, by: &str) {
        let pushed = self.try_push(repository, branch, to, by);
        pushed.unwrap_or_else(|why| panic!("`{by}` can't push `{branch}`: {}", why.message));
    }

    /// The same, where the repository may refuse it.
    pub fn try_push(&mut self, repository: &str, branch: &str, to: &str, by: &str) -> Result<(), Refusal> {
        let (id, actor) = (self.named(repository).id, self.known(by));
        let before = self.repositories[&id].code.branches.get(branch).cloned();
        assert!(self.commit(repository, to).is_some(), "`{repository}` has no commit {to}");
        let forced =
            before.as_ref().is_some_and(|before| !self.objects_of(self.named(repository)).stands_on(to, before));
        let movement = match before {
            None => Movement::Creation,
            Some(_) if forced => Movement::ForcePush,
            Some(before) if before == to => return Ok(()),
            Some(_) => Movement::Push,
        };
        self.may_move(id, branch, Some(to), actor, movement)?;
        self.move_branch(id, branch, Some(to.to_owned()), actor, movement);
        Ok(())
    }

    /// Forgets how a branch moved, as GitHub may after a time: how long it keeps that nobody could prove.
    pub fn forget_movements(&mut self, repository: &str, branch: &str) {
        let repository = self.named(repository).id;
        let code = &mut self.repositories.get_mut(&repository).expect("found by name").code;
        code.activities.retain(|it| it.branch != branch);
    }

    /// Somebody deletes a branch.
    pub fn delete_branch(&mut self, repository: &str, branch: &str, by: &str) {
        let deleted = self.try_delete_branch(repository, branch, by);
        deleted.unwrap_or_else(|why| panic!("`{by}` can't delete `{branch}`: {}", why.message));
    }

    /// The same, where the repository may refuse it.
    pub fn try_delete_branch(&mut self, repository: &str, branch: &str, by: &str) -> Result<(), Refusal> {
        let (id, actor) = (self.named(repository).id, self.known(by));
        assert!(self.branch(repository, branch).is_some(), "`{repository}` has no branch `{branch}`");
        self.may_move(id, branch, None, actor, Movement::Deletion)?;
        self.move_branch(id, branch, None, actor, Movement::Deletion);
        Ok(())
    }

    /// Somebody restores the branch of a pull request where its head was.
    pub fn restore_branch(&mut self, repository: &str, number: u64, by: &str) {
        let (id, actor) = (self.named(repository).id, self.known(by));
        let pull = &self.repositories[&id].code.pulls[&number];
        let (from, branch, head) = (pull.head_repository, pull.head.clone(), pull.head_oid.clone());
        assert!(!self.repositories[&from].code.branches.contains_key(&branch), "`{branch}` is there");
        self.move_branch(from, &branch, Some(head), actor, Movement::Creation);
        self.happen((id, number), actor, Event::HeadRestored);
        self.pull_mut((id, number)).lost_head = false;
    }

    /// Where a branch is.
    pub fn branch(&self, repository: &str, branch: &str) -> Option<Oid> {
        self.named(repository).code.branches.get(branch).cloned()
    }

    /// Movements of branches in order.
    pub fn activities(&self, repository: &str) -> &[Activity] {
        &self.named(repository).code.activities
    }

    /// Forgets movements, as GitHub may with time.
    pub fn forget_activities(&mut self, repository: &str, forgotten: impl Fn(&Activity) -> bool) {
        self.known_repository(repository).code.activities.retain(|activity| !forgotten(activity));
    }

    /// Whether rules let somebody move a branch by hand.
    fn may_move(&self, id: Id, branch: &str, to: Option<&str>, actor: Id, how: Movement) -> Result<(), Refusal> {
        let repository = &self.repositories[&id];
        if let Err(why) = self.may_write(repository) {
            return Refusal::new(403, why);
        }
        let by = self.accounts.get(&actor).filter(|by| !by.bot);
        if let Some(by) = by.filter(|by| !self.pushes(repository, by.id)) {
            let name = self.full_name(repository);
            return Refusal::new(403, format!("Permission to {name}.git denied to {}.", by.login));
        }
        let refuse = |why: &str| Refusal::new(422, format!("Repository rule violations found: {why}"));
        for rule in self.binding_rules(repository, branch, actor, false) {
            match rule {
                Rule::Update if how != Movement::Creation => return refuse("Cannot update this protected ref."),
                Rule::Creation if how == Movement::Creation => return refuse("Cannot create this protected ref."),
                Rule::Deletion if how == Movement::Deletion => return refuse("Cannot delete this protected branch."),
                Rule::NonFastForward if how == Movement::ForcePush => {
                    return refuse("Cannot force-push to this protected branch.");
                }
                Rule::PullRequest(_) if to.is_some() && how != Movement::Creation => {
                    return refuse("Changes must be made through a pull request.");
                }
                Rule::MergeQueue(_) if to.is_some() && how != Movement::Creation => {
                    return refuse("Changes must be made through the merge queue.");
                }
                Rule::Signatures if !self.new_commits(repository, to).iter().all(|it| is_verified(it)) => {
                    return refuse("Commits must have verified signatures.");
                }
                Rule::LinearHistory if self.new_commits(repository, to).iter().any(|it| it.parents.len() > 1) => {
                    return refuse("This branch must not contain merge commits.");
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Commits that no branch of a repository holds before one is pushed to a place.
    fn new_commits<'w>(&'w self, repository: &'w Repository, to: Option<&str>) -> Vec<&'w Commit> {
        let objects = self.objects_of(repository);
        let known: Vec<_> = repository.code.branches.values().map(|tip| objects.line(tip)).collect();
        let line = to.map(|to| objects.line(to)).unwrap_or_default();
        let new = line.into_iter().filter(|oid| !known.iter().any(|line| line.contains(oid)));
        new.filter_map(|oid| objects.get(oid)).collect()
    }

    /// Moves a branch, keeps the movement, and lets pull requests follow.
    pub(crate) fn move_branch(&mut self, id: Id, branch: &str, to: Option<Oid>, actor: Id, movement: Movement) {
        let (number, at) = (self.number(7_800_000), self.now);
        let code = &mut self.repositories.get_mut(&id).expect("found by number").code;
        let before = match &to {
            Some(to) => code.branches.insert(branch.to_owned(), to.clone()),
            None => code.branches.remove(branch),
        };
        let or_none = |oid: &Option<Oid>| oid.clone().unwrap_or_else(|| NO_COMMIT.to_owned());
        let (from, after) = (or_none(&before), or_none(&to));
        let branch = branch.to_owned();
        code.activities.push(Activity { id: number, branch: branch.clone(), before: from, after, at, movement, actor });
        let goes_there = |key: &PullKey, world: &World| {
            let pull = &world.repositories[&key.0].code.pulls[&key.1];
            (pull.head_repository == id && pull.head == branch, key.0 == id && pull.base == branch && pull.is_open())
        };
        let all: Vec<PullKey> = self.pull_keys();
        let heads: Vec<PullKey> = all.iter().filter(|key| goes_there(key, self).0).copied().collect();
        let bases: Vec<PullKey> = all.iter().filter(|key| goes_there(key, self).1).copied().collect();
        match &to {
            Some(to) => {
                for key in heads {
                    self.head_moved(key, to, actor, movement);
                }
                for key in bases {
                    self.base_moved(key, before.as_ref(), to, actor, movement);
                }
            }
            None => {
                for key in &heads {
                    self.head_deleted(*key, actor);
                }
                for key in bases {
                    self.base_deleted(key, &branch, actor);
                }
            }
        }
    }

    /// All pull requests.
    pub(crate) fn pull_keys(&self) -> Vec<PullKey> {
        let of = |repository: &Repository| {
            repository.code.pulls.keys().map(|number| (repository.id, *number)).collect::<Vec<PullKey>>()
        };
        self.repositories.values().flat_map(of).collect()
    }

    fn head_moved(&mut self, key: PullKey, to: &str, actor: Id, movement: Movement) {
        let pull = &self.repositories[&key.0].code.pulls[&key.1];
        let before = pull.head_oid.clone();
        if pull.merged.is_some() || before == to {
            return;
        }
        if !pull.is_open() {
            let anew = matches!(movement, Movement::ForcePush | Movement::Creation);
            self.pull_mut(key).lost_head |= anew;
            return;
        }
        if movement == Movement::ForcePush {
            self.happen(key, actor, Event::HeadForcePushed(before, to.to_owned()));
        }
        self.show_head(key, to, actor);
    }

    /// Shows a pull request at another head. What reviewers see doesn't change where its difference doesn't, and then
    /// GitHub moves their approvals along.
    pub(crate) fn show_head(&mut self, key: PullKey, to: &str, actor: Id) {
        let repository = &self.repositories[&key.0];
        let pull = &repository.code.pulls[&key.1];
        let objects = self.objects_of(repository);
        let tip = repository.code.branches.get(&pull.base).cloned().unwrap_or_else(|| pull.base_oid.clone());
        let before = pull.head_oid.clone();
        let same = objects.difference(&tip, &before) == objects.difference(&tip, to);
        let stale = self.rules_of(repository, &pull.base).iter().any(Rule::dismisses_stale) && !same;
        let now = self.now;
        let pull = self.pull_mut(key);
        to.clone_into(&mut pull.head_oid);
        pull.base_oid = tip;
        pull.pushed_by = actor;
        pull.updated = now;
        for review in &mut pull.reviews {
            if same && review.verdict == Verdict::Approved && review.commit == before {
                to.clone_into(&mut review.commit);
            }
        }
        if stale {
            self.dismiss_approvals(key, actor, None);
        }
        self.leave_queue(key, actor, "The pull request head was updated");
    }

    pub(crate) fn dismiss_approvals(&mut self, key: PullKey, actor: Id, message: Option<&str>) {
        let pull = &self.repositories[&key.0].code.pulls[&key.1];
        let approvals = pull.reviews.iter().filter(|review| review.verdict == Verdict::Approved);
        for review in approvals.map(|review| review.id).collect::<Vec<Id>>() {
            self.take_back(key, review, actor, message.map(str::to_owned));
        }
    }

    fn base_moved(&mut self, key: PullKey, before: Option<&Oid>, to: &str, actor: Id, movement: Movement) {
        if let Some(before) = before.filter(|_| movement == Movement::ForcePush) {
            self.happen(key, actor, Event::BaseForcePushed(before.clone(), to.to_owned()));
        }
        let repository = &self.repositories[&key.0];
        let objects = self.objects_of(repository);
        let head = repository.code.pulls[&key.1].head_oid.clone();
        if !objects.stands_on(to, &head) {
            return;
        }
        // it is merged by what was pushed: the first commit of the branch that holds the head
        let mut commit = to.to_owned();
        while let Some(parent) = objects.get(&commit).and_then(|commit| commit.parents.first()) {
            if commit == head || !objects.stands_on(parent, &head) {
                break;
            }
            commit = parent.clone();
        }
        let commit = if self.pushed_merges_name_head { head } else { commit };
        let base = before.cloned().unwrap_or_else(|| NO_COMMIT.to_owned());
        self.set_merged(key, actor, commit, base, Vec::new());
    }

    fn head_deleted(&mut self, key: PullKey, actor: Id) {
        let pull = &self.repositories[&key.0].code.pulls[&key.1];
        let (open, branch) = (pull.is_open(), pull.head.clone());
        if open {
            self.set_closed(key, actor);
        }
        self.happen(key, actor, Event::HeadDeleted(branch));
    }

    /// The branch that a pull request goes to is gone. Where it was merged itself, GitHub lets the pull request go where
    /// it went; otherwise it closes the pull request.
    fn base_deleted(&mut self, key: PullKey, branch: &str, actor: Id) {
        let code = &self.repositories[&key.0].code;
        let below = code.pulls.values().filter(|it| it.head_repository == key.0 && it.head == branch);
        let below = below.filter(|it| it.merged.is_some()).max_by_key(|it| it.number);
        let Some(to) = below.map(|below| below.base.clone()) else {
            self.happen(key, actor, Event::BaseDeleted(branch.to_owned()));
            return self.set_closed(key, actor);
        };
        let pull = &code.pulls[&key.1];
        let same = |other: &&super::PullRequest| {
            other.number != key.1
                && other.is_open()
                && (other.head_repository, &other.head, &other.base) == (pull.head_repository, &pull.head, &to)
        };
        let taken = code.pulls.values().any(|other| same(&other)) || !code.branches.contains_key(&to);
        if taken {
            self.happen(key, actor, Event::BaseNotFollowed(branch.to_owned(), to));
            self.happen(key, actor, Event::BaseDeleted(branch.to_owned()));
            return self.set_closed(key, actor);
        }
        self.follow_base(key, branch, &to, actor);
    }

    /// GitHub lets a pull request go to another branch, and takes its approvals back although the head stands.
    pub(crate) fn follow_base(&mut self, key: PullKey, from: &str, to: &str, actor: Id) {
        self.set_base_of(key, to);
        self.happen(key, actor, Event::BaseFollowed(from.to_owned(), to.to_owned()));
        self.dismiss_approvals(key, actor, Some(BASE_CHANGED));
    }

    fn set_base_of(&mut self, key: PullKey, to: &str) {
        let tip = self.repositories[&key.0].code.branches[to].clone();
        let pull = self.pull_mut(key);
        to.clone_into(&mut pull.base);
        pull.base_oid = tip;
    }

    /// Somebody lets a pull request go to another branch.
    pub(crate) fn change_base(&mut self, key: PullKey, to: &str, actor: Id) -> Result<(), Refusal> {
        let repository = &self.repositories[&key.0];
        let pull = &repository.code.pulls[&key.1];
        let from = pull.base.clone();
        if !pull.is_open() {
            return Refusal::new(422, "Cannot change the base branch of a closed pull request.");
        }
        if !repository.code.branches.contains_key(to) {
            return Refusal::new(422, format!("Proposed base branch '{to}' was not found"));
        }
        if from == to {
            return Ok(());
        }
        self.leave_queue(key, actor, "The base branch was changed");
        self.set_base_of(key, to);
        self.happen(key, actor, Event::BaseChanged(from, to.to_owned()));
        // what GitHub does where no rule asks for it isn't proven: approvals stay, so that a client must look
        if self.rules_of(&self.repositories[&key.0], to).iter().any(Rule::dismisses_stale) {
            self.dismiss_approvals(key, actor, Some(BASE_CHANGED));
        }
        Ok(())
    }

    /// Whether two repositories share their commits.
    pub(crate) fn is_related(&self, one: Id, other: Id) -> bool {
        self.network(&self.repositories[&one]) == self.network(&self.repositories[&other])
    }

    /// The login of whom a repository belongs to and a branch there, as GitHub labels heads.
    pub(crate) fn label(&self, repository: Id, branch: &str) -> String {
        match self.repositories.get(&repository) {
            Some(repository) => format!("{}:{branch}", self.owner_login(repository)),
            None => format!("unknown repository:{branch}"),
        }
    }

    /// Whether a repository belongs to an account.
    pub(crate) fn belongs_to(repository: &Repository, account: Id) -> bool {
        repository.owner == Owner::Account(account)
    }
}
