//! The REST interface: which operation is served by what, and which permission it asks for.

use crate::exchange::Answer;
use crate::world::Refusal;

mod activity;
mod allow;
mod app;
mod call;
mod checks;
mod collaborators;
mod dispatches;
mod invitations;
mod issues;
mod leftovers;
mod members;
mod organization;
mod outside;
mod pulls;
mod render;
mod repositories;
mod reviews;
mod roles;
mod rules;
mod settings;
mod team_repositories;
mod teams;
mod users;

pub(crate) use allow::{may_act, sees};
pub(crate) use call::{Call, Caller};
pub(crate) use render::{node_id, time};

/// What a handler answers; an error is an answer too.
pub(crate) type Answered = Result<Answer, Answer>;

/// What the world refused, on its way to an answer.
pub(crate) struct Refused(pub(crate) Refusal);

impl From<Refused> for Answer {
    fn from(Refused(why): Refused) -> Answer {
        Answer::error(why.status, &why.message)
    }
}

/// What the person behind a token must be. A token of an App acts for the organisation itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Right {
    /// Anybody.
    Anyone,
    /// Anybody, also without the permission: then the answer is less than the whole.
    Stranger,
    /// The App itself, by an assertion.
    App,
    /// An App's token only.
    AppToken,
    /// In the organisation.
    Member,
    /// An owner of the organisation.
    Owner,
    /// An owner, or a maintainer of the team.
    Maintainer,
    /// Somebody who sees the repository.
    Reader,
    /// Somebody who may push to the repository, and so see who else may.
    Pusher,
    /// Somebody who may push to the repository.
    Writer,
    /// Somebody who may do everything on the repository.
    Admin,
}

/// An operation that is served.
pub(crate) struct Route {
    pub(crate) operation: &'static str,
    /// Permissions as `X-Accepted-GitHub-Permissions` names them: `;` between alternatives, `,` between what is needed together.
    pub(crate) accepted: &'static str,
    pub(crate) right: Right,
    pub(crate) run: fn(&mut Call) -> Answered,
}

/// One line for each operation, which a formatter would make five of.
macro_rules! routes {
    ($($operation:literal $accepted:literal $right:ident $run:path;)*) => {
        &[$(Route { operation: $operation, accepted: $accepted, right: Right::$right, run: $run }),*]
    };
}

