//! What kinds of resources themselves forbid, and what nobody needs.

use super::{check, line, lint};

#[test]
fn basic_roles_are_refused_whoever_holds_them() {
    check(
        &[
            ("roles/cloud.yaml", "title: Cloud\nrisk: standard\nentitlements: { account: Everything }\n"),
            ("grants/lea-cloud.yaml", "to: [lea.moreau]\nrole: cloud\ndomain: payments\nreason: Test\n"),
        ],
        &[
            "error basic-role roles/cloud.yaml:3 role `cloud` gives `Everything` on `account`, which reaches everything there and accepts no end",
        ],
    );
}

#[test]
fn teams_need_a_membership_for_the_whole_time() {
    let domain = "title: Ledger\nenvironment: staging\nowners: [omar.diaz, lea.moreau]\nresources:\n  \
                  ledger: { repository: northwind/ledger }\n  oncall: { team: northwind/oncall }\n  \
                  organization: { membership: northwind }\n";
    let role = "title: On call\nrisk: standard\nentitlements: { team: member }\n";
    let member = "title: Member\nrisk: standard\nentitlements: { membership: member }\n";
    let grant = |role: &str, until: &str| {
        format!(
            "to: [alice.nguyen, lea.moreau]\nrole: {role}\ndomain: ledger\nfrom: 2027-02-01\nuntil: {until}\nreason: Test\n"
        )
    };
    let person = "name: Alice Nguyen\ntype: contractor\nvendor: globex\nsponsor: priya.shah\n\
                  engagement: { from: 2026-11-01, until: 2027-03-31 }\n\
                  accounts: { github: { login: alice-nw, id: 4 }, aws: alice }\n";
    let team = grant("oncall", "2027-03-31");
    let all = [
        ("domains/ledger.yaml", domain),
        ("roles/oncall.yaml", role),
        ("roles/member.yaml", member),
        ("people/alice.nguyen.yaml", person),
        ("grants/oncall.yaml", &team),
    ];
    let outside = |when: &str| {
        format!(
            "error needs-membership grants/oncall.yaml:2 grant `oncall` gives `alice.nguyen` the team `northwind/oncall`, \
             but no membership of `northwind` {when}"
        )
    };
    let unused = "warning unused-role roles/member.yaml:1 no grant gives the role `member`";
    check(&all, &[&outside("from 2027-02-01 to 2027-03-31"), unused]);
    let (short, long) = (grant("member", "2027-02-28"), grant("member", "2027-03-31"));
    check(&[&all[..], &[("grants/member.yaml", &short)]].concat(), &[&outside("from 2027-03-01 to 2027-03-31")]);
    check(&[&all[..], &[("grants/member.yaml", &long)]].concat(), &[]);
}

#[test]
fn the_access_repository_is_out_of_reach() {
    let config = "version: 1\norganization: northwind\ntimezone: Europe/London\ntargets:\n  \
                  github: { type: sandbox, as: github }\n  aws: { type: sandbox, as: aws }\n\
                  approval: { evidence: signatures, branch: main, repository: { name: Northwind/Access, id: 7 } }\n\
                  audit: { ref: refs/dualkey/audit, key: \"northwind-access+70e2a96f+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea\" }\n";
    let domain = "title: Ledger\nenvironment: staging\nowners: [omar.diaz, lea.moreau]\nresources:\n  \
                  access: { repository: northwind/access }\n  organization: { membership: northwind }\n";
    let grant = |who: &str, role: &str| {
        format!("to: [{who}]\nrole: {role}\ndomain: ledger\nfrom: 2026-11-24\nuntil: 2026-12-31\nreason: Test\n")
    };
    let base = [
        ("dualkey.yaml", config),
        ("domains/ledger.yaml", domain),
        ("grants/alice.yaml", ""),
        ("grants/omar-owner.yaml", ""),
        ("grants/lea-deploy.yaml", ""),
        ("roles/reader.yaml", "title: Reader\nrisk: standard\nentitlements: { repository: pull }\n"),
        ("roles/admin.yaml", "title: Admin\nrisk: standard\nentitlements: { membership: admin }\n"),
    ];
    let tells = |who: &str, role: &str, more: &[(&str, &str)], expected: &[&str]| {
        let grant = grant(who, role);
        let found = lint(&[&base[..], more, &[("grants/x.yaml", &grant)]].concat());
        let found = found.iter().filter(|finding| finding.rule.code.id != "unused-role");
        assert_eq!(found.map(line).collect::<Vec<_>>(), expected);
    };
    let said = |who: &str, what: &str| {
        format!(
            "error reaches-access-repository grants/x.yaml:2 grant `x` gives {who} {what}, which decides about access"
        )
    };
    tells("alice.nguyen", "reader", &[], &[]);
    let push = "`push` on repository `northwind/access`";
    tells("alice.nguyen", "developer", &[], &[&said("the contractor `alice.nguyen`", push)]);
    tells("robot", "developer", &[], &[&said("the service `robot`", push)]);
    tells("lea.moreau", "developer", &[], &[]);
    let admin = "`admin` on repository `northwind/access`";
    tells("lea.moreau", "owner", &[], &[&said("the employee `lea.moreau`", admin)]);
    let required = ("policies/admins.yaml", "admins: { minimum: 1, required: [lea.moreau] }\n");
    tells("lea.moreau", "owner", &[required], &[]);
    // whoever owns the organisation administers the repository too
    let owns = "`admin` on membership `northwind`";
    tells("alice.nguyen", "admin", &[], &[&said("the contractor `alice.nguyen`", owns)]);
    tells("lea.moreau", "admin", &[], &[]);
}

