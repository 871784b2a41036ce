//! Histories that chance makes of all that people do to a protected branch, good and bad. The same number gives the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use dualkey::access::{LastRead, Revision};
use dualkey::approval::Says;
use dualkey::approval::statement::{
    APPROVALS, ApprovalStatement, ApprovalType, GIT_NAMESPACE, NAMESPACE, SIGNATURE_FILE, STATEMENT_FILE, canonical,
};
use dualkey::plan;
use dualkey::repository::{Repository as AccessRepository, Snapshot};
use dualkey::targets::KINDS;
use git2::{FileMode, Oid, Repository, Signature, build::TreeUpdateBuilder};
use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::{HashAlg, LineEnding, PrivateKey};
use tempfile::TempDir;

use crate::chance::Chance;

/// When everything is looked at.
pub const NOW: &str = "2026-11-23T09:00:00Z";
/// What stands for the log's key in the anchor.
pub const ANCHOR_KEY: &str = "c74f20a3";

/// Where things change: all but the last are managed.
const PATHS: [&str; 6] = [".github/a", ".github/b", ".github/c", ".github/workflows/d", ".github/workflows/e", "notes"];

const GENESIS: [(&str, &str); 4] = [
    (
        "dualkey.yaml",
        "version: 1\norganization: northwind\ntimezone: Europe/London\n\
         targets:\n  github: { type: sandbox, as: github }\napproval: { evidence: signatures, branch: main }\n\
         audit: { ref: refs/dualkey/audit, key: \"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\" }\n",
    ),
    ("groups/admins.yaml", "members: [ann, ben]\n"),
    (
        "policies/approvals.yaml",
        "approvals:\n  - { change: access, count: 1, from: domain-owners }\n  \
         - { change: removal, count: 1, from: [domain-owners, \"group:admins\"] }\n  \
         - { change: bridge, count: 1, from: domain-owners }\n  \
         - { change: identity, count: 1, from: \"group:admins\" }\n  \
         - { change: policy, count: 1, from: \"group:admins\" }\n",
    ),
    ("policies/limits.yaml", "limits: { removals: { count: 10, fraction: 5% } }\n"),
];

/// Two who approve, and one who commits.
const PEOPLE: [(&str, u8); 3] = [("ann", 1), ("ben", 2), ("tom", 3)];

/// What one history is: where it starts and ends, and which heads were approved as starting from which base.
#[derive(Clone, Debug)]
pub struct History {
    pub seed: u64,
    pub genesis: String,
    pub tip: String,
    pub approved: BTreeMap<String, String>,
}

impl History {
    /// As the script is asked.
    pub fn question(&self) -> String {
        let claims: Vec<String> = self.approved.iter().map(|(head, base)| format!("{head}={base}")).collect();
        format!("{} {} {}\n", self.genesis, self.tip, claims.join(" "))
    }
}

/// The number that each path holds; none where there is no file.
type Files = BTreeMap<&'static str, u8>;

/// A repository in which histories are made, one beside the other.
pub struct Maker {
    folder: TempDir,
    git: Repository,
    genesis: Oid,
    digest: String,
    files: BTreeMap<Oid, Files>,
    commits: usize,
}

fn key(number: u8) -> PrivateKey {
    PrivateKey::new(KeypairData::Ed25519(Ed25519Keypair::from_seed(&[number; 32])), "").unwrap()
}

fn sign(number: u8, namespace: &str, message: &[u8]) -> String {
    key(number).sign(namespace, HashAlg::Sha512, message).unwrap().to_pem(LineEnding::LF).unwrap()
}

