//! Who plays: the two configurations.

use ikee::crypto::SecretVec;
use ikee::doi::{EspProposal, Identity, IkeProposal, SuiteError, TrafficSelector, v1};
use ikee::ext::{Extensions, PolicyId};
use ikee::ikev1;
use ikee::ikev2::{Authentication, Child, Connection, Selectors};
use ikee::nat_t::{NatT, Revisions};
use ikee::profile::{self, Release};
use ikee::server_address::{Addresses, Families, ServerAddress};
use ikee::wire::v2::IdType;

use super::inner::{CLIENT, SERVER};

/// Of the client and of the server.
pub(super) const IDENTITIES: (&str, &str) = ("alice@demo", "bob@demo");

fn identities(client: bool) -> (Identity, Identity) {
    let name = |name: &str| Identity::new(IdType::RFC822_ADDR, name.as_bytes().to_vec());
    let (alice, bob) = (name(IDENTITIES.0), name(IDENTITIES.1));
    if client { (alice, bob) } else { (bob, alice) }
}

/// One side's configuration: the client asks for an address, the server gives it one.
pub(super) fn connection(
    client: bool,
    ike: &IkeProposal,
    esp: &EspProposal,
    psk: &[u8; 32],
) -> Connection {
    let (local, remote) = identities(client);
    let secret = SecretVec::from(psk.to_vec());
    let authentication = Authentication::psk(local, Some(remote), secret);
    let mut connection = Connection::new(PolicyId::new(1), "demo", authentication);
    connection.proposals = vec![ike.clone()];
    connection.start_on_nat_t = true;
    connection.force_encapsulation = true;
    let mut child = Child::new("demo", vec![esp.clone()]);
    let server = Selectors::Fixed(vec![TrafficSelector::host(SERVER.into())]);
    if client {
        connection.addressing.request_v4 = true;
        child.remote = server;
    } else {
        connection.addressing.assign_v4 = Some(CLIENT);
        child.local = server;
    }
    connection.children = vec![child];
    connection
}

pub(super) fn server_address(client: bool) -> ServerAddress {
    let extension = ServerAddress::new();
    if client {
        extension.asking(Families::V4)
    } else {
        extension.answering(Addresses::default().with_v4(SERVER))
    }
}

/// The ESP suite with the ciphers of an IKE suite.
pub(super) fn esp_text(ike: &IkeProposal) -> String {
    let proposal = EspProposal {
        encryption: ike.encryption.clone(),
        integrity: ike.integrity.clone(),
        groups: Vec::new(),
        esn: Vec::new(),
    };
    proposal.to_string()
}

/// What IKEv1 offers, and as whom.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) phase_1: Vec<v1::IkeProposal>,
    pub(super) phase_2: Vec<EspProposal>,
    /// Both sides behave like this one.
    pub(super) release: Option<Release>,
}

/// Wireshark decrypts it, and every IKEv1 peer of the last fifteen years has it.
const USUAL_V1: &str = "aes256-sha256-modp2048";

impl Offer {
    pub(super) fn new(suite: Option<&str>, release: Option<Release>) -> Result<Self, SuiteError> {
        if let Some(release) = release {
            let windows = profile::windows(release);
            let phase_1 = windows.phase_1.iter().map(|it| v1::IkeProposal::parse(it));
            let phase_2 = windows.phase_2.iter().map(|it| EspProposal::parse(it));
            return Ok(Self {
                phase_1: phase_1.collect::<Result<_, _>>()?,
                phase_2: phase_2.collect::<Result<_, _>>()?,
                release: Some(release),
            });
        }
        let phase_1 = v1::IkeProposal::parse(suite.unwrap_or(USUAL_V1))?;
        // of the same cipher and hash, without a key exchange of its own
        let words = v1::IkeProposal {
            groups: Vec::new(),
            ..phase_1.clone()
        };
        Ok(Self {
            phase_2: vec![EspProposal::parse(&words.to_string())?],
            phase_1: vec![phase_1],
            release: None,
        })
    }

    /// The extensions of the release, or of the newest client; NAT traversal is forced, so that ESP travels in UDP.
    pub(super) fn extensions(&self) -> Extensions {
        let release = self.release.unwrap_or(Release::Windows11);
        let mut all = profile::windows_ikev1(release);
        if let Some(nat_t) = all.get_mut::<NatT>() {
            let own = core::mem::replace(nat_t, NatT::new().with_revisions(Revisions::NONE));
            *nat_t = own.with_forced(true);
        }
        all
    }

    /// One side's configuration: a tunnel between the inner addresses.
    pub(super) fn connection(&self, client: bool, psk: &[u8; 32]) -> ikev1::Connection {
        let (local, remote) = identities(client);
        let secret = SecretVec::from(psk.to_vec());
        let authentication = ikev1::Authentication::psk(local, Some(remote), secret);
        let mut connection = ikev1::Connection::new(PolicyId::new(1), "demo", authentication);
        connection.proposals.clone_from(&self.phase_1);
        // old releases have nothing else
        connection.options.legacy = self.release.is_some();
        let mut child = ikev1::Child::new("demo", self.phase_2.clone());
        let fixed =
            |it: core::net::Ipv4Addr| ikev1::Selector::Fixed(TrafficSelector::host(it.into()));
        let (here, there) = if client {
            (CLIENT, SERVER)
        } else {
            (SERVER, CLIENT)
        };
        (child.local, child.remote) = (fixed(here), fixed(there));
        connection.children = vec![child];
        connection
    }
}
