//! The front door: words in, words out. What is decided, the rooms decide.

pub mod answer;
pub mod args;
mod campaigns;
mod commands;
pub mod context;
pub mod diagnostics;
pub mod differences;
mod doubts;
mod index_page;
mod mail;
mod open;
pub mod output;
mod preview_folder;
mod previewed;
mod proposal;
mod reading;
mod stream;
pub mod wiring;
mod words;

use std::process::ExitCode;

use clap::Parser as _;

use answer::{Answer, CliError};
use args::{Arguments, Command};
use context::Context;

/// Runs the program and says how it ended: the exit codes of the contract, section 7.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are answers (0), all else is a slip on the command line (2).
            let code = if error.use_stderr() { 2 } else { 0 };
            let _closed_pipe = error.print();
            return ExitCode::from(code);
        }
    };
    // A worker that runs for months says what it does; a command that ends tells it in its answer.
    let worker = matches!(&arguments.command, Command::Run(run) if !run.until_idle);
    wiring::start_logging(arguments.verbose.max(u8::from(worker)));
    let context = wiring::context(&arguments);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let error =
                CliError::world(format!("the program cannot start: {error}"), "end other programs and try again");
            return finish(&context, Err(error));
        }
    };
    // The commands' futures are large in debug builds: they live on the heap, not on this thread's stack.
    let answer = runtime.block_on(Box::pin(dispatch(&context, arguments.command)));
    runtime.shutdown_timeout(std::time::Duration::from_millis(200));
    finish(&context, answer)
}

fn finish(context: &Context, answer: Result<Answer, CliError>) -> ExitCode {
    match answer {
        Ok(answer) => {
            let code = answer.code;
            if output::print(context, &answer) { ExitCode::from(code) } else { ExitCode::from(3) }
        }
        Err(error) => {
            output::print_error(context, &error);
            ExitCode::from(error.code())
        }
    }
}

async fn dispatch(context: &Context, command: Command) -> Result<Answer, CliError> {
    match command {
        Command::Init(args) => commands::init::run(context, &args),
        Command::Check(args) => commands::check::run(context, &args).await,
        Command::Calendar(args) => commands::calendar::run(context, &args).await,
        Command::Contacts(args) => commands::contacts::run(context, &args).await,
        Command::Plan(args) => commands::plan::run(context, &args).await,
        Command::Preview(args) => commands::preview::run(context, &args).await,
        Command::Test(args) => commands::test::run(context, &args).await,
        Command::Approve(args) => commands::approve::run(context, &args).await,
        Command::Revoke(args) => commands::revoke::run(context, &args).await,
        Command::Run(args) => commands::run::run(context, &args).await,
        Command::Rehearse(args) => commands::rehearse::run(context, &args).await,
        Command::Status(args) => commands::status::run(context, &args).await,
        Command::Dispatches(args) => commands::dispatches::run(context, &args).await,
        Command::Show(args) => commands::show::run(context, &args).await,
        Command::Why(args) => commands::why::run(context, &args).await,
        Command::Hold(args) => commands::decide::hold(context, &args).await,
        Command::Release(args) => commands::release::run(context, &args).await,
        Command::Cancel(args) => commands::decide::cancel(context, &args).await,
        Command::Retry(args) => commands::retry::run(context, &args).await,
        Command::Settle(args) => commands::settle::run(context, &args).await,
        Command::Restart(args) => commands::restart::run(context, &args).await,
        Command::Database(args) => commands::database::run(context, &args).await,
        Command::Erase(args) => commands::erase::run(context, &args).await,
        Command::Collect(args) => commands::collect::run(context, &args).await,
        Command::Pen(args) => commands::pen::run(context, &args).await,
        Command::Log(args) => commands::log::run(context, &args).await,
        Command::Meeting(args) => commands::meeting::run(context, &args).await,
        Command::Positions(args) => commands::positions::run(context, &args).await,
        Command::Followups(args) => commands::followups::run(context, &args).await,
        Command::Digest(args) => commands::digest::run(context, &args).await,
        Command::Completions(args) => commands::completions::run(&args),
        Command::Man => commands::man::run(),
    }
}
