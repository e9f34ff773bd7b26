//! `demarche run`

use std::time::Duration;

use serde_json::json;
use tokio::signal;

use crate::adapters::store::Store;
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::RunArgs;
use crate::cli::commands::run_digest::{self, OurDigest};
use crate::cli::commands::run_machine::{self, OurClock};
use crate::cli::commands::run_mail::{self, OurCollector};
use crate::cli::context::Context;
use crate::cli::wiring::{self, Folder, Post};
use crate::cli::{mail, output};
use crate::config::sections::installation::Mode;
use crate::config::workspace::Workspace;
use crate::delivery::remembrance::HandedOver;
use crate::outbox::Status;
use crate::ports::Mailer;
use crate::report::PauseNotice;
use crate::steps::dispatch::Moved;
use crate::steps::reconcile::{Comparison, agree, compare, warn_others};
use crate::vocabulary::{DispatchId, Zone};
use crate::worker::bell::Bell;
use crate::worker::files_watch;
use crate::worker::round::{OnMove, State};
use crate::worker::{MailWanted, Report, Stop, Worker};

pub async fn run(context: &Context, args: &RunArgs) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let location = wiring::database(context, &workspace)?;
    let lock = wiring::worker_lock(&location)?;
    run_machine::refuse_a_copy(context, &location, args.was_moved)?;
    let store = Store::open_for_worker(&location).await?;
    store.examine().await?;
    refuse_files_then_real(&workspace, &store).await?;
    let sender = workspace.campaigns.first().map(|file| file.campaign.from.address.clone());
    let (policy, connections) = wiring::policy(&workspace, mail::mailbox_name(context, &workspace))?;
    let stop = Stop::default();
    let clock = run_machine::watch(context, &store, args.clock_is_right).await?;
    let collector = run_mail::collector(context, &workspace, &store).await?;
    let answer = match wiring::post(context, &workspace, sender.as_ref())? {
        Post::Files(mailer) => {
            let digest =
                run_digest::desk(context, &workspace, &store, wiring::digests_beside(&mailer), &policy, &clock.watch);
            let worker = worker(context, &store, mailer, policy, connections, &stop, &clock);
            work(worker, &clock, collector, digest, &workspace, args.until_idle, &[]).await
        }
        Post::Smtp(mailer) => {
            let digest = run_digest::desk(context, &workspace, &store, mailer.as_ref().clone(), &policy, &clock.watch);
            let mut journal = wiring::journal(context, &store.secret(context.now()).await?)?;
            let comparison = compare(&store, &journal, false).await?;
            refuse_a_forgetful_database(&store, &comparison).await?;
            agree(&store, &mut journal, &comparison, context.now()).await?;
            let store = store.on_timeline_of(comparison.lineage.as_ref());
            let mut worker = worker(context, &store, *mailer, policy, connections, &stop, &clock);
            worker.journal = Some(journal);
            work(worker, &clock, collector, digest, &workspace, args.until_idle, &comparison.answered).await
        }
    };
    drop(lock);
    answer
}

/// A database that has forgotten letters would send them again.
async fn refuse_a_forgetful_database(store: &Store, comparison: &Comparison) -> Result<(), CliError> {
    if !comparison.needs_a_person() {
        return Ok(());
    }
    warn_others(store, comparison).await?;
    let reconcile = "nothing is sent until `demarche database reconcile` has marked them as uncertain";
    if let Some(first) = comparison.forgotten.first() {
        let zone = store.plan(&first.id.campaign).await?.map_or(Zone::GENEVA, |plan| plan.zone);
        let which = match comparison.forgotten.len() {
            1 => format!("{} was", first.id),
            n => format!("{n} letters were, {} the first of them,", first.id),
        };
        let at = zone.show(first.handed_over.at);
        let message = format!("{which} handed over on {at}, and the database does not know it: was a backup restored?");
        return Err(CliError::request(message, reconcile));
    }
    if let Some(doubt) = comparison.doubts.first() {
        let help = "nothing is sent until `demarche database reconcile` has compared the database with the journal, and you have said yes";
        return Err(CliError::request(output::cell(&doubt.to_string()), help));
    }
    let places: Vec<String> = comparison.others.iter().map(|other| output::cell(&other.place)).collect();
    Err(CliError::request(
        format!("the database has forgotten something, and is still to be compared with {}", places.join(", ")),
        "run `demarche database reconcile` in those workspaces too; if one is gone for good, here with --gone JOURNAL",
    ))
}

