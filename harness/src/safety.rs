//! Whether a call can change anything, by the contract.
//!
//! Errs on the safe side: a method that the contract does not know, or knows as a write anywhere on the model, is one.

use carbon_specs::Schema;
use carbon_specs::example::Kind;

/// Checks that every method of a call's chain is a read.
///
/// # Errors
/// A sentence naming the first method that is not.
pub fn only_reads(schema: &Schema, path: &str, body: &str) -> Result<(), String> {
    if !path.starts_with("/rest_api/v2/") {
        return Err(format!("`{path}` is not part of the documented API"));
    }
    let name = path.trim_start_matches("/rest_api/v2/").trim_end_matches('/');
    let mut called = methods(body);
    if called.is_empty() {
        // Without `methodN`, a name of the body can be a method by itself (`get_version=True`).
        called = names(body).filter(|name| name != "fields" && !name.starts_with("arg")).collect();
    }
    for method in called {
        // The page itself documents a `set` without `save` as a change (line 601): never mind what Django does.
        if method == "set" {
            return Err("`set` changes an object".to_owned());
        }
        if kind(schema, name, &method) != Some(Kind::Read) {
            return Err(format!("the contract does not call `{method}` of `{name}` a read"));
        }
    }
    Ok(())
}

fn names(body: &str) -> impl Iterator<Item = String> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(body).unwrap_or_default();
    pairs.into_iter().map(|(name, _)| name.trim().to_owned())
}

/// The chain's methods, in the order of their numbers; of a repeated number the last, as the server has it.
pub fn methods(body: &str) -> Vec<String> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(body).unwrap_or_default();
    let mut found: Vec<(u64, String)> = Vec::new();
    for (key, value) in pairs {
        let Some(number) = key.trim().strip_prefix("method") else { continue };
        // A number that we cannot read still counts, last of all: some server may read it.
        let number = number.trim().parse().unwrap_or(u64::MAX);
        let value = value.trim().to_owned();
        match found.iter_mut().find(|(known, _)| *known == number) {
            Some((_, method)) => *method = value,
            None => found.push((number, value)),
        }
    }
    found.sort_by_key(|(number, _)| *number);
    found.into_iter().map(|(_, method)| method).collect()
}

fn kind(schema: &Schema, model: &str, method: &str) -> Option<Kind> {
    let generic = &schema.generic;
    let model = schema.model(model);
    let known = [
        model.and_then(|model| model.methods.get(method)),
        model.and_then(|model| model.model_methods.get(method)),
        generic.manager.get(method),
        generic.queryset.get(method),
        generic.instance.get(method),
    ];
    let kinds: Vec<Kind> = known.into_iter().flatten().map(|method| method.kind).collect();
    if kinds.contains(&Kind::Write) { Some(Kind::Write) } else { kinds.first().copied() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_that_the_body_names_by_itself_is_judged_too() {
        let schema = carbon_specs::Contract::embedded().unwrap().schema;
        assert_eq!(only_reads(&schema, "/rest_api/v2/Version/", "get_version=True"), Ok(()));
        assert!(only_reads(&schema, "/rest_api/v2/Abonents/", "delete=True").is_err());
        assert!(only_reads(&schema, "/rest_api/v2/Abonents/", "nosuch=True&fields=[]").is_err());
    }

    #[test]
    fn methods_come_in_the_order_of_their_numbers() {
        let body = "method3=save&arg2={}&method1=objects.get&arg1={\"id\":4084}&method1=objects.all";
        assert_eq!(methods(body), ["objects.all", "save"]);
    }
}
