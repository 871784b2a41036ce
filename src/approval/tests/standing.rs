//! Where a change is said to stand is what the decision does: in random companies, with random changes and approvals.

use std::cell::Cell;

use proptest::test_runner::TestRunner;

use super::super::decision::{assess, obstacles, said};
use super::*;
use crate::plan::{Plan, RuleStanding, Standing, Verdict};

/// People p0 to p6 and what tells them apart.
const PEOPLE: usize = 7;

const CLASSES: [&str; 5] = ["access", "removal", "bridge", "identity", "policy"];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Sort {
    Employee,
    /// Ended before the change.
    Leaver,
    /// Nobody could check what they sign.
    Keyless,
    Contractor,
    Service,
}

#[derive(Clone, Debug)]
struct World {
    sorts: Vec<Sort>,
    admins: Vec<usize>,
    owners: Vec<usize>,
    /// How many each class asks for, and of whom.
    rules: Vec<(u32, usize)>,
    /// Who answers for contractors and services.
    sponsor: usize,
    /// Who gets the role, and whether its risk is elevated.
    gains: Vec<usize>,
    elevated: bool,
    /// Who is ended by the change.
    ends: Option<usize>,
    /// Whose grant goes.
    loses: bool,
    /// Whether a rule changes, too.
    loosens: bool,
    makers: Vec<Option<usize>>,
    approvers: Vec<usize>,
    gone: Option<usize>,
}

fn member() -> impl Strategy<Value = usize> {
    0..PEOPLE
}

fn members(most: usize) -> impl Strategy<Value = Vec<usize>> {
    prop::collection::btree_set(member(), 1..=most).prop_map(|set| set.into_iter().collect())
}

fn world() -> impl Strategy<Value = World> {
    let sort = prop_oneof![
        6 => Just(Sort::Employee),
        1 => Just(Sort::Leaver),
        1 => Just(Sort::Keyless),
        1 => Just(Sort::Contractor),
        1 => Just(Sort::Service),
    ];
    let company = (
        prop::collection::vec(sort, PEOPLE),
        members(4),
        members(4),
        prop::collection::vec((1..3_u32, 0..4_usize), CLASSES.len()),
        member(),
    );
    let change = (
        prop_oneof![1 => Just(Vec::new()), 3 => members(3)],
        any::<bool>(),
        prop::option::weighted(0.2, member()),
        any::<bool>(),
        prop::bool::weighted(0.2),
    );
    let maker = prop_oneof![5 => member().prop_map(Some), 1 => Just(None)];
    let evidence = (prop::collection::vec(maker, 1..3), members(5), prop::option::weighted(0.1, member()));
    (company, change, evidence).prop_map(
        |(
            (sorts, admins, owners, rules, sponsor),
            (gains, elevated, ends, loses, loosens),
            (makers, approvers, gone),
        )| {
            World {
                sorts,
                admins,
                owners,
                rules,
                sponsor,
                gains,
                elevated,
                ends,
                loses,
                loosens,
                makers,
                approvers,
                gone,
            }
        },
    )
}

fn id(number: usize) -> String {
    format!("p{number}")
}

fn list(people: &[usize]) -> String {
    people.iter().map(|number| id(*number)).collect::<Vec<_>>().join(", ")
}

