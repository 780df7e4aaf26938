//! Tests of every format over the same samples: goldens, the schema, hostile text.

#[path = "../../../tests/support/schema.rs"]
mod checker;
mod formats;
pub(super) mod goldens;
mod hostile;
mod inspected;
mod lists;
mod samples;
mod schema;
