//! Every payload type of both versions, driven alike.

use isakmp_wire::{Encode, ParseError, RawPayload, v1, v2};

/// Writes a payload, and checks that it is as long as it said.
fn write(payload: &impl Encode) -> Vec<u8> {
    let mut out = Vec::new();
    payload.encode(&mut out);
    assert_eq!(out.len(), payload.encoded_len());
    out
}

/// Reads the payload by its type and writes it again. `None` for a type that has no typed form.
pub(crate) fn reencode(raw: RawPayload<'_>) -> Option<Result<Vec<u8>, ParseError>> {
    Some(match raw.kind {
        v1::kind::SA => v1::SecurityAssociation::parse(raw).map(|p| write(&p)),
        v1::kind::KE => v1::KeyExchange::parse(raw).map(|p| write(&p)),
        v1::kind::ID => v1::Identification::parse(raw).map(|p| write(&p)),
        v1::kind::CERT => v1::Certificate::parse(raw).map(|p| write(&p)),
        v1::kind::CERTREQ => v1::CertificateRequest::parse(raw).map(|p| write(&p)),
        v1::kind::HASH => v1::Hash::parse(raw).map(|p| write(&p)),
        v1::kind::SIGNATURE => v1::Signature::parse(raw).map(|p| write(&p)),
        v1::kind::NONCE => v1::Nonce::parse(raw).map(|p| write(&p)),
        v1::kind::NOTIFY => v1::Notification::parse(raw).map(|p| write(&p)),
        v1::kind::DELETE => v1::Delete::parse(raw).map(|p| write(&p)),
        v1::kind::VENDOR_ID => v1::VendorId::parse(raw).map(|p| write(&p)),
        v1::kind::ATTRIBUTES => v1::Configuration::parse(raw).map(|p| write(&p)),
        v1::kind::NAT_D | v1::kind::NAT_D_DRAFT => v1::NatDetection::parse(raw).map(|p| write(&p)),
        v1::kind::NAT_OA | v1::kind::NAT_OA_DRAFT => {
            v1::NatOriginalAddress::parse(raw).map(|p| write(&p))
        }
        v1::kind::FRAGMENT => v1::Fragment::parse(raw).map(|p| write(&p)),
        v2::kind::SA => v2::SecurityAssociation::parse(raw).map(|p| write(&p)),
        v2::kind::KE => v2::KeyExchange::parse(raw).map(|p| write(&p)),
        v2::kind::ID_I | v2::kind::ID_R => v2::Identification::parse(raw).map(|p| write(&p)),
        v2::kind::CERT => v2::Certificate::parse(raw).map(|p| write(&p)),
        v2::kind::CERTREQ => v2::CertificateRequest::parse(raw).map(|p| write(&p)),
        v2::kind::AUTH => v2::Authentication::parse(raw).map(|p| write(&p)),
        v2::kind::NONCE => v2::Nonce::parse(raw).map(|p| write(&p)),
        v2::kind::NOTIFY => v2::Notify::parse(raw).map(|p| write(&p)),
        v2::kind::DELETE => v2::Delete::parse(raw).map(|p| write(&p)),
        v2::kind::VENDOR_ID => v2::VendorId::parse(raw).map(|p| write(&p)),
        v2::kind::TS_I | v2::kind::TS_R => v2::TrafficSelectors::parse(raw).map(|p| write(&p)),
        v2::kind::ENCRYPTED => v2::Encrypted::parse(raw).map(|p| write(&p)),
        v2::kind::CONFIGURATION => v2::Configuration::parse(raw).map(|p| write(&p)),
        v2::kind::EAP => v2::Eap::parse(raw).map(|p| write(&p)),
        v2::kind::ENCRYPTED_FRAGMENT => v2::EncryptedFragment::parse(raw).map(|p| write(&p)),
        _ => return None,
    })
}
