//! Checks a double-underscore path (`abonent__tarif__name`, `abonent_id_users__ip__in`) against the schema.

use crate::schema::{Model, Schema};

/// Lookups and transforms that may end a filter's path.
pub const LOOKUPS: [&str; 28] = [
    "exact",
    "iexact",
    "contains",
    "icontains",
    "startswith",
    "istartswith",
    "endswith",
    "iendswith",
    "in",
    "gt",
    "gte",
    "lt",
    "lte",
    "range",
    "isnull",
    "regex",
    "iregex",
    "date",
    "year",
    "month",
    "day",
    "week_day",
    "hour",
    "minute",
    "second",
    "quarter",
    "week",
    "time",
];

impl Schema {
    /// Whether a path names something: columns, foreign keys, reverse links, `pk`, properties, and lookups at its end.
    ///
    /// # Errors
    /// A sentence naming the part that does not resolve.
    pub fn resolve(&self, model: &Model, path: &str) -> Result<(), String> {
        let mut at = Some(model);
        for part in path.split("__") {
            let Some(here) = at else {
                if LOOKUPS.contains(&part) {
                    continue;
                }
                return Err(format!("`{path}`: nothing can follow before `{part}`"));
            };
            if part == "pk" || here.properties.contains_key(part) {
                at = None;
            } else if let Some(field) = here.field(part) {
                at = field.to.filter(|_| field.name == part).map(|to| self.at(to));
            } else if let Some(relation) = here.relation(part) {
                at = Some(self.at(relation.model));
            } else if LOOKUPS.contains(&part) {
                at = None;
            } else {
                return Err(format!("`{path}`: {} has no `{part}`", here.name));
            }
        }
        Ok(())
    }

    /// Whether a model, its QuerySets or its objects have this method.
    pub fn has_method(&self, model: &Model, name: &str) -> bool {
        model.methods.contains_key(name)
            || model.model_methods.contains_key(name)
            || self.generic.manager.contains_key(name)
            || self.generic.queryset.contains_key(name)
            || self.generic.instance.contains_key(name)
    }
}
