//! Queries, their pages and their costs.

use crate::client::{Client, Reply};
use crate::world::{EVERYTHING, by_owner, server, small, start};
use github_standin::World;
use github_standin::world::{Level, MEMBERS, MEMBERSHIPS, REPOSITORIES, SecondFactor, TEAMS};
use serde_json::{Value, json};

const MEMBERS_QUERY: &str = "query Members($org:String!,$after:String){ rateLimit{cost nodeCount remaining resetAt}
 organization(login:$org){ id databaseId login requiresTwoFactorAuthentication
  membersWithRole(first:100,after:$after){ totalCount pageInfo{hasNextPage endCursor}
   edges{ role hasTwoFactorEnabled node{databaseId login} } } } }";

const REPOSITORIES_QUERY: &str = "query Repositories($org:String!,$after:String){ organization(login:$org){ databaseId
  repositories(first:25,after:$after,orderBy:{field:NAME,direction:ASC},ownerAffiliations:[OWNER]){
   totalCount pageInfo{hasNextPage endCursor}
   nodes{ id databaseId nameWithOwner visibility isArchived isFork isLocked isDisabled
    collaborators(affiliation:DIRECT,first:100){ totalCount pageInfo{hasNextPage endCursor}
     edges{ permission node{databaseId login} permissionSources{ permission roleName
      source{ __typename ...on Organization{databaseId} ...on Repository{databaseId} ...on Team{databaseId slug} } } } }
    deployKeys(first:20){ totalCount pageInfo{hasNextPage endCursor} nodes{ id title readOnly enabled createdAt } } } } } }";

const TEAMS_QUERY: &str = "query Teams($org:String!,$after:String){ organization(login:$org){ databaseId
  teams(first:20,after:$after,orderBy:{field:NAME,direction:ASC}){ totalCount pageInfo{hasNextPage endCursor}
   nodes{ id databaseId slug name privacy parentTeam{databaseId slug}
    members(membership:IMMEDIATE,first:100){ totalCount pageInfo{hasNextPage endCursor} edges{ role node{databaseId login} } }
    invitations(first:50){ totalCount pageInfo{hasNextPage endCursor} nodes{ id email role createdAt invitee{databaseId login} } }
    repositories(first:100){ totalCount pageInfo{hasNextPage endCursor} edges{ permission node{databaseId nameWithOwner} } } } } } }";

const PEOPLE_QUERY: &str = "query People($ids:[ID!]!){ nodes(ids:$ids){ __typename ...on User{databaseId login} } }";

fn data(reply: &Reply) -> &Value {
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.body.get("errors"), None, "{}", reply.body);
    &reply.body["data"]
}

