//! Account access manager: who may take which IAM role.

use super::{Call, unserved};
use crate::exchange::{Outcome, Refusal};
use crate::world::{Entitled, Principal, World, account_of};
use serde_json::{Value, json};

pub(super) fn call(call: &mut Call) -> Outcome {
    call.administers()?;
    if call.operation.name == "ListApplications" {
        let made = call.world.accounts[call.world.management()].joined.to_string();
        let arn = call.world.application();
        let told = json!({ "applicationArn": arn, "createdAt": made, "updatedAt": made });
        let applications = if call.world.has_application { vec![(arn, told)] } else { Vec::new() };
        return call.page("applications", applications, |_, told| told);
    }
    if !call.world.has_application || call.text("applicationArn") != call.world.application() {
        return Err(Refusal::new("ResourceNotFoundException", "Application not found."));
    }
    match call.operation.name.as_str() {
        "GetApplication" => {
            let made = call.world.accounts[call.world.management()].joined.to_string();
            let source = json!({ "identityCenter": { "instanceArn": call.world.instance() } });
            Ok(json!({ "identitySource": source, "status": "ACTIVE", "createdAt": made, "updatedAt": made }))
        }
        "ListEntitlements" => list(call),
        "GetEntitlement" => get(call),
        "CreateEntitlement" => create(call),
        "DeleteEntitlement" => {
            let id = call.text("entitlementId").to_owned();
            if call.world.end_entitlement(&id) { Ok(json!({})) } else { Err(missing()) }
        }
        _ => unserved(call),
    }
}

fn missing() -> Refusal {
    Refusal::new("ResourceNotFoundException", "Entitlement not found.")
}

/// The principal that something of the input names.
fn principal(value: &Value) -> Option<Principal> {
    let named = value.get("identityCenter")?;
    let id = |name: &str| named[name].as_str();
    id("userId").map(Principal::user).or_else(|| id("groupId").map(Principal::group))
}

fn told(world: &World, entitled: &Entitled) -> Value {
    let Entitled { what, .. } = entitled;
    let name = if matches!(what.principal, Principal::User(_)) { "userId" } else { "groupId" };
    let account = account_of(&what.role);
    let mut told = json!({
        "principal": { "identityCenter": { name: what.principal.id() } },
        "roleArn": what.role,
        "account": account,
    });
    if let Some(known) = world.accounts.get(account) {
        told["accountName"] = json!(known.name);
    }
    json!({ "principalRole": told })
}

fn list(call: &mut Call) -> Outcome {
    let filter = &call.input["filter"]["principalRole"];
    let (who, role, account) =
        (principal(&filter["principal"]), filter["roleArn"].as_str(), filter["account"].as_str());
    let shown = call.world.shown_entitlements().filter(|(_, entitled)| {
        let what = &entitled.what;
        who.as_ref().is_none_or(|who| *who == what.principal)
            && role.is_none_or(|role| role == what.role)
            && account.is_none_or(|account| account == account_of(&what.role))
    });
    let rows = shown.map(|(id, entitled)| (id.clone(), (id.clone(), entitled.clone()))).collect();
    call.page("entitlements", rows, |world, (id, entitled): (String, Entitled)| {
        let made = entitled.made.to_string();
        json!({ "entitlementId": id, "entitlement": told(world, &entitled), "createdAt": made })
    })
}

fn get(call: &Call) -> Outcome {
    let id = call.text("entitlementId");
    let entitled = call.world.entitlement(id).ok_or_else(missing)?;
    Ok(json!({
        "applicationArn": call.world.application(),
        "entitlementId": id,
        "entitlement": told(call.world, entitled),
        "createdAt": entitled.made.to_string(),
    }))
}

/// Making one that is there gives the same id. That somebody unknown is refused at once is chosen.
fn create(call: &mut Call) -> Outcome {
    let asked = &call.input["entitlement"]["principalRole"];
    let role = asked["roleArn"].as_str().unwrap_or_default();
    let who = principal(&asked["principal"]).ok_or_else(|| Refusal::invalid("A principal is needed."))?;
    if !call.world.knows(&who) {
        return Err(Refusal::new("ResourceNotFoundException", "Principal not found."));
    }
    if !call.world.accounts.contains_key(account_of(role)) {
        return Err(Refusal::new("ResourceNotFoundException", "Account not found."));
    }
    if account_of(role) == call.world.management() && !call.is_management() {
        return Err(call.denied("because the role is in the management account"));
    }
    let id = call.world.entitle(&who, role);
    Ok(json!({ "entitlementId": id }))
}
