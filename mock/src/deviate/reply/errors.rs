//! Refusals told in other words, or not at all.

use serde_json::{Value as Json, json};

use super::envelope::is_missing;
use super::{Said, Saying};
use crate::deviation::Deviation as D;

/// Changes a refusal.
pub fn change(saying: &Saying<'_>, said: Said) -> Said {
    let on = saying.on;
    let Err(text) = said else { return said };
    if on.contains(D::ErrorsSwallowed) {
        return Ok(json!([]));
    }
    if on.contains(D::ErrorsAsResult) {
        return Ok(Json::from(text));
    }
    if on.contains(D::ErrorsUnknownMethodNull) && text.contains("has no attribute") {
        return Ok(Json::Null);
    }
    Err(words(saying, text))
}

fn words(saying: &Saying<'_>, text: String) -> String {
    let on = saying.on;
    let (class, russian) = kind(&text);
    if on.contains(D::ErrorsInRussian) {
        return russian.to_owned();
    }
    if on.contains(D::ErrorsEmpty) {
        return String::new();
    }
    if on.contains(D::ErrorsWithoutDetail) {
        return class.to_owned();
    }
    if on.contains(D::ErrorsWithClass) {
        return format!("{class}: {text}");
    }
    if on.contains(D::ErrorsTraceback) {
        return format!(
            "Traceback (most recent call last):\n  File \"/app/api/views.py\", line 214, in call\n    result = getattr(result, method)(**arg)\n{class}: {text}"
        );
    }
    match text.find(" Choices are: ") {
        Some(end) if on.contains(D::ErrorsWithoutChoices) => text[..end].to_owned(),
        _ => text,
    }
}

/// The exception that Python would name, and what it is in Russian.
fn kind(text: &str) -> (&'static str, &'static str) {
    if is_missing(text) {
        ("DoesNotExist", "Объект не найден")
    } else if text.starts_with("get() returned more than one") {
        ("MultipleObjectsReturned", "Найдено несколько объектов")
    } else if text.starts_with("Cannot resolve keyword") || text.starts_with("Unsupported lookup") {
        ("FieldError", "Неизвестное поле")
    } else if text.contains("has no attribute") {
        ("AttributeError", "Неизвестный метод")
    } else {
        ("ValueError", "Ошибка в запросе")
    }
}

/// Whether the refusal is of a model that is not there.
pub fn is_unknown_model(text: &str) -> bool {
    text.starts_with("Unknown model '")
}
