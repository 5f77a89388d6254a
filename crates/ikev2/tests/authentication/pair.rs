//! Two endpoints, and an application for each that knows whom to trust.

use core::fmt;
use core::net::SocketAddr;
use std::collections::VecDeque;

use ike_crypto::{Error, Random, SignatureScheme, SigningKey};
use ike_ext::{Extensions, Instant, PolicyId, SaId};
use ikev2::{
    Authentication, Child, Config, Connection, Credential, Datagram, Endpoint, Event, Failure,
    Input, LocalProof, Outbox, Output, PeerCertificates, PeerKey, Remote, RemoteProof, Transmit,
    Trust,
};
use ipsec_doi::{EspProposal, Identity, IkeProposal};
use isakmp_wire::marker;

pub(crate) const POLICY: PolicyId = PolicyId::new(1);
/// The certificates of these tests: this, then a SubjectPublicKeyInfo.
pub(crate) const CERTIFICATE: &[u8] = b"certificate of ";

pub(crate) type Verdict = Option<Result<PeerKey, String>>;

pub(crate) struct Side {
    pub(crate) endpoint: Endpoint,
    pub(crate) events: Vec<Event>,
    pub(crate) installed: usize,
    /// What the application says about certificates, if anything.
    pub(crate) judge: Box<dyn Fn(&PeerCertificates) -> Verdict>,
}

pub(crate) struct Pair {
    pub(crate) sides: [Side; 2],
    pub(crate) now: Instant,
    pub(crate) wire: VecDeque<(usize, Transmit)>,
}

/// A key of the provider's suite.
pub(crate) fn key(name: &str) -> Box<dyn SigningKey> {
    let mut all = ike_crypto::suite::private_keys();
    let (_, der) = all.find(|it| it.0 == name).unwrap();
    ike_rustcrypto::provider().load_key(&der).unwrap()
}

pub(crate) fn certificate(key: &dyn SigningKey) -> Vec<u8> {
    [CERTIFICATE, key.public_key()].concat()
}

/// A credential with a key of the suite.
pub(crate) fn credential(name: &str) -> Credential {
    let key = key(name);
    Credential::new(vec![certificate(&*key)], key)
}

/// A signature with a key of the suite, by one scheme only.
pub(crate) fn signs(name: &str, scheme: SignatureScheme) -> LocalProof {
    let mut credential = credential(name);
    credential.schemes = vec![scheme];
    LocalProof::Certificate(vec![credential])
}

pub(crate) fn takes(schemes: &[SignatureScheme]) -> RemoteProof {
    let mut trust = Trust::new(Vec::new());
    trust.schemes = schemes.to_vec();
    RemoteProof::Signature(trust)
}

pub(crate) fn psk() -> LocalProof {
    LocalProof::Psk(b"secret".to_vec().into())
}

pub(crate) fn takes_psk() -> RemoteProof {
    RemoteProof::Psk(b"secret".to_vec().into())
}

/// The judge of a careful application: the certificate's own key.
pub(crate) fn believe(it: &PeerCertificates) -> Verdict {
    let leaf = it.chain.first().and_then(|it| it.strip_prefix(CERTIFICATE));
    Some(
        leaf.map(|it| PeerKey::new(it.to_vec()))
            .ok_or_else(|| "no certificate".into()),
    )
}

pub(crate) fn name(side: usize) -> Identity {
    Identity::fqdn(["a.example", "b.example"][side])
}

pub(crate) fn connection(side: usize, local: LocalProof, remote: Vec<RemoteProof>) -> Connection {
    let authentication = Authentication::new(name(side), Some(name(1 - side)), local, remote);
    let mut connection = Connection::new(POLICY, "lab", authentication);
    connection.remote = Some(Remote::new(address(1 - side).ip()));
    connection.proposals = vec![IkeProposal::parse("aes256gcm16-prfsha256-x25519").unwrap()];
    let child = Child::new("net", vec![EspProposal::parse("aes256gcm16").unwrap()]);
    connection.children = vec![child];
    connection
}

fn address(side: usize) -> SocketAddr {
    ["192.0.2.1:500", "192.0.2.2:500"][side].parse().unwrap()
}

impl Side {
    pub(crate) fn new(connections: Vec<Connection>, extensions: Extensions, seed: u8) -> Self {
        let config = Config::new(connections);
        let provider = ike_rustcrypto::provider();
        Self {
            endpoint: Endpoint::new(config, provider, extensions, [seed; 32]).unwrap(),
            events: Vec::new(),
            installed: 0,
            judge: Box::new(believe),
        }
    }

    pub(crate) fn is_established(&self) -> bool {
        let told = self
            .events
            .iter()
            .any(|it| matches!(it, Event::Established(_)));
        assert_eq!(told, self.installed == 1);
        told
    }

    /// Who the peer proved to be.
    pub(crate) fn peer(&self) -> Option<&Identity> {
        self.events.iter().find_map(|it| match it {
            Event::Established(it) => Some(&it.remote_id),
            _ => None,
        })
    }

    /// Why the negotiation failed.
    pub(crate) fn failure(&self) -> Option<&Failure> {
        self.events.iter().find_map(|it| match it {
            Event::Failed { failure, .. } => Some(failure),
            _ => None,
        })
    }

    pub(crate) fn told(&self) -> String {
        self.failure().map(ToString::to_string).unwrap_or_default()
    }

