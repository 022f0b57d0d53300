//! Takes away what a sandbox's file lists, and sees that it is gone. Can be done any number of times.
//!
//! Objects are found by the names that only this sandbox has given, never by a key alone: keys may have been given to
//! others since. What hangs on a subscriber of the sandbox goes with it.
//!
//! Subscribers and users end in the trash, for the API has no other end for them; the books keep what was booked.

use serde_json::{Value, json};

use super::SandboxError;
use super::estate::NAMED;
use super::journal::{Entry, Listed, Told};
use super::{Patience, Sandbox};
use crate::ask::{self, AskError, Row};
use crate::brief::plural;
use crate::chain::Chain;
use crate::exchange::key;
use crate::target::Client;

/// What a removal came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Removal {
    /// How many listed objects are gone now.
    pub gone: usize,
    /// What is still there, or could not be told.
    pub left: Vec<String>,
    /// What was listed but never came to be, as far as can be seen.
    pub never: Vec<String>,
    /// What came along, and stays in the books: the API has no end for it.
    pub along: Vec<String>,
}

/// What hangs on a subscriber and is removed, in this order; `Users` go to the trash.
const HANGING: [&str; 6] = ["MsgStack", "UsersUsluga", "AttributeValues", "AbonentsBlock", "AccountStack", "Users"];

/// One listed object that is there.
#[derive(Debug)]
struct Found {
    n: u64,
    model: String,
    row: Row,
}

/// Removes everything that the sandbox's file lists, in reverse order, and writes down what is gone.
///
/// # Errors
/// See [`SandboxError`]; what was removed until then is written down.
pub async fn remove(client: &Client, sandbox: &Sandbox, patience: &Patience) -> Result<Removal, SandboxError> {
    let told = sandbox.told()?;
    let remover = Remover { client, sandbox, patience };
    let along = told.along.iter().map(|(model, pk)| format!("{model} {pk}")).collect();
    let mut removal = Removal { along, ..Removal::default() };
    let Search { mut found, missing, refused } = remover.find(&told).await?;
    removal.left.extend(refused);
    for listed in missing {
        if listed.expected && listed.pk.is_none() {
            removal.never.push(listed.to_string());
        }
        sandbox.note(&Entry::Removed { n: listed.n })?;
        removal.gone += 1;
    }
    // Reverse order of creation: users before subscribers, subscribers before their folder.
    found.sort_by_key(|found| std::cmp::Reverse(found.n));
    for Found { n, model, row } in &found {
        match remover.remove(model, row).await {
            Ok(()) => {
                sandbox.note(&Entry::Removed { n: *n })?;
                removal.gone += 1;
            }
            Err(SandboxError::Asked(AskError::Target(error))) => return Err(error.into()),
            Err(SandboxError::Journal(error)) => return Err(error.into()),
            Err(error) => removal.left.push(format!("{model} {}: {error}", row.pk)),
        }
    }
    // The rest hung on subscribers, which are gone with all that hung on them.
    for listed in told.objects.iter().filter(|listed| !listed.gone && !is_named(&listed.model)) {
        if removal.left.is_empty() {
            sandbox.note(&Entry::Removed { n: listed.n })?;
            removal.gone += 1;
        }
    }
    if removal.left.is_empty() {
        sandbox.note(&Entry::Done)?;
    }
    Ok(removal)
}

/// What became of the listed objects.
#[derive(Default)]
struct Search<'t> {
    found: Vec<Found>,
    missing: Vec<&'t Listed>,
    /// Those that cannot be told from others' objects here.
    refused: Vec<String>,
}

struct Remover<'a> {
    client: &'a Client,
    sandbox: &'a Sandbox,
    patience: &'a Patience,
}

