//! The words of the command line. The comments here are the help.

mod mail;
mod meetings;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use mail::{CollectArgs, LogAddArgs, LogArgs, LogCommand, PenArgs, PenCommand};
pub use meetings::{
    FollowupAddArgs, FollowupsArgs, FollowupsCommand, MeetingAddArgs, MeetingArgs, MeetingCommand, MeetingDoneArgs,
    MeetingListArgs, MeetingMoveArgs,
};

/// Put a coalition's letter before every delegation at the right moment of the UN calendar
///
/// A workspace is a folder with config/ and templates/. Begin with `demarche init DIR`, then `check`, `plan`, `approve`, `run`.
#[derive(Debug, Parser)]
#[command(name = "demarche", version, max_term_width = 100, arg_required_else_help = true)]
pub struct Arguments {
    /// The workspace [default: the current folder]
    #[arg(long, global = true, value_name = "DIR", env = "DEMARCHE_WORKSPACE")]
    pub workspace: Option<PathBuf>,

    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    pub json: bool,

    /// Who does this, for the history [default: the login name]
    #[arg(long, global = true, value_name = "NAME")]
    pub by: Option<String>,

    /// Say more about what happens, on standard error; twice for still more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,

    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a fresh workspace
    Init(InitArgs),
    /// Read everything, render every letter, and report all problems at once
    Check(CheckArgs),
    /// Show the UN's dates, with provisional ones marked
    Calendar(CalendarArgs),
    /// Show the contact list as it is understood
    Contacts(ContactsArgs),
    /// Compute due dates, render the letters, store both, and show the difference from last time
    Plan(PlanArgs),
    /// Show the letters exactly as they would leave
    Preview(PreviewArgs),
    /// Send a letter as it stands to a colleague, marked [TEST]
    Test(TestArgs),
    /// Approve the exact bytes of letters
    Approve(ApproveArgs),
    /// Take approvals back
    Revoke(RevokeArgs),
    /// Send what is approved when it is due
    Run(RunArgs),
    /// Play a whole campaign in simulated time, into a folder
    Rehearse(RehearseArgs),
    /// Show where the campaigns stand, and what needs a person
    Status(StatusArgs),
    /// Show who got it, who did not, and why
    Dispatches(DispatchesArgs),
    /// Show one dispatch's whole history
    Show(ShowArgs),
    /// Show which rules and dates decide one delegation's letters
    Why(WhyArgs),
    /// Stop letters, until they are released
    Hold(DecideArgs),
    /// Let letters go on that were held, skipped or missed
    Release(ReleaseArgs),
    /// End letters for good
    Cancel(DecideArgs),
    /// Try letters again that were refused or returned, after a correction
    Retry(RetryArgs),
    /// Say what became of letters that are uncertain
    Settle(SettleArgs),
    /// Put letters that went to files back, to send them for real
    Restart(RestartArgs),
    /// Look after the database
    Database(DatabaseArgs),
    /// Empty what a person left in the response log, at that person's request
    Erase(EraseArgs),
    /// Read new mail now, and file it
    Collect(CollectArgs),
    /// Show incoming mail that belongs nowhere for sure, each with its guesses
    Pen(PenArgs),
    /// Read and write the response log
    Log(Box<LogArgs>),
    /// Keep follow-up meetings: agreed, moved, held, cancelled
    Meeting(MeetingArgs),
    /// Show where delegations stand to each ask, and what has moved
    Positions(PositionsArgs),
    /// Show who of ours has to do what, by when; the overdue first
    Followups(FollowupsArgs),
    /// Show the digest as it would be mailed to staff now
    Digest(DigestArgs),
    /// Print completions for a shell
    Completions(CompletionsArgs),
    /// Print the manual page
    Man,
}

