//! An honest company with two who approve, its repository and its log.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use dualkey::access::{LastRead, Revision};
use dualkey::approval::Says;
use dualkey::approval::statement::{
    APPROVALS, ApprovalStatement, ApprovalType, GIT_NAMESPACE, GenesisStatement, GenesisType, NAMESPACE,
    SIGNATURE_FILE, STATEMENT_FILE, canonical,
};
use dualkey::audit::record::{At, Genesis, Statement, VERSION};
use dualkey::audit::{LogKey, Store};
use dualkey::plan::{self, Held};
use dualkey::repository::{Repository as AccessRepository, Snapshot, StateRefs};
use dualkey::targets::KINDS;
use git2::{FileMode, Oid, Repository, Signature, build::TreeUpdateBuilder};
use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::{HashAlg, LineEnding, PrivateKey};
use tempfile::TempDir;

use super::bulk;
use super::model::{Declaration, RESOURCES, ROLES};

/// The private half of a log's key that is printed in the documentation of signed notes.
pub const LOG_KEY: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const VERIFIER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const LOG_ID: &str = "c74f20a3";
pub const LOG: &str = "refs/dualkey/audit";
pub const BRANCH: &str = "refs/heads/main";

/// Two who approve, and one who commits.
const PEOPLE: [(&str, u8); 3] = [("ann", 1), ("ben", 2), ("tom", 3)];

/// The instant of a day at which everything happens.
pub fn instant(day: i64) -> String {
    format!("{}T09:00:00Z", date(day))
}

/// A day, counted from the first.
pub fn date(day: i64) -> jiff::civil::Date {
    jiff::civil::date(2026, 11, 23).saturating_add(jiff::Span::new().days(day))
}

fn key(number: u8) -> PrivateKey {
    PrivateKey::new(KeypairData::Ed25519(Ed25519Keypair::from_seed(&[number; 32])), "").unwrap()
}

pub fn sign(number: u8, namespace: &str, message: &[u8]) -> String {
    key(number).sign(namespace, HashAlg::Sha512, message).unwrap().to_pem(LineEnding::LF).unwrap()
}

/// What was approved and landed.
#[derive(Clone, Debug)]
pub struct Landing {
    pub head: Oid,
    pub commit: Oid,
    pub declaration: Declaration,
}

/// The company as a case finds it.
pub struct Company {
    folder: TempDir,
    pub git: Repository,
    pub genesis: Oid,
    /// All that landed, oldest first; the genesis is the first.
    pub landings: Vec<Landing>,
    /// How many grants there are that no case changes.
    pub bulk: usize,
}

/// The repository at its genesis, with a log. All cases begin with a copy of it.
fn template(bulk: usize) -> &'static Path {
    static TEMPLATE: OnceLock<(usize, TempDir)> = OnceLock::new();
    let (of, folder) = TEMPLATE.get_or_init(|| (bulk, begin(bulk)));
    assert_eq!(*of, bulk, "all cases of a process are of one size");
    folder.path()
}

impl Company {
    pub fn new(bulk: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(template(bulk), folder.path());
        let git = Repository::open(folder.path()).unwrap();
        let genesis = git.refname_to_id(BRANCH).unwrap();
        let first = Landing { head: genesis, commit: genesis, declaration: Declaration::first() };
        Company { folder, git, genesis, landings: vec![first], bulk }
    }

    /// Where branch, approvals and log live.
    pub fn dir(&self) -> &Path {
        self.folder.path()
    }

    pub fn git_dir(&self) -> PathBuf {
        self.folder.path().join(".git")
    }

    pub fn anchor(&self) -> String {
        format!("{}:{LOG_ID}", self.genesis)
    }

    pub fn last(&self) -> &Landing {
        self.landings.last().unwrap()
    }

    /// What is declared together with all that stays as it is.
    pub fn files(&self, declaration: &Declaration) -> BTreeMap<String, String> {
        all_files(declaration, self.bulk)
    }

    /// A commit that Tom signs, of what is declared.
    pub fn commit(&self, declaration: &Declaration, parents: &[Oid], message: &str) -> Oid {
        let tree = tree(&self.git, &self.files(declaration));
        signed(&self.git, tree, parents, message)
    }

