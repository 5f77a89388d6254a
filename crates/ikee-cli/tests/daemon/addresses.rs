//! Addresses of a pool for users of IKEv1.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::{Daemon, Place, SECRET, text};

const TEST: &str = "pool";

fn own(here: Place, more: &str) -> String {
    format!(
        "[daemon]\nlisten = [\"{}\"]\nport = {}\nnat_t_port = {}\ncontrol = \"ikee.sock\"\ntun = \"none\"\n\
         [connections.peer]\nversion = \"ikev1\"\npsk = \"{SECRET}\"\n\
         retransmit = {{ first = \"200ms\", longest = \"1s\", tries = 3 }}\n{more}",
        here.address, here.ports[0], here.ports[1]
    )
}

fn client(server: Place, user: &str) -> Daemon {
    let more = format!(
        "local_id = \"users.example\"\nremote_id = \"gate.example\"\nremote = \"{}\"\n\
         remote_ports = {{ ike = {}, nat_t = {} }}\nxauth = {{ user = \"{user}\", password = \"of {user}\" }}\n\
         addresses.request = [\"ipv4\"]\n[connections.peer.children.net]\nremote = [\"10.9.9.0/24\"]\n",
        server.address, server.ports[0], server.ports[1]
    );
    Daemon::start(TEST, user, &own(Place::free("127.0.0.1"), &more))
}

fn gate(place: Place) -> Daemon {
    let folder = std::env::temp_dir().join(format!("ikee-{TEST}-gate-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let users = folder.join("users");
    fs::write(&users, "alice:of alice\nbob:of bob\ncarol:of carol\n").unwrap();
    fs::set_permissions(&users, fs::Permissions::from_mode(0o600)).unwrap();
    let more = "local_id = \"gate.example\"\nremote_id = \"users.example\"\nxauth = { users_file = \"users\" }\n\
         addresses = { pools = [\"10.9.0.10-10.9.0.11\"], fixed = { \"bob\" = \"10.9.0.11\" } }\n\
         [connections.peer.children.net]\nlocal = [\"10.9.9.0/24\"]\n";
    Daemon::start(TEST, "gate", &own(place, more))
}

/// Users who share an identity have an address each; one that is given back is the next one's.
#[test]
fn every_user_of_ikev1_has_an_address_of_its_own() {
    let place = Place::free("127.0.0.1");
    let gate = gate(place);
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|user| client(place, user));
    for (daemon, address) in [(&alice, "10.9.0.10"), (&bob, "10.9.0.11")] {
        let up = daemon.control(&["up", "peer"]);
        assert_eq!(up.status.code(), Some(0), "{}", gate.log());
        assert!(text(&up.stdout).contains(address), "{}", text(&up.stdout));
    }
    gate.logs("'alice' has 10.9.0.10 inside the tunnel");
    gate.logs("'bob' has 10.9.0.11 inside the tunnel");
    let up = carol.control(&["up", "peer"]);
    assert_ne!(up.status.code(), Some(0), "{}", text(&up.stdout));
    gate.logs("no address is free for 'carol'");
    assert!(
        text(&up.stderr).contains("no address was assigned"),
        "{}",
        text(&up.stderr)
    );
    assert_eq!(alice.control(&["down", "peer"]).status.code(), Some(0));
    let up = carol.control(&["up", "peer"]);
    assert_eq!(up.status.code(), Some(0), "{}", gate.log());
    assert!(
        text(&up.stdout).contains("10.9.0.10"),
        "{}",
        text(&up.stdout)
    );
}
