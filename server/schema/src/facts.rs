//! Resource types, their properties and the types of these.

use std::fmt;

use crate::api_version::{ApiVersion, Date, Line, VersionSet};
use crate::layout::{ELEMENT, EMPTY_SET, SET_WORDS, Section, VALUE, constraint, kind, node_field, type_field};
use crate::path::{PathBuf, Segment, segments};
use crate::suggest::nearest;
use crate::table;

/// A resource type such as `Microsoft.ContainerService/managedClusters` of which facts are known.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceType(u16);

/// The resource type of this name, ignoring case. Child types are named with their parents:
/// `Microsoft.ContainerService/managedClusters/agentPools`.
pub fn resource_type(name: &str) -> Option<ResourceType> {
    let types = 0..small(table::count(Section::Types));
    by_name(types, name, |ty| ResourceType(ty).field(type_field::NAME)).map(ResourceType)
}

/// All resource types of which facts are known, by name.
pub fn resource_types() -> impl Iterator<Item = ResourceType> {
    (0..small(table::count(Section::Types))).map(ResourceType)
}

/// What is known of a version of a resource type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It exists.
    Known,
    /// It existed and no longer answers.
    Retired {
        /// Since when; `None` for previews that outlived their year before dates were announced one by one.
        since: Option<Date>,
    },
    /// It is in no list we know.
    Unknown {
        /// It is later than everything known on its line, so it may be newer than these facts.
        newer: bool,
    },
}

