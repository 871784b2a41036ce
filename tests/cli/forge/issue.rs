//! One issue is open as long as anything is to be done.

use super::*;
use crate::live::edit;

fn issues(company: &Company) -> Vec<(u64, String, String, bool)> {
    company.server.world(|forge| {
        let all = forge.issues("access");
        all.map(|one| (one.number, one.title.clone(), one.body.clone().unwrap_or_default(), one.closed.is_some()))
            .collect()
    })
}

#[test]
fn an_issue_opens_with_drift_and_closes_when_nothing_is_left() {
    let company = Company::open();
    company.server.world(|forge| forge.open_issue("access", "dualkey: 1 difference", &[], "mallory"));
    // nothing is applied yet
    company
        .run(&["drift", "--issue"])
        .exits(1)
        .says("the issue is opened: https://github.com/northwind/access/issues/2");
    company.run(&["drift", "--issue"]).exits(1).says("the issue is open: ");
    let [_, (_, title, body, false)] = &issues(&company)[..] else { panic!("{:#?}", issues(&company)) };
    assert!(title.starts_with("dualkey: ") && title.contains(" differences"), "{title}");
    assert!(body.starts_with("<!-- dualkey:drift -->\n### Live access needs a look\n"), "{body}");
    assert!(body.contains("`dualkey apply` would**\n- "), "{body}");
    assert!(!body.contains("Ends within"), "{body}");
    company.run(&["apply"]).exits(0);
    company.run(&["drift", "--issue"]).exits(0).says("the issue is closed: ");
    let [(_, _, _, false), (_, closed, _, true)] = &issues(&company)[..] else { panic!("{:#?}", issues(&company)) };
    assert_eq!(closed, "dualkey: all is as it was approved");
    company.server.take_log();
    company.run(&["drift", "--issue"]).exits(0);
    assert_eq!(company.server.log().writes().count(), 0);

    // somebody goes around dualkey, under a name that wants to be more than one
    edit(&company.world, "github", |file| {
        let held = serde_json::json!({ "kind": "repository", "resource": "northwind/payments-web", "permission": "admin",
                                       "principal": "820147" });
        file["entitlements"].as_array_mut().unwrap().push(held);
    });
    company.run(&["drift", "--issue"]).exits(1).says("the issue is opened: ");
    assert_eq!(issues(&company).len(), 3, "what is over stays closed");
    // what can't be read is not taken for well
    let path = company.world.repo().join(".git/dualkey/aws.json");
    std::fs::write(&path, "{").unwrap();
    company.run(&["drift", "--issue"]).exits(5);
    let [_, _, (_, title, body, false)] = &issues(&company)[..] else { panic!("{:#?}", issues(&company)) };
    assert!(title.contains("not all could be read") && body.contains("**Not read**"), "{title}\n{body}");
}

#[test]
fn what_ends_soon_and_what_waits_behind_a_refusal_is_said() {
    let mut company = Company::open();
    company.run(&["apply"]).exits(0);
    let number = company.proposed();
    company.merge("alice", number);
    company.run(&["drift", "--issue"]).exits(0).says("(1 landing refused");
    let [(_, title, body, false)] = &issues(&company)[..] else { panic!("{:#?}", issues(&company)) };
    assert!(title.contains("1 landing refused"), "{title}");
    assert!(body.contains("**Waits behind a refusal**\n- landing `") && body.contains("`no-approval`"), "{body}");
    company.world.now = "2027-01-25T09:00:00Z".to_owned();
    company.run(&["drift", "--issue"]);
    let [(_, _, body, false)] = &issues(&company)[..] else { panic!("{:#?}", issues(&company)) };
    assert!(body.contains("**Ends within 14 days**\n- 2027-01-"), "{body}");
}
