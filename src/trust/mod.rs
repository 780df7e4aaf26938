//! Loads trust anchors with name, date and hash. Never judges.
