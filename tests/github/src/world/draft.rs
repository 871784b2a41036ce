//! Commits that a test makes up.

use super::{Commit, CommitSignature, Oid, Person, World};
use sha2::Digest;
use std::collections::BTreeMap;

/// A commit that isn't made yet.
#[derive(Debug, Clone)]
pub struct Draft {
    parents: Vec<Oid>,
    author: String,
    committer: Option<String>,
    message: String,
    writes: Vec<(String, Option<String>)>,
    signed: bool,
    on_the_web: bool,
}

impl Draft {
    /// A commit of somebody that stands on nothing.
    pub fn root(author: &str) -> Draft {
        let (author, message) = (author.to_owned(), "Change".to_owned());
        let (parents, writes) = (Vec::new(), Vec::new());
        Draft { parents, author, committer: None, message, writes, signed: false, on_the_web: false }
    }

    /// A commit of somebody that stands on another.
    pub fn on(parent: &str, author: &str) -> Draft {
        Draft { parents: vec![parent.to_owned()], ..Draft::root(author) }
    }

    /// It merges another commit.
    pub fn and(mut self, parent: &str) -> Draft {
        self.parents.push(parent.to_owned());
        self
    }

    /// It writes a file.
    pub fn write(mut self, path: &str, text: &str) -> Draft {
        self.writes.push((path.to_owned(), Some(text.to_owned())));
        self
    }

    /// It removes a file.
    pub fn remove(mut self, path: &str) -> Draft {
        self.writes.push((path.to_owned(), None));
        self
    }

    /// Somebody else made the commit than wrote it.
    pub fn committed_by(mut self, login: &str) -> Draft {
        self.committer = Some(login.to_owned());
        self
    }

    /// What it says.
    pub fn message(mut self, message: &str) -> Draft {
        message.clone_into(&mut self.message);
        self
    }

    /// It is signed by a key of its committer that GitHub knows.
    pub fn signed(mut self) -> Draft {
        self.signed = true;
        self
    }

    /// It is made on the web: by GitHub's hand, and with its signature.
    pub fn on_the_web(mut self) -> Draft {
        self.on_the_web = true;
        self
    }
}

/// A number for a commit, made of all that it holds.
pub(crate) fn number_of(commit: &Commit) -> Oid {
    let text = format!("{:?}", Commit { oid: String::new(), ..commit.clone() });
    sha2::Sha256::digest(text).iter().take(20).map(|byte| format!("{byte:02x}")).collect()
}

impl World {
    /// Somebody as their own commits name them, now.
    pub(crate) fn person(&self, login: &str) -> Person {
        let account = &self.accounts[&self.known(login)];
        let name = account.name.clone().unwrap_or_else(|| account.login.clone());
        let email = account.emails.first().cloned().unwrap_or_default();
        Person { name, email, at: self.now }
    }

    /// Makes a commit and tells the repository of it. Nothing leads to it yet.
    pub fn make_commit(&mut self, repository: &str, draft: &Draft) -> Oid {
        let objects = self.objects_of(self.named(repository));
        for parent in &draft.parents {
            assert!(objects.get(parent).is_some(), "`{repository}` has no commit {parent}");
        }
        let mut files = match &draft.parents[..] {
            [] => BTreeMap::new(),
            [parent] => objects.get(parent).map(|parent| parent.files.clone()).unwrap_or_default(),
            [ours, theirs, ..] => objects.merged(ours, theirs).unwrap_or_default(),
        };
        for (path, text) in &draft.writes {
            match text {
                Some(text) => files.insert(path.clone(), text.clone()),
                None => files.remove(path),
            };
        }
        let committer = draft.committer.as_ref().unwrap_or(&draft.author);
        let own = CommitSignature {
            ssh: true,
            state: "VALID".to_owned(),
            signer: Some(self.known(committer)),
            by_github: false,
            fingerprint: Some(format!("SHA256:{committer}")),
        };
        let (committer, signature) = match (draft.on_the_web, self.web_flow()) {
            (true, (github, signature)) => (github, Some(signature)),
            (false, _) => (self.person(committer), draft.signed.then_some(own)),
        };
        let mut commit = Commit {
            oid: String::new(),
            parents: draft.parents.clone(),
            author: self.person(&draft.author),
            committer,
            message: draft.message.clone(),
            files,
            signature,
            via_web: draft.on_the_web,
        };
        commit.oid = number_of(&commit);
        self.add_commit(repository, commit)
    }
}
