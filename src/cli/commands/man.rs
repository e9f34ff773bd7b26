//! `demarche man`

use clap::CommandFactory as _;

use crate::cli::answer::{Answer, CliError};
use crate::cli::args::Arguments;

/// One page for the program and, below it, one section a command.
pub fn run() -> Result<Answer, CliError> {
    let failed = |e: std::io::Error| CliError::world(format!("the manual cannot be made: {e}"), "");
    let mut page = Vec::new();
    let mut command = Arguments::command();
    command.build();
    clap_mangen::Man::new(command.clone()).render(&mut page).map_err(failed)?;
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
        clap_mangen::Man::new(sub.clone()).render(&mut page).map_err(failed)?;
    }
    Ok(Answer::raw(page))
}