impl ResourceType {
    /// The name in its usual spelling.
    pub fn name(self) -> &'static str {
        table::string(self.field(type_field::NAME))
    }

    /// The type of the resource that contains this one.
    pub fn parent(self) -> Option<ResourceType> {
        let (parent, _) = self.name().rsplit_once('/')?;
        resource_type(parent)
    }

    /// Types of which this one is the parent.
    pub fn children(self) -> impl Iterator<Item = ResourceType> {
        resource_types().filter(move |ty| ty.parent() == Some(self))
    }

    /// All versions.
    pub fn api_versions(self) -> VersionSet {
        let bits = std::array::from_fn(|word| match usize::from(self.version_count()).saturating_sub(word * 64) {
            0 => 0,
            rest if rest >= 64 => u64::MAX,
            rest => (1 << rest) - 1,
        });
        VersionSet::new(self, bits)
    }

    /// The newest stable version, if there is any.
    pub fn newest_stable(self) -> Option<ApiVersion> {
        self.api_versions().last_stable()
    }

    /// The newest preview, if there is any.
    pub fn newest_preview(self) -> Option<ApiVersion> {
        self.api_versions().last_preview()
    }

    /// The newest stable version, or the newest preview of a type that has no stable one.
    pub fn newest(self) -> Option<ApiVersion> {
        self.newest_stable().or_else(|| self.newest_preview())
    }

    /// The known version whose facts are the best guess for `version`: itself; else the newest older one of its line; else
    /// the oldest of its line; else the newest of the type. For completion and hover, never for a diagnostic.
    pub fn closest(self, version: ApiVersion) -> Option<ApiVersion> {
        let all = self.api_versions();
        (all.on(version.line()).rfind(|known| *known <= version))
            .or_else(|| all.on(version.line()).next())
            .or_else(|| self.newest())
    }

    /// Whether `version` exists, existed, or is unheard of.
    pub fn status(self, version: ApiVersion) -> Status {
        if let Some(record) = self.retirement(version) {
            let since = table::u32_of(Section::Retired, record, 1);
            return Status::Retired { since: (since != 0).then(|| Date::from_raw(since)) };
        }
        if self.index_of(version).is_some() {
            return Status::Known;
        }
        let newest = self.api_versions().on(version.line()).next_back();
        Status::Unknown { newer: newest.is_none_or(|newest| version > newest) }
    }

    /// The versions at which a resource of this type can be deployed, and not only read.
    pub fn writable(self) -> VersionSet {
        VersionSet::new(self, table::set(self.field(type_field::WRITABLE)))
    }

    /// The body of the resource at `version`; `None` for an unknown version.
    pub fn root(self, version: ApiVersion) -> Option<Object> {
        let at = self.index_of(version)?;
        Some(Object { ty: self, node: self.root_node(), at, read_only: false })
    }

    /// The property at `path` in `version`. `None` if the version is unknown, or has no such property.
    ///
    /// A path is written as `properties.agentPoolProfiles[].name`: a number, `*` or nothing between brackets is any element,
    /// a name after a map (or `*`) any entry. Names are compared ignoring case. The variants of a discriminated object are
    /// all looked into.
    pub fn property(self, version: ApiVersion, path: &str) -> Option<Property> {
        let at = self.index_of(version)?;
        let found = self.nodes_at(path).into_iter().map(|found| {
            let above = VersionSet::new(self, found.read_only_above);
            Property { ty: self, node: found.node, at, read_only: above.has(at) }
        });
        found.into_iter().find(|property| property.exists())
    }

    /// The versions that have a property at `path` (see [`ResourceType::property`]). Empty if none ever had.
    pub fn versions_with(self, path: &str) -> VersionSet {
        self.collect(path, |found| table::set(node_u16(found.node, node_field::VERSIONS)))
    }

    /// The versions that list `value` (spelled exactly) among the values of the enumeration at `path`.
    pub fn versions_with_value(self, path: &str, value: &str) -> VersionSet {
        self.collect(path, |found| {
            (records(found.node, node_field::FIRST_VALUE))
                .find(|record| table::string(table::u16_of(Section::Values, *record, 0)) == value)
                .map_or([0; SET_WORDS], |record| table::set(table::u16_of(Section::Values, record, 1)))
        })
    }

    /// Every value that the enumeration at `path` ever listed, by name, with the versions that list it.
    pub fn values_of(self, path: &str) -> Vec<(&'static str, VersionSet)> {
        let mut values: Vec<(&'static str, VersionSet)> = Vec::new();
        for record in self.nodes_at(path).into_iter().flat_map(|found| records(found.node, node_field::FIRST_VALUE)) {
            let value = table::string(table::u16_of(Section::Values, record, 0));
            let versions = VersionSet::new(self, table::set(table::u16_of(Section::Values, record, 1)));
            match values.iter_mut().find(|(known, _)| *known == value) {
                Some((_, known)) => *known = known.union(&versions),
                None => values.push((value, versions)),
            }
        }
        values
    }

    /// The versions in which the enumeration at `path` accepts values that it does not list.
    pub fn versions_open(self, path: &str) -> VersionSet {
        self.collect(path, |found| table::set(node_u16(found.node, node_field::OPEN)))
    }

    /// The versions in which the property at `path`, or one that contains it, cannot be written.
    pub fn versions_read_only(self, path: &str) -> VersionSet {
        let marked = self.collect(path, |found| {
            let own = table::set(node_u16(found.node, node_field::READ_ONLY));
            std::array::from_fn(|word| own[word] | found.read_only_above[word])
        });
        marked.intersection(&self.versions_with(path))
    }

    /// The versions in which the property at `path` is required within its object.
    pub fn versions_required(self, path: &str) -> VersionSet {
        self.collect(path, |found| table::set(node_u16(found.node, node_field::REQUIRED)))
    }

    /// The versions in which the string at `path` is marked as a secret.
    pub fn versions_sensitive(self, path: &str) -> VersionSet {
        self.collect(path, |found| table::set(node_u16(found.node, node_field::SENSITIVE)))
    }

    /// `path` in its usual spelling, with `[]` for elements and `*` for entries of maps; `None` if no version has it.
    pub fn canonical_path(self, path: &str) -> Option<String> {
        self.canonical(&segments(path))
    }

    /// Every path that any version has, depth first.
    pub fn paths(self) -> Vec<String> {
        let mut paths = Vec::new();
        self.walk(&mut |path| paths.push(path.to_string()));
        // Variants have properties in common.
        let mut seen = std::collections::HashSet::new();
        paths.retain(|path| seen.insert(path.clone()));
        paths
    }

    /// Properties of the same object whose name is close to the last one of `path`, nearest first; of all versions.
    pub fn similar_paths(self, path: &str) -> Vec<String> {
        let segments = segments(path);
        let Some((Segment::Name(name), parents)) = segments.split_last() else { return Vec::new() };
        let siblings = self.nodes_of(parents).into_iter().flat_map(|found| {
            let variants = children(found.node).filter(|child| node_name(*child).starts_with('{'));
            std::iter::once(found.node).chain(variants).flat_map(children)
        });
        let near = nearest(name, siblings.map(node_name).filter(|name| !is_special(name)));
        let canonical = self.canonical(parents).unwrap_or_default();
        let dot = if canonical.is_empty() { "" } else { "." };
        near.into_iter().map(|name| format!("{canonical}{dot}{name}")).collect()
    }

    fn canonical(self, segments: &[Segment<'_>]) -> Option<String> {
        let mut canonical = PathBuf::default();
        for end in 1..=segments.len() {
            canonical = canonical.join(node_name(self.nodes_of(&segments[..end]).first()?.node));
        }
        (!segments.is_empty()).then(|| canonical.to_string())
    }

    fn walk(self, visit: &mut dyn FnMut(&PathBuf)) {
        fn step(node: u16, path: &PathBuf, visit: &mut dyn FnMut(&PathBuf)) {
            for child in children(node) {
                let name = node_name(child);
                if name.starts_with('{') {
                    // Variants are no step of a path.
                    step(child, path, visit);
                } else {
                    let path = path.join(name);
                    visit(&path);
                    step(child, &path, visit);
                }
            }
        }
        step(self.root_node(), &PathBuf::default(), visit);
    }

    fn collect(self, path: &str, set: impl Fn(&Found) -> [u64; SET_WORDS]) -> VersionSet {
        let mut bits = [0; SET_WORDS];
        for found in self.nodes_at(path) {
            let more = set(&found);
            bits.iter_mut().zip(more).for_each(|(bits, more)| *bits |= more);
        }
        VersionSet::new(self, bits)
    }

    fn nodes_at(self, path: &str) -> Vec<Found> {
        let segments = segments(path);
        if segments.is_empty() { Vec::new() } else { self.nodes_of(&segments) }
    }

    /// The nodes a path leads to: more than one where an object has variants.
    fn nodes_of(self, segments: &[Segment]) -> Vec<Found> {
        let mut nodes = vec![Found { node: self.root_node(), read_only_above: [0; SET_WORDS] }];
        for segment in segments {
            let mut next = Vec::new();
            for found in &nodes {
                let own = table::set(node_u16(found.node, node_field::READ_ONLY));
                let read_only_above = std::array::from_fn(|word| own[word] | found.read_only_above[word]);
                let in_variants = children(found.node).filter(|child| node_name(*child).starts_with('{'));
                for holder in std::iter::once(found.node).chain(in_variants) {
                    let node = match segment {
                        Segment::Element => child(holder, ELEMENT),
                        // The marks of variants are no names that anyone writes.
                        Segment::Name(name) if name.starts_with('{') => None,
                        Segment::Name(name) => child(holder, name).or_else(|| child(holder, VALUE)),
                    };
                    next.extend(node.map(|node| Found { node, read_only_above }));
                }
            }
            nodes = next;
        }
        nodes
    }

    /// The record of a retired version.
    fn retirement(self, version: ApiVersion) -> Option<usize> {
        if !self.name().starts_with("Microsoft.ContainerService/") {
            return None;
        }
        (0..table::count(Section::Retired)).find(|record| table::u32_of(Section::Retired, *record, 0) == version.raw())
    }

    pub(crate) fn is_retired(self, version: ApiVersion) -> bool {
        self.retirement(version).is_some()
    }

    fn field(self, field: usize) -> u16 {
        table::u16_of(Section::Types, usize::from(self.0), field)
    }

    fn root_node(self) -> u16 {
        self.field(type_field::ROOT)
    }

    pub(crate) fn version_count(self) -> u16 {
        self.field(type_field::STABLE_COUNT) + self.field(type_field::PREVIEW_COUNT)
    }

    pub(crate) fn version_at(self, index: u16) -> ApiVersion {
        let record = usize::from(self.field(type_field::FIRST_VERSION)) + usize::from(index);
        ApiVersion::from_raw(table::u32_of(Section::Versions, record, 0))
    }

    /// Position of `version` in the type's list, which is sorted by [`ApiVersion::raw`].
    pub(crate) fn index_of(self, version: ApiVersion) -> Option<u16> {
        let (mut low, mut high) = (0, self.version_count());
        while low < high {
            let middle = u16::midpoint(low, high);
            match self.version_at(middle).raw().cmp(&version.raw()) {
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }
}

impl fmt::Debug for ResourceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for ResourceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A node that a path leads to.
struct Found {
    node: u16,
    /// Versions in which something that contains it is read-only.
    read_only_above: [u64; SET_WORDS],
}

/// An object type at one API version.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Object {
    ty: ResourceType,
    node: u16,
    at: u16,
    /// It, or something that contains it, is read-only.
    read_only: bool,
}

impl Object {
    /// The property of this name, ignoring case; its [`name`](Property::name) says the usual spelling. Looks into the
    /// variants of a discriminated object too.
    pub fn property(self, name: &str) -> Option<Property> {
        let own = child(self.node, name).filter(|_| !is_special(name));
        let own = own.map(|node| self.at_node(node)).filter(|property| property.exists());
        own.or_else(|| self.variants().find_map(|(_, variant)| variant.property(name)))
    }

    /// The properties, by name ignoring case; without those of variants.
    pub fn properties(self) -> impl Iterator<Item = Property> + use<> {
        children(self.node)
            .map(move |node| self.at_node(node))
            .filter(|property| property.exists() && !is_special(node_name(property.node)))
    }

    /// The properties that must be given; without those of variants.
    pub fn required(self) -> impl Iterator<Item = Property> + use<> {
        children(self.node)
            .map(move |node| self.at_node(node))
            .filter(|known| known.required() && known.exists() && !is_special(node_name(known.node)))
    }

    /// What any other key holds, for an object that is open.
    pub fn additional(self) -> Option<Property> {
        let node = child(self.node, VALUE)?;
        Some(self.at_node(node)).filter(|property| property.exists())
    }

    /// The name of the property whose value chooses the variant.
    pub fn discriminator(self) -> Option<&'static str> {
        constraints(self.node, self.at).find(|(kind, ..)| *kind == constraint::DISCRIMINATOR).map(|(_, text, _)| text)
    }

    /// The variants: the value of the discriminator, and the further properties the object then has.
    pub fn variants(self) -> impl Iterator<Item = (&'static str, Object)> + use<> {
        let object = self;
        children(self.node).filter(move |node| exists(*node, object.at)).filter_map(move |node| {
            let value = node_name(node).strip_prefix('{')?.strip_suffix('}')?;
            Some((value, Object { node, ..object }))
        })
    }

    fn at_node(self, node: u16) -> Property {
        Property { ty: self.ty, node, at: self.at, read_only: self.read_only }
    }

    /// The version the object was asked for.
    pub fn api_version(self) -> ApiVersion {
        self.ty.version_at(self.at)
    }

    /// Names of properties close to `name`, nearest first; of this version.
    pub fn similar(self, name: &str) -> Vec<&'static str> {
        let of_variants = self.variants().flat_map(|(_, variant)| variant.properties());
        nearest(name, self.properties().chain(of_variants).map(Property::name))
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.properties().map(Property::name)).finish()
    }
}

