//! IKEv2 message fragmentation, [MS-IKEE] 3.15 and RFC 7383.
