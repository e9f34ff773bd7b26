//! `demarche meeting move`, `cancel`, `done` and `confirm`

use std::path::Path;

use serde_json::json;

use crate::adapters::store::{MeetingFilter, Store};
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::{MeetingDoneArgs, MeetingMoveArgs};
use crate::cli::campaigns::zone_of;
use crate::cli::commands::action_words::{due, refused_action};
use crate::cli::commands::meeting_words::{begins, known, length, noted, place, to_confirm, unknown, value, when};
use crate::cli::context::{Context, shown};
use crate::cli::output::cell;
use crate::cli::words::{ask_of, known_ask, stance_of};
use crate::inbox::{CalendarAnswer, Kind};
use crate::responses::meeting::notes;
use crate::responses::{Action, Meeting, NoAnswer, Weighed};
use crate::steps::meetings::{
    Change, Changed, MeetingRefused, Minutes, Relocation, cancel_meeting, confirm_meeting, hold_meeting, move_meeting,
};
use crate::steps::record::in_force;
use crate::vocabulary::Zone;

/// The longest minutes. Unit: bytes.
const LONGEST_MINUTES: u64 = 1024 * 1024;

fn refused(error: MeetingRefused) -> CliError {
    match error {
        MeetingRefused::Unknown(id) => unknown(id),
        MeetingRefused::Rule(error) => CliError::request(error.to_string(), error.help()),
        MeetingRefused::NoAnswer(error) => CliError::request(error.to_string(), help_without_answer(&error)),
        MeetingRefused::Store(error) => error.into(),
    }
}

fn help_without_answer(error: &NoAnswer) -> &'static str {
    match error {
        NoAnswer::AnotherMeeting => {
            "`demarche meeting list` shows the others; if it answers none of them, it may be forged"
        }
        NoAnswer::FromTheFuture { .. } => "it may be forged: ask the mission on another way",
        NoAnswer::Over(..) => "answer the mission, and agree a new one if need be: `demarche meeting add`",
    }
}

pub async fn relocate(context: &Context, args: &MeetingMoveArgs) -> Result<Answer, CliError> {
    if args.at.is_none() && args.place.is_none() && args.lasts.is_none() {
        return Err(CliError::request(
            "nothing would change",
            "give the new time with --at, or the new place with --place",
        ));
    }
    let workspace = context.workspace();
    let store = context.planned_store(&workspace).await?;
    let meeting = known(&store, args.meeting).await?;
    let zone = zone_of(&store.plans().await?, &meeting.campaign);
    let to = Relocation {
        at: args.at.as_deref().map(|text| begins(text, zone)).transpose()?,
        lasts: args.lasts.as_deref().map(length).transpose()?,
        place: args.place.as_deref().map(place).transpose()?,
    };
    let how = Change { by: &context.by, now: context.now(), reason: args.reason.as_deref() };
    let changed = move_meeting(&store, args.meeting, &to, how).await.map_err(refused)?;
    let others = store.meetings(&MeetingFilter::default()).await?;
    let meeting = &changed.meeting;
    let notes = notes(&meeting.arranged, Some(meeting.id), &others, &workspace.calendar, context.now());
    let mut text = format!(
        "meeting {} with {} moved: {} → {}, {}\n",
        meeting.id,
        meeting.delegation,
        when(zone, &changed.before.arranged),
        when(zone, &meeting.arranged),
        cell(&meeting.arranged.place),
    );
    text.push_str(&noted(&notes));
    text.push_str(&letters(&changed));
    text.push_str(&to_confirm(&workspace, &meeting.campaign));
    Ok(Answer::new(text, &changed_value(&changed, &notes)))
}

pub async fn cancel(context: &Context, id: i64, reason: &str) -> Result<Answer, CliError> {
    if reason.trim().is_empty() {
        return Err(CliError::request("the reason is empty", "say why: --reason TEXT"));
    }
    let workspace = context.workspace();
    let store = context.planned_store(&workspace).await?;
    let how = Change { by: &context.by, now: context.now(), reason: Some(reason) };
    let changed = cancel_meeting(&store, id, how).await.map_err(refused)?;
    let mut text = format!("meeting {id} with {} is cancelled\n", changed.meeting.delegation);
    text.push_str(&letters(&changed));
    if !changed.left.is_empty() {
        // No letter is sent of itself: what to say, and who says it, is a person's to decide.
        text.push_str("write or telephone to the mission: it has the invitation in its calendar\n");
    }
    Ok(Answer::new(text, &changed_value(&changed, &[])))
}

fn letters(changed: &Changed) -> String {
    let stopped = changed.stopped.iter().map(|id| format!("{id} does not leave any more\n"));
    let left =
        changed.left.iter().map(|id| format!("{id} has left, or may have: the mission knows the meeting as it was\n"));
    stopped.chain(left).collect()
}

fn changed_value(changed: &Changed, notes: &[String]) -> serde_json::Value {
    let mut json = value(&changed.meeting, notes);
    json["stopped"] = json!(changed.stopped);
    json["left"] = json!(changed.left);
    json
}

