//! The inventory: certificates, endpoints, their history, and what changed between scans.

mod factor;
mod readiness;

use std::io::Write;
use std::time::Duration;

pub use factor::{FactorRequest, factor};
pub use readiness::{ReadinessQuery, readiness};

use super::AppError;
use super::judge::{Judge, Past};
use super::kept::Kept;
use super::parts::Parts;
use super::report::{ListForm, write_list};
use crate::model::{EndpointId, Observation, OtherChain, Outcome, Severity};
use crate::report::{diff_table, history_table, inventory_table, show_table};
use crate::store::{self, ChangeKind, EndpointSpan, Flow, Store, StoredCertificate};
use crate::text::Untrusted;
use crate::time::UnixTime;
use crate::wire::v1::{
    CertificateReference, CertificateView, Change, ChangedEndpoint, DiffDocument, EndpointReference,
    HistoryDocument, HistoryEntry, InventoryDocument, InventoryRow, InventoryView, ReplacedCertificate,
    ScanReference, ServedCertificate, ShowDocument, Timestamp, certificate_document, endpoint_document,
    outcome_document,
};
use crate::x509::verify::SignatureCheck;
use crate::x509::{self, Certificate, Chain, Fingerprint};

/// Changes of one kind shown in a table.
const DIFF_LIMIT: usize = 50;
/// Fewer digits of a fingerprint than this say too little.
const LEAST_DIGITS: usize = 8;

/// Which certificates to list.
#[derive(Debug, Clone, Default)]
pub struct ListQuery {
    /// Only those that end within this time from now, the expired ones among them.
    pub expires_within: Option<Duration>,
    /// Only those whose issuer contains this text, whatever the case.
    pub issuer: Option<String>,
    pub limit: usize,
}

/// Lists certificates, the soonest to expire first.
///
/// # Errors
/// There is no record, it cannot be read, or the list not written.
pub fn list(parts: &Parts, query: &ListQuery, form: ListForm, out: &mut dyn Write) -> Result<(), AppError> {
    let store = parts.read_store()?;
    let now = parts.clock.now();
    let until = query
        .expires_within
        .map(|within| now.plus_seconds(i64::try_from(within.as_secs()).unwrap_or(i64::MAX)));
    let (found, total) = soonest(&store, until, query)?;
    let rows =
        found.iter().map(|(stored, certificate)| InventoryRow::of(&row_view(stored, certificate))).collect();
    let document = InventoryDocument::new(now, total, rows);
    let next = "certvigil inventory show SHA256 tells who serves it";
    write_list(form, now, &document, |options| inventory_table(&document, options, next), out)
}

/// The first of those asked for, and how many there are in all. Without a filter only those shown are read.
fn soonest(
    store: &Store,
    until: Option<UnixTime>,
    query: &ListQuery,
) -> Result<(Vec<(StoredCertificate, Certificate)>, u64), AppError> {
    let issuer = query.issuer.as_ref().map(|text| text.to_lowercase());
    let mut found = Vec::new();
    let mut total = 0;
    store.each_by_expiry(until, |stored| {
        if issuer.is_none() && found.len() == query.limit {
            return Flow::Break(());
        }
        let certificate = x509::read(&stored.der);
        let is_wanted = |text: &String| certificate.issuer.text.raw().to_lowercase().contains(text);
        if issuer.as_ref().is_none_or(is_wanted) {
            total += 1;
            if found.len() < query.limit {
                found.push((stored, certificate));
            }
        }
        Flow::Continue(())
    })?;
    if issuer.is_none() {
        total = store.count_by_expiry(until)?;
    }
    Ok((found, total))
}

fn row_view<'a>(stored: &StoredCertificate, certificate: &'a Certificate) -> InventoryView<'a> {
    InventoryView {
        certificate: certificate_view(stored, certificate),
        owners: &[],
        tags: &[],
        worst: None::<Severity>,
    }
}

fn certificate_view<'a>(stored: &StoredCertificate, certificate: &'a Certificate) -> CertificateView<'a> {
    CertificateView {
        certificate,
        first_seen: stored.first_seen,
        last_seen: stored.last_seen,
        endpoints: stored.endpoints,
        public_trust: None,
        self_signed: certificate.is_self_signed() == SignatureCheck::Verified,
    }
}

