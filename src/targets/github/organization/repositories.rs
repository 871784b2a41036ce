//! Repositories, and who was given a role on each.

use serde::Deserialize;
use serde_json::json;

use super::super::client::{Api, Failure, Page};
use super::access::{Direct, Who};
use super::words::permission;

/// A repository, by whatever name it has now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Repository {
    /// What queries name it by.
    pub node: String,
    pub id: u64,
    /// `owner/name`, as it is written.
    pub name: String,
    pub public: bool,
    pub archived: bool,
    /// None where the credential isn't told where a permission comes from.
    pub direct: Option<Vec<Direct>>,
    /// How many deploy keys open it; None where it wasn't asked.
    pub keys: Option<u64>,
}

/// How many are asked for in one page: wider pages fail in life.
const MANY: usize = 25;

/// What is asked of a repository.
const FIELDS: &str = "id databaseId nameWithOwner visibility isArchived
 collaborators(affiliation:DIRECT,first:100){ totalCount pageInfo{hasNextPage endCursor}
  edges{ node{databaseId login} permissionSources{ roleName source{ __typename } } } }
 deployKeys(first:1) @include(if:$keys) { totalCount }";

const INNER: &str = "query Collaborators($id:ID!,$first:Int!,$after:String){ node(id:$id){ ...on Repository{
 collaborators(affiliation:DIRECT,first:$first,after:$after){ totalCount pageInfo{hasNextPage endCursor}
  edges{ node{databaseId login} permissionSources{ roleName source{ __typename } } } } } } }";

#[derive(Deserialize)]
struct Data {
    organization: Option<Organization>,
}

#[derive(Deserialize)]
struct Organization {
    repositories: Page<Node>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    id: String,
    database_id: u64,
    name_with_owner: String,
    visibility: String,
    is_archived: bool,
    collaborators: Option<Page<Edge>>,
    #[serde(default)]
    deploy_keys: Option<Count>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Count {
    total_count: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Edge {
    node: Who,
    permission_sources: Option<Vec<Source>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Source {
    #[serde(default)]
    role_name: Option<String>,
    source: Granter,
}

#[derive(Deserialize)]
struct Granter {
    #[serde(rename = "__typename")]
    kind: String,
}

/// Every repository of the organisation that the credential may see.
pub(in super::super) async fn repositories(api: &Api, login: &str, keys: bool) -> Result<Vec<Repository>, Failure> {
    let text = format!(
        "query Repositories($org:String!,$first:Int!,$after:String,$keys:Boolean!){{ organization(login:$org){{
 repositories(first:$first,after:$after,orderBy:{{field:NAME,direction:ASC}},ownerAffiliations:[OWNER]){{
  totalCount pageInfo{{hasNextPage endCursor}} nodes{{ {FIELDS} }} }} }} }}"
    );
    let list = |data: Data| data.organization.map(|organization| organization.repositories);
    let variables = json!({ "org": login, "keys": keys });
    let nodes = api.walk(&text, variables, 25, list).await.map_err(|f| f.lacking("administration=read"))?;
    whole(api, nodes).await
}

/// Repositories by what queries name them by. One that is gone is missing.
pub(in super::super) async fn repositories_by_node(api: &Api, ids: &[String]) -> Result<Vec<Repository>, Failure> {
    let fields = FIELDS.replace("@include(if:$keys)", "@include(if:false)");
    let text = format!("query Some($ids:[ID!]!){{ nodes(ids:$ids){{ ...on Repository{{ {fields} }} }} }}");
    let mut found = Vec::new();
    for ids in ids.chunks(MANY) {
        let nodes = api.nodes(&text, ids).await.map_err(|failure| failure.lacking("administration=read"))?;
        found.extend(whole(api, nodes.into_iter().flatten().collect()).await?);
    }
    Ok(found)
}

async fn whole(api: &Api, nodes: Vec<Node>) -> Result<Vec<Repository>, Failure> {
    let mut repositories = Vec::with_capacity(nodes.len());
    for node in nodes {
        let null = || Failure::Odd { why: format!("the collaborators of `{}` are null", node.name_with_owner) };
        let page = node.collaborators.ok_or_else(null)?;
        let edges = match page.page_info.has_next_page {
            false => page.counted()?,
            true => {
                #[derive(Deserialize)]
                struct Inner {
                    node: Option<Collaborators>,
                }
                #[derive(Deserialize)]
                struct Collaborators {
                    collaborators: Option<Page<Edge>>,
                }
                let list = |inner: Inner| inner.node.and_then(|node| node.collaborators);
                api.walk(INNER, json!({ "id": node.id }), 100, list).await?
            }
        };
        let direct = edges.into_iter().map(direct).collect::<Option<Vec<Option<Direct>>>>();
        repositories.push(Repository {
            node: node.id,
            id: node.database_id,
            name: node.name_with_owner,
            public: node.visibility == "PUBLIC",
            archived: node.is_archived,
            direct: direct.map(|direct| direct.into_iter().flatten().collect()),
            keys: node.deploy_keys.map(|keys| keys.total_count),
        });
    }
    Ok(repositories)
}

/// What somebody was given on the repository itself, whatever they have by teams or by the organisation too. None where
/// that isn't told.
fn direct(edge: Edge) -> Option<Option<Direct>> {
    let sources = edge.permission_sources?;
    let own = sources.into_iter().find(|one| one.source.kind == "Repository");
    match own {
        Some(own) => Some(Some(Direct { who: edge.node, role: permission(&own.role_name?) })),
        None => Some(None),
    }
}

/// What a name of a repository leads to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(in super::super) struct Found {
    pub id: u64,
    #[serde(rename = "full_name")]
    pub name: String,
    pub archived: bool,
    pub owner: Who,
}

/// The repository that a name leads to, which may be called otherwise by now or belong to somebody else. None where there
/// is none, or none that the credential may see.
pub(in super::super) async fn find(api: &Api, name: &str) -> Result<Option<Found>, Failure> {
    found(api, &format!("/repos/{name}")).await
}

/// The repository of a number, whatever it is called and whose it is by now.
pub(in super::super) async fn find_by_number(api: &Api, number: u64) -> Result<Option<Found>, Failure> {
    found(api, &format!("/repositories/{number}")).await
}

async fn found(api: &Api, path: &str) -> Result<Option<Found>, Failure> {
    match api.get_as(path).await {
        Ok(found) => Ok(Some(found)),
        Err(failure) if failure.status() == Some(404) => Ok(None),
        Err(failure) => Err(failure),
    }
}
