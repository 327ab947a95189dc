//! The template model that ARM JSON and Bicep are both lowered to, its symbolic evaluation, and the AKS view over it.

pub mod aks;
mod avm;
pub mod az_command;
pub mod canon;
pub mod condition;
mod dependencies;
pub mod eval;
pub mod expr;
mod functions;
mod grant_index;
pub mod grants;
pub mod identities;
mod imports;
pub mod lower;
pub mod model;
mod name;
pub mod parameters;
pub mod paths;
pub mod print;
pub mod ranges;
pub mod reads;
pub mod references;
pub mod resource;
pub mod scripts;
mod shift;
pub mod traces;
mod uses;
pub mod value;
pub mod workspace;

pub use eval::Evaluator;
pub use expr::{Expr, ExprId};
pub use model::Template;
pub use name::Name;
