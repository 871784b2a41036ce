//! What a run may do by its clock, by those of the targets, and by what the log proves of time.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::codes;
use super::look::Answer;
use crate::access::TargetId;
use crate::finding::Refusal;
use crate::targets::Hello;

/// How far a target's clock may be from ours.
const SKEW: SignedDuration = SignedDuration::from_mins(2);

/// Two clocks that both pass at a target may be so far from each other.
const APART: SignedDuration = SignedDuration::from_mins(4);

/// What the clock of a target said, and what ours said then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    pub target: TargetId,
    pub theirs: Timestamp,
    pub ours: Timestamp,
}

impl Comparison {
    /// Compares the clock of a target with ours, which says `ours` of an instant. The target told the time somewhere between
    /// the question and the answer.
    pub(super) fn of(
        target: TargetId,
        answer: &Answer<Hello>,
        ours: impl Fn(Duration) -> Timestamp,
    ) -> Option<Comparison> {
        let theirs = answer.said.clock?;
        let ours = theirs.clamp(ours(answer.at.saturating_sub(answer.took)), ours(answer.at));
        Some(Comparison { target, theirs, ours })
    }
}

/// What the clocks allow a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// What has ended by then is over.
    pub ends_by: Timestamp,
    /// Targets where it is another instant.
    pub ends_at: BTreeMap<TargetId, Timestamp>,
    /// Why nothing may be given: by a wrong clock something would be given that has ended, or has not begun.
    pub wrong: Vec<Refusal>,
    /// Why nothing may be given at these targets.
    pub wrong_at: Vec<(TargetId, Refusal)>,
}

/// Judges by our clock, by the last instant that the log proves, and by what the targets' clocks said.
///
/// Where the clock of one target confirms ours, one that says something else is wrong, and that is no other target's matter.
/// Where none does, ours may be wrong: then things end at each target by its own clock where that is behind, and where a
/// target tells no time, by the newest of those that do.
///
/// INVARIANT: time never runs back, so nothing that was over at a proven instant is live later. And a clock that is ahead
/// of every other ends nothing early.
pub fn judge(now: Timestamp, proven: Option<Timestamp>, told: &[Comparison]) -> Clocks {
    let after_proven = |at: Timestamp| proven.map_or(at, |proven| at.max(proven));
    let skewed = || told.iter().filter_map(|one| Some((one, skewed(one)?)));
    let behind: Vec<Refusal> = proven.and_then(|proven| behind(now, proven)).into_iter().collect();
    let newest = told.iter().map(|one| one.theirs).max().unwrap_or(now);
    if told.is_empty() || told.iter().any(|one| is_near(one.theirs, one.ours)) {
        let wrong_at = skewed().map(|(one, refusal)| (one.target.clone(), refusal)).collect();
        return Clocks { ends_by: after_proven(now), ends_at: BTreeMap::new(), wrong: behind, wrong_at };
    }
    let ends_at = told.iter().map(|one| (one.target.clone(), after_proven(now.min(one.theirs)))).collect();
    let wrong = skewed().map(|(_, refusal)| refusal).chain(behind).collect();
    Clocks { ends_by: after_proven(now.min(newest)), ends_at, wrong, wrong_at: Vec::new() }
}

/// True where a clock is proven by what was told: there is at least one other, and none says something else.
pub fn is_proven(mut told: impl Iterator<Item = (Timestamp, Timestamp)>) -> bool {
    let near = |(theirs, ours): (Timestamp, Timestamp)| is_near(theirs, ours);
    told.next().is_some_and(near) && told.all(near)
}

fn is_near(theirs: Timestamp, ours: Timestamp) -> bool {
    ours.duration_since(theirs).abs() <= SKEW
}

/// `clock-skew` where a target's clock says something else than ours.
pub(super) fn skewed(told: &Comparison) -> Option<Refusal> {
    (!is_near(told.theirs, told.ours)).then(|| {
        let apart = told.ours.duration_since(told.theirs);
        let (seconds, side) = (apart.abs().as_secs(), if apart.is_positive() { "ahead of" } else { "behind" });
        Refusal::new(
            &codes::CLOCK_SKEW,
            format!("our clock is {seconds} seconds {side} that of `{}`", told.target),
            "set the clock of this machine; until then runs only take away",
        )
    })
}

