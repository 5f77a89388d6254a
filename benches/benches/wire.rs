//! Reading and writing messages: an IKE_SA_INIT request of 262 octets, and the content of an IKE_AUTH request with two
//! certificates, as it lies there after decryption. `ipsec-parser` reads the same octets.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use ikee_benches::ThreadCpu;
use isakmp_wire::{
    ChainWriter, Encode, ExchangeType, Flags, Header, Message, MessageWriter, ParseError,
    PayloadChain, PayloadType, RawPayload, Spi, Version, v2,
};

/// An IKE_SA_INIT request with one proposal, a P-256 share, NAT detection and two capabilities.
fn write_init(out: &mut Vec<u8>) {
    let header = Header {
        initiator: Spi::new([0x5a; 8]),
        responder: Spi::ZERO,
        next: PayloadType::NONE,
        version: Version::V2,
        exchange: ExchangeType::IKE_SA_INIT,
        flags: Flags::INITIATOR,
        message_id: 0,
        length: 0,
    };
    let notify = |kind, data| v2::Notify::new(kind, data);
    MessageWriter::begin(out, &header)
        .payload_with(v2::kind::SA, false, |buf| {
            v2::SaBuilder::new(buf)
                .proposal(1, v2::ProtocolId::IKE, &[])
                .transform(v2::TransformType::ENCR, 12, Some(256))
                .transform(v2::TransformType::INTEG, 12, None)
                .transform(v2::TransformType::PRF, 5, None)
                .transform(v2::TransformType::KE, 19, None)
                .finish();
        })
        .encode(
            v2::kind::KE,
            &v2::KeyExchange {
                group: 19,
                data: &[7; 64],
            },
        )
        .encode(v2::kind::NONCE, &v2::Nonce { data: &[9; 32] })
        .encode(
            v2::kind::NOTIFY,
            &notify(v2::NotifyType::NAT_DETECTION_SOURCE_IP, &[1; 20]),
        )
        .encode(
            v2::kind::NOTIFY,
            &notify(v2::NotifyType::NAT_DETECTION_DESTINATION_IP, &[2; 20]),
        )
        .encode(
            v2::kind::NOTIFY,
            &notify(v2::NotifyType::IKEV2_FRAGMENTATION_SUPPORTED, &[]),
        )
        .encode(
            v2::kind::NOTIFY,
            &notify(
                v2::NotifyType::SIGNATURE_HASH_ALGORITHMS,
                &[0, 2, 0, 3, 0, 4],
            ),
        )
        .finish();
}

/// What is inside an IKE_AUTH request with two certificates of 700 octets.
fn write_auth(out: &mut Vec<u8>) -> PayloadType {
    let any = v2::Selector {
        kind: v2::TsType::IPV4_ADDR_RANGE,
        protocol: 0,
        start_port: 0,
        end_port: 65_535,
        start: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        end: IpAddr::V4(Ipv4Addr::BROADCAST),
    };
    let id = v2::Identification {
        kind: v2::IdType::FQDN,
        data: b"moon.example.org",
    };
    let certificate = v2::Certificate {
        encoding: v2::CertEncoding::X509_SIGNATURE,
        data: &[0x30; 700],
    };
    let request = v2::CertificateRequest {
        encoding: v2::CertEncoding::X509_SIGNATURE,
        data: &[5; 40],
    };
    let auth = v2::Authentication {
        method: v2::AuthMethod::DIGITAL_SIGNATURE,
        data: &[6; 84],
    };
    let contact = v2::Notify::new(v2::NotifyType::INITIAL_CONTACT, &[]);
    ChainWriter::begin(out)
        .encode(v2::kind::ID_I, &id)
        .encode(v2::kind::CERT, &certificate)
        .encode(v2::kind::CERT, &certificate)
        .encode(v2::kind::NOTIFY, &contact)
        .encode(v2::kind::CERTREQ, &request)
        .encode(v2::kind::AUTH, &auth)
        .payload_with(v2::kind::SA, false, |buf| {
            v2::SaBuilder::new(buf)
                .proposal(1, v2::ProtocolId::ESP, &[0xc0, 0xff, 0xee, 1])
                .transform(v2::TransformType::ENCR, 20, Some(256))
                .transform(v2::TransformType::ESN, 0, None)
                .proposal(2, v2::ProtocolId::ESP, &[0xc0, 0xff, 0xee, 1])
                .transform(v2::TransformType::ENCR, 12, Some(256))
                .transform(v2::TransformType::INTEG, 12, None)
                .transform(v2::TransformType::ESN, 0, None)
                .finish();
        })
        .payload_with(v2::kind::TS_I, false, |buf| {
            v2::TrafficSelectors::write(&[any], buf);
        })
        .payload_with(v2::kind::TS_R, false, |buf| {
            v2::TrafficSelectors::write(&[any], buf);
        })
        .finish()
}

