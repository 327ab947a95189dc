//! API versions, and sets of them.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::ResourceType;
use crate::layout::SET_WORDS;

/// A version like `2024-09-01` or `2024-09-02-preview`.
///
/// Stable and preview versions are two lines that grow separately: a preview has features long before a stable version of
/// a later date. So two versions compare only within their line; across lines, `partial_cmp` is `None`, and neither `<` nor
/// `>=` holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ApiVersion(u32);

/// The two lines on which API versions grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Line {
    /// Versions that are a date.
    Stable,
    /// Versions that are a date and `-preview`.
    Preview,
}

/// A day.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date(u32);

impl Date {
    /// Reads `2026-07-01`.
    pub fn parse(text: &str) -> Option<Date> {
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return None;
        }
        let number = |range: std::ops::Range<usize>| {
            bytes[range]
                .iter()
                .try_fold(0u32, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')))
        };
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some(Date(year * 10_000 + month * 100 + day))
    }

    /// Year, month and day as one decimal number.
    pub const fn raw(self) -> u32 {
        self.0
    }

    /// The inverse of [`Date::raw`].
    pub const fn from_raw(raw: u32) -> Date {
        Date(raw)
    }

    /// Year, month (from 1) and day (from 1).
    pub const fn parts(self) -> (u32, u32, u32) {
        (self.0 / 10_000, self.0 / 100 % 100, self.0 % 100)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.parts();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

const PREVIEW_BIT: u32 = 1 << 31;

impl ApiVersion {
    /// Reads a version, ignoring the case of `-preview`. `None` for anything else, also for `-alpha` and other suffixes of
    /// which nothing is known.
    pub fn parse(text: &str) -> Option<ApiVersion> {
        let date = Date::parse(text.get(..10)?)?;
        match &text[10..] {
            "" => Some(ApiVersion(date.0)),
            suffix if suffix.eq_ignore_ascii_case("-preview") => Some(ApiVersion(date.0 | PREVIEW_BIT)),
            _ => None,
        }
    }

    /// The line it belongs to.
    pub const fn line(self) -> Line {
        if self.0 & PREVIEW_BIT == 0 { Line::Stable } else { Line::Preview }
    }

    /// Whether it is a preview.
    pub const fn is_preview(self) -> bool {
        self.0 & PREVIEW_BIT != 0
    }

    /// The date in its name.
    pub const fn date(self) -> Date {
        Date(self.0 & !PREVIEW_BIT)
    }

    /// A number that orders all stable versions before all previews, each line by date. For sorting and storing only.
    pub const fn raw(self) -> u32 {
        self.0
    }

    /// The inverse of [`ApiVersion::raw`].
    pub const fn from_raw(raw: u32) -> ApiVersion {
        ApiVersion(raw)
    }
}

impl PartialOrd for ApiVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self.line() == other.line()).then(|| self.0.cmp(&other.0))
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.date(), if self.is_preview() { "-preview" } else { "" })
    }
}

impl fmt::Debug for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Text that is not an API version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnApiVersion;

impl fmt::Display for NotAnApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an API version is a date such as 2024-09-01, with -preview after it for a preview")
    }
}

impl std::error::Error for NotAnApiVersion {}

impl FromStr for ApiVersion {
    type Err = NotAnApiVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        ApiVersion::parse(text).ok_or(NotAnApiVersion)
    }
}

/// Some of the API versions of one resource type.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct VersionSet {
    ty: ResourceType,
    bits: [u64; SET_WORDS],
}

impl VersionSet {
    pub(crate) fn new(ty: ResourceType, bits: [u64; SET_WORDS]) -> VersionSet {
        VersionSet { ty, bits }
    }