/// A property of an object, an element of an array or an entry of a map, at one API version.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Property {
    ty: ResourceType,
    node: u16,
    at: u16,
    /// Something that contains it is read-only.
    read_only: bool,
}

/// The oldest version of each line that has something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Since {
    /// Oldest stable version.
    pub stable: Option<ApiVersion>,
    /// Oldest preview.
    pub preview: Option<ApiVersion>,
}

impl Property {
    /// The name in its usual spelling; `[]` for elements of arrays, `*` for entries of maps.
    pub fn name(self) -> &'static str {
        node_name(self.node)
    }

    /// Its type at this version.
    pub fn ty(self) -> Type {
        let kind = (records(self.node, node_field::FIRST_KIND))
            .find(|record| table::set_has(table::u16_of(Section::Kinds, *record, 1), self.at))
            .map_or(kind::ANY, |record| table::u16_of(Section::Kinds, record, 0));
        let read_only = self.read_only();
        let inner = |name| child(self.node, name).map(|node| Property { node, read_only, ..self });
        match kind {
            kind::OBJECT => Type::Object(Object { ty: self.ty, node: self.node, at: self.at, read_only }),
            kind::MAP => inner(VALUE).map_or(Type::Any, Type::Map),
            kind::ARRAY => inner(ELEMENT).map_or(Type::Any, Type::Array),
            kind::STRING => Type::String(StringType(self)),
            kind::INT => Type::Int(IntType(self)),
            kind::BOOL => Type::Bool,
            kind::ENUM => Type::Enum(Enum(self)),
            _ => Type::Any,
        }
    }

    /// It must be there if its object is.
    pub fn required(self) -> bool {
        self.flag(node_field::REQUIRED)
    }

    /// The service fills it in, or all that contains it; writing it is wrong or without effect.
    pub fn read_only(self) -> bool {
        self.read_only || self.flag(node_field::READ_ONLY)
    }

    /// The service takes it and never gives it back.
    pub fn write_only(self) -> bool {
        self.flag(node_field::WRITE_ONLY)
    }

    /// It must be known when the deployment starts.
    pub fn constant(self) -> bool {
        self.flag(node_field::CONSTANT)
    }

    /// Its value is a secret.
    pub fn sensitive(self) -> bool {
        self.flag(node_field::SENSITIVE)
    }

    /// Its value is a secret, by what any version says: the mark came late, the secrets did not.
    pub fn ever_sensitive(self) -> bool {
        node_u16(self.node, node_field::SENSITIVE) != EMPTY_SET
    }

    /// The versions that have it.
    pub fn versions(self) -> VersionSet {
        VersionSet::new(self.ty, table::set(node_u16(self.node, node_field::VERSIONS)))
    }

    /// The first versions that have it.
    pub fn since(self) -> Since {
        let versions = self.versions();
        Since { stable: versions.first_stable(), preview: versions.first_preview() }
    }

    /// The first version of `line` that no longer has it after older ones had.
    pub fn removed(self, line: Line) -> Option<ApiVersion> {
        let last = self.versions().on(line).next_back()?;
        self.ty.api_versions().on(line).find(|version| *version > last)
    }

    /// Least and greatest number of elements, for an array that has such bounds.
    pub fn items(self) -> (Option<i64>, Option<i64>) {
        (self.number(constraint::MIN_ITEMS), self.number(constraint::MAX_ITEMS))
    }

    fn exists(self) -> bool {
        exists(self.node, self.at)
    }

    fn flag(self, field: usize) -> bool {
        table::set_has(node_u16(self.node, field), self.at)
    }

    fn number(self, kind: u16) -> Option<i64> {
        constraints(self.node, self.at).find(|found| found.0 == kind).map(|(.., number)| number)
    }
}

