//! Parse, write, compare.

use isakmp_wire::{Encode, Header, Message, MessageWriter, PayloadType, RawPayload, v1, v2};

/// Reads a body and writes it again.
type Rewrite = fn(RawPayload<'_>) -> Option<Vec<u8>>;

fn written(body: &impl Encode) -> Vec<u8> {
    let mut out = Vec::new();
    body.encode(&mut out);
    assert_eq!(out.len(), body.encoded_len());
    out
}

/// Every payload with a type of its own.
const PAYLOADS: [(PayloadType, Rewrite); 32] = [
    (v2::kind::SA, |it| {
        let sa = v2::SecurityAssociation::parse(it).ok()?;
        for proposal in sa.proposals() {
            for transform in proposal.transforms() {
                let _bits = transform.key_length();
                assert!(transform.attributes().iter().count() < 0x1_0000);
            }
        }
        Some(written(&sa))
    }),
    (v2::kind::KE, |it| {
        v2::KeyExchange::parse(it).ok().map(|it| written(&it))
    }),
    (v2::kind::ID_I, |it| {
        v2::Identification::parse(it).ok().map(|it| written(&it))
    }),
    (v2::kind::CERT, |it| {
        v2::Certificate::parse(it).ok().map(|it| written(&it))
    }),
    (v2::kind::CERTREQ, |it| {
        v2::CertificateRequest::parse(it)
            .ok()
            .map(|it| written(&it))
    }),
    (v2::kind::AUTH, |it| {
        let auth = v2::Authentication::parse(it).ok()?;
        Some(written(&auth))
    }),
    (v2::kind::NONCE, |it| {
        v2::Nonce::parse(it).ok().map(|it| written(&it))
    }),
    (v2::kind::NOTIFY, |it| {
        v2::Notify::parse(it).ok().map(|it| written(&it))
    }),
    (v2::kind::DELETE, |it| {
        let delete = v2::Delete::parse(it).ok()?;
        let octets: usize = delete.spis().map(<[u8]>::len).sum();
        assert!(octets <= it.body.len());
        Some(written(&delete))
    }),
    (v2::kind::VENDOR_ID, |it| {
        v2::VendorId::parse(it).ok().map(|it| written(&it))
    }),
    (v2::kind::TS_I, |it| {
        let selectors = v2::TrafficSelectors::parse(it).ok()?;
        for selector in selectors.iter() {
            let _meaning = ipsec_doi::TrafficSelector::from_wire(&selector);
        }
        Some(written(&selectors))
    }),
    (v2::kind::ENCRYPTED, |it| {
        v2::Encrypted::parse(it).ok().map(|it| written(&it))
    }),
    (v2::kind::ENCRYPTED_FRAGMENT, |it| {
        v2::EncryptedFragment::parse(it).ok().map(|it| written(&it))
    }),
    (v2::kind::CONFIGURATION, |it| {
        let configuration = v2::Configuration::parse(it).ok()?;
        assert!(configuration.attributes().count() <= it.body.len());
        Some(written(&configuration))
    }),
    (v2::kind::EAP, |it| {
        v2::Eap::parse(it).ok().map(|it| written(&it))
    }),
    (v1::kind::SA, |it| {
        let sa = v1::SecurityAssociation::parse(it).ok()?;
        for proposal in sa.proposals() {
            for transform in proposal.transforms() {
                assert!(transform.attributes().iter().count() < 0x1_0000);
            }
        }
        Some(written(&sa))
    }),
    (v1::kind::KE, |it| {
        v1::KeyExchange::parse(it).ok().map(|it| written(&it))
    }),
    (v1::kind::ID, |it| {
        v1::Identification::parse(it).ok().map(|it| written(&it))
    }),
    (v1::kind::CERT, |it| {
        v1::Certificate::parse(it).ok().map(|it| written(&it))
    }),
    (v1::kind::CERTREQ, |it| {
        v1::CertificateRequest::parse(it)
            .ok()
            .map(|it| written(&it))
    }),
    (v1::kind::HASH, |it| {
        v1::Hash::parse(it).ok().map(|it| written(&it))
    }),
    (v1::kind::SIGNATURE, |it| {
        v1::Signature::parse(it).ok().map(|it| written(&it))
    }),
    (v1::kind::NONCE, |it| {
        v1::Nonce::parse(it).ok().map(|it| written(&it))
    }),
    (v1::kind::NOTIFY, |it| {
        v1::Notification::parse(it).ok().map(|it| written(&it))
    }),
    (v1::kind::DELETE, |it| {
        let delete = v1::Delete::parse(it).ok()?;
        let octets: usize = delete.spis().map(<[u8]>::len).sum();
        assert!(octets <= it.body.len());
        Some(written(&delete))
    }),
    (v1::kind::VENDOR_ID, |it| {
        let _known = isakmp_wire::vendor_id::lookup(it.body);
        v1::VendorId::parse(it).ok().map(|it| written(&it))
    }),
    (v1::kind::ATTRIBUTES, |it| {
        v1::Configuration::parse(it).ok().map(|it| written(&it))
    }),
    (v1::kind::NAT_D, |it| {
        v1::NatDetection::parse(it).ok().map(|it| written(&it))
    }),
    (v1::kind::NAT_D_EARLY, |it| {
        v1::NatDetection::parse(it).ok().map(|it| written(&it))
    }),
    (v1::kind::NAT_OA, |it| {
        v1::NatOriginalAddress::parse(it)
            .ok()
            .map(|it| written(&it))
    }),
    (v1::kind::NAT_OA_EARLY, |it| {
        v1::NatOriginalAddress::parse(it)
            .ok()
            .map(|it| written(&it))
    }),
    (v1::kind::FRAGMENT, |it| {
        v1::Fragment::parse(it).ok().map(|it| written(&it))
    }),
];

/// What can be read and written can be read again, and is written the same.
fn round_trip(raw: RawPayload<'_>, rewrite: Rewrite) {
    if let Some(once) = rewrite(raw) {
        let again = RawPayload { body: &once, ..raw };
        let twice = rewrite(again);
        assert_eq!(twice.as_deref(), Some(once.as_slice()));
    }
}

/// The first octet says which payload, the rest is its body.
pub fn each_payload(data: &[u8]) {
    let Some((which, body)) = data.split_first() else {
        return;
    };
    let (kind, rewrite) = PAYLOADS[usize::from(*which) % PAYLOADS.len()];
    round_trip(RawPayload::new(kind, body), rewrite);
}

/// A message of IKEv1.
pub fn v1_message(data: &[u8]) {
    message(data, 1);
}

/// A message of IKEv2.
pub fn v2_message(data: &[u8]) {
    message(data, 2);
}

/// Reads a message, made one of `version` where it is not; writes it again; reads each payload.
fn message(data: &[u8], version: u8) {
    let mut bytes = data.to_vec();
    if let Some(octet) = bytes.get_mut(17) {
        *octet = version << 4 | (*octet & 0x0f);
    }
    let Ok((message, rest)) = Message::parse_prefix(&bytes) else {
        return;
    };
    assert_eq!(message.bytes.len() + rest.len(), bytes.len());
    assert!(message.payloads.len() <= isakmp_wire::PayloadChain::MAX);
    if message.encrypted_body().is_some() {
        return;
    }
    let mut again = Vec::new();
    let mut writer = MessageWriter::begin(&mut again, &message.header);
    for raw in message.payloads.iter() {
        assert!(raw.offset >= Header::LEN);
        writer.raw(&raw);
    }
    writer.padding(message.padding()).finish();
    assert_eq!(again, message.bytes);
    for raw in message.payloads.iter() {
        for (kind, rewrite) in PAYLOADS {
            if kind == raw.kind {
                round_trip(raw, rewrite);
            }
        }
    }
}
