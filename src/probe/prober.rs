//! The prober: what all visits of one scan share. Opens no connection by itself.

use nix::errno::Errno;

use super::descriptors;
use super::pace::{Expectation, Pace, Pacer};
use super::settings::ProbeSettings;
use super::standard::Standard;
use super::statistics::{Counters, Statistics};
use super::visit::Visit;
use crate::model::{Endpoint, Failure, Outcome, Reason, Stage, Transport};
use crate::tls::HelloTemplates;
use crate::x509::RawChain;

/// Why a prober cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    #[error("cannot read the limit of open files ({0}): run where getrlimit is allowed")]
    Descriptors(#[source] Errno),
    #[error("the TLS library refuses its own parameters ({0}): this build is broken, install another")]
    Tls(#[source] rustls::Error),
}

/// Visits endpoints. Shared by all workers of a scan.
#[derive(Debug)]
pub struct Prober {
    pub(super) settings: ProbeSettings,
    pub(super) pacer: Pacer,
    pub(super) hellos: HelloTemplates,
    pub(super) standard: Standard,
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
        Ok(Self {
            hellos: HelloTemplates::new(settings.key_shares),
            pacer: Pacer::new(Pace { concurrency, ..pace }),
            standard,
            counters: Counters::default(),
            settings,
            concurrency,
        })
    }

    /// Visits one endpoint that ought to answer if it has a name. See [`Self::visit_expecting`].
    pub async fn visit(&self, endpoint: &Endpoint) -> Outcome<RawChain> {
        let expectation =
            if endpoint.server_name.is_some() { Expectation::Answer } else { Expectation::Nothing };
        self.visit_expecting(endpoint, expectation).await
    }

    /// Visits one endpoint: every connection is paced, and all of them together end in the total time. What is
    /// not expected to answer is not asked twice, and its silence slows nothing down: pass
    /// [`Expectation::Answer`] for what a person named singly and for what was seen before.
    pub async fn visit_expecting(&self, endpoint: &Endpoint, expectation: Expectation) -> Outcome<RawChain> {
        if endpoint.transport != Transport::Tcp {
            return failure(Stage::Connect, Reason::Local, "only TCP endpoints can be visited");
        }
        let Some(address) = endpoint.socket_address() else {
            return failure(Stage::Resolve, Reason::NoAddress, "there is no address to connect to");
        };
        Visit::new(self, address, endpoint.server_name.as_ref(), expectation).run().await
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
