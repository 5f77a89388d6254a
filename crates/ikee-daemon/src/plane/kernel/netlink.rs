//! Conversation with the kernel's IPsec: requests, each answered at once, and what it says unasked.

use core::cell::Cell;
use core::task::{Context, Poll, ready};
use std::io;
use std::time::Duration;

use netlink_packet_core::{
    ErrorMessage, NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage,
    NetlinkPayload, NlasIterator,
};
use netlink_packet_xfrm::constants::{XFRMNLGRP_ACQUIRE, XFRMNLGRP_EXPIRE};
use netlink_packet_xfrm::{XfrmAttrs, XfrmMessage};
use netlink_sys::protocols::NETLINK_XFRM;
use netlink_sys::{AsyncSocket, Socket, SocketAddr, TokioSocket};
use socket2::SockRef;
use zeroize::{Zeroize, Zeroizing};

/// How long the kernel may think; it answers within the call that asks.
const PATIENCE: Duration = Duration::from_secs(5);
/// Octets that may wait to be heard: a storm of expiries must not get lost.
const HEARING: usize = 4 << 20;
/// Octets of the header that a refusal repeats, before its explanation.
const REPEATED: usize = 16;
/// The attribute that holds the explanation.
const EXPLANATION: u16 = 1;

/// The kernel says no.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {error}{}", explanation.as_deref().map(|text| format!(" ({text})")).unwrap_or_default())]
pub struct Refusal {
    /// What it was asked for.
    what: &'static str,
    /// The error number.
    pub(super) error: io::Error,
    /// The kernel's own words.
    explanation: Option<String>,
}

impl Refusal {
    pub(super) fn is(&self, errno: rustix::io::Errno) -> bool {
        self.error.raw_os_error() == Some(errno.raw_os_error())
    }

    fn of(what: &'static str, error: impl Into<io::Error>) -> Self {
        Self {
            what,
            error: error.into(),
            explanation: None,
        }
    }
}

/// A message that may hold keys: wiped when it goes, silent about its content.
pub(super) struct Keyed(pub(super) XfrmMessage);

impl core::fmt::Debug for Keyed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Keyed(..)")
    }
}

impl Drop for Keyed {
    fn drop(&mut self) {
        let (XfrmMessage::AddSa(message) | XfrmMessage::UpdateSa(message)) = &mut self.0 else {
            return;
        };
        for attribute in &mut message.nlas {
            match attribute {
                XfrmAttrs::EncryptionAlgAead(algorithm) => algorithm.alg_key.zeroize(),
                XfrmAttrs::AuthenticationAlgTrunc(algorithm) => algorithm.alg_key.zeroize(),
                XfrmAttrs::EncryptionAlg(algorithm) | XfrmAttrs::AuthenticationAlg(algorithm) => {
                    algorithm.alg_key.zeroize();
                }
                _ => {}
            }
        }
    }
}

/// The way to ask.
pub(super) struct Netlink {
    socket: Socket,
    sequence: Cell<u32>,
}

impl core::fmt::Debug for Netlink {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Netlink").finish_non_exhaustive()
    }
}