    /// What it showed its application.
    pub(crate) fn shown(&self) -> impl Iterator<Item = &PeerCertificates> {
        self.events.iter().filter_map(|it| match it {
            Event::PeerCertificates(it) => Some(&**it),
            _ => None,
        })
    }
}

impl Pair {
    /// The first proves itself with the first, and takes the second's.
    pub(crate) fn of(a: (LocalProof, Vec<RemoteProof>), b: (LocalProof, Vec<RemoteProof>)) -> Self {
        let (a, b) = (connection(0, a.0, a.1), connection(1, b.0, b.1));
        Self::between(vec![a], vec![b])
    }

    pub(crate) fn between(a: Vec<Connection>, b: Vec<Connection>) -> Self {
        let [a, b] = [(a, 1), (b, 2)].map(|it| Side::new(it.0, Extensions::none(), it.1));
        Self {
            sides: [a, b],
            now: Instant::EPOCH,
            wire: VecDeque::new(),
        }
    }

    pub(crate) fn call<R>(
        &mut self,
        side: usize,
        call: impl FnOnce(&mut Endpoint, Instant, &mut Outbox) -> R,
    ) -> R {
        let mut out = Outbox::new();
        let result = call(&mut self.sides[side].endpoint, self.now, &mut out);
        let mut answers = Vec::new();
        for output in out.drain() {
            let it = &mut self.sides[side];
            match output {
                Output::Transmit(it) => self.wire.push_back((1 - side, it)),
                Output::InstallChild(_) => it.installed += 1,
                Output::DeleteChild(_) | Output::UpdateChild(_) | Output::UseChild(_) => {}
                Output::Event(event) => {
                    if let Event::PeerCertificates(shown) = &event
                        && let Some(verdict) = (it.judge)(shown)
                    {
                        answers.push((shown.sa, verdict));
                    }
                    it.events.push(event);
                }
            }
        }
        for (sa, verdict) in answers {
            self.judge(side, sa, verdict);
        }
        result
    }

    pub(crate) fn judge(&mut self, side: usize, sa: SaId, verdict: Result<PeerKey, String>) {
        self.call(side, |endpoint, now, out| {
            endpoint.handle(now, Input::Trusted { sa, verdict }, out);
        });
    }

    pub(crate) fn deliver(&mut self) -> bool {
        let Some((to, it)) = self.wire.pop_front() else {
            return false;
        };
        let marker = it.remote.port() == 4500;
        let bytes = if marker {
            match marker::classify(&it.bytes) {
                marker::Datagram::Ike(bytes) => bytes,
                other => panic!("{other:?}"),
            }
        } else {
            &it.bytes[..]
        };
        let datagram = Datagram {
            local: it.remote,
            remote: it.local,
            marker,
            bytes,
        };
        self.call(to, |endpoint, now, out| {
            endpoint.handle(now, Input::Datagram(datagram), out);
        });
        true
    }

    /// Lets the first begin, and delivers everything.
    pub(crate) fn connect(&mut self) -> &mut Self {
        self.begin();
        while self.deliver() {}
        self
    }

    pub(crate) fn begin(&mut self) {
        self.call(0, |endpoint, now, out| {
            endpoint
                .initiate(now, POLICY, address(0).ip(), out)
                .unwrap();
        });
    }

    /// Lets time pass until a side wants it to, and tells that side.
    pub(crate) fn time_out(&mut self, side: usize) {
        let next = self.sides[side].endpoint.next_timeout();
        self.now = self.now.max(next.unwrap().at);
        self.call(side, |endpoint, now, out| {
            endpoint.handle(now, Input::Timeout, out);
        });
    }

    /// The same until a side wants nothing any more, without delivering what it sends.
    pub(crate) fn wait_alone(&mut self, side: usize) {
        for _ in 0..100 {
            if self.sides[side].endpoint.next_timeout().is_none() {
                return;
            }
            self.time_out(side);
        }
        panic!("it waits for ever");
    }

    pub(crate) fn both_established(&self) -> bool {
        self.sides.iter().all(Side::is_established)
    }

    /// That nothing came of it on either side, and each was told something.
    pub(crate) fn assert_refused(&self) {
        for (at, side) in self.sides.iter().enumerate() {
            let left = side.endpoint.sas().filter(|it| it.state == "established");
            assert_eq!(left.count(), 0, "{at}");
        }
    }
}

/// A key that signs, and then does something else.
pub(crate) struct Crook {
    pub(crate) key: Box<dyn SigningKey>,
    pub(crate) schemes: Vec<SignatureScheme>,
    #[expect(clippy::type_complexity, reason = "one closure, used once")]
    pub(crate) trick: Box<
        dyn Fn(&dyn SigningKey, SignatureScheme, &[&[u8]], &mut dyn Random) -> Vec<u8>
            + Send
            + Sync,
    >,
}

impl fmt::Debug for Crook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("crook")
    }
}

impl SigningKey for Crook {
    fn schemes(&self) -> &[SignatureScheme] {
        &self.schemes
    }

    fn public_key(&self) -> &[u8] {
        self.key.public_key()
    }

    fn sign(
        &self,
        scheme: SignatureScheme,
        parts: &[&[u8]],
        random: &mut dyn Random,
    ) -> Result<Vec<u8>, Error> {
        Ok((self.trick)(&*self.key, scheme, parts, random))
    }
}
