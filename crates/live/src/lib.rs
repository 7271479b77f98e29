//! Following logs: who wrote is heard at once, and who listens is served from memory.
//!
//! The log of each network is in the database, and everything here only saves looking at it. A process that has
//! written says so to itself and, over Redis, to others ([`WakeUps`]). A process whose clients follow a network keeps
//! the newest entries of its log in a [`Ring`], which a task of its own fills whenever it hears that the log has grown
//! ([`Feed`]). Wake-ups can be lost, late or doubled: every few hundred milliseconds the heads of all logs that are
//! followed are read in one statement, so that costs time and nothing else.
//!
//! A follower is a position. It reads on from there: out of the ring, or, where the ring does not reach back so far,
//! out of the database. What is made of an entry for its followers, such as a message, is kept with it ([`Slot`]), so
//! that all who follow the same share one making of it.

#![warn(missing_docs)]

mod feed;
mod follower;
mod health;
mod line;
mod listen;
mod ring;
mod slot;
mod stock;
mod told;
mod wake_ups;
mod wakers;

pub use feed::{Feed, Source};
pub use follower::{End, Follower, Next};
pub use health::Redis;
pub use line::{Group, Interest};
pub use slot::Slot;
pub use told::{Made, Making, Told, Unmade};
pub use wake_ups::{AddressError, CHANNEL, WakeUps};
pub use wakers::{Waiting, Wakers};
