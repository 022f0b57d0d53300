//! Between a reply and its commit: changes as data, the ordered queue, the clock and the dice. Plain values, no runtime.

pub mod chance;
pub mod change;
pub mod clock;
pub mod overlap;
pub mod queue;

pub use chance::Chance;
pub use change::{Change, ChangeError, Patch};
pub use clock::{Clock, ClockError};
pub use overlap::Overlap;
pub use queue::{Order, Profile, Queue, Task};
