//! Diagnostics, fixes, the rules and their documentation. One file per rule.
//!
//! - [`fn@check`] runs the rules over files of a workspace; everything else serves it or what follows it.
//! - A rule is a type with documentation ([`declare_rule!`]) and one method of [`Rule`]; it reports [`Finding`]s to a
//!   [`Ctx`] and builds its fixes with a [`Rewrite`], which knows both languages.
//! - [`suppress`] reads and writes what people put into a file to silence a rule, [`apply`] applies fixes until nothing
//!   is left to do, [`refactor`] makes changes that no mistake asks for, [`docs`] turns the documentation of the rules into pages.

mod check;
mod command;
mod conformance;
mod ctx;
mod feature;
mod identity_id;
mod judge;
pub mod kubelet_grant;
mod mentions;
mod near_names;
mod offers;
mod outline;
mod rename;
mod roles;
mod rule;
mod rules;
mod secrets;
mod settings;
mod unattached;
mod versions;

pub mod apply;
pub mod diagnostic;
pub mod docs;
pub mod fix;
mod groups;
pub mod refactor;
pub mod suppress;
pub mod write;

#[cfg(test)]
mod forms;
#[cfg(test)]
mod mutation;
#[cfg(test)]
mod testing;

pub use check::{Cancelled, Found, Outcome, Panic, Project, Root, SYNTAX_ERROR, SettingsOf, check};
pub use command::{CommandAt, belong_together};
pub use ctx::{Ctx, Finding, Reporter};
pub use diagnostic::{Confidence, Diagnostic, Family, Related, Severity, Tag};
pub use fix::{Applicability, FileEdit, Fix};
pub use rule::{Described, FixAvailability, Languages, Metadata, Resources, Rule};
pub use rules::{all, by_code};
pub use settings::{Level, Selector, Settings, UnknownSelector};
pub use suppress::Suppressed;
pub use write::{At, New, Rewrite};
