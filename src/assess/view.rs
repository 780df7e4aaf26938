//! What a lint looks at: one chain with its paths, or one endpoint.

use std::sync::Arc;

use super::Context;
use super::issuer::{self, Missing};
use super::keys::KeyFaults;
use super::name::{NameMatch, match_name};
use super::path::{self, Candidates, Fault, Found, PathKey, StorePath, Window};
use super::structure::{End, Structure};
use super::words;
use crate::model::{
    ChainVerdict, Failure, Observation, OfferedFor, Outcome, PathReason, RevocationCheck, RevocationStatus,
    StoreVerdict, TlsFacts, Trust,
};
use crate::x509::{Certificate, Chain, Revoked};

/// One observation.
pub(super) struct EndpointView<'a> {
    pub(super) observation: &'a Observation,
    pub(super) context: &'a Context<'a>,
}

impl<'a> EndpointView<'a> {
    /// What was negotiated; `None` after a failure and for files.
    pub(super) fn tls(&self) -> Option<&'a TlsFacts> {
        match &self.observation.outcome {
            Outcome::Handshake(handshake) => Some(&handshake.tls),
            _ => None,
        }
    }

    pub(super) fn failure(&self) -> Option<&'a Failure> {
        match &self.observation.outcome {
            Outcome::Failure(failure) => Some(failure),
            _ => None,
        }
    }
}

/// One chain, judged against every store.
pub(super) struct ChainView<'a> {
    pub(super) observation: &'a Observation,
    pub(super) context: &'a Context<'a>,
    pub(super) chain: &'a Chain,
    pub(super) offered_for: Option<OfferedFor>,
    pub(super) structure: Arc<Structure>,
    pub(super) standing: Standing,
    pub(super) name_match: NameMatch,
    /// One for each store.
    paths: Vec<Arc<StorePath>>,
}

/// Where the chain stands over all stores together: the best that any of them says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// No store was chosen, or no certificate was served.
    NotAsked,
    /// Trusted by the store at this position.
    Trusted(usize),
    /// Would be trusted by the store at this position, were it the time.
    OnlyTime(usize),
    /// The store at this position has the anchor or refuses the certificate for what it is.
    Faulty(usize),
    SelfSigned,
    Incomplete(Missing),
    UnknownIssuer,
}

impl<'a> ChainView<'a> {
    pub(super) fn new(
        observation: &'a Observation,
        chain: &'a Chain,
        offered_for: Option<OfferedFor>,
        context: &'a Context<'a>,
    ) -> Self {
        let (structure, paths) = judge_paths(chain, context);
        let standing = standing(chain, &structure, &paths, context);
        // Whoever sends no name gets the default certificate: there is no name to match it with.
        let name =
            observation.endpoint.server_name.as_ref().filter(|_| offered_for != Some(OfferedFor::NoSni));
        let name_match = chain.end_entity().map_or(NameMatch::NotJudged, |c| match_name(name, c));
        Self { observation, context, chain, offered_for, structure, standing, name_match, paths }
    }

