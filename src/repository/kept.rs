//! Refs of this clone alone that keep commits from being thrown away, wherever the remote's refs go.

use super::{Oid, Repository, RepositoryError};

/// What is kept stands under here: no fetch and no push touches it.
const KEPT: &str = "refs/dualkey-kept/";

impl Repository {
    /// Keeps a commit under a name, in the place of what was kept there.
    ///
    /// # Errors
    /// `InvalidRefName`; `Git` where the ref can't be written.
    pub fn keep(&self, name: &str, commit: Oid) -> Result<(), RepositoryError> {
        let full = kept_ref(name);
        if !git2::Reference::is_valid_name(&full) {
            return Err(RepositoryError::InvalidRefName { name: full });
        }
        if self.reference(&full)? == Some(commit) {
            return Ok(());
        }
        let written = self.git.reference(&full, commit.to_git(), true, "kept");
        written.map(|_| ()).map_err(RepositoryError::git("keep a commit"))
    }
}

/// The full name of the ref that keeps a commit.
pub fn kept_ref(name: &str) -> String {
    format!("{KEPT}{name}")
}

#[cfg(test)]
mod tests {
    use super::super::testing::Sandbox;

    #[test]
    fn what_is_kept_survives_its_branch() {
        let sandbox = Sandbox::new();
        let commit = sandbox.commit(&[("a", "a")]);
        let repository = sandbox.open();
        repository.keep("x/log", commit).unwrap();
        repository.keep("x/log", commit).unwrap();
        assert_eq!(repository.reference("refs/dualkey-kept/x/log").unwrap(), Some(commit));
        assert!(repository.keep("x/..", commit).is_err());
    }
}
