//! What reading costs.

use super::*;

/// 335 repositories, 152 teams, 1,278 memberships of teams, read by an owner's token.
fn large() -> (Server, Settings, String, Scope) {
    let mut world = Forge::large("northwind", start());
    let token = world.fine_grained_token("member-000", READS);
    let mut scope = Scope::default();
    let names: Vec<String> = world.repositories().map(|one| format!("northwind/{}", one.name)).collect();
    let teams: Vec<String> = world.teams().map(|one| format!("northwind/{}", one.slug)).collect();
    names.into_iter().for_each(|name| scope.insert(&REPOSITORY, name));
    teams.into_iter().for_each(|name| scope.insert(&TEAM, name));
    scope.insert(&MEMBERSHIP, "northwind");
    let mut expected = std::collections::BTreeMap::new();
    let mut accounts = std::collections::BTreeMap::new();
    for account in world.accounts() {
        accounts.insert(account.id.to_string(), account.login.clone());
    }
    // twenty repositories where somebody is to be let in
    let newcomer = world.add_account("newcomer").to_string();
    for number in 0..20 {
        let resource = Resource { kind: &REPOSITORY, name: format!("northwind/repository-{number:03}") };
        expected.insert(resource, [(newcomer.clone(), wanted("pull"))].into());
    }
    scope.expect(expected, accounts);
    let id = world.organization().id;
    let server = Server::start(world);
    let api = Some(server.url());
    let settings = Settings { target: "github".to_owned(), organization: "northwind".to_owned(), id, api };
    (server, settings, token, scope)
}

const LATENCY_MS: u64 = 100;

#[test]
fn a_large_organisation_is_read_in_at_most_120_requests_four_at_once() {
    let (server, settings, token, scope) = large();
    let line = Line::new(settings, Secret::Token(token), Purpose::Read).unwrap();
    // whoever is answered at once never has two under way
    server.set_latency(std::time::Duration::from_millis(LATENCY_MS));
    let mut reader = OrganizationReader::new(line);
    let since = std::time::Instant::now();
    reader.hello().unwrap();
    let reading = reader.read(&scope, Depth::Facts).unwrap();
    println!("{:?} at {LATENCY_MS} ms a request", since.elapsed());
    assert_eq!(reading.unread.len(), 0);
    let of = |kind: &Kind| reading.held.iter().filter(|live| live.kind == kind).count();
    assert_eq!((of(&TEAM), of(&MEMBERSHIP)), (1_278, 500));
    assert!(reading.members.len() > 100);
    let log = server.take_log();
    println!("{} requests for the whole with facts, {} at once", log.count(), server.most_at_once());
    assert!(log.count() <= 120, "{}", log.count());
    assert!((2..=4).contains(&server.most_at_once()), "{}", server.most_at_once());
    assert!(log.repeated().len() <= 2, "{:?}", log.repeated());
    // what was written is looked at again with few
    let few: Scope = [(&REPOSITORY, "northwind/repository-007")].into_iter().collect();
    reader.read(&few, Depth::Holders).unwrap();
    let again = server.take_log().count();
    println!("{again} requests for one repository again");
    assert!(again <= 20, "{again}");
}
