//! The words of `meeting` and `followups`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub struct MeetingArgs {
    #[command(subcommand)]
    pub command: MeetingCommand,
}

#[derive(Debug, Subcommand)]
pub enum MeetingCommand {
    /// Note a meeting that was agreed
    Add(MeetingAddArgs),
    /// Show the meetings that are agreed, the next first
    List(MeetingListArgs),
    /// Show one meeting with its whole history
    Show {
        meeting: i64,
        /// Print it as an iCalendar file instead
        #[arg(long)]
        ics: bool,
    },
    /// Note that a meeting is at another time or place
    Move(MeetingMoveArgs),
    /// Note that a meeting was held, and what was said
    ///
    /// The minutes become an entry of the response log; no reminder leaves to that mission any more.
    Done(MeetingDoneArgs),
    /// Note that a meeting does not take place
    Cancel {
        meeting: i64,
        /// Why; kept in the history
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Take note of the mission's answer to the invitation: an entry of the log of the kind calendar-reply
    ///
    /// An acceptance confirms the meeting. After a refusal or a proposal nothing is changed but the history; what to do next is said.
    Confirm {
        meeting: i64,
        /// The entry's number, as `demarche log --kind calendar-reply` shows it
        #[arg(long, value_name = "ENTRY")]
        entry: i64,
    },
}

#[derive(Debug, Args)]
pub struct MeetingAddArgs {
    #[arg(long, value_name = "STATE")]
    pub delegation: String,
    /// In the campaign's zone, as in "2018-02-20 15:00"
    #[arg(long, value_name = "TIME")]
    pub at: String,
    /// How long, as in "90 minutes" [default: 1 hour]
    #[arg(long = "for", value_name = "LENGTH")]
    pub lasts: Option<String>,
    #[arg(long, value_name = "PLACE")]
    pub place: String,
    /// The campaign that it belongs to [default: the one that wrote last to this mission]
    #[arg(long, value_name = "CAMPAIGN")]
    pub campaign: Option<String>,
    /// Who comes from the mission; may be repeated
    #[arg(long = "with", value_name = "NAME")]
    pub theirs: Vec<String>,
    /// Who comes from the coalition; may be repeated
    #[arg(long = "ours", value_name = "NAME")]
    pub ours: Vec<String>,
    /// What it is about; the letter of confirmation can print it
    #[arg(long, value_name = "TEXT")]
    pub agenda: Option<String>,
}

#[derive(Debug, Args)]
pub struct MeetingListArgs {
    pub campaign: Option<String>,
    #[arg(long, value_name = "STATE")]
    pub delegation: Option<String>,
    /// Only in this state: agreed, held or cancelled
    #[arg(long, value_name = "STATE", conflicts_with = "all")]
    pub state: Option<String>,
    /// Those that were held or cancelled as well
    #[arg(long)]
    pub all: bool,
    /// Print them as an iCalendar file; cancelled ones are in it, so that calendars let them go
    #[arg(long)]
    pub ics: bool,
    /// Write the iCalendar file here [default: to standard output]
    #[arg(long, value_name = "FILE", requires = "ics")]
    pub out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct MeetingMoveArgs {
    pub meeting: i64,
    /// In the campaign's zone, as in "2018-02-21 15:00" [default: it stays]
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// How long, as in "90 minutes" [default: it stays]
    #[arg(long = "for", value_name = "LENGTH")]
    pub lasts: Option<String>,
    /// [default: it stays]
    #[arg(long, value_name = "PLACE")]
    pub place: Option<String>,
    /// Why; kept in the history
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

#[derive(Debug, Args)]
pub struct MeetingDoneArgs {
    pub meeting: i64,
    /// What was said
    #[arg(long, value_name = "TEXT", required_unless_present = "minutes_file", conflicts_with = "minutes_file")]
    pub minutes: Option<String>,
    /// A file of plain text with what was said
    #[arg(long, value_name = "FILE")]
    pub minutes_file: Option<PathBuf>,
    /// How the delegation stands now
    #[arg(long, value_name = "STANCE")]
    pub stance: Option<String>,
    /// The ask that the stance is about
    #[arg(long, value_name = "ASK", requires = "stance")]
    pub ask: Option<String>,
    /// What somebody of ours does next, as in "send the report; Ada; 3 working days"; may be repeated
    #[arg(long = "action", value_name = "WHAT; WHO; WHEN")]
    pub actions: Vec<String>,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct FollowupsArgs {
    #[command(subcommand)]
    pub command: Option<FollowupsCommand>,
    /// Only those whose day is over
    #[arg(long, conflicts_with = "all")]
    pub overdue: bool,
    /// Only this person's
    #[arg(long, value_name = "NAME")]
    pub owner: Option<String>,
    /// Those that are done as well
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, Subcommand)]
pub enum FollowupsCommand {
    /// Note what somebody of ours has promised to do
    Add(FollowupAddArgs),
    /// Note that an action is done
    Done {
        action: i64,
        /// What came of it; kept in the history
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
}

#[derive(Debug, Args)]
pub struct FollowupAddArgs {
    #[arg(long, value_name = "STATE")]
    pub delegation: String,
    /// What is to be done
    #[arg(long, value_name = "TEXT")]
    pub what: String,
    /// Who does it
    #[arg(long, value_name = "NAME")]
    pub owner: String,
    /// By when, as in 2018-02-23 or "3 working days"; a day off in Geneva gives way to the working day before
    #[arg(long, value_name = "DAY")]
    pub due: String,
    /// The campaign that it belongs to [default: the one that wrote last to this mission]
    #[arg(long, value_name = "CAMPAIGN")]
    pub campaign: Option<String>,
    /// The meeting at which it was promised
    #[arg(long, value_name = "MEETING", conflicts_with = "entry")]
    pub meeting: Option<i64>,
    /// The entry of the log from which it follows
    #[arg(long, value_name = "ENTRY")]
    pub entry: Option<i64>,
}
