//! Why a letter was not taken, as far as that decides when it is tried again, and whether the next letter would fare the same.

use std::fmt;
use std::str::FromStr;

use super::enhanced::Enhanced;
use super::verdict::{Phase, Reply, Verdict};

/// The class of a trouble. It leads the reason that staff read, `greylisting: refused for now …`, and has waits of its own
/// (`delivery::retry`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// A server that wants to see us come back (RFC 6647).
    Greylisting,
    /// Too many letters, or too fast.
    Rate,
    /// 421, or no service at the greeting: the server takes nobody's mail now (RFC 5321, 3.8).
    Unavailable,
    /// Any other 4yz.
    Temporary,
    /// No line to the server, or a line that broke.
    Connection,
    Tls,
    /// Our account with the server.
    Authentication,
    /// MAIL FROM refused: the address that we write from.
    Sender,
    /// Security and policy: the server judges who is writing, or what.
    Policy,
    /// For good, and about this letter or the dialogue: its form, its length, or no reason at all.
    Letter,
    /// For good, and about this letter's recipient.
    Recipient,
    /// In `files` mode: the folder cannot be written to.
    Disk,
}

/// Whom a verdict speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bearing {
    /// The server took the letter: all is well between it and us.
    Taken,
    /// Us, surely: the next letter would fare the same.
    Us,
    /// Us, or this letter: only what the next letters meet can tell.
    UsPerhaps,
    /// This letter or its recipients; the server dealt with us.
    Letter,
    /// Nobody: the line broke in the middle of a letter.
    Nobody,
}

impl Class {
    const ALL: [Self; 12] = [
        Self::Greylisting,
        Self::Rate,
        Self::Unavailable,
        Self::Temporary,
        Self::Connection,
        Self::Tls,
        Self::Authentication,
        Self::Sender,
        Self::Policy,
        Self::Letter,
        Self::Recipient,
        Self::Disk,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Greylisting => "greylisting",
            Self::Rate => "rate",
            Self::Unavailable => "unavailable",
            Self::Temporary => "temporary",
            Self::Connection => "connection",
            Self::Tls => "tls",
            Self::Authentication => "authentication",
            Self::Sender => "sender",
            Self::Policy => "policy",
            Self::Letter => "letter",
            Self::Recipient => "recipient",
            Self::Disk => "disk",
        }
    }

    /// The class that wrote this reason: `policy: refused for good …`.
    pub fn of_reason(reason: &str) -> Option<Self> {
        reason.split_once(':')?.0.parse().ok()
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Class {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|class| class.as_str() == text).ok_or_else(|| format!("no such class: {text}"))
    }
}

impl Verdict {
    /// Whether it surely speaks of the server or our account with it, not of this letter: the next letter would fare the same.
    pub fn concerns_the_server(&self) -> bool {
        read(self).1 == Bearing::Us
    }
}

/// Class and bearing of a verdict; no class where the letter was taken, or may have been.
pub fn read(verdict: &Verdict) -> (Option<Class>, Bearing) {
    let (class, bearing) = match verdict {
        Verdict::Taken { .. } => return (None, Bearing::Taken),
        Verdict::Unknown { .. } => return (None, Bearing::Nobody),
        Verdict::Broken { phase, .. } => broken(*phase),
        Verdict::NotNow { phase, reply, .. } | Verdict::Refused { phase, reply, .. } => refused(*phase, reply),
    };
    (Some(class), bearing)
}

fn broken(phase: Phase) -> (Class, Bearing) {
    match phase {
        Phase::File => (Class::Disk, Bearing::Us),
        Phase::Tls => (Class::Tls, Bearing::Us),
        Phase::Auth => (Class::Authentication, Bearing::Us),
        // A line that broke in the middle of a letter may hold for the next one; one that never came to be will not.
        phase if phase < Phase::MailFrom => (Class::Connection, Bearing::Us),
        _ => (Class::Connection, Bearing::Nobody),
    }
}

