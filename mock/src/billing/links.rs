//! What hangs on a subscriber, and how those links are broken when it is deleted with `clean_links`.

use carbon_specs::Relation;

use super::{blocks, users};
use crate::orm::{CallError, Tx};
use crate::store::{Pk, Value};
use crate::tasks::{Change, Patch};

/// The links that `clean_links: true` breaks. Money that moved, calls made and blocks that were stay in the books.
const ALL: [&str; 5] = ["Users", "UsersUsluga", "AttributeValues", "AbonentsBlock", "MsgStack"];

/// Breaks all links of a subscriber.
pub fn clean_all(tx: &mut Tx<'_>, abonent: Pk) -> Result<(), CallError> {
    ALL.iter().try_for_each(|model| clean(tx, abonent, model))
}

/// Breaks the links of one model, named as the model or as the relation.
pub fn clean(tx: &mut Tx<'_>, abonent: Pk, name: &str) -> Result<(), CallError> {
    let schema = tx.schema();
    let here = tx.model("Abonents")?.relations.clone();
    let known: Vec<&Relation> = here.iter().filter(|link| ALL.contains(&schema.at(link.model).name.as_str())).collect();
    let asked: Vec<&&Relation> = known
        .iter()
        .filter(|link| link.name == name || schema.at(link.model).name.eq_ignore_ascii_case(name))
        .collect();
    if asked.is_empty() {
        return Err(CallError::Value(format!(
            "delete(): clean_links is '{name}', not true or one of: {}",
            ALL.join(", ")
        )));
    }
    for link in asked {
        let linked: Vec<Pk> = tx.store.matching(link.model, link.field, &Value::Int(abonent)).collect();
        for pk in linked {
            break_link(tx, link, pk)?;
        }
    }
    Ok(())
}

fn break_link(tx: &mut Tx<'_>, link: &Relation, pk: Pk) -> Result<(), CallError> {
    let schema = tx.schema();
    let model = schema.at(link.model);
    match model.name.as_str() {
        "Users" => users::trash(tx, pk),
        "AbonentsBlock" => {
            let block = tx.get("AbonentsBlock", pk)?;
            blocks::remove(tx, &block, None)
        }
        "UsersUsluga" | "AttributeValues" | "MsgStack" => tx.delete_cascading(link.model, pk),
        _ if model.at(link.field).null => {
            let columns = vec![(link.field, Patch::Set(Value::Null))];
            tx.apply(Change::Patch { model: link.model, pk, columns })
        }
        _ => tx.delete_cascading(link.model, pk),
    }
}
