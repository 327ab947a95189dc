//! Names as ARM compares them: ignoring ASCII case.

use std::fmt;
use std::hash::{Hash, Hasher};

/// A name of a parameter, variable, resource, property or function. Equality and hash ignore ASCII case, because ARM
/// does; Bicep is stricter, but two of its names that differ in case alone cannot be deployed together either.
#[derive(Clone)]
pub struct Name(Box<str>);

impl Name {
    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        // Mostly they are written alike, which is seen sooner.
        self.0 == other.0 || self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (words, rest) = self.0.as_bytes().as_chunks::<8>();
        for &(mut word) in words {
            word.make_ascii_lowercase();
            state.write_u64(u64::from_le_bytes(word));
        }
        // No text has this byte.
        let mut last = [0xff; 8];
        last[..rest.len()].copy_from_slice(rest);
        last.make_ascii_lowercase();
        state.write_u64(u64::from_le_bytes(last));
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use rustc_hash::FxHashSet;

    use super::*;

    #[test]
    fn names_of_any_length_are_found_in_any_case() {
        let long = "Microsoft.ContainerService/managedClusters";
        for length in 0..long.len() {
            let name = &long[..length];
            let known = FxHashSet::from_iter([Name::from(name)]);
            assert!(known.contains(&Name::from(&*name.to_uppercase())), "{name}");
            assert!(!known.contains(&Name::from(&*format!("{name}x"))), "{name}");
        }
    }
}
