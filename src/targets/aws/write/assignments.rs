//! Assignments: asked for, at most ten at a time, and waited for to their end.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use aws_sdk_ssoadmin::types::{AccountAssignmentOperationStatus, PrincipalType, TargetType};

use super::super::client::{Asked, Failure, Line, named};
use super::super::directory::{Who, describe};
use super::super::ends::SESSIONS_AT_MOST;
use super::super::flights::{PATIENCE, Progress, Sort, look, progress, until_next_look};
use super::{Telling, doing};
use crate::targets::{Call, Done, TargetError};

/// So many may be under way at once over the whole instance ("IAM Identity Center quotas").
const AT_ONCE: usize = 10;

/// The longest wait after the first refusal to take one more; it doubles with each, up to `LONGEST`.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);

/// One assignment to make or to take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub gives: bool,
    pub account: String,
    /// The ARN of the permission set.
    pub set: String,
    pub who: Who,
}

/// The steps of one call, one after the other.
pub(super) struct Job {
    /// The call's place among all.
    call: usize,
    doing: String,
    steps: VecDeque<Step>,
    state: State,
    /// How often AWS wanted this one later, since when, and what it said last.
    later: u32,
    since: Option<Duration>,
    refused: Option<TargetError>,
    /// True once a step is done: then the call isn't one that nobody tried.
    begun: bool,
    /// The sets of which something was taken.
    taken: Vec<String>,
    /// The policy ends open sessions of what is taken, by its name.
    ended_by: Option<String>,
}

enum State {
    /// It isn't asked for before then.
    Waiting {
        until: Duration,
    },
    /// It was taken, and isn't done.
    UnderWay {
        sort: Sort,
        request: String,
        looks: u32,
        next: Duration,
        until: Duration,
    },
    Settled,
}

impl Job {
    pub(super) fn new(call: usize, of: &Call, steps: Vec<Step>, ended_by: Option<String>) -> Self {
        Job {
            call,
            doing: doing(of),
            steps: steps.into(),
            state: State::Waiting { until: Duration::ZERO },
            later: 0,
            since: None,
            refused: None,
            begun: false,
            taken: Vec::new(),
            ended_by,
        }
    }

    fn is_settled(&self) -> bool {
        matches!(self.state, State::Settled)
    }

    fn is_under_way(&self) -> bool {
        matches!(self.state, State::UnderWay { .. })
    }

    /// The account and the set that it writes to next.
    fn place(&self) -> Option<(&str, &str)> {
        self.steps.front().map(|step| (step.account.as_str(), step.set.as_str()))
    }
}

/// Does all jobs. One that fails holds up none of the others.
pub(super) fn perform(line: &Line, mut jobs: Vec<Job>, tell: &Telling<'_>) {
    let mut desk = Desk { line, tell, stopped: false, is_full: false, sessions: BTreeMap::new() };
    loop {
        desk.begin(&mut jobs);
        desk.look(&mut jobs);
        if desk.stopped {
            // what is under way is waited for
            jobs.iter_mut().filter(|job| !job.is_under_way()).for_each(|job| desk.leave(job));
            jobs.retain(Job::is_under_way);
        }
        jobs.retain(|job| !job.is_settled());
        let Some(next) = next_look(&jobs, line.elapsed()) else { break };
        let pause = next.saturating_sub(line.elapsed());
        let refused = jobs.iter().find_map(|job| job.refused.as_ref()).map(ToString::to_string);
        let goes_on = match refused.filter(|_| !pause.is_zero() && !jobs.iter().any(Job::is_under_way)) {
            // others are at it: those who wait for them don't come back together
            Some(why) => line.wait(pause, pause * 2, &why),
            None => pause.is_zero() || line.pause(pause),
        };
        if !goes_on {
            jobs.iter_mut().for_each(|job| desk.leave(job));
            break;
        }
    }
}

/// When something is to be done again. What could be asked for and isn't has to wait for something under way.
fn next_look(jobs: &[Job], now: Duration) -> Option<Duration> {
    let when = |job: &Job| match &job.state {
        State::Waiting { until } => Some(*until).filter(|until| *until > now),
        State::UnderWay { next, .. } => Some(*next),
        State::Settled => None,
    };
    let due = jobs.iter().any(|job| matches!(job.state, State::Waiting { .. })).then_some(now);
    jobs.iter().filter_map(when).min().or(due)
}

