//! `demarche` puts a coalition's letter before every delegation at the right moment of the UN calendar.
//!
//! The modules stand in the order in which a letter travels; ARCHITECTURE.md walks one through them.

pub mod vocabulary;

pub mod campaign;

pub mod outbox;

pub mod delivery;

pub mod inbox;

pub mod responses;

pub mod report;

pub mod ports;

pub mod adapters;

pub mod config;
