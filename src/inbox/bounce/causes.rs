//! What servers say in words, in many languages, grouped by what it means for the address.

use super::super::phrases::among;

/// Why a letter did not arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Nobody of that name there, or no longer.
    UnknownAddress,
    /// No such domain, or it takes no mail.
    UnknownHost,
    /// The mailbox is full, or takes no more today.
    Full,
    /// Not yet; the server goes on trying.
    Delayed,
    /// The server has tried long enough.
    Expired,
    /// Nobody answered, or not in time.
    Unreachable,
    /// This letter, this sender, or so many letters are not wanted; too long a letter.
    Refused,
}

impl Cause {
    /// What the words alone say, where no code does: whether it will never arrive.
    pub fn is_permanent(self) -> bool {
        matches!(self, Self::UnknownAddress | Self::UnknownHost | Self::Refused)
    }

    pub fn blames_the_address(self) -> bool {
        matches!(self, Self::UnknownAddress | Self::UnknownHost)
    }
}

const DELAYED: [&str; 21] = [
    "has been delayed",
    "delivery delayed",
    "delivery is delayed",
    "was delayed",
    "not yet been delivered",
    "could not be delivered yet",
    "still being retried",
    "will continue to be attempted",
    "will keep trying",
    "will continue to try",
    "continue trying",
    "will be retried",
    "no action is required on your part",
    "do not need to resend your message",
    "this is a warning message only",
    "this is only a warning",
    "delivery will be attempted",
    "wird noch weiter versucht",
    "n'a pas encore ete",
    "todavía no se ha podido entregar",
    "warning: could not send message for past",
];

const EXPIRED: [&str; 19] = [
    "retry timeout exceeded",
    "retry time not reached for any host after a long failure period",
    "in the queue too long",
    "queue too long",
    "delivery time expired",
    "message expired",
    "has expired",
    "delivery expired",
    "timed out while delivering",
    "unable to deliver message for",
    "could not be delivered for",
    "could not be delivered within",
    "giving up after",
    "not delivered within",
    "was aborted after",
    "retries exhausted",
    "maximum retries",
    "max number of retries",
    "cannot send message for",
];

const UNKNOWN_HOST: [&str; 29] = [
    "host unknown",
    "unknown host",
    "host not found",
    "no such host",
    "domain not found",
    "domain does not exist",
    "no such domain",
    "unknown domain",
    "unrouteable mail domain",
    "unroutable mail domain",
    "unrouteable address",
    "unroutable address",
    "name service error",
    "couldn't find any host",
    "couldn't find any host by that name",
    "cannot find any hosts",
    "unable to look up",
    "could not find a gateway",
    "no mx record",
    "no mail exchanger",
    "nxdomain",
    "does not receive mail",
    "does not accept mail",
    "null mx",
    "domain name not found",
    "dns error",
    "dns lookup failure",
    "domain is not reachable",
    "no valid mail server",
];

const FULL: [&str; 40] = [
    "mailbox is full",
    "mailbox full",
    "mail box full",
    "mailbox for user is full",
    "inbox is full",
    "mailfolder is full",
    "mailbox has exceeded",
    "mailbox exceeded",
    "exceeded storage",
    "over quota",
    "overquota",
    "quota exceed",
    "exceeds quota",
    "exceeded quota",
    "quota usage exceeded",
    "quota limit",
    "disk quota",
    "disc quota",
    "quota violation",
    "over the maximum",
    "exceeds allowed size",
    "storage allocation",
    "storage limit",
    "size limit of the mailbox",
    "not enough space",
    "space not enough",
    "insufficient storage",
    "insufficient disk",
    "mailbox size limit",
    "maximum mailbox",
    "too much mail",
    "out of storage",
    "no space left",
    "mailbox_quota",
    "boîte aux lettres pleine",
    "boite aux lettres pleine",
    "espacio en casilla de mail agotado",
    "postfach ist voll",
    "почтовый ящик переполнен",
    "邮箱已满",
];

const UNREACHABLE: [&str; 27] = [
    "connection refused",
    "connection timed out",
    "connection timeout",
    "connection reset",
    "connection lost",
    "lost connection",
    "connection dropped",
    "network unreachable",
    "network is unreachable",
    "no route to host",
    "operation timed out",
    "timed out",
    "temporarily unavailable",
    "temporary failure",
    "temporary error",
    "temporarily deferred",
    "temporarily rejected",
    "try again later",
    "please try later",
    "greylist",
    "graylist",
    "service unavailable",
    "unable to connect",
    "could not connect",
    "can't connect",
    "wasn't able to establish an smtp connection",
    "server not responding",
];

