//! What a request asks for: model, chain of methods, fields.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use super::error::WireError;
use super::form::{self, shown};
use super::path::{call_path, model_in};
use super::{json, multipart};

/// One call of the API.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// `/rest_api/v2/<Model>/`, the model spelled as in the URL; the reply echoes it.
    pub path: String,
    /// The model, spelled as in the URL.
    pub model: String,
    /// The chain, in the order of the numbers. Empty only where the body has other pairs instead
    /// (`get_version=True` of `Version`); [`Call::no_method`] is the refusal where these mean nothing.
    pub steps: Vec<Step>,
    /// What to show of the last method's objects.
    pub fields: Option<Vec<String>>,
    /// Pairs that are none of `methodN`, `argN` and `fields`, in order.
    pub extra: Vec<(String, String)>,
    /// What works but is hardly meant: an argument without its method, a key given twice, a bare `+`.
    pub warnings: Vec<String>,
}

/// One method of the chain.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// N of `methodN`.
    pub number: u32,
    /// Its name: `objects.filter`.
    pub method: String,
    /// `argN`: a JSON object, or a list of positional arguments; `{}` where none is given.
    pub arg: Value,
}

/// How much a body may hold; its length is limited before it gets here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Pairs (Django's `DATA_UPLOAD_MAX_NUMBER_FIELDS` is 1000).
    pub pairs: usize,
    /// Methods in one chain.
    pub steps: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { pairs: 1000, steps: 64 }
    }
}

impl Call {
    /// The methods it names: those of the chain; without one, a method of the model can be the name of another pair.
    pub fn methods(&self) -> impl Iterator<Item = &str> {
        let bare = self.extra.iter().map(|(name, _)| name.as_str()).filter(|_| self.steps.is_empty());
        self.steps.iter().map(|step| step.method.as_str()).chain(bare)
    }

    /// The refusal of a call without methods.
    pub fn no_method(&self) -> WireError {
        let keys: Vec<String> = self.extra.iter().take(3).map(|(key, _)| shown(key)).collect();
        WireError::NoMethod { found: keys.join(", ") }
    }
}

/// Reads a call with the default limits.
///
/// # Errors
/// See [`WireError`].
pub fn parse(path: &str, body: &[u8]) -> Result<Call, WireError> {
    parse_within(path, body, Limits::default())
}

/// Reads a call: the path as in the URL, and a form body.
///
/// # Errors
/// See [`WireError`].
pub fn parse_within(path: &str, body: &[u8], limits: Limits) -> Result<Call, WireError> {
    read(path, form::pairs(body, limits.pairs)?, limits)
}

/// Reads a call from a body of this content type: a plain form, where nothing else is said, or a multipart one.
///
/// # Errors
/// See [`WireError`].
pub fn parse_as(content_type: &str, path: &str, body: &[u8], limits: Limits) -> Result<Call, WireError> {
    if let Some(boundary) = multipart::boundary(content_type) {
        return read(path, multipart::pairs(body, boundary, limits.pairs)?, limits);
    }
    // Some clients name no type, or text/plain, and send a form: that is let pass.
    let lower = content_type.to_lowercase();
    if lower.starts_with("multipart/") || lower.starts_with("application/json") {
        return Err(WireError::NotAForm { found: shown(content_type) });
    }
    parse_within(path, body, limits)
}

