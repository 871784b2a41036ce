//! Every check of a signed statement: each field wrong in turn, and each place where it may stand.

use jiff::Timestamp;
use serde_json::{Value as Json, json};
use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::public::KeyData;
use ssh_key::{HashAlg, LineEnding, PrivateKey};

use super::super::statement::{
    Expected, Found, GIT_NAMESPACE, NAMESPACE, canonical, check, genuine, proven_key, vouches,
};
use super::super::testimony::{Anchor, Branch};
use super::super::{Says, Signed};
use super::{SIGNATURES, oid, person, revision};
use crate::access::Revision;
use crate::approval::landing::Reviewed;
use crate::plan::{self, Digest, Held};
use crate::repository::Oid;

const ANCHOR: &str = "1111111111111111111111111111111111111111:c74f20a3";

fn private(number: u8) -> PrivateKey {
    PrivateKey::new(KeypairData::Ed25519(Ed25519Keypair::from_seed(&[number; 32])), "").unwrap()
}

fn public(number: u8) -> KeyData {
    private(number).public_key().key_data().clone()
}

/// Ann and Ben, Zoe from outside and a robot, with the keys 1 to 4.
fn registry() -> Revision {
    let file = |number: u8, more: &str| {
        format!("name: Nobody\n{more}keys: [\"{}\"]\n", private(number).public_key().to_openssh().unwrap())
    };
    let outside =
        "type: contractor\nvendor: globex\nsponsor: ann\nengagement: { from: 2026-11-01, until: 2027-01-31 }\n";
    let files = [
        ("people/ann.yaml", file(1, "type: employee\n")),
        ("people/ben.yaml", file(2, "type: employee\n")),
        ("people/zoe.yaml", file(3, outside)),
        ("people/robot.yaml", file(4, "type: service\nsponsor: ben\n")),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let revision = revision(SIGNATURES, &files);
    assert!(!revision.is_misread(), "{:?}", revision.reading);
    revision
}

fn signature(number: u8, namespace: &str, text: &str) -> String {
    private(number).sign(namespace, HashAlg::Sha512, text.as_bytes()).unwrap().to_pem(LineEnding::LF).unwrap()
}

/// A text as this person gives it, signed by a key in a namespace.
fn signed(id: &str, number: u8, namespace: &str, text: &str) -> Signed {
    Signed { person: person(id), statement: text.to_owned(), signature: signature(number, namespace, text) }
}

fn text(statement: &Json) -> String {
    String::from_utf8(canonical(statement)).unwrap()
}

const SAYS: [(Says, &str); 3] =
    [(Says::Approve, "approve"), (Says::Withdraw, "withdraw"), (Says::RequestChanges, "request-changes")];

/// What Ann says of a head, whole and right.
fn said(verdict: &str) -> Json {
    json!({ "type": "dualkey/approval/1", "anchor": ANCHOR, "branch": "main", "base": oid(1).to_string(),
        "head": oid(2).to_string(), "head_tree": oid(3).to_string(), "digest": digest().to_string(), "person": "ann",
        "verdict": verdict, "at": "2026-11-23T09:00:00Z" })
}

fn found(says: Says, signed: Signed) -> Found {
    Found { head: oid(2), person: signed.person.clone(), says, parents: vec![oid(2)], signed }
}

thread_local!(static REGISTRY: Revision = registry());

/// Of a change, whichever it is.
fn digest() -> Digest {
    REGISTRY.with(|tree| plan::unlinted(tree, tree, Timestamp::UNIX_EPOCH, &Held::default()).digest)
}

/// The code that the check refuses with; none where it counts.
fn checked(found: &Found) -> Option<&'static str> {
    checked_of(found, &Reviewed::Is(digest()))
}

fn checked_of(found: &Found, reviewed: &Reviewed) -> Option<&'static str> {
    let (base, head, head_tree) = (oid(1), oid(2), oid(3));
    let expected =
        Expected { anchor: Anchor::new(ANCHOR), branch: Branch::new("main"), base, head, head_tree, reviewed };
    REGISTRY.with(|registry| check(found, &expected, &registry.access).err().map(|refusal| refusal.code.id))
}

