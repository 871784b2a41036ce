//! What goes wrong at a target, with the codes that `dualkey explain` knows.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::finding::{Code, Refusal, Rule, Severity};

/// Why a target was not read or not written.
#[derive(Clone, Debug, thiserror::Error, miette::Diagnostic)]
pub enum TargetError {
    /// The target answered, but not with all that was asked for.
    #[error("`{target}` was not read whole: {why}")]
    #[diagnostic(
        code("live-read-incomplete"),
        help("run it again; if it stays, check what the reading credential may see")
    )]
    LiveReadIncomplete { target: String, why: String },
    /// The file of an embedded target is not what such a file must be. Line and column count from 1, columns in bytes.
    #[error("`{}` is corrupt at line {line}, column {column}: {why}", path.display())]
    #[diagnostic(
        code("target-corrupt"),
        help("correct the file by hand or move it away; dualkey never overwrites a file it can't read")
    )]
    Corrupt { path: PathBuf, line: usize, column: usize, why: String },
    /// Another process is writing.
    #[error("`{}` is locked by another process", path.display())]
    #[diagnostic(code("target-locked"), help("wait until the other run has ended, then run it again"))]
    Locked { path: PathBuf },
    /// The target will not do what was asked. Nothing was changed.
    #[error("refused by the target: {why}")]
    #[diagnostic(code("target-refused"), help("{help}"))]
    Refused { why: String, help: String },
    /// Too much was asked of the target in too short a time. Nothing was changed.
    #[error("`{target}` asks for patience{}", told(*after))]
    #[diagnostic(code("target-throttled"), help("run it again later, and see who else uses the same limit"))]
    Throttled { target: String, after: Option<Duration> },
    /// The target takes no more of that for a while. It was not tried.
    #[error("{what}; this one waits until {until}")]
    #[diagnostic(code("target-quota"), help("run `dualkey apply` again after that: it does the rest"))]
    Quota { what: String, until: Timestamp },
    /// Somebody else changed the same thing at the same time. Nothing was changed.
    #[error("somebody else was faster: {why}")]
    #[diagnostic(code("target-conflict"), help("run it again: it reads what is live and does the rest"))]
    Conflict { why: String },
    /// The target accepted the call, and didn't say in time what came of it.
    #[error("accepted, and not settled yet: {what}")]
    #[diagnostic(code("target-unsettled"), help("wait some minutes, then run it again: it reads what came of it"))]
    Unsettled { what: String },
    /// The target doesn't have what the call names. Nothing was changed.
    #[error("the target knows no {what}{}", near_ones(near))]
    #[diagnostic(code("target-unknown-name"), help("correct the name in the access repository"))]
    Unknown { what: String, near: Vec<String> },
    /// The credential may not do it. Nothing was changed.
    #[error("the credential may not: {what}")]
    #[diagnostic(code("target-denied"), help("{help}"))]
    Denied { what: String, help: String },
    /// It was not tried, for the run was stopped before.
    #[error("it was not tried, for the run was stopped before")]
    #[diagnostic(code("target-stopped"), help("run `dualkey apply` again: it does the rest"))]
    Stopped,
    /// The operating system or the network failed.
    #[error("`{}` cannot be {doing}: {source}", path.display())]
    #[diagnostic(code("target-io"), help("check that the path exists, is yours and has room, then run it again"))]
    Io { path: PathBuf, doing: &'static str, source: Arc<io::Error> },
    /// It says that it is another target than the pinned one. Nothing was asked of it.
    #[error("`{target}` answers as `{identity}`, and `dualkey.yaml` pins `{pinned}`")]
    #[diagnostic(
        code("target-identity"),
        help("see where its credentials lead; another target is another name in `dualkey.yaml`")
    )]
    Another { target: String, pinned: String, identity: String },
    /// The credential that is meant to write can change nothing there. Nothing was changed.
    #[error("what is given to write `{target}` with can change nothing there{}", whose(own.as_deref()))]
    #[diagnostic(
        code("credential-reads-only"),
        help("give the writer's variables, which begin with DUALKEY_WRITER_, the writer's credential")
    )]
    ReadsOnly { target: String, own: Option<String> },
    /// Nobody answers there, or no more. Nothing was changed.
    #[error("`{target}` cannot be reached: {why}")]
    #[diagnostic(
        code("target-unreachable"),
        help("check that it runs and that this machine may reach it, then run it again")
    )]
    Unreachable { target: String, why: String },
}

