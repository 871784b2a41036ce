//! The targets in memory keep what every target promises, so that what runs on them says something of the others.

use super::world::*;
use super::*;
use crate::targets::contract::{Break, Sample, World as Promising, contract};
use crate::targets::{KINDS, Live, Members};

struct Memory {
    world: Shared,
    target: &'static str,
}

fn of(target: &'static str) -> Memory {
    let world = world(Held::new(), Fault::None);
    world.borrow_mut().allowed = true;
    Memory { world, target }
}

impl Memory {
    fn client(&self) -> Fake {
        Fake(TargetId::parse(self.target).unwrap(), self.world.clone())
    }
}

impl Promising for Memory {
    fn samples(&self) -> Vec<Sample> {
        let kind = |name| KINDS.get(name).unwrap();
        let principals = ["583231", "tom"];
        let sample = |name, resources, permissions| Sample { kind: kind(name), resources, permissions, principals };
        match self.target {
            "github" => vec![
                sample("repository", ["northwind/api", "northwind/web"], ["push", "admin"]),
                sample("team", ["northwind/a", "northwind/b"], ["member", "maintainer"]),
            ],
            _ => vec![
                sample("account", ["111122223333", "444455556666"], ["DeveloperAccess", "AdministratorAccess"]),
                sample("project", ["northwind-stg", "northwind-prd"], ["roles/run.viewer", "roles/run.admin"]),
            ],
        }
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(self.client())
    }

    fn writer(&self) -> Box<dyn Writer> {
        Box::new(self.client())
    }

    fn keeps_ends(&self) -> bool {
        false
    }

    fn breaks(&self, fault: Option<Break>) -> bool {
        let mut world = self.world.borrow_mut();
        world.tries.clear();
        world.reads.clear();
        world.fault = match fault {
            None => Fault::None,
            Some(Break::Denied(resource)) => Fault::Hidden(self.target, resource),
            Some(Break::LostPage) => Fault::LostPage(self.target, 0),
            Some(Break::Busy) => Fault::Busy(2),
            Some(Break::LostAnswer) => Fault::FailAfter(self.target, 0),
            Some(Break::Crash { after: false }) => Fault::CrashBefore(self.target, 0),
            Some(Break::Crash { after: true }) => Fault::CrashAfter(self.target, 0),
        };
        true
    }

    fn plant(&self, held: &[Live], members: &Members) -> bool {
        let target = TargetId::parse(self.target).unwrap();
        let mut world = self.world.borrow_mut();
        world.held = held.iter().map(|live| (target.clone(), live.clone())).collect();
        world.members.insert(self.target, members.clone());
        true
    }
}

contract!(as_github, of("github"));
contract!(as_a_cloud, of("aws"));
