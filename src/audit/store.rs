//! stub
use super::*;
use crate::cli::Stop;
use crate::repository::*;
#[derive(Debug)]
pub struct Stored {
    pub log: Log,
}
pub fn load(_: &Repository, _: &StateRefs<'_>, _: &str, _: &VerifierKey) -> Result<Option<Stored>, Stop> {
    Ok(None)
}
pub fn create(_: &Repository, _: &StateRefs<'_>, _: &str, _: &Log, _: jiff::Timestamp) -> Result<(), Stop> {
    Ok(())
}
