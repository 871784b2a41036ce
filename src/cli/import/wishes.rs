//! What the user says about those who are found.

use std::collections::BTreeMap;
use std::path::Path;

use csv::{ReaderBuilder, Trim};

use crate::access::pattern::wildcard;
use crate::access::{DomainId, PersonId, TargetId, VendorId};
use crate::cli::Stop;

/// How what is found is to be declared.
#[derive(Clone, Debug)]
pub struct Wishes {
    pub target: TargetId,
    pub sponsor: PersonId,
    /// The first and the last day of those from outside.
    pub from: String,
    pub until: String,
    pub rules: Vec<DomainRule>,
    /// Account, in small letters, to vendor.
    pub vendors: BTreeMap<String, String>,
}

/// Which resources go to a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainRule {
    /// In small letters.
    pub pattern: String,
    pub domain: String,
}

impl DomainRule {
    /// Reads `PATTERN=DOMAIN`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (pattern, domain) = text.rsplit_once('=').ok_or("write it as `northwind/payments-*=payments`")?;
        DomainId::parse(domain).map_err(|error| error.to_string())?;
        Ok(DomainRule { pattern: pattern.to_lowercase(), domain: domain.to_owned() })
    }

    /// True for a resource of such a name, capitals or not.
    pub fn matches(&self, resource: &str) -> bool {
        wildcard(&self.pattern, &resource.to_lowercase())
    }
}

/// Reads a CSV file of accounts and vendors. Its header names the columns.
pub fn vendors(path: &Path) -> Result<BTreeMap<String, String>, Stop> {
    let text = std::fs::read_to_string(path).map_err(|error| Stop::io("reading", path, &error))?;
    read(&text).map_err(|why| {
        Stop::usage(
            format!("`{}` is not such a file: {why}", path.display()),
            "let its first line be `account,vendor`, and each line name one account and the id of its vendor",
        )
    })
}

fn read(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut file = ReaderBuilder::new().flexible(true).trim(Trim::All).from_reader(text.as_bytes());
    let header = file.headers().map_err(|error| error.to_string())?;
    let column = |name: &str| header.iter().position(|cell| cell.eq_ignore_ascii_case(name));
    let (Some(account), Some(vendor)) = (column("account"), column("vendor")) else {
        return Err("its first line doesn't name the columns `account` and `vendor`".to_owned());
    };
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for line in file.records() {
        let cells = line.map_err(|error| error.to_string())?;
        let number = cells.position().map_or(0, csv::Position::line);
        let (Some(account), Some(vendor)) = (cells.get(account), cells.get(vendor)) else {
            return Err(format!("line {number} has too few columns"));
        };
        VendorId::parse(vendor).map_err(|error| format!("line {number}: {error}"))?;
        if found.insert(account.to_lowercase(), vendor.to_owned()).is_some_and(|before| before != vendor) {
            return Err(format!("line {number} names another vendor for `{account}` than a line before"));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_match_whole_names() {
        let rule = |text: &str| DomainRule::parse(text).unwrap();
        assert!(rule("northwind/payments-*=payments").matches("Northwind/payments-api"));
        assert!(!rule("northwind/payments-*=payments").matches("northwind/ledger"));
        assert_eq!(rule("a=b=c"), DomainRule { pattern: "a=b".to_owned(), domain: "c".to_owned() });
        for bad in ["a", "a=B!", "="] {
            assert!(DomainRule::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_list_of_vendors_is_read_by_its_header() {
        let read = |text: &str| super::read(text);
        let text = "\u{feff}note,vendor,account\n\"Globex, Inc.\",globex, Alice-NW\n\n,\"initech\",\"bob\"\n";
        let found = read(text).unwrap();
        assert_eq!(found.get("alice-nw").map(String::as_str), Some("globex"));
        assert_eq!(found.len(), 2);
        for (bad, why) in [
            ("", "first line"),
            ("account\nx", "first line"),
            ("account,vendor\nx", "line 2 has too few"),
            ("account,vendor\nx,A B\n", "line 2"),
            ("account,vendor\nx,a\nX,b\n", "line 3 names another vendor"),
        ] {
            assert!(read(bad).unwrap_err().contains(why), "{bad}");
        }
    }
}