type OurWorker<M> = Worker<crate::adapters::clock::SystemClock, M, Folder>;

fn worker<M: Mailer>(
    context: &Context,
    store: &Store,
    mailer: M,
    policy: crate::steps::dispatch::Policy,
    connections: usize,
    stop: &Stop,
    clock: &OurClock,
) -> OurWorker<M> {
    Worker {
        store: store.clone(),
        clock: context.clock,
        mailer,
        settings: files_watch::settings(&Folder(context.folder.clone())),
        files: Folder(context.folder.clone()),
        journal: None,
        policy,
        connections,
        stop: stop.clone(),
        on_move: OnMove(Box::new(teller())),
        state: State::watching(clock.watch.clone()),
    }
}

/// In smtp mode nothing leaves while letters of the campaign went to files only: they would be missing without anybody noticing.
async fn refuse_files_then_real(workspace: &Workspace, store: &Store) -> Result<(), CliError> {
    if workspace.installation.as_ref().is_none_or(|i| i.delivery.mode != Mode::Smtp) {
        return Ok(());
    }
    match store.campaigns_written_to_files().await?.first() {
        Some((campaign, n)) => Err(CliError::request(
            format!("{n} letters of {campaign} were written to files and not sent"),
            format!(
                "run `demarche restart {campaign}` to send them for real; then `demarche cancel` what is not to be sent"
            ),
        )),
        None => Ok(()),
    }
}

async fn work<M: Mailer>(
    mut worker: OurWorker<M>,
    clock: &OurClock,
    mut collector: Option<OurCollector>,
    digest: Option<OurDigest<M>>,
    workspace: &Workspace,
    until_idle: bool,
    answered: &[(i64, HandedOver)],
) -> Result<Answer, CliError> {
    let stop = worker.stop.clone();
    let signals = tokio::spawn(listen(stop.clone()));
    let lost = worker.recover().await?;
    worker.store.keep_journal_s_evidence(answered).await?;
    if let Some(collector) = &mut collector {
        run_mail::before_the_first_round(collector).await;
    }
    let mut total = Report::default();
    if until_idle {
        loop {
            let report = worker.round().await?;
            clock.remember();
            // A letter fell due after the mailbox was read: it is read once more, and the letter judged again.
            let again = match &mut collector {
                Some(collector) if report.read_mail && !stop.is_asked() => run_mail::read_once(collector).await,
                _ => false,
            };
            total.add(report);
            if again {
                continue;
            }
            if stop.is_asked() || !worker.store.anything_in_hand().await? {
                break;
            }
            // Another worker on PostgreSQL has letters in hand: wait for their answer, or for its lease to run out.
            tokio::time::sleep(Duration::from_secs(1)).await;
            worker.recover().await?;
            worker.store.keep_journal_s_evidence(answered).await?;
        }
    } else {
        let settings = workspace.installation.as_ref().map(|i| (i.worker.send.as_str().to_owned(), i.worker.zone));
        let (send, zone) = settings.unwrap_or_else(|| ("*/15 * * * * *".to_owned(), Zone::GENEVA));
        let scheduler = |e| {
            CliError::world(format!("the schedule cannot be started: {e}"), "look at [worker] in config/demarche.toml")
        };
        let mut bell = Bell::hang(&send, zone).await.map_err(scheduler)?;
        let digests = run_digest::beside(digest, workspace, &stop);
        let wanted = MailWanted::default();
        let collect = workspace.installation.as_ref().map(|i| i.worker.collect.as_str().to_owned());
        let reading = match (collector.take(), collect) {
            (Some(collector), Some(collect)) => {
                Some(tokio::spawn(run_mail::beside(collector, collect, zone, wanted.clone(), stop.clone())))
            }
            _ => None,
        };
        output::say(&format!("sending as {send} in {zone}; SIGTERM or Ctrl-C ends it"));
        while !stop.is_asked() {
            match worker.round().await {
                Ok(report) => {
                    if report.read_mail {
                        wanted.ask();
                    }
                    total.add(report);
                    clock.remember();
                }
                // A database that is away is waited for; nothing is sent meanwhile.
                Err(error) => {
                    output::say(&format!("error: {error}\n  caused by: {}\n  help: {}", error.root(), error.help()))
                }
            }
            tokio::select! {
                () = bell.rings() => {}
                () = stop.asked() => {}
            }
            if let Err(error) = worker.recover().await {
                tracing::error!(cause = %error.root(), "the database refuses; nothing is sent meanwhile");
            }
        }
        bell.take_down().await;
        if let Some(reading) = reading
            && let Err(error) = reading.await
        {
            tracing::error!(%error, "reading mail ended badly");
        }
        run_digest::ended(digests).await;
    }
    if let Some(collector) = &mut collector {
        run_mail::file_copies(collector).await;
    }
    signals.abort();
    Ok(answer(&total, &lost))
}

