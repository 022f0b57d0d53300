//! Deviations by name, with near names for one that is misspelt.

use std::fmt;
use std::str::FromStr;

use super::Deviation;

/// No deviation is called so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no deviation is called `{}`{}; --list-deviations shows them all", name.escape_debug(), hint(near))]
pub struct UnknownDeviation {
    /// What was asked for.
    pub name: String,
    /// Names like it, the nearest first.
    pub near: Vec<&'static str>,
}

fn hint(near: &[&str]) -> String {
    match near {
        [] => String::new(),
        names => format!(": did you mean {}?", names.join(", or ")),
    }
}

impl FromStr for Deviation {
    type Err = UnknownDeviation;

    fn from_str(name: &str) -> Result<Self, UnknownDeviation> {
        Self::all()
            .find(|deviation| deviation.name() == name)
            .ok_or_else(|| UnknownDeviation { name: name.to_owned(), near: near(name) })
    }
}

/// At most three names, where any is near enough to be meant.
fn near(name: &str) -> Vec<&'static str> {
    const MOST: usize = 3;
    const NEAR_ENOUGH: f64 = 0.8;
    let mut scored: Vec<(f64, &str)> = Deviation::all()
        .map(|deviation| {
            let known = deviation.name();
            // Without its group's word too: `no-call` means `envelope-no-call`.
            let short = known.split_once('-').map_or(known, |(_, rest)| rest);
            (strsim::jaro_winkler(name, known).max(strsim::jaro_winkler(name, short)), known)
        })
        .filter(|(score, _)| *score >= NEAR_ENOUGH)
        .collect();
    scored.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    scored.into_iter().take(MOST).map(|(_, known)| known).collect()
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_name_is_found_again_unique_and_well_formed() {
        let mut seen = HashSet::new();
        for deviation in Deviation::all() {
            let name = deviation.name();
            assert_eq!(name.parse(), Ok(deviation));
            assert!(seen.insert(name), "{name} is there twice");
            assert!(name.starts_with(&format!("{}-", deviation.group())), "{name} is of {}", deviation.group());
            // `EnvelopeNoCall` is `envelope-no-call`.
            let variant: String = format!("{deviation:?}").to_lowercase();
            assert_eq!(name.replace('-', ""), variant);
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'));
            let summary = deviation.summary();
            assert!(summary.len() > 15 && !summary.ends_with('.') && !summary.contains('\n'), "{name}: {summary}");
        }
    }

    #[test]
    fn a_misspelt_name_is_answered_with_near_ones() {
        let error = "envelope-nocall".parse::<Deviation>().unwrap_err();
        assert_eq!(error.near.first(), Some(&"envelope-no-call"), "{error}");
        let error = "no-call".parse::<Deviation>().unwrap_err().to_string();
        assert!(error.contains("did you mean envelope-no-call"), "{error}");
        let error = "???".parse::<Deviation>().unwrap_err();
        assert_eq!(error.to_string(), "no deviation is called `???`; --list-deviations shows them all");
    }
}
