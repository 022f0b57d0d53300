//! Subscribers beyond those the page names: a believable ISP around them, as large as is asked for.
//!
//! Everything follows from a subscriber's number by plain arithmetic, so the same ones come out every time, a million
//! of them as cheaply as ten. Their keys begin at [`FIRST`], beyond every key of the page, and nothing of them falls
//! into the page's selections by folder, tariff, operator or contract. The books agree: what an account was paid and
//! charged is the sum of its operations.

use std::ops::Range;

use serde_json::{Value, json};

use super::{DemoRow, MONEY_SCALE};
use crate::schema::Schema;

/// The first key given out.
pub const FIRST: i64 = 20_001;

/// Keys above [`FIRST`] that the page's own rows have, where the filler passes over them.
const PAGE_SERVICES: Range<i64> = 1_000_000..1_020_000;
const PAGE_BLOCKS: Range<i64> = 243_068..243_069;

/// The first folder of the filler.
const FIRST_FOLDER: i64 = 15_001;

const FOLDERS: [&str; 12] = [
    "Заречный",
    "Железнодорожный",
    "Привокзальный",
    "Солнечный",
    "Черёмушки",
    "Победа",
    "Садовый",
    "Лесной",
    "Речной",
    "Юбилейный",
    "Молодёжный",
    "Старый город",
];

const SURNAMES: [&str; 16] = [
    "Иванов",
    "Петров",
    "Сидоров",
    "Кузнецов",
    "Смирнов",
    "Попов",
    "Волков",
    "Соколов",
    "Лебедев",
    "Козлов",
    "Новиков",
    "Морозов",
    "Щукин",
    "Ёлкин",
    "Журавлёв",
    "Беляев",
];

const NAMES: [&str; 12] =
    ["Александр", "Мария", "Дмитрий", "Ольга", "Сергей", "Анна", "Николай", "Елена", "Фёдор", "Юлия", "Пётр", "Ирина"];

const PATRONYMICS: [&str; 8] =
    ["Иванович", "Петровна", "Сергеевич", "Андреевна", "Николаевич", "Олеговна", "Юрьевич", "Ильинична"];

const STREETS: [&str; 8] = ["Мира", "Гагарина", "Школьная", "Полевая", "Заводская", "Парковая", "Набережная", "Кирова"];

const TARIFS: [i64; 3] = [20_001, 20_002, 20_003];

/// Rows for this many further subscribers, the same ones every time. Nothing at all for none.
pub fn filler(schema: &Schema, abonents: usize) -> impl Iterator<Item = DemoRow> {
    let maker = Maker::new(schema);
    let folders = if abonents == 0 { 0 } else { FOLDERS.len() };
    let houses = abonents.div_ceil(20);
    (0..folders)
        .flat_map(move |number| maker.folder(number))
        .chain((0..houses).flat_map(move |number| maker.home(number)))
        .chain((0..abonents).flat_map(move |number| maker.abonent(number)))
}

/// The models' places, looked up once.
#[derive(Clone, Copy)]
struct Maker<'s> {
    schema: &'s Schema,
}

impl<'s> Maker<'s> {
    fn new(schema: &'s Schema) -> Self {
        Self { schema }
    }

    /// A row of a model; none where the contract has no such model.
    fn row(&self, model: &str, pk: i64, fields: Value) -> Option<DemoRow> {
        let model = self.schema.model(model)?.id;
        match fields {
            Value::Object(fields) => Some(DemoRow { model, pk, fields }),
            _ => None,
        }
    }

    fn folder(self, number: usize) -> Option<DemoRow> {
        let pk = FIRST_FOLDER + number as i64;
        self.row("Abonents", pk, json!({ "name": FOLDERS[number % FOLDERS.len()], "parent_id": 1, "is_folder": 1 }))
    }

    fn home(self, number: usize) -> Option<DemoRow> {
        let street = STREETS[number % STREETS.len()];
        let house = (number / STREETS.len() + 1).to_string();
        let fields = json!({
            "city": "Краснодар", "street": street, "s_number": house, "home_types_id": 6, "kladr_sync": 1,
        });
        self.row("Homes", FIRST + number as i64, fields)
    }