impl fmt::Debug for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name(), self.ty().word())
    }
}

/// The type of a property at one API version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Named properties; perhaps variants chosen by one of them.
    Object(Object),
    /// Any keys; each value is as the property says.
    Map(Property),
    /// Each element is as the property says.
    Array(Property),
    /// One of some strings.
    Enum(Enum),
    /// A string.
    String(StringType),
    /// A whole number.
    Int(IntType),
    /// `true` or `false`.
    Bool,
    /// Anything.
    Any,
}

impl Type {
    /// The type in one word.
    pub fn word(self) -> &'static str {
        match self {
            Type::Object(_) => "object",
            Type::Map(_) => "map",
            Type::Array(_) => "array",
            Type::Enum(_) => "enum",
            Type::String(_) => "string",
            Type::Int(_) => "int",
            Type::Bool => "bool",
            Type::Any => "any",
        }
    }
}

/// A string of which the useful values are listed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Enum(Property);

/// How a text relates to the values of an enumeration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// It is one of them.
    Exact,
    /// It is one of them in another casing; here is theirs.
    OtherCase(&'static str),
    /// It is none of them.
    No,
}

impl Enum {
    /// The values at this version, by name.
    pub fn values(self) -> impl Iterator<Item = &'static str> + use<> {
        let at = self.0.at;
        records(self.0.node, node_field::FIRST_VALUE)
            .filter(move |record| table::set_has(table::u16_of(Section::Values, *record, 1), at))
            .map(|record| table::string(table::u16_of(Section::Values, record, 0)))
    }

    /// Other values may be accepted too.
    pub fn is_open(self) -> bool {
        self.0.flag(node_field::OPEN)
    }

    /// Looks `text` up among the values.
    pub fn find(self, text: &str) -> Match {
        let mut found = Match::No;
        for value in self.values() {
            if value == text {
                return Match::Exact;
            }
            if value.eq_ignore_ascii_case(text) {
                found = Match::OtherCase(value);
            }
        }
        found
    }

    /// Values close to `text`, nearest first.
    pub fn similar(self, text: &str) -> Vec<&'static str> {
        nearest(text, self.values())
    }
}

