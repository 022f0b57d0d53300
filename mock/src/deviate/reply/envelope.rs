//! `call`, `result`, `error`; the status and the content type.

use serde_json::{Map, Value as Json, json};

use super::errors::is_unknown_model;
use super::{Said, Saying};
use crate::deviation::Deviation as D;

/// What goes out, before it is spelled.
pub struct Sent {
    pub status: u16,
    pub content_type: &'static str,
    pub body: Body,
}

/// JSON, or a page.
pub enum Body {
    Json(Json),
    Page(String),
}

pub fn wrap(saying: &Saying<'_>, path: &str, said: Said) -> Sent {
    let on = saying.on;
    let missing = said.as_ref().is_err_and(|text| is_missing(text));
    let no_model = said.as_ref().is_err_and(|text| is_unknown_model(text));
    let status = match &said {
        Err(_) if on.contains(D::ErrorsUnknownModelPage) && no_model => 404,
        Err(_) if on.contains(D::HttpMissing404) && missing => 404,
        Err(_) if on.contains(D::HttpErrors500) || on.contains(D::HttpErrorsAsPages) => 500,
        Ok(_) if on.contains(D::HttpWrites202) && super::results::is_write(saying) => 202,
        _ => 200,
    };
    if let (Err(_), true, true) = (&said, no_model, on.contains(D::ErrorsUnknownModelPage)) {
        let page =
            "<!DOCTYPE html>\n<html><head><title>Not Found</title></head><body><h1>Not Found</h1></body></html>\n";
        return Sent { status, content_type: "text/html; charset=utf-8", body: Body::Page(page.to_owned()) };
    }
    if let (Err(text), true) = (&said, on.contains(D::HttpErrorsAsPages)) {
        let page = format!(
            "<!DOCTYPE html>\n<html><head><title>Server Error (500)</title></head><body><h1>Server Error (500)</h1><p>{}</p></body></html>\n",
            super::spelling::entities(text)
        );
        return Sent { status, content_type: "text/html; charset=utf-8", body: Body::Page(page) };
    }
    let content_type =
        if on.contains(D::HttpContentTypeHtml) { "text/html; charset=utf-8" } else { "application/json" };
    Sent { status, content_type, body: Body::Json(envelope(saying, path, said)) }
}

/// Whether an error tells of an object that is not there.
pub fn is_missing(text: &str) -> bool {
    text.ends_with("matching query does not exist.")
}

fn envelope(saying: &Saying<'_>, path: &str, said: Said) -> Json {
    let on = saying.on;
    let said = said.map(|result| if on.contains(D::EnvelopeResultInList) { json!([result]) } else { result });
    if let (Ok(result), true) = (&said, on.contains(D::EnvelopeBare)) {
        return result.clone();
    }
    let mut reply = Map::new();
    if !on.contains(D::EnvelopeNoCall) {
        reply.insert("call".to_owned(), Json::from(call(saying, path)));
    }
    let key = if on.contains(D::EnvelopeResultRenamed) { "data" } else { "result" };
    match said {
        Ok(result) => {
            reply.insert(key.to_owned(), result);
            if on.contains(D::EnvelopeNullError) {
                reply.insert("error".to_owned(), Json::Null);
            }
        }
        Err(text) => {
            if on.contains(D::EnvelopeErrorBesideNull) {
                reply.insert(key.to_owned(), Json::Null);
            }
            let error = if on.contains(D::EnvelopeErrorAsObject) { json!({ "message": text }) } else { json!(text) };
            reply.insert("error".to_owned(), error);
        }
    }
    if on.contains(D::EnvelopeExtraKey) {
        let status = if reply.contains_key("error") { "error" } else { "ok" };
        reply.insert("status".to_owned(), Json::from(status));
    }
    if on.contains(D::EnvelopeResultFirst)
        && let Some(call) = reply.shift_remove("call")
    {
        reply.insert("call".to_owned(), call);
    }
    Json::Object(reply)
}

fn call(saying: &Saying<'_>, path: &str) -> String {
    let path = path.trim_end_matches('/');
    match path.rsplit_once('/') {
        Some((_, model)) if saying.on.contains(D::EnvelopeCallModelOnly) => model.to_owned(),
        _ if saying.on.contains(D::EnvelopeCallWithoutSlash) => path.to_owned(),
        _ => format!("{path}/"),
    }
}
