//! What an inspection yields: messages, payloads, defects, counts. The JSON output is these types as they stand.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// The fields of a payload, in the order in which they stand on the wire.
pub(crate) type Fields = Map<String, Value>;

/// An ISAKMP or IKE message.
#[derive(Debug, Serialize)]
pub(crate) struct Message {
    #[serde(flatten)]
    pub(crate) path: Path,
    #[serde(flatten)]
    pub(crate) header: Header,
    /// The frame of an earlier, identical message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retransmission_of: Option<u64>,
    /// The body is encrypted as a whole (IKEv1); there are no payloads to see.
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) encrypted: bool,
    pub(crate) payloads: Vec<Payload>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(crate) opened: Option<Opened>,
    /// What the sender is taken for, if it is Windows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) recognised: Option<Recognised>,
    /// The message that its fragments make up, this one being the last of them that came ([MS-IKEE] §3.3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) whole: Option<Box<Whole>>,
    pub(crate) defects: Vec<Defect>,
}

/// A message put together from fragments of IKEv1.
#[derive(Debug, Serialize)]
pub(crate) struct Whole {
    /// The frames of its fragments.
    pub(crate) reassembled_from: Vec<u64>,
    #[serde(flatten)]
    pub(crate) message: Message,
}

/// A release of Windows.
#[derive(Debug, Serialize)]
pub(crate) struct Recognised {
    pub(crate) release: String,
    /// The words of the releases that it can be.
    pub(crate) releases: Vec<&'static str>,
    pub(crate) reasons: Vec<String>,
    /// Whether the vendor IDs are exactly those of such a release.
    pub(crate) exact: bool,
}

/// How a message came along.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Path {
    /// The frame that completed it, from 1.
    pub(crate) frame: u64,
    /// All its frames, when the datagram came in IP fragments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) frames: Vec<u64>,
    /// Seconds since 1970.
    #[serde(serialize_with = "seconds")]
    pub(crate) time: Option<Duration>,
    pub(crate) src: Option<IpAddr>,
    pub(crate) sport: Option<u16>,
    pub(crate) dst: Option<IpAddr>,
    pub(crate) dport: Option<u16>,
    /// Four zero octets stood before it (RFC 3948 §2.2).
    pub(crate) non_esp_marker: bool,
    /// The size of the UDP payload, the marker not counted.
    pub(crate) udp_octets: usize,
}

/// The ISAKMP header, RFC 2408 §3.1 and RFC 7296 §3.1.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Header {
    pub(crate) spi_i: String,
    pub(crate) spi_r: String,
    pub(crate) first_payload: u8,
    pub(crate) version: String,
    pub(crate) exchange: u8,
    pub(crate) exchange_name: String,
    pub(crate) flags: u8,
    pub(crate) flag_names: Vec<&'static str>,
    pub(crate) message_id: u32,
    pub(crate) length: u32,
}

/// A payload: what every one has, and its own fields.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Payload {
    #[serde(rename = "type")]
    pub(crate) kind: u8,
    pub(crate) name: String,
    /// Where its generic header begins in the message.
    pub(crate) offset: usize,
    /// Its length with the generic header.
    pub(crate) octets: usize,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) critical: bool,
    pub(crate) fields: Fields,
}

/// What decryption brought to light.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Opened {
    /// Whether the integrity check value is right; `null` when the keys say not to check.
    pub(crate) icv_valid: Option<bool>,
    /// Whether the HASH payload of IKEv1 is right, where the keys suffice to tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hash_valid: Option<bool>,
    /// The IV, where it does not stand in the message (IKEv1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) iv: Option<String>,
    /// By which algorithms.
    pub(crate) protection: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pad_length: Option<u8>,
    /// The plaintext without padding, in hexadecimal.
    pub(crate) plaintext: String,
    /// The frames whose fragments make up the plaintext (RFC 7383).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) reassembled_from: Vec<u64>,
    /// The payloads inside. Offsets count in the message, the plaintext standing in the place of the ciphertext;
    /// in the reassembled plaintext when there were fragments. Absent until all fragments are there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) inner: Option<Vec<Payload>>,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Defect {
    /// The frame, when it is not clear from the context.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) frame: Option<u64>,
    pub(crate) layer: Layer,
    pub(crate) kind: String,
    /// Where, from the first octet of what the layer calls its own.
    pub(crate) offset: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<String>,
}

/// What a defect's offset counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Layer {
    /// The capture file.
    File,
    /// The frame.
    Link,
    /// The IP packet; the payload of the datagram where fragments are concerned.
    Ip,
    /// The UDP datagram, its header included.
    Udp,
    /// The ISAKMP message, its header included.
    Ike,
    /// The plaintext put together from fragments.
    Inner,
    /// A key table: the offset is the number of the line.
    Keys,
}

/// What has been seen in a file.
#[derive(Debug, Default, Clone, Serialize)]
pub(crate) struct Counts {
    pub(crate) frames: u64,
    pub(crate) ip_fragments: u64,
    pub(crate) ikev1: u64,
    pub(crate) ikev2: u64,
    pub(crate) other_isakmp: u64,
    pub(crate) keepalives: u64,
    pub(crate) esp: u64,
    pub(crate) esp_in_udp: u64,
    pub(crate) ah: u64,
    pub(crate) other: u64,
}

/// The ESP or AH packets of one SPI from one host to another.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Stream {
    pub(crate) protocol: &'static str,
    pub(crate) src: Option<IpAddr>,
    pub(crate) dst: Option<IpAddr>,
    pub(crate) spi: String,
    pub(crate) in_udp: bool,
    pub(crate) packets: u64,
    pub(crate) octets: u64,
    /// What was inside, by kind, when the keys are known.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) inside: BTreeMap<String, u64>,
}

impl Defect {
    pub(crate) fn new(layer: Layer, kind: impl Into<String>, offset: usize) -> Self {
        Self {
            frame: None,
            layer,
            kind: kind.into(),
            offset,
            detail: None,
        }
    }

    pub(crate) fn in_frame(mut self, frame: u64) -> Self {
        self.frame = self.frame.or(Some(frame));
        self
    }

    pub(crate) fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "file",
            Self::Link => "frame",
            Self::Ip => "IP packet",
            Self::Udp => "UDP datagram",
            Self::Ike => "message",
            Self::Inner => "plaintext",
            Self::Keys => "key table",
        })
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(frame) = self.frame {
            write!(f, "frame {frame}: ")?;
        }
        let place = if self.layer == Layer::Keys {
            "line"
        } else {
            "octet"
        };
        write!(f, "{} ({} {place} {})", self.kind, self.layer, self.offset)?;
        match &self.detail {
            Some(detail) => write!(f, ": {detail}"),
            None => Ok(()),
        }
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(octets: &[u8]) -> String {
    octets.iter().fold(
        String::with_capacity(octets.len() * 2),
        |mut text, octet| {
            text.extend(
                [octet >> 4, octet & 15]
                    .map(|digit| char::from_digit(u32::from(digit), 16).unwrap_or('?')),
            );
            text
        },
    )
}

fn seconds<S: Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(|time| time.as_secs_f64()).serialize(serializer)
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the shape that serde asks for"
)]
fn is_false(value: &bool) -> bool {
    !*value
}
