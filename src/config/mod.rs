//! What people write in files, turned into checked values with the place of every mistake.

pub mod forms;
pub mod source;
