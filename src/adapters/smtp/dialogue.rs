//! One letter: MAIL FROM, all RCPT TO, one decision, DATA, the letter, the answer after the final dot.

use std::fmt;
use std::time::Duration;

use super::failure::{Failure, Trouble};
use super::session::{Session, done};
use super::settings::{Settings, is_loopback};
use crate::delivery::envelope::{Decision, decide};
use crate::delivery::{Phase, RecipientResult, Reply, Role, Verdict, check_wire};
use crate::ports::Outgoing;
use crate::vocabulary::Address;

pub(super) const QUIT: &str = "QUIT\r\n";

/// Recipients whose RCPT TO leaves in one write with MAIL FROM: what both sides' buffers hold for certain (RFC 2920, 3.1).
const MOST_TOGETHER: usize = 50;

/// What becomes of the connection after a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Keep,
    Drop,
}

/// A letter that may be spoken of to a server.
pub(super) struct Parcel<'a> {
    sender: &'a Address,
    recipients: Vec<(&'a Address, Role)>,
    /// Whole lines, checked.
    message: &'a str,
    last_try: bool,
}

impl<'a> Parcel<'a> {
    /// # Errors
    /// Why the letter cannot be put on the wire, as a verdict: nobody was asked.
    pub fn of(letter: &'a Outgoing, settings: &Settings) -> Result<Self, Verdict> {
        let broken = |why: String| Verdict::Broken { phase: Phase::MailFrom, why };
        check_wire(&letter.message).map_err(|error| broken(error.to_string()))?;
        let message = std::str::from_utf8(&letter.message).map_err(|error| broken(error.to_string()))?;
        if letter.to.is_empty() {
            return Err(broken("the letter has no `to` address".to_owned()));
        }
        let rehearsing = is_loopback(&settings.host);
        let invented = |address: &&Address| address.is_example() && !rehearsing;
        let addresses = || std::iter::once(&letter.sender).chain(&letter.to).chain(&letter.cc);
        if let Some(address) = addresses().find(invented) {
            return Err(broken(format!("{} is reserved for examples: no real server gets it", address.masked())));
        }
        let to = letter.to.iter().map(|address| (address, Role::To));
        let cc = letter.cc.iter().map(|address| (address, Role::Cc));
        Ok(Self { sender: &letter.sender, recipients: to.chain(cc).collect(), message, last_try: letter.last_try })
    }

    /// Every recipient with the answer it got so far.
    pub fn results(&self, answers: &[Reply]) -> Vec<RecipientResult> {
        let answers = answers.iter().cloned().map(Some).chain(std::iter::repeat(None));
        let result = |((address, role), reply): (&(&Address, Role), _)| RecipientResult {
            address: (*address).clone(),
            role: *role,
            reply,
        };
        self.recipients.iter().zip(answers).map(result).collect()
    }

    fn content_limit(&self, settings: &Settings) -> Duration {
        // A slow line may need minutes for an attachment; only silence afterwards is to count.
        let kib16 = u64::try_from(self.message.len() / (16 * 1024)).unwrap_or(u64::MAX);
        settings.final_timeout.saturating_add(Duration::from_secs(kib16))
    }
}

/// MAIL FROM, and where they go together all RCPT TO. An [`Address`] is ASCII without spaces, quotes or brackets: it can carry no
/// second command.
struct Opening<'a> {
    sender: &'a Address,
    recipients: &'a [(&'a Address, Role)],
}

impl fmt::Display for Opening<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MAIL FROM:<{}>\r\n", self.sender)?;
        self.recipients.iter().try_for_each(|(address, _)| Rcpt(address).fmt(f))
    }
}

struct Rcpt<'a>(&'a Address);

impl fmt::Display for Rcpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RCPT TO:<{}>\r\n", self.0)
    }
}

/// A checked message and the final dot, in one write. A dot that begins a line is doubled (RFC 5321, 4.5.2): lettre does that too,
/// byte by byte, and then writes the final dot by itself.
struct Content<'a>(&'a str);

impl fmt::Display for Content<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.starts_with('.') {
            f.write_str(".")?;
        }
        let mut from = 0;
        for at in memchr::memmem::find_iter(self.0.as_bytes(), b"\r\n.") {
            let dot = at + 2;
            f.write_str(&self.0[from..dot])?;
            f.write_str(".")?;
            from = dot;
        }
        f.write_str(&self.0[from..])?;
        f.write_str(".\r\n")
    }
}

/// The only step that may be tried again on a fresh connection: it hands over nothing.
///
/// RCPT TO may leave with it; their answers are then still owed.
pub(super) async fn mail_from(session: &mut Session, settings: &Settings, parcel: &Parcel<'_>) -> Result<(), Failure> {
    let together = session.takes_groups() && parcel.recipients.len() <= MOST_TOGETHER;
    let recipients = if together { parcel.recipients.as_slice() } else { &[] };
    let opening = Opening { sender: parcel.sender, recipients };
    let reply = session.say(settings.timeout, Phase::MailFrom, opening, 1 + recipients.len()).await?;
    done(Phase::MailFrom, reply).map(drop)
}

/// From RCPT TO to the end of the transaction.
pub(super) async fn after_mail_from(
    session: &mut Session,
    settings: &Settings,
    parcel: &Parcel<'_>,
) -> (Verdict, Fate) {
    let answers = match ask_recipients(session, settings, parcel).await {
        Ok(answers) => answers,
        Err((failure, answers)) => return (failure.before_the_letter(parcel.results(&answers)), Fate::Drop),
    };
    let recipients = parcel.results(&answers);
    if let Decision::Reset(verdict) = decide(recipients.clone(), parcel.last_try) {
        return (verdict, reset(session, settings).await);
    }
    match data(session, settings).await {
        Ok(()) => {}
        Err(failure) => {
            let fate = fate_after(&failure, session, settings).await;
            return (failure.before_the_letter(recipients), fate);
        }
    }
    match session.ask(parcel.content_limit(settings), Phase::Content, Content(parcel.message)).await {
        Ok(reply) => (Verdict::Taken { reply: Some(reply), recipients }, Fate::Keep),
        Err(failure) => {
            let fate = fate_after(&failure, session, settings).await;
            (failure.with_the_letter(recipients), fate)
        }
    }
}

