//! The words for incoming mail and the response log.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub struct CollectArgs {
    /// Read a Maildir, an mbox, a folder of .eml files or one message instead of the mailbox
    #[arg(long, value_name = "PATH")]
    pub from: Option<PathBuf>,
    /// Say how one message is understood; nothing is stored, and no database is needed
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    pub explain: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct PenArgs {
    #[command(subcommand)]
    pub command: Option<PenCommand>,
    /// Show what was set aside instead: bulk mail, our own, what has to do with no letter
    #[arg(long)]
    pub aside: bool,
}

#[derive(Debug, Subcommand)]
pub enum PenCommand {
    /// Take an entry out of the pen without filing it: it has to do with no letter
    Dismiss {
        #[arg(required = true)]
        entries: Vec<i64>,
        /// Why; kept with the message
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Enter a message that was set aside in the log, so that it can be filed
    Take {
        /// Its number, as `pen --aside` shows it
        message: i64,
    },
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct LogArgs {
    #[command(subcommand)]
    pub command: Option<LogCommand>,
    pub campaign: Option<String>,
    /// Only this delegation, by its three letters
    #[arg(long, value_name = "STATE")]
    pub delegation: Option<String>,
    /// Only this kind: reply, auto-reply, bounce, receipt, calendar-reply, call, meeting, letter, note
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
    /// Only this stance
    #[arg(long, value_name = "STANCE")]
    pub stance: Option<String>,
    /// Only from this day on
    #[arg(long, value_name = "DAY")]
    pub since: Option<String>,
    /// Only entries whose writer, subject or text holds these words
    #[arg(long, value_name = "WORDS")]
    pub search: Option<String>,
    /// Only what holds now: entries that a later one corrects are left out
    #[arg(long)]
    pub in_force: bool,
    /// Print a table for a spreadsheet instead
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
    /// No more than so many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    /// Only what stands behind this entry in the list: the last of the part before
    #[arg(long, value_name = "ENTRY")]
    pub after: Option<i64>,
}

#[derive(Debug, Subcommand)]
pub enum LogCommand {
    /// Show one entry, and the thread that it belongs to
    Show {
        entry: i64,
        /// Show the whole text, with what it quotes and its signature
        #[arg(long)]
        whole: bool,
        /// Print the message as it came instead, byte for byte
        #[arg(long, conflicts_with_all = ["whole", "save"])]
        raw: bool,
        /// Save its attachments in this folder
        #[arg(long, value_name = "DIR")]
        save: Option<PathBuf>,
    },
    /// Enter a call, a letter, a note or an answer by hand
    Add(LogAddArgs),
    /// Say how an answer is to be read
    Classify {
        entry: i64,
        #[arg(long, value_name = "STANCE")]
        stance: String,
        /// The ask that it is about
        #[arg(long, value_name = "ASK")]
        ask: Option<String>,
    },
    /// File an entry under a delegation: from the pen, or because it stands in the wrong place
    ///
    /// The choice is remembered for the sender's next mail.
    Assign {
        entry: i64,
        #[arg(long, value_name = "STATE")]
        delegation: String,
        /// The campaign that it answers [default: that of the guess, else the one that wrote last to this mission]
        #[arg(long, value_name = "CAMPAIGN")]
        campaign: Option<String>,
    },
}

#[derive(Debug, Args)]
pub struct LogAddArgs {
    #[arg(long, value_name = "STATE")]
    pub delegation: String,
    /// reply, auto-reply, call, meeting, letter or note
    #[arg(long, value_name = "KIND")]
    pub kind: String,
    /// What was said
    #[arg(long, value_name = "TEXT")]
    pub text: String,
    /// The campaign that it answers [default: the one that wrote last to this mission]
    #[arg(long, value_name = "CAMPAIGN")]
    pub campaign: Option<String>,
    /// When it happened, as in "2018-02-06 09:30" or 2018-02-06 [default: now]
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Who said it
    #[arg(long, value_name = "NAME")]
    pub from: Option<String>,
    /// A scanned letter; kept, never opened
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    #[arg(long, value_name = "STANCE")]
    pub stance: Option<String>,
    /// The ask that the stance is about
    #[arg(long, value_name = "ASK", requires = "stance")]
    pub ask: Option<String>,
}
