//! Which hello to try after one that brought no certificates. Pure decisions; the caller connects and counts.

use super::sweep::Missed;
use crate::model::OfferedFor;
use crate::tls::OfferKind;

/// The next offer worth a connection, or `None`. `tried` holds what was sent so far, the first offer included.
/// Where no further offer helps, the first offer's failure is the endpoint's.
pub(crate) fn next_offer(_missed: &Missed, _tried: &[OfferKind]) -> Option<OfferKind> {
    todo!()
}

/// The offer that brings out the chain for `offered_for`; for [`OfferedFor::NoSni`] send it without a name.
pub(crate) fn offer_for(_offered_for: OfferedFor) -> OfferKind {
    todo!()
}
