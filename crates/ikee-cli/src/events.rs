//! `events`: what the daemon tells, line by line.

use std::process::ExitCode;

use ikee_daemon::control::client::{ClientError, follow};
use ikee_daemon::control::{News, Topic};

use crate::args::EventsArgs;
use crate::client::refusal;
use crate::output::{Style, UNREACHABLE, fail, print};

pub(crate) fn run(arguments: &EventsArgs) -> ExitCode {
    let style = Style::of_stdout();
    let mut outcome = ExitCode::SUCCESS;
    let ended = follow(&arguments.socket.path, |line, news| {
        let text = if arguments.json {
            format!("{line}\n")
        } else {
            text(news, style)
        };
        outcome = print(&text);
        outcome == ExitCode::SUCCESS && news.event != Topic::Ending
    });
    match ended {
        Ok(None) => outcome,
        Ok(Some(refused)) => refusal(&refused),
        Err(error @ ClientError::Unreachable { .. }) => fail(UNREACHABLE, &error.to_string()),
        Err(error) => fail(UNREACHABLE, &format!("events: {error}")),
    }
}

/// A line for people.
fn text(news: &News, style: Style) -> String {
    let seconds = news.time / 1000;
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let clock = style.dim(&format!(
        "{hour:02}:{minute:02}:{second:02}.{:03}Z",
        news.time % 1000
    ));
    let topic = format!("{:<13}", news.event.to_string());
    let topic = match news.event {
        Topic::Established | Topic::ChildUp => style.green(&topic),
        _ => topic,
    };
    let name = news.connection.as_deref().unwrap_or("-");
    format!("{clock}  {topic}  {}  {}\n", style.bold(name), news.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_line_with_time_kind_connection_and_text() {
        let news: News = serde_json::from_value(serde_json::json!({
            "version": 1, "time": 45_296_789_u64, "event": "child-up", "connection": "office",
            "child": "net", "text": "child net: …"
        }))
        .unwrap();
        assert_eq!(
            text(&news, Style::plain()),
            "12:34:56.789Z  child-up       office  child net: …\n"
        );
    }

    #[test]
    fn news_of_a_later_version_are_shown_all_the_same() {
        let later = r#"{"version":1,"time":0,"event":"eclipse","text":"dark"}"#;
        let news: News = serde_json::from_str(later).unwrap();
        assert_eq!(
            text(&news, Style::plain()),
            "00:00:00.000Z  other          -  dark\n"
        );
    }
}
