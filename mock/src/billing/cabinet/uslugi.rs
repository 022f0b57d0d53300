//! Services in the cabinet: the three lists, connecting, disconnecting.

use std::collections::BTreeSet;

use carbon_specs::Provenance;
use serde_json::{Map, Value as Json, json};

use super::super::money::Money;
use super::super::{Answer, Given, services};
use super::{flag, refuse, reply, shown, visitor};
use crate::orm::{CallError, Instance, Tx};
use crate::store::{Pk, Value};

/// Which services are asked for.
struct Filter {
    system_type: Option<i64>,
    name: Option<String>,
}

impl Filter {
    fn read(given: &Given<'_>) -> Result<Self, CallError> {
        let mut filter = Self { system_type: given.int("system_type_id")?, name: None };
        match given.json("filter")? {
            None => {}
            Some(Json::String(text)) if text.is_empty() => {}
            Some(Json::String(text)) => filter.name = Some(text.to_lowercase()),
            Some(Json::Object(pairs)) => {
                for (key, value) in pairs {
                    match (key.as_str(), value) {
                        ("system_type_id", Json::Number(number)) => filter.system_type = number.as_i64(),
                        ("system_type_id", Json::String(text)) if text.trim().parse::<i64>().is_ok() => {
                            filter.system_type = text.trim().parse().ok();
                        }
                        ("name", Json::String(text)) => filter.name = Some(text.to_lowercase()),
                        _ => return Err(CallError::Value(format!("filter takes system_type_id and name, not {key}"))),
                    }
                }
            }
            Some(other) => return Err(CallError::Value(format!("filter is {other}, not an object or a text"))),
        }
        Ok(filter)
    }

    fn fits(&self, usluga: &Instance) -> Result<bool, CallError> {
        let kind = services::system_type(usluga)?;
        let name = usluga.text("name")?.to_lowercase();
        Ok(self.system_type.is_none_or(|wanted| wanted == kind)
            && self.name.as_ref().is_none_or(|part| name.contains(part)))
    }
}

pub fn get_usluga_list(tx: &mut Tx<'_>, given: &Given<'_>) -> Result<Answer, CallError> {
    let all = given.flag("get_user_uslugas_all")?.unwrap_or(false);
    let connected = given.flag("get_setted")?.unwrap_or(false);
    let available = given.flag("get_user_uslugas")?.unwrap_or(false);
    let filter = Filter::read(given)?;
    // Asked for nothing in particular, the cabinet shows everything.
    let all = all || !(connected || available);
    let result =
        visitor(tx, given).and_then(|(_, abonent)| lists(tx, &abonent, all || available, all || connected, &filter));
    reply(tx, result)
}

fn lists(tx: &Tx<'_>, abonent: &Instance, free: bool, own: bool, filter: &Filter) -> Result<Json, CallError> {
    let mut connected = Vec::new();
    let mut available = Vec::new();
    let mut descriptions = Vec::new();
    let mut there = BTreeSet::new();
    for (link, usluga) in services::connected(&tx.store, abonent.pk.unwrap_or_default(), tx.now)? {
        there.extend(usluga.pk);
        if own && filter.fits(&usluga)? {
            connected.push(connected_item(&link, &usluga)?);
            descriptions.push(json!({ "pk": usluga.pk, "name": shown(&usluga, "name")? }));
        }
    }
    if free {
        for usluga in tx.all_where("Usluga", &[("is_show_web", Value::Int(1)), ("deleted", Value::Int(0))])? {
            if usluga.pk.is_some_and(|pk| !there.contains(&pk)) && filter.fits(&usluga)? {
                available.push(Json::Object(item(&usluga)?));
                descriptions.push(json!({ "pk": usluga.pk, "name": shown(&usluga, "name")? }));
            }
        }
    }
    Ok(json!([available, connected, descriptions]))
}

fn title(usluga: &Instance) -> Result<String, CallError> {
    Ok(format!("{}: (цена {} руб.)", usluga.text("name")?, Money::of(usluga.value("summa")?)))
}

/// A service as the cabinet lists it.
pub fn item(usluga: &Instance) -> Result<Map<String, Json>, CallError> {
    Ok(Map::from_iter([
        ("pk".to_owned(), Json::from(usluga.pk)),
        ("name".to_owned(), shown(usluga, "name")?),
        ("__self".to_owned(), Json::from(title(usluga)?)),
        ("comments".to_owned(), shown(usluga, "comments")?),
        ("summa".to_owned(), Money::of(usluga.value("summa")?).json()),
        ("is_show_web".to_owned(), flag(usluga.flag("is_show_web")?)),
        ("web_allow_disable".to_owned(), flag(usluga.flag("web_allow_disable")?)),
    ]))
}

fn connected_item(link: &Instance, usluga: &Instance) -> Result<Json, CallError> {
    Ok(json!({
        "pk": link.pk,
        "__usluga": shown(usluga, "name")?,
        "__self": title(usluga)?,
        "create_date": shown(link, "create_date")?,
        "enable_date": shown(link, "enable_date")?,
        "activated": flag(link.flag("activated")?),
    }))
}

pub fn set_user_usluga(tx: &mut Tx<'_>, given: &Given<'_>) -> Result<Answer, CallError> {
    let usluga = given.need("usluga_id", given.int("usluga_id")?)?;
    let result = visitor(tx, given).and_then(|(_, abonent)| connect(tx, &abonent, usluga));
    reply(tx, result)
}

/// Connects a service that the cabinet offers.
pub fn connect(tx: &mut Tx<'_>, abonent: &Instance, usluga: Pk) -> Result<Json, CallError> {
    let row = tx.get("Usluga", usluga)?;
    if !row.flag("is_show_web")? || row.flag("deleted")? {
        return refuse(format!("service {usluga} cannot be connected in the cabinet"));
    }
    let there = services::connected(&tx.store, abonent.pk.unwrap_or_default(), tx.now)?;
    if there.iter().any(|(_, other)| other.pk == Some(usluga)) {
        return refuse(format!("service {usluga} is connected already"));
    }
    tx.rely_on(Provenance::Assumed);
    services::connect(tx, abonent, usluga, None, "Личный кабинет")?;
    Ok(json!({ "message": format!("Услуга «{}» подключена", row.text("name")?) }))
}

pub fn remove_user_usluga(tx: &mut Tx<'_>, given: &Given<'_>) -> Result<Answer, CallError> {
    let usluga = given.need("usluga_id", given.int("usluga_id")?)?;
    let result = visitor(tx, given).and_then(|(_, abonent)| disconnect(tx, &abonent, usluga));
    reply(tx, result)
}

fn disconnect(tx: &mut Tx<'_>, abonent: &Instance, usluga: Pk) -> Result<Json, CallError> {
    let there = services::connected(&tx.store, abonent.pk.unwrap_or_default(), tx.now)?;
    let Some((link, row)) = there.into_iter().find(|(_, other)| other.pk == Some(usluga)) else {
        return refuse(format!("service {usluga} is not connected"));
    };
    if !row.flag("web_allow_disable")? {
        return refuse(format!("service {usluga} cannot be disconnected in the cabinet"));
    }
    tx.delete_cascading(link.model, link.pk.unwrap_or_default())?;
    Ok(json!({ "message": format!("Услуга «{}» отключена", row.text("name")?) }))
}
