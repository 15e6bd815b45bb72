//! What people already have, as scenarios: collected `describe` documents, Terraform, CloudFormation.
//!
//! A reader for each kind of source fills an [`Inventory`] in EC2's terms; `compose` writes the text of a scenario
//! of it, with the ids and names of the source; and `scenario` loads that text as any other, so that every resource
//! is made by an operation of `api/`. What cannot be carried over is a [`Notice`] with its place in the source, never
//! a silent omission.
//!
//! Knows the layouts of other tools. Must never know packets, or make a resource by itself.

pub mod cloudformation;
mod inventory;
mod json;

pub use inventory::{Inventory, Loss, Notice, Place, Reading, Trouble};
