//! How accounts, teams and repositories look in answers.

use super::Call;
use crate::world::{Account, Id, Level, Organization, Owner, Repository, Team, Visibility};
use base64::Engine;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// The global number of something, in the form that GitHub gives out now.
pub(crate) fn node_id(prefix: &str, id: Id) -> String {
    let mut packed = vec![0x92, 0x00, 0xce];
    packed.extend(u32::try_from(id).unwrap_or(u32::MAX).to_be_bytes());
    format!("{prefix}_{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(packed))
}

/// A time as GitHub writes it: whole seconds, in UTC.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The four or five flags that old answers have beside the name of a role.
pub(super) fn flags(level: Level) -> Value {
    json!({
        "admin": level >= Level::Admin,
        "maintain": level >= Level::Maintain,
        "push": level >= Level::Write,
        "triage": level >= Level::Triage,
        "pull": level >= Level::Read,
    })
}

fn extend(target: &mut Value, more: Value) {
    if let (Some(target), Value::Object(more)) = (target.as_object_mut(), more) {
        target.extend(more);
    }
}

/// A value with more keys.
pub(super) fn and(mut value: Value, more: Value) -> Value {
    extend(&mut value, more);
    value
}

/// Paths below a repository that have no parameter, by the name of their field.
const REPOSITORY_LINKS: [(&str, &str); 43] = [
    ("archive_url", "{archive_format}{/ref}"),
    ("assignees_url", "assignees{/user}"),
    ("blobs_url", "git/blobs{/sha}"),
    ("branches_url", "branches{/branch}"),
    ("collaborators_url", "collaborators{/collaborator}"),
    ("comments_url", "comments{/number}"),
    ("commits_url", "commits{/sha}"),
    ("compare_url", "compare/{base}...{head}"),
    ("contents_url", "contents/{+path}"),
    ("contributors_url", "contributors"),
    ("deployments_url", "deployments"),
    ("downloads_url", "downloads"),
    ("events_url", "events"),
    ("forks_url", "forks"),
    ("git_commits_url", "git/commits{/sha}"),
    ("git_refs_url", "git/refs{/sha}"),
    ("git_tags_url", "git/tags{/sha}"),
    ("hooks_url", "hooks"),
    ("issue_comment_url", "issues/comments{/number}"),
    ("issue_events_url", "issues/events{/number}"),
    ("issues_url", "issues{/number}"),
    ("keys_url", "keys{/key_id}"),
    ("labels_url", "labels{/name}"),
    ("languages_url", "languages"),
    ("merges_url", "merges"),
    ("milestones_url", "milestones{/number}"),
    ("notifications_url", "notifications{?since,all,participating}"),
    ("pulls_url", "pulls{/number}"),
    ("releases_url", "releases{/id}"),
    ("stargazers_url", "stargazers"),
    ("statuses_url", "statuses/{sha}"),
    ("subscribers_url", "subscribers"),
    ("subscription_url", "subscription"),
    ("tags_url", "tags"),
    ("teams_url", "teams"),
    ("trees_url", "git/trees{/sha}"),
    // counts that nothing here changes
    ("forks", ""),
    ("forks_count", ""),
    ("open_issues", ""),
    ("open_issues_count", ""),
    ("size", ""),
    ("stargazers_count", ""),
    ("watchers", ""),
];

impl Call<'_> {
    fn user_like(&self, login: &str, node: &str, id: Id, kind: &str) -> Value {
        let url = format!("{}/users/{login}", self.base);
        json!({
            "login": login,
            "id": id,
            "node_id": node_id(node, id),
            "avatar_url": format!("https://avatars.githubusercontent.com/u/{id}?v=4"),
            "gravatar_id": "",
            "url": url,
            "html_url": format!("https://github.com/{}", login.replace("[bot]", "")),
            "followers_url": format!("{url}/followers"),
            "following_url": format!("{url}/following{{/other_user}}"),
            "gists_url": format!("{url}/gists{{/gist_id}}"),
            "starred_url": format!("{url}/starred{{/owner}}{{/repo}}"),
            "subscriptions_url": format!("{url}/subscriptions"),
            "organizations_url": format!("{url}/orgs"),
            "repos_url": format!("{url}/repos"),
            "events_url": format!("{url}/events{{/privacy}}"),
            "received_events_url": format!("{url}/received_events"),
            "type": kind,
            "user_view_type": "public",
            "site_admin": false,
        })
    }

    /// An account in short.
    pub(super) fn user(&self, account: &Account) -> Value {
        let (node, kind) = match account {
            Account { bot: true, .. } => ("BOT", "Bot"),
            Account { mannequin: true, .. } => ("M", "Mannequin"),
            _ => ("U", "User"),
        };
        let login = account.login.replace('[', "%5B").replace(']', "%5D");
        let mut user = self.user_like(&login, node, account.id, kind);
        user["login"] = account.login.as_str().into();
        user
    }

    /// An account by number, also one that is gone.
    pub(super) fn user_by_number(&self, id: Id) -> Value {
        match self.world.accounts.get(&id) {
            Some(account) => self.user(account),
            None => self.user_like("ghost", "U", 10_137, "User"),
        }
    }

    /// The owner of a repository in short.
    pub(super) fn owner(&self, repository: &Repository) -> Value {
        match repository.owner {
            Owner::Account(id) => self.user_by_number(id),
            Owner::Organization(id) => self.organization_as_user(&self.world.organizations[&id]),
        }
    }

    /// An organisation where an account is expected.
    pub(super) fn organization_as_user(&self, organization: &Organization) -> Value {
        self.user_like(&organization.login, "O", organization.id, "Organization")
    }

    /// An organisation in short.
    pub(super) fn organization_simple(&self, organization: &Organization) -> Value {
        let url = format!("{}/orgs/{}", self.base, organization.login);
        json!({
            "login": organization.login,
            "id": organization.id,
            "node_id": node_id("O", organization.id),
            "url": url,
            "repos_url": format!("{url}/repos"),
            "events_url": format!("{url}/events"),
            "hooks_url": format!("{url}/hooks"),
            "issues_url": format!("{url}/issues"),
            "members_url": format!("{url}/members{{/member}}"),
            "public_members_url": format!("{url}/public_members{{/member}}"),
            "avatar_url": format!("https://avatars.githubusercontent.com/u/{}?v=4", organization.id),
            "description": null,
        })
    }

    /// A team without the one above it.
    pub(super) fn team_in_short(&self, team: &Team) -> Value {
        let organization = &self.world.organizations[&team.organization];
        let url = format!("{}/organizations/{}/team/{}", self.base, organization.id, team.id);
        let (kind, of) =
            if team.enterprise { ("enterprise", "enterprise_id") } else { ("organization", "organization_id") };
        let mut shown = json!({
            "id": team.id,
            "node_id": node_id("T", team.id),
            "url": url,
            "html_url": format!("https://github.com/orgs/{}/teams/{}", organization.login, team.slug),
            "name": team.name,
            "slug": team.slug,
            "description": null,
            "privacy": if team.secret { "secret" } else { "closed" },
            "notification_setting": "notifications_enabled",
            "permission": "pull",
            "members_url": format!("{url}/members{{/member}}"),
            "repositories_url": format!("{url}/repos"),
            "type": kind,
        });
        shown[of] = team.organization.into();
        shown
    }

    /// A team with the one above it.
    pub(super) fn team_item(&self, team: &Team) -> Value {
        let parent = team.parent.map(|parent| self.team_in_short(&self.world.teams[&parent]));
        and(self.team_in_short(team), json!({ "parent": parent }))
    }

    /// What all forms of a repository have.
    pub(super) fn repository_item(&self, repository: &Repository) -> Value {
        let full = self.world.full_name(repository);
        let url = format!("{}/repos/{full}", self.base);
        let mut item = Map::new();
        for (name, path) in REPOSITORY_LINKS {
            let value = if path.is_empty() { json!(0) } else { json!(format!("{url}/{path}")) };
            item.insert(name.to_owned(), value);
        }
        let visibility = match repository.visibility {
            Visibility::Public => "public",
            Visibility::Internal => "internal",
            Visibility::Private => "private",
        };
        let more = json!({
            "id": repository.id,
            "node_id": node_id("R", repository.id),
            "name": repository.name,
            "full_name": full,
            "owner": self.owner(repository),
            "private": repository.visibility != Visibility::Public,
            "visibility": visibility,
            "html_url": format!("https://github.com/{full}"),
            "git_url": format!("git://github.com/{full}.git"),
            "ssh_url": format!("git@github.com:{full}.git"),
            "clone_url": format!("https://github.com/{full}.git"),
            "svn_url": format!("https://github.com/{full}"),
            "mirror_url": null,
            "homepage": null,
            "language": null,
            "license": null,
            "description": null,
            "url": url,
            "fork": repository.fork_of.is_some(),
            "archived": repository.archived,
            "disabled": false,
            "default_branch": repository.default_branch,
            "has_issues": true,
            "has_projects": true,
            "has_wiki": true,
            "has_pages": false,
            "has_downloads": true,
            "has_discussions": false,
            "watchers_count": 0,
            "created_at": time(repository.created),
            "updated_at": time(repository.created),
            "pushed_at": time(repository.created),
        });
        and(Value::Object(item), more)
    }
}
