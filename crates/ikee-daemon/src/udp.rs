//! UDP sockets that know which of our addresses a datagram was sent to.

use core::net::{IpAddr, SocketAddr};
use core::task::{Context, Poll};
use std::io::{self, IoSliceMut};
use std::os::fd::AsFd;

use quinn_udp::{RecvMeta, UdpSockRef, UdpSocketState};
use socket2::{Domain, Protocol, Socket as Raw, Type};
use tokio::io::Interest;
use tokio::net::UdpSocket;

use crate::sys;

/// Buffers a system call fills; each can hold the datagrams that the kernel has merged.
const BUFFERS: usize = 8;
/// Octets of one: a UDP payload has no more.
const BUFFER: usize = 65_535;
/// What we ask the kernel to hold while we are busy, in octets.
const KERNEL_BUFFER: usize = 4 << 20;
/// As much of what comes to the first port, where there is no ESP: some 1,600 first messages, which are answered within a
/// tenth of a second. In a flood that is more than the processor can answer, everybody waits as long as the queue is.
const KERNEL_QUEUE: usize = 1 << 20;

/// A set of UDP sockets, and the buffers of one receive.
#[derive(Debug)]
pub struct Sockets {
    sockets: Vec<Socket>,
    next: usize,
}

#[derive(Debug)]
struct Socket {
    io: UdpSocket,
    state: UdpSocketState,
    local: SocketAddr,
}

impl Sockets {
    /// Binds each address with each port; port 0 takes a free one. ESP in UDP belongs to another port than the first.
    ///
    /// Must be called within a tokio runtime. Datagrams carry `mark`, if there is one, for the
    /// routing rules of this host; that takes the right to administer the network.
    ///
    /// # Errors
    /// The first address that cannot be bound, and what the system says.
    pub fn bind(addresses: &[IpAddr], ports: &[u16], mark: Option<u32>) -> Result<Self, BindError> {
        let mut sockets = Vec::new();
        for &address in addresses {
            let rooms = core::iter::once(KERNEL_QUEUE).chain(core::iter::repeat(KERNEL_BUFFER));
            for (&port, room) in ports.iter().zip(rooms) {
                let local = SocketAddr::new(address, port);
                let socket =
                    Socket::bind(local, mark, room).map_err(|error| BindError { local, error })?;
                sockets.push(socket);
            }
        }
        Ok(Self { sockets, next: 0 })
    }

