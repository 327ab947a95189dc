//! Fixture notation and check helpers that the tests of several crates share.

pub mod fixture;

pub use fixture::{Actual, Fixture, FixtureFile, Mark};
