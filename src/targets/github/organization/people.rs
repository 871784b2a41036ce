//! Who is in an organisation, and who works on its repositories without being in it.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;

use super::super::client::{Api, Failure, Page};
use super::access::Who;

/// Somebody in the organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Member {
    pub who: Who,
    pub owner: bool,
    /// Whether they sign in with a second factor; None where that isn't told.
    pub second_factor: Option<bool>,
}

const MEMBERS: &str = "query Members($org:String!,$first:Int!,$after:String){ organization(login:$org){
 membersWithRole(first:$first,after:$after){ totalCount pageInfo{hasNextPage endCursor}
  edges{ role hasTwoFactorEnabled node{databaseId login} } } } }";

#[derive(Deserialize)]
struct Data {
    organization: Option<Organization>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Organization {
    members_with_role: Page<Edge>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Edge {
    role: String,
    has_two_factor_enabled: Option<bool>,
    node: Who,
}

/// Everybody in the organisation.
pub(in super::super) async fn members(api: &Api, login: &str) -> Result<Vec<Member>, Failure> {
    let list = |data: Data| data.organization.map(|organization| organization.members_with_role);
    let edges = api.walk(MEMBERS, json!({ "org": login }), 100, list).await.map_err(|f| f.lacking("members=read"))?;
    let members = edges.into_iter().map(|edge: Edge| Member {
        who: edge.node,
        owner: edge.role == "ADMIN",
        second_factor: edge.has_two_factor_enabled,
    });
    Ok(members.collect())
}

/// How somebody signs in whose second factor is missing, or can be phished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Factor {
    Missing,
    Insecure,
}

/// Who works on repositories without being in the organisation; only those with such a second factor where one is named.
pub(in super::super) async fn outside(api: &Api, login: &str, factor: Option<Factor>) -> Result<Vec<Who>, Failure> {
    let filter = match factor {
        None => "",
        Some(Factor::Missing) => "?filter=2fa_disabled",
        Some(Factor::Insecure) => "?filter=2fa_insecure",
    };
    api.list(&format!("/orgs/{login}/outside_collaborators{filter}")).await
}

/// How many accounts are asked for at once.
const MANY: usize = 100;

const PEOPLE: &str = "query People($ids:[ID!]!){ nodes(ids:$ids){ __typename ...on User{databaseId login} } }";

/// How accounts are called now, by number. Whoever is missing has no account any more.
pub(in super::super) async fn logins(api: &Api, numbers: &BTreeSet<u64>) -> Result<BTreeMap<u64, String>, Failure> {
    #[derive(Deserialize)]
    struct Node {
        #[serde(default, rename = "databaseId")]
        id: Option<u64>,
        #[serde(default)]
        login: Option<String>,
    }
    let ids: Vec<String> = numbers.iter().map(|id| STANDARD.encode(format!("04:User{id}"))).collect();
    let mut found = BTreeMap::new();
    for ids in ids.chunks(MANY) {
        let nodes: Vec<Option<Node>> = api.nodes(PEOPLE, ids).await?;
        found.extend(nodes.into_iter().flatten().filter_map(|node| Some((node.id?, node.login?))));
    }
    Ok(found)
}

/// The numbers of those who are called so now.
pub(in super::super) async fn numbers(api: &Api, logins: &[String]) -> Result<BTreeMap<String, u64>, Failure> {
    let mut found = BTreeMap::new();
    for login in logins {
        match api.get_as::<Who>(&format!("/users/{login}")).await {
            Ok(who) => drop(found.insert(login.clone(), who.id)),
            Err(failure) if failure.status() == Some(404) => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(found)
}
