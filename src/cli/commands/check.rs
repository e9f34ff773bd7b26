//! `demarche check`

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::json;

use crate::cli::answer::{Answer, CliError};
use crate::cli::args::CheckArgs;
use crate::cli::context::Context;
use crate::cli::{diagnostics, wiring};
use crate::config::sections::campaign::CampaignFile;
use crate::config::sections::inbox::InboxMode;
use crate::config::sections::installation::{Installation, Mode};
use crate::config::sections::server::is_loopback;
use crate::config::workspace::{CONTACTS, INSTALLATION, Workspace};
use crate::outbox::neighbours::{Floor, Held, Timed, TooClose, too_close};
use crate::outbox::{Draft, Status, Via};
use crate::ports::Mailbox as _;
use crate::steps::addressing;
use crate::steps::draft::{Drafting, draft};
use crate::steps::meetings::sample_meetings;
use crate::steps::neighbours;
use crate::steps::pausing::try_now;
use crate::vocabulary::Address;
use crate::vocabulary::problem::Problem;

pub async fn run(context: &Context, args: &CheckArgs) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let mut problems = workspace.problems.clone();
    let (mut letters, mut steps, mut held) = (0, 0, 0);
    let mut planned: Vec<Timed> = Vec::new();
    let mut written = BTreeSet::new();
    // Letters are rendered even where other files are at fault, so that one run finds everything.
    if !workspace.missions.is_empty() {
        for file in &workspace.campaigns {
            let nothing = (BTreeMap::new(), HashMap::new());
            let meetings = sample_meetings(&workspace, &file.campaign.id, context.now());
            let drafting = Drafting {
                workspace: &workspace,
                file,
                secret: "",
                fixed: &nothing.0,
                meetings: &meetings,
                overrides: &nothing.1,
            };
            let drafted = draft(&drafting, |letter| {
                planned.extend(Some(as_planned(&letter.draft)).filter(|_| !letter.draft.is_confirmation()));
                held += usize::from(!letter.findings.is_empty());
                written.insert((letter.draft.id.delegation, letter.draft.language));
            });
            problems.extend(drafted.problems);
            letters += drafted.letters;
            steps += drafted.dates.len() + file.campaign.steps.iter().filter(|step| step.is_for_meetings()).count();
            for (step, milestone, due) in &drafted.dates {
                if due.at < context.now() {
                    let place = file.when(step).map(|when| file.source.place(when));
                    let past = format!("step `{step}` was due on {} ({}), which is past", due.day, milestone.reference);
                    problems.push(Problem { place, ..Problem::notice(past) });
                }
            }
        }
    }
    problems.extend(close_campaigns(&workspace, &planned));
    problems.extend(addressing::problems(&workspace, &written));
    problems.extend(example_addresses(&workspace));
    problems.extend(nobody_reads(&workspace));
    problems.extend(bounces_elsewhere(&workspace));
    let mut tried = Vec::new();
    if args.online && !problems.iter().any(Problem::is_error) {
        tried = online(context, &workspace).await?;
        tried.extend(go_on(context, &workspace).await?);
    }
    if problems.iter().any(Problem::is_error) {
        return Err(CliError::Files(problems));
    }
    let missions = workspace.missions.len();
    let mut text = diagnostics::show(&problems);
    let plural = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    text.push_str(&format!(
        "{}, {}, {}, {} rendered: {}\n",
        plural(workspace.campaigns.len(), "campaign"),
        plural(steps, "step"),
        plural(missions, "mission"),
        plural(letters, "letter"),
        match held {
            0 => "nothing is wrong".to_owned(),
            held => format!("no error, but {} would be held", plural(held, "letter")),
        }
    ));
    for outcome in tried {
        text.push_str(&format!("{outcome}\n"));
    }
    Ok(Answer::new(
        text,
        &json!({ "campaigns": workspace.campaigns.len(), "steps": steps, "missions": missions, "letters": letters, "held": held, "problems": problems }),
    ))
}

fn as_planned(draft: &Draft) -> Timed {
    Timed { id: draft.id.clone(), status: Status::Planned, at: draft.due }
}

/// Campaigns of the files that write to one mission within the floor: told where the letter that will be held stands, and
/// once where either may be.
fn close_campaigns(workspace: &Workspace, planned: &[Timed]) -> Vec<Problem> {
    let days = neighbours::days_between(workspace);
    let mut found = too_close(planned, planned, Floor::days(days));
    found.retain(|pair| match pair.held {
        Held::This => true,
        Held::Either => pair.this.id > pair.other.id,
        Held::Other => false,
    });
    let of = |file: &CampaignFile| {
        let own: Vec<TooClose> =
            found.iter().filter(|pair| pair.this.id.campaign == file.campaign.id).cloned().collect();
        neighbours::warnings(&own, file, days)
    };
    workspace.campaigns.iter().flat_map(of).collect()
}

