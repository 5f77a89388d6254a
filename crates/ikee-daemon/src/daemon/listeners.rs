//! Those who read events, and what they get.

use ikee::ext::SaId;
use tokio::sync::mpsc;

use super::Daemon;
use crate::clock;
use crate::control::server::{Answer, Line};
use crate::control::{Code, News, Response, Topic};

/// How many may read at a time.
const READERS: usize = 16;
/// Lines that wait for a reader; one that lets more come together is dropped.
const WAITING: usize = 256;

/// The readers of events.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    readers: Vec<mpsc::Sender<Line>>,
}

impl Listeners {
    /// A further reader.
    pub(super) fn join(&mut self) -> Answer {
        self.readers.retain(|reader| !reader.is_closed());
        if self.readers.len() >= READERS {
            let why = format!("{READERS} clients read events already");
            return Response::refused(Code::Busy, why).into();
        }
        let (sender, receiver) = mpsc::channel(WAITING);
        self.readers.push(sender);
        Answer::Stream(Response::done("events follow, one a line"), receiver)
    }

    /// Tells all readers; those who do not keep up are dropped.
    fn tell(&mut self, news: &News) {
        if self.readers.is_empty() {
            return;
        }
        let Ok(mut line) = serde_json::to_string(news) else {
            return;
        };
        line.push('\n');
        let line: Line = line.into();
        self.readers
            .retain(|reader| match reader.try_send(Line::clone(&line)) {
                Ok(()) => true,
                Err(mpsc::error::TrySendError::Closed(_)) => false,
                Err(mpsc::error::TrySendError::Full(_)) => {
                    tracing::warn!(
                        "control socket: a reader of events was too slow, and is dropped"
                    );
                    false
                }
            });
    }
}

fn milliseconds() -> u64 {
    u64::try_from(clock::since_1970().as_millis()).unwrap_or(u64::MAX)
}

impl Daemon {
    /// Tells the readers of events something that concerns no SA.
    pub(super) fn announce(&mut self, event: Topic, text: impl Into<String>) {
        let news = News::new(milliseconds(), event, text.into());
        self.control.listeners.tell(&news);
    }

    /// Tells the readers of events something about an SA.
    pub(super) fn announce_sa(
        &mut self,
        sa: SaId,
        event: Topic,
        child: Option<&str>,
        text: String,
    ) {
        let mut news = News::new(milliseconds(), event, text);
        if let Some(note) = self.book.sas.get(&sa) {
            news.connection.clone_from(&note.connection);
            news.spis.clone_from(&note.spis);
            news.remote = note.remote.map(|remote| remote.to_string());
        }
        news.child = child.map(str::to_owned);
        self.control.listeners.tell(&news);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn news(number: u64) -> News {
        News::new(number, Topic::Closed, "gone".to_owned())
    }

    fn receiver(answer: Answer) -> mpsc::Receiver<Line> {
        match answer {
            Answer::Stream(_, receiver) => receiver,
            Answer::Once(response) => panic!("{response:?}"),
        }
    }

    #[test]
    fn a_reader_that_keeps_up_misses_nothing_and_a_slow_one_is_dropped() {
        let mut listeners = Listeners::default();
        let (mut quick, mut slow) = (receiver(listeners.join()), receiver(listeners.join()));
        for number in 0..WAITING as u64 + 10 {
            listeners.tell(&news(number));
            let line = quick.try_recv().unwrap();
            let read: News = serde_json::from_str(&line).unwrap();
            assert_eq!(read, news(number));
        }
        assert_eq!(listeners.readers.len(), 1);
        for _ in 0..WAITING {
            slow.try_recv().unwrap();
        }
        assert_eq!(
            slow.try_recv(),
            Err(mpsc::error::TryRecvError::Disconnected)
        );
    }

    #[test]
    fn readers_are_counted_and_those_that_left_make_room() {
        let mut listeners = Listeners::default();
        let mut readers: Vec<_> = (0..READERS).map(|_| receiver(listeners.join())).collect();
        assert!(matches!(listeners.join(), Answer::Once(_)));
        readers.pop();
        drop(receiver(listeners.join()));
    }
}
