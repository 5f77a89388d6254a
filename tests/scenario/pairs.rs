//! Every extension with every other: against itself, against a plain peer, each side in turn.

use ikee_correlation::Correlation;
use ikee_dos::Dos;
use ikee_dpd::Dpd;
use ikee_fragmentation_v2::FragmentationV2;
use ikee_pcscf::Pcscf;
use ikee_realm::{RealmId, SecurityRealm};
use ikee_server_address::{Addresses, Families, ServerAddress};
use ikee_status::Status;
use ikee_tests::setup::POLICY;
use ikee_tests::{Conditions, Party, Setup, Side};
use ikee_xbox::{Negotiation, Xbox};
use ipsec_doi::Identity;
use isakmp_wire::v2::IdType;

/// An extension, and how each side has it.
type Entry = (&'static str, fn(&mut Party, Side));

/// All extensions that an IKEv2 endpoint can have.
const EXTENSIONS: [Entry; 9] = [
    ("status", |party, _| {
        party.extend(Status::new().with_release(9));
    }),
    ("dos", |party, _| party.extend(Dos::new())),
    ("dpd", |party, _| party.extend(Dpd::new())),
    ("correlation", |party, _| party.extend(Correlation::new())),
    ("fragmentation-v2", |party, _| {
        party.extend(FragmentationV2::new());
    }),
    ("server-address", |party, side| {
        let server = Addresses::default().with_v4([10, 9, 0, 1].into());
        party.extend(match side {
            Side::A => ServerAddress::new().asking(Families::Both),
            Side::B => ServerAddress::new().answering(server),
        });
    }),
    ("xbox", |party, side| {
        party.extend(match side {
            Side::A => Xbox::new().announcing(Negotiation::One),
            Side::B => Xbox::new().with_limit(1, 4),
        });
    }),
    ("realm", |party, side| {
        // who has none may be asked for one; who asks for none is served where none is needed
        party.extend(match side {
            Side::A => SecurityRealm::new().with(POLICY, RealmId::from_name("here")),
            Side::B => SecurityRealm::new(),
        });
    }),
    ("pcscf", |party, side| {
        let own = ikee_pcscf::Addresses::new([[10, 9, 0, 2].into()]);
        party.extend(match side {
            Side::A => Pcscf::new().asking(ikee_pcscf::Families::Both),
            Side::B => Pcscf::new().answering(own),
        });
    }),
];

/// Long identities, an address to ask for: something to do for everybody.
fn busy() -> Setup {
    let mut setup = Setup::insecure();
    let id = |name: u8| Identity::new(IdType::KEY_ID, vec![name; 700]);
    setup.a.connection().authentication.local_id = id(b'a');
    setup.b.connection().authentication.remote_id = Some(id(b'a'));
    setup.a.connection().addressing.request_v4 = true;
    setup.b.connection().addressing.assign_v4 = Some([10, 9, 0, 5].into());
    setup
}

fn live(on_a: &[Entry], on_b: &[Entry], conditions: Conditions) {
    let mut setup = busy().conditions(conditions);
    for (_, extend) in on_a {
        extend(&mut setup.a, Side::A);
    }
    for (_, extend) in on_b {
        extend(&mut setup.b, Side::B);
    }
    let names = |list: &[Entry]| list.iter().map(|it| it.0).collect::<Vec<_>>();
    let context = (names(on_a), names(on_b));
    let mut pair = setup.build();
    pair.connect();
    assert!(
        pair.a.is_established() && pair.b.is_established(),
        "{context:?}"
    );
    pair.assert_children_match();
    pair.probe(Side::B);
    pair.settle();
    let child = pair.a.child().id;
    pair.delete_child(Side::A, child);
    pair.settle();
    pair.delete(Side::B);
    pair.settle();
    pair.shut_down();
    pair.assert_empty();
}

#[test]
fn every_pair_of_extensions_works_against_itself_and_against_a_plain_peer() {
    for (i, first) in EXTENSIONS.into_iter().enumerate() {
        for second in EXTENSIONS.into_iter().skip(i) {
            let both = [first, second];
            live(&both, &both, Conditions::PERFECT);
            live(&both, &[], Conditions::PERFECT);
            live(&[], &both, Conditions::PERFECT);
            live(&[first], &[second], Conditions::PERFECT);
            live(&[second], &[first], Conditions::PERFECT);
        }
    }
}

#[test]
fn all_extensions_together_work_against_all_and_against_none() {
    live(&EXTENSIONS, &EXTENSIONS, Conditions::PERFECT);
    live(&EXTENSIONS, &[], Conditions::PERFECT);
    live(&[], &EXTENSIONS, Conditions::PERFECT);
}
