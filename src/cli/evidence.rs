//! Asking the forge, where the settings say that its pull requests prove approvals.

use std::rc::Rc;
#[cfg(feature = "github")]
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::Stop;
use super::asked::Asked;
use super::shared::Shared;
use crate::access::{EvidenceSource, ForgeRepository};
use crate::approval::pull::Told;
use crate::approval::{Chain, Recorded, RecordedLanding};
use crate::repository::Oid;

/// Where a pull request is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "github"), expect(dead_code, reason = "without the client nobody looks one up"))]
pub enum PullState {
    /// With this head.
    Open(Oid),
    /// By this commit.
    Merged(Oid),
}

impl Shared<'_> {
    /// Says that a head is asked about, too.
    pub fn ask_about(&self, head: Oid) {
        let believed = self.asked.borrow().believed;
        self.asked.replace(Asked { head: Some(head), told: None, believed });
    }

    /// Says that the log's word of pull requests is enough only up to a size: the forge is asked again about what was
    /// recorded after it.
    pub fn ask_again_after(&self, size: u64) {
        let head = self.asked.borrow().head;
        self.asked.replace(Asked { head, told: None, believed: Some(size) });
    }

    /// True where the forge doesn't confirm what the log has of a pull request.
    pub fn doubts(&self, chain: &Chain) -> bool {
        let told = self.told();
        chain.refused().any(|landing| told.asked_again.contains(&landing.commit))
    }

    /// What was told of pull requests.
    pub fn told(&self) -> Rc<Told> {
        self.asked.borrow().told.as_ref().map(|(_, told)| Rc::clone(told)).unwrap_or_default()
    }

    /// The repository on the forge whose pull requests prove approvals, where the newest landing of the log, or the
    /// genesis, says that they do; where a record is to be confirmed, as the newest one says it that says it at all.
    ///
    /// INVARIANT: what landed since has no say in where a token is sent.
    pub fn evidence_from(&self, recorded: &Recorded) -> Option<ForgeRepository> {
        let said = |commit: Oid| {
            let revision = self.read(commit).ok()?;
            let config = &revision.access.config;
            config.repository.clone().filter(|_| config.evidence == EvidenceSource::Github)
        };
        let landings = recorded.landings.iter().rev().map(|landing| landing.commit);
        let mut newest_first = landings.chain([recorded.genesis]);
        match self.to_confirm(recorded).is_empty() {
            true => newest_first.next().and_then(said),
            false => newest_first.find_map(said),
        }
    }

    /// The recorded landings of which the log's word is not enough, oldest first.
    fn to_confirm<'r>(&self, recorded: &'r Recorded) -> Vec<&'r RecordedLanding> {
        let Some(size) = self.asked.borrow().believed else { return Vec::new() };
        recorded.landings.iter().filter(|landing| landing.pull.is_some() && landing.entry >= size).collect()
    }

    /// Asks the forge for everything that judging the branch up to a tip needs and the log doesn't hold. What isn't told is
    /// missing there, and so is everything where nobody can be asked.
    pub fn ask_forge(
        &self,
        recorded: &Recorded,
        tip: Oid,
        stop: Option<&std::sync::Arc<AtomicBool>>,
    ) -> Result<(), Stop> {
        if self.asked.borrow().told.as_ref().is_some_and(|(of, _)| *of == tip) {
            return Ok(());
        }
        let mut told = match self.evidence_from(recorded) {
            Some(repository) => self.gathered(recorded, tip, &repository, stop)?,
            None => Told::default(),
        };
        // INVARIANT: whatever the log says, and whether anybody could be asked, it is not believed in what is to be confirmed
        told.asked_again = self.to_confirm(recorded).iter().map(|landing| landing.commit).collect();
        self.asked.borrow_mut().told = Some((tip, Rc::new(told)));
        Ok(())
    }

    #[cfg(not(feature = "github"))]
    pub fn pull(&self, _: &Recorded, _: u64) -> Result<PullState, Stop> {
        Err(Stop::usage("this program was built without the client of GitHub", "name the head with --head REV"))
    }

    #[cfg(not(feature = "github"))]
    fn gathered(
        &self,
        _: &Recorded,
        _: Oid,
        _: &ForgeRepository,
        _: Option<&std::sync::Arc<AtomicBool>>,
    ) -> Result<Told, Stop> {
        let unread = crate::finding::Refusal::new(
            &crate::approval::codes::EVIDENCE_INCOMPLETE,
            "this program was built without the client of GitHub, whose pull requests prove approvals here",
            "use a dualkey that was built with the feature `github`, as it is by default",
        );
        Ok(Told { unread: Some(unread), ..Told::default() })
    }
}

#[cfg(feature = "github")]
mod gathering {
    use std::collections::BTreeSet;

    use super::{Arc, AtomicBool, ForgeRepository, Oid, PullState, Recorded, Shared, Stop, Told};
    use crate::approval::codes::EVIDENCE_INCOMPLETE;
    use crate::approval::pull::Pull;
    use crate::cli::process::patience;
    use crate::cli::{Exit, output};
    use crate::finding::Refusal;
    use crate::forge::connection::Connection;
    use crate::forge::evidence::{Wanted, gather, named};

