//! JSON of a state file, read strictly and row by row: a key that an object has twice is a mistake, not a second chance.

use std::collections::HashSet;
use std::fmt;

use carbon_specs::Model;
use jiff::civil::DateTime;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value as Json};

use super::Store;
use super::state::StateError;

/// Puts what is read into a store. Where a row is wrong, `refused` says what serde's error cannot: which.
pub(super) struct States<'s> {
    pub(super) store: &'s mut Store,
    pub(super) now: DateTime,
    pub(super) refused: &'s mut Option<StateError>,
}

impl<'de> DeserializeSeed<'de> for States<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for States<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of models")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut models: A) -> Result<(), A::Error> {
        let schema = self.store.schema().clone();
        let mut read = HashSet::new();
        while let Some(name) = models.next_key::<String>()? {
            let Some(model) = schema.model(&name).filter(|model| model.name == name) else {
                return Err(refuse(self.refused, StateError::Model(name)));
            };
            if !read.insert(model.id) {
                return Err(given_twice(&name));
            }
            models.next_value_seed(Rows { model, store: self.store, now: self.now, refused: self.refused })?;
        }
        Ok(())
    }
}

/// The list of a model's rows.
struct Rows<'s> {
    model: &'s Model,
    store: &'s mut Store,
    now: DateTime,
    refused: &'s mut Option<StateError>,
}

impl<'de> DeserializeSeed<'de> for Rows<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Rows<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of rows of {}", self.model.name)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        let mut place = 0;
        while let Some(row) = rows.next_element_seed(Strict)? {
            self.store.take_entry(self.model, place, &row, self.now).map_err(|error| refuse(self.refused, error))?;
            place += 1;
        }
        Ok(())
    }
}

fn refuse<E: Error>(refused: &mut Option<StateError>, error: StateError) -> E {
    let told = E::custom(&error);
    *refused = Some(error);
    told
}

fn given_twice<E: Error>(key: &str) -> E {
    E::custom(format_args!("`{}` is given twice", key.escape_debug()))
}

/// Any JSON.
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if object.contains_key(&key) {
                return Err(given_twice(&key));
            }
            let value = entries.next_value_seed(Self)?;
            object.insert(key, value);
        }
        Ok(Json::Object(object))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Self)? {
            list.push(item);
        }
        Ok(Json::Array(list))
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Json, E> {
        Ok(Json::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(Json::from(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(Json::from(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Json, E> {
        Number::from_f64(number).map(Json::Number).ok_or_else(|| E::custom("a number is out of range"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::from(text))
    }

    fn visit_string<E>(self, text: String) -> Result<Json, E> {
        Ok(Json::String(text))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use carbon_specs::Contract;

    use super::*;

    fn read(text: &str) -> Result<Store, String> {
        let schema = Arc::new(Contract::embedded().unwrap().schema);
        let now = jiff::civil::date(2022, 2, 1).at(10, 0, 0, 0);
        Store::from_text(&schema, text.as_bytes(), now).map_err(|error| error.to_string())
    }

    #[test]
    fn text_and_json_in_hand_hold_the_same() {
        let text = r#"{"Homes": [{"pk": 1, "fields": {"city": "ж\n"}}, {"pk": 2, "fields": {}}], "Abonents": []}"#;
        let store = read(text).unwrap();
        let json: Json = serde_json::from_str(text).unwrap();
        let now = jiff::civil::date(2022, 2, 1).at(10, 0, 0, 0);
        assert_eq!(store.to_state(), Store::from_state(store.schema(), &json, now).unwrap().to_state());
    }

    #[test]
    fn what_is_wrong_is_refused_with_its_place() {
        for (text, said) in [
            ("{\"Abonents\": [],\n \"Homes\": [], \"Abonents\": []}", "`Abonents` is given twice at line 2"),
            (r#"{"Homes": [{"pk": 1, "fields": {"city": "a", "city": "b"}}]}"#, "`city` is given twice at line 1"),
            ("{} {}", "trailing characters"),
            ("{\"Homes\": }", "expected value at line 1 column 11"),
            ("[]", "expected an object of models"),
            ("{\"Homes\": 5}", "expected a list of rows of Homes"),
            ("{\"Chairs\": []}", "`Chairs` is no model"),
            (r#"{"Homes": [{"pk": 1, "fields": {}}, {"pk": 1, "fields": {}}]}"#, "Homes 1: is there twice"),
            (r#"{"Homes": [{"fields": {}}]}"#, "Homes number 1: has no integer `pk`"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
