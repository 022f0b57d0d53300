//! Pitfalls of the form body: what its decoding makes of it.

use super::Pitfall;
use super::form::{Chain, Step, text};
use crate::curl::{Body, Request};

/// Methods whose argument is a list.
const LISTS: [&str; 7] = ["order_by", "values", "values_list", "latest", "earliest", "in_bulk", "distinct"];

/// What is wrong with the body. `encoded` says that curl encoded it, so that a `+` in it is a meant space.
pub fn check(request: &Request, chain: &Chain, encoded: bool) -> Vec<Pitfall> {
    let (Body::Text(_) | Body::Multipart(_)) = request.body else { return Vec::new() };
    let mut pitfalls = Vec::new();
    if !encoded && matches!(request.body, Body::Text(_)) {
        pitfalls.extend(raw(request));
    }
    for part in &chain.bare {
        pitfalls.push(bare(part));
    }
    if !chain.steps.iter().any(|step| step.number == 1) {
        pitfalls.push(Pitfall::error(
            "missing-method1",
            "There is no method1, so the server has nothing to begin with.",
            "Number the methods from 1: method1=objects.get&arg1={...}&method2=...",
        ));
    }
    for number in &chain.stray {
        let methods: Vec<String> = chain.steps.iter().map(|step| format!("method{}", step.number)).collect();
        pitfalls.push(Pitfall::error(
            "misnumbered-steps",
            format!(
                "arg{number} reaches no method{}.",
                if methods.is_empty() { String::new() } else { format!(": there is only {}", methods.join(" and ")) }
            ),
            "Give a method and its argument the same number.",
        ));
    }
    for name in &chain.repeated {
        pitfalls.push(Pitfall::warning(
            "repeated-name",
            format!("`{name}` is given more than once; the last one counts."),
            "Number the steps 1, 2, 3 ...",
        ));
    }
    for name in &chain.unknown {
        pitfalls.push(Pitfall::warning(
            "unknown-parameter",
            format!("`{name}` is neither methodN, argN nor fields; the server does not look at it."),
            "Put conditions and values into argN; write & inside of a value as %26.",
        ));
    }
    for step in &chain.steps {
        pitfalls.extend(argument(step));
    }
    if let (Some(fields), None) = (&chain.fields, chain.field_names()) {
        pitfalls.push(Pitfall::error(
            "fields-not-a-list",
            format!("fields is `{fields}`, which is no JSON list of names."),
            "Write fields=[\"id\",\"name\"].",
        ));
    }
    pitfalls
}

/// Characters that mean something else in a form.
fn raw(request: &Request) -> Option<Pitfall> {
    let body = text(request);
    let plus = body.find('+').map(|at| {
        let around: String = body[at..].chars().take(12).collect();
        Pitfall::error(
            "unescaped-plus",
            format!("A bare `+` in a form is a space: `{around}` arrives as `{}`.", around.replace('+', " ")),
            "Write it as %2B, or let curl encode the value: --data-urlencode 'arg1={...}'.",
        )
    });
    let broken = || {
        let bytes = body.as_bytes();
        let hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
        (0..bytes.len()).find(|at| bytes[*at] == b'%' && !(hex(at + 1) && hex(at + 2))).map(|_| {
            Pitfall::warning(
                "bad-percent",
                "A `%` in a form begins an escape like %2B, and here no two hexadecimal digits follow it.",
                "Write it as %25.",
            )
        })
    };
    plus.or_else(broken)
}

fn bare(part: &str) -> Pitfall {
    let name: String = part.chars().take_while(char::is_ascii_alphanumeric).collect();
    let numbered = name.trim_end_matches(|c: char| c.is_ascii_digit());
    if part.starts_with("http://") || part.starts_with("https://") {
        return Pitfall::error(
            "url-as-data",
            format!("The URL `{part}` is part of the body."),
            "Remove the -d in front of the URL.",
        );
    }
    if (numbered == "arg" || numbered == "method") && part.len() > name.len() {
        let rest = &part[name.len()..];
        return Pitfall::error(
            "missing-equals",
            format!("`{part}` has no `=`: it is a parameter of that odd name, and {name} stays empty."),
            format!("Write {name}={rest}"),
        );
    }
    Pitfall::error(
        "missing-equals",
        format!("`{part}` has no `=`, so it is a name without a value."),
        "Write name=value; a & inside of a value is %26.",
    )
}

fn argument(step: &Step) -> Option<Pitfall> {
    let n = step.number;
    if let Some(problem) = &step.problem {
        return Some(Pitfall::error(
            "not-json",
            format!("arg{n} is not JSON ({problem}): {}", step.argument),
            "Names and texts take double quotes, numbers none, and & inside of a text is %26.",
        ));
    }
    let json = step.json.as_ref()?;
    let list_allowed = step.method.rsplit('.').next().is_some_and(|name| LISTS.contains(&name));
    if json.is_object() || (json.is_array() && list_allowed) {
        return None;
    }
    Some(Pitfall::error(
        "not-an-object",
        format!("arg{n} is JSON, but no object: {}", step.argument),
        format!("Write arg{n}={{\"name\": value}}, and arg{n}={{}} for no argument."),
    ))
}
