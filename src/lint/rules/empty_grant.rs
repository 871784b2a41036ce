use crate::access::reading::Step;
use crate::access::{Access, Member};
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::{Reached, Survey};

pub const RULE: Rule = Rule {
    code: Code {
        id: "empty-grant",
        title: "a grant gives nothing, or gives it to nobody",
        why: "Such a grant looks like access and is none. It comes to mean something on the day a resource, a \
              permission or a member is added elsewhere, by people who don't know of it. That nobody is left in it \
              is a warning only, since nothing may hold up an end.",
        example: "# roles/cloud-operator.yaml\nentitlements: { account: OperatorAccess }\n\
                  # domains/payments.yaml\n\
                  resources: { refunds: { repository: northwind/refunds } }     # no account",
        instead: "Name a role that has permissions on the domain's resources, add the resource to the domain, or \
              delete the grant.",
    },
    severity: Severity::Error,
    dated: false,
};

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    let access = survey.access;
    for reached in survey.reached() {
        let Reached { grant, people, role, domain } = reached;
        if people.is_empty() {
            // members that lead nowhere have a finding of their own
            let groups = access.reached_groups(&grant.to);
            let members = groups.iter().filter_map(|id| access.groups.get(id)).flat_map(|group| &group.members);
            if grant.to.iter().chain(members).all(|member| known(access, member)) {
                let mut finding = Finding::new(
                    &RULE,
                    grant.place(&[Step::Key("to")]),
                    format!("grant `{}` is for nobody", grant.id),
                    "delete the grant, or name people or groups that have members",
                );
                finding.severity = Severity::Warning;
                findings.push(finding);
            }
        }
        let (Some(role), Some(domain)) = (role, domain) else { continue };
        let resolved = grant.resources.iter().flatten().all(|id| domain.resources.contains_key(id));
        if !resolved || reached.entitlements().next().is_some() {
            continue;
        }
        let (place, of) = match &grant.resources {
            Some(_) => (grant.place(&[Step::Key("resources")]), "the resources that the grant names"),
            None => (grant.place(&[Step::Key("role")]), "the domain's resources"),
        };
        findings.push(
            Finding::new(
                &RULE,
                place,
                format!("role `{}` has no permission on {of} in `{}`", role.id, domain.id),
                "name a role with permissions on these kinds of resource, or delete the grant",
            )
            .related(role.place(&[Step::Key("entitlements")]), format!("what `{}` reaches", role.id))
            .related(domain.place(&[Step::Key("resources")]), format!("the resources of `{}`", domain.id)),
        );
    }
}

fn known(access: &Access, member: &Member) -> bool {
    match member {
        Member::Person(id) => access.people.contains_key(id),
        Member::Group(id) => access.groups.contains_key(id),
    }
}
