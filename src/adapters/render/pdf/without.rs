//! A program built without the feature `pdf`.

use std::path::Path;

use super::Order;
use crate::config::source::Source;
use crate::letters::Words;
use crate::vocabulary::problem::Problem;

/// Cannot print.
#[derive(Debug)]
pub struct Printer(());

impl Printer {
    /// # Errors
    /// Always.
    pub fn new(frame: &Source, _: Option<&Path>) -> Result<Self, Vec<Problem>> {
        let problem = Problem::error("this program was built without PDF").in_file(&frame.file);
        Err(vec![problem.help("build it with the feature `pdf`, which is on unless it was switched off")])
    }

    /// # Errors
    /// Always; but there is no printer to ask.
    pub fn print(&self, _: &Order<'_>) -> Result<(Vec<u8>, Words), Box<Problem>> {
        Err(Box::new(Problem::error("this program was built without PDF")))
    }
}
