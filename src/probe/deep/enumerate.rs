//! Drives the enumerations of `tls/enumerate` over connections of their own: two lanes side by side, each a row of
//! questions. What comes out does not depend on which lane is faster. Never judges.

use std::time::Duration;

use tokio::time::sleep;

use super::host::Host;
use super::ssl2;
use crate::model::{DhParameters, Features, Inspection, Intolerance, Purpose, Reason, Stage, VersionFacts};
use crate::probe::sweep;
use crate::text::Untrusted;
use crate::tls::enumerate::{
    Aim, Alpn, DhSight, Enumeration, Fallback, OldGroups, OldSchemes, OldVersions, Quirk, Sealed,
    SealedAnswer, Sights, Suites, SuitesFound, Tls13, Tls13Found, Tolerance, asks_for_a_pause,
};
use crate::tls::{Answer, HelloTemplate, KeyShares, Leave, Offer, ProtocolVersion, Ssl2Answer};

/// Rest for a server that seems to be asked too much, before it is asked again.
const PAUSE: Duration = Duration::from_millis(500);

/// Enumerates versions, suites, groups, schemes and what comes with them into `inspection`.
pub(super) async fn everything(host: &Host<'_>, inspection: &mut Inspection) {
    let (tls12, (ssl2, tls13, older)) = tokio::join!(
        async {
            let mut suites = Suites::new(ProtocolVersion::TLSv1_2);
            run(host, &mut suites).await;
            suites.finish()
        },
        async {
            let ssl2 = ask_ssl2(host).await;
            let wants_groups = host.wants(Purpose::Groups);
            let mut tls13 = if wants_groups { Tls13::default() } else { Tls13::suites_only() };
            run(host, &mut tls13).await;
            let mut older = OldVersions::among(&OldVersions::ALL);
            run(host, &mut older).await;
            (ssl2, tls13.finish(), older.finish())
        }
    );
    let found = Found { ssl2, old: older.into_iter().rev().chain([tls12]).collect(), tls13 };
    look_closer(host, found, inspection).await;
}

/// What the first round brought: versions and suites.
struct Found {
    ssl2: VersionFacts,
    /// Up to TLS 1.2, oldest first.
    old: Vec<SuitesFound>,
    tls13: Tls13Found,
}

impl Found {
    /// The newest version up to TLS 1.2 that the server speaks.
    fn newest_old(&self) -> Option<&SuitesFound> {
        self.old.iter().rev().find(|found| !found.cipher_suites.is_empty())
    }

    fn has_tls13(&self) -> bool {
        !self.tls13.cipher_suites.is_empty()
    }

    /// The newest version that another one is newer than, up to TLS 1.2.
    fn below_the_newest(&self) -> Option<&SuitesFound> {
        let skipped = usize::from(!self.has_tls13());
        self.old.iter().rev().filter(|found| !found.cipher_suites.is_empty()).nth(skipped)
    }

    fn tolerance(&self) -> Tolerance {
        match self.newest_old() {
            Some(old) if !self.has_tls13() => {
                Tolerance::new(old.version, old.cipher_suites.clone(), old.groups.clone())
            }
            _ => Tolerance::new(
                ProtocolVersion::TLSv1_3,
                self.tls13.cipher_suites.clone(),
                self.tls13.groups.clone(),
            ),
        }
    }
}

