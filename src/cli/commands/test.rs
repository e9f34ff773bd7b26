//! `demarche test`

use std::cell::Cell;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::json;

use crate::adapters::mime;
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::TestArgs;
use crate::cli::context::{Context, campaign, state};
use crate::cli::wiring::{self, Post};
use crate::config::workspace::Workspace;
use crate::delivery::Verdict;
use crate::ports::{Courier as _, Mailer, Outgoing};
use crate::steps::draft::{Drafting, Letter, Wanted, draft_only, known_step};
use crate::steps::meetings::sample_meetings;
use crate::vocabulary::problem::Problem;
use crate::vocabulary::{Address, DispatchId, Mailbox};

pub async fn run(context: &Context, args: &TestArgs) -> Result<Answer, CliError> {
    let workspace = context.sound_workspace()?;
    let file = campaign(&workspace, &args.campaign)?;
    let to: Address = args.to.parse().map_err(|e| CliError::request(format!("{e}"), "give one colleague's address"))?;
    refuse_missions(&workspace, &to)?;
    let step = match &args.step {
        Some(step) => Some(
            known_step(&file.campaign, step)
                .map_err(|why| CliError::request(why, "`demarche plan` lists the steps"))?,
        ),
        None => file.campaign.steps.first().map(|step| step.id.clone()),
    };
    let delegation = args.delegation.as_deref().map(state).transpose()?;
    let meetings = sample_meetings(&workspace, &file.campaign.id, context.now());
    let nothing = (BTreeMap::new(), HashMap::new());
    let drafting = Drafting {
        workspace: &workspace,
        file,
        secret: &wiring::worker_name()?,
        fixed: &nothing.0,
        meetings: &meetings,
        overrides: &nothing.1,
    };
    let taken = Cell::new(false);
    // Without --delegation the first one of the step.
    let fits = |id: &DispatchId| {
        step.as_ref().is_some_and(|step| file.campaign.means(step, &id.step))
            && delegation.is_none_or(|code| code == id.delegation)
            && !taken.replace(true)
    };
    let mut found: Option<Letter> = None;
    let drafted = draft_only(&drafting, &Wanted::only(&fits), |letter| found = Some(letter));
    if drafted.problems.iter().any(Problem::is_error) {
        return Err(CliError::Files(drafted.problems));
    }
    let letter =
        found.ok_or_else(|| CliError::request("there is no such letter", "`demarche why` tells which rules decide"))?;
    let message = crate::letters::Message {
        to: vec![Mailbox { name: None, address: to.clone() }],
        cc: Vec::new(),
        // An answer to a test is nobody's answer: no token, whatever the installation says.
        reply_to: file.campaign.reply_to.clone().map(|address| Mailbox { name: None, address }),
        in_reply_to: None,
        references: Vec::new(),
        ..letter.message.for_test()
    };
    let message = mime::compose(&message)
        .map_err(|e| CliError::request(e.to_string(), "correct the letter, then `demarche check`"))?;
    let mut id: DispatchId = letter.draft.id.clone();
    id.campaign = format!("test-{}", id.campaign).chars().take(64).collect::<String>().parse().unwrap_or(id.campaign);
    let outgoing = Outgoing {
        dispatch: id,
        sender: file.campaign.from.address.clone(),
        to: vec![to.clone()],
        cc: Vec::new(),
        message: Arc::from(mime::with_date(&message, context.now(), file.campaign.zone)),
        last_try: true,
    };
    let verdict = match wiring::post(context, &workspace, Some(&letter.draft.sender))? {
        Post::Files(mailer) => hand_over(&mailer, &outgoing).await,
        Post::Smtp(mailer) => hand_over(mailer.as_ref(), &outgoing).await,
    };
    match verdict {
        Verdict::Taken { .. } => {
            let text =
                format!("the letter of {} went to {to}, marked [TEST]: {}\n", letter.draft.id, verdict.summary());
            Ok(Answer::new(text, &json!({ "letter": letter.draft.id, "to": to, "outcome": verdict.summary() })))
        }
        failed => Err(CliError::World {
            message: "the test letter did not leave".to_owned(),
            cause: Some(failed.summary()),
            help: "try `demarche check --online`".to_owned(),
        }),
    }
}

async fn hand_over<M: Mailer>(mailer: &M, letter: &Outgoing) -> Verdict {
    let mut courier = mailer.courier();
    let verdict = courier.hand_over(letter).await;
    courier.close().await;
    verdict
}

/// A test must never reach a mission.
fn refuse_missions(workspace: &Workspace, to: &Address) -> Result<(), CliError> {
    let found = workspace.missions.iter().flat_map(|m| &m.contacts).find(|c| c.email.as_ref() == Some(to));
    match found {
        Some(contact) => Err(CliError::request(
            format!(
                "this address is in the contact list, under {} in line {}: a test goes to colleagues only",
                contact.state, contact.line
            ),
            "give the address of somebody in the coalition",
        )),
        None => Ok(()),
    }
}