#[test]
fn a_grant_is_redundant_where_others_give_as_much_together() {
    let grant = |role: &str, from: &str, until: &str| {
        format!(
            "to: [omar.diaz]\nrole: {role}\ndomain: payments\nresources: [api]\nfrom: {from}\nuntil: {until}\nreason: Test\n"
        )
    };
    let reader = ("roles/reader.yaml", "title: Reader\nrisk: standard\nentitlements: { repository: pull }\n");
    let low = grant("reader", "2026-12-01", "2026-12-31");
    let (early, late) = (grant("developer", "2026-11-24", "2026-12-15"), grant("owner", "2026-12-16", "2027-01-31"));
    let files = [reader, ("grants/low.yaml", low.as_str()), ("grants/early.yaml", &early), ("grants/late.yaml", &late)];
    check(
        &files,
        &["warning redundant-grant grants/low.yaml:1 grant `low` gives nothing that `early` and `late` don't give"],
    );
    // a day without the others, or one resource more, and it is needed
    let late = grant("owner", "2026-12-17", "2027-01-31");
    check(&[reader, files[1], files[2], ("grants/late.yaml", &late)], &[]);
    let wider = low.replace("resources: [api]\n", "").replace("payments", "ledger");
    check(
        &[reader, ("grants/low.yaml", &wider), files[2], files[3]],
        &["warning redundant-grant grants/low.yaml:1 grant `low` gives nothing that `omar-owner` doesn't give"],
    );
    // of two that are alike one is needed
    let again = grant("reader", "2026-12-01", "2026-12-31");
    check(
        &[reader, ("grants/low.yaml", &low), ("grants/again.yaml", &again)],
        &["warning redundant-grant grants/low.yaml:1 grant `low` gives nothing that `again` doesn't give"],
    );
}

#[test]
fn of_many_grants_that_overlap_each_names_a_few_others() {
    // a chain of short ones that give more covers each of the long ones
    let day = |day: usize| format!("20{:02}-{:02}-{:02}", 27 + day / 336, 1 + day / 28 % 12, 1 + day % 28);
    let lasting = |role: &str, from: usize, until: usize| {
        let (from, until) = (day(from), day(until));
        format!(
            "to: [omar.diaz]\nrole: {role}\ndomain: payments\nresources: [api]\nfrom: {from}\nuntil: {until}\nreason: Test\n"
        )
    };
    let short = (0..300).map(|n| (format!("grants/short-{n:03}.yaml"), lasting("developer", n, n + 5)));
    let long = (0..300).map(|n| (format!("grants/long-{n:03}.yaml"), lasting("reader", n / 10 + 1, 300 - n % 10)));
    let mut files: Vec<(String, String)> = short.chain(long).collect();
    let reader = "title: Reader\nrisk: standard\nentitlements: { repository: pull }\n";
    files.push(("roles/reader.yaml".to_owned(), reader.to_owned()));
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let found = lint(&files);
    let redundant: Vec<_> = found.iter().filter(|finding| finding.rule.code.id == "redundant-grant").collect();
    assert!(redundant.len() > 300, "{}", redundant.len());
    assert!(redundant.iter().any(|finding| finding.related.len() == 3));
    for finding in redundant {
        assert!((1..=3).contains(&finding.related.len()) && finding.message.len() < 200, "{}", finding.message);
    }
}
