//! The server under inspection: what its enumerations and probes share. Counts every connection by purpose.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::model::{Failure, Purpose, ServerName};
use crate::probe::ask::ask;
use crate::probe::connector::Connector;
use crate::probe::link::Link;
use crate::probe::pace::Permit;
use crate::tls::enumerate::Memory;
use crate::tls::{Answer, Question};

/// One endpoint under inspection.
#[derive(Debug)]
pub(super) struct Host<'a> {
    connector: &'a Connector<'a>,
    server_name: Option<&'a ServerName>,
    tally: Mutex<BTreeMap<Purpose, u32>>,
    memory: Mutex<Memory>,
    changes_its_mind: AtomicBool,
}

impl<'a> Host<'a> {
    pub(super) fn new(connector: &'a Connector<'a>, server_name: Option<&'a ServerName>) -> Self {
        Self {
            connector,
            server_name,
            tally: Mutex::default(),
            memory: Mutex::default(),
            changes_its_mind: AtomicBool::new(false),
        }
    }

    /// The same, with connections that were made before.
    pub(super) fn after(self, made: impl IntoIterator<Item = (Purpose, u32)>) -> Self {
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

    /// Asks one question on a connection of its own; once more where a refusal contradicts what the server took, and
    /// any refusal of one that is known to change its mind.
    ///
    /// # Errors
    /// When no connection could be made: the question stays open.
    pub(super) async fn ask(&self, purpose: Purpose, question: &Question) -> Result<Answer, Failure> {
        let answer = self.ask_once(purpose, question).await?;
        let is_refused = matches!(answer, Answer::Alert(_));
        let is_doubtful = self.changes_its_mind() || self.memory().is_contradicted_by(question, &answer);
        if !(is_refused && is_doubtful) {
            return Ok(answer);
        }
        match self.ask_once(purpose, question).await {
            Ok(second @ Answer::Chose(_)) => {
                self.has_changed_its_mind();
                Ok(second)
            }
            _ => Ok(answer),
        }
    }

    async fn ask_once(&self, purpose: Purpose, question: &Question) -> Result<Answer, Failure> {
        let answer = ask(self.connector, question, self.server_name).await?;
        self.count(purpose);
        self.memory().hear(question, &answer);
        Ok(answer)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The server took what it had refused, or the other way round: no refusal of it ends anything.
    pub(super) fn has_changed_its_mind(&self) {
        self.changes_its_mind.store(true, Ordering::Relaxed);
    }

    pub(super) fn changes_its_mind(&self) -> bool {
        self.changes_its_mind.load(Ordering::Relaxed)
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
