//! A peer that is cut off silently, found dead by the traffic of its SAs and replaced ([MS-IKEE] §3.12, both IKEs).
//!
//! All timers are those that hold without a word in the configuration, but for the patience of the two cases that begin with 20 s
//! of silence; with `IKEE_REAL_TIMERS` in the environment they have theirs, too.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::cluster::{Cluster, SERVER, VIRTUAL, real_timers};
use crate::lab::say;

const PORT: u16 = 8080;
/// Longer than any of it takes.
const PATIENCE: Duration = Duration::from_secs(90);

/// What has the peer be searched for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Trigger {
    /// A TCP connection sends a segment again.
    Tcp,
    /// Datagrams go out, and none comes in.
    Udp,
}

/// Times since the peer was cut off.
#[derive(Clone, Copy, Debug)]
struct Times {
    /// It counts as dead.
    dead: Duration,
    /// There is an SA again.
    replaced: Duration,
    /// An answer comes through it.
    answered: Duration,
}

fn gateway(version: &str) -> String {
    format!(
        "[connections.site]\nversion = \"{version}\"\nlocal_id = \"gateway.example\"\nremote_id = \"client.example\"\n\
         psk = \"correct horse battery staple\"\n[connections.site.children.net]\nlocal = [\"10.2.0.1/32\"]\n\
         remote = [\"10.1.0.1/32\"]\n"
    )
}

fn client(version: &str, trigger: Trigger) -> String {
    let patience = match trigger {
        Trigger::Udp if !real_timers() => "patience = \"3s\"\n",
        _ => "",
    };
    format!(
        "[extensions.dpd]\n{patience}[connections.site]\nversion = \"{version}\"\nremote = \"{VIRTUAL}\"\n\
         local_id = \"client.example\"\nremote_id = \"gateway.example\"\npsk = \"correct horse battery staple\"\n\
         [connections.site.children.net]\nlocal = [\"10.1.0.1/32\"]\nremote = [\"10.2.0.1/32\"]\n"
    )
}

/// What the client's application does; it counts the answers.
struct Talk {
    answers: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
    work: JoinHandle<()>,
}

impl Talk {
    fn begin(hosts: &Cluster, trigger: Trigger) -> Self {
        let (answers, over) = (Arc::default(), Arc::default());
        let (counted, told) = (Arc::clone(&answers), Arc::clone(&over));
        let work = hosts.within("client", move || match trigger {
            Trigger::Tcp => tcp(&counted, &told),
            Trigger::Udp => udp(&counted, &told),
        });
        Self {
            answers,
            over,
            work,
        }
    }

    fn answers(&self) -> usize {
        self.answers.load(Ordering::Relaxed)
    }

    /// Ends it; it must have gone well until now.
    fn end(self) {
        self.over.store(true, Ordering::Relaxed);
        self.work.join().expect("the client's application");
    }
}

/// One connection, which outlasts it all: a line, its echo, and the next.
fn tcp(answers: &AtomicUsize, over: &AtomicBool) {
    let mut stream = TcpStream::connect((SERVER, PORT)).expect("a connection");
    stream.set_nodelay(true).expect("no delay");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    let mut octets = [0; 6];
    while !over.load(Ordering::Relaxed) {
        stream.write_all(b"hello\n").expect("the connection lasts");
        stream.read_exact(&mut octets).expect("an answer");
        answers.fetch_add(1, Ordering::Relaxed);
        thread::sleep(Duration::from_millis(100));
    }
}

/// Datagrams, whether there are answers or not.
fn udp(answers: &AtomicUsize, over: &AtomicBool) {
    let socket = UdpSocket::bind(("0.0.0.0", 0)).expect("a socket");
    let wait = Duration::from_millis(200);
    socket.set_read_timeout(Some(wait)).expect("a time-out");
    while !over.load(Ordering::Relaxed) {
        // while there is no child, there may be no way
        socket.send_to(b"hello", (SERVER, PORT)).ok();
        match socket.recv_from(&mut [0; 16]) {
            Ok(_) => {
                answers.fetch_add(1, Ordering::Relaxed);
                thread::sleep(wait);
            }
            Err(_) => thread::sleep(wait / 4),
        }
    }
}

