//! Names that are nobody's: those that a sandbox gives to what it makes.

/// What every object of a sandbox is called by: this, the run's id, a number.
pub const PREFIX: &str = "carbon-harness-";

/// Whether a text is a name that a sandbox has given, and nobody's: this prefix, eight digits of the run, a short number.
pub fn is_given(text: &str) -> bool {
    let parts = text.strip_prefix(PREFIX).and_then(|rest| rest.split_once('-'));
    parts.is_some_and(|(run, number)| {
        let is_number = (1..=6).contains(&number.len()) && number.bytes().all(|digit| digit.is_ascii_digit());
        run.len() == 8 && run.bytes().all(|digit| digit.is_ascii_hexdigit()) && is_number
    })
}

#[cfg(test)]
mod tests {
    use super::is_given;

    #[test]
    fn names_that_a_sandbox_gave_are_told_from_others() {
        assert!(is_given("carbon-harness-3707cfa1-5"));
        for other in [
            "carbon-harness-3707cfa1-",
            "carbon-harness-3707cfa1-79991112233",
            "carbon-harness-Ivan Ivanov-5",
            "carbon-harness-3707cfa1-5 Ivan",
            "Ivan",
        ] {
            assert!(!is_given(other), "{other}");
        }
    }
}
