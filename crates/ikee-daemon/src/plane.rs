//! What carries packets: a data plane between the endpoint's child SAs and the host.
//!
//! [`Userspace`](userspace::Userspace) seals and opens packets itself, between a TUN device and the IKE
//! sockets; [`Kernel`](kernel::Kernel) has the kernel do it. The daemon treats every plane alike, through [`DataPlane`].

pub(crate) mod kernel;
mod run;
pub(crate) mod userspace;

use core::fmt;
use core::net::{IpAddr, SocketAddr};
use core::pin::Pin;
use core::task::{Context, Poll};
use std::io;

use ikee::doi::TrafficSelector;
use ikee::doi::encapsulation::Mode;
use ikee::ext::{ChildId, Hint, PolicyId};

use crate::child::{ChildSa, ChildUpdate};
use crate::config::KernelSettings;
use crate::dataplane::{Counters, Drops, InstallError};
use crate::discovery::{Discovered, Traits, Wish};
use crate::udp::Sockets;

/// What a plane does in its own time.
pub(crate) type Work<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// What carries packets.
pub(crate) trait DataPlane: fmt::Debug {
    /// The network device that packets take, for `status`.
    fn device(&self) -> Option<&str>;

    /// Installs both directions of a child, inbound first, and leads the host's packets there.
    ///
    /// A child that replaces another one finds that one
    /// installed: its inbound direction stays until [`remove`](Self::remove), its outbound one is used
    /// until the new child sends, so nothing is lost.
    fn install<'a>(
        &'a mut self,
        child: &'a ChildSa,
        setup: Setup<'a>,
    ) -> Work<'a, Result<(), PlaneError>>;

    /// Sends with a child from now on, and no more with the one that it replaces.
    fn use_child(&mut self, child: ChildId) -> Result<(), PlaneError>;

    /// Sends a child's packets elsewhere from now on.
    fn update(&mut self, update: ChildUpdate) -> Result<(), PlaneError>;

    /// Removes both directions of a child, and whatever only this child needed; false if it is not installed.
    fn remove(&mut self, child: ChildId) -> Work<'_, bool>;

    /// Waits for a packet that needs a child which does not stand: [`News::Wanted`].
    fn trap<'a>(&'a mut self, trap: &'a Trap) -> Work<'a, Result<(), PlaneError>>;

    /// Removes every trap.
    fn untrap(&mut self) -> Work<'_, ()>;

    /// Gives the host an address that the peer assigned.
    fn add_address(&mut self, address: IpAddr) -> Work<'_, Result<(), PlaneError>>;

    /// Takes such an address away again.
    fn remove_address(&mut self, address: IpAddr) -> Work<'_, ()>;

    /// What a child has carried, as of now.
    fn counters(&self, child: ChildId) -> Option<Counters>;

    /// Packets that were dropped before a child could be found.
    fn drops(&self) -> Drops;

    /// Waits until the plane has something to do; then [`work`](Self::work) is called.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Does what [`poll`](Self::poll) has waited for, and says what the endpoint must know.
    fn work(&mut self, sockets: &Sockets, news: &mut Vec<News>);

    /// Takes an ESP packet that reached one of our UDP sockets.
    fn datagram(&mut self, esp: &mut [u8], from: SocketAddr, to: SocketAddr, news: &mut Vec<News>);

    /// Discovers with these rules from now on ([MS-IKEE] §3.7); the kernel's plane cannot.
    fn discover(&mut self, _rules: Vec<Discovered>) {}

    /// What discovery has come to, and how many flows are known; `None` where it is off.
    fn discovery(&self) -> Option<(ikee::discovery::Counters, usize)> {
        None
    }

    /// Takes back what the host would keep.
    fn close(self: Box<Self>) -> Work<'static, ()>;
}

/// Who needs a route or a policy.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Owner {
    /// A child.
    Child(ChildId),
    /// A trap: a connection, and which of its children.
    Trap(PolicyId, usize),
}

/// What there is to know of a connection for its children.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup<'a> {
    /// Addresses that the peer gave us.
    pub(crate) assigned: &'a [IpAddr],
    /// What the kernel's plane adds.
    pub(crate) settings: KernelSettings,
    /// What discovery has to know of the child.
    pub(crate) discovered: Traits,
}

/// A child that is opened by the first packet for it.
#[derive(Clone, Debug)]
pub(crate) struct Trap {
    /// Its connection.
    pub(crate) policy: PolicyId,
    /// Which of the connection's children.
    pub(crate) child: usize,
    /// Tunnel or transport.
    pub(crate) mode: Mode,
    /// Our outer address.
    pub(crate) local: IpAddr,
    /// The peer's.
    pub(crate) remote: IpAddr,
    /// What the kernel's plane adds.
    pub(crate) settings: KernelSettings,
    /// What lies behind us.
    pub(crate) local_selectors: Vec<TrafficSelector>,
    /// What lies behind the peer.
    pub(crate) remote_selectors: Vec<TrafficSelector>,
}

/// What happened on a data plane that the endpoint must know.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum News {
    /// A child has carried as much as it should (soft), or as it may (hard).
    Expired {
        /// Which one.
        child: ChildId,
        /// Nothing passes any more.
        hard: bool,
    },
    /// The traffic of a child tells something about its peer.
    Noticed {
        /// Which one.
        child: ChildId,
        /// What.
        hint: Hint,
    },
    /// A packet wants a child, whether it waits or has gone in clear.
    Discovered(Wish),
    /// A packet waits for a child that a [`Trap`] stands for.
    Wanted {
        /// Its connection.
        policy: PolicyId,
        /// Which of the connection's children.
        child: usize,
    },
}

/// Why a data plane cannot do what it is told; each displays as one line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlaneError {
    /// The userspace plane refuses the child.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// The child is not installed.
    #[error("it is not installed")]
    Unknown,
    /// The child is installed, but the host's packets do not find it.
    #[error("cannot set its routes: {0}")]
    Routes(Box<rtnetlink::Error>),
    /// The kernel says no.
    #[error("the kernel refuses {0}")]
    Kernel(#[from] kernel::Refusal),
    /// The kernel has no such cipher.
    #[error(
        "the kernel has no {0}; load the module, or leave the suite out of the child's proposals"
    )]
    NoCipher(String),
    /// The selectors are too many for the kernel's policies.
    #[error("its selectors make too many policies; use fewer, or subnets instead of ranges")]
    TooManyPolicies,
    /// The peer wants what only the kernel's plane can do.
    #[error("{0}")]
    NoPackets(&'static str),
}
