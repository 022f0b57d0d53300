//! Which parts of an object are shown, and how they hang together.

use carbon_specs::{Field, Model};
use serde_json::{Map, Value as Json, json};

use super::Saying;
use super::objects::{fields, model_of, objects};
use crate::deviation::Deviation as D;

/// A column that is there no more.
const GONE: &str = "sms";

/// Changes the objects of a result.
pub fn change(saying: &Saying<'_>, result: &mut Json) {
    objects(result, &mut |object| {
        let Some(model) = model_of(saying.schema, object) else { return };
        within(saying, model, object);
        around(saying, model, object);
    });
    if saying.on.contains(D::ProjectionFlat) {
        flatten(result);
    }
}

/// What happens to `fields`.
fn within(saying: &Saying<'_>, model: &Model, object: &mut Map<String, Json>) {
    let on = saying.on;
    let pk = object.get("pk").cloned().unwrap_or_default();
    let Some(fields) = fields(object) else { return };
    let expanded: Vec<&Field> =
        model.fields.iter().filter(|field| field.to.is_some() && fields.contains_key(&field.name)).collect();
    for field in expanded {
        let key = fields.get(&field.column).cloned().unwrap_or_default();
        if on.contains(D::ProjectionForeignKeyBare) {
            fields.insert(field.name.clone(), key);
        } else if on.contains(D::ProjectionForeignKeyEmpty) && fields[&field.name].is_null() {
            fields.insert(field.name.clone(), json!({}));
        }
        if on.contains(D::ProjectionForeignKeyIdMissing) {
            fields.shift_remove(&field.column);
        }
    }
    for relation in &model.relations {
        let Some(list) = fields.get_mut(&relation.name) else { continue };
        let Some(items) = list.as_array_mut() else { continue };
        if on.contains(D::LimitsTenLinked) {
            items.truncate(10);
        }
        if on.contains(D::ProjectionReverseKeys) {
            for item in items.iter_mut() {
                *item = item.get("pk").cloned().unwrap_or_default();
            }
        }
        if on.contains(D::ProjectionReverseSingle) {
            *list = items.first().cloned().unwrap_or_default();
        }
    }
    if on.contains(D::ProjectionPropertiesMissing) {
        fields.retain(|name, _| !model.properties.contains_key(name));
    }
    if on.contains(D::ProjectionFieldGone) {
        fields.shift_remove(GONE);
    }
    if on.contains(D::ProjectionNullOmitted) {
        fields.retain(|_, value| !value.is_null());
    }
    if on.contains(D::ProjectionFieldAdded) {
        fields.insert("updated_at".to_owned(), Json::from("2022-02-01 10:00:00"));
    }
    if on.contains(D::ProjectionKeyAmongFields) {
        fields.insert(model.pk_field().column.clone(), pk);
    }
    if on.contains(D::ProjectionCamelCase) {
        *fields = std::mem::take(fields).into_iter().map(|(name, value)| (camel(&name), value)).collect();
    }
    if on.contains(D::ProjectionUpperCase) {
        *fields = std::mem::take(fields).into_iter().map(|(name, value)| (name.to_uppercase(), value)).collect();
    }
    if on.contains(D::ProjectionSorted) {
        fields.sort_keys();
    }
}

/// What happens to `pk` and `model`.
fn around(saying: &Saying<'_>, model: &Model, object: &mut Map<String, Json>) {
    let on = saying.on;
    if on.contains(D::ProjectionModelLabel) {
        object.insert("model".to_owned(), Json::from(format!("carbon.{}", model.name.to_lowercase())));
    }
    if on.contains(D::ProjectionModelMissing) {
        object.shift_remove("model");
    }
    if on.contains(D::ProjectionKeyMissing) {
        object.shift_remove("pk");
    }
    if on.contains(D::ProjectionKeyRenamed)
        && let Some(pk) = object.shift_remove("pk")
    {
        object.shift_insert(0, "id".to_owned(), pk);
    }
}

/// `abonent_id` becomes `abonentId`.
fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        match letters.next() {
            Some(first) => {
                text.extend(first.to_uppercase());
                text.push_str(letters.as_str());
            }
            None => text.push('_'),
        }
    }
    text
}

/// The fields beside `pk` and `model` instead of below them.
fn flatten(result: &mut Json) {
    objects(result, &mut |object| {
        if let Some(Json::Object(fields)) = object.shift_remove("fields") {
            object.extend(fields);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_change_their_spelling() {
        assert_eq!(camel("abonent_id_users"), "abonentIdUsers");
        assert_eq!(camel("name"), "name");
        assert_eq!(camel("need_1_c"), "need1C");
    }

    #[test]
    fn fields_are_lifted_at_every_depth() {
        let mut result = json!([{"pk": 1, "model": "Users", "fields": {"abonent": {"pk": 2, "model": "Abonents", "fields": {"name": "x"}}}}]);
        flatten(&mut result);
        let expected = json!([{"pk": 1, "model": "Users", "abonent": {"pk": 2, "model": "Abonents", "name": "x"}}]);
        assert_eq!(result, expected);
    }
}
