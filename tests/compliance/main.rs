//! What AWS documents, shown by packets: a file for each noun. docs/compliance.md says which fact each
//! test is about.

mod control_plane;
mod endpoint;
mod iam;
mod internet_gateway;
mod lab;
mod mtu;
mod nat_gateway;
mod network_acl;
mod peering;
mod public_access;
mod regressions;
mod route_table;
mod security_group;
mod services;
mod transit_gateway;
mod vpn;
