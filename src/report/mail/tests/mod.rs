//! Tests of the mail over news as it comes: goldens to be read, hostile text, floods.

mod flood;
mod goldens;
mod hostile;
mod samples;
