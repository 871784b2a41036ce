//! The fields of each type.

use super::connection::{Extra, Item, Page, by_number};
use super::error::{forbidden, missing_entry, not_found, typed_error};
use super::object::{Object, View};
use crate::rest::{node_id, time};
use crate::world::{
    Account, DeployKey, Id, Invitee, Level, Organization, OrganizationInvitation, Owner, Permission, Repository,
    SecondFactor, Source, SourceOf, Team, Visibility,
};
use apollo_compiler::resolvers::{FieldError, ResolveInfo, ResolvedValue};
use base64::Engine;

pub(super) type Resolved<'w> = Result<ResolvedValue<'w>, FieldError>;

/// A mistake of whoever wrote the stand-in or asks it for more than it knows; it is recorded as a violation.
pub(super) fn unserved(info: &ResolveInfo, what: &str) -> FieldError {
    FieldError { message: format!("the stand-in doesn't serve {what} of `{}`", info.field_name()) }
}

const PAGING: [&str; 4] = ["first", "last", "after", "before"];

/// Refuses arguments that would be ignored: whoever asks for a part must not get the whole.
pub(super) fn only(info: &ResolveInfo, served: &[&str]) -> Result<(), FieldError> {
    for (name, value) in info.arguments() {
        let idle = value.is_null() || value.as_bool() == Some(false);
        if !idle && !PAGING.contains(&name.as_str()) && !served.contains(&name.as_str()) {
            return Err(unserved(info, &format!("the argument `{}`", name.as_str())));
        }
    }
    Ok(())
}

fn word<'a>(info: &'a ResolveInfo, argument: &str) -> Option<&'a str> {
    info.arguments().get(argument).and_then(|value| value.as_str())
}

/// Whether a list is asked for by name. Without an order it comes by number.
fn by_name(info: &ResolveInfo) -> Result<bool, FieldError> {
    let order = info.arguments().get("orderBy").and_then(|order| order.as_object());
    match order.and_then(|order| order.get("field")).map(|field| field.as_str()) {
        None => Ok(false),
        Some(Some("NAME")) => Ok(true),
        Some(other) => Err(unserved(info, &format!("the order by {other:?}"))),
    }
}

impl<'w> View<'w> {
    pub(super) fn needs(&self, permission: &str, level: Permission) -> Result<(), FieldError> {
        if self.sight.token.permission(permission) >= Some(level) {
            return Ok(());
        }
        Err(forbidden(self.sight.token.user().is_none()))
    }

    /// Refuses a person's token that wasn't authorised where an organisation wants that.
    fn signed_on(&self, organization: &Organization) -> Result<(), FieldError> {
        if !organization.single_sign_on || self.sight.token.authorized || self.sight.token.user().is_none() {
            return Ok(());
        }
        let message = "Resource protected by organization SAML enforcement. You must grant your Personal Access token \
                       access to this organization.";
        Err(typed_error("FORBIDDEN", message))
    }

    pub(super) fn sees(&self, repository: &Repository) -> bool {
        crate::rest::sees(self.sight.world, self.sight.token, repository)
    }

