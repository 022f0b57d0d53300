//! What several findings have in common: a method that a server lacks fails every call and every rule that uses it.

/// One error that several findings come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The error, as the server words it.
    pub error: String,
    /// How many findings it is behind.
    pub findings: usize,
    /// What they are called, each once.
    pub names: Vec<String>,
}

/// The errors that more than one finding comes from, in the order they were first seen.
pub fn causes<'f>(refusals: impl IntoIterator<Item = (&'f str, &'f str)>) -> Vec<Cause> {
    let mut causes: Vec<Cause> = Vec::new();
    for (name, error) in refusals {
        let place = causes.iter().position(|cause| cause.error == error).unwrap_or_else(|| {
            causes.push(Cause { error: error.to_owned(), findings: 0, names: Vec::new() });
            causes.len() - 1
        });
        let cause = &mut causes[place];
        cause.findings += 1;
        if !cause.names.iter().any(|known| known == name) {
            cause.names.push(name.to_owned());
        }
    }
    causes.retain(|cause| cause.findings > 1);
    causes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_of_one_error_is_told_once() {
        let refusals = [("users-14.1", "no check_pass"), ("account-1.1", "no balance"), ("a-rule", "no check_pass")];
        let one =
            Cause { error: "no check_pass".into(), findings: 2, names: vec!["users-14.1".into(), "a-rule".into()] };
        assert_eq!(causes(refusals), [one]);
        assert_eq!(causes([("a-rule", "no"), ("a-rule", "no")])[0].names, ["a-rule"]);
    }
}