    fn abonent(self, number: usize) -> Vec<DemoRow> {
        let n = number as i64;
        let pk = FIRST + n;
        let account = 10_000_000 + pk;
        let payments = self.payments(n, pk);
        let charges = self.charges(n, pk, account);
        let paid: i64 = payments.iter().flatten().filter_map(|row| row.fields.get("op_summa")?.as_i64()).sum();
        // A charge is booked on the account; its counter only tells of it.
        let booked = charges.iter().flatten().filter(|row| row.fields.contains_key("account_id"));
        let charged: i64 = booked.filter_map(|row| row.fields.get("summ")?.as_i64()).sum();
        let blocked = paid < charged;
        let mut rows = vec![
            self.row("AdminAccounts", account, json!({ "debit": paid, "credit": charged })),
            self.row("Abonents", pk, abonent_fields(number, pk, account)),
        ];
        rows.extend(self.users(n, pk));
        rows.extend(self.services(n, pk));
        if blocked {
            let fields = json!({ "abonent_id": pk, "b_negbal": 1, "time_changed": "2022-02-01 00:00:00" });
            rows.push(self.row("AbonentsBlock", around(PAGE_BLOCKS, pk), fields));
        } else if n % 5 == 0 {
            let fields = json!({
                "abonent_id": pk, "b_negbal": 1,
                "time_changed": format!("2021-1{}-0{} 00:00:00", n % 3, n % 9 + 1),
                "time_del": format!("2021-1{}-1{} 14:20:00", n % 3, n % 9),
            });
            rows.push(self.row("AbonentsBlockHistory", pk, fields));
        }
        if n % 3 == 0 {
            let fields = json!({
                "abonent_id": pk, "s_time": format!("2022-01-{:02} {:02}:15:00", n % 28 + 1, n % 24),
                "duration": 20 + n % 600, "src": phone(n), "dst": phone(n * 7 + 3), "summ": 0,
            });
            rows.push(self.row("VoipLog", pk, fields));
        }
        if n % 10 == 1 {
            let fields = json!({
                "abonent_id": pk, "admin_msg_id": 1, "ttype_id": 1, "sent": 1,
                "send_date": "2022-01-28 12:00:00", "create_date": "2022-01-28 11:00:00",
                "text": "Уважаемый абонент, ваш баланс подходит к концу.", "addressee": phone(n),
            });
            rows.push(self.row("MsgStack", pk, fields));
        }
        rows.into_iter().chain(payments).chain(charges).flatten().collect()
    }

    fn users(self, n: i64, abonent: i64) -> Vec<Option<DemoRow>> {
        (0..1 + i64::from(n % 4 == 3))
            .map(|place| {
                let pk = FIRST + 2 * n + place;
                // 100.64.0.0/10, the block that providers share.
                let host = 2 * n + place + 1;
                let ip = format!("100.{}.{}.{}", 64 + (host >> 16) % 64, (host >> 8) % 256, host % 256);
                let password = format!("p{:06}", (n * 7919 + place) % 1_000_000);
                let fields = json!({
                    "abonent_id": abonent, "login": format!("user{pk}"), "gen_pwd": password, "passwd": password, "ip": ip,
                    "mac": format!("02:00:{:02X}:{:02X}:{:02X}:{:02X}", (host >> 24) % 256, (host >> 16) % 256, (host >> 8) % 256, host % 256),
                    "nas_id": 1, "auth_type": 6, "create_date": "2020-05-12 10:00:00",
                });
                self.row("Users", pk, fields)
            })
            .collect()
    }

