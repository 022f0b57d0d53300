//! Subscribers beyond those the page names: a believable ISP around them, as large as is asked for.
//!
//! Everything follows from a subscriber's number by plain arithmetic, so the same ones come out every time, a million
//! of them as cheaply as ten. Their keys begin at [`FIRST`], beyond every key of the page, and nothing of them falls
//! into the page's selections by folder, tariff, operator or contract. The books agree: what an account was paid and
//! charged is the sum of its operations.

mod access;
mod books;
mod packages;
mod words;

use std::ops::Range;

use serde_json::{Value, json};

use super::{DemoRow, MONEY_SCALE};
use crate::schema::Schema;
use words::{FOLDERS, STREETS, person, phone};

/// The first key given out.
pub const FIRST: i64 = 20_001;

/// Keys above [`FIRST`] that the page's own rows have, where the filler passes over them.
const PAGE_SERVICES: Range<i64> = 1_000_000..1_020_000;
const PAGE_BLOCKS: Range<i64> = 243_068..243_069;

/// The first folder of the filler.
const FIRST_FOLDER: i64 = 15_001;

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
        let (paid, charged) = books::turnover(n);
        let mut rows = vec![
            self.row("AdminAccounts", account, json!({ "debit": paid, "credit": charged })),
            self.row("Abonents", pk, abonent_fields(number, pk, account)),
        ];
        if paid < charged {
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
        if n % 10 == 1 {
            let fields = json!({
                "abonent_id": pk, "admin_msg_id": 1, "ttype_id": 1, "sent": 1,
                "send_date": "2022-01-28 12:00:00", "create_date": "2022-01-28 11:00:00",
                "text": "Уважаемый абонент, ваш баланс подходит к концу.", "addressee": phone(n),
            });
            rows.push(self.row("MsgStack", pk, fields));
        }
        let mut rows: Vec<_> = rows.into_iter().flatten().collect();
        rows.extend(self.accounts(n, pk));
        rows.extend(self.services(n, pk));
        rows.extend(self.calls(n, pk));
        rows.extend(self.session(n, pk));
        rows.extend(self.payments(n, pk));
        rows.extend(self.charges(n, pk, account));
        rows
    }
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

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashSet};

    use super::books::{FIRST_ENTRY, MONTHS};
    use super::packages::MOST;
    use super::{FIRST, Maker, PAGE_SERVICES, around};
    use crate::Contract;
    use crate::demo::{DemoRow, check, filler};
    use crate::schema::Schema;

    #[test]
    fn the_filler_fits_the_demo() {
        let contract = Contract::embedded().unwrap();
        let rows: Vec<_> = contract.demo.iter().cloned().chain(filler(&contract.schema, 300)).collect();
        check(&contract.schema, &rows).unwrap();
    }

    /// What the rows of a model come to, by whom they belong to.
    fn sums(schema: &Schema, rows: &[DemoRow], model: &str, owner: &str, what: &str) -> BTreeMap<i64, i64> {
        let model = schema.model(model).unwrap().id;
        let mut found = BTreeMap::new();
        for row in rows.iter().filter(|row| row.model == model && row.pk >= FIRST) {
            let owner = if owner == "pk" { row.pk } else { row.fields[owner].as_i64().unwrap() };
            *found.entry(owner).or_default() += if what == "1" { 1 } else { row.fields[what].as_i64().unwrap() };
        }
        found
    }

    #[test]
    fn the_books_of_each_subscriber_agree() {
        let contract = Contract::embedded().unwrap();
        let rows: Vec<_> = filler(&contract.schema, 300).collect();
        let sums = |model, owner, what| sums(&contract.schema, &rows, model, owner, what);
        let of_accounts = |sums: BTreeMap<i64, i64>| sums.into_iter().map(|(pk, sum)| (pk - 10_000_000, sum)).collect();
        let (debit, credit): (BTreeMap<_, _>, BTreeMap<_, _>) =
            (of_accounts(sums("AdminAccounts", "pk", "debit")), of_accounts(sums("AdminAccounts", "pk", "credit")));
        assert_eq!(debit.len(), 300);
        assert_eq!(sums("FinanceOperations", "abonent_id", "op_summa"), debit);
        assert_eq!(sums("PayLog", "abonent_id", "summ"), debit);
        assert_eq!(sums("ArchAccountStack", "abonent_id", "summ"), credit);
        assert_eq!(of_accounts(sums("ArchAccountStack", "account_id", "summ")), credit);
        assert_eq!(sums("Counters", "abonent_id", "summ"), credit);
        let in_debt = debit.iter().filter(|(pk, paid)| **paid < credit[pk]).map(|(pk, _)| *pk);
        assert!(in_debt.eq(sums("AbonentsBlock", "abonent_id", "b_negbal").into_keys()));
    }

    #[test]
    fn most_have_several_accounts_and_all_have_several_services() {
        let contract = Contract::embedded().unwrap();
        let rows: Vec<_> = filler(&contract.schema, 300).collect();
        let counted =
            |model| -> Vec<i64> { sums(&contract.schema, &rows, model, "abonent_id", "1").into_values().collect() };
        let (accounts, services) = (counted("Users"), counted("UsersUsluga"));
        assert_eq!((accounts.len(), services.len()), (300, 300));
        assert!(services.iter().all(|count| (2..=4).contains(count)));
        assert!(accounts.iter().all(|count| (1..=4).contains(count)));
        assert!(accounts.iter().filter(|count| **count > 1).count() > 200);
        assert!((60..150).contains(&counted("VoipLog").len()));
        // A million of them must fit into memory.
        assert!(rows.len() < 300 * 22, "{} rows", rows.len());
    }

    #[test]
    fn the_filler_passes_over_the_keys_of_the_page() {
        let contract = Contract::embedded().unwrap();
        let maker = Maker::new(&contract.schema);
        let page: HashSet<_> = contract.demo.iter().map(|row| (row.model, row.pk)).collect();
        let beyond = page.iter().filter(|(_, pk)| *pk >= FIRST);
        // A key of the page falls to the subscriber who is that far, or a part as far where several keys are kept for each,
        // or as far in another range.
        let months = MONTHS.len() as i64;
        let ranges = |pk: i64| {
            let kept = [1, 2, MOST].map(|each| (pk - FIRST) / each);
            kept.into_iter().chain([
                pk - 10_000_000 - FIRST,
                (pk - FIRST_ENTRY) / months,
                (pk - FIRST_ENTRY) / (months * MOST),
            ])
        };
        let near = beyond.flat_map(|(_, pk)| ranges(*pk));
        let numbers: HashSet<usize> =
            near.flat_map(|n| n - 1..=n + 1).filter_map(|n| usize::try_from(n).ok()).collect();
        assert!(numbers.contains(&((1_000_045 - 20_001) / 4)), "the page has a service 1000045");
        for row in numbers.into_iter().flat_map(|number| maker.abonent(number)) {
            assert!(!page.contains(&(row.model, row.pk)), "{} {}", contract.schema.at(row.model).name, row.pk);
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
