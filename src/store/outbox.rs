//! The outbox: news on its way, in lanes.
//!
//! # Invariants
//! * News is queued in the transaction of the change that brought it ([`Store::put_findings`],
//!   [`Store::put_hook_run`]), or alone ([`Store::queue`]). It leaves only with [`Store::lane_delivered`] or [`Store::settle_hook`].
//! * The numbers of a lane's items ascend in the order they were queued and are never used again, not even after the
//!   lane was empty: its record stays for the next number.
//! * The items of a sealed lane up to its seal never change: nothing joins them and none of them leaves alone. What is
//!   queued meanwhile stands behind the seal. Delivering takes away exactly what is sealed; deferring or refusing
//!   unseals, and the next seal holds all that has come by then.
//! * A lane that is found sealed was perhaps delivered by a process that died. Unsealing it then could tell its items
//!   again in another mail; that is for the caller to know, who asks [`Store::lanes`] before it seals.
//! * The table of lanes has count and first time of each, so that nobody walks items to see what is due.

use std::collections::BTreeMap;

use redb::{ReadableTable, Table as OpenTable, WriteTransaction};

use super::record::alert;
use super::record::audit::AuditEvent;
use super::record::hook_run;
use super::record::lane::{self, LaneRecord, item_key};
use super::record::{Encoder, Table};
use super::schema::{HOOK_RUNS, LANES, OUTBOX};
use super::{Flow, Store, StoreError, audit};
use crate::model::{Channel, HookRun, Lane, LaneId, LaneState, Outgoing, Seal};
use crate::time::UnixTime;

type Bytes = &'static [u8];

impl Store {
    /// Queues news that comes with no finding's change, in one transaction with the entry of the audit log, if any.
    ///
    /// # Errors
    /// Nothing is queued then.
    pub fn queue(&self, outgoing: &[Outgoing], event: Option<&AuditEvent>) -> Result<(), StoreError> {
        if outgoing.is_empty() && event.is_none() {
            return Ok(());
        }
        self.placed(|| {
            let transaction = self.write()?;
            append(&transaction, outgoing)?;
            commit(transaction, event)
        })
    }

    /// Lanes with something in them: mail before hooks, the immediate before digests, then by their oldest item.
    /// Looks at no item.
    ///
    /// # Errors
    /// If a record is damaged or cannot be read.
    pub fn lanes(&self) -> Result<Vec<Lane>, StoreError> {
        self.placed(|| {
            let mut lanes = Vec::new();
            for row in self.read()?.open_table(LANES)?.iter()? {
                let (key, record) = row?;
                let LaneRecord { waiting, oldest, state, .. } =
                    LaneRecord::decode(key.value(), record.value())?;
                if waiting > 0 {
                    let id = lane::lane_of(key.value()).ok_or_else(|| Table::Lane.corrupt(key.value()))?;
                    lanes.push(Lane { id, waiting, oldest, state });
                }
            }
            lanes.sort_by_key(|lane| {
                (matches!(lane.id.channel, Channel::Hook(_)), lane.id.urgency, lane.oldest)
            });
            Ok(lanes)
        })
    }

