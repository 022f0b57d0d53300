//! Which fields hold something personal or secret: as the contract marks them, and where it knows nothing, by their names.

use std::sync::LazyLock;

use carbon_specs::{Model, Schema};
use regex::Regex;

/// Names of fields that hold something personal or secret, where the contract does not know the field.
static NAMES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)(^|_)(names?|fio|surname|patronymic|firstname|fname|lastname|lname|fullname|middlename|person|passw\w*|pwd|psw|pass|secret\w*|\w*token\w*|suid|sid|session(id|_id|_key)?|cookie\w*|csrf\w*|jwt|bearer|auth(orization)?|api_?key|apikey|phones?|sms|tel|telephone|mobile|fax|\w*e?mails?|ip|ips|ipv4|ipv6|snatip|\w*_?ip_?addr\w*|mac|macs|address\w*|addr|addressee|street|house|s_number|flat|apartment|a_home_number|passport\w*|inn|snils|card(_?number)?|pan|iban|login|username|userid_name|contract_number|birth\w*|dob|contact\w*|src|dst|фио|имя|фамилия|отчество|телефон\w*|почта|адрес\w*|улица|пароль|логин|паспорт\w*|инн|снилс|сессия|токен)(_|$)",
    )
    .ok()
});

/// Whether a name leaves no doubt. `userEmail` is read as `user_email`.
pub(super) fn is_named(name: &str) -> bool {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut small = false;
    for sign in name.chars() {
        if sign.is_uppercase() && small {
            snake.push('_');
        }
        small = sign.is_lowercase();
        snake.push(if matches!(sign, '-' | ' ' | '.') { '_' } else { sign });
    }
    NAMES.as_ref().is_none_or(|names| names.is_match(&snake))
}

/// Whether a field of a model, or what a path of conditions leads to, is to be hidden: `abonent__sms__contains`.
pub(super) fn is_secret(schema: &Schema, model: Option<&str>, path: &str) -> bool {
    match model.and_then(|model| schema.model(model)).and_then(|model| along(schema, model, path)) {
        Some(secret) => secret,
        None => {
            let marked =
                |part: &str| schema.models.iter().any(|model| model.field(part).is_some_and(|field| field.secret));
            path.split("__").any(|part| marked(part) || is_named(part))
        }
    }
}

/// The same by the contract alone; nothing where it does not know the way.
fn along(schema: &Schema, model: &Model, path: &str) -> Option<bool> {
    let (first, rest) = path.split_once("__").unwrap_or((path, ""));
    if let Some(field) = model.field(first) {
        return match field.to {
            Some(to) if !rest.is_empty() => along(schema, schema.at(to), rest).or(Some(field.secret)),
            _ => Some(field.secret),
        };
    }
    if let Some(relation) = model.relation(first) {
        return along(schema, schema.at(relation.model), rest);
    }
    model.properties.get(first).map(|property| property.secret)
}

#[cfg(test)]
mod tests {
    use carbon_specs::Contract;

    use super::*;

    #[test]
    fn names_that_leave_no_doubt() {
        assert!(NAMES.is_some());
        for name in
            ["name", "phoneNumber", "userEmail", "user_login", "api-key", "access_token", "ФИО", "Телефон", "sessionid"]
        {
            assert!(is_named(name), "{name}");
        }
        for name in
            ["id", "pk", "model", "count", "balance", "is_folder", "tarif_id", "create_date", "comments", "ostatok"]
        {
            assert!(!is_named(name), "{name}");
        }
    }

    #[test]
    fn a_path_is_followed_to_its_column() {
        let schema = Contract::embedded().unwrap().schema;
        assert!(is_secret(&schema, Some("Abonents"), "sms__contains"));
        assert!(is_secret(&schema, Some("Users"), "abonent__name"));
        assert!(is_secret(&schema, Some("Abonents"), "abonent_id_users__ip__in"));
        assert!(!is_secret(&schema, Some("Abonents"), "tarif__name"), "a tariff is nobody's");
        assert!(!is_secret(&schema, Some("Abonents"), "tarif_id"));
        assert!(is_secret(&schema, None, "name") && is_secret(&schema, Some("Abonents"), "nothing__phone"));
    }
}