/// The order is that of certainty: what can only be about us, what names a recipient, what may be either.
fn refused(phase: Phase, reply: &Reply) -> (Class, Bearing) {
    let code = Enhanced::in_words(&reply.text);
    // RFC 4954, 4 and 6: 530 where nobody has signed in; the others answer AUTH, and on some servers later commands too.
    let signed_out = matches!(reply.code, 530 | 534 | 535 | 538);
    if reply.code == 421 {
        return (Class::Unavailable, Bearing::Us);
    }
    // Behind the letter's last byte X.7.9 is some servers' word for a policy: how we signed in was good enough before.
    let of_the_account = |code: Enhanced| code.is_about_the_account() && !(code.detail == 9 && phase > Phase::RcptTo);
    if phase == Phase::Auth || signed_out || code.is_some_and(of_the_account) {
        return (Class::Authentication, Bearing::Us);
    }
    if phase < Phase::MailFrom {
        return (if reply.is_permanent() { Class::Policy } else { Class::Unavailable }, Bearing::Us);
    }
    let words = reply.text.to_lowercase();
    let named = phase != Phase::MailFrom && code.is_some_and(Enhanced::names_a_recipient);
    if !named && speaks_of_rate(&words) {
        return (Class::Rate, Bearing::UsPerhaps);
    }
    if phase == Phase::MailFrom {
        // No mission's address has been named yet. A server short of room (X.3.1, 452) may have some for the next letter.
        let short_of_room = reply.is_temporary() && (reply.code == 452 || code.is_some_and(|code| code.subject == 3));
        return (if short_of_room { Class::Temporary } else { Class::Sender }, Bearing::UsPerhaps);
    }
    if reply.is_temporary() { for_now(phase, reply, code, &words) } else { for_good(phase, reply, code, &words) }
}

fn for_now(phase: Phase, reply: &Reply, code: Option<Enhanced>, words: &str) -> (Class, Bearing) {
    if words.contains("greylist") || words.contains("graylist") || words.contains("grey list") {
        return (Class::Greylisting, Bearing::Letter);
    }
    if code.is_some_and(Enhanced::is_about_a_recipient) {
        return (Class::Temporary, Bearing::Letter);
    }
    if code.is_some_and(Enhanced::is_policy) {
        // Greylisting says 450 or 451 with 4.7.1 to RCPT, and often no more; a judgement of us says what it judges.
        let shy = phase == Phase::RcptTo && matches!(reply.code, 450 | 451) && !speaks_of_us(words);
        return if shy { (Class::Greylisting, Bearing::Letter) } else { (Class::Policy, Bearing::UsPerhaps) };
    }
    // X.3.Y is the mail system itself. After DATA no recipient is meant any more (RFC 5321, 4.3.2: 450, 451, 452).
    let system = code.is_some_and(|code| code.subject == 3);
    let bearing = if system || phase > Phase::RcptTo { Bearing::UsPerhaps } else { Bearing::Letter };
    (Class::Temporary, bearing)
}

/// A 5yz is an answer: the letter is not tried again. Only a judgement of whoever writes is: then once. What does not say whom it
/// means may still be about us: after a few of them in a row sending pauses.
fn for_good(phase: Phase, reply: &Reply, code: Option<Enhanced>, words: &str) -> (Class, Bearing) {
    if code.is_some_and(Enhanced::names_a_recipient) {
        return (Class::Recipient, Bearing::Letter);
    }
    // 541 and 571 are no codes of RFC 5321, but some servers' own for a judgement.
    let by_code =
        code.is_some_and(|code| code.is_policy() || code.is_about_the_sender()) || matches!(reply.code, 541 | 571);
    if by_code || judges_us(words) {
        return (Class::Policy, Bearing::UsPerhaps);
    }
    if phase == Phase::RcptTo {
        // The dialogue as such, or the mail system: no mission's address is at fault.
        let of_the_dialogue = matches!(reply.code, 500..=504 | 521 | 555);
        let of_the_system = code.is_some_and(|code| matches!(code.subject, 3 | 5) && !code.is_about_length());
        return match of_the_dialogue || of_the_system {
            true => (Class::Letter, Bearing::UsPerhaps),
            false => (Class::Recipient, Bearing::Letter),
        };
    }
    // RFC 5321, 4.3.2: after DATA 552 is about the letter's length; 550 and 554 are about the letter, or about who sends it.
    let too_long = reply.code == 552 || code.is_some_and(Enhanced::is_about_length);
    (Class::Letter, if too_long { Bearing::Letter } else { Bearing::UsPerhaps })
}

