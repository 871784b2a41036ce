//! Finding the protected branch and the log.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use super::asked::AskedCell;
use super::checkpoint::Expected;
use super::revisions::{Reads, newest_readable, no_branch, read};
use super::shared::{ANCHOR, Refresh, Shared, kept_anchor};
use super::{Exit, RemoteOption, Stop};
use crate::access::Revision;
use crate::apply;
use crate::approval::Recorded;
use crate::audit;
use crate::finding::Refusal;
use crate::repository::{Oid, Repository, StateRefs};

/// Where branch and log are looked for while nothing says where they are.
pub(super) const USUAL_BRANCH: &str = "main";
const USUAL_LOG: &str = "refs/dualkey/audit";

impl<'a> Shared<'a> {
    /// Finds the protected branch, and the log. Where an anchor is kept, its genesis says which they are: whoever can
    /// push must not be able to lead a run elsewhere, or to stop it. Without one, HEAD and the branch's tip are asked.
    pub fn open(repository: &'a Repository, remote: &RemoteOption, refresh: Refresh) -> Result<Self, Stop> {
        Shared::open_after(repository, remote, refresh, &mut Reads::default())
    }

    /// The same for a command that has read revisions before.
    pub fn open_after(
        repository: &'a Repository,
        remote: &RemoteOption,
        refresh: Refresh,
        reads: &mut Reads,
    ) -> Result<Self, Stop> {
        Shared::of_anchor(repository, remote, refresh, kept_anchor(), reads)
    }

    /// The same with an anchor that is given instead of the one in the environment.
    pub fn of_anchor(
        repository: &'a Repository,
        remote: &RemoteOption,
        refresh: Refresh,
        anchor: Option<String>,
        reads: &mut Reads,
    ) -> Result<Self, Stop> {
        // ends go on with what is there
        if refresh != Refresh::IfItAnswers {
            repository.ensure_complete()?;
        }
        let kept = anchor.as_deref().map(parse_anchor).transpose()?;
        // a genesis that isn't here shows when the anchor is compared with the log
        let genesis = match kept {
            Some(kept) => genesis(repository, remote, refresh, kept.genesis, reads)?,
            None => None,
        };
        let (mut found, mut fresh) = (None, false);
        if let Some(genesis) = &genesis {
            let config = &genesis.access.config;
            let refs = StateRefs::open(repository, remote.remote.as_deref(), &config.branch)?;
            fresh = refresh.of(&refs, &config.audit_ref)?;
            found = Some((refs.branch_tip()?, Rc::clone(genesis), refs));
        }
        // a branch that was renamed since the genesis is known by HEAD alone
        if !matches!(found, Some((Some(_), ..))) {
            let here = repository.head().map_err(Stop::from).and_then(|head| newest_readable(repository, head, reads));
            let here = match here {
                Ok(here) => Some(here),
                Err(_) if genesis.is_some() => None,
                // neither the anchor nor anything that is checked out leads anywhere
                Err(stop) if refresh == Refresh::IfItAnswers && anchor.is_some() => {
                    return Err(nothing_proven(&[stop.refusal(&apply::codes::NOT_JUDGED)]));
                }
                Err(stop) => return Err(stop),
            };
            if let Some(here) = here {
                let config = &here.access.config;
                let refs = StateRefs::open(repository, remote.remote.as_deref(), &config.branch)?;
                let answered = refresh.of(&refs, &config.audit_ref)?;
                let tip = refs.branch_tip()?;
                if tip.is_some() || genesis.is_none() {
                    (found, fresh) = (Some((tip, here, refs)), answered);
                }
            }
        }
        let Some((tip, asked, refs)) = found else { return Err(no_branch(USUAL_BRANCH)) };
        let branch = asked.access.config.branch.clone();
        if tip.is_none() && refresh == Refresh::No {
            return Err(no_branch(&branch));
        }
        let at_tip = OnceCell::new();
        let pinned = match (genesis, tip) {
            (Some(genesis), _) => genesis,
            (None, None) => return Err(no_branch(&branch)),
            (None, Some(tip)) => {
                let newest = newest_readable(repository, tip, reads)?;
                if newest.access.config.branch != branch {
                    return Err(Stop::usage(
                        format!("`{branch}` says that the protected branch is `{}`", newest.access.config.branch),
                        "run it on a checkout of the protected branch",
                    ));
                }
                Rc::clone(at_tip.get_or_init(|| newest))
            }
        };
        let audit_ref = &pinned.access.config.audit_ref;
        if audit_ref != &asked.access.config.audit_ref {
            fresh &= refresh.of(&refs, audit_ref)?;
        }
        let revisions = RefCell::new(reads.revisions.clone());
        Ok(Shared {
            repository,
            refs,
            branch,
            tip,
            at_tip,
            pinned,
            anchor,
            revisions,
            fresh: Cell::new(fresh),
            warned: Cell::new(false),
            expected: Expected::of_environment(),
            told_of_checkpoint: Cell::new(true),
            asked: AskedCell::default(),
        })
    }
}

/// An anchor, checked for its form: one that was cut off or mixed up is no alarm about the log.
fn parse_anchor(anchor: &str) -> Result<Recorded, Stop> {
    audit::from_anchor(anchor).ok_or_else(|| {
        Stop::usage(
            format!("{ANCHOR} is `{}`, which is no anchor", anchor.escape_debug()),
            "set it to what `dualkey audit init` printed: 40 digits, a colon and the 8 digits of the log's key",
        )
    })
}

/// The tree of the genesis; where this clone doesn't hold it, it may come along with the log.
fn genesis(
    repository: &Repository,
    remote: &RemoteOption,
    refresh: Refresh,
    commit: Oid,
    reads: &mut Reads,
) -> Result<Option<Rc<Revision>>, Stop> {
    if let Ok(genesis) = read(repository, commit, reads) {
        return Ok(Some(genesis));
    }
    let refs = StateRefs::open(repository, remote.remote.as_deref(), USUAL_BRANCH)?;
    refresh.of(&refs, USUAL_LOG)?;
    Ok(read(repository, commit, reads).ok())
}

/// What to say where nothing is proven any more.
pub fn nothing_proven(why: &[Refusal]) -> Stop {
    let nothing = Refusal::new(
        &apply::codes::NOTHING_PROVEN,
        "neither branch, log nor the copy of the log can be read here: only ends that targets enforce themselves still hold",
        "restore the log from an export or another clone, then run `dualkey apply --only-ends` again",
    );
    Stop::refused(Exit::Unjudged, why.iter().cloned().chain([nothing]).collect())
}
