//! Which instance of Identity Center answers, and as whom it is asked.

use std::collections::BTreeSet;

use super::TYPE;
use super::client::{Line, named};
use crate::targets::{Hello, Power, TargetError};

/// What answers to a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Instance {
    pub hello: Hello,
    /// The organisation's own account.
    pub management: String,
}

impl Instance {
    /// Asks as whom it is asked, which instances there are, and which organisation that is. Nothing else is.
    pub(super) fn read(line: &Line) -> Result<Self, TargetError> {
        let settings = &line.settings;
        let see = |doing: &'static str| move |failure| line.unseen(&failure, doing);
        let caller = line.ask(|| line.sts.get_caller_identity().send()).map_err(see("ask who this credential is"))?;
        let instances = line.pages(|token| {
            let answer = line.ask(|| line.sso.list_instances().set_next_token(token.clone()).send())?;
            Ok((answer.instances.unwrap_or_default(), answer.next_token))
        });
        let instances = instances.map_err(see("list instances of Identity Center"))?;
        let pinned = instances.iter().find(|one| one.instance_arn() == Some(settings.instance.as_str()));
        let Some(instance) = pinned.or(instances.first()) else {
            return Err(TargetError::Refused {
                why: format!("there is no Identity Center in `{}` that this credential can see", settings.region),
                help: "correct `region` of the target: Identity Center is in one region of an organisation".to_owned(),
            });
        };
        let organization = line.ask(|| line.organizations.describe_organization().send());
        let organization = organization.map_err(see("ask which organisation this is"))?;
        let organization = organization.organization();
        let told =
            |what, text| named(what, text).map_err(|failure| line.unseen(&failure, "ask which instance this is"));
        let parts = [
            told("ARN of an instance", instance.instance_arn())?,
            told("id of an identity store", instance.identity_store_id())?,
            told("id of an organisation", organization.and_then(|one| one.id()))?,
        ];
        let own = caller.arn().and_then(signed_in_as).map(|name| name.to_ascii_lowercase());
        Ok(Instance {
            hello: Hello {
                identity: format!("{TYPE}:{}", parts.join(":")),
                clock: line.clock(),
                own: own.into_iter().collect::<BTreeSet<_>>(),
                power: Power::Unknown,
            },
            management: told("account of an organisation", organization.and_then(|one| one.master_account_id()))?,
        })
    }

    /// The same, and no other than the pinned one.
    pub(super) fn pinned(line: &Line) -> Result<Self, TargetError> {
        let instance = Instance::read(line)?;
        let settings = &line.settings;
        let pinned = [&settings.instance, &settings.identity_store, &settings.organization];
        let pinned = format!("{TYPE}:{}", pinned.map(String::as_str).join(":"));
        if instance.hello.identity == pinned {
            return Ok(instance);
        }
        let (target, identity) = (settings.target.clone(), instance.hello.identity);
        Err(TargetError::Another { target, pinned, identity })
    }
}

/// The user of Identity Center that a role was taken on by; Identity Center alone names sessions of its own roles.
fn signed_in_as(arn: &str) -> Option<&str> {
    let (_, role) = arn.split_once(":assumed-role/AWSReservedSSO_")?;
    role.split_once('/').map(|(_, user)| user)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_identity_center_says_who_signed_in() {
        let own = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Audit_0a1b2c3d4e5f6a7b/alice@globex.example";
        assert_eq!(signed_in_as(own), Some("alice@globex.example"));
        for other in ["arn:aws:sts::111122223333:assumed-role/dualkey/alice", "arn:aws:iam::111122223333:user/alice"] {
            assert_eq!(signed_in_as(other), None, "{other}");
        }
    }
}
