//! What people write in files, turned into checked values with the place of every mistake.

pub mod reader;
pub mod sections;
pub mod contacts;
pub mod source;
pub mod un;
pub mod workspace;
