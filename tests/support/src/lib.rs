//! Fixture notation and check helpers that the tests of several crates share.
