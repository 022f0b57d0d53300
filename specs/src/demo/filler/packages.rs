//! What subscribers take: services of the demo's dictionary, and the accounts of access that belong to them.

/// A service of the dictionary, with its price there.
#[derive(Clone, Copy)]
pub struct Service {
    /// Its key.
    pub usluga: i64,
    /// What a month of it costs.
    pub rubles: i64,
}

/// The monthly fee, which the filler's tariffs bring.
pub const FEE: Service = Service { usluga: 1, rubles: 500 };
const ROUTER: Service = Service { usluga: 105, rubles: 50 };
const ANTIVIRUS: Service = Service { usluga: 127, rubles: 99 };
const STATIC_ADDRESS: Service = Service { usluga: 128, rubles: 150 };
const TELEPHONY: Service = Service { usluga: 167, rubles: 200 };
const TELEVISION: Service = Service { usluga: 532, rubles: 250 };

/// How the login of an account begins, by what it is for.
pub const INTERNET: &str = "user";
const SET_TOP_BOX: &str = "tv";
/// See [`INTERNET`].
pub const PHONE: &str = "sip";

/// What a subscriber has.
pub struct Package {
    /// Services, the fee first.
    pub services: &'static [Service],
    /// Accounts of access, one of the internet first.
    pub accounts: &'static [&'static str],
}

/// The most services and accounts that a subscriber has: as many keys are kept for each.
pub const MOST: i64 = 4;

/// Their number is coprime to those by which folders, tariffs and payments take turns, so that each comes with each.
const PACKAGES: [Package; 7] = [
    Package { services: &[FEE, ROUTER], accounts: &[INTERNET] },
    Package { services: &[FEE, TELEVISION], accounts: &[INTERNET, SET_TOP_BOX] },
    Package { services: &[FEE, ROUTER, STATIC_ADDRESS], accounts: &[INTERNET, INTERNET] },
    Package { services: &[FEE, ROUTER, ANTIVIRUS], accounts: &[INTERNET] },
    Package { services: &[FEE, TELEPHONY], accounts: &[INTERNET, PHONE] },
    Package { services: &[FEE, ROUTER, TELEVISION, TELEPHONY], accounts: &[INTERNET, SET_TOP_BOX, PHONE] },
    Package {
        services: &[FEE, STATIC_ADDRESS, TELEVISION, TELEPHONY],
        accounts: &[INTERNET, INTERNET, SET_TOP_BOX, PHONE],
    },
];

/// What this subscriber has.
pub fn package(n: i64) -> &'static Package {
    &PACKAGES[(n % PACKAGES.len() as i64) as usize]
}

#[cfg(test)]
mod tests {
    use super::{FEE, INTERNET, MOST, PACKAGES, Package, Service};
    use crate::Contract;
    use crate::demo::MONEY_SCALE;

    #[test]
    fn services_cost_what_the_dictionary_says() {
        let contract = Contract::embedded().unwrap();
        let model = contract.schema.model("Usluga").unwrap().id;
        for Service { usluga, rubles } in PACKAGES.iter().flat_map(|package| package.services) {
            let row = contract.demo.iter().find(|row| row.model == model && row.pk == *usluga).unwrap();
            assert_eq!(row.fields["summa"], rubles * MONEY_SCALE, "service {usluga}");
        }
    }

    #[test]
    fn everybody_has_the_fee_and_an_account_and_keys_for_all_of_it() {
        for Package { services, accounts } in &PACKAGES {
            assert_eq!((services[0].usluga, accounts[0]), (FEE.usluga, INTERNET));
            assert!((2..=MOST as usize).contains(&services.len()));
            assert!((1..=MOST as usize).contains(&accounts.len()));
        }
    }
}