#[derive(Debug, Args)]
pub struct InitArgs {
    /// A folder that does not exist yet, or is empty
    pub dir: PathBuf,
    /// Number of the session of the Human Rights Council to prepare for
    #[arg(long, value_name = "N", requires = "opens", requires = "closes")]
    pub session: Option<u16>,
    /// First day of the session, as in 2027-02-22
    #[arg(long, value_name = "DAY", requires = "session")]
    pub opens: Option<String>,
    /// Last day of the session
    #[arg(long, value_name = "DAY", requires = "session")]
    pub closes: Option<String>,
}

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Also connect to the mail server and sign in; nothing is sent
    #[arg(long)]
    pub online: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CalendarPart {
    Hrc,
    Upr,
    Holidays,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct CalendarArgs {
    #[command(subcommand)]
    pub action: Option<CalendarAction>,
    /// Only this part
    pub part: Option<CalendarPart>,
    /// From this day on [default: today]
    #[arg(long, value_name = "DAY")]
    pub from: Option<String>,
    /// Up to this day [default: two years later]
    #[arg(long, value_name = "DAY")]
    pub to: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum CalendarAction {
    /// Write the dates, and the times at which letters leave, as an iCalendar file
    ///
    /// Importing a later file updates the entries of an earlier one. Provisional dates are tentative.
    Export(CalendarExportArgs),
}

#[derive(Debug, Args)]
pub struct CalendarExportArgs {
    /// From this day on [default: today, or the campaign's first date]
    #[arg(long, value_name = "DAY")]
    pub from: Option<String>,
    /// Up to this day [default: two years later, or the campaign's last date]
    #[arg(long, value_name = "DAY")]
    pub to: Option<String>,
    /// Letters of this campaign only [default: of every campaign that is planned]
    #[arg(long, value_name = "CAMPAIGN")]
    pub campaign: Option<String>,
    /// Days off as well
    #[arg(long)]
    pub holidays: bool,
    /// Write to this file [default: to standard output]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ContactsArgs {
    /// Only this State, by its three letters
    #[arg(long, value_name = "STATE")]
    pub state: Option<String>,
}

#[derive(Debug, Args)]
pub struct PlanArgs {
    pub campaign: String,
    /// Store nothing
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Html,
    Pdf,
    Eml,
}

#[derive(Debug, Args)]
pub struct PreviewArgs {
    pub campaign: String,
    /// Only this step
    #[arg(long, value_name = "STEP")]
    pub step: Option<String>,
    /// Only this delegation, by its three letters
    #[arg(long, value_name = "STATE")]
    pub delegation: Option<String>,
    /// All letters of all steps, with the manifest digest; with --out also a page for approvers, index.html
    #[arg(long)]
    pub all: bool,
    /// Show what differs from what was last approved, instead of the letters
    #[arg(long, conflicts_with_all = ["out", "format"])]
    pub diff: bool,
    /// With --out several, as in text,html,eml
    #[arg(long, value_enum, default_value = "text", value_delimiter = ',')]
    pub format: Vec<Format>,
    /// Write each letter to a file in this folder, in place of an earlier preview there
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct TestArgs {
    pub campaign: String,
    /// A colleague's address; one of the contact list is refused
    #[arg(long, value_name = "ADDRESS")]
    pub to: String,
    /// The step whose letter is sent [default: the first]
    #[arg(long, value_name = "STEP")]
    pub step: Option<String>,
    /// The delegation whose letter is sent [default: the first]
    #[arg(long, value_name = "STATE")]
    pub delegation: Option<String>,
}

/// A campaign, and what part of it.
#[derive(Debug, Clone, Args)]
pub struct Selection {
    pub campaign: String,
    /// Only this step
    #[arg(long, value_name = "STEP")]
    pub step: Option<String>,
    /// Only these delegations, by their three letters; may be repeated
    #[arg(long = "delegation", value_name = "STATE")]
    pub delegations: Vec<String>,
}

#[derive(Debug, Args)]
pub struct ApproveArgs {
    #[command(flatten)]
    pub selection: Selection,
    /// The approver, as named in the campaign's file
    #[arg(long = "as", value_name = "NAME")]
    pub as_whom: String,
    /// Refuse unless the letters that wait for approval have this digest, as `preview --all` prints it
    #[arg(long, value_name = "sha256:…")]
    pub manifest: Option<String>,
    /// The mail in which the approver said yes, quoting the manifest; kept with the approval
    #[arg(long, value_name = "FILE", requires = "manifest")]
    pub evidence: Option<PathBuf>,
    /// Answer the question with yes
    #[arg(long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
pub struct RevokeArgs {
    #[command(flatten)]
    pub selection: Selection,
    /// The approver, as named in the campaign's file
    #[arg(long = "as", value_name = "NAME")]
    pub as_whom: String,
}

#[derive(Debug, Args)]
pub struct RunArgs {
    /// End once nothing is due or in flight
    #[arg(long)]
    pub until_idle: bool,
    /// Take this machine's clock for right, though it was moved, or the database has recorded a later hour
    #[arg(long)]
    pub clock_is_right: bool,
    /// Send from this machine, though another one sent from these files before: they were moved, not copied
    #[arg(long)]
    pub was_moved: bool,
}

#[derive(Debug, Args)]
pub struct RehearseArgs {
    pub campaign: String,
    /// Where letters, database and transcript go [default: var/rehearsal/CAMPAIGN]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct StatusArgs {
    pub campaign: Option<String>,
}

#[derive(Debug, Args)]
pub struct DispatchesArgs {
    pub campaign: Option<String>,
    /// Only in this status
    #[arg(long, value_name = "STATUS")]
    pub status: Option<String>,
    /// Only this delegation, by its three letters
    #[arg(long, value_name = "STATE")]
    pub delegation: Option<String>,
    /// Only this step
    #[arg(long, value_name = "STEP")]
    pub step: Option<String>,
    /// No more than so many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    /// Only what stands behind this one in the list: the last of the part before
    #[arg(long, value_name = "DISPATCH")]
    pub after: Option<String>,
}

#[derive(Debug, Args)]
pub struct ShowArgs {
    /// As in hrc37-china/letter/FRA
    pub dispatch: String,
    /// Print the exact bytes instead
    #[arg(long)]
    pub eml: bool,
    /// Print the mail in which it was approved instead, byte for byte; of several the last, or that of the approver NAME
    #[arg(long, value_name = "NAME", num_args = 0..=1, conflicts_with = "eml")]
    pub evidence: Option<Option<String>>,
}

#[derive(Debug, Args)]
pub struct WhyArgs {
    pub campaign: String,
    /// By its three letters
    pub delegation: String,
}

#[derive(Debug, Args)]
pub struct DecideArgs {
    #[command(flatten)]
    pub selection: Selection,
    /// Why; kept in the history
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Answer the question with yes
    #[arg(long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
pub struct ReleaseArgs {
    #[command(flatten)]
    pub selection: Selection,
    /// Why; kept in the history
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// A new due time in the campaign's zone, as in "2018-02-06 09:30"; it must be approved again
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
}

#[derive(Debug, Args)]
pub struct RetryArgs {
    /// As in hrc37-china/letter/FRA
    #[arg(required = true)]
    pub dispatches: Vec<String>,
    /// Answer the question with yes
    #[arg(long)]
    pub yes: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Settlement {
    Sent,
    NotSent,
}

#[derive(Debug, Args)]
pub struct SettleArgs {
    /// As in hrc37-china/letter/FRA
    #[arg(required = true)]
    pub dispatches: Vec<String>,
    /// What became of them
    #[arg(long = "as", value_enum)]
    pub as_what: Settlement,
    /// How that is known; kept in the history
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Answer the question with yes
    #[arg(long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
pub struct RestartArgs {
    pub campaign: String,
    /// Answer the question with yes
    #[arg(long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
pub struct DatabaseArgs {
    #[command(subcommand)]
    pub command: DatabaseCommand,
}

#[derive(Debug, Subcommand)]
pub enum DatabaseCommand {
    /// Bring the schema up to date; every command does so when it opens the database
    Migrate,
    /// Copy everything into another database, which must be empty, and compare both
    Copy {
        /// sqlite://PATH or postgres://USER@HOST/NAME; the password comes from DEMARCHE_FROM_PASSWORD
        from: String,
        /// sqlite://PATH or postgres://USER@HOST/NAME; the password comes from DEMARCHE_TO_PASSWORD
        to: String,
    },
    /// After a restored backup or a failover: find letters that have left but that the database does not know as sent
    Reconcile {
        /// Mark them as uncertain, so that none leaves twice; `settle` decides each
        #[arg(long)]
        yes: bool,
        /// The journal of another workspace that is gone for good, so that nobody can compare it any more
        #[arg(long, value_name = "JOURNAL")]
        gone: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub struct EraseArgs {
    /// The address of the person who asks
    pub address: String,
    /// Answer the question with yes
    #[arg(long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
pub struct PositionsArgs {
    /// Only what this campaign asks [default: every ask]
    pub campaign: Option<String>,
    /// Only this ask, by its id in the campaign's file
    #[arg(long, value_name = "ASK")]
    pub ask: Option<String>,
    /// Only this delegation, with its whole history
    #[arg(long, value_name = "STATE")]
    pub delegation: Option<String>,
    /// Only this regional group: africa, asia-pacific, eastern-europe, grulac, weog
    #[arg(long, value_name = "GROUP", conflicts_with = "delegation")]
    pub group: Option<String>,
    /// Tell what has moved since the end of this day [default: the close of the Council's session before]
    #[arg(long, value_name = "DAY")]
    pub since: Option<String>,
    /// Print a table for spreadsheets, a row for each ask and delegation
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
}

#[derive(Debug, Args)]
pub struct DigestArgs {
    /// Mail it to digest_to; the next digest then tells what comes after it
    #[arg(long)]
    pub send: bool,
}

#[derive(Debug, Args)]
pub struct CompletionsArgs {
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}