    pub(super) fn page(&self, name: &'static str, all: Vec<Item<'w>>, info: &ResolveInfo) -> Resolved<'w> {
        Ok(self.of(Object::Page(Page::cut(name, all, info)?)))
    }

    /// Whether who asks may see what only owners see.
    fn owns(&self, organization: &Organization) -> bool {
        match self.sight.token.user() {
            Some(user) => self.sight.world.owns(organization.id, user),
            None => self.sight.world.apps_see_details,
        }
    }

    /// What a global number stands for, in the form of now or of before.
    fn node(&self, id: &str) -> Option<Object<'w>> {
        use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
        let world = self.sight.world;
        let (kind, number): (String, Id) = if let Some((prefix, packed)) = id.split_once('_') {
            let bytes = URL_SAFE_NO_PAD.decode(packed).ok()?;
            let number = u32::from_be_bytes(bytes.strip_prefix(&[0x92, 0x00, 0xce])?.try_into().ok()?);
            (prefix.to_owned(), number.into())
        } else {
            // `04:User583231`: the length of the word, the word, the number
            let text = String::from_utf8(STANDARD.decode(id).ok()?).ok()?;
            let (length, rest) = text.strip_prefix('0')?.split_once(':')?;
            let (word, number) = rest.split_at_checked(length.parse().ok()?)?;
            (word.to_owned(), number.parse().ok()?)
        };
        match kind.as_str() {
            "U" | "User" => {
                world.accounts.get(&number).filter(|account| kind_of(account).0 == "User").map(Object::User)
            }
            "O" | "Organization" => world.organizations.get(&number).map(Object::Organization),
            "R" | "Repository" => world.repositories.get(&number).filter(|it| self.sees(it)).map(Object::Repository),
            "T" | "Team" => {
                let team = world.teams.get(&number)?;
                (self.needs("members", Permission::Read).is_ok() && self.sight.is_for(team.organization))
                    .then_some(Object::Team(team))
            }
            "PR" | "PRR" => self.pull_node(number),
            _ => None,
        }
    }
}

pub(super) fn query<'w>(view: &View<'w>, info: &ResolveInfo) -> Resolved<'w> {
    let world = view.sight.world;
    match info.field_name() {
        "rateLimit" => {
            only(info, &[])?;
            Ok(view.of(Object::RateLimit))
        }
        "organization" => {
            let login = word(info, "login").unwrap_or_default();
            let found = world.organizations.values().find(|it| it.login.eq_ignore_ascii_case(login));
            let missing = || not_found(&format!("Could not resolve to an Organization with the login of '{login}'."));
            let found = found.ok_or_else(missing)?;
            view.signed_on(found)?;
            Ok(view.of(Object::Organization(found)))
        }
        "repository" => {
            let name =
                format!("{}/{}", word(info, "owner").unwrap_or_default(), word(info, "name").unwrap_or_default());
            let former = || world.former_names.get(&name.to_lowercase()).and_then(|id| world.repositories.get(id));
            let found = world.repository(&name).or_else(former).filter(|it| view.sees(it));
            let missing = || not_found(&format!("Could not resolve to a Repository with the name '{name}'."));
            let found = found.ok_or_else(missing)?;
            if let Owner::Organization(id) = found.owner {
                view.signed_on(&world.organizations[&id])?;
            }
            Ok(view.of(Object::Repository(found)))
        }
        "user" => {
            let login = word(info, "login").unwrap_or_default();
            let missing = || not_found(&format!("Could not resolve to a User with the login of '{login}'."));
            Ok(view.of(Object::User(world.account(login).ok_or_else(missing)?)))
        }
        "viewer" => {
            let user = view.sight.token.user().and_then(|user| world.accounts.get(&user));
            Ok(view.of(Object::User(user.ok_or_else(|| forbidden(true))?)))
        }
        "node" => {
            let id = word(info, "id").unwrap_or_default();
            Ok(view.of(view.node(id).ok_or_else(|| not_found(&unknown_node(id)))?))
        }
        "nodes" => {
            let ids = info.arguments().get("ids").and_then(|ids| ids.as_array()).cloned().unwrap_or_default();
            let mut found = Vec::new();
            for (index, id) in ids.iter().map(|id| id.as_str().unwrap_or_default()).enumerate() {
                let node = view.node(id);
                if node.is_none() {
                    let missing = missing_entry(info.field_selections()[0].response_key(), index, &unknown_node(id));
                    view.sight.missing.borrow_mut().push(missing);
                }
                found.push(view.maybe(node));
            }
            Ok(ResolvedValue::list(found))
        }
        _ => Err(unserved(info, "the field")),
    }
}

fn unknown_node(id: &str) -> String {
    format!("Could not resolve to a node with the global id of '{id}'.")
}