impl World {
    fn files(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        let mut write = |path: &str, text: String| files.insert(path.to_owned(), text);
        write("dualkey.yaml", CONFIG.replace("EVIDENCE", SIGNATURES));
        for (number, sort) in self.sorts.iter().enumerate() {
            let more = match sort {
                Sort::Employee | Sort::Keyless => "type: employee\n".to_owned(),
                Sort::Leaver => "type: employee\nended: 2026-11-20\n".to_owned(),
                Sort::Service => format!("type: service\nsponsor: {}\n", id(self.sponsor)),
                Sort::Contractor => format!(
                    "type: contractor\nvendor: globex\nsponsor: {}\nengagement: {{ from: 2026-11-01, until: 2027-01-31 }}\n",
                    id(self.sponsor)
                ),
            };
            let key = match sort {
                Sort::Keyless => String::new(),
                Sort::Employee | Sort::Leaver | Sort::Contractor | Sort::Service => {
                    format!("keys: [\"{}\"]\n", key(u8::try_from(number + 1).unwrap()))
                }
            };
            let account = format!("accounts:\n  github: {{ login: l{number}, id: {} }}\n", number + 1);
            write(&format!("people/{}.yaml", id(number)), format!("name: {}\n{more}{account}{key}", id(number)));
        }
        write(
            "vendors/globex.yaml",
            format!("name: G\nsponsor: {}\ncontract: {{ from: 2026-10-01, until: 2027-03-31 }}\n", id(self.sponsor)),
        );
        write("groups/admins.yaml", format!("members: [{}]\n", list(&self.admins)));
        write(
            "domains/payments.yaml",
            format!(
                "title: P\nenvironment: staging\nowners: [{}]\ncontractors: allowed\n\
                 resources:\n  api: {{ repository: northwind/api }}\n  web: {{ repository: northwind/web }}\n",
                list(&self.owners)
            ),
        );
        let risk = if self.elevated { "elevated" } else { "standard" };
        let role = "title: W\ncontractors: allowed\nentitlements:\n  repository: push\nrisk: ";
        write("roles/writer.yaml", format!("{role}{risk}\n"));
        write("grants/stands.yaml", self.grant(&[0], "web"));
        let from =
            ["domain-owners", "\"group:admins\"", "[domain-owners, sponsors]", "[domain-owners, \"group:admins\"]"];
        let rules = CLASSES.iter().zip(&self.rules);
        let rules = rules.map(|(class, (count, whom))| {
            format!("  - {{ change: {class}, count: {count}, from: {} }}\n", from[*whom])
        });
        write("policies/approvals.yaml", format!("approvals:\n{}", rules.collect::<String>()));
        files
    }

    fn grant(&self, to: &[usize], on: &str) -> String {
        format!(
            "to: [{}]\nrole: writer\ndomain: payments\nresources: [{on}]\nfrom: 2026-11-02\nuntil: 2027-01-15\nreason: x\n",
            list(to)
        )
    }

    fn revisions(&self) -> (Revision, Revision) {
        let before = self.files();
        let mut after = before.clone();
        if !self.gains.is_empty() {
            after.insert("grants/new.yaml".to_owned(), self.grant(&self.gains, "api"));
        }
        if self.loses {
            after.remove("grants/stands.yaml");
        }
        if let Some(ended) = self.ends.filter(|ended| self.sorts[*ended] != Sort::Leaver) {
            after.get_mut(&format!("people/{}.yaml", id(ended))).unwrap().push_str("ended: 2026-11-21\n");
        }
        if self.loosens {
            after.get_mut("policies/approvals.yaml").unwrap().push_str("approvals_last: 30 days\n");
        }
        (load(&before), load(&after))
    }

    fn told(&self, approvers: &BTreeSet<PersonId>) -> Told {
        let signer = |maker: &Option<usize>| commit(maker.map(id).as_deref());
        let opinions = approvers.iter().map(|person| says(person.as_str(), Says::Approve)).collect();
        let gone = self.gone.iter().map(|gone| person(&id(*gone))).collect();
        Told { commits: self.makers.iter().map(signer).collect(), opinions, gone, ..signed(&[]) }
    }
}

fn load(files: &BTreeMap<String, String>) -> Revision {
    let texts: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let folder = Folder::new();
    let commit = folder.commit(&texts);
    let snapshot = Snapshot::of_commit(&folder.open(), commit).unwrap();
    Revision::load(&snapshot, KINDS, &mut LastRead::default()).unwrap()
}