struct Desk<'d> {
    line: &'d Line,
    tell: &'d Telling<'d>,
    stopped: bool,
    /// AWS takes no more for now.
    is_full: bool,
    /// How long sessions of sets last, in seconds.
    sessions: BTreeMap<String, i64>,
}

impl Desk<'_> {
    /// Asks for what may be asked for.
    fn begin(&mut self, jobs: &mut [Job]) {
        let now = self.line.elapsed();
        for at in 0..jobs.len() {
            let under_way: Vec<&Job> = jobs.iter().filter(|job| job.is_under_way()).collect();
            let Some(job) = jobs.get(at) else { continue };
            let is_due = matches!(job.state, State::Waiting { until } if until <= now);
            let is_busy = under_way.iter().any(|other| other.place() == job.place());
            if under_way.len() >= AT_ONCE || !is_due || is_busy {
                continue;
            }
            if !self.tell.may_go_on() {
                self.stopped = true;
                break;
            }
            let Some(job) = jobs.get_mut(at) else { continue };
            self.ask(job);
            if self.is_full {
                // there is no room for any: the others aren't asked for in vain
                self.is_full = false;
                break;
            }
        }
    }

    /// Asks for the next step of a job.
    fn ask(&mut self, job: &mut Job) {
        let Some(step) = job.steps.front().cloned() else { return self.settle(job, Ok(())) };
        let sort = if step.gives { Sort::Creation } else { Sort::Deletion };
        let taken = request(self.line, &step);
        let status = match taken {
            Ok(status) => status,
            Err(failure) if failure.is_missing() && !step.gives => return self.next_step(job, false),
            Err(failure) if failure.is_throttled() || failure.is_conflict() => return self.later(job, &failure),
            Err(failure) => {
                let result = Err(self.failed(job, &failure));
                return self.settle(job, result);
            }
        };
        self.read(job, sort, None, status.as_ref());
    }

    /// AWS has too much to do, or does something else to the same set in the same account. That is waited for, and no failure.
    fn later(&mut self, job: &mut Job, failure: &Failure) {
        let now = self.line.elapsed();
        let since = *job.since.get_or_insert(now);
        let error = self.failed(job, failure);
        if now.saturating_sub(since) >= PATIENCE {
            return self.settle(job, Err(error));
        }
        let pause = FIRST.saturating_mul(2_u32.saturating_pow(job.later.min(5))).min(LONGEST);
        job.later += 1;
        job.state = State::Waiting { until: now + pause };
        self.is_full |= failure.is_throttled();
        job.refused = Some(error);
    }

    /// Looks how far those are that are under way.
    fn look(&mut self, jobs: &mut [Job]) {
        for job in jobs {
            let now = self.line.elapsed();
            let State::UnderWay { sort, request, next, until, .. } = &job.state else { continue };
            if *next > now {
                continue;
            }
            let (sort, request, until) = (*sort, request.clone(), *until);
            match look(self.line, sort, &request) {
                Ok(status) => self.read(job, sort, Some(request), status.as_ref()),
                Err(failure) => {
                    let what = format!("{}: {}", job.doing, self.failed(job, &failure));
                    self.settle(job, Err(TargetError::Unsettled { what }));
                }
            }
            if job.is_under_way() && now >= until {
                let what = format!("{}: AWS is at it for more than 10 minutes", job.doing);
                self.settle(job, Err(TargetError::Unsettled { what }));
            }
        }
    }

    /// Takes in what AWS says of a step.
    fn read(
        &mut self,
        job: &mut Job,
        sort: Sort,
        asked: Option<String>,
        status: Option<&AccountAssignmentOperationStatus>,
    ) {
        let told = progress(status).and_then(|progress| {
            let request = named("id of a request", status.and_then(|status| status.request_id()))?;
            match &asked {
                Some(asked) if *asked != request => {
                    Err(Failure::Odd { why: format!("request `{asked}` was asked for, and `{request}` answered") })
                }
                Some(_) | None => Ok((progress, request)),
            }
        });
        let now = self.line.elapsed();
        match told {
            Ok((Progress::UnderWay, request)) => {
                let (looks, until) = match &job.state {
                    State::UnderWay { looks, until, .. } => (looks + 1, *until),
                    State::Waiting { .. } | State::Settled => (0, now + PATIENCE),
                };
                job.state = State::UnderWay { sort, request, looks, next: now + until_next_look(looks), until };
            }
            Ok((Progress::Done, _)) => self.next_step(job, true),
            Ok((Progress::Failed { why }, _)) => {
                let result = Err(reason(&job.doing, &why));
                self.settle(job, result);
            }
            Err(failure) => {
                let result = Err(self.failed(job, &failure));
                self.settle(job, result);
            }
        }
    }

    /// Goes on behind a step that is done. What wasn't there to be taken leaves no session.
    fn next_step(&mut self, job: &mut Job, was_there: bool) {
        if let Some(step) = job.steps.pop_front().filter(|step| was_there && !step.gives) {
            job.taken.push(step.set);
        }
        (job.later, job.since, job.refused, job.begun) = (0, None, None, true);
        job.state = State::Waiting { until: Duration::ZERO };
        if job.steps.is_empty() {
            self.settle(job, Ok(()));
        }
    }

    fn settle(&mut self, job: &mut Job, result: Result<(), TargetError>) {
        job.state = State::Settled;
        let done = result.map(|()| {
            if let Some(policy) = job.ended_by.as_ref().filter(|_| !job.taken.is_empty()) {
                let note = format!("the policy `{policy}` denies what sessions still open would do");
                return Done { lives_until: None, note: Some(note) };
            }
            let longest = job.taken.iter().map(|set| self.session(set)).max();
            let end = |seconds| self.line.clock()?.checked_add(jiff::SignedDuration::from_secs(seconds)).ok();
            Done { lives_until: longest.and_then(end), note: None }
        });
        self.tell.settle(job.call, done);
    }

    /// How long a session of a set lasts at most, in seconds. Where nobody can tell, it is the longest of all.
    fn session(&mut self, set: &str) -> i64 {
        let line = self.line;
        *self.sessions.entry(set.to_owned()).or_insert_with(|| {
            let told = describe(line, set).ok().and_then(|set| set.session);
            let told = told.and_then(|text| text.parse::<jiff::SignedDuration>().ok());
            told.unwrap_or(SESSIONS_AT_MOST).as_secs()
        })
    }

    fn failed(&self, job: &Job, failure: &Failure) -> TargetError {
        failure.told(&self.line.settings.target, Asked::ToChange(&job.doing))
    }

    /// Leaves a job: the run may not go on. Another reads what came of what was begun; what AWS refused so far was refused; of
    /// what was never asked for nothing is said.
    fn leave(&mut self, job: &mut Job) {
        let result = match (&job.state, &job.refused) {
            (State::Settled, _) => return,
            (State::Waiting { .. }, None) if !job.begun => return,
            (State::Waiting { .. }, Some(refused)) if !job.begun => refused.clone(),
            (State::Waiting { .. } | State::UnderWay { .. }, _) => {
                TargetError::Unsettled { what: format!("{}: the run was stopped meanwhile", job.doing) }
            }
        };
        self.settle(job, Err(result));
    }
}

