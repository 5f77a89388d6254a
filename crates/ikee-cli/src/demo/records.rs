//! The files that a user asked for: a capture, key tables.

use core::net::SocketAddr;
use core::time::Duration;
use std::path::PathBuf;

use ikee_daemon::keylog::KeyTables;
use ikee_daemon::pcap::Capture;

use super::endpoint::KeyLog;
use super::world::DemoError;
use crate::args::DemoArgs;

/// The files that were asked for.
pub(super) struct Records {
    /// The wall clock when our clock started.
    origin: Duration,
    capture: Option<(PathBuf, Capture)>,
    keys: Option<(PathBuf, KeyTables)>,
}

impl Records {
    #[expect(
        clippy::disallowed_methods,
        reason = "a capture carries the wall clock"
    )]
    pub(super) fn open(arguments: &DemoArgs) -> Result<Self, DemoError> {
        let origin = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        let failed = |path: &PathBuf| {
            let path = path.clone();
            move |error| DemoError::File { path, error }
        };
        let capture = arguments.pcap.as_ref().map(|path| {
            Capture::create(path)
                .map(|capture| (path.clone(), capture))
                .map_err(failed(path))
        });
        let keys = arguments.keylog.as_ref().map(|path| {
            KeyTables::create(path)
                .map(|tables| (path.clone(), tables))
                .map_err(failed(path))
        });
        Ok(Self {
            origin,
            capture: capture.transpose()?,
            keys: keys.transpose()?,
        })
    }

    pub(super) fn datagram(
        &mut self,
        at: Duration,
        from: SocketAddr,
        to: SocketAddr,
        bytes: &[u8],
    ) -> Result<(), DemoError> {
        let Some((path, capture)) = &mut self.capture else {
            return Ok(());
        };
        let written = capture.datagram(self.origin + at, from, to, bytes);
        written.map_err(|error| DemoError::File {
            path: path.clone(),
            error,
        })
    }

    pub(super) fn keys(&mut self, keys: &KeyLog) -> Result<(), DemoError> {
        let Some((path, tables)) = &mut self.keys else {
            return Ok(());
        };
        tables.write(keys.keys()).map_err(|error| DemoError::File {
            path: path.clone(),
            error,
        })
    }

    pub(super) fn finish(&mut self) -> Result<(), DemoError> {
        let Some((path, capture)) = self.capture.take() else {
            return Ok(());
        };
        capture
            .finish()
            .map_err(|error| DemoError::File { path, error })
    }
}
