//! Bringing what is known of the shared refs up to date.
//!
//! Anybody who may push can put as many refs under `refs/dualkey/` as they like. So what a run needs comes first and by
//! itself, and everything is asked for by the object that the remote named: git compares each name that it is given with
//! every name that the remote has, and objects with nothing.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::process;
use super::remote::{LEASE, Remote, STATE, StateRefs, checked, words};
use super::{Oid, RepositoryError};

const ALL_STATE: &str = "refs/dualkey/*";

/// How often it is tried to leave out refs that can't be had, for each sort of them.
const ATTEMPTS: usize = 64;

/// So many refs are asked for by one command, so that each has its own time.
const AT_ONCE: usize = 4096;

/// What git says of an object that the remote's refs name and that the remote lacks.
const LACKED: &str = "not our ref ";

/// A ref is a file here, and a file's name can be no longer than 255 bytes. Some are for the lock beside it.
const LONGEST_NAME: usize = 240;

/// True for a name as dualkey may have written it: plain, and no longer than ids and digests are. What else stands under
/// its folder is nobody's statement.
fn is_plain(name: &str) -> bool {
    name.len() <= 400
        && name.split('/').all(|part| part.len() <= LONGEST_NAME)
        && name.bytes().all(|byte| byte.is_ascii_graphic())
        && checked(name).is_ok()
}