/// The second round: what can be asked once the suites are known.
async fn look_closer(host: &Host<'_>, found: Found, inspection: &mut Inspection) {
    let newest = found.newest_old();
    let mut groups = newest.filter(|_| host.wants(Purpose::Groups)).map(OldGroups::new);
    let wants_schemes = host.wants(Purpose::SignatureSchemes);
    let mut schemes = newest
        .filter(|found| wants_schemes && found.version == ProtocolVersion::TLSv1_2)
        .map(OldSchemes::new);
    let wants_features = host.wants(Purpose::Features);
    let mut fallback = found.below_the_newest().filter(|_| wants_features).map(Fallback::new);
    let mut tolerance = host.wants(Purpose::Tolerance).then(|| found.tolerance());
    let (suites, tls13_groups) = (&found.tls13.cipher_suites, &found.tls13.groups);
    let mut sealed = wants_schemes.then(|| Sealed::schemes(suites, tls13_groups));
    let alpn = async {
        match newest {
            _ if !wants_features => None,
            Some(old) => {
                let mut alpn = Alpn::new(old);
                run(host, &mut alpn).await;
                let protocols = alpn.finish();
                protocols.map(|all| all.iter().map(|name| Untrusted::from_bytes(name)).collect())
            }
            None => {
                let mut alpn = Sealed::protocols(suites, tls13_groups);
                run_sealed(host, Purpose::Features, &mut alpn).await;
                alpn.into_protocols()
            }
        }
    };
    let ((), alpn) = tokio::join!(
        async {
            run_some(host, groups.as_mut()).await;
            run_some(host, schemes.as_mut()).await;
        },
        async {
            if let Some(sealed) = &mut sealed {
                run_sealed(host, Purpose::SignatureSchemes, sealed).await;
            }
            run_some(host, fallback.as_mut()).await;
            if let Some(asked) = &mut tolerance
                && !run(host, asked).await
            {
                // Silence counts here, where the server is well otherwise: but not if nothing was said to it.
                tolerance = None;
            }
            alpn.await
        }
    );
    let groups_of = newest.map(|old| old.version);
    inspection.features.alpn = alpn;
    inspection.features.fallback_scsv = fallback.and_then(Fallback::finish);
    let quirks = tolerance.and_then(Tolerance::finish);
    inspection.intolerances = quirks.map(|quirks| quirks.into_iter().map(intolerance).collect());
    let mut sights = Sights::default();
    found.old.iter().for_each(|found| sights.join(&found.sights));
    inspection.dh_parameters = sights.dh.iter().map(dh_parameters).collect();
    take_features(&sights, &mut inspection.features);
    inspection.versions = vec![found.ssl2];
    inspection.versions.extend(found.old.into_iter().map(old_facts));
    inspection.versions.push(tls13_facts(found.tls13, sealed));
    let old = inspection.versions.iter_mut().find(|facts| Some(facts.version) == groups_of);
    if let Some(facts) = old {
        if let Some(groups) = groups {
            (facts.groups, facts.groups_complete, facts.group_order) = groups.finish();
        }
        if let Some(schemes) = schemes {
            (facts.signature_schemes, facts.schemes_complete) = schemes.finish();
        }
    }
}

pub(super) fn old_facts(found: SuitesFound) -> VersionFacts {
    VersionFacts {
        offered: found.offered,
        cipher_suites: found.cipher_suites,
        suites_complete: found.complete,
        server_order: found.server_order,
        chacha_prioritised: found.chacha_prioritised,
        groups: found.groups,
        signature_schemes: found.schemes,
        compression: found.sights.compression,
        ..VersionFacts::new(found.version)
    }
}

pub(super) fn tls13_facts(found: Tls13Found, sealed: Option<Sealed>) -> VersionFacts {
    let (signature_schemes, schemes_complete) = sealed.map(Sealed::into_schemes).unwrap_or_default();
    VersionFacts {
        offered: found.offered,
        cipher_suites: found.cipher_suites,
        suites_complete: found.suites_complete,
        server_order: found.server_order,
        chacha_prioritised: found.chacha_prioritised,
        groups: found.groups,
        groups_complete: found.groups_complete,
        group_order: found.group_order,
        signature_schemes,
        schemes_complete,
        ..VersionFacts::new(ProtocolVersion::TLSv1_3)
    }
}

fn take_features(sights: &Sights, features: &mut Features) {
    features.session_tickets = sights.session_tickets;
    features.secure_renegotiation = sights.secure_renegotiation;
    features.extended_master_secret = sights.extended_master_secret;
    features.encrypt_then_mac = sights.encrypt_then_mac;
    features.heartbeat = sights.heartbeat;
    features.ocsp_stapling = sights.ocsp_stapling;
}

pub(super) fn dh_parameters(sight: &DhSight) -> DhParameters {
    DhParameters::new(&sight.prime, sight.export, sight.key_reused)
}

fn intolerance(quirk: Quirk) -> Intolerance {
    match quirk {
        Quirk::Grease => Intolerance::Grease,
        Quirk::LongHello => Intolerance::LongHello,
        Quirk::LargeHello => Intolerance::LargeHello,
        Quirk::ManySuites => Intolerance::ManySuites,
        Quirk::UnknownVersion => Intolerance::UnknownVersion,
        Quirk::UnknownExtension => Intolerance::UnknownExtension,
    }
}

