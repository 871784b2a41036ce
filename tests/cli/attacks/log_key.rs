//! Who stole the log's key alone: every record is what he says, and nothing of what people sign.

use std::collections::BTreeMap;
use std::path::Path;

use dualkey::audit::record::{Approval, At, Landing, Statement, Verdict};
use dualkey::audit::{Log, LogError, LogKey, Record, Store, Stored};
use dualkey::repository::{Oid, Repository, StateRefs};
use dualkey::targets::KINDS;

use super::{applied, branch, direct, edit, merge};
use crate::bad_input::trust::rewrite_log;
use crate::ends::forget_copy;
use crate::pruning::NO_DELETIONS;
use crate::support::{ALICE_GRANT, NOW, World};

const LOG: &str = "refs/dualkey/audit";

fn log_key(world: &World) -> LogKey {
    LogKey::parse(std::fs::read_to_string(world.path("log.key")).unwrap().trim()).ok().unwrap()
}

/// Does something with the log as the holder of its key can, in a clone.
fn with_log<T>(world: &World, work: impl FnOnce(&Store<'_>, Stored, &LogKey) -> T) -> T {
    let repository = Repository::open(&world.repo()).unwrap();
    let refs = StateRefs::open(&repository, None, "main").unwrap();
    refs.refresh(&[LOG]).unwrap();
    let (store, key) = (Store::new(&repository, &refs, LOG, KINDS), log_key(world));
    let stored = store.load(key.verifier()).unwrap().unwrap();
    work(&store, stored, &key)
}

fn now() -> At {
    At(NOW.parse().unwrap())
}

/// Everything that the log says.
pub fn records(world: &World) -> Vec<Record> {
    let repository = Repository::open(&world.repo()).unwrap();
    let mut records = Vec::new();
    with_log(world, |_, stored, _| {
        let all = stored.log.reader(&stored.files(&repository).unwrap()).each(None, |_, entry| {
            records.push(entry.record().clone());
            Ok::<(), LogError>(())
        });
        all.unwrap();
    });
    records
}

/// Appends records, signed with the stolen key.
pub fn forge(world: &World, records: Vec<Record>) {
    with_log(world, |store, stored, key| store.append(&stored, records, key, "Forged", now().0).unwrap());
}

/// The log as somebody writes it anew who holds its key: from every record what it becomes. What clones saw of it is forgotten.
pub fn written_anew(world: &World, mut change: impl FnMut(Record) -> Record) {
    let (mut records, key) = (records(world).into_iter().map(&mut change), log_key(world));
    let Some(Record::Genesis(genesis)) = records.next() else { panic!("a log begins with its genesis") };
    let (mut log, begun) = Log::new(genesis, &key, KINDS).unwrap();
    let mut files = BTreeMap::new();
    begun.apply(&mut files);
    log.append(&files, records.collect(), &key).unwrap().apply(&mut files);
    rewrite_log(world, |folder: &Path| {
        std::fs::remove_dir_all(folder.join("tile")).unwrap();
        for (path, bytes) in &files {
            let path = folder.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    });
    for seen in std::fs::read_dir(world.repo().join(".git/dualkey")).unwrap().map(Result::unwrap) {
        let name = seen.file_name().to_string_lossy().into_owned();
        if name.starts_with("log-") || name.starts_with("verified-") {
            std::fs::remove_file(seen.path()).unwrap();
        }
    }
    forget_copy(world);
}

/// The log of a version that kept no statements.
fn without_statements(world: &World) {
    written_anew(world, |mut record| {
        if let Record::Landing(landing) = &mut record {
            landing.statements.clear();
        }
        record
    });
}

/// Northwind with Alice, by a version that kept what people signed in refs alone.
fn told_by_an_older_version() -> World {
    let world = World::new();
    world.remote_hook("update", NO_DELETIONS);
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0);
    world.land("alice");
    world.timed(&["apply"]).exits(0);
    std::fs::remove_file(world.path("origin.git/hooks/update")).unwrap();
    without_statements(&world);
    world
}

/// A landing from the last recorded one to the tip of the branch, approved by Priya, it says.
pub fn landing(world: &World, head: &str, statements: Vec<Statement>) -> Landing {
    let commit = |record: &Record| if let Record::Landing(one) = record { Some(one.commit.clone()) } else { None };
    let base = records(world).iter().rev().find_map(commit).unwrap();
    Landing {
        base,
        commit: world.rev("origin/main"),
        head: Some(world.rev(head)),
        verdict: Verdict::Approved,
        approvals: vec![Approval { person: "priya.shah".to_owned(), at: now() }],
        authors: vec!["tom.reed".to_owned()],
        evidence: serde_json::json!({ "source": "signatures", "notes": [] }),
        digest: None,
        statements,
        changes: Vec::new(),
        run: "forged".to_owned(),
        at: now(),
    }
}

/// What a person really signed of a head.
pub fn signed(world: &World, head: &str, person: &str) -> Statement {
    let refs = world.git(&["for-each-ref", "--format=%(refname)", "refs/dualkey-mirror/"]);
    let end = format!("approvals/{}/{person}", world.rev(head));
    let name = refs.lines().find(|name| name.ends_with(&end)).expect("an approval").to_owned();
    let file = |file: &str| world.git(&["show", &format!("{name}:{file}")]);
    Statement { person: person.to_owned(), statement: file("statement.json"), signature: file("statement.sig") }
}

/// Takes the refs away that hold what people signed, here and on the remote.
fn forget_what_was_signed(world: &World) {
    let origin = world.path("origin.git");
    for place in [origin.as_path(), &world.repo()] {
        let refs = world.git_in(place, &["for-each-ref", "--format=%(refname)"]);
        let of_people =
            |name: &&str| ["/approvals/", "/withdrawals/", "/requests/"].iter().any(|kind| name.contains(kind));
        for name in refs.lines().filter(of_people) {
            world.git_in(place, &["update-ref", "-d", name]);
        }
    }
}

/// Nothing of the forged landing is given, and everybody says why.
#[track_caller]
fn is_refused(world: &World) {
    world.timed(&["verify"]).exits(1).says("refused[record-unproven]").says("--continue");
    world.timed(&["apply"]).exits(3).says("record-unproven");
    assert!(!world.live("github").contains("583231"), "Alice was let in");
    world.timed(&["access", "priya.shah"]).exits(1).says("record-unproven");
}

#[test]
fn a_landing_that_the_log_alone_calls_approved_gives_nothing() {
    let world = applied();
    world.let_alice_in("alice");
    merge(&world, "alice");
    forge(&world, vec![Record::Landing(landing(&world, "alice", Vec::new()))]);
    is_refused(&world);
    // the people who may approve heal it
    world.approve("alice", "priya.shah").exits(0);
    world.timed(&["verify"]).exits(0).says("approved by priya.shah");
    world.timed(&["apply"]).exits(0);
    assert!(world.live("github").contains("583231"));
}

#[test]
fn what_was_signed_for_something_else_proves_no_record() {
    // of another head
    let world = applied();
    branch(&world, "other", |world| edit(world, "grants/payments/bob-checkout.yaml", "2027-02-26", "2027-02-20"));
    world.approve("other", "priya.shah").exits(0);
    let of_other = signed(&world, "other", "priya.shah");
    world.let_alice_in("alice");
    merge(&world, "alice");
    forge(&world, vec![Record::Landing(landing(&world, "alice", vec![of_other]))]);
    is_refused(&world);

    // of the same head, and the merge holds a line more
    let world = applied();
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0);
    world.git(&["switch", "-q", "main"]);
    world.git(&["merge", "-q", "--no-ff", "--no-commit", "alice"]);
    let wider = ALICE_GRANT.replace("[payments-api]", "[payments-api, payments-web]");
    world.write("grants/payments/alice-refunds.yaml", &wider);
    direct(&world, "Merge");
    let genuine = signed(&world, "alice", "priya.shah");
    forge(&world, vec![Record::Landing(landing(&world, "alice", vec![genuine]))]);
    is_refused(&world);
}