fn is_genuine(found: &Found) -> bool {
    REGISTRY.with(|registry| genuine(found, Anchor::new(ANCHOR), Branch::new("main"), &registry.access).is_some())
}

/// The statement with one field otherwise, signed as it should be.
fn with(verdict: &str, field: &str, value: Json) -> Signed {
    let mut statement = said(verdict);
    statement[field] = value;
    signed("ann", 1, NAMESPACE, &text(&statement))
}

#[test]
fn a_statement_counts_only_with_every_field_right() {
    for (says, verdict) in SAYS {
        let right = found(says, signed("ann", 1, NAMESPACE, &text(&said(verdict))));
        assert_eq!((checked(&right), is_genuine(&right)), (None, true), "{verdict}");
        // the path that asks what somebody said of a head looks at neither base, tree nor digest
        for (field, value, genuine) in [
            ("anchor", json!("2222222222222222222222222222222222222222:c74f20a3"), false),
            ("branch", json!("release"), false),
            ("base", json!(oid(9).to_string()), true),
            ("head", json!(oid(9).to_string()), false),
            ("head_tree", json!(oid(9).to_string()), true),
            ("digest", json!("sha256:2"), true),
            ("person", json!("ben"), false),
        ] {
            let wrong = found(says, with(verdict, field, value));
            assert_eq!(
                (checked(&wrong), is_genuine(&wrong)),
                (Some("statement-elsewhere"), genuine),
                "{verdict} {field}"
            );
        }
        for (field, value) in [
            ("type", json!("dualkey/approval/2")),
            ("type", json!("dualkey/key/1")),
            ("verdict", json!("approved")),
            ("at", json!(1)),
            ("more", json!("x")),
        ] {
            let wrong = found(says, with(verdict, field, value));
            assert_eq!((checked(&wrong), is_genuine(&wrong)), (Some("statement-invalid"), false), "{verdict} {field}");
        }
    }
}

#[test]
fn nobody_says_anything_of_a_change_that_nobody_can_read() {
    for (says, verdict) in SAYS {
        for named in [json!(""), json!(digest().to_string())] {
            let found = found(says, with(verdict, "digest", named));
            assert_eq!(checked_of(&found, &Reviewed::Unreadable), Some("statement-invalid"), "{verdict}");
        }
    }
}

#[test]
fn a_statement_stands_where_its_verdict_says() {
    for (says, verdict) in SAYS {
        for (place, _) in SAYS.into_iter().filter(|(place, _)| *place != says) {
            let moved = found(place, signed("ann", 1, NAMESPACE, &text(&said(verdict))));
            assert_eq!(
                (checked(&moved), is_genuine(&moved)),
                (Some("statement-invalid"), false),
                "{verdict} {place:?}"
            );
        }
        let right = signed("ann", 1, NAMESPACE, &text(&said(verdict)));
        for parents in [vec![], vec![oid(9)], vec![oid(2), oid(9)]] {
            assert_eq!(checked(&Found { parents, ..found(says, right.clone()) }), Some("statement-invalid"));
        }
        let of_another = Found { head: oid(9), ..found(says, right) };
        assert_eq!((checked(&of_another), is_genuine(&of_another)), (Some("statement-invalid"), false));
    }
}

#[test]
fn a_signature_is_of_this_text_by_this_person_for_this_purpose() {
    for (says, verdict) in SAYS {
        let right = text(&said(verdict));
        let spaced = serde_json::to_string_pretty(&said(verdict)).unwrap();
        let other = Signed { signature: signature(1, NAMESPACE, &spaced), ..signed("ann", 1, NAMESPACE, &right) };
        let mut wrong = vec![
            // not canonical, though it is signed
            signed("ann", 1, NAMESPACE, &spaced),
            signed("ann", 1, NAMESPACE, &format!("{right}\n")),
            // another's key, a key that nobody has, another's name
            signed("ann", 2, NAMESPACE, &right),
            signed("ann", 9, NAMESPACE, &right),
            signed("ben", 1, NAMESPACE, &right),
            // of another text
            other,
            Signed { signature: String::new(), ..signed("ann", 1, NAMESPACE, &right) },
        ];
        wrong.extend([GIT_NAMESPACE, "file", "dualkey"].map(|namespace| signed("ann", 1, namespace, &right)));
        for signed in wrong {
            let told = format!("{verdict} {signed:?}");
            let found = found(says, signed);
            assert_eq!((checked(&found), is_genuine(&found)), (Some("statement-invalid"), false), "{told}");
        }
        let nobody = found(says, signed("ian", 1, NAMESPACE, &right));
        assert_eq!((checked(&nobody), is_genuine(&nobody)), (Some("approver-not-authorized-at-merge"), false));
    }
}

