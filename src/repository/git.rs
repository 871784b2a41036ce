//! Opening a repository, and what its refs and revisions name.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, Weak};

use git2::{ErrorCode, ObjectType};

use super::budget::{Allowance, Budget};
use super::loose::Loose;
use super::managed::{Managed, ReadsManaged};
use super::secret::Secret;
use super::{Changes, Commit, Entry, Oid, RepositoryError, objects};

/// A git repository with a work tree.
///
/// Objects are read by name and nothing is merged. Replacement refs are never followed.
pub struct Repository {
    pub(super) git: git2::Repository,
    work_dir: PathBuf,
    /// Parents of the commits walked so far, since several questions walk the same history.
    pub(super) parents: RefCell<HashMap<Oid, Arc<[Oid]>>>,
    /// How many commits lie at most between each and the beginning of history.
    pub(super) generations: RefCell<HashMap<Oid, u32>>,
    /// Blobs that some snapshot still holds, so that base and head share theirs.
    pub(super) blobs: RefCell<HashMap<Oid, Weak<[u8]>>>,
    /// What was compared last, the newest first, by the two root trees.
    pub(super) changes: RefCell<VecDeque<([Entry; 2], Rc<Changes>)>>,
    /// Objects that were written here and that nobody has waited for.
    pub(super) written: RefCell<BTreeSet<Oid>>,
    /// Which folders of loose objects there are.
    pub(super) loose: OnceCell<Loose>,
    /// Says which further paths settings name as managed.
    pub(super) reads_managed: Option<ReadsManaged>,
    /// Commits whose difference is more than a commit's share.
    pub(super) unfolds: RefCell<HashSet<[Oid; 2]>>,
    /// What is managed in trees, by the trees' names.
    pub(super) managed: RefCell<HashMap<Oid, Managed>>,
    /// Of the user who works here.
    pub(super) secret: Option<Secret>,
    /// True where the programs it runs are kept from the terminal.
    pub(super) shielded: Cell<bool>,
    /// What to say of the remote, once it kept somebody waiting for too long.
    pub(super) unheard: RefCell<Option<String>>,
    /// True once an object was found that is here and can't be read.
    pub(super) damaged: Cell<bool>,
    /// True once what is shared came whole into a clone that holds a part of history.
    whole: Cell<bool>,
    /// How much more may be read.
    pub(super) budget: RefCell<Arc<Budget>>,
    /// How much more of logs may be read.
    pub(super) logs: RefCell<Arc<Budget>>,
    /// The landings that filled it up again.
    pub(super) refilled: RefCell<HashSet<Oid>>,
    #[cfg(test)]
    pub(super) taken: Cell<[u64; 5]>,
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repository").field("work_dir", &self.work_dir).finish_non_exhaustive()
    }
}

impl Repository {
    /// Opens the repository that `dir` lies in, looking upward from there.
    ///
    /// # Errors
    /// `NotARepository`, `Bare`, `UnknownFormat`, and `Open` where git finds one but will not open it.
    pub fn open(dir: &Path) -> Result<Self, RepositoryError> {
        let git = git2::Repository::discover(dir).map_err(|error| {
            let (dir, reason) = (dir.to_owned(), error.message().to_owned());
            // libgit2 has no code of its own for a format that it doesn't know
            if error.code() == ErrorCode::NotFound {
                RepositoryError::NotARepository { dir }
            } else if reason.contains("extension") || reason.contains("object format") {
                RepositoryError::UnknownFormat { dir, reason }
            } else {
                RepositoryError::Open { dir, reason }
            }
        })?;
        let work_dir = match git.workdir() {
            Some(work_dir) if !git.is_bare() => work_dir.to_owned(),
            Some(_) | None => return Err(RepositoryError::Bare { dir: dir.to_owned() }),
        };
        Ok(Repository {
            git,
            work_dir,
            parents: RefCell::default(),
            generations: RefCell::default(),
            blobs: RefCell::default(),
            changes: RefCell::default(),
            written: RefCell::default(),
            loose: OnceCell::default(),
            reads_managed: None,
            unfolds: RefCell::default(),
            managed: RefCell::default(),
            #[cfg(test)]
            secret: Some(Secret::for_test()),
            #[cfg(not(test))]
            secret: None,
            shielded: Cell::default(),
            unheard: RefCell::default(),
            damaged: Cell::default(),
            whole: Cell::default(),
            budget: RefCell::new(Arc::new(Budget::of(Allowance::READING, None))),
            logs: RefCell::new(Arc::new(Budget::of(Allowance::LOGS, None))),
            refilled: RefCell::default(),
            #[cfg(test)]
            taken: Cell::default(),
        })
    }

