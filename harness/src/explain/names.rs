//! Suggests the names that somebody may have meant.

/// The known names nearest to a misspelt one, nearest first; at most three, and none that is not near.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let lower = wrong.to_lowercase();
    let mut scored: Vec<(f64, &str)> = known
        .into_iter()
        .map(|name| {
            let other = name.to_lowercase();
            let close = strsim::jaro_winkler(&lower, &other);
            // `ip_pull` for `pull`: the right name is a part of the wrong one, or the other way round.
            let part = other.len() > 2 && lower.len() > 2 && (lower.contains(&other) || other.contains(&lower));
            (if part { close.max(0.9) } else { close }, name)
        })
        .filter(|(score, _)| *score > 0.84)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored.dedup_by(|a, b| a.1 == b.1);
    scored.into_iter().map(|(_, name)| name).take(3).collect()
}

/// "Did you mean `a` or `b`?", or what to look at where nothing is near.
pub fn suggestion(near: &[&str], otherwise: &str) -> String {
    if near.is_empty() {
        return otherwise.to_owned();
    }
    let names: Vec<String> = near.iter().map(|name| format!("`{name}`")).collect();
    format!("Did you mean {}?", names.join(" or "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let names = ["name", "tarif", "tarif_next", "contract_number", "pull"];
        assert_eq!(nearest("tarrif", names), ["tarif", "tarif_next"]);
        assert_eq!(nearest("contract_nomer", names), ["contract_number"]);
        assert_eq!(nearest("ip_pull", names), ["pull"]);
        assert!(nearest("zzz", names).is_empty());
    }
}
