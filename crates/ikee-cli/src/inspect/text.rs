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
    if let Some(known) = &message.recognised {
        let reasons = known.reasons.join(", ");
        writeln!(to, "    sent by {}: {reasons}", known.release)?;
    }
    for defect in &message.defects {
        writeln!(to, "    ! {defect}")?;
    }
    match &message.whole {
        Some(whole) => {
            let frames = numbers(&whole.reassembled_from);
            writeln!(
                to,
                "    put together from the fragments of frames {frames}:"
            )?;
            self::message(to, &whole.message)
        }
        None => writeln!(to),
    }
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
    match (&opened.iv, opened.hash_valid) {
        (None, _) => writeln!(to, "    opened by {}, {verdict}", opened.protection)?,
        (Some(iv), None) => writeln!(to, "    opened by {}, IV {iv}", opened.protection)?,
        (Some(iv), Some(valid)) => {
            let verdict = if valid { "right" } else { "WRONG" };
            let protection = &opened.protection;
            writeln!(to, "    opened by {protection}, IV {iv}, HASH {verdict}")?;
        }
    }
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
    let critical = if payload.critical { "critical  " } else { "" };
    let head = format!(
        "{:indent$}{:<9} {:>5}  {:<7} {critical}{}",
        "",
        payload.name,
        payload.octets,
        format!("@{}", payload.offset),
        summary_of(&payload.fields),
    );
    writeln!(to, "{}", head.trim_end())?;
    for (name, list) in &payload.fields {
        for item in list.as_array().into_iter().flatten() {
            let Some(item) = item.as_object() else {
                continue;
            };
            for text in entry(name, item) {
                writeln!(to, "{:indent$}{:<26}{}", "", "", text.trim_end())?;
            }
        }
    }
    Ok(())
}

/// The plain fields of a payload in one line; what has a name is shown by it, what explains itself without a label.
fn summary_of(fields: &Map<String, Value>) -> String {
    let mut words = Vec::new();
    for (name, value) in fields {
        let name = name.as_str();
        if name.ends_with("_name") || has_objects(value) || is_told_elsewhere(name, fields) {
            continue;
        }
        let shown = match fields.get(&format!("{name}_name")) {
            Some(Value::String(text)) => escaped(text),
            _ => shown(value),
        };
        match name {
            _ if shown.is_empty() => {}
            "matches" if value == &Value::Bool(true) => words.push("fits".to_owned()),
            "matches" => words.push("does not fit (NAT)".to_owned()),
            "meaning" => words.push(format!("= {shown}")),
            name if PLAIN.contains(&name) => words.push(shown),
            name => words.push(format!("{name} {shown}")),
        }
    }
    words.join("  ")
}

/// Fields that another one says better, or that say nothing.
fn is_told_elsewhere(name: &str, fields: &Map<String, Value>) -> bool {
    let is = |name: &str, value: u64| fields.get(name).and_then(Value::as_u64) == Some(value);
    match name {
        "id" => fields.contains_key("text"),
        "data" => fields.contains_key("signature"),
        "vid_meaning" => fields.get("vid_meaning") == fields.get("vid_name"),
        "protocol" => is("protocol", 0),
        "port" => is("port", 0),
        "spi_size" | "error" | "ke_octets" => true,
        _ => false,
    }
}

fn has_objects(value: &Value) -> bool {
    value
        .as_array()
        .is_some_and(|items| items.iter().any(Value::is_object))
}

/// The lines for a proposal, a selector, an attribute.
fn entry(list: &str, item: &Map<String, Value>) -> Vec<String> {
    let field = |name: &str| item.get(name).map(shown).unwrap_or_default();
    if list == "proposals" {
        return proposal(item);
    }
    if item.contains_key("start") {
        let (start, end, ports) = (field("start"), field("end"), field("ports"));
        let protocol = field("proto");
        return vec![format!(
            "{start} - {end}  protocol {protocol}  ports {ports}"
        )];
    }
    let name = field("name");
    if name.is_empty() {
        return vec![summary_of(item)];
    }
    let value = if item.contains_key("text") {
        field("text")
    } else {
        field("value")
    };
    vec![format!("{name} {value}")]
}

/// A proposal of IKEv2 has one suite; those of IKEv1 have one for each transform.
fn proposal(item: &Map<String, Value>) -> Vec<String> {
    let field = |name: &str| item.get(name).map(shown).unwrap_or_default();
    let spi = field("spi");
    let spi = if spi.is_empty() {
        spi
    } else {
        format!(" SPI {spi}")
    };
    let head = format!("{} {}{spi}", field("num"), field("proto_name"));
    if item.contains_key("suite") {
        return vec![format!("{head}  {}", field("suite"))];
    }
    let transforms = item.get("transforms").and_then(Value::as_array);
    let suites = transforms
        .into_iter()
        .flatten()
        .filter_map(|transform| transform.get("suite").map(shown));
    suites.map(|suite| format!("{head}  {suite}")).collect()
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if text.len() > MAX_SHOWN && is_hex(text) => {
            let start = text.get(..MAX_SHOWN).unwrap_or_default();
            format!("{start}.. ({} octets)", text.len() / 2)
        }
        Value::String(text) => escaped(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(shown).collect();
            items.join(" ")
        }
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// A peer's text must not steer the terminal.
fn escaped(text: &str) -> String {
    text.chars()
        .flat_map(|letter| {
            let plain = (!letter.is_control()).then_some(letter);
            let escape = plain.is_none().then(|| letter.escape_default());
            plain.into_iter().chain(escape.into_iter().flatten())
        })
        .collect()
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

/// Fields that are shown without their names.
const PLAIN: [&str; 14] = [
    "notify",
    "group",
    "id_type",
    "text",
    "method",
    "encoding",
    "cfg_type",
    "nonce",
    "vid",
    "natd",
    "code",
    "address",
    "vid_meaning",
    "vid_value",
];
const MAX_SHOWN: usize = 40;
