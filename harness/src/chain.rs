//! A call taken apart: model, methods with their arguments, and what else the form holds. Read strictly, as
//! [`crate::form`] does, and arguments too: an object, each key once.

use carbon_specs::Schema;
use serde_json::{Map, Value};

use crate::exchange::Sent;
use crate::form::{API, Form, FormError, model_in};

/// Why a call is not taken apart.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// Its form is not read.
    #[error(transparent)]
    Form(#[from] FormError),
    /// No such model.
    #[error("the contract has no model `{0}`")]
    Model(String),
    /// A key that is there twice.
    #[error("`{0}` is there twice")]
    Twice(String),
    /// An argument that is no JSON object.
    #[error("`{key}` is not a JSON object: {reason}")]
    NotAnObject {
        /// `argN`.
        key: String,
        /// What the parser says.
        reason: String,
    },
    /// An argument that names one of its own twice.
    #[error("`{0}` names an argument twice")]
    NamedTwice(String),
    /// An argument without its method.
    #[error("`arg{0}` belongs to no method")]
    NoMethod(u32),
}

/// One method of a chain.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// `objects.get`, `set`, `add_payment`.
    pub method: String,
    /// Its named arguments.
    pub args: Map<String, Value>,
}

/// A call, taken apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Chain {
    /// The model, as the contract spells it.
    pub model: String,
    /// The path, as it was spelled.
    pub path: String,
    /// The methods, in order.
    pub links: Vec<Link>,
    /// The value of `fields`, if it is given.
    pub fields: Option<String>,
}

impl Chain {
    /// Takes a call apart.
    ///
    /// # Errors
    /// See [`ChainError`].
    pub fn parse(schema: &Schema, sent: &Sent) -> Result<Self, ChainError> {
        let name = model_in(&sent.path)?;
        let model = schema.model(name).ok_or_else(|| ChainError::Model(name.to_owned()))?;
        let form = Form::parse(&sent.body)?;
        let mut args: Vec<(u32, Map<String, Value>)> = Vec::new();
        for (number, text) in &form.args {
            let key = format!("arg{number}");
            if args.iter().any(|(known, _)| known == number) {
                return Err(ChainError::Twice(key));
            }
            args.push((*number, object(&key, text)?));
        }
        let fields = match form.fields.as_slice() {
            [] => None,
            [fields] => Some(fields.clone()),
            _ => return Err(ChainError::Twice("fields".to_owned())),
        };
        let links = form
            .methods
            .into_iter()
            .map(|(number, method)| {
                let place = args.iter().position(|(known, _)| *known == number);
                Link { method, args: place.map(|place| args.swap_remove(place).1).unwrap_or_default() }
            })
            .collect();
        if let Some((number, _)) = args.iter().find(|(_, args)| !args.is_empty()) {
            return Err(ChainError::NoMethod(*number));
        }
        Ok(Self { model: model.name.clone(), path: sent.path.clone(), links, fields })
    }

    /// A call on a model.
    pub fn on(model: &str) -> Self {
        Self { model: model.to_owned(), path: format!("{API}{model}/"), links: Vec::new(), fields: None }
    }

    /// The chain with one more method.
    #[must_use]
    pub fn then(mut self, method: &str, args: Value) -> Self {
        let args = match args {
            Value::Object(args) => args,
            _ => Map::new(),
        };
        self.links.push(Link { method: method.to_owned(), args });
        self
    }

    /// The chain, answering these fields only.
    #[must_use]
    pub fn fields(mut self, fields: &[&str]) -> Self {
        self.fields = Some(Value::from(fields.to_vec()).to_string());
        self
    }

    /// As it is sent.
    pub fn sent(&self) -> Sent {
        let mut pairs = Vec::new();
        for (index, link) in self.links.iter().enumerate() {
            pairs.push((format!("method{}", index + 1), link.method.clone()));
            pairs.push((format!("arg{}", index + 1), Value::Object(link.args.clone()).to_string()));
        }
        pairs.extend(self.fields.iter().map(|fields| ("fields".to_owned(), fields.clone())));
        Sent { path: self.path.clone(), body: serde_urlencoded::to_string(pairs).unwrap_or_default() }
    }
}

fn object(key: &str, text: &str) -> Result<Map<String, Value>, ChainError> {
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    // A key that is there twice reads as its last in Python as here; but better not to depend on that.
    let no_object =
        |error: serde_json::Error| ChainError::NotAnObject { key: key.to_owned(), reason: error.to_string() };
    let args: Map<String, Value> = serde_json::from_str(text).map_err(no_object)?;
    let Keys(keys) = serde_json::from_str(text).map_err(no_object)?;
    if keys == args.len() { Ok(args) } else { Err(ChainError::NamedTwice(key.to_owned())) }
}

/// Counts an object's keys, repeats included.
struct Keys(usize);

impl<'de> serde::Deserialize<'de> for Keys {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Count;
        impl<'de> serde::de::Visitor<'de> for Count {
            type Value = Keys;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
                let mut keys = 0;
                while map.next_entry::<String, serde::de::IgnoredAny>()?.is_some() {
                    keys += 1;
                }
                Ok(Keys(keys))
            }
        }
        deserializer.deserialize_map(Count)
    }
}

#[cfg(test)]
mod tests {
    use carbon_specs::Contract;
    use serde_json::json;

    use super::*;

    fn parse(path: &str, body: &str) -> Result<Chain, ChainError> {
        let schema = Contract::embedded().unwrap().schema;
        Chain::parse(&schema, &Sent { path: path.to_owned(), body: body.to_owned() })
    }

    #[test]
    fn a_call_is_taken_apart_and_put_together() {
        let body = "method3=save&method1=objects.get&arg1={\"id\":\"45\"}&method2=set&arg2={\"name\":\"a+b%26\"}";
        let chain = parse("/rest_api/v2/abonents/", body).unwrap();
        assert_eq!(chain.model, "Abonents");
        assert_eq!(
            chain.links.iter().map(|link| link.method.as_str()).collect::<Vec<_>>(),
            ["objects.get", "set", "save"]
        );
        assert_eq!(chain.links[1].args["name"], "a b&");
        let schema = Contract::embedded().unwrap().schema;
        assert_eq!(Chain::parse(&schema, &chain.sent()), Ok(chain));
        let built = Chain::on("Homes").then("objects.get", json!({"id": 1})).fields(&["id"]);
        assert_eq!(Chain::parse(&schema, &built.sent()), Ok(built));
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_not_read() {
        for body in [
            "method1=objects.get&method1=objects.all",
            "method1=objects.get&method01=delete",
            "method1=objects.get&method+2=delete",
            "method1=objects.get&methodx=delete",
            "method1=objects.get&arg1={\"id\":1}&arg1={\"id\":2}",
            "method1=objects.get&arg1={\"id\":1,\"id\":2}",
            "method1=objects.get&arg1=[1]",
            "method1=objects.get&arg2={\"id\":1}",
            "method1=objects.get&other=1",
            "method1=objects.get+",
            "fields=[]&fields=[]",
        ] {
            assert!(parse("/rest_api/v2/Abonents/", body).is_err(), "{body}");
        }
        for path in ["/rest_api/v2/", "/rest_api/v2/Nothing/", "/rest_api/v2/Abonents/x/", "/admin/Abonents/"] {
            assert!(parse(path, "method1=objects.all").is_err(), "{path}");
        }
    }
}