impl Maker {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let git = Repository::init(folder.path()).unwrap();
        let empty = git.treebuilder(None).unwrap().write().unwrap();
        let mut tree = TreeUpdateBuilder::new();
        for (path, text) in GENESIS {
            tree.upsert(path, git.blob(text.as_bytes()).unwrap(), FileMode::Blob);
        }
        for (id, number) in PEOPLE {
            let text = format!(
                "name: {id}\ntype: employee\naccounts:\n  github: {{ login: {id}-nw, id: {number} }}\n\
                 emails: [{id}@northwind.example]\nkeys: [\"{}\"]\n",
                key(number).public_key().to_openssh().unwrap()
            );
            tree.upsert(format!("people/{id}.yaml"), git.blob(text.as_bytes()).unwrap(), FileMode::Blob);
        }
        let tree = tree.create_updated(&git, &git.find_tree(empty).unwrap()).unwrap();
        let genesis = signed(&git, tree, &[], "Start");
        let access = AccessRepository::open(folder.path()).unwrap();
        let snapshot = Snapshot::of_commit(&access, genesis.to_string().parse().unwrap()).unwrap();
        let revision = Revision::load(&snapshot, KINDS, &mut LastRead::default()).unwrap();
        assert!(!revision.is_misread(), "{:?}", revision.reading);
        let digest = plan::plan(&revision, &revision, NOW.parse().unwrap()).digest.to_string();
        let files = BTreeMap::from([(genesis, Files::new())]);
        Maker { folder, git, genesis, digest, files, commits: 0 }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Commits these files on top of some parents.
    fn commit(&mut self, parents: &[Oid], files: Files, what: &str) -> Oid {
        let start = self.git.find_commit(self.genesis).unwrap().tree().unwrap();
        let mut tree = TreeUpdateBuilder::new();
        for (path, number) in &files {
            tree.upsert(*path, self.git.blob(&[b'0' + number, b'\n']).unwrap(), FileMode::Blob);
        }
        let tree = tree.create_updated(&self.git, &start).unwrap();
        self.commits += 1;
        let commit = signed(&self.git, tree, parents, &format!("{} {what}", self.commits));
        self.files.insert(commit, files);
        commit
    }

    /// Makes one history.
    pub fn history(&mut self, seed: u64) -> History {
        let mut chance = Chance::of_seed(seed);
        let wild = chance.of(&[5, 15, 50]);
        let mut story = Story { main: vec![self.genesis], heads: Vec::new(), approved: BTreeMap::new(), wild };
        for _ in 0..3 + chance.below(6) {
            story.goes_on(self, &mut chance);
        }
        History {
            seed,
            genesis: self.genesis.to_string(),
            tip: story.tip().to_string(),
            approved: story.approved.iter().map(|(head, base)| (head.to_string(), base.to_string())).collect(),
        }
    }

    /// Writes the statements of a history, and takes away those of all others.
    pub fn publish(&self, history: &History) {
        for known in self.git.references_glob(&format!("{APPROVALS}*")).unwrap() {
            known.unwrap().delete().unwrap();
        }
        for (head, base) in &history.approved {
            let commit = self.git.find_commit(head.parse().unwrap()).unwrap();
            for (person, number) in &PEOPLE[..2] {
                let statement = canonical(&ApprovalStatement {
                    statement_type: ApprovalType::V1,
                    anchor: format!("{}:{ANCHOR_KEY}", self.genesis),
                    branch: "main".to_owned(),
                    base: base.clone(),
                    head: head.clone(),
                    head_tree: commit.tree_id().to_string(),
                    digest: self.digest.clone(),
                    person: (*person).to_owned(),
                    verdict: Says::Approve,
                    at: NOW.to_owned(),
                });
                let signature = sign(*number, NAMESPACE, &statement);
                let mut tree = self.git.treebuilder(None).unwrap();
                for (name, bytes) in [(STATEMENT_FILE, statement.as_slice()), (SIGNATURE_FILE, signature.as_bytes())] {
                    tree.insert(name, self.git.blob(bytes).unwrap(), 0o100_644).unwrap();
                }
                let tree = self.git.find_tree(tree.write().unwrap()).unwrap();
                let who = Signature::now("nobody", "nobody@northwind.example").unwrap();
                let holder = self.git.commit(None, &who, &who, "statement", &tree, &[&commit]).unwrap();
                self.git.reference(&format!("{APPROVALS}{head}/{person}"), holder, true, "").unwrap();
            }
        }
    }

