//! `demarche status`

use serde_json::{Value, json};

use crate::adapters::machine::MachineMemory;
use crate::adapters::store::{PlanRecord, Store};
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::StatusArgs;
use crate::cli::campaigns::zone_of;
use crate::cli::commands::run_machine;
use crate::cli::context::{Context, campaign_id};
use crate::cli::stream::Stream;
use crate::cli::{mail, output};
use crate::config::workspace::Workspace;
use crate::delivery::remembrance::KnownJournal;
use crate::outbox::Status;
use crate::report::CampaignSummary;
use crate::report::summary::Group;
use crate::steps::followups::overdue_followups;
use crate::steps::pausing::pause_of;
use crate::steps::summary::{Pages, summaries};
use crate::vocabulary::{Instant, StateCode, Zone};

pub async fn run(context: &Context, args: &StatusArgs) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let campaign = args.campaign.as_deref().map(campaign_id).transpose()?;
    let Some(store) = context.existing_store(&workspace).await? else {
        return Ok(Answer::new(
            "nothing has been planned: run `demarche plan CAMPAIGN`\n",
            &json!({ "campaigns": [] }),
        ));
    };
    let mut summaries = summaries(&store, campaign.as_ref(), &workspace.calendar, context.now()).await?;
    // Looked at now, and not only when a worker last did: the next round would find the same.
    let planned = store.planned_files().await?;
    for summary in &mut summaries {
        let files = planned.get(&summary.campaign);
        summary.files_changed = files.and_then(|files| workspace.snapshot.difference(&summary.campaign, files));
    }
    if let (Some(campaign), true) = (&campaign, summaries.is_empty()) {
        return Err(CliError::request(
            format!("campaign {campaign} has not been planned"),
            format!("run `demarche plan {campaign}` first"),
        ));
    }
    let plans = store.plans().await?;
    let mail = incoming(context, &workspace, &store).await?;
    let pause = pause_of(&store, &workspace).await?;
    let doubt = MachineMemory::read(&context.path("var")).doubt;
    let suspect: Vec<KnownJournal> = store.journals().await?.into_iter().filter(|j| j.suspect.is_some()).collect();
    let needs = pause.is_some()
        || doubt.is_some()
        || !suspect.is_empty()
        || summaries.iter().any(CampaignSummary::needs_a_person)
        || mail.waiting > 0
        || mail.not_had > 0;
    if context.json {
        let places: Vec<&str> = suspect.iter().map(|journal| journal.place.as_str()).collect();
        let rest = json!({
            "campaigns": [], "mail": mail.value(), "pause": pause, "clock": doubt, "to_reconcile": places,
        });
        json_document(context, &workspace, &store, &plans, &summaries, &rest).await?;
        return Ok(Answer::told().needs_a_person(needs));
    }
    let told = summaries.iter().map(|summary| one(summary, zone_of(&plans, &summary.campaign)));
    let text = told.collect::<Vec<_>>().join("\n");
    let mut text =
        if text.is_empty() { "nothing has been planned: run `demarche plan CAMPAIGN`\n".to_owned() } else { text };
    text.push_str(&mail.told());
    if let Some(doubt) = &doubt {
        text.push_str(&format!("the worker sends nothing: {}\n  {}\n", output::cell(doubt), run_machine::ADVICE));
    }
    if let Some(pause) = &pause {
        text.insert_str(0, &format!("{}\n\n", output::cell(&pause.line(Zone::GENEVA))));
    }
    text.insert_str(0, &to_reconcile(&suspect));
    Ok(Answer::new(text, &()).needs_a_person(needs))
}

/// The contract's document, whose lists of letters are written as they are read; `rest` is all of it but the campaigns.
async fn json_document(
    context: &Context,
    workspace: &Workspace,
    store: &Store,
    plans: &[PlanRecord],
    summaries: &[CampaignSummary],
    rest: &Value,
) -> Result<(), CliError> {
    let mut stream = Stream::new();
    let whole = pretty(rest, 0);
    let (before, after) = whole.split_once("[]").unwrap_or((&whole, ""));
    stream.text(before)?;
    stream.text("[")?;
    for (n, summary) in summaries.iter().enumerate() {
        stream.text(if n == 0 { "\n    " } else { ",\n    " })?;
        let one = pretty(&value(summary), 4);
        let (before, after) = one.split_once(NEEDS).unwrap_or((&one, ""));
        stream.text(&format!("{before}{}", NEEDS.trim_end_matches("[]")))?;
        stream.open_list(6)?;
        if let Some(plan) = plans.iter().find(|plan| plan.campaign == summary.campaign) {
            let mut pages = Pages::of(plan, &summary.counts, &workspace.calendar, context.now());
            while let Some(page) = pages.next(store).await? {
                page.iter().try_for_each(|one| stream.element(&json!(one)))?;
                if !stream.is_read()? {
                    return Ok(());
                }
            }
        }
        stream.close_list()?;
        stream.text(after)?;
    }
    stream.text(if summaries.is_empty() { "]" } else { "\n  ]" })?;
    stream.text(after)?;
    stream.text("\n")?;
    stream.is_read().map(drop)
}

/// The key whose list is still empty. No text can hold it: there its quotes are written with a backslash.
const NEEDS: &str = "\"needs_attention\": []";