    /// Whether `version` is one of them; false for a version that the type does not have.
    pub fn contains(&self, version: ApiVersion) -> bool {
        self.ty.index_of(version).is_some_and(|index| self.has(index))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.bits == [0; SET_WORDS]
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.bits.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The versions, stable ones first, each line by date.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = ApiVersion> + use<> {
        let set = *self;
        (0..set.ty.version_count()).filter(move |index| set.has(*index)).map(move |index| set.ty.version_at(index))
    }

    /// The versions of one line, by date.
    pub fn on(&self, line: Line) -> impl DoubleEndedIterator<Item = ApiVersion> + use<> {
        self.iter().filter(move |version| version.line() == line)
    }

    /// The oldest stable version in the set.
    pub fn first_stable(&self) -> Option<ApiVersion> {
        self.on(Line::Stable).next()
    }

    /// The oldest preview in the set.
    pub fn first_preview(&self) -> Option<ApiVersion> {
        self.on(Line::Preview).next()
    }

    /// The newest stable version in the set.
    pub fn last_stable(&self) -> Option<ApiVersion> {
        self.on(Line::Stable).next_back()
    }

    /// The newest preview in the set.
    pub fn last_preview(&self) -> Option<ApiVersion> {
        self.on(Line::Preview).next_back()
    }

    /// The version to change `version` to so that it is in the set: the oldest of the same line from `version` on, else the
    /// newest of the same line, else the newest of the other line. `version` need not be known.
    pub fn next_with(&self, version: ApiVersion) -> Option<ApiVersion> {
        let other = if version.is_preview() { Line::Stable } else { Line::Preview };
        (self.on(version.line()).find(|candidate| *candidate >= version))
            .or_else(|| self.on(version.line()).next_back())
            .or_else(|| self.on(other).next_back())
    }

    /// The set without the versions that are retired.
    #[must_use]
    pub fn without_retired(&self) -> VersionSet {
        let mut bits = self.bits;
        for index in (0..self.ty.version_count()).filter(|index| self.has(*index)) {
            if self.ty.is_retired(self.ty.version_at(index)) {
                bits[usize::from(index / 64)] &= !(1 << (index % 64));
            }
        }
        VersionSet { ty: self.ty, bits }
    }

    /// The versions in both sets, which must be of one resource type.
    #[must_use]
    pub fn intersection(&self, other: &VersionSet) -> VersionSet {
        debug_assert!(self.ty == other.ty, "sets of two resource types have nothing in common");
        VersionSet { ty: self.ty, bits: std::array::from_fn(|n| self.bits[n] & other.bits[n]) }
    }

    /// The versions in either set; both sets must be of one resource type.
    #[must_use]
    pub fn union(&self, other: &VersionSet) -> VersionSet {
        debug_assert!(self.ty == other.ty, "sets of two resource types have nothing in common");
        VersionSet { ty: self.ty, bits: std::array::from_fn(|n| self.bits[n] | other.bits[n]) }
    }

    pub(crate) fn has(&self, index: u16) -> bool {
        self.bits[usize::from(index / 64)] >> (index % 64) & 1 == 1
    }
}

impl fmt::Debug for VersionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl fmt::Display for VersionSet {
    /// Runs without a gap in the type's list, as `2020-06-01 to 2022-01-01, 2021-11-01-preview and later`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.ty.version_count();
        let mut index = 0;
        let mut first = true;
        while index < count {
            if !self.has(index) {
                index += 1;
                continue;
            }
            let start = index;
            let line = self.ty.version_at(start).line();
            let same_line = |index: u16| index < count && self.ty.version_at(index).line() == line;
            while same_line(index + 1) && self.has(index + 1) {
                index += 1;
            }
            if !first {
                f.write_str(", ")?;
            }
            first = false;
            write!(f, "{}", self.ty.version_at(start))?;
            if !same_line(index + 1) {
                f.write_str(" and later")?;
            } else if index > start {
                write!(f, " to {}", self.ty.version_at(index))?;
            }
            index += 1;
        }
        if first { f.write_str("none") } else { Ok(()) }
    }
}
