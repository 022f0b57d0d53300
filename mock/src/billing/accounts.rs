//! Accounts: what moves a balance, and the books that every move is written in.
//!
//! `balance = ostatok + debit - credit`. Nothing moves one of the three without a row that says why: a payment or an
//! opening balance is a row of `FinanceOperations`, a charge is a row of `ArchAccountStack` (and of `Counters`, which
//! adds up expenses by service and day). To storno an operation marks its row and moves the money back; the balance is
//! always the sum of the rows that are not storno. Moves are additions, so two that overlap both count.

use super::money::Money;
use jiff::civil::Date;

use super::{Answer, Given, ObjectMethod, blocks, look, services};
use crate::orm::{CallError, Instance, Tx};
use crate::store::{Pk, Store, Value};
use crate::tasks::Patch;

/// The methods of a charge in the archive.
pub const ARCHIVE_METHODS: &[(&str, ObjectMethod)] = &[("storno_it", storno_it)];

/// Which part of an account a move goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The opening balance.
    Opening,
    /// What came in.
    Income,
    /// What was spent.
    Expense,
}

impl Part {
    fn column(self) -> &'static str {
        match self {
            Self::Opening => "ostatok",
            Self::Income => "debit",
            Self::Expense => "credit",
        }
    }
}

/// Moves money on an account. The caller writes the row that says why.
pub fn shift(tx: &mut Tx<'_>, account: Pk, part: Part, amount: Money) -> Result<(), CallError> {
    tx.patch("AdminAccounts", account, &[(part.column(), Patch::Add(amount.units()))])
}

/// What an account holds.
pub fn balance(account: &Instance) -> Result<Money, CallError> {
    let part = |column| account.value(column).map(Money::of);
    part("ostatok")?.plus(part("debit")?)?.minus(part("credit")?)
}

/// The account of a subscriber.
pub fn of_abonent(store: &Store, abonent: &Instance) -> Result<Instance, CallError> {
    look::follow(store, abonent, "account_id", "AdminAccounts")?
        .ok_or_else(|| CallError::Refused(format!("subscriber {} has no account", abonent.pk.unwrap_or_default())))
}

/// What a subscriber may spend before the threshold: the balance and a promised payment, less the threshold.
pub fn spendable(store: &Store, abonent: &Instance, today: Date) -> Result<Money, CallError> {
    let account = of_abonent(store, abonent)?;
    let (promised, _) = services::promised(store, abonent.pk.unwrap_or_default(), today)?;
    balance(&account)?.plus(promised)?.minus(Money::of(account.value("limit")?))
}

/// A charge to be written.
#[derive(Clone, Debug)]
pub struct Charge {
    /// The subscriber who pays.
    pub abonent: Pk,
    /// The subscriber's account.
    pub account: Pk,
    /// The service it is for.
    pub usluga: Option<Pk>,
    /// How much.
    pub amount: Money,
    /// Bonus points that come (or go, if negative) with it.
    pub bonus: i64,
    /// Why.
    pub descr: String,
}

/// Writes a charge into the archive and the expenses, and takes the money (and gives the points).
pub fn charge(tx: &mut Tx<'_>, charge: &Charge) -> Result<Pk, CallError> {
    let mut entry = tx.blank("ArchAccountStack")?;
    entry.put("abonent_id", charge.abonent)?;
    entry.put("account_id", charge.account)?;
    entry.put("usluga_id", charge.usluga)?;
    entry.put("summ", charge.amount)?;
    entry.put("bonus_score", charge.bonus)?;
    entry.put("change_balance_time", tx.now)?;
    entry.put("descr", charge.descr.as_str())?;
    entry.put("storno", 0)?;
    let pk = tx.save(&mut entry)?;
    if !charge.amount.is_zero() {
        count_expense(tx, &entry, charge.amount)?;
        shift(tx, charge.account, Part::Expense, charge.amount)?;
    }
    give_points(tx, charge.account, charge.bonus)?;
    Ok(pk)
}

fn give_points(tx: &mut Tx<'_>, account: Pk, points: i64) -> Result<(), CallError> {
    if points == 0 {
        return Ok(());
    }
    tx.patch("AdminAccounts", account, &[("bonus_score", Patch::Add(points))])
}

