//! What smoltcp sends and receives through: IP packets inside frames that are moved, never copied.
//!
//! Knows smoltcp's tokens and buffers; never what is in a packet or where it goes.
//!
//! smoltcp runs on its IP medium here and the Ethernet header belongs to [`super::link`], because its
//! own neighbour cache drops what it answers by itself (an echo reply, a RST) while it waits for ARP,
//! and asks for at most one neighbour a second. Linux queues such packets, and so does the link.

use std::cell::RefCell;
use std::collections::VecDeque;

use smoltcp::phy::{self, DeviceCapabilities, Medium};
use smoltcp::time::Instant;

use crate::wire::ETHERNET_HEADER_LEN;

/// How many buffers of received frames are kept for sending.
const SPARE_MAX: usize = 64;

/// The device behind smoltcp's interface.
pub(super) struct Device {
    mtu: u16,
    /// The one frame that waits to be received.
    arrived: Option<Vec<u8>>,
    /// Frames to be sent, their Ethernet header still blank.
    sent: RefCell<VecDeque<Vec<u8>>>,
    spare: RefCell<Vec<Vec<u8>>>,
    /// Whether nothing can be sent for now.
    held: bool,
}

impl Device {
    pub fn new(mtu: u16) -> Self {
        Self { mtu, arrived: None, sent: RefCell::default(), spare: RefCell::default(), held: false }
    }

    /// Lays a frame ready for the next ingress poll.
    pub fn arrive(&mut self, frame: Vec<u8>) {
        self.arrived = Some(frame);
    }

    /// Lets nothing be sent until told otherwise.
    pub fn hold(&mut self, held: bool) {
        self.held = held;
    }

    /// A copy of what was sent last and not yet taken.
    pub fn last_sent(&self) -> Option<Vec<u8>> {
        self.sent.borrow().back().cloned()
    }

    /// Takes the next frame that was sent.
    pub fn take_sent(&mut self) -> Option<Vec<u8>> {
        self.sent.get_mut().pop_front()
    }
}

impl phy::Device for Device {
    type RxToken<'a> = Received<'a>;
    type TxToken<'a> = Sender<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Received<'_>, Sender<'_>)> {
        let frame = self.arrived.take()?;
        Some((Received { frame, device: self }, Sender(self)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Sender<'_>> {
        (!self.held).then_some(Sender(self))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = usize::from(self.mtu);
        capabilities
    }
}

/// A frame on its way into smoltcp.
pub(super) struct Received<'a> {
    frame: Vec<u8>,
    device: &'a Device,
}

impl phy::RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        let result = read(&self.frame[ETHERNET_HEADER_LEN..]);
        let mut spare = self.device.spare.borrow_mut();
        if spare.len() < SPARE_MAX {
            spare.push(self.frame);
        }
        result
    }
}

/// The permission to send one packet.
pub(super) struct Sender<'a>(&'a Device);

impl phy::TxToken for Sender<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, write: F) -> R {
        // Exactly as long as asked: smoltcp sums the whole slice it is given into the checksum.
        let mut frame = self.0.spare.borrow_mut().pop().unwrap_or_default();
        frame.clear();
        frame.resize(ETHERNET_HEADER_LEN + len, 0);
        let result = write(&mut frame[ETHERNET_HEADER_LEN..]);
        self.0.sent.borrow_mut().push_back(frame);
        result
    }
}