    /// From here on the programs it runs don't share the terminal: Ctrl-C is for dualkey alone, which ends when what is
    /// under way is done, and nobody asks for a passphrase there.
    pub fn shield_programs(&self) {
        self.shielded.set(true);
    }

    /// The folder with the checked-out files.
    pub fn work_dir(&self) -> &Path {
        &self.work_dir
    }

    /// The folder git keeps its own data in; linked work trees share one.
    pub fn git_dir(&self) -> &Path {
        self.git.commondir()
    }

    /// The git folder of this work tree, as the `git` program wants it.
    pub(super) fn own_git_dir(&self) -> &Path {
        self.git.path()
    }

    /// The value of a key in git's configuration (`user.email`), the innermost file winning. None where it is not set.
    pub fn config(&self, key: &str) -> Result<Option<String>, RepositoryError> {
        match self.git.config().and_then(|mut config| config.snapshot()).and_then(|config| config.get_string(key)) {
            Ok(value) => Ok(Some(value)),
            Err(error) if matches!(error.code(), ErrorCode::NotFound | ErrorCode::InvalidSpec) => Ok(None),
            Err(error) => Err(RepositoryError::git("read its configuration")(error)),
        }
    }

    /// True where there is no commit to speak of: no ref at all, and no commit checked out.
    pub fn is_empty(&self) -> Result<bool, RepositoryError> {
        let mut references = self.git.references().map_err(RepositoryError::git("list its refs"))?;
        match references.next() {
            Some(_) => Ok(false),
            None => match self.head() {
                Ok(_) => Ok(false),
                Err(RepositoryError::Empty | RepositoryError::Unborn { .. }) => Ok(true),
                Err(error) => Err(error),
            },
        }
    }

    /// The commit that is checked out.
    ///
    /// # Errors
    /// `Empty` where no branch has a commit yet, `Unborn` where the one that is checked out has none.
    pub fn head(&self) -> Result<Oid, RepositoryError> {
        match self.git.head() {
            Ok(head) => {
                head.target().map_or(Ok(()), |oid| self.ensure_whole(Oid::of_git(oid)))?;
                self.commit_of(&head, "HEAD")
            }
            Err(error) if matches!(error.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound) => Err(self.unborn()),
            Err(error) => Err(RepositoryError::git("read HEAD")(error)),
        }
    }

    /// What is wrong where nothing is checked out.
    fn unborn(&self) -> RepositoryError {
        let any = self.git.references().is_ok_and(|mut references| references.next().is_some());
        let head = self.git.find_reference("HEAD").ok();
        let branch = head.as_ref().and_then(|head| head.symbolic_target().ok().flatten());
        match branch.and_then(|name| name.strip_prefix("refs/heads/")) {
            Some(branch) if any => RepositoryError::Unborn { branch: branch.escape_debug().to_string() },
            Some(_) | None => RepositoryError::Empty,
        }
    }

    /// The tip of the local branch with exactly this name, whatever tags are called. None where there is no such branch.
    pub fn branch_tip(&self, branch: &str) -> Result<Option<Oid>, RepositoryError> {
        self.reference(&format!("refs/heads/{branch}"))
    }

    /// What was last fetched of a remote's branch.
    pub fn remote_branch_tip(&self, remote: &str, branch: &str) -> Result<Option<Oid>, RepositoryError> {
        self.reference(&format!("refs/remotes/{remote}/{branch}"))
    }

