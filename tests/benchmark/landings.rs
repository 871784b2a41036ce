//! Measures what it costs to verify a history of signed landings: each a branch with one signed commit that lets a grant
//! end at another time, approved by an owner, and merged.
//!
//! ```text
//! cargo bench --bench landings                2,000 landings
//! cargo bench --bench landings -- 500         as many as named
//! ```
//!
//! Half as many are measured too: what doubles with the landings doubles in cost.

#![allow(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and may fail as loudly as a test"
)]

use std::path::Path;
use std::process::{Command, Stdio};

use dualkey::access::{LastRead, Revision};
use dualkey::approval::statement::{
    APPROVALS, ApprovalStatement, ApprovalType, GIT_NAMESPACE, NAMESPACE, SIGNATURE_FILE, STATEMENT_FILE, canonical,
};
use dualkey::approval::{Recorded, Says, Signatures, Verdict, Verifier};
use dualkey::plan;
use dualkey::repository::{Repository as AccessRepository, Snapshot, StateRefs};
use dualkey::targets::KINDS;
use git2::{FileMode, Oid, Repository, Signature, build::TreeUpdateBuilder};
use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::{HashAlg, LineEnding, PrivateKey};
use wait4::Wait4 as _;

const NOW: &str = "2026-11-23T09:00:00Z";
/// What stands for the log's key in the anchor.
const ANCHOR_KEY: &str = "c74f20a3";
/// Contractors, each with one grant.
const CONTRACTORS: usize = 100;
/// How often each is measured; the cheapest counts.
const RUNS: usize = 3;

const FILES: [(&str, &str); 6] = [
    (
        "dualkey.yaml",
        "version: 1\norganization: northwind\ntimezone: Europe/London\n\
         targets:\n  github: { type: sandbox, as: github }\napproval: { evidence: signatures, branch: main }\n\
         audit: { ref: refs/dualkey/audit, key: \"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\" }\n",
    ),
    ("vendors/globex.yaml", "name: G\nsponsor: ann\ncontract: { from: 2026-10-01, until: 2027-03-31 }\n"),
    ("groups/admins.yaml", "members: [ann, ben]\n"),
    (
        "domains/payments.yaml",
        "title: P\nenvironment: staging\nowners: [ann, ben]\ncontractors: allowed\n\
         resources:\n  api: { repository: northwind/api }\n",
    ),
    ("roles/writer.yaml", "title: W\nrisk: standard\ncontractors: allowed\nentitlements:\n  repository: push\n"),
    (
        "policies/approvals.yaml",
        "approvals:\n  - { change: access, count: 1, from: domain-owners }\n  \
         - { change: removal, count: 1, from: [domain-owners, \"group:admins\"] }\n  \
         - { change: bridge, count: 1, from: domain-owners }\n  \
         - { change: identity, count: 1, from: \"group:admins\" }\n  \
         - { change: policy, count: 1, from: \"group:admins\" }\n",
    ),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [what, folder, genesis, tip] = &arguments[..]
        && what == "verify"
    {
        return verify(Path::new(folder), genesis, tip);
    }
    let landings: usize = arguments.first().map_or(2000, |text| text.parse().unwrap());
    println!("| Work | CPU s | peak MiB |\n|---|---|---|");
    for landings in [landings / 2, landings] {
        let folder = tempfile::tempdir().unwrap();
        let (genesis, tip) = write(folder.path(), landings);
        let used = (0..RUNS).map(|_| {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.arg("verify").arg(folder.path()).args([genesis.to_string(), tip.to_string()]);
            let used = command.stdout(Stdio::inherit()).spawn().unwrap().wait4().unwrap();
            assert!(used.status.success());
            (used.rusage.utime + used.rusage.stime, used.rusage.maxrss)
        });
        let (cpu, peak) = used.min().unwrap();
        println!("| verify {landings} landings | {:.2} | {} |", cpu.as_secs_f64(), peak >> 20);
    }
}

/// Verifies them all, as `dualkey verify` does where the log records none of them.
fn verify(folder: &Path, genesis: &str, tip: &str) {
    let repository = AccessRepository::open(folder).unwrap();
    let recorded = Recorded {
        genesis: genesis.parse().unwrap(),
        anchor: format!("{genesis}:{ANCHOR_KEY}"),
        vouched_by: Vec::new(),
        landings: Vec::new(),
        removals: Vec::new(),
        said: Vec::new(),
        keys: Vec::new(),
    };
    let source = Signatures::open(&repository, &StateRefs::local(&repository, "main")).unwrap();
    let verifier = Verifier::new(&repository, source, &recorded, "main", KINDS, NOW.parse().unwrap());
    let chain = verifier.chain(tip.parse().unwrap()).unwrap();
    assert!(chain.landings.iter().all(|landing| landing.verdict == Verdict::Approved), "{:#?}", chain.landings.last());
}

fn key(number: u8) -> PrivateKey {
    PrivateKey::new(KeypairData::Ed25519(Ed25519Keypair::from_seed(&[number; 32])), "").unwrap()
}

fn sign(number: u8, namespace: &str, message: &[u8]) -> String {
    key(number).sign(namespace, HashAlg::Sha512, message).unwrap().to_pem(LineEnding::LF).unwrap()
}

