//! A period of the log for an auditor: the whole population of landings, who asked, who approved, how fast access came and
//! went, and what each control rests on.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::escape::{markdown_code, markdown_text};
use super::style::count;
use crate::access::time::{format_end, format_moment, format_start};
use crate::access::{Access, Waiver};
use crate::audit::controls::{Controls, Landed, middle_and_longest};
use crate::audit::entries;
use crate::audit::record::Verdict;

/// What a report is about.
#[derive(Debug)]
pub struct Period<'a> {
    pub organization: &'a str,
    pub from: Timestamp,
    /// Exclusive.
    pub until: Timestamp,
    /// How many entries the log has, and the root over all of them: with these nobody can leave any out.
    pub size: u64,
    pub root: String,
    pub zone: &'a TimeZone,
    pub controls: &'a Controls,
    /// Waivers of the last verified tree that hold at some time of the period.
    pub waivers: Vec<&'a Waiver>,
}

impl<'a> Period<'a> {
    /// The waivers of a tree that hold at some time between two instants.
    pub fn waivers(access: &'a Access, from: Timestamp, until: Timestamp) -> Vec<&'a Waiver> {
        let holds = |waiver: &&Waiver| waiver.interval.from() < until && waiver.interval.until() > from;
        access.policy.waivers.iter().filter(holds).collect()
    }
}

/// A control, its name in the frameworks that ask for it, and what here speaks of it.
struct Control {
    asked_by: &'static str,
    what: &'static str,
    evidence: fn(&Controls) -> String,
    /// True where the evidence holds an exception that somebody should look at.
    exception: fn(&Controls) -> bool,
}

const CONTROLS: [Control; 5] = [
    Control {
        asked_by: "NIST SP 800-53 AC-2 · ISO 27001 A.5.18 · SOC 2 CC6.2",
        what: "Access is given only after it was approved",
        evidence: |controls| {
            let approved = of_verdict(controls, Verdict::Approved) + of_verdict(controls, Verdict::Removal);
            format!("{} of {} landings approved; {}", approved, controls.landings.len(), others(controls))
        },
        exception: |controls| {
            let approved = |one: &Landed| matches!(one.verdict, Verdict::Approved | Verdict::Removal);
            controls.landings.iter().any(|one| !approved(one) && one.gains + one.losses > 0)
        },
    },
    Control {
        asked_by: "NIST SP 800-53 AC-5 · ISO 27001 A.5.3 · SOC 2 CC6.3",
        what: "Nobody approves a change of their own",
        evidence: |controls| format!("{} where somebody did both", count(own(controls).count(), "landing")),
        exception: |controls| own(controls).next().is_some(),
    },
    Control {
        asked_by: "NIST SP 800-53 AC-6 · SOC 2 CC6.1 · PCI DSS 7",
        what: "What isn't approved takes no effect",
        evidence: |controls| {
            let drifted: usize = controls.drift.iter().map(|(_, operations)| operations).sum();
            let refusals = count(controls.refusals.len(), "refusal");
            format!("{refusals}; {} brought back what had drifted", count(drifted, "operation"))
        },
        exception: |controls| !controls.drift.is_empty(),
    },
    Control {
        asked_by: "ISO 27001 A.5.18 · SOC 2 CC6.3 · PCI DSS 8",
        what: "Access ends when it is over",
        evidence: |controls| {
            format!("{} carried out; {}", count(controls.to_removal.len(), "end"), spread(&controls.to_removal))
        },
        exception: |controls| controls.to_removal.iter().any(|late| *late > LATE),
    },
    Control {
        asked_by: "NIST SP 800-53 AC-2(4) · SOC 2 CC6.1",
        what: "Every run stands in the log",
        evidence: |controls| {
            let runs = controls.runs;
            let keys = match controls.key_changes {
                0 => String::new(),
                changes => format!("; {} of the log's key", count(changes, "change")),
            };
            format!("{} whole, {} partly, {} interrupted runs{keys}", runs.whole, runs.partial, runs.interrupted)
        },
        exception: |controls| controls.runs.interrupted > 0,
    },
];

/// An end that took longer than a day to be carried out.
const LATE: SignedDuration = SignedDuration::from_hours(24);

fn of_verdict(controls: &Controls, verdict: Verdict) -> usize {
    controls.landings.iter().filter(|one| one.verdict == verdict).count()
}

fn others(controls: &Controls) -> String {
    let of = |verdict| of_verdict(controls, verdict);
    format!("{} without access, {} restored", of(Verdict::Unmanaged), of(Verdict::Restored))
}

fn own(controls: &Controls) -> impl Iterator<Item = &Landed> {
    controls.landings.iter().filter(|one| one.approved_by.iter().any(|person| one.requested_by.contains(person)))
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approved => "approved",
        Verdict::Unmanaged => "unmanaged",
        Verdict::Restored => "restored",
        Verdict::Removal => "removal behind a refused landing",
    }
}