fn read(path: &str, pairs: Vec<form::Pair>, limits: Limits) -> Result<Call, WireError> {
    let model = model_in(path).ok_or_else(|| WireError::Path(shown(path)))?;
    let mut methods: BTreeMap<u32, String> = BTreeMap::new();
    let mut args: BTreeMap<u32, String> = BTreeMap::new();
    let mut fields = None;
    let mut extra: Vec<(String, String)> = Vec::new();
    let mut bare: HashSet<String> = HashSet::new();
    let mut warnings = Vec::new();
    for pair in pairs {
        let form::Pair { key, value, bare_plus, bare_semicolon, has_equals } = pair;
        if bare_plus {
            warnings.push(format!("{}: an unescaped + arrives as a space; send %2B for a plus", shown(&key)));
        }
        if bare_semicolon {
            warnings.push(format!(
                "{}: a server on Python 2 splits the body at an unescaped ; - send %3B to be safe",
                shown(&key)
            ));
        }
        let earlier = if let Some(number) = numbered(&key, "method")? {
            methods.insert(number, value).is_some()
        } else if let Some(number) = numbered(&key, "arg")? {
            args.insert(number, value).is_some()
        } else if key == "fields" {
            fields.replace(value).is_some()
        } else {
            if !has_equals {
                bare.insert(key.clone());
                warnings.push(format!("{} has no `=`: it is a name without a value and is not used", shown(&key)));
            }
            let twice = extra.iter().any(|(name, _)| *name == key);
            extra.retain(|(name, _)| *name != key);
            extra.push((key.clone(), value));
            twice
        };
        if earlier {
            warnings.push(format!("{} is given more than once: the last one counts", shown(&key)));
        }
    }
    let fields = fields.map(|text| json::fields(&text)).transpose()?.flatten();
    if methods.len() > limits.steps {
        return Err(WireError::TooManySteps { most: limits.steps });
    }
    if !methods.contains_key(&1) && (!methods.is_empty() || !args.is_empty() || extra.is_empty()) {
        let first = methods.keys().map(|number| format!("`method{number}`"));
        let found = first.chain(args.keys().map(|number| format!("`arg{number}`"))).chain(
            extra.iter().map(|(key, _)| shown(key)), // A misspelt `method1` is among them.
        );
        return Err(WireError::NoMethod { found: found.take(3).collect::<Vec<_>>().join(", ") });
    }
    let mut steps = Vec::with_capacity(methods.len());
    for (number, method) in methods {
        if method.is_empty() {
            return Err(WireError::EmptyMethod { name: format!("method{number}") });
        }
        if method.trim() != method {
            warnings.push(format!("method{number} has white space around its name: {}", shown(&method)));
        }
        let name = format!("arg{number}");
        let text = args.remove(&number).unwrap_or_default();
        let arg = json::argument(&name, &text)?;
        if let Some(key) = json::repeated_key(&text) {
            warnings.push(format!("{name} has the key {} more than once: the last one counts", shown(&key)));
        }
        steps.push(Step { number, method, arg });
    }
    if !steps.is_empty() {
        warnings.extend(extra.iter().map(|(key, _)| key).filter(|key| !bare.contains(*key)).map(|key| unread(key)));
    }
    // users-13.3 sends method1, method3 and arg2: the server does not mind, and neither do we.
    warnings.extend(args.keys().map(|number| format!("arg{number} belongs to no method: there is no method{number}")));
    Ok(Call { path: call_path(&model), model, steps, fields, extra, warnings })
}

/// What is to be said of a key that nobody reads. The server does not mind it, and its value is lost.
pub fn unread(key: &str) -> String {
    let (key, meant) = (shown(key), meant(key));
    match meant {
        Some(meant) => format!("{key} is not read: did you mean `{meant}`?"),
        None => format!("{key} is not read: a body has methodN, argN and fields"),
    }
}

/// The key that a misspelt one is near to.
fn meant(key: &str) -> Option<String> {
    let name = key.trim_end_matches(|symbol: char| symbol.is_ascii_digit());
    let number = &key[name.len()..];
    let name = name.to_lowercase().replace(['_', '-', ' '], "");
    let known: &[(&str, usize)] = if number.is_empty() { &[("fields", 2)] } else { &[("method", 2), ("arg", 1)] };
    let (known, _) = known.iter().find(|(known, most)| strsim::damerau_levenshtein(&name, known) <= *most)?;
    Some(format!("{known}{number}"))
}

