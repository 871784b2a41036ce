//! How the clients of a target are made: of its settings, and of a credential.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::credential::{Credential, Right, Ways};
use super::retry::{Retrying, Waits};
use super::{CLIENTS, Reader, Writer};
use crate::access::{Target, TargetId};
use crate::finding::{Code, Refusal, Rule};

/// What reaches targets of a type.
#[derive(Debug)]
pub struct Client {
    /// How one proves there to be somebody; none where nobody is asked.
    pub credentials: Ways,
    pub support: Support,
    /// By which it tells what it finds beside who holds what.
    pub rules: &'static [&'static Rule],
}

/// Whether there is something that speaks to targets of a type.
#[derive(Debug)]
pub enum Support {
    Built(Connect),
    /// There is, in a program that was built with this feature. This one wasn't.
    LeftOut {
        feature: &'static str,
    },
    /// This version knows nothing of the type but its kinds.
    Missing,
}

/// What makes clients. Nothing is asked of the target yet.
#[derive(Debug)]
pub struct Connect {
    /// # Errors
    ///
    /// Where the credential is not one.
    pub reader: fn(&Connection<'_>) -> Result<Box<dyn Reader>, Refusal>,
    /// # Errors
    ///
    /// Where the credential is not one.
    pub writer: fn(&Connection<'_>) -> Result<Box<dyn Writer>, Refusal>,
}

/// What a client is made of.
#[expect(missing_debug_implementations, reason = "it holds a credential, which is not printed by accident")]
pub struct Connection<'a> {
    pub target: &'a Target,
    pub credential: Credential,
    pub place: &'a Surroundings<'a>,
}

/// Where and when a command runs.
#[expect(missing_debug_implementations, reason = "it gives credentials")]
pub struct Surroundings<'a> {
    /// The access repository's folder.
    pub work_dir: &'a Path,
    /// The folder in its git directory that is dualkey's own.
    pub own_dir: &'a Path,
    pub now: Timestamp,
    /// The value of a variable of the environment.
    pub variables: &'a dyn Fn(&str) -> Option<String>,
    pub waits: Arc<dyn Waits>,
}

impl Surroundings<'_> {
    /// The client as one that waits for what goes away by itself.
    pub fn retrying<C>(&self, client: C) -> Retrying<C> {
        Retrying::new(client, Arc::clone(&self.waits))
    }
}

/// What looks at a target.
///
/// # Errors
///
/// Where there is no credential for it, or no client: then nothing is known of it.
pub fn reader(target: &Target, place: &Surroundings<'_>) -> Result<Box<dyn Reader>, Refusal> {
    let client = client(target)?;
    left_out(client, target)?;
    let credential = Credential::take(Right::Read, &target.id, client.credentials, place.variables)?;
    let connect = supported(client, target)?;
    (connect.reader)(&Connection { target, credential, place })
}

/// What changes a target.
///
/// # Errors
///
/// Where there is no credential of its own for it, or no client: then nothing is changed there.
pub fn writer(target: &Target, place: &Surroundings<'_>) -> Result<Box<dyn Writer>, Refusal> {
    let client = client(target)?;
    left_out(client, target)?;
    let credential = Credential::take_to_write(&target.id, client.credentials, place.variables)?;
    let connect = supported(client, target)?;
    (connect.writer)(&Connection { target, credential, place })
}

fn client(target: &Target) -> Result<&'static Client, Refusal> {
    let found = CLIENTS.iter().find(|(name, _)| *name == target.spec.name);
    found.map(|(_, client)| client).ok_or_else(|| without_client(target))
}

/// What this program was built without needs no credential.
fn left_out(client: &Client, target: &Target) -> Result<(), Refusal> {
    match client.support {
        Support::LeftOut { feature } => Err(not_built(target, feature)),
        Support::Built(_) | Support::Missing => Ok(()),
    }
}

fn supported<'c>(client: &'c Client, target: &Target) -> Result<&'c Connect, Refusal> {
    match &client.support {
        Support::Built(connect) => Ok(connect),
        Support::LeftOut { feature } => Err(not_built(target, feature)),
        Support::Missing => Err(without_client(target)),
    }
}

