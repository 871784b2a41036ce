//! What the workflows say on GitHub's own pages, from a proposal to its end.

use github_standin::world::Method;
use jiff::SignedDuration;

use super::folder;
use super::home::{Home, event, proposed};
use crate::place::Place;

impl Home {
    /// Bodies of comments below a pull request.
    fn comments(&self, pull: u64) -> Vec<String> {
        self.hub.server.world(|forge| forge.comments("access", pull).map(|one| one.body.clone()).collect())
    }

    /// What the newest check of that name came to on a head.
    fn check(&self, name: &str, head: &str) -> Option<String> {
        self.hub.server.world(|forge| {
            let of_head = forge.checks("access").filter(|check| check.name == name && check.head == head);
            of_head.last().and_then(|check| check.conclusion.clone())
        })
    }

    /// Whether each issue is open, with what it says.
    fn issues(&self) -> Vec<(bool, String)> {
        let told = |forge: &mut github_standin::World| {
            let issues = forge.issues("access");
            issues.map(|one| (one.closed.is_none(), one.body.clone().unwrap_or_default())).collect()
        };
        self.hub.server.world(told)
    }
}

#[test]
fn a_pull_request_shows_its_plan_its_verdict_and_what_became_of_it() {
    let home = Home::open();
    let hub = &home.hub;
    let happens = |caller: &str, what| home.happens(&folder(), caller, &what);
    home.keep_first_checkpoint();
    hub.let_in("alice.nguyen", "alice-nw");
    let pull = home.propose("alice");
    let head = hub.world.rev("alice");

    for _ in 0..2 {
        for job in happens("dualkey-review.yml", proposed(&home, &head)) {
            job.succeeds();
        }
        let [plan] = &home.comments(pull)[..] else { panic!("one comment, however often: {:?}", home.comments(pull)) };
        assert!(plan.contains("alice.nguyen") && plan.contains("priya.shah"), "{plan}");
        assert_eq!(home.check("dualkey plan", &head).as_deref(), Some("neutral"));
        assert_eq!(home.check("dualkey verify", &head).as_deref(), Some("failure"));
    }

    let token = hub.server.world(|forge| forge.fine_grained_token("priyashah", "contents=write"));
    home.approve(&head, "priya.shah", Some(&token)).exits(0);
    happens("dualkey-review.yml", home.told().remove(0))[1].succeeds();
    assert_eq!(home.check("dualkey verify", &head).as_deref(), Some("success"));
    // what no event tells of is found by the schedule
    hub.approve(&["--withdraw", "--head", &head], "priya.shah").exits(0);
    happens("dualkey-review.yml", event("schedule"))[1].succeeds();
    assert_eq!(home.check("dualkey verify", &head).as_deref(), Some("failure"));
    home.approve(&head, "priya.shah", None).exits(0);

    hub.world.land("alice");
    let (origin, tip) = (hub.world.path("origin.git"), hub.world.rev("main"));
    hub.server.world(|forge| {
        forge.fetch("access", &origin);
        forge.merge_pull_as("access", pull, Method::Merge, "priyashah", &tip);
    });
    happens("dualkey-apply.yml", event("push"))[0].succeeds();
    let said = home.comments(pull);
    assert!(
        said.iter().any(|body| body.starts_with("<!-- dualkey:applied") && body.contains("alice.nguyen")),
        "{said:#?}"
    );
    hub.server.world(|forge| forge.accept("alice-nw"));
    happens("dualkey-apply.yml", event("schedule"))[1].succeeds();
    assert!(home.issues().iter().all(|(open, _)| !open), "nothing differs: {:?}", home.issues());

    // her access ends soon, and then is over
    hub.server.clock().advance(SignedDuration::from_hours(24 * 20));
    for _ in 0..2 {
        happens("dualkey-apply.yml", event("schedule"))[1].succeeds();
        let issues = home.issues();
        let [(true, body)] = &issues[..] else { panic!("one issue, however often: {issues:?}") };
        assert!(body.contains("alice.nguyen"), "{body}");
    }
    hub.server.clock().advance(SignedDuration::from_hours(24 * 20));
    happens("dualkey-apply.yml", event("schedule"))[1].succeeds();
    assert_eq!(hub.may("alice-nw", "shop"), None);
    assert!(home.issues().iter().all(|(open, _)| !open), "{:?}", home.issues());
}
