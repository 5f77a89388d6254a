//! Fast failover with real daemons ([MS-IKEE] §1.3.4, §3.5, §3.6): two gateways behind one virtual address, and one is killed
//! while a client talks.
//!
//! All timers are a fifth of what they are without a word in the configuration, so that the proportions are right and the wait
//! is short; with `IKEE_REAL_TIMERS` in the environment they are what they are.

use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::cluster::{Cluster, SERVER, real_timers};
use crate::lab::say;

/// What a node of the cluster is told.
fn node(extension: &str) -> String {
    format!(
        "{extension}[connections.site]\nversion = \"ikev1\"\nlocal_id = \"cluster.example\"\nremote_id = \"client.example\"\n\
         psk = \"correct horse battery staple\"\n[connections.site.children.net]\nlocal = [\"10.2.0.1/32\"]\n\
         remote = [\"10.1.0.1/32\"]\n"
    )
}

fn client(extension: &str) -> String {
    let timers = if real_timers() {
        ""
    } else {
        "liveness = \"6s\"\nretransmit = { first = \"200ms\", longest = \"3200ms\", tries = 6 }\n"
    };
    format!(
        "{extension}[connections.site]\nversion = \"ikev1\"\nremote = \"203.0.113.10\"\nlocal_id = \"client.example\"\n\
         remote_id = \"cluster.example\"\npsk = \"correct horse battery staple\"\n{timers}[connections.site.children.net]\n\
         local = [\"10.1.0.1/32\"]\nremote = [\"10.2.0.1/32\"]\nstart = \"trap\"\n"
    )
}

/// Real time, or a fifth of it.
fn scaled(seconds: u64) -> Duration {
    let whole = Duration::from_secs(seconds);
    if real_timers() { whole } else { whole / 5 }
}

/// A section for the client whose limits are those.
fn section(cluster: Duration, other: Duration) -> String {
    let (cluster, other) = (cluster.as_millis(), other.as_millis());
    format!(
        "[extensions.failover]\nside = \"client\"\nidle_cluster = \"{cluster}ms\"\nidle = \"{other}ms\"\n"
    )
}

const NODE: &str = "[extensions.failover]\nside = \"cluster\"\n";

/// How long pings find no answer when the node that serves the client is killed, with the extension or without.
fn outage(with: bool) -> Option<Duration> {
    let (name, nodes, ours) = if with {
        ("with", NODE, section(scaled(60), scaled(300)))
    } else {
        ("without", "", String::new())
    };
    let mut hosts = Cluster::new(name)?;
    for host in ["one", "two"] {
        hosts.start(host, &node(nodes));
    }
    hosts.start("client", &client(&ours));
    hosts.up();
    let pings = hosts.pings();
    hosts.wait(10, "pings", || pings.answers().len() > 5);
    assert_eq!((hosts.children("one"), hosts.children("two")), (1, 0));

    hosts.kill("one");
    let killed = SystemTime::now().duration_since(UNIX_EPOCH);
    let killed = killed.expect("a time").as_secs_f64();
    // what a balancer's health check does
    hosts.cut("one");
    hosts.lead_to(2);
    let first = || pings.answers().into_iter().find(|at| *at > killed);
    hosts.wait(150, "pings again", || first().is_some());
    let lasted = first().expect("an answer") - killed;

    assert_eq!((hosts.children("client"), hosts.children("two")), (1, 1));
    let told = "the peer is new: a balancer may move it";
    assert_eq!(hosts.log("two").contains(told), with);
    let known = hosts.established("client")[0]["extensions"]["failover"].clone();
    assert_eq!(known == "the peer is a node of a cluster", with, "{known}");
    Some(Duration::from_secs_f64(lasted))
}