fn value(summary: &CampaignSummary) -> Value {
    json!({
        "campaign": summary.campaign, "total": summary.counts.total(), "counts": summary.counts, "next_due": summary.next_due,
        "needs_attention": [], "files_changed": summary.files_changed,
    })
}

fn pretty(value: &Value, indent: usize) -> String {
    // Values made of strings and numbers always have a JSON form.
    serde_json::to_string_pretty(value).unwrap_or_default().replace('\n', &format!("\n{}", " ".repeat(indent)))
}

/// One line where a worker has found that the database forgot letters.
fn to_reconcile(suspect: &[KnownJournal]) -> String {
    let Some(why) = suspect.iter().find_map(|journal| journal.suspect.as_deref()) else { return String::new() };
    let places: Vec<String> = suspect.iter().map(|journal| output::cell(&journal.place)).collect();
    format!(
        "NOTHING IS SENT until `demarche database reconcile` has run: {}; at {}\n\n",
        output::cell(why),
        places.join(", ")
    )
}

/// Where incoming mail stands.
struct Incoming {
    /// Whether a mailbox is named that answers are read from.
    reads: bool,
    last_read: Option<Instant>,
    /// Messages that could not be had, and may be answers.
    not_had: u64,
    /// Answers that nobody has classified.
    unread: u64,
    /// In the pen.
    waiting: u64,
    oldest: Option<Instant>,
    /// What is overdue of next actions.
    overdue: usize,
}

async fn incoming(context: &Context, workspace: &Workspace, store: &Store) -> Result<Incoming, CliError> {
    let name = mail::mailbox_name(context, workspace);
    let (waiting, oldest) = store.pen().await?;
    let (last_read, not_had) = match &name {
        Some(name) => (store.mailbox(name).await?.and_then(|known| known.read_at), store.not_had(name).await?),
        None => (None, 0),
    };
    let unread = store.unread_answers().await?;
    let overdue = overdue_followups(store, Zone::GENEVA.day_of(context.now())).await?.len();
    Ok(Incoming { reads: name.is_some(), last_read, not_had, unread, waiting, oldest, overdue })
}

impl Incoming {
    fn told(&self) -> String {
        let mut text = String::new();
        if self.waiting > 0 {
            let since =
                self.oldest.map(|at| format!(", the oldest since {}", Zone::GENEVA.show(at))).unwrap_or_default();
            text.push_str(&format!("{} in the pen{since}: `demarche pen`\n", output::count(self.waiting, "message")));
        }
        if self.unread > 0 {
            let answers = output::count(self.unread, "answer");
            text.push_str(&format!("{answers} unread: `demarche log --stance unread --in-force`\n"));
        }
        if self.not_had > 0 {
            let messages = output::count(self.not_had, "message");
            text.push_str(&format!(
                "{messages} could not be had from the mailbox, and may be answers: `demarche collect` says why\n"
            ));
        }
        if self.overdue > 0 {
            let actions = output::count(self.overdue, "next action");
            text.push_str(&format!("{actions} overdue: `demarche followups --overdue`\n"));
        }
        match (self.reads, self.last_read) {
            (true, Some(at)) => text.push_str(&format!("mail was last read {}\n", Zone::GENEVA.show(at))),
            (true, None) => text.push_str("mail was never read: `demarche collect`, or `run`\n"),
            (false, _) => {}
        }
        text
    }

    fn value(&self) -> Value {
        json!({
            "reads": self.reads, "last_read": self.last_read, "unread_answers": self.unread, "not_had": self.not_had, "in_pen": self.waiting, "oldest_in_pen": self.oldest,
            "overdue_actions": self.overdue,
        })
    }
}

/// Rows of one kind that are shown before the rest is counted.
const SHOWN: usize = 15;

fn one(summary: &CampaignSummary, zone: Zone) -> String {
    let mut text = format!("{}: {} letters\n", summary.campaign, summary.counts.total());
    for status in Status::ALL {
        let n = summary.counts.of(status);
        if n > 0 {
            text.push_str(&format!("{n:>6} {}\n", output::coloured(status)));
        }
    }
    if let Some(at) = summary.next_due {
        text.push_str(&format!("next due: {}\n", zone.show(at)));
    }
    if let Some(why) = &summary.files_changed {
        text.push_str(&format!("NOTHING IS SENT: {}; run `demarche plan {}`\n", output::cell(why), summary.campaign));
    }
    if !summary.needs_attention.is_empty() {
        text.push_str("needs a person:\n");
        let groups = summary.needs_attention.groups();
        let mut table = output::table(&["letter", "status", "why"]);
        for group in groups.iter().take(SHOWN) {
            table.add_row(vec![which(group), group.status.to_string(), output::cell(&group.reason)]);
        }
        text.push_str(&format!("{table}\n"));
        let more = summary.needs_attention.behind(SHOWN);
        if more > 0 {
            let more = output::count(more, "letter");
            text.push_str(&format!("… and {more} more: `demarche dispatches {} --status STATUS`\n", summary.campaign));
        }
    }
    text
}

fn which(group: &Group) -> String {
    if group.letters == 1 {
        return group.id.to_string();
    }
    let named: Vec<&str> = group.delegations.iter().take(4).map(StateCode::as_str).collect();
    let more = if group.letters > named.len() as u64 { ", …" } else { "" };
    format!("{}/{}: {} letters ({}{more})", group.id.campaign, group.id.step, group.letters, named.join(", "))
}