/// Reads one payload by its type, down to the last attribute.
fn validate(raw: RawPayload<'_>) -> Result<usize, ParseError> {
    Ok(match raw.kind {
        v2::kind::SA => v2::SecurityAssociation::parse(raw)?.encoded_len(),
        v2::kind::KE => v2::KeyExchange::parse(raw)?.data.len(),
        v2::kind::ID_I | v2::kind::ID_R => v2::Identification::parse(raw)?.data.len(),
        v2::kind::CERT => v2::Certificate::parse(raw)?.data.len(),
        v2::kind::CERTREQ => v2::CertificateRequest::parse(raw)?.data.len(),
        v2::kind::AUTH => v2::Authentication::parse(raw)?.data.len(),
        v2::kind::NONCE => v2::Nonce::parse(raw)?.data.len(),
        v2::kind::NOTIFY => v2::Notify::parse(raw)?.data.len(),
        v2::kind::TS_I | v2::kind::TS_R => v2::TrafficSelectors::parse(raw)?.count(),
        _ => 0,
    })
}

fn validate_all(chain: PayloadChain<'_>) -> Result<usize, ParseError> {
    let mut sum = 0;
    for payload in chain {
        sum += validate(payload)?;
    }
    Ok(sum)
}

fn init(c: &mut Criterion<ThreadCpu>) {
    let mut bytes = Vec::new();
    write_init(&mut bytes);
    assert_eq!(bytes.len(), 262);
    let mut group = c.benchmark_group("wire/IKE_SA_INIT");
    group.bench_function("header", |b| b.iter(|| Header::parse(black_box(&bytes))));
    group.bench_function("walk", |b| b.iter(|| Message::parse(black_box(&bytes))));
    group.bench_function("validate", |b| {
        b.iter(|| Message::parse(black_box(&bytes)).and_then(|m| validate_all(m.payloads)));
    });
    group.bench_function("write", |b| {
        b.iter_batched_ref(
            || Vec::with_capacity(512),
            write_init,
            BatchSize::SmallInput,
        );
    });
    group.bench_function("ipsec-parser", |b| {
        b.iter(|| {
            let (rest, header) = ipsec_parser::parse_ikev2_header(black_box(&bytes)).ok()?;
            let (_, payloads) =
                ipsec_parser::parse_ikev2_payload_list(rest, header.next_payload).ok()?;
            payloads.ok()
        });
    });
    group.finish();
}

fn auth(c: &mut Criterion<ThreadCpu>) {
    let mut bytes = Vec::new();
    let first = write_auth(&mut bytes);
    let chain = |bytes| PayloadChain::parse(first, bytes, Header::LEN);
    assert_eq!(bytes.len(), 1703);
    assert!(chain(&bytes).and_then(validate_all).is_ok());
    let mut group = c.benchmark_group("wire/IKE_AUTH");
    group.bench_function("walk", |b| b.iter(|| chain(black_box(&bytes)).is_ok()));
    group.bench_function("validate", |b| {
        b.iter(|| chain(black_box(&bytes)).and_then(validate_all));
    });
    group.bench_function("write", |b| {
        b.iter_batched_ref(
            || Vec::with_capacity(4096),
            write_auth,
            BatchSize::SmallInput,
        );
    });
    let kind = ipsec_parser::IkePayloadType(first.get());
    group.bench_function("ipsec-parser", |b| {
        b.iter(|| {
            let (_, payloads) =
                ipsec_parser::parse_ikev2_payload_list(black_box(&bytes), kind).ok()?;
            payloads.ok()
        });
    });
    group.finish();
}

criterion_group! {
    name = wire;
    config = Criterion::default().with_measurement(ThreadCpu::default());
    targets = init, auth
}
criterion_main!(wire);
