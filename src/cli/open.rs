//! Opening the database, as each kind of command needs it.

use crate::adapters::store::Store;
use crate::cli::answer::CliError;
use crate::cli::context::Context;
use crate::cli::wiring;
use crate::config::workspace::Workspace;

impl Context {
    /// The database, made when it is missing.
    ///
    /// # Errors
    /// When it cannot be opened, or `[database]` is at fault.
    pub async fn store(&self, workspace: &Workspace) -> Result<Store, CliError> {
        Ok(Store::open(&wiring::database(self, workspace)?).await?)
    }

    /// The database, if anything was ever planned.
    ///
    /// # Errors
    /// As [`Context::store`].
    pub async fn existing_store(&self, workspace: &Workspace) -> Result<Option<Store>, CliError> {
        Ok(Store::open_existing(&wiring::database(self, workspace)?).await?)
    }

    /// The database for a command that makes no sense without one.
    ///
    /// # Errors
    /// As [`Context::store`], and when nothing was ever planned.
    pub async fn planned_store(&self, workspace: &Workspace) -> Result<Store, CliError> {
        let none =
            || CliError::request("nothing has been planned in this workspace", "run `demarche plan CAMPAIGN` first");
        self.existing_store(workspace).await?.ok_or_else(none)
    }
}
