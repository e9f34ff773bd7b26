//! One letter: MAIL FROM, all RCPT TO, one decision, DATA, the letter, the answer after the final dot.

use std::time::Duration;

use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};

use super::failure::{Failure, Trouble, command, reply_of, within};
use super::settings::{Settings, is_loopback};
use crate::delivery::envelope::{Decision, decide};
use crate::delivery::{Phase, RecipientResult, Reply, Role, Verdict, check_wire};
use crate::ports::Outgoing;
use crate::vocabulary::Address;

/// What becomes of the connection after a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Keep,
    Drop,
}

/// A letter that may be spoken of to a server.
pub(super) struct Parcel<'a> {
    sender: lettre::Address,
    recipients: Vec<(&'a Address, Role, lettre::Address)>,
    /// Without the final CRLF: lettre writes CRLF, dot, CRLF after what it is given.
    body: &'a [u8],
    last_try: bool,
}

impl<'a> Parcel<'a> {
    /// # Errors
    /// Why the letter cannot be put on the wire, as a verdict: nobody was asked.
    pub fn of(letter: &'a Outgoing, settings: &Settings) -> Result<Self, Verdict> {
        let broken = |why: String| Verdict::Broken { phase: Phase::MailFrom, why };
        check_wire(&letter.message).map_err(|error| broken(error.to_string()))?;
        if letter.to.is_empty() {
            return Err(broken("the letter has no `to` address".to_owned()));
        }
        let rehearsing = is_loopback(&settings.host);
        let theirs = |address: &Address| {
            if address.is_example() && !rehearsing {
                return Err(broken(format!("{} is reserved for examples: no real server gets it", address.masked())));
            }
            lettre::Address::new(address.local(), address.domain())
                .map_err(|_| broken(format!("{} is no address for the mail server", address.masked())))
        };
        let to = letter.to.iter().map(|address| (address, Role::To));
        let cc = letter.cc.iter().map(|address| (address, Role::Cc));
        Ok(Self {
            sender: theirs(&letter.sender)?,
            recipients: to
                .chain(cc)
                .map(|(address, role)| Ok((address, role, theirs(address)?)))
                .collect::<Result<_, _>>()?,
            body: letter.message.strip_suffix(b"\r\n").unwrap_or(&letter.message),
            last_try: letter.last_try,
        })
    }

    /// Every recipient with the answer it got so far.
    pub fn results(&self, answers: &[Reply]) -> Vec<RecipientResult> {
        let answers = answers.iter().cloned().map(Some).chain(std::iter::repeat(None));
        let result = |((address, role, _), reply): (&(&Address, Role, _), _)| RecipientResult {
            address: (*address).clone(),
            role: *role,
            reply,
        };
        self.recipients.iter().zip(answers).map(result).collect()
    }

    fn content_limit(&self, settings: &Settings) -> Duration {
        // A slow line may need minutes for an attachment; only silence afterwards is to count.
        let kib16 = u64::try_from(self.body.len() / (16 * 1024)).unwrap_or(u64::MAX);
        settings.final_timeout.saturating_add(Duration::from_secs(kib16))
    }
}

/// The only step that may be tried again on a fresh connection: it hands over nothing.
pub(super) async fn mail_from(
    smtp: &mut AsyncSmtpConnection,
    settings: &Settings,
    parcel: &Parcel<'_>,
) -> Result<(), Failure> {
    let mail = Mail::new(Some(parcel.sender.clone()), vec![]);
    command(settings.timeout, Phase::MailFrom, smtp.command(mail)).await.map(drop)
}

/// From RCPT TO to the end of the transaction.
pub(super) async fn after_mail_from(
    smtp: &mut AsyncSmtpConnection,
    settings: &Settings,
    parcel: &Parcel<'_>,
) -> (Verdict, Fate) {
    let answers = match ask_recipients(smtp, settings, parcel).await {
        Ok(answers) => answers,
        Err((failure, answers)) => return (failure.before_the_letter(parcel.results(&answers)), Fate::Drop),
    };
    let recipients = parcel.results(&answers);
    if let Decision::Reset(verdict) = decide(recipients.clone(), parcel.last_try) {
        return (verdict, reset(smtp, settings).await);
    }
    match data(smtp, settings).await {
        Ok(()) => {}
        Err(failure) => {
            let fate = fate_after(&failure, smtp, settings).await;
            return (failure.before_the_letter(recipients), fate);
        }
    }
    match command(parcel.content_limit(settings), Phase::Content, smtp.message(parcel.body)).await {
        Ok(reply) => (Verdict::Taken { reply: Some(reply), recipients }, Fate::Keep),
        Err(failure) => {
            let fate = fate_after(&failure, smtp, settings).await;
            (failure.with_the_letter(recipients), fate)
        }
    }
}

/// All answers, good and bad, in the order of asking. An error only where the dialogue cannot go on.
async fn ask_recipients(
    smtp: &mut AsyncSmtpConnection,
    settings: &Settings,
    parcel: &Parcel<'_>,
) -> Result<Vec<Reply>, (Failure, Vec<Reply>)> {
    let mut answers = Vec::with_capacity(parcel.recipients.len());
    for (_, _, address) in &parcel.recipients {
        let rcpt = smtp.command(Rcpt::new(address.clone(), vec![]));
        match command(settings.timeout, Phase::RcptTo, rcpt).await {
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
async fn data(smtp: &mut AsyncSmtpConnection, settings: &Settings) -> Result<(), Failure> {
    let reply = reply_of(&within(settings.timeout, Phase::Data, smtp.command(Data)).await?);
    if reply.code == 354 { Ok(()) } else { Err(Failure { phase: Phase::Data, trouble: Trouble::unexpected(&reply) }) }
}

pub(super) async fn fate_after(failure: &Failure, smtp: &mut AsyncSmtpConnection, settings: &Settings) -> Fate {
    if failure.ends_the_connection() { Fate::Drop } else { reset(smtp, settings).await }
}

/// Clears the envelope, so that the next letter cannot go to these recipients. Without a clear yes the connection is not used
/// again.
async fn reset(smtp: &mut AsyncSmtpConnection, settings: &Settings) -> Fate {
    match command(settings.timeout, Phase::MailFrom, smtp.command(Rset)).await {
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
            message: Arc::from(b"x\r\n".as_slice()),
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
        fn every_address_of_ours_is_one_to_lettre(
            local in "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]{1,20}(\\.[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]{1,20}){0,2}",
            domain in "[a-z0-9][a-z0-9-]{0,20}[a-z0-9](\\.[a-z][a-z0-9]{0,10}){1,3}",
        ) {
            if let Ok(address) = format!("{local}@{domain}").parse::<Address>() {
                let theirs = lettre::Address::new(address.local(), address.domain());
                prop_assert_eq!(theirs.map(|a| a.to_string()).ok(), Some(address.to_string()));
            }
        }
    }
}
