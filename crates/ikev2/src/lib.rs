//! IKEv2 initiator and responder, sans-IO.
