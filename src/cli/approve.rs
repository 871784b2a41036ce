//! `dualkey approve`

use std::collections::BTreeMap;

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use super::context::{self, Look};
use super::judging::{Judged, Question, looked_at};
use super::new_genesis;
use super::shared::{Refresh, Shared};
use super::{Common, Exit, Stop, output};
use crate::access::{Access, LastRead, Person, PersonId};
use crate::approval::statement::{
    self, APPROVALS, ApprovalStatement, ApprovalType, GENESIS, GenesisStatement, GenesisType, KeyStatement, KeyType,
    REQUESTS, SIGNATURE_FILE, STATEMENT_FILE, WITHDRAWALS,
};
use crate::approval::{Opinion, Prospect, Says};
use crate::finding::Refusal;
use crate::plan;
use crate::report::{self, Labels, PlanView};
use crate::repository::{Oid, Repository, SigningKey, StateRefs, Swap};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  dualkey approve --head feature              look at its plan and sign it\n  \
                        dualkey approve --head feature --withdraw   take the approval back\n  \
                        dualkey approve --head feature --request-changes    say that it shall not land as it is\n  \
                        dualkey approve --genesis main              vouch for the first trusted commit\n  \
                        dualkey approve --prove-key --as alice.nguyen       show that you hold a new key")]
pub struct Options {
    #[command(flatten)]
    common: Common,
    /// The head to approve [default: HEAD]
    #[arg(long, value_name = "REV", conflicts_with = "genesis")]
    head: Option<String>,
    /// Vouch for this commit as the first trusted one
    #[arg(long, value_name = "REV")]
    genesis: Option<String>,
    /// Who you are [default: whoever the key belongs to]
    #[arg(long = "as", value_name = "PERSON")]
    person: Option<String>,
    /// The SSH key that signs [default: git's user.signingkey]
    #[arg(long, value_name = "FILE")]
    key: Option<String>,
    /// Don't ask
    #[arg(long)]
    yes: bool,
    /// Take an approval, or a request for changes, back
    #[arg(long, conflicts_with = "genesis")]
    withdraw: bool,
    /// Say that it shall not land as it is, nor anything on top of it
    #[arg(long, conflicts_with_all = ["genesis", "withdraw"])]
    request_changes: bool,
    /// Show that you hold a key that is to stand in the file of the person named with `--as`
    #[arg(long, requires = "person", conflicts_with_all = ["genesis", "withdraw", "request_changes", "head"])]
    prove_key: bool,
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    speak(options).map_err(|stop| stop.leaving("nothing was recorded"))
}

fn speak(options: &Options) -> Result<Exit, Stop> {
    let repository = context::open(&options.common.repo)?;
    if options.prove_key {
        return prove_key(options, &repository);
    }
    match &options.genesis {
        Some(rev) => genesis(options, &repository, repository.resolve(rev)?),
        None => {
            let head = match &options.head {
                Some(rev) => context::head(&repository, rev)?,
                None => repository.head()?,
            };
            approve(options, &repository, head)
        }
    }
}

