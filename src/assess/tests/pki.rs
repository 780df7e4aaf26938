//! Authorities and certificates with the faults a test asks for.
