//! Whether a mail system speaks, by who it calls itself and what it calls its message.

use super::super::incoming::Incoming;
use super::super::phrases::{among, even};

const LOCAL_PARTS: [&str; 14] = [
    "mailer-daemon",
    "mailerdaemon",
    "mailer_daemon",
    "mail-daemon",
    "maildaemon",
    "postmaster",
    "mdaemon",
    "mmdf",
    "postoffice",
    "mail.delivery.system",
    "mail-delivery-system",
    "double-bounce",
    "microsoftexchange",
    "uucp",
];

const NAMES: [&str; 21] = [
    "mail delivery",
    "mailer-daemon",
    "mailer daemon",
    "mail administrator",
    "system administrator",
    "mail system",
    "delivery subsystem",
    "email system",
    "e-mail system",
    "mail server",
    "mail router",
    "postmaster",
    "mail gateway",
    "internet mail",
    "mailsystem",
    "jetmail system",
    "delivery system",
    "smtp server",
    "mta ",
    "systemadministrator",
    "administrateur systeme",
];

const SUBJECTS: [&str; 76] = [
    "undeliverable",
    "undelivered",
    "undeliverd",
    "non deliverable",
    "not deliverable",
    "nondeliverable",
    "non-deliverable",
    "nondelivery",
    "non-delivery",
    "non delivery",
    "unable to deliver",
    "returned mail",
    "returned email",
    "return mail",
    "mail returned",
    "returned message",
    "message returned",
    "returned to sender",
    "return to sender",
    "returning message to sender",
    "failure notice",
    "failure delivery",
    "failed delivery",
    "failed mail",
    "mail failure",
    "mail failed",
    "message failure",
    "delivery failure",
    "delivery failed",
    "delivery error",
    "delivery status notification",
    "delivery status report",
    "delivery notification",
    "delivery report",
    "delivery problem",
    "delivery delayed",
    "delivery delay",
    "delivery has failed",
    "delivery unsuccessful",
    "delivery attempt",
    "delayed mail",
    "mail delayed",
    "message delayed",
    "mail delivery",
    "mail error",
    "mail system error",
    "mail could not be delivered",
    "message could not be delivered",
    "could not be delivered",
    "could not send message",
    "couldn't be delivered",
    "cannot be delivered",
    "not delivered",
    "user unknown",
    "unknown user",
    "unknown address",
    "address unknown",
    "message status - undeliverable",
    "your message to",
    "rejected:",
    "returned due to",
    "mail rejected",
    "message rejected",
    "email rejected",
    "unzustellbar",
    "nicht zugestellt",
    "konnte nicht zugestellt",
    "non remis",
    "non distribu",
    "échec de la remise",
    "no se puede entregar",
    "no se pudo entregar",
    "não entregue",
    "не доставлено",
    "недоставлен",
    "退信",
];

const SUBJECTS_TOO: [&str; 12] = [
    "ошибка доставки",
    "无法投递",
    "未送达",
    "系统退信",
    "邮件发送失败",
    "تعذر التسليم",
    "لم يتم التسليم",
    "غير قابل للتسليم",
    "falha na entrega",
    "não pôde ser entregue",
    "non recapitabile",
    "onbestelbaar",
];

/// Whether the address is one that mail systems write from.
pub fn is_mail_system(address: &str) -> bool {
    let local = address.split('@').next().unwrap_or_default().to_ascii_lowercase();
    // Exchange Online: MicrosoftExchange and 32 digits.
    LOCAL_PARTS.iter().any(|known| local == *known || (*known == "microsoftexchange" && local.starts_with(known)))
}

/// Whether the message comes from a mail system.
pub fn speaks(message: &Incoming) -> bool {
    let people = || message.people("from").chain(message.people("sender"));
    let nobody = message.people("from").all(|from| from.address.is_empty());
    people().any(|from| is_mail_system(&from.address))
        || people().any(|from| among(&even(&from.name), &NAMES).is_some())
        || (nobody && message.has("from"))
}

/// Whether the subject is that of a bounce: an answer to one, or a bounce passed on by a person, is none.
pub fn subject_says(subject: &str) -> Option<&'static str> {
    let even = even(subject);
    let answered = [
        "re:",
        "re :",
        "fw:",
        "fwd:",
        "aw:",
        "wg:",
        "tr:",
        "rv:",
        "sv:",
        "答复:",
        "转发:",
        "回复:",
        "رد:",
        "ответ:",
        "enc:",
    ];
    if answered.iter().any(|prefix| even.starts_with(prefix)) {
        return None;
    }
    among(&even, &SUBJECTS).or_else(|| among(&even, &SUBJECTS_TOO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_systems_are_known_by_their_addresses() {
        for address in [
            "MAILER-DAEMON@mx.example",
            "postmaster@fra.example",
            "MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@fra.example",
        ] {
            assert!(is_mail_system(address), "{address}");
        }
        assert!(!is_mail_system("mission@fra.example") && !is_mail_system(""));
    }

    #[test]
    fn an_answer_to_a_bounce_is_none() {
        assert!(subject_says("Undeliverable: Joint letter").is_some());
        assert!(subject_says("Unzustellbar: Joint letter").is_some());
        assert!(subject_says("Non remis : Lettre conjointe").is_some());
        assert!(subject_says("Re: Undeliverable: Joint letter").is_none());
        assert!(subject_says("Joint letter").is_none());
    }

    #[test]
    fn subjects_and_names_are_written_as_text_is_made_even() {
        for phrase in SUBJECTS.iter().chain(&SUBJECTS_TOO) {
            assert_eq!(even(phrase), *phrase);
        }
    }
}
