//! The table of curl's options and how it finds one: by letter, by name, by the beginning of a name.

use std::sync::LazyLock;

use super::error::CurlError;

/// One option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Its letter.
    pub short: Option<char>,
    /// Its long name, without dashes.
    pub name: &'static str,
    /// Whether it takes an argument.
    pub takes: bool,
}

static TABLE: LazyLock<Vec<Spec>> = LazyLock::new(|| {
    let lines = include_str!("options.tsv").lines().skip(1);
    lines
        .filter_map(|line| {
            let mut cells = line.split('\t');
            let short = cells.next()?.chars().next();
            let name = cells.next()?;
            Some(Spec { short, name, takes: cells.next() == Some("1") })
        })
        .collect()
});

/// The option of this letter.
pub fn short(letter: char) -> Option<Spec> {
    TABLE.iter().copied().find(|spec| spec.short == Some(letter))
}

/// The option of this long name or beginning of one. `written` is what an error quotes.
pub fn long(name: &str, written: &str) -> Result<Spec, CurlError> {
    let option = || written.to_owned();
    let (wanted, negated) = match name.strip_prefix("no-") {
        Some(rest) => (rest, true),
        None => (name, false),
    };
    let mut found = TABLE.iter().filter(|spec| spec.name.starts_with(wanted));
    let spec = match (TABLE.iter().find(|spec| spec.name == wanted), found.next(), found.next()) {
        (Some(exact), ..) => *exact,
        (None, Some(only), None) => *only,
        (None, Some(_), Some(_)) => return Err(CurlError::AmbiguousOption { option: option() }),
        (None, None, _) => return Err(CurlError::UnknownOption { option: option() }),
    };
    if negated && spec.takes {
        return Err(CurlError::NotBoolean { option: option() });
    }
    Ok(spec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_found_by_letter_name_and_beginning() {
        assert_eq!(short('D').map(|spec| (spec.name, spec.takes)), Some(("dump-header", true)));
        assert_eq!(short('#').map(|spec| spec.name), Some("progress-bar"));
        assert_eq!(long("data", "--data").map(|spec| spec.name), Ok("data"));
        assert_eq!(long("no-buffer", "").map(|spec| spec.takes), Ok(false));
        assert!(matches!(long("data-", "--data-"), Err(CurlError::AmbiguousOption { .. })));
    }
}
