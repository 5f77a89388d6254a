//! The extensions of a release in IKEv2, made from its profile.

use ike_ext::Extensions;
use isakmp_wire::vendor_id;

use super::announced::Announced;
use super::{Extension, Release, windows};
use crate::correlation::Correlation;
use crate::fragmentation_v2::FragmentationV2;
use crate::server_address::{Families, ServerAddress};
use crate::status::Status;

/// What a release of Windows does in IKEv2, of what wants no settings of its own: its number and the other vendor IDs of
/// an ordinary negotiation ([`Windows::usual_vendor_ids`](super::Windows::usual_vendor_ids)), fragments, questions for the
/// server's internal addresses, SA correlation. Nothing for a release without IKEv2.
///
/// Realms and Xbox want to be told of connections: they are the caller's to add.
#[must_use]
pub fn windows_ikev2(release: Release) -> Extensions {
    let profile = windows(release);
    let mut all = Extensions::none();
    let (Some(own), Some(announced)) = (&profile.ikev2, Announced::of(profile)) else {
        return all;
    };
    let mut ids = own.vendor_ids.iter();
    let number = ids.find(|it| it.id == vendor_id::MS_NT5_ISAKMPOAKLEY);
    if let Some(number) = number.and_then(|it| it.value) {
        // stands first on the wire
        all = all.with(Status::new().with_release(number));
    }
    all = all.with(announced);
    if own.fragmentation {
        all = all.with(FragmentationV2::new());
    }
    if profile.has(Extension::ServerAddress) {
        all = all.with(ServerAddress::new().asking(Families::Both));
    }
    if profile.has(Extension::Correlation) {
        all = all.with(Correlation::new());
    }
    all
}
