//! Use cases, one file per verb: the only place where shells meet.