fn approve(options: &Options, repository: &Repository, head: Oid) -> Result<Exit, Stop> {
    let shared = Shared::open(repository, &options.common.remote, Refresh::Yes)?;
    let clock = options.common.now.clock()?.for_targets(shared.access())?;
    let ledger = shared.anchored()?;
    // a forge that proves approvals is asked what it knows of this head
    shared.ask_about(head);
    let Judged { chain, verifier, .. } = Question::of(&shared, &ledger, clock.now).judge()?;
    let refused = chain.refused().next().map(|landing| landing.commit);
    let chain = looked_at(repository, chain, head)?;
    let prospect = verifier.prospect(&chain, head)?;
    let registry = &prospect.trusted.revision().access;
    let key = signing_key(options, repository)?;
    let person = signer(options, registry, &key)?;
    let Some(merge_base) = prospect.merge_base else {
        return Err(Stop::refused(Exit::Refused, prospect.outcome.err().unwrap_or_default()));
    };
    let candidate = prospect.candidate();
    let change = candidate.plan();
    if !options.withdraw && change.is_nothing() {
        return Err(Stop::usage(
            format!("{} changes nothing that needs an approval", head.short()),
            "name the branch with `--head REV`; `dualkey plan --head REV` shows what it changes",
        ));
    }
    let says = match (options.withdraw, options.request_changes) {
        (true, _) => Says::Withdraw,
        (false, true) => Says::RequestChanges,
        (false, false) => Says::Approve,
    };
    let name = |prefix: &str| format!("{prefix}{head}/{}", person.id);
    let last = verifier.last_word(&chain, head, &person.id)?;
    // the signature on the commit that changes one's own keys can be taken back like an approval
    let made_own = last.is_none() && prospect.assessment.made_own(&person.id);
    match says {
        Says::Approve => refuse_in_vain(&prospect, change, person)?,
        Says::Withdraw if !made_own && last.as_ref().is_none_or(|last| last.says == Says::Withdraw) => {
            return Err(Stop::usage(
                format!("there is no approval of {} by `{}` to take back", head.short(), person.id),
                "name the head that was approved with `--head REV`; without an approval nothing has to be done",
            ));
        }
        Says::RequestChanges if !change.may_object(&person.id) => {
            return Err(Stop::usage(
                format!("a request for changes by `{}` doesn't count here", person.id),
                "it counts from whom `dualkey plan` asks; never on a removal, nor from one who loses by the change",
            ));
        }
        Says::Withdraw | Says::RequestChanges => {}
    }
    show(&prospect, change, refused);
    let question = match says {
        Says::Approve => format!("Approve {} as {}?", head.short(), person.id),
        Says::Withdraw => format!("Take back what {} said of {}?", person.id, head.short()),
        Says::RequestChanges => format!("Ask for changes of {} as {}?", head.short(), person.id),
    };
    confirm(options, &question)?;
    let statement = ApprovalStatement {
        statement_type: ApprovalType::V1,
        anchor: ledger.recorded.anchor.clone(),
        branch: shared.branch.clone(),
        base: merge_base.to_string(),
        head: head.to_string(),
        head_tree: repository.commit(head)?.tree.to_string(),
        digest: prospect.reviewed.as_signed().to_owned(),
        person: person.id.to_string(),
        verdict: says,
        at: after(last.as_ref(), says, clock.now).to_string(),
    };
    let commit = signed_commit(repository, &key, &statement::canonical(&statement), head, clock.now.as_second())?;
    let swap = |prefix: &str, new| -> Result<Swap, Stop> {
        let name = name(prefix);
        Ok(Swap { expected: shared.refs.get(&name)?, name, new })
    };
    let mut swaps = match says {
        // who approves takes back what they said against it
        Says::Approve => vec![swap(APPROVALS, Some(commit))?, swap(WITHDRAWALS, None)?, swap(REQUESTS, None)?],
        // what it takes back stays beside it, so that everybody is told what that was
        Says::Withdraw => vec![swap(WITHDRAWALS, Some(commit))?],
        Says::RequestChanges => vec![swap(REQUESTS, Some(commit))?],
    };
    swaps.retain(|swap| swap.expected != swap.new);
    shared.refs.swap_all(&swaps)?;
    let place = shared.refs.remote().unwrap_or_else(|| "this repository".to_owned());
    let done = match says {
        Says::Approve => "approved",
        Says::Withdraw if last.is_some_and(|last| last.says == Says::RequestChanges) => {
            "took back the request for changes of"
        }
        Says::Withdraw if made_own => "took back their word on their own keys and accounts in",
        Says::Withdraw => "took back the approval of",
        Says::RequestChanges => "asked for changes of",
    };
    output::print(&format!("{} {done} {} ({place})\n", person.id, head.short()));
    if says == Says::Approve {
        // what the same person said before is over now
        let now = shared.verifier(&ledger.recorded, clock.now)?.prospect(&chain, head)?;
        output::print(&what_is_left(&now));
    }
    #[cfg(feature = "github")]
    super::notify::signed(shared.access(), head);
    Ok(Exit::Done)
}

/// When a statement is made that is to replace what the same person said last: their order is what the instants tell, and the
/// clocks of two machines may differ.
fn after(last: Option<&Opinion>, says: Says, now: Timestamp) -> Timestamp {
    // one approval after another is the same word, and its age is counted from the later
    let other = last.filter(|last| last.says != Says::Approve || says != Says::Approve);
    let said = other.and_then(|last| last.at.parse::<Timestamp>().ok());
    let next = said.and_then(|said| said.checked_add(SignedDuration::from_secs(1)).ok());
    next.map_or(now, |next| next.max(now))
}

/// The approvals that are still missing, a line each.
fn what_is_left(prospect: &Prospect) -> String {
    let candidate = prospect.candidate();
    let change = candidate.plan();
    let standing = prospect.standing(change);
    if standing.rules.iter().all(|rule| rule.missing == 0) && !standing.is_met(change) {
        return "still missing: one person more than the rules ask for\n".to_owned();
    }
    let line = |(requirement, rule): (&plan::Requirement, &plan::RuleStanding)| {
        let new = if requirement.side == plan::Side::New { " of the new policy" } else { "" };
        let from = requirement.from.join(" or ");
        format!("still missing: {} by rule {}{new} ({from})\n", rule.missing, requirement.rule)
    };
    standing.with_rules(change).filter(|(_, rule)| rule.missing > 0).map(line).collect()
}

