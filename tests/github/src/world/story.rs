//! Shortcuts for tests that tell what happened to a pull request.

use super::{Draft, Environment, Id, Oid, ReviewRule, Rule, World};
use jiff::SignedDuration;

impl World {
    /// Lets time pass.
    pub fn pass(&mut self, time: SignedDuration) {
        self.now += time;
        self.expire();
    }

    /// Makes a repository with one commit on `main`, which changes by pull requests only: one approval, and approvals of
    /// what was there before a push don't count. Returns the commit.
    pub fn add_guarded_repository(&mut self, name: &str, by: &str, files: &[(&str, &str)]) -> Oid {
        self.add_repository(name);
        let draft = files.iter().fold(Draft::root(by), |draft, (path, text)| draft.write(path, text));
        let oid = self.make_commit(name, &draft.message("Begin"));
        self.push(name, "main", &oid, by);
        let review = ReviewRule { approvals: 1, dismiss_stale: true, ..ReviewRule::default() };
        self.add_ruleset(
            name,
            "guard main",
            "~DEFAULT_BRANCH",
            vec![Rule::PullRequest(review), Rule::NonFastForward, Rule::Deletion],
        );
        oid
    }

    /// Somebody commits on top of a branch, which is made from `main` where it isn't there, and pushes it.
    pub fn commit_to(&mut self, repository: &str, branch: &str, by: &str, path: &str, text: &str) -> Oid {
        let tip = self.branch(repository, branch).or_else(|| self.branch(repository, "main"));
        let tip = tip.unwrap_or_else(|| panic!("`{repository}` has no branch to begin with"));
        let oid =
            self.make_commit(repository, &Draft::on(&tip, by).write(path, text).message(&format!("Write {path}")));
        self.push(repository, branch, &oid, by);
        oid
    }

    /// Somebody writes a file on a new branch and opens a pull request to `main`; returns its number.
    pub fn propose_change(&mut self, repository: &str, branch: &str, by: &str, path: &str, text: &str) -> u64 {
        self.commit_to(repository, branch, by, path, text);
        self.open_pull(repository, branch, "main", by)
    }

    /// Somebody makes the commits of a branch anew on top of its base, and pushes them.
    pub fn rebase(&mut self, repository: &str, branch: &str, base: &str, by: &str) -> Oid {
        let onto = self.tip(repository, base);
        let head = self.made_anew(repository, branch, &onto, &onto, by);
        self.push(repository, branch, &head, by);
        head
    }

    /// Makes the commits of a branch that another commit lacks anew on top of a third; returns the last.
    pub(crate) fn made_anew(&mut self, repository: &str, branch: &str, known: &str, onto: &str, by: &str) -> Oid {
        let tip = self.tip(repository, branch);
        let commits = self.objects_of(self.named(repository)).between(known, &tip);
        let mut parent = onto.to_owned();
        for oid in commits {
            let objects = self.objects_of(self.named(repository));
            let commit = objects.get(&oid).expect("it was listed").clone();
            let before = commit.parents.first().and_then(|oid| objects.get(oid)).map(|it| it.files.clone());
            let before = before.unwrap_or_default();
            let author = self.account_of_email(&commit.author.email).expect("its author is known");
            let mut draft = Draft::on(&parent, &self.accounts[&author].login).committed_by(by).message(&commit.message);
            for (path, text) in commit.files.iter().filter(|(path, text)| before.get(*path) != Some(text)) {
                draft = draft.write(path, text);
            }
            for path in before.keys().filter(|path| !commit.files.contains_key(*path)) {
                draft = draft.remove(path);
            }
            parent = self.make_commit(repository, &draft);
        }
        parent
    }

    /// Somebody merges the base of a pull request into its head, as the button for that does.
    pub fn update_branch(&mut self, repository: &str, number: u64, by: &str) -> Oid {
        let (head, base) = (self.pull(repository, number).head.clone(), self.pull(repository, number).base.clone());
        let (tip, onto) = (self.tip(repository, &head), self.tip(repository, &base));
        assert!(self.brings(repository, &tip, &onto), "there are no new commits on the base branch");
        let message = format!("Merge branch '{base}' into {head}");
        let oid = self.make_commit(repository, &Draft::on(&tip, by).and(&onto).message(&message).on_the_web());
        self.push(repository, &head, &oid, by);
        oid
    }

    /// Whether a commit brings something that another doesn't stand on.
    pub fn brings(&self, repository: &str, base: &str, head: &str) -> bool {
        !self.objects_of(self.named(repository)).stands_on(base, head)
    }

    pub(crate) fn tip(&self, repository: &str, branch: &str) -> Oid {
        self.branch(repository, branch).unwrap_or_else(|| panic!("`{repository}` has no branch `{branch}`"))
    }

    /// Gives an account another address that its commits may have.
    pub fn add_email(&mut self, login: &str, email: &str) {
        let account = self.known(login);
        self.accounts.get_mut(&account).expect("found by number").emails.push(email.to_owned());
    }

    /// Lets commits be signed by an SSH key of an account: `ssh-ed25519 AAAA…`.
    pub fn add_signing_key(&mut self, login: &str, key: &str) {
        let account = self.known(login);
        let key = key.split_whitespace().take(2).collect::<Vec<&str>>().join(" ");
        self.accounts.get_mut(&account).expect("found by number").signing_keys.push(key);
    }

    /// Makes an account that stands for somebody of another forge, whose work was imported.
    pub fn add_mannequin(&mut self, login: &str) -> Id {
        let account = self.add_account(login);
        self.accounts.get_mut(&account).expect("it was just made").mannequin = true;
        account
    }

    /// Makes the account of a machine, such as `dependabot`, which is called `dependabot[bot]` then.
    pub fn add_bot(&mut self, name: &str) -> Id {
        let account = self.add_account(&format!("{name}[bot]"));
        self.accounts.get_mut(&account).expect("it was just made").bot = true;
        account
    }

    /// Makes an environment, which lets a run pass when one of these accounts says so.
    pub fn add_environment(&mut self, repository: &str, name: &str, reviewers: &[&str]) -> Id {
        let (id, created) = (self.number(161_000_000), self.now);
        let reviewers = reviewers.iter().map(|login| self.known(login)).collect();
        let (name, prevent_self_review, protected_branches) = (name.to_owned(), true, true);
        let branches = None;
        let environment =
            Environment { id, name, reviewers, prevent_self_review, protected_branches, branches, created };
        self.known_repository(repository).code.environments.push(environment);
        id
    }
}
