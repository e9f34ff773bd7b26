//! What is asked of a folder: to be looked into, which messages it has, and one of them, piece by piece.
//!
//! EXAMINE and BODY.PEEK leave everything on the server as it is; SELECT and BODY would not.

use std::collections::BTreeSet;
use std::path::Path;

use async_imap::imap_proto::{AttributeValue, MailboxDatum, Response, ResponseCode, Status};
use chrono::DateTime;

use super::dialogue::Dialogue;
use super::failure::Trouble;
use super::words;
use crate::adapters::mailbox::spool::{LARGEST, Spool, too_large};
use crate::ports::{Fetched, MailboxFault};
use crate::vocabulary::{Day, Instant};

/// Octets of a message that are asked for at once: so much memory, and no more, whatever the message's size.
const PIECE: u32 = 256 * 1024;

/// What a server says of a folder when it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Examined {
    pub validity: u32,
    pub uid_next: Option<u32>,
}

/// Opens `folder` for reading only.
pub(super) async fn examine(dialogue: &mut Dialogue, host: &str, folder: &str) -> Result<Examined, MailboxFault> {
    let (mut validity, mut uid_next) = (None, None);
    let command = format!("EXAMINE {}", words::folder(folder)?);
    let asked = dialogue.ask(&command, |answer| {
        if let Response::Data { status: Status::Ok, outcome } = answer {
            match outcome.code {
                Some(ResponseCode::UidValidity(number)) => validity = Some(number),
                Some(ResponseCode::UidNext(number)) => uid_next = Some(number),
                _ => {}
            }
        }
        Ok(())
    });
    match (asked.await, validity) {
        (Ok(()), Some(validity)) => Ok(Examined { validity, uid_next }),
        (Ok(()), None) => Err(Trouble::line("it gives its messages no lasting numbers (UIDVALIDITY)").away(host)),
        (Err(Trouble::No(words)), _) if !words.says_later() => Err(MailboxFault::Settings {
            what: format!("{host} does not open the folder `{folder}`: {words}"),
            help: "look at the folder's name, as the mail program shows it".to_owned(),
        }),
        (Err(trouble), _) => Err(trouble.away(host)),
    }
}

/// The numbers of messages later than `after`, that arrived on `since` or later; in order.
pub(super) async fn search(
    dialogue: &mut Dialogue,
    after: Option<u32>,
    since: Option<Day>,
) -> Result<BTreeSet<u32>, Trouble> {
    let mut command = "UID SEARCH".to_owned();
    match after {
        Some(u32::MAX) => return Ok(BTreeSet::new()),
        Some(after) => command.push_str(&format!(" UID {}:*", after + 1)),
        None if since.is_none() => command.push_str(" ALL"),
        None => {}
    }
    if let Some(since) = since {
        command.push_str(&format!(" SINCE {}", words::day(since)));
    }
    let mut found = numbers(dialogue, &command).await?;
    // `n:*` names the last message even where n is greater (RFC 9051, 9: `seq-range`).
    found.retain(|uid| after.is_none_or(|after| *uid > after));
    Ok(found)
}

/// All numbers that a search answers with.
pub(super) async fn numbers(dialogue: &mut Dialogue, command: &str) -> Result<BTreeSet<u32>, Trouble> {
    let mut found = BTreeSet::new();
    dialogue
        .ask(command, |answer| {
            if let Response::MailboxData(MailboxDatum::Search(uids)) = answer {
                found.extend(uids.iter().copied());
            }
            Ok(())
        })
        .await?;
    Ok(found)
}

/// Writes one message into a new file of `spool`. `None`: it is gone.
///
/// The announced size decides only what is too large: servers reckon it wrongly. The end is where nothing more comes.
pub(super) async fn fetch(dialogue: &mut Dialogue, uid: u32, spool: &Path) -> Result<Option<Fetched>, Trouble> {
    let Some(first) = piece(dialogue, uid, 0).await? else { return Ok(None) };
    if let Some(size) = first.size.map(u64::from).filter(|size| *size > LARGEST) {
        return Err(too_large(size).into());
    }
    let (size, received, mut last) = (first.size.map_or(0, u64::from), first.received, first);
    let mut copy = Spool::begin(spool)?;
    loop {
        copy.write(&last.octets)?;
        let full = u32::try_from(last.octets.len()).is_ok_and(|n| n == PIECE);
        if last.whole || last.octets.is_empty() || (!full && copy.bytes() >= size) {
            return Ok(Some(copy.finish(received)?));
        }
        let Ok(offset) = u32::try_from(copy.bytes()) else { return Err(too_large(copy.bytes()).into()) };
        match piece(dialogue, uid, offset).await? {
            Some(next) => last = next,
            // Half of it is ours, and the other half is nowhere.
            None => return Ok(None),
        }
    }
}

/// Some octets of a message.
struct Piece {
    octets: Vec<u8>,
    /// The server does not give pieces, and this is all.
    whole: bool,
    size: Option<u32>,
    received: Option<Instant>,
}

async fn piece(dialogue: &mut Dialogue, uid: u32, offset: u32) -> Result<Option<Piece>, Trouble> {
    let about = if offset == 0 { "RFC822.SIZE INTERNALDATE " } else { "" };
    let command = format!("UID FETCH {uid} (UID {about}BODY.PEEK[]<{offset}.{PIECE}>)");
    let mut found: Option<Piece> = None;
    dialogue
        .ask(&command, |answer| {
            if let Response::Fetch(_, attributes) = answer
                && attributes.contains(&AttributeValue::Uid(uid))
                && let Some(piece) = read(attributes, offset)?
            {
                found = Some(piece);
            }
            Ok(())
        })
        .await?;
    Ok(found)
}

/// `None`: news of a flag, say, that nobody asked for.
fn read(attributes: &[AttributeValue<'_>], offset: u32) -> Result<Option<Piece>, Trouble> {
    let mut piece = Piece { octets: Vec::new(), whole: false, size: None, received: None };
    let mut has_octets = false;
    for attribute in attributes {
        match attribute {
            AttributeValue::Rfc822Size(size) => piece.size = Some(*size),
            AttributeValue::InternalDate(date) => {
                let date = DateTime::parse_from_str(date.trim(), "%d-%b-%Y %H:%M:%S %z");
                piece.received = date.ok().map(Instant::from);
            }
            AttributeValue::BodySection { section: None, index, data } => {
                has_octets = true;
                piece.octets = data.as_deref().unwrap_or_default().to_vec();
                piece.whole = index.is_none();
                if index.unwrap_or(0) != offset {
                    return Err(Trouble::line("the server gives another piece than was asked for"));
                }
            }
            _ => {}
        }
    }
    let longest = if piece.whole { usize::MAX } else { PIECE as usize };
    if piece.octets.len() > longest {
        return Err(Trouble::line("the server gives more than was asked for"));
    }
    Ok(has_octets.then_some(piece))
}
