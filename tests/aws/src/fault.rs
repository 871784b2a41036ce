//! What goes wrong when a test wants it to.

use std::time::Duration;

/// Which requests a fault meets. Everything that is set must fit.
#[derive(Debug, Clone, Default)]
pub struct On {
    operation: Option<String>,
    service: Option<String>,
    containing: Option<String>,
    key: Option<String>,
    skip: usize,
    times: Option<usize>,
}

impl On {
    /// Every request.
    pub fn any() -> On {
        On::default()
    }

    /// Requests for an operation, such as `CreateAccountAssignment`.
    pub fn operation(name: &str) -> On {
        On { operation: Some(name.to_owned()), ..On::default() }
    }

    /// Requests to a service, by the folder of its model in botocore: `sso-admin`, `identitystore`, `organizations`,
    /// `account-access`, `sts`, `iam`.
    pub fn service(name: &str) -> On {
        On { service: Some(name.to_owned()), ..On::default() }
    }

    /// Requests whose input contains a text, such as the number of an account.
    pub fn containing(mut self, text: &str) -> On {
        self.containing = Some(text.to_owned());
        self
    }

    /// Requests that are signed with a key, by its id.
    pub fn key(mut self, id: &str) -> On {
        self.key = Some(id.to_owned());
        self
    }

    /// Not the first few of them.
    pub fn skip(mut self, number: usize) -> On {
        self.skip = number;
        self
    }

    /// Only the one with that number, from 1.
    pub fn nth(self, number: usize) -> On {
        self.skip(number.saturating_sub(1)).times(1)
    }

    /// Only so many of them. Without this, all.
    pub fn times(mut self, number: usize) -> On {
        self.times = Some(number);
        self
    }
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Nothing happens, and that status is answered: 500, 503 with AWS's errors for them, or another without one.
    Status(u16),
    /// It happens, and that status is answered.
    StatusAfterEffect(u16),
    /// Nothing happens, and the answer is an error by its name, such as `ConflictException`, with a message.
    Error(String, String),
    /// It happens, and the answer is such an error.
    ErrorAfterEffect(String, String),
    /// Nothing happens, and the connection is closed.
    Drop,
    /// It happens, and the connection is closed.
    DropAfterEffect,
    /// Nothing happens, and there is never an answer.
    Hang,
    /// It happens, and there is never an answer.
    HangAfterEffect,
    /// It happens, and the answer comes so much later.
    Delay(Duration),
    /// It happens, and the connection is closed after half of the answer.
    HalfBody,
    /// It happens, and the answer is no JSON.
    Garbage,
    /// It happens, and the answer is an empty object.
    EmptyObject,
    /// A page that was asked for with a token leads on by the same token. Others are as they are.
    RepeatedToken,
    /// A list comes with a page that has nothing and leads on.
    EmptyPage,
    /// Every id and ARN of that name in the answer is empty: `PermissionSetArn`, `UserId`, `RequestId`. Of a list of them,
    /// such as `PermissionSets`, the first is.
    EmptyMember(String),
    /// Every member of that name is left out of the answer.
    WithoutMember(String),
    /// The answer tells of another organisation.
    OtherOrganization,
    /// The answer tells of another instance of Identity Center.
    OtherInstance,
}

impl Fault {
    /// Whether the request is carried out all the same.
    pub(crate) fn has_effect(&self) -> bool {
        !matches!(self, Fault::Status(_) | Fault::Error(..) | Fault::Drop | Fault::Hang)
    }
}

/// What is known of a request that a fault may meet.
#[derive(Debug)]
pub(crate) struct Seen<'a> {
    pub(crate) operation: &'a str,
    pub(crate) service: &'a str,
    pub(crate) input: &'a str,
    pub(crate) key: &'a str,
}

/// A fault that waits for its requests.
#[derive(Debug)]
struct Planned {
    on: On,
    fault: Fault,
    met: usize,
}

/// Faults that wait.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Planned>);

impl Faults {
    pub(crate) fn plan(&mut self, on: On, fault: Fault) {
        self.0.push(Planned { on, fault, met: 0 });
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault that meets a request, and counts it for all that fit.
    pub(crate) fn meet(&mut self, seen: &Seen) -> Option<Fault> {
        let mut found = None;
        for planned in &mut self.0 {
            let on = &planned.on;
            let is = |wanted: &Option<String>, there: &str| wanted.as_ref().is_none_or(|wanted| wanted == there);
            let has = |wanted: &Option<String>| wanted.as_ref().is_none_or(|part| seen.input.contains(part.as_str()));
            let fits = is(&on.operation, seen.operation) && is(&on.service, seen.service) && is(&on.key, seen.key);
            if !fits || !has(&on.containing) {
                continue;
            }
            planned.met += 1;
            let counted = planned.met > on.skip && on.times.is_none_or(|times| planned.met <= on.skip + times);
            if counted && found.is_none() {
                found = Some(planned.fault.clone());
            }
        }
        found
    }
}
