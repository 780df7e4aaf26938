//! Asking what became of certificates: stapled responses, OCSP, lists. One question for each certificate and one list
//! for each URL in a scan; whatever goes wrong is "not determined", never "good".

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use tokio::sync::Semaphore;

use super::AppError;
use super::request::ScanRequest;
use crate::assess::revocation::{by_crl, by_ocsp, list_fault, undetermined};
use crate::clock::Clock;
use crate::discover::Plan;
use crate::dns::Resolve;
use crate::fetch::{FetchError, Fetcher, Limits, Policy, Question};
use crate::model::{
    Doubt, DoubtKind, RevocationCheck, RevocationChoice, RevocationMethod, RevocationStatus, TrustStore,
};
use crate::store::Store;
use crate::x509::{self, Certificate, Chain, Crl, CrlReader, Fingerprint, Issuer, ocsp_request};

/// Octets of an OCSP response.
const LONGEST_RESPONSE: u64 = 256 * 1024;
/// Answers remembered; about 300 octets each.
const ANSWERS: usize = 65_536;
/// Lists remembered, and the memory for them.
const MOST_LISTS: usize = 1_024;
const LIST_BYTES: u64 = 48 << 20;
/// Lists read at a time.
const LISTS_AT_A_TIME: usize = 8;
/// URLs of one certificate that are tried for one method.
const MOST_URLS: usize = 3;
/// Certificates of one path that are asked about.
const LONGEST_CLIMB: usize = 8;
/// Issuers out of the record that are tried for one name.
const MOST_ISSUERS: usize = 16;
/// Characters kept of a reason.
const LONGEST_DETAIL: usize = 300;

const OCSP_REQUEST: &str = "application/ocsp-request";

/// What is looked up, and through which door.
pub(super) struct Evidence {
    choice: RevocationChoice,
    fetcher: Fetcher,
    response: Limits,
    list: Limits,
    /// By name.
    anchors: HashMap<Box<[u8]>, Vec<Issuer>>,
    clock: Arc<dyn Clock>,
    answers: Cache<Fingerprint, RevocationCheck>,
    lists: Cache<ListKey, ReadList, ByWeight>,
    reading: Semaphore,
}

impl std::fmt::Debug for Evidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Evidence").field("choice", &self.choice).finish_non_exhaustive()
    }
}

/// The URL of a list, and the key that is to have signed it.
type ListKey = (Box<str>, Fingerprint);
/// A list, or why it says nothing.
type ReadList = Arc<Result<Crl, Doubt>>;

#[derive(Debug, Clone)]
struct ByWeight;

/// One shard: a list that fits the whole would not fit a part.
fn list_cache() -> Result<Cache<ListKey, ReadList, ByWeight>, AppError> {
    let options = OptionsBuilder::new()
        .estimated_items_capacity(MOST_LISTS)
        .weight_capacity(LIST_BYTES)
        .shards(1)
        .build()
        .map_err(|error| AppError::Internal(error.to_string()))?;
    Ok(Cache::with_options(options, ByWeight, DefaultHashBuilder::default(), DefaultLifecycle::default()))
}

impl Weighter<ListKey, ReadList> for ByWeight {
    fn weight(&self, _: &ListKey, list: &ReadList) -> u64 {
        list.as_ref().as_ref().map_or(1_024, |list| u64::try_from(list.weight()).unwrap_or(u64::MAX))
    }
}

impl Evidence {
    /// What `request` wants; `None` if nothing.
    ///
    /// # Errors
    /// When the TLS library refuses its own parameters.
    pub(super) fn wanted(
        request: &ScanRequest,
        plan: &Arc<Plan>,
        resolver: &Arc<dyn Resolve>,
        stores: &[TrustStore],
        clock: &Arc<dyn Clock>,
    ) -> Result<Option<Self>, AppError> {
        let choice = request.revocation();
        if choice == RevocationChoice::None {
            return Ok(None);
        }
        let settings = request.fetch();
        let plan = Arc::clone(plan);
        let mut policy = Policy { allow: settings.allow, ..Policy::default() };
        policy.excludes = Arc::new(move |address| plan.excludes_address(address));
        policy.per_host_rate = settings.per_host_rate.unwrap_or(policy.per_host_rate);
        let mut anchors: HashMap<Box<[u8]>, Vec<Issuer>> = HashMap::new();
        for anchor in stores.iter().flat_map(|store| &store.anchors) {
            let issuer = Issuer::of_anchor(&anchor.subject, &anchor.subject_public_key_info);
            if let Some(issuer) = issuer {
                let known = anchors.entry(issuer.name().into()).or_default();
                if !known.contains(&issuer) {
                    known.push(issuer);
                }
            }
        }
        Ok(Some(Self {
            choice,
            fetcher: Fetcher::new(policy, Arc::clone(resolver))
                .map_err(|error| AppError::Internal(error.to_string()))?,
            response: Limits { bytes: LONGEST_RESPONSE, timeout: settings.timeout },
            list: Limits { bytes: settings.largest_list, timeout: settings.list_timeout },
            anchors,
            clock: Arc::clone(clock),
            answers: Cache::new(ANSWERS),
            lists: list_cache()?,
            reading: Semaphore::new(LISTS_AT_A_TIME),
        }))
    }

