//! What the operations do.

mod account_access;
mod assignments;
mod groups;
mod iam;
mod instances;
mod management;
mod organizations;
mod people;
pub(crate) mod resources;
mod sets;
mod statuses;
mod sts;

use crate::Limits;
use crate::contract::{Operation, Service};
use crate::exchange::{Outcome, Refusal};
use crate::pages::{self, Tokens, Turn};
use crate::world::{Holder, World};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// A call that may be carried out.
pub(crate) struct Call<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) limits: &'a Limits,
    pub(crate) tokens: &'a mut Tokens,
    pub(crate) service: &'static Service,
    pub(crate) operation: &'static Operation,
    pub(crate) input: &'a Value,
    pub(crate) holder: &'a Holder,
    /// The region that the request is signed for.
    pub(crate) region: &'a str,
    /// Lists answer with a page that has nothing and leads on.
    pub(crate) empty_page: bool,
}

/// A time as JSON says it.
pub(crate) fn seconds(at: Timestamp) -> Value {
    json!(at.as_second())
}

impl Call<'_> {
    /// A member of the input that is a text; empty where it isn't there. What is required was checked before.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.input[name].as_str().unwrap_or_default()
    }

    /// The account of who calls.
    pub(crate) fn account(&self) -> &str {
        &self.holder.key.account
    }

    /// Whether the management account calls.
    pub(crate) fn is_management(&self) -> bool {
        self.account() == self.world.management()
    }

    /// An answer with a page of what is sorted by the texts, each item as it is drawn.
    pub(crate) fn page<T>(
        &mut self,
        name: &str,
        items: Vec<(String, T)>,
        mut draw: impl FnMut(&World, T) -> Value,
    ) -> Outcome {
        let asked = self.input.get("MaxResults").or_else(|| self.input.get("maxResults")).and_then(Value::as_u64);
        let limit = if self.service.name == "organizations" { self.limits.page.min(20) } else { self.limits.page };
        let most = asked.map_or(limit, |asked| usize::try_from(asked).expect("it was checked"));
        let (token, refusal) = match self.service.name {
            "account-access" => ("nextToken", Refusal::new("ValidationException", "Invalid nextToken")),
            "organizations" => {
                let refusal = Refusal::new("InvalidInputException", "Invalid NextToken");
                ("NextToken", refusal.with("Reason", "INVALID_NEXT_TOKEN"))
            }
            _ => ("NextToken", Refusal::new("ValidationException", "The pagination token is invalid.")),
        };
        let turn = Turn {
            call: pages::call(&self.operation.name, self.input, &self.holder.key.id),
            token: self.input[token].as_str(),
            most,
            empty: self.empty_page,
            refusal,
        };
        let page = self.tokens.page(&turn, items.into_iter())?;
        let items: Vec<Value> = page.items.into_iter().map(|item| draw(self.world, item)).collect();
        let mut answer = Map::from_iter([(name.to_owned(), Value::Array(items))]);
        answer.extend(page.next.map(|next| (token.to_owned(), json!(next))));
        Ok(Value::Object(answer))
    }

    /// Carries the call out.
    pub(crate) fn carry_out(&mut self) -> Outcome {
        match self.service.name {
            "account-access" => account_access::call(self),
            "iam" => iam::call(self),
            "identitystore" => {
                self.administers()?;
                people::call(self)
            }
            "organizations" => organizations::call(self),
            "sso-admin" => instances::call(self),
            "sts" => sts::call(self),
            other => unreachable!("{other} is no service"),
        }
    }

    /// Refuses accounts that administer nothing, and regions in which there is no Identity Center.
    pub(crate) fn administers(&self) -> Result<(), Refusal> {
        if self.region != self.world.region() {
            let message = format!("There is no IAM Identity Center in {}.", self.region);
            return Err(Refusal::new("AccessDeniedException", message));
        }
        if self.is_management() || self.world.is_delegate(self.account()) {
            return Ok(());
        }
        Err(self.denied("because the account doesn't administer IAM Identity Center"))
    }

    /// Says that who calls may not, and why.
    pub(crate) fn denied(&self, why: &str) -> Refusal {
        let action = format!("{}:{}", self.service.prefix, self.operation.name);
        let message = format!("User: {} is not authorized to perform: {action} {why}", self.holder.arn());
        Refusal::new("AccessDeniedException", message)
    }
}

/// What an operation that isn't served comes to. The list of operations says which are.
pub(crate) fn unserved(call: &Call) -> Outcome {
    unreachable!("{} of {} has no handler", call.operation.name, call.service.name)
}
