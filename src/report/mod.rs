//! What a run has to say: explanations, captures, results. Everything here is a fold over the events of
//! a run and the model.
//!
//! Knows file formats and words. Must never know how the data plane decides anything, nor how a run is
//! driven; it reads no clock and opens no file.

pub mod capture;
pub mod explain;
mod hints;
pub mod journal;
pub mod json;
mod labels;
pub mod matrix;
pub mod pcapng;
pub mod result;
mod secrets;
pub mod text;

pub use labels::{drop_objects, nat_gateway as nat_gateway_label, station_label};