/// Lists what each endpoint was at a past time.
///
/// # Errors
/// As for [`list`].
pub fn list_at(
    parts: &Parts,
    at: UnixTime,
    limit: usize,
    form: ListForm,
    out: &mut dyn Write,
) -> Result<(), AppError> {
    let store = parts.read_store()?;
    let mut spans = Vec::new();
    let mut total = 0_u64;
    store.inventory_at(at, |_, span| {
        total += 1;
        if spans.len() < limit {
            spans.push(span.observation);
        }
        Flow::Continue(())
    })?;
    show_endpoints(&store, &format!("at {at}"), spans, total, Vec::new(), at, form, out)
}

/// Shows one certificate with the endpoints that serve it, or one endpoint with its chain.
///
/// # Errors
/// Nothing in the record has this id.
pub fn show(parts: &Parts, id: &str, form: ListForm, out: &mut dyn Write) -> Result<(), AppError> {
    let store = parts.read_store()?;
    let now = parts.clock.now();
    let mut certificates = Vec::new();
    let mut spans = Vec::new();
    let wanted = matching_certificate(&store, id)?;
    let mut total = 0_u64;
    store.inventory(|known| {
        let observation = known.current.observation;
        let serves = wanted.is_some_and(|wanted| serves(&observation.outcome, &wanted));
        if serves || known.id.to_string() == id || observation.endpoint.label() == id {
            total += 1;
            if spans.len() < DIFF_LIMIT {
                spans.push(observation);
            }
        }
        Flow::Continue(())
    })?;
    if let Some(stored) = wanted.map(|sha256| store.certificate(&sha256)).transpose()?.flatten() {
        certificates.push(stored);
    }
    if spans.is_empty() && certificates.is_empty() {
        let id = crate::text::escape_for_terminal(id);
        return Err(AppError::Usage(format!(
            "nothing in the record is called `{id}`; `certvigil inventory list` shows what there is"
        )));
    }
    show_endpoints(&store, id, spans, total, certificates, now, form, out)
}

/// Whether the certificate is in any chain of the endpoint.
fn serves(outcome: &Outcome<Vec<Fingerprint>>, wanted: &Fingerprint) -> bool {
    let others = match outcome {
        Outcome::Handshake(handshake) => handshake.other_chains.as_slice(),
        Outcome::Failure(_) | Outcome::Read(_) => &[],
    };
    let chains = outcome.presented().into_iter().chain(others.iter().map(|other| &other.presented));
    chains.into_iter().any(|chain| chain.contains(wanted))
}

/// The certificate whose hash is, or starts with, these digits.
fn matching_certificate(store: &Store, id: &str) -> Result<Option<Fingerprint>, AppError> {
    if id.len() < LEAST_DIGITS {
        return Ok(None);
    }
    match store.fingerprints_starting_with(id, 2)?.as_slice() {
        [_, _, ..] => {
            let id = crate::text::escape_for_terminal(id);
            Err(AppError::Usage(format!("several certificates start with `{id}`; give more digits")))
        }
        found => Ok(found.first().copied()),
    }
}

#[expect(clippy::too_many_arguments, reason = "what is shown, in the order shown")]
fn show_endpoints(
    store: &Store,
    query: &str,
    observations: Vec<store::StoredObservation>,
    total: u64,
    certificates: Vec<StoredCertificate>,
    now: UnixTime,
    form: ListForm,
    out: &mut dyn Write,
) -> Result<(), AppError> {
    let kept = Kept::new(store, now);
    let judge = Judge::new(Vec::new(), None);
    let mut judged = Vec::with_capacity(observations.len());
    for observation in observations {
        judged.push(judge.judge(kept.observation(observation)?, &kept, &Past::default(), now));
    }
    kept.check()?;
    let read: Vec<Certificate> = certificates.iter().map(|stored| x509::read(&stored.der)).collect();
    let shown = certificates
        .iter()
        .zip(&read)
        .map(|(stored, one)| certificate_document(&certificate_view(stored, one)));
    let endpoints = judged.iter().map(|one| {
        endpoint_document(&crate::wire::v1::EndpointView {
            observation: &one.observation,
            assessment: &one.assessment,
            owner: None,
            tags: &[],
            findings: &[],
        })
    });
    let document = ShowDocument::new(now, query, total, endpoints.collect(), shown.collect());
    let next = "certvigil inventory history NAME:PORT tells what it served before";
    write_list(form, now, &document, |options| show_table(&document, options, next), out)
}

