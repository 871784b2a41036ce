//! Signed statements: canonical JSON that a person signs with an SSH key, and the checks of one.

use serde::{Deserialize, Serialize};

use ssh_key::public::KeyData;

use super::names::{Anchor, Branch};
use super::opinion::{Opinion, Says, Way};
use crate::access::{Access, PersonId, PersonType};
use crate::approval::codes;
use crate::approval::landing::Reviewed;
use crate::finding::Refusal;
use crate::repository::Oid;

/// The namespace of SSH signatures over approvals, so that a signature for anything else can't be one.
pub const NAMESPACE: &str = "dualkey-approval";
/// The namespace that git signs commits under.
pub const GIT_NAMESPACE: &str = "git";

/// File names in the commit that holds a statement.
pub const STATEMENT_FILE: &str = "statement.json";
pub const SIGNATURE_FILE: &str = "statement.sig";

/// Where approvals, withdrawals and requests for changes are kept: `<prefix><head>/<person>`.
pub const APPROVALS: &str = "refs/dualkey/approvals/";
pub const WITHDRAWALS: &str = "refs/dualkey/withdrawals/";
pub const REQUESTS: &str = "refs/dualkey/requests/";
/// Where proofs of new keys are kept: `<prefix><person>/<SHA-256 of the key, hexadecimal>`.
pub const KEYS: &str = "refs/dualkey/keys/";
/// Where statements about a genesis are kept.
pub const GENESIS: &str = "refs/dualkey/genesis/";

/// What an approver says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalStatement {
    #[serde(rename = "type")]
    pub statement_type: ApprovalType,
    /// `<genesis>:<log key id>`, which no other repository has.
    pub anchor: String,
    pub branch: String,
    /// The merge base of the head with the last verified landing.
    pub base: String,
    pub head: String,
    pub head_tree: String,
    /// Of the change from base to head.
    pub digest: String,
    pub person: String,
    pub verdict: Says,
    /// Shown, never trusted.
    pub at: String,
}

/// What somebody says who answers for the first trusted commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisStatement {
    #[serde(rename = "type")]
    pub statement_type: GenesisType,
    pub genesis: String,
    pub tree: String,
    /// The log's verifier key, whole.
    pub log_key: String,
    pub person: String,
}

/// What the holder of a new key says with it, before it stands in the person's file: that it is that person's. Otherwise
/// somebody could claim a key that another holds, and with it what the other signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyStatement {
    #[serde(rename = "type")]
    pub statement_type: KeyType,
    /// The first trusted commit, which no other repository has.
    pub genesis: String,
    pub person: String,
}

/// The version of key statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyType {
    #[serde(rename = "dualkey/key/1")]
    V1,
}

/// The version of approval statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ApprovalType {
    #[serde(rename = "dualkey/approval/1")]
    V1,
}

/// The version of genesis statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GenesisType {
    #[serde(rename = "dualkey/genesis/1")]
    V1,
}

/// RFC 8785 JSON, which is what gets signed.
pub fn canonical(statement: &impl Serialize) -> Vec<u8> {
    // texts alone always have a canonical form
    serde_json_canonicalizer::to_vec(statement).unwrap_or_default()
}

/// A statement as it was found, before anything about it is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// From the ref's name.
    pub head: Oid,
    /// From the ref's name.
    pub person: PersonId,
    /// Whether it stood among approvals or withdrawals.
    pub says: Says,
    pub parents: Vec<Oid>,
    pub signed: Signed,
}

impl Found {
    /// A statement about a head as the log keeps it. None where it is none.
    pub fn recorded(signed: &Signed) -> Option<Self> {
        let said: ApprovalStatement = serde_json::from_str(&signed.statement).ok()?;
        let head = said.head.parse().ok()?;
        Some(Found {
            head,
            person: signed.person.clone(),
            says: said.verdict,
            parents: vec![head],
            signed: signed.clone(),
        })
    }
}

/// A signed statement as it was given, so that anyone can check it again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signed {
    /// Whose it says to be.
    pub person: PersonId,
    /// The text that was signed.
    pub statement: String,
    /// The armored SSH signature.
    pub signature: String,
}

