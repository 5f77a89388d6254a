//! The notes of [MS-IKEE], one test each, and the peers that were seen.

use alloc::string::ToString;
use alloc::vec::Vec;

use ipsec_doi::encapsulation::NatRevision;
use ipsec_doi::{Encryption, EspProposal, GroupId, HashId, v1};
use isakmp_wire::v1::AuthMethod;
use isakmp_wire::vendor_id as id;

use super::*;
use crate::ext::Role;

/// From this release on, and a server of the same time is later than the client.
fn since(release: Release) -> impl Iterator<Item = &'static Windows> {
    let all = Release::ALL.iter().map(|it| windows(*it));
    all.filter(move |it| it.release >= release)
}

fn before(release: Release) -> impl Iterator<Item = &'static Windows> {
    let all = Release::ALL.iter().map(|it| windows(*it));
    all.filter(move |it| it.release < release)
}

fn sends(it: &Windows, id: [u8; 16]) -> bool {
    let ikev2 = it.ikev2.iter().flat_map(|it| it.vendor_ids);
    it.vendor_ids.iter().chain(ikev2).any(|it| it.id == id)
}

fn number(it: &Windows) -> Option<u32> {
    let own = it.vendor_ids.iter();
    own.filter(|it| it.id == id::MS_NT5_ISAKMPOAKLEY)
        .find_map(|it| it.value)
}

#[test]
fn every_release_has_a_profile_a_name_and_a_word_of_its_own() {
    for (at, release) in Release::ALL.iter().enumerate() {
        assert_eq!(windows(*release).release, *release);
        assert_eq!(Release::parse(release.word()), Some(*release));
        for other in &Release::ALL[..at] {
            assert!(other < release);
            assert_ne!(windows(*other), windows(*release));
            assert_ne!(other.name(), release.name());
        }
    }
    assert_eq!(Release::ALL.len(), 21);
    assert_eq!(Release::parse("windows-95"), None);
}

#[test]
fn every_offer_can_be_read_and_is_made_of_the_algorithms_of_the_release() {
    for it in since(Release::Windows2000) {
        for text in it.phase_1 {
            let offer = v1::IkeProposal::parse(text).unwrap();
            for suite in offer.suites() {
                assert!(
                    it.algorithms.encryption.contains(&suite.encryption),
                    "{text}"
                );
                assert!(it.algorithms.hash.contains(&suite.hash), "{text}");
                assert!(it.algorithms.groups.contains(&suite.group), "{text}");
            }
        }
        for text in it.phase_2 {
            let offer = EspProposal::parse(text).unwrap();
            let known = &it.algorithms;
            assert!(
                known.esp_encryption.contains(&offer.encryption[0]),
                "{text}"
            );
            assert!(known.integrity.contains(&offer.integrity[0]), "{text}");
        }
        let ikev2 = it.ikev2.iter();
        for text in ikev2.clone().flat_map(|it| it.ike) {
            assert!(crate::doi::IkeProposal::parse(text).is_ok(), "{text}");
        }
        for text in ikev2.flat_map(|it| it.esp) {
            assert!(EspProposal::parse(text).is_ok(), "{text}");
        }
    }
}