#[test]
fn a_key_is_proven_by_itself_for_one_person_here() {
    let genesis = oid(1).to_string();
    let right = json!({ "type": "dualkey/key/1", "genesis": genesis, "person": "ann" });
    let proven = |signed: &Signed| proven_key(signed, &genesis);
    assert_eq!(proven(&signed("ann", 7, NAMESPACE, &text(&right))), Some(public(7)));
    for (field, value) in [
        ("type", json!("dualkey/key/2")),
        ("type", json!("dualkey/genesis/1")),
        ("genesis", json!(oid(2).to_string())),
        ("genesis", json!("")),
        ("person", json!("ben")),
        ("more", json!("x")),
    ] {
        let mut wrong = right.clone();
        wrong[field] = value;
        assert_eq!(proven(&signed("ann", 7, NAMESPACE, &text(&wrong))), None, "{field}");
    }
    let right_text = text(&right);
    for wrong in [
        signed("ben", 7, NAMESPACE, &right_text),
        signed("ann", 7, NAMESPACE, &serde_json::to_string_pretty(&right).unwrap()),
        signed("ann", 7, GIT_NAMESPACE, &right_text),
        signed("ann", 7, "file", &right_text),
        Signed { signature: signature(7, NAMESPACE, "x"), ..signed("ann", 7, NAMESPACE, &right_text) },
        signed("ann", 7, NAMESPACE, &text(&said("approve"))),
    ] {
        assert_eq!(proven(&wrong), None, "{wrong:?}");
    }
}

#[test]
fn a_genesis_is_vouched_for_by_employees_of_its_tree() {
    let registry = registry();
    let (commit, tree) = (oid(1), oid(3));
    let right = |id: &str| {
        json!({ "type": "dualkey/genesis/1", "genesis": commit.to_string(), "tree": tree.to_string(),
            "log_key": registry.access.config.audit_key, "person": id })
    };
    let vouched = |signed: &Signed, commit: Oid, tree: Oid| vouches(signed, commit, tree, &registry.access);
    for (id, number, counts) in [("ann", 1, true), ("ben", 2, true), ("zoe", 3, false), ("robot", 4, false)] {
        assert_eq!(vouched(&signed(id, number, NAMESPACE, &text(&right(id))), commit, tree), counts, "{id}");
    }
    let anns = signed("ann", 1, NAMESPACE, &text(&right("ann")));
    assert!(!vouched(&anns, oid(9), tree) && !vouched(&anns, commit, oid(9)));
    for (field, value) in [
        ("type", json!("dualkey/genesis/2")),
        ("type", json!("dualkey/key/1")),
        ("genesis", json!(oid(9).to_string())),
        ("tree", json!(oid(9).to_string())),
        ("log_key", json!("other+c74f20a3+x")),
        ("person", json!("ben")),
        ("more", json!("x")),
    ] {
        let mut wrong = right("ann");
        wrong[field] = value;
        assert!(!vouched(&signed("ann", 1, NAMESPACE, &text(&wrong)), commit, tree), "{field}");
    }
    for wrong in [
        signed("ann", 2, NAMESPACE, &anns.statement),
        signed("ben", 1, NAMESPACE, &anns.statement),
        signed("ian", 1, NAMESPACE, &text(&right("ian"))),
        signed("ann", 1, GIT_NAMESPACE, &anns.statement),
        signed("ann", 1, "file", &anns.statement),
        signed("ann", 1, NAMESPACE, &serde_json::to_string_pretty(&right("ann")).unwrap()),
        Signed { signature: signature(1, NAMESPACE, "x"), ..anns.clone() },
    ] {
        assert!(!vouched(&wrong, commit, tree), "{wrong:?}");
    }
}
