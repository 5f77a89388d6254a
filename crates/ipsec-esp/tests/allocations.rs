//! Sealing and opening allocate nothing: counted by the allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use ike_crypto::random::SeededRandom;
use ipsec_doi::encapsulation::Mode;
use ipsec_doi::{Encryption, EncryptionId, EspSuite, IntegrityId};
use ipsec_esp::ah::{self, InboundAh, OutboundAh};
use ipsec_esp::{InboundSa, OutboundSa, Parameters, ip, transport};

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

#[expect(unsafe_code, reason = "an allocator cannot be written without")]
// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(work: impl FnOnce()) -> usize {
    let before = COUNT.with(Cell::get);
    work();
    COUNT.with(Cell::get) - before
}

#[test]
fn sealing_and_opening_allocate_nothing_with_any_suite() {
    let provider = ike_rustcrypto::provider();
    let integrity = Some(IntegrityId::HMAC_SHA2_256_128);
    let cases = [
        (EncryptionId::AES_GCM_16, 256, None),
        (EncryptionId::AES_CCM_16, 128, None),
        (EncryptionId::CHACHA20_POLY1305, 0, None),
        (EncryptionId::AES_CBC, 128, integrity),
        (EncryptionId::AES_CBC, 256, Some(IntegrityId::HMAC_SHA1_96)),
        (EncryptionId::AES_CTR, 128, Some(IntegrityId::AES_XCBC_96)),
        (EncryptionId::NULL, 0, Some(IntegrityId::HMAC_SHA2_512_256)),
        (EncryptionId::TDES, 0, Some(IntegrityId::HMAC_MD5_96)),
    ];
    for (id, bits, integrity) in cases {
        let encryption = Encryption::new(id, bits);
        let suite = EspSuite {
            encryption,
            integrity,
            group: None,
            esn: true,
        };
        let keys = (
            vec![1; encryption.key_len() + encryption.salt_len()],
            vec![2; integrity.map_or(0, IntegrityId::key_len)],
        );
        let parameters = Parameters {
            suite,
            spi: 4096,
            mode: Mode::Transport,
            encryption: &keys.0,
            integrity: &keys.1,
        };
        let mut random = SeededRandom::new([9; 32]);
        let mut outbound = OutboundSa::new(provider, &parameters, &mut random).unwrap();
        let mut inbound = InboundSa::new(provider, &parameters).unwrap();
        let mut buffer = vec![0; 2048];
        let start = outbound.headroom();
        let count = allocations(|| {
            for _ in 0..50 {
                let range = outbound
                    .seal(&mut buffer, start..start + 1400, ip::V4)
                    .unwrap();
                let opened = inbound.open(&mut buffer[range.clone()]).unwrap();
                assert_eq!(opened.payload.len(), 1400);
                // a replay and a forgery cost no allocation either
                inbound.open(&mut buffer[range]).unwrap_err();
            }
            let mut packet = 64..64 + 120;
            let (a, b) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
            ip::write_header(&mut buffer[packet.clone()], a, b, 99, 100).unwrap();
            packet = transport::seal(&mut outbound, &mut buffer, packet).unwrap();
            transport::open(&mut inbound, &mut buffer[packet]).unwrap();
        });
        assert_eq!(count, 0, "{suite}");
    }
}

#[test]
fn authenticating_allocates_nothing() {
    let provider = ike_rustcrypto::provider();
    let parameters = ah::Parameters {
        integrity: IntegrityId::HMAC_SHA2_256_128,
        extended: true,
        spi: 4096,
        key: &[5; 32],
    };
    let mut outbound = OutboundAh::new(provider, &parameters).unwrap();
    let mut inbound = InboundAh::new(provider, &parameters).unwrap();
    let mut buffer = vec![0; 2048];
    let count = allocations(|| {
        for _ in 0..50 {
            let (a, b) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
            ip::write_header(&mut buffer[64..], a, b, 99, 100).unwrap();
            let range = outbound.seal(&mut buffer, 64..64 + 120).unwrap();
            inbound.open(&mut buffer[range]).unwrap();
        }
    });
    assert_eq!(count, 0);
}
