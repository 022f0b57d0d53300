//! A small world for the tests of this layer: the contract's models with a few rows, or with the whole demo data.

use std::sync::Arc;

use carbon_specs::{Contract, Schema, files};
use jiff::civil::{DateTime, date};
use serde_json::{Value as Json, json};

use super::*;
use crate::orm::{Keys, Leases};
use crate::tasks::{Chance, Overlap, Patch};

/// The demo's day.
pub fn now() -> DateTime {
    date(2022, 2, 1).at(10, 0, 0, 0)
}

/// Models and demo rows; without examples, rules and errata, which are checked elsewhere.
fn contract() -> Contract {
    let mut files = files::embedded();
    files.retain(|path, _| !path.starts_with("examples/") && !path.starts_with("rules/") && path != "errata.toml");
    let inventory = files.get_mut("inventory.tsv").expect("there is an inventory");
    *inventory = inventory.lines().next().unwrap_or_default().to_owned() + "\n";
    Contract::load(&files).unwrap_or_else(|error| panic!("{error}"))
}

/// The models.
pub fn schema() -> Arc<Schema> {
    Arc::new(contract().schema)
}

/// A state to call methods on.
pub struct World {
    pub store: Store,
    pub now: DateTime,
    chance: Chance,
    keys: Keys,
    leases: Leases,
}

impl World {
    /// The whole demo.
    pub fn demo() -> Self {
        let contract = contract();
        let schema = Arc::new(contract.schema);
        Self::over(Store::from_rows(&schema, contract.demo, now()).expect("the demo fits"))
    }

    /// These rows, in the format of the state file.
    pub fn of(state: Json) -> Self {
        Self::over(Store::from_state(&schema(), &state, now()).unwrap_or_else(|error| panic!("{error}")))
    }

    /// One tariff, a folder, a subscriber 100 with an account, and a few services.
    pub fn small() -> Self {
        Self::of(json!({
            "Tarif": [{"pk": 1, "fields": {"name": "Основной"}}, {"pk": 2, "fields": {"name": "Другой"}}],
            "ServiceTypes": [{"pk": 0, "fields": {"name": "Стандартный"}}, {"pk": 11, "fields": {"name": "Обещанный"}}],
            "Usluga": [
                {"pk": 5, "fields": {"name": "Интернет", "summa": 500 * RUBLE, "system_type_id": 0}},
                {"pk": 6, "fields": {"name": "Кино", "summa": 100 * RUBLE, "system_type_id": 0, "can_block": 0}},
                {"pk": 7, "fields": {"name": "Скрытая", "summa": RUBLE, "system_type_id": 0, "is_show_web": 0}},
                {"pk": 11, "fields": {"name": "Обещание", "summa": 300 * RUBLE, "system_type_id": 11, "period_days": 3}}
            ],
            "TarifUsersUsluga": [{"pk": 1, "fields": {"tarif_id": 2, "usluga_id": 6}}],
            "OperationTypes": [
                {"pk": 1, "fields": {"name": "Платёж", "is_income": 1}}, {"pk": 5, "fields": {"name": "Счёт"}},
                {"pk": 8, "fields": {"name": "Ввод остатков", "is_income": 1}}
            ],
            "DjangoUsersProfile": [{"pk": 33, "fields": {"username": "root"}}],
            "MsgTypes": [{"pk": 1, "fields": {"name": "SMS"}}, {"pk": 2, "fields": {"name": "E-mail"}}],
            "AdminMsg": [{"pk": 6, "fields": {"name": "Работы", "text": "Ведутся работы"}}],
            "AdminAccounts": [{"pk": 1100, "fields": {"debit": 0}}],
            "IpPull": [{"pk": 3, "fields": {"start_ip": "10.0.0.1", "end_ip": "10.0.0.2"}}],
            "Abonents": [
                {"pk": 1, "fields": {"name": "Все", "is_folder": 1}},
                {"pk": 100, "fields": {"name": "Иванов", "parent_id": 1, "tarif_id": 1, "account_id": 1100,
                    "contract_number": "BILL0000100", "sms": "+79991112233", "email": "ivanov@example.net"}}
            ],
            "Users": [{"pk": 200, "fields": {"abonent_id": 100, "login": "ivanov", "passwd": "secret1"}}]
        }))
    }

    /// A world over this state.
    pub fn over(store: Store) -> Self {
        Self { store, now: now(), chance: Chance::new(1), keys: Keys::default(), leases: Leases::new() }
    }

