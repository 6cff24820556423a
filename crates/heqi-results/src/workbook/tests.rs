//! Goal: x
