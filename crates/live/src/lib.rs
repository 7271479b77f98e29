//! Following logs: who wrote is heard at once, and who listens is served from memory.
//!
//! The log of each network is in the database, and everything here only saves looking at it. A process that has
//! written says so to itself and, over Redis, to others ([`WakeUps`]). A process whose clients follow a network keeps
//! the newest entries of its log in a ring, which a task of its own fills whenever it hears that the log has grown
//! ([`Feed`]). Wake-ups can be lost, late or doubled: every few hundred milliseconds the heads of all logs that are
//! followed are read in one statement, so that costs time and nothing else.
//!
//! Those who are told the same are a group ([`Group`]). What they want to hear of, and how it is made, is their
//! [`Interest`]; what they are told of an entry is made once ([`Told`]) and kept beside it. A follower is a position: it
//! takes what comes next from what its group is told ([`Follower`]), or, where that does not reach back so far, out of
//! the database. Nothing waits for a follower, and a follower that does not read keeps nothing.

#![warn(missing_docs)]

mod feed;
mod follower;
mod health;
mod line;
mod listen;
mod ring;
mod slot;
mod standing;
mod stock;
mod tally;
mod told;
mod wake_ups;
mod wakers;

pub use feed::{Feed, Source};
pub use follower::{End, Follower, Next, Rouse};
pub use health::Redis;
pub use line::{CHECKPOINT, Group, Interest, TRIES};
pub use slot::Slot;
pub use standing::{Baseline, Since, Standing};
pub use tally::{Tally, TallyError};
pub use told::{Made, Making, Told, Unmade};
pub use wake_ups::{AddressError, CHANNEL, WakeUps};
pub use wakers::{Waiting, Wakers};
