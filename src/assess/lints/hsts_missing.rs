//! `tls.hsts.missing`: a web server does not tell browsers to come back by TLS only (RFC 6797), so that the first request
//! of each visit may be led astray. Info: where every name is on the browsers' lists, or no browser comes, nothing is lost.

use super::Draft;
use crate::assess::view::EndpointView;
use crate::model::{Hsts, Rule, Severity, Verdict};

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    let what = match view.inspection()?.hsts? {
        Hsts::Absent => "answers by HTTP without the header Strict-Transport-Security",
        Hsts::Invalid => {
            "sends a header Strict-Transport-Security that clients pass over, for it breaks its grammar"
        }
        Hsts::Policy { max_age_seconds: 0, .. } => "tells clients to forget that it wants TLS (max-age=0)",
        Hsts::Policy { .. } => return None,
    };
    Draft::new(Rule::HstsMissing, Severity::Info, "Web server has no strict transport security (HSTS)")
        .detail(format!("The server {what}."))
        .group("hsts")
        .remedy(
            "Once every page of the name is to be had by TLS, send \"Strict-Transport-Security: max-age=31536000\" with \
             every answer.",
        )
        .sources(&["RFC 6797 section 7.1"])
        .on_endpoint(view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{finding, is_silent, sound, undetermined};
    use crate::model::Inspection;

    #[test]
    fn a_web_server_without_a_policy_is_told_of() {
        let with = |hsts| Inspection { hsts, ..sound() };
        let policy =
            |max_age_seconds| Hsts::Policy { max_age_seconds, include_subdomains: false, preload: false };
        for (hsts, words) in [
            (Hsts::Absent, "without the header"),
            (Hsts::Invalid, "breaks its grammar"),
            (policy(0), "max-age=0"),
        ] {
            let verdict = finding(&with(Some(hsts)), Rule::HstsMissing);
            assert_eq!(verdict.severity, Severity::Info);
            assert!(verdict.detail.contains(words), "{}", verdict.detail);
        }
        assert!(is_silent(&with(Some(policy(1))), Rule::HstsMissing));
        assert!(is_silent(&with(None), Rule::HstsMissing) && is_silent(&undetermined(), Rule::HstsMissing));
    }
}
