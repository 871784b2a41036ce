//! What can go wrong between git and text.

use std::path::PathBuf;

use super::Oid;

/// How a failure ends a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Wrong usage or configuration.
    Usage,
    /// What is needed to judge could not be read.
    Unjudged,
    /// Somebody said no.
    Refused,
}

/// Why the repository did not give what was asked.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum RepositoryError {
    #[error("`{}` is not inside a git repository", dir.display())]
    #[diagnostic(help("run it in a clone of the access repository, or name one with --repo"))]
    NotARepository { dir: PathBuf },
    #[error("`{}` is a bare repository", dir.display())]
    #[diagnostic(help("use a clone that has a work tree"))]
    Bare { dir: PathBuf },
    #[error("the repository of `{}` cannot be opened: {reason}", dir.display())]
    #[diagnostic(help("see that `git status` works there and that the folder belongs to you"))]
    Open { dir: PathBuf, reason: String },
    #[error("the repository of `{}` is of a format that this version can't read: {reason}", dir.display())]
    #[diagnostic(help(
        "this version reads SHA-1 and refs in files: `git init --object-format=sha1 --ref-format=files` makes such a one, and \
         `git refs migrate --ref-format=files` makes it of one with reftable"
    ))]
    UnknownFormat { dir: PathBuf, reason: String },
    #[error("the repository has no commit yet")]
    #[diagnostic(help("make a first commit"))]
    Empty,
    #[error("the branch `{branch}`, which is checked out, has no commit yet")]
    #[diagnostic(help("check out another branch, or make the first commit of this one"))]
    Unborn { branch: String },
    #[error("`{rev}` is not a revision of this repository")]
    #[diagnostic(help("`git log --all` shows what there is; a remote's branch may need `git fetch` first"))]
    UnknownRevision { rev: String },
    #[error("`{rev}` names something that is not a commit")]
    #[diagnostic(help("name a commit, a branch or a tag of a commit"))]
    NotACommit { rev: String },
    #[error("`{rev}` is ambiguous: {}", meanings.join(", "))]
    #[diagnostic(help("write the full name, for example `refs/heads/main`, or all 40 digits"))]
    AmbiguousRevision { rev: String, meanings: Vec<String> },
    #[error("the clone is shallow, so history is missing")]
    #[diagnostic(help("run `git fetch --unshallow`, or check out with `fetch-depth: 0`"))]
    Shallow,
    #[error("the clone is partial, so objects are missing")]
    #[diagnostic(help("clone again without --filter"))]
    Partial,
    #[error("`{}` makes history look different from what it is", file.display())]
    #[diagnostic(help("remove the file, or use a fresh clone"))]
    Grafted { file: PathBuf },
    #[error("`{}` takes objects from outside this repository", file.display())]
    #[diagnostic(help("use a clone made without --shared and --reference"))]
    Alternates { file: PathBuf },
    #[error("`{}` cannot be brought to the disk: {source}", path.display())]
    #[diagnostic(help("see that the disk is well and has room: what is not written down for good can't be done"))]
    NotDurable { path: PathBuf, source: std::io::Error },
    #[error("object {oid} cannot be read: {reason}")]
    #[diagnostic(help("run `git fsck`; a fresh clone brings missing objects back"))]
    Unreadable { oid: Oid, reason: String },
    #[error("{oid} holds more than {limit}")]
    #[diagnostic(help("find what fills the tree with `git ls-tree -r --long` and take it out"))]
    TooMuch { oid: Oid, limit: &'static str },
    #[error("judging takes more than {limit} {what}")]
    #[diagnostic(help(
        "find what somebody pushed that no honest change needs (`git log --stat`, `git ls-tree -r --long`), and take it \
         out of the branch"
    ))]
    TooDear { what: &'static str, limit: u64 },
    #[error("it was asked to stop")]
    #[diagnostic(help("run it again"))]
    Interrupted,
    #[error("`{}` cannot be read: {source}", path.display())]
    #[diagnostic(help("see that the file belongs to you and may be read"))]
    File { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    #[diagnostic(transparent)]
    InvalidPath(#[from] super::InvalidPath),
    #[error("`{name}` is not the full name of a ref")]
    #[diagnostic(help("a full name looks like `refs/dualkey/audit`"))]
    InvalidRefName { name: String },
    #[error("`{remote}` is neither a remote of this repository nor an address of one")]
    #[diagnostic(help("`git remote -v` lists the remotes; give a name from there, a URL or a folder"))]
    UnknownRemote { remote: String },
    #[error("the program `{program}` cannot be run: {source}")]
    #[diagnostic(help("install it and see that it is on the PATH"))]
    ProgramMissing { program: String, source: std::io::Error },
    #[error("{what} failed: {words}")]
    #[diagnostic(help("the words are those of the `git` program; the same command by hand shows more"))]
    GitFailed { what: &'static str, words: String },
    #[error("the remote `{remote}` cannot be reached: {words}")]
    #[diagnostic(help("see that `git ls-remote` works with it, then run again"))]
    Unreachable { remote: String, words: String },
    #[error("`{name}` of this clone can't be read, as after a power cut, and git stops at it: {words}")]
    #[diagnostic(help(
        "run `git fsck` and write the ref anew, or take a fresh clone; `dualkey apply` sets such a ref aside by itself"
    ))]
    DamagedRef { name: String, words: String },
    #[error("git could not {what}: {reason}")]
    #[diagnostic(help("run `git fsck`, and see that the repository may be read and written by you"))]
    Git { what: &'static str, reason: String },
    #[error("signing with `{key}` failed: {words}")]
    #[diagnostic(help(
        "give a key that `ssh-keygen -Y sign`, or the program that git's gpg.ssh.program names, can use: a private key file, \
         or a public key held by the agent"
    ))]
    Signing { key: String, words: String },
    #[error("git's user.signingkey is `{named}`, which is a key of {format}, not of SSH")]
    #[diagnostic(help(
        "name an SSH key by an option, or `git config gpg.format ssh` and `git config user.signingkey FILE`"
    ))]
    NoSshKey { named: String, format: String },
}

