//! The text of the policy. Statements of others stay as they are; dualkey's own are written anew each time, sorted.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

/// The longest that a session of a permission set can last ("Set session duration": 1 to 12 hours).
pub(crate) const SESSIONS_AT_MOST: SignedDuration = SignedDuration::from_hours(12);

/// The longest text of a service control policy, in characters ("Quotas for AWS Organizations").
const LONGEST: usize = 5120;

/// What the ids of dualkey's statements begin with; a number follows.
const OURS: &str = "dualkeyEnd";

/// What a policy says that says nothing: AWS takes none without a statement.
const NOBODY: &str = "dualkeyNobody";

fn nobody() -> Value {
    json!({
        "Sid": NOBODY, "Effect": "Deny", "Action": "*", "Resource": "*",
        "Condition": { "StringEquals": { "identitystore:userId": ["nobody"] } },
    })
}

/// From an instant on a user may do nothing by a permission set in an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ending {
    pub account: String,
    /// The name of the permission set.
    pub set: String,
    /// The user's id in the identity store.
    pub user: String,
}

/// A policy, with dualkey's ends apart.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Document {
    /// Everything but the statements.
    frame: Map<String, Value>,
    foreign: Vec<Value>,
    ends: BTreeMap<Ending, Timestamp>,
}

/// A policy has no room for another statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full {
    pub characters: usize,
}

impl Document {
    /// None where the text is no policy.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let Value::Object(mut frame) = serde_json::from_str(text).ok()? else { return None };
        let statements = match frame.get_mut("Statement")?.take() {
            Value::Array(all) => all,
            one @ Value::Object(_) => vec![one],
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
        };
        let (mut foreign, mut ends) = (Vec::new(), BTreeMap::new());
        for statement in statements {
            match ours(&statement) {
                Some((at, endings)) => {
                    for ending in endings {
                        // what was ended twice ended the first time
                        let known = ends.entry(ending).or_insert(at);
                        *known = at.min(*known);
                    }
                }
                None if statement == nobody() => {}
                None => foreign.push(statement),
            }
        }
        Some(Document { frame, foreign, ends })
    }

    /// When something ends, as far as the policy says.
    pub(crate) fn until(&self, ending: &Ending) -> Option<Timestamp> {
        self.ends.get(ending).copied()
    }

    /// Writes down an end, or that there is none.
    pub(crate) fn set(&mut self, ending: Ending, until: Option<Timestamp>) {
        match until {
            Some(until) => drop(self.ends.insert(ending, whole_seconds(until))),
            None => drop(self.ends.remove(&ending)),
        }
    }

    /// What ended so long ago that no session of it can be left.
    pub(crate) fn long_over(&self, now: Timestamp) -> impl Iterator<Item = &Ending> {
        let over = move |at: Timestamp| at.checked_add(SESSIONS_AT_MOST).is_ok_and(|last| last <= now);
        self.ends.iter().filter(move |(_, at)| over(**at)).map(|(ending, _)| ending)
    }

    /// The text to send.
    ///
    /// # Errors
    ///
    /// Where it would be longer than AWS takes.
    pub(crate) fn text(&self) -> Result<String, Full> {
        let mut together: BTreeMap<(Timestamp, &str, &str), BTreeSet<&str>> = BTreeMap::new();
        for (ending, at) in &self.ends {
            together.entry((*at, &ending.account, &ending.set)).or_default().insert(&ending.user);
        }
        let taken: BTreeSet<&str> = self.foreign.iter().filter_map(|one| one.get("Sid")?.as_str()).collect();
        let ids = (1..).map(|number: u32| format!("{OURS}{number}")).filter(|id| !taken.contains(id.as_str()));
        let statements = together.into_iter().zip(ids).map(|(((at, account, set), users), id)| {
            json!({
                "Sid": id, "Effect": "Deny", "Action": "*", "Resource": "*",
                "Condition": {
                    "StringEquals": { "identitystore:userId": users },
                    "ArnLike": { "aws:PrincipalArn": roles(account, set) },
                    "DateGreaterThanEquals": { "aws:CurrentTime": at.to_string() },
                },
            })
        });
        let mut all: Vec<Value> = self.foreign.iter().cloned().chain(statements).collect();
        if all.is_empty() {
            all.push(nobody());
        }
        let mut frame = self.frame.clone();
        frame.insert("Statement".to_owned(), Value::Array(all));
        let text = Value::Object(frame).to_string();
        let characters = text.chars().count();
        if characters > LONGEST { Err(Full { characters }) } else { Ok(text) }
    }
}

