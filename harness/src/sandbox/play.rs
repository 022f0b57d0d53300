//! Runs a bound example: sends it, holds the reply to the contract, and waits until what it says has come true.
//!
//! The page's own expectations are about its demo data. Here the call's own words are held to: what was set is read
//! back, what was deleted is gone, a payment raises the balance by its sum.

use std::time::Instant;

use carbon_specs::Contract;
use carbon_specs::example::{Example, Variant};
use carbon_specs::step::{Check, Step};
use serde_json::{Map, Value, json};

use super::SandboxError;
use super::bind::{Binder, Unbound};
use super::estate::{Builder, Estate};
use super::money;
use crate::ask::{self, AskError, Row};
use crate::bindings::Bindings;
use crate::brief::cut;
use crate::catalog::Form;
use crate::chain::Chain;
use crate::check::{self, Mismatch};
use crate::exchange::key;
use crate::exchange::{Exchange, Sent};
use crate::fault::Fault;
use crate::outcome::{FormOutcome, Status};
use crate::target::{TargetError, Unreachable};

/// What must be seen once the tasks are done.
#[derive(Clone, Debug, PartialEq)]
enum Effect {
    /// These columns have these values.
    Holds { model: String, pk: i64, columns: Map<String, Value> },
    /// The object is gone, or in the trash.
    Gone { model: String, pk: i64 },
    /// The balance of an account, in units of 10^-10.
    Balance { account: i64, units: i128 },
    /// This is the user's password.
    Password { user: i64, passwd: String },
}

/// Runs one spelling of a write example.
///
/// # Errors
/// Only if nobody answers.
pub async fn play(
    builder: &Builder<'_>,
    estate: &mut Estate,
    contract: &Contract,
    example: &Example,
    form: Form,
    variant: &Variant,
) -> Result<FormOutcome, Unreachable> {
    let started = Instant::now();
    if form == Form::Printed && example.erratum.is_some() {
        return Ok(FormOutcome::not_run(form, "a misprint; its corrected form is run in the sandbox".to_owned()));
    }
    builder.patience.say(&format!("running {}", example.id));
    let mut outcome = FormOutcome::not_run(form, String::new());
    let played = Player { builder, contract }.run(estate, example, variant, &mut outcome).await;
    outcome.elapsed = started.elapsed();
    match played {
        Ok(()) => {
            outcome.reason = None;
            outcome.status = if outcome.faults.is_empty() { Status::Pass } else { Status::Fail };
        }
        Err(Unbound::Reason(reason)) => outcome.reason = Some(reason),
        Err(Unbound::Trouble(SandboxError::Asked(AskError::Target(TargetError::Refused(refusal))))) => {
            outcome.reason = Some(refusal.to_string());
        }
        Err(Unbound::Trouble(SandboxError::Asked(AskError::Target(error)))) if error.is_unreachable() => {
            return Err(Unreachable::from(error));
        }
        Err(Unbound::Trouble(error)) => {
            outcome.reason = None;
            outcome.status = Status::Fail;
            outcome.faults.push(Fault::Trouble { text: error.to_string() });
        }
    }
    Ok(outcome)
}

struct Player<'a> {
    builder: &'a Builder<'a>,
    contract: &'a Contract,
}

