//! The table of SAs.

use std::net::IpAddr;
use std::time::Duration;

use ike_crypto::random::SeededRandom;
use ike_endpoint::{Phase, Table, Tracked};
use ike_ext::{Instant, SaId};
use isakmp_wire::Spi;

#[derive(Debug)]
struct Sa {
    id: SaId,
    phase: Phase,
    remote: IpAddr,
}

impl Tracked for Sa {
    fn id(&self) -> SaId {
        self.id
    }

    fn phase(&self) -> Phase {
        self.phase
    }

    fn remote(&self) -> IpAddr {
        self.remote
    }
}

const NEAR: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
const FAR: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 1));

fn at(seconds: u64) -> Option<Instant> {
    Some(Instant::from_duration(Duration::from_secs(seconds)))
}

struct Fixture {
    random: SeededRandom,
    table: Table<Sa>,
}

impl Fixture {
    fn new(first_handle: u64) -> Self {
        let mut random = SeededRandom::new([7; 32]);
        let table = Table::new(&mut random, first_handle).unwrap();
        Self { random, table }
    }

    fn reserve(&mut self) -> (SaId, Spi) {
        self.table.reserve(&mut self.random, None).unwrap()
    }

    fn put(&mut self, id: SaId, phase: Phase, deadline: Option<Instant>) {
        let sa = Sa {
            id,
            phase,
            remote: NEAR,
        };
        self.table.put(Box::new(sa), deadline);
    }
}

#[test]
fn an_sa_is_found_by_its_spi_and_no_other() {
    let mut it = Fixture::new(0);
    let (id, spi) = it.reserve();
    assert_eq!(it.table.find(spi), None, "a place is not an SA");
    it.put(id, Phase::Initiating, None);
    assert_eq!(it.table.find(spi), Some(id));
    let mut other = *spi.as_bytes();
    other[7] ^= 2;
    assert_eq!(it.table.find(Spi::new(other)), None);
    assert_eq!(it.table.find(Spi::ZERO), None);
}

#[test]
fn a_handle_is_never_given_out_again_and_an_old_one_reaches_nothing() {
    let mut it = Fixture::new(1 << 63);
    let (old, _) = it.reserve();
    it.put(old, Phase::Established, None);
    it.table.remove(old);
    let (new, _) = it.reserve();
    assert_ne!(old, new);
    assert!(old.get() >= 1 << 63 && new.get() >= 1 << 63);
    it.put(new, Phase::Established, None);
    assert!(it.table.get(old).is_none());
    assert!(it.table.take(old).is_none());
    it.table.remove(old);
    assert!(it.table.get(new).is_some());
}

/// [MS-IKEE] §3.9.5.3: a cookie that was given out before there was an SA becomes its SPI.
#[test]
fn a_given_spi_is_found_until_its_sa_is_gone_and_is_not_taken_twice() {
    let mut it = Fixture::new(0);
    let given = Spi::new([9; 8]);
    let (id, spi) = it.table.reserve(&mut it.random, Some(given)).unwrap();
    assert_eq!(spi, given);
    it.put(id, Phase::HalfOpen, None);
    assert_eq!(it.table.find(given), Some(id));
    assert!(it.table.reserve(&mut it.random, Some(given)).is_err());
    it.table.remove(id);
    assert_eq!(it.table.find(given), None);
    assert!(it.table.reserve(&mut it.random, Some(given)).is_ok());
}

#[test]
fn deadlines_come_in_order_and_follow_their_sa() {
    let mut it = Fixture::new(0);
    let ((a, _), (b, _)) = (it.reserve(), it.reserve());
    it.put(a, Phase::Established, at(5));
    it.put(b, Phase::Established, at(3));
    assert_eq!(it.table.next(), Some(b));
    assert_eq!(it.table.due(at(2).unwrap()), None);
    assert_eq!(it.table.due(at(3).unwrap()), Some(b));
    let lent = it.table.take(b).unwrap();
    it.table.put(lent, at(9));
    assert_eq!(it.table.next(), Some(a));
    it.table.remove(a);
    assert_eq!(it.table.next(), Some(b));
    it.put(b, Phase::Established, None);
    assert_eq!(it.table.next(), None);
}

/// RFC 7296 §2.6: half-open SAs are counted, all of them and those of an address.
#[test]
fn half_open_and_established_sas_are_counted_as_they_come_and_go() {
    let mut it = Fixture::new(0);
    let ((a, _), (b, _)) = (it.reserve(), it.reserve());
    it.put(a, Phase::HalfOpen, None);
    it.put(b, Phase::HalfOpen, None);
    let far = it.table.take(b).map(|sa| Sa { remote: FAR, ..*sa });
    it.table.put(Box::new(far.unwrap()), None);
    let half_open = |it: &Fixture| [None, Some(NEAR), Some(FAR)].map(|of| it.table.half_open(of));
    assert_eq!(half_open(&it), [2, 1, 1]);
    it.put(a, Phase::Established, None);
    assert_eq!(half_open(&it), [1, 0, 1]);
    assert_eq!(it.table.established_with(NEAR), 1);
    it.put(a, Phase::Over, None);
    it.table.remove(b);
    assert_eq!(half_open(&it), [0, 0, 0]);
    assert_eq!(it.table.established_with(NEAR), 0);
}

/// RFC 2408 §2.5.3: a first message that comes again belongs to the SA that it has opened.
#[test]
fn a_first_message_is_known_again_until_its_sa_is_gone() {
    let mut it = Fixture::new(0);
    let (id, spi) = it.reserve();
    let first = (spi, (FAR, 500).into(), [1; 8]);
    it.table.remember_first(id, first);
    assert_eq!(it.table.find_first(&first), Some(id));
    assert_eq!(it.table.find_first(&(spi, (FAR, 501).into(), [1; 8])), None);
    it.table.remove(id);
    assert_eq!(it.table.find_first(&first), None);
}

#[test]
fn what_was_lent_and_never_came_back_is_told() {
    let mut it = Fixture::new(0);
    let ((a, _), (b, _)) = (it.reserve(), it.reserve());
    it.put(a, Phase::Established, None);
    it.put(b, Phase::Established, None);
    drop(it.table.take(b));
    assert_eq!(it.table.lost(), [b]);
    let there: Vec<SaId> = it.table.iter().map(Tracked::id).collect();
    assert_eq!(there, [a]);
}
