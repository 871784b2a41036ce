use crate::access::reading::Step;
use crate::finding::{Code, Finding, Rule, Severity};
use crate::lint::{Reached, Survey};

pub const RULE: Rule = Rule {
    code: Code {
        id: "vendor-outside-its-domains",
        title: "somebody of a vendor is granted access outside of the vendor's domains",
        why: "The vendor's file says where its people may ever work, as the contract does.",
        example: "# vendors/globex.yaml\ndomains: [payments-staging]\n# grants/alice-ledger.yaml\n\
                  to: [alice.nguyen]      # of globex\ndomain: ledger-staging",
        instead: "Grant access in one of the vendor's domains. If the contract covers the other one too, add it to \
              `domains` of the vendor first.",
    },
    severity: Severity::Error,
    dated: false,
};

pub fn find(survey: &Survey<'_>, findings: &mut Vec<Finding>) {
    for Reached { grant, people, .. } in survey.reached() {
        for person in people {
            let vendor = person.vendor.as_ref().and_then(|id| survey.access.vendors.get(id));
            let Some(vendor) = vendor else { continue };
            if vendor.domains.as_ref().is_none_or(|domains| domains.contains(&grant.domain)) {
                continue;
            }
            findings.push(
                Finding::new(
                    &RULE,
                    grant.place(&[Step::Key("domain")]),
                    format!("`{}` of `{}` may not work in `{}`", person.id, vendor.id, grant.domain),
                    format!(
                        "name one of the vendor's domains, or add `{}` to `domains` of vendor `{}`",
                        grant.domain, vendor.id
                    ),
                )
                .related(vendor.place(&[Step::Key("domains")]), format!("where `{}` may work", vendor.id)),
            );
        }
    }
}
