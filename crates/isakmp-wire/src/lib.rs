//! Bytes and values of ISAKMP, IKEv1 and IKEv2 messages, without allocation.
