//! Money in the cabinet: promised payments, and the log of payments.

use jiff::civil::{Date, DateTime};
use serde_json::{Value as Json, json};

use super::super::money::Money;
use super::super::{Answer, Given, finance, services};
use super::session::day;
use super::uslugi::{connect, item};
use super::{refuse, reply, shown, visitor};
use crate::orm::{CallError, Instance, Tx};
use crate::store::{Pk, Value};

/// Payments on a page where the call does not say.
const PER_PAGE: i64 = 20;

pub fn get_promise_pay_list(tx: &mut Tx<'_>, given: &Given<'_>) -> Result<Answer, CallError> {
    let result = visitor(tx, given).and_then(|(_, abonent)| promises(tx, &abonent));
    reply(tx, result)
}

fn promises(tx: &Tx<'_>, abonent: &Instance) -> Result<Json, CallError> {
    // One at a time: who has one is offered none.
    if services::promised(&tx.store, abonent.pk.unwrap_or_default(), tx.now.date())?.is_some() {
        return Ok(json!([]));
    }
    let mut list = Vec::new();
    for usluga in tx.all_where("Usluga", &[("is_show_web", Value::Int(1)), ("deleted", Value::Int(0))])? {
        if services::is_promised(&usluga)? {
            let mut entry = item(&usluga)?;
            entry.insert("period_days".into(), Json::from(services::promised_days(&usluga)?));
            list.push(Json::Object(entry));
        }
    }
    Ok(Json::Array(list))
}

pub fn add_promise_pay(tx: &mut Tx<'_>, given: &Given<'_>) -> Result<Answer, CallError> {
    let usluga = given.need("promise_pay_id", given.int("promise_pay_id")?)?;
    let result = visitor(tx, given).and_then(|(_, abonent)| promise(tx, &abonent, usluga));
    reply(tx, result)
}

fn promise(tx: &mut Tx<'_>, abonent: &Instance, usluga: Pk) -> Result<Json, CallError> {
    if !services::is_promised(&tx.get("Usluga", usluga)?)? {
        return refuse(format!("service {usluga} is not a promised payment"));
    }
    connect(tx, abonent, usluga)
}

pub fn get_pay_log(tx: &mut Tx<'_>, given: &Given<'_>) -> Result<Answer, CallError> {
    let (start, end) = (day(given, "start_date")?, day(given, "end_date")?);
    let page = given.int("page_number")?.unwrap_or(1).max(1);
    let per_page = given.int("per_page")?.unwrap_or(PER_PAGE).clamp(1, 1000);
    let result = visitor(tx, given).and_then(|(_, abonent)| log(tx, &abonent, (start, end), (page, per_page)));
    reply(tx, result)
}

/// The payments of a period, its last day included, newest first.
fn log(
    tx: &Tx<'_>,
    abonent: &Instance,
    (start, end): (Option<Date>, Option<Date>),
    (page, per_page): (i64, i64),
) -> Result<Json, CallError> {
    let mut found: Vec<(DateTime, Instance)> = Vec::new();
    for payment in finance::payments(&tx.store, abonent.pk.unwrap_or_default())? {
        let Some(paid) = payment.datetime("op_date")? else { continue };
        if start.is_none_or(|start| paid.date() >= start) && end.is_none_or(|end| paid.date() <= end) {
            found.push((paid, payment));
        }
    }
    found.sort_by_key(|(paid, payment)| std::cmp::Reverse((*paid, payment.pk)));
    let skip = usize::try_from((page - 1).saturating_mul(per_page)).unwrap_or(usize::MAX);
    let items: Result<Vec<Json>, CallError> = found
        .iter()
        .skip(skip)
        .take(usize::try_from(per_page).unwrap_or_default())
        .map(|(_, payment)| {
            Ok(json!({
                "pk": payment.pk,
                "pay_date": shown(payment, "op_date")?,
                "summ": Money::of(payment.value("op_summa")?).json(),
                "comment": shown(payment, "descr")?,
            }))
        })
        .collect();
    Ok(json!({ "items": items?, "count": found.len(), "page_number": page, "per_page": per_page }))
}
