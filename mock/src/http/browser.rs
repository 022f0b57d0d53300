//! The model browser: the page's "call `http://<ip>:8082/rest_api/v2/` in a browser and choose a model".
//!
//! As on real servers it lists, per model, its fields, its model methods and its object methods.

use std::fmt::Write;

use carbon_specs::schema::related_name;
use carbon_specs::{Field, Method, Model, Schema};
use hyper::{Response, StatusCode};
use indexmap::IndexMap;
use serde_json::{Value, json};

use super::body::{Body, json_reply};
use super::page::{escape, frame, html};
use super::routes::Wanted;
use crate::wire;

/// All models.
pub fn index(schema: &Schema, wanted: Wanted) -> Response<Body> {
    if wanted == Wanted::Json {
        let models: Vec<Value> = schema
            .models
            .iter()
            .map(|model| json!({ "name": model.name, "title": model.title, "url": wire::call_path(&model.name) }))
            .collect();
        return json_reply(StatusCode::OK, &json!({ "models": models }));
    }
    let mut rows = String::new();
    for model in &schema.models {
        let (name, title) = (escape(&model.name), escape(&model.title));
        let _ = write!(rows, "<tr><td><a href=\"{}{name}/\">{name}</a></td><td>{title}</td></tr>", wire::ROOT);
    }
    html(frame(
        "API REST v2.0",
        &format!(
            "<p>A mock of Carbon Billing 5. Choose a model, or see what the mock is doing in its \
             <a href=\"/__mock__/\">console</a>.</p><table>{rows}</table>"
        ),
    ))
}

/// One model.
pub fn model(schema: &Schema, model: &Model, wanted: Wanted) -> Response<Body> {
    if wanted == Wanted::Json {
        return json_reply(StatusCode::OK, &model_json(schema, model));
    }
    let mut body = format!(
        "<p>{}. <a href=\"{}\">All models</a></p><pre>{}</pre>",
        escape(&model.title),
        wire::ROOT,
        escape(&format!(
            "curl -XPOST -d 'method1=objects.all&fields=[\"pk\"]' http://<ip>:8082{}",
            wire::call_path(&model.name)
        ))
    );
    body.push_str("<h2>Fields</h2><table><tr><th>Name</th><th>Type</th><th></th><th>Source</th></tr>");
    for field in &model.fields {
        let _ = write!(
            body,
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td class=dim>{}</td></tr>",
            escape(&field.name),
            kind_html(schema, field),
            escape(field.doc.as_deref().unwrap_or("")),
            field.source,
        );
    }
    for (name, property) in &model.properties {
        let _ = write!(
            body,
            "<tr><td><code>{}</code></td><td>property, {}</td><td>{}</td><td class=dim>{}</td></tr>",
            escape(name),
            escape(&property.kind),
            escape(property.doc.as_deref().unwrap_or("")),
            property.source,
        );
    }
    for relation in &model.relations {
        let from = escape(&schema.at(relation.model).name);
        let _ = write!(
            body,
            "<tr><td><code>{}</code></td><td>list of <a href=\"{}{from}/\">{from}</a></td><td></td><td></td></tr>",
            escape(&relation.name),
            wire::ROOT,
        );
    }
    body.push_str("</table><h2>Model methods</h2>");
    methods_html(&mut body, model.model_methods.iter().chain(&schema.generic.manager));
    body.push_str("<h2>Object methods</h2>");
    methods_html(&mut body, model.methods.iter().chain(&schema.generic.instance));
    body.push_str("<h2>Methods of a list</h2>");
    methods_html(&mut body, schema.generic.queryset.iter());
    html(frame(&model.name, &body))
}

fn kind_html(schema: &Schema, field: &Field) -> String {
    let null = if field.null { ", may be null" } else { "" };
    match field.to {
        Some(to) => {
            let to = escape(&schema.at(to).name);
            format!("link to <a href=\"{}{to}/\">{to}</a> (<code>{}</code>){null}", wire::ROOT, escape(&field.column))
        }
        None => format!("{}{null}", field.kind),
    }
}

fn methods_html<'a>(body: &mut String, methods: impl Iterator<Item = (&'a String, &'a Method)>) {
    body.push_str("<table>");
    for (name, method) in methods {
        let args: Vec<String> = method
            .args
            .iter()
            .map(|(name, arg)| format!("{name}: {}{}", arg.kind, if arg.required { "" } else { ", optional" }))
            .collect();
        let _ = write!(
            body,
            "<tr><td><code>{}</code></td><td><code>{}</code></td><td>{}</td><td class=dim>{}</td></tr>",
            escape(name),
            escape(&args.join("; ")),
            escape(&method.doc),
            method.source,
        );
    }
    body.push_str("</table>");
}

fn model_json(schema: &Schema, model: &Model) -> Value {
    let fields: serde_json::Map<String, Value> = model
        .fields
        .iter()
        .map(|field| {
            let mut entry = json!({ "type": field.kind, "null": field.null, "source": field.source });
            if let Some(to) = field.to {
                entry["to"] = json!(schema.at(to).name);
                entry["column"] = json!(field.column);
                entry["related_name"] = json!(related_name(&field.column, &model.name));
            }
            (field.name.clone(), entry)
        })
        .collect();
    let relations: serde_json::Map<String, Value> =
        model.relations.iter().map(|relation| (relation.name.clone(), json!(schema.at(relation.model).name))).collect();
    json!({
        "name": model.name,
        "title": model.title,
        "pk": model.pk_field().name,
        "fields": fields,
        "properties": model.properties.keys().collect::<Vec<_>>(),
        "relations": relations,
        "model_methods": methods_json(&[&model.model_methods, &schema.generic.manager]),
        "object_methods": methods_json(&[&model.methods, &schema.generic.instance]),
        "list_methods": methods_json(&[&schema.generic.queryset]),
    })
}

fn methods_json(methods: &[&IndexMap<String, Method>]) -> Value {
    let entries = methods.iter().copied().flatten().map(|(name, method)| {
        let args: serde_json::Map<String, Value> = method
            .args
            .iter()
            .map(|(name, arg)| (name.clone(), json!({ "type": arg.kind, "required": arg.required })))
            .collect();
        (name.clone(), json!({ "args": args, "doc": method.doc, "source": method.source }))
    });
    Value::Object(entries.collect())
}
