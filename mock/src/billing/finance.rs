//! Financial operations: payments, opening balances, invoices. Each type of operation says what it does to the account.

use jiff::civil::{Date, DateTime};
use rust_decimal::Decimal;

use super::money::Money;
use super::{Answer, Given, ObjectMethod, books, look, services};
use crate::orm::{CallError, Instance, Tx};
use crate::store::{Pk, Store, Value};
use crate::tasks::Patch;

/// The methods of an operation.
pub const METHODS: &[(&str, ObjectMethod)] = &[("storno_op", storno_op)];

/// The type of an opening balance (the page's `op_type_id: 8`).
const OPENING: Pk = 8;
/// The type of an invoice (the page's `op_type: 5`).
pub const INVOICE: Pk = 5;

/// The column of an account that an operation moves, if any: an invoice only asks for money.
pub fn column(store: &Store, operation: &Instance) -> Result<Option<&'static str>, CallError> {
    let op_type = look::follow(store, operation, "op_type_id", "OperationTypes")?;
    Ok(match op_type {
        Some(op_type) if op_type.pk == Some(OPENING) => Some("ostatok"),
        Some(op_type) if op_type.flag("is_income")? => Some("debit"),
        _ => None,
    })
}

/// Before an operation is written: whose it is.
pub fn before_create(tx: &mut Tx<'_>, operation: &mut Instance) -> Result<(), CallError> {
    look::need(&tx.store, operation, "abonent_id", "Abonents").map(|_| ())
}

/// The payments of a subscriber that stand in the books: what was reversed is none.
pub fn payments(store: &Store, abonent: Pk) -> Result<Vec<Instance>, CallError> {
    let standing = [("abonent_id", Value::Int(abonent)), ("storno", Value::Int(0))];
    let mut found = Vec::new();
    for operation in look::all_where(store, "FinanceOperations", &standing)? {
        if column(store, &operation)? == Some("debit") {
            found.push(operation);
        }
    }
    Ok(found)
}

/// A payment of a subscriber: an operation of the first type that brings money in, and an entry of the log, whose key
/// is answered.
pub fn pay(tx: &mut Tx<'_>, abonent: &Instance, sum: Money, comment: &str, auto: bool) -> Result<Pk, CallError> {
    let types = tx.all_where("OperationTypes", &[("is_income", Value::Int(1))])?;
    let Some(income) = types.iter().filter_map(|kind| kind.pk).find(|pk| *pk != OPENING) else {
        return Err(CallError::Refused("no type of operation brings money in".into()));
    };
    let mut operation = tx.blank("FinanceOperations")?;
    operation.put("abonent_id", abonent.pk)?;
    operation.put("op_type_id", income)?;
    operation.put("op_summa", sum)?;
    operation.put("descr", comment)?;
    books::enter(tx, &mut operation)?;
    let mut payment = tx.blank("PayLog")?;
    payment.put("abonent_id", abonent.pk)?;
    payment.put("summ", sum)?;
    payment.put("comment", comment)?;
    payment.put("autopay", auto)?;
    tx.save(&mut payment)
}

fn storno_op(tx: &mut Tx<'_>, operation: &mut Instance, given: &Given<'_>) -> Result<Answer, CallError> {
    let mut beside = Vec::new();
    if let Some(extra) = given.text("extra_descr")? {
        operation.put("extra_descr", extra.as_str())?;
        beside.push(("extra_descr", Patch::Set(Value::text(extra))));
    }
    books::reverse(tx, operation, beside)?;
    Ok(Answer::Object(operation.clone()))
}

/// Bills a subscriber for the month of a day: an operation of type 5 with a line for each connected service. Without
/// that type in the state, or without anything to bill, there is no invoice.
pub fn invoice(tx: &mut Tx<'_>, abonent: &Instance, day: Date) -> Result<(), CallError> {
    let mut lines = Vec::new();
    for (_, usluga) in services::connected(&tx.store, abonent.pk.unwrap_or_default(), tx.now)? {
        let price = services::price(&usluga)?;
        if !price.is_zero() {
            lines.push((usluga, price));
        }
    }
    if lines.is_empty() || tx.find("OperationTypes", INVOICE)?.is_none() {
        return Ok(());
    }
    let total = lines.iter().try_fold(Money::ZERO, |sum, (_, price)| sum.plus(*price))?;
    let mut operation = tx.blank("FinanceOperations")?;
    operation.put("abonent_id", abonent.pk)?;
    operation.put("op_type_id", INVOICE)?;
    operation.put("op_summa", total)?;
    operation.put("period_end_date", day.last_of_month())?;
    let pk = tx.save(&mut operation)?;
    operation.put("number", pk.to_string())?;
    tx.save(&mut operation)?;
    for (usluga, price) in lines {
        let mut line = tx.blank("FinanceOperationsDetail")?;
        line.put("finance_operation_id", pk)?;
        line.put("usluga_id", usluga.pk)?;
        line.put("unit", "мес")?;
        line.put("vv", Value::Decimal(Decimal::new(1000, 3)))?;
        line.put("price", price)?;
        line.put("name", usluga.text("name")?)?;
        tx.save(&mut line)?;
    }
    Ok(())
}

/// The day of a subscriber's last invoice.
pub fn last_invoice(tx: &Tx<'_>, abonent: Pk) -> Result<Option<Date>, CallError> {
    let invoices = [("abonent_id", Value::Int(abonent)), ("op_type_id", Value::Int(INVOICE))];
    let mut last = None;
    for invoice in tx.all_where("FinanceOperations", &invoices)? {
        last = last.max(invoice.datetime("op_date")?.map(DateTime::date));
    }
    Ok(last)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::billing::testing::{World, refusal};

    #[test]
    fn an_opening_balance_is_set_and_taken_back() {
        let mut world = World::small();
        let columns = json!({"abonent_id": 100, "op_summa": "50.5", "op_type_id": 8, "descr": "Миграция балансов"});
        let pk = world.create("FinanceOperations", columns).unwrap();
        assert_eq!(world.property("Abonents", 100, "balance"), "50.5");
        assert_eq!(world.property("Users", 200, "ostatok"), "50.5");
        let args = json!({"extra_descr": "Test_1C_Sync"});
        world.call("FinanceOperations", pk, "storno_op", args.clone()).unwrap();
        assert_eq!(world.property("Abonents", 100, "balance"), "0");
        assert_eq!(world.column("FinanceOperations", pk, "extra_descr"), "Test_1C_Sync");
        assert_eq!(world.column("FinanceOperations", pk, "storno"), 1);
        refusal(world.call("FinanceOperations", pk, "storno_op", args));
        assert_eq!(world.property("Abonents", 100, "balance"), "0");
    }

    #[test]
    fn an_invoice_moves_nothing_and_a_folder_has_no_account() {
        let mut world = World::small();
        world.create("FinanceOperations", json!({"abonent_id": 100, "op_summa": 10, "op_type_id": 5})).unwrap();
        assert_eq!(world.property("Abonents", 100, "balance"), "0");
        let folder = world.create("FinanceOperations", json!({"abonent_id": 1, "op_summa": 10, "op_type_id": 8}));
        assert_eq!(refusal(folder), "subscriber 1 has no account");
    }
}
