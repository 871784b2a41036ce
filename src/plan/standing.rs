//! Where a change stands: what each rule asks for, who gave it, who may, and who can't and why. Every word about approvers
//! comes from here.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::panel::{Bar, Circumstances};
use super::requirements::{self, Requirement};
use super::{Plan, Verdict};
use crate::access::PersonId;
use crate::finding::Refusal;

/// What people said of a change, judged, and what holds it up beside them.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// Everybody whose approval counts.
    pub given: BTreeSet<PersonId>,
    /// Until when each of their approvals counts, where it is not applied before.
    pub until: BTreeMap<PersonId, Timestamp>,
    /// Approvals that don't count, each with why.
    pub uncounted: Vec<Refusal>,
    /// Requests for changes that nobody has overcome.
    pub objections: Vec<Refusal>,
    /// What somebody else than an approver has to prove before it can land.
    pub unproven: Vec<Refusal>,
    /// What keeps it from landing, whoever approves it. Findings of the change are not repeated here.
    pub obstacles: Vec<Refusal>,
}

/// Where a change stands with one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleStanding {
    /// How many approvals the rule asks for here.
    pub needed: usize,
    /// How many of them are missing. A service's sponsors don't suffice alone, so that one may be missing though so many
    /// were given.
    pub missing: usize,
    /// Whose approval counts here.
    pub given: BTreeSet<PersonId>,
    /// Everybody who may approve, those who did among them.
    pub able: BTreeSet<PersonId>,
    /// Everybody else whom the rule names, each with every reason.
    pub barred: BTreeMap<PersonId, Vec<Bar>>,
    /// True where somebody approved, and all who did answer for a service that gains.
    pub sponsors_alone: bool,
}

impl RuleStanding {
    /// Those who may approve and haven't yet. Where sponsors don't suffice alone, they can't help any more.
    pub fn left<'a>(&'a self, requirement: &'a Requirement) -> impl Iterator<Item = &'a PersonId> {
        let open = self.able.iter().filter(|person| !self.given.contains(*person));
        open.filter(|person| !self.sponsors_alone || !requirement.sponsors.contains(*person))
    }
}

/// Where a change stands with what is asked for beyond the counts of the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReserveStanding {
    /// How many people are asked for beyond those by whom the rules are met.
    pub needed: usize,
    pub given: BTreeSet<PersonId>,
    pub able: BTreeSet<PersonId>,
    pub barred: BTreeMap<PersonId, Vec<Bar>>,
}

/// Where a change stands.
#[derive(Clone, Debug)]
pub struct Standing {
    pub verdict: Verdict,
    /// One for each of the plan's requirements, in their order.
    pub rules: Vec<RuleStanding>,
    /// None where nobody is asked for beyond the rules.
    pub reserve: Option<ReserveStanding>,
    pub circumstances: Circumstances,
    pub said: Said,
}

impl Standing {
    /// `said.given` are people whom nothing bars.
    pub fn of(plan: &Plan<'_>, circumstances: Circumstances, said: Said) -> Self {
        let (surplus, given) = (circumstances.surplus, circumstances.given(&said.given));
        let rules = plan.requirements.iter().map(|requirement| {
            let (able, barred) = parted(plan.panel(&circumstances, requirement));
            let sponsors_alone = requirement.is_by_sponsors_alone(given);
            RuleStanding {
                needed: requirement.needed(surplus),
                missing: requirement.missing(given, surplus),
                given: requirement.given(given).cloned().collect(),
                sponsors_alone: sponsors_alone && requirement.given(given).next().is_some(),
                able,
                barred,
            }
        });
        let reserve = (surplus.in_all > 0).then(|| {
            let (able, barred) = parted(plan.reserve_panel(&circumstances));
            let needed = usize::try_from(surplus.in_all).unwrap_or(usize::MAX);
            ReserveStanding { needed, given: able.intersection(&said.given).cloned().collect(), able, barred }
        });
        let verdict = verdict(plan, &circumstances, &said);
        Standing { verdict, rules: rules.collect(), reserve, circumstances, said }
    }

    /// True where enough people have approved.
    pub fn is_met(&self, plan: &Plan<'_>) -> bool {
        is_met(plan, &self.circumstances, &self.said.given)
    }

    /// Each rule with what it asks for.
    pub fn with_rules<'a>(&'a self, plan: &'a Plan<'_>) -> impl Iterator<Item = (&'a Requirement, &'a RuleStanding)> {
        plan.requirements.iter().zip(&self.rules)
    }

    /// Everybody whom a rule names and whom something bars there, each with every reason.
    pub fn barred(&self) -> BTreeMap<&PersonId, BTreeSet<&Bar>> {
        let mut found: BTreeMap<&PersonId, BTreeSet<&Bar>> = BTreeMap::new();
        let reserve = self.reserve.iter().flat_map(|reserve| &reserve.barred);
        for (person, bars) in self.rules.iter().flat_map(|rule| &rule.barred).chain(reserve) {
            found.entry(person).or_default().extend(bars);
        }
        found
    }

    /// True where the person may approve for some rule, or beside them.
    pub fn is_able(&self, person: &PersonId) -> bool {
        self.rules.iter().any(|rule| rule.able.contains(person))
            || self.reserve.as_ref().is_some_and(|reserve| reserve.able.contains(person))
    }
}

fn parted(panel: BTreeMap<PersonId, Vec<Bar>>) -> (BTreeSet<PersonId>, BTreeMap<PersonId, Vec<Bar>>) {
    let (able, barred): (BTreeMap<_, _>, BTreeMap<_, _>) = panel.into_iter().partition(|(_, bars)| bars.is_empty());
    (able.into_keys().collect(), barred)
}

fn verdict(plan: &Plan<'_>, circumstances: &Circumstances, said: &Said) -> Verdict {
    if plan.is_nothing() && said.obstacles.is_empty() {
        return Verdict::Nothing;
    }
    let blocked = plan.blocking().next().is_some() || !said.obstacles.is_empty();
    if blocked || plan.requirements.is_empty() || !plan.silent.is_empty() {
        return Verdict::Blocked;
    }
    if is_met(plan, circumstances, &said.given) && said.unproven.is_empty() {
        return Verdict::Ready;
    }
    Verdict::NeedsApproval
}

/// True where these people meet every rule, and whatever is asked for beyond that.
pub fn is_met(plan: &Plan<'_>, circumstances: &Circumstances, given: &BTreeSet<PersonId>) -> bool {
    let (surplus, nobody) = (circumstances.surplus, BTreeSet::new());
    let reserve = if surplus.in_all > 0 { plan.reserve() } else { &nobody };
    requirements::met(&plan.requirements, circumstances.given(given), surplus, reserve)
}
