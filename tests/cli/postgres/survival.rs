//! Runs that are killed at any moment.

use std::thread;
use std::time::{Duration, Instant};

use super::*;

/// How many runs are killed where nobody asks for more (`DUALKEY_KILLS=100`).
fn kills() -> u32 {
    std::env::var("DUALKEY_KILLS").map_or(6, |kills| kills.parse().unwrap())
}

/// A moment within a time; the same in every run of the test.
fn moment(of: u32, within: Duration) -> Duration {
    within * (of.wrapping_mul(2_654_435_761) >> 16) / 65_536
}

/// Somebody took what is declared, and gave what isn't.
const DISTURBED: &str = "
    REVOKE shop_ro FROM grace_lin GRANTED BY dualkey; REVOKE shop_rw FROM alice_nguyen GRANTED BY dualkey;
    ALTER ROLE grace_lin NOLOGIN; ALTER ROLE alice_nguyen NOLOGIN;
    GRANT shop_ro TO alice_nguyen WITH ADMIN TRUE GRANTED BY dualkey;";

#[test]
fn runs_that_are_killed_anywhere_end_where_an_undisturbed_one_does() {
    let shop = Shop::open(16);
    shop.let_alice_in();
    shop.land("alice");
    shop.run(&["apply"]).exits(0);
    let end = shop.live();
    let since = Instant::now();
    shop.sql(DISTURBED);
    shop.run(&["apply"]).exits(0);
    assert_eq!(shop.live(), end);
    let whole = since.elapsed();
    for kill in 0..kills() {
        shop.sql(DISTURBED);
        let mut run = shop.begin();
        let after = moment(kill, whole);
        thread::sleep(after);
        let _ = run.kill();
        run.wait().unwrap();
        shop.run(&["apply"]).exits(0);
        assert_eq!(shop.live(), end, "killed after {after:?}");
        shop.run(&["plan", "--live"]).exits(0).says("nothing");
    }
    shop.run(&["audit", "verify"]).exits(0);
}
