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
    let mut counts = [0_u32; 128];
    let (mut in_a, mut in_b, mut shared) = (0, 0, 0);
    // Others are no letters of names, and count for nothing.
    for byte in a.bytes().filter(u8::is_ascii) {
        counts[usize::from(byte)] += 1;
        in_a += 1;
    }
    for byte in b.bytes().filter(u8::is_ascii) {
        in_b += 1;
        let left = &mut counts[usize::from(byte)];
        shared += usize::from(*left > 0);
        *left = left.saturating_sub(1);
    }
    in_a.max(in_b) - shared
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
