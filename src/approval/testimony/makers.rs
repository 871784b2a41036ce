//! Who made a commit: whose key signed it, and whom its lines name.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;
use std::sync::OnceLock;

use unicode_security::skeleton;

use jiff::Timestamp;

use super::data::Testimony;
use super::registered::Registered;
use super::statement;
use crate::access::{Access, PersonId};
use crate::approval::codes::{self, refusal};
use crate::finding::Refusal;
use crate::plan::Part;
use crate::repository::{Changes, Commit, Oid, Repository, RepositoryError};

/// Who made a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitMakers {
    pub oid: Oid,
    pub signer: Signer,
    /// People whom its committer line names.
    pub committers: BTreeSet<PersonId>,
    /// People whom its author and co-author lines name.
    pub named: BTreeSet<PersonId>,
    /// True where such a line names an address that the registry doesn't know.
    pub names_unknown: bool,
    /// How many addresses they name, each counted once.
    pub addresses: usize,
}

impl CommitMakers {
    /// Of a commit that says nothing that can be believed.
    fn of_nobody(oid: Oid) -> Self {
        let (committers, named) = (BTreeSet::new(), BTreeSet::new());
        CommitMakers { oid, signer: Signer::Unknown, committers, named, names_unknown: true, addresses: usize::MAX }
    }
}

/// Whose key signed a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signer {
    /// A registered key of somebody who is here, and the signature holds.
    Person(PersonId),
    /// The same by a key of somebody who isn't here, or that was theirs: who used it nobody knows.
    Left(PersonId),
    /// No signature, one by a key that nobody registered, or one that doesn't hold.
    Unknown,
}

