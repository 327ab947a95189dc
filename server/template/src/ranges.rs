//! Ranges that may lie in each other, found by what they are around or what they are in.

use std::ops::Range;

use text_size::{TextRange, TextSize};

/// Many ranges, each with what it is of.
#[derive(Clone, Debug)]
pub struct Ranges<T> {
    /// In the order in which they begin.
    all: Box<[(TextRange, T)]>,
    /// For the middle one of a part of them, halved again and again, how far any of that part reaches.
    reach: Box<[TextSize]>,
}

impl<T> Ranges<T> {
    /// Those ranges; of several that begin at one place, the order stays.
    pub fn new(mut all: Vec<(TextRange, T)>) -> Self {
        all.sort_by_key(|(range, _)| range.start());
        let mut ranges = Self { reach: vec![TextSize::from(0); all.len()].into(), all: all.into() };
        ranges.fill(0..ranges.all.len());
        ranges
    }

    fn fill(&mut self, part: Range<usize>) -> TextSize {
        if part.is_empty() {
            return TextSize::from(0);
        }
        let middle = part.start.midpoint(part.end);
        let (left, right) = (self.fill(part.start..middle), self.fill(middle + 1..part.end));
        self.reach[middle] = self.all[middle].0.end().max(left).max(right);
        self.reach[middle]
    }

    /// Those around a range, or the same, in any order.
    pub fn around(&self, range: TextRange) -> impl Iterator<Item = &(TextRange, T)> {
        let whole = 0..self.all.len();
        let mut parts = vec![whole];
        std::iter::from_fn(move || {
            while let Some(part) = parts.pop() {
                let middle = part.start.midpoint(part.end);
                if part.is_empty() || self.reach[middle] < range.end() {
                    continue;
                }
                parts.push(part.start..middle);
                if self.all[middle].0.start() <= range.start() {
                    parts.push(middle + 1..part.end);
                    if self.all[middle].0.contains_range(range) {
                        return self.all.get(middle);
                    }
                }
            }
            None
        })
    }

    /// Those within a range, or the same, in the order in which they begin.
    pub fn within(&self, range: TextRange) -> impl Iterator<Item = &(TextRange, T)> {
        let first = self.all.partition_point(|(own, _)| own.start() < range.start());
        let candidates = self.all[first..].iter().take_while(move |(own, _)| own.start() <= range.end());
        candidates.filter(move |(own, _)| own.end() <= range.end())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn range() -> impl Strategy<Value = TextRange> {
        (0..60_u32, 0..20_u32).prop_map(|(start, length)| TextRange::at(start.into(), length.into()))
    }

    proptest! {
        #[test]
        fn they_are_those_that_a_look_at_all_finds(all in prop::collection::vec(range(), 0..40), asked in range()) {
            let ranges = Ranges::new(all.iter().copied().zip(0..).collect());
            let sorted = |mut found: Vec<usize>| {
                found.sort_unstable();
                found
            };
            let expected = |is_wanted: &dyn Fn(TextRange) -> bool| {
                (0..all.len()).filter(|&number| is_wanted(all[number])).collect::<Vec<usize>>()
            };
            let around = ranges.around(asked).map(|(_, number)| *number).collect();
            prop_assert_eq!(sorted(around), expected(&|own| own.contains_range(asked)));
            let within = ranges.within(asked).map(|(_, number)| *number).collect();
            prop_assert_eq!(sorted(within), expected(&|own| asked.contains_range(own)));
        }
    }
}
