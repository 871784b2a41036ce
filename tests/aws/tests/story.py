"""A story that boto3 goes through with the stand-in: everything that is served, in the way that AWS's own client has it.

The address and the keys come as JSON in the first argument; what was seen is printed as JSON.
"""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

place = json.loads(sys.argv[1])


def client(service, key="key"):
    # nothing is tried again: what goes wrong is to be seen
    return boto3.client(
        service,
        endpoint_url=place["url"],
        region_name=place["region"],
        aws_access_key_id=place[key]["id"],
        aws_secret_access_key=place[key]["secret"],
        aws_session_token=place[key]["token"],
        config=Config(retries={"total_max_attempts": 1}, user_agent_extra="story"),
    )


def error(call, **arguments):
    """The name of the error, and the class that boto3 has for it."""
    try:
        call(**arguments)
    except ClientError as refused:
        return [refused.response["Error"]["Code"], type(refused).__name__]
    return None


def every(of, operation, name, **arguments):
    pages = of.get_paginator(operation).paginate(**arguments, PaginationConfig={"PageSize": 2})
    return [item for page in pages for item in page[name]]


seen = {}
sts, organizations = client("sts"), client("organizations")
sso, store, access, iam = client("sso-admin"), client("identitystore"), client("account-access"), client("iam")

seen["caller"] = sts.get_caller_identity()["Arn"]
seen["organization"] = organizations.describe_organization()["Organization"]["Id"]
accounts = every(organizations, "list_accounts", "Accounts")
seen["accounts"] = [[account["Id"], account["Name"], account["State"]] for account in accounts]

[instance] = sso.list_instances()["Instances"]
arn, ids = instance["InstanceArn"], {"IdentityStoreId": instance["IdentityStoreId"]}
seen["region"] = sso.describe_instance(InstanceArn=arn)["PrimaryRegion"]
sets = every(sso, "list_permission_sets", "PermissionSets", InstanceArn=arn)
described = [sso.describe_permission_set(InstanceArn=arn, PermissionSetArn=one)["PermissionSet"] for one in sets]
seen["sets"] = sorted([one["Name"], one["SessionDuration"]] for one in described)
readers = next(one["PermissionSetArn"] for one in described if one["Name"] == "ReadOnly")
of_set = {"InstanceArn": arn, "PermissionSetArn": readers}

users = {user["UserName"]: user["UserId"] for user in every(store, "list_users", "Users", **ids)}
groups = {group["DisplayName"]: group["GroupId"] for group in every(store, "list_groups", "Groups", **ids)}
seen["users"], seen["groups"] = sorted(users), sorted(groups)

# a member is added, and found again
member = {"GroupId": groups["staff"], "MemberId": {"UserId": users["eve"]}}
membership = store.create_group_membership(**ids, **member)["MembershipId"]
seen["twice"] = error(store.create_group_membership, **ids, **member)
found = every(store, "list_group_memberships", "GroupMemberships", **ids, GroupId=groups["staff"])
seen["members"] = [one["MemberId"]["UserId"] == users["eve"] for one in found]
seen["same"] = store.get_group_membership_id(**ids, **member)["MembershipId"] == membership
seen["created"] = int(store.describe_group_membership(**ids, MembershipId=membership)["CreatedAt"].timestamp())
asked = store.is_member_in_groups(**ids, MemberId={"UserId": users["eve"]}, GroupIds=list(groups.values()))
seen["in groups"] = [one["MembershipExists"] for one in asked["Results"]]
of_eve = {**ids, "MemberId": {"UserId": users["eve"]}}
found = every(store, "list_group_memberships_for_member", "GroupMemberships", **of_eve)
seen["groups of eve"] = [one["GroupId"] == groups["staff"] for one in found]


def named(path, value):
    return {"UniqueAttribute": {"AttributePath": path, "AttributeValue": value}}


eve = store.get_user_id(**ids, AlternateIdentifier=named("userName", "eve"))["UserId"]
seen["eve"] = store.describe_user(**ids, UserId=eve)["UserStatus"]
staff = store.get_group_id(**ids, AlternateIdentifier=named("displayName", "staff"))["GroupId"]
seen["staff"] = store.describe_group(**ids, GroupId=staff)["DisplayName"]

# the group is assigned
shop = next(account["Id"] for account in accounts if account["Name"] == "shop")
target = {"TargetId": shop, "TargetType": "AWS_ACCOUNT"}
assignment = {**of_set, **target, "PrincipalType": "GROUP", "PrincipalId": groups["staff"]}
begun = sso.create_account_assignment(**assignment)["AccountAssignmentCreationStatus"]
seen["conflict"] = error(sso.create_account_assignment, **assignment)
states = [begun["Status"]]
while states[-1] == "IN_PROGRESS":
    request = {"InstanceArn": arn, "AccountAssignmentCreationRequestId": begun["RequestId"]}
    told = sso.describe_account_assignment_creation_status(**request)
    states.append(told["AccountAssignmentCreationStatus"]["Status"])