fn not_built(target: &Target, feature: &str) -> Refusal {
    Refusal::new(
        &TARGET_NOT_BUILT,
        format!("`{}` is of type {}, which this program was built without", target.id, target.spec.name),
        format!("build it with the feature: `cargo install --locked --path . --features {feature}`"),
    )
}

fn without_client(target: &Target) -> Refusal {
    Refusal::new(
        &TARGET_WITHOUT_CLIENT,
        format!("`{}` is of type {}, for which this version has no client", target.id, target.spec.name),
        "try it on embedded targets: add `--sandbox`",
    )
}

/// Why nothing is sent to a target that nobody approved yet.
pub fn unproven(target: &TargetId) -> Refusal {
    Refusal::new(
        &TARGET_UNPROVEN,
        format!("nobody approved yet that `{target}` is what `dualkey.yaml` says here, so no credential is sent there"),
        "land the settings of the target first, in a change of their own, then look again; to try settings that you wrote \
         yourself: `dualkey targets --unapproved`",
    )
}

/// The codes of this file.
pub const CODES: [&Code; 3] = [&TARGET_NOT_BUILT, &TARGET_UNPROVEN, &TARGET_WITHOUT_CLIENT];

pub static TARGET_UNPROVEN: Code = Code {
    id: "target-unproven",
    title: "Nobody approved yet where a target is",
    why: "The settings of a target say to which server its credentials are sent. Whoever proposes a change could name one of \
          their own, and every look at the proposal would hand it what opens the target.",
    example: "",
    instead: "Land the settings first, in a change of their own, and keep the anchor in DUALKEY_ANCHOR, by which the log \
              proves what was approved. Until then the target counts as one that nobody looked at. Whoever wrote the settings \
              tries them with `dualkey targets --unapproved`, on a machine of their own and never in a pipeline.",
};

pub static TARGET_NOT_BUILT: Code = Code {
    id: "target-not-built",
    title: "This program was built without what reaches targets of that type",
    why: "Clients of targets are features of the build, so that a program for other targets is small and built soon. The \
          target counts as one that nobody looked at: the others go on, and whoever may hold something there is given \
          nothing.",
    example: "cargo install --locked --path . --no-default-features",
    instead: "Build it with the feature that the message names; the default features have all of them.",
};

pub static TARGET_WITHOUT_CLIENT: Code = Code {
    id: "target-without-client",
    title: "This version of dualkey can't reach a target of that type",
    why: "It knows what can be held there, so that it is linted and planned, but nothing speaks to the target yet. So nobody \
          looked at it: the others go on, and whoever may hold something there is given nothing.",
    example: "targets:\n  gcp: { organization: \"420000000001\" }",
    instead: "Let the embedded target stand in for it, as in `gcp: { type: sandbox, as: gcp }`, or use a newer version.",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Settings, TargetSpec};
    use crate::targets::KINDS;

    /// A program is built without some client by nobody who runs these tests.
    #[test]
    fn what_a_program_was_built_without_is_refused_before_a_credential_is_asked_for() {
        let spec: &'static TargetSpec = KINDS.real().last().unwrap();
        let target = Target {
            id: TargetId::parse("shop").unwrap(),
            spec,
            target_type: spec.name,
            pinned: String::new(),
            settings: Settings::default(),
        };
        let client = Client { credentials: &[], support: Support::LeftOut { feature: "postgres" }, rules: &[] };
        let refusal = left_out(&client, &target).unwrap_err();
        assert_eq!(refusal.code.id, "target-not-built");
        assert_eq!(refusal.message, format!("`shop` is of type {}, which this program was built without", spec.name));
        assert_eq!(refusal.help, "build it with the feature: `cargo install --locked --path . --features postgres`");
        assert!(supported(&client, &target).is_err());
        assert!(left_out(&Client { credentials: &[], support: Support::Missing, rules: &[] }, &target).is_ok());
    }
}