    /// The commits of a history with what each holds, for who looks for the reason of a difference.
    pub fn drawn(&self, history: &History) -> String {
        let mut walk = self.git.revwalk().unwrap();
        walk.set_sorting(git2::Sort::TOPOLOGICAL).unwrap();
        walk.push(history.tip.parse().unwrap()).unwrap();
        for head in history.approved.keys() {
            walk.push(head.parse().unwrap()).unwrap();
        }
        let short = |oid: Oid| oid.to_string()[..7].to_owned();
        let mut drawn = String::new();
        for oid in walk.map(Result::unwrap) {
            let commit = self.git.find_commit(oid).unwrap();
            let parents: Vec<String> = commit.parent_ids().map(short).collect();
            let base = history.approved.get(&oid.to_string()).map(|base| format!(", approved from {}", &base[..7]));
            let files: Vec<String> = self.files[&oid]
                .iter()
                .map(|(path, number)| format!("{}{number}", path.rsplit('/').next().unwrap()))
                .collect();
            drawn.push_str(&format!(
                "  {} on {:?} {} [{}]{}\n",
                short(oid),
                parents,
                commit.summary().ok().flatten().unwrap_or_default(),
                files.join(" "),
                base.unwrap_or_default()
            ));
        }
        drawn
    }
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

/// A history as it is made.
struct Story {
    /// What the branch pointed to, oldest first.
    main: Vec<Oid>,
    /// Heads of branches, landed or not.
    heads: Vec<Oid>,
    approved: BTreeMap<Oid, Oid>,
    /// How many of a hundred things that people do here are bad.
    wild: usize,
}

impl Story {
    fn tip(&self) -> Oid {
        *self.main.last().unwrap()
    }

    fn goes_on(&mut self, maker: &mut Maker, chance: &mut Chance) {
        if !chance.of_hundred(self.wild) {
            match chance.below(100) {
                0..72 => {
                    let head = self.branch(maker, chance);
                    self.land(maker, chance, head);
                }
                72..80 if !self.heads.is_empty() => {
                    let head = chance.of(&self.heads);
                    self.land(maker, chance, head);
                }
                80..90 => self.pushed(maker, chance, "notes", |files, chance| {
                    files.insert("notes", number(chance));
                }),
                // somebody looks at all that stands there, on top of it
                _ => {
                    self.pushed(maker, chance, "repair", |files, chance| {
                        if chance.of_hundred(50) {
                            edited(files, chance);
                        }
                    });
                    self.approve(maker, chance, self.tip());
                }
            }
            return;
        }
        match chance.below(100) {
            0..30 => {
                let head = self.branch(maker, chance);
                if chance.of_hundred(85) {
                    self.land(maker, chance, head);
                }
            }
            // an older head: late, or once more
            30..60 if !self.heads.is_empty() => {
                let head = chance.of(&self.heads);
                self.land(maker, chance, head);
            }
            // nobody was asked
            30..70 => self.pushed(maker, chance, "push", edited),
            70..80 => self.pushed(maker, chance, "empty", |_, _| {}),
            _ => {
                let earlier = maker.files[&chance.of(&self.main)].clone();
                let some = chance.of_hundred(40);
                self.pushed(maker, chance, "revert", move |files, chance| {
                    for path in PATHS {
                        if !some || chance.of_hundred(50) {
                            take(files, path, &earlier);
                        }
                    }
                });
            }
        }
    }

    fn pushed(&mut self, maker: &mut Maker, chance: &mut Chance, what: &str, edit: impl Fn(&mut Files, &mut Chance)) {
        let mut files = maker.files[&self.tip()].clone();
        edit(&mut files, chance);
        let commit = maker.commit(&[self.tip()], files, what);
        self.main.push(commit);
    }

    /// A branch of some commits, perhaps updated from main, perhaps approved.
    fn branch(&mut self, maker: &mut Maker, chance: &mut Chance) -> Oid {
        let mut head = match chance.below(100) {
            0..8 if !self.heads.is_empty() => chance.of(&self.heads),
            0..25 => chance.of(&self.main),
            _ => self.tip(),
        };
        for _ in 0..1 + chance.below(3) {
            let mut files = maker.files[&head].clone();
            edited(&mut files, chance);
            head = maker.commit(&[head], files, "work");
            if chance.of_hundred(self.wild / 3) {
                self.approve(maker, chance, head);
            }
        }
        if chance.of_hundred(20) {
            let onto = if chance.of_hundred(70) { self.tip() } else { chance.of(&self.main) };
            let files = combined(maker, head, onto);
            head = maker.commit(&[head, onto], files, "update");
        }
        self.heads.push(head);
        if !chance.of_hundred(self.wild / 2) {
            self.approve(maker, chance, head);
        }
        head
    }

    /// Approves a head as what it changes of what is verified, which mostly is the tip.
    fn approve(&mut self, maker: &Maker, chance: &mut Chance, head: Oid) {
        let tip = self.main.iter().rev().find(|commit| **commit != head);
        let verified = if !chance.of_hundred(self.wild / 2) { *tip.unwrap() } else { chance.of(&self.main) };
        if let Ok(base) = maker.git.merge_base(verified, head) {
            self.approved.insert(head, base);
        }
    }