impl fmt::Debug for Enum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        list.entries(self.values());
        if self.is_open() { list.finish_non_exhaustive() } else { list.finish() }
    }
}

/// A string, with what is known of its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StringType(Property);

impl StringType {
    /// It is a secret.
    pub fn sensitive(self) -> bool {
        self.0.sensitive()
    }

    /// A regular expression that it matches.
    pub fn pattern(self) -> Option<&'static str> {
        constraints(self.0.node, self.0.at).find(|(kind, ..)| *kind == constraint::PATTERN).map(|(_, text, _)| text)
    }

    /// Least and greatest length in characters.
    pub fn length(self) -> (Option<i64>, Option<i64>) {
        (self.0.number(constraint::MIN_LENGTH), self.0.number(constraint::MAX_LENGTH))
    }
}

/// A whole number, with its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntType(Property);

impl IntType {
    /// Least and greatest value.
    pub fn range(self) -> (Option<i64>, Option<i64>) {
        (self.0.number(constraint::MIN_VALUE), self.0.number(constraint::MAX_VALUE))
    }
}

/// The indices of the table are `u16` by layout; the writer refuses more.
fn small(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

fn node_u16(node: u16, field: usize) -> u16 {
    table::u16_of(Section::Nodes, usize::from(node), field)
}

fn node_name(node: u16) -> &'static str {
    table::string(node_u16(node, node_field::NAME))
}