/// All answers, good and bad, in the order of asking. An error only where the dialogue cannot go on.
async fn ask_recipients(
    session: &mut Session,
    settings: &Settings,
    parcel: &Parcel<'_>,
) -> Result<Vec<Reply>, (Failure, Vec<Reply>)> {
    let mut answers = Vec::with_capacity(parcel.recipients.len());
    for (address, _) in &parcel.recipients {
        let heard = if session.owes_an_answer() {
            session.hear(settings.timeout, Phase::RcptTo).await
        } else {
            session.say(settings.timeout, Phase::RcptTo, Rcpt(address), 1).await
        };
        match heard.and_then(|reply| done(Phase::RcptTo, reply)) {
            Ok(reply) => answers.push(reply),
            Err(failure) => match &failure.trouble {
                Trouble::Reply(reply) => {
                    answers.push(reply.clone());
                    if failure.ends_the_connection() {
                        return Err((failure, answers));
                    }
                }
                Trouble::Line(_) => return Err((failure, answers)),
            },
        }
    }
    Ok(answers)
}

/// Only 354 invites the letter: anything else positive is the answer to something else.
async fn data(session: &mut Session, settings: &Settings) -> Result<(), Failure> {
    let reply = session.say(settings.timeout, Phase::Data, "DATA\r\n", 1).await?;
    if reply.code == 354 { Ok(()) } else { Err(Failure { phase: Phase::Data, trouble: Trouble::unexpected(&reply) }) }
}

pub(super) async fn fate_after(failure: &Failure, session: &mut Session, settings: &Settings) -> Fate {
    if failure.ends_the_connection() || !session.let_it_finish(settings.timeout, Phase::MailFrom).await {
        Fate::Drop
    } else {
        reset(session, settings).await
    }
}

/// Clears the envelope, so that the next letter cannot go to these recipients. Without a clear yes the connection is not used
/// again.
async fn reset(session: &mut Session, settings: &Settings) -> Fate {
    match session.ask(settings.timeout, Phase::MailFrom, "RSET\r\n").await {
        Ok(_) => Fate::Keep,
        Err(_) => Fate::Drop,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::super::settings::Security;
    use super::*;

    fn letter(to: &str, sender: &str) -> Outgoing {
        Outgoing {
            dispatch: "hrc37-china/letter/FRA".parse().unwrap(),
            sender: sender.parse().unwrap(),
            to: vec![to.parse().unwrap()],
            cc: vec![],
            message: Arc::from(b"x\r\n".to_vec()),
            last_try: false,
        }
    }

    #[test]
    fn an_invented_address_is_never_given_to_a_real_server() {
        let real = Settings::new("mail.coalition.ch", 465, Security::Tls, "coalition.ch");
        let here = Settings::new("localhost", 465, Security::Tls, "coalition.ch");
        for (to, sender) in
            [("mission@france.example", "us@coalition.ch"), ("mission@france.fr", "us@coalition.example")]
        {
            let refused = Parcel::of(&letter(to, sender), &real).err();
            assert!(
                matches!(&refused, Some(Verdict::Broken { phase: Phase::MailFrom, why }) if !why.contains("mission@"))
            );
            assert!(Parcel::of(&letter(to, sender), &here).is_ok());
        }
        assert!(Parcel::of(&letter("mission@france.fr", "us@coalition.ch"), &real).is_ok());
    }

    #[test]
    fn a_large_letter_on_a_slow_line_has_time_to_leave() {
        let settings = Settings::new("localhost", 465, Security::Tls, "coalition.ch");
        let line = [&[b'x'; 98][..], b"\r\n"].concat();
        let limit = |octets: usize| {
            let letter =
                Outgoing { message: Arc::from(line.repeat(octets / 100)), ..letter("a@b.example", "c@d.example") };
            Parcel::of(&letter, &settings).ok().unwrap().content_limit(&settings).as_secs()
        };
        assert_eq!((limit(5_000), limit(1_000_000)), (600, 661));
    }

    proptest! {
        #[test]
        fn what_a_server_unstuffs_is_the_message(lines in proptest::collection::vec("\\.{0,3}[a-z.]{0,4}", 1..20)) {
            let message: String = lines.iter().flat_map(|line| [line, "\r\n"]).collect();
            let wire = Content(&message).to_string();
            let (content, end) = wire.split_at(wire.len() - 3);
            prop_assert_eq!(end, ".\r\n");
            let unstuffed: String =
                content.split_inclusive("\r\n").map(|line| line.strip_prefix('.').unwrap_or(line)).collect();
            prop_assert!(!content.split("\r\n").any(|line| line == "."), "no line ends the letter early");
            prop_assert_eq!(unstuffed, message);
        }

        #[test]
        fn an_address_can_carry_no_second_command(text in "[\\PC\r\n <>]{0,10}@[\\PC\r\n <>]{0,10}\\.example") {
            if let Ok(address) = text.parse::<Address>() {
                let said = Rcpt(&address).to_string();
                prop_assert!(said.is_ascii() && !said[9..said.len() - 3].contains(['<', '>', '\r', '\n', ' ']), "{}", said);
            }
        }
    }
}
