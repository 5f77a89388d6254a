//! Server internal addresses in IKEv2 configuration payloads, [MS-IKEE] 3.11.
