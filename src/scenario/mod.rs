//! The scenario language: from a YAML file to values, with every mistake found on the way.
//!
//! Knows YAML, places in a file and how to report them. Must never know what a run does with the
//! values, and reads no files itself: whoever calls gives the text.
//!
//! Read a file with [`yaml::parse`], take it apart with [`Fields`](fields::Fields) and the typed
//! readers on [`Node`](yaml::Node), and show what was wrong with [`problem::render`]. None of them
//! stops at the first mistake: they collect [`Problems`](problem::Problems) and go on.

pub mod fields;
pub mod problem;
pub mod yaml;