    /// Has the kernel open the ESP that reaches `nat_t`, with the SAs that it knows, and keeps its policies
    /// off what these sockets send and receive.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn leave_esp_to_the_kernel(&self, nat_t: u16) -> io::Result<()> {
        for socket in &self.sockets {
            sys::bypass_policies(socket.io.as_fd(), socket.local.is_ipv4())?;
            if socket.local.port() == nat_t {
                sys::decapsulate_esp(socket.io.as_fd())?;
                sys::keep_apart(socket.io.as_fd())?;
            }
        }
        Ok(())
    }

    /// Where the sockets are bound.
    pub fn local_addresses(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        self.sockets.iter().map(|socket| socket.local)
    }

    /// Fills `batch` with what has arrived on one of the sockets, each in its turn.
    ///
    /// # Errors
    /// What the system says; later calls may succeed.
    pub fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        batch: &mut Batch,
    ) -> Poll<io::Result<()>> {
        let count = self.sockets.len();
        for step in 0..count {
            let index = (self.next + step) % count;
            let Some(socket) = self.sockets.get(index) else {
                continue;
            };
            if let Poll::Ready(result) = socket.poll_receive(cx, batch) {
                self.next = index + 1;
                return Poll::Ready(result);
            }
        }
        Poll::Pending
    }

    /// Waits until something has arrived; see [`Sockets::poll_receive`].
    ///
    /// # Errors
    /// What the system says; later calls may succeed.
    pub async fn receive(&mut self, batch: &mut Batch) -> io::Result<()> {
        core::future::poll_fn(|cx| self.poll_receive(cx, batch)).await
    }

    /// Sends a datagram from one of our addresses, or drops it when the socket is full, as a
    /// network would.
    ///
    /// # Errors
    /// No socket has this address and port, or what the system says.
    pub fn send(&self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) -> io::Result<()> {
        self.socket(from)?.send(from, to, bytes, None)
    }

    /// Sends datagrams of `size` octets each, the last one perhaps shorter, that lie one behind
    /// the other in `bytes`: in one system call where the system can, and one by one else.
    ///
    /// # Errors
    /// No socket has this address and port, or what the system says.
    pub fn send_run(
        &self,
        from: SocketAddr,
        to: SocketAddr,
        bytes: &[u8],
        size: usize,
    ) -> io::Result<()> {
        let socket = self.socket(from)?;
        // a segment that the link cannot carry whole is refused; alone, IP would fragment it
        if bytes.len() > size && socket.send(from, to, bytes, Some(size)).is_ok() {
            return Ok(());
        }
        bytes
            .chunks(size.max(1))
            .try_for_each(|datagram| socket.send(from, to, datagram, None))
    }

    /// How many datagrams [`send_run`](Self::send_run) can send at once.
    #[must_use]
    pub fn run_limit(&self) -> usize {
        self.sockets
            .iter()
            .map(|socket| socket.state.max_gso_segments())
            .min()
            .unwrap_or(1)
    }

    fn socket(&self, from: SocketAddr) -> io::Result<&Socket> {
        let mut sockets = self.sockets.iter();
        sockets.find(|socket| socket.serves(from)).ok_or_else(|| {
            let what = format!("no socket is bound to {from}");
            io::Error::new(io::ErrorKind::AddrNotAvailable, what)
        })
    }
}

impl Socket {
    fn bind(local: SocketAddr, mark: Option<u32>, room: usize) -> io::Result<Self> {
        let raw = Raw::new(Domain::for_address(local), Type::DGRAM, Some(Protocol::UDP))?;
        raw.set_nonblocking(true)?;
        if local.is_ipv6() {
            raw.set_only_v6(true)?;
        }
        if let Some(mark) = mark {
            raw.set_mark(mark)?;
        }
        raw.bind(&local.into())?;
        make_room(&raw, room);
        let state = UdpSocketState::new(UdpSockRef::from(&raw))?;
        allow_fragments(&raw, local)?;
        let io = UdpSocket::from_std(raw.into())?;
        let local = io.local_addr()?;
        Ok(Self { io, state, local })
    }

    fn serves(&self, from: SocketAddr) -> bool {
        self.local.port() == from.port()
            && self.local.is_ipv4() == from.is_ipv4()
            && (self.local.ip().is_unspecified()
                || from.ip().is_unspecified()
                || self.local.ip() == from.ip())
    }

    fn poll_receive(&self, cx: &mut Context<'_>, batch: &mut Batch) -> Poll<io::Result<()>> {
        loop {
            match self.io.poll_recv_ready(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Ready(Ok(())) => {}
            }
            let received = self.io.try_io(Interest::READABLE, || batch.fill(self));
            match received {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
        }
    }

    fn send(
        &self,
        from: SocketAddr,
        to: SocketAddr,
        bytes: &[u8],
        segment_size: Option<usize>,
    ) -> io::Result<()> {
        let transmit = quinn_udp::Transmit {
            destination: to,
            ecn: None,
            contents: bytes,
            segment_size,
            src_ip: (!from.ip().is_unspecified()).then_some(from.ip()),
        };
        match self.state.try_send(UdpSockRef::from(&self.io), &transmit) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            result => result,
        }
    }
}

