//! What is selected step by step.

use syntax::{TextRange, TextSize};

use crate::View;

impl View<'_> {
    /// The ranges around an offset, the smallest first, each inside of the next.
    pub fn selections(&self, offset: TextSize) -> Vec<TextRange> {
        let all = TextRange::up_to(self.text().len());
        let mut ranges = Vec::new();
        if let Some(tree) = self.source().tree() {
            let mut node = Some(tree.node_at(offset));
            while let Some(here) = node {
                ranges.push(syntax::tree::range_of(here));
                node = here.parent();
            }
        }
        // Inside of ARM expressions the model knows more than the tree.
        if let Some(template) = self.template() {
            let inner = template.exprs.iter().map(|(id, _)| template.exprs.range(id));
            ranges.extend(inner.filter(|range| range.contains_inclusive(offset)));
        }
        ranges.push(all);
        ranges.retain(|range| !range.is_empty() && range.contains_inclusive(offset) && all.contains_range(*range));
        ranges.sort_by_key(|range| range.len());
        let mut nested: Vec<TextRange> = Vec::new();
        for range in ranges {
            if nested.last().is_none_or(|last| *last != range && range.contains_range(*last)) {
                nested.push(range);
            }
        }
        nested
    }
}
