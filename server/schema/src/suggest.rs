//! Near misses.

/// The candidates that `text` may have been meant to be, nearest first, then by name. Distance is counted in edits
/// (insertion, deletion, substitution, transposition) ignoring case; at most a third of the text may be wrong.
pub fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let text = text.to_ascii_lowercase();
    let limit = (text.chars().count() / 3).clamp(1, 4);
    let mut near: Vec<(usize, &str)> = candidates
        .into_iter()
        .map(|candidate| (candidate.to_ascii_lowercase(), candidate))
        .filter(|(lower, _)| least_distance(&text, lower) <= limit)
        .map(|(lower, candidate)| (strsim::damerau_levenshtein(&text, &lower), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().map(|(_, candidate)| candidate).collect()
}

/// How far two words are apart at least, whatever the order of their letters: what one has more of than the other. Costs next to
/// nothing, and most words are far apart.
pub fn least_distance(a: &str, b: &str) -> usize {
    let mut counts = [0_i32; 128];
    // Others are no letters of codes, and count for nothing.
    a.bytes().filter(u8::is_ascii).for_each(|byte| counts[usize::from(byte)] += 1);
    b.bytes().filter(u8::is_ascii).for_each(|byte| counts[usize::from(byte)] -= 1);
    let more: i32 = counts.iter().filter(|count| **count > 0).sum();
    let less: i32 = counts.iter().filter(|count| **count < 0).sum();
    more.max(-less).unsigned_abs() as usize
}

#[cfg(test)]
mod tests {
    use super::{least_distance, nearest};

    proptest::proptest! {
        #[test]
        fn words_are_not_nearer_than_their_letters(a in "[abé-]{0,8}", b in "[abé-]{0,8}") {
            proptest::prop_assert!(least_distance(&a, &b) <= strsim::damerau_levenshtein(&a, &b));
        }
    }

    #[test]
    fn orders_by_distance_and_refuses_the_far() {
        let names = ["identity", "identityProfile", "location", "identitys"];
        assert_eq!(nearest("identiy", names), ["identity", "identitys"]);
        assert_eq!(nearest("zzz", names), Vec::<&str>::new());
        assert_eq!(nearest("LOCATION", names), ["location"]);
    }
}