/// Whether a standing that was told before anybody approved promises that these people suffice: counted once more, from
/// nothing but what it says of each rule.
fn suffice(plan: &Plan<'_>, standing: &Standing, people: &BTreeSet<PersonId>) -> bool {
    let enough = |people: &BTreeSet<PersonId>| {
        plan.requirements.iter().zip(&standing.rules).all(|(requirement, rule): (_, &RuleStanding)| {
            let able: BTreeSet<&PersonId> = rule.able.intersection(people).collect();
            let alone =
                !requirement.sponsors.is_empty() && able.iter().all(|person| requirement.sponsors.contains(*person));
            able.len() >= rule.needed && !alone
        })
    };
    let Some(reserve) = &standing.reserve else { return enough(people) };
    // so many of them could stay away, and the rest would still be enough
    let spare: Vec<&PersonId> = reserve.able.intersection(people).collect();
    (0..1_u32 << spare.len()).filter(|away| away.count_ones() as usize == reserve.needed).any(|away| {
        let away =
            |person: &PersonId| spare.iter().position(|one| *one == person).is_some_and(|at| away >> at & 1 == 1);
        enough(&people.iter().filter(|person| !away(person)).cloned().collect())
    })
}

#[test]
fn the_decision_takes_whom_the_standing_names_and_nobody_else() {
    let config = ProptestConfig { cases: 64, source_file: Some(file!()), ..ProptestConfig::default() };
    let (taken, refused) = (Cell::new(0), Cell::new(0));
    let agree = |world: World| {
        let (base, head) = world.revisions();
        let digest = plan::plan(&base, &head, now()).digest;
        let case = Case { trusted: Trusted::new(base.into()), proposed: Proposed::new(head.into()), digest };
        // what is wrong with the files is another matter
        let held = plan::Held::default();
        let candidate = Candidate::unlinted(&case.trusted, &case.proposed, now(), &held);
        let change = candidate.plan();
        let told = |approvers: &BTreeSet<PersonId>| {
            let evidence = world.told(approvers).evidence(&case.trusted.revision().access);
            let reviewed = Reviewed::Is(case.digest.clone());
            let assessment = assess(change, &evidence);
            let said = said(change, &assessment, &evidence, obstacles(change, &reviewed, &evidence));
            let standing = Standing::of(change, assessment.circumstances, said);
            (standing, decide(&candidate, &reviewed, &evidence).is_ok() && !change.is_nothing())
        };
        let (nobody, _) = told(&BTreeSet::new());
        let named: BTreeSet<PersonId> = nobody.rules.iter().flat_map(|rule| &rule.able).cloned().collect();
        let beside = nobody.reserve.iter().flat_map(|reserve| &reserve.able).cloned();
        let able: BTreeSet<PersonId> = named.iter().cloned().chain(beside).collect();
        let some: BTreeSet<PersonId> = world.approvers.iter().map(|number| person(&id(*number))).collect();
        for given in [some, able.clone(), named] {
            let (standing, granted) = told(&given);
            let holds = nobody.verdict == Verdict::NeedsApproval && nobody.said.unproven.is_empty();
            prop_assert_eq!(granted, holds && suffice(change, &nobody, &given), "{:?}", nobody);
            prop_assert_eq!(granted, standing.verdict == Verdict::Ready);
            // whoever is able counts and whoever is barred doesn't, rule by rule
            for (before, after) in nobody.rules.iter().zip(&standing.rules) {
                prop_assert_eq!(&before.able, &after.able);
                prop_assert_eq!(
                    before.able.intersection(&given).cloned().collect::<BTreeSet<_>>(),
                    after.given.clone()
                );
            }
            let counted = standing.said.given.iter().filter(|one| !change.changes_own(one));
            prop_assert!(counted.cloned().collect::<BTreeSet<_>>().is_subset(&able), "{:?}", standing);
            let tally = if granted { &taken } else { &refused };
            tally.set(tally.get() + 1);
        }
        Ok(())
    };
    TestRunner::new(config).run(&world(), agree).unwrap();
    assert!(taken.get() > 20 && refused.get() > 20, "{} were taken, {} refused", taken.get(), refused.get());
}