/// All nodes or edges of a list below the organisation, page by page.
fn walk(client: &Client, query: &str, list: &str, part: &str) -> Vec<Value> {
    let mut items = Vec::new();
    let mut after = Value::Null;
    loop {
        let reply = client.query(query, json!({ "org": "northwind", "after": after }));
        let page = &data(&reply)["organization"][list];
        items.extend(page[part].as_array().unwrap().clone());
        if page["pageInfo"]["hasNextPage"] == false {
            assert_eq!(page["totalCount"], items.len());
            return items;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

#[test]
fn a_large_organization_is_read_in_27_queries() {
    let mut world = World::large("northwind", start());
    let token = world.fine_grained_token("member-000", EVERYTHING);
    let server = server(world);
    let client = Client::new(&server, &token);
    assert_eq!(walk(&client, MEMBERS_QUERY, "membersWithRole", "edges").len(), MEMBERS);
    let repositories = walk(&client, REPOSITORIES_QUERY, "repositories", "nodes");
    assert_eq!(repositories.len(), REPOSITORIES);
    let teams = walk(&client, TEAMS_QUERY, "teams", "nodes");
    assert_eq!(teams.len(), TEAMS);
    let memberships = teams.iter().map(|team| team["members"]["totalCount"].as_u64().unwrap()).sum::<u64>();
    assert_eq!(memberships, MEMBERSHIPS as u64);
    let log = server.log();
    assert_eq!(log.count(), 5 + 14 + 8);
    let costs = |name: &str| {
        let record = log.0.iter().find(|record| record.operation.as_deref() == Some(name)).unwrap();
        (record.points, record.nodes)
    };
    assert_eq!(costs("Members"), (1, 100));
    assert_eq!(costs("Repositories"), (1, 3_025));
    assert_eq!(costs("Teams"), (1, 5_020));
    assert!(log.repeated().is_empty());
}

#[test]
fn a_permission_tells_where_it_comes_from() {
    let mut world = small();
    world.add_custom_role("deployer", Level::Write);
    world.grant("dan", "shop", "deployer");
    let token = world.fine_grained_token("ada", EVERYTHING);
    let server = server(world);
    let client = Client::new(&server, &token);
    let repositories = walk(&client, REPOSITORIES_QUERY, "repositories", "nodes");
    let names: Vec<&Value> = repositories.iter().map(|repository| &repository["nameWithOwner"]).collect();
    assert_eq!(json!(names), json!(["northwind/shop", "northwind/Site", "northwind/till"]));
    let dan = &repositories[0]["collaborators"]["edges"][0];
    assert_eq!(dan["node"]["login"], "dan");
    assert_eq!(dan["permission"], "WRITE");
    let sources: Vec<Value> = dan["permissionSources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|source| json!([source["source"]["__typename"], source["permission"], source["roleName"]]))
        .collect();
    assert_eq!(
        json!(sources),
        json!([
            ["Organization", "READ", "read"],
            ["Team", "WRITE", "write"],
            ["Team", "READ", "read"],
            ["Repository", "WRITE", "deployer"]
        ])
    );
}

#[test]
fn a_second_factor_is_told_to_owners_only() {
    let mut world = small();
    world.set_second_factor("dan", SecondFactor::Disabled);
    let (owner, member) = (world.fine_grained_token("ada", EVERYTHING), world.fine_grained_token("cleo", EVERYTHING));
    let server = server(world);
    let factors = |token: &str| {
        let edges = walk(&Client::new(&server, token), MEMBERS_QUERY, "membersWithRole", "edges");
        json!(edges.iter().map(|edge| &edge["hasTwoFactorEnabled"]).collect::<Vec<_>>())
    };
    assert_eq!(factors(&owner), json!([true, true, true, false]));
    assert_eq!(factors(&member), json!([null, null, null, null]));
}

#[test]
fn a_number_that_nobody_has_is_an_error_beside_the_others() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    let eve = server.world(|world| world.account("eve").unwrap().id);
    let old = |id: u64| {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.encode(format!("04:User{id}"))
    };
    let reply = client.query(PEOPLE_QUERY, json!({ "ids": [old(eve), old(1), old(eve)] }));
    assert_eq!(reply.status, 200);
    assert_eq!(reply.body["data"]["nodes"][1], Value::Null);
    assert_eq!(reply.body["data"]["nodes"][2], json!({ "__typename": "User", "databaseId": eve, "login": "eve" }));
    let error = &reply.body["errors"][0];
    assert_eq!((&error["type"], &error["path"]), (&json!("NOT_FOUND"), &json!(["nodes", 1])));
}

#[test]
fn what_a_token_may_not_see_is_null_with_an_error() {
    let mut world = small();
    let token = world.fine_grained_token("ada", "");
    let server = server(world);
    let client = Client::new(&server, &token);
    let reply = client.query(TEAMS_QUERY, json!({ "org": "northwind" }));
    assert_eq!(reply.body["data"]["organization"], Value::Null);
    let error = &reply.body["errors"][0];
    assert_eq!((&error["type"], &error["path"]), (&json!("FORBIDDEN"), &json!(["organization", "teams"])));
}

#[test]
fn cursors_hold_when_the_list_changes_between_pages() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    let query = "query($after:String){organization(login:\"northwind\"){
        teams(first:1,after:$after,orderBy:{field:NAME,direction:ASC}){nodes{name} pageInfo{hasNextPage endCursor}}}}";
    let first = client.query(query, json!({}));
    let page = data(&first)["organization"]["teams"].clone();
    assert_eq!(page["nodes"], json!([{ "name": "Build" }]));
    server.world(|world| world.add_team("Audit", None));
    let second = client.query(query, json!({ "after": page["pageInfo"]["endCursor"] }));
    assert_eq!(data(&second)["organization"]["teams"]["nodes"], json!([{ "name": "Platform" }]));
    let wrong = client.query(query, json!({ "after": "Mg==" }));
    assert_eq!(wrong.body["errors"][0]["type"], "INVALID_CURSOR_ARGUMENTS");
}