/// The number in `methodN` or `argN`; none for another key.
fn numbered(key: &str, prefix: &str) -> Result<Option<u32>, WireError> {
    match key.strip_prefix(prefix) {
        Some(digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().map(Some).map_err(|_| WireError::Number(shown(key)))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const ABONENTS: &str = "/rest_api/v2/Abonents/";

    #[track_caller]
    fn steps(body: &str, expected: &[(u32, &str, Value)]) -> Call {
        let call = parse(ABONENTS, body.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
        let steps: Vec<_> =
            call.steps.iter().map(|step| (step.number, step.method.as_str(), step.arg.clone())).collect();
        assert_eq!(steps, expected);
        call
    }

    #[track_caller]
    fn refused(body: &str, expected: &str) {
        let text = parse(ABONENTS, body.as_bytes()).unwrap_err().to_string();
        assert!(text.contains(expected), "{text}");
    }

    #[test]
    fn a_key_that_nobody_reads_is_told_with_the_one_it_is_near_to() {
        let told = |body: &str| parse("/rest_api/v2/Users/", body.as_bytes()).unwrap().warnings;
        for (key, meant) in [
            ("Fields", "fields"),
            ("field", "fields"),
            ("Method2", "method2"),
            ("metod2", "method2"),
            ("agr2", "arg2"),
            ("arg_2", "arg2"),
            ("args2", "arg2"),
        ] {
            let said = format!("`{key}` is not read: did you mean `{meant}`?");
            assert_eq!(told(&format!("method1=objects.all&{key}=x")), [said]);
        }
        for key in ["foo", "csrfmiddlewaretoken", "arg", "method", "model", "id"] {
            let said = format!("`{key}` is not read: a body has methodN, argN and fields");
            assert_eq!(told(&format!("method1=objects.all&{key}=1")), [said]);
        }
        assert_eq!(told("method1=objects.all&foo").len(), 1, "it is told once");
        assert_eq!(told("get_version=True"), Vec::<String>::new(), "it may be the name of a method");
    }

    #[test]
    fn raw_encoded_and_plus_bodies_are_the_same_call() {
        let raw = steps(
            r#"method1=objects.filter&arg1={"name": "Иван Ж"}&fields=["id"]"#,
            &[(1, "objects.filter", json!({"name": "Иван Ж"}))],
        );
        let name = "%D0%98%D0%B2%D0%B0%D0%BD";
        for space in ["+", "%20"] {
            let body = format!(
                "method1=objects.filter&arg1=%7B%22name%22%3A{space}%22{name}{space}%D0%96%22%7D&fields=%5B%22id%22%5D"
            );
            assert_eq!(parse(ABONENTS, body.as_bytes()).unwrap(), raw);
        }
        assert_eq!(raw.fields, Some(vec!["id".to_owned()]));
        assert_eq!((raw.path.as_str(), raw.model.as_str()), (ABONENTS, "Abonents"));
        assert!(raw.warnings.is_empty(), "{:?}", raw.warnings);
    }

    #[test]
    fn methods_run_in_the_order_of_their_numbers_with_gaps() {
        steps(
            "method10=save&method2=set&arg2={\"a\":1}&method1=objects.get&arg1=",
            &[(1, "objects.get", json!({})), (2, "set", json!({"a": 1})), (10, "save", json!({}))],
        );
        steps("method1=objects.order_by&arg1=[\"id\"]", &[(1, "objects.order_by", json!(["id"]))]);
    }

    #[test]
    fn the_call_of_users_13_3_works_and_its_lost_argument_is_told() {
        let call = steps(
            r#"method1=objects.get&arg1={"id":4084}&method3=save&arg2={}"#,
            &[(1, "objects.get", json!({"id": 4084})), (3, "save", json!({}))],
        );
        assert_eq!(call.warnings, ["arg2 belongs to no method: there is no method2"]);
    }

    #[test]
    fn hardly_meant_bodies_are_warned_about() {
        let call = steps(
            r#"method1=a&method1=b&arg1={"phone":"+7"}&arg2{"x":1}&method2=c &arg2={"y":1,"y":2}"#,
            &[(1, "b", json!({"phone": " 7"})), (2, "c ", json!({"y": 2}))],
        );
        assert_eq!(
            call.warnings,
            [
                "`method1` is given more than once: the last one counts",
                "`arg1`: an unescaped + arrives as a space; send %2B for a plus",
                "`arg2{\"x\":1}` has no `=`: it is a name without a value and is not used",
                "method2 has white space around its name: `c `",
                "arg2 has the key `y` more than once: the last one counts",
            ]
        );
    }

    #[test]
    fn a_bare_semicolon_arrives_and_is_warned_about() {
        let call = steps(r#"method1=a&arg1={"name":"x;y"}"#, &[(1, "a", json!({"name": "x;y"}))]);
        assert!(call.warnings[0].contains("send %3B"), "{:?}", call.warnings);
        assert!(parse(ABONENTS, br#"method1=a&arg1={"name":"x%3By"}"#).unwrap().warnings.is_empty());
    }

    #[test]
    fn bodies_that_are_no_call_are_refused_in_words() {
        refused("", "no method1");
        refused("arg1={}", "it has `arg1`");
        refused("method2=count", "it has `method2`");
        refused("method1=&arg1={}", "method1 is empty");
        refused("method99999999999=a", "too large");
        refused("method1=objects.get&arg1={\"a\":\"5%\"}", "`arg1`: broken percent-encoding `%\"}` at byte 8");
        refused("method1=objects.get&arg1=%ff", "`arg1` is not UTF-8");
        refused("method1=objects.get&arg1={\"a\":1", "arg1 is not JSON: EOF");
        refused("method1=objects.get&arg1=\"a\"", "not a string");
        refused("method1=objects.all&fields={}", "fields must be a JSON list");
        refused(&"a=1&".repeat(1001), "more than 1000 pairs");
        let chain: Vec<String> = (1..=65).map(|number| format!("method{number}=all")).collect();
        refused(&chain.join("&"), "more than 64 methods");
    }

    #[test]
    fn content_types_decide_how_a_body_is_read() {
        let limits = Limits::default();
        let body = "--B\r\nContent-Disposition: form-data; name=\"method1\"\r\n\r\nobjects.all\r\n--B--\r\n";
        let call = parse_as("multipart/form-data; boundary=B", ABONENTS, body.as_bytes(), limits).unwrap();
        assert_eq!(call.steps[0].method, "objects.all");
        for kind in ["", "text/plain", "application/x-www-form-urlencoded; charset=utf-8"] {
            assert_eq!(parse_as(kind, ABONENTS, b"method1=objects.all", limits).as_ref(), Ok(&call), "{kind}");
        }
        for kind in ["application/json", "multipart/mixed; boundary=B", "multipart/form-data"] {
            let text = parse_as(kind, ABONENTS, b"{}", limits).unwrap_err().to_string();
            assert!(text.contains(kind) && text.contains("must be a form"), "{text}");
        }
    }

    #[test]
    fn other_pairs_without_a_method_are_left_to_the_model() {
        let call = parse("/rest_api/v2/Version", b"get_version=True").unwrap();
        assert_eq!(call.extra, [("get_version".to_owned(), "True".to_owned())]);
        assert_eq!((call.path.as_str(), call.steps.len()), ("/rest_api/v2/Version/", 0));
        assert!(call.no_method().to_string().contains("it has `get_version`"));
    }

    proptest! {
        #[test]
        fn no_body_panics(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(ABONENTS, &body);
        }

        #[test]
        fn nearly_right_bodies_do_not_panic(
            body in r#"(method[0-9]{0,3}|arg[0-9]|fields|x)(=|)[{\["a:,}%+2B Ж]{0,12}(&|)(arg1|method1)=[{"a:1}\]]{0,9}"#
        ) {
            let _ = parse(ABONENTS, body.as_bytes());
        }

        #[test]
        fn what_is_encoded_is_parsed_back(
            chain in proptest::collection::btree_map(2_u32..500, ("\\PC{1,12}", "\\PC{0,12}", ".{0,12}"), 0..8),
            fields in proptest::option::of(proptest::collection::vec(".{0,9}", 0..4)),
        ) {
            let mut pairs = vec![("method1".to_owned(), "objects.all".to_owned())];
            let mut expected = vec![Step { number: 1, method: "objects.all".into(), arg: json!({}) }];
            for (number, (method, key, value)) in chain.iter().rev() {
                let arg = json!({ key: [value, number] });
                pairs.push((format!("method{number}"), method.clone()));
                pairs.push((format!("arg{number}"), arg.to_string()));
                expected.insert(1, Step { number: *number, method: method.clone(), arg });
            }
            if let Some(fields) = &fields {
                pairs.push(("fields".into(), json!(fields).to_string()));
            }
            let call = parse(ABONENTS, serde_urlencoded::to_string(&pairs).unwrap().as_bytes()).unwrap();
            prop_assert_eq!(call.steps, expected);
            prop_assert_eq!(call.fields, fields);
        }
    }
}
