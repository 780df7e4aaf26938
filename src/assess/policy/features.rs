//! Rules on what a server does beside its suites and groups.

use super::facts::{Facts, as_tls};
use super::said::{Said, Why, listed};
use crate::model::{Feature, Features, When};
use crate::tls::ProtocolVersion;

/// Whether a server has a feature, as far as it was looked at.
enum State {
    Known(bool),
    Unknown,
    /// Nothing that the server speaks has it.
    Absent,
}

pub(super) fn judge(required: &[Feature], forbidden: &[Feature], when: &When, facts: &Facts<'_>) -> Said {
    if when.cbc && !facts.suites(&Whole::WHEN).any(|suite| suite.is_cbc()) {
        return if facts.suites_are_whole(&Whole::WHEN) {
            Why::NoCbc.not_applicable()
        } else {
            Why::SomeSuites.not_determined()
        };
    }
    let (mut lacking, mut unwanted) = (Vec::new(), Vec::new());
    let (mut is_open, mut is_there) = (false, false);
    for (features, wanted) in [(required, true), (forbidden, false)] {
        for feature in features {
            match state(*feature, facts) {
                State::Known(has) if has == wanted => is_there = true,
                State::Known(true) => unwanted.push(feature.text()),
                State::Known(false) => lacking.push(feature.text()),
                State::Unknown => is_open = true,
                State::Absent => is_there |= !wanted,
            }
        }
    }
    if !unwanted.is_empty() {
        Said::broken(format!("The server has {}, which must be off.", listed(&unwanted)))
    } else if !lacking.is_empty() {
        Said::broken(format!("The server lacks {}.", listed(&lacking)))
    } else if is_open {
        Why::FeatureUnknown.not_determined()
    } else if is_there {
        Said::Kept
    } else {
        Why::NoFeature.not_applicable()
    }
}

/// No condition.
struct Whole;

impl Whole {
    const WHEN: When = When {
        algorithms: Vec::new(),
        public_ca: None,
        versions: Vec::new(),
        position: None,
        lifetime_up_to_days: None,
        lifetime_over_days: None,
        cbc: false,
        ocsp_url: false,
    };
}

fn state(feature: Feature, facts: &Facts<'_>) -> State {
    let known = |value: Option<bool>| value.map_or(State::Unknown, State::Known);
    let features = facts.inspection().map(|inspection| &inspection.features);
    let seen = |read: fn(&Features) -> Option<bool>| known(features.and_then(read));
    match feature {
        Feature::OcspStapling => known(
            features
                .and_then(|features| features.ocsp_stapling)
                .or(facts.tls().and_then(|tls| tls.ocsp_stapled)),
        ),
        Feature::EarlyData => seen(|features| features.early_data_bytes.map(|bytes| bytes > 0)),
        Feature::ServerOrder => server_order(facts),
        Feature::Heartbeat => seen(|features| features.heartbeat),
        // What follows ended with TLS 1.2.
        _ if speaks_no_old_version(facts) => State::Absent,
        Feature::Compression => compression(facts),
        Feature::SecureRenegotiation => seen(|features| features.secure_renegotiation),
        Feature::ClientRenegotiation => seen(|features| features.client_renegotiation),
        Feature::ExtendedMasterSecret => seen(|features| features.extended_master_secret),
        Feature::EncryptThenMac => seen(|features| features.encrypt_then_mac),
        Feature::FallbackScsv if has_nothing_to_fall_back_to(facts) => State::Absent,
        Feature::FallbackScsv => seen(|features| features.fallback_scsv),
    }
}

const OLD: [ProtocolVersion; 4] =
    [ProtocolVersion::SSLv3, ProtocolVersion::TLSv1_0, ProtocolVersion::TLSv1_1, ProtocolVersion::TLSv1_2];

fn speaks_no_old_version(facts: &Facts<'_>) -> bool {
    OLD.into_iter().all(|version| facts.speaks(version) == Some(false))
}

fn has_nothing_to_fall_back_to(facts: &Facts<'_>) -> bool {
    let may_be = OLD
        .into_iter()
        .chain([ProtocolVersion::TLSv1_3])
        .filter(|version| facts.speaks(*version) != Some(false));
    may_be.count() < 2
}

fn compression(facts: &Facts<'_>) -> State {
    let versions = facts.inspection().map(|inspection| inspection.versions.as_slice()).unwrap_or_default();
    let old = || versions.iter().filter(|facts| OLD.contains(&as_tls(facts.version)));
    if old().any(|facts| facts.compression == Some(true)) {
        State::Known(true)
    } else if old().next().is_some()
        && old().all(|facts| facts.offered == Some(false) || facts.compression == Some(false))
    {
        State::Known(false)
    } else {
        State::Unknown
    }
}

fn server_order(facts: &Facts<'_>) -> State {
    let versions = facts.inspection().map(|inspection| inspection.versions.as_slice()).unwrap_or_default();
    let orders = || versions.iter().filter_map(|facts| facts.server_order);
    if orders().any(|order| !order) {
        State::Known(false)
    } else if orders().next().is_some() {
        State::Known(true)
    } else if facts.suites_are_whole(&Whole::WHEN) {
        State::Absent
    } else {
        State::Unknown
    }
}
