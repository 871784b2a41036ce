//! Grants beside those that a case is about, as many as somebody asks for, at a target of their own. Half of them are over
//! after the twentieth day, half last longer than any case.

use std::collections::BTreeMap;
use std::path::Path;

use super::company::date;

/// Repositories, each of which every contractor has one grant of.
const REPOSITORIES: usize = 10;

/// The last days of a grant.
const ENDS: [i64; 2] = [20, 100];

/// What declares so many grants.
pub fn files(grants: usize) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    if grants == 0 {
        return files;
    }
    let (from, last) = ("2026-10-01", date(ENDS[1]));
    let resources: String = (0..REPOSITORIES)
        .map(|number| format!("  r{number}: {{ repository: northwind/r{number}, target: bulk }}\n"))
        .collect();
    files.insert(
        "domains/bulk.yaml".to_owned(),
        format!("title: Bulk\nenvironment: staging\nowners: [ann, ben]\ncontractors: allowed\nresources:\n{resources}"),
    );
    files.insert(
        "vendors/hooli.yaml".to_owned(),
        format!("name: hooli\nsponsor: ann\ncontract: {{ from: {from}, until: {last} }}\ndomains: [bulk]\n"),
    );
    for contractor in 0..grants.div_ceil(REPOSITORIES) {
        files.insert(
            format!("people/b{contractor}.yaml"),
            format!(
                "name: b{contractor}\ntype: contractor\nvendor: hooli\nsponsor: ann\n\
                 engagement: {{ from: {from}, until: {last} }}\n\
                 accounts:\n  github: {{ login: b{contractor}-nw, id: {} }}\nemails: [b{contractor}@hooli.example]\n",
                100_000 + contractor
            ),
        );
    }
    for grant in 0..grants {
        let (contractor, repository) = (grant / REPOSITORIES, grant % REPOSITORIES);
        files.insert(
            format!("grants/bulk/b{contractor}-r{repository}.yaml"),
            format!(
                "to: [b{contractor}]\nrole: reader\ndomain: bulk\nresources: [r{repository}]\nfrom: 2026-11-01\n\
                 until: {}\nreason: work\n",
                date(until(repository))
            ),
        );
    }
    files
}

/// The last day of each grant of a repository.
fn until(repository: usize) -> i64 {
    ENDS[repository % ENDS.len()]
}

/// Fails where a run of that day left what is over, or took what lasts.
pub fn holds(home: &Path, grants: usize, day: i64) {
    if grants == 0 {
        return;
    }
    let text = std::fs::read_to_string(home.join(".git/dualkey/bulk.json")).unwrap();
    let file: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut left: BTreeMap<String, usize> = BTreeMap::new();
    for one in file["entitlements"].as_array().unwrap() {
        *left.entry(one["resource"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    for repository in 0..REPOSITORIES {
        let of = (0..grants).filter(|grant| grant % REPOSITORIES == repository).count();
        let expected = if day <= until(repository) { of } else { 0 };
        let found = left.get(&format!("northwind/r{repository}")).copied().unwrap_or_default();
        assert_eq!(found, expected, "of {of} grants of r{repository} on day {day}");
    }
}
