//! Random walks: whatever people and clients do, every answer is as it is described and nothing panics.

use crate::client::Client;
use crate::story::{access, events, evidence, minutes};
use crate::world::{EVERYTHING, server, small};
use github_standin::World;
use github_standin::world::{Draft, Level, Method, Rule, Verdict};
use jiff::SignedDuration;
use serde_json::{Value, json};

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

const LOGINS: [&str; 7] = ["ada", "bo", "cleo", "dan", "eve", "finn", "gus"];
const REPOSITORIES: [&str; 3] = ["shop", "till", "Site"];
const TEAMS: [&str; 2] = ["platform", "build"];
const WORDS: [&str; 6] = ["pull", "triage", "push", "maintain", "admin", "deployer"];

/// A write that a client may send, sensible or not.
fn write(dice: &mut Dice) -> (&'static str, String, Option<Value>) {
    let (login, repository, team) = (dice.pick(&LOGINS), dice.pick(&REPOSITORIES), dice.pick(&TEAMS));
    let owner = json!({ "role": dice.pick(&["member", "admin"]) });
    let place = json!({ "role": dice.pick(&["member", "maintainer"]) });
    let role = json!({ "permission": dice.pick(&WORDS) });
    match dice.below(9) {
        0 => ("PUT", format!("/repos/northwind/{repository}/collaborators/{login}"), Some(role)),
        1 => ("DELETE", format!("/repos/northwind/{repository}/collaborators/{login}"), None),
        2 => ("PUT", format!("/orgs/northwind/memberships/{login}"), Some(owner)),
        3 => ("DELETE", format!("/orgs/northwind/memberships/{login}"), None),
        4 => ("PUT", format!("/orgs/northwind/outside_collaborators/{login}"), Some(json!({ "async": true }))),
        5 => ("DELETE", format!("/orgs/northwind/outside_collaborators/{login}"), None),
        6 => ("PUT", format!("/orgs/northwind/teams/{team}/memberships/{login}"), Some(place)),
        7 => ("DELETE", format!("/orgs/northwind/teams/{team}/memberships/{login}"), None),
        _ => ("PUT", format!("/orgs/northwind/teams/{team}/repos/northwind/{repository}"), Some(role)),
    }
}

const READS: [&str; 12] = [
    "/orgs/northwind/members",
    "/orgs/northwind/invitations",
    "/orgs/northwind/failed_invitations",
    "/orgs/northwind/outside_collaborators",
    "/orgs/northwind/teams",
    "/orgs/northwind/teams/platform/members",
    "/orgs/northwind/teams/build/invitations",
    "/orgs/northwind/teams/build/repos",
    "/repos/northwind/shop/collaborators",
    "/repos/northwind/till/invitations",
    "/repos/northwind/Site/collaborators?affiliation=outside",
    "/repos/northwind/shop/teams",
];

const QUERY: &str = "query Whole($org:String!){organization(login:$org){
  membersWithRole(first:50){totalCount edges{role hasTwoFactorEnabled node{databaseId login}}}
  repositories(first:10,ownerAffiliations:[OWNER]){totalCount nodes{nameWithOwner isArchived
    collaborators(first:50,affiliation:DIRECT){edges{permission node{login} permissionSources{roleName permission
      source{__typename}}}}}}
  teams(first:10){nodes{slug members(first:50){edges{role node{login}}}
    invitations(first:10){nodes{role email invitee{login}}} repositories(first:10){edges{permission node{name}}}}}}}";

#[test]
fn nothing_that_happens_breaks_an_answer() {
    for seed in 0..12 {
        let mut dice = Dice(seed);
        let mut world = small();
        world.add_account("gus");
        world.add_custom_role("deployer", Level::Write);
        world.removal_delay = u32::try_from(seed % 3).unwrap();
        // the last owner can't be removed, so the token of whoever is left must not matter
        world.add_owner("root");
        let token = world.fine_grained_token("root", EVERYTHING);
        let server = server(world);
        let client = Client::new(&server, &token);
        for _ in 0..60 {
            match dice.below(6) {
                0 => server.world(|world| world.accept(dice.pick(&LOGINS))),
                1 => server.world(|world| world.decline(dice.pick(&LOGINS))),
                2 => server.clock().advance(SignedDuration::from_hours(30)),
                3 => server.world(|world| world.archive(dice.pick(&REPOSITORIES), seed % 2 == 0)),
                _ => {
                    let (method, path, body) = write(&mut dice);
                    let status = client.send(method, &path, body.as_ref()).status;
                    assert!([200, 201, 202, 204, 403, 404, 422].contains(&status), "{method} {path}: {status}");
                }
            }
            server.clock().advance(SignedDuration::from_secs(61));
            assert_eq!(client.get(dice.pick(&READS)).status, 200);
        }
        let whole = client.query(QUERY, json!({ "org": "northwind" }));
        assert_eq!(whole.body.get("errors"), None, "{}", whole.body);
        let mut violations = server.take_violations();
        // a walk may invite twice, which is what nobody could prove
        violations.retain(|violation| !violation.contains("what GitHub does then isn't proven"));
        assert_eq!(violations, Vec::<String>::new(), "seed {seed}");
    }
}

