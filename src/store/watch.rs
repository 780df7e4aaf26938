//! What the watch remembers about itself from one run to the next.

use redb::WriteTransaction;

use super::outbox::append;
use super::record::{Encoder, watch};
use super::schema::WATCH;
use super::{Store, StoreError};
use crate::model::{Outgoing, ProfileWatch, Watch};

impl Store {
    /// What the watch over the whole store remembers; nothing, at first.
    ///
    /// # Errors
    /// If the record is damaged or cannot be read.
    pub fn watch(&self) -> Result<Watch, StoreError> {
        self.placed(|| match self.read()?.open_table(WATCH)?.get(watch::KEY)? {
            Some(record) => watch::decode(watch::KEY, record.value()),
            None => Ok(Watch::default()),
        })
    }

    /// Remembers, and queues what that makes news, in one transaction.
    ///
    /// # Errors
    /// Nothing is changed then.
    pub fn put_watch(&self, watch: &Watch, outgoing: &[Outgoing]) -> Result<(), StoreError> {
        self.placed(|| {
            let transaction = self.write()?;
            let mut encoder = Encoder::default();
            transaction.open_table(WATCH)?.insert(watch::KEY, watch::encode(&mut encoder, watch))?;
            append(&transaction, outgoing)?;
            Ok(transaction.commit()?)
        })
    }

    /// What the watch over `profile` remembers; nothing, at first. Written by [`Store::put_findings`].
    ///
    /// # Errors
    /// If the record is damaged or cannot be read.
    pub fn profile_watch(&self, profile: &str) -> Result<ProfileWatch, StoreError> {
        self.placed(|| {
            let key = watch::profile_key(profile);
            match self.read()?.open_table(WATCH)?.get(key.as_slice())? {
                Some(record) => watch::decode_profile(&key, record.value()),
                None => Ok(ProfileWatch::default()),
            }
        })
    }
}

/// Remembers something of a profile in the caller's transaction.
pub(super) fn put_profile(
    transaction: &WriteTransaction,
    profile: &str,
    watch: &ProfileWatch,
) -> Result<(), StoreError> {
    let key = watch::profile_key(profile);
    let mut encoder = Encoder::default();
    let record = watch::encode_profile(&mut encoder, &key, watch);
    transaction.open_table(WATCH)?.insert(key.as_slice(), record)?;
    Ok(())
}
