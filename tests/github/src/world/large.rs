//! A world of the size that reads are measured on.

use super::{Level, Visibility, World};
use jiff::Timestamp;

/// Repositories of the large organisation.
pub const REPOSITORIES: usize = 335;
/// Its teams.
pub const TEAMS: usize = 152;
/// Memberships of its teams.
pub const MEMBERSHIPS: usize = 1_278;
/// Its members.
pub const MEMBERS: usize = 500;

impl World {
    /// An organisation with 335 repositories, 152 teams, 500 members, 1,278 memberships of teams and 60 outside
    /// collaborators, always the same.
    pub fn large(login: &str, now: Timestamp) -> World {
        let mut world = World::new(login, now);
        world.set_base(Level::None);
        for number in 0..MEMBERS {
            let login = format!("member-{number:03}");
            if number < 4 {
                world.add_owner(&login)
            } else {
                world.add_member(&login)
            };
        }
        for number in 0..REPOSITORIES {
            let name = format!("repository-{number:03}");
            world.add_repository(&name);
            if number % 9 == 0 {
                world.set_visibility(&name, Visibility::Public);
            }
        }
        for number in 0..TEAMS {
            // one in four teams is below the team before it
            let above = (number % 4 == 3).then(|| format!("team-{:03}", number - 1));
            world.add_team(&format!("team-{number:03}"), above.as_deref());
        }
        for number in 0..MEMBERSHIPS {
            let (team, round) = (number % TEAMS, number / TEAMS);
            let member = (team * 37 + round * 59) % MEMBERS;
            world.join_team(&format!("member-{member:03}"), &format!("team-{team:03}"), round == 0);
        }
        let roles = ["read", "triage", "write", "maintain", "admin"];
        for number in 0..REPOSITORIES {
            for (step, role) in roles.iter().enumerate().take(1 + number % 5) {
                let team = (number * 5 + step * 31) % TEAMS;
                world.grant_team(&format!("team-{team:03}"), &format!("repository-{number:03}"), role);
            }
        }
        for number in 0..60 {
            let login = format!("outside-{number:02}");
            world.add_account(&login);
            for step in 0..=number % 4 {
                let repository = (number * 11 + step * 83) % REPOSITORIES;
                world.grant(&login, &format!("repository-{repository:03}"), roles[(number + step) % 4]);
            }
        }
        for number in (0..REPOSITORIES).step_by(15) {
            world.add_deploy_key(&format!("repository-{number:03}"), "build", number % 2 == 0, "member-000");
        }
        world
    }
}
