//! The refusals of this room, each with the text that `dualkey explain` prints.

use crate::finding::Code;

macro_rules! codes {
    ($($name:ident: $id:literal, $title:literal, $why:literal, $instead:literal;)*) => {
        $(pub const $name: Code = Code { id: $id, title: $title, why: $why, example: "", instead: $instead };)*
        /// All of them, sorted by id.
        pub const CODES: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    CLOCK_BEHIND: "clock-behind", "our clock is behind what the log proves",
        "The log holds a run whose clock a target confirmed, and by our clock that run is yet to come. By a clock that \
         went back, access would come back that was over; so nothing is given, and what was over by the proven time is \
         taken away.",
        "Set the clock of the machine that runs `dualkey apply`, by NTP best.";
    CLOCK_SKEW: "clock-skew", "our clock and a target's differ by more than two minutes",
        "Access starts and ends by the clock. With a wrong one a run would give what has ended, or what has not begun; \
         so it only takes away. What is over is told by our clock, or by each target's where ours is ahead of all of them. Where \
         another target confirms ours, only the one that says something else is given nothing.",
        "Set the clock of the machine that runs `dualkey apply`, by NTP best.";
    CLONE_DAMAGED: "clone-damaged", "something in this clone can't be read, as after a power cut",
        "What the remote holds too is fetched once more. What was kept here alone is lost with it.",
        "Run `git fsck`. Where the disk goes bad, take a fresh clone on another.";
    COPY_NOT_KEPT: "copy-not-kept", "the copy of the log could not be kept in this clone",
        "Where the log is deleted or rewritten, ends go on from the copy that the clone of the runner keeps.",
        "See that the git directory of the clone is yours and has room.";
    EMPTY_DESIRED_STATE: "empty-desired-state", "the verified tree declares no access at all",
        "A tree without any grant takes access from everybody at once. That is more often a slip than a wish: a folder \
         that was moved, or a first run before the access that exists was declared.",
        "Declare what shall stay (`dualkey import` writes it down). If everybody shall go, give them an `ended`: nothing \
         blocks an end.";
    ENDS_ALONE: "ends-alone", "the run took away what is over and did nothing else",
        "The protected branch, the log or the remote could not be read or judged. What is over ends all the same, by what \
         was proven before that; nothing is given by it.",
        "Do what the refusal beside it says, then run `dualkey apply` again: it gives what was approved.";
    FIRST_RUN: "first-run", "a target holds what nothing declares, and no run has brought it about as a whole yet",
        "What people held before dualkey came may be what their work hangs on. So what nothing declares stays until \
         somebody has seen the list of it: a first run takes nothing of the kind. What was declared and is over ends all \
         the same.",
        "Declare what shall stay: `dualkey import TARGET` writes it down. Of the rest `dualkey import TARGET --adopt` writes \
         a list into a policy, and once that is approved and has landed, `dualkey apply` takes what is on it.";
    LEASE_LOST: "lease-lost", "another run took over while this one was writing",
        "Two runs that write at once undo each other's work. Before each write a run makes sure that it still holds the \
         lease; where it doesn't, it carries out what has ended, and nothing else.",
        "Wait until the other run has ended, then run `dualkey apply` again: it reads what is live and does the rest.";
    LEASE_UNAVAILABLE: "lease-unavailable", "the lease can't be written",
        "Without the lease two runs could write at once.",
        "Allow the identity that runs `dualkey apply` to push to the ref of the lease, and see that the remote answers.";
    LOCK_HELD: "lock-held", "another run holds the lease",
        "One run at a time changes access, wherever it was started.",
        "Wait for the run that is named. A run of everything waits by itself, and takes over a lease that nobody touched for \
         ten minutes; `--wait` says how long.";
    MFA_MISSING: "mfa-missing", "somebody signs in without the second factor that a role asks for",
        "Whoever gets the password of such an account is in, with all that the role gives. Nothing of the role is given to \
         it; what it holds already stays, and is told.",
        "Ask the person to set up a second factor at the target, or require it there for everybody.";
    NOT_JUDGED: "not-judged", "the protected branch could not be judged",
        "What can't be read, or takes more work than any honest history does, is not approved.",
        "Do what the message says. `dualkey verify` judges the same without changing anything.";
    NOTHING_PROVEN: "nothing-proven", "neither branch nor log nor a copy of the log is left to prove what was declared",
        "Without any of them nobody can say what is over. Ends that a target itself enforces still hold, and no other.",
        "Restore the log from an export or another clone, or begin it anew: `dualkey audit init --genesis REV --continue`.";
    OWN_IDENTITY: "own-identity", "the operation would change the access of the identity that dualkey runs as",
        "A program that takes its own access away can't undo it, and can't end anybody else's access either.",
        "Declare what that identity needs, or change it by hand.";
    POST_APPLY_DRIFT: "post-apply-drift", "the target said yes, but what is live still differs",
        "A call that succeeds without effect would be recorded as access that was given or taken, and wasn't.",
        "Run `dualkey apply` again. If it stays, look for something else that changes the target, or for a target that \
         shows its changes late.";
    PROTECTED_ENTITLEMENT: "protected-entitlement", "a policy protects what the operation would change",
        "What stands under `protected` in a policy is not touched, whatever else is declared. Only an end is carried out there, \
         too.",
        "Declare it as it is live, or take the pattern out of the policy by a change of its own.";
    REQUIRED_ADMIN: "required-admin", "somebody whom a policy requires as an admin would no longer be one",
        "The people under `admins.required` are those who can repair a target when all else fails.",
        "Declare the admin's access again, or change `admins.required` first.";
    REVOCATION_OVERDUE: "revocation-overdue", "access ended a day and more ago, and no run has come since",
        "Access ends by itself only while something runs `dualkey apply` regularly. Where that stands still, people keep \
         what they should have lost, and nobody is told.",
        "Run `dualkey apply --only-ends` now, then see why the schedule that should run it doesn't.";
    RUN_INTERRUPTED: "run-interrupted", "the run was asked to stop before its end",
        "Somebody pressed Ctrl-C, or the machine that ran it wanted to go. The operation that was under way was finished, \
         what was done is in the log, and the lease is free.",
        "Run `dualkey apply` again: it reads what is live and does the rest.";
    STATEMENTS_NOT_PRUNED: "statements-not-pruned", "refs of statements that the log keeps could not be deleted",
        "Once a landing is in the log, what people signed of it stands there. Then `dualkey apply` deletes the refs that held \
         it, since every run and every clone has to look at each ref that there is. Without that nothing is less safe.",
        "Allow the identity that runs `dualkey apply` to delete refs under `refs/dualkey/`.";
    TARGET_NOT_CONNECTED: "target-not-connected", "a target that has to be read isn't connected",
        "What is held there is unknown, and what is unknown is neither empty nor as it should be.",
        "Give the credentials of that target, or build dualkey with its feature.";
    TOO_FEW_ADMINS: "too-few-admins", "fewer employees than the policy asks for would administer a target",
        "With too few admins the loss of one account locks everybody out.",
        "Grant the access to another employee first; the removal goes through once that is live.";
}
