//! The simulation: virtual time, links, and the world in which hosts and the plane meet.
//!
//! Owns time. Draws randomness from named streams only, does no IO, prints nothing: whoever watches
//! is an [`crate::trace::Observer`].

mod hosts;
mod link;
mod prober;
mod queue;
mod services;
mod traffic;
mod world;

pub use link::Links;
pub use prober::{Prober, Spot, spots};
pub use queue::{EventQueue, Lane};
pub use world::{Process, Setups, Still, World};