impl Player<'_> {
    async fn run(
        &self,
        estate: &mut Estate,
        example: &Example,
        variant: &Variant,
        outcome: &mut FormOutcome,
    ) -> Result<(), Unbound> {
        let Some(request) = &variant.request else {
            return Err(Unbound::Reason(variant.nothing_sent.clone().unwrap_or_else(|| "nothing is sent".to_owned())));
        };
        // Of a loop over many objects, one turn is run: on the sandbox's object.
        let mut row = Bindings::default();
        if let Some(turns) = &variant.turns {
            let values = turns.rows.first().into_iter().flatten();
            turns.variables.iter().zip(values).for_each(|(name, value)| row.bind(name.as_str(), value.as_str().into()));
        }
        let mut binder = Binder::new(self.builder, estate, self.contract);
        for step in &example.before {
            if let Step::Call { path, body, .. } = step {
                let bound = binder.bind(self.parse(&row.text(path), &row.text(body))?).await?;
                ask::result(self.builder.client, &bound).await?;
                self.builder.fence(binder.estate).await?;
            }
        }
        let page = self.parse(&row.text(&request.path), &row.text(&request.body))?;
        let bound = binder.bind(page.clone()).await?;
        let before = match (bound.links.last(), binder.subscriber.account) {
            (Some(last), Some(account)) if last.method == "add_payment" && bound.links[0].method == "objects.get" => {
                self.balance(account).await?
            }
            _ => None,
        };
        let exchange = self.builder.client.call(bound.sent()).await.map_err(SandboxError::from)?;
        let reply = hold(&exchange, &variant.reply, &page, &bound, &row, &mut outcome.faults);
        outcome.exchanges.push(exchange);
        let Some(reply) = reply.filter(|_| outcome.faults.is_empty()) else { return Ok(()) };
        let account = binder.subscriber.account;
        let effects = self.effects(&bound, &reply, account.zip(before));
        for effect in &effects {
            if let Err(mismatch) = self.come_true(effect).await? {
                outcome.faults.push(Fault::After { mismatch });
            }
        }
        if effects.is_empty() {
            self.builder.fence(binder.estate).await?;
        }
        Ok(())
    }

    fn parse(&self, path: &str, body: &str) -> Result<Chain, Unbound> {
        Chain::parse(&self.contract.schema, &Sent { path: path.to_owned(), body: body.to_owned() })
            .map_err(|error| Unbound::Reason(error.to_string()))
    }

    /// What the call says will be.
    fn effects(&self, bound: &Chain, reply: &Value, paid: Option<(i64, i128)>) -> Vec<Effect> {
        let result = reply.get("result").unwrap_or(&Value::Null);
        let fields = result.get("fields").and_then(Value::as_object);
        let model = bound.model.as_str();
        let schema = &self.contract.schema;
        let named = bound.links[0].args.iter().find(|(path, _)| *path == "pk" || *path == "id");
        let Some(pk) = result.get("pk").and_then(key).or_else(|| named.and_then(|(_, value)| key(value))) else {
            return Vec::new();
        };
        let mut effects = Vec::new();
        let mut columns = Map::new();
        let is_model = result.get("model").and_then(Value::as_str) == Some(model);
        for link in &bound.links {
            let argument = |name: &str| link.args.get(name).cloned().unwrap_or_default();
            match link.method.as_str() {
                // The reply shows the new values at once; the same must be read once the tasks are done.
                "objects.create" | "set" if is_model => {
                    let model = schema.model(model);
                    let set = link.args.keys().filter_map(|name| Some(model?.field(name)?.column.clone()));
                    columns.extend(set.filter_map(|column| Some((column.clone(), fields?.get(&column)?.clone()))));
                }
                "delete" => effects.push(Effect::Gone { model: model.to_owned(), pk }),
                "set_object_status" => drop(columns.insert("object_status_id".into(), argument("status_id"))),
                "move_to" => drop(columns.insert("parent_id".into(), argument("target"))),
                "change_activation_date" => drop(columns.insert("activate_date".into(), argument("new_date"))),
                "restore" => drop(columns.insert("deleted".into(), 0.into())),
                "add_payment" => {
                    if let (Some((account, before)), Some(sum)) = (paid, money::units(&argument("SUM_IN"))) {
                        effects.push(Effect::Balance { account, units: before + sum });
                    }
                }
                "set_password" => {
                    if let Some(passwd) = link.args.get("psw").and_then(Value::as_str).filter(|text| !text.is_empty()) {
                        effects.push(Effect::Password { user: pk, passwd: passwd.to_owned() });
                    }
                }
                _ => {}
            }
        }
        let hanging = result.get("model").and_then(Value::as_str).filter(|_| !is_model);
        if let Some(other) = hanging.filter(|other| matches!(*other, "UsersUsluga" | "MsgStack")) {
            effects.push(Effect::Holds { model: other.to_owned(), pk, columns: Map::new() });
        }
        // What is put on the stack is worked off at once, and gone from there.
        if !columns.is_empty() && model != "AccountStack" {
            effects.push(Effect::Holds { model: model.to_owned(), pk, columns });
        }
        effects
    }

    /// Looks until an effect is there.
    async fn come_true(&self, effect: &Effect) -> Result<check::Verdict, Unbound> {
        let mut last = None;
        let seen = self.builder.patience.until(async || {
            let found = match self.look(effect).await {
                // What is not there yet cannot be asked.
                Err(SandboxError::Asked(AskError::Answer { what, answer })) => {
                    Err(Mismatch::new(what, "an answer", answer))
                }
                found => found?,
            };
            last = found.err();
            Ok(last.is_none().then_some(()))
        });
        Ok(match (seen.await?, last) {
            (Some(()), _) | (None, None) => Ok(()),
            (None, Some(mismatch)) => Err(mismatch),
        })
    }

    async fn look(&self, effect: &Effect) -> Result<check::Verdict, SandboxError> {
        let client = self.builder.client;
        match effect {
            Effect::Holds { model, pk, columns } => {
                let rows = ask::rows(client, model, json!({"pk": pk}), &[]).await?;
                let Some(row) = rows.first() else {
                    return Ok(Err(Mismatch::new(format!("{model} {pk}"), "to be there", "not there")));
                };
                let wrong = columns.iter().find(|(column, value)| !same(row.fields.get(*column), value));
                Ok(wrong.map_or(Ok(()), |(column, value)| {
                    let found = row.fields.get(column).map_or("nothing".to_owned(), Value::to_string);
                    Err(Mismatch::new(format!("{model} {pk} {column}"), value.to_string(), found))
                }))
            }
            Effect::Gone { model, pk } => {
                let rows = ask::rows(client, model, json!({"pk": pk}), &[]).await?;
                let gone = rows.iter().all(Row::is_deleted);
                if gone && rows.is_empty() {
                    self.builder.sandbox.gone(model, *pk)?;
                }
                Ok(if gone { Ok(()) } else { Err(Mismatch::new(format!("{model} {pk}"), "gone", "still there")) })
            }
            Effect::Balance { account, units } => {
                let found = self.balance_of(*account).await?;
                let right = found.as_ref().and_then(money::units) == Some(*units);
                let shown = found.unwrap_or_default().to_string();
                Ok(if right { Ok(()) } else { Err(Mismatch::new("the balance", money::text(*units), shown)) })
            }
            Effect::Password { user, passwd } => {
                let chain = Chain::on("Users")
                    .then("objects.get", json!({"id": user}))
                    .then("check_pass", json!({"passwd": passwd}));
                let right = ask::result(client, &chain).await?;
                let shown = right.to_string();
                Ok(if right == true {
                    Ok(())
                } else {
                    Err(Mismatch::new("check_pass of the new password", "true", shown))
                })
            }
        }
    }

    async fn balance(&self, account: i64) -> Result<Option<i128>, SandboxError> {
        Ok(self.balance_of(account).await?.as_ref().and_then(money::units))
    }

    async fn balance_of(&self, account: i64) -> Result<Option<Value>, SandboxError> {
        let rows = ask::rows(self.builder.client, "AdminAccounts", json!({"id": account}), &["balance"]).await?;
        Ok(rows.into_iter().next().and_then(|mut row| row.fields.remove("balance")))
    }
}