/// [MS-IKEE] note 2, [MS-IKEE] note 3, [MS-IKEE] note 10, [MS-IKEE] note 30, [MS-IKEE] note 33, [MS-IKEE] note 35.
#[test]
fn a_release_has_the_extensions_of_its_time() {
    use Extension as E;
    let has = |extension, release: Release| windows(release).has(extension);
    for (extension, first) in [
        (E::Cga, Release::WindowsVista),
        (E::Coexistence, Release::WindowsVista),
        (E::Discovery, Release::WindowsVista),
        (E::Dos, Release::WindowsXp),
        (E::Failover, Release::WindowsXpSp2),
        (E::Correlation, Release::Windows7),
        (E::ServerAddress, Release::Windows7),
        (E::Status, Release::Windows2000),
    ] {
        for it in before(first) {
            assert!(!it.has(extension), "{extension:?} {}", it.release);
        }
        for it in since(first) {
            assert!(it.has(extension), "{extension:?} {}", it.release);
        }
    }
    for it in since(Release::Windows2000) {
        let old = matches!(it.release, Release::Windows2000 | Release::WindowsXp);
        assert_eq!(it.has(E::NatT), !old);
        assert_eq!(it.has(E::Fragmentation), !old);
        assert_eq!(it.has(E::NatT), it.nat_t.is_some());
        assert_eq!(it.has(E::Fragmentation), it.fragmentation.is_some());
        assert_eq!(
            it.has(E::ReliableDelete),
            it.release != Release::Windows2000
        );
        let server = it.release >= Release::Server2012 && it.release.is_server();
        assert_eq!(it.has(E::Dpd), server, "{}", it.release);
        let xbox = [Release::Windows10, Release::Server2016, Release::Server2019];
        assert_eq!(it.has(E::Xbox), xbox.contains(&it.release));
        assert_eq!(it.has(E::Realm), xbox.contains(&it.release));
        assert_eq!(it.ikev2.is_some(), it.release >= Release::Windows7);
        let fragments = it.ikev2.as_ref().is_some_and(|it| it.fragmentation);
        assert_eq!(it.has(E::FragmentationV2), fragments);
        for extension in it.extensions {
            let ikev2 = extension.is_ikev2() && !extension.is_ikev1();
            assert!(!ikev2 || it.ikev2.is_some(), "{extension:?} {}", it.release);
        }
    }
    assert!(!has(E::FragmentationV2, Release::Server2016));
    assert!(has(E::FragmentationV2, Release::Windows10));
}

/// [MS-IKEE] note 2: Windows 7 does not take proposals of ESP with AH in IKEv2.
#[test]
fn proposals_of_two_protocols_are_beyond_the_ikev2_of_windows_7() {
    let seven = windows(Release::Windows7).ikev2.as_ref().unwrap();
    assert!(!seven.combined_proposals);
    assert!(
        windows(Release::Windows8)
            .ikev2
            .as_ref()
            .unwrap()
            .combined_proposals
    );
}

/// [MS-IKEE] note 4, [MS-IKEE] note 5.
#[test]
fn algorithms_come_with_the_releases_that_brought_them() {
    for it in since(Release::Windows2000) {
        let known = &it.algorithms;
        let is = |first: Release| it.release >= first;
        assert!(known.authentication.contains(&AuthMethod::PRE_SHARED_KEY));
        assert!(known.authentication.contains(&AuthMethod::RSA_SIGNATURE));
        let vista = is(Release::WindowsVista);
        assert_eq!(known.authentication.contains(&AuthMethod::CGA), vista);
        assert!(known.groups.contains(&GroupId::MODP_768));
        assert!(known.groups.contains(&GroupId::MODP_1024));
        let group_14 = known.groups.contains(&GroupId::MODP_2048);
        assert_eq!(group_14, is(Release::Server2003));
        for group in [GroupId::ECP_256, GroupId::ECP_384] {
            assert_eq!(known.groups.contains(&group), vista);
        }
        for cipher in [Encryption::DES, Encryption::TDES] {
            assert!(known.encryption.contains(&cipher));
            assert!(known.esp_encryption.contains(&cipher));
        }
        assert!(known.esp_encryption.contains(&Encryption::NULL));
        assert_eq!(known.encryption.contains(&Encryption::AES_CBC_192), vista);
        let seven = is(Release::Windows7);
        assert_eq!(
            known.esp_encryption.contains(&Encryption::AES_GCM_16_256),
            seven
        );
        assert_eq!(known.hash.contains(&HashId::SHA2_256), seven);
        assert!(known.hash.contains(&HashId::MD5));
    }
}

