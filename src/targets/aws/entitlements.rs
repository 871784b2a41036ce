//! The other way into accounts: roles that Account access manager gives to users and groups directly.

use aws_sdk_accountaccess::types::{
    Entitlement, EntitlementFilter, EntitlementSummary, IdentityCenterPrincipal, IdentitySourceDetails, Principal,
    PrincipalRoleEntitlement, PrincipalRoleEntitlementFilter,
};

use super::client::{Failure, Line, named};
use super::directory::{PAGE, Who};

/// Somebody's right to take on a role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entitled {
    pub account: String,
    /// The ARN of the role.
    pub role: String,
    pub who: Who,
    pub id: String,
    pub application: String,
}

/// The applications of Account access manager that belong to the instance: one, or none where nobody switched it on.
pub(super) fn applications(line: &Line) -> Result<Vec<String>, Failure> {
    let listed = line.pages(|token| {
        let answer = line.ask(|| line.access.list_applications().set_next_token(token.clone()).send())?;
        Ok((answer.applications, answer.next_token))
    })?;
    let mut ours = Vec::new();
    for one in listed {
        let arn = named("ARN of an application", Some(one.application_arn()))?;
        let answer = match line.ask(|| line.access.get_application().application_arn(&arn).send()) {
            Ok(answer) => answer,
            Err(failure) if failure.is_missing() => continue,
            Err(failure) => return Err(failure),
        };
        let source = answer.identity_source();
        let instance = match source {
            Some(IdentitySourceDetails::IdentityCenter(center)) => center.instance_arn().to_owned(),
            Some(_) | None => return Err(Failure::Odd { why: format!("`{arn}` doesn't say where its people are") }),
        };
        if instance == line.settings.instance {
            ours.push(arn);
        }
    }
    Ok(ours)
}

/// Everything that is given so, or what is given on one role.
pub(super) fn read(line: &Line, applications: &[String], role: Option<&str>) -> Result<Vec<Entitled>, Failure> {
    let mut all = Vec::new();
    for application in applications {
        let listed = line.pages(|token| {
            let request = || {
                let only = role.map(|role| PrincipalRoleEntitlementFilter::builder().role_arn(role).build());
                let filter = EntitlementFilter::builder().set_principal_role(only).build();
                let list = line.access.list_entitlements().application_arn(application).filter(filter);
                list.max_results(PAGE).set_next_token(token.clone()).send()
            };
            let answer = line.ask(request)?;
            Ok((answer.entitlements, answer.next_token))
        })?;
        for one in listed {
            let Some(EntitlementSummary::PrincipalRole(summary)) = one.entitlement() else {
                return Err(Failure::Odd { why: "an entitlement gives something that isn't a role".to_owned() });
            };
            all.push(Entitled {
                account: named("account", Some(summary.account()))?,
                role: named("ARN of a role", Some(summary.role_arn()))?,
                who: who(summary.principal())?,
                id: named("id of an entitlement", Some(one.entitlement_id()))?,
                application: application.clone(),
            });
        }
    }
    all.sort();
    all.dedup();
    Ok(all)
}

fn who(principal: Option<&Principal>) -> Result<Who, Failure> {
    match principal {
        Some(Principal::IdentityCenter(IdentityCenterPrincipal::UserId(id))) => {
            named("id of a user", Some(id)).map(Who::User)
        }
        Some(Principal::IdentityCenter(IdentityCenterPrincipal::GroupId(id))) => {
            named("id of a group", Some(id)).map(Who::Group)
        }
        Some(_) | None => Err(Failure::Odd { why: "an entitlement is nobody's".to_owned() }),
    }
}

/// Gives somebody a role. It is there at once, and giving it twice is giving it once.
pub(super) fn give(line: &Line, application: &str, role: &str, who: &Who) -> Result<(), Failure> {
    let principal = match who {
        Who::User(id) => IdentityCenterPrincipal::UserId(id.clone()),
        Who::Group(id) => IdentityCenterPrincipal::GroupId(id.clone()),
    };
    let entitlement =
        PrincipalRoleEntitlement::builder().principal(Principal::IdentityCenter(principal)).role_arn(role);
    let entitlement = entitlement.build().map_err(|error| Failure::NotSent { why: error.to_string() })?;
    let request = line.access.create_entitlement().application_arn(application);
    line.once(request.entitlement(Entitlement::PrincipalRole(entitlement)).send()).map(drop)
}

/// Takes a role from somebody.
pub(super) fn take(line: &Line, entitled: &Entitled) -> Result<(), Failure> {
    let request = line.access.delete_entitlement().application_arn(&entitled.application);
    match line.once(request.entitlement_id(&entitled.id).send()) {
        Ok(_) => Ok(()),
        Err(failure) if failure.is_missing() => Ok(()),
        Err(failure) => Err(failure),
    }
}
