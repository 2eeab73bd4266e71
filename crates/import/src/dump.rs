//! Dumps of tables, and the rows of a history that they become.
//!
//! - [`table`]: CSV, JSON lines and SQLite as rows of cells
//! - [`columns`]: which column is which field
//! - [`names`]: what columns are usually called
//! - [`states`]: which value is which state
//! - [`rows`]: rows that wait to be written
//! - [`part`]: orders, charges and refunds from their tables
//! - [`stripe`]: the exports of a balance, which have charges and refunds in one

pub mod columns;
pub mod names;
pub mod part;
pub mod rows;
pub mod states;
pub mod stripe;
pub mod table;
