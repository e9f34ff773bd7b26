//! What `run` does about mail: reads it beside the rounds, and files copies of what was sent.

use std::time::Duration;

use crate::adapters::clock::SystemClock;
use crate::adapters::mailbox::AnyMailbox;
use crate::adapters::mailbox::imap::SentFolder;
use crate::adapters::store::Store;
use crate::cli::answer::CliError;
use crate::cli::commands::collect::{failed, told};
use crate::cli::context::Context;
use crate::cli::{output, wiring};
use crate::config::workspace::Workspace;
use crate::vocabulary::Zone;
use crate::worker::bell::Bell;
use crate::worker::{Collector, MailWanted, Stop};

pub type OurCollector = Collector<SystemClock, AnyMailbox, SentFolder>;

/// How long the first round waits for the mailbox to be read.
const FIRST_READING: Duration = Duration::from_secs(60);

/// Who reads mail and files copies; `None` where the settings ask for neither.
///
/// # Errors
/// When the settings, their secrets or var/ are at fault.
pub async fn collector(
    context: &Context,
    workspace: &Workspace,
    store: &Store,
) -> Result<Option<OurCollector>, CliError> {
    let mailbox = wiring::mailbox(context, workspace)?;
    let archive = wiring::sent_folder(context, workspace)?;
    if mailbox.is_none() && archive.is_none() {
        return Ok(None);
    }
    Ok(Some(Collector {
        store: store.clone(),
        clock: context.clock,
        mailbox,
        clerk: context.clerk(workspace)?,
        since: context.mail_since(workspace, store).await?,
        archive,
    }))
}

/// Reads the mailbox once. `false`: it could not be read, which is said.
pub async fn read_once(collector: &mut OurCollector) -> bool {
    let (collected, outcome) = collector.collect().await;
    let news = !collected.mail.entered.is_empty() || collected.first_since.is_some() || !collected.faults.is_empty();
    if news || !collected.let_go.is_empty() {
        output::say(told(&collected).text.trim_end());
    }
    match outcome {
        Ok(()) => true,
        Err(error) => {
            say_failure(&failed(error));
            false
        }
    }
}

/// Files copies of what was sent; a failure is said, and nothing is sent again for it.
pub async fn file_copies(collector: &mut OurCollector) {
    if let Some(why) = collector.file_copies().await {
        let why = output::cell(&why);
        output::say(&format!(
            "warning: copies of sent letters are not filed: {why}\n  help: the letters have left; look at sent_folder"
        ));
    }
}

fn say_failure(error: &CliError) {
    let (message, cause, help) = match error {
        CliError::World { message, cause, help } | CliError::Database { message, cause, help } => {
            (message.as_str(), cause.as_deref(), help.as_str())
        }
        CliError::Request { message, help } => (message.as_str(), None, help.as_str()),
        CliError::Files(_) => ("the files are at fault", None, "run `demarche check`"),
    };
    let cause = cause.map(|cause| format!(" ({cause})")).unwrap_or_default();
    let line = output::cell(&format!("{message}{cause}"));
    output::say(&format!("warning: mail was not read: {line}\n  help: {}", output::cell(help)));
}

/// Reads mail as the schedule says and whenever a letter waits for it, until somebody asks to stop.
pub async fn beside(mut collector: OurCollector, collect: String, zone: Zone, wanted: MailWanted, stop: Stop) {
    let mut bell = match Bell::hang(&collect, zone).await {
        Ok(bell) => bell,
        Err(error) => {
            tracing::error!(%error, "the schedule of the mailbox cannot be started");
            return;
        }
    };
    let mut failed_before = false;
    while !stop.is_asked() {
        tokio::select! {
            () = bell.rings() => {}
            () = wanted.asked() => {}
            () = stop.asked() => break,
        }
        tokio::select! {
            read = read_unless(&mut collector, failed_before) => failed_before = !read,
            // What was read so far is stored; the rest is read at the next start.
            () = stop.asked() => break,
        }
    }
    bell.take_down().await;
}

/// A mailbox that stays away is told of once, and again when it is back.
async fn read_unless(collector: &mut OurCollector, failed_before: bool) -> bool {
    if !failed_before {
        let read = read_once(collector).await;
        file_copies(collector).await;
        return read;
    }
    let (collected, outcome) = collector.collect().await;
    if outcome.is_ok() {
        output::say(&format!("mail is read again\n{}", told(&collected).text.trim_end()));
        file_copies(collector).await;
    }
    outcome.is_ok()
}

/// The first round knows what has been answered meanwhile; a mailbox that is slow does not keep the letters.
pub async fn before_the_first_round(collector: &mut OurCollector) {
    if tokio::time::timeout(FIRST_READING, read_once(collector)).await.is_err() {
        output::say("the mailbox is read further beside the letters");
    }
}
