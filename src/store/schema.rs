//! The tables of the file, its schema version and the migrations between versions.

use redb::{ReadTransaction, ReadableTable, TableDefinition, WriteTransaction};

use super::StoreError;
use super::record::{Encoder, Table, open_version, put_varint};

/// The schema this program writes.
pub(super) const SCHEMA_VERSION: u32 = 4;

type Bytes = TableDefinition<'static, &'static [u8], &'static [u8]>;
type Short<const N: usize> = TableDefinition<'static, &'static [u8; N], &'static [u8]>;
type Index<const N: usize> = TableDefinition<'static, &'static [u8; N], ()>;

/// Name to value: the schema version, the merge's marks.
pub(super) const META: Bytes = TableDefinition::new("meta");
/// Scan sequence to scan.
pub(super) const SCANS: Short<8> = TableDefinition::new("scans");
/// Scan id to sequence.
pub(super) const SCAN_IDS: Bytes = TableDefinition::new("scan_ids");
/// [`super::Position`] to observation. Ground truth, appended.
pub(super) const OBSERVATIONS: Bytes = TableDefinition::new("observations");
/// Certificate number to DER. Ground truth, appended.
pub(super) const CERTIFICATES: Short<8> = TableDefinition::new("certificates");
/// SHA-256 to certificate number. Derived.
pub(super) const CERTIFICATE_NUMBERS: Short<32> = TableDefinition::new("certificate_numbers");
/// Certificate number to SHA-256. Derived.
pub(super) const CERTIFICATE_FINGERPRINTS: Short<8> = TableDefinition::new("certificate_fingerprints");
/// Certificate number to first and last seen. Derived, by the merge.
pub(super) const CERTIFICATE_STATES: Short<8> = TableDefinition::new("certificate_states");
/// notAfter and certificate number. Derived, by the merge.
pub(super) const BY_EXPIRY: Index<16> = TableDefinition::new("certificates_by_expiry");
/// Half of the SPKI's SHA-256 and certificate number. Derived, by the merge.
pub(super) const BY_KEY: Index<24> = TableDefinition::new("certificates_by_key");
/// Half of the subject's SHA-256 and certificate number, CA certificates only. Derived.
pub(super) const BY_CA_SUBJECT: Index<24> = TableDefinition::new("certificates_by_ca_subject");
/// Endpoint id to its state. Derived, by the merge.
pub(super) const ENDPOINTS: Short<16> = TableDefinition::new("endpoints");
/// Endpoint id and where a past span began, to the span. Derived, by the merge.
pub(super) const HISTORY: Bytes = TableDefinition::new("endpoint_history");
/// Scan sequence to progress, while the scan can be resumed.
pub(super) const PROGRESS: Short<8> = TableDefinition::new("scan_progress");
/// Profile and finding key to finding. Ground truth.
pub(super) const FINDINGS: Bytes = TableDefinition::new("findings");
/// Profile, finding key and endpoint id to the last scan. Ground truth.
pub(super) const MEMBERS: Bytes = TableDefinition::new("finding_members");
/// Sequence to canonical bytes. Ground truth, appended.
pub(super) const AUDIT: Short<8> = TableDefinition::new("audit");

/// Lane and item number to news on its way. Ground truth until it is delivered.
pub(super) const OUTBOX: Bytes = TableDefinition::new("outbox");
/// Lane to what waits in it, how far it has come, and its next item number. Ground truth.
pub(super) const LANES: Bytes = TableDefinition::new("lanes");
/// Hook and certificate or finding to the hook's history with it. Ground truth.
pub(super) const HOOK_RUNS: Bytes = TableDefinition::new("hook_runs");
/// Number of a silence to it. Ground truth.
pub(super) const SILENCES: Short<8> = TableDefinition::new("silences");
/// What the watch remembers, of the whole store and of each profile. Ground truth.
pub(super) const WATCH: Bytes = TableDefinition::new("watch");

/// Half of an RSA key's SPKI hash, twice, of keys that have a prime in common: the key, then the other. Derived, by
/// comparing moduli.
pub(super) const SHARED_FACTORS: Index<32> = TableDefinition::new("shared_factors");

