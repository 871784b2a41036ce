//! Worlds as large as those of large companies.

use super::{AccountState, Principal, World};
use jiff::Timestamp;

impl World {
    /// An organisation with so many permission sets, accounts, groups and users. Each set is in `spread` accounts, by a
    /// group there and, in every third, by a user as well; each user is in two groups.
    pub fn large(sets: usize, accounts: usize, spread: usize, groups: usize, users: usize, now: Timestamp) -> World {
        let mut world = World::new("o-a1b2c3d4e5", "eu-central-1", "100000000000", now);
        let numbers: Vec<String> = (1..=accounts).map(|n| format!("{}", 100_000_000_000 + n as u64)).collect();
        for (n, number) in numbers.iter().enumerate() {
            world.add_account(number, &format!("account-{n:03}"), AccountState::Active);
        }
        let groups: Vec<String> = (0..groups).map(|n| world.add_group(&format!("group-{n:03}"))).collect();
        let users: Vec<String> = (0..users).map(|n| world.add_user(&format!("user-{n:04}"))).collect();
        for (n, user) in users.iter().enumerate() {
            for group in [n, n * 7 + 3] {
                world.add_member(&groups[group % groups.len()], user);
            }
        }
        for n in 0..sets {
            let set = world.add_permission_set(&format!("set-{n:03}"), "PT8H");
            for k in 0..spread {
                let (place, account) = (n * spread + k, &numbers[(n + k * 11) % numbers.len()]);
                world.assign(&Principal::Group(groups[place % groups.len()].clone()), &set, account);
                if place.is_multiple_of(3) {
                    world.assign(&Principal::User(users[place % users.len()].clone()), &set, account);
                }
            }
        }
        world
    }
}
