//! The objects of a sandbox: which rows of the server they point at, how they are created, and that they have come true.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::SandboxError;
use super::journal::Entry;
use super::{Patience, Sandbox};
use crate::ask::{self, AskError, Row};
use crate::chain::Chain;
use crate::exchange::key;
use crate::target::Client;

/// Shared rows of which the sandbox's objects may point at a few.
const BORROWED: [&str; 14] = [
    "Tarif",
    "Usluga",
    "ObjectStatuses",
    "Operators",
    "DjangoUsersProfile",
    "OperationTypes",
    "AdminMsg",
    "MsgTypes",
    "UslugaRangeTypes",
    "IpPull",
    "SnatPull",
    "Nas",
    "Switch",
    "SwitchPorts",
];
/// How many of each.
const MOST: usize = 8;

/// The models whose objects bear a name that the sandbox gives, and where it stands.
pub(super) const NAMED: [(&str, &str); 4] =
    [("Abonents", "name"), ("Users", "login"), ("Homes", "street"), ("UserAttributes", "name")];

/// What a sandbox works with.
#[derive(Debug)]
pub struct Builder<'a> {
    /// The server.
    pub client: &'a Client,
    /// What belongs to the sandbox.
    pub sandbox: &'a Sandbox,
    /// How long to wait.
    pub patience: &'a Patience,
}

/// A subscriber of the sandbox with its account.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subscriber {
    /// Its key.
    pub pk: i64,
    /// Its personal account.
    pub account: Option<i64>,
    /// Its contract number.
    pub contract: String,
}

/// The objects of a sandbox.
#[derive(Clone, Debug, Default)]
pub struct Estate {
    /// Shared rows, by model.
    pub borrowed: BTreeMap<String, Vec<i64>>,
    /// The folder.
    pub folder: i64,
    /// The subscriber in it.
    pub subscriber: Subscriber,
    /// Its user.
    pub user: i64,
    /// A home.
    pub home: i64,
    /// An attribute.
    pub attribute: i64,
}

