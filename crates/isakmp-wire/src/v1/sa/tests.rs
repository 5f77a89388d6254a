use alloc::vec;

use hex_literal::hex;

use super::*;
use crate::PayloadType;
use crate::v1::Phase1Attribute;

/// One proposal with two transforms: AES-256 with a lifetime in the long form, then 3DES.
const BODY: [u8; 52] = hex!(
    "00000001 00000001"
    "00 00 002c 01 01 00 02"
    "03 00 0018 01 01 0000 80010007 800e0100 000c0004 00007080"
    "00 00 000c 02 01 0000 80010005"
);

fn parse(body: &[u8]) -> Result<SecurityAssociation<'_>, ParseError> {
    SecurityAssociation::parse(RawPayload::new(PayloadType::V1_SA, body))
}

#[test]
fn transforms_and_attributes_come_in_order() {
    let sa = parse(&BODY).unwrap();
    let proposal = sa.proposals().next().unwrap();
    assert_eq!(
        (proposal.number, proposal.protocol),
        (1, ProtocolId::ISAKMP)
    );
    let transforms: Vec<_> = proposal.transforms().collect();
    assert_eq!(transforms.len(), 2);
    let life = transforms[0].attributes();
    let life = life.first(Phase1Attribute::LIFE_DURATION.get()).unwrap();
    assert_eq!(life.number(), Some(28_800));
    assert_eq!((transforms[1].number, transforms[1].id), (2, 1));
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
fn the_builder_leaves_out_what_cannot_be_expressed() {
    let mut out = vec![];
    let mut builder = SaBuilder::new(&mut out);
    builder.transform(1, 1).attribute(Attribute::short(1, 1));
    builder.proposal(1, ProtocolId::ESP, &[7; 300]);
    for _ in 0..256 {
        builder.transform(1, 1).attribute(Attribute::short(1, 7));
    }
    builder.finish();
    let sa = parse(&out).unwrap();
    let proposal = sa.proposals().next().unwrap();
    assert_eq!(proposal.spi, [7; 255]);
    assert_eq!(proposal.transforms().count(), 255);
}

/// B2: every length, count and marker in turn; the error points at it.
#[test]
fn each_wrong_field_is_named_where_it_stands() {
    for (at, value, kind, offset) in [
        (3, 2, ErrorKind::Doi, 4),
        (7, 3, ErrorKind::Situation, 8),
        (8, 2, ErrorKind::LastSubstructure, 12),
        (11, 43, ErrorKind::LastSubstructure, 12),
        (11, 45, ErrorKind::ProposalLength, 14),
        (14, 37, ErrorKind::SpiSize, 18),
        (15, 3, ErrorKind::TransformCount, 19),
        (16, 0, ErrorKind::LastSubstructure, 20),
        (19, 7, ErrorKind::TransformLength, 22),
        (35, 5, ErrorKind::AttributeLength, 38),
        (40, 3, ErrorKind::LastSubstructure, 44),
    ] {
        let mut body = BODY;
        body[at] = value;
        let error = parse(&body).unwrap_err();
        assert_eq!(error, ParseError::new(kind, offset), "octet {at} = {value}");
    }
    assert_eq!(
        parse(&BODY[..8]),
        Err(ParseError::new(ErrorKind::Truncated, 12))
    );
}