    fn services(self, n: i64, abonent: i64) -> Vec<Option<DemoRow>> {
        [Some(1), (n % 4 == 1).then_some(105), (n % 6 == 2).then_some(532)]
            .into_iter()
            .flatten()
            .enumerate()
            .map(|(place, usluga)| {
                let fields = json!({
                    "abonent_id": abonent, "usluga_id": usluga, "manager_id": 1, "enabled": 1, "activated": 1,
                    "create_date": "2020-05-12 10:00:00", "enable_date": "2020-05-12 10:00:00",
                    "next_date": "2022-03-01 00:00:00",
                });
                self.row("UsersUsluga", around(PAGE_SERVICES, FIRST + 3 * n + place as i64), fields)
            })
            .collect()
    }

    /// Payments of the last three months, each an operation and a line of the log; every eleventh subscriber paid too little.
    fn payments(self, n: i64, abonent: i64) -> Vec<Option<DemoRow>> {
        let rubles = if n % 11 == 4 { 400 } else { 500 + 50 * (n % 5) };
        ["2021-11", "2021-12", "2022-01"]
            .iter()
            .enumerate()
            .flat_map(|(month, name)| {
                let pk = 20_000_001 + 3 * n + month as i64;
                let date = format!("{name}-{:02} {:02}:30:00", n % 25 + 2, 8 + n % 12);
                let log = json!({
                    "abonent_id": abonent, "summ": rubles * MONEY_SCALE, "pay_date": date, "comment": "Оплата через терминал",
                });
                let fields = json!({
                    "abonent_id": abonent, "op_type_id": 1, "op_summa": rubles * MONEY_SCALE,
                    "op_date": date, "descr": "Оплата через терминал",
                });
                [self.row("FinanceOperations", pk, fields), self.row("PayLog", pk, log)]
            })
            .collect()
    }

    /// The monthly fee of the same months, booked and counted.
    fn charges(self, n: i64, abonent: i64, account: i64) -> Vec<Option<DemoRow>> {
        ["2021-11", "2021-12", "2022-01"]
            .iter()
            .enumerate()
            .flat_map(|(month, name)| {
                let pk = 20_000_001 + 3 * n + month as i64;
                let counted = json!({
                    "abonent_id": abonent, "usluga_id": 1, "s_date": format!("{name}-01"), "summ": 500 * MONEY_SCALE,
                });
                let fields = json!({
                    "abonent_id": abonent, "account_id": account, "usluga_id": 1, "summ": 500 * MONEY_SCALE,
                    "descr": "Абонентская плата", "change_balance_time": format!("{name}-01 00:00:00"),
                });
                [self.row("ArchAccountStack", pk, fields), self.row("Counters", pk, counted)]
            })
            .collect()
    }
}

/// Surname, name and patronymic. Names and patronymics stand in pairs of man and woman, who take turns.
fn person(number: usize) -> String {
    /// Coprime to the number of combinations: each comes once before one comes again, and neighbours are not alike.
    const STRIDE: usize = 211;
    let woman = number % 2;
    let (names, patronymics) = (NAMES.len() / 2, PATRONYMICS.len() / 2);
    let place = number / 2 * STRIDE % (SURNAMES.len() * names * patronymics);
    let surname = SURNAMES[place % SURNAMES.len()];
    let first = NAMES[place / SURNAMES.len() % names * 2 + woman];
    let patronymic = PATRONYMICS[place / SURNAMES.len() / names * 2 + woman];
    format!("{surname}{} {first} {patronymic}", if woman == 1 { "а" } else { "" })
}

fn abonent_fields(number: usize, pk: i64, account: i64) -> Value {
    let n = number as i64;
    let company = number % 17 == 16;
    let name =
        if company { format!("ООО «{}-{}»", STREETS[number % STREETS.len()], number) } else { person(number) };
    json!({
        "name": name,
        "parent_id": FIRST_FOLDER + n % FOLDERS.len() as i64,
        "tarif_id": TARIFS[number % TARIFS.len()],
        "account_id": account,
        "contract_number": format!("C{pk:07}"),
        "company": i64::from(company),
        "create_date": "2020-05-12 10:00:00",
        "activate_date": "2020-05-12",
        "sms": phone(n),
        "email": format!("user{pk}@example.net"),
        "home_id": FIRST + n / 20,
        "a_home_number": (n % 20 + 1).to_string(),
        "object_status_id": 1,
        "operator_id": 1,
        "usluga_range_type_id": 1,
    })
}