/// What can be done about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// The client waits and tries again.
    Wait,
    /// Nobody knows what came of the call, so what is live is read before it is made again.
    Read,
    /// Somebody has to change something first.
    Mend,
    /// It was never tried.
    Resume,
}

/// True for what the system says of things that go away by themselves.
fn is_short(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::Interrupted | io::ErrorKind::ResourceBusy | io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock
    )
}

fn told(after: Option<Duration>) -> String {
    after.map(|after| format!(" for {} s", after.as_secs())).unwrap_or_default()
}

fn whose(own: Option<&str>) -> String {
    own.map(|own| format!(": it is that of `{own}`")).unwrap_or_default()
}

fn near_ones(near: &[String]) -> String {
    match near {
        [] => String::new(),
        near => format!("; it knows `{}`", near.join("`, `")),
    }
}

impl TargetError {
    /// The code with its explanation.
    pub fn code(&self) -> &'static Code {
        match self {
            TargetError::LiveReadIncomplete { .. } => &LIVE_READ_INCOMPLETE,
            TargetError::Corrupt { .. } => &TARGET_CORRUPT,
            TargetError::Locked { .. } => &TARGET_LOCKED,
            TargetError::Refused { .. } => &TARGET_REFUSED,
            TargetError::Throttled { .. } => &TARGET_THROTTLED,
            TargetError::Quota { .. } => &TARGET_QUOTA,
            TargetError::Conflict { .. } => &TARGET_CONFLICT,
            TargetError::Unsettled { .. } => &TARGET_UNSETTLED,
            TargetError::Unknown { .. } => &TARGET_UNKNOWN_NAME.code,
            TargetError::Denied { .. } => &TARGET_DENIED,
            TargetError::Stopped => &TARGET_STOPPED,
            TargetError::Io { .. } => &TARGET_IO,
            TargetError::Another { .. } => &TARGET_IDENTITY,
            TargetError::ReadsOnly { .. } => &CREDENTIAL_READS_ONLY,
            TargetError::Unreachable { .. } => &TARGET_UNREACHABLE,
        }
    }

    /// What can be done about it.
    pub fn remedy(&self) -> Remedy {
        match self {
            TargetError::Locked { .. }
            | TargetError::Throttled { .. }
            | TargetError::Conflict { .. }
            | TargetError::Unreachable { .. } => Remedy::Wait,
            TargetError::Io { source, .. } if is_short(source.kind()) => Remedy::Wait,
            TargetError::Io { .. } | TargetError::LiveReadIncomplete { .. } | TargetError::Unsettled { .. } => {
                Remedy::Read
            }
            TargetError::Corrupt { .. }
            | TargetError::Another { .. }
            | TargetError::ReadsOnly { .. }
            | TargetError::Refused { .. }
            | TargetError::Unknown { .. }
            | TargetError::Denied { .. } => Remedy::Mend,
            TargetError::Stopped | TargetError::Quota { .. } => Remedy::Resume,
        }
    }

    /// True where what stands in the way goes away by itself, so that the same call may go well soon after.
    pub fn is_transient(&self) -> bool {
        self.remedy() == Remedy::Wait
    }

    /// The error as a refusal of what needed the target. After a read this is "could not judge" (exit 5), whatever the
    /// error: what is not known is never taken for empty.
    pub fn refusal(&self) -> Refusal {
        let help = miette::Diagnostic::help(self).map(|help| help.to_string()).unwrap_or_default();
        Refusal::new(self.code(), self.to_string(), help)
    }
}

/// The codes of this room.
pub const CODES: [&Code; 15] = [
    &CREDENTIAL_READS_ONLY,
    &LIVE_READ_INCOMPLETE,
    &TARGET_CONFLICT,
    &TARGET_CORRUPT,
    &TARGET_DENIED,
    &TARGET_IDENTITY,
    &TARGET_IO,
    &TARGET_LOCKED,
    &TARGET_QUOTA,
    &TARGET_REFUSED,
    &TARGET_STOPPED,
    &TARGET_THROTTLED,
    &TARGET_UNKNOWN_NAME.code,
    &TARGET_UNREACHABLE,
    &TARGET_UNSETTLED,
];

