//! The services of a subscriber, and the money: two months of payments, and of charges for each service.

use serde_json::json;

use super::packages::{MOST, Service, package};
use super::{DemoRow, FIRST, MONEY_SCALE, Maker, PAGE_SERVICES, around};

/// The first key of what is entered in the books.
pub const FIRST_ENTRY: i64 = 20_000_001;

/// A month of payments, and the night in which what they are for is charged.
pub const MONTHS: [(&str, &str); 2] = [("2021-12", "2022-01-01"), ("2022-01", "2022-02-01")];

/// When a service was connected, and the first of [`MONTHS`] that charges it.
const CONNECTED: [(&str, usize); 2] = [("2020-05-12", 0), ("2022-01-31", 1)];

/// When a service came, by its place among those of its subscriber: the fee with the contract, most others lately.
fn connected(n: i64, place: usize) -> (&'static str, usize) {
    const TURNS: [usize; 5] = [0, 1, 1, 0, 1];
    if place == 0 { CONNECTED[0] } else { CONNECTED[TURNS[(n as usize + 2 * place) % TURNS.len()]] }
}

/// What is charged after a month: services, each with its place among those of its subscriber.
fn charges(n: i64, month: usize) -> impl Iterator<Item = (usize, &'static Service)> {
    package(n).services.iter().enumerate().filter(move |(place, _)| connected(n, *place).1 <= month)
}

/// What a month's charges come to, in rubles.
fn bill(n: i64, month: usize) -> i64 {
    charges(n, month).map(|(_, service)| service.rubles).sum()
}

/// What is paid in a month, in rubles: most pay something more than the bill. Every eleventh subscriber paid too little
/// of the last one, and is blocked since.
fn payment(n: i64, month: usize) -> i64 {
    match (n % 11 == 4, month + 1 == MONTHS.len()) {
        (true, true) => 400,
        (true, false) => bill(n, month),
        (false, _) => bill(n, month) + 50 * (n % 5),
    }
}

/// What a subscriber's account was paid and charged, as it is stored.
pub fn turnover(n: i64) -> (i64, i64) {
    let sum = |rubles: fn(i64, usize) -> i64| (0..MONTHS.len()).map(|month| rubles(n, month) * MONEY_SCALE).sum();
    (sum(payment), sum(bill))
}

impl Maker<'_> {
    pub fn services(self, n: i64, abonent: i64) -> impl Iterator<Item = DemoRow> {
        package(n).services.iter().enumerate().filter_map(move |(place, service)| {
            let date = format!("{} 10:00:00", connected(n, place).0);
            let fields = json!({
                "abonent_id": abonent, "usluga_id": service.usluga, "manager_id": 1, "enabled": 1, "activated": 1,
                "create_date": date, "enable_date": date, "next_date": "2022-03-01 00:00:00",
            });
            self.row("UsersUsluga", around(PAGE_SERVICES, FIRST + MOST * n + place as i64), fields)
        })
    }

    /// Payments, each an operation and a line of the log.
    pub fn payments(self, n: i64, abonent: i64) -> impl Iterator<Item = DemoRow> {
        MONTHS.iter().enumerate().flat_map(move |(month, (name, _))| {
            let pk = FIRST_ENTRY + MONTHS.len() as i64 * n + month as i64;
            let date = format!("{name}-{:02} {:02}:30:00", n % 25 + 2, 8 + n % 12);
            let (summ, comment) = (payment(n, month) * MONEY_SCALE, "Оплата через терминал");
            let operation = json!({
                "abonent_id": abonent, "op_type_id": 1, "op_summa": summ, "op_date": date, "descr": comment,
            });
            let log = json!({ "abonent_id": abonent, "summ": summ, "pay_date": date, "comment": comment });
            [self.row("FinanceOperations", pk, operation), self.row("PayLog", pk, log)].into_iter().flatten()
        })
    }

    /// Charges, each booked on the account and counted.
    pub fn charges(self, n: i64, abonent: i64, account: i64) -> impl Iterator<Item = DemoRow> {
        MONTHS.iter().enumerate().flat_map(move |(month, (_, night))| {
            charges(n, month).flat_map(move |(place, service)| {
                let pk = FIRST_ENTRY + MOST * (MONTHS.len() as i64 * n + month as i64) + place as i64;
                let summ = service.rubles * MONEY_SCALE;
                let descr =
                    if place == 0 { "Абонентская плата" } else { "Плата за услугу" };
                let booked = json!({
                    "abonent_id": abonent, "account_id": account, "usluga_id": service.usluga, "summ": summ,
                    "descr": descr, "change_balance_time": format!("{night} 00:00:00"),
                });
                let counted =
                    json!({ "abonent_id": abonent, "usluga_id": service.usluga, "s_date": night, "summ": summ });
                [self.row("ArchAccountStack", pk, booked), self.row("Counters", pk, counted)].into_iter().flatten()
            })
        })
    }
}
