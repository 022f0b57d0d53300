//! The accounts of access of a subscriber, and what was done with them: calls, and visits of the cabinet.

use serde_json::json;

use super::packages::{MOST, PHONE, package};
use super::words::phone;
use super::{DemoRow, FIRST, Maker};

impl Maker<'_> {
    pub fn accounts(self, n: i64, abonent: i64) -> impl Iterator<Item = DemoRow> {
        package(n).accounts.iter().zip(0..).filter_map(move |(kind, place)| {
            let pk = FIRST + MOST * n + place;
            // 100.64.0.0/10, the block that providers share.
            let host = MOST * n + place + 1;
            let [.., a, b, c, d] = host.to_be_bytes();
            let password = format!("p{:06}", (n * 7919 + place) % 1_000_000);
            let fields = json!({
                "abonent_id": abonent, "login": format!("{kind}{pk}"), "gen_pwd": password, "passwd": password,
                "ip": format!("100.{}.{c}.{d}", 64 + b % 64), "mac": format!("02:00:{a:02X}:{b:02X}:{c:02X}:{d:02X}"),
                "nas_id": 1, "auth_type": 6, "create_date": "2020-05-12 10:00:00",
            });
            self.row("Users", pk, fields)
        })
    }

    /// One or two calls of those who have a telephone.
    pub fn calls(self, n: i64, abonent: i64) -> impl Iterator<Item = DemoRow> {
        let calls = if package(n).accounts.contains(&PHONE) { 1 + n % 2 } else { 0 };
        (0..calls).filter_map(move |place| {
            let fields = json!({
                "abonent_id": abonent, "s_time": format!("2022-01-{:02} {:02}:15:00", (n + place) % 28 + 1, n % 24),
                "duration": 20 + (n + 300 * place) % 600, "src": phone(n), "dst": phone(n * 7 + 3 + place), "summ": 0,
            });
            self.row("VoipLog", FIRST + 2 * n + place, fields)
        })
    }

    /// Every tenth subscriber has been in the cabinet, with the first account.
    pub fn session(self, n: i64, abonent: i64) -> impl Iterator<Item = DemoRow> {
        // Any number of as many digits as the page's will do.
        let suid = 100_000_000_000_000_000 + n * 7_919_000_019;
        let session = json!({ "id": abonent, "suid": suid.to_string() });
        let whose = json!({
            "session_id": FIRST + n, "user_id": FIRST + MOST * n, "create_date": format!("2022-01-31 {:02}:40:00", n % 24),
        });
        let rows = [("DynamicSessions", session), ("DynamicSessionUsers", whose)];
        let visited = n % 10 == 7;
        rows.into_iter().filter(move |_| visited).filter_map(move |(model, fields)| self.row(model, FIRST + n, fields))
    }
}
