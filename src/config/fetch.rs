//! `[revocation]` and `[fetch]` of a profile: what is asked of others about certificates, and where that may lead.

use serde::Deserialize;

use super::duration::HumanDuration;
use super::ownership::Network;
use super::written::named;
use crate::model::RevocationChoice;

/// `[revocation]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RevocationSettings {
    #[serde(deserialize_with = "check")]
    pub check: Option<RevocationChoice>,
}

/// `[fetch]`: `None` leaves the default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FetchSettings {
    /// Special networks (loopback, private, …) that may be asked, on any port.
    pub allow: Vec<Network>,
    /// For an OCSP response.
    pub timeout: Option<HumanDuration>,
    /// For a certificate revocation list.
    pub list_timeout: Option<HumanDuration>,
    /// Of one certificate revocation list.
    pub largest_list_mib: Option<std::num::NonZeroU32>,
    /// Questions a second to one host.
    pub per_host_rate: Option<std::num::NonZeroU32>,
}

fn check<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<RevocationChoice>, D::Error> {
    named(deserializer, |text| text.parse().ok(), "none, stapled, ocsp, crl or all").map(Some)
}
