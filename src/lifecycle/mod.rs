//! The life of findings: reconciled from one scan to the next. Pure.