#[test]
fn fewer_than_the_rules_ask_for_prove_no_record() {
    let world = applied();
    branch(&world, "friend", |world| {
        edit(world, "groups/access-admins.yaml", "[lena.vogt", "[yusuf.demir, lena.vogt");
    });
    world.approve("friend", "mei.tanaka").exits(0);
    merge(&world, "friend");
    let one = signed(&world, "friend", "mei.tanaka");
    forge(&world, vec![Record::Landing(landing(&world, "friend", vec![one]))]);
    world.timed(&["verify"]).exits(1).says("refused[record-unproven]").says("quorum-not-met");
    world.timed(&["apply"]).exits(3);
}

#[test]
fn nothing_changes_where_the_log_says_so_only_if_nothing_does() {
    for verdict in [Verdict::Unmanaged, Verdict::Restored] {
        let world = applied();
        world.let_alice_in("alice");
        merge(&world, "alice");
        let forged = Landing { verdict, head: None, approvals: Vec::new(), ..landing(&world, "alice", Vec::new()) };
        forge(&world, vec![Record::Landing(forged)]);
        is_refused(&world);
    }
}

#[test]
fn what_nobody_proves_brings_no_rule_and_no_person() {
    // the forged landing makes everybody's access the program's and gives Alice's account to Bob
    let world = applied();
    branch(&world, "all", |world| {
        edit(world, "people/bob.keller.yaml", "402668", "583231");
        edit(world, "dualkey.yaml", "manage: contractors", "manage: everyone");
    });
    merge(&world, "all");
    forge(&world, vec![Record::Landing(landing(&world, "all", Vec::new()))]);
    is_refused(&world);
    assert!(world.live("github").contains("\"push\""), "what else is declared stays");
    // what is over ends all the same
    world.now_is("2027-03-01T09:00:00Z").timed(&["apply", "--only-ends"]).says("revoke");
}