impl Signed {
    /// None where one of the two is no text, or is too long to be what `dualkey approve` wrote.
    pub fn new(person: PersonId, statement: Vec<u8>, signature: Vec<u8>) -> Option<Self> {
        if statement.len().max(signature.len()) > MAX_STATEMENT_BYTES {
            return None;
        }
        Some(Signed {
            person,
            statement: String::from_utf8(statement).ok()?,
            signature: String::from_utf8(signature).ok()?,
        })
    }
}

/// A longer statement, or signature, is none. What `dualkey approve` writes has some hundred bytes.
pub const MAX_STATEMENT_BYTES: usize = 4 << 10;

/// What a statement must say to count for a head.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    pub anchor: Anchor<'a>,
    pub branch: Branch<'a>,
    pub base: Oid,
    pub head: Oid,
    pub head_tree: Oid,
    /// The change from base to head.
    pub reviewed: &'a Reviewed,
}

/// Checks every field and the signature. `registry` is the one of the last verified landing.
pub fn check(found: &Found, expected: &Expected<'_>, registry: &Access) -> Result<Opinion, Refusal> {
    let person = &found.person;
    let invalid = |why: &str| {
        Refusal::new(
            &codes::STATEMENT_INVALID,
            format!("the statement of `{person}` on {} {why}", found.head.short()),
            "ignore it, or have that person run `dualkey approve` again",
        )
    };
    let statement: ApprovalStatement =
        serde_json::from_str(&found.signed.statement).map_err(|_| invalid("is not an approval statement"))?;
    if canonical(&statement) != found.signed.statement.as_bytes() {
        return Err(invalid("is not canonical JSON"));
    }
    if found.parents != [found.head] {
        return Err(invalid("doesn't hang on the head it speaks of"));
    }
    let registered = registry.people.get(person).ok_or_else(|| {
        Refusal::new(
            &codes::APPROVER_NOT_AUTHORIZED,
            format!("`{person}` is not in the registry of the last verified landing"),
            format!("land people/{person}.yaml first, by people who stand in the registry already"),
        )
    })?;
    let keys = registered.keys.iter().filter_map(|key| key.public.as_ref());
    if !verify(keys, NAMESPACE, found.signed.statement.as_bytes(), &found.signed.signature) {
        return Err(invalid("isn't signed by a key of that person at the last verified landing"));
    }
    let elsewhere = |field: &str, says: &str, here: &str| {
        Err(Refusal::new(
            &codes::STATEMENT_ELSEWHERE,
            format!("the statement of `{person}` names the {field} `{}`, here it is `{here}`", says.escape_debug()),
            "an approval counts only where it was given: run `dualkey approve` here, for this head",
        ))
    };
    // INVARIANT: what nobody can have been shown is approved by nobody, whatever digest a statement names
    let Reviewed::Is(digest) = expected.reviewed else {
        return Err(invalid("is of a change that can't be read, so nobody was shown it"));
    };
    let (base, head, tree) = (expected.base.to_string(), expected.head.to_string(), expected.head_tree.to_string());
    let fields = [
        ("repository's anchor", statement.anchor.as_str(), expected.anchor.as_str()),
        ("branch", &statement.branch, expected.branch.as_str()),
        ("head", &statement.head, &head),
        ("tree", &statement.head_tree, &tree),
        ("base", &statement.base, &base),
        ("person", &statement.person, person.as_str()),
        ("digest", &statement.digest, digest.as_str()),
    ];
    for (field, says, here) in fields {
        if says != here {
            return elsewhere(field, says, here);
        }
    }
    if statement.verdict != found.says {
        return Err(invalid("stands among the refs of the other verdict"));
    }
    let (says, way) = (statement.verdict, Way::Signature);
    Ok(Opinion { person: person.clone(), says, way, at: statement.at, took_back: None, lifted_by: None })
}

/// Where a statement says that its head started. Nothing about it is checked.
pub fn claimed_base(found: &Found) -> Option<Oid> {
    serde_json::from_str::<ApprovalStatement>(&found.signed.statement).ok()?.base.parse().ok()
}

