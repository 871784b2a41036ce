//! Random walks: whatever is given, taken, accepted, declined and left to expire, what is read is what a small model says.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const REPOSITORIES: [&str; 2] = ["northwind/shop", "northwind/till"];
/// Two who are in the organisation, and two who aren't.
const PEOPLE: [&str; 4] = ["bo", "cleo", "eve", "finn"];
const WORDS: [&str; 3] = ["pull", "push", "admin"];

/// Something that happens, by its places in the lists above.
#[derive(Clone, Debug)]
enum Step {
    Give(usize, usize, usize),
    Take(usize, usize),
    Accept(usize),
    Decline(usize),
    /// Somebody is added by hand.
    ByHand(usize, usize, usize),
    /// Eight days pass.
    Wait,
}

fn step() -> impl Strategy<Value = Step> {
    let (repository, person, word) = (0..REPOSITORIES.len(), 0..PEOPLE.len(), 0..WORDS.len());
    prop_oneof![
        4 => (repository.clone(), person.clone(), word.clone()).prop_map(|(r, p, w)| Step::Give(r, p, w)),
        3 => (repository.clone(), person.clone()).prop_map(|(r, p)| Step::Take(r, p)),
        2 => person.clone().prop_map(Step::Accept),
        1 => person.clone().prop_map(Step::Decline),
        1 => (repository, person, word).prop_map(|(r, p, w)| Step::ByHand(r, p, w)),
        1 => Just(Step::Wait),
    ]
}

/// Where somebody stands: what they hold, and what they are invited to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Place {
    held: Option<usize>,
    invited: Option<usize>,
}

fn play(steps: &[Step]) {
    let hub = Hub::new();
    // what takes time here takes it at the server, so that pauses are whole
    hub.server.clock().run(1);
    let mut model: BTreeMap<(usize, usize), Place> = BTreeMap::new();
    for step in steps {
        match *step {
            Step::Give(repository, person, word) => {
                hub.must(&hub.give(REPOSITORIES[repository], WORDS[word], PEOPLE[person]));
                let place = model.entry((repository, person)).or_default();
                match person < 2 || place.held.is_some() {
                    true => *place = Place { held: Some(word), invited: None },
                    false => place.invited = Some(word),
                }
            }
            Step::Take(repository, person) => {
                hub.must(&hub.take(REPOSITORIES[repository], "pull", PEOPLE[person]));
                model.remove(&(repository, person));
            }
            Step::Accept(person) => {
                hub.server.world(|world| world.accept(PEOPLE[person]));
                for place in model.iter_mut().filter(|(key, _)| key.1 == person).map(|(_, place)| place) {
                    place.held = place.invited.take().or(place.held);
                }
            }
            Step::Decline(person) => {
                hub.server.world(|world| world.decline(PEOPLE[person]));
                model.iter_mut().filter(|(key, _)| key.1 == person).for_each(|(_, place)| place.invited = None);
            }
            Step::ByHand(repository, person, word) => {
                let role = ["read", "write", "admin"][word];
                let name = REPOSITORIES[repository].trim_start_matches("northwind/");
                hub.server.world(|world| world.grant(PEOPLE[person], name, role));
                model.entry((repository, person)).or_default().held = Some(word);
            }
            Step::Wait => {
                hub.server.clock().advance(SignedDuration::from_hours(8 * 24));
                model.values_mut().for_each(|place| place.invited = None);
            }
        }
        for (at, name) in REPOSITORIES.iter().enumerate() {
            let mut expected = Vec::new();
            for ((_, person), place) in model.iter().filter(|((repository, _), _)| *repository == at) {
                let number = hub.number(PEOPLE[*person]);
                expected.extend(place.held.map(|word| format!("{} {number}", WORDS[word])));
                expected.extend(place.invited.map(|word| format!("{} {number} invited", WORDS[word])));
            }
            let mut read = hub.held(&REPOSITORY, name);
            read.sort();
            expected.sort();
            assert_eq!(read, expected, "{name} after {step:?} of {steps:?}");
        }
    }
    assert!(hub.server.log().shortest_pause().is_none_or(|pause| pause >= SignedDuration::from_secs(1)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 40, ..ProptestConfig::default() })]

    #[test]
    fn what_is_read_is_what_was_done(steps in prop::collection::vec(step(), 1..14)) {
        play(&steps);
    }
}
