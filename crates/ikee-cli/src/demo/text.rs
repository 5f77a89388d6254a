//! The demo's page for people.

use super::report::{MessageLine, Packets, Party, Report};
use crate::output::Style;
use crate::status::octets;

pub(super) fn page(report: &Report, style: Style) -> String {
    let mut page = String::new();
    let mut line = |text: String| {
        page.push_str(text.trim_end());
        page.push('\n');
    };
    line(style.bold(&format!("Two IKEv{} endpoints on loopback", report.ike)));
    line(party("initiator", &report.initiator));
    line(party("responder", &report.responder));
    line(format!("  provider    {}", report.provider));
    if let Some(windows) = &report.windows {
        line(format!("  behaving as {}", windows.name));
    }
    line(String::new());
    line(style.dim(&format!(
        "  {:>9}   {:<25} {:<29} {:>6}  payloads",
        "time", "direction", "message", "octets"
    )));
    for message in &report.messages {
        line(message_line(message));
    }
    line(String::new());
    line(format!("  IKE SA      {}", style.bold(&report.suite)));
    let spis = if report.ike == 1 { "cookies" } else { "SPIs" };
    line(format!(
        "              {spis} {} (initiator), {} (responder)",
        report.spis.initiator, report.spis.responder
    ));
    line(format!("  child SA    {}", style.bold(&report.child.suite)));
    line(format!(
        "              SPIs {} (to the initiator), {} (to the responder)",
        report.child.spis.initiator, report.child.spis.responder
    ));
    line(format!(
        "              {} === {}",
        report.child.initiator, report.child.responder
    ));
    for (index, extension) in report.extensions.iter().enumerate() {
        let label = if index == 0 { "extensions" } else { "" };
        line(format!(
            "  {label:<10}  {}: {}",
            extension.name, extension.detail
        ));
    }
    if let Some(windows) = &report.windows {
        line(format!(
            "  recognised  {}: {}",
            style.bold(&windows.recognised),
            windows.reasons.join("; ")
        ));
    }
    line(packets(&report.packets, style));
    line(String::new());
    line(format!(
        "Negotiated in {:.1} ms; deleted, no SA is left on either side; {:.1} ms altogether.",
        report.handshake_ms, report.total_ms
    ));
    page
}

fn packets(packets: &Packets, style: Style) -> String {
    match &packets.none_because {
        Some(why) => format!("  packets     none: {why}"),
        None => format!(
            "  packets     {} of {} came through ESP in UDP intact: {} in {:.1} ms",
            style.green(&packets.intact.to_string()),
            packets.sent,
            octets(packets.octets),
            packets.ms
        ),
    }
}

fn party(role: &str, party: &Party) -> String {
    let began = party.began_at.as_ref().map(|it| format!(", at first {it}"));
    let began = began.unwrap_or_default();
    format!(
        "  {role:<11} {:<18} '{}'{began}",
        party.address, party.identity
    )
}

fn message_line(message: &MessageLine) -> String {
    let direction = match message.from {
        "initiator" => "initiator ──▶ responder",
        _ => "initiator ◀── responder",
    };
    let what = match message.number {
        Some(number) if message.message_id != 0 => {
            format!("{} {number} ({:08x})", message.exchange, message.message_id)
        }
        Some(number) => format!("{} {number}", message.exchange),
        None => format!(
            "{} {} {}",
            message.exchange, message.kind, message.message_id
        ),
    };
    let pieces = if message.datagrams > 1 {
        format!("  in {} datagrams", message.datagrams)
    } else {
        String::new()
    };
    format!(
        "  {:>6.1} ms   {direction:<25} {what:<29} {:>6}  {}{pieces}",
        message.ms,
        message.octets,
        counted(&message.payloads)
    )
}

/// "SA KE No N×4": neighbours of the same name are counted.
fn counted(names: &[String]) -> String {
    names
        .chunk_by(|a, b| a == b)
        .filter_map(|run| run.first().map(|name| (name, run.len())))
        .map(|(name, count)| {
            if count > 1 {
                format!("{name}×{count}")
            } else {
                name.clone()
            }
        })
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn neighbours_of_the_same_name_are_counted() {
        let names = ["SA", "KE", "N", "N", "N", "V"].map(str::to_owned);
        assert_eq!(counted(&names), "SA KE N×3 V");
    }
}
