//! Suites as users of strongSwan write them.

use ipsec_doi::{
    Encryption, EncryptionId, EspProposal, EspSuite, GroupId, IkeProposal, IkeSuite, IntegrityId,
    PrfId, SuiteErrorKind, v1,
};

#[test]
fn every_spelling_of_the_aes_family_is_read() {
    for (bits, key) in [("128", 16), ("192", 24), ("256", 32)] {
        for (suffix, id) in [
            ("", EncryptionId::AES_CBC),
            ("ctr", EncryptionId::AES_CTR),
            ("ccm8", EncryptionId::AES_CCM_8),
            ("ccm64", EncryptionId::AES_CCM_8),
            ("ccm12", EncryptionId::AES_CCM_12),
            ("ccm96", EncryptionId::AES_CCM_12),
            ("ccm16", EncryptionId::AES_CCM_16),
            ("ccm128", EncryptionId::AES_CCM_16),
            ("ccm", EncryptionId::AES_CCM_16),
            ("gcm8", EncryptionId::AES_GCM_8),
            ("gcm64", EncryptionId::AES_GCM_8),
            ("gcm12", EncryptionId::AES_GCM_12),
            ("gcm96", EncryptionId::AES_GCM_12),
            ("gcm16", EncryptionId::AES_GCM_16),
            ("gcm128", EncryptionId::AES_GCM_16),
            ("gcm", EncryptionId::AES_GCM_16),
            ("gmac", EncryptionId::NULL_AES_GMAC),
        ] {
            let text = format!("aes{bits}{suffix}-sha256");
            let it = EspProposal::parse(&text).unwrap().encryption[0];
            assert_eq!((it.id, it.key_len()), (id, key), "{text}");
        }
    }
    let bare = EspSuite::parse("aes-sha1").unwrap();
    assert_eq!(bare.encryption, Encryption::AES_CBC_128);
}

#[test]
fn the_other_words_have_their_synonyms() {
    for (a, b) in [
        ("aes128-sha-modp2048", "aes128-sha1-modp2048"),
        ("aes128-sha2_256-modp2048", "aes128-sha256-modp2048"),
        ("aes128-sha2_384-modp2048", "aes128-sha384-modp2048"),
        ("aes128-sha2_512-modp2048", "aes128-sha512-modp2048"),
        ("aes128-sha256-curve25519", "aes128-sha256-x25519"),
        ("aes128-sha256-curve448", "aes128-sha256-x448"),
    ] {
        assert_eq!(IkeProposal::parse(a), IkeProposal::parse(b));
    }
    let none = EspSuite::parse("aes128gcm16-modpnone").unwrap();
    assert_eq!(none.group, None);
    let optional = EspProposal::parse("aes128gcm16-ecp256-none").unwrap();
    assert_eq!(optional.groups, [GroupId::ECP_256, GroupId::NONE]);
    assert!(optional.contains(&none));
}

#[test]
fn the_prf_is_that_of_the_integrity_algorithm_unless_named() {
    for (word, prf) in [
        ("md5", PrfId::HMAC_MD5),
        ("sha1", PrfId::HMAC_SHA1),
        ("sha512", PrfId::HMAC_SHA2_512),
        ("aesxcbc", PrfId::AES128_XCBC),
        ("aescmac", PrfId::AES128_CMAC),
    ] {
        let suite = IkeSuite::parse(&format!("aes256-{word}-ecp384")).unwrap();
        assert_eq!(suite.prf, prf);
    }
    let named = IkeSuite::parse("aes256-sha1-prfsha512-ecp384").unwrap();
    assert_eq!(named.prf, PrfId::HMAC_SHA2_512);
}

#[test]
fn integrity_beside_aead_names_the_prf_and_goes() {
    let suite = IkeSuite::parse("aes256gcm16-sha384-ecp384").unwrap();
    assert_eq!((suite.integrity, suite.prf), (None, PrfId::HMAC_SHA2_384));
    assert_eq!(suite.to_string(), "aes256gcm16-prfsha384-ecp384");
}

#[test]
fn an_error_names_the_word_and_what_would_be_right() {
    let said = |text: &str| IkeProposal::parse(text).unwrap_err().to_string();
    assert_eq!(
        said("aes265-sha256-modp2048"),
        "unknown algorithm 'aes265'; did you mean 'aes256'?"
    );
    assert!(said("twofish256-sha256-modp2048").contains("'twofish256'"));
    assert!(said("aes256-modp2048").contains("lacks an integrity algorithm, such as sha256"));
    assert!(said("aes256gcm16-modp2048").contains("lacks a PRF, such as prfsha256"));
    assert!(said("aes256-sha256").contains("lacks a group"));
    assert!(said("sha256-modp2048").contains("lacks an encryption algorithm"));
    assert!(said("null-sha256-modp2048").contains("must encrypt"));
    assert!(said("aes256-sha256-modp2048-esn").contains("ESP"));
    assert!(said("aes256-sha256-none").contains("key exchange"));
    assert!(said("aes256-aes256gcm16-sha256-modp2048").contains("mixes AEAD"));
    assert!(said("").contains("empty"));
    let esp = |text: &str| EspProposal::parse(text).unwrap_err();
    assert!(matches!(
        esp("aes256-sha256-prfsha256").kind(),
        SuiteErrorKind::Misplaced(_)
    ));
    assert!(matches!(esp("aes256").kind(), SuiteErrorKind::Missing(_)));
    assert_eq!(esp("aes256--sha256").token(), "");
    assert_eq!(esp(&"ä".repeat(30)).token(), "ä".repeat(16));
}