/// The role that a permission set is in an account. AWS puts 16 signs behind the set's name, so `A` isn't `A_B`.
fn roles(account: &str, set: &str) -> String {
    format!("arn:*:iam::{account}:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_{set}_????????????????")
}

fn account_and_set(pattern: &str) -> Option<(&str, &str)> {
    let rest = pattern.strip_prefix("arn:*:iam::")?;
    let (account, rest) = rest.split_once(":role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_")?;
    Some((account, rest.strip_suffix("_????????????????")?))
}

/// What a statement of dualkey's says. One that somebody changed is none of dualkey's any more.
///
/// INVARIANT: a statement without users would deny everybody, so it is neither read nor written.
fn ours(statement: &Value) -> Option<(Timestamp, Vec<Ending>)> {
    let sid = statement.get("Sid")?.as_str()?;
    sid.strip_prefix(OURS).filter(|number| number.parse::<u32>().is_ok())?;
    let condition = statement.get("Condition")?;
    let users = condition.get("StringEquals")?.get("identitystore:userId")?.as_array()?;
    let users: Vec<&str> = users.iter().map(Value::as_str).collect::<Option<_>>()?;
    let pattern = condition.get("ArnLike")?.get("aws:PrincipalArn")?.as_str()?;
    let (account, set) = account_and_set(pattern)?;
    let at: Timestamp = condition.get("DateGreaterThanEquals")?.get("aws:CurrentTime")?.as_str()?.parse().ok()?;
    let known = json!({
        "Sid": sid, "Effect": "Deny", "Action": "*", "Resource": "*",
        "Condition": {
            "StringEquals": { "identitystore:userId": users },
            "ArnLike": { "aws:PrincipalArn": pattern },
            "DateGreaterThanEquals": { "aws:CurrentTime": at.to_string() },
        },
    });
    let ending = |user: &&str| Ending { account: account.to_owned(), set: set.to_owned(), user: (*user).to_owned() };
    (*statement == known && !users.is_empty()).then(|| (at, users.iter().map(ending).collect()))
}

fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Ends of one user on different days that a policy takes.
    const FITS: usize = 13;

    /// People whose access to one set in one account ends at once, of whom a policy has room for so many.
    const TOGETHER: usize = 95;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn ending(user: &str) -> Ending {
        Ending { account: "111122223333".into(), set: "DeveloperAccess".into(), user: user.into() }
    }

    const FOREIGN: &str = r#"{"Version":"2012-10-17","Id":"keep me","Statement":[
        {"Sid":"Guard","Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"*"},
        {"Sid":"dualkeyEnd1","Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"identitystore:userId":[]}}}]}"#;

    #[test]
    fn what_others_wrote_stays() {
        let mut document = Document::parse(FOREIGN).unwrap();
        assert_eq!((document.foreign.len(), document.ends.len()), (2, 0));
        document.set(ending("u-1"), Some(at("2027-02-01T00:00:00Z")));
        let text = document.text().unwrap();
        let told: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(told["Id"], "keep me");
        assert_eq!(told["Statement"][0]["Sid"], "Guard");
        assert_eq!(told["Statement"][2]["Sid"], "dualkeyEnd2", "an id that is taken isn't taken again");
        assert_eq!(Document::parse(&text), Some(document.clone()));
        document.set(ending("u-1"), None);
        let bare: Value = serde_json::from_str(FOREIGN).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&document.text().unwrap()).unwrap(), bare);
    }

    #[test]
    fn ends_of_one_instant_stand_in_one_statement() {
        let mut document = Document::parse(r#"{"Version":"2012-10-17","Statement":[]}"#).unwrap();
        for user in ["u-2", "u-1"] {
            document.set(ending(user), Some(at("2027-02-01T00:00:00.7Z")));
        }
        insta::assert_snapshot!(document.text().unwrap(), @r#"{"Version":"2012-10-17","Statement":[{"Sid":"dualkeyEnd1","Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"identitystore:userId":["u-1","u-2"]},"ArnLike":{"aws:PrincipalArn":"arn:*:iam::111122223333:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_DeveloperAccess_????????????????"},"DateGreaterThanEquals":{"aws:CurrentTime":"2027-02-01T00:00:00Z"}}}]}"#);
        document.set(ending("u-1"), Some(at("2027-03-01T00:00:00Z")));
        assert_eq!(document.until(&ending("u-1")), Some(at("2027-03-01T00:00:00Z")), "an end that moved is one");
        assert_eq!(document.until(&ending("u-2")), Some(at("2027-02-01T00:00:00Z")));
        let over: Vec<&Ending> = document.long_over(at("2027-02-01T12:00:00Z")).collect();
        assert_eq!(over, [&ending("u-2")]);
        assert_eq!(document.long_over(at("2027-02-01T11:59:59Z")).count(), 0, "a session may be left");
    }

    #[test]
    fn a_full_policy_takes_no_more() {
        let mut document = Document::parse(r#"{"Version":"2012-10-17","Statement":[]}"#).unwrap();
        let mut fits = 0;
        for day in 1..=28 {
            document.set(ending("9067f3a1b2-0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f"), None);
            document.set(
                ending(&format!("9067f3a1b2-0a1b2c3d-0000-4000-8000-0a1b2c3d4e{day:02}")),
                Some(at(&format!("2027-02-{day:02}T00:00:00Z"))),
            );
            match document.text() {
                Ok(text) => {
                    assert!(text.len() <= LONGEST);
                    fits += 1;
                }
                Err(full) => assert!(full.characters > LONGEST),
            }
        }
        assert_eq!(fits, FITS, "the page beside the code names that number");
    }

    #[test]
    fn people_who_end_together_share_a_statement() {
        let mut document = Document::parse(r#"{"Version":"2012-10-17","Statement":[]}"#).unwrap();
        let mut together = 0;
        while document.text().is_ok() {
            together += 1;
            let user = format!("9067f3a1b2-0a1b2c3d-0000-4000-8000-0a1b2c3d{together:04}");
            document.set(ending(&user), Some(at("2027-02-01T00:00:00Z")));
        }
        assert_eq!(together - 1, TOGETHER, "the page beside the code names that number");
    }

    #[test]
    fn a_policy_that_ends_nothing_has_one_statement_about_nobody() {
        let mut document = Document::parse(r#"{"Version":"2012-10-17","Statement":[]}"#).unwrap();
        let bare = document.text().unwrap();
        assert!(bare.contains("dualkeyNobody"));
        document.set(ending("u-1"), Some(at("2027-02-01T00:00:00Z")));
        assert!(!document.text().unwrap().contains("dualkeyNobody"));
        let mut again = Document::parse(&bare).unwrap();
        assert_eq!(again.foreign.len(), 0);
        again.set(ending("u-1"), Some(at("2027-02-01T00:00:00Z")));
        assert_eq!(again.text(), document.text());
    }

    #[test]
    fn what_is_no_policy_is_none() {
        for bad in ["", "[]", "{}", r#"{"Statement":"x"}"#, r#"{"Statement":null}"#] {
            assert_eq!(Document::parse(bad), None, "{bad}");
        }
        let one = Document::parse(r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#).unwrap();
        assert_eq!(one.foreign.len(), 1);
    }

    proptest! {
        /// A statement of dualkey's that differs anywhere is somebody else's, and is kept as it is.
        #[test]
        fn a_statement_that_somebody_changed_is_theirs(field in 0..6_usize, users in 0..3_usize) {
            let mut document = Document::parse(r#"{"Version":"2012-10-17","Statement":[]}"#).unwrap();
            document.set(ending("u-1"), Some(at("2027-02-01T00:00:00Z")));
            let mut told: Value = serde_json::from_str(&document.text().unwrap()).unwrap();
            let statement = &mut told["Statement"][0];
            match field {
                0 => statement["Effect"] = "Allow".into(),
                1 => statement["Action"] = "s3:*".into(),
                2 => statement["Condition"]["StringEquals"]["aws:PrincipalAccount"] = "1".into(),
                3 => statement["Condition"]["ArnLike"]["aws:PrincipalArn"] = "*".into(),
                4 => statement["NotResource"] = users.into(),
                _ => statement["Condition"]["StringEquals"]["identitystore:userId"] = Value::Array(Vec::new()),
            }
            let changed = statement.clone();
            let again = Document::parse(&told.to_string()).unwrap();
            prop_assert_eq!(again.ends.len(), 0);
            prop_assert_eq!(again.foreign, vec![changed]);
        }
    }
}
