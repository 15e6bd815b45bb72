//! vpclab runs a VPC on a laptop: real frames through the rules of AWS's data plane.

pub mod api;
#[cfg(feature = "athena")]
pub mod athena;
pub mod cli;
#[cfg(feature = "deliver")]
pub mod deliver;
pub mod flowlog;
pub mod guest;
pub mod iam;
pub mod ids;
pub mod import;
pub mod model;
pub mod plane;
pub mod report;
pub mod scenario;
pub mod seed;
pub mod service;
pub mod sigv4;
pub mod sim;
pub mod suite;
pub mod time;
pub mod trace;
pub mod traffic;
pub mod wire;
