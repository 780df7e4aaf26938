//! Examining what alerts are made of, for `doctor`: the outbox against its lanes, hooks' histories, silences, and what
//! the watch remembers.

use redb::{ReadableTable, ReadableTableMetadata};

use super::StoreError;
use super::check::Examiner;
use super::record::lane::{self, LaneRecord};
use super::record::{alert, decision, hook_run, watch};
use super::schema::{HOOK_RUNS, LANES, META, Mark, OUTBOX, SILENCES, WATCH};
use crate::model::LaneState;
use crate::time::UnixTime;

/// What a lane holds, counted.
#[derive(Default)]
struct Counted {
    waiting: u64,
    /// Time of the first item, if it can be read.
    oldest: Option<UnixTime>,
    last: u64,
}

impl Examiner<'_> {
    pub(super) fn outbox(&mut self) -> Result<(), StoreError> {
        let mut items_of_lanes = 0;
        for row in self.transaction.open_table(LANES)?.iter()? {
            let (key, record) = row?;
            let is_lane = lane::lane_of(key.value()).is_some();
            self.expect(is_lane, "lanes", key.value(), "not the key of a lane");
            let counted = self.count(key.value())?;
            items_of_lanes += counted.waiting;
            if let Some(lane) = self.sound(LaneRecord::decode(key.value(), record.value()))? {
                self.lane(key.value(), &lane, &counted);
            }
        }
        let items = self.transaction.open_table(OUTBOX)?.len()?;
        self.expect(items == items_of_lanes, "outbox", &[], "items of unknown lanes");
        self.report.waiting = items;
        Ok(())
    }

    fn count(&mut self, lane: &[u8]) -> Result<Counted, StoreError> {
        let (first, last) = (lane::item_key(lane, 0), lane::item_key(lane, u64::MAX));
        let mut counted = Counted::default();
        let table = self.transaction.open_table(OUTBOX)?;
        for row in table.range::<&[u8]>(first.as_slice()..=last.as_slice())? {
            let (key, record) = row?;
            counted.waiting += 1;
            counted.last = lane::item_of(key.value()).map_or(counted.last, |(_, _, number)| number);
            if let Some((_, outgoing)) = self.sound(alert::decode(key.value(), record.value()))?
                && counted.waiting == 1
            {
                counted.oldest = Some(outgoing.alert.at);
            }
        }
        Ok(counted)
    }

    fn lane(&mut self, key: &[u8], lane: &LaneRecord, counted: &Counted) {
        self.expect(lane.waiting == counted.waiting, "lanes", key, "wrong number of items");
        self.expect(counted.last < lane.next, "lanes", key, "its next number is taken");
        if let Some(oldest) = counted.oldest {
            self.expect(lane.oldest == oldest, "lanes", key, "wrong time of its oldest item");
        }
        if counted.waiting == 0 {
            self.expect(lane.state == LaneState::Ready, "lanes", key, "empty, and not ready");
        }
        if let LaneState::Sealed(seal) = &lane.state {
            self.expect(seal.through <= counted.last, "lanes", key, "sealed beyond its last item");
        }
    }

    pub(super) fn decisions_and_watch(&mut self) -> Result<(), StoreError> {
        for row in self.transaction.open_table(HOOK_RUNS)?.iter()? {
            let (key, record) = row?;
            self.sound(hook_run::decode(key.value(), record.value()))?;
        }
        let next = Mark::NextSilence.read(&self.transaction.open_table(META)?);
        let next = self.sound(next)?.flatten().unwrap_or(1);
        for row in self.transaction.open_table(SILENCES)?.iter()? {
            let (key, record) = row?;
            self.sound(decision::decode(key.value(), record.value()))?;
            let is_given = (1..next).contains(&u64::from_be_bytes(*key.value()));
            self.expect(is_given, "silences", key.value(), "number that was not given out");
        }
        for row in self.transaction.open_table(WATCH)?.iter()? {
            let (key, record) = row?;
            let (key, record) = (key.value(), record.value());
            let read = if watch::is_of_profile(key) {
                watch::decode_profile(key, record).map(|_| ())
            } else {
                watch::decode(key, record).map(|_| ())
            };
            self.sound(read)?;
            let is_known = key == watch::KEY || watch::is_of_profile(key);
            self.expect(is_known, "watch", key, "of nobody");
        }
        Ok(())
    }
}
