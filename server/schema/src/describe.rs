//! All that is known of a path, for a person who asks.

use std::fmt;

use crate::docs::{doc, reference_url};
use crate::{ApiVersion, Line, Property, ResourceType, Since, Status, Type, VersionSet};

/// What is known of one path at one API version.
#[derive(Clone, Debug)]
pub struct Description {
    /// The resource type.
    pub resource_type: ResourceType,
    /// The path in its usual spelling.
    pub path: String,
    /// The version asked for, or the newest.
    pub api_version: ApiVersion,
    /// Whether that version exists, existed, or is unheard of.
    pub status: Status,
    /// The property as of that version; `None` if the version does not have it, or is unknown.
    pub property: Option<Property>,
    /// The versions that have the path.
    pub versions: VersionSet,
    /// Values of an enumeration with the versions that have them; of all versions, by name.
    pub values: Vec<(&'static str, VersionSet)>,
    /// What it is for; Markdown.
    pub doc: Option<&'static str>,
    /// The public reference page.
    pub url: String,
}

/// Nothing is known of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoDescription {
    /// The path asked for.
    pub path: String,
    /// Paths that may have been meant, nearest first.
    pub similar: Vec<String>,
}

impl fmt::Display for NoDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no API version has a property `{}`", self.path)?;
        match self.similar.first() {
            Some(similar) => write!(f, "; did you mean `{similar}`?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for NoDescription {}

/// Describes the property at `path` as of `version`, or as of the newest version without one. `properties.` may be left
/// out where the rest is unknown without it.
pub fn describe(ty: ResourceType, path: &str, version: Option<ApiVersion>) -> Result<Description, NoDescription> {
    let unknown = |similar| NoDescription { path: path.to_owned(), similar };
    let inner = format!("properties.{path}");
    let found = ty.canonical_path(path).or_else(|| ty.canonical_path(&inner));
    let Some(canonical) = found else {
        let mut similar = ty.similar_paths(path);
        similar.extend(ty.similar_paths(&inner));
        return Err(unknown(similar));
    };
    let versions = ty.versions_with(&canonical);
    let Some(api_version) = version.or_else(|| ty.newest()) else { return Err(unknown(Vec::new())) };
    Ok(Description {
        resource_type: ty,
        api_version,
        status: ty.status(api_version),
        property: ty.property(api_version, &canonical),
        versions,
        values: ty.values_of(&canonical),
        doc: doc(ty, &canonical),
        url: reference_url(ty, version.filter(|version| ty.api_versions().contains(*version))),
        path: canonical,
    })
}

impl Description {
    /// The first versions that have the path.
    pub fn since(&self) -> Since {
        Since { stable: self.versions.first_stable(), preview: self.versions.first_preview() }
    }
}

impl fmt::Display for Description {
    /// Plain text, some lines, the last one ended.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}  ({} {})", self.path, self.resource_type, self.api_version)?;
        match self.status {
            Status::Known => {}
            Status::Retired { since: Some(day) } => writeln!(f, "  API version   retired on {day}")?,
            Status::Retired { since: None } => writeln!(f, "  API version   retired")?,
            Status::Unknown { newer: true } => writeln!(f, "  API version   unknown; newer than the facts here")?,
            Status::Unknown { newer: false } => writeln!(f, "  API version   unknown")?,
        }
        match self.property {
            Some(property) => write_property(f, property)?,
            None if matches!(self.status, Status::Unknown { .. }) => {}
            None => {
                write!(f, "  not in {}", self.api_version)?;
                match self.versions.next_with(self.api_version) {
                    Some(with) => writeln!(f, "; {with} has it")?,
                    None => writeln!(f)?,
                }
            }
        }
        if !self.values.is_empty() {
            writeln!(f, "  values")?;
            let width = self.values.iter().map(|(value, _)| value.len()).max().unwrap_or(0);
            for (value, versions) in &self.values {
                if *versions == self.versions {
                    writeln!(f, "    {value}")?;
                } else {
                    writeln!(f, "    {value:width$}  {versions}")?;
                }
            }
        }
        writeln!(f, "  versions      {}", self.versions)?;
        if let Some(doc) = self.doc {
            writeln!(f, "\n{}", doc.trim_end())?;
        }
        writeln!(f, "\n{}", self.url)
    }
}

fn write_property(f: &mut fmt::Formatter<'_>, property: Property) -> fmt::Result {
    let word = |ty: Type| match ty {
        Type::Array(element) => format!("array of {}", element.ty().word()),
        Type::Map(value) => format!("map of {}", value.ty().word()),
        Type::Enum(values) if values.is_open() => "enum, other values accepted".to_owned(),
        other => other.word().to_owned(),
    };
    writeln!(f, "  type          {}", word(property.ty()))?;
    let marks: Vec<&str> = [
        (property.required(), "required"),
        (property.read_only(), "read-only"),
        (property.write_only(), "write-only"),
        (property.sensitive(), "secret"),
        (property.constant(), "known at the start"),
    ]
    .into_iter()
    .filter_map(|(holds, word)| holds.then_some(word))
    .collect();
    if !marks.is_empty() {
        writeln!(f, "  is            {}", marks.join(", "))?;
    }
    match property.ty() {
        Type::String(string) => {
            write_bounds(f, "length", string.length())?;
            if let Some(pattern) = string.pattern() {
                writeln!(f, "  pattern       {pattern}")?;
            }
        }
        Type::Int(int) => write_bounds(f, "range", int.range())?,
        Type::Array(_) => write_bounds(f, "elements", property.items())?,
        _ => {}
    }
    let object = match property.ty() {
        Type::Object(object) => Some(object),
        Type::Array(inner) | Type::Map(inner) => match inner.ty() {
            Type::Object(object) => Some(object),
            _ => None,
        },
        _ => None,
    };
    for inner in object.iter().flat_map(|object| object.properties()) {
        let marks = match (inner.required(), inner.read_only()) {
            (true, _) => ", required",
            (_, true) => ", read-only",
            _ => "",
        };
        writeln!(f, "    {}: {}{marks}", inner.name(), word(inner.ty()))?;
    }
    for line in [Line::Stable, Line::Preview] {
        if let Some(removed) = property.removed(line) {
            writeln!(f, "  removed in    {removed}")?;
        }
    }
    Ok(())
}

fn write_bounds(f: &mut fmt::Formatter<'_>, name: &str, bounds: (Option<i64>, Option<i64>)) -> fmt::Result {
    match bounds {
        (None, None) => Ok(()),
        (Some(min), Some(max)) => writeln!(f, "  {name:13} {min} to {max}"),
        (Some(min), None) => writeln!(f, "  {name:13} at least {min}"),
        (None, Some(max)) => writeln!(f, "  {name:13} at most {max}"),
    }
}
