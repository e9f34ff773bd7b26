//! The doors between rooms: load, decide, save. Each is short; what is decided, the rooms decide.

pub mod dispatch;
