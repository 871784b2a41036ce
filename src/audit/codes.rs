//! The codes a log can be refused with.

use crate::finding::Code;

/// All codes of the log, sorted by id.
pub const CODES: &[&Code] = &[
    &CHECKPOINT_MISSING,
    &LOG_CHECKPOINT_INVALID,
    &LOG_COPY_DAMAGED,
    &LOG_COVERED,
    &LOG_ENTRY_INVALID,
    &LOG_EXISTS,
    &LOG_FORK,
    &LOG_INCOMPLETE,
    &LOG_KEY_OUTDATED,
    &LOG_KEY_UNKNOWN,
    &LOG_KEY_WRONG,
    &LOG_LEAF_MISMATCH,
    &LOG_PROOF_INVALID,
    &LOG_ROLLBACK,
    &LOG_ROOT_MISMATCH,
    &LOG_UNAVAILABLE,
];

pub const CHECKPOINT_MISSING: Code = Code {
    id: "checkpoint-missing",
    title: "No checkpoint of the log is kept, or the one that was kept is gone.",
    why: "Whoever can push can bring branch and log back to what they were at an earlier time, both genuine. A machine that \
          has seen nothing before notices that only by a checkpoint that lies elsewhere. Where one was kept and is gone, \
          nobody can tell any more whether the log is the newest, so nothing is given; what is over ends all the same.",
    example: "dualkey apply --checkpoint kept.txt, and kept.txt isn't there",
    instead: "Keep one where push rights don't reach, such as a variable of the environment that `apply` runs in, or a \
              locked bucket; not in the cache of a workflow. `apply --checkpoint FILE` replaces it at the end, \
              `DUALKEY_CHECKPOINT` is only read. If it is lost, look that the log is whole and the newest, and take \
              `checkpoint` from `dualkey audit export DIR`.",
};

pub const LOG_CHECKPOINT_INVALID: Code = Code {
    id: "log-checkpoint-invalid",
    title: "The checkpoint of the log is damaged or its signature is wrong.",
    why: "The checkpoint signs the size and the root of the log. Without a good one nothing in the log is proven, and a \
          changed entry could not be told from a sound one.",
    example: "example.com/access-log\n5\n<a root that was edited after it was signed>\n\n— example.com/access-log …",
    instead: "Fetch the log again. If it stays wrong, restore the log from an export or another clone that \
              `dualkey audit verify` accepts, and find out who can write to the ref of the log.",
};

pub const LOG_COPY_DAMAGED: Code = Code {
    id: "log-copy-damaged",
    title: "What this clone remembered of the log is damaged and was thrown away.",
    why: "A clone keeps the last checkpoint that it saw, so that it notices a log that was cut off or written anew since. A \
          damaged file says nothing about the log, so it doesn't stop anybody; but what only it could have shown stays \
          unnoticed this once.",
    example: "warning[log-copy-damaged] `.git/dualkey/log-4f3c…` is damaged and was thrown away",
    instead: "Compare the log with a checkpoint that you keep elsewhere (`dualkey audit verify --checkpoint FILE`), or with \
              an export. See that the disk is well.",
};

pub const LOG_ENTRY_INVALID: Code = Code {
    id: "log-entry-invalid",
    title: "An entry of the log is not a record that dualkey knows.",
    why: "Every entry is a record in canonical JSON with a known type and known fields. An entry that cannot be read \
          completely could hide a landing or an operation, so it is not skipped.",
    example: "{\"at\":\"2026-11-24T09:00:00Z\",\"colour\":\"red\",\"operations\":[],\"type\":\"drift\"}",
    instead: "Use a version of dualkey that is at least as new as the one that wrote the entry. If there is none, \
              something else than dualkey signed it with the log key: replace the key.",
};

pub const LOG_EXISTS: Code = Code {
    id: "log-exists",
    title: "There is a log already.",
    why: "A second beginning would make everybody forget what the first one proves.",
    example: "dualkey audit init --genesis v2",
    instead: "Go on with the log that is there. Where its key or the people who could approve are lost, begin it anew \
              with `dualkey audit init --genesis REV --continue`: that names the old one for ever.",
};

pub const LOG_FORK: Code = Code {
    id: "log-fork",
    title: "The log is not a continuation of the checkpoint that was kept.",
    why: "A log only grows. If its beginning differs from what was signed earlier, somebody with the log key wrote history \
          anew, and the two versions tell different people different things.",
    example: "dualkey audit verify --checkpoint kept-in-march.txt",
    instead: "Keep both versions, compare each with other clones and exports, and see which entries differ. Treat the \
              log key as stolen until you know the reason.",
};

pub const LOG_INCOMPLETE: Code = Code {
    id: "log-incomplete",
    title: "A file of the log is missing, has the wrong length, or does not belong to it.",
    why: "The signed size says exactly which files a log has. A missing file hides entries; a file too many could be taken \
          for part of the log although nothing proves it.",
    example: "tile/entries/000.p/7 is there, but the checkpoint has 5 entries and needs tile/entries/000.p/5",
    instead: "Fetch or export the whole log again and put nothing else beside it. If files are missing at the source, \
              restore them from an export or another clone.",
};

