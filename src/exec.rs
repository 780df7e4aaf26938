//! A door that every shell may use: child programs, without a shell, with a deadline and capped output.