impl RepositoryError {
    /// How a command that meets this error ends.
    pub fn failure(&self) -> Failure {
        match self {
            Self::NotARepository { .. }
            | Self::Bare { .. }
            | Self::Open { .. }
            | Self::UnknownFormat { .. }
            | Self::Empty
            | Self::Unborn { .. }
            | Self::UnknownRevision { .. }
            | Self::NotACommit { .. }
            | Self::AmbiguousRevision { .. }
            | Self::InvalidPath(_)
            | Self::InvalidRefName { .. }
            | Self::UnknownRemote { .. }
            | Self::ProgramMissing { .. }
            | Self::Signing { .. }
            | Self::NoSshKey { .. } => Failure::Usage,
            Self::Shallow
            | Self::Partial
            | Self::Grafted { .. }
            | Self::Alternates { .. }
            | Self::NotDurable { .. }
            | Self::Unreadable { .. }
            | Self::TooMuch { .. }
            | Self::TooDear { .. }
            | Self::Interrupted
            | Self::File { .. }
            | Self::GitFailed { .. }
            | Self::Unreachable { .. }
            | Self::DamagedRef { .. }
            | Self::Git { .. } => Failure::Unjudged,
        }
    }

    pub(super) fn git(what: &'static str) -> impl FnOnce(git2::Error) -> Self {
        move |error| Self::Git { what, reason: error.message().to_owned() }
    }
}

/// Why refs were not swapped. After `Refused` none of them has changed; after `Unreachable` nobody can tell.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum SwapError {
    /// The ref does not hold what was expected. After a connection that broke in the middle of a push, `actual` may be
    /// the very value that was pushed.
    #[error("`{name}` was changed by somebody else")]
    #[diagnostic(help("run again: it starts from the new state"))]
    Moved { name: String, actual: Option<Oid> },
    #[error("`{place}` refused to change `{name}`: {words}")]
    #[diagnostic(help("the identity that runs this needs to be allowed to write that ref"))]
    Refused { place: String, name: String, words: String },
    /// Refs that mean nothing to dualkey stand in the way, and can't be deleted.
    #[error("`{name}` in `{place}` stands in the way and can't be deleted: {words}")]
    #[diagnostic(help(
        "whoever may delete it runs `git push {place} --delete {name}`: dualkey keeps other refs in that place"
    ))]
    Blocked { place: String, name: String, words: String },
    #[error("the remote `{remote}` cannot be reached: {words}")]
    #[diagnostic(help("see that `git ls-remote` works with it, then run again"))]
    Unreachable { remote: String, words: String },
    #[error(transparent)]
    #[diagnostic(transparent)]
    Repository(RepositoryError),
}

impl From<RepositoryError> for SwapError {
    fn from(error: RepositoryError) -> Self {
        if let RepositoryError::Unreachable { remote, words } = error {
            SwapError::Unreachable { remote, words }
        } else {
            SwapError::Repository(error)
        }
    }
}

impl SwapError {
    /// How a command that meets this error ends.
    pub fn failure(&self) -> Failure {
        match self {
            Self::Moved { .. } | Self::Refused { .. } | Self::Blocked { .. } => Failure::Refused,
            Self::Unreachable { .. } => Failure::Unjudged,
            Self::Repository(error) => error.failure(),
        }
    }
}
