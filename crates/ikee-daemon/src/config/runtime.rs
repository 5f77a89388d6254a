//! The section `[daemon]`: sockets, devices and files.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::collections::BTreeMap;
use std::path::PathBuf;

use toml::Spanned;

use super::build::{Checked, beside};
use super::error::Source;
use super::{DataPlaneChoice, ProviderChoice, Runtime, plane, schema};

/// MTU of the TUN device, unless configured.
const TUN_MTU: u16 = 1380;
/// Smallest MTU that IPv6 allows (RFC 8200 §5).
const SMALLEST_MTU: u16 = 1280;
/// Longest name of a network device on Linux.
const LONGEST_DEVICE: usize = 15;
/// Policy routing table and rule priority, unless configured.
const ROUTE_TABLE: u32 = 4500;

pub(super) fn runtime(source: Source<'_>, daemon: schema::Daemon) -> Checked<Runtime> {
    let metrics = metrics(source, &daemon)?;
    let data_plane = plane::choice(daemon.data_plane);
    let tun = tun(source, daemon.tun, data_plane)?;
    let mtu = daemon.mtu.unwrap_or_else(|| Spanned::new(0..0, TUN_MTU));
    if *mtu.get_ref() < SMALLEST_MTU {
        return Err(source.error(
            mtu.span(),
            format!(
                "mtu = {} is too small; write {SMALLEST_MTU} or more",
                mtu.get_ref()
            ),
        ));
    }
    let table = daemon
        .route_table
        .unwrap_or_else(|| Spanned::new(0..0, ROUTE_TABLE));
    if !(1..32_766).contains(table.get_ref()) || (253..=255).contains(table.get_ref()) {
        return Err(source.error(
            table.span(),
            format!(
                "route_table = {} is not free to use; write 1 to 252 or 256 to 32765",
                table.get_ref()
            ),
        ));
    }
    let listen = daemon.listen.map_or_else(
        || {
            vec![
                IpAddr::V4(Ipv4Addr::UNSPECIFIED),
                IpAddr::V6(Ipv6Addr::UNSPECIFIED),
            ]
        },
        |list| list.into_iter().map(|text| text.0).collect(),
    );
    let relative = |path: PathBuf| beside(source.file, &path);
    Ok(Runtime {
        listen,
        control: daemon
            .control
            .map_or_else(|| PathBuf::from(super::CONTROL_SOCKET), relative),
        data_plane,
        kernel: BTreeMap::new(),
        tun,
        mtu: mtu.into_inner(),
        route_table: table.into_inner(),
        dns: daemon.dns,
        provider: provider_choice(daemon.provider),
        key_log_dir: daemon.key_log_dir.map(relative),
        key_log_forced: false,
        user: daemon.user,
        control_group: daemon.control_group,
        metrics,
    })
}

pub(super) fn provider_choice(given: Option<schema::Provider>) -> ProviderChoice {
    match given {
        Some(schema::Provider::Rustcrypto) => ProviderChoice::RustCrypto,
        Some(schema::Provider::Graviola) => ProviderChoice::Graviola,
        Some(schema::Provider::Auto) | None => ProviderChoice::Auto,
    }
}

/// Where metrics are served: to this host only.
fn metrics(source: Source<'_>, daemon: &schema::Daemon) -> Checked<Option<SocketAddr>> {
    let Some(given) = &daemon.metrics else {
        return Ok(None);
    };
    let address = given.get_ref().0;
    if address.ip().is_loopback() {
        return Ok(Some(address));
    }
    Err(source.error(
        given.span(),
        format!(
            "metrics = \"{address}\" shows connection names and traffic to other hosts; write \"127.0.0.1:{}\" and let a proxy carry it further",
            address.port()
        ),
    ))
}

/// The TUN device of the userspace plane.
fn tun(
    source: Source<'_>,
    given: Option<Spanned<String>>,
    data_plane: DataPlaneChoice,
) -> Checked<Option<String>> {
    Ok(match given {
        Some(name) if data_plane == DataPlaneChoice::Kernel && name.get_ref() != "none" => {
            let what = "tun is for data_plane = \"userspace\"; leave it out";
            return Err(source.error(name.span(), what));
        }
        None if data_plane == DataPlaneChoice::Kernel => None,
        None => Some("ikee0".to_owned()),
        Some(name) if name.get_ref() == "none" => None,
        Some(name) => Some(device_name(source, "tun", name)?),
    })
}

/// A name that a device may have, given as `key`.
pub(super) fn device_name(source: Source<'_>, key: &str, name: Spanned<String>) -> Checked<String> {
    let text = name.get_ref();
    let fine = (1..=LONGEST_DEVICE).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if fine {
        return Ok(name.into_inner());
    }
    Err(source.error(
        name.span(),
        format!(
            "{key} = {text:?} cannot name a device; write 1 to {LONGEST_DEVICE} letters and digits{}",
            if key == "tun" { ", or \"none\"" } else { "" }
        ),
    ))
}