/// `clock-behind` where our clock says less than the log proves.
fn behind(now: Timestamp, proven: Timestamp) -> Option<Refusal> {
    (proven.duration_since(now) > APART).then(|| {
        Refusal::new(
            &codes::CLOCK_BEHIND,
            format!("our clock says {now}, and at {proven} a run wrote the log whose clock a target confirmed"),
            "set the clock of this machine; until then runs only take away what was over by the later of the two",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> Timestamp {
        format!("2026-11-24T{text}:00Z").parse().unwrap()
    }

    fn told(theirs: &[&str], ours: &str) -> Vec<Comparison> {
        let one = |(at, theirs): (usize, &&str)| Comparison {
            target: TargetId::parse(["aws", "gcp", "github"][at]).unwrap(),
            theirs: instant(theirs),
            ours: instant(ours),
        };
        theirs.iter().enumerate().map(one).collect()
    }

    /// Our clock, the proven time, the targets' clocks; by when things end, also at each of them, and why nothing is given.
    #[track_caller]
    fn stands(now: &str, proven: Option<&str>, theirs: &[&str], ends_by: &str, ends_at: &[&str], codes: &[&str]) {
        let clocks = judge(instant(now), proven.map(instant), &told(theirs, now));
        let said: Vec<&str> = clocks.wrong.iter().map(|refusal| refusal.code.id).collect();
        assert_eq!((clocks.ends_by, said), (instant(ends_by), codes.to_vec()), "{now} {proven:?} {theirs:?}");
        let at: Vec<Timestamp> = clocks.ends_at.into_values().collect();
        assert_eq!(at, ends_at.iter().map(|at| instant(at)).collect::<Vec<_>>(), "{now} {proven:?} {theirs:?}");
    }

    #[test]
    fn what_a_run_may_do_by_its_clock() {
        // nothing to compare with
        stands("09:00", None, &[], "09:00", &[], &[]);
        stands("09:00", Some("08:00"), &[], "09:00", &[], &[]);
        // behind what is proven: that counts, and nothing is given
        stands("09:00", Some("10:00"), &[], "10:00", &[], &["clock-behind"]);
        stands("09:00", Some("09:04"), &[], "09:04", &[], &[]);
        stands("09:00", Some("09:05"), &["09:00"], "09:05", &[], &["clock-behind"]);
        // ahead of every target's: theirs counts, each at its own target
        stands("09:00", None, &["08:00"], "08:00", &["08:00"], &["clock-skew"]);
        stands("09:00", None, &["08:00", "08:30"], "08:30", &["08:00", "08:30"], &["clock-skew", "clock-skew"]);
        stands("09:00", Some("08:20"), &["08:00"], "08:20", &["08:20"], &["clock-skew"]);
        // one that runs far ahead of the others ends nothing at them
        stands("10:00", None, &["08:00", "09:30"], "09:30", &["08:00", "09:30"], &["clock-skew", "clock-skew"]);
        // behind a target's: it alone ends nothing early
        stands("09:00", None, &["10:00"], "09:00", &["09:00"], &["clock-skew"]);
        stands("09:00", Some("09:30"), &["10:00"], "09:30", &["09:30"], &["clock-skew", "clock-behind"]);
        stands("09:00", None, &["09:02", "08:58"], "09:00", &[], &[]);
    }

    #[test]
    fn a_clock_that_is_wrong_alone_is_its_own_targets_matter() {
        for theirs in [["08:00", "09:01"], ["10:00", "09:01"]] {
            let clocks = judge(instant("09:00"), None, &told(&theirs, "09:00"));
            assert_eq!((clocks.ends_by, clocks.ends_at.len(), clocks.wrong.len()), (instant("09:00"), 0, 0));
            let at: Vec<&str> = clocks.wrong_at.iter().map(|(target, _)| target.as_str()).collect();
            assert_eq!(at, ["aws"], "{theirs:?}");
        }
    }

    #[test]
    fn a_clock_is_proven_by_others_that_say_the_same() {
        let proven = |theirs: &[&str]| is_proven(theirs.iter().map(|one| (instant(one), instant("09:00"))));
        assert!(!proven(&[]));
        assert!(proven(&["09:02"]) && proven(&["08:58", "09:01"]));
        assert!(!proven(&["09:03"]) && !proven(&["09:00", "08:57"]));
    }

    proptest::proptest! {
        /// Whatever clocks say: ends never fall behind what is proven, and come no earlier than some other clock says.
        #[test]
        fn ends_never_run_back_and_never_ahead(
            now in 0_i64..1000, proven in proptest::option::of(0_i64..1000), theirs in proptest::collection::vec(0_i64..1000, 0..4)
        ) {
            let at = |minutes: i64| Timestamp::from_second(minutes * 60).unwrap();
            let target = |n: usize| TargetId::parse(["aws", "gcp", "github"][n]).unwrap();
            let one = |(n, theirs): (usize, &i64)| Comparison { target: target(n), theirs: at(*theirs), ours: at(now) };
            let told: Vec<Comparison> = theirs.iter().enumerate().map(one).collect();
            let clocks = judge(at(now), proven.map(at), &told);
            let ends = || clocks.ends_at.values().chain([&clocks.ends_by]);
            if let Some(proven) = proven {
                proptest::prop_assert!(ends().all(|ends| *ends >= at(proven)));
                proptest::prop_assert!(!clocks.wrong.is_empty() || now + 4 >= proven);
            }
            let latest = theirs.iter().map(|theirs| theirs + 2).chain(proven).max();
            proptest::prop_assert!(theirs.is_empty() || ends().all(|ends| *ends <= at(latest.unwrap_or(now))));
            proptest::prop_assert!(ends().all(|ends| *ends <= at(now).max(at(proven.unwrap_or(now)))));
            let near = theirs.iter().filter(|theirs| (**theirs - now).abs() <= 2).count();
            proptest::prop_assert!(!clocks.wrong.is_empty() || theirs.is_empty() || near > 0);
            // nothing is given where a clock says something else
            proptest::prop_assert_eq!(clocks.wrong_at.len(), if near == 0 { 0 } else { theirs.len() - near });
            // a target whose clock is behind while none confirms ours ends nothing before its time
            let behind = told.iter().filter(|_| near == 0);
            for one in behind {
                let own = clocks.ends_at.get(&one.target).copied().unwrap_or(clocks.ends_by);
                proptest::prop_assert!(own <= one.theirs.max(at(proven.unwrap_or(0))));
            }
        }
    }
}