    /// Two approve what is declared, and it lands.
    pub fn land(&mut self, declaration: Declaration, day: i64) {
        let tip = self.last().commit;
        let head = self.commit(&declaration, &[tip], &format!("Change {}", self.landings.len()));
        for (person, number) in &PEOPLE[..2] {
            let statement = self.statement(tip, head, person, day);
            self.publish(&format!("{APPROVALS}{head}/{person}"), head, &statement, *number);
        }
        let commit = self.commit(&declaration, &[tip, head], &format!("Land {}", self.landings.len()));
        self.git.reference(BRANCH, commit, true, "").unwrap();
        self.landings.push(Landing { head, commit, declaration });
    }

    /// What somebody would sign who approves a head.
    pub fn statement(&self, base: Oid, head: Oid, person: &str, day: i64) -> Vec<u8> {
        let access = AccessRepository::open(self.dir()).unwrap();
        let (before, after) = (revision(&access, base), revision(&access, head));
        assert!(!after.is_misread(), "{:?}", after.reading);
        let digest = plan::unlinted(&before, &after, instant(day).parse().unwrap(), &Held::default()).digest;
        canonical(&ApprovalStatement {
            statement_type: ApprovalType::V1,
            anchor: self.anchor(),
            branch: "main".to_owned(),
            base: base.to_string(),
            head: head.to_string(),
            head_tree: self.git.find_commit(head).unwrap().tree_id().to_string(),
            digest: digest.to_string(),
            person: person.to_owned(),
            verdict: Says::Approve,
            at: instant(day),
        })
    }

    /// Signs a statement with the key of that number and points a ref to it.
    pub fn publish(&self, name: &str, head: Oid, statement: &[u8], number: u8) {
        let signature = sign(number, NAMESPACE, statement);
        let mut tree = self.git.treebuilder(None).unwrap();
        for (name, bytes) in [(STATEMENT_FILE, statement), (SIGNATURE_FILE, signature.as_bytes())] {
            tree.insert(name, self.git.blob(bytes).unwrap(), 0o100_644).unwrap();
        }
        let tree = self.git.find_tree(tree.write().unwrap()).unwrap();
        let who = nobody();
        let parent = self.git.find_commit(head).unwrap();
        let holder = self.git.commit(None, &who, &who, "statement", &tree, &[&parent]).unwrap();
        self.git.reference(name, holder, true, "").unwrap();
    }
}

fn revision(access: &AccessRepository, commit: Oid) -> Revision {
    let snapshot = Snapshot::of_commit(access, commit.to_string().parse().unwrap()).unwrap();
    Revision::load(&snapshot, KINDS, &mut LastRead::default()).unwrap()
}

fn nobody() -> Signature<'static> {
    Signature::new("nobody", "nobody@northwind.example", &git2::Time::new(1_795_000_000, 0)).unwrap()
}

/// A commit that Tom signs.
fn signed(git: &Repository, tree: Oid, parents: &[Oid], message: &str) -> Oid {
    let tree = git.find_tree(tree).unwrap();
    let parents: Vec<git2::Commit<'_>> = parents.iter().map(|parent| git.find_commit(*parent).unwrap()).collect();
    let parents: Vec<&git2::Commit<'_>> = parents.iter().collect();
    let who = Signature::new("tom", "tom@northwind.example", &git2::Time::new(1_795_000_000, 0)).unwrap();
    let text = git.commit_create_buffer(&who, &who, message, &tree, &parents).unwrap();
    let text = std::str::from_utf8(&text).unwrap();
    git.commit_signed(text, &sign(3, GIT_NAMESPACE, text.as_bytes()), None).unwrap()
}

/// A tree of these files and no others.
pub fn tree(git: &Repository, files: &BTreeMap<String, String>) -> Oid {
    let empty = git.treebuilder(None).unwrap().write().unwrap();
    let mut tree = TreeUpdateBuilder::new();
    for (path, text) in files {
        tree.upsert(path.as_str(), git.blob(text.as_bytes()).unwrap(), FileMode::Blob);
    }
    tree.create_updated(git, &git.find_tree(empty).unwrap()).unwrap()
}

