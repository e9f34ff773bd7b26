//! The files of `config/`, one reader each: TOML in, checked values and problems out.

pub mod calendar;
pub mod campaign;
pub mod inbox;
pub mod installation;
pub mod positions;
pub mod rehearsal;
pub mod server;