/// The grant of a contractor, as it is after so many changes.
fn grant(contractor: usize, changes: usize) -> String {
    let day = 1 + changes % 28;
    format!(
        "to: [c{contractor:03}]\nrole: writer\ndomain: payments\nfrom: 2026-11-02\nuntil: 2027-01-{day:02}\nreason: x\n"
    )
}

/// Makes the history in a new repository, packed; gives its first commit and its last.
fn write(folder: &Path, landings: usize) -> (Oid, Oid) {
    let git = Repository::init(folder).unwrap();
    let mut files: Vec<(String, String)> = FILES.map(|(path, text)| (path.to_owned(), text.to_owned())).into();
    for (id, number) in [("ann", 1), ("ben", 2), ("tom", 3)] {
        let key = key(number).public_key().to_openssh().unwrap();
        let account = format!("accounts:\n  github: {{ login: {id}-nw, id: {number} }}\n");
        let text =
            format!("name: {id}\ntype: employee\n{account}emails: [{id}@northwind.example]\nkeys: [\"{key}\"]\n");
        files.push((format!("people/{id}.yaml"), text));
    }
    for contractor in 0..CONTRACTORS {
        let text = format!(
            "name: c{contractor}\ntype: contractor\nvendor: globex\nsponsor: ann\n\
             engagement: {{ from: 2026-11-01, until: 2027-01-31 }}\n\
             accounts:\n  github: {{ login: c{contractor}-nw, id: {} }}\n",
            contractor + 100
        );
        files.push((format!("people/c{contractor:03}.yaml"), text));
        files.push((format!("grants/c{contractor:03}.yaml"), grant(contractor, 0)));
    }
    let empty = git.treebuilder(None).unwrap().write().unwrap();
    let genesis = commit(&git, empty, &files, &[]);
    let access = AccessRepository::open(folder).unwrap();
    let mut cache = LastRead::default();
    let mut load = |commit: Oid| {
        let snapshot = Snapshot::of_commit(&access, commit.to_string().parse().unwrap()).unwrap();
        Revision::load(&snapshot, KINDS, &mut cache).unwrap()
    };
    let (mut tip, mut stands) = (genesis, load(genesis));
    for number in 0..landings {
        let contractor = number % CONTRACTORS;
        let changed = (format!("grants/c{contractor:03}.yaml"), grant(contractor, 1 + number / CONTRACTORS));
        let tree = git.find_commit(tip).unwrap().tree_id();
        let head = commit(&git, tree, &[changed], &[tip]);
        let after = load(head);
        let digest = plan::plan(&stands, &after, NOW.parse().unwrap()).digest;
        approve(&git, genesis, tip, head, digest.to_string());
        let tree = git.find_commit(head).unwrap().tree_id();
        (tip, stands) = (commit(&git, tree, &[], &[tip, head]), after);
    }
    git.reference("refs/heads/main", tip, true, "").unwrap();
    let mut repack = Command::new("git");
    assert!(repack.current_dir(folder).args(["gc", "-q", "--prune=now"]).status().unwrap().success());
    (genesis, tip)
}

/// A commit that Tom signs.
fn commit(git: &Repository, tree: Oid, files: &[(String, String)], parents: &[Oid]) -> Oid {
    let mut changed = TreeUpdateBuilder::new();
    for (path, text) in files {
        changed.upsert(path.as_str(), git.blob(text.as_bytes()).unwrap(), FileMode::Blob);
    }
    let tree = changed.create_updated(git, &git.find_tree(tree).unwrap()).unwrap();
    let tree = git.find_tree(tree).unwrap();
    let parents: Vec<git2::Commit<'_>> = parents.iter().map(|parent| git.find_commit(*parent).unwrap()).collect();
    let parents: Vec<&git2::Commit<'_>> = parents.iter().collect();
    let who = Signature::new("tom", "tom@northwind.example", &git2::Time::new(1_795_000_000, 0)).unwrap();
    let text = git.commit_create_buffer(&who, &who, "change", &tree, &parents).unwrap();
    let text = std::str::from_utf8(&text).unwrap();
    git.commit_signed(text, &sign(3, GIT_NAMESPACE, text.as_bytes()), None).unwrap()
}

/// Ann approves a head that started from the tip.
fn approve(git: &Repository, genesis: Oid, tip: Oid, head: Oid, digest: String) {
    let commit = git.find_commit(head).unwrap();
    let statement = canonical(&ApprovalStatement {
        statement_type: ApprovalType::V1,
        anchor: format!("{genesis}:{ANCHOR_KEY}"),
        branch: "main".to_owned(),
        base: tip.to_string(),
        head: head.to_string(),
        head_tree: commit.tree_id().to_string(),
        digest,
        person: "ann".to_owned(),
        verdict: Says::Approve,
        at: NOW.to_owned(),
    });
    let signature = sign(1, NAMESPACE, &statement);
    let mut tree = git.treebuilder(None).unwrap();
    for (name, bytes) in [(STATEMENT_FILE, statement.as_slice()), (SIGNATURE_FILE, signature.as_bytes())] {
        tree.insert(name, git.blob(bytes).unwrap(), 0o100_644).unwrap();
    }
    let tree = git.find_tree(tree.write().unwrap()).unwrap();
    let who = Signature::new("ann", "ann@northwind.example", &git2::Time::new(1_795_000_000, 0)).unwrap();
    let holder = git.commit(None, &who, &who, "statement", &tree, &[&commit]).unwrap();
    git.reference(&format!("{APPROVALS}{head}/ann"), holder, true, "").unwrap();
}
