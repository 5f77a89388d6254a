//! The way to the peer: paced, counted, and with an end.

use core::time::Duration;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::time::Instant;

use isakmp_wire::{Header, Spi, marker};

/// How long each try waits for an answer while the peer has not answered at all.
const FIRST_WAITS: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(2),
];
/// The same once it has.
const LATER_WAITS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];
/// No datagram is longer.
const LONGEST: usize = 65_535;

/// What a survey may cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// At least so long between two datagrams.
    pub(super) interval: Duration,
    pub(super) datagrams: u32,
    /// Half-open SAs that may be left at the peer.
    pub(super) half_open: u32,
    pub(super) time: Duration,
}

/// Why there is no answer to a question.
#[derive(Debug)]
pub(super) enum Stop {
    /// A limit is reached.
    Limit(&'static str),
    /// Nothing came back.
    Silent,
    /// The system, or the peer's, says that nobody is there.
    Unreachable(io::Error),
    /// No randomness, or the like.
    Internal(&'static str),
}

/// A connected socket and its accounts.
#[derive(Debug)]
pub(super) struct Line {
    socket: UdpSocket,
    remote: SocketAddr,
    marker: bool,
    limits: Limits,
    started: Instant,
    last: Option<Instant>,
    sent: u32,
    half_open: u32,
    answered: bool,
}

/// An answer and how long it took.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) bytes: Vec<u8>,
    pub(super) round_trip: Duration,
}

impl Line {
    pub(super) fn open(remote: SocketAddr, marker: bool, limits: Limits) -> io::Result<Self> {
        let any: SocketAddr = if remote.is_ipv4() {
            ([0; 4], 0).into()
        } else {
            ([0_u16; 8], 0).into()
        };
        let socket = UdpSocket::bind(any)?;
        socket.connect(remote)?;
        Ok(Self {
            socket,
            remote,
            marker,
            limits,
            started: now(),
            last: None,
            sent: 0,
            half_open: 0,
            answered: false,
        })
    }

    pub(super) const fn remote(&self) -> SocketAddr {
        self.remote
    }

    pub(super) fn local(&self) -> SocketAddr {
        self.socket.local_addr().unwrap_or(self.remote)
    }

    pub(super) const fn sent(&self) -> u32 {
        self.sent
    }

    pub(super) const fn half_open(&self) -> u32 {
        self.half_open
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// The next protocol is a new acquaintance.
    pub(super) const fn forget_answers(&mut self) {
        self.answered = false;
    }

    /// The peer has taken a proposal.
    pub(super) const fn took(&mut self) {
        self.half_open += 1;
    }

    /// Whether one more proposal may be taken.
    pub(super) const fn may_be_taken(&self) -> Result<(), Stop> {
        if self.half_open < self.limits.half_open {
            Ok(())
        } else {
            Err(Stop::Limit("the limit of half-open SAs is reached"))
        }
    }

    /// Sends a first message and waits for what comes back to its SPI.
    pub(super) fn ask(&mut self, message: &[u8], spi: Spi) -> Result<Reply, Stop> {
        let waits: &[Duration] = if self.answered {
            &LATER_WAITS
        } else {
            &FIRST_WAITS
        };
        for &wait in waits {
            let asked = self.send(message)?;
            if let Some(bytes) = self.receive(asked + wait, spi)? {
                self.answered = true;
                return Ok(Reply {
                    bytes,
                    round_trip: asked.elapsed(),
                });
            }
        }
        Err(Stop::Silent)
    }

    fn send(&mut self, message: &[u8]) -> Result<Instant, Stop> {
        if self.sent >= self.limits.datagrams {
            return Err(Stop::Limit("the limit of datagrams is reached"));
        }
        if let Some(last) = self.last {
            std::thread::sleep(self.limits.interval.saturating_sub(last.elapsed()));
        }
        if self.elapsed() >= self.limits.time {
            return Err(Stop::Limit("the time is up"));
        }
        let datagram = if self.marker {
            [&marker::NON_ESP_MARKER[..], message].concat()
        } else {
            message.to_vec()
        };
        self.sent += 1;
        let asked = now();
        self.last = Some(asked);
        self.socket.send(&datagram).map_err(Stop::Unreachable)?;
        Ok(asked)
    }

    fn receive(&self, until: Instant, spi: Spi) -> Result<Option<Vec<u8>>, Stop> {
        let mut buffer = vec![0; LONGEST];
        loop {
            let left = until.saturating_duration_since(now());
            if left.is_zero() {
                return Ok(None);
            }
            self.socket
                .set_read_timeout(Some(left))
                .map_err(Stop::Unreachable)?;
            match self.socket.recv(&mut buffer) {
                Ok(length) => {
                    let datagram = buffer.get(..length).unwrap_or_default();
                    let bytes = match datagram.strip_prefix(&marker::NON_ESP_MARKER[..]) {
                        Some(rest) if self.marker => rest,
                        _ => datagram,
                    };
                    // answers to earlier questions come again, and anybody may send anything
                    if Header::parse(bytes).is_ok_and(|header| header.initiator == spi) {
                        return Ok(Some(bytes.to_vec()));
                    }
                }
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    return Ok(None);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Stop::Unreachable(error)),
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a survey lives in real time")]
fn now() -> Instant {
    Instant::now()
}
