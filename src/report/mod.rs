//! Documents to bytes: table, JSON, JSONL, CSV. Never opens a file.
