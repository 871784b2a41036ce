//! What a forge says of a pull request, as plain data, and what it says about approval.
//!
//! Accounts are told by number. Names, labels, comments and the times of commits are nothing here.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::data::Testimony;
use super::makers::{CommitMakers, ProvenBy, Signer, made_by};
use super::opinion::{Opinion, Says};
use crate::access::{Access, PersonId};
use crate::approval::codes::{self, refusal};
use crate::finding::{Code, Refusal};
use crate::plan::Part;
use crate::repository::Oid;

/// The pull request that brought a landing, or that would.
#[derive(Clone, Debug)]
pub struct Pull {
    pub number: u64,
    /// Merged pull requests into the protected branch that name the landed commit as their merge.
    pub claims: BTreeSet<u64>,
    /// The repository that answered, by number.
    pub repository: u64,
    /// The one that the configuration names.
    pub pinned: u64,
    /// The one that the head comes from.
    pub head_repository: u64,
    pub opened_by: Account,
    /// None while it is open.
    pub merged_at: Option<Timestamp>,
    pub reviews: Vec<Review>,
    /// How many reviews the forge counts.
    pub reviews_total: usize,
    pub movements: Vec<Movement>,
    /// What could not be read, each a call with its answer.
    pub missing: Vec<String>,
}

/// An account at the forge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub number: u64,
    /// For people; never proof.
    pub login: String,
    pub bot: bool,
}

#[derive(Clone, Debug)]
pub struct Review {
    pub by: Account,
    pub verdict: ReviewVerdict,
    /// The head it was given on; None where the forge no longer knows.
    pub of: Option<Oid>,
    pub at: Timestamp,
}

/// What a review says. A comment is no opinion, and none of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReviewVerdict {
    Approved,
    ChangesRequested,
    DismissedApproval,
    /// A request for changes that somebody dismissed.
    DismissedRequest {
        by: Account,
    },
}

/// Something that changes what an approval given before meant.
#[derive(Clone, Debug)]
pub struct Movement {
    pub at: Timestamp,
    pub by: Account,
    pub what: Moved,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// A push, a forced one, a branch that came back: the head is this now.
    Head(Oid),
    /// Another base branch, or a base that was pushed with force.
    Base,
}

/// What follows from a pull request.
#[derive(Debug, Default)]
struct Judged {
    /// What it is refused for, whoever approved.
    refusals: Vec<Refusal>,
    makers: BTreeMap<PersonId, Part>,
    /// Accounts that made part of the change and are nobody's.
    unknown: Vec<Refusal>,
    /// The machine that opened it.
    machine: Option<Refusal>,
    opinions: Vec<Opinion>,
    /// Approvals that don't count, each with why.
    against: Vec<Refusal>,
}

/// The landing that a pull request is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// None where the question is what would land.
    pub landed: Option<Oid>,
    pub head: Oid,
    /// The commits that the head brings.
    pub commits: &'a [CommitMakers],
}

/// What the commits and a forge say of a change, by the registry of the last verified landing.
pub fn testimony(pull: Option<&Pull>, asked: Asked<'_>, registry: &Access) -> Testimony {
    let Some(pull) = pull else {
        let mut made = made_by(asked.commits, ProvenBy::Signatures);
        made.refusals.insert(0, no_pull_request(asked.landed, asked.head));
        return made;
    };
    let mut judged = Judged::default();
    let people = People::of(registry);
    place(pull, asked, &mut judged);
    makers(pull, &people, &mut judged);
    opinions(pull, asked.head, &people, &mut judged);
    let mut made = made_by(asked.commits, ProvenBy::Forge);
    for (person, part) in judged.makers {
        made.makers.entry(person).or_insert(part);
    }
    made.in_doubt.extend(judged.unknown);
    made.machine = judged.machine;
    made.opinions = judged.opinions;
    made.against = judged.against;
    made.refusals = judged.refusals;
    made
}

/// The refusal of what came to the branch without a pull request, where the settings ask for one.
pub(super) fn no_pull_request(landed: Option<Oid>, head: Oid) -> Refusal {
    let what = landed.unwrap_or(head).short();
    refusal(&codes::NOT_VIA_PULL_REQUEST, format!("no pull request brought {what} to the protected branch"))
}

