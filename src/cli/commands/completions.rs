//! `demarche completions`

use clap::CommandFactory as _;

use crate::cli::answer::{Answer, CliError};
use crate::cli::args::{Arguments, CompletionsArgs};

#[expect(clippy::unnecessary_wraps, reason = "every command answers or fails")]
pub fn run(args: &CompletionsArgs) -> Result<Answer, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Arguments::command(), "demarche", &mut script);
    Ok(Answer::raw(script))
}