/// Tells of every dispatch that moves: a log line without addresses, and a count that a terminal shows as it grows.
fn teller() -> impl Fn(&Moved) + Send + Sync {
    let bar = indicatif::ProgressBar::new_spinner().with_message("letters");
    move |moved: &Moved| {
        tracing::info!(dispatch = %moved.id, status = %moved.to, reason = moved.reason.as_deref().unwrap_or(""), "moved");
        bar.inc(1);
        bar.set_message(format!("{} letters moved, the last: {} {}", bar.position(), moved.id, moved.to));
    }
}

fn answer(report: &Report, lost: &[DispatchId]) -> Answer {
    let mut text = String::new();
    for status in [
        Status::Sent,
        Status::Deferred,
        Status::Refused,
        Status::Uncertain,
        Status::Held,
        Status::Skipped,
        Status::Missed,
    ] {
        let n = report.count(status) + if status == Status::Uncertain { lost.len() } else { 0 };
        if n > 0 {
            text.push_str(&format!("{:>6} {}\n", n, output::coloured(status)));
        }
    }
    if text.is_empty() && report.clock.is_none() {
        text.push_str("nothing was due\n");
    }
    for (campaign, why) in &report.blocked {
        let advice =
            if why.ends_with("start it again") { String::new() } else { format!("; run `demarche plan {campaign}`") };
        text.push_str(&format!("{campaign} sends nothing: {}{advice}\n", output::cell(why)));
    }
    let pause = report.pause.as_ref().map(PauseNotice::of);
    if let Some(pause) = &pause {
        text.push_str(&format!("{}\n", output::cell(&pause.line(Zone::GENEVA))));
    }
    if report.read_mail {
        text.push_str("letters wait for the mailbox to be read\n");
    }
    if let Some(doubt) = &report.clock {
        text.push_str(&format!("nothing is sent: {doubt}\n  help: {}\n", run_machine::ADVICE));
    }
    let value = json!({
        "moved": report.moved.iter().map(|m| json!({ "id": m.id, "status": m.to, "reason": m.reason })).collect::<Vec<_>>(),
        "moved_and_not_named": report.total() - report.moved.len(),
        "uncertain_at_start": lost,
        "blocked": report.blocked.iter().map(|(campaign, why)| json!({ "campaign": campaign, "reason": why })).collect::<Vec<_>>(),
        "server_away": pause.as_ref().map(|pause| &pause.words),
        "pause": pause,
        "clock": report.clock,
    });
    Answer::new(text, &value).code(if report.pause.is_some() || report.clock.is_some() { 3 } else { 0 })
}

/// The first signal lets letters in hand finish; the second ends at once.
async fn listen(stop: Stop) {
    for round in 0.. {
        if wait_for_signal().await.is_err() {
            return;
        }
        if round == 0 {
            output::say("stopping: letters in hand have 10 s for their answer; once more to end at once");
            stop.ask();
        } else {
            #[expect(
                clippy::disallowed_methods,
                reason = "a person asked twice; letters in hand are uncertain at the next start"
            )]
            std::process::exit(130);
        }
    }
}

#[cfg(unix)]
async fn wait_for_signal() -> std::io::Result<()> {
    use signal::unix::{SignalKind, signal as on};
    let (mut terminate, mut interrupt, mut hangup) =
        (on(SignalKind::terminate())?, on(SignalKind::interrupt())?, on(SignalKind::hangup())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = hangup.recv() => {}
    }
    Ok(())
}

#[cfg(not(unix))]
async fn wait_for_signal() -> std::io::Result<()> {
    signal::ctrl_c().await
}