impl StateRefs<'_> {
    /// Brings what is known of the refs up to date: everything under `refs/dualkey/`, the protected branch, and
    /// `extra_refs` by their full names.
    ///
    /// The branch, `extra_refs` and the lease come first and by themselves, and then what is said of commits of the branch:
    /// where the rest doesn't come, that much is known all the same. What else stands under `refs/dualkey/` may be
    /// anybody's. A ref of those that can't be had, such as one to an object that the remote lacks, is taken for one that
    /// isn't there and holds up no other.
    ///
    /// # Errors
    /// `Unreachable` where the remote does not answer, or not with all of them; `InvalidRefName`.
    pub fn refresh(&self, extra_refs: &[&str]) -> Result<(), RepositoryError> {
        let branch = self.branch_ref();
        for name in extra_refs {
            checked(name)?;
        }
        let essential: Vec<&str> = [branch.as_str(), LEASE].into_iter().chain(extra_refs.iter().copied()).collect();
        self.previous.replace(self.known()?);
        let Some(remote) = &self.remote else { return Ok(()) };
        // refs can come and go between asking for them and fetching them, so one failure is not the last word
        match self.fetch(remote, &essential) {
            Err(RepositoryError::Unreachable { .. }) => {
                self.fetch(remote, &essential).map_err(|error| self.own_fault(error))?;
            }
            done => done?,
        }
        if remote.is_whole {
            self.repository.came_whole();
        }
        Ok(())
    }

    /// The same for some refs alone: what else the remote holds is neither asked for nor forgotten.
    ///
    /// # Errors
    /// As [`StateRefs::refresh`].
    pub fn refresh_only(&self, names: &[&str]) -> Result<(), RepositoryError> {
        for name in names {
            checked(name)?;
        }
        let Some(remote) = &self.remote else { return Ok(()) };
        let there = self.on_remote(remote, names)?;
        self.get_each(remote, names, &there)?;
        self.forget(remote, names.iter().copied().filter(|name| !there.contains_key(*name)))
    }

    /// What keeps a remote from being heard may be this clone: git stops at a ref that it can't read, wherever that is.
    fn own_fault(&self, error: RepositoryError) -> RepositoryError {
        match (error, self.repository.damaged_refs().into_iter().next()) {
            (RepositoryError::Unreachable { words, .. }, Some(name)) if self.repository.unheard.borrow().is_none() => {
                RepositoryError::DamagedRef { name: name.escape_debug().to_string(), words }
            }
            (error, _) => error,
        }
    }

    fn fetch(&self, remote: &Remote, essential: &[&str]) -> Result<(), RepositoryError> {
        let there = match self.everything_on(remote, essential) {
            Ok(there) => there,
            Err(error @ RepositoryError::Unreachable { .. }) => {
                // of statements there may be more than anybody can list, and branch and log are known all the same
                let there = self.on_remote(remote, essential)?;
                self.forget(remote, essential.iter().copied().filter(|name| !there.contains_key(*name)))?;
                self.get_each(remote, essential, &there)?;
                return Err(error);
            }
            Err(error) => return Err(error),
        };
        // what is not there any more is forgotten first: a ref may stand now where a folder of refs stood
        let known = self.list(STATE)?;
        let known = known.iter().map(|(name, _)| name.as_str()).chain(essential.iter().copied());
        self.forget(remote, known.filter(|name| !there.contains_key(*name)))?;
        let first = self.get_each(remote, essential, &there);
        let others = there.keys().map(String::as_str).filter(|name| name.starts_with(STATE) && is_plain(name));
        let others: Vec<&str> = others.filter(|name| !essential.contains(name)).collect();
        let wanted = self.outdated(remote, &others, &there)?;
        for sort in self.by_importance(wanted)? {
            let mut attempts = ATTEMPTS;
            for part in sort.chunks(AT_ONCE) {
                let mut broken = Vec::new();
                self.get_what_comes(remote, part, &there, &mut attempts, &mut broken)?;
                self.forget(remote, broken.iter().map(String::as_str))?;
            }
        }
        first
    }

    /// What is said of commits of the branch by people whom its tip knows, what else is said of them, and all others. The
    /// names say so; what they promise is for the judge.
    fn by_importance(&self, names: Vec<String>) -> Result<[Vec<String>; 3], RepositoryError> {
        let [mut known, mut landed, mut others] = [const { Vec::new() }; 3];
        let tip = self.branch_tip()?.filter(|_| !names.is_empty());
        // of a branch that can't be read nothing is said that could be told apart
        let commits = tip.and_then(|tip| self.repository.reachable(tip, &HashSet::new()).ok()).unwrap_or_default();
        let people = tip.and_then(|tip| self.repository.light_entries(tip).ok()).unwrap_or_default();
        let stem = |path: &String| Some(path.rsplit('/').next()?.strip_suffix(".yaml")?.to_owned());
        let people: BTreeSet<String> = people.keys().filter_map(stem).collect();
        for name in names {
            let mut parts = name.rsplit('/');
            let (person, head) = (parts.next().unwrap_or_default(), parts.next().and_then(|head| head.parse().ok()));
            match head {
                Some(head) if commits.contains(&head) && people.contains(person) => known.push(name),
                Some(head) if commits.contains(&head) => landed.push(name),
                Some(_) | None => others.push(name),
            }
        }
        Ok([known, landed, others])
    }

    /// Fetches refs in one go or, where that fails, each by itself.
    fn get_each(&self, remote: &Remote, names: &[&str], there: &BTreeMap<String, Oid>) -> Result<(), RepositoryError> {
        let present: Vec<&str> = names.iter().copied().filter(|name| there.contains_key(*name)).collect();
        let wanted = self.outdated(remote, &present, there)?;
        let Err(words) = self.get_all(remote, &wanted, there)? else { return Ok(()) };
        let mut failed = Some(words).filter(|_| wanted.len() < 2);
        if failed.is_none() {
            for name in &wanted {
                failed = self.get_all(remote, std::slice::from_ref(name), there)?.err().or(failed);
            }
        }
        failed.map_or(Ok(()), |words| Err(remote.unreachable(words)))
    }

    /// Fetches refs, leaving out those that can't be had, as long as attempts are left.
    fn get_what_comes(
        &self,
        remote: &Remote,
        wanted: &[String],
        there: &BTreeMap<String, Oid>,
        attempts: &mut usize,
        broken: &mut Vec<String>,
    ) -> Result<(), RepositoryError> {
        if wanted.is_empty() {
            return Ok(());
        }
        let Err(words) = self.get_all(remote, wanted, there)? else { return Ok(()) };
        // INVARIANT: what was not tried is not taken for what isn't there, since an approval may be among it
        let Some(left) = attempts.checked_sub(1) else {
            return Err(remote.unreachable(format!("more refs under {STATE} can't be had than can be left out")));
        };
        *attempts = left;
        if let [_] = wanted {
            broken.extend(wanted.iter().cloned());
            return Ok(());
        }
        let lacked = words.split_once(LACKED).and_then(|(_, rest)| rest.get(..40)?.parse().ok());
        let (bad, rest): (Vec<String>, Vec<String>) =
            wanted.iter().cloned().partition(|name| lacked.is_some() && there.get(name) == lacked.as_ref());
        if !bad.is_empty() {
            broken.extend(bad);
            return self.get_what_comes(remote, &rest, there, attempts, broken);
        }
        let (a, b) = wanted.split_at(wanted.len() / 2);
        self.get_what_comes(remote, a, there, attempts, broken)?;
        self.get_what_comes(remote, b, there, attempts, broken)
    }

    /// Those that this clone doesn't have as the remote has them.
    fn outdated(
        &self,
        remote: &Remote,
        names: &[&str],
        there: &BTreeMap<String, Oid>,
    ) -> Result<Vec<String>, RepositoryError> {
        let mut outdated = Vec::new();
        for name in names {
            let held = self.mirror(remote, name);
            let newest = there.get(*name).copied();
            if held != newest || !newest.is_some_and(|oid| self.repository.has(oid)) {
                outdated.push((*name).to_owned());
            }
        }
        Ok(outdated)
    }

    /// What a ref was last seen to hold. What can't be read is not known: it is fetched anew.
    fn mirror(&self, remote: &Remote, name: &str) -> Option<Oid> {
        self.repository.reference(&remote.mirrored(name)).ok().flatten()
    }

    /// One fetch of all of them. The inner error holds the words of git.
    fn get_all(
        &self,
        remote: &Remote,
        names: &[String],
        there: &BTreeMap<String, Oid>,
    ) -> Result<Result<(), String>, RepositoryError> {
        if names.is_empty() {
            return Ok(Ok(()));
        }
        let answer = process::git(self.repository, &remote.fetching(), &remote.lines(names, there))?;
        // who didn't answer in time has not said that a ref can't be had
        if !answer.success && self.repository.unheard.borrow().is_some() {
            return Err(remote.unreachable(answer.words));
        }
        Ok(if answer.success { Ok(()) } else { Err(answer.words) })
    }

    fn forget<'n>(&self, remote: &Remote, names: impl Iterator<Item = &'n str>) -> Result<(), RepositoryError> {
        let names: BTreeSet<&str> = names.collect();
        let mut gone = String::new();
        for mirrored in names.into_iter().map(|name| remote.mirrored(name)) {
            if self.repository.reference(&mirrored).is_ok_and(|held| held.is_some()) {
                gone.push_str(&format!("delete {mirrored}\n"));
            }
        }
        if gone.is_empty() {
            return Ok(());
        }
        let deleted = process::git(self.repository, &words(&["update-ref", "--no-deref", "--stdin"]), &gone)?;
        if deleted.success {
            Ok(())
        } else {
            Err(RepositoryError::GitFailed {
                what: "forgetting a ref that the remote no longer has",
                words: deleted.words,
            })
        }
    }

    /// Asks the remote what the refs hold that are named, and all of dualkey's, at one instant.
    pub(super) fn everything_on(
        &self,
        remote: &Remote,
        named: &[&str],
    ) -> Result<BTreeMap<String, Oid>, RepositoryError> {
        self.on_remote(remote, &named.iter().copied().chain([ALL_STATE]).collect::<Vec<_>>())
    }

    /// Asks the remote what the refs hold that are named, or match.
    pub(super) fn on_remote(&self, remote: &Remote, names: &[&str]) -> Result<BTreeMap<String, Oid>, RepositoryError> {
        let mut arguments = words(&["ls-remote", "--quiet", "--refs", &remote.address]);
        arguments.extend(names.iter().map(|name| (*name).to_owned()));
        let answer = process::git(self.repository, &arguments, "")?;
        if !answer.success {
            return Err(remote.unreachable(answer.words));
        }
        let lines = answer.stdout.lines().filter_map(|line| line.split_once('\t'));
        Ok(lines.filter_map(|(oid, name)| Some((name.to_owned(), oid.parse().ok()?))).collect())
    }
}

impl Remote {
    /// The command that fetches what its standard input names. Into a clone that holds a part of history everything comes
    /// once more and whole, since what such a clone seems to have may lead to what it lacks.
    pub(super) fn fetching(&self) -> Vec<String> {
        let mut command = words(&[
            "fetch",
            "--progress",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-auto-gc",
            "--no-recurse-submodules",
            "--refmap=",
            "--stdin",
        ]);
        if self.is_whole {
            command.extend(words(&["--refetch", "--no-filter"]));
        }
        command.push(self.address.clone());
        command
    }

    /// What the remote said that those refs hold, each with the ref that mirrors it.
    pub(super) fn lines(&self, names: &[String], there: &BTreeMap<String, Oid>) -> String {
        let line = |name: &String| Some(format!("+{}:{}\n", there.get(name)?, self.mirrored(name)));
        names.iter().filter_map(line).collect()
    }
}