fn exists(node: u16, at: u16) -> bool {
    table::set_has(node_u16(node, node_field::VERSIONS), at)
}

fn is_special(name: &str) -> bool {
    name == ELEMENT || name == VALUE || name.starts_with('{')
}

fn children(node: u16) -> std::ops::Range<u16> {
    let first = node_u16(node, node_field::FIRST_CHILD);
    first..first + node_u16(node, node_field::CHILDREN)
}

/// The child of this name, ignoring case.
fn child(node: u16, name: &str) -> Option<u16> {
    by_name(children(node), name, |child| node_u16(child, node_field::NAME))
}

/// The record of this name, ignoring case, among records that are sorted by their names in lower case.
fn by_name(among: std::ops::Range<u16>, name: &str, name_of: impl Fn(u16) -> u16) -> Option<u16> {
    let std::ops::Range { start: mut low, end: mut high } = among;
    while low < high {
        let middle = u16::midpoint(low, high);
        match order_in_lower_case(table::bytes(name_of(middle)), name.as_bytes()) {
            std::cmp::Ordering::Equal => return Some(middle),
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    None
}

/// How two texts compare in lower case.
fn order_in_lower_case(left: &[u8], right: &[u8]) -> std::cmp::Ordering {
    // Names have long beginnings in common, mostly in the same case.
    let different = left.iter().zip(right).filter(|(left, right)| left != right);
    let mut orders = different.map(|(left, right)| left.to_ascii_lowercase().cmp(&right.to_ascii_lowercase()));
    orders.find(|order| order.is_ne()).unwrap_or_else(|| left.len().cmp(&right.len()))
}

/// The records that a node names by the index of the first one (in `field`) and their number (in the field after it).
fn records(node: u16, field: usize) -> std::ops::Range<usize> {
    let first = usize::from(node_u16(node, field));
    first..first + usize::from(node_u16(node, field + 1))
}

/// Kind, text and number of each constraint that holds at a version.
fn constraints(node: u16, at: u16) -> impl Iterator<Item = (u16, &'static str, i64)> {
    records(node, node_field::FIRST_CONSTRAINT)
        .filter(move |record| table::set_has(table::u16_of(Section::Constraints, *record, 1), at))
        .map(|record| {
            let kind = table::u16_of(Section::Constraints, record, 0);
            let text = table::string(table::u16_of(Section::Constraints, record, 2));
            (kind, text, table::constraint_number(record))
        })
}