seen["states"] = states
pair = {**of_set, "AccountId": shop}
seen["assigned"] = [one["PrincipalType"] for one in every(sso, "list_account_assignments", "AccountAssignments", **pair)]
principal = {"InstanceArn": arn, "PrincipalId": users["eve"], "PrincipalType": "USER"}
held = every(sso, "list_account_assignments_for_principal", "AccountAssignments", **principal)
seen["held"] = [one["AccountId"] for one in held]
in_account = {"InstanceArn": arn, "AccountId": shop}
provisioned = every(sso, "list_permission_sets_provisioned_to_account", "PermissionSets", **in_account)
seen["provisioned"] = provisioned == [readers]
seen["places"] = every(sso, "list_accounts_for_provisioned_permission_set", "AccountIds", **of_set)

# what the set allows is changed, and brought to the account
policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}
sso.put_inline_policy_to_permission_set(**of_set, InlinePolicy=json.dumps(policy))
request = sso.provision_permission_set(**of_set, TargetType="ALL_PROVISIONED_ACCOUNTS")
request = request["PermissionSetProvisioningStatus"]["RequestId"]
for _ in range(2):
    told = sso.describe_permission_set_provisioning_status(InstanceArn=arn, ProvisionPermissionSetRequestId=request)
seen["provisioning"] = told["PermissionSetProvisioningStatus"]["Status"]
seen["inline"] = json.loads(sso.get_inline_policy_for_permission_set(**of_set)["InlinePolicy"]) == policy
sso.delete_inline_policy_from_permission_set(**of_set)
seen["no inline"] = sso.get_inline_policy_for_permission_set(**of_set).get("InlinePolicy")
customer = "list_customer_managed_policy_references_in_permission_set"
seen["customer"] = every(sso, customer, "CustomerManagedPolicyReferences", **of_set)
[managed] = every(sso, "list_managed_policies_in_permission_set", "AttachedManagedPolicies", **of_set)
version = iam.get_policy(PolicyArn=managed["Arn"])["Policy"]["DefaultVersionId"]
document = iam.get_policy_version(PolicyArn=managed["Arn"], VersionId=version)["PolicyVersion"]["Document"]
seen["managed"] = document["Statement"][0]["Action"]
seen["policy"] = error(iam.get_policy, PolicyArn=managed["Arn"] + "Gone")
seen["boundary"] = error(sso.get_permissions_boundary_for_permission_set, **of_set)

# a service control policy is rewritten
content = json.dumps(policy)
organizations.update_policy(PolicyId=place["policy"], Content=content)
seen["control"] = organizations.describe_policy(PolicyId=place["policy"])["Policy"]["Content"] == content
targets = every(organizations, "list_targets_for_policy", "Targets", PolicyId=place["policy"])
seen["targets"] = [one["Type"] for one in targets]
seen["full"] = error(organizations.update_policy, PolicyId=place["policy"], Content=content + " " * 5120)

# a role is entitled to directly
[application] = every(access, "list_applications", "applications")
application = {"applicationArn": application["applicationArn"]}
seen["application"] = access.get_application(**application)["status"]
role = f"arn:aws:iam::{shop}:role/Deploy"
entitled = {"principal": {"identityCenter": {"userId": users["eve"]}}, "roleArn": role}
made = access.create_entitlement(**application, entitlement={"principalRole": entitled})["entitlementId"]
listed = every(access, "list_entitlements", "entitlements", **application, filter={"principalRole": {"account": shop}})
seen["entitled"] = [one["entitlement"]["principalRole"]["roleArn"] for one in listed]
access.delete_entitlement(**application, entitlementId=made)
seen["unentitled"] = error(access.get_entitlement, **application, entitlementId=made)

# and everything ends
begun = sso.delete_account_assignment(**assignment)["AccountAssignmentDeletionStatus"]
request = {"InstanceArn": arn, "AccountAssignmentDeletionRequestId": begun["RequestId"]}
for _ in range(2):
    told = sso.describe_account_assignment_deletion_status(**request)
seen["deleted"] = told["AccountAssignmentDeletionStatus"]["Status"]
seen["gone"] = error(sso.delete_account_assignment, **assignment)
store.delete_group_membership(**ids, MembershipId=membership)

works = {
    "list_account_assignment_creation_status": "AccountAssignmentsCreationStatus",
    "list_account_assignment_deletion_status": "AccountAssignmentsDeletionStatus",
    "list_permission_set_provisioning_status": "PermissionSetsProvisioningStatus",
}
done = {"InstanceArn": arn, "Filter": {"Status": "SUCCEEDED"}}
seen["works"] = [len(every(sso, operation, name, **done)) for operation, name in works.items()]

# others may do less
reader = client("sso-admin", "reader")
seen["reads"] = len(reader.list_instances()["Instances"])
seen["denied"] = error(reader.create_account_assignment, **assignment)
seen["expired"] = error(client("sso-admin", "expired").list_instances)
seen["who expired"] = error(client("sts", "expired").get_caller_identity)

print(json.dumps(seen))