const BRANCHES: [&str; 4] = ["main", "one", "two", "three"];
const PEOPLE: [&str; 4] = ["ada", "cleo", "dan", "bo"];

/// Something that people do to branches and pull requests, as far as it can be done then.
fn step(world: &mut World, dice: &mut Dice) {
    let (branch, base, by) = (dice.pick(&BRANCHES), dice.pick(&BRANCHES), dice.pick(&PEOPLE));
    let (path, text) = (format!("people/{}", dice.pick(&PEOPLE)), format!("round: {}\n", dice.below(9)));
    let numbers: Vec<u64> = world.repository("access").unwrap().code.pulls.keys().copied().collect();
    let open: Vec<u64> = numbers.iter().copied().filter(|number| world.pull("access", *number).is_open()).collect();
    let there = |world: &World, branch: &str| world.branch("access", branch).is_some();
    let method = [Method::Merge, Method::Squash, Method::Rebase][dice.below(3)];
    let verdict = [Verdict::Approved, Verdict::ChangesRequested, Verdict::Commented, Verdict::Pending][dice.below(4)];
    let number = (!open.is_empty()).then(|| open[dice.below(open.len())]);
    match (dice.below(12), number) {
        (0 | 1, _) => {
            let tip = world.branch("access", branch).or_else(|| world.branch("access", "main")).unwrap();
            let oid = world.make_commit("access", &Draft::on(&tip, by).write(&path, &text));
            let _ = world.try_push("access", branch, &oid, by);
        }
        (2, _) if branch != "main" && there(world, branch) => {
            world.rebase("access", branch, "main", by);
        }
        (3, _) if branch != "main" && dice.below(3) == 0 && there(world, branch) => {
            world.delete_branch("access", branch, by);
        }
        (4, Some(number)) => world.close_pull("access", number, by),
        (5, Some(number)) => {
            let _ = world.try_review("access", number, by, verdict, "Look");
        }
        (6 | 7, Some(number)) => {
            let _ = world.try_merge("access", number, method, "ada");
        }
        (8, Some(number)) if there(world, base) && world.pull("access", number).base != base => {
            world.edit_base("access", number, base, by);
        }
        (9, Some(number)) => {
            let reviews = world.pull("access", number).reviews.clone();
            let live = reviews.iter().find(|it| matches!(it.verdict, Verdict::Approved | Verdict::ChangesRequested));
            if let Some(review) = live {
                world.dismiss_review("access", number, review.id, by, "Not so");
            }
        }
        (10, Some(number)) => world.set_draft("access", number, dice.below(2) == 0, by),
        _ => minutes(world, 1),
    }
    // what can be opened is opened, most of the time
    let tips = (world.branch("access", branch), world.branch("access", base));
    let again = world.repository("access").unwrap().code.pulls.values().any(|it| it.is_open() && it.head == branch);
    if let (Some(head), Some(tip)) = tips
        && dice.below(3) == 0
        && !again
        && world.brings("access", &tip, &head)
    {
        world.open_pull("access", branch, base, by);
    }
}

#[test]
fn whatever_people_do_to_pull_requests_every_answer_is_as_it_is_described() {
    let mut merged = 0;
    for seed in 0..10 {
        let mut dice = Dice(seed * 77);
        let mut world = access();
        let guard = crate::story::guard(&world);
        world.change_ruleset("access", guard, |set| set.rules.retain(|rule| !matches!(rule, Rule::PullRequest(_))));
        let token = world.actions_token("access", crate::story::LOOKS);
        let server = server(world);
        let client = Client::new(&server, &token);
        for round in 0..60 {
            server.world(|world| step(world, &mut dice));
            if round == 30 && seed % 2 == 0 {
                server.world(|world| world.delete_account("bo"));
                server.world(|world| world.add_account("bo"));
                server.world(|world| world.grant("bo", "access", "write"));
            }
        }
        let pulls = client.all("/repos/northwind/access/pulls?state=all&per_page=5");
        for pull in &pulls {
            let number = pull["number"].as_u64().unwrap();
            let seen = evidence(&server, &token, number);
            assert_eq!(
                (&seen["headRefOid"], &seen["fullDatabaseId"]),
                (&pull["head"]["sha"], &json!(pull["id"].to_string()))
            );
            assert_eq!(seen["merged"] == true, events(&seen).contains(&"MergedEvent"));
            for path in ["", "/reviews"] {
                assert_eq!(client.get(&format!("/repos/northwind/access/pulls/{number}{path}")).status, 200);
            }
            if seen["merged"] == true {
                merged += 1;
                let commit = pull["merge_commit_sha"].as_str().unwrap();
                assert!(crate::story::landings(&server, &token, commit).contains(&number), "seed {seed}: {number}");
            }
        }
        let all = client.all("/repos/northwind/access/activity?per_page=7");
        let tip = server.world(|world| world.branch("access", "main").unwrap());
        let last = all.iter().find(|it| it["ref"] == "refs/heads/main").unwrap();
        assert_eq!(last["after"], tip.as_str());
        assert_eq!(client.get("/repos/northwind/access/issues?state=all").status, 200);
        assert_eq!(server.take_violations(), Vec::<String>::new(), "seed {seed}");
    }
    assert!(merged > 10, "{merged} were merged");
}