    /// Walks a lane's items with their numbers, oldest first, up to number `through` if there is one, until `visit`
    /// breaks.
    ///
    /// # Errors
    /// If a record is damaged or cannot be read.
    pub fn lane_items(
        &self,
        lane: &LaneId,
        through: Option<u64>,
        mut visit: impl FnMut(u64, Outgoing) -> Flow,
    ) -> Result<(), StoreError> {
        self.placed(|| {
            let lane = lane::key(&lane.channel, lane.urgency);
            let (first, last) = (item_key(&lane, 0), item_key(&lane, through.unwrap_or(u64::MAX)));
            let table = self.read()?.open_table(OUTBOX)?;
            for row in table.range::<&[u8]>(first.as_slice()..=last.as_slice())? {
                let (key, record) = row?;
                let (number, outgoing) = alert::decode(key.value(), record.value())?;
                if visit(number, outgoing).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    /// Fixes what the next mail of the lane is: every item that waits, as of `now`. A sealed lane gives the seal it
    /// has; an empty one gives `None`.
    ///
    /// # Errors
    /// Nothing is changed then.
    pub fn seal(&self, lane: &LaneId, now: UnixTime) -> Result<Option<Seal>, StoreError> {
        self.placed(|| {
            let key = lane::key(&lane.channel, lane.urgency);
            let transaction = self.write()?;
            let mut outbox = Outbox::open(&transaction)?;
            let mut record = outbox.lane(&key)?;
            if let LaneState::Sealed(seal) = record.state {
                return Ok(Some(seal));
            }
            let Some(through) = outbox.last(&key)? else { return Ok(None) };
            let seal = Seal { through, sealed_at: now, setback: None };
            record.state = LaneState::Sealed(seal.clone());
            outbox.put_lane(&key, &record)?;
            drop(outbox);
            transaction.commit()?;
            Ok(Some(seal))
        })
    }

    /// Takes the items up to `through` out of the lane: somebody has them. Done twice, it changes nothing the second
    /// time and writes no entry of the audit log. In a sealed lane it is all that is sealed, or nothing.
    ///
    /// # Errors
    /// Nothing is changed then.
    pub fn lane_delivered(
        &self,
        lane: &LaneId,
        through: u64,
        event: Option<&AuditEvent>,
    ) -> Result<(), StoreError> {
        self.placed(|| {
            let transaction = self.write()?;
            let key = lane::key(&lane.channel, lane.urgency);
            if Outbox::open(&transaction)?.deliver(&key, through)? {
                commit(transaction, event)?;
            }
            Ok(())
        })
    }

    /// Says how far the lane has come, in one transaction with the entry of the audit log, if any. Changes nothing in
    /// an empty lane. A sealed lane that stays sealed keeps its seal; only the setback is taken from `state`.
    ///
    /// # Errors
    /// Nothing is changed then.
    pub fn set_lane_state(
        &self,
        lane: &LaneId,
        state: &LaneState,
        event: Option<&AuditEvent>,
    ) -> Result<(), StoreError> {
        self.placed(|| {
            let transaction = self.write()?;
            let key = lane::key(&lane.channel, lane.urgency);
            if Outbox::open(&transaction)?.set_state(&key, state)? {
                commit(transaction, event)?;
            }
            Ok(())
        })
    }

    /// Takes `items` out of a hook's lane and keeps what the hook did, in one transaction with the entry of the audit
    /// log, if any.
    ///
    /// # Errors
    /// Nothing is changed then.
    pub fn settle_hook(
        &self,
        lane: &LaneId,
        items: &[u64],
        run: &HookRun,
        event: Option<&AuditEvent>,
    ) -> Result<(), StoreError> {
        self.placed(|| {
            let transaction = self.write()?;
            let key = lane::key(&lane.channel, lane.urgency);
            Outbox::open(&transaction)?.take(&key, items)?;
            put_run(&transaction, run)?;
            commit(transaction, event)
        })
    }
}

/// Queues news in the caller's transaction.
pub(super) fn append(transaction: &WriteTransaction, outgoing: &[Outgoing]) -> Result<(), StoreError> {
    if outgoing.is_empty() {
        return Ok(());
    }
    let mut lanes: BTreeMap<Vec<u8>, Vec<&Outgoing>> = BTreeMap::new();
    for item in outgoing {
        lanes.entry(lane::key(&item.channel, item.urgency)).or_default().push(item);
    }
    let mut outbox = Outbox::open(transaction)?;
    for (lane, items) in lanes {
        outbox.append(&lane, &items)?;
    }
    Ok(())
}

/// Writes a hook's history in the caller's transaction.
pub(super) fn put_run(transaction: &WriteTransaction, run: &HookRun) -> Result<(), StoreError> {
    let key = hook_run::key(&run.hook, &run.subject);
    let mut encoder = Encoder::default();
    let record = hook_run::encode(&mut encoder, &key, run);
    transaction.open_table(HOOK_RUNS)?.insert(key.as_slice(), record)?;
    Ok(())
}

/// Ends the caller's transaction with an entry of the audit log, if there is one.
pub(super) fn commit(transaction: WriteTransaction, event: Option<&AuditEvent>) -> Result<(), StoreError> {
    if let Some(event) = event {
        audit::append(&transaction, event)?;
    }
    Ok(transaction.commit()?)
}

/// The two tables, in one transaction.
struct Outbox<'t> {
    items: OpenTable<'t, Bytes, Bytes>,
    lanes: OpenTable<'t, Bytes, Bytes>,
    encoder: Encoder,
}

impl<'t> Outbox<'t> {
    fn open(transaction: &'t WriteTransaction) -> Result<Self, StoreError> {
        Ok(Self {
            items: transaction.open_table(OUTBOX)?,
            lanes: transaction.open_table(LANES)?,
            encoder: Encoder::default(),
        })
    }

    fn lane(&self, key: &[u8]) -> Result<LaneRecord, StoreError> {
        match self.lanes.get(key)? {
            Some(record) => LaneRecord::decode(key, record.value()),
            None => Ok(LaneRecord::default()),
        }
    }

    fn put_lane(&mut self, key: &[u8], lane: &LaneRecord) -> Result<(), StoreError> {
        self.lanes.insert(key, lane.encode(&mut self.encoder, key))?;
        Ok(())
    }

    fn append(&mut self, lane: &[u8], items: &[&Outgoing]) -> Result<(), StoreError> {
        let mut record = self.lane(lane)?;
        // Items of a hook are tried one by one: a new one does not wait for the others.
        let is_hook = items.first().is_some_and(|item| matches!(item.channel, Channel::Hook(_)));
        if is_hook && matches!(record.state, LaneState::Deferred(_)) {
            record.state = LaneState::Ready;
        }
        for item in items {
            if record.waiting == 0 {
                record.oldest = item.alert.at;
            }
            let key = item_key(lane, record.next);
            self.items.insert(key.as_slice(), alert::encode(&mut self.encoder, &key, item))?;
            record.next = record.next.saturating_add(1);
            record.waiting = record.waiting.saturating_add(1);
        }
        self.put_lane(lane, &record)
    }

    /// The number of the lane's last item.
    fn last(&self, lane: &[u8]) -> Result<Option<u64>, StoreError> {
        let (first, last) = (item_key(lane, 0), item_key(lane, u64::MAX));
        let Some(row) = self.items.range::<&[u8]>(first.as_slice()..=last.as_slice())?.next_back() else {
            return Ok(None);
        };
        let key = row?.0;
        let (_, _, number) = lane::item_of(key.value()).ok_or_else(|| Table::Outbox.corrupt(key.value()))?;
        Ok(Some(number))
    }

    /// Whether it changed anything.
    fn deliver(&mut self, lane: &[u8], through: u64) -> Result<bool, StoreError> {
        let mut record = self.lane(lane)?;
        let through = match &record.state {
            // An earlier delivery, told again.
            LaneState::Sealed(seal) if through < seal.through => return Ok(false),
            LaneState::Sealed(seal) => seal.through,
            _ => through,
        };
        let (first, last) = (item_key(lane, 0), item_key(lane, through));
        let mut gone = 0;
        self.items.retain_in::<&[u8], _>(first.as_slice()..=last.as_slice(), |_, _| {
            gone += 1;
            false
        })?;
        if gone == 0 {
            return Ok(false);
        }
        record.state = LaneState::Ready;
        self.left(lane, record, gone)?;
        Ok(true)
    }

    fn take(&mut self, lane: &[u8], items: &[u64]) -> Result<(), StoreError> {
        let mut gone = 0;
        for number in items {
            gone += u64::from(self.items.remove(item_key(lane, *number).as_slice())?.is_some());
        }
        if gone == 0 {
            return Ok(());
        }
        let record = self.lane(lane)?;
        self.left(lane, record, gone)
    }

    /// Brings the lane's record up to date after `gone` items left.
    fn left(&mut self, lane: &[u8], mut record: LaneRecord, gone: u64) -> Result<(), StoreError> {
        match self.first(lane)? {
            Some((number, at)) => {
                record.waiting = record.waiting.saturating_sub(gone);
                record.oldest = at.unwrap_or(record.oldest);
                if matches!(&record.state, LaneState::Sealed(seal) if seal.through < number) {
                    record.state = LaneState::Ready;
                }
            }
            None => {
                record.waiting = 0;
                record.state = LaneState::Ready;
            }
        }
        self.put_lane(lane, &record)
    }

    /// The number and time of the lane's first item. A damaged item has no time: it is told by who walks it, and must
    /// not keep what was delivered.
    fn first(&self, lane: &[u8]) -> Result<Option<(u64, Option<UnixTime>)>, StoreError> {
        let (first, last) = (item_key(lane, 0), item_key(lane, u64::MAX));
        let Some(row) = self.items.range::<&[u8]>(first.as_slice()..=last.as_slice())?.next() else {
            return Ok(None);
        };
        let (key, value) = row?;
        let (_, _, number) = lane::item_of(key.value()).ok_or_else(|| Table::Outbox.corrupt(key.value()))?;
        let at = alert::decode(key.value(), value.value()).ok().map(|(_, outgoing)| outgoing.alert.at);
        Ok(Some((number, at)))
    }

    /// Whether it changed anything.
    fn set_state(&mut self, lane: &[u8], state: &LaneState) -> Result<bool, StoreError> {
        let mut record = self.lane(lane)?;
        let Some(last) = self.last(lane)? else { return Ok(false) };
        record.state = match (record.state, state.clone()) {
            (LaneState::Sealed(old), LaneState::Sealed(new)) => {
                LaneState::Sealed(Seal { setback: new.setback, ..old })
            }
            // Nobody seals what is yet to come.
            (_, LaneState::Sealed(new)) => LaneState::Sealed(Seal { through: new.through.min(last), ..new }),
            (_, state) => state,
        };
        self.put_lane(lane, &record)?;
        Ok(true)
    }
}