/// The words in which servers say that we send too much.
fn speaks_of_rate(words: &str) -> bool {
    const SAYS: [&str; 16] = [
        "throttl",
        "ratelimit",
        "rate limit",
        "rate-limit",
        "rate exceed",
        "rate of",
        "sending rate",
        "message rate",
        "sending limit",
        "sending quota",
        "message limit",
        "hourly",
        "daily",
        "too many messages",
        "too many emails",
        "too many connections",
    ];
    SAYS.iter().any(|say| words.contains(say))
}

/// The words in which servers judge who is writing.
fn speaks_of_us(words: &str) -> bool {
    const SAYS: [&str; 12] = [
        "blocked",
        "blocklist",
        "blacklist",
        "reputation",
        "spam",
        "client host",
        "your ip",
        "reverse",
        "relay",
        "abuse",
        "suspicious",
        "policy",
    ];
    SAYS.iter().any(|say| words.contains(say))
}

/// The words in which servers refuse for good whoever writes, by name, by sign-in, or by what the letter looks like.
fn judges_us(words: &str) -> bool {
    const SAYS: [&str; 24] = [
        "sender",
        "helo",
        "ehlo",
        "authenti",
        "smtp auth",
        "authorized",
        "administrative",
        "suspended",
        "access denied",
        "black list",
        "block list",
        "dnsbl",
        "rbl",
        "spf",
        "dkim",
        "dmarc",
        "junk",
        "filter",
        "virus",
        "banned",
        "prohibit",
        "from header",
        "your server",
        "your domain",
    ];
    const OF_THEM: [&str; 4] = ["recipient", "mailbox", "user unknown", "no such"];
    let about_them = !words.contains("sender") && OF_THEM.iter().any(|say| words.contains(say));
    !about_them && (speaks_of_us(words) || SAYS.iter().any(|say| words.contains(say)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Bearing::{Letter, Nobody, Us, UsPerhaps};
    use Class as C;
    use Phase::{Auth, Connect, Content, Data, File, Greeting, Hello, MailFrom, RcptTo, Tls};

    fn check(phase: Phase, code: u16, words: &str, wanted: (Class, Bearing)) {
        let reply = Reply::new(code, words);
        let verdict = if reply.is_permanent() {
            Verdict::Refused { phase, reply, recipients: vec![] }
        } else {
            Verdict::NotNow { phase, reply, recipients: vec![] }
        };
        assert_eq!(read(&verdict), (Some(wanted.0), wanted.1), "{phase}: {code} {words}");
    }

    #[test]
    fn what_comes_before_any_address_is_about_us() {
        check(Greeting, 421, "4.3.2 closing", (C::Unavailable, Us));
        check(Greeting, 450, "come back later", (C::Unavailable, Us));
        check(Greeting, 554, "5.7.1 your address is on a list", (C::Policy, Us));
        check(Hello, 550, "bad name", (C::Policy, Us));
        check(Auth, 535, "5.7.8 wrong name or password", (C::Authentication, Us));
        check(Auth, 534, "5.7.9 too weak", (C::Authentication, Us));
        check(Auth, 454, "4.7.0 try later", (C::Authentication, Us));
        check(Auth, 421, "4.7.0 too many failures", (C::Unavailable, Us));
        check(MailFrom, 530, "5.7.0 authentication required", (C::Authentication, Us));
        check(RcptTo, 550, "5.7.13 account disabled", (C::Authentication, Us));
        check(Content, 421, "4.7.0 closing", (C::Unavailable, Us));
    }

    #[test]
    fn a_refused_sender_is_perhaps_about_us() {
        check(MailFrom, 553, "5.7.1 not owned by user", (C::Sender, UsPerhaps));
        check(MailFrom, 550, "5.1.8 sender domain unknown", (C::Sender, UsPerhaps));
        check(MailFrom, 450, "4.1.8 sender domain not found", (C::Sender, UsPerhaps));
        check(MailFrom, 452, "4.3.1 out of room", (C::Temporary, UsPerhaps));
        check(MailFrom, 451, "4.7.1 sending rate exceeded", (C::Rate, UsPerhaps));
    }

    #[test]
    fn greylisting_is_told_from_a_judgement_of_us() {
        for (code, words) in [
            (450, "4.7.1 Greylisted"),
            (450, "4.7.1 <a@b.example>: Recipient address rejected: try again in 5 minutes"),
            (451, "4.7.1 please try again later"),
            (451, "Greylisting in action"),
            (450, "4.2.0 graylisted, see the page"),
        ] {
            check(RcptTo, code, words, (C::Greylisting, Letter));
        }
        check(RcptTo, 454, "4.7.1 relay access denied", (C::Policy, UsPerhaps));
        check(RcptTo, 451, "4.7.1 your IP has a bad reputation", (C::Policy, UsPerhaps));
        check(RcptTo, 450, "4.7.1 Client host rejected: no reverse name", (C::Policy, UsPerhaps));
        check(RcptTo, 450, "4.7.1 sending rate limit exceeded", (C::Rate, UsPerhaps));
        check(Content, 451, "4.7.1 try again later", (C::Policy, UsPerhaps));
    }

    #[test]
    fn what_names_a_recipient_is_about_this_letter() {
        check(RcptTo, 550, "5.1.1 unknown", (C::Recipient, Letter));
        check(RcptTo, 550, "no such user", (C::Recipient, Letter));
        check(RcptTo, 552, "5.2.2 full", (C::Recipient, Letter));
        check(RcptTo, 452, "4.2.2 mailbox is over its daily quota", (C::Temporary, Letter));
        check(RcptTo, 450, "mailbox busy", (C::Temporary, Letter));
        check(RcptTo, 550, "5.7.17 new owner", (C::Recipient, Letter));
        check(RcptTo, 550, "5.4.1 no way there", (C::Recipient, Letter));
        check(Content, 550, "5.1.1 unknown after all", (C::Recipient, Letter));
    }

    #[test]
    fn a_letter_that_is_refused_is_not_tried_again_and_counts_where_it_may_be_for_our_sake() {
        check(Content, 552, "5.3.4 too big", (C::Letter, Letter));
        check(Content, 552, "too big", (C::Letter, Letter));
        for (phase, code, words) in [
            (Data, 554, "no valid recipients"),
            (Content, 550, "no"),
            (Content, 554, "Transaction failed"),
            (Content, 554, "5.6.0 malformed"),
            (Content, 554, "5.3.5 Local configuration error"),
            (RcptTo, 550, "5.3.2 Service currently unavailable"),
            (RcptTo, 554, "5.3.0 no"),
            (RcptTo, 521, "Server does not accept mail"),
            (RcptTo, 550, "5.5.1 Protocol error"),
            (RcptTo, 503, "bad sequence of commands"),
        ] {
            check(phase, code, words, (C::Letter, UsPerhaps));
        }
        check(RcptTo, 554, "refused", (C::Recipient, Letter));
        check(RcptTo, 550, "no such user", (C::Recipient, Letter));
        check(RcptTo, 550, "5.4.1 Recipient address rejected: Access denied", (C::Recipient, Letter));
        check(RcptTo, 550, "Recipient address rejected: User unknown in relay recipient table", (C::Recipient, Letter));
    }

    #[test]
    fn servers_judge_whoever_writes_in_many_words() {
        for (phase, code, words) in [
            (RcptTo, 550, "5.1.0 sender rejected"),
            (RcptTo, 550, "Sender verify failed"),
            (RcptTo, 553, "Domain of sender address does not exist"),
            (RcptTo, 504, "5.5.2 Helo command rejected: need fully-qualified hostname"),
            (RcptTo, 550, "Authentication required"),
            (RcptTo, 503, "You must authenticate first"),
            (RcptTo, 550, "Please turn on SMTP Authentication in your mail client"),
            (RcptTo, 553, "sorry, your mail was administratively denied"),
            (RcptTo, 571, "no"),
            (RcptTo, 554, "Access denied"),
            (RcptTo, 550, "Account suspended"),
            (RcptTo, 554, "5.0.0 Your IP is blacklisted"),
            (RcptTo, 550, "listed by an RBL"),
            (RcptTo, 550, "SPF fail"),
            (Content, 541, "no"),
            (Content, 571, "Delivery not authorized"),
            (Content, 550, "Administrative prohibition"),
            (Content, 550, "From header must match authenticated user"),
            (Content, 554, "5.6.0 Reject, SPAM"),
            (Content, 550, "looks like junk mail"),
            (Content, 550, "DMARC check failed"),
            (Content, 554, "refused by content filter"),
            (Content, 554, "5.2.252 SendAsDenied; not allowed to send as this sender"),
            (Content, 554, "5.7.9 Message not accepted for policy reasons"),
        ] {
            check(phase, code, words, (C::Policy, UsPerhaps));
        }
        check(Content, 550, "5.1.90 you have reached your daily limit", (C::Rate, UsPerhaps));
        check(RcptTo, 550, "5.7.9 too weak", (C::Authentication, Us));
    }

    #[test]
    fn policy_and_a_full_system_are_perhaps_about_us() {
        check(RcptTo, 550, "5.7.1 relaying denied", (C::Policy, UsPerhaps));
        check(RcptTo, 554, "your IP is on a blocklist", (C::Policy, UsPerhaps));
        check(RcptTo, 550, "5.1.8 bad sender", (C::Policy, UsPerhaps));
        check(RcptTo, 550, "your hourly allowance is used up", (C::Rate, UsPerhaps));
        check(RcptTo, 452, "4.3.1 system full", (C::Temporary, UsPerhaps));
        check(Content, 554, "5.7.1 looks like spam", (C::Policy, UsPerhaps));
        check(Content, 554, "message rejected as spam", (C::Policy, UsPerhaps));
        check(Content, 451, "local error", (C::Temporary, UsPerhaps));
    }

    #[test]
    fn a_line_that_never_came_to_be_is_about_us_and_one_that_broke_about_nobody() {
        let broken = |phase| read(&Verdict::Broken { phase, why: "gone".into() });
        assert_eq!(broken(Connect), (Some(C::Connection), Us));
        assert_eq!(broken(Greeting), (Some(C::Connection), Us));
        assert_eq!(broken(Tls), (Some(C::Tls), Us));
        assert_eq!(broken(File), (Some(C::Disk), Us));
        assert_eq!(broken(RcptTo), (Some(C::Connection), Nobody));
        let unknown = Verdict::Unknown { why: "silence".into(), recipients: vec![] };
        assert_eq!(read(&unknown), (None, Nobody));
    }

    #[test]
    fn a_class_is_read_back_from_its_reason_and_no_guard_has_its_name() {
        for class in Class::ALL {
            assert_eq!(Class::of_reason(&format!("{class}: refused")), Some(class));
            assert_eq!(crate::outbox::Guard::of_reason(&format!("{class}: refused")), None);
        }
        assert_eq!(Class::of_reason("late: by 5 hours"), None);
    }
}
