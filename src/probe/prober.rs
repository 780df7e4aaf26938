//! The prober: what all visits of one scan share. Opens no connection by itself.

use nix::errno::Errno;

use super::connector::Connector;
use super::pace::{Expectation, Pace, Pacer};
use super::quic::Quic;
use super::settings::ProbeSettings;
use super::sound_out;
use super::standard::Standard;
use super::statistics::{Counters, Statistics};
use super::visit::Visit;
use super::{descriptors, dtls};
use crate::model::{Endpoint, Failure, Outcome, Reason, Stage, StartTlsChoice, Transport};
use crate::tls::{HelloTemplate, HelloTemplates, KeyShares, Offer, StartTls};
use crate::x509::RawChain;

/// Why a prober cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    #[error("cannot read the limit of open files ({0}): run where getrlimit is allowed")]
    Descriptors(#[source] Errno),
    #[error("the TLS library refuses its own parameters ({0}): this build is broken, install another")]
    Tls(#[source] rustls::Error),
}

/// What a visit brought, and by which way to TLS: the endpoint that was really measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    pub starttls: Option<StartTls>,
    pub outcome: Outcome<RawChain>,
}

/// Visits endpoints. Shared by all workers of a scan.
#[derive(Debug)]
pub struct Prober {
    pub(super) settings: ProbeSettings,
    pub(super) pacer: Pacer,
    pub(super) hellos: HelloTemplates,
    pub(super) post_quantum_hello: HelloTemplate,
    pub(super) standard: Standard,
    quic: Quic,
    pub(super) counters: Counters,
    concurrency: usize,
}

impl Prober {
    /// Raises the soft limit of open files and lowers `pace.concurrency` to what fits.
    ///
    /// # Errors
    /// When the limit of open files cannot be read, or the TLS library does not start.
    pub fn new(settings: ProbeSettings, pace: Pace) -> Result<Self, ProbeError> {
        let concurrency = descriptors::allow(pace.concurrency).map_err(ProbeError::Descriptors)?;
        let standard = Standard::new(&settings).map_err(ProbeError::Tls)?;
        let quic = Quic::new(&settings).map_err(ProbeError::Tls)?;
        Ok(Self {
            hellos: HelloTemplates::new(settings.key_shares),
            post_quantum_hello: HelloTemplate::new(&Offer::post_quantum_only(), KeyShares::BasePoint),
            pacer: Pacer::new(Pace { concurrency, ..pace }),
            standard,
            quic,
            counters: Counters::default(),
            settings,
            concurrency,
        })
    }

    /// Visits one endpoint, by its own way to TLS, that ought to answer if it has a name. See
    /// [`Self::visit_expecting`].
    pub async fn visit(&self, endpoint: &Endpoint) -> Outcome<RawChain> {
        let expectation =
            if endpoint.server_name.is_some() { Expectation::Answer } else { Expectation::Nothing };
        self.visit_expecting(endpoint, expectation, StartTlsChoice::Never).await.outcome
    }

    /// Visits one endpoint: every connection is paced, and all of them together end in the total time. What is
    /// not expected to answer is not asked twice, and its silence slows nothing down: pass
    /// [`Expectation::Answer`] for what a person named singly and for what was seen before.
    ///
    /// The endpoint's own way to TLS is tried first, and with [`StartTlsChoice::Auto`] another one where that way meets
    /// TLS, silence or the greeting of another protocol.
    pub async fn visit_expecting(
        &self,
        endpoint: &Endpoint,
        expectation: Expectation,
        choice: StartTlsChoice,
    ) -> Measured {
        let starttls = endpoint.starttls;
        let as_asked = |outcome| Measured { starttls, outcome };
        let Some(address) = endpoint.socket_address() else {
            let detail = "there is no address to connect to";
            return as_asked(failure(Stage::Resolve, Reason::NoAddress, detail));
        };
        let server_name = endpoint.server_name.as_ref();
        if endpoint.transport != Transport::Tcp {
            // On the heap, so that visits over TCP do not carry the room for it.
            let connector = Connector::new(self, address, server_name, None, expectation);
            return as_asked(Box::pin(self.visit_by_datagrams(endpoint.transport, &connector)).await);
        }
        let is_open = choice == StartTlsChoice::Auto;
        if let Some(protocol) = starttls.filter(|_| is_open) {
            // On the heap, as is what follows a greeting: sweeps of direct TLS do not carry the room for it.
            return Box::pin(sound_out::visit(self, address, server_name, protocol, expectation)).await;
        }
        let mut visit = Visit::new(Connector::new(self, address, server_name, starttls, expectation));
        match visit.run().await {
            Outcome::Failure(failure) if is_open && visit.greeted_by().is_some() => {
                Box::pin(sound_out::by_another_way(visit.connector(), visit.greeted_by(), failure)).await
            }
            outcome => as_asked(outcome),
        }
    }

    async fn visit_by_datagrams(&self, transport: Transport, connector: &Connector<'_>) -> Outcome<RawChain> {
        match transport {
            Transport::Quic => self.quic.visit(connector).await,
            Transport::Dtls => dtls::visit(connector).await,
            Transport::Tcp | Transport::File => {
                failure(Stage::Connect, Reason::Local, "there are no datagrams to be had from it")
            }
        }
    }

    /// How many visits to run at a time: what was asked for, or what the limit of open files allows.
    pub fn concurrency(&self) -> usize {
        self.concurrency
    }

    /// What was done so far.
    pub fn statistics(&self) -> Statistics {
        Statistics {
            back_offs: self.pacer.back_offs(),
            networks_slowed: self.pacer.networks_slowed(),
            ..self.counters.snapshot()
        }
    }
}

fn failure(stage: Stage, reason: Reason, detail: &str) -> Outcome<RawChain> {
    Outcome::Failure(Failure::new(stage, reason, detail))
}
