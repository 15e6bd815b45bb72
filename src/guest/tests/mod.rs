//! Hosts on a wire: whole outputs and whole packet lists.

mod aws;
mod background;
mod dns;
mod failures;
mod iperf;
mod paths;
mod rig;
mod sessions;
mod tls;
mod typing;
mod web;
