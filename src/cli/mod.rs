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
use std::sync::{Arc, Mutex};

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
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(why) => {
            let error = CliError::world(format!("the program cannot start: {why}"), "end other programs and try again");
            return finish(&context, Err(error));
        }
    };
    // The commands' futures are large in debug builds: they live on the heap, not on this thread's stack.
    let answer = runtime.block_on(Box::pin(dispatch(&context, arguments.command)));
    runtime.shutdown_timeout(std::time::Duration::from_millis(200));
    finish(&context, answer)
}

/// Where the system allows too few threads or open files, tokio panics in some places and returns an error in others.
fn runtime() -> Result<tokio::runtime::Runtime, String> {
    enough_threads().map_err(|error| format!("the system allows it too few threads: {error}"))?;
    let said = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let built = std::panic::catch_unwind(|| tokio::runtime::Builder::new_multi_thread().enable_all().build());
    std::panic::set_hook(said);
    match built {
        Ok(built) => built.map_err(|error| error.to_string()),
        Err(_) => Err("the system allows it too few open files".to_owned()),
    }
}

/// A runtime that gets some of its threads and not the others waits for ever. So as many as a command may need, and those of the
/// database, are tried for beforehand.
fn enough_threads() -> std::io::Result<()> {
    let wanted = std::thread::available_parallelism().map_or(1, usize::from) + 4;
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock();
    let waiting = || {
        let gate = Arc::clone(&gate);
        std::thread::Builder::new().stack_size(64 << 10).spawn(move || drop(gate.lock()))
    };
    let started: Vec<_> = (0..wanted).map(|_| waiting()).collect();
    drop(closed);
    started.into_iter().try_for_each(|thread| {
        // It does nothing that could fail.
        let _ended = thread?.join();
        Ok(())
    })
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
