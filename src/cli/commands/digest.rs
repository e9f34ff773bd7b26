//! `demarche digest`

use serde_json::json;

use crate::adapters::store::Slot;
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::DigestArgs;
use crate::cli::context::Context;
use crate::cli::mail;
use crate::cli::wiring::{self, Post};
use crate::config::workspace::Workspace;
use crate::report::digest::Digest;
use crate::steps::digest::{JOB, Letterhead, Posted, gather, post};
use crate::vocabulary::{Address, Instant, Zone};
use crate::worker::digest::may_get;

pub async fn run(context: &Context, args: &DigestArgs) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let store = context.planned_store(&workspace).await?;
    let worker = workspace.installation.as_ref().map(|installation| &installation.worker);
    let zone = worker.map_or(Zone::GENEVA, |worker| worker.zone);
    let now = context.now();
    let facts = gather(&store, &workspace, zone, now).await?;
    let digest = Digest::of(&facts);
    let value = |posted: Option<&Posted>| {
        json!({
            "subject": digest.subject, "text": digest.text, "since": facts.since, "at": now,
            "sent": posted.map_or(0, |posted| posted.sent), "failed": posted.map(|posted| &posted.failed),
        })
    };
    let mut text = format!("Subject: {}\n\n{}", digest.subject, digest.text);
    if !args.send {
        if let Some((slot, why)) = store.last_failure(JOB).await? {
            let (slot, why) = (zone.show_with_weekday(slot), crate::cli::output::cell(&why));
            text.push_str(&format!("\nthe digest of {slot} was not mailed: {why}\n"));
        }
        return Ok(Answer::new(text, &value(None)));
    }
    let head = worker.and_then(Letterhead::of).ok_or_else(|| {
        CliError::request(
            "nobody gets the digest",
            "write digest_from and digest_to into [worker] of config/demarche.toml",
        )
    })?;
    let posted = mailed(context, &workspace, &head, &digest, now).await?;
    if posted.sent == 0 {
        return Err(CliError::World {
            message: "the digest did not leave".to_owned(),
            cause: Some(posted.failed.join("; ")),
            help: "try `demarche check --online`".to_owned(),
        });
    }
    // The next one tells what comes after this.
    store.finish_slot(Slot { job: JOB, at: now }, &context.by, now).await?;
    text.push_str(&format!("\nsent to {} of {}\n", posted.sent, head.to.len()));
    for why in &posted.failed {
        text.push_str(&format!("not sent to {}\n", crate::cli::output::cell(why)));
    }
    Ok(Answer::new(text, &value(Some(&posted))))
}

async fn mailed(
    context: &Context,
    workspace: &Workspace,
    head: &Letterhead,
    digest: &Digest,
    now: Instant,
) -> Result<Posted, CliError> {
    let (policy, _) = wiring::policy(workspace, mail::mailbox_name(context, workspace))?;
    let may = |address: &Address| may_get(address, workspace, policy.real_server);
    Ok(match wiring::digest_post(context, workspace, &head.from)? {
        Post::Files(mailer) => post(&mailer, head, digest, now, now, may).await,
        Post::Smtp(mailer) => post(mailer.as_ref(), head, digest, now, now, may).await,
    })
}
