//! Files, environment and flags to typed settings; scan profiles.