#[test]
fn a_key_that_comes_from_a_forged_landing_signs_nothing_that_anybody_believes() {
    let world = applied();
    branch(&world, "key", |world| drop(world.names_key("mine.key")));
    merge(&world, "key");
    forge(&world, vec![Record::Landing(landing(&world, "key", Vec::new()))]);
    let mine = LogKey::parse(std::fs::read_to_string(world.path("mine.key")).unwrap().trim()).ok().unwrap();
    let tip: Oid = world.rev("origin/main").parse().unwrap();
    with_log(&world, |store, stored, old| drop(store.rotate(&stored, tip, (old, &mine), now().0).unwrap()));
    world.timed(&["verify"]).exits(1).says("refused[record-unproven]").says("another key");
}

#[test]
fn a_log_whose_beginning_nobody_vouches_for_is_not_believed() {
    let world = applied();
    written_anew(&world, |mut record| {
        if let Record::Genesis(genesis) = &mut record {
            genesis.statements[1].signature = genesis.statements[0].signature.clone();
        }
        record
    });
    world.timed(&["verify"]).exits(1).says("refused[record-unproven]").says("vouch");
    world.timed(&["apply"]).exits(3).says("record-unproven");
}

#[test]
fn a_record_with_what_was_signed_needs_neither_branches_nor_refs() {
    let world = applied();
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0);
    world.git(&["switch", "-q", "main"]);
    world.git(&["merge", "-q", "--squash", "alice"]);
    direct(&world, "Squash");
    world.timed(&["apply"]).exits(0);
    // the head that was squashed is nowhere but in the log
    forget_what_was_signed(&world);
    world.git(&["push", "-q", "origin", ":alice"]);
    world.git_in(&world.path("origin.git"), &["gc", "-q", "--prune=now"]);
    world.git_in(world.root.path(), &["clone", "-q", "origin.git", "fresh"]);
    world.timed_in(&world.path("fresh"), &["verify"]).exits(0).says("approved by priya.shah");
}

#[test]
fn landings_of_an_older_log_are_verified_again_and_written_down_once() {
    let world = told_by_an_older_version();
    world.timed(&["verify"]).exits(0).says("approved by priya.shah");
    world.timed(&["apply"]).exits(0);
    let log = world.dualkey(&["audit", "log"]).exits(0).stdout;
    assert_eq!(log.matches("1 landing verified again").count(), 1, "{log}");
    forget_what_was_signed(&world);
    world.timed(&["verify"]).exits(0).says("approved by priya.shah");
    world.timed(&["apply"]).exits(0).says("applied already");
    assert_eq!(world.dualkey(&["audit", "log"]).exits(0).stdout, log);
}