pub(super) fn rate_limit<'w>(view: &View<'w>, info: &ResolveInfo) -> Resolved<'w> {
    let (left, cost) = (view.sight.left, view.sight.cost);
    Ok(match info.field_name() {
        "cost" => ResolvedValue::leaf(cost.points),
        "nodeCount" => ResolvedValue::leaf(cost.nodes),
        "limit" => ResolvedValue::leaf(left.limit),
        "remaining" => ResolvedValue::leaf(left.remaining),
        "used" => ResolvedValue::leaf(left.used),
        "resetAt" => ResolvedValue::leaf(time(left.reset)),
        _ => return Err(unserved(info, "the field")),
    })
}

/// The type that an account has, and how its global number begins.
pub(super) fn kind_of(account: &Account) -> (&'static str, &'static str) {
    match account {
        Account { bot: true, .. } => ("Bot", "BOT"),
        Account { mannequin: true, .. } => ("Mannequin", "M"),
        _ => ("User", "U"),
    }
}

pub(super) fn user<'w>(_: &View<'w>, account: &Account, info: &ResolveInfo) -> Resolved<'w> {
    Ok(match info.field_name() {
        "id" => ResolvedValue::leaf(node_id(kind_of(account).1, account.id)),
        "databaseId" => ResolvedValue::leaf(account.id),
        // a machine is called here without what REST puts behind its name
        "login" => ResolvedValue::leaf(account.login.trim_end_matches("[bot]")),
        "email" => account.emails.first().map_or_else(ResolvedValue::null, |email| ResolvedValue::leaf(email.as_str())),
        "name" => account.name.as_deref().map_or_else(ResolvedValue::null, ResolvedValue::leaf),
        _ => return Err(unserved(info, "the field")),
    })
}

pub(super) fn organization<'w>(view: &View<'w>, of: &'w Organization, info: &ResolveInfo) -> Resolved<'w> {
    let world = view.sight.world;
    Ok(match info.field_name() {
        "id" => ResolvedValue::leaf(node_id("O", of.id)),
        "databaseId" => ResolvedValue::leaf(of.id),
        "login" | "name" => ResolvedValue::leaf(of.login.as_str()),
        "createdAt" => ResolvedValue::leaf(time(of.created)),
        "archivedAt" => ResolvedValue::null(),
        "requiresTwoFactorAuthentication" if view.owns(of) => ResolvedValue::leaf(of.second_factor_required),
        "requiresTwoFactorAuthentication" => ResolvedValue::null(),
        "membersWithRole" => {
            view.needs("members", Permission::Read)?;
            let tells = view.owns(of);
            let members = of.members.iter().filter_map(|(id, member)| {
                let account = world.accounts.get(id)?;
                let factor = tells.then_some(account.second_factor != SecondFactor::Disabled);
                let item = Item::new(by_number(*id), Object::User(account));
                Some(Item { extra: Extra::Member(member.owner, factor), ..item })
            });
            view.page("OrganizationMemberConnection", members.collect(), info)?
        }
        "repositories" => {
            only(info, &["orderBy", "ownerAffiliations"])?;
            let affiliations = info.arguments().get("ownerAffiliations").and_then(|list| list.as_array());
            // of an organisation's repositories the other affiliations are those of its members
            if affiliations.is_none_or(|list| list.iter().any(|word| word.as_str() != Some("OWNER"))) {
                return Err(unserved(info, "other affiliations than OWNER"));
            }
            let named = by_name(info)?;
            let owned =
                world.repositories.values().filter(|it| it.owner == Owner::Organization(of.id) && view.sees(it));
            let items = owned.map(|repository| {
                let number = by_number(repository.id);
                let key = if named { format!("{} {number}", repository.name.to_lowercase()) } else { number };
                Item::new(key, Object::Repository(repository))
            });
            view.page("RepositoryConnection", items.collect(), info)?
        }
        "team" => {
            view.needs("members", Permission::Read)?;
            let slug = word(info, "slug").unwrap_or_default();
            let found = world.teams.values().find(|team| team.organization == of.id && team.slug == slug);
            view.maybe(found.map(Object::Team))
        }
        "teams" => {
            view.needs("members", Permission::Read)?;
            only(info, &["orderBy", "rootTeamsOnly"])?;
            let roots = info.arguments().get("rootTeamsOnly").and_then(|only| only.as_bool()) == Some(true);
            let named = by_name(info)?;
            let teams =
                world.teams.values().filter(|team| team.organization == of.id && !(roots && team.parent.is_some()));
            view.page("TeamConnection", teams.map(|team| team_item(team, named)).collect(), info)?
        }
        _ => return Err(unserved(info, "the field")),
    })
}