/// What is said here, of this head, whatever base and digest it names, and the key that says it. Whose that is isn't looked at.
pub fn said(found: &Found, anchor: Anchor<'_>, branch: Branch<'_>) -> Option<(Opinion, KeyData)> {
    let statement: ApprovalStatement = serde_json::from_str(&found.signed.statement).ok()?;
    let holds = statement.anchor == anchor.as_str()
        && statement.branch == branch.as_str()
        && statement.head == found.head.to_string()
        && statement.person == found.person.as_str()
        && statement.verdict == found.says
        && canonical(&statement) == found.signed.statement.as_bytes();
    let key = signing_key(&found.signed.signature, NAMESPACE, found.signed.statement.as_bytes()).filter(|_| holds)?;
    let (person, says, way) = (found.person.clone(), statement.verdict, Way::Signature);
    Some((Opinion { person, says, way, at: statement.at, took_back: None, lifted_by: None }, key))
}

/// The same where the person of the registry said it.
pub fn genuine(found: &Found, anchor: Anchor<'_>, branch: Branch<'_>, registry: &Access) -> Option<Opinion> {
    let person = registry.people.get(&found.person)?;
    let (opinion, key) = said(found, anchor, branch)?;
    person.keys.iter().any(|held| held.public.as_ref() == Some(&key)).then_some(opinion)
}

/// The key that proves itself to be this person's by the statement; None where it says something else, or isn't signed.
pub fn proven_key(signed: &Signed, genesis: &str) -> Option<KeyData> {
    let said: KeyStatement = serde_json::from_str(&signed.statement).ok()?;
    let (genesis, person) = (genesis.to_owned(), signed.person.to_string());
    let wanted = KeyStatement { statement_type: KeyType::V1, genesis, person };
    if said != wanted || canonical(&said) != signed.statement.as_bytes() {
        return None;
    }
    signing_key(&signed.signature, NAMESPACE, signed.statement.as_bytes())
}

/// Whether this person vouches by the statement for a genesis: employees of its own tree can, with the keys that stand there.
pub fn vouches(signed: &Signed, commit: Oid, tree: Oid, genesis: &Access) -> bool {
    let Ok(said) = serde_json::from_str::<GenesisStatement>(&signed.statement) else { return false };
    let Some(person) = genesis.people.get(&signed.person) else { return false };
    let wanted = GenesisStatement {
        statement_type: GenesisType::V1,
        genesis: commit.to_string(),
        tree: tree.to_string(),
        log_key: genesis.config.audit_key.clone(),
        person: signed.person.to_string(),
    };
    let keys = person.keys.iter().filter_map(|key| key.public.as_ref());
    said == wanted
        && canonical(&said) == signed.statement.as_bytes()
        && person.person_type == PersonType::Employee
        && verify(keys, NAMESPACE, signed.statement.as_bytes(), &signed.signature)
}

/// The end of the ref's name that holds the proof of a key.
pub fn key_name(person: &PersonId, key: &KeyData) -> String {
    let public = ssh_key::PublicKey::from(key.clone());
    let fingerprint = public.fingerprint(ssh_key::HashAlg::Sha256);
    format!("{KEYS}{person}/{}", crate::hex::encode(fingerprint.as_ref()))
}

/// True where one of the keys made this armored SSH signature over the message, in the namespace.
pub fn verify<'a>(keys: impl IntoIterator<Item = &'a KeyData>, namespace: &str, message: &[u8], armored: &str) -> bool {
    let key = signing_key(armored, namespace, message);
    key.is_some_and(|signer| keys.into_iter().any(|key| *key == signer))
}

/// The key that made this armored SSH signature over the message, in the namespace; None where it doesn't hold.
pub fn signing_key(armored: &str, namespace: &str, message: &[u8]) -> Option<KeyData> {
    let signature = ssh_key::SshSig::from_pem(armored.trim()).ok()?;
    let key = signature.public_key().clone();
    ssh_key::PublicKey::from(key.clone()).verify(namespace, message, &signature).is_ok().then_some(key)
}