/// The expenses of a subscriber on a service add up by the day.
fn count_expense(tx: &mut Tx<'_>, entry: &Instance, amount: Money) -> Result<(), CallError> {
    let day = entry.datetime("change_balance_time")?.map(|moment| moment.date());
    let abonent = entry.value("abonent_id")?.clone();
    let usluga = entry.value("usluga_id")?.clone();
    let conditions = [("abonent_id", abonent.clone()), ("usluga_id", usluga.clone()), ("s_date", Value::from(day))];
    match tx.all_where("Counters", &conditions)?.first().and_then(|counter| counter.pk) {
        Some(counter) => tx.patch("Counters", counter, &[("summ", Patch::Add(amount.units()))]),
        None => {
            let mut counter = tx.blank("Counters")?;
            counter.put("abonent_id", abonent)?;
            counter.put("usluga_id", usluga)?;
            counter.put("s_date", day)?;
            counter.put("summ", amount)?;
            tx.save(&mut counter).map(|_| ())
        }
    }
}

/// Marks a charge storno and gives back what it took.
pub fn storno(tx: &mut Tx<'_>, entry: &mut Instance) -> Result<(), CallError> {
    let pk = entry.pk.unwrap_or_default();
    if entry.flag("storno")? {
        return Err(CallError::Refused(format!("operation {pk} is storno already")));
    }
    let amount = Money::of(entry.value("summ")?);
    let points = entry.int("bonus_score")?.unwrap_or(0);
    if let Some(account) = entry.int("account_id")? {
        if !amount.is_zero() {
            shift(tx, account, Part::Expense, -amount)?;
        }
        give_points(tx, account, points.saturating_neg())?;
    }
    if !amount.is_zero() {
        count_expense(tx, entry, -amount)?;
    }
    tx.patch("ArchAccountStack", pk, &[("storno", Patch::Set(Value::Int(1)))])?;
    entry.put("storno", 1)
}

fn storno_it(tx: &mut Tx<'_>, entry: &mut Instance, _: &Given<'_>) -> Result<Answer, CallError> {
    storno(tx, entry)?;
    Ok(Answer::Object(entry.clone()))
}

/// Before an operation is put on the stack: the account is the subscriber's, and is filled in where it was left out.
pub fn check_stack(tx: &mut Tx<'_>, entry: &mut Instance) -> Result<(), CallError> {
    let Some(abonent) = look::follow(&tx.store, entry, "abonent_id", "Abonents")? else { return Ok(()) };
    let account = of_abonent(&tx.store, &abonent)?.pk;
    match entry.int("account_id")? {
        None => entry.put("account_id", account),
        given if given == account => Ok(()),
        Some(given) => Err(CallError::Refused(format!(
            "account {given} is not the account of subscriber {}",
            abonent.pk.unwrap_or_default()
        ))),
    }
}

/// Works off an operation on the stack: it takes effect and goes to the archive.
pub fn work_off(tx: &mut Tx<'_>, pk: Pk) -> Result<(), CallError> {
    let Some(entry) = tx.find("AccountStack", pk)? else { return Ok(()) };
    let (Some(abonent), Some(account)) = (entry.int("abonent_id")?, entry.int("account_id")?) else { return Ok(()) };
    let operation = Charge {
        abonent,
        account,
        usluga: entry.int("usluga_id")?,
        amount: Money::of(entry.value("summ")?),
        bonus: entry.int("bonus_score")?.unwrap_or(0),
        descr: entry.text("descr")?.to_owned(),
    };
    charge(tx, &operation)?;
    tx.delete("AccountStack", pk)
}

/// Opens the account of a new subscriber: nothing on it, the thresholds of the tariff.
pub fn open(tx: &mut Tx<'_>, tarif: Option<&Instance>) -> Result<Pk, CallError> {
    let mut account = tx.blank("AdminAccounts")?;
    for column in ["ostatok", "debit", "credit"] {
        account.put(column, Money::ZERO)?;
    }
    if let Some(tarif) = tarif {
        account.put("limit", Money::of(tarif.value("users_limit")?))?;
        account.put("limit_warning", Money::of(tarif.value("users_limit_warning")?))?;
    }
    tx.save(&mut account)
}

/// After an account was touched: its subscribers are blocked or unblocked as the balance says.
pub fn follow_balance(tx: &mut Tx<'_>, account: Pk) -> Result<(), CallError> {
    for abonent in tx.all_where("Abonents", &[("account_id", Value::Int(account))])? {
        blocks::follow_balance(tx, &abonent)?;
    }
    Ok(())
}
