//! Tests of every format over the same samples: goldens, the schema, hostile text.

mod goldens;
mod hostile;
mod lists;
mod samples;
mod schema;
