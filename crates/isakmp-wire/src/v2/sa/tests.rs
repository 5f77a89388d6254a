use alloc::vec;

use hex_literal::hex;

use super::*;
use crate::{ErrorKind, PayloadType};

/// Two proposals: ESP with AES-GCM-256 and an SPI, then AH with two transforms and none.
const BODY: [u8; 48] = hex!(
    "02 00 0018 01 03 04 01 c0ffee01"
    "00 00 000c 01 00 0014 800e0100"
    "00 00 0018 02 02 00 02"
    "03 00 0008 03 00 000c"
    "00 00 0008 05 00 0001"
);

fn parse(body: &[u8]) -> Result<SecurityAssociation<'_>, ParseError> {
    SecurityAssociation::parse(RawPayload::new(PayloadType::V2_SA, body))
}

#[test]
fn proposals_and_transforms_come_in_order() {
    let sa = parse(&BODY).unwrap();
    let proposals: Vec<_> = sa.proposals().collect();
    assert_eq!(proposals.len(), 2);
    assert_eq!(proposals[0].protocol, ProtocolId::ESP);
    assert_eq!(proposals[0].spi, hex!("c0ffee01"));
    let gcm = proposals[0].transforms().next().unwrap();
    assert_eq!((gcm.kind, gcm.id), (TransformType::ENCR, 20));
    assert_eq!(gcm.key_length(), Some(256));
    assert!(!gcm.has_unknown_attribute());
    let kinds: Vec<_> = proposals[1].transforms().map(|t| (t.kind, t.id)).collect();
    assert_eq!(kinds, [(TransformType::INTEG, 12), (TransformType::ESN, 1)]);
    assert_eq!(proposals[1].transforms().next().unwrap().key_length(), None);
}

#[test]
fn what_is_read_is_written_again() {
    let sa = parse(&BODY).unwrap();
    let mut out = vec![];
    sa.encode(&mut out);
    assert_eq!(out, BODY);
    assert_eq!(out.len(), sa.encoded_len());
}

#[test]
fn the_builder_counts_links_and_measures() {
    let mut out = vec![];
    SaBuilder::new(&mut out)
        .proposal(1, ProtocolId::ESP, &hex!("c0ffee01"))
        .transform(TransformType::ENCR, 20, Some(256))
        .proposal(2, ProtocolId::AH, &[])
        .transform(TransformType::INTEG, 12, None)
        .transform(TransformType::ESN, 1, None)
        .finish();
    assert_eq!(out, BODY);
}

#[test]
fn the_builder_leaves_out_what_cannot_be_expressed() {
    let mut out = vec![];
    SaBuilder::new(&mut out)
        .transform(TransformType::ENCR, 20, Some(256))
        .attribute(Attribute::short(14, 1))
        .finish();
    assert!(out.is_empty());
    let mut builder = SaBuilder::new(&mut out);
    builder.proposal(1, ProtocolId::IKE, &[]);
    for id in 0..300 {
        builder.transform(TransformType::KE, id, None);
        builder.attribute(Attribute::short(99, id));
    }
    builder.finish();
    let sa = parse(&out).unwrap();
    let proposal = sa.proposals().next().unwrap();
    assert_eq!(proposal.transforms().count(), 255);
    assert!(proposal.transforms().all(|t| t.has_unknown_attribute()));
}

/// B2: every length, count and marker in turn; the error points at it.
#[test]
fn each_wrong_field_is_named_where_it_stands() {
    for (at, value, kind, offset) in [
        (0, 0, ErrorKind::LastSubstructure, 4),
        (0, 3, ErrorKind::LastSubstructure, 4),
        (3, 7, ErrorKind::ProposalLength, 6),
        (3, 49, ErrorKind::ProposalLength, 6),
        (6, 17, ErrorKind::SpiSize, 10),
        (6, 5, ErrorKind::TransformLength, 19),
        (7, 2, ErrorKind::TransformCount, 11),
        (7, 0, ErrorKind::TransformCount, 11),
        (12, 3, ErrorKind::LastSubstructure, 16),
        (15, 7, ErrorKind::TransformLength, 18),
        (15, 13, ErrorKind::TransformLength, 18),
        (20, 0, ErrorKind::AttributeLength, 26),
        (24, 2, ErrorKind::LastSubstructure, 28),
        (32, 0, ErrorKind::LastSubstructure, 36),
        (40, 3, ErrorKind::LastSubstructure, 44),
    ] {
        let mut body = BODY;
        body[at] = value;
        let error = parse(&body).unwrap_err();
        assert_eq!(error, ParseError::new(kind, offset), "octet {at} = {value}");
    }
}

#[test]
fn an_empty_list_and_too_long_a_one_are_refused() {
    assert_eq!(parse(&[]), Err(ParseError::new(ErrorKind::Truncated, 4)));
    let mut out = vec![];
    let mut builder = SaBuilder::new(&mut out);
    for number in 1..=65 {
        builder.proposal(number, ProtocolId::IKE, &[]);
    }
    builder.finish();
    let expected = ParseError::new(ErrorKind::TooManyProposals, 4 + 64 * 8);
    assert_eq!(parse(&out), Err(expected));
    out.truncate(64 * 8);
    out[63 * 8] = 0;
    assert_eq!(parse(&out).unwrap().proposals().count(), 64);
}
