//! What is written between quotes, and where in it each character comes from.

use syntax::{Carrier, StringMap, TextRange, TextSize};

use crate::bytes::Bytes;

/// Any text, raw and to be written.
///
/// # Panics
/// When something does not hold.
pub fn check(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let carrier = *bytes.pick(&[Carrier::Json, Carrier::Bicep, Carrier::ArmLiteral]);
    let inner = *bytes.pick(&[Carrier::ArmLiteral, Carrier::Json, Carrier::Bicep]);
    let start = bytes.below(256);
    let text = bytes.rest();

    let (decoded, map) = carrier.decode(&text, at(start, &text));
    check_map(&map, &decoded, at(start, &text));
    let written = carrier.encode(&text);
    let (read, map) = carrier.decode(&written, at(start, &written));
    assert_eq!(read, text, "{carrier:?}: {written:?}");
    check_map(&map, &read, at(start, &written));

    // One inside the other.
    let both = carrier.encode(&inner.encode(&text));
    let (outer_text, outer_map) = carrier.decode(&both, at(start, &both));
    let (inner_text, inner_map) = inner.decode(&outer_text, at(0, &outer_text));
    assert_eq!(inner_text, text, "{inner:?} in {carrier:?}");
    check_map(&outer_map.compose(&inner_map), &inner_text, at(start, &both));
}

fn at(start: usize, text: &str) -> TextRange {
    TextRange::at(size(start), size(text.len()))
}

fn size(offset: usize) -> TextSize {
    TextSize::try_from(offset).expect("inputs are small")
}

fn check_map(map: &StringMap, decoded: &str, source: TextRange) {
    assert_eq!(map.len(), TextSize::of(decoded));
    let mut last = source.start();
    for offset in (0..=decoded.len()).filter(|&offset| decoded.is_char_boundary(offset)).map(size) {
        let there = map.offset_to_source(offset).expect("every character comes from somewhere");
        assert!(source.contains_inclusive(there) && last <= there, "{offset:?} at {there:?}");
        assert_eq!(map.to_decoded(there), offset);
        last = there;
    }
    assert_eq!(map.to_source(TextRange::up_to(TextSize::of(decoded))), Some(source));
}
