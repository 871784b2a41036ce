//! Issues, and comments on them and on pull requests.

use super::{Comment, Id, Issue, Refusal, World};
use std::collections::BTreeSet;

/// The most characters that a text may have.
const LONGEST_BODY: usize = 65_536;

/// Whether GitHub takes a text, which must say something where it is a comment.
pub(crate) fn fits(body: &str, may_be_empty: bool) -> Result<(), Refusal> {
    if body.chars().count() > LONGEST_BODY {
        return Refusal::new(422, format!("Body is too long (maximum is {LONGEST_BODY} characters)"));
    }
    if body.trim().is_empty() && !may_be_empty {
        return Refusal::new(422, "Body can't be blank");
    }
    Ok(())
}

impl World {
    /// Somebody comments on an issue or a pull request; returns the comment's number.
    pub fn comment(&mut self, repository: &str, number: u64, by: &str, body: &str) -> Id {
        let (id, actor) = (self.named(repository).id, self.known(by));
        let commented = self.add_comment(id, number, actor, body);
        commented.unwrap_or_else(|why| panic!("`{by}` can't comment: {}", why.message))
    }

    pub(crate) fn add_comment(&mut self, repository: Id, about: u64, author: Id, body: &str) -> Result<Id, Refusal> {
        fits(body, false)?;
        let (id, now, body) = (self.number(3_100_000_000), self.now, body.to_owned());
        let code = &mut self.repositories.get_mut(&repository).expect("found by number").code;
        code.comments.insert(id, Comment { id, number: about, author, body, created: now, updated: now });
        Ok(id)
    }

    /// Comments on an issue or a pull request, the oldest first.
    pub fn comments(&self, repository: &str, number: u64) -> impl Iterator<Item = &Comment> {
        self.named(repository).code.comments.values().filter(move |comment| comment.number == number)
    }

    /// Somebody opens an issue; returns its number in the repository.
    pub fn open_issue(&mut self, repository: &str, title: &str, labels: &[&str], by: &str) -> u64 {
        let (id, actor) = (self.named(repository).id, self.known(by));
        let labels = labels.iter().map(|&label| label.to_owned()).collect();
        self.add_issue(id, title, None, labels, actor)
    }

    pub(crate) fn add_issue(
        &mut self,
        repository: Id,
        title: &str,
        body: Option<String>,
        labels: BTreeSet<String>,
        author: Id,
    ) -> u64 {
        let (id, now, title) = (self.number(2_400_000_000), self.now, title.to_owned());
        let code = &mut self.repositories.get_mut(&repository).expect("found by number").code;
        let number = code.number();
        let issue = Issue { number, id, title, body, author, labels, created: now, updated: now, closed: None };
        code.issues.insert(number, issue);
        number
    }

    /// Issues of a repository, by number.
    pub fn issues(&self, repository: &str) -> impl Iterator<Item = &Issue> {
        self.named(repository).code.issues.values()
    }
}
