//! Laws: what holds on any server, whatever its data are, shown by reads alone.
//!
//! [`look`] samples the server's data; each [`law::Law`] of the [`book`] chooses from the [`sample::Sample`] what to try
//! ([`pick::Pick`], by seeded [`dice`]), says which [`call::Call`]s to send, and judges their [`reply::Reply`]s; the
//! [`standing`] laws judge every reply. [`run`] goes through them within bounds and makes what fails as small as it
//! can ([`shrink`]). Only [`ask`] sends anything; laws are plain functions on plain values.

pub mod ask;
pub mod book;
pub mod call;
pub mod dice;
pub mod draw;
mod hidden;
pub mod law;
pub mod look;
pub mod pick;
pub mod reply;
pub mod report;
pub mod run;
pub mod sample;
pub mod shrink;
pub mod standing;
pub mod unnamed;
pub mod value;
pub mod verdict;
