//! Random phases, held against a model of what they come to.

use std::collections::BTreeMap;

use super::*;

/// How many phases are played a version where nobody asks for more (`DUALKEY_PHASES=1000`).
fn phases() -> u64 {
    std::env::var("DUALKEY_PHASES").map_or(40, |phases| phases.parse().unwrap())
}

/// Numbers by chance, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// By resource and holder: the one permission that is held there.
type Model = BTreeMap<(&'static str, &'static str), &'static str>;

const ROLES: [&str; 2] = ["shop_ro", "shop_rw"];
const PEOPLE: [&str; 2] = ["alice", "bob"];

/// A call, and what it makes of the model.
fn play(dice: &mut Dice, model: &mut Model) -> Call {
    let who = PEOPLE[dice.below(2)];
    if dice.below(4) == 0 {
        return if dice.below(2) == 0 {
            model.insert((TARGET, who), "login");
            login(GRANT, who)
        } else {
            model.remove(&(TARGET, who));
            login(Verb::Revoke, who)
        };
    }
    let (resource, permission) = (ROLES[dice.below(2)], ["member", "admin"][dice.below(2)]);
    let call = role(GRANT, resource, permission, who);
    match dice.below(3) {
        0 => {
            model.remove(&(resource, who));
            Call { verb: Verb::Revoke, ..call }
        }
        sort => {
            let held = model.insert((resource, who), permission);
            if sort == 1 { call } else { change(held.unwrap_or("member"), call) }
        }
    }
}

#[test]
fn what_is_live_is_what_the_calls_come_to() {
    on_each(|version| {
        let shop = Shop::stocked(version);
        let mut writer = shop.client(SUPERUSER);
        let mut model: Model = PEOPLE.map(|who| ((TARGET, who), "login")).into();
        let mut dice = Dice(u64::from(version));
        for phase in 0..phases() {
            let calls: Vec<Call> = (0..=dice.below(6)).map(|_| play(&mut dice, &mut model)).collect();
            let results = writer.perform(&calls, &Turnstile::of(usize::MAX));
            assert!(results.iter().all(Result::is_ok), "{phase}: {results:?}");
            let mut expected: Vec<String> =
                model.iter().map(|((resource, who), permission)| format!("{resource} {who} {permission}")).collect();
            let of_roles =
                ROLES.iter().flat_map(|name| shop.members(name).into_iter().map(move |one| format!("{name} {one}")));
            let mut live: Vec<String> =
                of_roles.chain(shop.logins().into_iter().map(|one| format!("{TARGET} {one}"))).collect();
            live.sort();
            expected.sort();
            assert_eq!(live, expected, "after phase {phase}: {calls:?}");
        }
    });
}