/// Asks for an assignment, or for its end.
fn request(line: &Line, step: &Step) -> Result<Option<AccountAssignmentOperationStatus>, Failure> {
    let sort = match step.who {
        Who::User(_) => PrincipalType::User,
        Who::Group(_) => PrincipalType::Group,
    };
    if step.gives {
        let create = line.sso.create_account_assignment().instance_arn(&line.settings.instance);
        let create = create.target_type(TargetType::AwsAccount).target_id(&step.account).permission_set_arn(&step.set);
        let sent = line.once(create.principal_type(sort).principal_id(step.who.id()).send());
        sent.map(|answer| answer.account_assignment_creation_status)
    } else {
        let delete = line.sso.delete_account_assignment().instance_arn(&line.settings.instance);
        let delete = delete.target_type(TargetType::AwsAccount).target_id(&step.account).permission_set_arn(&step.set);
        let sent = line.once(delete.principal_type(sort).principal_id(step.who.id()).send());
        sent.map(|answer| answer.account_assignment_deletion_status)
    }
}

/// Why AWS didn't do what it took.
fn reason(doing: &str, why: &str) -> TargetError {
    TargetError::Refused {
        why: format!("{why} (to {doing})"),
        help: "see what AWS says, and correct what is declared".to_owned(),
    }
}
