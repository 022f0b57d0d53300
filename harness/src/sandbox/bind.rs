//! Turns a documented write into the same call on the sandbox's objects: ids of the page become ids of the sandbox, rows
//! that everybody shares become rows of this server, names become marked ones.

use std::collections::BTreeMap;

use carbon_specs::schema::Model;
use carbon_specs::{Contract, Schema};
use serde_json::{Map, Value, json};

use super::SandboxError;
use super::estate::{Builder, Estate, Subscriber};
use super::suid;
use crate::ask::{self, AskError};
use crate::chain::Chain;
use crate::exchange::key;

/// Why a call is not run.
#[derive(Debug)]
pub enum Unbound {
    /// It cannot be bound to the sandbox.
    Reason(String),
    /// What it needs could not be put in place.
    Trouble(SandboxError),
}

impl From<SandboxError> for Unbound {
    fn from(error: SandboxError) -> Self {
        Self::Trouble(error)
    }
}

impl From<AskError> for Unbound {
    fn from(error: AskError) -> Self {
        Self::Trouble(error.into())
    }
}

fn reason<T>(text: impl Into<String>) -> Result<T, Unbound> {
    Err(Unbound::Reason(text.into()))
}

/// Arguments of methods that point somewhere.
const POINTING: [(&str, &str); 4] =
    [("usluga_id", "Usluga"), ("status_id", "ObjectStatuses"), ("tmpl_id", "AdminMsg"), ("target", "Abonents")];

/// Binds the calls of one example.
#[derive(Debug)]
pub struct Binder<'a> {
    pub(super) builder: &'a Builder<'a>,
    pub(super) estate: &'a mut Estate,
    pub(super) contract: &'a Contract,
    /// The subscriber that this example works on; a fresh one where the example would use it up.
    pub(super) subscriber: Subscriber,
    /// Its user.
    pub(super) user: i64,
    /// Page's values that were given a value of the server, so that a value stays the same throughout the example.
    given: BTreeMap<(String, String), Value>,
}

impl<'a> Binder<'a> {
    /// A binder for one example.
    pub fn new(builder: &'a Builder<'a>, estate: &'a mut Estate, contract: &'a Contract) -> Self {
        let (subscriber, user) = (estate.subscriber.clone(), estate.user);
        Self { builder, estate, contract, subscriber, user, given: BTreeMap::new() }
    }

