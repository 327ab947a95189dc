//! Layout of the fact table, shared by its writer (`cargo xtask schema`) and its reader.
//!
//! The table is little-endian bytes, read in place. It starts with [`MAGIC`], the number of sections (`u32`), and for each
//! section its offset in bytes from the start of the table and its number of records (both `u32`). Records name strings,
//! version sets and ranges of other records by `u16` indices.

/// First bytes of the table; the last one counts incompatible layouts.
pub const MAGIC: [u8; 4] = *b"AKF1";
/// No string: an index that [`Section::StringOffsets`] never has.
pub const NONE: u16 = u16::MAX;
/// Words of 64 bits in a version set; a type has at most 256 API versions.
pub const SET_WORDS: usize = 4;

/// The sections, in the order of their entries in the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Section {
    /// `u32` each: where a string starts in [`Section::StringBytes`]; one more than there are strings.
    StringOffsets,
    /// The strings in UTF-8, one after another.
    StringBytes,
    /// Version sets of [`SET_WORDS`] `u64` each; bit n is the n-th version of the type in question. Set 0 is empty.
    Sets,
    /// `u32` each, [`ApiVersion::raw`](crate::ApiVersion::raw): for each type its stable, then its preview versions.
    Versions,
    /// [`type_field`] records.
    Types,
    /// [`node_field`] records; the children of a node are neighbours, sorted by lower-case name.
    Nodes,
    /// (`u16` kind of [`kind`], `u16` set).
    Kinds,
    /// (`u16` string, `u16` set): values of enumerations.
    Values,
    /// (`u16` kind of [`constraint`], `u16` set, `u16` string, `u16` 0, `i64` number).
    Constraints,
    /// (`u32` raw API version, `u32` date or 0): retired versions of `Microsoft.ContainerService`.
    Retired,
    /// (`u16` name, `u16` first flag, `u16` number of flags, `u16` 0).
    Commands,
    /// [`flag_field`] records.
    Flags,
    /// `u16` string each: flags that every command has.
    Globals,
    /// (`u16` command index, `u16` string): flags that only the preview extension has.
    PreviewFlags,
}

/// Number of [`Section`]s.
pub const SECTIONS: usize = Section::PreviewFlags as usize + 1;

impl Section {
    /// Size of one record in bytes.
    pub const fn record(self) -> usize {
        match self {
            Section::StringBytes => 1,
            Section::Globals => 2,
            Section::StringOffsets | Section::Versions | Section::Kinds | Section::Values | Section::PreviewFlags => 4,
            Section::Retired | Section::Commands => 8,
            Section::Types => type_field::COUNT * 2,
            Section::Nodes => node_field::COUNT * 2,
            Section::Flags => flag_field::COUNT * 2,
            Section::Constraints => 16,
            Section::Sets => SET_WORDS * 8,
        }
    }
}

/// The version set without versions.
pub const EMPTY_SET: u16 = 0;

/// Fields of a type record, by number of the `u16`.
#[expect(missing_docs, reason = "the names say it")]
pub mod type_field {
    pub const NAME: usize = 0;
    pub const FIRST_VERSION: usize = 1;
    pub const STABLE_COUNT: usize = 2;
    pub const PREVIEW_COUNT: usize = 3;
    pub const ROOT: usize = 4;
    pub const WRITABLE: usize = 5;
    pub const COUNT: usize = 6;
}

/// Fields of a node record, by number of the `u16`.
#[expect(missing_docs, reason = "the names say it")]
pub mod node_field {
    pub const NAME: usize = 0;
    pub const VERSIONS: usize = 1;
    pub const REQUIRED: usize = 2;
    pub const READ_ONLY: usize = 3;
    pub const WRITE_ONLY: usize = 4;
    pub const CONSTANT: usize = 5;
    pub const SENSITIVE: usize = 6;
    pub const OPEN: usize = 7;
    pub const FIRST_CHILD: usize = 8;
    pub const CHILDREN: usize = 9;
    pub const FIRST_KIND: usize = 10;
    pub const KINDS: usize = 11;
    pub const FIRST_VALUE: usize = 12;
    pub const VALUES: usize = 13;
    pub const FIRST_CONSTRAINT: usize = 14;
    pub const CONSTRAINTS: usize = 15;
    pub const COUNT: usize = 16;
}

/// Fields of a flag record, by number of the `u16`.
#[expect(missing_docs, reason = "the names say it")]
pub mod flag_field {
    pub const NAME: usize = 0;
    pub const PARAMETER: usize = 1;
    pub const FIRST_SEEN: usize = 2;
    pub const ABSENT_IN: usize = 3;
    /// [`BIT_DEPRECATED`], [`BIT_IDENTITY`], and [`crate::az::Takes`] from bit 8 on.
    pub const BITS: usize = 4;
    pub const COUNT: usize = 5;
    pub const BIT_DEPRECATED: u16 = 1;
    pub const BIT_IDENTITY: u16 = 2;
}

/// Kinds of types.
#[expect(missing_docs, reason = "the names say it")]
pub mod kind {
    pub const OBJECT: u16 = 0;
    pub const MAP: u16 = 1;
    pub const ARRAY: u16 = 2;
    pub const STRING: u16 = 3;
    pub const INT: u16 = 4;
    pub const BOOL: u16 = 5;
    pub const ENUM: u16 = 6;
    pub const ANY: u16 = 7;
}

/// Kinds of constraints. `DISCRIMINATOR` names the property that chooses among the variants of an object.
#[expect(missing_docs, reason = "the names say it")]
pub mod constraint {
    pub const PATTERN: u16 = 0;
    pub const MIN_LENGTH: u16 = 1;
    pub const MAX_LENGTH: u16 = 2;
    pub const MIN_VALUE: u16 = 3;
    pub const MAX_VALUE: u16 = 4;
    pub const MIN_ITEMS: u16 = 5;
    pub const MAX_ITEMS: u16 = 6;
    pub const DISCRIMINATOR: u16 = 7;
}

/// Name of the node of an array's elements.
pub const ELEMENT: &str = "[]";
/// Name of the node of a map's values.
pub const VALUE: &str = "*";
