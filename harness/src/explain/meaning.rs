//! Pitfalls of the call itself: names the contract does not know, chains that do not do what they look like.

use carbon_specs::example::Kind;
use carbon_specs::{Contract, Method, Model};
use serde_json::{Map, Value};

use super::form::{Chain, Step};
use super::names::{nearest, suggestion};
use super::{Pitfall, values};
use crate::curl::Request;

/// What a chain has in hand between two steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hand {
    /// The model itself.
    Model,
    /// Rows of it.
    Rows,
    /// One row.
    Object,
    /// Something else, of which the contract says too little.
    Other,
}

/// The name in the URL's place of the model.
fn model_name(request: &Request) -> Option<&str> {
    let name = request.url.path.strip_prefix("/rest_api/v2/")?.trim_end_matches('/');
    (!name.is_empty() && !name.contains('/')).then_some(name)
}

/// The model that the URL names.
pub fn model<'a>(request: &Request, contract: &'a Contract) -> Option<&'a Model> {
    contract.schema.model(model_name(request)?)
}

/// What is wrong with the call.
pub fn check(request: &Request, chain: &Chain, model: Option<&Model>, contract: &Contract) -> Vec<Pitfall> {
    let Some(model) = model else { return vec![no_model(request, contract)] };
    let mut pitfalls = Vec::new();
    let mut hand = Hand::Model;
    let mut writes = Vec::new();
    for step in &chain.steps {
        let Some(method) = find(&step.method, hand, model, contract) else {
            if hand != Hand::Other {
                pitfalls.push(no_method(step, hand, model, contract));
            }
            hand = Hand::Other;
            continue;
        };
        if let Some(Value::Object(argument)) = &step.json {
            pitfalls.extend(arguments(step, argument, method, model, contract));
        }
        if method.kind == Kind::Write {
            writes.push(step.method.as_str());
        }
        hand = next(&step.method, hand, method);
    }
    pitfalls.extend(unsaved(chain));
    for path in chain.field_names().unwrap_or_default() {
        if contract.schema.resolve(model, &path).is_err() {
            pitfalls.push(no_field(&path, "fields", model, contract));
        }
    }
    if !writes.is_empty() {
        pitfalls.push(Pitfall::note(
            "write-is-a-task",
            format!(
                "What {} does is a task: the reply shows the new values at once, the database has them seconds later, \
                 and 10-30 minutes later after a mass change. A save writes the whole row, so a second change of the \
                 same row before that can undo the first.",
                writes.join(" and ")
            ),
            "Wait until the change can be read back before the next call that depends on it.",
        ));
    }
    pitfalls
}

fn no_model(request: &Request, contract: &Contract) -> Pitfall {
    match model_name(request) {
        Some(name) => {
            let near = nearest(name, contract.schema.models.iter().map(|model| model.name.as_str()));
            Pitfall::error(
                "unknown-model",
                format!("There is no model `{name}`."),
                suggestion(&near, "The page http://<ip>:8082/rest_api/v2/ lists the models."),
            )
        }
        None => Pitfall::error(
            "no-model",
            format!("The path `{}` is not /rest_api/v2/<Model>/.", request.url.path),
            "Name one model, e.g. /rest_api/v2/Abonents/.",
        ),
    }
}

/// The methods that can be called on what is in hand, with their names.
fn callable<'a>(hand: Hand, model: &'a Model, contract: &'a Contract) -> Vec<(&'a str, &'a Method)> {
    let generic = &contract.schema.generic;
    let (own, shared) = match hand {
        Hand::Model => (Some(&model.model_methods), &generic.manager),
        Hand::Rows => (None, &generic.queryset),
        Hand::Object => (Some(&model.methods), &generic.instance),
        Hand::Other => return Vec::new(),
    };
    own.into_iter().chain([shared]).flatten().map(|(name, method)| (name.as_str(), method)).collect()
}

fn find<'a>(name: &str, hand: Hand, model: &'a Model, contract: &'a Contract) -> Option<&'a Method> {
    callable(hand, model, contract).into_iter().find(|(known, _)| *known == name).map(|(_, method)| method)
}

fn next(name: &str, hand: Hand, method: &Method) -> Hand {
    match (hand, method.returns.as_str(), name) {
        (Hand::Model, "list", name) if name.starts_with("objects.") && !name.contains("_or_create") => Hand::Rows,
        (Hand::Model, "object", name) if name.starts_with("objects.") && name != "objects.in_bulk" => Hand::Object,
        (Hand::Rows, "list", _) => Hand::Rows,
        (Hand::Rows, "object", name) if name != "in_bulk" => Hand::Object,
        (Hand::Object, "object", "set" | "save") => Hand::Object,
        _ => Hand::Other,
    }
}

fn no_method(step: &Step, hand: Hand, model: &Model, contract: &Contract) -> Pitfall {
    let name = step.method.as_str();
    let n = step.number;
    let elsewhere = |other: Hand| find(name, other, model, contract).is_some();
    let (says, fix) = match hand {
        Hand::Model if elsewhere(Hand::Object) => (
            format!("`{name}` is a method of one {} object, and method{n} is called on the model.", model.name),
            "Begin with method1=objects.get&arg1={\"id\":...}.".to_owned(),
        ),
        Hand::Rows if elsewhere(Hand::Object) => (
            format!("`{name}` is a method of one object, and there is a list in hand."),
            "Use objects.get instead of objects.filter.".to_owned(),
        ),
        Hand::Object if elsewhere(Hand::Model) => (
            format!("`{name}` belongs to the model, and there is an object in hand."),
            format!("Call it as method1={name}."),
        ),
        _ => {
            let known = callable(hand, model, contract);
            let near = nearest(name, known.iter().map(|(name, _)| *name));
            let place = match hand {
                Hand::Rows => "a list of",
                Hand::Object => "an object of",
                _ => "the model",
            };
            (
                format!("`{name}` (method{n}) is no method of {place} {}.", model.name),
                suggestion(&near, "The model's page in the browser lists its methods."),
            )
        }
    };
    Pitfall::error("unknown-method", says, fix)
}

