//! Reviews: who says what about a pull request, and how that is taken back.

use super::refs::PullKey;
use super::{Event, Id, Refusal, Review, Verdict, Visibility, World};

impl World {
    /// Somebody approves the head of a pull request.
    pub fn approve(&mut self, repository: &str, number: u64, by: &str) -> Id {
        self.review(repository, number, by, Verdict::Approved, "")
    }

    /// Somebody asks for changes.
    pub fn request_changes(&mut self, repository: &str, number: u64, by: &str) -> Id {
        self.review(repository, number, by, Verdict::ChangesRequested, "Please look again.")
    }

    /// Somebody reviews the head of a pull request.
    pub fn review(&mut self, repository: &str, number: u64, by: &str, verdict: Verdict, body: &str) -> Id {
        let reviewed = self.try_review(repository, number, by, verdict, body);
        reviewed.unwrap_or_else(|why| panic!("`{by}` can't review: {}", why.message))
    }

    /// The same, where GitHub may refuse it.
    pub fn try_review(
        &mut self,
        repository: &str,
        number: u64,
        by: &str,
        verdict: Verdict,
        body: &str,
    ) -> Result<Id, Refusal> {
        let (key, actor) = (self.known_pull(repository, number), self.known(by));
        self.add_review(key, actor, verdict, body, None)
    }

    /// Somebody begins a review, which nobody else sees yet.
    pub fn begin_review(&mut self, repository: &str, number: u64, by: &str) -> Id {
        self.review(repository, number, by, Verdict::Pending, "")
    }

    /// Whoever began a review gives it. It stays at the head at which it was begun.
    pub fn submit_review(&mut self, repository: &str, number: u64, review: Id, verdict: Verdict) {
        let key = self.known_pull(repository, number);
        let author = self.known_review(key, review).author;
        let allowed = self.may_say(key, author, verdict);
        allowed.unwrap_or_else(|why| panic!("the review can't be given: {}", why.message));
        let now = self.now;
        let review = self.review_mut(key, review);
        assert_eq!(review.verdict, Verdict::Pending, "the review was given");
        review.verdict = verdict;
        review.submitted = Some(now);
        review.updated = now;
    }

    /// Somebody changes the text of a review.
    pub fn edit_review(&mut self, repository: &str, number: u64, review: Id, body: &str) {
        let (key, now) = (self.known_pull(repository, number), self.now);
        let review = self.review_mut(key, review);
        body.clone_into(&mut review.body);
        review.edited = Some(now);
        review.updated = now;
    }

    /// Somebody takes back what a review says, for a reason.
    pub fn dismiss_review(&mut self, repository: &str, number: u64, review: Id, by: &str, message: &str) {
        let (key, actor) = (self.known_pull(repository, number), self.known(by));
        let dismissed = self.dismiss(key, review, actor, message);
        dismissed.unwrap_or_else(|why| panic!("the review stays: {}", why.message));
    }

    fn known_review(&self, key: PullKey, review: Id) -> &Review {
        let reviews = &self.repositories[&key.0].code.pulls[&key.1].reviews;
        reviews.iter().find(|it| it.id == review).expect("a review that was made")
    }

    fn review_mut(&mut self, key: PullKey, review: Id) -> &mut Review {
        self.pull_mut(key).reviews.iter_mut().find(|it| it.id == review).expect("a review that was made")
    }

    /// Whether somebody may say that about a pull request.
    fn may_say(&self, key: PullKey, actor: Id, verdict: Verdict) -> Result<(), Refusal> {
        let repository = &self.repositories[&key.0];
        let own = repository.code.pulls[&key.1].author == actor;
        let of_workflow = self.apps.values().any(|app| app.account == actor && app.slug == super::ACTIONS);
        let person = self.accounts.get(&actor).is_some_and(|account| !account.bot && !account.mannequin);
        let sees = repository.visibility == Visibility::Public || self.effective(repository, actor).is_some();
        match verdict {
            _ if person && !sees => Refusal::new(404, "Not Found"),
            Verdict::Approved if own => Refusal::new(422, "Can not approve your own pull request"),
            Verdict::ChangesRequested if own => Refusal::new(422, "Can not request changes on your own pull request"),
            Verdict::Approved if of_workflow && !repository.code.settings.workflows_approve => {
                Refusal::new(422, "GitHub Actions is not permitted to approve pull requests.")
            }
            _ => self.may_write(repository).or_else(|why| Refusal::new(403, why)),
        }
    }

    /// Reviews a pull request at its head, or at another of its commits.
    pub(crate) fn add_review(
        &mut self,
        key: PullKey,
        actor: Id,
        verdict: Verdict,
        body: &str,
        at: Option<&str>,
    ) -> Result<Id, Refusal> {
        self.may_say(key, actor, verdict)?;
        let repository = &self.repositories[&key.0];
        let pull = &repository.code.pulls[&key.1];
        let commit = at.unwrap_or(&pull.head_oid).to_owned();
        if !self.commits_of(repository, pull).contains(&commit) && commit != pull.head_oid {
            return Refusal::new(422, "commit_id is not part of the pull request");
        }
        let (id, now) = (self.number(2_700_000_000), self.now);
        let submitted = (verdict != Verdict::Pending).then_some(now);
        let body = body.to_owned();
        let (created, updated, author, edited) = (now, now, actor, None);
        let review = Review { id, author, verdict, body, commit, created, submitted, updated, edited };
        let pull = self.pull_mut(key);
        pull.reviews.push(review);
        pull.updated = now;
        Ok(id)
    }

    /// Takes back what a review says. It can't be said again by the same review.
    pub(crate) fn take_back(&mut self, key: PullKey, review: Id, actor: Id, message: Option<String>) {
        let now = self.now;
        let taken = self.review_mut(key, review);
        let was = taken.verdict;
        taken.verdict = Verdict::Dismissed;
        taken.updated = now;
        self.happen(key, actor, Event::ReviewDismissed(review, was, message));
    }

    pub(crate) fn dismiss(&mut self, key: PullKey, review: Id, actor: Id, message: &str) -> Result<(), Refusal> {
        match self.known_review(key, review).verdict {
            Verdict::Approved | Verdict::ChangesRequested => {
                self.take_back(key, review, actor, Some(message.to_owned()));
                Ok(())
            }
            Verdict::Commented => Refusal::new(422, "Can not dismiss a commented pull request review"),
            Verdict::Dismissed => Refusal::new(422, "Can not dismiss a dismissed pull request review"),
            Verdict::Pending => Refusal::new(422, "Can not dismiss a pending pull request review"),
        }
    }

    /// Makes a review one that was never given. GitHub doesn't do that: a test does, that plays what somebody made up.
    pub fn forget_review(&mut self, repository: &str, number: u64, review: Id) {
        let (repository, number) = self.known_pull(repository, number);
        let pull = self.repositories.get_mut(&repository).and_then(|it| it.code.pulls.get_mut(&number));
        pull.expect("it is known").reviews.retain(|it| it.id != review);
    }
}
