//! Pages of lists, and the tokens that lead to the next ones.

use crate::exchange::Refusal;
use crate::signature::hash;
use serde_json::Value;
use std::collections::HashMap;

/// Where a token leads, and the call that it was given to.
#[derive(Debug, Clone)]
struct Place {
    call: String,
    /// The last item that was shown.
    after: Option<String>,
}

/// Tokens that were given out. One holds for the same operation with the same arguments by the same key.
#[derive(Debug, Default)]
pub(crate) struct Tokens(HashMap<String, Place>);

/// A part of a list.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next: Option<String>,
}

/// How a list is asked for.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    /// Operation, arguments and key in one text.
    pub(crate) call: String,
    /// The token of the request.
    pub(crate) token: Option<&'a str>,
    pub(crate) most: usize,
    /// Nothing comes on this page, though there is more.
    pub(crate) empty: bool,
    /// The error for a token that doesn't hold.
    pub(crate) refusal: Refusal,
}

/// Operation, arguments and key in one text; the token and the size of pages are left out of it.
pub(crate) fn call(operation: &str, input: &Value, key: &str) -> String {
    let mut arguments = input.clone();
    if let Some(map) = arguments.as_object_mut() {
        map.retain(|name, _| !["NextToken", "nextToken", "MaxResults", "maxResults"].contains(&name.as_str()));
        map.sort_keys();
    }
    format!("{operation} {arguments} {key}")
}

impl Tokens {
    /// Takes a page from items that are sorted by a text of theirs.
    pub(crate) fn page<T>(
        &mut self,
        turn: &Turn,
        items: impl Iterator<Item = (String, T)>,
    ) -> Result<Page<T>, Refusal> {
        let after = match turn.token.map(|token| self.0.get(token)) {
            None => None,
            Some(Some(place)) if place.call == turn.call => place.after.clone(),
            Some(_) => return Err(turn.refusal.clone()),
        };
        let mut left = items.skip_while(|(at, _)| after.as_ref().is_some_and(|after| at <= after)).peekable();
        let most = if turn.empty { 0 } else { turn.most };
        let (mut page, mut last) = (Vec::new(), after.clone());
        while page.len() < most
            && let Some((at, item)) = left.next()
        {
            last = Some(at);
            page.push(item);
        }
        let more = turn.empty || left.peek().is_some();
        let next = more.then(|| self.give(&turn.call, last));
        Ok(Page { items: page, next })
    }

    fn give(&mut self, call: &str, after: Option<String>) -> String {
        let token = hash(format!("{} {call} {after:?}", self.0.len()).as_bytes());
        self.0.insert(token.clone(), Place { call: call.to_owned(), after });
        token
    }
}
