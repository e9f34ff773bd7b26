//! `demarche` puts a coalition's letter before every delegation at the right moment of the UN calendar.
//!
//! The modules stand in the order in which a letter travels; ARCHITECTURE.md walks one through them.

pub mod vocabulary;

pub mod campaign;

pub mod letters;

pub mod delivery;

pub mod ports;

pub mod config;

pub mod adapters;
