//! What `dualkey.yaml` and people's files say of AWS Identity Center.

use super::{TYPE, kinds};
use crate::access::target_spec::pin_of;
use crate::access::{AccountForm, AccountSpec, Example, Need, SettingForm, SettingSpec, TargetSpec};

pub(super) const SCP: &str = "scp";

pub static SPEC: TargetSpec = TargetSpec {
    name: TYPE,
    title: "AWS Identity Center",
    kinds: &[&kinds::ACCOUNT, &kinds::IDENTITY_GROUP, &kinds::ACCOUNT_ROLE],
    examples: &[Example {
        kind: &kinds::ACCOUNT,
        resources: ["111122223333", "444455556666"],
        permissions: ["DeveloperAccess", "AdministratorAccess"],
    }],
    account: Some(AccountSpec {
        about: "The user name in Identity Center",
        help: "write the user name in Identity Center, as it stands there",
        example: "alice@globex.example",
        form: AccountForm::Named { check: check_user_name, normal: str::to_ascii_lowercase },
        caseless: true,
    }),
    settings: &[
        SettingSpec {
            name: "region",
            about: "the region of Identity Center",
            need: Need::Required,
            form: SettingForm::Text(check_region),
        },
        SettingSpec {
            name: "instance",
            about: "the ARN of the Identity Center instance",
            need: Need::Pins,
            form: SettingForm::Text(check_instance),
        },
        SettingSpec {
            name: "identity_store",
            about: "the id of the identity store",
            need: Need::Pins,
            form: SettingForm::Text(check_store),
        },
        SettingSpec {
            name: "organization",
            about: "the organisation's id",
            need: Need::Pins,
            form: SettingForm::Text(check_organization),
        },
        SettingSpec {
            name: SCP,
            about: "the id of the service control policy in which dualkey writes ends down, so that AWS enforces them",
            need: Need::Optional,
            form: SettingForm::Text(check_policy),
        },
    ],
    pin: |_, settings| pin_of(TYPE, settings, &["instance", "identity_store", "organization"]),
    system: None,
    stands_for: None,
};

/// `UserName` of CreateUser, of at most 128 characters; stricter in what nobody can tell apart.
fn check_user_name(name: &str) -> Result<(), &'static str> {
    if name.is_empty() || name.len() > 128 {
        return Err("a user name has 1 to 128 characters");
    }
    if !name.chars().all(|c| c.is_ascii_graphic()) {
        return Err("a user name holds only letters, digits and signs of ASCII, and no blanks");
    }
    Ok(())
}

/// As in "AWS Regions": `eu-west-1`, `us-gov-west-1`. It becomes part of a server's name.
fn check_region(region: &str) -> Result<(), &'static str> {
    let words: Vec<&str> = region.split('-').collect();
    let is_word = |word: &&str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
    let is_region = match words.as_slice() {
        [places @ .., number] => {
            (2..=3).contains(&places.len())
                && places.iter().all(is_word)
                && !number.is_empty()
                && number.len() <= 2
                && number.bytes().all(|b| b.is_ascii_digit())
        }
        [] => false,
    };
    if is_region { Ok(()) } else { Err("a region is written like eu-west-1") }
}

fn check_instance(arn: &str) -> Result<(), &'static str> {
    let id = arn.split_once(":sso:::instance/ssoins-").filter(|(begin, _)| {
        begin.strip_prefix("arn:").is_some_and(|partition| {
            partition.starts_with("aws") && partition.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
        })
    });
    match id {
        Some((_, id)) if is_id(id) => Ok(()),
        Some(_) | None => Err("an instance is written like arn:aws:sso:::instance/ssoins-7223f3a1b2c3d4e5"),
    }
}

fn check_store(id: &str) -> Result<(), &'static str> {
    match id.strip_prefix("d-") {
        Some(id) if is_id(id) => Ok(()),
        Some(_) | None => Err("an identity store is written like d-9067f3a1b2"),
    }
}

fn check_organization(id: &str) -> Result<(), &'static str> {
    match id.strip_prefix("o-") {
        Some(id) if is_id(id) => Ok(()),
        Some(_) | None => Err("an organisation is written like o-a1b2c3d4e5"),
    }
}

/// `PolicyId` of DescribePolicy.
fn check_policy(id: &str) -> Result<(), &'static str> {
    match id.strip_prefix("p-") {
        Some(id) if is_id(id) && id.len() >= 8 => Ok(()),
        Some(_) | None => Err("a policy is written like p-a1b2c3d4"),
    }
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_have_the_shapes_of_the_apis() {
        for good in ["eu-west-1", "us-gov-west-1", "ap-southeast-12"] {
            assert!(check_region(good).is_ok(), "{good}");
        }
        for bad in ["", "eu", "eu-west", "eu-west-", "eu-west-1.evil.example", "EU-west-1", "a-b-c-d-1", "eu-west-100"]
        {
            assert!(check_region(bad).is_err(), "{bad}");
        }
        for good in ["arn:aws:sso:::instance/ssoins-7223f3a1b2c3d4e5", "arn:aws-us-gov:sso:::instance/ssoins-1"] {
            assert!(check_instance(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "ssoins-7223",
            "arn:aws:sso:::instance/ssoins-",
            "arn:aws:iam::1:role/x",
            "arn:x:sso:::instance/ssoins-1",
        ] {
            assert!(check_instance(bad).is_err(), "{bad}");
        }
        assert!(check_store("d-9067").is_ok() && check_store("9067").is_err() && check_store("d-").is_err());
        assert!(
            check_policy("p-a1b2c3d4").is_ok()
                && check_policy("p-a1b2").is_err()
                && check_policy("FullAWSAccess").is_err()
        );
        assert!(check_organization("o-a1b2").is_ok() && check_organization("a1b2").is_err());
    }

    #[test]
    fn user_names_have_a_shape() {
        for good in ["alice", "alice@globex.example", &"a".repeat(128)] {
            assert!(check_user_name(good).is_ok(), "{good}");
        }
        for bad in ["", "a b", "é", &"a".repeat(129)] {
            assert!(check_user_name(bad).is_err(), "{bad}");
        }
    }
}
