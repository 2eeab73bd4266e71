//! The judge from outside: the histories and their verdicts, brute force, and the JSONL form.
//!
//! - `histories`: every history in `histories/` gets the verdict of its MANIFEST
//! - `brute_force`: closed forms against the table, read literally, on random small histories
//! - `round_trip`: a history that was written and read again is judged the same
//! - `sabotage`: worlds that cheat, one falsified thing each
//! - `metamorphic`: what must not change a verdict, and what must not improve one
//! - `random`: small histories in which anything may have happened

mod brute_force;
mod histories;
mod metamorphic;
mod random;
mod round_trip;
mod sabotage;
