//! A plan as every format shows it.

use crate::apply::Drift;
use crate::plan::{Plan, Standing};
use crate::repository::Oid;

/// A plan, where it stands, and what a reader calls its two ends.
#[derive(Clone, Copy, Debug)]
pub struct PlanView<'a> {
    pub plan: &'a Plan<'a>,
    pub standing: &'a Standing,
    /// What live state shows, where it was read.
    pub live: Option<&'a Drift>,
    pub labels: Labels<'a>,
}

/// What the change starts from and leads to, for people.
#[derive(Clone, Copy, Debug)]
pub struct Labels<'a> {
    /// `main (4be1f27)`.
    pub base: &'a str,
    /// `4be1f27`, `the work tree`.
    pub head: &'a str,
    /// The first landing on the protected branch that was refused, where the change is looked at from the last verified one.
    pub refused: Option<Oid>,
}