    /// The object a ref with this full name points to. None where there is no such ref.
    pub(super) fn reference(&self, name: &str) -> Result<Option<Oid>, RepositoryError> {
        match self.git.find_reference(name).and_then(|found| found.resolve()) {
            Ok(found) => Ok(found.target().map(Oid::of_git)),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) if error.code() == ErrorCode::InvalidSpec => {
                Err(RepositoryError::InvalidRefName { name: name.to_owned() })
            }
            Err(error) => Err(RepositoryError::git("read a ref")(error)),
        }
    }

    /// All refs whose full name starts with `prefix`, sorted by name. A name that is not UTF-8 is shown with
    /// replacement characters, so it is never equal to one that dualkey writes.
    pub(super) fn references(&self, prefix: &str) -> Result<Vec<(String, Oid)>, RepositoryError> {
        let failed = || RepositoryError::git("list its refs");
        let mut found = Vec::new();
        for reference in self.git.references_glob(&format!("{prefix}*")).map_err(failed())? {
            let reference = reference.map_err(failed())?;
            let name = String::from_utf8_lossy(reference.name_bytes()).into_owned();
            if let Some(target) = reference.target() {
                found.push((name, Oid::of_git(target)));
            }
        }
        found.sort();
        Ok(found)
    }

    /// The commit that a revision names, in any of git's spellings of one commit (`main`, `HEAD~2`, `v1`, an id).
    ///
    /// # Errors
    /// `UnknownRevision`; `NotACommit`; `AmbiguousRevision` where a short name could be more than one ref or object, even
    /// if these are the same today; `Empty` for `HEAD` without a commit. A local branch is found also where its name is the
    /// start of an object's.
    pub fn resolve(&self, rev: &str) -> Result<Oid, RepositoryError> {
        self.refuse_ambiguous(rev)?;
        self.ensure_whole_start(rev)?;
        let object = self.git.revparse_single(rev).map_err(|error| {
            let rev = rev.to_owned();
            if error.code() == ErrorCode::Ambiguous {
                let meanings = vec!["several objects have an id that starts so".to_owned()];
                RepositoryError::AmbiguousRevision { rev, meanings }
            } else if matches!(rev.as_str(), "HEAD" | "@") && self.git.head().is_err() {
                self.unborn()
            } else {
                RepositoryError::UnknownRevision { rev }
            }
        })?;
        let commit = object.peel(ObjectType::Commit);
        commit.map(|commit| Oid::of_git(commit.id())).map_err(|_| RepositoryError::NotACommit { rev: rev.to_owned() })
    }

    /// The tip of a branch of `origin` that was fetched, by its plain name. What could mean anything else is none: an object's id, a
    /// name of git's own, another remote's branch, a pull request.
    pub fn fetched_branch(&self, name: &str) -> Option<Oid> {
        let is_id = name.len() >= 4 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        let first = name.split('/').next().unwrap_or(name);
        let is_ours = matches!(first, "refs" | "heads" | "tags" | "remotes" | "pull" | "merge-requests");
        let is_remote = || self.git.find_remote(first).is_ok();
        let is_plain =
            name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/'));
        if is_id || is_ours || !is_plain || name.ends_with("HEAD") || name.starts_with('-') || is_remote() {
            return None;
        }
        let reference = self.git.find_reference(&format!("refs/remotes/origin/{name}")).ok()?;
        let commit = reference.peel_to_commit().ok()?;
        Some(Oid::of_git(commit.id()))
    }

    /// How many commits a local branch has that `tip` doesn't; None where there is no such branch, or nobody can tell.
    pub fn ahead_of(&self, branch: &str, tip: Oid) -> Option<usize> {
        let local = self.branch_tip(branch).ok()??;
        let (ahead, _) = self.git.graph_ahead_behind(local.to_git(), tip.to_git()).ok()?;
        Some(ahead)
    }

    /// Refuses a revision whose first commit is cut short.
    fn ensure_whole_start(&self, rev: &str) -> Result<(), RepositoryError> {
        let name = rev.split_once(['^', '~', ':', '@']).map_or(rev, |(name, _)| name);
        let name = if name.is_empty() { "HEAD" } else { name };
        if let Ok(oid) = name.parse() {
            return self.ensure_whole(oid);
        }
        for pattern in ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"] {
            let full = format!("{pattern}{name}");
            if git2::Reference::is_valid_name(&full)
                && let Some(oid) = self.reference(&full)?
            {
                self.ensure_whole(oid)?;
            }
        }
        Ok(())
    }

    /// git itself would take the first meaning and at most warn, so that a tag could pass for the branch of its name.
    fn refuse_ambiguous(&self, rev: &str) -> Result<(), RepositoryError> {
        let name = rev.split_once(['^', '~', ':']).map_or(rev, |(name, _)| name);
        let name = name.split_once("@{").map_or(name, |(name, _)| name);
        let is_hex = (4..=40).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_hexdigit());
        if name.is_empty() || matches!(name, "HEAD" | "@") || (is_hex && name.len() == 40) {
            return Ok(());
        }
        // git looks for a full name first; what is only called like it can't take its place
        if name.starts_with("refs/") && git2::Reference::is_valid_name(name) && self.reference(name)?.is_some() {
            return Ok(());
        }
        let mut meanings = Vec::new();
        for pattern in ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"] {
            let full = format!("{pattern}{name}");
            if git2::Reference::is_valid_name(&full) && self.reference(&full)?.is_some() {
                meanings.push(format!("`{full}`"));
            }
        }
        let remote_head = format!("refs/remotes/{name}/HEAD");
        if git2::Reference::is_valid_name(&remote_head) && self.reference(&remote_head)?.is_some() {
            meanings.push(format!("`{remote_head}`"));
        }
        // a branch here was named by whoever works here, while anybody who may push names tags and the remote's branches:
        // INVARIANT: none of these takes the place of the object that somebody means by the start of its name
        if is_hex && self.branch_tip(name)?.is_none() {
            let prefix = git2::Oid::from_str(&format!("{name:0<40}"));
            let odb = self.git.odb().map_err(RepositoryError::git("open its objects"))?;
            let object = match prefix.and_then(|prefix| odb.exists_prefix(prefix, name.len())) {
                Ok(oid) => Some(format!("the object `{oid}`")),
                Err(error) if error.code() == ErrorCode::Ambiguous => Some("several objects".to_owned()),
                Err(_) => None,
            };
            if object.is_some() && self.remote_branch_tip("origin", name)?.is_some() {
                meanings.push(format!("`refs/remotes/origin/{name}`"));
            }
            meanings.extend(object);
        }
        if meanings.len() > 1 {
            return Err(RepositoryError::AmbiguousRevision { rev: rev.to_owned(), meanings });
        }
        Ok(())
    }

    fn commit_of(&self, reference: &git2::Reference<'_>, rev: &str) -> Result<Oid, RepositoryError> {
        let commit = reference.peel(ObjectType::Commit);
        commit.map(|commit| Oid::of_git(commit.id())).map_err(|_| RepositoryError::NotACommit { rev: rev.to_owned() })
    }

    /// Makes sure that history is what the objects say and that all of it can be here.
    ///
    /// # Errors
    /// `Shallow`, `Partial`, `Grafted`, `Alternates`.
    pub fn ensure_complete(&self) -> Result<(), RepositoryError> {
        let common = self.git.commondir();
        if !self.whole.get() {
            self.ensure_unfiltered()?;
        }
        for folder in [common, self.git.path()] {
            let file = folder.join("info/grafts");
            if is_filled(&file) {
                return Err(RepositoryError::Grafted { file });
            }
        }
        for name in ["alternates", "http-alternates"] {
            let file = common.join("objects/info").join(name);
            if is_filled(&file) {
                return Err(RepositoryError::Alternates { file });
            }
        }
        Ok(())
    }

    fn ensure_unfiltered(&self) -> Result<(), RepositoryError> {
        // each work tree could have its own, and git looks only at the shared one
        if self.git.is_shallow() || is_filled(&self.git.commondir().join("shallow")) {
            return Err(RepositoryError::Shallow);
        }
        if self.config("extensions.partialclone")?.is_some() || self.has_promisor()? {
            return Err(RepositoryError::Partial);
        }
        Ok(())
    }

    /// True where the clone was made to hold a part of history.
    pub(super) fn is_partial(&self) -> bool {
        self.ensure_unfiltered().is_err()
    }

    /// Notes that everything that is shared is here, whatever else this clone leaves out.
    pub(super) fn came_whole(&self) {
        self.whole.set(true);
    }

    fn has_promisor(&self) -> Result<bool, RepositoryError> {
        let failed = || RepositoryError::git("read its configuration");
        let config = self.git.config().map_err(failed())?;
        let mut entries = config.entries(Some("^remote\\..*\\.promisor$")).map_err(failed())?;
        while let Some(entry) = entries.next() {
            if entry.map_err(failed())?.value().is_ok_and(|value| value != "false") {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// True where the object itself is here; what it leads to may not be.
    pub(super) fn has(&self, oid: Oid) -> bool {
        self.git.odb().is_ok_and(|odb| odb.exists(oid.to_git()))
    }

    /// A commit, read from its own bytes.
    ///
    /// # Errors
    /// `Unreadable` where the object is missing, broken, not a commit, or means different things to different readers.
    pub fn commit(&self, oid: Oid) -> Result<Commit, RepositoryError> {
        self.object(oid, ObjectType::Commit, |bytes| objects::parse_commit(oid, bytes))
    }

    /// Reads one object of the kind that is expected.
    pub(super) fn object<T>(
        &self,
        oid: Oid,
        kind: ObjectType,
        read: impl FnOnce(&[u8]) -> Result<T, &'static str>,
    ) -> Result<T, RepositoryError> {
        self.ensure_whole(oid)?;
        let odb = self.git.odb().map_err(RepositoryError::git("open its objects"))?;
        let found = read_object(&odb, &self.budget(), oid, kind, read);
        if let Err(RepositoryError::Unreadable { .. }) = found {
            self.note_unreadable(oid);
        }
        found
    }

    /// The size of an object, before it is read.
    pub(super) fn object_size(&self, oid: Oid) -> Result<usize, RepositoryError> {
        self.ensure_whole(oid)?;
        let odb = self.git.odb().map_err(RepositoryError::git("open its objects"))?;
        size_of(&odb, oid).inspect_err(|_| self.note_unreadable(oid))
    }

    /// Refuses a loose object that is cut short: libgit2 would not come back from it.
    pub(super) fn ensure_whole(&self, oid: Oid) -> Result<(), RepositoryError> {
        let loose = self.loose.get_or_init(|| Loose::of(&self.git));
        loose.ensure_whole(&self.git, oid).inspect_err(|_| self.damaged.set(true))
    }
}

/// What is said of an object that the index of its pack makes into something that no object is.
const DAMAGED: &str = "the index of its pack is damaged";

/// Asks git's library for the kind of an object. It takes for granted that there is one, and panics where the index of a
/// pack leads into the middle of another object.
fn whatever_stands_there<T>(ask: impl FnOnce() -> T) -> Option<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(ask)).ok()
}

