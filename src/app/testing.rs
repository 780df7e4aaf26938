//! Scans for the tests of this room.

use crate::model::{Counts, Depth, Scan, ScanId, ScanParameters, ScanState, StartTlsChoice, Transport};
use crate::time::{DAY_SECONDS, UnixTime};

/// A scan of profile `web` that begins at `at`; its id has the day.
pub(super) fn scan(at: UnixTime) -> Scan {
    Scan {
        id: ScanId(format!("scan-{}", at.0 / DAY_SECONDS)),
        profile: Some("web".to_owned()),
        started_at: at,
        finished_at: None,
        state: ScanState::Running,
        vantage: String::new(),
        actor: String::new(),
        parameters: ScanParameters {
            targets: Vec::new(),
            ports: "443".to_owned(),
            depth: Depth::Standard,
            starttls: StartTlsChoice::Never,
            transports: vec![Transport::Tcp],
            rate: None,
            resolver: None,
            profile_sha256: None,
            profile_source: None,
            trust: Vec::new(),
        },
        exclusions: Vec::new(),
        counts: Counts::default(),
    }
}
