//! Pages of lists, by cursors that only the server understands.

use super::object::Object;
use apollo_compiler::resolvers::{FieldError, ResolveInfo};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What an edge says beside its node.
#[derive(Clone)]
pub(super) enum Extra<'w> {
    None,
    /// Whether a member owns the organisation, and has a second factor where that may be told.
    Member(bool, Option<bool>),
    /// What somebody may do on a repository, and why where that may be told.
    Collaborator(&'w crate::world::Repository, crate::world::Level, Option<Vec<crate::world::Source>>),
    /// Whether a member maintains the team.
    TeamMember(bool),
    /// What a team may do on a repository.
    TeamRepository(crate::world::Level),
}

/// An item of a list. Pages are cut at its key, so that they hold when the list changes between two of them.
#[derive(Clone)]
pub(super) struct Item<'w> {
    pub(super) key: String,
    pub(super) node: Object<'w>,
    pub(super) extra: Extra<'w>,
}

impl<'w> Item<'w> {
    pub(super) fn new(key: impl ToString, node: Object<'w>) -> Item<'w> {
        Item { key: key.to_string(), node, extra: Extra::None }
    }

    pub(super) fn cursor(&self) -> String {
        STANDARD.encode(format!("cursor:v2:{}", self.key))
    }
}

/// A key that sorts as its number does.
pub(super) fn by_number(id: u64) -> String {
    format!("{id:020}")
}

/// One page of a list.
#[derive(Clone)]
pub(super) struct Page<'w> {
    /// The type of the connection, such as `TeamConnection`.
    pub(super) name: &'static str,
    pub(super) total: usize,
    /// How many are left between the cursors, before the page is cut.
    pub(super) filtered: usize,
    pub(super) items: Vec<Item<'w>>,
    pub(super) before: bool,
    pub(super) after: bool,
}

fn key_of(info: &ResolveInfo, argument: &str) -> Result<Option<String>, FieldError> {
    let Some(cursor) = info.arguments().get(argument).and_then(|cursor| cursor.as_str()) else { return Ok(None) };
    let known = STANDARD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    match known.as_deref().and_then(|text| text.strip_prefix("cursor:v2:")) {
        Some(key) => Ok(Some(key.to_owned())),
        None => {
            let message = format!("`{cursor}` does not appear to be a valid cursor.");
            Err(super::error::typed_error("INVALID_CURSOR_ARGUMENTS", &message))
        }
    }
}

impl<'w> Page<'w> {
    /// Cuts the page that a field asks for out of a whole list.
    pub(super) fn cut(name: &'static str, mut all: Vec<Item<'w>>, info: &ResolveInfo) -> Result<Page<'w>, FieldError> {
        let total = all.len();
        let descending = info
            .arguments()
            .get("orderBy")
            .and_then(|order| order.as_object())
            .and_then(|order| order.get("direction"))
            .is_some_and(|direction| direction.as_str() == Some("DESC"));
        all.sort_by(|a, b| if descending { b.key.cmp(&a.key) } else { a.key.cmp(&b.key) });
        let comes_after = |key: &str, than: &str| if descending { key < than } else { key > than };
        let (after, before) = (key_of(info, "after")?, key_of(info, "before")?);
        let mut page = Page { name, total, filtered: total, items: all, before: false, after: false };
        if let Some(after) = after {
            let whole = page.items.len();
            page.items.retain(|item| comes_after(&item.key, &after));
            page.before = page.items.len() < whole;
        }
        if let Some(before) = before {
            let whole = page.items.len();
            page.items.retain(|item| comes_after(&before, &item.key));
            page.after = page.items.len() < whole;
        }
        let asked = |name: &str| info.arguments().get(name).and_then(|number| number.as_u64());
        let held = page.items.len();
        page.filtered = held;
        if let Some(first) = asked("first").and_then(|first| usize::try_from(first).ok()) {
            page.items.truncate(first);
            page.after |= held > first;
        } else if let Some(last) = asked("last").and_then(|last| usize::try_from(last).ok()) {
            page.items.drain(..held.saturating_sub(last));
            page.before |= held > last;
        }
        Ok(page)
    }
}
