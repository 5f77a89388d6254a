//! What the data plane is told: which one, and what belongs to a connection or a child.

use std::collections::{BTreeMap, BTreeSet};

use ikee::doi::encapsulation::Mode;

use super::build::Checked;
use super::error::Source;
use super::text::FromText;
use super::{DataPlaneChoice, schema};

/// What the kernel's plane adds to the SAs and policies of a child.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct KernelSettings {
    /// Only packets with this mark are for its policies: a value, and the bits that count.
    pub mark: Option<(u32, u32)>,
    /// The XFRM interface that its packets take.
    pub if_id: Option<u32>,
}

/// A packet mark as text: `VALUE` or `VALUE/MASK`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark(u32, u32);

impl FromText for Mark {
    const WHAT: &'static str = "a mark such as \"42\" or \"0x2a/0xff\"";

    fn from_text(text: &str) -> Result<Self, String> {
        let number = |text: &str| {
            text.strip_prefix("0x")
                .map_or_else(|| text.parse(), |hex| u32::from_str_radix(hex, 16))
                .ok()
        };
        let (value, mask) = match text.split_once('/') {
            Some((value, mask)) => (number(value), number(mask)),
            None => (number(text), Some(u32::MAX)),
        };
        let fitting = value
            .zip(mask)
            .filter(|(value, mask)| value & mask == *value);
        fitting
            .map(|(value, mask)| Self(value, mask))
            .ok_or_else(|| format!("{text:?} is not a mark; write {}", Self::WHAT))
    }
}

pub(super) fn choice(given: Option<schema::DataPlane>) -> DataPlaneChoice {
    match given {
        Some(schema::DataPlane::Kernel) => DataPlaneChoice::Kernel,
        Some(schema::DataPlane::Userspace) | None => DataPlaneChoice::Userspace,
    }
}

/// Gathers what only the kernel's plane understands.
pub(super) struct Gathered {
    pub(super) choice: DataPlaneChoice,
    pub(super) settings: BTreeMap<(String, String), KernelSettings>,
    /// Children that the first packet opens, by connection and name.
    pub(super) traps: BTreeSet<(String, String)>,
    /// Whether discovery is on, so that children may have rules for it.
    pub(super) discovers: bool,
}

impl Gathered {
    pub(super) fn new(given: Option<schema::DataPlane>) -> Self {
        Self {
            choice: choice(given),
            settings: BTreeMap::new(),
            traps: BTreeSet::new(),
            discovers: false,
        }
    }

    pub(super) fn is_kernel(&self) -> bool {
        self.choice == DataPlaneChoice::Kernel
    }

    /// What the children of a connection have been given.
    pub(super) fn of(&self, connection: &str) -> Vec<KernelSettings> {
        let settings = self.settings.iter();
        settings
            .filter(|((of, _), _)| of == connection)
            .map(|(_, settings)| *settings)
            .collect()
    }

    /// Mode of a child and whether it is a trap; what the kernel adds to it is kept.
    pub(super) fn child(
        &mut self,
        source: Source<'_>,
        (connection, name): (&str, &str),
        given: &schema::Child,
        initiates: bool,
    ) -> Checked<(Mode, bool)> {
        let mode = match given.mode {
            Some(schema::Mode::Transport) => Mode::Transport,
            Some(schema::Mode::Tunnel) | None => Mode::Tunnel,
        };
        let key = (connection.to_owned(), name.to_owned());
        let mut trap = false;
        if let Some(start) = &given.start {
            trap = match start.get_ref() {
                schema::Start::None => false,
                schema::Start::Trap if initiates => true,
                schema::Start::Trap => {
                    let what = "start = \"trap\" needs to know the peer; add remote = \"ADDRESS\" to the connection";
                    return Err(source.error(start.span(), what));
                }
            };
        }
        if trap {
            self.traps.insert(key.clone());
        }
        let settings = self.settings(source, given)?;
        if settings != KernelSettings::default() {
            self.settings.insert(key, settings);
        }
        Ok((mode, trap))
    }

    fn settings(&self, source: Source<'_>, given: &schema::Child) -> Checked<KernelSettings> {
        let only = |key: &str, span| {
            let what = format!(
                "{key} is for the kernel's policies; add data_plane = \"kernel\" under [daemon], or leave it out"
            );
            source.error(span, what)
        };
        let mut settings = KernelSettings::default();
        if let Some(mark) = &given.mark {
            if !self.is_kernel() {
                return Err(only("mark", mark.span()));
            }
            let Mark(value, mask) = mark.get_ref().0;
            settings.mark = Some((value, mask));
        }
        if let Some(id) = &given.if_id {
            if !self.is_kernel() {
                return Err(only("if_id", id.span()));
            }
            if *id.get_ref() == 0 {
                let what = "if_id = 0 names no interface; write that of \"ip link add … type xfrm if_id NUMBER\"";
                return Err(source.error(id.span(), what));
            }
            settings.if_id = Some(*id.get_ref());
        }
        Ok(settings)
    }
}
