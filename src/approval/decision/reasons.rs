//! What bars people from approving, in the words of refusals.

use crate::access::{PersonId, Unfit};
use crate::approval::codes::{self, refusal};
use crate::finding::{Code, Refusal};
use crate::plan::{Bar, Part};

/// Why an approval by a person doesn't count.
pub fn reason(person: &PersonId, bar: &Bar) -> Refusal {
    let (code, fact): (&'static Code, String) = match bar {
        Bar::Made(Part::Wrote) => (&codes::APPROVER_IS_AUTHOR, format!("`{person}` is an author of the change")),
        Bar::Made(Part::Pushed) => (&codes::APPROVER_IS_PUSHER, format!("`{person}` pushed to the branch")),
        Bar::Made(Part::Committed) => {
            (&codes::APPROVER_IS_COMMITTER, format!("`{person}` made a commit of the change"))
        }
        Bar::Answers(service) => (
            &codes::APPROVER_IS_AUTHOR,
            format!("`{person}` answers for `{service}`, which may have made what nobody signed"),
        ),
        Bar::Gains(how) => (&codes::APPROVER_IS_BENEFICIARY, format!("`{person}` {how}")),
        Bar::Unfit(Unfit::Unregistered) => {
            (&codes::APPROVER_NOT_AUTHORIZED, format!("`{person}` is not in the registry of the last verified landing"))
        }
        Bar::Unfit(Unfit::Contractor) => (&codes::APPROVER_KIND_FORBIDDEN, format!("`{person}` is a contractor")),
        Bar::Unfit(Unfit::Service) => (&codes::APPROVER_NOT_HUMAN, format!("`{person}` is a service")),
        Bar::Unfit(Unfit::NoProof) => (
            &codes::APPROVER_UNPROVEN,
            format!("`{person}` has no key or account by which an approval could be proven"),
        ),
        Bar::NoKey => (
            &codes::APPROVER_UNPROVEN,
            format!("`{person}` has no key, and the rule asks for an approval that is signed"),
        ),
        Bar::Unfit(Unfit::NotBegun) => (&codes::APPROVER_GONE, format!("`{person}` is not active yet")),
        Bar::Unfit(Unfit::Ended) | Bar::EndedSince => {
            (&codes::APPROVER_GONE, format!("`{person}` is not active any more"))
        }
        Bar::EndedByChange => (&codes::APPROVER_GONE, format!("`{person}` is not active any more by this change")),
        Bar::SameVendor { vendor, gains } => {
            (&codes::APPROVER_SAME_VENDOR, format!("`{person}` is of {vendor}, as is `{gains}`, who gains"))
        }
        Bar::Lingers => (
            &codes::WORD_LINGERS,
            format!("`{person}` may still object, and approve that others are brought back, nothing else"),
        ),
        Bar::NotAsked => (&codes::APPROVER_OUT_OF_SCOPE, format!("no rule that this change meets asks for `{person}`")),
    };
    refusal(code, fact)
}