#[test]
fn what_of_an_older_log_can_t_be_verified_again_gives_nothing() {
    let world = told_by_an_older_version();
    forget_what_was_signed(&world);
    assert!(world.live("github").contains("583231"));
    world.timed(&["verify"]).exits(1).says("refused[record-unproven]").says("--continue");
    // what only that landing gave is left, since nobody who is shown to have approved it took it
    world.timed(&["apply"]).exits(3).says("record-unproven").says("what it gave is left until it is over");
    assert!(world.live("github").contains("583231"));
    world.timed(&["drift"]).exits(0);
    // it ends when it is over
    world.now_is("2027-01-10T09:00:00Z").timed(&["apply"]).exits(3).says("revoke alice.nguyen");
    assert!(!world.live("github").contains("583231"));
}

#[test]
fn what_of_an_older_log_gave_something_does_not_give_it_again() {
    let world = told_by_an_older_version();
    forget_what_was_signed(&world);
    let mut live: serde_json::Value = serde_json::from_str(&world.live("github")).unwrap();
    live["entitlements"].as_array_mut().unwrap().retain(|one| one["principal"] != "583231");
    std::fs::write(world.repo().join(".git/dualkey/github.json"), live.to_string()).unwrap();
    world.timed(&["apply"]).exits(3).says("record-unproven");
    assert!(!world.live("github").contains("583231"));
}

/// Alice's grant is taken away, approved and merged.
pub fn away(world: &World) {
    branch(world, "away", |world| {
        world.git(&["rm", "-q", "grants/payments/alice-refunds.yaml"]);
    });
    world.approve("away", "priya.shah").exits(0);
    merge(world, "away");
}

#[test]
fn a_forged_landing_keeps_nothing_that_an_approved_one_took() {
    let world = World::told();
    away(&world);
    world.write("grants/payments/alice-refunds.yaml", &ALICE_GRANT.replace("Build", "Rebuild"));
    direct(&world, "Back");
    forge(&world, vec![Record::Landing(landing(&world, "alice", Vec::new()))]);
    world.timed(&["verify"]).exits(1).says("refused[record-unproven]");
    world.timed(&["apply"]).exits(3).says("revoke alice.nguyen");
    assert!(!world.live("github").contains("583231"));
}

#[test]
fn what_a_person_took_back_stays_so_though_the_record_leaves_it_out() {
    let mut world = applied();
    world.let_alice_in("alice");
    world.approve("alice", "priya.shah").exits(0);
    let genuine = signed(&world, "alice", "priya.shah");
    world.now = "2026-11-23T09:10:00Z".to_owned();
    world.approve_with(&["--head", "alice", "--withdraw"], "priya.shah").exits(0);
    world.timed(&["apply"]).exits(0);
    let log = world.dualkey(&["audit", "log"]).exits(0).stdout;
    assert!(log.contains("1 statement against a head, by priya.shah"), "{log}");
    forget_what_was_signed(&world);
    merge(&world, "alice");
    forge(&world, vec![Record::Landing(landing(&world, "alice", vec![genuine]))]);
    is_refused(&world);
}

#[test]
fn what_landed_last_says_whether_a_checkpoint_is_missed_and_not_what_was_pushed() {
    let world = World::told();
    branch(&world, "real", |world| {
        edit(
            world,
            "dualkey.yaml",
            "github: { type: sandbox, as: github }",
            "github: { organization: northwind, id: 9919 }",
        );
    });
    merge(&world, "real");
    let pushed = world.timed(&["verify"]).exits(1);
    assert!(!pushed.stderr.contains("checkpoint-missing"), "{}", pushed.stderr);
    // no run of a test reaches what is real, so its record is written by hand
    forge(&world, vec![Record::Landing(landing(&world, "real", Vec::new()))]);
    // who gives nothing by it isn't told each time
    assert!(!world.timed(&["verify"]).exits(1).stderr.contains("checkpoint-missing"));
    world.timed(&["apply"]).says("warning[checkpoint-missing] no checkpoint of the log is kept");
}
