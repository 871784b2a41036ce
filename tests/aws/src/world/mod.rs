//! What there is: accounts, permission sets, people, and who has what where.

mod assignments;
mod entitlements;
mod ids;
mod keys;
mod large;
pub(crate) mod lives;
mod organization;
mod people;
mod sets;
pub(crate) mod work;

pub use assignments::{Assignment, Principal};
pub use entitlements::Entitlement;
pub use keys::Key;
pub use organization::AccountState;
pub use sets::Boundary;
pub use work::Settle;

pub(crate) use entitlements::{Entitled, account_of};
pub(crate) use keys::{Holder, Standing};
pub(crate) use organization::{Account, ControlPolicy, ManagedPolicy};
pub(crate) use people::{ExternalId, Group, Membership, User};
pub(crate) use sets::PermissionSet;

use jiff::{SignedDuration, Timestamp};
use lives::{Lives, NOW};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What becomes of a membership that is written in a group which an identity provider synchronises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synchronised {
    /// It is refused with `AccessDeniedException`.
    Refuses,
    /// It is done, and undone so many seconds later.
    UndoesAfter(i64),
}

/// An organisation with IAM Identity Center.
#[derive(Debug)]
pub struct World {
    /// How long assignments and provisioning take.
    pub settle: Settle,
    /// Lists of assignments, memberships and entitlements show what was so long ago. What there was before the world was
    /// served has always been there.
    pub stale: SignedDuration,
    /// What becomes of memberships in synchronised groups.
    pub synchronised: Synchronised,
    /// Whether the assignments for a user have those of the user's groups as well. Nobody proved either.
    pub lists_groups_of_users: bool,
    /// Whether a delegated administrator may read assignments in the management account. Nobody proved either.
    pub delegate_reads_management: bool,
    /// Whether who changes access to the management account needs rights of IAM there: AWS's own role has none in it. Which
    /// ones are asked for is chosen.
    pub management_needs_iam: bool,
    pub(crate) now: Timestamp,
    /// Whether a server has it.
    pub(crate) served: bool,
    organization: String,
    region: String,
    management: String,
    instance: String,
    store: String,
    delegate: Option<String>,
    count: ids::Count,
    pub(crate) accounts: BTreeMap<String, Account>,
    pub(crate) sets: BTreeMap<String, PermissionSet>,
    pub(crate) users: BTreeMap<String, User>,
    pub(crate) groups: BTreeMap<String, Group>,
    pub(crate) memberships: BTreeMap<String, Membership>,
    membership_ids: BTreeMap<(String, String), String>,
    members: Lives<(String, String)>,
    groups_of: Lives<(String, String)>,
    undone: Vec<(Timestamp, String)>,
    assignments: Lives<Assignment>,
    by_principal: BTreeSet<(Principal, String, String)>,
    by_account: BTreeSet<(String, String)>,
    pub(crate) provisioned: BTreeMap<(String, String), sets::Provisioned>,
    pub(crate) works: Vec<work::Work>,
    failing: VecDeque<String>,
    pub(crate) entitlements: BTreeMap<String, Entitled>,
    entitled: Lives<String>,
    pub(crate) has_application: bool,
    pub(crate) control_policies: BTreeMap<String, ControlPolicy>,
    pub(crate) managed_policies: BTreeMap<String, ManagedPolicy>,
    holders: BTreeMap<String, Holder>,
}

impl World {
    /// An organisation, the region of its Identity Center, and the number of its management account, which is called
    /// `management`. Account access manager is set up, without entitlements.
    pub fn new(organization: &str, region: &str, management: &str, now: Timestamp) -> World {
        let mut world = World {
            settle: Settle::Polls(1),
            stale: SignedDuration::ZERO,
            synchronised: Synchronised::Refuses,
            lists_groups_of_users: true,
            delegate_reads_management: false,
            management_needs_iam: true,
            now,
            served: false,
            organization: organization.to_owned(),
            region: region.to_owned(),
            management: management.to_owned(),
            instance: format!("ssoins-{}", ids::digits(&format!("instance of {organization}"), 16)),
            store: format!("d-{}", ids::digits(&format!("store of {organization}"), 10)),
            delegate: None,
            count: ids::Count::default(),
            accounts: BTreeMap::new(),
            sets: BTreeMap::new(),
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
            memberships: BTreeMap::new(),
            membership_ids: BTreeMap::new(),
            members: Lives::default(),
            groups_of: Lives::default(),
            undone: Vec::new(),
            assignments: Lives::default(),
            by_principal: BTreeSet::new(),
            by_account: BTreeSet::new(),
            provisioned: BTreeMap::new(),
            works: Vec::new(),
            failing: VecDeque::new(),
            entitlements: BTreeMap::new(),
            entitled: Lives::default(),
            has_application: true,
            control_policies: BTreeMap::new(),
            managed_policies: BTreeMap::new(),
            holders: BTreeMap::new(),
        };
        world.add_account(management, "management", AccountState::Active);
        world
    }

    /// The time in the world.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Lets time pass, in the world and for the server that it is in.
    pub fn pass(&mut self, time: SignedDuration) {
        self.now += time;
        self.settle_due();
    }

    /// The id of the organisation.
    pub fn organization(&self) -> &str {
        &self.organization
    }

    /// The region of Identity Center.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The number of the management account.
    pub fn management(&self) -> &str {
        &self.management
    }

    /// The ARN of the instance of Identity Center.
    pub fn instance(&self) -> String {
        format!("arn:aws:sso:::instance/{}", self.instance)
    }

    /// The id of the identity store.
    pub fn identity_store(&self) -> &str {
        &self.store
    }

    /// Another instance with another identity store takes the place of this one, with everything that is in it. ARNs of sets
    /// and ids of people stay as they are.
    pub fn replace_instance(&mut self) {
        let name = self.count.next("instance");
        let (old_instance, old_store) = (self.instance.clone(), self.store.clone());
        self.instance = format!("ssoins-{}", ids::digits(&name, 16));
        self.store = format!("d-{}", ids::digits(&format!("store of {name}"), 10));
        assert!(self.instance != old_instance && self.store != old_store, "names differ");
    }

    /// The organisation is found under another id.
    pub fn replace_organization(&mut self, id: &str) {
        self.organization = id.to_owned();
    }

    /// Lets an account administer Identity Center beside the management account.
    pub fn delegated_administrator(&mut self, account: &str) {
        assert!(self.accounts.contains_key(account), "there is no account {account}");
        self.delegate = Some(account.to_owned());
    }

    /// Whether an account administers Identity Center, and is not the management account.
    pub(crate) fn is_delegate(&self, account: &str) -> bool {
        self.delegate.as_deref() == Some(account)
    }

    /// What was made before the world was served has always been there.
    fn since(&self) -> Timestamp {
        if self.served { self.now } else { Timestamp::MIN }
    }

    /// The time whose state lists show.
    pub(crate) fn seen(&self) -> Timestamp {
        if self.stale.is_zero() { NOW } else { self.now - self.stale }
    }

    /// Lets everything happen that is due.
    pub(crate) fn settle_due(&mut self) {
        self.finish_due();
        let now = self.now;
        let due: Vec<String> =
            self.undone.iter().filter(|(at, _)| *at <= now).map(|(_, membership)| membership.clone()).collect();
        self.undone.retain(|(at, _)| *at > now);
        for membership in due {
            self.end_membership(&membership);
        }
    }
}
