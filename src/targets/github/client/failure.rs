//! Why a request came to nothing, and what can be done about it.

use std::time::Duration;

use super::secret::redacted;
use crate::targets::TargetError;

/// What GitHub said when it would not do something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub status: u16,
    /// The message, and what it finds wrong with each field.
    pub message: String,
    /// Where whoever owns the token lets it in by single sign-on.
    pub sign_on: Option<String>,
    /// The permissions of which the request needs one, as `members=read`.
    pub accepted: Option<String>,
}

/// Why a request came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It was never sent.
    NotSent {
        why: String,
    },
    /// Nobody knows what came of it.
    NoAnswer {
        why: String,
    },
    /// Too much was asked in too short a time.
    Limited {
        after: Option<Duration>,
    },
    Refused(Box<Said>),
    /// The answer leads to another server, where no token is sent.
    Elsewhere {
        to: String,
    },
    /// GitHub gave up on a query that asks for too much at once.
    TooWide {
        why: String,
    },
    /// The answer isn't whole, or isn't what such an answer is.
    Odd {
        why: String,
    },
    /// The credential itself can't be used.
    Credential {
        what: String,
        help: String,
    },
}

/// What was asked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asked<'a> {
    /// To see something: `list the members of `northwind``.
    ToSee(&'a str),
    /// To change something.
    ToChange(&'a str),
}

impl Failure {
    /// What was said where the request was refused.
    fn said(&self) -> Option<&Said> {
        match self {
            Failure::Refused(said) => Some(said),
            Failure::NotSent { .. }
            | Failure::NoAnswer { .. }
            | Failure::Limited { .. }
            | Failure::Elsewhere { .. }
            | Failure::TooWide { .. }
            | Failure::Odd { .. }
            | Failure::Credential { .. } => None,
        }
    }

    /// The status that was answered, where the request was refused.
    pub(crate) fn status(&self) -> Option<u16> {
        self.said().map(|said| said.status)
    }

    /// True where this credential may not see something, or where it isn't there.
    pub(crate) fn is_hidden(&self) -> bool {
        matches!(self.status(), Some(403 | 404))
    }

    /// The permission that is missing, as GitHub names it.
    pub(crate) fn missing(&self) -> Option<&str> {
        self.said().and_then(|said| said.accepted.as_deref()).filter(|accepted| !accepted.is_empty())
    }

    /// The same, naming the permission where GitHub doesn't.
    #[must_use]
    pub(crate) fn lacking(mut self, permission: &str) -> Self {
        if let Failure::Refused(said) = &mut self
            && said.status == 403
            && said.accepted.is_none()
        {
            said.accepted = Some(permission.to_owned());
        }
        self
    }

    /// In the words of all targets, without any token in them.
    pub(crate) fn told(&self, target: &str, asked: Asked<'_>) -> TargetError {
        let target = || target.to_owned();
        let (doing, writes) = match asked {
            Asked::ToSee(doing) => (doing, false),
            Asked::ToChange(doing) => (doing, true),
        };
        match self {
            Failure::NotSent { why } => TargetError::Unreachable { target: target(), why: redacted(why) },
            Failure::NoAnswer { why } if writes => {
                TargetError::Unsettled { what: redacted(&format!("nobody heard what came of this: {doing} ({why})")) }
            }
            Failure::NoAnswer { why } => TargetError::Unreachable { target: target(), why: redacted(why) },
            Failure::Limited { after } => TargetError::Throttled { target: target(), after: *after },
            Failure::Refused(said) => refused(said, &target(), doing, writes),
            Failure::Elsewhere { to } => TargetError::Refused {
                why: redacted(&format!("`{}` leads to another server, to `{to}`, where no token is sent", target())),
                help: "see what stands between this machine and GitHub; `api` of the target names the server"
                    .to_owned(),
            },
            Failure::TooWide { why } | Failure::Odd { why } if writes => {
                TargetError::Unsettled { what: redacted(&format!("{doing}: {why}")) }
            }
            Failure::TooWide { why } | Failure::Odd { why } => {
                TargetError::LiveReadIncomplete { target: target(), why: redacted(&format!("{why}, asked to {doing}")) }
            }
            Failure::Credential { what, help } => TargetError::Denied { what: redacted(what), help: redacted(help) },
        }
    }
}

fn refused(said: &Said, target: &str, doing: &str, writes: bool) -> TargetError {
    let message = redacted(&said.message);
    let denied = |what: String, help: String| TargetError::Denied { what: redacted(&what), help: redacted(&help) };
    if let Some(url) = &said.sign_on {
        let help = format!("whoever made the token opens {url} and lets it in");
        return denied(format!("{doing}: the organisation wants single sign-on ({help})"), help);
    }
    match said.status {
        401 => denied(
            format!("log in at `{target}`: {message}"),
            "the token is wrong, was revoked or has expired; make a new one and give it in the same variable"
                .to_owned(),
        ),
        403 if message.contains("suspended") => denied(
            format!("{doing}: {message}"),
            "an owner lets the App go on, on the organisation's page of installed GitHub Apps".to_owned(),
        ),
        403 if message.contains("archived") => TargetError::Refused {
            why: format!("{message} (to {doing})"),
            help: "unarchive it first; what is held there stands as long as it is archived".to_owned(),
        },
        403 if message.contains("last owner") => TargetError::Refused {
            why: format!("{message} (to {doing})"),
            help: "make somebody else an owner first".to_owned(),
        },
        403 if message.contains("identity provider") || message.contains("managed by the enterprise") => {
            TargetError::Refused {
                why: format!("{message} (to {doing})"),
                help: "change it where the team is kept".to_owned(),
            }
        }
        403 => denied(format!("{doing}: {message}{}", lacking(said)), permission(said, "")),
        404 => denied(
            format!("{doing}: there is no such thing, or the credential may not see it{}", lacking(said)),
            permission(said, "; or correct the name"),
        ),
        409 | 423 => TargetError::Conflict { why: format!("{message} (to {doing})") },
        500.. if writes => TargetError::Unsettled { what: format!("{doing}: GitHub answered {}", said.status) },
        408 | 500.. => {
            TargetError::Unreachable { target: target.to_owned(), why: format!("it answered {}", said.status) }
        }
        422 if message.contains("No commit found") => TargetError::Refused {
            why: format!("{message} (to {doing})"),
            help: "push it first: GitHub doesn't have this commit".to_owned(),
        },
        _ => TargetError::Refused {
            why: format!("{message} (to {doing})"),
            help: "see what GitHub says, and correct what is declared".to_owned(),
        },
    }
}

/// The permission that is missing, for whoever reads no help.
fn lacking(said: &Said) -> String {
    said.accepted.as_ref().filter(|one| !one.is_empty()).map(|one| format!("; it takes `{one}`")).unwrap_or_default()
}

fn permission(said: &Said, or_else: &str) -> String {
    match said.accepted.as_ref().filter(|one| !one.is_empty()) {
        Some(accepted) => format!("give the credential the permission `{accepted}`{or_else}"),
        None => format!("give it what the target's page lists{or_else}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::error::Remedy;

    fn said(status: u16, message: &str) -> Failure {
        Failure::Refused(Box::new(Said { status, message: message.to_owned(), ..Said::default() }))
    }

    #[test]
    fn what_failed_after_it_was_sent_is_read_before_it_is_made_again() {
        let (see, change) = (Asked::ToSee("look"), Asked::ToChange("invite"));
        let lost = Failure::NoAnswer { why: "connection reset".to_owned() };
        for (failure, read, write) in [
            (lost, Remedy::Wait, Remedy::Read),
            (Failure::NotSent { why: "refused".to_owned() }, Remedy::Wait, Remedy::Wait),
            (said(502, "Server Error"), Remedy::Wait, Remedy::Read),
            (said(422, "Validation Failed"), Remedy::Mend, Remedy::Mend),
            (said(403, "no"), Remedy::Mend, Remedy::Mend),
            (said(409, "busy"), Remedy::Wait, Remedy::Wait),
            (Failure::Odd { why: "no JSON".to_owned() }, Remedy::Read, Remedy::Read),
            (Failure::Limited { after: None }, Remedy::Wait, Remedy::Wait),
        ] {
            assert_eq!(failure.told("github", see).remedy(), read, "{failure:?}");
            assert_eq!(failure.told("github", change).remedy(), write, "{failure:?}");
        }
    }

    #[test]
    fn a_missing_permission_is_named_and_no_token_is() {
        let token = format!("ghp_{}", "a".repeat(36));
        let accepted = Some("members=read".to_owned());
        let said = Said { status: 403, message: format!("no {token}"), accepted, ..Said::default() };
        let told = Failure::Refused(Box::new(said)).told("github", Asked::ToSee("list members"));
        let help = miette::Diagnostic::help(&told).map(|help| help.to_string()).unwrap();
        assert_eq!(help, "give the credential the permission `members=read`");
        assert_eq!(told.to_string(), "the credential may not: list members: no [a token]; it takes `members=read`");
    }
}
