//! `demarche` puts a coalition's letter before every delegation at the right moment of the UN calendar.
//!
//! The modules stand in the order in which a letter travels; ARCHITECTURE.md walks one through them.

/// Words that every room shares.
pub mod vocabulary;

// The rooms: pure functions of values and `now`.

pub mod campaign;

pub mod schedule;

pub mod letters;

pub mod outbox;

pub mod delivery;

pub mod inbox;

pub mod responses;

pub mod report;

// The world and what is asked of it.

pub mod ports;

pub mod config;

pub mod adapters;

// What is done, and by whom.

pub mod steps;

pub mod worker;

pub mod rehearsal;

// The front door.

pub mod cli;