/// Shows what an endpoint served over time.
///
/// # Errors
/// No endpoint in the record has this name or id.
pub fn history(parts: &Parts, endpoint: &str, form: ListForm, out: &mut dyn Write) -> Result<(), AppError> {
    let store = parts.read_store()?;
    let now = parts.clock.now();
    let id = find_endpoint(&store, endpoint)?;
    let kept = Kept::new(&store, now);
    let mut entries: Vec<(Observation, UnixTime)> = Vec::new();
    for EndpointSpan { observation, until, .. } in store.history(&id)? {
        let observation = kept.observation(observation)?;
        match entries.last_mut() {
            // Asked for in other words, such as by its network: nothing changed.
            Some((before, end)) if before.outcome == observation.outcome => *end = until,
            _ => entries.push((observation, until)),
        }
    }
    let Some((latest, _)) = entries.last() else { return Err(unknown_endpoint(endpoint)) };
    let rows: Vec<HistoryEntry<'_>> =
        entries.iter().rev().map(|(observation, until)| HistoryEntry::of(observation, *until)).collect();
    let document =
        HistoryDocument::new(now, EndpointReference::of(&latest.endpoint), rows.len() as u64, rows);
    let next = "certvigil inventory diff tells what changed since the scan before";
    write_list(form, now, &document, |options| history_table(&document, options, next), out)
}

fn find_endpoint(store: &Store, wanted: &str) -> Result<EndpointId, AppError> {
    let mut found = Vec::new();
    store.inventory(|known| {
        let endpoint = &known.current.observation.endpoint;
        if known.id.to_string() == wanted || endpoint.label() == wanted {
            found.push((known.id, endpoint.address));
        }
        Flow::Continue(())
    })?;
    match found.as_slice() {
        [] => Err(unknown_endpoint(wanted)),
        [(id, _)] => Ok(*id),
        several => {
            let addresses: Vec<String> = several
                .iter()
                .map(|(id, address)| {
                    format!("{id} at {}", address.map_or_else(|| "no address".to_owned(), |a| a.to_string()))
                })
                .collect();
            Err(AppError::Usage(format!(
                "several endpoints are called that; name one by its id: {}",
                addresses.join(", ")
            )))
        }
    }
}

fn unknown_endpoint(wanted: &str) -> AppError {
    let wanted = crate::text::escape_for_terminal(wanted);
    AppError::Usage(format!("no endpoint in the record is called `{wanted}`; reports show them as name:port"))
}

/// Shows what changed from one scan to another: by default from the scan before, of the same profile, to the latest.
///
/// # Errors
/// A scan is not in the record, or there is none to compare with.
pub fn diff(
    parts: &Parts,
    from: Option<&str>,
    to: &str,
    form: ListForm,
    out: &mut dyn Write,
) -> Result<(), AppError> {
    let store = parts.read_store()?;
    let now = parts.clock.now();
    let later = store.scan(to)?;
    let earlier = match from {
        Some(id) => store.scan(id)?,
        None => {
            let before = store.scans()?.into_iter().rfind(|scan| {
                scan.sequence < later.sequence
                    && scan.scan.profile == later.scan.profile
                    && scan.scan.finished_at.is_some()
                    && (scan.scan.profile.is_some() || scan.input_digest == later.input_digest)
            });
            before.ok_or_else(|| {
                AppError::Usage(
                    "there is no earlier scan of the same targets to compare with; name one with --from"
                        .to_owned(),
                )
            })?
        }
    };
    let kept = Kept::new(&store, now);
    let mut changes = Vec::new();
    store.diff(&earlier.scan.id.0, &later.scan.id.0, |change| {
        changes.push(change);
        Flow::Continue(())
    })?;
    let read = changes
        .into_iter()
        .map(|change| ReadChange::new(&kept, change))
        .collect::<Result<Vec<_>, AppError>>()?;
    let mut document =
        DiffDocument::new(now, ScanReference::of(&earlier.scan), ScanReference::of(&later.scan));
    read.iter().for_each(|change| change.add_to(&mut document));
    let changed =
        (document.new.len() + document.replaced.len() + document.unreachable.len() + document.changed.len())
            as u64;
    document.unchanged = (later.scan.counts.endpoints - later.scan.counts.unlisted).saturating_sub(changed);
    let next = "certvigil inventory history NAME:PORT tells what one endpoint served before";
    write_list(form, now, &document, |options| diff_table(&document, DIFF_LIMIT, options, next), out)
}

/// A change with its chains read.
struct ReadChange {
    kind: ChangeKind,
    before: Option<Observation>,
    after: Option<Observation>,
}