/// An approval that can't count, or is of what can't land whoever approves it, is refused before it is signed, with every
/// reason.
fn refuse_in_vain(prospect: &Prospect, change: &plan::Plan<'_>, person: &Person) -> Result<(), Stop> {
    let mut reasons: Vec<Refusal> = prospect.assessment.reasons_against(change, &person.id);
    reasons.extend(prospect.said.obstacles.iter().cloned());
    reasons
        .extend(change.blocking().map(|f| Refusal::new(&f.rule.code, format!("{}: {}", f.place, f.message), &f.help)));
    if reasons.is_empty() { Ok(()) } else { Err(Stop::refused(Exit::Refused, reasons)) }
}

fn show(prospect: &Prospect, change: &plan::Plan<'_>, refused: Option<Oid>) {
    let standing = prospect.standing(change);
    let (base, head) = (prospect.base.short(), prospect.head.short());
    let labels = Labels { base: &base, head: &head, refused };
    let view = PlanView { plan: change, standing: &standing, live: None, labels };
    output::print(&report::plan::text(&view, output::style()));
}

fn confirm(options: &Options, question: &str) -> Result<(), Stop> {
    new_genesis::confirm(options.yes, question, "look at what is shown above, then run it again with `--yes`")
}

fn signing_key(options: &Options, repository: &Repository) -> Result<SigningKey, Stop> {
    let key = match &options.key {
        Some(key) => Some(SigningKey::parse(key)),
        None => repository.signing_key()?,
    };
    key.ok_or_else(|| {
        Stop::usage("there is no key to sign with", "name one with `--key FILE`, or set git's user.signingkey")
    })
}

/// Signs with a new key whose it is, so that it may come into the person's file.
fn prove_key(options: &Options, repository: &Repository) -> Result<Exit, Stop> {
    let named = options.person.as_deref().unwrap_or_default();
    let person = PersonId::parse(named).map_err(|_| {
        Stop::usage(format!("`{}` is no person's id", named.escape_debug()), "write it as the file's name in people/")
    })?;
    let shared = Shared::open(repository, &options.common.remote, Refresh::Yes)?;
    let clock = options.common.now.clock()?.for_targets(shared.access())?;
    let ledger = shared.anchored()?;
    let key = signing_key(options, repository)?;
    let public = public_half(&key)?;
    refuse_weak(&key, &public)?;
    let genesis = ledger.recorded.genesis;
    let statement =
        KeyStatement { statement_type: KeyType::V1, genesis: genesis.to_string(), person: person.to_string() };
    let fingerprint = public.fingerprint(ssh_key::HashAlg::Sha256);
    mistyped(&person, shared.access())?;
    confirm(options, &format!("Show that the key {fingerprint} is {person}'s?"))?;
    let commit = signed_commit(repository, &key, &statement::canonical(&statement), genesis, clock.now.as_second())?;
    let name = statement::key_name(&person, public.key_data());
    let expected = shared.refs.get(&name)?;
    if expected != Some(commit) {
        shared.refs.compare_and_swap(&name, expected, Some(commit))?;
    }
    output::print(&format!("the key {fingerprint} is shown to be {person}'s\n"));
    Ok(Exit::Done)
}

/// Whose file is still to land is nobody yet, and so may be anybody; a name that is nearly somebody's is more likely theirs.
fn mistyped(person: &PersonId, registry: &Access) -> Result<(), Stop> {
    let near = |known: &&PersonId| strsim::osa_distance(known.as_str(), person.as_str()) <= 1;
    match registry.people.keys().find(near) {
        Some(meant) if meant != person && !registry.people.contains_key(person) => Err(Stop::usage(
            format!("there is no `{person}` at the tip of the protected branch"),
            format!("did you mean `{meant}`? a key of somebody new is shown once their file has landed without it"),
        )),
        Some(_) | None => Ok(()),
    }
}

fn refuse_weak(key: &SigningKey, public: &ssh_key::PublicKey) -> Result<(), Stop> {
    if matches!(public.algorithm(), ssh_key::Algorithm::Rsa { .. } | ssh_key::Algorithm::Dsa) {
        return Err(Stop::usage(
            format!("the key `{key}` is of a kind that proves nothing here (RSA or DSA)"),
            "make one with `ssh-keygen -t ed25519` and put its public half into your file in people/",
        ));
    }
    Ok(())
}

