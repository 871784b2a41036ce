//! Telling the forge that somebody signed something, since a signature is a ref and starts no workflow.

use super::output;
use super::process::Process;
use crate::access::{Access, ForgeRepository};
use crate::finding::Refusal;
use crate::forge::connection::Connection;
use crate::forge::{self, FORGE_NOT_TOLD, dispatch};
use crate::repository::Oid;

/// Lets the workflows of the access repository look at a head again, where it is on a forge and the environment holds a token
/// for that. The signature stands whatever comes of it, so a failure is a warning.
pub fn signed(access: &Access, head: Oid) {
    let variables = |name: &str| std::env::var(name).ok();
    let Some(repository) = &access.config.repository else { return };
    if forge::token(&variables).is_err() {
        return;
    }
    if let Err(refusal) = tell(repository, head, &variables) {
        let help = format!(
            "the signature stands; the scheduled run of the workflows finds it, or start `dualkey-review` by hand ({})",
            refusal.help
        );
        let told = Refusal::new(&FORGE_NOT_TOLD, refusal.message, help);
        output::warn(&crate::report::errors::warning(&told, output::error_style()));
    }
}

fn tell(repository: &ForgeRepository, head: Oid, variables: &dyn Fn(&str) -> Option<String>) -> Result<(), Refusal> {
    let connection = Connection::open(repository, Process::unwatched().patience(), variables)?;
    let home = connection.home().map_err(|error| error.refusal())??;
    dispatch::approved(&connection, &home, head).map_err(|error| error.refusal())
}
