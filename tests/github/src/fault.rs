//! What goes wrong when a test wants it to.

/// Which requests a fault meets. Everything that is set must fit.
#[derive(Debug, Clone, Default)]
pub struct On {
    method: Option<String>,
    path: Option<String>,
    query: Option<String>,
    skip: usize,
    times: Option<usize>,
}

impl On {
    /// Every request.
    pub fn any() -> On {
        On::default()
    }

    /// Requests by a method.
    pub fn method(method: &str) -> On {
        On { method: Some(method.to_owned()), ..On::default() }
    }

    /// Queries by the name of their operation.
    pub fn query(name: &str) -> On {
        On { query: Some(name.to_owned()), ..On::default() }
    }

    /// Requests whose path and query contain a text.
    pub fn path(mut self, part: &str) -> On {
        self.path = Some(part.to_owned());
        self
    }

    /// Not the first few of them.
    pub fn skip(mut self, number: usize) -> On {
        self.skip = number;
        self
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
    /// Nothing happens, and that status is answered.
    Status(u16),
    /// It happens, and that status is answered.
    StatusAfterEffect(u16),
    /// Nothing happens, and the connection is closed.
    Drop,
    /// It happens, and the connection is closed.
    DropAfterEffect,
    /// Nothing happens, and there is never an answer.
    Hang,
    /// It happens, and there is never an answer.
    HangAfterEffect,
    /// It happens, and the connection is closed after half of the answer.
    HalfBody,
    /// A list comes with half of its items and without links, and nothing tells.
    HalfPage,
    /// A list comes with half of its items, and `X-GitHub-SSO` tells that organisations are missing.
    PartialResults,
    /// The limit of the hour is used up.
    PrimaryLimit,
    /// Too much came at once: 403 or 429, with or without `Retry-After` in seconds.
    SecondaryLimit(u16, Option<u32>),
    /// GraphQL says with status 200 that a limit is reached: `RATE_LIMITED` or `RATE_LIMIT`.
    GraphqlLimit(&'static str),
    /// GraphQL gives up on lists with status 200: `RESOURCE_LIMITS_EXCEEDED`.
    ResourceLimits,
    /// A page for people is answered with that status, and no JSON.
    Page(u16),
    /// The answer leads to another host.
    RedirectTo(String),
}

impl Fault {
    /// Whether the request is carried out all the same.
    pub(crate) fn has_effect(&self) -> bool {
        matches!(
            self,
            Fault::StatusAfterEffect(_)
                | Fault::DropAfterEffect
                | Fault::HangAfterEffect
                | Fault::HalfBody
                | Fault::HalfPage
                | Fault::PartialResults
                | Fault::ResourceLimits
        )
    }
}

/// A fault that waits for its requests.
#[derive(Debug)]
pub(crate) struct Planned {
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
    pub(crate) fn meet(&mut self, method: &str, target: &str, query: Option<&str>) -> Option<Fault> {
        let mut found = None;
        for planned in &mut self.0 {
            let on = &planned.on;
            let fits = on.method.as_ref().is_none_or(|wanted| wanted == method)
                && on.path.as_ref().is_none_or(|part| target.contains(part.as_str()))
                && on.query.as_ref().is_none_or(|wanted| Some(wanted.as_str()) == query);
            if !fits {
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
