//! Nothing of [MS-IKEE] §3.12 is on the wire; a setting looks at fast failover's vendor ID.

use isakmp_wire::vendor_id;

/// The peer is a node of a cluster ([MS-IKEE] §3.6.4.1).
pub(crate) const CLUSTER: [u8; 16] = vendor_id::NLBS_PRESENT;
