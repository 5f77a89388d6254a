//! Writing: one JSON document, or text.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;
use serde_json::json;

use super::report::{Counts, Defect, Message, Stream};
use super::text;

/// Where messages go as they are found.
pub(crate) struct Output<W: Write> {
    to: W,
    json: bool,
    messages: u64,
    /// Those that belong to no message. In JSON they follow the messages, so they are kept, and their number is bounded.
    defects: Vec<Defect>,
    dropped: u64,
}

impl<W: Write> Output<W> {
    pub(crate) fn new(to: W, json: bool) -> Self {
        Self {
            to,
            json,
            messages: 0,
            defects: Vec::new(),
            dropped: 0,
        }
    }

    pub(crate) fn begin(&mut self, file: &Path) -> io::Result<()> {
        if !self.json {
            return Ok(());
        }
        write!(self.to, "{{\"format\":{FORMAT},\"file\":")?;
        self.value(&file.display().to_string())?;
        write!(self.to, ",\n\"messages\":[")
    }

    pub(crate) fn message(&mut self, message: &Message) -> io::Result<()> {
        self.messages += 1;
        if self.json {
            let separator = if self.messages == 1 { "\n" } else { ",\n" };
            self.to.write_all(separator.as_bytes())?;
            return self.value(message);
        }
        text::message(&mut self.to, message)
    }

    pub(crate) fn defect(&mut self, defect: &Defect) -> io::Result<()> {
        if !self.json {
            return writeln!(self.to, "! {defect}\n");
        }
        if self.defects.len() < MAX_DEFECTS {
            self.defects.push(defect.clone());
        } else {
            self.dropped += 1;
        }
        Ok(())
    }

    pub(crate) fn end<'s>(
        &mut self,
        capture: &str,
        counts: &Counts,
        streams: impl Iterator<Item = &'s Stream>,
    ) -> io::Result<()> {
        let streams: Vec<&Stream> = streams.collect();
        if !self.json {
            text::summary(&mut self.to, capture, counts, &streams)?;
            return self.to.flush();
        }
        if self.dropped > 0 {
            let text = format!("{} more defects", self.dropped);
            self.defects
                .push(Defect::new(super::report::Layer::File, text, 0));
        }
        write!(self.to, "\n],\n\"capture\":")?;
        self.value(&capture)?;
        write!(self.to, ",\"counts\":")?;
        self.value(counts)?;
        write!(self.to, ",\n\"streams\":")?;
        self.value(&streams)?;
        write!(self.to, ",\n\"defects\":")?;
        self.value(&json!(self.defects))?;
        writeln!(self.to, "}}")?;
        self.to.flush()
    }

    fn value(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.to, value).map_err(io::Error::from)
    }
}

/// Changes when the meaning of a field changes; new fields do not count.
const FORMAT: u32 = 1;
const MAX_DEFECTS: usize = 10_000;
