//! How pull requests come to be merged.

use super::draft::number_of;
use super::refs::PullKey;
use super::{
    AutoMerge, Commit, CommitSignature, Event, Id, Merged, Method, Movement, NO_COMMIT, Oid, Person, Refusal, World,
};

/// Whose hand makes commits on the web.
const WEB_FLOW: (&str, &str) = ("GitHub", "noreply@github.com");

impl World {
    /// Somebody merges a pull request; returns what GitHub names as the merge.
    pub fn merge_pull(&mut self, repository: &str, number: u64, method: Method, by: &str) -> Oid {
        let merged = self.try_merge(repository, number, method, by);
        merged.unwrap_or_else(|why| panic!("`{by}` can't merge {number}: {}", why.message))
    }

    /// The same, where GitHub may refuse it.
    pub fn try_merge(&mut self, repository: &str, number: u64, method: Method, by: &str) -> Result<Oid, Refusal> {
        let (key, actor) = (self.known_pull(repository, number), self.known(by));
        self.land(key, method, actor, None)
    }

    /// The same, where the base is to be at a commit that a test made as GitHub would have.
    pub fn merge_pull_as(&mut self, repository: &str, number: u64, method: Method, by: &str, tip: &str) {
        let (key, actor) = (self.known_pull(repository, number), self.known(by));
        let merged = self.land(key, method, actor, Some(tip));
        merged.unwrap_or_else(|why| panic!("`{by}` can't merge {number}: {}", why.message));
    }

    /// Whether a pull request is in a state in which it can be merged, whatever rules say.
    pub(crate) fn is_mergeable(&self, key: PullKey) -> Result<(), Refusal> {
        let repository = &self.repositories[&key.0];
        let pull = &repository.code.pulls[&key.1];
        if let Err(why) = self.may_write(repository) {
            return Refusal::new(403, why);
        }
        if !pull.is_open() {
            return Refusal::new(405, "Pull Request is not mergeable");
        }
        if pull.draft {
            return Refusal::new(405, "Pull Request is still a draft");
        }
        let tip = &repository.code.branches[&pull.base];
        match self.objects_of(repository).merged(tip, &pull.head_oid) {
            Some(_) => Ok(()),
            None => Refusal::new(405, "Pull Request has merge conflicts"),
        }
    }

    /// Merges a pull request by hand, to a commit that is known or one that is made here.
    pub(crate) fn land(&mut self, key: PullKey, method: Method, actor: Id, made: Option<&str>) -> Result<Oid, Refusal> {
        let repository = &self.repositories[&key.0];
        let pull = &repository.code.pulls[&key.1];
        if self.accounts.get(&actor).is_some_and(|by| !by.bot && !self.pushes(repository, by.id)) {
            return Refusal::new(403, "Must have push access to the repository.");
        }
        match self.is_mergeable(key) {
            // whoever made the commit has settled the conflict
            Err(why) if made.is_none() || why.message != "Pull Request has merge conflicts" => return Err(why),
            _ => {}
        }
        if !repository.code.settings.methods.contains(&method) {
            let word = method.word();
            return Refusal::new(405, format!("The merge method `{word}` is not allowed on this repository."));
        }
        self.rules_allow_method(repository, (key.1, &pull.base), actor, method)?;
        self.rules_allow(repository, (key.1, &pull.base), actor, &pull.head_oid, false)?;
        let (branch, before) = (pull.base.clone(), repository.code.branches[&pull.base].clone());
        let tip = match made {
            Some(tip) => self.held_to(key, method, &before, tip),
            None => self.make_merge(key, method, actor, &before),
        };
        let made = self.objects_of(&self.repositories[&key.0]).between(&before, &tip);
        self.set_merged(key, actor, tip.clone(), before, made);
        self.move_branch(key.0, &branch, Some(tip.clone()), actor, Movement::PullMerge);
        self.drop_merged_head(key, actor);
        Ok(tip)
    }

    /// Deletes the branch of a pull request that was merged, where the repository is set to do so.
    pub(crate) fn drop_merged_head(&mut self, key: PullKey, actor: Id) {
        let code = &self.repositories[&key.0].code;
        let pull = &code.pulls[&key.1];
        let (from, head) = (pull.head_repository, pull.head.clone());
        let there = self.repositories.get(&from).is_some_and(|from| from.code.branches.contains_key(&head));
        if code.settings.delete_branch_on_merge && there && from == key.0 {
            self.move_branch(from, &head, None, actor, Movement::Deletion);
        }
    }

    /// Holds a commit that a test made against what GitHub would have made.
    fn held_to(&self, key: PullKey, method: Method, before: &str, tip: &str) -> Oid {
        let repository = &self.repositories[&key.0];
        let head = &repository.code.pulls[&key.1].head_oid;
        let commit = self.objects_of(repository).get(tip).unwrap_or_else(|| panic!("there is no commit {tip}"));
        let parents: Vec<&str> = commit.parents.iter().map(String::as_str).collect();
        match method {
            Method::Merge => assert_eq!(parents, [before, head], "the parents of a merge are base and head"),
            Method::Squash => assert_eq!(parents, [before], "a squashed commit stands on the base"),
            Method::Rebase => assert!(self.objects_of(repository).stands_on(tip, before), "it stands on the base"),
        }
        tip.to_owned()
    }

    /// The hand by which GitHub makes commits, and its signature.
    pub(crate) fn web_flow(&self) -> (Person, CommitSignature) {
        let (name, email) = WEB_FLOW;
        let person = Person { name: name.to_owned(), email: email.to_owned(), at: self.now };
        let state = "VALID".to_owned();
        let signer = self.account_of_email(email);
        (person, CommitSignature { ssh: false, state, signer, by_github: true, fingerprint: None })
    }