/// Whether it is the one pull request that brought the landing, here.
fn place(pull: &Pull, asked: Asked<'_>, judged: &mut Judged) {
    let mut refuse = |code: &'static Code, fact: String| judged.refusals.push(refusal(code, fact));
    if pull.repository != pull.pinned {
        let fact = format!("repository {} answered, and dualkey.yaml names {}", pull.repository, pull.pinned);
        refuse(&codes::REPO_MISMATCH, fact);
    }
    if pull.head_repository != pull.repository {
        let fact = format!("the head of #{} comes from repository {}, a fork", pull.number, pull.head_repository);
        refuse(&codes::FORK_PR_FORBIDDEN, fact);
    }
    if let Some(landed) = asked.landed {
        let claims: Vec<String> = pull.claims.iter().map(|number| format!("#{number}")).collect();
        match claims.as_slice() {
            [_] if pull.claims.contains(&pull.number) && pull.merged_at.is_some() => {}
            [] | [_] => {
                let fact = format!("#{} didn't bring {}: it is not its merge commit", pull.number, landed.short());
                refuse(&codes::NOT_VIA_PULL_REQUEST, fact);
            }
            several => {
                let fact = format!("{} all name {} as their merge", several.join(" and "), landed.short());
                refuse(&codes::PR_AMBIGUOUS, fact);
            }
        }
    }
    let mut incomplete = |fact: String| {
        let help = "run it again; its token must be able to read pull requests, reviews and the activity of branches";
        judged.refusals.push(Refusal::new(&codes::EVIDENCE_INCOMPLETE, fact, help));
    };
    for missing in &pull.missing {
        incomplete(missing.clone());
    }
    if pull.reviews.len() != pull.reviews_total {
        let fact = format!("{} of {} reviews of #{} were read", pull.reviews.len(), pull.reviews_total, pull.number);
        incomplete(fact);
    }
    if asked.commits.is_empty() {
        incomplete(format!("#{} holds no commit that could be read", pull.number));
    }
    if !knows_pushers(pull, asked) {
        let fact = format!(
            "nothing says who pushed {} to #{}, and not every commit of it is signed",
            asked.head.short(),
            pull.number
        );
        incomplete(fact);
    }
}

/// True where the forge saw the head being pushed, or where each commit names its maker by a signature.
fn knows_pushers(pull: &Pull, asked: Asked<'_>) -> bool {
    pull.movements.iter().any(|movement| movement.what == Moved::Head(asked.head))
        || asked.commits.iter().all(|commit| matches!(commit.signer, Signer::Person(_)))
}

fn makers(pull: &Pull, people: &People<'_>, judged: &mut Judged) {
    let pushers = pull.movements.iter().filter(|movement| before_merge(pull, movement));
    let pushers = pushers.filter(|movement| matches!(movement.what, Moved::Head(_))).map(|movement| &movement.by);
    for (account, part, did) in
        pushers.map(|account| (account, Part::Pushed, "pushed to")).chain([(&pull.opened_by, Part::Wrote, "opened")])
    {
        match people.person(account) {
            Some(person) => {
                judged.makers.insert(person.clone(), part);
            }
            None if account.bot => {
                let fact = format!("the machine `{}` {did} #{}", account.login.escape_debug(), pull.number);
                judged.machine = Some(refusal(&codes::QUORUM_BOT_AUTHORED, fact));
            }
            None => {
                let fact = format!(
                    "`{}` (account {}), whom the registry doesn't know, {did} #{}",
                    account.login.escape_debug(),
                    account.number,
                    pull.number
                );
                judged.unknown.push(refusal(&codes::AUTHOR_UNKNOWN, fact));
            }
        }
    }
}

fn before_merge(pull: &Pull, movement: &Movement) -> bool {
    pull.merged_at.is_none_or(|merged| movement.at <= merged)
}

