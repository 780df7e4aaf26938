//! Between the visits and the record: what is asked of others about the certificates, beside the visits, so that no
//! visit ever waits for it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::progress::ScanProgress;
use super::revocation::Evidence;
use super::visit::Visited;
use crate::model::{Gathered, Observation, Outcome};
use crate::store::Store;
use crate::x509::{Chain, RawChain, read_chain};

/// Visits that wait for answers: about 32 MB. What comes when so many wait goes on without.
const MOST_WAITING: usize = 4_096;
/// How long answers are waited for when the last visit is over.
const PATIENCE: Duration = Duration::from_secs(120);

const CROWDED: &str = "too many questions were under way";
const TOO_LATE: &str = "the scan ended before an answer came";

/// Hands the visits on, with what was learned of their certificates.
pub(super) async fn gather_all(
    evidence: Arc<Evidence>,
    store: Store,
    progress: Arc<ScanProgress>,
    mut visits: mpsc::Receiver<Visited>,
    out: mpsc::Sender<Visited>,
) {
    let mut asking: JoinSet<Visited> = JoinSet::new();
    let (leave, left) = watch::channel(false);
    let mut stop = progress.stop_signal();
    let mut is_open = true;
    let mut until = None;
    while is_open || !asking.is_empty() {
        let patience = async {
            match until {
                Some(until) => tokio::time::sleep_until(until).await,
                None => std::future::pending().await,
            }
        };
        let done = tokio::select! {
            visited = visits.recv(), if is_open => match visited {
                Some(visited) => take(&evidence, &store, visited, &mut asking, &left),
                None => {
                    is_open = false;
                    until = Some(tokio::time::Instant::now() + PATIENCE);
                    None
                }
            },
            Some(asked) = asking.join_next(), if !asking.is_empty() => asked.ok(),
            _ = stop.wait_for(|stopping| *stopping), if !*leave.borrow() => { leave.send_replace(true); None }
            () = patience, if !*leave.borrow() => { leave.send_replace(true); None }
        };
        if let Some(visited) = done
            && out.send(visited).await.is_err()
        {
            return;
        }
    }
}

/// Begins to ask, or gives the visit back at once.
fn take(
    evidence: &Arc<Evidence>,
    store: &Store,
    mut visited: Visited,
    asking: &mut JoinSet<Visited>,
    left: &watch::Receiver<bool>,
) -> Option<Visited> {
    let has_chain =
        |observation: &Observation<RawChain>| matches!(observation.outcome, Outcome::Handshake(_));
    if !visited.observations.iter().any(has_chain) {
        return Some(visited);
    }
    if asking.len() >= MOST_WAITING {
        visited.observations.iter_mut().for_each(|observation| give_up(evidence, observation, CROWDED));
        return Some(visited);
    }
    let (evidence, store, mut left) = (Arc::clone(evidence), store.clone(), left.clone());
    asking.spawn(async move {
        for observation in &mut visited.observations {
            let is_asked = tokio::select! {
                biased;
                () = ask(&evidence, &store, observation) => true,
                _ = left.wait_for(|left| *left) => false,
            };
            if !is_asked {
                give_up(&evidence, observation, TOO_LATE);
            }
        }
        visited
    });
    None
}

async fn ask(evidence: &Evidence, store: &Store, observation: &mut Observation<RawChain>) {
    let Outcome::Handshake(handshake) = &mut observation.outcome else { return };
    let stapled = handshake.gathered.as_ref().and_then(|gathered| gathered.stapled.clone());
    let mut revocation = evidence.look_up(&read_chain(&handshake.presented), stapled.as_deref(), store).await;
    for other in &handshake.other_chains {
        for check in evidence.look_up(&read_chain(&other.presented), None, store).await {
            if !revocation.iter().any(|known| known.certificate == check.certificate) {
                revocation.push(check);
            }
        }
    }
    handshake.gathered = Some(Box::new(Gathered { stapled: None, revocation }));
}

fn give_up(evidence: &Evidence, observation: &mut Observation<RawChain>, why: &str) {
    let Outcome::Handshake(handshake) = &mut observation.outcome else { return };
    let chain: Chain = read_chain(&handshake.presented);
    let revocation = evidence.give_up(&chain, why);
    handshake.gathered = Some(Box::new(Gathered { stapled: None, revocation }));
}
