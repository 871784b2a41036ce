//! What `dualkey.yaml` and people's files say of Google Cloud.

use super::{TYPE, kinds};
use crate::access::target_spec::pin_of;
use crate::access::{AccountForm, AccountSpec, Example, Need, SettingForm, SettingSpec, TargetSpec, is_email};

pub static SPEC: TargetSpec = TargetSpec {
    name: TYPE,
    title: "Google Cloud",
    kinds: &[&kinds::PROJECT, &kinds::FOLDER, &kinds::ORGANIZATION, &kinds::BUCKET, &kinds::SERVICE_ACCOUNT],
    examples: &[Example {
        kind: &kinds::PROJECT,
        resources: ["northwind-stg", "northwind-prod"],
        permissions: ["roles/run.viewer", "roles/run.admin"],
    }],
    account: Some(AccountSpec {
        about: "The e-mail address of the Google account",
        help: "write the account's e-mail address",
        example: "alice@globex.example",
        // Google writes it so in every policy, whatever it was given
        form: AccountForm::Named { check: check_address, normal: str::to_ascii_lowercase },
        caseless: true,
    }),
    settings: &[SettingSpec {
        name: "organization",
        about: "the organisation's number",
        need: Need::Pins,
        form: SettingForm::Text(kinds::check_number),
    }],
    pin: |_, settings| pin_of(TYPE, settings, &["organization"]),
    system: None,
    stands_for: None,
};

/// The address of one account. A policy of Google Cloud writes `user:` and `group:` before an address and `?uid=` behind it,
/// and so one account must not have a second name.
fn check_address(address: &str) -> Result<(), &'static str> {
    let is_of_account = |c: char| c.is_ascii_alphanumeric() || "@.!#$%&'*+-=^_`{|}~".contains(c);
    if address.len() <= 128 && is_email(address) && address.chars().all(is_of_account) {
        Ok(())
    } else {
        Err("an account is told by its e-mail address, as name@company.example")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_one_name() {
        assert!(check_address("alice.nguyen+x@globex.example").is_ok());
        for bad in ["", "alice", "user:alice@globex.example", "alice@globex.example?uid=1", "a b@globex.example"] {
            assert!(check_address(bad).is_err(), "{bad}");
        }
    }
}