fn all_files(declaration: &Declaration, bulk: usize) -> BTreeMap<String, String> {
    let mut files = declaration.files();
    files.extend(bulk::files(bulk));
    let target = if bulk > 0 { "  bulk: { type: sandbox, as: github }\n" } else { "" };
    let mut add = |path: &str, text: String| files.insert(path.to_owned(), text);
    add(
        "dualkey.yaml",
        format!(
            "version: 1\norganization: northwind\ntimezone: Europe/London\n\
             targets:\n  code: {{ type: sandbox, as: github }}\n  more: {{ type: sandbox, as: github }}\n\
             {target}approval: {{ evidence: signatures, branch: main }}\naudit: {{ ref: {LOG}, key: \"{VERIFIER}\" }}\n"
        ),
    );
    add("groups/admins.yaml", "members: [ann, ben]\n".to_owned());
    let any = "[domain-owners, \"group:admins\"]";
    let rules = ["access", "removal", "bridge", "identity", "policy"];
    let rules = rules.map(|change| format!("  - {{ change: {change}, count: 1, from: {any} }}\n")).concat();
    add("policies/approvals.yaml", format!("approvals:\n{rules}"));
    add("policies/limits.yaml", "limits: { removals: { count: 10, fraction: 5% } }\n".to_owned());
    let resources: Vec<String> = RESOURCES
        .iter()
        .map(|(name, target)| format!("  {name}: {{ repository: northwind/{name}, target: {target} }}\n"))
        .collect();
    add(
        "domains/work.yaml",
        format!(
            "title: Work\nenvironment: staging\nowners: [ann, ben]\ncontractors: allowed\nresources:\n{}",
            resources.concat()
        ),
    );
    for (role, permission) in ROLES {
        add(
            &format!("roles/{role}.yaml"),
            format!("title: {role}\nrisk: standard\ncontractors: allowed\nentitlements:\n  repository: {permission}\n"),
        );
    }
    for (person, number) in PEOPLE {
        add(
            &format!("people/{person}.yaml"),
            format!(
                "name: {person}\ntype: employee\naccounts:\n  github: {{ login: {person}-nw, id: {number} }}\n\
                 emails: [{person}@northwind.example]\nkeys: [\"{}\"]\n",
                key(number).public_key().to_openssh().unwrap()
            ),
        );
    }
    files
}

/// The genesis, for which two vouch, and the log that begins with it.
fn begin(bulk: usize) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let git = Repository::init(folder.path()).unwrap();
    git.set_head(BRANCH).unwrap();
    let tree = tree(&git, &all_files(&Declaration::first(), bulk));
    let genesis = signed(&git, tree, &[], "Start");
    git.reference(BRANCH, genesis, true, "").unwrap();
    let vouched = |(person, number): &(&str, u8)| {
        let statement = canonical(&GenesisStatement {
            statement_type: GenesisType::V1,
            genesis: genesis.to_string(),
            tree: tree.to_string(),
            log_key: VERIFIER.to_owned(),
            person: (*person).to_owned(),
        });
        Statement {
            person: (*person).to_owned(),
            signature: sign(*number, NAMESPACE, &statement),
            statement: String::from_utf8(statement).unwrap(),
        }
    };
    let record = Genesis {
        version: VERSION,
        organization: "northwind".to_owned(),
        genesis: genesis.to_string(),
        tree: tree.to_string(),
        log_key: VERIFIER.to_owned(),
        single: false,
        statements: PEOPLE[..2].iter().map(vouched).collect(),
        continues: Vec::new(),
        at: At(instant(0).parse().unwrap()),
    };
    let access = AccessRepository::open(folder.path()).unwrap();
    let read = revision(&access, genesis);
    assert!(!read.is_misread(), "{:?}", read.reading);
    let refs = StateRefs::local(&access, "main");
    Store::new(&access, &refs, LOG, KINDS).create(record, &LogKey::parse(LOG_KEY).unwrap()).unwrap();
    folder
}

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}