impl Netlink {
    pub(super) fn open() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_XFRM)?;
        socket.bind_auto()?;
        socket.connect(&SocketAddr::new(0, 0))?;
        // a refusal must not repeat the keys that it refuses
        socket.set_cap_ack(true)?;
        socket.set_ext_ack(true)?;
        SockRef::from(&socket).set_read_timeout(Some(PATIENCE))?;
        Ok(Self {
            socket,
            sequence: Cell::new(0),
        })
    }

    /// Has something done.
    pub(super) fn tell(&self, what: &'static str, message: &Keyed) -> Result<(), Refusal> {
        self.converse(what, message, NLM_F_REQUEST | NLM_F_ACK)
            .map(drop)
    }

    /// Asks for one thing.
    pub(super) fn ask(&self, what: &'static str, message: XfrmMessage) -> Result<Keyed, Refusal> {
        let answers = self.converse(what, &Keyed(message), NLM_F_REQUEST | NLM_F_ACK)?;
        let answer = answers.into_iter().next();
        answer.ok_or_else(|| Refusal::of(what, io::ErrorKind::UnexpectedEof))
    }

    /// Asks for all there is.
    pub(super) fn dump(
        &self,
        what: &'static str,
        message: XfrmMessage,
    ) -> Result<Vec<Keyed>, Refusal> {
        self.converse(what, &Keyed(message), NLM_F_REQUEST | NLM_F_DUMP)
    }

    fn converse(
        &self,
        what: &'static str,
        message: &Keyed,
        flags: u16,
    ) -> Result<Vec<Keyed>, Refusal> {
        let failed = |error| Refusal::of(what, error);
        let sequence = self.sequence.get().wrapping_add(1);
        self.sequence.set(sequence);
        self.send(&message.0, flags, sequence).map_err(failed)?;
        let mut answers = Vec::new();
        loop {
            let (bytes, _) = self.socket.recv_from_full().map_err(failed)?;
            for message in messages(&Zeroizing::new(bytes)) {
                let (header, payload) = message.into_parts();
                if header.sequence_number != sequence {
                    continue;
                }
                match payload {
                    NetlinkPayload::InnerMessage(message) => answers.push(Keyed(message)),
                    NetlinkPayload::Error(error) => return verdict(what, &error).map(|()| answers),
                    NetlinkPayload::Done(_) => return Ok(answers),
                    _ => {}
                }
            }
        }
    }

    fn send(&self, message: &XfrmMessage, flags: u16, sequence: u32) -> io::Result<()> {
        let mut header = NetlinkHeader::default();
        header.flags = flags;
        header.sequence_number = sequence;
        // the copy is made of public lengths only; the message itself is wiped by its owner
        let mut request =
            NetlinkMessage::new(header, NetlinkPayload::InnerMessage(message.clone()));
        request.finalize();
        let mut bytes = Zeroizing::new(vec![0; request.buffer_len()]);
        request.serialize(&mut bytes);
        if let NetlinkPayload::InnerMessage(copy) = request.payload {
            drop(Keyed(copy));
        }
        self.socket.send(&bytes, 0).map(drop)
    }
}

fn verdict(what: &'static str, error: &ErrorMessage) -> Result<(), Refusal> {
    if error.code.is_none() {
        return Ok(());
    }
    let attributes = error.header.get(REPEATED..).unwrap_or_default();
    let explanation = NlasIterator::new(attributes)
        .filter_map(Result::ok)
        .find(|attribute| attribute.kind() == EXPLANATION)
        .map(|attribute| String::from_utf8_lossy(attribute.value()).into_owned())
        .map(|text| text.trim_end_matches('\0').to_owned());
    Err(Refusal {
        what,
        error: error.to_io(),
        explanation,
    })
}

/// The messages of one datagram that can be read.
fn messages(mut bytes: &[u8]) -> Vec<NetlinkMessage<XfrmMessage>> {
    let mut messages = Vec::new();
    while let Some(length) = bytes
        .first_chunk()
        .map(|&length| u32::from_ne_bytes(length))
    {
        match NetlinkMessage::deserialize(bytes) {
            Ok(message) => messages.push(message),
            Err(error) => tracing::debug!("netlink: {error}"),
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let next = length.checked_next_multiple_of(4).unwrap_or(usize::MAX);
        bytes = bytes.get(next.max(4)..).unwrap_or_default();
    }
    messages
}

/// The way to hear what the kernel says unasked.
pub(super) struct Monitor {
    socket: TokioSocket,
}

impl core::fmt::Debug for Monitor {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Monitor").finish_non_exhaustive()
    }
}

impl Monitor {
    /// Must be called within a tokio runtime.
    pub(super) fn open() -> io::Result<Self> {
        let mut socket = TokioSocket::new(NETLINK_XFRM)?;
        let raw = socket.socket_mut();
        raw.bind_auto()?;
        raw.add_membership(XFRMNLGRP_ACQUIRE)?;
        raw.add_membership(XFRMNLGRP_EXPIRE)?;
        // best effort: the kernel caps it
        drop(SockRef::from(&*raw).set_recv_buffer_size(HEARING));
        Ok(Self { socket })
    }

    /// What has been said.
    pub(super) fn poll(&self, cx: &mut Context<'_>) -> Poll<io::Result<Vec<Keyed>>> {
        let (bytes, _) = ready!(self.socket.poll_recv_from_full(cx))?;
        let said = messages(&Zeroizing::new(bytes)).into_iter();
        let said = said.filter_map(|message| match message.payload {
            NetlinkPayload::InnerMessage(message) => Some(Keyed(message)),
            _ => None,
        });
        Poll::Ready(Ok(said.collect()))
    }
}
