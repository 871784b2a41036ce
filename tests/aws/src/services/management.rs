//! What concerns the management account: AWS's own role may do nothing there, so who calls needs the rights.

use super::Call;
use crate::policy::Decision;
use crate::signature::hash;

/// What who calls needs on the roles of Identity Center. AWS documents that such rights are needed; which are asked for is
/// chosen.
const ON_ROLES: [&str; 9] = [
    "iam:AttachRolePolicy",
    "iam:CreateRole",
    "iam:DeleteRole",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:GetRole",
    "iam:ListAttachedRolePolicies",
    "iam:ListRolePolicies",
    "iam:PutRolePolicy",
];
/// The same on its identity provider.
const ON_PROVIDER: [&str; 2] = ["iam:GetSAMLProvider", "iam:UpdateSAMLProvider"];

/// Why a change of access to an account will fail, if it is the management account and who calls lacks the rights.
pub(super) fn fails(call: &Call, set: &str, account: Option<&str>) -> Option<String> {
    let management = call.world.management();
    let policy = call.holder.policy.as_ref()?;
    if account != Some(management) || !call.world.management_needs_iam {
        return None;
    }
    let (region, name) = (call.world.region(), &call.world.sets.get(set)?.name);
    let hash = &hash(set.as_bytes())[..16];
    let path = format!("aws-reserved/sso.amazonaws.com/{region}/AWSReservedSSO_{name}_{hash}");
    let role = format!("arn:aws:iam::{management}:role/{path}");
    let provider = format!("arn:aws:iam::{management}:saml-provider/AWSSSO_{hash}_DO_NOT_DELETE");
    let needed = ON_ROLES.map(|action| (action, &role)).into_iter();
    let lacking = needed
        .chain(ON_PROVIDER.map(|action| (action, &provider)))
        .find(|(action, on)| policy.decide(action, &[(*on).clone()]).0 != Decision::Allowed)?;
    let (action, on) = lacking;
    let who = call.holder.arn();
    Some(format!(
        "Received a 403 status error: Access denied by IAM. Please check your policy, or wait for role propagation to \
         complete. IAM Error: User: {who} is not authorized to perform: {action} on resource: {on} because no \
         identity-based policy allows the {action} action (Service: AmazonIdentityManagement; Status Code: 403; \
         Error Code: AccessDenied)"
    ))
}
