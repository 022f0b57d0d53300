//! Holds any server, the mock or the real one, to the documentation of Carbon Billing 5's REST API v2.0.
//!
//! The way of one example: [`catalog`] selects it from the contract, [`replay`] sends it through [`target`]'s client
//! and keeps [`exchange`]s, [`check`] holds them to the contract's expectations, [`render`] prints them and
//! [`snapshot`] compares the print with the reviewed one, [`run`] makes an [`outcome`] of it all, and [`report`] tells
//! people and machines, of servers that are not ours through [`redact`]. [`cli`] is the edge: arguments, exit codes ([`exit`]), wording.
//!
//! Beside that way stands the text of the page: [`shell`] splits a command as bash does, [`curl`] says what curl sends
//! for it, and [`explain`] tells what that means and what goes wrong. They send nothing themselves.
//!
//! [`embedded`] is the only module that knows the mock; everything else speaks HTTP. What judges ([`check`],
//! [`render`], [`diff`]) never sees a server at all.

pub mod ask;
pub mod bindings;
pub mod brief;
pub mod catalog;
pub mod chain;
pub mod check;
pub mod choose;
pub mod cli;
pub mod control;
pub mod curl;
pub mod diff;
pub mod embedded;
pub mod exchange;
pub mod exit;
pub mod explain;
pub mod fault;
pub mod form;
pub mod known;
pub mod laws;
pub mod literal;
pub mod outcome;
pub mod redact;
pub mod regression;
pub mod render;
pub mod replay;
pub mod report;
pub mod run;
pub mod safety;
pub mod sandbox;
pub mod shell;
pub mod snapshot;
pub mod target;
pub mod version;