/// The size of an object, where the database is open already.
pub(super) fn size_of(odb: &git2::Odb<'_>, oid: Oid) -> Result<usize, RepositoryError> {
    let unreadable = |reason: &str| RepositoryError::Unreadable { oid, reason: reason.to_owned() };
    let header = whatever_stands_there(|| odb.read_header(oid.to_git())).ok_or_else(|| unreadable(DAMAGED))?;
    header.map(|(size, _)| size).map_err(|error| unreadable(error.message()))
}

/// No commit and no tree of an honest history comes near these.
const MAX_COMMIT: usize = 1 << 20;
const MAX_TREE: usize = 64 << 20;
const MAX_BLOB: usize = 256 << 20;

/// Reads an object, where the database is open already.
pub(super) fn read_object<T>(
    odb: &git2::Odb<'_>,
    budget: &Budget,
    oid: Oid,
    kind: ObjectType,
    read: impl FnOnce(&[u8]) -> Result<T, &'static str>,
) -> Result<T, RepositoryError> {
    let unreadable = |reason: &str| RepositoryError::Unreadable { oid, reason: reason.to_owned() };
    // the size is looked at before anything is unpacked
    let size = size_of(odb, oid)?;
    let (most, limit) = match kind {
        ObjectType::Commit => (MAX_COMMIT, "1 MiB of headers and message"),
        ObjectType::Tree => (MAX_TREE, "64 MiB of entries in one folder"),
        ObjectType::Any | ObjectType::Blob | ObjectType::Tag => (MAX_BLOB, "256 MiB in one file"),
    };
    if size > most {
        return Err(RepositoryError::TooMuch { oid, limit });
    }
    budget.object(size)?;
    let object = odb.read(oid.to_git()).map_err(|error| unreadable(error.message()))?;
    let found = whatever_stands_there(|| object.kind()).ok_or_else(|| unreadable(DAMAGED))?;
    if found != kind {
        return Err(unreadable(&format!("it is a {found}, not a {kind}")));
    }
    read(object.data()).map_err(unreadable)
}

fn is_filled(file: &Path) -> bool {
    // unreadable counts as filled: what cannot be looked into is not proven harmless
    match std::fs::read(file) {
        Ok(bytes) => bytes.iter().any(|b| !b.is_ascii_whitespace()),
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
#[path = "git_tests.rs"]
mod tests;
