//! An independent model of where packets go, random worlds to try it in, and the plane it is compared with.
//!
//! The reference is small, slow and meant to be obviously right: it looks at everything for each packet,
//! keeps no indexes, and remembers flows as plain lists.

pub mod memory;
pub mod packet;
pub mod path;
pub mod plane;
pub mod rules;
pub mod script;
pub mod world;
