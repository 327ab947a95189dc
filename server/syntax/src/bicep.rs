//! Bicep trees.