/// Holds the reply to what is about its shape, and to values that the call itself gave.
fn hold(
    exchange: &Exchange,
    checks: &[Check],
    page: &Chain,
    bound: &Chain,
    row: &Bindings,
    faults: &mut Vec<Fault>,
) -> Option<Value> {
    let Ok(reply) = exchange.answer.json() else {
        let text = String::from_utf8_lossy(&exchange.answer.body);
        faults.push(Fault::NotJson { status: exchange.answer.status, begins: cut(&text, 200) });
        return None;
    };
    if let Some(error) = check::error_of(&reply) {
        faults.push(Fault::Reply { turn: None, mismatch: Mismatch::refusal("error", error) });
        return None;
    }
    for check in checks.iter().filter(|check| !check.at.starts_with("/result") || answers_an_object(bound)) {
        let Some(check) = bound_check(check, page, bound, row) else { continue };
        if check.equals.as_ref().is_some_and(|expected| same(reply.pointer(&check.at), expected)) {
            continue;
        }
        if let Err(mismatch) = check::hold(&check, &reply, &Bindings::default()) {
            faults.push(Fault::Reply { turn: None, mismatch });
        }
    }
    Some(reply)
}

/// Whether the page says what the call answers: an object. What a method of a model's own answers is nowhere said; what it
/// does is looked at afterwards.
fn answers_an_object(chain: &Chain) -> bool {
    let last = chain.links.last().map(|link| link.method.as_str());
    matches!(last, Some("objects.create" | "objects.get" | "set" | "save"))
}