    fn land(&mut self, maker: &mut Maker, chance: &mut Chance, head: Oid) {
        let tip = self.tip();
        if tip == head {
            return;
        }
        let mut files = combined(maker, tip, head);
        let ours = maker.files[&tip].clone();
        let good = !chance.of_hundred(self.wild);
        match if good { chance.below(62) } else { 40 + chance.below(60) } {
            0..25 => self.main.push(maker.commit(&[tip, head], files, "merge")),
            25..40 => self.main.push(maker.commit(&[tip], files, "squash")),
            40..50 => self.rebase(maker, head),
            50..66 if maker.git.graph_descendant_of(head, tip).unwrap() => self.forward(maker, head),
            50..62 if good => self.main.push(maker.commit(&[tip, head], files, "merge")),
            50..70 => {
                edited(&mut files, chance);
                self.main.push(maker.commit(&[tip, head], files, "evil merge"));
            }
            70..76 => self.main.push(maker.commit(&[tip, head], ours, "merge with ours")),
            76..88 => {
                // the merge stands on the branch, and the branch's own tip is what was merged
                let theirs = maker.files[&head].clone();
                let files = [files, ours, theirs][chance.below(3)].clone();
                let merge = maker.commit(&[head, tip], files, "foxtrot");
                self.forward(maker, merge);
            }
            _ => {
                let other = chance.of(&self.heads);
                for path in PATHS {
                    if maker.files[&other].get(path) != maker.files[&self.main[0]].get(path) {
                        take(&mut files, path, &maker.files[&other]);
                    }
                }
                let parents: BTreeSet<Oid> = [head, other].into_iter().filter(|parent| *parent != tip).collect();
                let parents: Vec<Oid> = [tip].into_iter().chain(parents).collect();
                self.main.push(maker.commit(&parents, files, "octopus"));
            }
        }
    }

    /// Every commit of the head again, on top of the tip.
    fn rebase(&mut self, maker: &mut Maker, head: Oid) {
        let mut walk = maker.git.revwalk().unwrap();
        walk.set_sorting(git2::Sort::TOPOLOGICAL | git2::Sort::REVERSE).unwrap();
        walk.push(head).unwrap();
        walk.hide(self.tip()).unwrap();
        let commits: Vec<Oid> = walk.map(Result::unwrap).collect();
        for commit in commits {
            let parent = maker.git.find_commit(commit).unwrap().parent_id(0).unwrap();
            let mut files = maker.files[&self.tip()].clone();
            for path in PATHS {
                if maker.files[&commit].get(path) != maker.files[&parent].get(path) {
                    take(&mut files, path, &maker.files[&commit]);
                }
            }
            let tip = self.tip();
            self.main.push(maker.commit(&[tip], files, "rebased"));
        }
    }

    fn forward(&mut self, maker: &Maker, head: Oid) {
        let mut chain = vec![head];
        while let Ok(parent) = maker.git.find_commit(chain[chain.len() - 1]).unwrap().parent_id(0) {
            chain.push(parent);
        }
        chain.reverse();
        self.main = chain;
    }
}

fn number(chance: &mut Chance) -> u8 {
    u8::try_from(chance.below(4)).unwrap()
}

/// One or two files get another content, or go.
fn edited(files: &mut Files, chance: &mut Chance) {
    for _ in 0..1 + chance.below(2) {
        let path = chance.of(&PATHS);
        if chance.of_hundred(20) {
            files.remove(path);
        } else {
            files.insert(path, number(chance));
        }
    }
}

fn take(files: &mut Files, path: &'static str, from: &Files) {
    match from.get(path) {
        Some(number) => files.insert(path, *number),
        None => files.remove(path),
    };
}

/// What merging the second onto the first gives; of a conflict the second's side.
fn combined(maker: &Maker, onto: Oid, head: Oid) -> Files {
    let base = maker.git.merge_base(onto, head).unwrap();
    let mut files = maker.files[&onto].clone();
    for path in PATHS {
        if maker.files[&head].get(path) != maker.files[&base].get(path) {
            take(&mut files, path, &maker.files[&head]);
        }
    }
    files
}
