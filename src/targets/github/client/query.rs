//! Queries of the other interface, in pages that become smaller where GitHub gives up on them.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::api::Api;
use super::failure::{Failure, Said};

/// The smallest page that is asked for. What fails even so is left unread.
const SMALLEST: u64 = 5;

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    data: Value,
    #[serde(default)]
    errors: Vec<Wrong>,
}

/// Something that is wrong with a query, or with what it asks for.
#[derive(Debug, Deserialize)]
struct Wrong {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    path: Vec<Value>,
}

/// One page of a list, as every list says it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", bound = "T: Deserialize<'de>")]
pub(crate) struct Page<T> {
    pub total_count: u64,
    pub page_info: PageInfo,
    /// A list has one of them. Null is no empty list.
    #[serde(default)]
    pub nodes: Option<Vec<Option<T>>>,
    #[serde(default)]
    pub edges: Option<Vec<Option<T>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PageInfo {
    pub has_next_page: bool,
    pub end_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Its items, each of which is there.
    pub(crate) fn items(self) -> Result<Vec<T>, Failure> {
        let items = self.nodes.or(self.edges).ok_or_else(|| odd("a list is null"))?;
        items.into_iter().map(|item| item.ok_or_else(|| odd("an item of a list is null"))).collect()
    }

    /// Its items, where they are all there are.
    pub(crate) fn counted(self) -> Result<Vec<T>, Failure> {
        let total = self.total_count;
        let items = self.items()?;
        match u64::try_from(items.len()) {
            Ok(count) if count == total => Ok(items),
            Ok(_) | Err(_) => Err(odd(&format!("a list of {total} came with {}", items.len()))),
        }
    }
}

fn odd(why: &str) -> Failure {
    Failure::Odd { why: why.to_owned() }
}

impl Api {
    /// The data of a query in which nothing is wrong.
    pub(crate) async fn query<T: DeserializeOwned>(&self, text: &str, variables: Value) -> Result<T, Failure> {
        let (data, _) = self.run(text, variables, |_| false).await?;
        serde_json::from_value(data).map_err(|error| odd(&format!("an answer can't be read: {error}")))
    }

    /// The entries of `nodes(ids:)`. One that isn't there is None.
    pub(crate) async fn nodes<T: DeserializeOwned>(
        &self,
        text: &str,
        ids: &[String],
    ) -> Result<Vec<Option<T>>, Failure> {
        #[derive(Deserialize)]
        struct Data<T> {
            nodes: Vec<Option<T>>,
        }
        let of_entry = |wrong: &Wrong| {
            wrong.kind == "NOT_FOUND" && wrong.path.len() == 2 && wrong.path.first() == Some(&json!("nodes"))
        };
        let (data, missing) = self.run(text, json!({ "ids": ids }), of_entry).await?;
        let data: Data<T> =
            serde_json::from_value(data).map_err(|error| odd(&format!("an answer can't be read: {error}")))?;
        let absent = data.nodes.iter().filter(|node| node.is_none()).count();
        if data.nodes.len() != ids.len() || absent != missing {
            return Err(odd("a list is shorter than what was asked for"));
        }
        Ok(data.nodes)
    }

    /// The data, and how many errors were of the sort that is no error.
    async fn run(
        &self,
        text: &str,
        variables: Value,
        harmless: impl Fn(&Wrong) -> bool,
    ) -> Result<(Value, usize), Failure> {
        let answer = self.post_query(&json!({ "query": text, "variables": variables })).await?;
        let body: Body = answer.read()?;
        let (fine, wrong): (Vec<Wrong>, Vec<Wrong>) = body.errors.into_iter().partition(|wrong| harmless(wrong));
        let Some(first) = wrong.first() else { return Ok((body.data, fine.len())) };
        let any = |kinds: &[&str]| wrong.iter().any(|wrong| kinds.contains(&wrong.kind.as_str()));
        if any(&["RATE_LIMITED", "RATE_LIMIT"]) {
            return Err(Failure::Limited { after: answer.until_reset().or(Some(Duration::from_mins(1))) });
        }
        if any(&["RESOURCE_LIMITS_EXCEEDED"]) {
            return Err(Failure::TooWide { why: first.message.clone() });
        }
        let status = match first.kind.as_str() {
            "FORBIDDEN" => 403,
            "NOT_FOUND" => 404,
            _ => return Err(odd(&format!("a query went wrong: {}", first.message))),
        };
        Err(Failure::Refused(Box::new(Said { status, message: first.message.clone(), ..Said::default() })))
    }

    /// All items of a list. `list` finds it in the data of a page. The query takes `$first` and `$after`.
    pub(crate) async fn walk<D, T>(
        &self,
        text: &str,
        mut variables: Value,
        mut size: u64,
        list: impl Fn(D) -> Option<Page<T>>,
    ) -> Result<Vec<T>, Failure>
    where
        D: DeserializeOwned,
    {
        let (mut items, mut after) = (Vec::new(), None::<String>);
        let mut seen = BTreeSet::new();
        loop {
            if let Value::Object(variables) = &mut variables {
                variables.insert("first".to_owned(), json!(size));
                variables.insert("after".to_owned(), json!(after));
            }
            let data: D = match self.query(text, variables.clone()).await {
                Err(Failure::TooWide { .. }) if size > SMALLEST => {
                    size = (size / 2).max(SMALLEST);
                    continue;
                }
                other => other?,
            };
            let page = list(data).ok_or_else(|| odd("a list is null"))?;
            let (total, info) = (page.total_count, PageInfo { ..page.page_info });
            let page = Page { page_info: PageInfo { has_next_page: false, end_cursor: None }, ..page };
            items.extend(page.items()?);
            if !info.has_next_page {
                let count = u64::try_from(items.len()).unwrap_or(u64::MAX);
                if count != total {
                    return Err(odd(&format!("a list of {total} came with {count}")));
                }
                return Ok(items);
            }
            after = info.end_cursor.filter(|cursor| seen.insert(cursor.clone()));
            if after.is_none() {
                return Err(odd("a list leads back to a page that came before"));
            }
        }
    }
}
