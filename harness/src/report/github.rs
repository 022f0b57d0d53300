//! Annotations of a GitHub Actions run: a line for each failure, which GitHub shows at the job.

use std::io::{self, Write};

use super::collected::Collected;
use crate::outcome::Status;

/// GitHub shows ten of each kind for a step.
const MOST: usize = 10;

/// Writes the annotations.
///
/// # Errors
/// Those of writing.
pub fn annotate(out: &mut dyn Write, collected: &Collected) -> io::Result<()> {
    for (level, wanted) in [("error", [Status::Fail, Status::Drift]), ("warning", [Status::Warn, Status::Warn])] {
        for item in collected.items().iter().filter(|item| wanted.contains(&item.status)).take(MOST) {
            let told: Vec<String> = item
                .wrong
                .iter()
                .map(|wrong| match (wrong.expected.as_str(), wrong.got.as_str()) {
                    ("", "") => wrong.at.clone(),
                    (expected, got) => format!("{}: expected {expected}, got {got}", wrong.at),
                })
                .collect();
            let title = property(&format!("{} ({})", item.name, item.source));
            writeln!(out, "::{level} title={title}::{}", data(&told.join("\n")))?;
        }
    }
    Ok(())
}

/// A message: GitHub reads these three signs encoded.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property's value: two signs more would end it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_ends_a_command_early() {
        assert_eq!(data("50%\nof it"), "50%25%0Aof it");
        assert_eq!(property("a:b,c"), "a%3Ab%2Cc");
    }
}
