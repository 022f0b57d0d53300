//! Which code stands behind which name of the contract. A test compares this with `specs/`, both ways.

use super::{
    Hook, ModelMethod, ObjectMethod, PropertyCode, abonents, accounts, blocks, cabinet, cards, finance, messages,
    properties, reports, services, users, version,
};

/// Methods whose arguments the data declare, not the contract.
pub const OPEN: [&str; 1] = ["get_data"];

const OBJECT_METHODS: &[(&str, &[(&str, ObjectMethod)])] = &[
    ("Abonents", abonents::METHODS),
    ("Users", users::METHODS),
    ("ArchAccountStack", accounts::ARCHIVE_METHODS),
    ("FinanceOperations", finance::METHODS),
    ("AdminCustomReports", reports::METHODS),
];

const MODEL_METHODS: &[(&str, &[(&str, ModelMethod)])] =
    &[("Users", users::MODEL_METHODS), ("Users", cabinet::MODEL_METHODS), ("Version", version::MODEL_METHODS)];

const PROPERTIES: &[(&str, &[(&str, PropertyCode)])] =
    &[("Abonents", properties::ABONENTS), ("AdminAccounts", properties::ADMIN_ACCOUNTS), ("Users", properties::USERS)];

const DELETES: &[(&str, ObjectMethod)] =
    &[("Abonents", abonents::delete), ("Users", users::delete), ("AbonentsBlock", blocks::delete)];

const BEFORE_CREATE: &[(&str, Hook)] = &[
    ("Abonents", cards::before_create),
    ("Users", users::before_create),
    ("AccountStack", accounts::fill_account),
    ("ArchAccountStack", accounts::fill_account),
    ("FinanceOperations", finance::before_create),
    ("UsersUsluga", services::before_create),
    ("MsgStack", messages::before_create),
];

const AFTER_CREATE: &[(&str, Hook)] = &[("Abonents", cards::after_create)];

const BEFORE_SAVE: &[(&str, Hook)] = &[("Users", users::before_save)];

fn among<T: Copy>(lists: &[(&str, &[(&str, T)])], model: &str, name: &str) -> Option<T> {
    lists.iter().filter(|(of, _)| *of == model).find_map(|(_, list)| one(list, name))
}

fn one<T: Copy>(list: &[(&str, T)], name: &str) -> Option<T> {
    list.iter().find(|(entry, _)| *entry == name).map(|(_, code)| *code)
}

/// A method of an object.
pub fn object_method(model: &str, name: &str) -> Option<ObjectMethod> {
    among(OBJECT_METHODS, model, name)
}

/// A method of a model.
pub fn model_method(model: &str, name: &str) -> Option<ModelMethod> {
    among(MODEL_METHODS, model, name)
}

/// A computed property.
pub fn property(model: &str, name: &str) -> Option<PropertyCode> {
    among(PROPERTIES, model, name)
}

/// A deletion that is more than removing the row.
pub fn delete(model: &str) -> Option<ObjectMethod> {
    one(DELETES, model)
}

/// What happens before a row is created.
pub fn before_create(model: &str) -> Option<Hook> {
    one(BEFORE_CREATE, model)
}

/// What happens after a row was created.
pub fn after_create(model: &str) -> Option<Hook> {
    one(AFTER_CREATE, model)
}

/// What happens before a row is saved again.
pub fn before_save(model: &str) -> Option<Hook> {
    one(BEFORE_SAVE, model)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::billing::testing;

    type Names = BTreeSet<(String, String)>;

    fn implemented<T>(lists: &[(&str, &[(&str, T)])]) -> Names {
        lists
            .iter()
            .flat_map(|(model, list)| list.iter().map(|(name, _)| ((*model).to_owned(), (*name).to_owned())))
            .collect()
    }

    #[test]
    fn the_contract_and_the_code_name_the_same_methods_and_properties() {
        let schema = testing::schema();
        let declared = |names: &dyn Fn(&carbon_specs::Model) -> Vec<String>| -> Names {
            schema
                .models
                .iter()
                .flat_map(|model| names(model).into_iter().map(|name| (model.name.clone(), name)))
                .collect()
        };
        let mut methods = implemented(OBJECT_METHODS);
        methods.extend(DELETES.iter().map(|(model, _)| ((*model).to_owned(), "delete".to_owned())));
        // It is deleted as every row is, seen from outside; `save` takes an argument on connected services.
        methods.remove(&("AbonentsBlock".to_owned(), "delete".to_owned()));
        methods.insert(("UsersUsluga".to_owned(), "save".to_owned()));
        assert_eq!(declared(&|model| model.methods.keys().cloned().collect()), methods);
        assert_eq!(declared(&|model| model.model_methods.keys().cloned().collect()), implemented(MODEL_METHODS));
        assert_eq!(declared(&|model| model.properties.keys().cloned().collect()), implemented(PROPERTIES));
    }

    #[test]
    fn hooks_name_models_of_the_contract() {
        let schema = testing::schema();
        let hooks = BEFORE_CREATE.iter().chain(AFTER_CREATE).chain(BEFORE_SAVE).map(|(model, _)| *model);
        for model in hooks.chain(DELETES.iter().map(|(model, _)| *model)) {
            assert!(schema.model(model).is_some(), "{model}");
        }
    }
}
