//! What a pull request says about approval: a pure function of what the forge told of it.

use std::collections::BTreeMap;

use super::data::Testimony;
use super::makers::{CommitMakers, ProvenBy, Signer, made_by};
use super::opinion::{Opinion, Says, Way};
use super::pull::{Account, Arrival, Moved, Movement, Pull, Review, ReviewVerdict};
use crate::access::{Access, PersonId};
use crate::approval::codes::{self, refusal};
use crate::finding::{Code, Refusal};
use crate::plan::Part;
use crate::repository::Oid;

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
    /// The protected branch, by its short name.
    pub branch: &'a str,
    /// The commits that the head brings.
    pub commits: &'a [CommitMakers],
}

/// What the commits and a pull request say of a change, by the registry of the last verified landing.
pub fn testimony(pull: &Pull, asked: Asked<'_>, registry: &Access) -> Testimony {
    let mut judged = Judged::default();
    let people = People::of(registry);
    place(pull, asked, registry, &mut judged);
    makers(pull, &people, &mut judged);
    opinions(pull, asked.head, &people, &mut judged);
    let commits: Vec<CommitMakers> = asked.commits.iter().map(|commit| with_authors(commit, pull, &people)).collect();
    let mut made = made_by(&commits, ProvenBy::Forge);
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

/// A commit with the people whose the forge says that it is. Where the forge knows as many accounts as the commit names
/// addresses, and the registry all of these, nobody unknown is left.
fn with_authors(commit: &CommitMakers, pull: &Pull, people: &People<'_>) -> CommitMakers {
    let mut made = commit.clone();
    let committer = pull.committers.get(&commit.oid).and_then(|account| people.person(account));
    made.committers.extend(committer.cloned());
    let Some(authors) = pull.authors.get(&commit.oid) else { return made };
    let known: Vec<&PersonId> = authors.iter().filter_map(|account| people.person(account)).collect();
    if known.len() == authors.len() && authors.len() >= commit.addresses {
        made.names_unknown = false;
    }
    made.named.extend(known.into_iter().cloned());
    made
}

/// The refusal of what came to the branch without a pull request, where the settings ask for one.
pub(super) fn no_pull_request(landed: Oid) -> Refusal {
    let fact = format!("no pull request brought {} to the protected branch", landed.short());
    refusal(&codes::NOT_VIA_PULL_REQUEST, fact)
}

/// What is said of a head of which no pull request was opened.
pub(super) fn none_opened(head: Oid) -> Refusal {
    let fact = format!("no pull request of {} is open", head.short());
    let help = "push it as a branch of the access repository, and open a pull request onto the protected branch";
    Refusal::new(&codes::NOT_VIA_PULL_REQUEST, fact, help)
}

/// Whether it is the one pull request that brought the landing, here.
fn place(pull: &Pull, asked: Asked<'_>, registry: &Access, judged: &mut Judged) {
    let mut refuse = |code: &'static Code, fact: String| judged.refusals.push(refusal(code, fact));
    match &registry.config.repository {
        Some(pinned) if pinned.id == pull.repository => {}
        Some(pinned) => {
            let fact = format!("repository {} answered, and dualkey.yaml names {}", pull.repository, pinned.id);
            refuse(&codes::REPO_MISMATCH, fact);
        }
        None => {
            refuse(&codes::REPO_MISMATCH, format!("repository {} answered, and no other is pinned", pull.repository))
        }
    }
    match pull.head_repository {
        Some(of) if of == pull.repository => {}
        Some(of) => {
            let fact = format!("the head of #{} comes from repository {of}, a fork", pull.number);
            refuse(&codes::FORK_PR_FORBIDDEN, fact);
        }
        None => {
            let fact = format!("the head of #{} comes from a repository that is gone", pull.number);
            refuse(&codes::FORK_PR_FORBIDDEN, fact);
        }
    }
    if pull.into != asked.branch {
        let fact = format!("#{} goes into `{}`, not into `{}`", pull.number, pull.into.escape_debug(), asked.branch);
        let help = "of a stack of pull requests merge the layers one by one, the lowest first; each is approved once its \
                    base is the protected branch";
        judged.refusals.push(Refusal::new(&codes::NOT_VIA_PULL_REQUEST, fact, help));
    }
    let mut refuse = |code: &'static Code, fact: String| judged.refusals.push(refusal(code, fact));
    if pull.head != asked.head {
        let (number, head, other) = (pull.number, pull.head.short(), asked.head.short());
        refuse(&codes::NOT_VIA_PULL_REQUEST, format!("#{number} has the head {head}, and not {other}"));
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
        match pull.arrival {
            Arrival::Merge => {}
            Arrival::Open | Arrival::Push => {
                let (number, landed) = (pull.number, landed.short());
                let fact = format!("somebody pushed {landed} to the branch; #{number} was not merged by the forge");
                refuse(&codes::NOT_VIA_PULL_REQUEST, fact);
            }
            Arrival::Untold => {
                let fact = format!("the forge doesn't tell how {} came to the branch", landed.short());
                let help = "run it again, with a token that may read contents; where the forge has forgotten it, land a \
                            change that restores what it touched";
                judged.refusals.push(Refusal::new(&codes::EVIDENCE_INCOMPLETE, fact, help));
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
    let Some(merged) = pull.merged_at else { return true };
    match movement.what {
        Moved::Head(_) | Moved::Base => movement.at <= merged,
        // a branch that goes with the merge says nothing of what was merged
        Moved::Branch => movement.at < merged,
    }
}

fn opinions(pull: &Pull, head: Oid, people: &People<'_>, judged: &mut Judged) {
    let mut by_account: BTreeMap<u64, Vec<&Review>> = BTreeMap::new();
    for review in &pull.reviews {
        by_account.entry(review.by.number).or_default().push(review);
    }
    for mut reviews in by_account.into_values() {
        // what is said after the merge came too late; who said nothing before may have approved then
        let in_time = |review: &&Review| pull.merged_at.is_none_or(|merged| review.at <= merged);
        if reviews.iter().any(in_time) {
            reviews.retain(|review| in_time(review));
        } else {
            reviews.retain(|review| review.verdict == ReviewVerdict::Approved);
        }
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
        let mut lifted_by = None;
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
                // whether that is a party is known once the change is
                lifted_by = people.person(by).cloned();
                if lifted_by.is_none() {
                    let fact = format!(
                        "`{person}` asked for changes, and `{}`, whom the registry doesn't know, dismissed that",
                        by.login.escape_debug()
                    );
                    against(&codes::BLOCK_DISMISSED_BY_PARTY, fact);
                }
                Says::RequestChanges
            }
        };
        let (at, way) = (last.at.to_string(), Way::Review);
        judged.opinions.push(Opinion { person, says, way, at, took_back: None, lifted_by });
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
    if let Some(at) = since(|what| matches!(what, Moved::Head(_) | Moved::Branch)) {
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
