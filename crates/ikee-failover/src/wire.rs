//! The two vendor IDs ([MS-IKEE] §1.7).

use isakmp_wire::vendor_id;

/// "I have no SA with you": `Vid-Initial-Contact`, without a value.
pub(crate) const INITIAL_CONTACT: [u8; 16] = vendor_id::VID_INITIAL_CONTACT;

/// "I am a node of a cluster": `NLBS_PRESENT`, without a value.
pub(crate) const CLUSTER: [u8; 16] = vendor_id::NLBS_PRESENT;