impl Builder<'_> {
    /// Creates the folder, a home, an attribute, and the subscriber with a user, each seen to be there.
    ///
    /// # Errors
    /// See [`SandboxError`]; what was created until then is listed in the file.
    pub async fn build(&self) -> Result<Estate, SandboxError> {
        self.sound_out().await?;
        let mut estate = Estate { borrowed: self.borrow().await?, ..Estate::default() };
        if estate.borrowed.get("Tarif").is_none_or(Vec::is_empty) {
            return Err(SandboxError::Lacks("the server shows no tariff for its subscriber".into()));
        }
        estate.folder = self.folder().await?;
        estate.home = self.home().await?;
        estate.attribute = self.attribute().await?;
        for (model, pk) in [("Abonents", estate.folder), ("Homes", estate.home), ("UserAttributes", estate.attribute)] {
            self.see(model, pk).await?;
        }
        estate.subscriber = self.subscriber(&estate).await?;
        estate.user = self.user(estate.subscriber.pk).await?;
        self.see("Users", estate.user).await?;
        Ok(estate)
    }

    /// Whether the server does what the sandbox's safety rests on, and which keys it has given before.
    async fn sound_out(&self) -> Result<(), SandboxError> {
        for (model, key) in NAMED {
            let by = json!({ key: self.sandbox.name() });
            let found = ask::count(self.client, model, by.clone()).await?;
            if found != 0 {
                return Err(SandboxError::Lacks(format!(
                    "{model} objects.filter({by}) finds {found} rows where there can be none: the server ignores the condition, \
                     and what the sandbox made could not be told from what it did not"
                )));
            }
        }
        let mut newest = BTreeMap::new();
        for model in &self.sandbox.schema().models {
            // A model that the server does not show has no object that the sandbox could take in.
            match ask::newest(self.client, &model.name).await {
                Ok(pk) => drop(newest.insert(model.name.clone(), pk.unwrap_or(i64::MIN))),
                Err(AskError::Answer { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.sandbox.scope(|scope| scope.note_newest(newest.clone()));
        Ok(self.sandbox.note(&Entry::Before { newest })?)
    }

    /// Chooses the shared rows, and the folder to lie in.
    async fn borrow(&self) -> Result<BTreeMap<String, Vec<i64>>, SandboxError> {
        let mut borrowed = BTreeMap::new();
        for model in BORROWED {
            // What this server does not have or does not show is left out; examples that need it are not run.
            let found = match ask::some(self.client, model, "id", &Map::new(), &["id"]).await {
                Ok(rows) => rows,
                Err(AskError::Answer { .. }) => Vec::new(),
                Err(error) => return Err(error.into()),
            };
            let mut keys: Vec<i64> = found.iter().map(|row| row.pk).collect();
            keys.sort_by_key(|pk| (*pk < 0, *pk));
            keys.truncate(MOST);
            self.sandbox.scope(|scope| keys.retain(|pk| scope.borrow(model, *pk)));
            borrowed.insert(model.to_owned(), keys);
        }
        let top = json!({"parent__isnull": true, "is_folder": 1, "deleted": 0});
        let top = top.as_object().cloned().unwrap_or_default();
        let folders = ask::some(self.client, "Abonents", "id", &top, &["id"]).await?;
        let root = folders.iter().map(|row| row.pk).min();
        self.sandbox.scope(|scope| scope.lie_in(root));
        Ok(borrowed)
    }

    async fn folder(&self) -> Result<i64, SandboxError> {
        let name = self.sandbox.name();
        self.patience.say(&format!("creating the folder {name}"));
        let mut args = json!({"name": name, "is_folder": 1});
        if let Some(root) = self.sandbox.scope(|scope| scope.root()) {
            args["parent_id"] = root.into();
        }
        self.create("Abonents", args).await.map(|row| row.pk)
    }

    /// Creates a home.
    ///
    /// # Errors
    /// See [`SandboxError`].
    pub async fn home(&self) -> Result<i64, SandboxError> {
        let street = self.sandbox.name();
        self.patience.say(&format!("creating the home {street}"));
        let args = json!({"city": "carbon-harness", "street": street, "s_number": "1"});
        self.create("Homes", args).await.map(|row| row.pk)
    }

    async fn attribute(&self) -> Result<i64, SandboxError> {
        let name = self.sandbox.name();
        self.patience.say(&format!("creating the attribute {name}"));
        self.create("UserAttributes", json!({"name": name})).await.map(|row| row.pk)
    }

    /// Creates a subscriber in the sandbox's folder, and waits until it is there.
    ///
    /// # Errors
    /// See [`SandboxError`].
    pub async fn subscriber(&self, estate: &Estate) -> Result<Subscriber, SandboxError> {
        let name = self.sandbox.name();
        self.patience.say(&format!("creating the subscriber {name}"));
        let tarif = estate.borrowed.get("Tarif").and_then(|keys| keys.first());
        let args = json!({"name": name, "contract_number": name, "parent_id": estate.folder, "tarif_id": tarif, "home_id": estate.home});
        let pk = self.create("Abonents", args).await?.pk;
        let row = self.see("Abonents", pk).await?;
        let account = row.fields.get("account_id").and_then(key);
        if let Some(account) = account {
            // Only an account that nobody else shares is the sandbox's.
            let shared = json!({"account_id": account});
            let holders = ask::count(self.client, "Abonents", shared).await?;
            let ours = ask::count(self.client, "Abonents", json!({"account_id": account, "pk": pk})).await?;
            if (holders, ours) != (1, 1) {
                return Err(SandboxError::Lacks(format!(
                    "the new subscriber's account {account} belongs to {holders} subscribers, of whom it is {ours}"
                )));
            }
            if !self.sandbox.scope(|scope| scope.own_new("AdminAccounts", account)) {
                return Err(SandboxError::Lacks(format!("the new subscriber's account {account} is an old one")));
            }
            self.sandbox.note(&Entry::Along { model: "AdminAccounts".to_owned(), pk: account })?;
        }
        Ok(Subscriber { pk, account, contract: name })
    }

    /// Creates a user of a subscriber.
    ///
    /// # Errors
    /// See [`SandboxError`].
    pub async fn user(&self, subscriber: i64) -> Result<i64, SandboxError> {
        let login = self.sandbox.name();
        self.patience.say(&format!("creating the user {login}"));
        self.create("Users", json!({"abonent_id": subscriber, "login": login})).await.map(|row| row.pk)
    }

    /// Waits until every change asked for so far has been made: tasks run in the order of their requests, so one more,
    /// whose effect can be read, comes last.
    ///
    /// # Errors
    /// See [`SandboxError`].
    pub async fn fence(&self, estate: &Estate) -> Result<(), SandboxError> {
        let city = self.sandbox.name();
        let home = || Chain::on("Homes").then("objects.get", json!({"id": estate.home}));
        ask::result(self.client, &home().then("set", json!({"city": city})).then("save", json!({}))).await?;
        let seen = self.patience.until(async || {
            let rows = ask::rows(self.client, "Homes", json!({"pk": estate.home}), &["city"]).await?;
            let there = rows.iter().any(|row| row.fields.get("city").and_then(Value::as_str) == Some(&city));
            Ok(there.then_some(()))
        });
        let late = || SandboxError::Late { what: "the last change".into(), seconds: self.patience.deadline.as_secs() };
        seen.await?.ok_or_else(late)
    }

    /// Creates an object. It may not be there yet.
    ///
    /// # Errors
    /// See [`SandboxError`].
    pub async fn create(&self, model: &str, args: Value) -> Result<Row, SandboxError> {
        let result = ask::result(self.client, &Chain::on(model).then("objects.create", args)).await?;
        let pk = result.get("pk").and_then(key);
        let pk = pk.ok_or_else(|| AskError::Answer {
            what: format!("{model} objects.create"),
            answer: "an object without a key".into(),
        })?;
        Ok(Row { pk, fields: result.get("fields").and_then(Value::as_object).cloned().unwrap_or_default() })
    }

    /// Waits until an object is there.
    ///
    /// # Errors
    /// See [`SandboxError`].
    pub async fn appear(&self, model: &str, pk: i64) -> Result<Row, SandboxError> {
        let what = format!("{model} {pk}");
        let one = async || {
            let rows = ask::rows(self.client, model, json!({"pk": pk}), &[]).await?;
            Ok(rows.into_iter().find(|row| row.pk == pk))
        };
        let row = self.patience.until(one).await?;
        let row = row.ok_or(SandboxError::Late { what, seconds: self.patience.deadline.as_secs() })?;
        Ok(row)
    }

    /// Waits until an object that the sandbox has just created is there, and sees that it bears the sandbox's name.
    ///
    /// # Errors
    /// See [`SandboxError`].
    pub async fn see(&self, model: &str, pk: i64) -> Result<Row, SandboxError> {
        let row = self.appear(model, pk).await?;
        let Some((_, named)) = NAMED.iter().find(|(named, _)| *named == model) else {
            return Err(SandboxError::Lacks(format!("a {model} bears no name of the sandbox's")));
        };
        let name = row.fields.get(*named).filter(|name| self.sandbox.scope(|scope| scope.is_marked(name)));
        let Some(name) = name.cloned() else {
            return Err(SandboxError::Lacks(format!(
                "the server says that it created {model} {pk}, but that row bears another name"
            )));
        };
        self.take_in(model, row, named, name).await
    }

    /// Waits until an object that was created for a subscriber is there, and sees that it hangs on it.
    ///
    /// # Errors
    /// See [`SandboxError`].
    pub async fn see_hanging(&self, model: &str, pk: i64, subscriber: i64) -> Result<Row, SandboxError> {
        let row = self.appear(model, pk).await?;
        if row.fields.get("abonent_id").and_then(key) != Some(subscriber) {
            return Err(SandboxError::Lacks(format!(
                "the server says that it created {model} {pk} for Abonents {subscriber}, but that row is another's"
            )));
        }
        self.take_in(model, row, "abonent_id", subscriber.into()).await
    }

    /// Takes in an object that shows by a field that it is the sandbox's: if it is found by that, too, and was not there
    /// before. What a row says and what a condition finds come from different ends of a server.
    ///
    /// # Errors
    /// See [`SandboxError`].
    pub async fn take_in(&self, model: &str, row: Row, by: &str, value: Value) -> Result<Row, SandboxError> {
        let pk = row.pk;
        let found = ask::count(self.client, model, json!({"pk": pk, by: value})).await?;
        if found != 1 {
            return Err(SandboxError::Lacks(format!(
                "the server shows {model} {pk} with {by} {value}, but does not find it by that"
            )));
        }
        match self.sandbox.scope(|scope| scope.own_new(model, pk)) {
            true => Ok(row),
            false => Err(SandboxError::Lacks(format!("{model} {pk} was there before the sandbox was"))),
        }
    }
}
