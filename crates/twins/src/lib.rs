//! What every implementation of the ports must do, told step by step: who waits, who goes on, with which error and which rows.
//!
//! This crate is for tests alone: it never runs in a service, and names no database, runtime or clock. A world under test is a [`Twin`]:
//! it opens connections, and tells of every call on one whether it is done or waits for another. A [`Body`] is a claim, played on a twin;
//! [`bodies`] lists them all. The simulation plays them here, and real databases where there are some.
//!
//! - [`twin`]: a world under test, and what it may lack
//! - [`play`]: how a body speaks: who calls what, and what must come of it
//! - [`statement`], [`call`]: what can be called, as values
//! - [`connection`]: a handler that makes on its ports the calls that it is told to
//! - [`shop`]: what there is when a body begins
//! - [`mod@bodies`]: the claims, table by table
//! - [`schedule`]: schedules that are drawn, and what must hold after all of them
//! - [`audit`]: the rows that are committed
//! - [`scripted`]: ports that hand everything on to others, but for the trouble that a test wants

pub mod audit;
pub mod bodies;
pub mod call;
pub mod connection;
pub mod play;
pub mod schedule;
pub mod scripted;
pub mod shop;
pub mod statement;
pub mod twin;

pub use audit::Audit;
pub use bodies::{Body, Ending, bodies};
pub use call::{Answer, Call, Failure, Told};
pub use connection::{Line, connection};
pub use play::Play;
pub use scripted::{Script, Scripted};
pub use statement::Statement;
pub use twin::{Need, Seat, Step, Trouble, Twin};