/// The check as it is about the sandbox's object; nothing if it is about the page's data.
fn bound_check(check: &Check, page: &Chain, bound: &Chain, row: &Bindings) -> Option<Check> {
    if check.kind.is_some() || check.keys.is_some() || check.absent.is_some() || check.at == "/result/model" {
        return Some(check.clone());
    }
    let expected = row.value(check.equals.as_ref()?);
    let column = check.at.strip_prefix("/result/fields/")?;
    // Only where the page's own argument is what the page expects back.
    let links = page
        .links
        .iter()
        .zip(&bound.links)
        .filter(|(link, _)| matches!(link.method.as_str(), "set" | "objects.create"));
    let (_, ours) = links
        .flat_map(|(page, bound)| page.args.iter().map(|(name, value)| (name, value, bound.args.get(name))))
        .find(|(name, value, _)| (*name == column || format!("{name}_id") == column) && same_text(value, &expected))
        .map(|(_, value, ours)| (value, ours))?;
    let ours = match (&expected, ours?) {
        (Value::Number(_), Value::String(text)) => {
            text.parse::<i64>().map_or_else(|_| text.as_str().into(), Value::from)
        }
        (Value::String(_), Value::Number(number)) => number.to_string().into(),
        (_, value) => value.clone(),
    };
    Some(Check { equals: Some(ours), ..check.clone() })
}

fn same_text(left: &Value, right: &Value) -> bool {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text(left) == text(right)
}

/// The same value, however it is spelled: a number as a text or with more decimals, a flag as `true`.
fn same(found: Option<&Value>, expected: &Value) -> bool {
    let same_number = |found| money::units(found).is_some_and(|found| money::units(expected) == Some(found));
    found.is_some_and(|found| found == expected || same_text(found, expected) || same_number(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_the_same_however_it_is_spelled() {
        for (found, expected) in [
            (json!(true), json!(1)),
            (json!(false), json!(0)),
            (json!("-5000.00"), json!("-5000")),
            (json!(-5000.0), json!("-5000")),
            (json!("1"), json!(1)),
            (json!(null), json!(null)),
        ] {
            assert!(same(Some(&found), &expected), "{found} {expected}");
        }
        for (found, expected) in [
            (json!(true), json!(0)),
            (json!("-5000.01"), json!("-5000")),
            (json!(null), json!(0)),
            (json!(""), json!(0)),
        ] {
            assert!(!same(Some(&found), &expected), "{found} {expected}");
        }
        assert!(!same(None, &json!(null)));
    }
}
