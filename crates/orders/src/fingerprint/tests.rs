//! Tests of the fingerprint.