/// Does something with every table, in the order of the file.
macro_rules! for_each_table {
    ($do:ident) => {{
        $do!(
            META,
            SCANS,
            SCAN_IDS,
            OBSERVATIONS,
            CERTIFICATES,
            CERTIFICATE_NUMBERS,
            CERTIFICATE_FINGERPRINTS
        );
        $do!(CERTIFICATE_STATES, BY_EXPIRY, BY_KEY, BY_CA_SUBJECT, ENDPOINTS, HISTORY, PROGRESS, FINDINGS);
        $do!(MEMBERS, AUDIT, OUTBOX, LANES, HOOK_RUNS, SILENCES, WATCH, SHARED_FACTORS);
    }};
}
pub(super) use for_each_table;

/// Numbers kept in [`META`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// The schema version.
    Schema,
    /// Certificates below this number are in [`BY_EXPIRY`] and [`BY_KEY`].
    IndexedCertificates,
    /// The number of the next silence.
    NextSilence,
    /// RSA moduli of certificates below this number were compared with each other.
    ComparedModuli,
}

impl Mark {
    fn key(self) -> &'static [u8] {
        match self {
            Self::Schema => b"schema",
            Self::IndexedCertificates => b"indexed_certificates",
            Self::NextSilence => b"next_silence",
            Self::ComparedModuli => b"compared_moduli",
        }
    }

    pub(super) fn read(
        self,
        meta: &impl ReadableTable<&'static [u8], &'static [u8]>,
    ) -> Result<Option<u64>, StoreError> {
        let Some(record) = meta.get(self.key())? else { return Ok(None) };
        let mut decoder = open_version(Table::Meta, self.key(), record.value(), 1)?;
        let number = decoder.varint()?;
        decoder.end()?;
        Ok(Some(number))
    }

    pub(super) fn write(self, transaction: &WriteTransaction, number: u64) -> Result<(), StoreError> {
        let mut encoder = Encoder::default();
        put_varint(encoder.begin(Table::Meta, self.key(), 1), number);
        transaction.open_table(META)?.insert(self.key(), encoder.finish())?;
        Ok(())
    }
}

/// The steps from each older version to the next; step `n` leads from version `n` to `n + 1`.
const MIGRATIONS: [Migration; 4] = [
    create_tables,
    // Version 2 brings the tables of alerts. Findings keep the form they have until they are written next.
    create_tables,
    // Version 3 brings facts of deep inspection into observations and scans. Those that are there read as before.
    create_tables,
    // Version 4 brings the keys that have a prime in common, and what was gathered of others into observations. Those
    // that are there read as before.
    create_tables,
];

type Migration = fn(&WriteTransaction) -> Result<(), StoreError>;

/// What has to be done with a file of this schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Schema {
    /// No table at all.
    Empty,
    Current,
    Older(u32),
    Newer(u32),
    /// Tables of something else.
    Foreign,
}

/// Looks at the schema without changing anything.
pub(super) fn inspect(transaction: &ReadTransaction) -> Result<Schema, StoreError> {
    let meta = match transaction.open_table(META) {
        Ok(meta) => meta,
        Err(redb::TableError::TableDoesNotExist(_)) => {
            let is_empty = transaction.list_tables()?.next().is_none()
                && transaction.list_multimap_tables()?.next().is_none();
            return Ok(if is_empty { Schema::Empty } else { Schema::Foreign });
        }
        Err(redb::TableError::Storage(error)) => return Err(error.into()),
        Err(_) => return Ok(Schema::Foreign),
    };
    let Some(version) = Mark::Schema.read(&meta)? else { return Ok(Schema::Foreign) };
    let version = u32::try_from(version).unwrap_or(u32::MAX);
    Ok(match version.cmp(&SCHEMA_VERSION) {
        std::cmp::Ordering::Less => Schema::Older(version),
        std::cmp::Ordering::Equal => Schema::Current,
        std::cmp::Ordering::Greater => Schema::Newer(version),
    })
}

/// Brings a file of version `from` to the current schema, in the caller's transaction.
pub(super) fn migrate(transaction: &WriteTransaction, from: u32) -> Result<(), StoreError> {
    let done = usize::try_from(from).unwrap_or(usize::MAX);
    for step in MIGRATIONS.iter().skip(done) {
        step(transaction)?;
    }
    Mark::Schema.write(transaction, SCHEMA_VERSION.into())
}

/// Makes every table, so that readers never find one missing.
pub(super) fn create_tables(transaction: &WriteTransaction) -> Result<(), StoreError> {
    macro_rules! create {
        ($($table:ident),*) => { $(drop(transaction.open_table($table)?);)* };
    }
    for_each_table!(create);
    Ok(())
}
