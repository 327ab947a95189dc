//! Diagnostics, fixes, the rules and their documentation. One file per rule.

pub mod diagnostic;
pub mod fix;

pub use diagnostic::{Confidence, Diagnostic, Family, Related, Severity, Tag};
pub use fix::{Applicability, FileEdit, Fix};
