//! What a run leaves behind, in formats that other programs open.
//!
//! Knows file formats. Must never know how the data plane decides anything.

pub mod pcapng;
