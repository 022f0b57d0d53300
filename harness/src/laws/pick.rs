//! What a law is tried on: a model, a part of its rows, conditions, names. A plain value that can be made smaller.

use serde_json::{Value, json};

use super::call::{Call, condition};

/// A part of a model's rows.
#[derive(Clone, Debug, PartialEq)]
pub enum Scope {
    /// All of them.
    All,
    /// Keys between two.
    Range(Value, Value),
    /// These keys.
    Keys(Vec<Value>),
}

/// What a law is tried on.
#[derive(Clone, Debug, PartialEq)]
pub struct Pick {
    /// The model.
    pub model: String,
    /// Which of its rows.
    pub scope: Scope,
    /// Conditions: paths and values.
    pub conditions: Vec<(String, Value)>,
    /// Names: of columns, links, or whatever the law means by them.
    pub names: Vec<String>,
    /// Values that the law needs beside the conditions'.
    pub values: Vec<Value>,
    /// How many conditions and names there must be at least.
    pub least: (usize, usize),
}

impl Pick {
    /// A model's rows and nothing more.
    pub fn of(model: &str, scope: Scope) -> Self {
        let model = model.to_owned();
        Self { model, scope, conditions: Vec::new(), names: Vec::new(), values: Vec::new(), least: (0, 0) }
    }

    /// With a condition that the law needs.
    #[must_use]
    pub fn needing(mut self, path: impl Into<String>, value: Value) -> Self {
        self.conditions.push((path.into(), value));
        self.least.0 += 1;
        self
    }

    /// With a name that the law needs.
    #[must_use]
    pub fn naming(mut self, name: impl Into<String>) -> Self {
        self.names.push(name.into());
        self.least.1 += 1;
        self
    }

    /// The first condition.
    pub fn path(&self) -> (&str, &Value) {
        self.conditions.first().map_or(("", &Value::Null), |(path, value)| (path, value))
    }

    /// A name.
    pub fn name(&self, place: usize) -> &str {
        self.names.get(place).map_or("", String::as_str)
    }

    /// A value.
    pub fn value(&self, place: usize) -> &Value {
        self.values.get(place).unwrap_or(&Value::Null)
    }

    /// The rows of the scope.
    pub fn base(&self) -> Call {
        match &self.scope {
            Scope::All => Call::all(&self.model),
            Scope::Range(low, high) => Call::filter(&self.model, condition("pk__range", &json!([low, high]))),
            Scope::Keys(keys) => Call::filter(&self.model, condition("pk__in", &json!(keys))),
        }
    }

    /// The rows of the scope, and a method: `objects.filter` at once where the scope is everything.
    pub fn narrowed(&self, method: &str, arg: Value) -> Call {
        match &self.scope {
            Scope::All => Call::new(&self.model, &format!("objects.{method}"), arg),
            _ => self.base().then(method, arg),
        }
    }

    /// The rows of the scope that satisfy one condition.
    pub fn where_(&self, path: &str, value: &Value) -> Call {
        self.narrowed("filter", condition(path, value))
    }

    /// Smaller ones, the smallest first; `keys` are those of the model's known rows.
    pub fn smaller(&self, keys: &[Value]) -> Vec<Self> {
        let mut smaller = Vec::new();
        let known = match &self.scope {
            Scope::Keys(keys) => keys.as_slice(),
            _ => keys,
        };
        if known.len() > 1 || !matches!(self.scope, Scope::Keys(_)) {
            for part in parts(known) {
                smaller.push(Self { scope: Scope::Keys(part), ..self.clone() });
            }
        }
        if self.conditions.len() > self.least.0 {
            for place in self.least.0..self.conditions.len() {
                let mut fewer = self.clone();
                fewer.conditions.remove(place);
                smaller.push(fewer);
            }
        }
        if self.names.len() > self.least.1 {
            for place in self.least.1..self.names.len() {
                let mut fewer = self.clone();
                fewer.names.remove(place);
                smaller.push(fewer);
            }
        }
        for (place, (path, value)) in self.conditions.iter().enumerate() {
            let Some(items) = value.as_array().filter(|items| items.len() > 1 && path.ends_with("__in")) else {
                continue;
            };
            for part in parts(items) {
                let mut fewer = self.clone();
                fewer.conditions[place].1 = Value::Array(part);
                smaller.push(fewer);
            }
        }
        smaller
    }
}

/// Parts of a list: eighths, halves, and, of a short one, all but one.
fn parts<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    let mut parts: Vec<Vec<T>> = Vec::new();
    for of in [8, 2] {
        if items.len() >= of {
            parts.extend(items.chunks(items.len().div_ceil(of)).map(<[T]>::to_vec));
        }
    }
    if items.len() <= 6 {
        for place in 0..items.len() {
            let mut fewer = items.to_vec();
            fewer.remove(place);
            if !fewer.is_empty() {
                parts.push(fewer);
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smaller_picks_keep_what_the_law_needs() {
        let pick = Pick {
            conditions: vec![("name".to_owned(), json!("a")), ("id__in".to_owned(), json!([1, 2, 3]))],
            least: (1, 0),
            ..Pick::of("Tarif", Scope::Keys(vec![json!(1), json!(2)]))
        };
        let smaller = pick.smaller(&[]);
        assert!(smaller.iter().all(|pick| pick.path().0 == "name"));
        assert!(smaller.iter().any(|pick| pick.conditions.len() == 1));
        assert!(smaller.iter().any(|pick| pick.scope == Scope::Keys(vec![json!(2)])));
        assert!(smaller.iter().any(|pick| pick.conditions.get(1).is_some_and(|(_, value)| *value == json!([3]))));
        assert!(!smaller.contains(&pick));
    }

    #[test]
    fn one_row_and_no_spare_condition_is_the_smallest() {
        let pick = Pick::of("Tarif", Scope::Keys(vec![json!(1)])).needing("name", json!("a"));
        assert_eq!(pick.smaller(&[json!(1), json!(2)]), []);
    }
}
