//! What somebody with push rights does who wants access to last. Everything is written past the checks of git.

use std::collections::BTreeMap;

use dualkey::approval::statement::{APPROVALS, WITHDRAWALS};
use git2::{ObjectType, Oid};

use super::chance::Chance;
use super::company::{BRANCH, Company, LOG, tree};

/// What a push can do to a run that may only take away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harm {
    /// Nothing: what was approved is judged as before.
    Nothing,
    /// What the log doesn't know yet can perhaps not be judged any more.
    Judging,
    /// The log is gone, or is none.
    Log,
    /// The log is an earlier one, which knows so many landings.
    RolledBack(usize),
}

const LEASE: &str = "refs/dualkey/lease";
const SOMEBODY: &str = "Eve <eve@elsewhere.example> 1795000000 +0000";

/// A number of a key that nobody in the company has.
const EVES_KEY: u8 = 66;

pub struct Adversary<'a> {
    pub company: &'a Company,
    pub chance: &'a mut Chance,
    /// The log after each run, with how many landings it knew.
    pub logs: &'a [(usize, Oid)],
    pub day: i64,
    pub story: &'a mut Vec<String>,
}

impl Adversary<'_> {
    /// Does one thing.
    pub fn push(&mut self) -> Harm {
        let kinds: [fn(&mut Self) -> Harm; 12] = [
            Self::junk_refs,
            Self::lease,
            Self::commit_on_top,
            Self::commit_on_top,
            Self::odd_commit,
            Self::move_branch,
            Self::break_branch,
            Self::dear,
            Self::forge_approvals,
            Self::spoil_statements,
            Self::spoil_log,
            Self::many_commits,
        ];
        self.chance.of(&kinds)(self)
    }

    fn tells(&mut self, what: impl Into<String>) {
        self.story.push(what.into());
    }

    /// What the branch points to, where that is a commit.
    fn tip(&self) -> Oid {
        let points = self.company.git.refname_to_id(BRANCH).ok();
        points.filter(|tip| self.company.git.find_commit(*tip).is_ok()).unwrap_or(self.company.last().commit)
    }

    fn object(&self, kind: ObjectType, bytes: &[u8]) -> Oid {
        self.company.git.odb().unwrap().write(kind, bytes).unwrap()
    }

    /// A ref, whatever its name is and whatever it points to.
    fn point(&self, name: &str, to: &str) {
        let path = self.company.git_dir().join(name);
        // where a folder is in the way, nothing happens
        let _ = path.parent().map(std::fs::create_dir_all);
        let _ = std::fs::write(path, format!("{to}\n"));
    }

    fn delete(&self, name: &str) {
        let _ = std::fs::remove_file(self.company.git_dir().join(name));
    }

    /// An object that is something, or nothing at all.
    fn anything(&mut self) -> String {
        let text = b"junk\n";
        let commit = self.tip();
        match self.chance.below(6) {
            0 => self.object(ObjectType::Blob, text).to_string(),
            1 => self.company.git.find_commit(commit).unwrap().tree_id().to_string(),
            2 => {
                let tag = format!("object {commit}\ntype commit\ntag junk\ntagger {SOMEBODY}\n\njunk\n");
                self.object(ObjectType::Tag, tag.as_bytes()).to_string()
            }
            3 => "00d1ce00d1ce00d1ce00d1ce00d1ce00d1ce00d1".to_owned(),
            4 => self.object(ObjectType::Commit, b"junk\n").to_string(),
            _ => commit.to_string(),
        }
    }

    fn junk_refs(&mut self) -> Harm {
        let head = self.company.last().head;
        for _ in 0..1 + self.chance.below(5) {
            let name = match self.chance.below(8) {
                0 => "refs/dualkey/zzz".to_owned(),
                1 => "refs/dualkey/approvals/junk".to_owned(),
                2 => format!("{APPROVALS}{head}/nobody"),
                3 => format!("{WITHDRAWALS}{head}/carl"),
                4 => "refs/dualkey/keys/ann/00".to_owned(),
                5 => format!("refs/dualkey/requests/{head}/\u{e9}"),
                6 => format!("refs/dualkey/approvals/{}/ann", self.company.genesis),
                _ => "refs/dualkey/a/b/c/d/e/f/g".to_owned(),
            };
            let to = self.anything();
            self.tells(format!("{name} points to {to}"));
            self.point(&name, &to);
        }
        Harm::Nothing
    }

    fn lease(&mut self) -> Harm {
        let length = self.chance.of(&["1000000000000000000", "-1", "0", "\"long\"", "1e400"]);
        let text = format!("{{\"holder\":{{\"run\":\"x\"}},\"length\":{length},\"number\":9999999999999999999}}\n");
        let files = BTreeMap::from([("lease.json".to_owned(), text)]);
        let tree = tree(&self.company.git, &files);
        let to = if self.chance.of_hundred(50) { self.commit(tree, &[], "").to_string() } else { self.anything() };
        self.tells(format!("the lease is {to}"));
        self.point(LEASE, &to);
        Harm::Nothing
    }

    /// A commit that nobody signed.
    fn commit(&self, tree: Oid, parents: &[Oid], more: &str) -> Oid {
        let parents: String = parents.iter().map(|parent| format!("parent {parent}\n")).collect();
        let text = format!("tree {tree}\n{parents}author {SOMEBODY}\n{more}committer {SOMEBODY}\n\njust this\n");
        self.object(ObjectType::Commit, text.as_bytes())
    }

    /// What somebody would like to declare, in files that may mean nothing.
    fn wishes(&mut self) -> BTreeMap<String, String> {
        let declared = &self.company.last().declaration;
        let mut files = self.company.files(declared);
        let mut write = |path: &str, text: &str| files.insert(path.to_owned(), text.to_owned());
        let what = match self.chance.below(14) {
            0..4 => {
                files = self.company.files(&declared.prolonged());
                "everything for ever"
            }
            4 => {
                files.retain(|path, _| !path.starts_with("people/c"));
                "no contractor"
            }
            5 => {
                files.retain(|path, _| !path.starts_with("grants/"));
                "no grant"
            }
            6 => {
                write("grants/g0.yaml", "to: [carl\n  until: : -\n");
                "a broken grant"
            }
            7 => {
                write("dualkey.yaml", "version: 1\nversion: 1\n");
                "a broken dualkey.yaml"
            }
            8 => {
                let text =
                    files["dualkey.yaml"].replace("  more: { type: sandbox, as: github }", "  more: { type: moon }");
                files.insert("dualkey.yaml".to_owned(), text);
                "a target of another type"
            }
            9 => {
                let text =
                    files["dualkey.yaml"].replace(LOG, "refs/dualkey/other").replace("branch: main", "branch: other");
                files.insert("dualkey.yaml".to_owned(), text);
                "another branch and another log"
            }
            10 => {
                write("policies/protected.yaml", "protected: [\"repository:*:*\"]\nadmins: { minimum: 9 }\n");
                "everything protected"
            }
            11 => {
                write("policies/odd.rego", "package dualkey\nimport rego.v1\ndeny contains \"no\" if true\n");
                "a rule that denies"
            }
            12 => {
                files.clear();
                "nothing at all"
            }
            _ => {
                write(".github/workflows/x.yaml", "on: push\n");
                write(".gitattributes", "* -diff\n");
                "a pipeline"
            }
        };
        self.tells(format!("unapproved: {what}"));
        files
    }

    fn commit_on_top(&mut self) -> Harm {
        let files = self.wishes();
        let mut tree = tree(&self.company.git, &files);
        if self.chance.of_hundred(15) {
            self.tells("with a symbolic link and a submodule");
            let git = &self.company.git;
            let link = git.blob(b"../../../etc/passwd").unwrap();
            let mut update = git2::build::TreeUpdateBuilder::new();
            update.upsert("grants/link.yaml", link, git2::FileMode::Link);
            update.upsert("people/sub.yaml", self.company.genesis, git2::FileMode::Commit);
            tree = update.create_updated(git, &git.find_tree(tree).unwrap()).unwrap();
        }
        let commit = self.commit(tree, &[self.tip()], "");
        self.point(BRANCH, &commit.to_string());
        Harm::Nothing
    }

    /// A commit, or a tree, that git would not have made.
    fn odd_commit(&mut self) -> Harm {
        let (git, tip) = (&self.company.git, self.tip());
        let tree_of_tip = git.find_commit(tip).unwrap().tree_id();
        let commit = match self.chance.below(5) {
            0 => {
                self.tells("a second author");
                self.commit(tree_of_tip, &[tip], &format!("author {SOMEBODY}\n"))
            }
            1 => {
                self.tells("a parent that is a tree");
                self.commit(tree_of_tip, &[tree_of_tip], "")
            }
            2 => {
                self.tells("a tree that is missing");
                self.commit(Oid::from_str("00d1ce00d1ce00d1ce00d1ce00d1ce00d1ce00d1").unwrap(), &[tip], "")
            }
            3 => {
                self.tells("a tree with the same name twice");
                let blob = git.blob(b"x").unwrap();
                let entry = [b"100644 dualkey.yaml\0".as_slice(), blob.as_bytes()].concat();
                let tree = self.object(ObjectType::Tree, &[entry.as_slice(), entry.as_slice()].concat());
                self.commit(tree, &[tip], "")
            }
            _ => {
                self.tells("a parent that is missing, beside the right one");
                let missing = Oid::from_str("00d1ce00d1ce00d1ce00d1ce00d1ce00d1ce00d1").unwrap();
                self.commit(tree_of_tip, &[tip, missing], "")
            }
        };
        self.point(BRANCH, &commit.to_string());
        Harm::Judging
    }

    /// Another history under the branch's name.
    fn move_branch(&mut self) -> Harm {
        let tree_of_tip = self.company.git.find_commit(self.tip()).unwrap().tree_id();
        let to = match self.chance.below(4) {
            0 => {
                self.tells("the branch is amended");
                let parents: Vec<Oid> = self.company.git.find_commit(self.tip()).unwrap().parent_ids().collect();
                self.commit(tree_of_tip, &parents, "")
            }
            1 => {
                self.tells("the branch is rewound");
                self.company.landings[self.chance.below(self.company.landings.len())].commit
            }
            2 => {
                self.tells("the branch is another beginning");
                let tree = tree(&self.company.git, &self.company.files(&self.company.last().declaration.prolonged()));
                self.commit(tree, &[], "")
            }
            _ => {
                self.tells("the branch is a head that was approved");
                self.company.landings[self.chance.below(self.company.landings.len())].head
            }
        };
        self.point(BRANCH, &to.to_string());
        Harm::Judging
    }

    fn break_branch(&mut self) -> Harm {
        if self.chance.of_hundred(40) {
            self.tells("the branch is deleted");
            self.delete(BRANCH);
        } else {
            let to = self.anything();
            self.tells(format!("the branch points to {to}"));
            self.point(BRANCH, &to);
        }
        Harm::Judging
    }

    /// What is small and costs much.
    fn dear(&mut self) -> Harm {
        let git = &self.company.git;
        let mut files = self.company.files(&self.company.last().declaration);
        let base = tree(git, &files);
        let under = |name: &str, tree: Oid| {
            let mut root = git.treebuilder(Some(&git.find_tree(base).unwrap())).unwrap();
            root.insert(name, tree, 0o040_000).unwrap();
            root.write().unwrap()
        };
        let (what, tree) = match self.chance.below(4) {
            0 => {
                let mut inner = tree(git, &BTreeMap::from([("x.yaml".to_owned(), "to: [carl]\n".to_owned())]));
                for _ in 0..9 {
                    let mut wide = git.treebuilder(None).unwrap();
                    for number in 0..10 {
                        wide.insert(format!("f{number}"), inner, 0o040_000).unwrap();
                    }
                    inner = wide.write().unwrap();
                }
                ("a tree that unfolds to billions", under("grants", inner))
            }
            1 => {
                let blob = git.blob(&vec![b'#'; 20_000]).unwrap();
                let mut many = git.treebuilder(None).unwrap();
                for number in 0..500 {
                    many.insert(format!("g{number}.yaml"), blob, 0o100_644).unwrap();
                }
                ("one file under many names", under("grants", many.write().unwrap()))
            }
            2 => {
                let mut deep = tree(git, &BTreeMap::from([("x.yaml".to_owned(), "x".to_owned())]));
                for _ in 0..400 {
                    let mut one = git.treebuilder(None).unwrap();
                    one.insert("d", deep, 0o040_000).unwrap();
                    deep = one.write().unwrap();
                }
                ("a very deep tree", under("people", deep))
            }
            _ => {
                let rule = "package dualkey\nimport rego.v1\n\
                            deny contains msg if {\n  some a in numbers.range(1, 3000)\n  some b in numbers.range(1, 3000)\n  \
                            a * b == -1\n  msg := \"never\"\n}\n";
                files.insert("policies/dear.rego".to_owned(), rule.to_owned());
                ("a rule that turns long", tree(git, &files))
            }
        };
        let commit = self.commit(tree, &[self.tip()], "");
        self.tells(what);
        self.point(BRANCH, &commit.to_string());
        Harm::Judging
    }

    /// A prolonging that nobody approved, with all that can be written to make it look so.
    fn forge_approvals(&mut self) -> Harm {
        let (tip, last) = (self.tip(), self.company.last());
        let wished = last.declaration.prolonged();
        // signed by Tom's key, as if he had asked for it
        let head = self.company.commit(&wished, &[last.commit], "Everything for ever");
        for person in ["ann", "ben"] {
            let name = format!("{APPROVALS}{head}/{person}");
            if self.chance.of_hundred(50) {
                let statement = self.company.statement(last.commit, head, person, self.day);
                self.company.publish(&name, head, &statement, EVES_KEY);
            } else {
                // a genuine one, of another head
                let other = self.company.git.refname_to_id(&format!("{APPROVALS}{}/{person}", last.head));
                other.map(|other| self.point(&name, &other.to_string())).unwrap_or_default();
            }
        }
        let tree = self.company.git.find_commit(head).unwrap().tree_id();
        let merge = self.commit(tree, &[tip, head], "");
        self.tells("forged approvals of everything for ever");
        self.point(BRANCH, &merge.to_string());
        Harm::Nothing
    }

    /// Statements of landings, replaced or gone.
    fn spoil_statements(&mut self) -> Harm {
        let large = vec![b'x'; 3 << 20];
        let large = self.object(ObjectType::Blob, &large);
        let mut files = self.company.git.treebuilder(None).unwrap();
        files.insert("statement.json", large, 0o100_644).unwrap();
        files.insert("statement.sig", large, 0o100_644).unwrap();
        let tree = files.write().unwrap();
        for landing in &self.company.landings.clone()[1..] {
            for person in ["ann", "ben"] {
                let name = format!("{APPROVALS}{}/{person}", landing.head);
                match self.chance.below(4) {
                    0 => self.delete(&name),
                    1 => {
                        let to = self.anything();
                        self.point(&name, &to);
                    }
                    2 => self.point(&name, &self.commit(tree, &[landing.head], "").to_string()),
                    _ => {}
                }
            }
        }
        self.tells("statements are replaced and deleted");
        Harm::Judging
    }

    fn spoil_log(&mut self) -> Harm {
        match self.chance.below(4) {
            0 => {
                self.tells("the log is deleted");
                self.delete(LOG);
            }
            1 => {
                let to = self.anything();
                self.tells(format!("the log points to {to}"));
                self.point(LOG, &to);
            }
            2 => {
                self.tells("the log goes on without its key");
                let last = self.logs.last().unwrap().1;
                let git = &self.company.git;
                let tree = git.find_commit(last).unwrap().tree().unwrap();
                let mut forged = git.treebuilder(Some(&tree)).unwrap();
                let text = git.blob(b"northwind\n999\nAAAA\n\nno signature\n").unwrap();
                forged.insert("checkpoint", text, 0o100_644).unwrap();
                let forged = self.commit(forged.write().unwrap(), &[last], "");
                self.point(LOG, &forged.to_string());
            }
            _ => {
                let (known, log) = self.chance.of(self.logs);
                self.tells(format!("the log is again the one that knew {known} landings"));
                self.point(LOG, &log.to_string());
                return Harm::RolledBack(known);
            }
        }
        Harm::Log
    }

    fn many_commits(&mut self) -> Harm {
        let mut tip = self.tip();
        let wished = tree(&self.company.git, &self.company.files(&self.company.last().declaration.prolonged()));
        let other = self.company.git.find_commit(tip).unwrap().tree_id();
        for number in 0..12 {
            tip = self.commit(if number % 2 == 0 { wished } else { other }, &[tip], "");
            let to = self.anything();
            self.point(&format!("{APPROVALS}{tip}/ann"), &to);
        }
        self.tells("many commits with junk for approvals");
        self.point(BRANCH, &tip.to_string());
        Harm::Nothing
    }
}
