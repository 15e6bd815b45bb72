//! What AWS documents, shown by packets: a file for each noun. docs/compliance.md says which fact each
//! test is about.

mod aws_cli;
mod control_plane;
mod dns;
mod endpoint;
mod flow_logs;
mod hosts;
mod iam;
mod imds;
mod internet_gateway;
mod lab;
mod mtu;
mod nat_gateway;
mod network_acl;
mod network_interface;
mod peering;
mod public_access;
mod regressions;
mod route_table;
mod security_group;
mod services;
mod transit_gateway;
mod vpn;
