//! What services answer: the resolvers, instance metadata, and AWS's services on the internet.
//!
//! From what exists and a request to a reply. Knows no connections, no clocks and no packets: who carries
//! the request here and the reply back is `sim`'s business.

pub mod dns;
