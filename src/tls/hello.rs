//! ClientHello on the wire (RFC 8446 section 4.1.2).

use super::{KeyShares, OfferKind};

/// Random bytes of one visit; all of them are used up.
pub type VisitRandom = [u8; 96];

/// A hello ready to be patched.
#[derive(Debug)]
pub struct HelloTemplate {}

/// One template per offer, built once per scan.
#[derive(Debug)]
pub struct HelloTemplates {}

impl HelloTemplates {
    pub fn new(_key_shares: KeyShares) -> Self {
        Self {}
    }

    pub fn get(&self, _kind: OfferKind) -> &HelloTemplate {
        todo!()
    }
}

/// A hello of one visit.
#[derive(Debug)]
pub struct Hello {}