    impl Shared<'_> {
        /// The way to the repository on the forge.
        ///
        /// # Errors
        ///
        /// Where there is no token, or the environment names another forge.
        pub fn connect(
            &self,
            repository: &ForgeRepository,
            stop: Option<&Arc<AtomicBool>>,
        ) -> Result<Connection, Refusal> {
            let waits = patience(stop.cloned().unwrap_or_default());
            Connection::open(repository, waits, &|name| std::env::var(name).ok())
        }

        /// Looks up a pull request, and brings its head.
        ///
        /// # Errors
        ///
        /// Where it can't be read, or was closed; where no repository on a forge is pinned.
        pub fn pull(&self, recorded: &Recorded, number: u64) -> Result<PullState, Stop> {
            let newest = recorded.landings.last().map_or(recorded.genesis, |landing| landing.commit);
            let Some(repository) = self.read(newest)?.access.config.repository.clone() else {
                return Err(Stop::usage(
                    "dualkey.yaml names no repository on a forge, of which a pull request could be",
                    "add `approval.repository` by a change of its own, or name the head with --head REV",
                ));
            };
            let unread = |refusal| Stop::refused(Exit::Unjudged, vec![refusal]);
            let connection = self.connect(&repository, None).map_err(unread)?;
            let named = named(&connection, number).map_err(unread)?;
            if let Some(commit) = named.merged_as {
                return Ok(PullState::Merged(commit));
            }
            if named.closed {
                let help = "reopen it, or name the pull request that took its place";
                return Err(Stop::usage(format!("#{number} was closed, and not merged"), help));
            }
            if self.repository.commit(named.head).is_err() {
                self.refs.refresh_only(&[&format!("refs/pull/{number}/head")])?;
            }
            Ok(PullState::Open(named.head))
        }

        pub(super) fn gathered(
            &self,
            recorded: &Recorded,
            tip: Oid,
            repository: &ForgeRepository,
            stop: Option<&Arc<AtomicBool>>,
        ) -> Result<Told, Stop> {
            let again = self.to_confirm(recorded);
            let newest = recorded.landings.last().map_or(recorded.genesis, |landing| landing.commit);
            let oldest = again.first().map_or(newest, |landing| landing.base);
            let mut chain = self.repository.first_parents(tip)?;
            chain.reverse();
            let at = |commit: Oid| chain.iter().position(|one| *one == commit);
            // a branch that doesn't hold what the log records is refused for that
            let (Some(start), Some(end)) = (at(oldest), at(newest)) else { return Ok(Told::default()) };
            let mut landed: BTreeSet<Oid> = again.iter().map(|landing| landing.commit).collect();
            for pair in chain.get(end..).unwrap_or_default().windows(2) {
                if let [before, after] = pair
                    && self.repository.managed_changes(*before, *after).map_or(true, |changes| !changes.is_empty())
                {
                    landed.insert(*after);
                }
            }
            let head = self.asked.borrow().head;
            let branch = self.branch.as_str();
            let chain = chain.get(start..).unwrap_or_default();
            let wanted = Wanted { branch, chain, landed, head };
            if wanted.is_nothing() {
                self.bring_heads(recorded.landings.iter().filter_map(|landing| landing.pull.as_ref()));
                return Ok(Told::default());
            }
            let mut told = match self.connect(repository, stop) {
                Ok(connection) => gather(&connection, &wanted),
                Err(refusal) => Told { unread: Some(unread(&refusal)), ..Told::default() },
            };
            told.since = chain.first().copied();
            let recorded = recorded.landings.iter().filter_map(|landing| landing.pull.as_ref());
            self.bring_heads(recorded.chain(told.landed.values()).chain(told.open.values()));
            self.without_heads(&mut told);
            Ok(told)
        }

        /// Fetches the heads of pull requests that aren't here: a squash keeps no parent, and branches are deleted after a
        /// merge. What doesn't come is missed where it is needed.
        fn bring_heads<'p>(&self, pulls: impl Iterator<Item = &'p Pull>) {
            let lacking = pulls.filter(|pull| self.repository.commit(pull.head).is_err());
            let names: BTreeSet<String> = lacking.map(|pull| format!("refs/pull/{}/head", pull.number)).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            if !names.is_empty()
                && let Err(error) = self.refs.refresh_only(&names)
            {
                output::error(&Stop::from(error).text(output::error_style()));
            }
        }

        /// Takes pull requests whose head isn't here for what they are: nobody can say what was reviewed.
        fn without_heads(&self, told: &mut Told) {
            let here = |pull: &Pull| self.repository.commit(pull.head).is_ok();
            let lacking: Vec<Oid> =
                told.landed.iter().filter(|(_, pull)| !here(pull)).map(|(landed, _)| *landed).collect();
            for landed in lacking {
                if let Some(pull) = told.landed.remove(&landed) {
                    let fact = format!("the head {} of #{} isn't here", pull.head.short(), pull.number);
                    let remote = self.refs.remote().unwrap_or_else(|| "REMOTE".to_owned());
                    let help =
                        format!("fetch it: `git fetch {} refs/pull/{}/head`", remote.escape_debug(), pull.number);
                    told.missing.insert(landed, Refusal::new(&EVIDENCE_INCOMPLETE, fact, help));
                }
            }
        }
    }

    /// What stands in for everything that the forge could have told.
    fn unread(why: &Refusal) -> Refusal {
        Refusal::new(&EVIDENCE_INCOMPLETE, format!("{} ({})", why.message, why.code.id), &why.help)
    }
}
