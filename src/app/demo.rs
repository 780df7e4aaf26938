//! The demonstration: an estate of faulty servers on loopback, scanned for real.

use std::io::Write;
use std::sync::Arc;

use super::AppError;
use super::parts::{Parts, StoreChoice, trust_stores};
use super::report::Form;
use super::request::ScanRequest;
use super::scan::{Finished, Prepared, prepare_with};
use crate::clock::{Clock, SystemClock};
use crate::config::Settings;
use crate::dns::FixedResolver;
use crate::estate::{DEMO_BLOCK, Estate};
use crate::model::Depth;
use crate::trust;

/// A running estate.
#[derive(Debug)]
pub struct Demo {
    estate: Estate,
    parts: Parts,
}

impl Demo {
    /// Starts the servers, with certificates made now.
    ///
    /// # Errors
    /// The loopback addresses or ports are not to be had.
    pub async fn start() -> Result<Self, AppError> {
        let parts = Parts::new(Settings::default(), StoreChoice::Temporary)?;
        let estate = Estate::start(SystemClock.now(), DEMO_BLOCK).await?;
        Ok(Self { estate, parts })
    }

    /// Who is there, a line each.
    pub fn introduction(&self) -> Vec<String> {
        let hosts = self.estate.hosts();
        let mut lines =
            vec![format!("{} servers with known faults on this machine's loopback:", hosts.len())];
        let width = hosts.iter().map(|host| host.name.as_str().len()).max().unwrap_or_default();
        for host in hosts {
            let played = if host.scripted { " (scripted: no modern library plays this part)" } else { "" };
            lines.push(format!("  {:<width$}  {}{played}", host.name.as_str(), host.what));
        }
        lines
    }

    /// The deep scan of the whole estate: trusting its own root beside Mozilla's and the system's, names from a table
    /// instead of DNS, every rate lifted.
    ///
    /// # Errors
    /// The estate's root cannot be read.
    pub fn prepare(&self) -> Result<Prepared, AppError> {
        let (mut stores, notes) = trust_stores(&[])?;
        stores.push(trust::from_pem("demo root", self.estate.trust_pem().as_bytes())?);
        let mut resolver = FixedResolver::new();
        let mut targets = Vec::new();
        for host in self.estate.hosts() {
            resolver = resolver.with(host.name.clone(), [host.address]);
            targets.push(format!("{}:{}", host.name, host.port));
        }
        let request = ScanRequest {
            targets,
            depth: Some(Depth::Deep),
            rate: Some(crate::config::profile::Rate::Max),
            // The host that never answers is given up after 24 of these.
            timeout: Some(std::time::Duration::from_millis(250)),
            ..ScanRequest::default()
        };
        prepare_with(request, &self.parts, Arc::new(resolver), stores, notes)
    }
}

impl Finished {
    /// Writes the demonstration's report.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write_demo_report(&self, form: Form, out: &mut (dyn Write + Send)) -> Result<(), AppError> {
        self.write_report_then(
            form,
            "certvigil scan YOUR-HOST 192.0.2.0/24 does the same on your own network",
            out,
        )
        .map(drop)
    }
}
