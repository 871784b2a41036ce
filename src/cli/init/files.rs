//! The files of a new access repository.

use super::{Admin, Home, Settings, github};
use crate::access::reading::{FileKind, schema_text};
use crate::access::style::{list, scalar};
use crate::cli::Stop;
use crate::cli::new::finished;
use crate::targets::KINDS;

/// The policy pack, as it stands in `policies/`.
const APPROVALS: &str = include_str!("../../../policies/approvals.yaml");
const DUTIES: &str = include_str!("../../../policies/duties.yaml");
const LEAST_PRIVILEGE: &str = include_str!("../../../policies/least-privilege.yaml");
const CASES: &str = include_str!("../../../policies/starter.cases.yaml");

/// Where editors find the schemas.
const SCHEMAS: &str = ".vscode/dualkey";

/// The fewest admins with whom any of them may propose a change that two others approve.
const ENOUGH: usize = 3;

/// Every file of the repository with its text.
pub fn files(settings: &Settings<'_>, admins: &[Admin]) -> Result<Vec<(String, String)>, Stop> {
    let ids: Vec<String> = admins.iter().map(|admin| admin.id.to_string()).collect();
    let members = format!("members: {}\n", list(&ids));
    let mut files = vec![
        ("dualkey.yaml".to_owned(), config(settings)),
        ("README.md".to_owned(), readme(settings.organization, admins)),
        (".gitattributes".to_owned(), "* text=auto eol=lf\n".to_owned()),
        (".vscode/settings.json".to_owned(), editor()),
        ("groups/access-admins.yaml".to_owned(), members.clone()),
        ("groups/security.yaml".to_owned(), members),
        ("domains/app-staging.yaml".to_owned(), domain(settings.home.map_or(settings.organization, Home::owner))),
        ("policies/approvals.yaml".to_owned(), approvals(admins.len())),
        ("policies/duties.yaml".to_owned(), DUTIES.to_owned()),
        ("policies/least-privilege.yaml".to_owned(), LEAST_PRIVILEGE.to_owned()),
        ("policies/starter.cases.yaml".to_owned(), cases(admins)),
    ];
    files.extend(admins.iter().map(|admin| (format!("people/{}.yaml", admin.id), person(admin))));
    let schemas = FileKind::ALL.into_iter();
    files.extend(schemas.map(|kind| (format!("{SCHEMAS}/{}.json", kind.name()), schema_text(kind).to_owned())));
    for (path, text) in &mut files {
        *text = finished(path, text)?;
    }
    if let Some(home) = settings.home {
        files.extend(github::files(home, settings));
    }
    files.sort();
    Ok(files)
}

fn config(settings: &Settings<'_>) -> String {
    let targets = match (settings.home, settings.managed) {
        (Some(home), Some(id)) => format!(
            "targets:                          # whose access is managed\n  github: {{ \
             organization: {}, id: {id} }}\n",
            scalar(home.owner())
        ),
        (Some(_), None) | (None, Some(_) | None) => {
            let embedded = KINDS.real().map(|spec| format!("  {0}: {{ type: sandbox, as: {0} }}\n", spec.name));
            format!(
                "targets:                          # embedded ones, standing in for the real: nothing real is changed\n{}",
                embedded.collect::<String>()
            )
        }
    };
    let (approval, reference) = match settings.home {
        None => (
            format!("{{ evidence: signatures, branch: {} }}", scalar(settings.branch)),
            "refs/dualkey/audit".to_owned(),
        ),
        Some(Home { name, id }) => (
            format!(
                "{{ evidence: github, repository: {{ name: {}, id: {id} }}, branch: {} }}",
                scalar(name),
                scalar(settings.branch)
            ),
            format!("refs/heads/{}", github::LOG_BRANCH),
        ),
    };
    format!(
        "version: 1\n\
         organization: {}\n\
         timezone: UTC                     # what a date without a time means, such as Europe/London\n\
         {targets}\
         manage: contractors               # whose undeclared access is removed; everyone: all people's\n\
         approval: {approval}\n\
         audit: {{ ref: {reference}, key: {} }}\n",
        scalar(settings.organization),
        scalar(settings.log_key)
    )
}