pub async fn done(context: &Context, args: &MeetingDoneArgs) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let text = match &args.minutes_file {
        Some(path) => minutes_of(path)?,
        None => args.minutes.clone().unwrap_or_default(),
    };
    if text.trim().is_empty() {
        return Err(CliError::request("the minutes are empty", "say what was said: --minutes TEXT"));
    }
    let stance = args.stance.as_deref().map(stance_of).transpose()?;
    let ask = args.ask.as_deref().map(ask_of).transpose()?;
    let today = Zone::GENEVA.day_of(context.now());
    let read = |text: &String| Action::read(text, today, &workspace.calendar).map_err(|error| refused_action(&error));
    let actions: Vec<Action> = args.actions.iter().map(read).collect::<Result<_, _>>()?;
    let store = context.planned_store(&workspace).await?;
    let meeting = known(&store, args.meeting).await?;
    if let Some(ask) = &ask {
        known_ask(&workspace, &meeting.campaign, ask)?;
    }
    let minutes = Minutes { text, stance, ask, actions };
    let held = hold_meeting(&store, args.meeting, &minutes, &context.by, context.now()).await.map_err(refused)?;
    let mut text = format!(
        "meeting {} with {} is held; entry {}: no reminder leaves to this mission\n",
        held.meeting.id, held.meeting.delegation, held.entry
    );
    for (id, action) in held.followups.iter().zip(&minutes.actions) {
        text.push_str(&format!("action {id}: {}; {}; {}\n", cell(&action.what), cell(&action.owner), due(&action.due)));
    }
    let mut json = value(&held.meeting, &[]);
    json["followups"] = json!(held.followups);
    Ok(Answer::new(text, &json))
}

fn minutes_of(path: &Path) -> Result<String, CliError> {
    let wrong =
        |why: String| CliError::request(format!("{} {why}", shown(path)), "name a file of plain text, in UTF-8");
    let meta = std::fs::metadata(path).map_err(|e| wrong(format!("cannot be read: {e}")))?;
    if !meta.is_file() {
        return Err(wrong("is not a plain file".to_owned()));
    }
    if meta.len() > LONGEST_MINUTES {
        return Err(wrong("is larger than 1 MiB".to_owned()));
    }
    let bytes = std::fs::read(path).map_err(|e| wrong(format!("cannot be read: {e}")))?;
    let text = String::from_utf8(bytes).map_err(|_| wrong("is no plain text".to_owned()))?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned())
}

pub async fn confirm(context: &Context, id: i64, entry: i64) -> Result<Answer, CliError> {
    let workspace = context.workspace();
    let store = context.planned_store(&workspace).await?;
    let with = known(&store, id).await?;
    let zone = zone_of(&store.plans().await?, &with.campaign);
    let answer = answer_of(&store, &with, entry).await?;
    let (meeting, weighed) =
        confirm_meeting(&store, id, entry, &answer, &context.by, context.now()).await.map_err(refused)?;
    let whom = meeting.delegation;
    let text = match weighed {
        Weighed::Accepted => format!("meeting {id} is confirmed: {whom} comes\n"),
        Weighed::Declined => {
            format!("{whom} has declined; if so: `demarche meeting cancel {id} --reason \"declined by the mission\"`\n")
        }
        Weighed::Tentative => format!("{whom} may come; nothing is confirmed\n"),
        Weighed::Countered(Some(at)) => {
            let local = at.utc().with_timezone(&zone.tz()).format("%Y-%m-%d %H:%M");
            format!(
                "{whom} would rather meet on {}; if so: `demarche meeting move {id} --at \"{local}\"`\n",
                zone.show(at)
            )
        }
        Weighed::Countered(None) => {
            format!("{whom} would rather meet at another time, and does not say when: read entry {entry}\n")
        }
        Weighed::Outdated { answered, stands, answer } => format!(
            "{whom} has {} the meeting as it was (version {answered} of the invitation, now it is {stands}): nothing is \
             confirmed; ask again\n",
            answer.as_str()
        ),
    };
    let mut json = value(&meeting, &[]);
    json["answer"] = json!(answer.answer.as_str());
    json["outdated"] = json!(matches!(weighed, Weighed::Outdated { .. }));
    json["proposes"] = json!(answer.proposes);
    Ok(Answer::new(text, &json))
}

/// The calendar answer that an entry of the log holds. Whoever has seen the invitation can answer it, so it must be filed under the
/// mission that the meeting is with.
///
/// # Errors
/// When there is no such entry, a later one has taken its place, it is none, or it is somebody else's.
async fn answer_of(store: &Store, meeting: &Meeting, id: i64) -> Result<CalendarAnswer, CliError> {
    let entry = in_force(store, id).await?;
    if entry.kind != Kind::CalendarReply {
        return Err(CliError::request(
            format!("entry {id} is a {}, not the answer to an invitation", entry.kind),
            "`demarche log --kind calendar-reply` lists them",
        ));
    }
    match entry.delegation {
        Some(delegation) if delegation == meeting.delegation => {}
        Some(delegation) => {
            return Err(CliError::request(
                format!("entry {id} is of {delegation}, and meeting {} is with {}", meeting.id, meeting.delegation),
                format!("read it with `demarche log show {id}`; it may be forged"),
            ));
        }
        None => {
            return Err(CliError::request(
                format!("entry {id} is filed under no delegation: whether {} answers is not sure", meeting.delegation),
                format!(
                    "file it first, if it is theirs: `demarche log assign {id} --delegation {}`",
                    meeting.delegation
                ),
            ));
        }
    }
    store.calendar_answer(id).await?.ok_or_else(|| {
        CliError::request(
            format!("what entry {id} answers is not kept with it"),
            "read it with `demarche log show`, then move or cancel the meeting by hand",
        )
    })
}
