//! From words to bytes: the letter is printed where a step attaches it, and the message is composed.
//!
//! It costs milliseconds a letter where drafting costs microseconds, and no letter needs another: all processors share it.

use std::sync::{Mutex, PoisonError};

use crate::adapters::mime;
use crate::adapters::render::pdf::{Order, Printer};
use crate::campaign::{Attach, FileName, Step};
use crate::config::workspace::Workspace;
use crate::letters::guards::Finding;
use crate::letters::message::Attachment;
use crate::letters::words::runs_right_to_left;
use crate::letters::{Message, Rendered, Sheet, Words};
use crate::outbox::Draft;
use crate::vocabulary::problem::Problem;
use crate::vocabulary::{Digest, DispatchId, Instant, StateCode, Zone};

/// A drafted letter with its readable forms.
#[derive(Debug)]
pub struct Letter {
    pub draft: Draft,
    pub rendered: Rendered,
    pub message: Message,
    /// What the guards object to.
    pub findings: Vec<Finding>,
    /// As the letter begins.
    pub salutation: String,
    /// The printed letter, where it is attached or was asked for.
    pub pdf: Option<Vec<u8>>,
}

/// A letter whose words are there; its bytes are not.
#[derive(Debug)]
pub struct Unfinished {
    /// Without message and digest.
    pub draft: Draft,
    pub rendered: Rendered,
    /// Without attachments.
    pub message: Message,
    pub findings: Vec<Finding>,
    pub salutation: String,
    /// What the printer sets; `None` when nobody wants the PDF.
    pub print: Option<Print>,
    /// The invitation to the meeting that it confirms.
    pub invitation: Option<String>,
    /// The letter's file, for problems.
    pub file: String,
}

/// One letter for the printer.
#[derive(Debug)]
pub struct Print {
    pub sheet: Sheet,
    pub blocks: String,
}

/// What all letters of a step have in common.
#[derive(Debug)]
pub struct Common<'a> {
    pub workspace: &'a Workspace,
    pub step: &'a Step,
    pub zone: Zone,
    /// Present when any letter has something to print.
    pub printer: Option<&'a Printer>,
}

/// Unit: bytes. Typesetting recurses deeply, in a build without optimisation above all.
const STACK: usize = 32 * 1024 * 1024;

/// Finishes letters, in their order.
pub fn finish(letters: Vec<Unfinished>, common: &Common<'_>) -> Vec<Result<Letter, (StateCode, Vec<Problem>)>> {
    let one = |letter: Unfinished| {
        let state = letter.draft.id.delegation;
        finished(letter, common).map_err(|problems| (state, problems))
    };
    if common.printer.is_none() {
        return letters.into_iter().map(one).collect();
    }
    let mut states: Vec<StateCode> = letters.iter().map(|letter| letter.draft.id.delegation).collect();
    let done = by_all_processors(letters, one);
    let gave_up = |state| {
        let problem = Problem::error("the letter could not be printed: the typesetter gave up");
        Err((state, vec![problem.help("this is our mistake: please report it with the letter")]))
    };
    states.drain(..).zip(done).map(|(state, letter)| letter.unwrap_or_else(|| gave_up(state))).collect()
}

/// One thread a processor, each with a stack of its own size; a thread pool that steals work while it waits would put one
/// letter's stack on top of another's. `None` where a thread ended before its time.
fn by_all_processors<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<Option<R>> {
    let number = items.len();
    let done: Mutex<Vec<Option<R>>> = Mutex::new((0..number).map(|_| None).collect());
    let queue = Mutex::new(items.into_iter().enumerate());
    // A lock is held for a step of an iterator or an assignment: neither leaves anything half done.
    let take = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let go_on = || {
        while let Some((at, item)) = take() {
            let result = work(item);
            done.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some(result);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(number);
    std::thread::scope(|scope| {
        let started: Vec<_> = (0..threads)
            .map_while(|_| std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, go_on).ok())
            .collect();
        // Without a single thread to be had, this one does it.
        if started.is_empty() {
            go_on();
        }
        for thread in started {
            if thread.join().is_err() {
                tracing::error!("a thread that printed letters ended before its time");
            }
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn finished(letter: Unfinished, common: &Common<'_>) -> Result<Letter, Vec<Problem>> {
    let Unfinished { mut draft, rendered, mut message, findings, salutation, print, invitation, file } = letter;
    let pdf = match (print, common.printer) {
        (Some(print), Some(printer)) => Some(printed(&print, &draft, &rendered, printer, &file)?),
        _ => None,
    };
    let fault = |what: String| vec![Problem::error(what).in_file(file.clone())];
    for attach in &common.step.attach {
        let attachment = match attach {
            Attach::Letter => {
                // Nobody wants it printed, who asks for dates alone.
                let Some(bytes) = pdf.clone() else { continue };
                let name = pdf_name(&draft.id, draft.due, common.zone).map_err(fault)?;
                Attachment { name, bytes }
            }
            Attach::Invitation => {
                let Some(invitation) = &invitation else { continue };
                Attachment { name: FileName::invitation(), bytes: invitation.clone().into_bytes() }
            }
            Attach::File(name) => {
                let bytes = common.workspace.snapshot.attachment(&common.step.letter, name);
                let bytes = bytes.ok_or_else(|| fault(format!("there is no file {name} beside the letter")))?;
                Attachment { name: name.clone(), bytes: bytes.to_vec() }
            }
        };
        message.attachments.push(attachment);
    }
    draft.message = mime::compose(&message).map_err(|e| fault(e.to_string()))?;
    draft.digest = Digest::of(&draft.message);
    Ok(Letter { draft, rendered, message, findings, salutation, pdf })
}

/// The letter as PDF, which says the same words as its text.
fn printed(
    print: &Print,
    draft: &Draft,
    rendered: &Rendered,
    printer: &Printer,
    file: &str,
) -> Result<Vec<u8>, Vec<Problem>> {
    let order = Order {
        sheet: &print.sheet,
        blocks: &print.blocks,
        language: draft.language,
        due: draft.due,
        name: &draft.message_id,
    };
    let (bytes, on_paper) = printer.print(&order).map_err(|problem| vec![*problem])?;
    let text = Words::of(&rendered.text);
    let difference = if draft.language.right_to_left() || runs_right_to_left(&rendered.text) {
        text.difference_in_any_order(&on_paper)
    } else {
        text.difference(&on_paper)
    };
    match difference {
        None => Ok(bytes),
        Some((text, paper)) => {
            let message = format!("the letter's PDF and its text do not say the same: “…{paper}…” against “…{text}…”");
            let help = "this is our mistake, or the frame's: compare the frame with that of a fresh workspace";
            Err(vec![Problem::error(message).in_file(file).help(help)])
        }
    }
}

/// `2018-02-05-hrc37-china-letter-FRA.pdf`: sorts by day in a mission's folder, and names campaign and delegation.
fn pdf_name(id: &DispatchId, due: Instant, zone: Zone) -> Result<FileName, String> {
    let day = zone.day_of(due);
    let whole = format!("{day}-{}-{}-{}.pdf", id.campaign, id.step, id.delegation);
    let short = || format!("{day}-{}.pdf", id.delegation).parse::<FileName>();
    whole.parse::<FileName>().or_else(|_| short()).map_err(|e| e.to_string())
}