/// A vendor and a role are shown here rather than made: nobody has either yet, and lint says so of files.
fn readme(organization: &str, admins: &[Admin]) -> String {
    let sponsor = admins.first().map(|admin| admin.id.to_string()).unwrap_or_default();
    format!(
        "# Access of {organization}\n\nWho may reach what, kept by dualkey. `dualkey new` lets a contractor in, \
         `dualkey lint` says what is wrong,\n`dualkey plan` what would change and who must approve it.\n\nA vendor \
         and a role to begin with, as `vendors/acme.yaml` and `roles/developer.yaml`:\n{}",
        EXAMPLES.replace("SPONSOR", &scalar(&sponsor))
    )
}

const EXAMPLES: &str = "
```yaml
name: Acme Ltd
sponsor: SPONSOR                  # the employee who answers for them
contract: { from: 2026-10-01, until: 2027-03-31 }
```
```yaml
title: Writes code
duties: [develop]                 # what the rules in policies/duties.yaml speak of
risk: standard                    # standard | elevated | privileged
contractors: allowed
max_duration: 180 days
entitlements:                     # kind of resource: permission
  repository: push
```
";

fn person(admin: &Admin) -> String {
    let emails = match &admin.email {
        Some(email) => format!("emails: {}\n", list(std::slice::from_ref(email))),
        None => String::new(),
    };
    let accounts = match &admin.account {
        Some((login, id)) => format!("accounts: {{ github: {{ login: {}, id: {id} }} }}\n", scalar(login)),
        None => String::new(),
    };
    let keys = list(std::slice::from_ref(&admin.key));
    format!("name: {}\ntype: employee\n{accounts}{emails}keys: {keys}\n", scalar(&admin.name))
}

fn domain(organization: &str) -> String {
    format!(
        "title: The application, staging\n\
         environment: staging              # production | staging | development | sandbox\n\
         owners: [\"group:access-admins\"]   # who approves access to it\n\
         contractors: allowed\n\
         resources:                        # name: {{ KIND: what }}; each belongs to one domain\n  \
           app: {{ repository: {} }}\n",
        scalar(&format!("{organization}/app"))
    )
}

/// Cases that need nothing but the pack, and a test of who can approve as soon as there is more than one admin.
fn cases(admins: &[Admin]) -> String {
    let sponsor = admins.first().map(|admin| admin.id.to_string()).unwrap_or_default();
    let access = match admins.len() {
        0 | 1 => "",
        _ => APPROVERS,
    };
    format!("{}{access}", CASES.replace("ADMIN", &scalar(&sponsor)))
}

const APPROVERS: &str = "
access:
  - name: Access to the application can be approved, whoever writes the change
    approvers: { domain: app-staging, at_least: 1 }
";

/// The pack's rules with counts that these admins can meet: whoever writes a change doesn't approve it.
fn approvals(admins: usize) -> String {
    if admins >= ENOUGH {
        return APPROVALS.to_owned();
    }
    let lower = |line: &str| match line.contains("count: 2") {
        true => format!(
            "  # as soon as there are {ENOUGH} access admins: count 2\n{}\n",
            line.replace("count: 2", "count: 1")
        ),
        false => format!("{line}\n"),
    };
    APPROVALS.lines().map(lower).collect()
}

/// Settings of the YAML extension of VS Code and its kin.
fn editor() -> String {
    let schemas: serde_json::Map<String, serde_json::Value> = FileKind::ALL
        .into_iter()
        .map(|kind| {
            let files = match kind.folder() {
                Some(_) if kind == FileKind::Cases => vec!["policies/**/*.cases.yaml".to_owned()],
                Some(_) if kind == FileKind::Ratification => vec!["policies/ratified/*.yaml".to_owned()],
                Some(folder) if kind == FileKind::Policy => {
                    let others = ["**/*.cases.yaml", "ratified/*.yaml"].map(|kind| format!("!{folder}/{kind}"));
                    [format!("{folder}/**/*.yaml")].into_iter().chain(others).collect()
                }
                Some(folder) => vec![format!("{folder}/**/*.yaml")],
                None => vec!["dualkey.yaml".to_owned()],
            };
            (format!("./{SCHEMAS}/{}.json", kind.name()), files.into())
        })
        .collect();
    format!("{:#}\n", serde_json::json!({ "yaml.schemas": schemas }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_lowered_until_there_are_enough() {
        assert_eq!(approvals(3), APPROVALS);
        for few in [1, 2] {
            let lowered = approvals(few);
            assert!(!lowered.contains("count: 2,") && lowered.contains("change: policy, count: 1,"), "{lowered}");
            assert!(finished("policies/approvals.yaml", &lowered).is_ok());
        }
    }
}
