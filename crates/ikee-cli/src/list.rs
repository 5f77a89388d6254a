//! The table of `list`.

use ikee_daemon::control::ConnectionReport;

use crate::output::Style;

/// The connections in columns.
pub(crate) fn table(connections: &[ConnectionReport], style: Style) -> String {
    let rows: Vec<[String; 7]> = connections.iter().map(row).collect();
    let heads = [
        "NAME",
        "IKE",
        "STATE",
        "LOCAL ID",
        "REMOTE ID",
        "REMOTE",
        "CHILDREN",
    ];
    let mut widths = heads.map(str::len);
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: [&str; 7]| {
        let padded = cells.iter().zip(widths);
        let padded = padded.map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut text = format!("{}\n", style.bold(&line(heads)));
    for row in &rows {
        text.push_str(&line(row.each_ref().map(String::as_str)));
        text.push('\n');
    }
    text
}

fn row(connection: &ConnectionReport) -> [String; 7] {
    [
        connection.name.clone(),
        connection.versions.clone(),
        connection
            .state
            .clone()
            .unwrap_or_else(|| "down".to_owned()),
        connection.local_id.clone(),
        connection
            .remote_id
            .clone()
            .unwrap_or_else(|| "any".to_owned()),
        connection
            .remote
            .clone()
            .unwrap_or_else(|| "any".to_owned()),
        connection.children.join(", "),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_stands_in_them() {
        let connections = serde_json::from_value::<Vec<ConnectionReport>>(serde_json::json!([
            {"name": "office", "versions": "1+2", "state": "established", "local_id": "gw.example",
             "remote_id": "office.example", "remote": "198.51.100.7", "children": ["net", "lab"]},
            {"name": "server", "versions": "1", "local_id": "vpn.example", "children": ["all"]},
        ]))
        .unwrap();
        let expected = "\
NAME    IKE  STATE        LOCAL ID     REMOTE ID       REMOTE        CHILDREN
office  1+2  established  gw.example   office.example  198.51.100.7  net, lab
server  1    down         vpn.example  any             any           all
";
        assert_eq!(table(&connections, Style::plain()), expected);
    }
}
