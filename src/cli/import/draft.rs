//! Files for what is held at a target.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{free, slug};
use super::wishes::{DomainRule, Wishes};
use crate::access::style::{list, scalar};
use crate::access::{
    Access, AccountForm, Approvers, ChangeClass, EntitlementKey, Kind, PersonId, PersonType, Revision, Target,
};
use crate::apply::Inventory;
use crate::cli::Stop;
use crate::cli::new::finished;
use crate::cli::written::Files;
use crate::targets::{KINDS, Live, Principal, Resource};

/// The domain of what no rule names.
const DOMAIN: &str = "imported";

/// The vendor of those whose vendor nobody knows.
const UNDECIDED: &str = "undecided";

/// Somebody who holds something, and is or becomes part of the registry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Holder {
    id: String,
    outside: bool,
}

/// What becomes of what is held.
pub struct Draft<'a> {
    tree: &'a Revision,
    wishes: Wishes,
    /// The account's name, by what identifies it.
    people: BTreeMap<String, Holder>,
    /// Those who are new: login and account.
    new: BTreeMap<String, (String, String)>,
    /// Resources by domain: name in the domain to kind and name at the target.
    domains: BTreeMap<String, BTreeMap<String, (&'static Kind, String)>>,
    /// Roles that are new: kind, permission, and whether somebody from outside has it.
    roles: BTreeMap<String, (&'static Kind, String, bool)>,
    /// Who holds a role on a resource of a domain.
    held: BTreeMap<(String, String, String), BTreeSet<Holder>>,
    vendors: BTreeSet<String>,
    decisions: BTreeSet<String>,
    /// The target's numbers of resources.
    numbers: BTreeMap<Resource, u64>,
    /// The accounts of those who belong to the organisation; None where the target has no members.
    members: Option<BTreeSet<String>>,
}

impl<'a> Draft<'a> {
    pub fn of(tree: &'a Revision, wishes: Wishes) -> Self {
        Draft {
            tree,
            wishes,
            people: BTreeMap::new(),
            new: BTreeMap::new(),
            domains: BTreeMap::new(),
            roles: BTreeMap::new(),
            held: BTreeMap::new(),
            vendors: BTreeSet::new(),
            decisions: BTreeSet::new(),
            numbers: BTreeMap::new(),
            members: None,
        }
    }

    fn access(&self) -> &'a Access {
        &self.tree.access
    }

    fn target(&self) -> Option<&'a Target> {
        self.access().config.targets.get(&self.wishes.target)
    }

    /// Takes in all that is held.
    pub fn take(&mut self, inventory: &Inventory) {
        let target = self.target().map(|target| target.target_type);
        let has_members = KINDS.all().any(|kind| kind.membership && Some(kind.target) == target);
        let members = inventory.held.iter().filter(|live| live.kind.membership && live.latent.is_none());
        let members = members.filter_map(|live| live.principal.account()).map(str::to_owned);
        self.members = has_members.then(|| members.collect());
        self.numbers = inventory.numbers.clone();
        for live in &inventory.held {
            self.one(live, inventory);
        }
        self.tell_unused(inventory);
    }

    /// Tells of what the user said that met nothing.
    fn tell_unused(&mut self, inventory: &Inventory) {
        let accounts = inventory.held.iter().filter_map(|live| live.principal.account());
        let logins: BTreeSet<String> = accounts.map(|account| inventory.login(account).to_lowercase()).collect();
        let strangers = self.wishes.vendors.keys().filter(|login| !logins.contains(*login));
        let strangers = strangers.map(|login| format!("`{login}` of the list of vendors holds nothing there"));
        let met = |rule: &DomainRule| inventory.held.iter().any(|live| rule.matches(&live.resource));
        let rules = self.wishes.rules.iter().filter(|rule| !met(rule));
        let rules = rules.map(|rule| format!("no resource on which anything is held matches `{}`", rule.pattern));
        self.decisions.extend(strangers.chain(rules).collect::<Vec<_>>());
    }

    /// True for whoever is no member, and for whoever is of a vendor as the user says.
    fn is_outside(&self, account: &str, login: &str) -> bool {
        let is_member = self.members.as_ref().is_none_or(|members| members.contains(account));
        !is_member || self.wishes.vendors.contains_key(&login.to_lowercase())
    }

    fn one(&mut self, live: &Live, inventory: &Inventory) {
        let Principal::Account(account) = &live.principal else {
            // what a group holds, people hold by being in it
            if !matches!(live.principal, Principal::Group(_)) {
                self.decide(format!(
                    "{} of {} {}: `{}` is nobody's account",
                    live.permission, live.kind.name, live.resource, live.principal
                ));
            }
            return;
        };
        if inventory.own.contains(account) {
            self.decide(format!("`{account}` is the account that dualkey itself runs as, and is left out"));
            return;
        }
        let login = inventory.login(account);
        if let Err(why) = self.check_account(account, login) {
            self.decide(format!("`{login}` is nobody's account, and is left out: {why}"));
            return;
        }
        if live.latent.is_some() {
            self.decide(format!(
                "an invitation of `{account}` to {} {} is open, and is left out",
                live.kind.name, live.resource
            ));
            return;
        }
        if let Err(why) = live.kind.check_permission(&live.permission) {
            self.decide(format!(
                "{} {}: `{account}` holds `{}`, which can't be declared: {why}",
                live.kind.name, live.resource, live.permission
            ));
            return;
        }
        if self.is_declared(live, account) {
            return;
        }
        let holder = self.holder(account, login);
        let role = self.role(live.kind, &live.permission, holder.outside);
        let (domain, resource) = self.home(live);
        self.held.entry((role, domain, resource)).or_default().insert(holder);
    }

    /// Says why an account can't stand in a person's file, such as a role of the server's own.
    fn check_account(&self, account: &str, login: &str) -> Result<(), &'static str> {
        match self.account_form() {
            Some(AccountForm::Numbered { check_login }) => check_login(&login.to_ascii_lowercase()),
            Some(AccountForm::Named { check, .. }) => check(account),
            None => Ok(()),
        }
    }

    fn account_form(&self) -> Option<&'static AccountForm> {
        let spec = KINDS.target_type(&self.target()?.target_type.to_string())?;
        spec.account.as_ref().map(|account| &account.form)
    }

    fn decide(&mut self, what: String) {
        self.decisions.insert(what);
    }

    fn is_declared(&self, live: &Live, account: &str) -> bool {
        let target = &self.wishes.target;
        let same = |key: &EntitlementKey| {
            key.target == *target
                && key.kind == live.kind
                && *key.resource == live.resource
                && *key.permission == live.permission
                && *key.principal == *account
        };
        self.known(account).is_some_and(|person| self.tree.entitlements.of(person).iter().any(|one| same(&one.key)))
    }

    fn known(&self, account: &str) -> Option<&'a PersonId> {
        let kind = self.target()?.target_type;
        let mut people = self.access().people.values();
        people.find(|person| person.accounts.principal(kind) == Some(account)).map(|person| &person.id)
    }

    fn holder(&mut self, account: &str, login: &str) -> Holder {
        if let Some(holder) = self.people.get(account) {
            return holder.clone();
        }
        let holder = match self.known(account) {
            Some(id) => {
                let of = self.access().people.get(id).map(|person| person.person_type);
                Holder { id: id.to_string(), outside: of != Some(PersonType::Employee) }
            }
            None => {
                let taken = |id: &str| self.access().people.contains_key(id) || self.new.contains_key(id);
                let id = free(&slug(login), taken);
                self.new.insert(id.clone(), (login.to_owned(), account.to_owned()));
                Holder { id, outside: self.is_outside(account, login) }
            }
        };
        self.people.insert(account.to_owned(), holder.clone());
        holder
    }

    /// A role that gives exactly this: one that is there, or a new one.
    fn role(&mut self, kind: &'static Kind, permission: &str, outside: bool) -> String {
        let gives = |role: &&crate::access::Role| {
            role.entitlements.len() == 1
                && role.duties.is_empty()
                && role.entitlements.get(kind).is_some_and(|words| words.len() == 1 && words.contains(permission))
                && (role.contractors_allowed || !outside)
        };
        if let Some(role) = self.access().roles.values().find(gives) {
            return role.id.to_string();
        }
        let name = slug(&format!("{}-{}", kind.name, permission.rsplit('/').next().unwrap_or(permission)));
        let known =
            self.roles.iter().find(|(_, (of, word, _))| *of == kind && word == permission).map(|(id, _)| id.clone());
        let id = known
            .unwrap_or_else(|| free(&name, |id| self.access().roles.contains_key(id) || self.roles.contains_key(id)));
        let role = self.roles.entry(id.clone()).or_insert((kind, permission.to_owned(), false));
        role.2 |= outside;
        id
    }

    /// The domain of a resource, and its name there.
    fn home(&mut self, live: &Live) -> (String, String) {
        for domain in self.access().domains.values() {
            let is = |one: &crate::access::Resource| {
                one.target == self.wishes.target && one.kind == live.kind && *one.name == live.resource
            };
            if let Some((id, _)) = domain.resources.iter().find(|(_, one)| is(one)) {
                return (domain.id.to_string(), id.to_string());
            }
        }
        let rule = self.wishes.rules.iter().find(|rule| rule.matches(&live.resource));
        let wanted = rule.map_or(DOMAIN, |rule| rule.domain.as_str()).to_owned();
        // what is written already is not changed
        let domain = free(&wanted, |id| self.access().domains.contains_key(id));
        if domain != wanted {
            self.decide(format!("domain `{wanted}` is there already: what was found for it stands in `{domain}`"));
        }
        let resources = self.domains.entry(domain.clone()).or_default();
        let known = resources.iter().find(|(_, (kind, name))| *kind == live.kind && *name == live.resource);
        if let Some((id, _)) = known {
            return (domain, id.clone());
        }
        let last = live.resource.rsplit('/').next().unwrap_or(&live.resource);
        let plain = slug(last);
        let id = match resources.contains_key(&plain) {
            true => free(&format!("{plain}-{}", live.kind.name), |id| resources.contains_key(id)),
            false => plain,
        };
        resources.insert(id.clone(), (live.kind, live.resource.clone()));
        (domain, id)
    }

    /// The files, and what a human has to decide.
    pub fn finish(mut self) -> Result<(Files, Vec<String>), Stop> {
        let mut texts: BTreeMap<String, String> = BTreeMap::new();
        self.write_people(&mut texts);
        self.write_vendors(&mut texts);
        self.write_domains(&mut texts);
        for (id, (kind, permission, outside)) in &self.roles {
            let admin = (kind.administers)("", permission);
            let risk = match (admin, (kind.dangerous)("", permission)) {
                (true, _) => "privileged",
                (false, true) => "elevated",
                (false, false) => "standard",
            };
            let contractors = if *outside { "contractors: allowed\n" } else { "" };
            let title = scalar(&format!("{permission} on a {}", kind.name));
            let text = format!(
                "# decide: which duties it stands for, and how long it may last\ntitle: {title}\nrisk: {risk}\n{contractors}entitlements:\n  {}: {}\n",
                kind.name,
                scalar(permission)
            );
            texts.insert(format!("roles/{id}.yaml"), text);
        }
        self.write_grants(&mut texts);
        let mut files = Files::new();
        for (path, text) in texts {
            let text = finished(&path, &text)?;
            files.insert(path, Some(text));
        }
        Ok((files, self.decisions.into_iter().collect()))
    }

    fn write_people(&mut self, texts: &mut BTreeMap<String, String>) {
        let Some(target) = self.target() else { return };
        let form = self.account_form();
        let outside: BTreeSet<String> =
            self.people.values().filter(|holder| holder.outside).map(|holder| holder.id.clone()).collect();
        let Wishes { sponsor, from, until, vendors, .. } = self.wishes.clone();
        for (id, (login, account)) in self.new.clone() {
            let named = match form {
                Some(AccountForm::Numbered { .. }) => format!("{{ login: {}, id: {account} }}", scalar(&login)),
                Some(AccountForm::Named { .. }) | None => scalar(&account),
            };
            let accounts = format!("accounts:\n  {}: {named}\n", target.target_type);
            let name = scalar(&login);
            let text = if outside.contains(&id) {
                let vendor = vendors.get(&login.to_lowercase()).cloned().unwrap_or_else(|| UNDECIDED.to_owned());
                if vendor == UNDECIDED {
                    self.decide(format!("`{id}` ({login}): which vendor, and until when"));
                }
                let text = format!(
                    "# decide: name, vendor, end\nname: {name}\ntype: contractor\nvendor: {}\nsponsor: {}\nengagement: {{ from: {from}, until: {until} }}\n{accounts}",
                    scalar(&vendor),
                    scalar(sponsor.as_str()),
                );
                self.vendors.insert(vendor);
                text
            } else {
                if self.members.is_none() {
                    self.decide(
                        "who comes from outside: the target doesn't tell, so whoever `--vendors` doesn't name is an employee"
                            .to_owned(),
                    );
                }
                format!("# decide: name, e-mails and keys\nname: {name}\ntype: employee\n{accounts}")
            };
            texts.insert(format!("people/{id}.yaml"), text);
        }
    }

    fn write_vendors(&mut self, texts: &mut BTreeMap<String, String>) {
        let Wishes { sponsor, from, until, .. } = &self.wishes;
        for vendor in self.vendors.iter().filter(|vendor| !self.access().vendors.contains_key(vendor.as_str())) {
            let name = if vendor == UNDECIDED { "To be decided" } else { vendor.as_str() };
            let text = format!(
                "# decide: name, contract\nname: {}\nsponsor: {}\ncontract: {{ from: {from}, until: {until} }}\n",
                scalar(name),
                scalar(sponsor.as_str())
            );
            texts.insert(format!("vendors/{vendor}.yaml"), text);
        }
    }

    fn write_domains(&mut self, texts: &mut BTreeMap<String, String>) {
        let Some(target) = self.target() else { return };
        let several =
            self.access().config.targets.values().filter(|one| one.target_type == target.target_type).count() > 1;
        let named = if several { format!(", target: {}", scalar(target.id.as_str())) } else { String::new() };
        for (id, resources) in &self.domains {
            let mut text = format!(
                "# decide: environment, owners, and whether people from outside may work here\ntitle: {}\nenvironment: production\nowners: {}\ncontractors: allowed\nresources:\n",
                scalar(&format!("{id}, as it was at {}", target.id)),
                list(&[self.owners()]),
            );
            for (name, (kind, resource)) in resources {
                let number = self.numbers.get(&Resource { kind, name: resource.clone() });
                let number = number.map(|number| format!(", id: {number}")).unwrap_or_default();
                let (name, resource) = (scalar(name), scalar(resource));
                text.push_str(&format!("  {name}: {{ {}: {resource}{number}{named} }}\n", kind.name));
            }
            texts.insert(format!("domains/{id}.yaml"), text);
            self.decisions
                .insert(format!("domain `{id}`: environment, owners, and whether people from outside may work there"));
        }
    }

    /// Whom the rules ask for changes of policy, as a group; else the sponsor.
    fn owners(&self) -> String {
        let rules = self.access().policy.approvals.iter().filter(|rule| rule.change == ChangeClass::Policy);
        let group = rules.flat_map(|rule| &rule.from).find(|from| matches!(from, Approvers::Group(_)));
        group.map_or_else(|| self.wishes.sponsor.to_string(), ToString::to_string)
    }

    fn write_grants(&mut self, texts: &mut BTreeMap<String, String>) {
        let Wishes { from, until, target, .. } = self.wishes.clone();
        let reason = scalar(&format!("Held when {target} was imported, on {from}"));
        // those of the house by who they are, those from outside each by themselves
        let mut house: BTreeMap<(String, String, BTreeSet<String>), BTreeSet<String>> = BTreeMap::new();
        let mut outside: BTreeMap<(String, String, String), BTreeSet<String>> = BTreeMap::new();
        for ((role, domain, resource), holders) in &self.held {
            let (from_outside, inside): (Vec<&Holder>, Vec<&Holder>) =
                holders.iter().partition(|holder| holder.outside);
            if !inside.is_empty() {
                let people = inside.iter().map(|holder| holder.id.clone()).collect();
                house.entry((role.clone(), domain.clone(), people)).or_default().insert(resource.clone());
            }
            for holder in from_outside {
                let key = (holder.id.clone(), role.clone(), domain.clone());
                outside.entry(key).or_default().insert(resource.clone());
            }
        }
        let taken = |id: &str, texts: &BTreeMap<String, String>| {
            self.access().grants.contains_key(id) || texts.contains_key(&format!("grants/{target}/{id}.yaml"))
        };
        let grant = |to: Vec<String>, role: &str, domain: &str, resources: &BTreeSet<String>, term: &str| {
            let resources: Vec<String> = resources.iter().cloned().collect();
            format!(
                "to: {}\nrole: {}\ndomain: {}\nresources: {}\n{term}reason: {reason}\n",
                list(&to),
                scalar(role),
                scalar(domain),
                list(&resources)
            )
        };
        let groups: BTreeMap<BTreeSet<String>, String> = self.teams(&house, texts);
        for ((role, domain, people), resources) in house {
            let what = match resources.len() {
                1 => resources.first().cloned().unwrap_or_default(),
                _ => domain.clone(),
            };
            let id = free(&slug(&format!("{what}-{role}")), |id| taken(id, texts));
            let to = match groups.get(&people) {
                Some(group) => vec![format!("group:{group}")],
                None => people.into_iter().collect(),
            };
            texts.insert(format!("grants/{target}/{id}.yaml"), grant(to, &role, &domain, &resources, ""));
        }
        for ((person, role, domain), resources) in outside {
            let id = free(&slug(&format!("{person}-{role}")), |id| taken(id, texts));
            let term = format!("from: {from}\nuntil: {until}\n");
            texts.insert(format!("grants/{target}/{id}.yaml"), grant(vec![person], &role, &domain, &resources, &term));
        }
    }

    /// A group for each set of people of the house who are in a team.
    fn teams(
        &self,
        house: &BTreeMap<(String, String, BTreeSet<String>), BTreeSet<String>>,
        texts: &mut BTreeMap<String, String>,
    ) -> BTreeMap<BTreeSet<String>, String> {
        let mut groups = BTreeMap::new();
        for ((role, domain, people), resources) in house {
            let kind = self.roles.get(role).map(|(kind, ..)| *kind);
            let of_group = kind.is_some_and(|kind| kind.groups);
            let (Some(team), true) = (resources.first().filter(|_| resources.len() == 1), of_group) else { continue };
            if people.len() < 2 || groups.contains_key(people) || !self.domains.contains_key(domain) {
                continue;
            }
            let taken =
                |id: &str| self.access().groups.contains_key(id) || texts.contains_key(&format!("groups/{id}.yaml"));
            let id = free(&slug(team), taken);
            let members: Vec<String> = people.iter().cloned().collect();
            texts.insert(format!("groups/{id}.yaml"), format!("members: {}\n", list(&members)));
            groups.insert(people.clone(), id);
        }
        groups
    }
}
