//! What a hello offers: versions, cipher suites, groups and signature schemes. Never decides which offer to send.

/// How the key shares of a hello are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyShares {
    #[default]
    BasePoint,
    Fresh,
}

/// The offers there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OfferKind {
    Everything,
    Rsa,
    Ecdsa,
    Eddsa,
    MlDsa,
    FurtherGroups,
    RareSuites,
    Small,
    Legacy,
}

/// Everything that a hello offers.
#[derive(Debug, Clone)]
pub struct Offer {}
