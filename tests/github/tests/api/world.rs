//! The small world that most tests look at.

use github_standin::world::Level;
use github_standin::{Server, World};
use jiff::Timestamp;

pub fn start() -> Timestamp {
    "2026-09-01T08:00:00Z".parse().unwrap()
}

/// Two owners, two members, two teams (one below the other), three repositories, one outside collaborator.
pub fn small() -> World {
    let mut world = World::new("northwind", start());
    world.set_base(Level::Read);
    world.add_owner("ada");
    world.add_owner("bo");
    world.add_member("cleo");
    world.add_member("dan");
    world.add_account("eve");
    world.add_account("finn");
    world.add_team("Platform", None);
    world.add_team("Build", Some("platform"));
    world.join_team("cleo", "platform", false);
    world.join_team("dan", "build", false);
    world.join_team("ada", "build", false);
    world.add_repository("shop");
    world.add_repository("till");
    world.add_repository("Site");
    world.grant_team("platform", "shop", "write");
    world.grant_team("build", "shop", "read");
    world.grant("eve", "shop", "triage");
    world
}

pub fn server(world: World) -> Server {
    Server::start(world)
}

/// The small world, and the token of an owner who may do everything there.
pub fn by_owner() -> (Server, String) {
    let mut world = small();
    let token = world.fine_grained_token("ada", EVERYTHING);
    (server(world), token)
}

pub const EVERYTHING: &str = "members=write administration=write organization_administration=write \
                              organization_custom_roles=read organization_custom_org_roles=read enterprise_teams=read";
