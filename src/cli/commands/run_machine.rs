//! What `run` does about its machine: remembers it and its clock from run to run, and refuses to send from a copy.

use std::path::PathBuf;

use crate::adapters::machine::MachineMemory;
use crate::adapters::store::{Location, Store};
use crate::cli::answer::CliError;
use crate::cli::context::Context;
use crate::schedule::ClockTrust;
use crate::vocabulary::Instant;
use crate::worker::ClockWatch;

/// What to do about it, for whoever reads that nothing is sent.
pub const ADVICE: &str =
    "set the clock; or where it is right, end the worker and start it with `demarche run --clock-is-right`";

/// The watch of this run, and where it is remembered.
#[derive(Debug)]
pub struct OurClock {
    pub watch: ClockWatch,
    folder: PathBuf,
    /// Up to which recorded hour a person has said that the clock is right.
    right: Option<Instant>,
}

/// What earlier runs and the database know of the time. `is_right`: a person says so, whatever they know.
///
/// # Errors
/// When the database refuses.
pub async fn watch(context: &Context, store: &Store, is_right: bool) -> Result<OurClock, CliError> {
    let folder = context.path("var");
    let memory = MachineMemory::read(&folder);
    let recorded = store.last_recorded().await?;
    let right = if is_right { recorded.max(memory.right()) } else { memory.right() };
    let anchor = if is_right { None } else { memory.anchor() };
    let trust = ClockTrust::remembering(anchor, recorded.filter(|recorded| Some(*recorded) > right));
    Ok(OurClock { watch: ClockWatch::remembering(trust), folder, right })
}

/// Two copies of one workspace would each send every letter. On SQLite one machine sends; on PostgreSQL the database sees to it.
///
/// # Errors
/// When another machine sent from these files last, and nobody has said that they were moved.
pub fn refuse_a_copy(context: &Context, location: &Location, was_moved: bool) -> Result<(), CliError> {
    let on_a_file = matches!(location, Location::Sqlite(_));
    if was_moved || !on_a_file || !MachineMemory::read(&context.path("var")).is_of_another_machine() {
        return Ok(());
    }
    Err(CliError::request(
        "another machine was the last to send from this database: two copies would each send every letter",
        "end the worker there for good, and start this one with `demarche run --was-moved`; for several machines use PostgreSQL",
    ))
}

impl OurClock {
    /// Keeps what the next run is to know, and `status` to tell. Nothing depends on it but that.
    pub fn remember(&self) {
        let (anchor, doubt) = self.watch.known();
        if let Err(error) = MachineMemory::new(anchor, self.right, doubt).write(&self.folder) {
            tracing::debug!(%error, "what is known of the clock cannot be kept");
        }
    }
}