fn arguments(
    step: &Step,
    argument: &Map<String, Value>,
    method: &Method,
    model: &Model,
    contract: &Contract,
) -> Vec<Pitfall> {
    let mut pitfalls = Vec::new();
    let place = format!("arg{}", step.number);
    match step.method.rsplit('.').next().unwrap_or_default() {
        "filter" | "exclude" | "get" => {
            let unknown = argument.keys().filter(|path| contract.schema.resolve(model, path).is_err());
            pitfalls.extend(unknown.map(|path| no_field(path, &place, model, contract)));
            pitfalls.extend(values::check(argument, model));
            pitfalls.extend(values::midnights(argument, model));
        }
        "set" | "create" | "update" => {
            let known = |name: &str| name == "pk" || model.field(name).is_some();
            let unknown = argument.keys().filter(|name| !known(name));
            pitfalls.extend(unknown.map(|name| no_field(name, &place, model, contract)));
            pitfalls.extend(values::check(argument, model));
        }
        // These take names of columns, or lists, by rules of their own.
        "get_or_create" | "update_or_create" | "order_by" | "values" | "values_list" | "latest" | "earliest"
        | "in_bulk" | "distinct" => {}
        // A method of the model's own that names no arguments may take any: a report's are its variables.
        _ if method.args.is_empty() && !is_generic(method, contract) => {}
        _ => {
            for name in argument.keys().filter(|name| !method.args.contains_key(*name)) {
                let near = nearest(name, method.args.keys().map(String::as_str));
                let all: Vec<&str> = method.args.keys().map(String::as_str).collect();
                let all = if all.is_empty() { "none".to_owned() } else { all.join(", ") };
                pitfalls.push(Pitfall::error(
                    "unknown-argument",
                    format!("`{}` has no argument `{name}`.", step.method),
                    suggestion(&near, &format!("It takes {all}.")),
                ));
            }
            let missing = method.args.iter().filter(|(name, spec)| spec.required && !argument.contains_key(*name));
            pitfalls.extend(missing.map(|(name, _)| {
                Pitfall::error(
                    "missing-argument",
                    format!("`{}` needs the argument `{name}`.", step.method),
                    format!("Add \"{name}\": ... to {place}."),
                )
            }));
        }
    }
    pitfalls.extend(argument.iter().filter_map(|(name, value)| placeholder(name, value)));
    pitfalls
}

/// Whether every model has this very method.
fn is_generic(method: &Method, contract: &Contract) -> bool {
    let generic = &contract.schema.generic;
    let mut shared = generic.manager.values().chain(generic.queryset.values()).chain(generic.instance.values());
    shared.any(|known| std::ptr::eq(known, method))
}

/// `<ID-абонента>` left in place of a value.
fn placeholder(name: &str, value: &Value) -> Option<Pitfall> {
    let text = value.as_str()?;
    (text.starts_with('<') && text.ends_with('>')).then(|| {
        Pitfall::error(
            "placeholder-value",
            format!("`{name}` is `{text}`, which stands for a value of yours."),
            "Put the value in its place.",
        )
    })
}

fn no_field(path: &str, place: &str, model: &Model, contract: &Contract) -> Pitfall {
    // The part that does not resolve belongs to the model that the parts before it lead to.
    let parts: Vec<&str> = path.split("__").collect();
    let mut here = model;
    let mut wrong = parts.first().copied().unwrap_or_default();
    for (at, part) in parts.iter().enumerate() {
        wrong = part;
        let prefix = parts[..=at].join("__");
        if contract.schema.resolve(model, &prefix).is_err() {
            break;
        }
        let target = here.field(part).and_then(|field| field.to).or(here.relation(part).map(|link| link.model));
        if let Some(target) = target {
            here = contract.schema.at(target);
        }
    }
    let fields = here.fields.iter().flat_map(|field| [field.name.as_str(), field.column.as_str()]);
    let links = here.relations.iter().map(|link| link.name.as_str());
    let properties = here.properties.keys().map(String::as_str);
    let near = nearest(wrong, fields.chain(links).chain(properties));
    Pitfall::error(
        "unknown-field",
        format!("{place} names `{path}`: {} has no `{wrong}`.", here.name),
        suggestion(&near, &format!("The page of {} in the browser lists its fields.", here.name)),
    )
}

/// `set` changes the object in hand only; without `save` behind it nothing is written.
fn unsaved(chain: &Chain) -> Option<Pitfall> {
    let set = chain.steps.iter().rposition(|step| step.method == "set")?;
    let saved = chain.steps.iter().skip(set + 1).any(|step| step.method == "save");
    let number = chain.steps.last()?.number + 1;
    (!saved).then(|| {
        Pitfall::error(
            "set-without-save",
            "The chain sets values and never saves them: the reply shows them, and nothing is written.",
            format!("Add &method{number}=save&arg{number}={{}} to the body."),
        )
    })
}