#[test]
fn a_suite_has_one_algorithm_of_each_kind() {
    assert!(IkeSuite::parse("aes256-aes128-sha256-modp2048").is_err());
    assert!(EspSuite::parse("aes256-sha256-sha1").is_err());
    assert!(EspSuite::parse("aes256-sha256-esn-noesn").is_err());
}

#[test]
fn a_list_has_commas_and_may_have_spaces() {
    let list = IkeProposal::parse_list("aes256gcm16-prfsha256-x25519, aes128-sha1-modp1024");
    assert_eq!(list.unwrap().len(), 2);
    assert!(IkeProposal::parse_list("aes128-sha1-modp1024,").is_err());
}

#[test]
fn what_is_recommended_can_be_written_and_has_nothing_weak() {
    for it in IkeProposal::recommended() {
        assert_eq!(IkeProposal::parse(&it.to_string()), Ok(it.clone()));
        assert!(!it.encryption.iter().any(|it| it.is_weak()));
        assert!(!it.groups.iter().any(|it| it.is_weak()));
    }
    for it in EspProposal::recommended() {
        assert_eq!(EspProposal::parse(&it.to_string()), Ok(it.clone()));
    }
}

#[test]
fn the_lengths_are_those_of_the_specifications() {
    // RFC 3686 §4, RFC 4106 §8.1, RFC 4309 §7.1, RFC 7634 §2.
    let lengths = |it: Encryption| (it.key_len(), it.salt_len(), it.iv_len(), it.icv_len());
    assert_eq!(lengths(Encryption::AES_CTR_128), (16, 4, 8, 0));
    assert_eq!(lengths(Encryption::AES_GCM_16_256), (32, 4, 8, 16));
    assert_eq!(lengths(Encryption::AES_CCM_16_192), (24, 3, 8, 16));
    assert_eq!(lengths(Encryption::CHACHA20_POLY1305), (32, 4, 8, 16));
    assert_eq!(lengths(Encryption::AES_CBC_256), (32, 0, 16, 0));
    assert_eq!(lengths(Encryption::TDES), (24, 0, 8, 0));
    assert_eq!(Encryption::AES_CBC_256.block_len(), 16);
    // RFC 4868 §2.6.
    let mac = |it: IntegrityId| (it.key_len(), it.icv_len());
    assert_eq!(mac(IntegrityId::HMAC_SHA2_256_128), (32, 16));
    assert_eq!(mac(IntegrityId::HMAC_SHA2_384_192), (48, 24));
    assert_eq!(mac(IntegrityId::HMAC_SHA2_512_256), (64, 32));
    assert_eq!(mac(IntegrityId::HMAC_SHA1_96), (20, 12));
    assert_eq!(GroupId::ECP_521.public_len(), Some(132));
    assert_eq!(GroupId::ML_KEM_768.reply_len(), Some(1088));
}

#[test]
fn a_key_length_must_be_there_for_aes_and_not_for_others() {
    let read = Encryption::from_transform;
    assert_eq!(
        read(EncryptionId::AES_GCM_16, Some(128)),
        Some(Encryption::AES_GCM_16_128)
    );
    assert_eq!(read(EncryptionId::AES_GCM_16, None), None);
    assert_eq!(read(EncryptionId::AES_GCM_16, Some(129)), None);
    assert_eq!(
        read(EncryptionId::CHACHA20_POLY1305, None),
        Some(Encryption::CHACHA20_POLY1305)
    );
    assert_eq!(read(EncryptionId::CHACHA20_POLY1305, Some(256)), None);
    assert_eq!(read(EncryptionId::TDES, Some(0)), None);
    assert_eq!(read(EncryptionId::new(9999), None), None);
}

#[test]
fn phase_1_takes_what_ikev1_has_numbers_for() {
    let it = v1::IkeProposal::parse("aes256-3des-sha256-md5-modp2048-ecp256").unwrap();
    assert_eq!(it.suites().count(), 8);
    assert_eq!(
        it.suites().next().unwrap().to_string(),
        "aes256-sha256-modp2048"
    );
    for text in [
        "aes256gcm16-sha256-modp2048",
        "aes256-aesxcbc-modp2048",
        "aes256ctr-sha1-ecp256",
    ] {
        let error = v1::IkeProposal::parse(text).unwrap_err();
        assert!(
            matches!(error.kind(), SuiteErrorKind::Misplaced(_)),
            "{error}"
        );
    }
    let again = v1::IkeProposal::parse("aes256-sha256-prfsha256-modp2048");
    assert_eq!(again.unwrap().to_string(), "aes256-sha256-modp2048");
}