/// Every operation of the descriptions, in their order.
pub(crate) const ROUTES: &[Route] = routes! {
    "GET /app" "" App app::about;
    "GET /app/installations/{installation_id}" "" App app::installation;
    "POST /app/installations/{installation_id}/access_tokens" "" App app::make_token;
    "GET /enterprises/{enterprise}/teams" "enterprise_teams=read" Owner teams::of_enterprise;
    "GET /enterprises/{enterprise}/teams/{enterprise-team}/memberships" "enterprise_teams=read" Owner teams::enterprise_members;
    "GET /installation/repositories" "metadata=read" AppToken app::repositories;
    "GET /orgs/{org}" "" Anyone organization::about;
    "GET /orgs/{org}/failed_invitations" "members=read" Owner invitations::failed;
    "GET /orgs/{org}/installation" "" App app::of_organization;
    "GET /orgs/{org}/invitations" "members=read" Owner invitations::list;
    "POST /orgs/{org}/invitations" "members=write" Owner invitations::create;
    "DELETE /orgs/{org}/invitations/{invitation_id}" "members=write" Owner invitations::cancel;
    "GET /orgs/{org}/invitations/{invitation_id}/teams" "members=read" Owner invitations::teams;
    "GET /orgs/{org}/members" "members=read" Stranger members::list;
    "GET /orgs/{org}/memberships/{username}" "members=read" Member members::get;
    "PUT /orgs/{org}/memberships/{username}" "members=write" Owner members::set;
    "DELETE /orgs/{org}/memberships/{username}" "members=write" Owner members::remove;
    "GET /orgs/{org}/organization-roles" "organization_custom_org_roles=read" Owner roles::list;
    "GET /orgs/{org}/organization-roles/{role_id}" "organization_custom_org_roles=read" Owner roles::get;
    "GET /orgs/{org}/organization-roles/{role_id}/teams" "members=read" Owner roles::teams;
    "GET /orgs/{org}/organization-roles/{role_id}/users" "members=read" Owner roles::users;
    "DELETE /orgs/{org}/organization-roles/teams/{team_slug}/{role_id}" "members=write" Owner roles::take_from_team;
    "DELETE /orgs/{org}/organization-roles/users/{username}/{role_id}" "members=write" Owner roles::take_from_user;
    "GET /orgs/{org}/outside_collaborators" "members=read" Member outside::list;
    "PUT /orgs/{org}/outside_collaborators/{username}" "members=write" Owner outside::convert;
    "DELETE /orgs/{org}/outside_collaborators/{username}" "members=write" Owner outside::remove;
    "GET /orgs/{org}/personal-access-tokens" "organization_personal_access_tokens=read" AppToken leftovers::tokens;
    "POST /orgs/{org}/personal-access-tokens/{pat_id}" "organization_personal_access_tokens=write" AppToken leftovers::end_token;
    "GET /orgs/{org}/repos" "metadata=read" Anyone repositories::list;
    "GET /orgs/{org}/teams" "members=read" Member teams::list;
    "GET /orgs/{org}/teams/{team_slug}" "members=read" Member teams::get;
    "GET /orgs/{org}/teams/{team_slug}/invitations" "members=read" Member teams::invitations;
    "GET /orgs/{org}/teams/{team_slug}/members" "members=read" Member teams::members;
    "GET /orgs/{org}/teams/{team_slug}/memberships/{username}" "members=read" Member teams::membership;
    "PUT /orgs/{org}/teams/{team_slug}/memberships/{username}" "members=write" Maintainer teams::set;
    "DELETE /orgs/{org}/teams/{team_slug}/memberships/{username}" "members=write" Maintainer teams::remove;
    "GET /orgs/{org}/teams/{team_slug}/repos" "members=read,metadata=read" Member team_repositories::list;
    "GET /orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}" "members=read,metadata=read" Member team_repositories::get;
    "PUT /orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}" "administration=write,members=read" Admin team_repositories::set;
    "DELETE /orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}" "administration=write,members=read" Admin team_repositories::remove;
    "GET /orgs/{org}/teams/{team_slug}/teams" "members=read" Member teams::children;
    "GET /rate_limit" "" Anyone users::rate_limit;
    "GET /repos/{owner}/{repo}" "metadata=read" Reader repositories::get;
    "GET /repos/{owner}/{repo}/actions/oidc/customization/sub" "actions=read" Reader settings::subject;
    "PUT /repos/{owner}/{repo}/actions/oidc/customization/sub" "actions=write" Writer settings::set_subject;
    "GET /repos/{owner}/{repo}/actions/permissions/workflow" "administration=read" Admin settings::workflows;
    "PUT /repos/{owner}/{repo}/actions/permissions/workflow" "administration=write" Admin settings::set_workflows;
    "GET /repos/{owner}/{repo}/activity" "contents=read" Reader activity::list;
    "GET /repos/{owner}/{repo}/branches/{branch}/protection" "administration=read" Admin rules::protection;
    "POST /repos/{owner}/{repo}/check-runs" "checks=write" Reader checks::create;
    "GET /repos/{owner}/{repo}/check-runs/{check_run_id}" "checks=read" Reader checks::get;
    "PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}" "checks=write" Reader checks::change;
    "GET /repos/{owner}/{repo}/check-runs/{check_run_id}/annotations" "checks=read" Reader checks::remarks;
    "GET /repos/{owner}/{repo}/collaborators" "metadata=read" Pusher collaborators::list;
    "GET /repos/{owner}/{repo}/collaborators/{username}" "metadata=read" Reader collaborators::is;
    "PUT /repos/{owner}/{repo}/collaborators/{username}" "administration=write" Admin collaborators::add;
    "DELETE /repos/{owner}/{repo}/collaborators/{username}" "administration=write" Admin collaborators::remove;
    "GET /repos/{owner}/{repo}/collaborators/{username}/permission" "metadata=read" Pusher collaborators::permission;
    "GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls" "pull_requests=read" Reader pulls::with_commit;
    "GET /repos/{owner}/{repo}/commits/{ref}/check-runs" "checks=read" Reader checks::of_commit;
    "POST /repos/{owner}/{repo}/dispatches" "contents=write" Writer dispatches::create;
    "GET /repos/{owner}/{repo}/environments" "actions=read" Reader settings::environments;
    "PUT /repos/{owner}/{repo}/environments/{environment_name}" "administration=write" Admin settings::set_environment;
    "GET /repos/{owner}/{repo}/environments/{environment_name}/deployment-branch-policies" "actions=read" Reader settings::branches;
    "POST /repos/{owner}/{repo}/environments/{environment_name}/deployment-branch-policies" "administration=write" Admin settings::add_branch;
    "GET /repos/{owner}/{repo}/invitations" "administration=read" Admin collaborators::invitations;
    "PATCH /repos/{owner}/{repo}/invitations/{invitation_id}" "administration=write" Admin collaborators::change_invitation;
    "DELETE /repos/{owner}/{repo}/invitations/{invitation_id}" "administration=write" Admin collaborators::cancel_invitation;
    "GET /repos/{owner}/{repo}/issues" "issues=read" Reader issues::list;
    "POST /repos/{owner}/{repo}/issues" "issues=write" Reader issues::create;
    "PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}" "issues=write; pull_requests=write" Reader issues::change_comment;
    "GET /repos/{owner}/{repo}/issues/{issue_number}" "issues=read; pull_requests=read" Reader issues::get;
    "PATCH /repos/{owner}/{repo}/issues/{issue_number}" "issues=write; pull_requests=write" Reader issues::change;
    "GET /repos/{owner}/{repo}/issues/{issue_number}/comments" "issues=read; pull_requests=read" Reader issues::comments;
    "POST /repos/{owner}/{repo}/issues/{issue_number}/comments" "issues=write; pull_requests=write" Reader issues::add_comment;
    "GET /repos/{owner}/{repo}/keys" "administration=read" Admin leftovers::keys;
    "DELETE /repos/{owner}/{repo}/keys/{key_id}" "administration=write" Admin leftovers::delete_key;
    "GET /repos/{owner}/{repo}/pulls" "pull_requests=read" Reader pulls::list;
    "POST /repos/{owner}/{repo}/pulls" "pull_requests=write" Reader pulls::create;
    "GET /repos/{owner}/{repo}/pulls/{pull_number}" "pull_requests=read" Reader pulls::get;
    "PATCH /repos/{owner}/{repo}/pulls/{pull_number}" "pull_requests=write" Reader pulls::change;
    "PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge" "contents=write" Writer pulls::merge;
    "GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews" "pull_requests=read" Reader reviews::list;
    "POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews" "pull_requests=write" Reader reviews::create;
    "PUT /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}/dismissals" "pull_requests=write" Writer reviews::dismiss;
    "GET /repos/{owner}/{repo}/rules/branches/{branch}" "metadata=read" Reader rules::of_branch;
    "GET /repos/{owner}/{repo}/rulesets" "metadata=read" Reader rules::list;
    "POST /repos/{owner}/{repo}/rulesets" "administration=write" Admin rules::create;
    "GET /repos/{owner}/{repo}/rulesets/{ruleset_id}" "metadata=read" Reader rules::get;
    "GET /repos/{owner}/{repo}/teams" "administration=read" Admin team_repositories::of_repository;
    "GET /user" "" Anyone users::caller;
    "GET /user/{account_id}" "" Anyone users::by_number;
    "GET /users/{username}" "" Anyone users::by_login;
    "GET /orgs/{org}/credential-authorizations" "organization_administration=read" Owner leftovers::credentials;
    "DELETE /orgs/{org}/credential-authorizations/{credential_id}" "organization_administration=write" Owner leftovers::end_credential;
    "GET /orgs/{org}/custom-repository-roles" "organization_custom_roles=read; organization_administration=read" Owner roles::custom;
};

/// The route of an operation that the contract knows.
pub(crate) fn find(operation: &str) -> &'static Route {
    ROUTES.iter().find(|route| route.operation == operation).unwrap_or_else(|| panic!("`{operation}` isn't served"))
}

#[cfg(test)]
mod tests {
    use super::ROUTES;
    use crate::contract::rest::CONTRACT;

    #[test]
    fn what_is_described_is_served_and_nothing_else() {
        let mut described: Vec<&str> = CONTRACT.operations.iter().map(|operation| operation.name.as_str()).collect();
        let mut served: Vec<&str> = ROUTES.iter().map(|route| route.operation).collect();
        described.sort_unstable();
        served.sort_unstable();
        assert_eq!(described, served);
    }
}
