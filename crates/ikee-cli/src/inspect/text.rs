//! The readable output: one block per message.

use std::io::{self, Write};
use std::net::IpAddr;
use std::time::Duration;

use serde_json::{Map, Value};

use super::report::{Counts, Message, Opened, Payload, Stream};

/// Writes a message as a block of lines.
pub(crate) fn message(to: &mut impl Write, message: &Message) -> io::Result<()> {
    let path = &message.path;
    write!(to, "#{:<5}", path.frame)?;
    if let Some(time) = path.time {
        write!(to, "{}  ", moment(time))?;
    }
    if let (Some(src), Some(dst)) = (path.src, path.dst) {
        let from = endpoint(src, path.sport);
        write!(to, "{from} -> {}  ", endpoint(dst, path.dport))?;
    }
    write!(to, "{} octets", path.udp_octets)?;
    if path.non_esp_marker {
        write!(to, " behind a non-ESP marker")?;
    }
    writeln!(to)?;
    head(to, message)?;
    for payload in &message.payloads {
        line(to, 4, payload)?;
    }
    if let Some(opened) = &message.opened {
        inside(to, opened)?;
    }
    for defect in &message.defects {
        writeln!(to, "    ! {defect}")?;
    }
    writeln!(to)
}

fn head(to: &mut impl Write, message: &Message) -> io::Result<()> {
    let header = &message.header;
    let flags = if header.flag_names.is_empty() {
        String::new()
    } else {
        format!(" [{}]", header.flag_names.join(", "))
    };
    writeln!(
        to,
        "    IKE {} {}{flags}  message {}  SPIs {} {}",
        header.version, header.exchange_name, header.message_id, header.spi_i, header.spi_r,
    )?;
    if path_of_fragments(message) {
        let frames = numbers(&message.path.frames);
        writeln!(to, "    in IP fragments, frames {frames}")?;
    }
    if let Some(frame) = message.retransmission_of {
        writeln!(to, "    the same as frame {frame}")?;
    }
    if message.encrypted {
        let octets = message.path.udp_octets.saturating_sub(28);
        writeln!(to, "    encrypted body, {octets} octets")?;
    }
    Ok(())
}

fn path_of_fragments(message: &Message) -> bool {
    message.path.frames.len() > 1
}

fn inside(to: &mut impl Write, opened: &Opened) -> io::Result<()> {
    let verdict = match opened.icv_valid {
        Some(true) => "ICV right",
        Some(false) => "ICV WRONG",
        None => "ICV not checked",
    };
    writeln!(to, "    opened by {}, {verdict}", opened.protection)?;
    if !opened.reassembled_from.is_empty() {
        let frames = numbers(&opened.reassembled_from);
        writeln!(to, "    put together from frames {frames}")?;
    }
    for payload in opened.inner.iter().flatten() {
        line(to, 6, payload)?;
    }
    Ok(())
}

fn line(to: &mut impl Write, indent: usize, payload: &Payload) -> io::Result<()> {
    let critical = if payload.critical { " critical" } else { "" };
    let fields = &payload.fields;
    let summary = summary_of(fields);
    writeln!(
        to,
        "{:indent$}{:<9} {:>5}  {:<8}{critical}{summary}",
        "",
        payload.name,
        payload.octets,
        format!("@{}", payload.offset),
    )?;
    for (name, list) in fields {
        if let Value::Array(items) = list
            && items.iter().any(Value::is_object)
        {
            for item in items {
                let text = item.as_object().map(|item| entry(name, item));
                let text = text.unwrap_or_default();
                writeln!(to, "{:indent$}{:<26}{text}", "", "")?;
            }
        }
    }
    Ok(())
}

/// The plain fields of a payload in one line; what has a name is shown by it.
fn summary_of(fields: &Map<String, Value>) -> String {
    let mut words = Vec::new();
    for (name, value) in fields {
        if name.ends_with("_name") || (value.is_array() && has_objects(value)) {
            continue;
        }
        let shown = match fields.get(&format!("{name}_name")) {
            Some(Value::String(text)) => text.clone(),
            _ => shown(value),
        };
        if !shown.is_empty() {
            words.push(format!("{name} {shown}"));
        }
    }
    words.join("  ")
}

