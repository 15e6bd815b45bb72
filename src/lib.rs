//! vpclab runs a VPC on a laptop: real frames through the rules of AWS's data plane.

pub mod guest;
pub mod ids;
pub mod seed;
pub mod time;
pub mod wire;