/// A real mail server must never see an invented address.
fn example_addresses(workspace: &Workspace) -> Option<Problem> {
    let delivery = &workspace.installation.as_ref()?.delivery;
    delivery.smtp.as_ref().filter(|smtp| delivery.mode == Mode::Smtp && !is_loopback(&smtp.host))?;
    let invented = workspace
        .missions
        .iter()
        .flat_map(|m| &m.contacts)
        .find(|c| c.email.as_ref().is_some_and(|a| a.is_example()))?;
    let problem = Problem::error("the contact list holds example addresses, and [delivery] sends over a real server");
    Some(
        problem
            .in_file(format!("{CONTACTS}:{}", invented.line))
            .help("put the missions' real addresses in, or write mode = \"files\""),
    )
}

/// Bounces come back to `from`, which is the envelope's sender; the account that is read should be its own.
fn bounces_elsewhere(workspace: &Workspace) -> Vec<Problem> {
    let installation = workspace.installation.as_ref();
    let Some(InboxMode::Imap(imap)) = installation.map(|installation| &installation.inbox.mode) else {
        return Vec::new();
    };
    let mine = |address: &Address| match imap.username.contains('@') {
        true => address.key() == imap.username.to_lowercase(),
        false => address.local().eq_ignore_ascii_case(&imap.username),
    };
    let elsewhere = workspace.campaigns.iter().filter(|file| !mine(&file.campaign.from.address));
    let problem = |file: &CampaignFile| {
        let from = &file.campaign.from.address;
        let message = format!(
            "letters of {} that cannot be delivered come back to {from}, and [inbox.imap] reads the account of {}",
            file.campaign.id, imap.username
        );
        let help = "if mail to that address arrives there, all is well; else bounces are never seen";
        Problem::warning(message).in_file(file.source.file.clone()).help(help)
    };
    elsewhere.map(problem).collect()
}

/// Answers to the letters come to `from`, and nothing is read.
fn nobody_reads(workspace: &Workspace) -> Option<Problem> {
    let reads = |installation: &Installation| !matches!(installation.inbox.mode, InboxMode::None);
    if workspace.installation.as_ref().is_some_and(reads) {
        return None;
    }
    let reminder =
        workspace.campaigns.iter().find(|file| file.campaign.steps.iter().any(|step| step.only_if.is_some()))?;
    let problem = Problem::warning(format!(
        "{} sends reminders to those that have not answered, and no inbox is read: answers come to {} and must be entered by hand",
        reminder.campaign.id, reminder.campaign.from.address
    ));
    Some(problem.in_file(INSTALLATION).help(
        "set up [inbox] in config/demarche.toml, or enter each answer with `demarche log add` before the reminder is due",
    ))
}

/// Sending that pauses need not wait any longer: the mail server has taken the account just now.
async fn go_on(context: &Context, workspace: &Workspace) -> Result<Option<&'static str>, CliError> {
    let delivery = workspace.installation.as_ref().map(|installation| &installation.delivery);
    if delivery.is_none_or(|delivery| delivery.mode != Mode::Smtp) {
        return Ok(None);
    }
    let Some(store) = context.existing_store(workspace).await? else { return Ok(None) };
    let waited = try_now(&store, Via::Smtp, context.now()).await?;
    Ok(waited.then_some("sending had paused: the next letter is tried now, and the others follow it"))
}

/// Tries every mail server that the installation names; what each of them said, one clause each.
async fn online(context: &Context, workspace: &Workspace) -> Result<Vec<&'static str>, CliError> {
    let smtp = workspace.installation.as_ref().and_then(|i| i.delivery.smtp.as_ref());
    let mailbox = wiring::mailbox(context, workspace)?;
    if smtp.is_none() && mailbox.is_none() {
        return Err(CliError::request(
            "there is no mail server to try",
            "add [delivery.smtp] or [inbox] to config/demarche.toml",
        ));
    }
    let mut tried = Vec::new();
    if let Some(smtp) = smtp {
        let sender = workspace.campaigns.first().map(|file| &file.campaign.from.address);
        let mailer = wiring::smtp_mailer(context, smtp, sender)?;
        mailer.try_account().await.map_err(|verdict| CliError::World {
            message: format!("the mail server {}:{} cannot be used", smtp.host, smtp.port),
            cause: Some(verdict.summary()),
            help: "look at [delivery.smtp] in config/demarche.toml, and ask the server's administrator".to_owned(),
        })?;
        tried.push("the mail server took the account");
    }
    if let Some(mut mailbox) = mailbox {
        mailbox.open().await?;
        mailbox.close().await;
        tried.push("the mailbox can be read");
    }
    if let Some(mut folder) = wiring::sent_folder(context, workspace)? {
        folder.try_account().await?;
        tried.push("the folder for sent letters is there");
    }
    Ok(tried)
}
