//! What people write in files, turned into checked values with the place of every mistake.

pub mod contacts;
pub mod forms;
pub mod reader;
pub mod sections;
pub mod source;
pub mod un;
pub mod workspace;
