//! Events that workflows are told by hand.

use crate::client::Client;
use crate::story::access;
use crate::world::server;
use serde_json::json;

const DISPATCHES: &str = "/repos/northwind/access/dispatches";

#[test]
fn whoever_may_write_tells_workflows_of_something() {
    let mut world = access();
    let writes = world.fine_grained_token("cleo", "contents=write");
    let reads = world.fine_grained_token("cleo", "contents=read");
    let stranger = world.fine_grained_token("finn", "contents=write");
    let server = server(world);
    let body = || json!({ "event_type": "dualkey-approved", "client_payload": { "head": "0123" } });
    for token in [reads, stranger] {
        assert_eq!(Client::new(&server, &token).post(DISPATCHES, body()).status, 403);
    }
    let client = Client::new(&server, &writes);
    assert_eq!(client.post(DISPATCHES, body()).status, 204);
    assert_eq!(client.post(DISPATCHES, json!({ "event_type": "bare" })).status, 204);
    let many: serde_json::Map<_, _> = (0..11).map(|n| (n.to_string(), json!(n))).collect();
    let refused = client.post(DISPATCHES, json!({ "event_type": "large", "client_payload": many }));
    assert_eq!(refused.status, 400);
    assert_eq!(server.take_violations().len(), 1);
    server.world(|world| {
        let told = &world.repository("access").unwrap().code.dispatches;
        assert_eq!(*told, [("dualkey-approved".to_owned(), json!({ "head": "0123" })), ("bare".to_owned(), json!({}))]);
    });
}