/// `3 h 20 min in the middle, 26 h 5 min at most`
fn spread(durations: &[SignedDuration]) -> String {
    match middle_and_longest(durations) {
        Some((middle, longest)) => format!("{} in the middle, {} at most", words(middle), words(longest)),
        None => "none measured".to_owned(),
    }
}

fn words(duration: SignedDuration) -> String {
    let minutes = duration.as_mins();
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

fn short(commit: &str) -> &str {
    commit.get(..10).unwrap_or(commit)
}

fn people(ids: &[String]) -> String {
    if ids.is_empty() {
        "–".to_owned()
    } else {
        ids.iter().map(|id| markdown_code(id)).collect::<Vec<_>>().join(", ")
    }
}

/// The report for people.
pub fn markdown(period: &Period<'_>) -> String {
    let controls = period.controls;
    let mut text = format!(
        "# Access controls of {}\n\nFrom {} through {}.\n\n",
        markdown_text(period.organization),
        format_start(period.from, period.zone),
        format_end(period.until, period.zone)
    );
    text.push_str(&format!(
        "Everything below is read from the log of {} with the root {}. `dualkey audit verify` recomputes that root, \
         so no entry can be left out. Times of approvals are what the approvers' own clocks said.\n\n",
        entries(period.size),
        markdown_code(&period.root)
    ));
    text.push_str("## Controls\n\n| Asked by | What | Evidence | |\n|---|---|---|---|\n");
    for control in CONTROLS {
        let mark = if (control.exception)(controls) { "**look**" } else { "ok" };
        text.push_str(&format!(
            "| {} | {} | {} | {mark} |\n",
            control.asked_by,
            control.what,
            (control.evidence)(controls)
        ));
    }
    text.push_str(&format!("\nFrom the last approval to access: {}.\n", spread(&controls.to_access)));
    text.push_str(&format!("\n## Landings ({})\n\n", controls.landings.len()));
    if !controls.landings.is_empty() {
        text.push_str("| Entry | Landing | When | Verdict | Asked | Approved | Applied by run | Gains | Losses |\n");
        text.push_str("|--:|---|---|---|---|---|---|--:|--:|\n");
    }
    for one in &controls.landings {
        text.push_str(&format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
            one.entry,
            markdown_code(short(&one.commit)),
            format_moment(one.at, period.zone),
            verdict(one.verdict),
            people(&one.requested_by),
            people(&one.approved_by),
            one.applied_by.as_deref().map_or_else(|| "not yet".to_owned(), markdown_code),
            one.gains,
            one.losses
        ));
    }
    text.push_str(&format!("\n## Refusals ({})\n\n", controls.refusals.len()));
    for one in &controls.refusals {
        let at = format_moment(one.at.0, period.zone);
        text.push_str(&format!("- {at}: {} {}\n", markdown_code(short(&one.landing)), markdown_code(&one.code)));
    }
    text.push_str(&format!("\n## Waivers in force ({})\n\n", period.waivers.len()));
    for one in &period.waivers {
        text.push_str(&format!(
            "- {} for {}, owned by {}, until {}\n",
            markdown_code(one.rule.as_str()),
            markdown_code(one.person.as_str()),
            markdown_code(one.owner.as_str()),
            format_end(one.interval.until(), period.zone)
        ));
    }
    text.push_str(&format!("\n## Drift ({})\n\n", controls.drift.len()));
    for (at, operations) in &controls.drift {
        let operations = count(*operations, "operation");
        text.push_str(&format!("- {}: {operations} brought it back\n", format_moment(*at, period.zone)));
    }
    text
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Document<'a> {
    version: u32,
    organization: &'a str,
    from: String,
    /// Exclusive.
    until: String,
    log: LogRow<'a>,
    controls: Vec<ControlRow>,
    landings: Vec<LandingRow<'a>>,
    refusals: Vec<RefusalRow<'a>>,
    waivers: Vec<WaiverRow<'a>>,
    drift: Vec<DriftRow>,
    runs: RunsRow,
    /// From the last approval of a landing to the end of the run that gave what it brought.
    seconds_to_access: Vec<i64>,
    /// From the declared end of access to the end of the run that took it away.
    seconds_to_removal: Vec<i64>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct LogRow<'a> {
    size: u64,
    root: &'a str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ControlRow {
    asked_by: Vec<&'static str>,
    what: &'static str,
    evidence: String,
    exception: bool,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct LandingRow<'a> {
    entry: u64,
    commit: &'a str,
    at: String,
    verdict: &'static str,
    requested_by: &'a [String],
    approved_by: &'a [String],
    applied_by: Option<&'a str>,
    gains: usize,
    losses: usize,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct RefusalRow<'a> {
    landing: &'a str,
    code: &'a str,
    message: &'a str,
    at: String,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WaiverRow<'a> {
    rule: &'a str,
    person: &'a str,
    owner: &'a str,
    from: String,
    until: String,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct DriftRow {
    at: String,
    operations: usize,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct RunsRow {
    whole: usize,
    partial: usize,
    interrupted: usize,
}

/// The report for programs.
pub fn json(period: &Period<'_>) -> String {
    let instant = |at: Timestamp| format_moment(at, period.zone);
    let controls = period.controls;
    let seconds = |durations: &[SignedDuration]| durations.iter().map(SignedDuration::as_secs).collect();
    super::json::print(&Document {
        version: 1,
        organization: period.organization,
        from: instant(period.from),
        until: instant(period.until),
        log: LogRow { size: period.size, root: &period.root },
        controls: CONTROLS
            .iter()
            .map(|control| ControlRow {
                asked_by: control.asked_by.split(" · ").collect(),
                what: control.what,
                evidence: (control.evidence)(controls),
                exception: (control.exception)(controls),
            })
            .collect(),
        landings: controls
            .landings
            .iter()
            .map(|one| LandingRow {
                entry: one.entry,
                commit: &one.commit,
                at: instant(one.at),
                verdict: verdict(one.verdict),
                requested_by: &one.requested_by,
                approved_by: &one.approved_by,
                applied_by: one.applied_by.as_deref(),
                gains: one.gains,
                losses: one.losses,
            })
            .collect(),
        refusals: controls
            .refusals
            .iter()
            .map(|one| RefusalRow {
                landing: &one.landing,
                code: &one.code,
                message: &one.message,
                at: instant(one.at.0),
            })
            .collect(),
        waivers: period
            .waivers
            .iter()
            .map(|one| WaiverRow {
                rule: one.rule.as_str(),
                person: one.person.as_str(),
                owner: one.owner.as_str(),
                from: instant(one.interval.from()),
                until: instant(one.interval.until()),
            })
            .collect(),
        drift: controls
            .drift
            .iter()
            .map(|(at, operations)| DriftRow { at: instant(*at), operations: *operations })
            .collect(),
        runs: RunsRow {
            whole: controls.runs.whole,
            partial: controls.runs.partial,
            interrupted: controls.runs.interrupted,
        },
        seconds_to_access: seconds(&controls.to_access),
        seconds_to_removal: seconds(&controls.to_removal),
    })
}
