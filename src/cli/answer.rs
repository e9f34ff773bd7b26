//! What a command has to say, and how it can fail.

use serde::Serialize;
use serde_json::Value;

use crate::adapters::store::StoreError;
use crate::ports::MailboxFault;
use crate::steps::correct::CorrectError;
use crate::steps::plan::PlanError;
use crate::steps::record::CorrectionError;
use crate::vocabulary::problem::Problem;

/// What a command answers: one value, told in two ways.
#[derive(Debug)]
pub struct Answer {
    /// For people; safe for a terminal already. May hold styles, which are stripped where they do not belong.
    pub text: String,
    /// For scripts.
    pub json: Value,
    /// Printed byte for byte in place of both: `show --eml`.
    pub raw: Option<Vec<u8>>,
    /// It has been written already, page by page.
    pub told: bool,
    pub code: u8,
}

impl Answer {
    pub fn new(text: impl Into<String>, json: &impl Serialize) -> Self {
        // Values made of strings and numbers always have a JSON form.
        Self {
            text: text.into(),
            json: serde_json::to_value(json).unwrap_or(Value::Null),
            raw: None,
            told: false,
            code: 0,
        }
    }

    pub fn raw(bytes: Vec<u8>) -> Self {
        Self { text: String::new(), json: Value::Null, raw: Some(bytes), told: false, code: 0 }
    }

    /// An answer that a [`super::stream::Stream`] has told.
    pub fn told() -> Self {
        Self { text: String::new(), json: Value::Null, raw: None, told: true, code: 0 }
    }

    /// Done, but something needs a person.
    #[must_use]
    pub fn needs_a_person(mut self, needs: bool) -> Self {
        if needs {
            self.code = 4;
        }
        self
    }

    #[must_use]
    pub fn code(mut self, code: u8) -> Self {
        self.code = code;
        self
    }
}

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub enum CliError {
    /// The files are at fault; nothing was changed.
    Files(Vec<Problem>),
    /// The request is at fault; nothing was changed.
    Request { message: String, help: String },
    /// The world is at fault: mail server, database, disk.
    World { message: String, cause: Option<String>, help: String },
    /// The database is at fault; which one it is, the context knows.
    Database { message: String, cause: Option<String>, help: String },
}

impl CliError {
    pub fn request(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Request { message: message.into(), help: help.into() }
    }

    pub fn world(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::World { message: message.into(), cause: None, help: help.into() }
    }

    pub fn code(&self) -> u8 {
        match self {
            Self::Files(_) | Self::Request { .. } => 1,
            Self::World { .. } | Self::Database { .. } => 3,
        }
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        let help = error.help();
        match &error {
            StoreError::Impossible(_)
            | StoreError::Changed(_)
            | StoreError::AlreadyPlanned
            | StoreError::Copy(_)
            | StoreError::CopyInto(_) => Self::Request { message: error.to_string(), help },
            _ => {
                let (message, root) = (error.to_string(), error.root());
                let cause = (root != message).then_some(root);
                Self::Database { message, cause, help }
            }
        }
    }
}

impl From<PlanError> for CliError {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Problems(problems) => Self::Files(problems),
            PlanError::Store(error) => error.into(),
        }
    }
}

impl From<MailboxFault> for CliError {
    fn from(fault: MailboxFault) -> Self {
        match fault {
            MailboxFault::Settings { what, help } => Self::request(what, help),
            MailboxFault::Away { what, help } => Self::world(what, help),
            MailboxFault::Message { what } => Self::world(what, "other messages can be read"),
        }
    }
}

/// Why an entry was not corrected, and what to do.
impl From<CorrectionError> for CliError {
    fn from(error: CorrectionError) -> Self {
        match error {
            CorrectionError::Store(error) => error.into(),
            CorrectionError::Superseded(_, newer) => Self::request(error.to_string(), format!("correct entry {newer}")),
            _ => Self::request(error.to_string(), "`demarche log` lists the entries"),
        }
    }
}

impl From<CorrectError> for CliError {
    fn from(error: CorrectError) -> Self {
        match error {
            CorrectError::Problems(problems) => Self::Files(problems),
            CorrectError::Refused(message, help) => Self::request(message, help),
            CorrectError::Store(error) => error.into(),
        }
    }
}