fn team_item(team: &Team, named: bool) -> Item<'_> {
    let number = by_number(team.id);
    let key = if named { format!("{} {number}", team.name.to_lowercase()) } else { number };
    Item::new(key, Object::Team(team))
}

pub(super) fn repository<'w>(view: &View<'w>, of: &'w Repository, info: &ResolveInfo) -> Resolved<'w> {
    let world = view.sight.world;
    Ok(match info.field_name() {
        "id" => ResolvedValue::leaf(node_id("R", of.id)),
        "databaseId" => ResolvedValue::leaf(of.id),
        "name" => ResolvedValue::leaf(of.name.as_str()),
        "nameWithOwner" => ResolvedValue::leaf(world.full_name(of)),
        "owner" => match of.owner {
            Owner::Organization(id) => view.of(Object::Organization(&world.organizations[&id])),
            Owner::Account(id) => view.of(Object::User(&world.accounts[&id])),
        },
        "visibility" => ResolvedValue::leaf(match of.visibility {
            Visibility::Public => "PUBLIC",
            Visibility::Internal => "INTERNAL",
            Visibility::Private => "PRIVATE",
        }),
        "isPrivate" => ResolvedValue::leaf(of.visibility != Visibility::Public),
        "isArchived" => ResolvedValue::leaf(of.archived),
        "isFork" => ResolvedValue::leaf(of.fork_of.is_some()),
        "isDisabled" | "isLocked" => ResolvedValue::leaf(false),
        "collaborators" => {
            view.needs("administration", Permission::Read)?;
            let level = |user| world.effective(of, user).map(|role| role.level);
            if view.sight.token.user().is_some_and(|user| level(user) < Some(Level::Write)) {
                let message = "Must have push access to view repository collaborators.";
                return Err(typed_error("FORBIDDEN", message));
            }
            only(info, &["affiliation"])?;
            if word(info, "affiliation") != Some("DIRECT") {
                return Err(unserved(info, "another affiliation than DIRECT"));
            }
            let tells = view.sight.token.user().is_some() || world.apps_see_details;
            let items = of.direct.keys().filter_map(|id| {
                let account = world.accounts.get(id)?;
                let sources = world.sources(of, *id);
                let most = sources.iter().map(|source| source.role.level).max()?;
                let item = Item::new(by_number(*id), Object::User(account));
                Some(Item { extra: Extra::Collaborator(of, most, tells.then_some(sources)), ..item })
            });
            view.page("RepositoryCollaboratorConnection", items.collect(), info)?
        }
        "deployKeys" => {
            view.needs("administration", Permission::Read)?;
            let keys = of.keys.values().map(|key| Item::new(by_number(key.id), Object::DeployKey(key)));
            view.page("DeployKeyConnection", keys.collect(), info)?
        }
        "pullRequest" => view.pull_request(of, info)?,
        "object" => view.git_object(of, info)?,
        _ => return Err(unserved(info, "the field")),
    })
}