pub const LOG_KEY_OUTDATED: Code = Code {
    id: "log-key-outdated",
    title: "The log is signed by another key than the access repository names.",
    why: "Once another `audit.key` has landed, what the old key signs is worth nothing more: it may have been replaced \
          because somebody else has it. So nothing is written under it, and a log that ends with it may be an old or a \
          forged one.",
    example: "audit: { ref: refs/dualkey/audit, key: \"northwind-access+c2b5f3a1+Ac3…\" }    but the log is signed by \
              northwind-access+8f00a7d2",
    instead: "Where the change of `audit.key` was approved and the log did not follow it yet, run \
              `dualkey audit rotate --log-key OLD --new-log-key NEW`. Where it did, fetch the log again and compare it with \
              an export. Where nobody approved it, `dualkey verify` says so: bring `audit.key` back.",
};

pub const LOG_KEY_UNKNOWN: Code = Code {
    id: "log-key-unknown",
    title: "The log is signed by a key that you do not trust.",
    why: "The key is what makes a log this organization's log. Anybody can write a log of their own and sign it with a key \
          of their own.",
    example: "the anchor names the key id c74f20a3, the checkpoint is signed by af0cfe78",
    instead: "Compare the key with your anchor, which is kept outside of the repository. If the key was replaced on \
              purpose without the old one, take the new anchor from those who did it, not from the repository.",
};

pub const LOG_KEY_WRONG: Code = Code {
    id: "log-key-wrong",
    title: "The private log key that was given does not belong to this log.",
    why: "An entry signed by another key would make the log unreadable for everybody who trusts the right one, so it is \
          not written.",
    example: "dualkey apply --log-key key-of-another-organization.txt",
    instead: "Give the private half of the key that signs the log now, by `--log-key` or `DUALKEY_LOG_KEY`; `dualkey audit \
              verify` names it. A key that was replaced never comes back. If it is lost, restore it from its backup; without one, begin the log anew with \
              `dualkey audit init --genesis REV --continue`.",
};

pub const LOG_COVERED: Code = Code {
    id: "log-covered",
    title: "The ref of the log holds no log, and one lies below that.",
    why: "Whoever may push can put anything on top of the log. What lies below still says what was declared until when, so what \
          is over ends by it; nobody knows whether it is the newest, so nothing is given by it.",
    example: "the newest log that holds together, of 27 entries, lies one commit below its ref",
    instead: "Find out who can write to the ref of the log. Compare the log below with a checkpoint that you kept, and set the \
              ref back to its commit.",
};

pub const LOG_LEAF_MISMATCH: Code = Code {
    id: "log-leaf-mismatch",
    title: "An entry of the log was changed after it was written.",
    why: "Each entry is covered by a hash. Where the two disagree, one of them was damaged or edited: what the entry says \
          can no longer be trusted.",
    example: "entry `3` does not match `tile/0/000.p/5`",
    instead: "Restore the log from an export or another clone that `dualkey audit verify` accepts. Keep the changed one: \
              comparing that entry in both shows what somebody wanted to hide.",
};

pub const LOG_PROOF_INVALID: Code = Code {
    id: "log-proof-invalid",
    title: "A proof that an entry stands in the log does not hold.",
    why: "A proof leads from an entry, hash by hash, to the root that the log's key signed. If it does not arrive there, \
          the entry was never in that log, or the proof was damaged on its way.",
    example: "dualkey audit verify --proof landing-of-november.tlog-proof --key northwind-access+c2b5f3a1+Ac3…",
    instead: "Ask for the proof again. If a new one fails too, ask for the whole log with `dualkey audit export` and \
              verify that: believe the entry only if it stands there.",
};

pub const LOG_ROLLBACK: Code = Code {
    id: "log-rollback",
    title: "The log is shorter than it was when the checkpoint was kept.",
    why: "A log only grows. If it became shorter, its newest entries were cut off, and with them the record of what was \
          done then.",
    example: "dualkey audit verify --checkpoint kept-yesterday.txt",
    instead: "Fetch the newest log first, yours may only be old. If the newest one is the short one, restore it from an \
              export or another clone, and find out who can write to the ref of the log.",
};

pub const LOG_ROOT_MISMATCH: Code = Code {
    id: "log-root-mismatch",
    title: "The hashes of the log do not lead to the root that its checkpoint signs.",
    why: "Entries and hashes may agree with each other and still not be those that were signed: somebody without the log \
          key may have replaced both.",
    example: "an entry and its hash in `tile/0/000.p/5` were both rewritten, the checkpoint was not",
    instead: "Restore the log from an export or another clone that `dualkey audit verify` accepts. Keep the changed one: \
              comparing both shows which entries were replaced.",
};

pub const LOG_UNAVAILABLE: Code = Code {
    id: "log-unavailable",
    title: "The log can't be written.",
    why: "What is about to be done is recorded before it is done. Without that a change could happen that nobody can prove, \
          so nothing is changed.",
    example: "the remote refused to change `refs/dualkey/audit`",
    instead: "Allow the identity that runs `dualkey apply` to push to the ref of the log, give the log key, and see that \
              the remote answers.",
};