const UNKNOWN_ADDRESS: [&str; 90] = [
    "user unknown",
    "unknown user",
    "no such user",
    "no such mailbox",
    "no such recipient",
    "no such address",
    "no such account",
    "no such person",
    "no user by that name",
    "no mailbox by that name",
    "no mailbox here",
    "mailbox unavailable",
    "mailbox not available",
    "mailbox not found",
    "mailbox does not exist",
    "mailbox doesn't exist",
    "mailbox unknown",
    "unknown mailbox",
    "invalid mailbox",
    "invalid recipient",
    "invalid address",
    "invalid user",
    "invalid userid",
    "invalid final delivery userid",
    "unknown recipient",
    "recipient address rejected: access denied",
    "recipient rejected",
    "recipient unknown",
    "recipient not found",
    "recipient address rejected: undeliverable",
    "recipient does not exist",
    "recipient no longer",
    "recipientnotfound",
    "unknown address",
    "address unknown",
    "unknown local-part",
    "unknown local part",
    "unknown or illegal alias",
    "unknown alias",
    "unknown account",
    "account unknown",
    "account does not exist",
    "account that you tried to reach does not exist",
    "account is disabled",
    "account disabled",
    "account has been disabled",
    "account is inactive",
    "account inactive",
    "account has been suspended",
    "account is not active",
    "account not available",
    "account expired",
    "account has been deactivated",
    "account closed",
    "user account is disabled",
    "user is not active",
    "user not found",
    "user doesn't exist",
    "user does not exist",
    "user disabled",
    "user is unknown",
    "not our customer",
    "not a valid mailbox",
    "not a valid user",
    "not a known user",
    "not a current",
    "not listed in",
    "address does not exist",
    "address doesn't exist",
    "address not found",
    "address is wrong or no longer valid",
    "address couldn't be found",
    "address you sent your message to wasn't found",
    "wasn't found at",
    "is not recognized",
    "bad destination mailbox",
    "does not exist",
    "doesn't have a",
    "no longer available",
    "no longer valid",
    "no longer works",
    "no longer on server",
    "has left the",
    "is no longer in use",
    "utilisateur inconnu",
    "adresse inconnue",
    "usuario desconocido",
    "unbekannter empf",
    "empfänger unbekannt",
    "пользователь не найден",
];

const REFUSED: [&str; 30] = [
    "spam",
    "blacklist",
    "blocklist",
    "black list",
    "block list",
    "blocked",
    "policy",
    "not authorized",
    "not permitted",
    "access denied",
    "relay access denied",
    "relaying denied",
    "relaying not",
    "unable to relay",
    "message too large",
    "message size exceeds",
    "message exceeds",
    "too big",
    "message was rejected",
    "message rejected",
    "content rejected",
    "virus",
    "dmarc",
    "prohibited",
    "too many hops",
    "too many recipients",
    "mail loop",
    "poor reputation",
    "bad reputation",
    "message refused",
];

/// What a passage, made even, gives as the cause. A delay comes first, because its notice names the trouble too; then what says
/// most about the address.
pub fn cause_in(even: &str) -> Option<Cause> {
    let order: [(Cause, &[&'static str]); 7] = [
        (Cause::Delayed, &DELAYED),
        (Cause::Full, &FULL),
        (Cause::Expired, &EXPIRED),
        (Cause::UnknownAddress, &UNKNOWN_ADDRESS),
        (Cause::UnknownHost, &UNKNOWN_HOST),
        (Cause::Unreachable, &UNREACHABLE),
        (Cause::Refused, &REFUSED),
    ];
    order.into_iter().find(|(_, phrases)| among(even, phrases).is_some()).map(|(cause, _)| cause)
}

#[cfg(test)]
mod tests {
    use super::super::super::phrases::even;
    use super::*;

    #[test]
    fn servers_words_are_understood() {
        for (words, cause) in [
            ("550 Unknown user: a@x.example", Some(Cause::UnknownAddress)),
            ("Sorry, I couldn't find any host by that name.", Some(Cause::UnknownHost)),
            ("552 Mailbox full, try again later", Some(Cause::Full)),
            ("Your message was delayed: connection refused", Some(Cause::Delayed)),
            ("this message has been in the queue too long", Some(Cause::Expired)),
            ("Message rejected as spam", Some(Cause::Refused)),
            ("Thank you for your letter", None),
        ] {
            assert_eq!(cause_in(&even(words)), cause, "{words}");
        }
    }

    #[test]
    fn phrases_are_written_as_text_is_made_even() {
        let all = [&DELAYED[..], &EXPIRED, &UNKNOWN_HOST, &FULL, &UNREACHABLE, &UNKNOWN_ADDRESS, &REFUSED];
        for phrase in all.concat() {
            assert_eq!(even(phrase), phrase);
        }
    }
}
