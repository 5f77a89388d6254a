//! How the two endpoints are made.

use ikee::crypto::Provider;
use ikee::doi::{EspProposal, IkeProposal};
use ikee::endpoint::{Ports, Remote};
use ikee::ext::Extensions;
use ikee::fragmentation_v2::FragmentationV2;
use ikee::{ikev1, ikev2};

use super::cast::{Offer, connection, esp_text, server_address};
use super::endpoint::Core;
use super::side::Ends;
use super::world::DemoError;
use crate::args::DemoArgs;

/// The suite of IKEv2, if none was asked for.
const USUAL_V2: &str = "aes256gcm16-prfsha256-x25519";

/// Both sides' ends, the psk and what was asked for: what an endpoint is made from.
pub(super) struct Making<'a> {
    pub(super) arguments: &'a DemoArgs,
    pub(super) provider: &'static Provider,
    pub(super) psk: [u8; 32],
    pub(super) ends: [Ends; 2],
}

impl Making<'_> {
    /// Own ends and the peer's.
    pub(super) const fn of(&self, client: bool) -> (Ends, Ends) {
        let [ours, theirs] = self.ends;
        if client {
            (ours, theirs)
        } else {
            (theirs, ours)
        }
    }

    /// Both sides have the same keys.
    const fn logs(&self, client: bool) -> bool {
        client && self.arguments.keylog.is_some()
    }

    pub(super) fn v1(&self, client: bool, offer: &Offer) -> Result<Core, DemoError> {
        let (local, remote) = self.of(client);
        let ports = |it: Ends| Ports {
            ike: it.ike.port(),
            nat_t: it.nat_t.port(),
        };
        let mut connection = offer.connection(client, &self.psk);
        connection.local = Some(local.ike.ip());
        connection.remote = Some(Remote {
            address: remote.ike.ip(),
            ports: ports(remote),
        });
        let mut config = ikev1::Config::new(vec![connection]);
        config.ports = ports(local);
        config.trace = true;
        config.key_log = self.logs(client);
        Core::v1(config, self.provider, offer.extensions())
    }

    pub(super) fn v2(&self, client: bool) -> Result<Core, DemoError> {
        let suite = self.arguments.suite.as_deref().unwrap_or(USUAL_V2);
        let ike = IkeProposal::parse(suite)?;
        let esp = EspProposal::parse(&esp_text(&ike))?;
        let (local, remote) = self.of(client);
        let ports = |it: Ends| Ports {
            ike: it.nat_t.port(),
            nat_t: it.nat_t.port(),
        };
        let mut connection = connection(client, &ike, &esp, &self.psk);
        connection.local = Some(local.nat_t.ip());
        connection.remote = client.then(|| Remote {
            address: remote.nat_t.ip(),
            ports: ports(remote),
        });
        let mut config = ikev2::Config::new(vec![connection]);
        config.ports = ports(local);
        config.trace = true;
        config.key_log = self.logs(client);
        let extensions = Extensions::none()
            .with(FragmentationV2::new())
            .with(server_address(client));
        Core::v2(config, self.provider, extensions)
    }
}
