//! What a pair is made of; every test changes what it is about and leaves the rest.

use std::net::IpAddr;

use ike_crypto::Provider;
use ike_ext::{Extension, Extensions, PolicyId};
use ikev2::{Authentication, Child, Config, Connection, Remote, Selectors};
use ipsec_doi::{EspProposal, Identity, IkeProposal, TrafficSelector};

use crate::link::Conditions;
use crate::nat::Nat;
use crate::pair::Pair;

/// The connection that both parties have.
pub const POLICY: PolicyId = PolicyId::new(1);
/// The secret that both parties share.
pub const PSK: &[u8] = b"what both sides know";

/// Two parties, and what is between them.
#[derive(Debug)]
pub struct Setup {
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// The cryptography of both.
    pub provider: &'static Provider,
    /// The link.
    pub conditions: Conditions,
    /// A translator before the first party.
    pub nat: Option<Nat>,
    /// The first party; `connect` makes it the initiator.
    pub a: Party,
    /// The second party.
    pub b: Party,
}

/// One endpoint to be.
#[derive(Debug)]
pub struct Party {
    /// Its address.
    pub address: IpAddr,
    /// What it is told.
    pub config: Config,
    /// Its extensions.
    pub extensions: Extensions,
}

impl Party {
    fn new(me: (&str, IpAddr), peer: (&str, IpAddr)) -> Self {
        let mut config = Config::new(vec![connection(me, peer)]);
        config.key_log = true;
        Self {
            address: me.1,
            config,
            extensions: Extensions::none(),
        }
    }

    /// The connection of [`POLICY`].
    pub fn connection(&mut self) -> &mut Connection {
        &mut self.config.connections[0]
    }

    /// The first child of the connection of [`POLICY`].
    pub fn child(&mut self) -> &mut Child {
        &mut self.connection().children[0]
    }

    /// Adds an extension.
    pub fn extend(&mut self, extension: impl Extension) {
        let so_far = std::mem::take(&mut self.extensions);
        self.extensions = so_far.with(extension);
    }

    /// Its IKE suites, separated by commas.
    pub fn ike(&mut self, suites: &str) {
        self.connection().proposals = ike(suites);
    }

    /// Takes the lifetimes away: nothing happens to its SAs by itself but liveness checks.
    pub fn ageless(&mut self) {
        let connection = self.connection();
        connection.lifetime.rekey = None;
        for child in &mut connection.children {
            child.lifetime.time = None;
        }
    }

    /// The ESP suites of its child, separated by commas.
    pub fn esp(&mut self, suites: &str) {
        self.child().proposals = esp(suites);
    }
}

/// A connection between two hosts, with names and addresses, and one child.
#[must_use]
pub fn connection(me: (&str, IpAddr), peer: (&str, IpAddr)) -> Connection {
    let authentication = Authentication::psk(
        Identity::fqdn(me.0),
        Some(Identity::fqdn(peer.0)),
        PSK.to_vec().into(),
    );
    let mut connection = Connection::new(POLICY, "site", authentication);
    connection.remote = Some(Remote::new(peer.1));
    connection.proposals = ike("aes256gcm16-prfsha256-x25519");
    connection.children = vec![Child::new("net", esp("aes256gcm16"))];
    connection
}

/// IKE proposals from a comma-separated list.
#[must_use]
pub fn ike(suites: &str) -> Vec<IkeProposal> {
    let parse = |it| IkeProposal::parse(it).expect("an IKE suite");
    suites.split(',').map(parse).collect()
}

/// ESP proposals from a comma-separated list.
#[must_use]
pub fn esp(suites: &str) -> Vec<EspProposal> {
    let parse = |it| EspProposal::parse(it).expect("an ESP suite");
    suites.split(',').map(parse).collect()
}

/// An address from text.
#[must_use]
pub fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

impl Default for Setup {
    fn default() -> Self {
        Self::new()
    }
}

impl Setup {
    /// `a.example` at 192.0.2.1 and `b.example` at 192.0.2.2, which share a key and a suite, on a perfect link.
    #[must_use]
    pub fn new() -> Self {
        Self::between(ip("192.0.2.1"), ip("192.0.2.2"))
    }

    /// As [`new`](Self::new), at other addresses.
    #[must_use]
    pub fn between(a: IpAddr, b: IpAddr) -> Self {
        let (first, second) = (("a.example", a), ("b.example", b));
        Self {
            seed: 1,
            provider: ike_rustcrypto::provider(),
            conditions: Conditions::PERFECT,
            nat: None,
            a: Party::new(first, second),
            b: Party::new(second, first),
        }
    }

    /// As [`new`](Self::new), with cryptography that protects nothing and costs nothing.
    #[must_use]
    pub fn insecure() -> Self {
        Self {
            provider: ike_crypto::null::provider(),
            ..Self::new()
        }
    }

    /// As [`new`](Self::new), with the first party at 10.0.0.2 behind a translator at 198.51.100.7.
    #[must_use]
    pub fn behind_nat() -> Self {
        let mut setup = Self::between(ip("10.0.0.2"), ip("192.0.2.2"));
        setup.nat = Some(Nat::new(ip("10.0.0.2"), ip("198.51.100.7")));
        setup.b.connection().remote = None;
        // the two sides see different addresses of the first
        let anything = Selectors::Fixed(vec![TrafficSelector::any_v4()]);
        setup.a.child().local = anything.clone();
        setup.b.child().remote = anything;
        setup
    }

    /// Gives both the same IKE and ESP suites.
    #[must_use]
    pub fn suites(mut self, ike: &str, esp: &str) -> Self {
        for party in [&mut self.a, &mut self.b] {
            party.ike(ike);
            party.esp(esp);
        }
        self
    }

    /// Sets the seed.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets what the link does.
    #[must_use]
    pub const fn conditions(mut self, conditions: Conditions) -> Self {
        self.conditions = conditions;
        self
    }

    /// Changes both parties in the same way.
    #[must_use]
    pub fn both(mut self, mut change: impl FnMut(&mut Party)) -> Self {
        change(&mut self.a);
        change(&mut self.b);
        self
    }

    /// Makes the endpoints.
    #[must_use]
    pub fn build(self) -> Pair {
        Pair::new(self)
    }
}
