use core::net::{Ipv4Addr, Ipv6Addr};
use core::time::Duration;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use ikee::ikev2::Selectors;

use super::*;

const CONNECTION: &str = "[connections.a]\nlocal_id = \"a\"\nremote_id = \"b\"\npsk = \"x\"\n";

fn refused(text: &str) -> String {
    parse(Path::new("t.toml"), text).unwrap_err().to_string()
}

fn scratch(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("ikee-config-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn the_example_is_a_valid_configuration_with_the_defaults_it_claims() {
    let example = parse(Path::new("example.toml"), EXAMPLE).unwrap();
    let plain = parse(Path::new("t.toml"), CONNECTION).unwrap();
    assert_eq!(example.runtime.listen, plain.runtime.listen);
    assert_eq!(example.runtime.control, plain.runtime.control);
    assert_eq!(example.runtime.tun, plain.runtime.tun);
    assert_eq!(example.runtime.mtu, plain.runtime.mtu);
    assert_eq!(example.runtime.route_table, plain.runtime.route_table);
    assert_eq!(example.runtime.provider, plain.runtime.provider);
    assert_eq!(example.endpoint.ports, plain.endpoint.ports);
    assert_eq!(example.endpoint.limits, plain.endpoint.limits);
    assert_eq!(example.endpoint.profile, plain.endpoint.profile);
    let (office, a) = (
        &example.endpoint.connections[0],
        &plain.endpoint.connections[0],
    );
    assert_eq!(office.proposals, a.proposals);
    assert_eq!(office.liveness, a.liveness);
    assert_eq!(office.retransmit, a.retransmit);
    assert_eq!(office.lifetime, a.lifetime);
    assert_eq!(
        (office.initial_contact, office.unique),
        (a.initial_contact, a.unique)
    );
    assert_eq!(office.children[0].lifetime, ikev2::ChildLifetime::default());
}

#[test]
fn lifetimes_are_read_and_zero_is_never() {
    let text = format!(
        "{CONNECTION}lifetime = {{ rekey = 0, reauthenticate = \"1m\" }}\n[connections.a.children.net]\nlifetime = {{ time = 0, bytes = 1000, jitter = 0 }}\n"
    );
    let settings = parse(Path::new("t.toml"), &text).unwrap();
    let connection = &settings.endpoint.connections[0];
    let lifetime = connection.lifetime;
    assert_eq!(lifetime.rekey, None);
    assert_eq!(lifetime.reauthenticate, Some(Duration::from_secs(60)));
    assert_eq!(lifetime.jitter, Duration::from_secs(15));
    let lifetime = connection.children[0].lifetime;
    assert_eq!((lifetime.time, lifetime.packets), (None, None));
    assert_eq!((lifetime.bytes, lifetime.jitter_percent), (Some(1000), 0));
    let line = refused(&text.replace("jitter = 0", "jitter = 51"));
    assert!(
        line.contains("t.toml:7:") && line.contains("write 0 to 50"),
        "{line}"
    );
}

#[test]
fn a_connections_fingerprint_changes_with_everything_that_it_is() {
    let print = |text: &str| {
        let settings = parse(Path::new("t.toml"), text).unwrap();
        settings.fingerprints[0]
    };
    let usual = print(CONNECTION);
    assert_eq!(print(CONNECTION), usual);
    // what stands elsewhere does not matter, nor does the place
    let moved = format!("[limits]\nhalf_open = 1\n{CONNECTION}");
    assert_eq!(print(&moved), usual);
    for (from, to) in [
        ("psk = \"x\"", "psk = \"y\""),
        ("remote_id = \"b\"", "remote_id = \"c\""),
        ("psk", "liveness = \"7s\"\npsk"),
        ("psk", "lifetime = { rekey = \"1h\" }\npsk"),
    ] {
        assert_ne!(print(&CONNECTION.replace(from, to)), usual, "{to}");
    }
    let child = format!("{CONNECTION}[connections.a.children.net]\n");
    assert_ne!(print(&child), usual);
    assert_eq!(format!("{usual:?}"), "Fingerprint(..)");
}

#[test]
fn connections_and_children_keep_the_order_of_the_file() {
    let text = "zulu alpha mike"
        .split(' ')
        .map(|name| CONNECTION.replace(".a]", &format!(".{name}]")));
    let settings = parse(Path::new("t.toml"), &text.collect::<String>()).unwrap();
    let names: Vec<_> = settings
        .endpoint
        .connections
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    assert_eq!(names, ["zulu", "alpha", "mike"]);
}

#[test]
fn values_arrive_where_they_belong() {
    let settings = parse(Path::new("/etc/ikee/t.toml"), EXAMPLE).unwrap();
    let [office, roadwarrior, server, ..] = &settings.endpoint.connections[..] else {
        panic!()
    };
    assert_eq!(
        office.remote.unwrap().address,
        Ipv4Addr::new(198, 51, 100, 7)
    );
    assert_eq!(office.liveness, Some(Duration::from_secs(30)));
    assert_eq!(
        office
            .authentication
            .remote_id
            .as_ref()
            .unwrap()
            .to_string(),
        "office.example"
    );
    assert!(office.force_encapsulation);
    let child = &office.children[0];
    assert!(matches!(&child.local, Selectors::Fixed(list) if list.len() == 1));
    assert!(matches!(&child.remote, Selectors::Fixed(list) if list.len() == 2));
    assert!(roadwarrior.addressing.request_v4 && roadwarrior.addressing.request_v6);
    assert_eq!(roadwarrior.children[0].local, Selectors::Dynamic);
    assert_eq!(
        server.addressing.assign_v4,
        Some(Ipv4Addr::new(10, 1, 9, 2))
    );
    let v6: Ipv6Addr = "fd00:1:9::2".parse().unwrap();
    assert_eq!(server.addressing.assign_v6, Some((v6, 64)));
    let pools: Vec<_> = server
        .addressing
        .pools
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(pools, ["10.1.9.10-10.1.9.99", "fd00:1:9::1-fd00:1:9::ffff"]);
    let (who, address) = &server.addressing.fixed[0];
    assert_eq!(
        (who.to_string(), address.to_string()),
        ("desk@example".to_owned(), "10.1.9.20".to_owned())
    );
    assert_eq!(server.addressing.dns.len(), 2);
}

#[test]
fn paths_are_relative_to_the_file() {
    let text = "[daemon]\ncontrol = \"c.sock\"\nkey_log_dir = \"/keys\"\n";
    let settings = parse(Path::new("/etc/ikee/t.toml"), text).unwrap();
    assert_eq!(settings.runtime.control, Path::new("/etc/ikee/c.sock"));
    assert_eq!(
        settings.runtime.key_log_dir.as_deref(),
        Some(Path::new("/keys"))
    );
    assert!(settings.endpoint.key_log);
}

/// What is typed, and how the error begins. What does not begin with a table belongs to [`CONNECTION`].
const ERRORS: [(&str, &str); 21] = [
    (
        "[daemon]\nprot = 1\n",
        "t.toml:2:1: unknown field `prot`, expected one of `listen`, `port`,",
    ),
    (
        "[daemon]\nport = \"500\"\n",
        "t.toml:2:8: invalid type: string \"500\", expected u16",
    ),
    (
        "[daemon]\nport = 65536\n",
        "t.toml:2:8: invalid value: integer `65536`, expected u16",
    ),
    ("[daemon\n", "t.toml:1:8: unclosed table, expected `]`"),
    (
        "[daemon]\nlisten = [\"10.0.0.256\"]\n",
        "t.toml:2:11: \"10.0.0.256\" is not an IP address; write",
    ),
    (
        "[daemon]\ntun = \"a name\"\n",
        "t.toml:2:7: tun = \"a name\" cannot name a device; write 1 to 15",
    ),
    (
        "[daemon]\nmtu = 576\n",
        "t.toml:2:7: mtu = 576 is too small; write 1280 or more",
    ),
    (
        "[daemon]\nroute_table = 254\n",
        "t.toml:2:15: route_table = 254 is not free to use; write 1 to 252",
    ),
    (
        "[daemon]\nprovider = \"openssl\"\n",
        "t.toml:2:12: unknown variant `openssl`, expected one of `auto`",
    ),
    (
        "[extensions.pcscf]\naddresses = [\"10.0.0.1\", \"10.0.0.2\", \"10.0.0.3\", \"10.0.0.4\", \"10.0.0.5\", \"10.0.0.6\", \"10.0.0.7\", \"10.0.0.8\", \"10.0.0.9\", \"10.0.0.10\", \"10.0.0.11\", \"10.0.0.12\", \"10.0.0.13\", \"10.0.0.14\", \"10.0.0.15\", \"10.0.0.16\", \"10.0.0.17\"]\n",
        "t.toml:2:13: 17 addresses of P-CSCFs are too many; write 16 at most",
    ),
    (
        "[extensions.nat-x]\n",
        "t.toml:1:13: unknown field `nat-x`, expected one of `nat-t`, `fragmentation`, ",
    ),
    (
        "[connections.a]\nremote_id = \"b\"\npsk = \"x\"\n",
        "t.toml:1:14: connection \"a\" has no local_id; add local_id = \"YOUR-NAME\"",
    ),
    (
        "[connections.a]\nlocal_id = \"a\"\nremote_id = \"b\"\n",
        "t.toml:1:14: connection \"a\" has no secret; add psk = \"SECRET\" or psk_file = \"PATH\"",
    ),
    (
        "psk_file = \"f\"\n",
        "t.toml:5:12: connection \"a\" has both psk and psk_file; keep one of them",
    ),
    (
        "proposals = [\"aes256-sha256-modp2048\",\n  \"aes256-sha256-modp2O48\"]\n",
        "t.toml:6:3: IKE proposal \"aes256-sha256-modp2O48\": ",
    ),
    (
        "proposals = []\n",
        "t.toml:5:13: the proposal list is empty; write an IKE proposal such as",
    ),
    (
        "liveness = \"30 parsecs\"\n",
        "t.toml:5:12: \"30 parsecs\" is not a duration; write a duration such as",
    ),
    (
        "start = true\n",
        "t.toml:1:14: connection \"a\" has start = true but no remote; add remote = \"ADDRESS\"",
    ),
    (
        "local = \"::1\"\nremote = \"10.0.0.1\"\n",
        "t.toml:1:14: connection \"a\": local ::1 and remote 10.0.0.1 are of different families",
    ),
    (
        "[connections.a.children.n]\nlocal = [\"10.0.0.0/8\",\n\"10.0.0.0/33\"]\n",
        "t.toml:7:1: \"10.0.0.0/33\" is not a traffic selector: ",
    ),
    (
        "[connections.a.children.n]\nlocal = [\"dynamic\", \"10.0.0.0/8\"]\n",
        "t.toml:6:9: \"dynamic\" cannot stand beside subnets; write either",
    ),
];

#[test]
fn an_error_is_one_line_with_its_place_and_the_remedy() {
    for (text, expected) in ERRORS {
        let whole = if text.starts_with("[daemon")
            || text.starts_with("[ext")
            || text.starts_with("[connections.a]")
        {
            text.to_owned()
        } else {
            format!("{CONNECTION}{text}")
        };
        let error = refused(&whole);
        assert!(error.starts_with(expected), "{error}\nexpected: {expected}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn requesting_and_assigning_addresses_exclude_each_other() {
    let error = refused(&format!(
        "{CONNECTION}addresses.request = [\"ipv4\"]\naddresses.assign_ipv4 = \"10.0.0.1\"\n"
    ));
    assert!(
        error
            .starts_with("t.toml:1:14: connection \"a\" both requests and assigns addresses; keep"),
        "{error}"
    );
}

#[test]
fn a_missing_file_is_one_line() {
    let error = load(Path::new("/nonexistent/ikee.toml")).unwrap_err();
    assert_eq!(error.position(), None);
    assert!(
        error
            .to_string()
            .starts_with("/nonexistent/ikee.toml: cannot read it: "),
        "{error}"
    );
}

#[test]
fn a_secret_file_must_be_private_and_loses_its_line_end() {
    let folder = scratch("psk");
    let (config, secret) = (folder.join("t.toml"), folder.join("a.psk"));
    let text = CONNECTION.replace("psk = \"x\"", "psk_file = \"a.psk\"");
    let parsed = || parse(&config, &text);
    assert!(
        parsed()
            .unwrap_err()
            .to_string()
            .contains(":4:12: cannot read psk_file ")
    );
    fs::write(&secret, "secret\n").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o640)).unwrap();
    let error = parsed().unwrap_err().to_string();
    assert!(
        error.contains("can be read by others (mode 0640); run: chmod 600 "),
        "{error}"
    );
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let settings = parsed().unwrap();
    let ikev2::LocalProof::Psk(psk) = &settings.endpoint.connections[0].authentication.local else {
        panic!()
    };
    assert_eq!(psk.as_slice(), b"secret");
    fs::write(&secret, "\n").unwrap();
    assert!(
        parsed()
            .unwrap_err()
            .to_string()
            .contains("is empty; put the secret into it")
    );
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_secret_in_a_file_for_all_is_a_warning() {
    let folder = scratch("inline");
    let config = folder.join("t.toml");
    fs::write(&config, CONNECTION).unwrap();
    fs::set_permissions(&config, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(load(&config).unwrap().warnings.len(), 1);
    fs::set_permissions(&config, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(load(&config).unwrap().warnings.len(), 0);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn secrets_do_not_appear_in_debug_output() {
    let settings = parse(
        Path::new("t.toml"),
        &CONNECTION.replace("\"x\"", "\"hunter2\""),
    )
    .unwrap();
    assert!(!format!("{settings:?}").contains("hunter2"));
}

/// The connection with these lines under `[daemon]` and in a child.
fn with_plane(daemon: &str, child: &str) -> Result<Settings, ConfigError> {
    let text = format!("[daemon]\n{daemon}\n{CONNECTION}\n[connections.a.children.net]\n{child}\n");
    parse(Path::new("t.toml"), &text)
}

#[test]
fn the_kernels_plane_is_chosen_and_told_about_marks_and_interfaces() {
    let settings = with_plane(
        "data_plane = \"kernel\"",
        "mark = \"0x2a/0xff\"\nif_id = 7\nmode = \"transport\"",
    )
    .unwrap();
    assert_eq!(settings.runtime.data_plane, DataPlaneChoice::Kernel);
    assert_eq!(settings.runtime.tun, None);
    let key = ("a".to_owned(), "net".to_owned());
    let given = settings.runtime.kernel[&key];
    assert_eq!((given.mark, given.if_id), (Some((0x2a, 0xff)), Some(7)));
    let connection = &settings.endpoint.connections[0];
    assert!(
        !connection.force_encapsulation,
        "the kernel sends bare ESP, too"
    );
    assert_eq!(
        connection.children[0].mode,
        ikee::doi::encapsulation::Mode::Transport
    );
}

#[test]
fn what_is_for_another_plane_is_refused_with_its_place() {
    let refused = |daemon, child| with_plane(daemon, child).unwrap_err().to_string();
    let kernel = "data_plane = \"kernel\"";
    for (error, wanted) in [
        (refused("data_plane = \"ebpf\"", ""), "t.toml:2:14: "),
        (
            refused("data_plane = \"kernel\"\ntun = \"ikee1\"", ""),
            "t.toml:3:7: tun is for ",
        ),
        (
            refused("", "if_id = 7"),
            "if_id is for the kernel's policies; add data_plane",
        ),
        (
            refused("", "mark = \"1\""),
            "mark is for the kernel's policies; add data_plane",
        ),
        (refused(kernel, "if_id = 0"), "if_id = 0 names no interface"),
        (
            refused(kernel, "mark = \"0x100/0xff\""),
            "is not a mark; write a mark such as",
        ),
        (refused(kernel, "mode = \"beet\""), "t.toml:"),
    ] {
        assert!(error.contains(wanted), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}
