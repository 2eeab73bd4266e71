//! The JSONL form: one JSON object per line.
