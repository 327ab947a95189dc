//! Near misses.

/// The candidates that `text` may have been meant to be, nearest first, then by name. Distance is counted in edits
/// (insertion, deletion, substitution, transposition) ignoring case; at most a third of the text may be wrong.
pub fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let text = text.to_ascii_lowercase();
    let length = text.chars().count();
    let limit = (length / 3).clamp(1, 4);
    let mut near: Vec<(usize, &str)> = candidates
        .into_iter()
        // As far apart as their lengths at least, and to count that costs nothing.
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= limit)
        .map(|candidate| (strsim::damerau_levenshtein(&text, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().map(|(_, candidate)| candidate).collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn orders_by_distance_and_refuses_the_far() {
        let names = ["identity", "identityProfile", "location", "identitys"];
        assert_eq!(nearest("identiy", names), ["identity", "identitys"]);
        assert_eq!(nearest("zzz", names), Vec::<&str>::new());
        assert_eq!(nearest("LOCATION", names), ["location"]);
    }
}
