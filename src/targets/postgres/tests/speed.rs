//! Nothing asserts time: how many requests there are doesn't depend on how much there is.

use super::*;

#[test]
fn a_server_of_thousands_is_read_and_written_whole() {
    let shop = Shop::new(18);
    shop.sql(
        "DO $$ BEGIN
           FOR i IN 1..200 LOOP EXECUTE format('CREATE ROLE g%s', i); END LOOP;
           FOR i IN 1..1800 LOOP EXECUTE format('CREATE ROLE u%s LOGIN', i); END LOOP;
           FOR i IN 1..1800 LOOP FOR j IN 0..4 LOOP
             EXECUTE format('GRANT g%s TO u%s', (i * 7 + j * 31) % 200 + 1, i);
           END LOOP; END LOOP;
         END $$",
    );
    let scope: Scope = (1..=200).map(|group| (&DATABASE_ROLE, format!("g{group}"))).collect();
    let mut reader = shop.client(SUPERUSER);
    reader.hello().unwrap();
    let since = std::time::Instant::now();
    let held = reader.read(&scope, Depth::Holders).unwrap().held;
    println!("read {} memberships in {:?}", held.len(), since.elapsed());
    assert_eq!(held.len(), 9000);
    let revoke = |live: &Live| role(Verb::Revoke, &live.resource, &live.permission, live.principal.name());
    let calls: Vec<Call> = held.iter().take(1000).map(revoke).collect();
    let since = std::time::Instant::now();
    let results = reader.perform(&calls, &Turnstile::of(usize::MAX));
    println!("took {} in {:?}", calls.len(), since.elapsed());
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(reader.read(&scope, Depth::Holders).unwrap().held.len(), 8000);
}
