//! Attributes of IKEv1: what makes a transform eligible, and what does not end a set-up.

use ipsec_doi::encapsulation::{Encapsulation, Mode, NatRevision};
use ipsec_doi::v1::{Lifetimes, Phase1, Phase2, Unfit};
use ipsec_doi::{Encryption, GroupId, IntegrityId, Life};
use isakmp_wire::Attribute;
use isakmp_wire::v1::{AuthMethod, EncapsulationMode, ProtocolId};

const ESP: ProtocolId = ProtocolId::ESP;

fn phase1(attributes: &[(u16, u16)]) -> Result<Phase1, Unfit> {
    Phase1::read(
        attributes
            .iter()
            .map(|(kind, value)| Attribute::short(*kind, *value)),
    )
}

fn phase2(transform: u8, attributes: &[(u16, u16)]) -> Result<Phase2, Unfit> {
    let attributes = attributes
        .iter()
        .map(|(kind, value)| Attribute::short(*kind, *value));
    Phase2::read(ESP, transform, attributes)
}

const GOOD: [(u16, u16); 5] = [(1, 5), (2, 2), (3, 1), (4, 2), (11, 1)];

/// The first eligible transform: what a core does with the transforms of a proposal.
fn chosen(transforms: &[&[(u16, u16)]]) -> Option<usize> {
    transforms.iter().position(|it| phase1(it).is_ok())
}

/// [MS-IKEE] §3.1.5/2
#[test]
fn an_unknown_attribute_spoils_its_transform_only() {
    let mut odd = GOOD.to_vec();
    odd.push((32_001, 1));
    assert_eq!(phase1(&odd), Err(Unfit::Unknown(32_001)));
    assert_eq!(chosen(&[&odd, &GOOD]), Some(1));
    let unknown = phase2(12, &[(6, 256), (5, 5), (32_001, 1)]);
    assert_eq!(unknown, Err(Unfit::Unknown(32_001)));
}

/// [MS-IKEE] §3.1.5/3
#[test]
fn an_unsupported_value_spoils_its_transform_only() {
    for class in [1_u16, 2] {
        let odd: Vec<_> = GOOD
            .iter()
            .map(|(kind, value)| (*kind, if *kind == class { 99 } else { *value }))
            .collect();
        assert_eq!(phase1(&odd), Err(Unfit::Value(class)));
        assert_eq!(chosen(&[&odd, &GOOD]), Some(1));
        assert_eq!(chosen(&[&odd]), None);
    }
    assert_eq!(phase2(12, &[(6, 256), (5, 99)]), Err(Unfit::Value(5)));
    assert_eq!(phase2(12, &[(6, 256), (4, 99)]), Err(Unfit::Value(4)));
    assert_eq!(phase2(99, &[]), Err(Unfit::Transform(99)));
}

#[test]
fn an_attribute_that_contradicts_another_spoils_its_transform() {
    let mut odd = GOOD.to_vec();
    odd.push((4, 14));
    assert_eq!(phase1(&odd), Err(Unfit::Conflict(4)));
    let mut same = GOOD.to_vec();
    same.push((4, 2));
    assert!(phase1(&same).is_ok());
}

#[test]
fn phase_1_needs_encryption_hash_group_and_authentication() {
    for class in 1..=4 {
        let odd: Vec<_> = GOOD
            .into_iter()
            .filter(|(kind, _)| *kind != class)
            .collect();
        assert_eq!(phase1(&odd), Err(Unfit::Missing(class)));
    }
    let it = phase1(&GOOD).unwrap();
    assert_eq!(it.suite.to_string(), "3des-sha1-modp1024");
    assert_eq!(it.auth, AuthMethod::PRE_SHARED_KEY);
}

#[test]
fn the_key_length_of_phase_1_must_suit_the_cipher() {
    let aes = [(1, 7), (2, 4), (3, 3), (4, 14)];
    assert_eq!(phase1(&aes), Err(Unfit::Value(14)));
    assert!(phase1(&[&aes[..], &[(14, 192)]].concat()).is_ok());
    assert_eq!(
        phase1(&[&GOOD[..], &[(14, 192)]].concat()),
        Err(Unfit::Value(14))
    );
}

#[test]
fn lifetimes_come_in_pairs_and_in_both_forms() {
    let attributes = [
        Attribute::short(11, 1),
        Attribute::long(12, &[0, 0, 0x70, 0x80]),
        Attribute::short(11, 2),
        Attribute::short(12, 1000),
    ];
    let rest = GOOD[..4]
        .iter()
        .map(|(kind, value)| Attribute::short(*kind, *value));
    let it = Phase1::read(rest.clone().chain(attributes)).unwrap();
    let expected = Lifetimes {
        seconds: Some(28_800),
        kilobytes: Some(1000),
    };
    assert_eq!(it.lifetimes, expected);
    let lone = rest.clone().chain([Attribute::short(12, 1000)]);
    assert_eq!(Phase1::read(lone), Err(Unfit::Missing(11)));
    let empty = rest.chain([Attribute::short(11, 1), Attribute::long(12, &[])]);
    assert_eq!(Phase1::read(empty), Err(Unfit::Value(12)));
    assert_eq!(
        Life::from_v1(1, &[1, 0, 0, 0, 0]),
        Some(Life::Seconds(u32::MAX))
    );
    assert_eq!(Life::from_v1(3, &[1]), None);
    assert_eq!(Life::from_v1(1, &[0]), None);
}

#[test]
fn quick_mode_offers_survive_the_round_trip() {
    for encapsulation in [1, 2, 3, 4, 0xF003, 0xF004] {
        let encapsulation = Encapsulation::from_v1(EncapsulationMode::new(encapsulation));
        let offer = Phase2 {
            encryption: Some(Encryption::AES_CBC_256),
            integrity: Some(IntegrityId::HMAC_SHA2_256_128),
            group: Some(GroupId::MODP_2048),
            encapsulation,
            esn: true,
            lifetimes: Lifetimes {
                seconds: Some(3600),
                kilobytes: None,
            },
        };
        let (transform, attributes) = offer.attributes().unwrap();
        let read = attributes.iter().map(|it| it.as_attribute());
        assert_eq!(Phase2::read(ESP, transform.get(), read), Ok(offer));
    }
}

#[test]
fn both_revisions_of_nat_traversal_have_their_numbers() {
    for (mode, revision, number) in [
        (Mode::Tunnel, NatRevision::Rfc3947, 3),
        (Mode::Transport, NatRevision::Rfc3947, 4),
        (Mode::Tunnel, NatRevision::Draft, 0xF003),
        (Mode::Transport, NatRevision::Draft, 0xF004),
    ] {
        let udp = Some(revision);
        assert_eq!(Encapsulation { mode, udp }.to_v1().get(), number);
    }
}

#[test]
fn no_authentication_algorithm_goes_with_an_aead() {
    assert!(phase2(20, &[(6, 128)]).unwrap().integrity.is_none());
    assert_eq!(phase2(20, &[(6, 128), (5, 5)]), Err(Unfit::Conflict(5)));
}

#[test]
fn the_transform_of_ah_agrees_with_its_attribute() {
    let read =
        |transform, number| Phase2::read(ProtocolId::AH, transform, [Attribute::short(5, number)]);
    let it = read(5, 5).unwrap();
    assert_eq!(
        (it.encryption, it.integrity),
        (None, Some(IntegrityId::HMAC_SHA2_256_128))
    );
    assert_eq!(read(5, 2), Err(Unfit::Conflict(5)));
    assert_eq!(Phase2::read(ProtocolId::AH, 5, []), Err(Unfit::Missing(5)));
}