/// The public half of a signing key, from its file, the `.pub` beside it, or the text itself.
fn public_half(key: &SigningKey) -> Result<ssh_key::PublicKey, Stop> {
    let unreadable = |why: String| {
        Stop::usage(
            format!("the key `{key}` can't be used: {why}"),
            "give an OpenSSH key; `ssh-keygen -t ed25519` makes one",
        )
    };
    let text = match key {
        SigningKey::Agent(text) => text.clone(),
        SigningKey::File(path) => {
            let mut beside = path.clone().into_os_string();
            beside.push(".pub");
            let text = std::fs::read_to_string(path).map_err(|error| Stop::io("reading", path, &error))?;
            if text.starts_with("-----BEGIN") {
                match std::fs::read_to_string(&beside) {
                    Ok(public) => public,
                    Err(_) => {
                        return ssh_key::PrivateKey::from_openssh(&text)
                            .map(|private| private.public_key().clone())
                            .map_err(|error| unreadable(error.to_string()));
                    }
                }
            } else {
                text
            }
        }
    };
    ssh_key::PublicKey::from_openssh(text.trim()).map_err(|error| unreadable(error.to_string()))
}

/// The person whose registered key this is.
fn signer<'a>(options: &Options, registry: &'a Access, key: &SigningKey) -> Result<&'a Person, Stop> {
    let public = public_half(key)?;
    refuse_weak(key, &public)?;
    let owner = registry
        .people
        .values()
        .find(|person| person.keys.iter().any(|held| held.public.as_ref() == Some(public.key_data())));
    match (owner, &options.person) {
        (Some(owner), None) => Ok(owner),
        (Some(owner), Some(named)) if owner.id.as_str() == named => Ok(owner),
        (Some(owner), Some(named)) => Err(Stop::usage(
            format!("the key `{key}` is `{}`'s, not `{}`'s", owner.id, named.escape_debug()),
            "sign with your own key: `--key FILE`",
        )),
        (None, _) => Err(Stop::usage(
            format!("the key `{key}` belongs to nobody at the last verified landing"),
            "use the key whose public half stands in your file in people/, or let that file land first",
        )),
    }
}

/// Signs and writes a commit that holds statement and signature. Its parent is what it speaks of.
fn signed_commit(repository: &Repository, key: &SigningKey, statement: &[u8], of: Oid, at: i64) -> Result<Oid, Stop> {
    let signature = repository.ssh_sign(key, statement::NAMESPACE, statement)?;
    let files: BTreeMap<String, Vec<u8>> = BTreeMap::from([
        (STATEMENT_FILE.to_owned(), statement.to_vec()),
        (SIGNATURE_FILE.to_owned(), signature.into_bytes()),
    ]);
    Ok(repository.write_commit(&files, &[of], "dualkey statement", at)?)
}

fn genesis(options: &Options, repository: &Repository, commit: Oid) -> Result<Exit, Stop> {
    repository.ensure_complete()?;
    let revision = context::load_or_show(repository, Look::Commit(commit), &mut LastRead::default())?;
    let access = &revision.access;
    let clock = options.common.now.clock()?.for_targets(access)?;
    let findings = plan::findings_of(&revision, clock.now);
    if crate::lint::blocked(&findings) {
        context::show_findings(&findings, &revision);
        return Err(Stop::new(
            Exit::Refused,
            "a genesis must lint clean",
            "correct what is named above, commit, and try again",
        ));
    }
    let key = signing_key(options, repository)?;
    let person = signer(options, access, &key)?;
    let refs = StateRefs::open(repository, options.common.remote.remote.as_deref(), &access.config.branch)?;
    refs.refresh(&[&access.config.audit_ref])?;
    let audit = (&refs, access.config.audit_ref.as_str());
    new_genesis::show(repository, &options.common.remote, audit, (commit, &revision), clock.now)?;
    let statement = GenesisStatement {
        statement_type: GenesisType::V1,
        genesis: commit.to_string(),
        tree: repository.commit(commit)?.tree.to_string(),
        log_key: access.config.audit_key.clone(),
        person: person.id.to_string(),
    };
    confirm(options, &format!("Vouch for {} as the first trusted commit, as {}?", commit.short(), person.id))?;
    let signed = signed_commit(repository, &key, &statement::canonical(&statement), commit, clock.now.as_second())?;
    let name = format!("{GENESIS}{commit}/{}", person.id);
    let expected = refs.get(&name)?;
    if expected != Some(signed) {
        refs.compare_and_swap(&name, expected, Some(signed))?;
    }
    output::print(&format!("{} vouches for {} as the genesis\n", person.id, commit.short()));
    let vouching = refs.list(&format!("{GENESIS}{commit}/"))?.len();
    output::print(&match vouching {
        0 | 1 => "a second person has to vouch for it too\n".to_owned(),
        _ => format!("now the log can begin: dualkey audit init --genesis {} --log-key FILE\n", commit.short()),
    });
    Ok(Exit::Done)
}
