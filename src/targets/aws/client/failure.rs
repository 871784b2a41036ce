//! Why a request came to nothing, and what can be done about it.

use std::error::Error;
use std::time::Duration;

use aws_sdk_ssoadmin::config::http::HttpResponse;
use aws_sdk_ssoadmin::error::{ProvideErrorMetadata, SdkError};

use crate::targets::TargetError;

/// What AWS said when it would not do something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub status: u16,
    /// The name of the error, such as `AccessDeniedException`; empty where none came.
    pub code: String,
    pub message: String,
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
    Refused(Box<Said>),
    /// The answer isn't whole, or isn't what such an answer is.
    Odd {
        why: String,
    },
    /// Something that was accepted isn't settled after so long.
    Unsettled {
        what: String,
    },
    /// The run was asked to stop.
    Stopped,
}

/// What was tried, for words like `list users`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asked<'a> {
    ToSee(&'a str),
    ToChange(&'a str),
}

/// What a name must be that an answer needs. The library makes empty ones of those that are missing.
pub(crate) fn named(what: &str, name: Option<&str>) -> Result<String, Failure> {
    match name {
        Some(name) if !name.is_empty() => Ok(name.to_owned()),
        Some(_) | None => Err(Failure::Odd { why: format!("an answer has no {what}") }),
    }
}

/// How often a request is made that only looks, where what stands in the way goes away by itself.
const TRIES: u32 = 5;

/// The longest wait after the first try; it doubles with each more, up to `LONGEST`.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(20);

impl Failure {
    pub(crate) fn of<E>(error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        match error {
            SdkError::ConstructionFailure(_) => Failure::NotSent { why: causes(&error) },
            SdkError::TimeoutError(_) => Failure::NoAnswer { why: "no answer came in time".to_owned() },
            SdkError::DispatchFailure(ref failure) if failure.is_user() => Failure::NotSent { why: causes(&error) },
            SdkError::DispatchFailure(_) => Failure::NoAnswer { why: causes(&error) },
            SdkError::ServiceError(ref context) => {
                let (told, status) = (context.err().meta(), context.raw().status().as_u16());
                let said = |text: Option<&str>| text.unwrap_or_default().to_owned();
                if told.code().is_none() && status < 400 {
                    return Failure::Odd { why: "an answer can't be read".to_owned() };
                }
                Failure::Refused(Box::new(Said { status, code: said(told.code()), message: said(told.message()) }))
            }
            // what is not read may have been done
            SdkError::ResponseError(_) | _ => Failure::Odd { why: "an answer can't be read".to_owned() },
        }
    }

    fn said(&self) -> Option<&Said> {
        match self {
            Failure::Refused(said) => Some(said),
            Failure::NotSent { .. }
            | Failure::NoAnswer { .. }
            | Failure::Odd { .. }
            | Failure::Unsettled { .. }
            | Failure::Stopped => None,
        }
    }

    fn is_called(&self, codes: &[&str]) -> bool {
        self.said().is_some_and(|said| codes.contains(&said.code.as_str()))
    }

    /// Too much was asked in too short a time, or too much is under way.
    pub(crate) fn is_throttled(&self) -> bool {
        self.is_called(&[
            "ThrottlingException",
            "Throttling",
            "TooManyRequestsException",
            "RequestLimitExceeded",
            "RequestThrottled",
            "SlowDown",
        ]) || self.said().is_some_and(|said| said.status == 429)
    }

    /// Something else is being done to the same thing.
    pub(crate) fn is_conflict(&self) -> bool {
        self.is_called(&["ConflictException", "ConcurrentModificationException"])
    }

    pub(crate) fn is_missing(&self) -> bool {
        self.is_called(&["ResourceNotFoundException", "PolicyNotFoundException"])
    }

    /// True where the credential may not, whatever else it may.
    pub(crate) fn is_denied(&self) -> bool {
        self.is_called(&["AccessDeniedException", "AccessDenied", "UnauthorizedOperation"])
    }

    fn is_of_credential(&self) -> bool {
        self.is_called(&[
            "ExpiredTokenException",
            "ExpiredToken",
            "IncompleteSignature",
            "InvalidClientTokenId",
            "InvalidSignatureException",
            "MissingAuthenticationToken",
            "SignatureDoesNotMatch",
            "UnrecognizedClientException",
        ])
    }

    /// The shortest and the longest wait before something that only looks is asked once more.
    pub(crate) fn pause_after(&self, tried: u32) -> Option<(Duration, Duration)> {
        let broken = self.said().is_some_and(|said| said.status >= 500) || matches!(self, Failure::NoAnswer { .. });
        if tried + 1 >= TRIES || !(self.is_throttled() || broken) {
            return None;
        }
        let most = FIRST.saturating_mul(2_u32.saturating_pow(tried)).min(LONGEST);
        Some((most / 4, most))
    }

    /// In the words of all targets.
    pub(crate) fn told(&self, target: &str, asked: Asked<'_>) -> TargetError {
        let target = || target.to_owned();
        let (doing, writes) = match asked {
            Asked::ToSee(doing) => (doing, false),
            Asked::ToChange(doing) => (doing, true),
        };
        match self {
            Failure::NotSent { why } => TargetError::Unreachable { target: target(), why: why.clone() },
            Failure::NoAnswer { why } if writes => {
                TargetError::Unsettled { what: format!("nobody heard what came of this: {doing} ({why})") }
            }
            Failure::NoAnswer { why } => TargetError::Unreachable { target: target(), why: why.clone() },
            Failure::Odd { why } if writes => TargetError::Unsettled { what: format!("{doing}: {why}") },
            Failure::Odd { why } => {
                TargetError::LiveReadIncomplete { target: target(), why: format!("{why}, asked to {doing}") }
            }
            Failure::Unsettled { what } => TargetError::Unsettled { what: what.clone() },
            Failure::Stopped => TargetError::Stopped,
            Failure::Refused(_) if self.is_throttled() => TargetError::Throttled { target: target(), after: None },
            Failure::Refused(said) => self.refused(said, &target(), doing, writes),
        }
    }

    fn refused(&self, said: &Said, target: &str, doing: &str, writes: bool) -> TargetError {
        let words = if said.message.is_empty() { said.code.as_str() } else { said.message.as_str() };
        if self.is_of_credential() {
            let expired = said.code.contains("Expired");
            return TargetError::Denied {
                what: format!("log in at `{target}`: {words}"),
                help: if expired {
                    "the credential has expired: get a new one where this runs and try again".to_owned()
                } else {
                    "see which access key the variables of this target hold, and the clock of this machine".to_owned()
                },
            };
        }
        if self.is_denied() {
            return TargetError::Denied {
                what: format!("{doing}: {words}"),
                help: "give it what the target's page lists, and nothing more".to_owned(),
            };
        }
        if self.is_conflict() {
            return TargetError::Conflict { why: format!("{words} (to {doing})") };
        }
        if said.status >= 500 {
            let answered = format!("AWS answered {}", said.status);
            return if writes {
                TargetError::Unsettled { what: format!("{doing}: {answered}") }
            } else {
                TargetError::Unreachable { target: target.to_owned(), why: answered }
            };
        }
        TargetError::Refused {
            why: format!("{words} (to {doing})"),
            help: "see what AWS says, and correct what is declared".to_owned(),
        }
    }
}

/// What an error says, and what caused it.
fn causes(error: &dyn Error) -> String {
    let mut words = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if words.last() != Some(&said) {
            words.push(said);
        }
        next = cause.source();
    }
    if words.is_empty() { error.to_string() } else { words.join(": ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::error::Remedy;

    fn said(status: u16, code: &str) -> Failure {
        Failure::Refused(Box::new(Said { status, code: code.to_owned(), message: "why".to_owned() }))
    }

    #[test]
    fn what_failed_after_it_was_sent_is_read_before_it_is_made_again() {
        let (see, change) = (Asked::ToSee("look"), Asked::ToChange("assign"));
        for (failure, read, write) in [
            (Failure::NoAnswer { why: "reset".to_owned() }, Remedy::Wait, Remedy::Read),
            (Failure::NotSent { why: "refused".to_owned() }, Remedy::Wait, Remedy::Wait),
            (said(500, "InternalServerException"), Remedy::Wait, Remedy::Read),
            (said(400, "ValidationException"), Remedy::Mend, Remedy::Mend),
            (said(400, "AccessDeniedException"), Remedy::Mend, Remedy::Mend),
            (said(400, "ExpiredTokenException"), Remedy::Mend, Remedy::Mend),
            (said(400, "ConflictException"), Remedy::Wait, Remedy::Wait),
            (said(400, "ThrottlingException"), Remedy::Wait, Remedy::Wait),
            (Failure::Odd { why: "no JSON".to_owned() }, Remedy::Read, Remedy::Read),
            (Failure::Stopped, Remedy::Resume, Remedy::Resume),
        ] {
            assert_eq!(failure.told("aws", see).remedy(), read, "{failure:?}");
            assert_eq!(failure.told("aws", change).remedy(), write, "{failure:?}");
        }
    }

    #[test]
    fn only_what_goes_away_is_asked_again_and_not_for_ever() {
        for lasting in ["ValidationException", "AccessDeniedException", "ConflictException"] {
            assert_eq!(said(400, lasting).pause_after(0), None);
        }
        let throttled = said(400, "ThrottlingException");
        let longest: Vec<Duration> = (0..).map_while(|tried| Some(throttled.pause_after(tried)?.1)).collect();
        assert_eq!(longest, [500, 1_000, 2_000, 4_000].map(Duration::from_millis));
    }

    #[test]
    fn an_empty_name_is_no_name() {
        assert!(named("user id", Some("")).is_err() && named("user id", None).is_err());
        assert_eq!(named("user id", Some("u-1")).unwrap(), "u-1");
    }
}