impl Remover<'_> {
    /// Which named objects are there. One whose creation was asked for may still wait in the server's queue: it is
    /// looked for until the deadline.
    async fn find<'t>(&self, told: &'t Told) -> Result<Search<'t>, SandboxError> {
        let mut search = Search {
            missing: told.objects.iter().filter(|listed| !listed.gone && is_named(&listed.model)).collect(),
            ..Search::default()
        };
        if search.missing.is_empty() {
            return Ok(search);
        }
        let wanted = plural(search.missing.len(), "object", "objects");
        self.patience.say(&format!("looking for {wanted} of the sandbox"));
        self.patience
            .until(async || {
                let wanted = std::mem::take(&mut search.missing);
                for listed in wanted {
                    match self.named(listed).await {
                        Ok(rows) if rows.is_empty() => search.missing.push(listed),
                        Ok(rows) => {
                            for row in rows {
                                self.sandbox.own(listed.n, &listed.model, row.pk);
                                search.found.push(Found { n: listed.n, model: listed.model.clone(), row });
                            }
                        }
                        Err(error @ SandboxError::Stranger { .. }) => {
                            search.refused.push(format!("{listed}: {error}"));
                        }
                        Err(error) => return Err(error),
                    }
                }
                Ok((!search.missing.iter().any(|listed| listed.expected)).then_some(()))
            })
            .await?;
        Ok(search)
    }

    /// The rows that bear a listed object's name.
    async fn named(&self, listed: &Listed) -> Result<Vec<Row>, SandboxError> {
        let ours =
            !listed.by.is_empty() && self.sandbox.scope(|scope| listed.by.values().all(|name| scope.is_marked(name)));
        if !ours {
            return Err(SandboxError::Lacks(format!("the file lists {listed}, which is no name of its run")));
        }
        let rows = ask::rows(self.client, &listed.model, Value::Object(listed.by.clone()), &[]).await?;
        let bears = |row: &Row| listed.by.iter().all(|(key, name)| row.fields.get(key) == Some(name));
        self.all_ours(&listed.model, rows, bears)
    }

    /// The rows, if each of them is what was asked for, and newer than all that was there before the sandbox. A server that
    /// ignores a condition answers rows of others, and not one of its answers can be relied on.
    fn all_ours(&self, model: &str, rows: Vec<Row>, is_ours: impl Fn(&Row) -> bool) -> Result<Vec<Row>, SandboxError> {
        let is_old = |row: &Row| self.sandbox.scope(|scope| scope.is_old(model, row.pk));
        match rows.iter().find(|row| !is_ours(row) || is_old(row)) {
            Some(stranger) => Err(SandboxError::Stranger { model: model.to_owned(), pk: stranger.pk }),
            None => Ok(rows),
        }
    }

    async fn remove(&self, model: &str, row: &Row) -> Result<(), SandboxError> {
        if model == "Abonents" && !is_folder(row) { self.subscriber(row).await } else { self.object(model, row).await }
    }

    /// A subscriber goes with everything that hangs on it. What a late task hung on it is taken away one by one.
    async fn subscriber(&self, row: &Row) -> Result<(), SandboxError> {
        if !row.is_deleted() {
            self.patience.say(&format!("removing Abonents {}", row.pk));
            let object =
                |args: Value| Chain::on("Abonents").then("objects.get", json!({"id": row.pk})).then("delete", args);
            match ask::result(self.client, &object(json!({"clean_links": true}))).await {
                // A server that cannot break the links puts it into the trash all the same.
                Err(AskError::Answer { .. }) => ask::result(self.client, &object(json!({}))).await?,
                other => other?,
            };
            self.vanish("Abonents", row.pk).await?;
        }
        for model in HANGING {
            for left in self.hanging(model, row.pk).await? {
                self.sandbox.scope(|scope| scope.own(model, left.pk));
                self.object(model, &left).await?;
            }
        }
        Ok(())
    }

    /// What hangs on a subscriber and is not in the trash.
    async fn hanging(&self, model: &str, subscriber: i64) -> Result<Vec<Row>, SandboxError> {
        match ask::rows(self.client, model, json!({"abonent_id": subscriber}), &[]).await {
            Ok(rows) => {
                let hangs = |row: &Row| row.fields.get("abonent_id").and_then(key) == Some(subscriber);
                let rows = self.all_ours(model, rows, hangs)?;
                Ok(rows.into_iter().filter(|row| !row.is_deleted()).collect())
            }
            // A server without the model has nothing of it.
            Err(AskError::Answer { .. }) if model != "Users" && model != "UsersUsluga" => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    async fn object(&self, model: &str, row: &Row) -> Result<(), SandboxError> {
        if row.is_deleted() {
            return Ok(());
        }
        self.patience.say(&format!("removing {model} {}", row.pk));
        let args = if model == "Users" { json!({"clean_links": true}) } else { json!({}) };
        let chain = Chain::on(model).then("objects.get", json!({"id": row.pk})).then("delete", args);
        ask::result(self.client, &chain).await?;
        self.vanish(model, row.pk).await
    }

    /// Waits until an object is gone, or in the trash.
    async fn vanish(&self, model: &str, pk: i64) -> Result<(), SandboxError> {
        let gone = self
            .patience
            .until(async || {
                let rows = ask::rows(self.client, model, json!({"pk": pk}), &[]).await?;
                Ok(rows.iter().all(Row::is_deleted).then_some(()))
            })
            .await?;
        gone.ok_or_else(|| SandboxError::Late {
            what: format!("the removal of {model} {pk}"),
            seconds: self.patience.deadline.as_secs(),
        })
    }
}

/// The models found by name; objects of the others hang on a subscriber.
fn is_named(model: &str) -> bool {
    NAMED.iter().any(|(named, _)| *named == model)
}

fn is_folder(row: &Row) -> bool {
    match row.fields.get("is_folder") {
        Some(Value::Bool(folder)) => *folder,
        Some(value) => key(value) == Some(1),
        None => false,
    }
}