    /// Makes the commits by which a pull request is merged, as GitHub does; returns the last.
    pub(crate) fn make_merge(&mut self, key: PullKey, method: Method, actor: Id, before: &str) -> Oid {
        let repository = &self.repositories[&key.0];
        let network = self.network(repository);
        let (pull, objects) = (repository.code.pulls[&key.1].clone(), self.objects_of(repository));
        let merged = objects.merged(before, &pull.head_oid).unwrap_or_default();
        let own = self.commits_of(repository, &pull);
        let own: Vec<Commit> = own.iter().filter_map(|oid| objects.get(oid)).cloned().collect();
        let (github, signature) = self.web_flow();
        let by = |account: &Id| self.person(&self.accounts[account].login.clone());
        let mut made = Vec::new();
        if method == Method::Rebase {
            let mut parent = before.to_owned();
            let mut files = objects.get(before).map(|commit| commit.files.clone()).unwrap_or_default();
            for commit in own.iter().filter(|commit| commit.parents.len() < 2) {
                let none = std::collections::BTreeMap::new();
                let old = commit.parents.first().and_then(|oid| objects.get(oid)).map_or(&none, |it| &it.files);
                files.retain(|path, _| commit.files.contains_key(path) || !old.contains_key(path));
                let changed = commit.files.iter().filter(|(path, text)| old.get(*path) != Some(text));
                files.extend(changed.map(|(path, text)| (path.clone(), text.clone())));
                let mut again = commit.clone();
                (again.parents, again.files) = (vec![parent], files.clone());
                (again.committer, again.signature, again.via_web) = (by(&actor), None, true);
                again.oid = number_of(&again);
                parent = again.oid.clone();
                made.push(again);
            }
        } else {
            let squash = method == Method::Squash;
            let person = by(if squash { &pull.author } else { &actor });
            let others = own.iter().flat_map(Commit::authors).filter(|other| squash && other.email != person.email);
            let mut trailers: Vec<String> =
                others.map(|other| format!("\nCo-authored-by: {} <{}>", other.name, other.email)).collect();
            trailers.dedup();
            let subject = match squash {
                true => format!("{} (#{})\n", pull.title, pull.number),
                false => format!("Merge pull request #{} from {}\n\n{}", pull.number, pull.head, pull.title),
            };
            let parents = [before.to_owned()].into_iter().chain((!squash).then(|| pull.head_oid.clone()));
            let mut commit = Commit {
                oid: String::new(),
                parents: parents.collect(),
                author: person,
                committer: github,
                message: format!("{subject}{}", trailers.concat()),
                files: merged,
                signature: Some(signature),
                via_web: true,
            };
            commit.oid = number_of(&commit);
            made.push(commit);
        }
        let last = made.last().map_or_else(|| before.to_owned(), |commit| commit.oid.clone());
        let objects = self.objects.entry(network).or_default();
        made.into_iter().for_each(|commit| objects.add(commit));
        last
    }

    /// Marks a pull request as merged by a commit, when its base was at another. `made` are commits that were made for it.
    pub(crate) fn set_merged(&mut self, key: PullKey, by: Id, commit: Oid, before: Oid, made: Vec<Oid>) {
        self.leave_queue(key, by, "The pull request was merged");
        let at = self.now;
        let repository = &self.repositories[&key.0];
        let head = &repository.code.pulls[&key.1].head_oid;
        let commits = self.objects_of(repository).between(&before, head);
        let pull = self.pull_mut(key);
        let base = pull.base.clone();
        pull.closed = Some(at);
        pull.merged = Some(Merged { at, by, commit: commit.clone(), made, commits });
        if before != NO_COMMIT {
            pull.base_oid = before;
        }
        self.happen(key, by, Event::Merged(commit, base));
        self.happen(key, by, Event::Closed);
    }

    /// Somebody lets a pull request merge itself once it may.
    pub fn enable_auto_merge(&mut self, repository: &str, number: u64, method: Method, by: &str) {
        let (key, actor, at) = (self.known_pull(repository, number), self.known(by), self.now);
        self.pull_mut(key).auto_merge = Some(AutoMerge { at, by: actor, method });
        self.happen(key, actor, Event::AutoMergeEnabled);
    }

    /// Somebody takes that back.
    pub fn disable_auto_merge(&mut self, repository: &str, number: u64, by: &str) {
        let (key, actor) = (self.known_pull(repository, number), self.known(by));
        self.stop_auto_merge(key, actor, "Disabled by a person");
    }

    pub(crate) fn stop_auto_merge(&mut self, key: PullKey, actor: Id, reason: &str) {
        if self.pull_mut(key).auto_merge.take().is_some() {
            self.happen(key, actor, Event::AutoMergeDisabled(reason.to_owned()));
        }
    }

    /// GitHub looks which pull requests of a repository may merge themselves, and merges those; returns their numbers.
    pub fn run_auto_merges(&mut self, repository: &str) -> Vec<u64> {
        let id = self.named(repository).id;
        let waiting = self.repositories[&id].code.pulls.values().filter(|pull| pull.is_open());
        let waiting: Vec<(u64, AutoMerge)> =
            waiting.filter_map(|pull| Some((pull.number, pull.auto_merge.clone()?))).collect();
        let mut merged = Vec::new();
        for (number, wanted) in waiting {
            if self.land((id, number), wanted.method, wanted.by, None).is_ok() {
                merged.push(number);
            }
        }
        merged
    }
}