    /// Looks up every certificate of the path that `chain` makes, end-entity first.
    pub(super) async fn look_up(
        &self,
        chain: &Chain,
        stapled: Option<&[u8]>,
        store: &Store,
    ) -> Vec<RevocationCheck> {
        let mut checks = Vec::new();
        let mut at = 0;
        let mut stapled = stapled;
        while let Some(certificate) = chain.certificates.get(at) {
            if certificate.is_self_issued() || checks.len() == LONGEST_CLIMB {
                break;
            }
            let Some((issuer, next)) = self.issuer(chain, certificate, store) else {
                let detail = "the certificate of its issuer is neither served nor known";
                let doubt = Doubt::new(DoubtKind::NoIssuer, detail);
                checks.push(undetermined(certificate, None, doubt, self.clock.now()));
                break;
            };
            // What is stapled is about the end-entity certificate.
            checks.push(self.check(certificate, &issuer, stapled.take()).await);
            match next.filter(|next| *next > 0 && *next != at) {
                Some(next) => at = next,
                None => break,
            }
        }
        checks
    }

    /// What is said of `chain`'s certificates where nobody could be asked.
    pub(super) fn give_up(&self, chain: &Chain, why: &str) -> Vec<RevocationCheck> {
        let end_entity = chain.certificates.first().filter(|certificate| !certificate.is_self_issued());
        let doubt = Doubt::new(DoubtKind::NoAnswer, why);
        end_entity
            .map(|certificate| undetermined(certificate, None, doubt, self.clock.now()))
            .into_iter()
            .collect()
    }

    /// Who issued `certificate`, and where in the chain that is: a trust anchor, else one that was served, else one of
    /// the record.
    fn issuer(
        &self,
        chain: &Chain,
        certificate: &Certificate,
        store: &Store,
    ) -> Option<(Issuer, Option<usize>)> {
        let anchors = self.anchors.get(&certificate.issuer.der).map(Vec::as_slice).unwrap_or_default();
        if let Some(anchor) = anchors.iter().find(|anchor| anchor.has_issued(certificate)) {
            return Some((anchor.clone(), None));
        }
        let is_named = |other: &Certificate| other.subject.der == certificate.issuer.der;
        for (at, other) in chain.certificates.iter().enumerate().filter(|(_, other)| is_named(other)) {
            if let Some(issuer) = Issuer::of(other).filter(|issuer| issuer.has_issued(certificate)) {
                return Some((issuer, Some(at)));
            }
        }
        // A record that cannot be read will be told by whoever writes it.
        let kept = store.issuers(&certificate.issuer.der).unwrap_or_default();
        let mut kept = kept.iter().take(MOST_ISSUERS).filter_map(|kept| Issuer::of(&x509::read(&kept.der)));
        kept.find(|issuer| issuer.has_issued(certificate)).map(|issuer| (issuer, None))
    }

    async fn check(
        &self,
        certificate: &Certificate,
        issuer: &Issuer,
        stapled: Option<&[u8]>,
    ) -> RevocationCheck {
        let now = self.clock.now();
        let mut last = None;
        if let Some(response) = stapled.filter(|_| self.choice.uses(RevocationMethod::Stapled)) {
            let check = by_ocsp(response, certificate, issuer, RevocationMethod::Stapled, now);
            if is_definite(&check) {
                return check;
            }
            last = Some(check);
        }
        if self.choice.uses(RevocationMethod::Ocsp) && !certificate.ocsp_urls.is_empty() {
            let asked = async { Ok::<_, std::convert::Infallible>(self.ask(certificate, issuer).await) };
            let Ok(check) = self.answers.get_or_insert_async(&certificate.sha256, asked).await;
            if is_definite(&check) {
                return check;
            }
            last = Some(check);
        }
        if self.choice.uses(RevocationMethod::Crl) && !certificate.crl_urls.is_empty() {
            let check = self.look_into_list(certificate, issuer).await;
            if is_definite(&check) || last.is_none() {
                return check;
            }
            last = Some(both(last, check));
        }
        last.unwrap_or_else(|| undetermined(certificate, None, self.no_source(), now))
    }

    fn no_source(&self) -> Doubt {
        let detail = match self.choice {
            RevocationChoice::Stapled => "the server staples nothing",
            RevocationChoice::Ocsp => {
                "the server staples nothing and the certificate names no OCSP responder"
            }
            RevocationChoice::Crl => "the certificate names no revocation list",
            RevocationChoice::None | RevocationChoice::All => {
                "the server staples nothing and the certificate names neither OCSP responder nor revocation list"
            }
        };
        Doubt::new(DoubtKind::NoSource, detail)
    }