    pub(super) fn end_entity(&self) -> Option<&'a Arc<Certificate>> {
        self.chain.end_entity()
    }

    pub(super) fn certificate(&self, index: usize) -> Option<&'a Arc<Certificate>> {
        self.chain.certificates.get(index)
    }

    /// The certificates that matter, end-entity first: those of the path; where there is none, those that belong
    /// together without a root.
    pub(super) fn path(&self) -> impl Iterator<Item = (usize, &'a Arc<Certificate>)> + '_ {
        let best = match self.standing {
            Standing::Trusted(store) | Standing::OnlyTime(store) | Standing::Faulty(store) => {
                self.paths.get(store).map(|p| &*p.indices).filter(|indices| !indices.is_empty())
            }
            _ => None,
        };
        best.unwrap_or_else(|| self.structure.climb_below_root())
            .iter()
            .filter_map(|index| Some((*index, self.chain.certificates.get(*index)?)))
    }

    /// The first certificate of the path with this fault of its key.
    pub(super) fn faulty_key<T>(
        &self,
        fault: impl Fn(&KeyFaults) -> Option<T>,
    ) -> Option<(T, &'a Arc<Certificate>)> {
        let faults = |certificate: &Arc<Certificate>| self.context.paths.key_faults(certificate);
        self.path().find_map(|(_, certificate)| Some((fault(&faults(certificate))?, certificate)))
    }

    /// Certificates of the path whose signature somebody relies on: not a self-signed one.
    pub(super) fn signed_path(&self) -> impl Iterator<Item = (usize, &'a Arc<Certificate>)> + '_ {
        let is_self_signed = self.structure.end == End::SelfSigned;
        self.path().filter(move |(index, _)| *index != 0 || !is_self_signed)
    }

    /// Every public store that was chosen trusts the chain, and there is one. A private root that somebody installed
    /// in the system's store makes no public authority of it: Mozilla's does not have it.
    pub(super) fn is_publicly_trusted(&self) -> bool {
        let mut public =
            self.paths.iter().zip(self.context.stores).filter(|(_, store)| store.info.is_public).peekable();
        public.peek().is_some() && public.all(|(path, _)| path.fault.is_none())
    }

    /// The first certificate of the chain that is known to be revoked.
    pub(super) fn revoked(&self) -> Option<(&'a Arc<Certificate>, &'a RevocationCheck, Revoked)> {
        let Outcome::Handshake(handshake) = &self.observation.outcome else { return None };
        let checks = &handshake.gathered.as_ref()?.revocation;
        self.chain.certificates.iter().find_map(|certificate| {
            let check = checks.iter().find(|check| check.certificate == certificate.sha256)?;
            match check.status {
                RevocationStatus::Revoked(revoked) => Some((certificate, check, revoked)),
                RevocationStatus::Good | RevocationStatus::NotDetermined(_) => None,
            }
        })
    }

    /// The fault that the store at `store` finds.
    pub(super) fn fault(&self, store: usize) -> Option<&Fault> {
        self.paths.get(store)?.fault.as_ref()
    }

    /// `mozilla 2026-10, system`: the stores that were asked.
    pub(super) fn store_names(&self) -> String {
        let names: Vec<_> = self.context.stores.iter().map(|s| &*s.info.name).collect();
        names.join(", ")
    }

    pub(super) fn verdict(&self) -> ChainVerdict {
        // What was taken back is trusted by nobody, whatever the stores say of its path.
        let revoked = self.revoked().map(|(certificate, ..)| {
            let why = format!("{} was revoked by its issuer", words::certificate(certificate));
            path::sentence(PathReason::Revoked, &why)
        });
        let stores = self.paths.iter().zip(self.context.stores).map(|(path, store)| {
            let refusal = path.fault.as_ref().map(|fault| (self.reason(fault, path), fault));
            let detail = refusal.map(|(reason, fault)| path::sentence(reason, &self.why(reason, fault)));
            StoreVerdict {
                store: Arc::clone(&store.info.name),
                reason: refusal.map(|(reason, _)| reason).or(revoked.as_ref().map(|_| PathReason::Revoked)),
                detail: detail.or_else(|| revoked.clone()),
                path: if revoked.is_some() { Vec::new() } else { self.fingerprints(path) },
            }
        });
        ChainVerdict {
            offered_for: self.offered_for,
            trust: Trust { stores: stores.collect() },
            name_match: self.name_match.as_bool(),
        }
    }

    fn reason(&self, fault: &Fault, path: &StorePath) -> PathReason {
        match (&self.standing, fault.reason) {
            _ if self.structure.end == End::SelfSigned && path.indices.is_empty() => PathReason::SelfSigned,
            (Standing::Incomplete(_), PathReason::UnknownIssuer) => PathReason::IncompleteChain,
            (_, reason) => reason,
        }
    }

    /// Which certificate it is, and what is wrong with it.
    fn why(&self, reason: PathReason, fault: &Fault) -> String {
        let top = self.structure.climb.last().and_then(|index| self.certificate(*index));
        match (reason, &self.standing) {
            (PathReason::SelfSigned, _) => {
                let certificate = self.end_entity().map(|c| words::certificate(c)).unwrap_or_default();
                format!("{certificate} is signed by its own key and is not in the store")
            }
            (PathReason::IncompleteChain, Standing::Incomplete(missing)) => format!(
                "the certificate of {}, which signed {}, is not served",
                words::issuer(&missing.child),
                words::certificate(&missing.child)
            ),
            (PathReason::UnknownIssuer, _) if fault.certificate.is_none() => match top {
                Some(top) if self.structure.end == End::Root => {
                    format!("the root {} that the server sends is not in the store", words::certificate(top))
                }
                Some(top) => {
                    format!(
                        "{}, which issued {}, is not in the store",
                        words::issuer(top),
                        words::certificate(top)
                    )
                }
                None => fault.why.clone(),
            },
            _ => fault.why.clone(),
        }
    }

    fn fingerprints(&self, path: &StorePath) -> Vec<crate::x509::Fingerprint> {
        if path.fault.is_some() {
            return Vec::new();
        }
        // The anchor is part of the path where it was served.
        let root = match self.structure.climb.split_last() {
            Some((root, below)) if self.structure.end == End::Root && *below == *path.indices => Some(root),
            _ => None,
        };
        let sha256 = |index: &usize| self.chain.certificates.get(*index).map(|c| c.sha256);
        path.indices.iter().chain(root).filter_map(sha256).collect()
    }
}

/// Structure and one path verdict for each store: from the cache where they hold, else worked out and kept.
fn judge_paths(chain: &Chain, context: &Context<'_>) -> (Arc<Structure>, Vec<Arc<StorePath>>) {
    if chain.certificates.is_empty() {
        let nothing = Structure { climb: Box::default(), end: End::Dangling, superfluous: Box::default() };
        return (Arc::new(nothing), Vec::new());
    }
    let key = |store: usize| {
        let store = context.stores.get(store)?.info.sha256;
        Some(PathKey { chain: chain.digest, store })
    };
    let known: Vec<_> =
        (0..context.stores.len()).map(|store| context.paths.path(&key(store)?, context.now)).collect();
    let structure = context.paths.structure(&chain.digest);
    if let (Some(structure), true) = (&structure, known.iter().all(Option::is_some)) {
        return (Arc::clone(structure), known.into_iter().flatten().collect());
    }
    let candidates = Candidates::new(chain, []);
    let found = find_paths(&candidates, &known, context);
    let structure = structure.unwrap_or_else(|| {
        let proven = found.iter().find_map(|f| f.as_ref().and_then(|f| f.as_ref().ok()).map(|f| &*f.indices));
        let structure = Arc::new(Structure::read(chain, proven));
        context.paths.keep_structure(chain.digest, Arc::clone(&structure));
        structure
    });
    let paths = found.into_iter().zip(known).enumerate().filter_map(|(store, (found, known))| {
        let Some(found) = found else { return known };
        let path = Arc::new(match found {
            Ok(found) => StorePath {
                fault: None,
                indices: found.indices,
                window: Window::around(context.now, candidates.iter()),
            },
            Err(refusal) => {
                path::explain(&refusal, &candidates, &structure, context.stores.get(store)?, context.now)
            }
        });
        context.paths.keep_path(key(store)?, Arc::clone(&path));
        Some(path)
    });
    let paths = paths.collect();
    (structure, paths)
}

/// webpki's answer for each store of which nothing is known yet (`None` elsewhere). A path is searched once for all
/// stores that have its anchor.
fn find_paths(
    candidates: &Candidates<'_>,
    known: &[Option<Arc<StorePath>>],
    context: &Context<'_>,
) -> Vec<Option<Result<Found, webpki::Error>>> {
    let mut answers: Vec<Option<Result<Found, webpki::Error>>> = Vec::with_capacity(known.len());
    for (known, store) in known.iter().zip(context.stores) {
        if known.is_some() {
            answers.push(None);
            continue;
        }
        let shared = answers.iter().zip(context.stores).find_map(|(answer, from)| match answer {
            Some(Ok(found)) => path::share(found, from, store),
            _ => None,
        });
        answers.push(Some(match shared {
            Some(found) => Ok(found),
            None => path::find(candidates, store, context.now),
        }));
    }
    answers
}

fn standing(
    chain: &Chain,
    structure: &Structure,
    paths: &[Arc<StorePath>],
    context: &Context<'_>,
) -> Standing {
    let position = |is_it: &dyn Fn(&StorePath) -> bool| paths.iter().position(|path| is_it(path));
    let reason = |path: &StorePath| path.fault.as_ref().map(|fault| fault.reason);
    if paths.is_empty() {
        return Standing::NotAsked;
    }
    if let Some(store) = position(&|path| path.fault.is_none()) {
        return Standing::Trusted(store);
    }
    let is_time =
        |path: &StorePath| matches!(reason(path), Some(PathReason::Expired | PathReason::NotYetValid));
    if let Some(store) = position(&|path| is_time(path) && !path.indices.is_empty()) {
        return Standing::OnlyTime(store);
    }
    if let Some(store) = position(&|path| !path.indices.is_empty()) {
        return Standing::Faulty(store);
    }
    if structure.end == End::SelfSigned {
        return Standing::SelfSigned;
    }
    if let Some(store) = position(&|path| reason(path) != Some(PathReason::UnknownIssuer)) {
        return Standing::Faulty(store);
    }
    match issuer::classify(chain, structure, context) {
        (_, Some(missing)) => Standing::Incomplete(missing),
        _ => Standing::UnknownIssuer,
    }
}
