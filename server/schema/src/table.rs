//! Reads the embedded table in place. Nothing here parses or allocates; `tests/table.rs` walks every record once, so that an
//! index out of bounds cannot reach a user.

use crate::layout::{MAGIC, NONE, SECTIONS, SET_WORDS, Section};

/// The fact table.
pub(crate) const FACTS: &[u8] = include_bytes!("../data/facts.bin");

const fn u32_in(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// Offset in bytes and number of records of each section, computed by the compiler.
const SECTION: [(usize, usize); SECTIONS] = {
    let bytes = include_bytes!("../data/facts.bin");
    let mut sections = [(0, 0); SECTIONS];
    // A table of another layout reads as empty, so that `cargo xtask schema`, which writes a new one, can be built.
    let known = bytes[0] == MAGIC[0] && bytes[1] == MAGIC[1] && bytes[2] == MAGIC[2] && bytes[3] == MAGIC[3];
    let mut n = 0;
    while known && n < SECTIONS {
        sections[n] = (u32_in(bytes, 8 + n * 8) as usize, u32_in(bytes, 12 + n * 8) as usize);
        n += 1;
    }
    sections
};

/// All strings, checked by the compiler: no look-up checks them again.
const STRINGS: &str = {
    let (start, length) = SECTION[Section::StringBytes as usize];
    let (_, from) = FACTS.split_at(start);
    let (bytes, _) = from.split_at(length);
    match std::str::from_utf8(bytes) {
        Ok(strings) => strings,
        Err(_) => "",
    }
};

/// Number of records in `section`.
pub(crate) const fn count(section: Section) -> usize {
    SECTION[section as usize].1
}

fn start(section: Section, record: usize) -> usize {
    SECTION[section as usize].0 + record * section.record()
}

/// The `field`-th `u16` of a record.
pub(crate) fn u16_of(section: Section, record: usize, field: usize) -> u16 {
    let at = start(section, record) + field * 2;
    u16::from_le_bytes([FACTS[at], FACTS[at + 1]])
}

/// The `field`-th `u32` of a record.
pub(crate) fn u32_of(section: Section, record: usize, field: usize) -> u32 {
    u32_in(FACTS, start(section, record) + field * 4)
}

/// The number of a constraint record.
pub(crate) fn constraint_number(record: usize) -> i64 {
    let at = start(Section::Constraints, record) + 8;
    i64::from_le_bytes(std::array::from_fn(|n| FACTS[at + n]))
}

/// The version set with this index.
pub(crate) fn set(index: u16) -> [u64; SET_WORDS] {
    let at = start(Section::Sets, usize::from(index));
    std::array::from_fn(|word| u64::from_le_bytes(std::array::from_fn(|n| FACTS[at + word * 8 + n])))
}

/// Whether the set with this index has bit `bit`, without copying the set.
pub(crate) fn set_has(index: u16, bit: u16) -> bool {
    let at = start(Section::Sets, usize::from(index)) + usize::from(bit / 8);
    FACTS[at] >> (bit % 8) & 1 == 1
}

/// The string with this index; empty for [`NONE`].
pub(crate) fn string(index: u16) -> &'static str {
    if index == NONE {
        return "";
    }
    let index = usize::from(index);
    let from = u32_of(Section::StringOffsets, index, 0) as usize;
    let to = u32_of(Section::StringOffsets, index + 1, 0) as usize;
    // An index between characters cannot be written; a damaged table reads as empty rather than ending the process.
    STRINGS.get(from..to).unwrap_or_default()
}

/// The bytes of a string, for comparing.
pub(crate) fn bytes(index: u16) -> &'static [u8] {
    if index == NONE {
        return &[];
    }
    let index = usize::from(index);
    let from = u32_of(Section::StringOffsets, index, 0) as usize;
    let to = u32_of(Section::StringOffsets, index + 1, 0) as usize;
    STRINGS.as_bytes().get(from..to).unwrap_or_default()
}

/// Like [`string`], with `None` for [`NONE`].
pub(crate) fn optional_string(index: u16) -> Option<&'static str> {
    (index != NONE).then(|| string(index))
}
