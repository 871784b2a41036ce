//! The rules of the stand-in, told by a client that signs for itself.

#[path = "../support/client.rs"]
mod client;

mod access;
mod assignments;
mod delegate;
mod faults;
mod large;
mod limits;
mod organization;
mod pages;
mod people;
mod permissions;
mod policies;
mod protocol;
mod stale;

use aws_standin::world::{AccountState, Principal, Settle};
use aws_standin::{Server, World};
use client::{Client, within};
use serde_json::{Value, json};

pub const MANAGEMENT: &str = "111122223333";
pub const SHOP: &str = "444455556666";
pub const BANK: &str = "777788889999";

/// A small organisation with a server of it, and a client that may do everything.
#[derive(Debug)]
pub struct Place {
    pub server: Server,
    pub client: Client,
    pub instance: String,
    pub store: String,
    pub set: String,
    pub eve: String,
    pub staff: String,
}

pub fn world() -> World {
    let mut world = World::new("o-a1b2c3d4e5", "eu-central-1", MANAGEMENT, "2026-12-01T08:00:00Z".parse().unwrap());
    world.add_account(SHOP, "shop", AccountState::Active);
    world.add_account(BANK, "bank", AccountState::Active);
    world.add_permission_set("ReadOnly", "PT8H");
    world.add_user("eve");
    world.add_group("staff");
    world
}

impl Place {
    pub fn small() -> Place {
        Place::of(world())
    }

    pub fn of(mut world: World) -> Place {
        let key = world.add_key(MANAGEMENT);
        let (instance, store) = (world.instance(), world.identity_store().to_owned());
        let set = world.permission_set("ReadOnly").unwrap().to_owned();
        let (eve, staff) = (world.user_id("eve").unwrap().to_owned(), world.group_id("staff").unwrap().to_owned());
        let server = Server::start(world);
        let client = Client::new(&server, &key);
        Place { server, client, instance, store, set, eve, staff }
    }

    pub fn user(&self) -> Principal {
        Principal::user(&self.eve)
    }

    pub fn group(&self) -> Principal {
        Principal::group(&self.staff)
    }

    /// What names an assignment of eve, to be made or deleted.
    pub fn assignment(&self, account: &str) -> Value {
        let input = json!({
            "TargetId": account,
            "TargetType": "AWS_ACCOUNT",
            "PermissionSetArn": self.set,
            "PrincipalType": "USER",
            "PrincipalId": self.eve,
        });
        within(&self.instance, input)
    }

    pub fn sso(&self, operation: &str, input: Value) -> Value {
        self.client.ok("sso-admin", operation, within(&self.instance, input))
    }

    pub fn sso_refused(&self, operation: &str, input: Value) -> String {
        self.client.refused("sso-admin", operation, within(&self.instance, input))
    }

    pub fn store(&self, operation: &str, mut input: Value) -> Value {
        input["IdentityStoreId"] = json!(self.store);
        self.client.ok("identitystore", operation, input)
    }

    pub fn store_refused(&self, operation: &str, mut input: Value) -> String {
        input["IdentityStoreId"] = json!(self.store);
        self.client.refused("identitystore", operation, input)
    }

    /// Who has the set in an account, as it is listed.
    pub fn listed(&self, account: &str) -> usize {
        let input = json!({ "AccountId": account, "PermissionSetArn": self.set });
        self.sso("ListAccountAssignments", input)["AccountAssignments"].as_array().unwrap().len()
    }

    /// How far something is that was begun.
    pub fn status(&self, what: &str, id: &Value) -> Value {
        let name = format!("AccountAssignment{what}RequestId");
        let answer = self.sso(&format!("DescribeAccountAssignment{what}Status"), json!({ name: id }));
        answer[format!("AccountAssignment{what}Status")].clone()
    }

    /// Begins to make or delete the assignment of eve, and gives what is told of it.
    pub fn begin(&self, what: &str, account: &str) -> Value {
        let (operation, answer) = match what {
            "Creation" => ("CreateAccountAssignment", "AccountAssignmentCreationStatus"),
            _ => ("DeleteAccountAssignment", "AccountAssignmentDeletionStatus"),
        };
        self.sso(operation, self.assignment(account))[answer].clone()
    }

    pub fn settle(&self, settle: Settle) {
        self.server.world(|world| world.settle = settle);
    }
}
