//! People, accounts, keys, sponsors and groups.

use super::check;
use crate::lint::testing::{edited, grant};

#[test]
fn shared_accounts() {
    check(
        &[
            (
                "people/tom.reed.yaml",
                "name: Tom Reed
type: employee
accounts:
  github: { login: PRIYA, id: 77 }
  aws: Omar
",
            ),
            ("people/zoe.yaml", "name: Zoe\ntype: employee\naccounts: { github: { login: lea, id: 3 } }\n"),
        ],
        &[
            "error shared-account people/tom.reed.yaml:4 `priya.shah` and `tom.reed` share the github account `priya`",
            "error shared-account people/tom.reed.yaml:5 `omar.diaz` and `tom.reed` share the aws account `omar`",
            "error shared-account people/zoe.yaml:3 `lea.moreau` and `zoe` share the github account number `3`",
        ],
    );
}

#[test]
fn shared_and_unsupported_keys() {
    check(
        &[(
            "people/tom.reed.yaml",
            "name: Tom Reed
type: employee
keys:
  - KEY9
  - KEY1
  - \"ssh-rsa AAAAB3NzaC1yc2E tom\"
  - \"nonsense\"
",
        )],
        &[
            "error shared-key people/tom.reed.yaml:5 `priya.shah` and `tom.reed` share a key",
            "error unsupported-key people/tom.reed.yaml:6 a key of `tom.reed` is an RSA key",
            "error unsupported-key people/tom.reed.yaml:7 a key of `tom.reed` can't be read",
        ],
    );
}

#[test]
fn missing_sponsor() {
    check(
        &[
            ("people/alice.nguyen.yaml", &edited("people/alice.nguyen.yaml", &[("sponsor: priya.shah\n", "")])),
            ("people/bot.yaml", "name: Bot\ntype: service\n"),
        ],
        &[
            "error missing-sponsor people/alice.nguyen.yaml:2 the contractor `alice.nguyen` has no sponsor",
            "error missing-sponsor people/bot.yaml:2 the service `bot` has no sponsor",
        ],
    );
}

#[test]
fn sponsors_who_are_no_employees_or_left() {
    check(
        &[
            ("people/robot.yaml", "name: Robot\ntype: service\nsponsor: alice.nguyen\n"),
            (
                "vendors/globex.yaml",
                "name: Globex Ltd
sponsor: gone
contract: { from: 2026-10-01, until: 2027-03-31 }
",
            ),
            ("people/gone.yaml", "name: Gone\ntype: employee\nended: 2026-11-20\n"),
        ],
        &[
            "error sponsor-not-employee people/robot.yaml:3 the sponsor `alice.nguyen` of `robot` is a contractor",
            "warning sponsor-not-employee vendors/globex.yaml:2 the sponsor `gone` of `globex` has left",
        ],
    );
}

#[test]
fn missing_account() {
    check(
        &[("grants/robot.yaml", &grant("robot", "developer", "payments", "2026-11-24", "2026-12-24"))],
        &[
            "error missing-account grants/robot.yaml:1 `robot` has no aws account, but grant `robot` reaches `account` there",
        ],
    );
}

#[test]
fn group_cycles() {
    check(
        &[
            ("groups/a.yaml", "members:\n  - priya.shah\n  - group:b\n"),
            ("groups/b.yaml", "members: [group:c]\n"),
            ("groups/c.yaml", "members: [group:a, group:c]\n"),
        ],
        &[
            "error group-cycle groups/c.yaml:1 group `a` contains itself: a → b → c → a",
            "error group-cycle groups/c.yaml:1 group `c` contains itself: c → c",
        ],
    );
}

#[test]
fn names_that_look_alike() {
    check(
        &[
            ("people/alice.n.yaml", "name: Аlice Nguyen\ntype: employee\n"),
            ("people/alice.two.yaml", "name: Αlice Nguyen\ntype: employee\n"),
            ("people/omar.two.yaml", "name: Omar Diaz\ntype: employee\n"),
            ("people/zed.yaml", "name: робот\ntype: employee\n"),
            (
                "vendors/globex2.yaml",
                "name: G1obex Ltd\nsponsor: priya.shah\ncontract: { from: 2026-10-01, until: 2027-03-31 }\n",
            ),
            (
                "vendors/globex3.yaml",
                "name: Globex\u{a0}Ltd\nsponsor: priya.shah\ncontract: { from: 2026-10-01, until: 2027-03-31 }\n",
            ),
        ],
        &[
            "error confusable-name people/alice.n.yaml:1 `Аlice` of `alice.n` mixes letters of two scripts",
            "error confusable-name people/alice.two.yaml:1 `Αlice` of `alice.two` mixes letters of two scripts",
            "error confusable-name vendors/globex2.yaml:1 `G1obex Ltd` of `globex2` looks like `Globex Ltd` of `globex`",
            "error confusable-name vendors/globex3.yaml:1 `Globex\\u{a0}Ltd` of `globex3` looks like `Globex Ltd` of `globex`",
        ],
    );
    // a whole name in another script is one, unless it reads like an id of the same kind
    check(
        &[
            ("people/eve.yaml", "name: гоbоt\ntype: employee\n"),
            ("people/mia.yaml", "name: Мия Попова\ntype: employee\n"),
            ("people/wei.yaml", "name: 王伟 Wei\ntype: employee\n"),
        ],
        &["error confusable-name people/eve.yaml:1 `гоbоt` of `eve` mixes letters of two scripts"],
    );
}

#[test]
fn names_with_blanks_that_look_like_columns() {
    check(
        &[
            ("people/eve.yaml", "name: Eve   gains admin\ntype: employee\n"),
            ("people/mia.yaml", "name: \"Mia\u{a0}\u{a0}Popova\"\ntype: employee\n"),
            ("people/yuki.yaml", "name: 山田\u{3000}雪\ntype: employee\n"),
            ("people/zed.yaml", "name: \" Zed\"\ntype: employee\n"),
        ],
        &[
            "error confusable-name people/eve.yaml:1 `Eve   gains admin` of `eve` holds blanks that a reader can't tell from others",
            "error confusable-name people/mia.yaml:1 `Mia\\u{a0}\\u{a0}Popova` of `mia` holds blanks that a reader can't tell \
             from others",
            "error confusable-name people/zed.yaml:1 ` Zed` of `zed` holds blanks that a reader can't tell from others",
        ],
    );
}