pub(super) fn team<'w>(view: &View<'w>, of: &'w Team, info: &ResolveInfo) -> Resolved<'w> {
    let world = view.sight.world;
    let organization = &world.organizations[&of.organization];
    Ok(match info.field_name() {
        "id" => ResolvedValue::leaf(node_id("T", of.id)),
        "databaseId" => ResolvedValue::leaf(of.id),
        "slug" => ResolvedValue::leaf(of.slug.as_str()),
        "name" => ResolvedValue::leaf(of.name.as_str()),
        "combinedSlug" => ResolvedValue::leaf(format!("{}/{}", organization.login, of.slug)),
        "privacy" => ResolvedValue::leaf(if of.secret { "SECRET" } else { "VISIBLE" }),
        "organization" => view.of(Object::Organization(organization)),
        "parentTeam" => view.maybe(of.parent.and_then(|parent| world.teams.get(&parent)).map(Object::Team)),
        "childTeams" => {
            only(info, &["immediateOnly", "orderBy"])?;
            let immediate = info.arguments().get("immediateOnly").and_then(|only| only.as_bool()) == Some(true);
            let named = by_name(info)?;
            let below = world.below(of.id).into_iter().filter(|team| !immediate || team.parent == Some(of.id));
            view.page("TeamConnection", below.map(|team| team_item(team, named)).collect(), info)?
        }
        "members" => {
            only(info, &["membership"])?;
            let own = word(info, "membership") == Some("IMMEDIATE");
            if word(info, "membership") == Some("CHILD_TEAM") {
                return Err(unserved(info, "members of child teams alone"));
            }
            let members = world.all_members(of).into_iter().filter(|(_, (_, inherited))| !(own && *inherited));
            let items = members.filter_map(|(id, (maintains, _))| {
                let item = Item::new(by_number(id), Object::User(world.accounts.get(&id)?));
                Some(Item { extra: Extra::TeamMember(maintains), ..item })
            });
            view.page("TeamMemberConnection", items.collect(), info)?
        }
        "invitations" => {
            let open = organization.invitations.values();
            let open = open.filter(|it| it.failed.is_none() && it.teams.contains_key(&of.id));
            let items = open.map(|it| Item::new(by_number(it.id), Object::Invitation(organization, it)));
            view.page("OrganizationInvitationConnection", items.collect(), info)?
        }
        "repositories" => {
            only(info, &["orderBy"])?;
            let named = by_name(info)?;
            let items = world.repositories.values().filter(|it| view.sees(it)).filter_map(|repository| {
                // the role that counts, which may be that of a team above
                let role = world.team_role(of.id, repository)?;
                let number = by_number(repository.id);
                let key = if named { format!("{} {number}", repository.name.to_lowercase()) } else { number };
                let item = Item::new(key, Object::Repository(repository));
                Some(Item { extra: Extra::TeamRepository(role.level), ..item })
            });
            view.page("TeamRepositoryConnection", items.collect(), info)?
        }
        _ => return Err(unserved(info, "the field")),
    })
}

pub(super) fn deploy_key<'w>(_: &View<'w>, key: &DeployKey, info: &ResolveInfo) -> Resolved<'w> {
    Ok(match info.field_name() {
        "id" => ResolvedValue::leaf(node_id("DK", key.id)),
        "createdAt" => ResolvedValue::leaf(time(key.created)),
        "enabled" | "verified" => ResolvedValue::leaf(true),
        "key" => ResolvedValue::leaf(format!("ssh-ed25519 {}", node_id("key", key.id))),
        "readOnly" => ResolvedValue::leaf(key.read_only),
        "title" => ResolvedValue::leaf(key.title.as_str()),
        _ => return Err(unserved(info, "the field")),
    })
}

pub(super) fn invitation<'w>(
    view: &View<'w>,
    organization: &'w Organization,
    of: &OrganizationInvitation,
    info: &ResolveInfo,
) -> Resolved<'w> {
    let accounts = &view.sight.world.accounts;
    Ok(match (info.field_name(), &of.invitee) {
        ("id", _) => ResolvedValue::leaf(node_id("OI", of.id)),
        ("createdAt", _) => ResolvedValue::leaf(time(of.created)),
        ("email", Invitee::Email(address)) => ResolvedValue::leaf(address.as_str()),
        ("invitee", Invitee::Account(id)) => view.maybe(accounts.get(id).map(Object::User)),
        ("email" | "invitee", _) => ResolvedValue::null(),
        ("inviterActor", _) => view.maybe(accounts.get(&of.inviter).filter(|it| !it.bot).map(Object::User)),
        ("organization", _) => view.of(Object::Organization(organization)),
        ("invitationSource", _) => ResolvedValue::leaf("MEMBER"),
        ("invitationType", Invitee::Email(_)) => ResolvedValue::leaf("EMAIL"),
        ("invitationType", Invitee::Account(_)) => ResolvedValue::leaf("USER"),
        ("role", _) => ResolvedValue::leaf(of.role.to_uppercase()),
        _ => return Err(unserved(info, "the field")),
    })
}