/// [MS-IKEE] §1.3.4, §3.5.2/2, §3.5.4.1/1, §3.5.5.2/2, §3.6.4.1/1, §3.6.5.1/3
#[test]
fn a_client_is_with_another_node_within_the_bound_and_later_without_the_extension() {
    let without = thread::spawn(|| outage(false));
    let with = outage(true);
    let without = without.join().expect("the run without the extension");
    let (Some(with), Some(without)) = (with, without) else {
        return;
    };
    say(&format!(
        "failover: no answers for {with:.1?} with the extension, for {without:.1?} without it"
    ));
    // the idle limit, a quick mode that is sent three times (1 + 2 + 4 s), and then main and quick mode; the counters are
    // read once a second, and the machine may be busy
    let bound = scaled(60) + scaled(7) + Duration::from_secs(6);
    assert!(with >= scaled(60), "not before the limit: {with:?}");
    assert!(with < bound, "{with:?} is more than {bound:?}");
    assert!(with < without, "{with:?}, {without:?}");
}

/// The node goes while nobody has anything to say: the quick mode for the next packet finds that out.
fn gone_in_the_meantime(hosts: &mut Cluster, most: u64) {
    hosts.wait(most, "it is idle again", || hosts.children("client") == 0);
    hosts.kill("one");
    hosts.cut("one");
    hosts.lead_to(2);
    hosts.start("two", &node(NODE));
    let pings = hosts.pings();
    // 1 + 2 + 4 s, or a fifth
    let took = hosts.wait(12, "the other node", || !pings.answers().is_empty());
    let bound = scaled(7) + Duration::from_secs(6);
    assert!(took < bound, "{took:?} is more than {bound:?}");
    assert_eq!((hosts.children("client"), hosts.children("two")), (1, 1));
    say(&format!(
        "failover: a node that went during a pause is left {took:.1?} after the next packet"
    ));
}

/// How long after its last packet a child stands, with a node of a cluster or with somebody else; it comes back then.
fn pause(name: &str, nodes: &str, limits: (Duration, Duration)) -> Option<Duration> {
    let mut hosts = Cluster::new(name)?;
    hosts.start("one", &node(nodes));
    hosts.start("client", &client(&section(limits.0, limits.1)));
    hosts.up();
    assert!(hosts.ping(), "no answer from {SERVER}");
    let most = limits.1.as_secs() + 20;
    let took = hosts.wait(most, "an idle child goes", || hosts.children("client") == 0);
    hosts.wait(5, "at both ends", || hosts.children("one") == 0);
    let spis = |host| {
        let sas = hosts.established(host);
        assert_eq!(sas.len(), 1, "the main mode SA stands");
        sas[0]["spis"].clone()
    };
    let before = spis("client");
    assert!(hosts.ping(), "the next packet brings it back");
    assert_eq!(spis("client"), before, "under the same main mode SA");
    assert_eq!((hosts.children("client"), hosts.children("one")), (1, 1));
    if nodes == NODE {
        gone_in_the_meantime(&mut hosts, most);
    }
    Some(took)
}

/// [MS-IKEE] §1.3.4, §3.5.2/2, §3.5.6.1/1: by the counters of the data plane
#[test]
fn an_idle_child_goes_after_one_minute_with_a_cluster_and_after_five_without() {
    let limits = if real_timers() {
        (Duration::from_secs(60), Duration::from_secs(300))
    } else {
        (Duration::from_secs(3), Duration::from_secs(8))
    };
    let other = thread::spawn(move || pause("plain", "", limits));
    let cluster = pause("node", NODE, limits);
    let other = other.join().expect("the run without a cluster");
    let (Some(cluster), Some(other)) = (cluster, other) else {
        return;
    };
    say(&format!(
        "failover: an idle child goes after {cluster:.1?} with a node of a cluster, after {other:.1?} with others"
    ));
    // counters are read once a second, and the last packet is half a second old by then
    for (took, limit) in [(cluster, limits.0), (other, limits.1)] {
        let least = limit.saturating_sub(Duration::from_secs(1));
        let most = limit + Duration::from_secs(6);
        assert!((least..most).contains(&took), "{took:?}, {limit:?}");
    }
}