pub static CREDENTIAL_READS_ONLY: Code = Code {
    id: "credential-reads-only",
    title: "A target is to be written with a credential that can change nothing there",
    why: "Mostly it is the reader's, given in the writer's place. Every change would be refused, ends too, so it is told before \
          the first one is tried.",
    example: "",
    instead: "Give the writer's credential by the variables that begin with DUALKEY_WRITER_. `dualkey targets` tells what each \
              of the two can do.",
};

pub static TARGET_IDENTITY: Code = Code {
    id: "target-identity",
    title: "A target is another one than the access repository pins",
    why: "What was approved for one target would be done at another. So nothing is read and nothing is written there, and \
          nobody is given anything who may hold something at the right one.",
    example: "",
    instead: "See where the credentials of that target lead; `dualkey targets` tells what each says that it is. If it is to be \
              another one, give it a name of its own in `dualkey.yaml`.",
};

pub static LIVE_READ_INCOMPLETE: Code = Code {
    id: "live-read-incomplete",
    title: "A target did not tell all of what is held there",
    why: "A page that did not arrive is not an empty list: access that was not seen would be taken for gone, and \
          admins and duties would be counted wrong.",
    example: "",
    instead: "Run it again. If it stays, check what the reading credential may see.",
};

pub static TARGET_CORRUPT: Code = Code {
    id: "target-corrupt",
    title: "The file of an embedded target is not valid",
    why: "What cannot be read whole cannot be judged, and writing over it would destroy what it still holds.",
    example: "{ \"version\": 1, \"as\": \"github\", \"entitlements\": [",
    instead: "Correct the file at the place that is named, or move it away to start with an empty target.",
};

pub static TARGET_LOCKED: Code = Code {
    id: "target-locked",
    title: "Another process is writing to the target",
    why: "Two writers that don't wait for each other lose what one of them wrote.",
    example: "",
    instead: "Wait until the other run has ended, then run it again.",
};

pub static TARGET_CONFLICT: Code = Code {
    id: "target-conflict",
    title: "Somebody else changed the same thing at a target at the same time",
    why: "Writing over it would lose what the other one wrote. Nothing was changed, and it was tried again a few times.",
    example: "",
    instead: "Run it again: it reads what is live and does the rest. If it stays, see what else writes there.",
};

pub static TARGET_DENIED: Code = Code {
    id: "target-denied",
    title: "The credential may not do what was asked at a target",
    why: "A credential that may do less than is declared leaves access as it was. Nothing was changed.",
    example: "",
    instead: "Give it what the help names, and nothing more.",
};

pub static TARGET_STOPPED: Code = Code {
    id: "target-stopped",
    title: "A call was not tried, for the run was stopped before",
    why: "Somebody asked the run to stop, or another run took over. What was not tried was not changed.",
    example: "",
    instead: "Run `dualkey apply` again: it reads what is live and does the rest.",
};

pub static TARGET_THROTTLED: Code = Code {
    id: "target-throttled",
    title: "A target asks for patience",
    why: "Targets limit what is asked of them in a while. What it says is waited for up to a minute, a few times; after that \
          what was asked is left to another run.",
    example: "",
    instead: "Run it again later, and see who else uses the same limit.",
};

pub static TARGET_QUOTA: Code = Code {
    id: "target-quota",
    title: "A target takes no more of something for a while",
    why: "GitHub takes so many invitations in 24 hours. What is beyond is not tried: it waits, and everything else goes on.",
    example: "",
    instead: "Run `dualkey apply` again after the time that is named. It reads what is live and does the rest.",
};

pub static TARGET_UNKNOWN_NAME: Rule = Rule {
    code: Code {
        id: "target-unknown-name",
        title: "A target doesn't have what the access repository names",
        why: "A name with a slip reaches nothing, or something else. Nothing was changed.",
        example: "",
        instead: "Correct the name; the message tells those that are near.",
    },
    severity: Severity::Error,
    dated: false,
};