    /// Asks the responders that the certificate names, until one tells.
    async fn ask(&self, certificate: &Certificate, issuer: &Issuer) -> RevocationCheck {
        let method = RevocationMethod::Ocsp;
        let mut doubt = Doubt::new(DoubtKind::NoAnswer, "the question cannot be written");
        let Some(body) = ocsp_request(certificate, issuer) else {
            return undetermined(certificate, Some(method), doubt, self.clock.now());
        };
        for url in certificate.ocsp_urls.iter().take(MOST_URLS) {
            let question = Question::Post { content_type: OCSP_REQUEST, body: &body };
            let fetched = self.fetch(url.raw(), question).await;
            let now = self.clock.now();
            match fetched {
                Ok(response) => {
                    let check = by_ocsp(&response, certificate, issuer, method, now);
                    match check.status {
                        RevocationStatus::NotDetermined(why) => doubt = placed(url.raw(), &why.detail.raw()),
                        _ => return check,
                    }
                }
                Err(error) => doubt = placed(url.raw(), &error),
            }
        }
        undetermined(certificate, Some(method), doubt, self.clock.now())
    }

    async fn fetch(&self, url: &str, question: Question<'_>) -> Result<Vec<u8>, String> {
        let response = self.fetcher.ask(url, question, self.response).await.map_err(|e| e.to_string())?;
        if response.status != 200 {
            return Err(format!("the responder answers with HTTP status {}", response.status));
        }
        response.whole().await.map_err(|error| error.to_string())
    }

    /// Looks the certificate up in the lists that it names, until one tells.
    async fn look_into_list(&self, certificate: &Certificate, issuer: &Issuer) -> RevocationCheck {
        let mut doubt = Doubt::new(DoubtKind::NoAnswer, "no list was read");
        for url in certificate.crl_urls.iter().take(MOST_URLS) {
            let key = (Box::from(url.raw()), issuer.spki_sha256());
            let read =
                async { Ok::<_, std::convert::Infallible>(Arc::new(self.list(url.raw(), issuer).await)) };
            let Ok(list) = self.lists.get_or_insert_async(&key, read).await;
            match list.as_ref() {
                Ok(list) => {
                    let check = by_crl(list, certificate, self.clock.now());
                    match check.status {
                        RevocationStatus::NotDetermined(why) => doubt = placed(url.raw(), &why.detail.raw()),
                        _ => return check,
                    }
                }
                Err(why) => doubt = why.clone(),
            }
        }
        undetermined(certificate, Some(RevocationMethod::Crl), doubt, self.clock.now())
    }

    /// The list at `url`, if `issuer` signed it.
    async fn list(&self, url: &str, issuer: &Issuer) -> Result<Crl, Doubt> {
        let _permit = self.reading.acquire().await;
        let list = self.read_list(url).await.map_err(|error| placed(url, &error))?;
        match list_fault(&list, issuer) {
            None => Ok(list.without_message()),
            Some(fault) => Err(placed(url, &fault.detail.raw())),
        }
    }

    async fn read_list(&self, url: &str) -> Result<Crl, String> {
        let text = |error: FetchError| error.to_string();
        let mut response = self.fetcher.ask(url, Question::Get, self.list).await.map_err(text)?;
        if response.status != 200 {
            return Err(format!("the server answers with HTTP status {}", response.status));
        }
        let mut reader = CrlReader::default();
        while let Some(piece) = response.chunk().await.map_err(text)? {
            reader.push(&piece).map_err(|fault| fault.to_string())?;
        }
        reader.finish().map_err(|fault| fault.to_string())
    }
}

fn is_definite(check: &RevocationCheck) -> bool {
    !matches!(check.status, RevocationStatus::NotDetermined(_))
}

/// A doubt that says where it arose.
fn placed(url: &str, why: &impl std::fmt::Display) -> Doubt {
    let detail: String = format!("{url}: {why}").chars().take(LONGEST_DETAIL).collect();
    Doubt::new(DoubtKind::NoAnswer, detail)
}

/// Two doubts in one.
fn both(first: Option<RevocationCheck>, mut second: RevocationCheck) -> RevocationCheck {
    let earlier = first.map(|check| check.status);
    if let (Some(RevocationStatus::NotDetermined(a)), RevocationStatus::NotDetermined(b)) =
        (earlier, &mut second.status)
    {
        let text: String = format!("{}; {}", a.detail.raw(), b.detail.raw());
        b.detail = text.chars().take(2 * LONGEST_DETAIL).collect::<String>().into();
    }
    second
}

/// `[fetch]` with its defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FetchPlan {
    pub(super) allow: Vec<ipnetwork::IpNetwork>,
    pub(super) timeout: Duration,
    pub(super) list_timeout: Duration,
    pub(super) largest_list: u64,
    pub(super) per_host_rate: Option<u32>,
}
