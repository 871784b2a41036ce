//! Runs that are killed at any moment, with assignments under way.

use std::thread;
use std::time::{Duration, Instant};

use super::*;

/// How many runs are killed where nobody asks for more (`DUALKEY_KILLS=100`).
fn kills() -> u32 {
    std::env::var("DUALKEY_KILLS").map_or(4, |kills| kills.parse().unwrap())
}

/// A moment within a time; the same in every run of the test.
fn moment(of: u32, within: Duration) -> Duration {
    within * (of.wrapping_mul(2_654_435_761) >> 16) / 65_536
}

/// Somebody took what is declared, and gave what isn't.
fn disturb(center: &Center) {
    let alice = center.user("alice@globex.example");
    let [developer, admin, reader] = ["DeveloperAccess", "AdministratorAccess", "ReadOnly"].map(|set| center.set(set));
    let priya = center.user("priya@northwind.example");
    center.server.world(|cloud| {
        cloud.settle_all();
        cloud.unassign(&alice, &developer, SHOP);
        cloud.unassign(&priya, &admin, TILL);
        for (set, account) in [(&admin, TILL), (&reader, SHOP), (&reader, TILL)] {
            cloud.assign(&alice, set, account);
        }
    });
}

#[test]
fn runs_that_are_killed_anywhere_end_where_an_undisturbed_one_does() {
    let center = Center::told();
    let who = || center.server.world(|cloud| format!("{:#?}", cloud.assignments()));
    let end = who();
    let since = Instant::now();
    disturb(&center);
    center.run(&["apply"]).exits(0);
    assert_eq!(who(), end);
    let whole = since.elapsed();
    let mut under_way = 0;
    for kill in 0..kills() {
        disturb(&center);
        let mut run = start(center.command(&["apply"]));
        let after = moment(kill, whole);
        thread::sleep(after);
        let _ = run.kill();
        run.wait().unwrap();
        under_way += usize::from(center.server.world(|cloud| cloud.in_flight()) > 0);
        center.run(&["apply"]).exits(0);
        assert_eq!(who(), end, "killed after {after:?}");
        center.run(&["plan", "--live"]).exits(0).says("nothing");
    }
    println!("{under_way} of {} were killed with assignments under way", kills());
    center.run(&["audit", "verify"]).exits(0);
}
