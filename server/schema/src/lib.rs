//! Facts about the API versions of AKS clusters and of the resources around them, about roles, and about the flags of
//! `az aks`: names, types and versions, in a table that is read in place.
//!
//! Stable and preview versions grow as two separate lines, so every fact carries the *set* of versions in which it holds; no
//! answer here is a comparison of dates across lines. The facts are written by `cargo xtask schema` to `data/*.facts`, where they are
//! reviewed; `data/facts.bin` is the same for the program. What the properties mean is said in `docs/*.md`.

mod api_version;
pub mod az;
mod describe;
mod docs;
mod facts;
pub mod layout;
mod path;
mod registered;
pub mod roles;
mod sample;
mod suggest;
mod table;

pub use api_version::{ApiVersion, Date, Line, NotAnApiVersion, VersionSet};
pub use describe::{Description, NoDescription, describe};
pub use docs::{doc, documented_paths, reference_url};
pub use facts::{
    Enum, IntType, Match, Object, Property, ResourceType, Since, Status, StringType, Type, resource_type,
    resource_types,
};
pub use registered::answers;
pub use sample::{Sample, sample_body, writable_properties};
pub use suggest::{least_distance, nearest};

/// Size in bytes of everything embedded: the table and the words about properties.
pub fn embedded_size() -> usize {
    table::FACTS.len() + docs::size()
}
