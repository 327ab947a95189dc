//! Names that are the same but for a slip of the finger.

use rustc_hash::{FxHashMap, FxHashSet};
use template::Evaluator;
use template::aks::IDENTITY;
use template::value::{Piece, ResourceRef, Str};

/// The declared identities by what their names have in common with names that differ in one word: not every name has to be
/// compared with all others.
pub(crate) struct Slips(FxHashMap<String, Vec<ResourceRef>>);

impl Slips {
    pub(crate) fn of(eval: &Evaluator<'_>) -> Self {
        let mut all: FxHashMap<String, Vec<ResourceRef>> = FxHashMap::default();
        for identity in eval.resources_of(IDENTITY) {
            let id = eval.id_of(identity);
            for frame in id.names.last().into_iter().flat_map(frames) {
                all.entry(frame).or_default().push(identity);
            }
        }
        Self(all)
    }

    /// Those among which are all whose names may be the same but for a slip, each once.
    pub(crate) fn like(&self, name: &Str) -> Vec<ResourceRef> {
        let frames = frames(name);
        let mut seen = FxHashSet::default();
        let all = frames.iter().filter_map(|frame| self.0.get(frame)).flatten().copied();
        all.filter(|one| seen.insert(*one)).collect()
    }
}

/// A name once without each of its words, of which only the digits stay, since a slip changes none.
fn frames(name: &Str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut of_text = Vec::new();
    for piece in name.pieces() {
        match piece {
            Piece::Text(text) => {
                of_text.extend(words(text).into_iter().map(|word| {
                    parts.push(word);
                    parts.len() - 1
                }));
                parts.push("/".to_owned());
            }
            Piece::Unknown(unknown) => parts.push(format!("{:?}", unknown.canon)),
            Piece::Id(_) | Piece::Read(_) => return Vec::new(),
        }
    }
    let without = |&gone: &usize| {
        let kept = |(number, part): (usize, &String)| {
            if number == gone { format!("?{}", digits(part)) } else { part.clone() }
        };
        parts.iter().enumerate().map(kept).collect::<Vec<_>>().join("-")
    };
    of_text.iter().map(without).collect()
}

/// Whether two names are the same but for a slip in one of their known parts.
pub(crate) fn is_slip(one: &Str, other: &Str) -> bool {
    if one.pieces().len() != other.pieces().len() {
        return false;
    }
    let mut slips = 0;
    for pair in one.pieces().iter().zip(other.pieces()) {
        match pair {
            (Piece::Text(one), Piece::Text(other)) => match distance(one, other) {
                Some(distance) => slips += distance,
                None => return false,
            },
            (Piece::Unknown(one), Piece::Unknown(other)) if one.canon == other.canon => {}
            _ => return false,
        }
    }
    slips == 1
}

fn words(text: &str) -> Vec<String> {
    text.to_ascii_lowercase().split(|one: char| !one.is_ascii_alphanumeric()).map(str::to_owned).collect()
}

fn digits(word: &str) -> String {
    word.chars().filter(char::is_ascii_digit).collect()
}

/// 0 for the same, 1 for a slip in one word; `None` for anything else.
fn distance(one: &str, other: &str) -> Option<usize> {
    if one.eq_ignore_ascii_case(other) {
        return Some(0);
    }
    let (one, other) = (words(one), words(other));
    let mut different = one.iter().zip(&other).filter(|(one, other)| one != other);
    let (Some((one_word, other_word)), None) = (different.next(), different.next()) else { return None };
    if one.len() != other.len() {
        return None;
    }
    // `mi1` and `mi2`, `a` and `b`, `dev` and `tst` are names of different things.
    let letters = |word: &str| word.chars().filter(char::is_ascii_alphabetic).count();
    let is_word = letters(one_word).min(letters(other_word)) >= 3 && digits(one_word) == digits(other_word);
    let is_near = strsim::osa_distance(one_word, other_word) == 1;
    (is_word && is_near).then_some(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_by_a_slip_have_a_frame_in_common() {
        for (one, other, expected) in [
            ("aks-identity", "aks-idntity", true),
            ("AKS-identity", "aks_identiyt", true),
            ("aks-identity-1", "aks-identity-2", false),
            ("aks-identity", "aks-identity-two", false),
        ] {
            let [one, other] = [one, other].map(Str::text);
            assert_eq!(is_slip(&one, &other), expected, "{one:?} {other:?}");
            let common = frames(&one).iter().any(|frame| frames(&other).contains(frame));
            assert!(common || !expected, "{one:?} {other:?}");
        }
        let (one, other) = (frames(&Str::text("control-plane-17")), frames(&Str::text("control-plane-18")));
        assert!(!one.iter().any(|frame| other.contains(frame)), "as many as there are must not be compared");
    }
}
