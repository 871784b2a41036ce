//! Which resources change their domain, and who is asked for it.

use super::classes::company;
use crate::access::Revision;
use crate::plan::{Held, plan, plan_after};

const PAYMENTS: &str = "title: P\nenvironment: staging\nowners: [priya]\ncontractors: allowed\nresources:\n";
const LEDGER: &str = "title: L\nenvironment: staging\nowners: [omar]\ncontractors: allowed\nresources:\n";
const API: &str = "  api: { repository: northwind/api }\n  web: { repository: northwind/web }\n";
const BOOKS: &str = "  books: { repository: northwind/books }\n";
const X: &str = "  x: { repository: northwind/x }\n";

/// Payments and ledger with so much more, and files replaced.
fn with(payments: &str, ledger: &str, more: &[(&str, String)]) -> Revision {
    let mut files = vec![
        ("domains/payments.yaml", format!("{PAYMENTS}{API}{payments}")),
        ("domains/ledger.yaml", format!("{LEDGER}{BOOKS}{ledger}")),
    ];
    files.extend(more.iter().cloned());
    let revision = company(&files);
    assert!(!revision.is_misread(), "{:?}", revision.reading);
    revision
}

/// The rules of a change that ask for owners, each with its people.
fn asked(base: &Revision, head: &Revision, held: &Held) -> Vec<String> {
    let found = plan_after(base, head, super::now(), held);
    let owners = found.requirements.iter().filter(|requirement| requirement.rule.starts_with("owners:"));
    let people = |people: &std::collections::BTreeSet<crate::access::PersonId>| {
        people.iter().map(|person| person.as_str()).collect::<Vec<_>>().join(" ")
    };
    owners.map(|one| format!("{} {}: {}", one.rule, one.count, people(&one.eligible))).collect()
}

fn history(base: &Revision, head: &Revision, older: &[&Revision]) -> Held {
    let mut held = Held::wanted(&base.access, &head.access);
    older.iter().for_each(|tree| held.look(&tree.access));
    held
}

#[test]
fn a_move_is_a_move_however_it_is_written() {
    let none = Held::default();
    let base = with(X, "", &[]);
    let both = ["owners:ledger 1: omar", "owners:payments 1: priya"];
    for taken in [X, "  other: { repository: northwind/x }\n"] {
        assert_eq!(asked(&base, &with("", taken, &[]), &none), both, "{taken}");
        // in two domains at once it is refused by another rule, and asks no less
        assert_eq!(asked(&base, &with(X, taken, &[]), &none), both, "{taken}");
    }
    // another name in the same domain, another resource, and what goes, move nothing
    let empty: [&str; 0] = [];
    assert_eq!(asked(&base, &with("  z: { repository: northwind/x }\n", "", &[]), &none), empty);
    assert_eq!(asked(&base, &with(X, "  z: { repository: northwind/y }\n", &[]), &none), empty);
    assert_eq!(asked(&base, &with("", "", &[]), &none), empty);
    // the domain itself under another name
    let renamed = [
        ("domains/payments.yaml", String::new()),
        ("domains/money.yaml", format!("{PAYMENTS}{API}{X}")),
        ("grants/g.yaml", String::new()),
        ("bridges/b.yaml", String::new()),
        (
            "vendors/globex.yaml",
            "name: G\nsponsor: priya\ncontract: { from: 2026-10-01, until: 2027-03-31 }\n".to_owned(),
        ),
    ];
    assert_eq!(asked(&base, &with("", "", &renamed), &none), ["owners:money 1: priya", "owners:payments 1: priya"]);
}

#[test]
fn the_last_domain_that_held_it_is_asked() {
    let (without, payments, ledger) = (with("", "", &[]), with(X, "", &[]), with("", X, &[]));
    let both = ["owners:ledger 1: omar", "owners:payments 1: priya"];
    let empty: [&str; 0] = [];
    let of = |older: &[&Revision]| asked(&without, &ledger, &history(&without, &ledger, older));
    assert_eq!(of(&[&without]), empty, "nobody ever held it");
    assert_eq!(of(&[&without, &payments]), both);
    assert_eq!(of(&[&payments, &ledger]), both, "the newest first");
    assert_eq!(of(&[&ledger, &payments]), empty, "the same domain takes it back");
    assert!(history(&without, &without, &[]).is_done());
}

#[test]
fn a_domain_of_whose_owners_nobody_is_left_asks_for_one_more() {
    let omar =
        "name: O\ntype: employee\naccounts:\n  github: { login: omar, id: 2 }\nended: 2026-11-20\nkeys: [KEY2]\n";
    let gone = [("people/omar.yaml", omar.to_owned())];
    let (base, head) = (with("", X, &gone), with(X, "", &gone));
    let found = plan(&base, &head, super::now());
    assert_eq!(asked(&base, &head, &Held::default()), ["owners:payments 1: priya"]);
    assert_eq!(found.ownerless.iter().map(|domain| domain.as_str()).collect::<Vec<_>>(), ["ledger"]);
    assert_eq!(found.surplus().in_all, 1);
}

#[test]
fn a_move_is_in_the_digest() {
    let (payments, ledger) = (with(X, "", &[]), with("", X, &[]));
    let other = "  x: { repository: northwind/other }\n";
    let digests = [
        crate::plan::digest(&payments, &payments),
        crate::plan::digest(&payments, &ledger),
        crate::plan::digest(&ledger, &payments),
        crate::plan::digest(&with(other, "", &[]), &with("", other, &[])),
    ];
    let different: std::collections::BTreeSet<&crate::plan::Digest> = digests.iter().collect();
    assert_eq!(different.len(), digests.len(), "{digests:?}");
}
