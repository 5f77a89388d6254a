//! ESP packets behind a cipher that lets everything through.

use ipsec_doi::EspProposal;
use ipsec_doi::encapsulation::Mode;
use ipsec_esp::{InboundSa, OutboundSa, Parameters};

use crate::input::Input;

const SUITES: [&str; 4] = [
    "aes256gcm16",
    "aes128gcm16-esn",
    "aes128-sha256",
    "chacha20poly1305-esn",
];

/// A list of packets for one SA: as they are, or sealed first and damaged then.
pub fn esp_open(data: &[u8]) {
    let mut input = Input::new(data);
    let kind = input.octet();
    let suite = SUITES[usize::from(kind) % SUITES.len()];
    let proposal = EspProposal::parse(suite).expect("a suite");
    let suite = ipsec_doi::EspSuite::parse(suite).expect("a suite");
    let encryption = vec![1; suite.encryption.key_len() + suite.encryption.salt_len()];
    let integrity = vec![2; suite.integrity.map_or(0, ipsec_doi::IntegrityId::key_len)];
    assert!(proposal.contains(&suite));
    let parameters = Parameters {
        suite,
        spi: 0x0102_0304,
        mode: if kind & 0x80 == 0 {
            Mode::Tunnel
        } else {
            Mode::Transport
        },
        encryption: &encryption,
        integrity: &integrity,
    };
    let provider = ike_crypto::null::provider();
    let mut random = ike_crypto::random::SeededRandom::new([3; 32]);
    let outbound = OutboundSa::new(provider, &parameters, &mut random);
    let mut outbound = outbound.expect("an SA");
    let mut inbound = InboundSa::new(provider, &parameters).expect("an SA");
    while !input.is_empty() {
        let how = input.octet();
        let mut packet = input.portion().to_vec();
        let original = packet.clone();
        if how & 1 == 1 {
            let start = outbound.headroom();
            let mut buffer = vec![0; start];
            buffer.extend_from_slice(&packet);
            let next = if kind & 0x80 == 0 { 4 } else { 17 };
            let Ok(place) = outbound.seal_vec(&mut buffer, start, next) else {
                continue;
            };
            packet = buffer[place].to_vec();
        }
        if how & 2 == 2 && !packet.is_empty() {
            let at = usize::from(input.short()) % packet.len();
            packet[at] ^= input.octet();
        }
        if how & 4 == 4 {
            packet.truncate(usize::from(input.octet()));
        }
        let len = packet.len();
        if let Ok(opened) = inbound.open(&mut packet) {
            assert!(opened.payload.end <= len);
            if how & 7 == 1 {
                assert_eq!(packet[opened.payload.clone()], original);
            }
        }
    }
}
