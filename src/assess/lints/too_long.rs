//! `x509.validity.too_long`: an end-entity certificate of a public authority lives longer than the Baseline
//! Requirements allow for its day of issue (section 6.3.2; a part of a day counts as a day, both ends are included).
//!
//! Private authorities are bound by no such rule and are not judged.

use super::Draft;
use crate::assess::view::ChainView;
use crate::assess::words;
use crate::model::{Rule, Severity, Verdict};
use crate::time::{DAY_SECONDS, UnixTime};

/// From here on there is a limit.
pub(super) const FIRST_LIMIT: UnixTime = UnixTime(1_467_331_200); // 2016-07-01

/// Day of issue (notBefore) from which a limit in days holds: Baseline Requirements 6.3.2, ballots 193, SC31
/// follow-up and SC-081v3. The first was 39 months, of which the longest have 1,188 days.
const LIMITS: [(UnixTime, i64); 6] = [
    (FIRST_LIMIT, 1_188),
    (UnixTime(1_519_862_400), 825), // 2018-03-01
    (UnixTime(1_598_918_400), 398), // 2020-09-01
    (UnixTime(1_773_532_800), 200), // 2026-03-15
    (UnixTime(1_805_068_800), 100), // 2027-03-15
    (UnixTime(1_868_227_200), 47),  // 2029-03-15
];

pub(super) const REFERENCES: &[&str] = &[
    "CA/Browser Forum TLS Baseline Requirements section 6.3.2",
    "zlint e_server_cert_valid_time_longer_than_200_days",
    "zlint e_tls_server_cert_valid_time_longer_than_398_days",
    "zlint e_sub_cert_valid_time_longer_than_825_days",
    "zlint e_sub_cert_valid_time_longer_than_39_months",
];

pub(super) fn judge(view: &ChainView<'_>) -> Option<Verdict> {
    let certificate = view.end_entity()?;
    let (issued, seconds) = (certificate.not_before?, certificate.validity_seconds()?);
    let limit = limit_days(issued)?;
    let days = days_rounded_up(seconds);
    if days <= limit || !view.is_publicly_trusted() {
        return None;
    }
    Draft::new(Rule::TooLong, Severity::Medium, "Certificate lives longer than public authorities may issue")
        .detail(format!(
            "{} is valid for {days} days; one issued on {issued} may be for {limit}.",
            words::certificate(certificate)
        ))
        .about(certificate)
        .fact("days", days)
        .fact("limit_days", limit)
        .remedy("Replace it: browsers refuse it, and its issuer has to revoke it.")
        .sources(REFERENCES)
        .on_chain(view)
}

/// Days allowed for a certificate issued at `issued`; `None` before the first limit.
pub(super) fn limit_days(issued: UnixTime) -> Option<i64> {
    LIMITS.iter().rev().find(|(from, _)| issued >= *from).map(|(_, days)| *days)
}

pub(super) fn days_rounded_up(seconds: i64) -> i64 {
    seconds.saturating_add(DAY_SECONDS - 1).div_euclid(DAY_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_follow_the_day_of_issue() {
        for (day, limit) in [
            ("2016-06-30", None),
            ("2016-07-01", Some(1_188)),
            ("2018-02-28", Some(1_188)),
            ("2018-03-01", Some(825)),
            ("2020-08-31", Some(825)),
            ("2020-09-01", Some(398)),
            ("2026-03-14", Some(398)),
            ("2026-03-15", Some(200)),
            ("2027-03-15", Some(100)),
            ("2029-03-14", Some(100)),
            ("2029-03-15", Some(47)),
        ] {
            assert_eq!(limit_days(UnixTime::parse(day).unwrap()), limit, "{day}");
        }
    }

    #[test]
    fn a_part_of_a_day_counts_as_a_day() {
        assert_eq!(days_rounded_up(200 * DAY_SECONDS), 200);
        assert_eq!(days_rounded_up(200 * DAY_SECONDS + 1), 201);
        assert_eq!(days_rounded_up(0), 0);
    }
}
