//! Methods of QuerySets that the page never calls: `none`, `latest`, `values`. How they work follows from Django; that an API
//! offers them is nowhere said. A server that answers an error whatever it is asked with one of them has not got it, and then
//! nothing that rests on it can be judged.

use carbon_specs::{Schema, Source};
use serde_json::{Value, json};

use super::call::Call;

/// Which of these methods of QuerySets the page never calls.
pub fn unnamed<'m>(schema: &Schema, methods: impl IntoIterator<Item = &'m str>) -> Vec<&'m str> {
    let generic = &schema.generic;
    let mut found = Vec::new();
    for method in methods {
        let short = method.strip_prefix("objects.").unwrap_or(method);
        let known = [generic.manager.get(&format!("objects.{short}")), generic.queryset.get(short)];
        let mut known = known.into_iter().flatten().peekable();
        let is_unnamed = known.peek().is_some() && known.all(|method| !matches!(method.source, Source::Page(_)));
        if is_unnamed && !found.contains(&short) {
            found.push(short);
        }
    }
    found
}

/// The simplest call with such a method: a server that refuses it has not got the method.
pub fn probe(model: &str, method: &str) -> Call {
    let none = Call::filter(model, json!({"pk__in": []}));
    match method {
        // Of no rows these are an error.
        "latest" | "earliest" => Call::all(model).then(method, json!(["pk"])),
        "first" | "last" => Call::all(model).plain(method),
        "order_by" | "values" | "values_list" => none.then(method, json!(["pk"])),
        "in_bulk" => none.then(method, json!({"id_list": []})),
        _ => none.plain(method),
    }
}

/// The methods of a form body, in the order that it names them.
pub fn methods_of(body: &str) -> Vec<String> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(body).unwrap_or_default();
    let is_method = |name: &str| name.strip_prefix("method").is_some_and(|number| number.parse::<u32>().is_ok());
    pairs.into_iter().filter(|(name, _)| is_method(name)).map(|(_, method)| method).collect()
}

/// Whether a reply refuses.
pub fn refuses(reply: &Value) -> bool {
    crate::check::error_of(reply).is_some()
}

/// What is told of a method that the server has not got.
pub fn told(method: &str) -> String {
    format!("this server has no `{method}`, and the page calls it nowhere")
}

#[cfg(test)]
mod tests {
    use carbon_specs::Contract;

    use super::*;

    #[test]
    fn what_the_page_calls_is_named() {
        let schema = Contract::embedded().unwrap().schema;
        let methods = ["objects.filter", "count", "distinct", "objects.none", "latest", "none", "add_payment"];
        assert_eq!(unnamed(&schema, methods), ["none", "latest"]);
        assert_eq!(methods_of("method1=objects.none&arg1={}&method2=latest&methods=x"), ["objects.none", "latest"]);
    }
}
