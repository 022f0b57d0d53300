//! What `fields` shows of a row, one path at a time.

use serde_json::{Map, Value as Json, json};

use super::call::{Link, Shown};
use super::cell::Cell;
use super::database::{Database, Row, model};

/// The row of this key as the call asks to see it.
pub fn show(database: &Database, name: &str, pk: i64, fields: &[Shown]) -> Json {
    let paths: Vec<Rest<'_>> = fields.iter().map(|shown| Rest { shown, depth: 0 }).collect();
    database.row(name, pk).map_or(Json::Null, |row| object(database, name, row, &paths))
}

/// A path from some depth on.
#[derive(Clone, Copy)]
struct Rest<'f> {
    shown: &'f Shown,
    depth: usize,
}

impl<'f> Rest<'f> {
    fn link(&self) -> Option<&'f (String, Link)> {
        self.shown.links.get(self.depth)
    }
}

fn object(database: &Database, name: &str, row: &Row, paths: &[Rest<'_>]) -> Json {
    let of_it_all = |path: &Rest<'_>| path.link().is_none() && path.shown.column.is_none();
    // Nothing asked for in particular, here or by one of several paths: the whole row, and what the others name.
    let whole = paths.iter().all(of_it_all) || paths.iter().any(of_it_all);
    let mut fields = if whole { columns(name, row) } else { Map::new() };
    let named: Vec<Rest<'_>> = paths.iter().filter(|path| !of_it_all(path)).copied().collect();
    fields.extend(parts(database, row, &named));
    json!({ "pk": row.pk, "model": name, "fields": fields })
}

fn columns(name: &str, row: &Row) -> Map<String, Json> {
    let model = model(name);
    let others = model.fields.iter().filter(|field| field.id != model.pk);
    others.map(|field| (field.column.clone(), row.cells[&field.column].shown(field.kind, field.places))).collect()
}

fn parts(database: &Database, row: &Row, paths: &[Rest<'_>]) -> Map<String, Json> {
    let mut fields = Map::new();
    for path in paths {
        let Some((name, link)) = path.link() else {
            let (name, field) = path.shown.column.as_ref().unwrap();
            fields.insert(name.clone(), row.cells[&field.column].shown(field.kind, field.places));
            continue;
        };
        let same = paths.iter().filter(|other| other.link().is_some_and(|(other, _)| other == name));
        let rest: Vec<Rest<'_>> = same.map(|path| Rest { depth: path.depth + 1, ..*path }).collect();
        match link {
            Link::Forward { column, to } => {
                let key = row.cells[column].as_whole();
                let other = key.and_then(|pk| database.row(to, pk));
                fields.insert(name.clone(), other.map_or(Json::Null, |other| object(database, to, other, &rest)));
                fields.insert(column.clone(), json!(key));
            }
            Link::Reverse { from, column } => {
                let here = |other: &&Row| other.cells[column] == Cell::whole(row.pk);
                let others = database.rows(from).iter().filter(here);
                fields.insert(name.clone(), others.map(|other| object(database, from, other, &rest)).collect());
            }
        }
    }
    fields
}