pub(super) async fn ask_ssl2(host: &Host<'_>) -> VersionFacts {
    let mut facts = VersionFacts::new(ProtocolVersion::SSLv2);
    let mut answer = ssl2::ask(host).await;
    let was_silent = matches!(answer, Ok(Ssl2Answer::Timeout));
    if was_silent || matches!(answer, Ok(Ssl2Answer::Closed | Ssl2Answer::Reset)) {
        answer = ssl2::ask(host).await;
    }
    // Hanging up is a refusal if it is done reliably.
    if was_silent && matches!(answer, Ok(Ssl2Answer::Closed | Ssl2Answer::Reset)) {
        return facts;
    }
    match answer {
        Ok(Ssl2Answer::Offered { ciphers, .. }) => {
            facts.offered = Some(true);
            facts.ssl2_ciphers = ciphers;
            facts.suites_complete = true;
        }
        Ok(Ssl2Answer::Alert(_) | Ssl2Answer::Tls | Ssl2Answer::Closed | Ssl2Answer::Reset) => {
            facts.offered = Some(false);
            facts.suites_complete = true;
        }
        Ok(Ssl2Answer::Timeout | Ssl2Answer::NotTls(_) | Ssl2Answer::Malformed(_)) | Err(_) => {}
    }
    facts
}

async fn run_some(host: &Host<'_>, enumeration: Option<&mut impl Enumeration>) {
    if let Some(enumeration) = enumeration {
        run(host, enumeration).await;
    }
}

/// Asks until there is nothing more to ask. Where no connection can be made the question stays open, as after silence.
/// True if every question could be put.
pub(super) async fn run(host: &Host<'_>, enumeration: &mut impl Enumeration) -> bool {
    let mut has_rested = false;
    let mut all_put = true;
    while let Some((aim, question)) = enumeration.question() {
        let answer = match host.ask(purpose(aim), &question).await {
            Ok(answer) => answer,
            Err(_) => {
                all_put = false;
                Answer::Timeout
            }
        };
        enumeration.hear(&answer);
        // One that answers so again after a rest means it.
        has_rested = !has_rested && asks_for_a_pause(&answer);
        if has_rested && enumeration.question().is_some() {
            sleep(PAUSE).await;
        }
    }
    all_put
}

fn purpose(aim: Aim) -> Purpose {
    match aim {
        Aim::Suites => Purpose::Suites,
        Aim::Groups => Purpose::Groups,
        Aim::SignatureSchemes => Purpose::SignatureSchemes,
        Aim::Features => Purpose::Features,
        Aim::Tolerance => Purpose::Tolerance,
    }
}

async fn run_sealed(host: &Host<'_>, purpose: Purpose, sealed: &mut Sealed) {
    let mut has_opened = false;
    while let Some(offer) = sealed.offer() {
        let mut answer = open_flight(host, purpose, &offer).await;
        // The first offer of schemes has all that the server took: that it refuses it now is not its last word.
        let is_first_of_schemes = purpose == Purpose::SignatureSchemes && !has_opened;
        let is_doubtful = is_first_of_schemes || host.changes_its_mind();
        if answer == SealedAnswer::Refused && is_doubtful {
            answer = open_flight(host, purpose, &offer).await;
            if matches!(answer, SealedAnswer::Opened { .. }) {
                host.has_changed_its_mind();
            }
        }
        has_opened |= matches!(answer, SealedAnswer::Opened { .. });
        sealed.hear(&answer);
    }
}

/// One handshake of TLS 1.3 with base points, as far as the server's Finished.
async fn open_flight(host: &Host<'_>, purpose: Purpose, offer: &Offer) -> SealedAnswer {
    let Ok((permit, link)) = host.open(purpose).await else { return SealedAnswer::Unheard };
    let connector = host.connector();
    let hello = HelloTemplate::new(offer, KeyShares::BasePoint);
    let deadline = connector.handshake_deadline();
    let result = sweep::capture(&link, &hello, host.server_name(), deadline, Leave::Polite).await;
    drop(link);
    let (answer, missed) = match result {
        Ok(captured) => {
            (SealedAnswer::Opened { scheme: captured.signature_scheme, alpn: captured.alpn }, None)
        }
        Err(missed) => {
            let reason = missed.failure.reason;
            let answer = match reason {
                Reason::Alert if missed.failure.stage == Stage::Handshake => SealedAnswer::Refused,
                Reason::Closed | Reason::Reset => SealedAnswer::HungUp,
                _ => SealedAnswer::Unheard,
            };
            (answer, Some(reason))
        }
    };
    connector.account(&permit, false, missed);
    answer
}