    fn schema(&self) -> &'a Schema {
        &self.contract.schema
    }

    /// The call on the sandbox's objects.
    ///
    /// # Errors
    /// Why it cannot be.
    pub async fn bind(&mut self, mut chain: Chain) -> Result<Chain, Unbound> {
        let schema = self.schema();
        let Some(model) = schema.model(&chain.model) else { return reason("the contract has no such model") };
        let methods: Vec<String> = chain.links.iter().map(|link| link.method.clone()).collect();
        let Some((first, rest)) = chain.links.split_first_mut() else { return reason("the call names no method") };
        match first.method.as_str() {
            "objects.create" => first.args = self.values(model, &first.args, true).await?,
            "objects.get" => first.args = self.select(model, &first.args, &methods).await?,
            cabinet if cabinet.starts_with("web_cabinet.") => {
                if first.args.contains_key("promise_pay_id") {
                    return reason("which services are promised payments is not known");
                }
                let Some(suid) = first.args.get_mut("suid") else {
                    return reason("it needs a code that is sent to the subscriber's phone");
                };
                *suid = self.session().await?.into();
                first.args = self.arguments(&first.args).await?;
            }
            other => return reason(format!("`{other}` can touch more than objects of the sandbox")),
        }
        for link in rest {
            link.args = match link.method.as_str() {
                "set" => self.values(model, &link.args, false).await?,
                "save" | "delete" => link.args.clone(),
                _ => self.arguments(&link.args).await?,
            };
        }
        Ok(chain)
    }

    /// The arguments of a method.
    async fn arguments(&mut self, args: &Map<String, Value>) -> Result<Map<String, Value>, Unbound> {
        let mut bound = args.clone();
        for (argument, value) in &mut bound {
            if let Some((_, model)) = POINTING.iter().find(|(name, _)| name == argument) {
                *value = match *model {
                    "Abonents" => self.estate.folder.into(),
                    model => self.lend(model, value).await?,
                };
            } else if argument == "admin_username" {
                *value = self.administrator(value).await?;
            }
        }
        Ok(bound)
    }

    /// The values of `set` or `create`.
    async fn values(
        &mut self,
        model: &Model,
        args: &Map<String, Value>,
        new: bool,
    ) -> Result<Map<String, Value>, Unbound> {
        let mut bound = Map::new();
        for (argument, value) in args {
            let Some(field) = model.field(argument) else {
                return reason(format!("{} has no `{argument}`", model.name));
            };
            let named = matches!(
                (model.name.as_str(), field.name.as_str()),
                ("Abonents", "name" | "contract_number") | ("Users", "login") | ("Homes", "street")
            );
            let value = match field.to {
                _ if named && !new => {
                    return reason(format!("without its {argument}, the object could not be recognised"));
                }
                _ if named => self.builder.sandbox.name().into(),
                Some(_) if value.is_null() => Value::Null,
                Some(to) => self.point(self.schema().at(to), field.name.as_str(), value).await?,
                None => value.clone(),
            };
            bound.insert(argument.clone(), value);
        }
        Ok(bound)
    }

    /// The object of the sandbox, or the row of the server, that stands for the page's.
    async fn point(&mut self, target: &Model, field: &str, page: &Value) -> Result<Value, Unbound> {
        Ok(match (target.name.as_str(), field) {
            ("Abonents", "parent") => self.estate.folder.into(),
            ("Abonents", _) => self.subscriber.pk.into(),
            ("Users", _) => self.user.into(),
            ("Homes", _) => self.estate.home.into(),
            ("UserAttributes", _) => self.estate.attribute.into(),
            ("AdminAccounts", _) => match self.subscriber.account {
                Some(account) => account.into(),
                None => return reason("the sandbox's subscriber shows no account"),
            },
            (model, _) => self.lend(model, page).await?,
        })
    }

    /// A row that everybody shares: for each of the page's values another one, as far as there are some.
    async fn lend(&mut self, model: &str, page: &Value) -> Result<Value, Unbound> {
        let text = page.as_str().map_or_else(|| page.to_string(), str::to_owned);
        if let Some(known) = self.given.get(&(model.to_owned(), text.clone())) {
            return Ok(known.clone());
        }
        let mut keys = self.estate.borrowed.get(model).cloned().unwrap_or_default();
        if model == "Usluga" {
            // What the subscriber has already is not connected again.
            let filter = json!({"abonent_id": self.subscriber.pk});
            let links = ask::rows(self.builder.client, "UsersUsluga", filter, &[]).await?;
            let there: Vec<i64> = links.iter().filter_map(|row| row.fields.get("usluga_id").and_then(key)).collect();
            keys.retain(|pk| !there.contains(pk));
        }
        let used = self.given.keys().filter(|(known, _)| known == model).count();
        // The first tariff is the one that the subscriber has.
        let skip = used + usize::from(model == "Tarif" && keys.len() > 1);
        let Some(pk) = keys.get(skip % keys.len().max(1)) else {
            return reason(format!("the server shows no {model} to bind {page} to"));
        };
        self.given.insert((model.to_owned(), text), (*pk).into());
        Ok((*pk).into())
    }

    async fn administrator(&mut self, page: &Value) -> Result<Value, Unbound> {
        let Some(pk) = self.estate.borrowed.get("DjangoUsersProfile").and_then(|keys| keys.first()) else {
            return Ok(page.clone());
        };
        let found = ask::rows(self.builder.client, "DjangoUsersProfile", json!({"id": pk}), &["username"]).await;
        let name =
            found.ok().and_then(|rows| rows.into_iter().next()).and_then(|row| row.fields.get("username").cloned());
        Ok(name.filter(Value::is_string).unwrap_or_else(|| page.clone()))
    }

    /// The conditions of a `get`, on an object of the sandbox; makes one where there is none to use up.
    async fn select(
        &mut self,
        model: &Model,
        conditions: &Map<String, Value>,
        methods: &[String],
    ) -> Result<Map<String, Value>, Unbound> {
        let has = |method: &str| methods.iter().any(|known| known == method);
        let builder = self.builder;
        let pk = match model.name.as_str() {
            "Abonents" => {
                if has("delete") || has("restore") {
                    self.subscriber = builder.subscriber(self.estate).await?;
                }
                if has("restore") {
                    self.trash().await?;
                }
                self.subscriber.pk
            }
            "Users" => {
                let by_key = conditions.keys().any(|path| path == "pk" || *path == model.pk_field().name);
                if !by_key {
                    // Found by its subscriber, it must be the only one.
                    self.subscriber = builder.subscriber(self.estate).await?;
                }
                if has("delete") || !by_key {
                    self.user = builder.user(self.subscriber.pk).await?;
                    builder.see("Users", self.user).await?;
                }
                self.user
            }
            "Homes" if has("delete") => {
                let home = builder.home().await?;
                builder.see("Homes", home).await?;
                home
            }
            "Homes" => self.estate.home,
            "UserAttributes" => self.estate.attribute,
            "AdminAccounts" => match self.subscriber.account {
                Some(account) => account,
                None => return reason("the sandbox's subscriber shows no account"),
            },
            "UsersUsluga" | "AttributeValues" => self.hang(&model.name).await?,
            "AbonentsBlock" | "AbonentsBlockHistory" | "FinanceOperations" | "ArchAccountStack" => {
                self.book(&model.name).await?
            }
            other => return reason(format!("a row of {other} is everybody's")),
        };
        let mut bound = Map::new();
        for (path, value) in conditions {
            let contract = model.name == "Abonents" && path == "contract_number";
            let value = match path.as_str() {
                _ if contract => self.subscriber.contract.clone().into(),
                "account_id_abonents" => self.subscriber.pk.into(),
                "pk" => pk.into(),
                path if path == model.pk_field().name => pk.into(),
                path => match model.field(path).and_then(|field| Some((field, field.to?))) {
                    // Of the object itself: that is what is selected.
                    Some((field, _)) => {
                        let row = builder.appear(&model.name, pk).await?;
                        row.fields.get(&field.column).cloned().unwrap_or_else(|| value.clone())
                    }
                    None => return reason(format!("`{path}` cannot be bound to the sandbox")),
                },
            };
            bound.insert(path.clone(), value);
        }
        Ok(bound)
    }

    /// Puts the subscriber into the trash.
    async fn trash(&mut self) -> Result<(), Unbound> {
        let pk = self.subscriber.pk;
        let chain = Chain::on("Abonents").then("objects.get", json!({"id": pk})).then("delete", json!({}));
        ask::result(self.builder.client, &chain).await?;
        let builder = self.builder;
        let seen = builder.patience.until(async || {
            let rows = ask::rows(builder.client, "Abonents", json!({"pk": pk}), &["deleted"]).await?;
            Ok(rows.iter().all(ask::Row::is_deleted).then_some(()))
        });
        match seen.await? {
            Some(()) => Ok(()),
            None => reason("the subscriber to be restored did not come into the trash"),
        }
    }

    /// A connected service or an attribute's value of the subscriber, fresh.
    async fn hang(&mut self, model: &str) -> Result<i64, Unbound> {
        let args = if model == "UsersUsluga" {
            let usluga = self.lend("Usluga", &"a service of its own".into()).await?;
            let manager = self.estate.borrowed.get("DjangoUsersProfile").and_then(|keys| keys.first());
            json!({"abonent_id": self.subscriber.pk, "usluga_id": usluga, "manager_id": manager})
        } else {
            json!({"abonent_id": self.subscriber.pk, "attribute_id": self.estate.attribute, "attribute_value": "300"})
        };
        let pk = self.builder.create(model, args).await?.pk;
        self.builder.see_hanging(model, pk, self.subscriber.pk).await?;
        Ok(pk)
    }

    /// A row that the billing itself writes for the subscriber when something is done to it.
    async fn book(&mut self, model: &str) -> Result<i64, Unbound> {
        let pk = self.subscriber.pk;
        let on = || Chain::on("Abonents").then("objects.get", json!({"id": pk}));
        let steps = match model {
            "FinanceOperations" => vec![on().then("add_payment", json!({"SUM_IN": "10"}))],
            "ArchAccountStack" => {
                let args = json!({"bonus_score": 1000, "abonent_id": pk, "account_id": self.subscriber.account});
                vec![Chain::on("AccountStack").then("objects.create", args)]
            }
            "AbonentsBlock" => vec![on().then("block", json!({"comment": "carbon-harness"}))],
            _ => vec![on().then("block", json!({"comment": "carbon-harness"})), on().then("unblock", json!({}))],
        };
        for step in steps {
            ask::result(self.builder.client, &step).await?;
            self.builder.fence(self.estate).await?;
        }
        let rows = ask::rows(self.builder.client, model, json!({"abonent_id": pk}), &[]).await?;
        let own = rows.into_iter().filter(|row| row.fields.get("abonent_id").and_then(key) == Some(pk));
        match own.max_by_key(|row| row.pk) {
            Some(row) => Ok(self.builder.take_in(model, row, "abonent_id", pk.into()).await?.pk),
            None => reason(format!("the server wrote no {model} for the sandbox's subscriber")),
        }
    }

    /// A cabinet session of the sandbox's user.
    async fn session(&mut self) -> Result<String, Unbound> {
        let chain = Chain::on("Users")
            .then("objects.get", json!({"id": self.user}))
            .then("get_or_create_dynamic_session", json!({}));
        let result = ask::result(self.builder.client, &chain).await?;
        let Some(suid) = result.pointer("/fields/suid").and_then(Value::as_str) else {
            return reason("the server answered a session without its suid");
        };
        self.builder.fence(self.estate).await?;
        suid::take_in(self.builder, suid, self.user, self.subscriber.pk).await?;
        Ok(suid.to_owned())
    }
}
