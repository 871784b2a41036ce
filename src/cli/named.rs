//! What a word on the command line names: a person, a vendor or a grant.

use super::{Stop, new};
use crate::access::{Access, Grant, Person, Vendor};

/// Something that a word names.
#[derive(Clone, Copy, Debug)]
pub enum Named<'a> {
    Person(&'a Person),
    Vendor(&'a Vendor),
    Grant(&'a Grant),
}

/// What may be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    Person,
    Vendor,
    Grant,
}

impl Sort {
    fn word(self) -> &'static str {
        match self {
            Sort::Person => "person",
            Sort::Vendor => "vendor",
            Sort::Grant => "grant",
        }
    }

    fn find<'a>(self, access: &'a Access, id: &str) -> Option<Named<'a>> {
        match self {
            Sort::Person => access.people.get(id).map(Named::Person),
            Sort::Vendor => access.vendors.get(id).map(Named::Vendor),
            Sort::Grant => access.grants.get(id).map(Named::Grant),
        }
    }

    fn ids(self, access: &Access) -> Vec<&str> {
        match self {
            Sort::Person => access.people.keys().map(|id| id.as_str()).collect(),
            Sort::Vendor => access.vendors.keys().map(|id| id.as_str()).collect(),
            Sort::Grant => access.grants.keys().map(|id| id.as_str()).collect(),
        }
    }
}

/// Finds what a word names: an id or, where two things have one id, one with its sort before it, such as `grant:refunds`.
///
/// # Errors
///
/// Where nothing of these sorts is named so, or more than one thing.
pub fn named<'a>(access: &'a Access, word: &str, sorts: &[Sort]) -> Result<Named<'a>, Stop> {
    let of_sort = |sort: &Sort| {
        let id = word.strip_prefix(sort.word()).and_then(|rest| rest.strip_prefix(':'))?;
        Some((*sort, id))
    };
    let (sorts, id) = match sorts.iter().find_map(of_sort) {
        Some((sort, id)) => (vec![sort], id),
        None => (sorts.to_vec(), word),
    };
    let words = |all: &[Sort]| all.iter().map(|sort| sort.word()).collect::<Vec<_>>();
    let found: Vec<(Sort, Named<'_>)> = sorts.iter().filter_map(|sort| Some((*sort, sort.find(access, id)?))).collect();
    match found.as_slice() {
        [(_, one)] => Ok(*one),
        [] => {
            let known = sorts.iter().flat_map(|sort| sort.ids(access));
            Err(new::unknown(&words(&sorts).join(" or "), id, known, "write an id that is there"))
        }
        several => {
            let sorts: Vec<Sort> = several.iter().map(|(sort, _)| *sort).collect();
            let choices: Vec<String> = words(&sorts).iter().map(|sort| format!("`{sort}:{id}`")).collect();
            Err(Stop::usage(
                format!("`{id}` is a {}", words(&sorts).join(" and a ")),
                format!("say which is meant: {}", choices.join(" or ")),
            ))
        }
    }
}
