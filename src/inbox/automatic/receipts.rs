//! Notes that say no more than that a letter was opened or delivered, and machines that want a proof of us.

use super::super::incoming::{Content, Incoming, ids_in};
use super::super::phrases::{among, beginning, even};

/// What it is, and for which letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub reasons: Vec<String>,
    pub letter_ids: Vec<String>,
    /// A challenge: the letter is kept back until somebody proves that people sent it.
    pub wants_a_proof: bool,
}

/// Subjects of read receipts that Exchange writes without RFC 8098, with what their text says then.
const READ: [&str; 22] = [
    "read:",
    "not read:",
    "lu :",
    "lu:",
    "non lu :",
    "leído:",
    "leido:",
    "no leído:",
    "gelesen:",
    "ungelesen:",
    "lida:",
    "não lida:",
    "прочитано:",
    "прочтено:",
    "не прочитано:",
    "已读:",
    "已读：",
    "未读:",
    "تمت القراءة:",
    "مقروءة:",
    "delivered:",
    "relayed:",
];
const READ_WORDS: [&str; 27] = [
    "was read on",
    "was read",
    "has been read",
    "deleted without being read",
    "was deleted",
    "a été lu",
    "a été supprimé",
    "se leyó",
    "fue leído",
    "ha sido leído",
    "wurde gelesen",
    "wurde am",
    "ungelesen gelöscht",
    "foi lida",
    "foi lido",
    "было прочитано",
    "прочитано",
    "прочтено",
    "已阅读",
    "已于",
    "阅读时间",
    "تمت قراءة",
    "تمت القراءة",
    "has been delivered",
    "delivery to these recipients",
    "was delivered",
    "displayed on",
];

/// What machines write that let nobody through before a proof.
const CHALLENGES: [&str; 34] = [
    "confirm that you are human",
    "prove that you are human",
    "prove you are human",
    "verify that you are human",
    "verify you are human",
    "you are a human",
    "you are a real person",
    "you are not a spammer",
    "not a robot",
    "anti-spam system requires",
    "challenge-response",
    "challenge/response",
    "to have your message delivered",
    "in order to deliver your message",
    "for your message to be delivered",
    "release your message",
    "your message is being held",
    "your email is being held",
    "message is on hold",
    "waiting for your confirmation",
    "waiting for your verification",
    "approved senders",
    "approved sender list",
    "allowed senders",
    "guest list",
    "verify your address",
    "one-time verification",
    "mailinblack",
    "pour que votre message soit remis",
    "vous authentifier",
    "para que su mensaje sea entregado",
    "para que a sua mensagem seja entregue",
    "подтвердите, что вы не робот",
    "damit ihre nachricht zugestellt",
];

/// Whether the message is one of these.
pub fn recognise(message: &Incoming, whole: &str) -> Option<Receipt> {
    by_report(message).or_else(|| by_words(message, whole)).or_else(|| challenge(message, whole))
}

/// RFC 8098, 3: a part `message/disposition-notification`.
fn by_report(message: &Incoming) -> Option<Receipt> {
    let part =
        message.part_of_type(&["message/disposition-notification", "message/global-disposition-notification"])?;
    let text = match &part.content {
        Content::Text(text) => text.as_str(),
        _ => "",
    };
    let value = |wanted: &str| {
        let fields = text.lines().filter_map(|line| line.split_once(':'));
        let mut of_name = fields.filter(|(name, _)| name.trim().eq_ignore_ascii_case(wanted));
        of_name.next().map(|(_, value)| value.trim().to_owned())
    };
    let disposition = value("disposition").unwrap_or_default();
    let mut letter_ids = value("original-message-id").map(|id| ids_in(&id)).unwrap_or_default();
    letter_ids.extend(message.enclosed().flat_map(|letter| letter.ids("message-id")));
    let disposition = beginning(&disposition, 80);
    Some(Receipt {
        reasons: vec![format!("a read receipt (RFC 8098): `{disposition}`")],
        letter_ids,
        wants_a_proof: false,
    })
}

fn by_words(message: &Incoming, whole: &str) -> Option<Receipt> {
    let subject = even(message.subject());
    let begins = READ.into_iter().find(|begin| subject.starts_with(begin))?;
    let words = even(beginning(whole, 2_000));
    let says = among(&words, &READ_WORDS)?;
    // Their receipts are a few lines; a person's letter may be headed "Read: our report" as well.
    (words.len() < 1_200).then(|| Receipt {
        reasons: vec![format!("its subject begins with `{begins}`, and it says `{says}`")],
        letter_ids: Vec::new(),
        wants_a_proof: false,
    })
}

fn challenge(message: &Incoming, whole: &str) -> Option<Receipt> {
    let words = even(beginning(&super::opening::of(whole), 4_000));
    let says = among(&words, &CHALLENGES)?;
    let asks = words.contains("http")
        || ["click", "cliqu", "clic ", "reply to this", "нажмите", "klicken"].iter().any(|word| words.contains(word));
    let answers = even(message.subject()).starts_with("re:") && words.len() > 1_500;
    (asks && !answers).then(|| Receipt {
        reasons: vec![format!("a challenge: it says `{says}` and wants a proof")],
        letter_ids: Vec::new(),
        wants_a_proof: true,
    })
}