/// A flood must not crowd out who is there. Only with the right to administer the network do we get more than the host
/// lets everybody have, which may be some 300 first messages; without it, that much.
fn make_room(socket: &Raw, room: usize) {
    use nix::sys::socket::{setsockopt, sockopt};
    if setsockopt(socket, sockopt::RcvBufForce, &room).is_err() {
        drop(socket.set_recv_buffer_size(room));
    }
    if setsockopt(socket, sockopt::SndBufForce, &KERNEL_BUFFER).is_err() {
        drop(socket.set_send_buffer_size(KERNEL_BUFFER));
    }
}

/// IKE messages may be larger than a link's MTU, so IP has to be free to fragment them; the
/// receive side's preparation forbade it.
fn allow_fragments(socket: &Raw, local: SocketAddr) -> io::Result<()> {
    use rustix::net::sockopt::{
        Ipv4PathMtuDiscovery, Ipv6PathMtuDiscovery, set_ip_mtu_discover, set_ipv6_mtu_discover,
    };
    if local.is_ipv4() {
        set_ip_mtu_discover(socket, Ipv4PathMtuDiscovery::DONT)?;
    } else {
        set_ipv6_mtu_discover(socket, Ipv6PathMtuDiscovery::DONT)?;
        nix::sys::socket::setsockopt(
            &socket.as_fd(),
            nix::sys::socket::sockopt::Ipv6DontFrag,
            &false,
        )?;
    }
    Ok(())
}

/// What one receive brought.
#[derive(Debug)]
pub struct Batch {
    buffers: Vec<Vec<u8>>,
    meta: Vec<RecvMeta>,
    filled: usize,
    local: SocketAddr,
}

impl Default for Batch {
    fn default() -> Self {
        Self {
            buffers: (0..BUFFERS).map(|_| vec![0; BUFFER]).collect(),
            meta: vec![RecvMeta::default(); BUFFERS],
            filled: 0,
            local: SocketAddr::new(IpAddr::V4(core::net::Ipv4Addr::UNSPECIFIED), 0),
        }
    }
}

impl Batch {
    fn fill(&mut self, socket: &Socket) -> io::Result<()> {
        self.filled = 0;
        self.local = socket.local;
        let mut slices: Vec<_> = self
            .buffers
            .iter_mut()
            .map(|buffer| IoSliceMut::new(buffer))
            .collect();
        self.filled =
            socket
                .state
                .recv(UdpSockRef::from(&socket.io), &mut slices, &mut self.meta)?;
        Ok(())
    }

    /// The datagrams: our address and port, the peer's, and the octets.
    pub fn datagrams(&mut self) -> impl Iterator<Item = (SocketAddr, SocketAddr, &mut [u8])> {
        let bound = self.local;
        self.buffers
            .iter_mut()
            .zip(&self.meta)
            .take(self.filled)
            .flat_map(move |(buffer, meta)| {
                let local =
                    SocketAddr::new(meta.dst_ip.unwrap_or_else(|| bound.ip()), bound.port());
                let stride = meta.stride.max(1);
                let filled = buffer.get_mut(..meta.len).unwrap_or_default();
                filled
                    .chunks_mut(stride)
                    .map(move |datagram| (local, meta.addr, datagram))
            })
    }
}

/// Why a socket could not be bound.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on UDP {local}: {error}")]
#[non_exhaustive]
pub struct BindError {
    /// The address and port.
    pub local: SocketAddr,
    /// What the system says.
    pub error: io::Error,
}

/// Our address on the way to a peer, as the routing table has it now for datagrams with `mark`.
///
/// # Errors
/// There is no route.
pub fn source_address(peer: IpAddr, mark: Option<u32>) -> io::Result<IpAddr> {
    let peer = SocketAddr::new(peer, 4500);
    let socket = Raw::new(Domain::for_address(peer), Type::DGRAM, Some(Protocol::UDP))?;
    if let Some(mark) = mark {
        socket.set_mark(mark)?;
    }
    // nothing is sent by that
    socket.connect(&peer.into())?;
    let local = socket
        .local_addr()?
        .as_socket()
        .ok_or(io::ErrorKind::AddrNotAvailable)?;
    Ok(local.ip())
}
