//! The server under inspection: what its enumerations and probes share. Counts every connection by purpose.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::model::{Failure, Purpose, ServerName};
use crate::probe::ask::ask;
use crate::probe::connector::Connector;
use crate::probe::link::Link;
use crate::probe::pace::Permit;
use crate::tls::{Answer, Question};

/// One endpoint under inspection.
#[derive(Debug)]
pub(super) struct Host<'a> {
    connector: &'a Connector<'a>,
    server_name: Option<&'a ServerName>,
    tally: Mutex<BTreeMap<Purpose, u32>>,
}

impl<'a> Host<'a> {
    pub(super) fn new(connector: &'a Connector<'a>, server_name: Option<&'a ServerName>) -> Self {
        Self { connector, server_name, tally: Mutex::default() }
    }

    /// The same, with connections that were made before.
    pub(super) fn after(self, made: [(Purpose, u32); 3]) -> Self {
        let made = made.into_iter().filter(|(_, count)| *count > 0);
        Self { tally: Mutex::new(made.collect()), ..self }
    }

    pub(super) fn connector(&self) -> &'a Connector<'a> {
        self.connector
    }

    pub(super) fn server_name(&self) -> Option<&'a ServerName> {
        self.server_name
    }

    /// This part of an inspection was asked for.
    pub(super) fn wants(&self, purpose: Purpose) -> bool {
        self.connector.prober().settings.parts.contains(&purpose)
    }

    /// Asks one question on a connection of its own.
    ///
    /// # Errors
    /// When no connection could be made: the question stays open.
    pub(super) async fn ask(&self, purpose: Purpose, question: &Question) -> Result<Answer, Failure> {
        let answer = ask(self.connector, question, self.server_name).await?;
        self.count(purpose);
        Ok(answer)
    }

    /// Opens a connection on which TLS may start. The permit is to be kept as long as the link is.
    ///
    /// # Errors
    /// When no connection could be made.
    pub(super) async fn open(&self, purpose: Purpose) -> Result<(Permit<'a>, Link), Failure> {
        let open = self.connector.open().await?;
        self.count(purpose);
        Ok(open)
    }

    /// Counts one connection.
    pub(super) fn count(&self, purpose: Purpose) {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        *tally.entry(purpose).or_default() += 1;
    }

    /// Connections made so far.
    pub(super) fn connections(&self) -> Vec<(Purpose, u32)> {
        let tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.iter().map(|(purpose, count)| (*purpose, *count)).collect()
    }
}
