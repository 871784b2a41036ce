//! A clone that a power cut or a bad disk damaged, made whole again from its remote.

use std::path::Path;
use std::time::{Duration, SystemTime};

use super::remote::{Remote, StateRefs};
use super::{Oid, Repository, RepositoryError, loose, process};

/// The folders of refs that are only dualkey's own memory.
pub(super) const MEMORY: [&str; 2] = ["refs/dualkey-mirror", "refs/dualkey-kept"];

/// Where objects are fetched to, before they come among the others.
const FRESH: &str = "dualkey-refetched";

/// How many refs are fetched one by one, where they don't come together.
const ONE_BY_ONE: usize = 16;

impl Repository {
    /// True once an object was found that is here and can't be read. No push can bring that about: git looks at each
    /// object that it receives.
    pub fn is_damaged(&self) -> bool {
        self.damaged.get()
    }

    /// Notes that an object can't be read, if it is there.
    pub(super) fn note_unreadable(&self, oid: Oid) {
        let damaged = self.git.odb().is_ok_and(|odb| odb.exists(oid.to_git()) && odb.read(oid.to_git()).is_err());
        self.damaged.set(self.damaged.get() || damaged);
    }

    /// Deletes the files of refs that hold no name of an object, where the refs only say what was seen of remotes or kept
    /// of them, and what locks such a ref for longer than any run takes to write it. Returns their names, sorted.
    pub fn drop_unreadable_refs(&self) -> Vec<String> {
        let mut dropped = Vec::new();
        // locks are as old as the disk says, and so is what is written now
        let now =
            tempfile::NamedTempFile::new_in(self.git_dir()).and_then(|file| file.as_file().metadata()?.modified());
        let now = now.ok();
        for folder in MEMORY {
            let path = self.git_dir().join(folder);
            // a file in the place of the folder would be a ref that leads nowhere, at which git stops
            if path.is_file() && std::fs::remove_file(&path).is_ok() {
                dropped.push(folder.to_owned());
            }
            drop_in(&path, folder, now, &mut dropped);
        }
        dropped.sort();
        dropped
    }

    /// Moves what was fetched among the other objects, where it is found before the older packs.
    fn install(&self, fresh: &Path) -> std::io::Result<()> {
        let packs = self.git_dir().join("objects/pack");
        std::fs::create_dir_all(&packs)?;
        let mut files = Vec::new();
        for entry in std::fs::read_dir(fresh.join("pack"))? {
            files.push(entry?.path());
        }
        // the index comes last: a pack counts from then on
        files.sort_by_key(|path| (path.extension().is_some_and(|extension| extension == "idx"), path.clone()));
        for path in files {
            if let Some(name) = path.file_name() {
                std::fs::rename(&path, packs.join(name))?;
            }
        }
        Ok(())
    }
}

/// How long nobody writes one ref.
const ABANDONED: Duration = Duration::from_secs(600);

fn drop_in(folder: &Path, name: &str, now: Option<SystemTime>, dropped: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), format!("{name}/{}", entry.file_name().to_string_lossy()));
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            drop_in(&path, &name, now, dropped);
            continue;
        }
        let lock = path.extension().is_some_and(|extension| extension == "lock");
        let holds_one = std::fs::read_to_string(&path).is_ok_and(|text| text.trim_end().parse::<Oid>().is_ok());
        let age = || now?.duration_since(entry.metadata().ok()?.modified().ok()?).ok();
        let useless = if lock { age().is_some_and(|age| age > ABANDONED) } else { !holds_one };
        if useless && std::fs::remove_file(&path).is_ok() {
            dropped.push(name);
        }
    }
}

impl StateRefs<'_> {
    /// Fetches everything that is shared once more, whatever of it is here, and sets aside the loose objects that are
    /// damaged. The repository has to be opened anew after that. False where there is no remote.
    ///
    /// # Errors
    /// `Unreachable` where nothing can be fetched; then nothing is changed. `File` where it can't be put in its place.
    pub fn refetch(&self) -> Result<bool, RepositoryError> {
        let Some(remote) = &self.remote else { return Ok(false) };
        let repository = self.repository;
        let fresh = repository.git_dir().join(FRESH);
        // what an earlier attempt left
        let _ = std::fs::remove_dir_all(&fresh);
        let fetched = self.refetch_to(remote, &fresh);
        let place = |source| RepositoryError::File { path: fresh.clone(), source };
        let installed = fetched.and_then(|()| repository.install(&fresh).map_err(place));
        let _ = std::fs::remove_dir_all(&fresh);
        installed?;
        loose::set_aside_damaged(&repository.git_dir().join("objects"));
        Ok(true)
    }

    fn refetch_to(&self, remote: &Remote, fresh: &Path) -> Result<(), RepositoryError> {
        std::fs::create_dir_all(fresh.join("pack"))
            .map_err(|source| RepositoryError::File { path: fresh.to_owned(), source })?;
        let branch = self.branch_ref();
        let known = self.known()?;
        let names: Vec<&str> = known.keys().map(String::as_str).chain([branch.as_str()]).collect();
        // of statements there may be more than anybody can list
        let there = self.everything_on(remote, &names).or_else(|_| self.on_remote(remote, &names))?;
        let mut names: Vec<String> = there.keys().cloned().collect();
        // approvals may be anybody's
        names.sort_by_key(|name| (name.starts_with("refs/dualkey/approvals/"), name.clone()));
        let get = |names: &[String]| -> Result<Result<(), String>, RepositoryError> {
            let answer =
                process::git_into(self.repository, Some(fresh), &remote.fetching(), &remote.lines(names, &there))?;
            Ok(if answer.success { Ok(()) } else { Err(answer.words) })
        };
        let Err(mut words) = get(&names)? else { return Ok(()) };
        let mut came = false;
        for name in names.iter().take(ONE_BY_ONE) {
            match get(std::slice::from_ref(name))? {
                Ok(()) => came = true,
                Err(why) => words = why,
            }
        }
        if came { Ok(()) } else { Err(remote.unreachable(words)) }
    }
}