/// [MS-IKEE] note 6.
#[test]
fn a_release_sends_the_vendor_ids_of_its_time_and_its_number() {
    let numbers: Vec<_> = since(Release::Windows2000).map(number).collect();
    let wanted = [2, 2, 3, 4, 4, 5, 5, 6, 6, 7, 8];
    assert_eq!(&numbers[..11], wanted.map(Some));
    assert!(numbers[11..].iter().all(|it| *it == Some(9)));
    for it in since(Release::Windows2000) {
        let vista = it.release >= Release::WindowsVista;
        assert!(sends(it, id::GSSAPI));
        for only in [
            id::NAT_T_RFC_3947,
            id::MS_MAMIE_EXISTS,
            id::IKE_CGA,
            id::NEGOTIATION_DISCOVERY,
        ] {
            assert_eq!(sends(it, only), vista, "{}", it.release);
        }
        assert_eq!(sends(it, id::FRAGMENTATION), it.fragmentation.is_some());
        let failover = it.has(Extension::Failover);
        assert_eq!(sends(it, id::VID_INITIAL_CONTACT), failover);
        assert_eq!(sends(it, id::NLBS_PRESENT), failover);
        assert_eq!(sends(it, id::KEY_MODS), it.release >= Release::Windows7);
        let group = sends(it, id::AUTHIP_INIT_KE_DH_GROUP);
        assert_eq!(group, it.release >= Release::Windows8);
        assert_eq!(sends(it, id::XBOX_NEGOTIATION), it.has(Extension::Xbox));
        assert_eq!(sends(it, id::SECURITY_REALM), it.has(Extension::Realm));
    }
}

/// [MS-IKEE] note 13, [MS-IKEE] note 14, [MS-IKEE] note 15.
#[test]
fn nat_traversal_has_the_revisions_and_keep_alives_of_the_release_and_none_over_ipv6() {
    for it in since(Release::Windows2000) {
        let draft = sends(it, id::NAT_T_DRAFT_02);
        let rfc = sends(it, id::NAT_T_RFC_3947);
        let Some(nat_t) = &it.nat_t else {
            assert!(!draft && !rfc);
            continue;
        };
        assert_eq!(nat_t.revisions.contains(&NatRevision::Draft), draft);
        assert_eq!(nat_t.revisions.contains(&NatRevision::Rfc3947), rfc);
        assert_eq!(nat_t.revisions[0] == NatRevision::Rfc3947, rfc);
        let silent = [Release::WindowsVista, Release::Server2008];
        assert_eq!(nat_t.keep_alive.is_none(), silent.contains(&it.release));
        for role in [Role::Initiator, Role::Responder] {
            let mut over_ipv6 = it.usual_vendor_ids(role, true);
            assert!(!over_ipv6.any(|it| [id::NAT_T_DRAFT_02, id::NAT_T_RFC_3947].contains(&it.id)));
        }
    }
}

/// [MS-IKEE] note 16, [MS-IKEE] note 17, [MS-IKEE] note 18, [MS-IKEE] note 19.
#[test]
fn fragments_come_by_the_timers_of_the_release() {
    for it in since(Release::Windows2000) {
        let Some(own) = &it.fragmentation else {
            continue;
        };
        let vista = it.release >= Release::WindowsVista;
        assert_eq!((own.after.as_secs(), own.reassembly.as_secs()), (3, 70));
        assert_eq!(own.initiator_only, vista);
        assert_eq!(own.from_message, if vista { 1 } else { 3 });
        assert_eq!(own.at_once, it.release < Release::Windows8);
    }
}

/// [MS-IKEE] note 21, [MS-IKEE] note 23, [MS-IKEE] note 24, [MS-IKEE] note 25.
#[test]
fn deletes_and_idle_children_keep_to_the_clock_of_the_release() {
    for it in since(Release::Windows2000) {
        let own = it.delete;
        let old = it.release < Release::WindowsXp;
        assert_eq!(own.nonce, !old);
        assert_eq!(own.retransmissions, if old { 0 } else { 6 });
        assert_eq!((own.first.as_secs(), own.longest.as_secs()), (1, 16));
        assert_eq!(own.shutdown_as_usual, it.release < Release::WindowsVista);
        assert_eq!(
            (it.idle.usual.as_secs(), it.idle.failover.as_secs()),
            (300, 60)
        );
    }
}

/// [MS-IKEE] note 29.
#[test]
fn floods_are_met_by_thresholds_from_vista_on() {
    for it in since(Release::Windows2000) {
        let thresholds = Dos::Thresholds {
            on: 500,
            off: 100,
            per_address: 35,
        };
        let vista = it.release >= Release::WindowsVista;
        assert_eq!(it.dos, if vista { thresholds } else { Dos::Always });
    }
}

