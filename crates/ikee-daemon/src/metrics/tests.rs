use ikee::ikev1;
use ikee::ikev2::Failure;

use super::*;

#[test]
fn the_text_is_openmetrics_with_what_was_counted() {
    let metrics = Metrics::new();
    metrics.failed("initiator", &Fault::from(&Failure::Timeout(None)));
    metrics.failed(
        "responder",
        &Fault::from(&ikev1::Failure::Bug("on purpose")),
    );
    metrics.dropped("unknown-spi");
    let nobody = ikev1::Failure::from(ikev1::Incompatibility::NoConnection);
    metrics.refused(&Fault::from(&nobody));
    metrics.retransmissions.inc();
    metrics.rekeyed("child");
    metrics.reloaded("done");
    let traffic = |packets, octets| Traffic { packets, octets };
    metrics.traffic("office", traffic(3, 300), traffic(4, 400));
    metrics.traffic("office", traffic(5, 500), traffic(4, 400));
    metrics.packets_dropped("replay", 2);
    let text = metrics.text(&Snapshot {
        configured: 3,
        up: 1,
        half_open: 2,
        children: 1,
        uptime: Duration::from_secs(61),
    });
    for line in [
        r#"ikee_handshakes_total{role="initiator",result="failed",reason="timeout"} 1"#,
        r#"ikee_handshakes_total{role="responder",result="failed",reason="bug"} 1"#,
        "ikee_handshake_seconds_count 0",
        r#"ikee_handshake_seconds_bucket{le="+Inf"} 0"#,
        "ikee_retransmissions_total 1",
        r#"ikee_rekeys_total{what="child"} 1"#,
        r#"ikee_reloads_total{result="done"} 1"#,
        r#"ikee_dropped_datagrams_total{reason="unknown-spi"} 1"#,
        r#"ikee_refused_total{reason="no-connection"} 1"#,
        "ikee_bugs_total 1",
        r#"ikee_esp_packets_total{connection="office",direction="in"} 5"#,
        r#"ikee_esp_payload_bytes_total{connection="office",direction="in"} 500"#,
        r#"ikee_esp_packets_total{connection="office",direction="out"} 4"#,
        r#"ikee_esp_dropped_packets_total{reason="replay"} 2"#,
        "ikee_connections_configured 3",
        "ikee_connections_up 1",
        "ikee_half_open 2",
        "ikee_children 1",
        "ikee_uptime_seconds 61",
    ] {
        assert!(text.lines().any(|it| it == line), "{line}\n{text}");
    }
    assert!(text.ends_with("# EOF\n"), "{text}");
}