/// Each breaks a rule of GitHub's or asks for what isn't served, and none is answered.
#[test]
fn further_pages_of_a_list_in_a_list_are_read_by_the_number_of_its_node() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    let query = "{organization(login:\"northwind\"){team(slug:\"build\"){
        id members(membership:IMMEDIATE,first:1){totalCount pageInfo{hasNextPage endCursor} nodes{login}}}}}";
    let first = client.query(query, Value::Null);
    let team = data(&first)["organization"]["team"].clone();
    assert_eq!(team["members"]["nodes"], json!([{ "login": "ada" }]));
    let query = "query($id:ID!,$after:String){node(id:$id){...on Team{
        members(membership:IMMEDIATE,first:1,after:$after){pageInfo{hasNextPage} nodes{login}}}}}";
    let after = &team["members"]["pageInfo"]["endCursor"];
    let second = client.query(query, json!({ "id": team["id"], "after": after }));
    let members = &data(&second)["node"]["members"];
    assert_eq!(*members, json!({ "pageInfo": { "hasNextPage": false }, "nodes": [{ "login": "dan" }] }));
}

#[test]
fn an_invitation_shows_in_the_teams_that_it_opens() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    client.put("/orgs/northwind/teams/build/memberships/finn", json!({ "role": "member" }));
    let teams = walk(&client, TEAMS_QUERY, "teams", "nodes");
    let invitation = &teams[0]["invitations"]["nodes"][0];
    assert_eq!((&invitation["role"], &invitation["invitee"]["login"]), (&json!("DIRECT_MEMBER"), &json!("finn")));
    assert_eq!(teams[0]["parentTeam"]["slug"], "platform");
    let roles = teams[0]["members"]["edges"].as_array().unwrap().iter().map(|edge| edge["role"].clone());
    assert_eq!(roles.collect::<Vec<_>>(), [json!("MAINTAINER"), json!("MEMBER")]);
    // what the team above has, shows here with its larger role
    assert_eq!(teams[0]["repositories"]["edges"][0]["permission"], "WRITE");
}

#[test]
fn queries_that_github_refuses_are_violations() {
    let (server, token) = by_owner();
    let client = Client::new(&server, &token);
    let organization = |fields: &str| format!("{{organization(login:\"northwind\"){{{fields}}}}}");
    for (query, wrong) in [
        (organization("membersWithRole{totalCount}"), "You must provide a `first` or `last` value"),
        (organization("membersWithRole(first:101){totalCount}"), "exceeds the limit of 100 records"),
        (organization("membersWithRole(first:1,last:1){totalCount}"), "is not supported"),
        (
            organization(
                "repositories(first:100,ownerAffiliations:[OWNER]){nodes{collaborators(first:100,affiliation:DIRECT){nodes{login}} deployKeys(first:100){nodes{id}}}} teams(first:100){nodes{members(first:100){nodes{login}} repositories(first:100){nodes{collaborators(first:100,affiliation:DIRECT){nodes{login}}}}}}",
            ),
            "possible nodes, which exceeds 500000",
        ),
        (organization("billingEmail"), "billingEmail"),
        (organization("teams(first:5,query:\"a\"){totalCount}"), "doesn't serve the argument `query`"),
        (organization("repositories(first:5){totalCount}"), "other affiliations than OWNER"),
    ] {
        let reply = client.query(&query, Value::Null);
        let violations = server.take_violations();
        assert!(violations.iter().any(|violation| violation.contains(wrong)), "{query}: {violations:?} {}", reply.body);
    }
    client.query(PEOPLE_QUERY, json!({ "ids": [], "b": 1 }));
    assert!(server.take_violations()[0].contains("`b` isn't declared"));
}

