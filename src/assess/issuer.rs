//! Unknown issuer, incomplete chain, or self-signed: three states that look alike to a path builder.
//!
//! A store that gives no path has no anchor above the served certificates. Which finding that is:
//!
//! 1. *Self-signed*: the end-entity certificate is signed by its own key. By signature, never by equal names.
//! 2. *Unknown issuer*: the server sends the chain up to a self-signed root, and no store has that root. Nothing is
//!    missing on the server; trust is missing on the client.
//! 3. The issuer of the last certificate is not served. A root need not be served (RFC 5246 section 7.4.2), so this
//!    alone says nothing. It is an *incomplete chain* where there is a reason to think that the issuer is an
//!    intermediate:
//!    * another endpoint served a certificate of that issuer, its key verifies the signature, and with it the path
//!      holds: certain, and the intermediate is named. (It does not hold, or that certificate is the self-signed
//!      root: unknown issuer.)
//!    * only the end-entity certificate is served, and a public authority issued it (embedded timestamps, or a
//!      CA/Browser Forum policy): roots must not sign such certificates (Baseline Requirements 6.1.7).
//!    * only the end-entity certificate is served, and it says where to fetch its issuer (caIssuers): the issuer
//!      expects clients to need it. On an intermediate this says nothing: there it leads to the root.
//!    * the issuer calls itself intermediate, issuing or subordinate, and not root.
//!    * only the end-entity certificate is served, and its issuer bears the organisation of an anchor in a store
//!      that the user chose beside the public ones, and does not call itself root.
//!
//!    Otherwise it is an *unknown issuer*: small private authorities sign with their root and serve one certificate
//!    (Kubernetes, registries, appliances), and "incomplete" would send their owners looking for what is not there.

use std::sync::Arc;

use super::Context;
use super::path::{self, Candidates};
use super::structure::{End, Structure};
use crate::model::{PathReason, TrustStore};
use crate::x509::{Certificate, Chain, Fingerprint};

/// Intermediates from other endpoints that may stand between the served chain and an anchor.
const MAX_KNOWN: usize = 4;
/// Certificates of one name that are tried at each step.
const MAX_NAMESAKES: usize = 8;

/// What is missing, and how we know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missing {
    /// The served certificate whose issuer is missing.
    pub(crate) child: Arc<Certificate>,
    pub(crate) hint: Hint,
}

/// Why the missing issuer is held to be an intermediate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Hint {
    /// Other endpoints served it, and with it the path holds: the missing certificates, lowest first.
    Known(Vec<Arc<Certificate>>),
    PublicAuthority,
    CaIssuers,
    CallsItselfIntermediate,
    Organisation,
}

/// Sharpens "unknown issuer" for a chain that no store trusts.
pub(crate) fn classify(
    chain: &Chain,
    structure: &Structure,
    context: &Context<'_>,
) -> (PathReason, Option<Missing>) {
    match structure.end {
        End::SelfSigned => return (PathReason::SelfSigned, None),
        End::Root | End::BadSignature => return (PathReason::UnknownIssuer, None),
        End::Dangling => {}
    }
    let Some(top) = structure.climb.last().and_then(|index| chain.certificates.get(*index)) else {
        return (PathReason::UnknownIssuer, None);
    };
    let incomplete = |hint| (PathReason::IncompleteChain, Some(Missing { child: Arc::clone(top), hint }));
    let known = known_issuers(top, context);
    if !known.is_empty() {
        let holds = completes(chain, &known, context);
        return if holds { incomplete(Hint::Known(known)) } else { (PathReason::UnknownIssuer, None) };
    }
    let is_alone = structure.climb.len() == 1;
    match hint(top, is_alone, context.stores) {
        Some(hint) => incomplete(hint),
        None => (PathReason::UnknownIssuer, None),
    }
}

/// The issuers of `top` that other endpoints served, by signature, upwards; a self-signed root ends the walk.
fn known_issuers(top: &Arc<Certificate>, context: &Context<'_>) -> Vec<Arc<Certificate>> {
    let mut found: Vec<Arc<Certificate>> = Vec::new();
    let mut at = Arc::clone(top);
    while found.len() < MAX_KNOWN && !at.is_self_issued() {
        let issuer =
            context.inventory.issuers(&at.issuer.der).into_iter().take(MAX_NAMESAKES).find(|candidate| {
                candidate.subject.der == at.issuer.der
                    && !found.iter().any(|f| f.sha256 == candidate.sha256)
                    && context.paths.is_signed(&at, candidate)
            });
        let Some(issuer) = issuer else { break };
        found.push(Arc::clone(&issuer));
        at = issuer;
    }
    found
}

/// Whether the chain leads to an anchor with `known` behind it. At any time: where the completed path has a fault of
/// its own, such as an expired certificate, that is said too.
fn completes(chain: &Chain, known: &[Arc<Certificate>], context: &Context<'_>) -> bool {
    let stores = context.stores.iter().map(|store| store.info.sha256);
    let parts: Vec<u8> = known.iter().map(|c| c.sha256).chain(stores).flat_map(|sha256| sha256.0).collect();
    context.paths.completes(chain.digest, Fingerprint::of(&parts), || {
        let candidates = Candidates::new(chain, known.iter().map(|c| &**c));
        context.stores.iter().any(|store| path::would_hold(&candidates, store, context.now))
    })
}

fn hint(top: &Certificate, is_alone: bool, stores: &[TrustStore]) -> Option<Hint> {
    let calls_itself = |words: &[&str]| {
        let name = top.issuer.label().raw().to_lowercase();
        name.split(|c: char| !c.is_alphanumeric()).any(|word| words.contains(&word))
    };
    let is_root_by_name = calls_itself(&["root"]);
    if is_alone && (!top.scts.is_empty() || top.validation_level.is_some()) {
        Some(Hint::PublicAuthority)
    } else if is_alone && !top.ca_issuers_urls.is_empty() {
        Some(Hint::CaIssuers)
    } else if calls_itself(&["intermediate", "issuing", "subordinate", "sub"]) && !is_root_by_name {
        Some(Hint::CallsItselfIntermediate)
    } else if is_alone && !is_root_by_name && bears_organisation_of_a_private_anchor(top, stores) {
        Some(Hint::Organisation)
    } else {
        None
    }
}

fn bears_organisation_of_a_private_anchor(top: &Certificate, stores: &[TrustStore]) -> bool {
    let Some(organisation) = top.issuer.attribute("O").map(|o| o.raw().as_bytes()) else { return false };
    let Ok(length) = u8::try_from(organisation.len()) else { return false };
    if organisation.is_empty() || length > 127 {
        return false;
    }
    stores.iter().filter(|store| !store.info.is_public).flat_map(|store| &store.anchors).any(|anchor| {
        // organizationName (2.5.4.10) as UTF8String or PrintableString.
        [0x0c, 0x13].into_iter().any(|tag| {
            let mut attribute = vec![0x06, 0x03, 0x55, 0x04, 0x0a, tag, length];
            attribute.extend_from_slice(organisation);
            anchor.subject.as_ref().windows(attribute.len()).any(|window| window == attribute)
        })
    })
}
