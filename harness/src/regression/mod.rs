//! What changed on a server: replies recorded one day, compared with those of another.
//!
//! [`crate::redact`] takes personal data out before anything is written, `recording` is a folder of replies, `shape` says
//! what a reply looks like whatever its values, `changes` compares two replies, `noise` holds what moves by itself,
//! `baseline` judges a run by an earlier recording, `survey` makes reads of every model, and `findings` tells the same
//! change once, however many replies show it.

pub mod baseline;
pub mod changes;
pub mod findings;
pub mod noise;
pub mod recording;
pub mod shape;
pub mod survey;
