//! The template model that ARM JSON and Bicep are both lowered to, its symbolic evaluation, and the AKS view over it.

pub mod expr;
pub mod model;
mod name;
pub mod workspace;

pub use expr::{Expr, ExprId};
pub use model::Template;
pub use name::Name;