    /// Runs code in a view of its own; answers what it came to and the changes it asks for.
    pub fn ask<T>(
        &mut self,
        code: impl FnOnce(&mut Tx<'_>) -> Result<T, CallError>,
    ) -> Result<(T, Vec<Change>), CallError> {
        let mut tx = Tx::new(self.store.clone(), self.now, &mut self.chance, &mut self.keys, &mut self.leases, false);
        let value = code(&mut tx)?;
        let changes = tx.changes().to_vec();
        react(&mut tx, &changes)?;
        Ok((value, changes))
    }

    /// Makes changes and what follows from them, as a task does.
    pub fn commit(&mut self, changes: &[Change]) -> Result<(), CallError> {
        self.commit_minded(Overlap::Faithful, changes)
    }

    /// The same, in a world that treats overlaps so.
    pub fn commit_minded(&mut self, overlap: Overlap, changes: &[Change]) -> Result<(), CallError> {
        let mut tx = Tx::new(self.store.clone(), self.now, &mut self.chance, &mut self.keys, &mut self.leases, true);
        for change in changes {
            tx.apply(overlap.made(change))?;
        }
        react(&mut tx, changes)?;
        self.store = tx.finish().view;
        if !changes.is_empty() {
            // As the world does once nothing waits any more.
            self.leases.clear();
        }
        Ok(())
    }

    /// Both at once.
    pub fn run<T>(&mut self, code: impl FnOnce(&mut Tx<'_>) -> Result<T, CallError>) -> Result<T, CallError> {
        let (value, changes) = self.ask(code)?;
        self.commit(&changes)?;
        Ok(value)
    }

    /// Calls a method of an object, by way of the contract's arguments.
    pub fn call(&mut self, model: &str, pk: Pk, method: &str, args: Json) -> Result<Answer, CallError> {
        self.run(|tx| call(tx, model, pk, method, &args))
    }

    /// Calls a method of a model.
    pub fn call_model(&mut self, model: &str, method: &str, args: Json) -> Result<Answer, CallError> {
        self.run(|tx| {
            let id = tx.model(model)?.id;
            model_method(tx, id, method, args.as_object().expect("an object")).expect("the method exists")
        })
    }

    /// Calls a method of the cabinet and decodes what is in the string.
    pub fn cabinet(&mut self, method: &str, args: Json) -> Json {
        match self.call_model("Users", &format!("web_cabinet.{method}"), args) {
            Ok(Answer::Json(Json::Array(list))) => {
                assert_eq!(list.len(), 1, "{list:?}");
                serde_json::from_str(list[0].as_str().expect("a string")).expect("JSON in it")
            }
            other => panic!("{other:?}"),
        }
    }

    /// Sets columns and saves, as `set` and `save` do.
    pub fn save(&mut self, model: &str, pk: Pk, columns: Json) -> Result<(), CallError> {
        self.run(|tx| save(tx, model, pk, &columns))
    }

    /// Creates a row, as `objects.create` does.
    pub fn create(&mut self, model: &str, columns: Json) -> Result<Pk, CallError> {
        self.run(|tx| create(tx, model, &columns))
    }

    /// Lets days pass: the daily run of each.
    pub fn days(&mut self, count: i64) {
        for _ in 0..count {
            self.now = self.now.date().tomorrow().unwrap().at(0, 0, 0, 0);
            let mut tx =
                Tx::new(self.store.clone(), self.now, &mut self.chance, &mut self.keys, &mut self.leases, true);
            daily(&mut tx, self.now.date()).unwrap();
            let finished = tx.finish();
            assert_eq!(finished.failures, []);
            self.store = finished.view;
        }
    }

    /// A column, in the format of the state file.
    pub fn column(&self, model: &str, pk: Pk, column: &str) -> Json {
        let object = look::find(&self.store, model, pk).unwrap().unwrap_or_else(|| panic!("no {model} {pk}"));
        crate::store::value::to_state(object.value(column).unwrap())
    }

    /// How many rows have these columns.
    pub fn count(&self, model: &str, conditions: &[(&str, i64)]) -> usize {
        let conditions: Vec<(&str, Value)> = conditions.iter().map(|(name, value)| (*name, (*value).into())).collect();
        look::all_where(&self.store, model, &conditions).unwrap().len()
    }

    /// A computed property.
    pub fn property(&self, model: &str, pk: Pk, name: &str) -> Json {
        let id = self.store.schema().model(model).unwrap().id;
        property(&self.store, self.now.date(), id, self.store.get(id, pk).unwrap(), name).unwrap()
    }
}

/// Stored units in a ruble.
pub const RUBLE: i64 = carbon_specs::demo::MONEY_SCALE;

fn put_all(tx: &Tx<'_>, object: &mut Instance, columns: &Json) -> Result<(), CallError> {
    for (name, json) in columns.as_object().expect("columns are an object") {
        let field = object.field(name)?.clone();
        let value = crate::orm::convert::to_column(&tx.schema(), &field, json)?;
        object.put(name, value)?;
    }
    Ok(())
}

/// A method of an object, `delete` among them.
pub fn call(tx: &mut Tx<'_>, model: &str, pk: Pk, method: &str, args: &Json) -> Result<Answer, CallError> {
    let mut object = tx.get(model, pk)?;
    let args = args.as_object().expect("arguments are an object");
    match method {
        "delete" => match delete(tx, &mut object, args) {
            Some(answer) => answer,
            None => tx.delete_cascading(object.model, pk).map(|()| Answer::Json(Json::Null)),
        },
        _ => object_method(tx, &mut object, method, args).expect("the method exists"),
    }
}

/// `objects.create`.
pub fn create(tx: &mut Tx<'_>, model: &str, columns: &Json) -> Result<Pk, CallError> {
    let mut object = tx.blank(model)?;
    put_all(tx, &mut object, columns)?;
    before_create(tx, &mut object)?;
    let pk = tx.save(&mut object)?;
    after_create(tx, &mut object)?;
    Ok(pk)
}

/// `set` and `save`.
pub fn save(tx: &mut Tx<'_>, model: &str, pk: Pk, columns: &Json) -> Result<(), CallError> {
    let mut object = tx.get(model, pk)?;
    put_all(tx, &mut object, columns)?;
    before_save(tx, &mut object, &Map::new())?;
    tx.save(&mut object).map(|_| ())
}

/// `update` of a QuerySet of one row.
pub fn update(tx: &mut Tx<'_>, model: &str, pk: Pk, columns: &Json) -> Result<(), CallError> {
    let mut object = tx.get(model, pk)?;
    put_all(tx, &mut object, columns)?;
    let columns: Result<Vec<(&str, Patch)>, CallError> = columns
        .as_object()
        .expect("columns are an object")
        .keys()
        .map(|name| Ok((name.as_str(), Patch::Set(object.value(name)?.clone()))))
        .collect();
    tx.patch(model, pk, &columns?)
}

/// The refusal's text.
#[track_caller]
pub fn refusal<T: std::fmt::Debug>(result: Result<T, CallError>) -> String {
    match result {
        Err(CallError::Refused(text)) => text,
        other => panic!("not refused: {other:?}"),
    }
}

/// The bare value of an answer.
#[track_caller]
pub fn bare(result: Result<Answer, CallError>) -> Json {
    match result {
        Ok(Answer::Json(json)) => json,
        other => panic!("no bare value: {other:?}"),
    }
}

/// Every part of every account is the sum of the rows that are not storno.
#[track_caller]
pub fn books_balance(world: &World) {
    for (account, unexplained) in unexplained(world) {
        assert_eq!(unexplained, [0; 4], "account {account}: ostatok, debit, credit, bonus_score");
    }
}

/// What of each account's parts no row explains: nothing, or what was carried over from before the first row.
pub fn unexplained(world: &World) -> Vec<(Pk, [i64; 4])> {
    let store = &world.store;
    let standing = |model: &str, owner: &str, pk: Option<Pk>| {
        look::all_where(store, model, &[(owner, Value::from(pk)), ("storno", Value::Int(0))]).unwrap()
    };
    let sum =
        |rows: &[Instance], column: &str| -> i64 { rows.iter().map(|row| row.int(column).unwrap().unwrap_or(0)).sum() };
    let brings = |row: &Instance| {
        let kind = look::follow(store, row, "op_type_id", "OperationTypes").unwrap();
        kind.is_some_and(|kind| kind.flag("is_income").unwrap())
    };
    let mut found = Vec::new();
    for account in look::all_where(store, "AdminAccounts", &[]).unwrap() {
        let owners = look::all_where(store, "Abonents", &[("account_id", Value::from(account.pk))]).unwrap();
        let operations = owners.iter().flat_map(|owner| standing("FinanceOperations", "abonent_id", owner.pk));
        let (opening, income): (Vec<_>, Vec<_>) =
            operations.filter(brings).partition(|row| row.int("op_type_id").unwrap() == Some(8));
        let charges = standing("ArchAccountStack", "account_id", account.pk);
        let parts = [
            ("ostatok", sum(&opening, "op_summa")),
            ("debit", sum(&income, "op_summa")),
            ("credit", sum(&charges, "summ")),
            ("bonus_score", sum(&charges, "bonus_score")),
        ];
        let rest = parts.map(|(column, expected)| account.int(column).unwrap().unwrap_or(0) - expected);
        found.push((account.pk.unwrap(), rest));
    }
    found
}