impl ReadChange {
    fn new(kept: &Kept<'_>, change: store::Change) -> Result<Self, AppError> {
        let read = |observation: Option<store::StoredObservation>| {
            observation.map(|one| kept.observation(one)).transpose()
        };
        Ok(Self { kind: change.kind, before: read(change.before)?, after: read(change.after)? })
    }

    fn add_to<'a>(&'a self, document: &mut DiffDocument<'a>) {
        let (before, after) = (self.before.as_ref(), self.after.as_ref());
        match (self.kind, before, after) {
            (ChangeKind::New | ChangeKind::Recovered, _, Some(after)) => {
                document.new.push(served(after, Some(after)))
            }
            (ChangeKind::Replaced { .. }, Some(before), Some(after)) => {
                if let (Some(old), Some(new)) = (certificate(before), certificate(after)) {
                    document.replaced.push(ReplacedCertificate::new(
                        EndpointReference::of(&after.endpoint),
                        old,
                        new,
                    ));
                }
            }
            (ChangeKind::Changed, Some(before), Some(after)) => {
                document.changed.push(ChangedEndpoint {
                    endpoint: EndpointReference::of(&after.endpoint),
                    changes: changes(before, after),
                });
            }
            (ChangeKind::Unreachable, before, Some(after)) => {
                document.unreachable.push(served(before.unwrap_or(after), Some(after)))
            }
            (ChangeKind::Gone, Some(before), _) => document.gone.push(served(before, None)),
            (ChangeKind::NotAttempted, _, _) => document.not_attempted += 1,
            _ => {}
        }
    }
}

fn certificate(observation: &Observation) -> Option<CertificateReference<'_>> {
    observation.outcome.presented()?.end_entity().map(|one| CertificateReference::of(one))
}

fn served<'a>(seen: &'a Observation, visited: Option<&'a Observation>) -> ServedCertificate<'a> {
    ServedCertificate {
        endpoint: EndpointReference::of(&seen.endpoint),
        certificate: certificate(seen),
        outcome: visited.map(|visited| outcome_document(&visited.outcome)),
        last_seen: Timestamp(seen.observed_at),
    }
}

/// The fields that differ, by their path in the report.
fn changes<'a>(before: &'a Observation, after: &'a Observation) -> Vec<Change<'a>> {
    let facts = |observation: &Observation| -> Vec<(&'static str, Option<String>)> {
        let Outcome::Handshake(handshake) = &observation.outcome else { return Vec::new() };
        let tls = &handshake.tls;
        let chain = &handshake.presented;
        vec![
            ("tls.version", tls.version.map(|version| version.to_string())),
            ("tls.cipher_suite", tls.cipher_suite.map(|suite| suite.to_string())),
            ("tls.group", tls.group.map(|group| group.to_string())),
            ("tls.alpn", tls.alpn.as_ref().map(|alpn| alpn.raw().to_owned())),
            ("tls.client_auth", Some(tls.client_auth.name().to_owned())),
            ("tls.client_auth_ca_names", Some(texts(&tls.client_auth_ca_names))),
            ("tls.completed", tls.completed.map(|is| is.to_string())),
            ("tls.possession_proved", tls.possession_proved.map(|is| is.to_string())),
            ("tls.ocsp_stapled", tls.ocsp_stapled.map(|is| is.to_string())),
            ("tls.sct_count", tls.sct_count.map(|count| count.to_string())),
            ("tls.ended_by", tls.ended_by.as_ref().map(crate::model::EndedBy::name)),
            ("presented", Some(hashes(chain))),
            ("other_chains", Some(others(&handshake.other_chains))),
        ]
    };
    facts(before)
        .into_iter()
        .zip(facts(after))
        .filter(|((_, before), (_, after))| before != after)
        .map(|((field, before), (_, after))| Change {
            field: field.into(),
            before: before.map(Into::into),
            after: after.map(Into::into),
        })
        .collect()
}

fn hashes(chain: &Chain) -> String {
    chain.fingerprints().map(|f| f.short()).collect::<Vec<_>>().join(" ")
}

fn others(chains: &[OtherChain]) -> String {
    let each = |other: &OtherChain| format!("{}: {}", other.offered_for.name(), hashes(&other.presented));
    chains.iter().map(each).collect::<Vec<_>>().join("; ")
}

fn texts(texts: &[Untrusted]) -> String {
    texts.iter().map(Untrusted::raw).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests;
