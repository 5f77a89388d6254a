//! The TUN device: inner packets from and to the host.

use core::task::{Context, Poll};
use std::io;

use tun_rs::{AsyncDevice, DeviceBuilder};

/// A TUN device; it goes, with its addresses and routes, when this is dropped.
pub(crate) struct Tun {
    device: AsyncDevice,
    name: String,
    index: u32,
}

impl core::fmt::Debug for Tun {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Tun")
            .field("name", &self.name)
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}

impl Tun {
    /// Makes the device and sets it up, without addresses.
    pub(crate) fn open(name: &str, mtu: u16) -> io::Result<Self> {
        let device = DeviceBuilder::new()
            .name(name)
            .mtu(mtu)
            .packet_information(false)
            .build_async()?;
        let index = device.if_index()?;
        let name = device.name()?;
        Ok(Self {
            device,
            name,
            index,
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) const fn index(&self) -> u32 {
        self.index
    }

    /// The next packet that the host wants to send.
    pub(crate) fn poll_receive(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.device.poll_recv(cx, buffer)
    }

    /// One more packet, if there is one already.
    pub(crate) fn try_receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.device.try_recv(buffer)
    }

    /// Hands a packet to the host, or drops it when the device is full, as a network would.
    pub(crate) fn send(&self, packet: &[u8]) -> io::Result<()> {
        match self.device.try_send(packet) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            result => result.map(drop),
        }
    }
}