pub static TARGET_UNSETTLED: Code = Code {
    id: "target-unsettled",
    title: "A target accepted a call and didn't say in time what came of it",
    why: "Nobody knows whether it had its effect, so it counts as neither done nor undone until it is read.",
    example: "",
    instead: "Wait some minutes, then run it again: it reads what came of it.",
};

pub static TARGET_REFUSED: Code = Code {
    id: "target-refused",
    title: "The target will not do what was asked",
    why: "The call names something that the target doesn't have or doesn't allow. Nothing was changed.",
    example: "",
    instead: "Read the reason and change what was declared.",
};

pub static TARGET_IO: Code = Code {
    id: "target-io",
    title: "A target could not be reached",
    why: "Without the target nothing is known of what is held there.",
    example: "",
    instead: "Check that the path exists, is yours and has room, then run it again.",
};

pub static TARGET_UNREACHABLE: Code = Code {
    id: "target-unreachable",
    title: "A target doesn't answer",
    why: "Without an answer nothing is known of what is held there, and nothing is changed. It was tried a few times.",
    example: "",
    instead: "Check host and port, that the target runs, and that this machine may reach it. Then run it again.",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_its_code_and_a_next_step() {
        let path = PathBuf::from("play.json");
        let errors = [
            TargetError::LiveReadIncomplete { target: "github".into(), why: "page 2 did not arrive".into() },
            TargetError::Corrupt { path: path.clone(), line: 3, column: 7, why: "unknown kind `x`".into() },
            TargetError::Locked { path: path.clone() },
            TargetError::Refused { why: "it has no kind `account`".into(), help: "name another target".into() },
            TargetError::Io { path, doing: "read", source: Arc::new(io::Error::other("disk")) },
            TargetError::Throttled { target: "github".into(), after: Some(Duration::from_secs(30)) },
            TargetError::Conflict { why: "the etag is another one".into() },
            TargetError::Unsettled { what: "request 7 is still in progress".into() },
            TargetError::Unknown { what: "repository `apj`".into(), near: vec!["api".into(), "app".into()] },
            TargetError::Denied { what: "grant `push`".into(), help: "give it the role `admin`".into() },
            TargetError::Stopped,
            TargetError::Unreachable { target: "shop".into(), why: "connection refused".into() },
            TargetError::Another { target: "shop".into(), pinned: "postgres:1".into(), identity: "postgres:2".into() },
            TargetError::ReadsOnly { target: "shop".into(), own: Some("reader".into()) },
            TargetError::Quota { what: "50 were sent".into(), until: Timestamp::UNIX_EPOCH },
        ];
        for error in &errors {
            let refusal = error.refusal();
            let code = miette::Diagnostic::code(error).map(|code| code.to_string());
            assert_eq!(code.as_deref(), Some(refusal.code.id));
            assert!(!refusal.help.is_empty() && CODES.contains(&refusal.code));
        }
        let remedies: Vec<Remedy> = errors.iter().map(TargetError::remedy).collect();
        let [wait, read, mend] = [Remedy::Wait, Remedy::Read, Remedy::Mend];
        assert_eq!(
            remedies,
            [
                read,
                mend,
                wait,
                mend,
                read,
                wait,
                wait,
                read,
                mend,
                mend,
                Remedy::Resume,
                wait,
                mend,
                mend,
                Remedy::Resume
            ]
        );
        let said: Vec<String> = errors[5..10].iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "`github` asks for patience for 30 s",
                "somebody else was faster: the etag is another one",
                "accepted, and not settled yet: request 7 is still in progress",
                "the target knows no repository `apj`; it knows `api`, `app`",
                "the credential may not: grant `push`"
            ]
        );
        let busy = io::Error::from(io::ErrorKind::ResourceBusy);
        assert!(TargetError::Io { path: PathBuf::new(), doing: "read", source: Arc::new(busy) }.is_transient());
        assert_eq!(errors[1].to_string(), "`play.json` is corrupt at line 3, column 7: unknown kind `x`");
        assert!(CODES.is_sorted_by_key(|code| code.id));
    }
}