#[test]
fn a_query_that_asks_for_too_much_at_once_is_given_up() {
    let mut world = World::large("northwind", start());
    let token = world.fine_grained_token("member-000", EVERYTHING);
    let server = server(world);
    server.limits(|limits| limits.nodes_in_practice = 2_000);
    let client = Client::new(&server, &token);
    let wide = client.query(REPOSITORIES_QUERY, json!({ "org": "northwind" }));
    assert_eq!((wide.status, &wide.body["errors"][0]["type"]), (200, &json!("RESOURCE_LIMITS_EXCEEDED")));
    let narrow = REPOSITORIES_QUERY.replace("first:25", "first:12");
    data(&client.query(&narrow, json!({ "org": "northwind" })));
}

#[test]
fn the_evidence_of_a_pull_request_costs_two_points() {
    let (server, token) = crate::story::served(crate::story::proposed());
    crate::story::evidence(&server, &token, 1);
    let record = server.log().0.pop().unwrap();
    assert_eq!((record.operation.as_deref(), record.points, record.nodes), (Some("Evidence"), 2, 2_603));
}

#[test]
fn pull_requests_and_reviews_are_found_by_their_global_numbers() {
    let mut world = crate::story::proposed();
    world.approve("access", 1, "dan");
    let blind = world.actions_token("access", "contents=read");
    let (server, token) = crate::story::served(world);
    let client = Client::new(&server, &token);
    let ids =
        "{repository(owner:\"northwind\",name:\"access\"){pullRequest(number:1){id reviews(first:1){nodes{id}}}}}";
    let pull = client.query(ids, Value::Null).body["data"]["repository"]["pullRequest"].clone();
    let ids = json!({ "ids": [pull["id"], pull["reviews"]["nodes"][0]["id"]] });
    let query = "query($ids:[ID!]!){nodes(ids:$ids){...on PullRequest{number} ...on PullRequestReview{state}}}";
    let found = client.query(query, ids.clone());
    assert_eq!(data(&found)["nodes"], json!([{ "number": 1 }, { "state": "APPROVED" }]));
    let hidden = Client::new(&server, &blind).query(query, ids).body;
    assert_eq!(hidden["data"]["nodes"], json!([null, null]));
}

#[test]
fn events_are_counted_between_cursors_and_all_in_all() {
    let mut world = crate::story::proposed();
    for round in 0..3 {
        world.set_draft("access", 1, round % 2 == 0, "cleo");
    }
    world.comment("access", 1, "dan", "Which one?");
    let (server, token) = crate::story::served(world);
    let client = Client::new(&server, &token);
    let query = "query($after:String){repository(owner:\"northwind\",name:\"access\"){pullRequest(number:1){
        timelineItems(first:2,after:$after,itemTypes:[CONVERT_TO_DRAFT_EVENT,READY_FOR_REVIEW_EVENT]){
            filteredCount totalCount pageInfo{hasNextPage endCursor} nodes{__typename}}}}}";
    let page = |after: Value| {
        let reply = client.query(query, json!({ "after": after }));
        data(&reply)["repository"]["pullRequest"]["timelineItems"].clone()
    };
    let first = page(Value::Null);
    let second = page(first["pageInfo"]["endCursor"].clone());
    // the rest of it, and a commit and a comment beside the three events
    assert_eq!((&first["filteredCount"], &first["totalCount"]), (&json!(3), &json!(5)));
    assert_eq!((&second["filteredCount"], &second["totalCount"]), (&json!(1), &json!(5)));
    assert_eq!(second["nodes"], json!([{ "__typename": "ConvertToDraftEvent" }]));
    let all = "{repository(owner:\"northwind\",name:\"access\"){pullRequest(number:1){timelineItems(first:2){filteredCount}}}}";
    client.query(all, Value::Null);
    assert!(server.take_violations()[0].contains("the stand-in doesn't serve other kinds of events"));
}