/// A key that is none of those: from their first one on, keys stand that much higher.
fn around(taken: Range<i64>, key: i64) -> i64 {
    if key < taken.start { key } else { key + taken.end - taken.start }
}

/// A number of the range that no one is given.
fn phone(n: i64) -> String {
    format!("+7000{:07}", n % 10_000_000)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{FIRST, Maker, PAGE_SERVICES, around, person};
    use crate::Contract;
    use crate::demo::{check, filler};

    #[test]
    fn the_filler_fits_the_demo_and_its_books_agree() {
        let contract = Contract::embedded().unwrap();
        let schema = &contract.schema;
        let rows: Vec<_> = contract.demo.iter().cloned().chain(filler(schema, 300)).collect();
        check(schema, &rows).unwrap();

        let sum = |model: &str, column: &str, from: i64| -> i64 {
            let model = schema.model(model).unwrap().id;
            let filled = rows.iter().filter(|row| row.model == model && row.pk >= from);
            filled.filter_map(|row| row.fields.get(column)?.as_i64()).sum()
        };
        assert!(sum("AdminAccounts", "debit", 10_020_001) > 0);
        assert_eq!(sum("AdminAccounts", "debit", 10_020_001), sum("FinanceOperations", "op_summa", 20_000_001));
        assert_eq!(sum("AdminAccounts", "credit", 10_020_001), sum("ArchAccountStack", "summ", 20_000_001));
        assert_eq!(sum("PayLog", "summ", 20_000_001), sum("FinanceOperations", "op_summa", 20_000_001));
        assert_eq!(sum("Counters", "summ", 20_000_001), sum("ArchAccountStack", "summ", 20_000_001));
    }

    #[test]
    fn the_filler_passes_over_the_keys_of_the_page() {
        let contract = Contract::embedded().unwrap();
        let maker = Maker::new(&contract.schema);
        let page: HashSet<_> = contract.demo.iter().map(|row| (row.model, row.pk)).collect();
        let beyond = page.iter().filter(|(_, pk)| *pk >= FIRST);
        // A key of the page falls to the subscriber who is that far, half or a third as far, or as far in another range.
        let near =
            beyond.flat_map(|(_, pk)| [1, 2, 3].map(|each| (pk - FIRST) / each).into_iter().chain([pk - 10_020_001]));
        let numbers: HashSet<usize> =
            near.flat_map(|n| n - 1..=n + 1).filter_map(|n| usize::try_from(n).ok()).collect();
        assert!(numbers.contains(&((1_000_045 - 20_001) / 3)), "the page has a service 1000045");
        for row in numbers.into_iter().flat_map(|number| maker.abonent(number)) {
            assert!(!page.contains(&(row.model, row.pk)), "{} {}", contract.schema.at(row.model).name, row.pk);
        }
    }

    #[test]
    fn some_hundred_people_have_names_of_their_own() {
        let names: HashSet<String> = (0..768).map(person).collect();
        assert_eq!(names.len(), 768);
        for name in names {
            let woman = name.ends_with("на");
            assert_eq!(name.split(' ').next().unwrap().ends_with('а'), woman, "{name}");
        }
    }

    #[test]
    fn keys_passed_over_leave_no_two_alike() {
        let keys: HashSet<i64> = (990_000..1_030_000).map(|key| around(PAGE_SERVICES, key)).collect();
        assert_eq!(keys.len(), 40_000);
        assert!(keys.is_disjoint(&PAGE_SERVICES.collect()));
    }

    #[test]
    fn the_filler_is_the_same_every_time_and_grows_at_the_end() {
        let contract = Contract::embedded().unwrap();
        let some: Vec<_> = filler(&contract.schema, 40).collect();
        let again: Vec<_> = filler(&contract.schema, 40).collect();
        assert_eq!(some, again);
        let more: Vec<_> = filler(&contract.schema, 80).collect();
        assert!(some.iter().all(|row| more.contains(row)));
    }
}
