//! The tables of what is allowed.
