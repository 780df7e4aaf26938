//! Which hello to try after one that brought no certificates. Pure decisions; the caller connects and counts.

use super::sweep::Missed;
use crate::model::{OfferedFor, Reason, Stage};
use crate::tls::{AlertDescription, OfferKind};

/// The next offer worth a connection, or `None`. `tried` holds what was sent so far, the first offer included.
/// At most two further offers follow [`OfferKind::Everything`]; the offers for one kind of key stand alone, for
/// a refusal of them is the answer. Where no further offer helps, the first offer's failure is the endpoint's.
pub(crate) fn next_offer(missed: &Missed, tried: &[OfferKind]) -> Option<OfferKind> {
    if tried.first() != Some(&OfferKind::Everything) || missed.failure.stage != Stage::Handshake {
        return None;
    }
    let candidates: &[OfferKind] = match (missed.failure.reason, missed.alert) {
        // A server without TLS 1.3 says so to the hello that has nothing else; the suites are still to be tried.
        (Reason::Alert, Some(AlertDescription::protocol_version))
            if tried.contains(&OfferKind::FurtherGroups) =>
        {
            &[OfferKind::RareSuites]
        }
        (Reason::Alert, Some(alert)) => after_alert(alert),
        (Reason::Closed | Reason::Reset, _) => &[OfferKind::Small, OfferKind::Legacy],
        // Waiting is dear: one more try, with the hello that middleboxes let through.
        (Reason::Timeout, _) => &[OfferKind::Small],
        _ => &[],
    };
    let next = candidates.iter().copied().find(|offer| !tried.contains(offer));
    next.filter(|_| tried.len() < 3)
}

fn after_alert(alert: AlertDescription) -> &'static [OfferKind] {
    match alert {
        // Nothing in common: groups that need a share of their own, suites that nobody should need.
        AlertDescription::handshake_failure
        | AlertDescription::insufficient_security
        | AlertDescription::missing_extension => &[OfferKind::FurtherGroups, OfferKind::RareSuites],
        // SSL 3, or an old server that takes a newer version for an error.
        AlertDescription::protocol_version => &[OfferKind::Legacy, OfferKind::Small],
        // Java's word for "no group in common".
        AlertDescription::unexpected_message => &[OfferKind::FurtherGroups, OfferKind::Small],
        // The hello itself was not understood.
        AlertDescription::illegal_parameter
        | AlertDescription::decode_error
        | AlertDescription::record_overflow
        | AlertDescription::unsupported_extension
        | AlertDescription::internal_error
        | AlertDescription::close_notify => &[OfferKind::Small, OfferKind::Legacy],
        _ => &[],
    }
}

/// The offer that brings out the chain for `offered_for`; for [`OfferedFor::NoSni`] send it without a name.
pub(crate) fn offer_for(offered_for: OfferedFor) -> OfferKind {
    match offered_for {
        OfferedFor::Rsa => OfferKind::Rsa,
        OfferedFor::Ecdsa => OfferKind::Ecdsa,
        OfferedFor::Eddsa => OfferKind::Eddsa,
        OfferedFor::MlDsa => OfferKind::MlDsa,
        OfferedFor::NoSni => OfferKind::Everything,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Failure;

    fn missed(stage: Stage, reason: Reason, alert: Option<u8>) -> Missed {
        Missed {
            failure: Failure::new(stage, reason, ""),
            alert: alert.map(AlertDescription),
            hello_retried: false,
            greeted_by: None,
        }
    }

    /// Every offer that follows as long as each fails like the first.
    fn tries(missed: &Missed) -> Vec<OfferKind> {
        let mut tried = vec![OfferKind::Everything];
        while let Some(next) = next_offer(missed, &tried) {
            tried.push(next);
        }
        tried.split_off(1)
    }

    #[test]
    fn a_handshake_failure_leads_to_other_groups_and_suites() {
        let alert = missed(Stage::Handshake, Reason::Alert, Some(40));
        assert_eq!(tries(&alert), [OfferKind::FurtherGroups, OfferKind::RareSuites]);
        let java = missed(Stage::Handshake, Reason::Alert, Some(10));
        assert_eq!(tries(&java), [OfferKind::FurtherGroups, OfferKind::Small]);
    }

    #[test]
    fn a_server_of_rare_suites_without_tls_1_3_is_asked_for_them() {
        let version = missed(Stage::Handshake, Reason::Alert, Some(70));
        let tried = [OfferKind::Everything, OfferKind::FurtherGroups];
        assert_eq!(next_offer(&version, &tried), Some(OfferKind::RareSuites));
    }

    #[test]
    fn a_refused_version_leads_to_the_oldest_hello() {
        let alert = missed(Stage::Handshake, Reason::Alert, Some(70));
        assert_eq!(tries(&alert), [OfferKind::Legacy, OfferKind::Small]);
    }

    #[test]
    fn a_connection_that_breaks_after_the_hello_leads_to_smaller_ones() {
        for reason in [Reason::Closed, Reason::Reset] {
            assert_eq!(tries(&missed(Stage::Handshake, reason, None)), [OfferKind::Small, OfferKind::Legacy]);
        }
        assert_eq!(tries(&missed(Stage::Handshake, Reason::Timeout, None)), [OfferKind::Small]);
    }

    #[test]
    fn a_clear_answer_is_not_asked_for_again() {
        for reason in [Reason::NotTls, Reason::ChainTooLarge, Reason::Malformed, Reason::NoCertificate] {
            assert_eq!(tries(&missed(Stage::Handshake, reason, None)), []);
        }
        // The name is unknown: so it is.
        assert_eq!(tries(&missed(Stage::Handshake, Reason::Alert, Some(112))), []);
    }

    #[test]
    fn nothing_is_tried_where_nobody_answered() {
        for reason in [Reason::Refused, Reason::Timeout, Reason::Reset, Reason::Unreachable] {
            assert_eq!(tries(&missed(Stage::Connect, reason, None)), []);
        }
    }

    #[test]
    fn an_offer_for_one_kind_of_key_stands_alone() {
        let alert = missed(Stage::Handshake, Reason::Alert, Some(40));
        assert_eq!(next_offer(&alert, &[OfferKind::Rsa]), None);
    }

    #[test]
    fn no_sequence_of_failures_costs_more_than_three_connections() {
        let alert = missed(Stage::Handshake, Reason::Alert, Some(40));
        let closed = missed(Stage::Handshake, Reason::Closed, None);
        assert_eq!(
            next_offer(&closed, &[OfferKind::Everything, OfferKind::FurtherGroups]),
            Some(OfferKind::Small)
        );
        assert_eq!(
            next_offer(&alert, &[OfferKind::Everything, OfferKind::FurtherGroups, OfferKind::Small]),
            None
        );
    }
}
