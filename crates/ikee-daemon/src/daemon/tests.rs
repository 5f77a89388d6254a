//! Daemons in this process, one of which has a bug.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ikee::ext::{Context, Extension, Inbound, SaId, Verdict};
use ikee::wire::ExchangeType;
use tokio::sync::oneshot;
use tokio::task::LocalSet;

use super::{Daemon, Log};
use crate::control::client::ask;
use crate::control::{Command, LogLevel, Request, Response, Status};
use crate::{config, extensions};

/// An extension that panics over the next INFORMATIONAL message once it is armed.
#[derive(Debug)]
struct Trap(Arc<AtomicBool>);

impl Extension for Trap {
    fn name(&self) -> &'static str {
        "trap"
    }

    fn on_incoming(&mut self, _: &mut Context<'_>, _: SaId, message: &Inbound<'_>) -> Verdict {
        let informational = message.stage.exchange == ExchangeType::INFORMATIONAL;
        assert!(
            !(informational && self.0.swap(false, Ordering::Relaxed)),
            "on purpose"
        );
        Verdict::Continue
    }
}

/// Daemons on a thread of their own, until this is dropped.
struct House {
    folder: PathBuf,
    armed: Arc<AtomicBool>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

mod v1;

/// One daemon's configuration: its ports, and the name and ports of each peer.
fn configuration(name: &str, ports: [u16; 2], peers: &[(&str, [u16; 2])]) -> String {
    let mut text = format!(
        "[daemon]\nlisten = [\"127.0.0.1\"]\nport = {}\nnat_t_port = {}\ncontrol = \"{name}.sock\"\ntun = \"none\"\n",
        ports[0], ports[1]
    );
    for (peer, ports) in peers {
        text += &format!(
            "[connections.{peer}]\nremote = \"127.0.0.1\"\nremote_ports = {{ ike = {}, nat_t = {} }}\nlocal_id = \"{name}.example\"\nremote_id = \"{peer}.example\"\npsk = \"secret\"\nretransmit = {{ first = \"100ms\", longest = \"100ms\", tries = 2 }}\n[connections.{peer}.children.net]\n",
            ports[0], ports[1]
        );
    }
    text
}

/// Ports that nobody else has, two for each daemon.
fn ports() -> [[u16; 2]; 3] {
    let port = || std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let free = [(); 3].map(|()| [port(), port()]);
    free.each_ref()
        .map(|two| two.each_ref().map(|it| it.local_addr().unwrap().port()))
}

impl House {
    /// `a`, which has the bug, and its peers `b` and `c`.
    fn start(test: &str) -> Self {
        let [a, b, c] = ports();
        let texts = [
            configuration("a", a, &[("b", b), ("c", c)]),
            configuration("b", b, &[("a", a)]),
            configuration("c", c, &[("a", a)]),
        ];
        Self::of(test, texts.into())
    }

    /// A daemon for each of these configurations.
    fn of(test: &str, texts: Vec<String>) -> Self {
        let folder = std::env::temp_dir().join(format!("ikee-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let armed = Arc::new(AtomicBool::new(false));
        let (stop, stopped) = oneshot::channel();
        let (ready, wait) = std::sync::mpsc::channel();
        let (place, trap) = (folder.clone(), Arc::clone(&armed));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            let daemons = async {
                for text in texts {
                    let settings = config::parse(&place.join("ikee.toml"), &text).unwrap();
                    let trap = || Trap(Arc::clone(&trap));
                    let told = &settings.extensions;
                    let extensions = (
                        extensions::ikev1(told).with(trap()),
                        extensions::ikev2(told, &settings.connections).with(trap()),
                    );
                    let log = Log {
                        level: LogLevel::Info,
                        set: None,
                    };
                    let daemon = Daemon::start_with(settings, extensions, log).await.unwrap();
                    tokio::task::spawn_local(daemon.run());
                }
                ready.send(()).unwrap();
                stopped.await.unwrap();
            };
            LocalSet::new().block_on(&runtime, daemons);
        });
        wait.recv().unwrap();
        Self {
            folder,
            armed,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    fn ask(&self, who: &str, command: Command) -> Response {
        let socket = self.folder.join(format!("{who}.sock"));
        ask(&socket, &Request::new(command), Duration::from_secs(60)).unwrap()
    }

    fn status(&self, who: &str) -> Status {
        *self.ask(who, Command::Status).status.unwrap()
    }

    /// Names of the connections whose SAs stand.
    fn up(&self, who: &str) -> Vec<String> {
        let sas = self.status(who).sas.into_iter();
        let mut names: Vec<String> = sas
            .filter(|sa| sa.state == "established" && sa.children.len() == 1)
            .filter_map(|sa| sa.connection)
            .collect();
        names.sort();
        names
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        self.thread.take().unwrap().join().unwrap();
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// B20 of the catalogue of bad input.
#[test]
fn a_bug_in_one_sa_costs_that_sa_and_nothing_else() {
    let house = House::start("bug");
    let name = |name: &str| Command::Up { name: name.into() };
    assert!(house.ask("b", name("a")).ok);
    assert!(house.ask("c", name("a")).ok);
    assert_eq!(house.up("a"), ["b", "c"]);
    house.armed.store(true, Ordering::Relaxed);
    // its farewell meets the bug, in whichever of both reads an INFORMATIONAL message first
    house.ask("b", Command::Down { name: "a".into() });
    let status = house.status("a");
    assert_eq!(status.bugs, 1);
    assert_eq!(house.up("a"), ["c"], "{status:?}");
    assert_eq!(house.up("c"), ["a"]);
    // the one that it hit can come back, and everybody can leave
    assert!(house.ask("b", name("a")).ok);
    assert_eq!(house.up("a"), ["b", "c"]);
    for peer in ["b", "c"] {
        let down = house.ask("a", Command::Down { name: peer.into() });
        assert!(down.ok, "{down:?}");
    }
    assert_eq!(house.up("a"), [""; 0]);
    assert_eq!(house.status("a").bugs, 1);
}
