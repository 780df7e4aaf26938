//! The record: redb tables, transactions, migrations. Never sends or probes.