pub(super) fn source<'w>(view: &View<'w>, on: &'w Repository, of: &Source, info: &ResolveInfo) -> Resolved<'w> {
    let world = view.sight.world;
    Ok(match info.field_name() {
        "organization" => match on.owner {
            Owner::Organization(id) => view.of(Object::Organization(&world.organizations[&id])),
            Owner::Account(_) => return Err(unserved(info, "a repository of a person")),
        },
        // knows four words only; the name of the role is beside it
        "permission" => ResolvedValue::leaf(of.role.level.coarse().upper()),
        "roleName" => ResolvedValue::leaf(of.role.name.as_str()),
        "source" => view.of(match of.of {
            SourceOf::Organization(id) => Object::Organization(&world.organizations[&id]),
            SourceOf::Team(id) => Object::Team(&world.teams[&id]),
            SourceOf::Repository(_) => Object::Repository(on),
        }),
        _ => return Err(unserved(info, "the field")),
    })
}

pub(super) fn page<'w>(view: &View<'w>, page: &Page<'w>, info: &ResolveInfo) -> Resolved<'w> {
    let (view, items) = (View { sight: view.sight, object: Object::Query }, page.items.clone());
    Ok(match info.field_name() {
        "totalCount" => ResolvedValue::leaf(page.total),
        "filteredCount" => ResolvedValue::leaf(page.filtered),
        "pageInfo" => view.of(Object::PageInfo(page.clone())),
        "nodes" => ResolvedValue::list(items.into_iter().map(move |item| view.of(item.node))),
        "edges" => {
            let name = page.name;
            ResolvedValue::list(items.into_iter().map(move |item| view.of(Object::Edge(name, Box::new(item)))))
        }
        _ => return Err(unserved(info, "the field")),
    })
}

pub(super) fn page_info<'w>(_: &View<'w>, page: &Page<'w>, info: &ResolveInfo) -> Resolved<'w> {
    let cursor = |item: Option<&Item>| item.map_or_else(ResolvedValue::null, |item| ResolvedValue::leaf(item.cursor()));
    Ok(match info.field_name() {
        "hasNextPage" => ResolvedValue::leaf(page.after),
        "hasPreviousPage" => ResolvedValue::leaf(page.before),
        "startCursor" => cursor(page.items.first()),
        "endCursor" => cursor(page.items.last()),
        _ => return Err(unserved(info, "the field")),
    })
}

pub(super) fn edge<'w>(view: &View<'w>, item: &Item<'w>, info: &ResolveInfo) -> Resolved<'w> {
    Ok(match (info.field_name(), &item.extra) {
        ("cursor", _) => ResolvedValue::leaf(item.cursor()),
        ("node", _) => view.of(item.node.clone()),
        ("role", Extra::Member(owner, _)) => ResolvedValue::leaf(if *owner { "ADMIN" } else { "MEMBER" }),
        ("hasTwoFactorEnabled", Extra::Member(_, factor)) => {
            factor.map_or_else(ResolvedValue::null, ResolvedValue::leaf)
        }
        ("role", Extra::TeamMember(maintains)) => ResolvedValue::leaf(if *maintains { "MAINTAINER" } else { "MEMBER" }),
        ("permission", Extra::Collaborator(_, level, _) | Extra::TeamRepository(level)) => {
            ResolvedValue::leaf(level.upper())
        }
        ("permissionSources", Extra::Collaborator(_, _, None)) => ResolvedValue::null(),
        ("permissionSources", Extra::Collaborator(repository, _, Some(sources))) => {
            let (view, repository, sources) =
                (View { sight: view.sight, object: Object::Query }, *repository, sources.clone());
            ResolvedValue::list(sources.into_iter().map(move |source| view.of(Object::Source(repository, source))))
        }
        _ => return Err(unserved(info, "the field")),
    })
}