/// Who made each commit of `onto..head`, and the commit where it can be read.
pub fn of_commits(
    repository: &Repository,
    registered: &Registered<'_>,
    onto: Oid,
    head: Oid,
) -> Result<Vec<(CommitMakers, Option<Commit>)>, RepositoryError> {
    let keys = Keys::of(registered);
    let mut found = Vec::new();
    for oid in repository.commits_between(onto, head)? {
        match repository.commit(oid) {
            Ok(commit) => found.push((keys.commit(&commit, head)?, Some(commit))),
            // nobody knows who made a commit that tools read in different ways
            Err(RepositoryError::Unreadable { .. }) => found.push((CommitMakers::of_nobody(oid), None)),
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// Everybody who had a part in making `onto..head`, as far as the registry knows them.
///
/// # Errors
///
/// Where the history can't be read.
pub fn makers(
    repository: &Repository,
    registry: &Access,
    onto: Oid,
    head: Oid,
) -> Result<BTreeMap<PersonId, Part>, RepositoryError> {
    // whoever held the key then had a part in it, here still or not
    let registered = Registered { registry, at: Timestamp::MAX, since: &|_| Ok(Rc::default()) };
    let commits = of_commits(repository, &registered, onto, head)?;
    let commits: Vec<CommitMakers> = commits.into_iter().map(|(made, _)| made).collect();
    Ok(made_by(&commits, ProvenBy::Signatures).makers)
}

/// Managed paths that commits on the first-parent chain of `base` touched since `head`.
///
/// # Errors
///
/// Where the history can't be read.
pub fn changed_since(repository: &Repository, head: Oid, base: Oid) -> Result<BTreeSet<String>, RepositoryError> {
    Ok(changes_since(repository, head, base)?.iter().flat_map(|changes| changes.keys().cloned()).collect())
}

/// What each commit on the first-parent chain of `base` changed since `head`, the newest first.
///
/// # Errors
///
/// Where the history can't be read.
pub fn changes_since(repository: &Repository, head: Oid, base: Oid) -> Result<Vec<Rc<Changes>>, RepositoryError> {
    let since: HashSet<Oid> = repository.commits_between(head, base)?.into_iter().collect();
    let mut changes = Vec::new();
    let mut at = base;
    // what a commit did that nobody can look at is compared as the doing of the one on top
    while since.contains(&at)
        && let Some((below, changed)) = repository.changes_below(at)?
    {
        changes.push(changed);
        at = below;
    }
    Ok(changes)
}

/// What proves who made a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProvenBy {
    /// The signatures of its commits, and nothing else.
    Signatures,
    /// A forge, too, by its own means.
    Forge,
}

/// What the commits of a change say of its makers, and nothing of what anybody thinks of it.
pub fn made_by(commits: &[CommitMakers], proven_by: ProvenBy) -> Testimony {
    let alone = proven_by == ProvenBy::Signatures;
    let mut made = Testimony::default();
    let mut in_doubt = |fact: String| made.in_doubt.push(refusal(&codes::AUTHOR_UNKNOWN, fact));
    for commit in commits {
        match &commit.signer {
            Signer::Person(person) => {
                made.makers.insert(person.clone(), Part::Committed);
            }
            Signer::Left(person) => {
                made.makers.insert(person.clone(), Part::Committed);
                if alone {
                    let commit = commit.oid.short();
                    in_doubt(format!("commit {commit} is signed as `{person}`, who isn't here by that key"));
                }
            }
            // a forge names who pushed it instead
            Signer::Unknown if !alone => {}
            Signer::Unknown => in_doubt(format!("commit {} is signed by no registered key", commit.oid.short())),
        }
        for person in &commit.committers {
            made.makers.insert(person.clone(), Part::Committed);
        }
        if commit.names_unknown {
            in_doubt(format!("commit {} names an author whom the registry doesn't know", commit.oid.short()));
        }
    }
    for person in commits.iter().flat_map(|commit| &commit.named) {
        made.makers.insert(person.clone(), Part::Wrote);
    }
    let unsigned = |commit: &CommitMakers| commit.signer == Signer::Unknown;
    made.may_be_a_machines = alone && commits.iter().any(unsigned);
    if alone && !commits.is_empty() && commits.iter().all(unsigned) {
        made.refusals.push(nobody_signed(commits));
    }
    made
}

fn nobody_signed(commits: &[CommitMakers]) -> Refusal {
    Refusal::new(
        &codes::AUTHOR_UNPROVEN,
        match commits {
            [one] => format!("commit {} is the whole change, and no registered key signed it", one.oid.short()),
            all => format!("none of the {} commits of the change is signed by a registered key", all.len()),
        },
        "sign with the SSH key that stands in your file in people/ (`git config gpg.format ssh`, then \
         `git commit --amend --no-edit -S`), push, and have the new head approved",
    )
}

/// Who a key and an e-mail address belong to, at the last verified landing.
struct Keys<'a> {
    registered: &'a Registered<'a>,
    /// Each address with everybody who has it: where two share one, both are parties.
    emails: BTreeMap<String, BTreeSet<&'a PersonId>>,
}

impl<'a> Keys<'a> {
    fn of(registered: &'a Registered<'a>) -> Self {
        let mut emails: BTreeMap<String, BTreeSet<&PersonId>> = BTreeMap::new();
        for person in registered.registry.people.values() {
            for email in &person.emails {
                emails.entry(email.to_lowercase()).or_default().insert(&person.id);
            }
        }
        Keys { registered, emails }
    }

    /// Whose key signed a commit of a head.
    fn signer(&self, commit: &Commit, head: Oid) -> Result<Signer, RepositoryError> {
        let key = commit.signature.as_ref().and_then(|signature| {
            statement::signing_key(&signature.armored, statement::GIT_NAMESPACE, &signature.payload)
        });
        let Some(key) = key else { return Ok(Signer::Unknown) };
        let Registered { registry, since, .. } = *self.registered;
        if let Some(person) = registry.people.keys().find(|person| self.registered.holds(person, &key)) {
            let here = self.registered.is_here(person);
            return Ok(if here { Signer::Person(person.clone()) } else { Signer::Left(person.clone()) });
        }
        let earlier = since(head)?;
        let holder = earlier.iter().find(|(_, held)| *held == key);
        Ok(holder.map_or(Signer::Unknown, |(person, _)| Signer::Left(person.clone())))
    }

    fn commit(&self, commit: &Commit, head: Oid) -> Result<CommitMakers, RepositoryError> {
        let signer = self.signer(commit, head)?;
        let mut named = BTreeSet::new();
        // whom words in another encoding name nobody can tell
        let mut names_unknown = commit.is_recoded;
        let addresses = std::iter::once(commit.author.email.clone()).chain(co_authors(&commit.message));
        let addresses: BTreeSet<String> = addresses.map(|email| email.to_lowercase()).collect();
        for email in &addresses {
            match self.emails.get(email) {
                Some(people) => named.extend(people.iter().map(|person| (*person).clone())),
                None => names_unknown = true,
            }
        }
        // a committer line proves nothing, but who stands in it is no independent party either; a forge's own address is
        // nobody's, and so not an unknown author
        let committers = self.emails.get(&commit.committer.email.to_lowercase());
        Ok(CommitMakers {
            oid: commit.oid,
            committers: committers.into_iter().flatten().map(|person| (*person).clone()).collect(),
            signer,
            named,
            names_unknown,
            addresses: if commit.is_recoded { usize::MAX } else { addresses.len() },
        })
    }
}

/// The addresses of `Co-authored-by` lines: all of a line and of the lines that continue it, however the key is spelt. A
/// line without any gives what it says, so that somebody unknown is named.
fn co_authors(message: &str) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    let mut continues = false;
    for line in message.lines() {
        let value = line.split_once(is_colon).filter(|(key, value)| names_co_authors(key, value));
        let value = value.map(|(_, value)| value.trim());
        match (value, values.last_mut()) {
            (Some(value), _) => values.push(value.to_owned()),
            (None, Some(open)) if continues && line.starts_with([' ', '\t']) => {
                open.push(' ');
                open.push_str(line.trim());
            }
            (None, _) => {
                continues = false;
                continue;
            }
        }
        continues = true;
    }
    values.iter().flat_map(|value| addresses(value)).collect()
}

/// True for a colon, also for those that look like one.
fn is_colon(letter: char) -> bool {
    ":\u{2236}\u{a789}\u{fe13}\u{fe55}\u{ff1a}".contains(letter)
}