fn opinions(pull: &Pull, head: Oid, people: &People<'_>, judged: &mut Judged) {
    let mut by_account: BTreeMap<u64, Vec<&Review>> = BTreeMap::new();
    for review in &pull.reviews {
        by_account.entry(review.by.number).or_default().push(review);
    }
    for mut reviews in by_account.into_values() {
        // of one instant the one that speaks against it is the last
        reviews.sort_by_key(|review| (review.at, weight(&review.verdict)));
        let Some(last) = reviews.last() else { continue };
        let approved = reviews.iter().any(|review| review.verdict == ReviewVerdict::Approved);
        let person = match people.reviewer(&last.by) {
            Ok(person) => person.clone(),
            Err(refusal) => {
                // what nobody said stands against nothing
                if approved {
                    judged.against.push(refusal);
                }
                continue;
            }
        };
        let mut against = |code: &'static Code, fact: String| judged.against.push(refusal(code, fact));
        let says = match &last.verdict {
            ReviewVerdict::Approved => {
                let reasons = too_early_or_late(pull, head, &person, last);
                if !reasons.is_empty() {
                    judged.against.extend(reasons);
                    continue;
                }
                Says::Approve
            }
            ReviewVerdict::ChangesRequested => {
                if approved {
                    against(&codes::APPROVAL_WITHDRAWN, format!("`{person}` approved, and asked for changes since"));
                }
                Says::RequestChanges
            }
            ReviewVerdict::DismissedApproval => {
                against(&codes::APPROVAL_DISMISSED, format!("the approval of `{person}` was dismissed"));
                continue;
            }
            ReviewVerdict::DismissedRequest { by } => {
                let dismissed_by = people.person(by);
                if dismissed_by.is_some_and(|by| !judged.makers.contains_key(by)) {
                    continue;
                }
                let fact = format!(
                    "`{person}` asked for changes, and `{}`, who made the change, dismissed that",
                    by.login.escape_debug()
                );
                against(&codes::BLOCK_DISMISSED_BY_PARTY, fact);
                Says::RequestChanges
            }
        };
        judged.opinions.push(Opinion { person, says, at: last.at.to_string(), took_back: None });
    }
}

fn weight(verdict: &ReviewVerdict) -> u8 {
    match verdict {
        ReviewVerdict::Approved => 0,
        ReviewVerdict::DismissedApproval => 1,
        ReviewVerdict::DismissedRequest { .. } => 2,
        ReviewVerdict::ChangesRequested => 3,
    }
}

/// Why an approval isn't one of exactly this head, onto this base, before the merge.
fn too_early_or_late(pull: &Pull, head: Oid, person: &PersonId, review: &Review) -> Vec<Refusal> {
    let mut reasons = Vec::new();
    if review.of != Some(head) {
        let of = review.of.map_or_else(|| "a head that is gone".to_owned(), |of| of.short());
        let fact = format!("`{person}` approved {of}, and the head is {}", head.short());
        reasons.push(refusal(&codes::APPROVAL_STALE, fact));
    }
    let since = |what: fn(Moved) -> bool| {
        let later = pull.movements.iter().filter(|movement| movement.at >= review.at && before_merge(pull, movement));
        later.filter(|movement| what(movement.what)).map(|movement| movement.at).max()
    };
    if let Some(at) = since(|what| matches!(what, Moved::Head(_))) {
        let fact = format!("`{person}` approved at {}, and the head moved at {at}", review.at);
        reasons.push(refusal(&codes::APPROVAL_PREDATES_HEAD, fact));
    }
    if let Some(at) = since(|what| what == Moved::Base) {
        let fact = format!("`{person}` approved at {}, and the base changed at {at}", review.at);
        reasons.push(refusal(&codes::APPROVAL_CONTEXT_CHANGED, fact));
    }
    if let Some(merged) = pull.merged_at.filter(|merged| review.at > *merged) {
        let fact = format!("`{person}` approved at {}, after the merge at {merged}", review.at);
        reasons.push(refusal(&codes::APPROVAL_AFTER_MERGE, fact));
    }
    reasons
}

/// Accounts of the registry, by number and by name.
struct People<'a> {
    by_number: BTreeMap<u64, &'a PersonId>,
    by_login: BTreeMap<String, &'a PersonId>,
}

impl<'a> People<'a> {
    fn of(registry: &'a Access) -> Self {
        let accounts = || registry.people.values().filter_map(|person| Some((&person.id, person.accounts.forge()?)));
        People {
            by_number: accounts().map(|(person, account)| (account.id, person)).collect(),
            by_login: accounts().map(|(person, account)| (account.login.to_lowercase(), person)).collect(),
        }
    }

    fn person(&self, account: &Account) -> Option<&'a PersonId> {
        self.by_number.get(&account.number).copied()
    }

    fn reviewer(&self, account: &Account) -> Result<&'a PersonId, Refusal> {
        let shown = account.login.escape_debug();
        if account.bot {
            return Err(refusal(&codes::APPROVER_NOT_HUMAN, format!("`{shown}` is a machine")));
        }
        self.person(account).ok_or_else(|| match self.by_login.get(&account.login.to_lowercase()) {
            Some(person) => refusal(
                &codes::LOGIN_ID_MISMATCH,
                format!(
                    "account {} calls itself `{shown}`, as `{person}` does, whose number is another",
                    account.number
                ),
            ),
            None => refusal(
                &codes::APPROVER_UNKNOWN,
                format!("account {} (`{shown}`) is nobody's in the registry", account.number),
            ),
        })
    }
}