/// Gives back what it gets, until the test is over.
fn serve(hosts: &Cluster, host: &str) {
    let listening = hosts.within(host, || {
        let datagrams = UdpSocket::bind((SERVER, PORT)).expect("the port");
        (
            TcpListener::bind((SERVER, PORT)).expect("the port"),
            datagrams,
        )
    });
    let (listener, datagrams) = listening.join().expect("the thread");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { break };
            thread::spawn(move || {
                let mut octets = [0; 64];
                while let Ok(count @ 1..) = stream.read(&mut octets) {
                    if stream.write_all(&octets[..count]).is_err() {
                        break;
                    }
                }
            });
        }
    });
    thread::spawn(move || {
        let mut octets = [0; 64];
        while let Ok((count, from)) = datagrams.recv_from(&mut octets) {
            datagrams.send_to(&octets[..count], from).ok();
        }
    });
}

/// Cuts the gateway off and waits for what follows. With TCP it comes back, and the connection goes on; with UDP another one
/// takes its address.
fn replaced(version: &'static str, trigger: Trigger) -> Option<Times> {
    let mut hosts = Cluster::new(&format!("{}{trigger:?}", &version[3..]))?;
    for host in ["one", "two"] {
        hosts.start(host, &gateway(version));
        serve(&hosts, host);
    }
    hosts.start("client", &client(version, trigger));
    hosts.up();
    let talk = Talk::begin(&hosts, trigger);
    hosts.wait(10, "answers", || talk.answers() > 5);
    let first = hosts.established("client")[0]["spis"].clone();

    hosts.cut("one");
    let (cut, seconds) = (Instant::now(), PATIENCE.as_secs());
    let dead = || {
        hosts
            .log("client")
            .contains("IKE SA closed: the peer does not answer")
    };
    hosts.wait(seconds, "found dead", dead);
    let dead = cut.elapsed();
    assert_eq!(
        hosts.established("client").len(),
        0,
        "nothing of it is left"
    );
    let answers = talk.answers();
    let other = match trigger {
        Trigger::Tcp => {
            hosts.mend("one");
            "one"
        }
        Trigger::Udp => {
            hosts.lead_to(2);
            "two"
        }
    };
    hosts.wait(seconds, "replaced", || hosts.children("client") == 1);
    let replaced = cut.elapsed();
    hosts.wait(seconds, "answers again", || talk.answers() > answers);
    let answered = cut.elapsed();
    talk.end();

    let (ours, theirs) = (hosts.established("client"), hosts.established(other));
    assert_eq!((ours.len(), theirs.len()), (1, 1), "one SA, at both ends");
    assert_ne!(ours[0]["spis"], first, "another one");
    assert_eq!(ours[0]["spis"], theirs[0]["spis"], "with {other}");
    Some(Times {
        dead,
        replaced,
        answered,
    })
}

/// [MS-IKEE] §3.12.4.1, §3.12.4.2, §3.12.7.1, note 33
#[test]
fn a_peer_that_is_cut_off_silently_is_found_dead_and_replaced() {
    let cases = [
        ("ikev1", Trigger::Tcp),
        ("ikev2", Trigger::Tcp),
        ("ikev1", Trigger::Udp),
        ("ikev2", Trigger::Udp),
    ];
    let runs = cases.map(|(version, trigger)| thread::spawn(move || replaced(version, trigger)));
    for ((version, trigger), run) in cases.into_iter().zip(runs) {
        let Some(times) = run.join().expect("the run") else {
            continue;
        };
        let Times {
            dead,
            replaced,
            answered,
        } = times;
        say(&format!(
            "dead peers: {version}, {trigger:?}: dead after {dead:.1?}, a new SA after {replaced:.1?}, \
             answers after {answered:.1?}"
        ));
        let patience = match trigger {
            Trigger::Udp if !real_timers() => 3,
            _ => 10,
        };
        // the search: quick mode has its patience and main mode 1 + 2 + 4 s, or as much; an empty request has its patience
        let search = match version {
            "ikev1" => patience + patience.min(7),
            _ => patience,
        };
        let least = match trigger {
            Trigger::Tcp => search,
            Trigger::Udp => 20 + search,
        };
        // datagrams are looked at once a second, and threads of a busy machine may be late
        let range = Duration::from_millis(least * 1000 - 500)..Duration::from_secs(least + 8);
        assert!(range.contains(&dead), "{version}, {trigger:?}: {times:?}");
    }
}
