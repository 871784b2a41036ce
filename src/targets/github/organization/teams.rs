//! Teams: who is in each, and what each opens.

use serde::Deserialize;
use serde_json::json;

use super::super::client::{Api, Failure, Page};
use super::access::Who;
use super::words::permission;

/// A team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Team {
    pub id: u64,
    pub slug: String,
    /// The team above it.
    pub parent: Option<u64>,
    /// Who was put into it, each with whether they maintain it. Those of teams below it are not among them.
    pub members: Vec<(Who, bool)>,
    /// Accounts that are in it once they accept the organisation's invitation.
    pub invited: Vec<Who>,
    /// What it opens: the number of each repository, and the permission that counts, be it its own or of a team above.
    pub repositories: Vec<(u64, String)>,
}

impl Team {
    /// True for a team of the enterprise, which the organisation can't change.
    pub(in super::super) fn is_of_enterprise(&self) -> bool {
        self.slug.starts_with("ent:")
    }
}

const FIELDS: &str = "id databaseId slug parentTeam{databaseId}
 members(membership:IMMEDIATE,first:100){ totalCount pageInfo{hasNextPage endCursor} edges{ role node{databaseId login} } }
 invitations(first:50){ totalCount pageInfo{hasNextPage endCursor} nodes{ invitee{databaseId login} } }
 repositories(first:100){ totalCount pageInfo{hasNextPage endCursor} edges{ permission node{databaseId} } }";

#[derive(Deserialize)]
struct Data {
    organization: Option<Organization>,
}

#[derive(Deserialize)]
struct Organization {
    teams: Page<Node>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    id: String,
    database_id: u64,
    slug: String,
    parent_team: Option<Number>,
    members: Option<Page<MemberEdge>>,
    invitations: Option<Page<InvitationNode>>,
    repositories: Option<Page<RepositoryEdge>>,
}

#[derive(Deserialize)]
struct Number {
    #[serde(rename = "databaseId")]
    id: u64,
}

#[derive(Deserialize)]
struct MemberEdge {
    role: String,
    node: Who,
}

#[derive(Deserialize)]
struct InvitationNode {
    invitee: Option<Who>,
}

#[derive(Deserialize)]
struct RepositoryEdge {
    permission: String,
    node: Number,
}

/// Every team of the organisation that the credential may see, those of its enterprise among them.
pub(in super::super) async fn teams(api: &Api, login: &str) -> Result<Vec<Team>, Failure> {
    let text = format!(
        "query Teams($org:String!,$first:Int!,$after:String){{ organization(login:$org){{
 teams(first:$first,after:$after,orderBy:{{field:NAME,direction:ASC}}){{ totalCount pageInfo{{hasNextPage endCursor}}
  nodes{{ {FIELDS} }} }} }} }}"
    );
    let list = |data: Data| data.organization.map(|organization| organization.teams);
    let nodes = api.walk(&text, json!({ "org": login }), 20, list).await.map_err(|f| f.lacking("members=read"))?;
    let mut teams = Vec::with_capacity(nodes.len());
    for node in nodes {
        let id = node.id;
        let members =
            inner(api, &id, node.members, "members(membership:IMMEDIATE,", "edges{ role node{databaseId login} }");
        let members: Vec<MemberEdge> = members.await?;
        let invited = inner(api, &id, node.invitations, "invitations(", "nodes{ invitee{databaseId login} }");
        let invited: Vec<InvitationNode> = invited.await?;
        let opened = inner(api, &id, node.repositories, "repositories(", "edges{ permission node{databaseId} }");
        let opened: Vec<RepositoryEdge> = opened.await?;
        teams.push(Team {
            id: node.database_id,
            slug: node.slug,
            parent: node.parent_team.map(|parent| parent.id),
            members: members.into_iter().map(|edge| (edge.node, edge.role == "MAINTAINER")).collect(),
            invited: invited.into_iter().filter_map(|node| node.invitee).collect(),
            repositories: opened.into_iter().map(|edge| (edge.node.id, permission(&edge.permission))).collect(),
        });
    }
    Ok(teams)
}

/// A list within a team: its first page, or all of it where there are more.
async fn inner<T: serde::de::DeserializeOwned>(
    api: &Api,
    id: &str,
    first: Option<Page<T>>,
    list: &str,
    fields: &str,
) -> Result<Vec<T>, Failure> {
    #[derive(Deserialize)]
    #[serde(bound = "T: Deserialize<'de>")]
    struct Inner<T> {
        node: Option<Team<T>>,
    }
    #[derive(Deserialize)]
    #[serde(bound = "T: Deserialize<'de>")]
    struct Team<T> {
        list: Option<Page<T>>,
    }
    let page = first.ok_or_else(|| Failure::Odd { why: "a list of a team is null".to_owned() })?;
    if !page.page_info.has_next_page {
        return page.counted();
    }
    let text = format!(
        "query Inner($id:ID!,$first:Int!,$after:String){{ node(id:$id){{ ...on Team{{
 list:{list}first:$first,after:$after){{ totalCount pageInfo{{hasNextPage endCursor}} {fields} }} }} }} }}"
    );
    api.walk(&text, json!({ "id": id }), 100, |inner: Inner<T>| inner.node.and_then(|team| team.list)).await
}

/// Whether somebody is in a team or invited to it, with the role there: `member` or `maintainer`.
pub(in super::super) async fn team_role(
    api: &Api,
    organization: &str,
    slug: &str,
    login: &str,
) -> Result<Option<String>, Failure> {
    #[derive(Deserialize)]
    struct Place {
        role: String,
    }
    match api.get_as::<Place>(&format!("/orgs/{organization}/teams/{slug}/memberships/{login}")).await {
        Ok(place) => Ok(Some(place.role)),
        Err(failure) if failure.status() == Some(404) => Ok(None),
        Err(failure) => Err(failure),
    }
}
