//! Who plays: the two configurations.

use ikee::crypto::SecretVec;
use ikee::doi::{EspProposal, Identity, IkeProposal, TrafficSelector};
use ikee::ext::PolicyId;
use ikee::ikev2::{Authentication, Child, Connection, Selectors};
use ikee::server_address::{Addresses, Families, ServerAddress};
use ikee::wire::v2::IdType;

use super::inner::{CLIENT, SERVER};

/// One side's configuration: the client asks for an address, the server gives it one.
pub(super) fn connection(
    client: bool,
    ike: &IkeProposal,
    esp: &EspProposal,
    psk: &[u8; 32],
) -> Connection {
    let name = |name: &str| Identity::new(IdType::RFC822_ADDR, name.as_bytes().to_vec());
    let (local, remote) = if client {
        ("alice@demo", "bob@demo")
    } else {
        ("bob@demo", "alice@demo")
    };
    let secret = SecretVec::from(psk.to_vec());
    let authentication = Authentication::psk(name(local), Some(name(remote)), secret);
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