/// True for `Co-authored-by`, and whatever else people and tools call it, with whatever case, blanks and marks, however long,
/// and in whatever letters that look like these. Beside other words it counts where an address follows.
fn names_co_authors(key: &str, value: &str) -> bool {
    let letters = key.chars().filter(char::is_ascii_alphabetic);
    let letters = letters.map(|letter| letter.to_ascii_lowercase()).collect::<String>();
    let bare = letters.strip_suffix("by").unwrap_or(&letters);
    let shape = if key.is_ascii() { String::new() } else { shape(key) };
    let holds = |word: &String| shape.contains(word.as_str());
    CO_AUTHORS.contains(&bare)
        || shapes().contains(&shape)
        || value.contains(['@', '<'])
            && (CO_AUTHORS.iter().any(|word| letters.contains(word)) || shapes().iter().any(holds))
}

/// What a reader makes of the letters of a word: those that look alike are one.
fn shape(word: &str) -> String {
    let letters: String = word.to_lowercase().chars().filter(|letter| letter.is_alphabetic()).collect();
    skeleton(&letters).filter(|letter| letter.is_alphabetic()).collect()
}

/// The shapes of what lines that name a co-author begin with.
fn shapes() -> &'static BTreeSet<String> {
    static SHAPES: OnceLock<BTreeSet<String>> = OnceLock::new();
    SHAPES.get_or_init(|| CO_AUTHORS.iter().flat_map(|word| [shape(word), shape(&format!("{word}by"))]).collect())
}

/// What lines that name a co-author begin with, without `by`.
const CO_AUTHORS: [&str; 7] =
    ["coauthor", "coauthors", "coauthored", "codeveloped", "codeveloper", "pairedwith", "pairprogrammedwith"];

/// Everything in angle brackets, and every word outside of them that looks like an address.
fn addresses(value: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut outside = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('<') {
        let (inside, after) = after.split_once('>').unwrap_or((after, ""));
        outside.push_str(before);
        outside.push(' ');
        found.push(inside.trim().to_owned());
        rest = after;
    }
    outside.push_str(rest);
    let words = outside.split(|c: char| c.is_whitespace() || ",;()\"".contains(c));
    let is_address =
        |word: &&str| word.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    found.extend(words.filter(is_address).map(str::to_owned));
    if found.is_empty() {
        found.push(value.trim().to_owned());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_of_a_co_author_line_counts() {
        for (message, expected) in [
            ("x\n\nCo-authored-by: A <a@x>\n", &["a@x"][..]),
            ("x\n\nCO-AUTHORED-BY: A <a@x>, B <b@x> C <c@x>", &["a@x", "b@x", "c@x"]),
            ("x\n\nco-authored-by: a@x, b@x; c@x", &["a@x", "b@x", "c@x"]),
            ("x\n\nCo-Authored-By: A <a@x> and b@x", &["a@x", "b@x"]),
            ("x\n\nCo-authored-by: A <a@x>,\n  B <b@x>,\n\tC <c@x>\nD <d@x>", &["a@x", "b@x", "c@x"]),
            ("x\n\nCo-authored-by:\n A <a@x>", &["a@x"]),
            ("x\n\n  Co authored by : A <a@x>\n  Co_authored_by: B <b@x>", &["a@x", "b@x"]),
            ("* Co-authored-by: A <a@x>", &["a@x"]),
            // in letters of other alphabets
            ("x\n\n\u{421}\u{43e}-authored-by: A <a@x>", &["a@x"]),
            ("x\n\nC\u{3bf}-\u{430}uth\u{43e}red-by: A <a@x>", &["a@x"]),
            ("x\n\n\u{ff23}\u{ff4f}-authored-by: A <a@x>", &["a@x"]),
            ("x\n\nCo-autho\u{301}red-by: A <a@x>", &["a@x"]),
            ("Co-authored-by: A < a@x >", &["a@x"]),
            ("Co-authored-by: A <a@x", &["a@x"]),
            ("Co-authored-by: the whole team", &["the whole team"]),
            ("Co-authored-by:", &[""]),
            ("Co-developed-by: A <a@x>\nCo-author: B <b@x>\nco-authors: C <c@x>", &["a@x", "b@x", "c@x"]),
            ("Pair-programmed-with: A <a@x>\nCo-authored-by\u{ff1a} B <b@x>", &["a@x", "b@x"]),
            (&format!("Co-authored-by{}: A <a@x>", " ".repeat(500)), &["a@x"]),
            (&format!("{}Co{}authored-by: A <a@x>", "-".repeat(200), "-".repeat(2000)), &["a@x"]),
            (&format!("C\u{43e}{}-authored-by: A <a@x>", "-".repeat(500)), &["a@x"]),
            ("Also co-authored-by (and tested): A <a@x>", &["a@x"]),
            ("Reviewed and c\u{43e}-authored by: A <a@x>", &["a@x"]),
            ("Read co-author lines of any length: see the issue", &[]),
            ("Authored by: A <a@x>", &[]),
            ("Signed-off-by: A <a@x>\n  B <b@x>", &[]),
            ("Not a line of co-authors", &[]),
        ] {
            assert_eq!(co_authors(message), expected, "{message}");
        }
    }
}