/// [MS-IKEE] note 6, the other way round.
#[test]
fn what_a_release_sends_is_recognised_as_that_release() {
    for it in since(Release::Windows2000) {
        for role in [Role::Initiator, Role::Responder] {
            for ipv6 in [false, true] {
                let sent: Vec<_> = it
                    .usual_vendor_ids(role, ipv6)
                    .map(Announcement::octets)
                    .collect();
                let sent: Vec<&[u8]> = sent.iter().map(Vec::as_slice).collect();
                let known = recognise(&Seen::ikev1(&sent)).unwrap();
                assert!(
                    known.releases.contains(&it.release),
                    "{}: {known}",
                    it.release
                );
                assert!(known.exact, "{}: {known}", it.release);
                let own = |other: &Release| {
                    let client = [Release::WindowsXpSp2, Release::Windows7];
                    number(windows(*other)) == number(it) || client.contains(other)
                };
                let ours = known.releases.iter().all(own);
                assert!(ours, "{}: {known}", it.release);
            }
        }
        let Some(ikev2) = &it.ikev2 else { continue };
        let usual = ikev2
            .vendor_ids
            .iter()
            .filter(|it| it.is_usual(Role::Initiator, false));
        let sent: Vec<_> = usual.map(Announcement::octets).collect();
        let sent: Vec<&[u8]> = sent.iter().map(Vec::as_slice).collect();
        let known = recognise(&Seen::ikev2(&sent, Some(ikev2.fragmentation))).unwrap();
        assert!(
            known.releases.contains(&it.release),
            "{}: {known}",
            it.release
        );
        assert!(known.exact);
    }
}

#[test]
fn a_client_that_says_the_number_of_its_server_is_both() {
    let number = |number: u32| {
        let mut octets = id::MS_NT5_ISAKMPOAKLEY.to_vec();
        octets.extend(number.to_be_bytes());
        octets
    };
    let known = |of: u32| recognise(&Seen::ikev1(&[&number(of)])).unwrap();
    assert_eq!(
        known(4).to_string(),
        "Windows XP SP2 or Windows Server 2003"
    );
    assert_eq!(known(8).to_string(), "Windows 7 or Windows Server 2008 R2");
    assert_eq!(
        known(9).to_string(),
        "Windows 8, Windows Server 2012 or later"
    );
    assert_eq!(known(7).to_string(), "Windows 7");
    assert_eq!(known(16).to_string(), "an unknown release of Windows");
    assert!(!known(4).exact);
    let reasons: Vec<_> = known(8).reasons.iter().map(ToString::to_string).collect();
    assert_eq!(
        reasons,
        [
            "its vendor ID says 8",
            "clients of that time were seen with the number of the server"
        ]
    );
}

/// [MS-IKEE] §2.2.8: the attributes alone tell a Windows client.
#[test]
fn the_attributes_of_windows_tell_without_a_vendor_id() {
    assert_eq!(recognise(&Seen::ikev1(&[b"strongSwan"])), None);
    let known = recognise(&Seen::ikev2(&[], None).with_server_address()).unwrap();
    assert_eq!(
        known.to_string(),
        "Windows 7, Windows Server 2008 R2 or later"
    );
    assert_eq!(known.reasons, [Reason::Ikev2, Reason::Attributes]);
}

#[test]
fn fragments_of_ikev2_tell_new_from_old() {
    let mut octets = id::MS_NT5_ISAKMPOAKLEY.to_vec();
    octets.extend(9_u32.to_be_bytes());
    let known = |fragments: Option<bool>| recognise(&Seen::ikev2(&[&octets], fragments)).unwrap();
    let new = known(Some(true));
    assert!(new.releases.contains(&Release::Windows11), "{new}");
    assert!(!new.releases.contains(&Release::Server2016), "{new}");
    let old = known(Some(false));
    assert!(old.releases.contains(&Release::Windows8), "{old}");
    assert!(old.releases.contains(&Release::Windows10), "{old}");
    assert!(!old.releases.contains(&Release::Server2025), "{old}");
    assert_eq!(
        known(None).to_string(),
        "Windows 8, Windows Server 2012 or later"
    );
}
