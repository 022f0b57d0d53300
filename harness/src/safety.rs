//! Whether a call can change anything, by the contract.
//!
//! Errs on the safe side: a method that the contract does not know, or knows as a write anywhere on the model, is one.

use carbon_specs::Schema;
use carbon_specs::example::Kind;

use crate::form::{Form, FormError, model_in};

/// Why a call may change something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotARead {
    /// It can be read in two ways, or not at all.
    #[error(transparent)]
    Form(#[from] FormError),
    /// The page itself documents a `set` without `save` as a change (line 601): never mind what Django does.
    #[error("`set` changes an object")]
    Set,
    /// A method that the contract does not know as a read.
    #[error("the contract does not call `{method}` of `{model}` a read")]
    Method {
        /// The model, as it was spelled.
        model: String,
        /// The method.
        method: String,
    },
}

/// Checks that every method of a call's chain is a read, whichever way a server may read the form.
///
/// # Errors
/// See [`NotARead`]; of several methods it names the first.
pub fn only_reads(schema: &Schema, path: &str, body: &str) -> Result<(), NotARead> {
    let name = model_in(path)?;
    for (_, method) in Form::parse(body)?.methods {
        if method == "set" {
            return Err(NotARead::Set);
        }
        if kind(schema, name, &method) != Some(Kind::Read) {
            return Err(NotARead::Method { model: name.to_owned(), method });
        }
    }
    Ok(())
}

fn kind(schema: &Schema, model: &str, method: &str) -> Option<Kind> {
    let generic = &schema.generic;
    let model = schema.model(model);
    let known = [
        model.and_then(|model| model.methods.get(method)),
        model.and_then(|model| model.model_methods.get(method)),
        generic.manager.get(method),
        generic.queryset.get(method),
        generic.instance.get(method),
    ];
    let kinds: Vec<Kind> = known.into_iter().flatten().map(|method| method.kind).collect();
    if kinds.contains(&Kind::Write) { Some(Kind::Write) } else { kinds.first().copied() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_that_the_body_names_by_itself_is_judged_too() {
        let schema = carbon_specs::Contract::embedded().unwrap().schema;
        assert_eq!(only_reads(&schema, "/rest_api/v2/Version/", "get_version=True"), Ok(()));
        assert!(only_reads(&schema, "/rest_api/v2/Abonents/", "delete=True").is_err());
        assert!(only_reads(&schema, "/rest_api/v2/Abonents/", "nosuch=True&fields=[]").is_err());
    }

    #[test]
    fn a_form_that_a_server_may_read_otherwise_is_no_read() {
        let schema = carbon_specs::Contract::embedded().unwrap().schema;
        let path = "/rest_api/v2/Abonents/";
        assert_eq!(only_reads(&schema, path, "method2=count&method10=exists&method1=objects.all&arg1=[]"), Ok(()));
        for beside in [
            "method2=delete&method02=count",
            "method2=delete&method+2=count",
            "method9999999999999999999998=delete&method9999999999999999999999=count",
            "method\u{ff12}=delete&methodx=count",
            "METHOD2=delete",
            "delete=True",
            "arg_delete=1",
            "argdelete=True",
            "method2=count&method2=delete",
            "method2=+delete",
            "arg1={};method2=delete",
        ] {
            let body = format!("method1=objects.all&{beside}");
            assert!(only_reads(&schema, path, &body).is_err(), "{body}");
        }
        for path in ["/rest_api/v2/Abonents/?method2=delete", "/rest_api/v2/Abonents/;x", "/rest_api/v2/%41bonents/"] {
            assert!(only_reads(&schema, path, "method1=objects.all").is_err(), "{path}");
        }
    }
}
