//! `demarche rehearse`

use std::path::Path;

use serde_json::json;

use crate::adapters::private;
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::RehearseArgs;
use crate::cli::context::{Context, campaign, shown};
use crate::outbox::{Dispatch, Guard, Status};
use crate::rehearsal::{Rehearsal, rehearse};
use crate::report::Counts;
use crate::schedule::Ceilings;

/// Marks a folder as made by a rehearsal, so that the next one may clear it.
const MARK: &str = ".demarche-rehearsal";

pub async fn run(context: &Context, args: &RehearseArgs) -> Result<Answer, CliError> {
    let workspace = context.sound_workspace()?;
    let file = campaign(&workspace, &args.campaign)?;
    let out = args.out.clone().unwrap_or_else(|| context.path(&format!("var/rehearsal/{}", file.campaign.id)));
    prepare(&out)?;
    let delivery = workspace.installation.as_ref().map(|i| (i.delivery.pace, i.delivery.min_days_between));
    let (per_minute, per_domain_per_minute, min_days_between) =
        delivery.map_or((30, 6, 3), |(pace, days)| (pace.per_minute, pace.per_domain_per_minute, days));
    let rehearsal = Rehearsal {
        workspace: &workspace,
        file,
        out: &out,
        ceilings: Ceilings { per_minute, per_domain_per_minute },
        min_days_between,
    };
    let bar = indicatif::ProgressBar::new_spinner();
    let done = rehearse(&rehearsal, |day| bar.set_message(format!("playing {day}"))).await;
    bar.finish_and_clear();
    let done = done?;
    let path = out.join("transcript.txt");
    let failed =
        |e: std::io::Error| CliError::world(format!("{} cannot be written: {e}", shown(&path)), "look at the disk");
    private::write(&path, done.transcript.as_bytes()).map_err(failed)?;
    let mut counts = Counts::default();
    for dispatch in &done.dispatches {
        counts.add(dispatch.status, 1);
    }
    let letters = counts.of(Status::Sent);
    let mut text = format!("{}\n{letters} letters are in {}\n", done.transcript, shown(&out.join("outgoing")));
    let provisional = |d: &&Dispatch| d.reason.as_deref().and_then(Guard::of_reason) == Some(Guard::Provisional);
    if done.dispatches.iter().any(|d| provisional(&d)) {
        text.push_str(
            "Letters were held because their date is provisional, as they would be. To rehearse with the date as it stands, take \
             its line `status = \"provisional\"` out of config/calendar.toml.\n",
        );
    }
    Ok(Answer::new(
        text,
        &json!({ "campaign": file.campaign.id, "out": out, "counts": counts, "transcript": done.transcript }),
    ))
}

/// An empty folder, or one that an earlier rehearsal made; what people keep in it is never removed.
fn prepare(out: &Path) -> Result<(), CliError> {
    let failed =
        |e: std::io::Error| CliError::world(format!("{}: {e}", shown(out)), "look at the rights of the folder");
    let ours = out.join(MARK).is_file();
    let empty = std::fs::read_dir(out).map(|mut entries| entries.next().is_none()).unwrap_or(true);
    if !ours && !empty {
        return Err(CliError::request(
            format!("{} holds something else", shown(out)),
            "name an empty folder with --out",
        ));
    }
    if ours {
        for name in ["outgoing", "demarche.db", "demarche.db-wal", "demarche.db-shm", "transcript.txt"] {
            let path = out.join(name);
            let gone = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
            match gone {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(failed(e)),
                _ => {}
            }
        }
    }
    private::folder(out).map_err(failed)?;
    private::write(&out.join(MARK), b"made by `demarche rehearse`; the next rehearsal clears this folder\n")
        .map_err(failed)
}