fn has_objects(value: &Value) -> bool {
    value
        .as_array()
        .is_some_and(|items| items.iter().any(Value::is_object))
}

/// One line for a proposal, a selector, an attribute.
fn entry(list: &str, item: &Map<String, Value>) -> String {
    if list == "proposals" {
        return proposal(item);
    }
    if let (Some(start), Some(end)) = (item.get("start"), item.get("end")) {
        let ports = item.get("ports").map(shown).unwrap_or_default();
        let protocol = item.get("proto").map(shown).unwrap_or_default();
        return format!(
            "{} - {}  protocol {protocol}  ports {ports}",
            shown(start),
            shown(end)
        );
    }
    let name = item.get("name").map(shown).unwrap_or_default();
    let value = item.get("text").or_else(|| item.get("value"));
    let value = value.map(shown).unwrap_or_default();
    if name.is_empty() {
        return summary_of(item);
    }
    format!("{name} {value}")
}

fn proposal(item: &Map<String, Value>) -> String {
    let field = |name: &str| item.get(name).map(shown).unwrap_or_default();
    let spi = field("spi");
    let spi = if spi.is_empty() {
        spi
    } else {
        format!(" SPI {spi}")
    };
    let suite = field("suite");
    if !suite.is_empty() {
        return format!("{} {}{spi}  {suite}", field("num"), field("proto_name"));
    }
    let transforms = item.get("transforms").and_then(Value::as_array);
    let transforms: Vec<String> = transforms
        .into_iter()
        .flatten()
        .filter_map(|transform| transform.get("suite").map(shown))
        .collect();
    let transforms = transforms.join(", ");
    format!(
        "{} {}{spi}  {transforms}",
        field("num"),
        field("proto_name")
    )
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if text.len() > MAX_SHOWN && is_hex(text) => {
            let start = text.get(..MAX_SHOWN).unwrap_or_default();
            format!("{start}.. ({} octets)", text.len() / 2)
        }
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(shown).collect();
            items.join(" ")
        }
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// Writes what the file held beside messages.
pub(crate) fn summary(
    to: &mut impl Write,
    capture: &str,
    counts: &Counts,
    streams: &[&Stream],
) -> io::Result<()> {
    for stream in streams {
        let inside: Vec<String> = stream
            .inside
            .iter()
            .map(|(what, count)| format!("{count} {what}"))
            .collect();
        let inside = if inside.is_empty() {
            String::new()
        } else {
            format!(": {}", inside.join(", "))
        };
        let udp = if stream.in_udp { " in UDP" } else { "" };
        let host = |host: Option<IpAddr>| host.map(|host| host.to_string()).unwrap_or_default();
        writeln!(
            to,
            "{} {}{udp}  {} -> {}  {} packets, {} octets{inside}",
            stream.protocol,
            stream.spi,
            host(stream.src),
            host(stream.dst),
            stream.packets,
            stream.octets,
        )?;
    }
    writeln!(
        to,
        "{capture}: {} frames, {} IKEv1 and {} IKEv2 messages, {} ESP, {} ESP in UDP, {} AH, {} keep-alives, {} other",
        counts.frames,
        counts.ikev1,
        counts.ikev2,
        counts.esp,
        counts.esp_in_udp,
        counts.ah,
        counts.keepalives,
        counts.other + counts.other_isakmp,
    )
}

fn numbers(frames: &[u64]) -> String {
    let frames: Vec<String> = frames.iter().map(u64::to_string).collect();
    frames.join(" ")
}

fn endpoint(address: IpAddr, port: Option<u16>) -> String {
    let port = port.map(|port| port.to_string()).unwrap_or_default();
    match address {
        IpAddr::V4(address) => format!("{address}:{port}"),
        IpAddr::V6(address) => format!("[{address}]:{port}"),
    }
}

/// Date and time of day in UTC.
fn moment(time: Duration) -> String {
    let seconds = time.as_secs();
    let (year, month, day) = date(seconds / 86_400);
    let of_day = seconds % 86_400;
    format!(
        "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}.{:06}",
        of_day / 3600,
        of_day / 60 % 60,
        of_day % 60,
        time.subsec_micros()
    )
}

/// The date of a day since 1970 in the Gregorian calendar, by eras of 400 years that begin in March.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (era * 400 + year + next, month, day)
}

const MAX_SHOWN: usize = 40;
