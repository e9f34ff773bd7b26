//! Notices that an organisation's server puts below each mail, or above it: confidentiality, viruses, paper, mail from outside.

/// Shorter paragraphs are the writer's: "Please treat this as confidential." In characters; Chinese says as much in a third.
const SHORTEST: usize = 90;
const SHORTEST_CHINESE: usize = 30;
/// Longer paragraphs are judged by their beginning. In characters.
const LONGEST: usize = 2_500;
/// A sentence about paper or viruses. In characters.
const LONGEST_LINE: usize = 320;

/// Where the notices below a text begin; the number of lines if there are none.
pub fn begin(lines: &[&str]) -> usize {
    let mut end = lines.len();
    loop {
        let words = lines[..end].iter().rposition(|line| !line.is_empty()).map_or(0, |at| at + 1);
        let start = lines[..words].iter().rposition(|line| line.is_empty()).map_or(0, |at| at + 1);
        if words == 0 || !is_notice(&lines[start..words]) {
            // A title belongs to the notice below it.
            let titled = end < lines.len() && words > 0 && is_title(lines[words - 1]);
            return if titled { words - 1 } else { end };
        }
        // The last line of the letter may stand right above.
        let own = lines[start..words].iter().take_while(|line| !speaks_of_mail(line)).count();
        end = start + if start + own < words { own } else { 0 };
        if end > start {
            return end;
        }
    }
}

/// How many lines above a text warn of mail from outside.
pub fn banner(lines: &[&str]) -> usize {
    let Some(start) = lines.iter().position(|line| !line.is_empty()) else { return 0 };
    let end = lines[start..].iter().position(|line| line.is_empty()).map_or(lines.len(), |at| start + at);
    let text = joined(&lines[start..end]);
    let warns = WARNINGS.iter().any(|word| text.starts_with(word));
    let from_outside = FROM_OUTSIDE.iter().any(|phrase| text.contains(phrase));
    if warns && from_outside && text.chars().count() <= LONGEST_LINE { end } else { 0 }
}

fn is_title(line: &str) -> bool {
    let low = line.trim_matches(['*', '_', '-', ' ', ':', '=', '#']).to_lowercase();
    TITLES.contains(&low.as_str()) || (!line.is_empty() && low.is_empty())
}

fn is_notice(lines: &[&str]) -> bool {
    let text = joined(lines);
    let length = text.chars().count();
    if length <= LONGEST_LINE && SAYINGS.iter().any(|saying| saying.iter().all(|word| text.contains(word))) {
        return true;
    }
    let chinese = text.chars().take(60).filter(|c| *c >= '\u{2E80}').count() > 20;
    if length < if chinese { SHORTEST_CHINESE } else { SHORTEST } {
        return false;
    }
    let about_mail = MAIL.iter().any(|word| text.contains(word));
    let told = [SECRET, FOR_WHOM, MISTAKE, FORBIDDEN]
        .iter()
        .filter(|words| words.iter().any(|word| text.contains(word)))
        .count();
    about_mail && told >= 3
}

/// Whether a notice may begin with this line.
fn speaks_of_mail(line: &str) -> bool {
    let text = joined(&[line]);
    let sayings = SAYINGS.iter().filter_map(|saying| saying.first());
    let words = [MAIL, SECRET, FOR_WHOM, MISTAKE, FORBIDDEN, TITLES];
    words.iter().any(|words| words.iter().any(|word| text.contains(word)))
        || sayings.into_iter().any(|word| text.contains(word))
}

fn joined(lines: &[&str]) -> String {
    let mut text = String::new();
    for line in lines {
        if text.len() > LONGEST {
            break;
        }
        text.extend(line.chars().take(LONGEST).flat_map(char::to_lowercase));
        text.push(' ');
    }
    text.trim_matches([' ', '*', '_', '-', '[', '#', '>', '!']).to_owned()
}

const TITLES: &[&str] = &[
    "disclaimer",
    "confidentiality notice",
    "confidentiality",
    "confidential",
    "legal notice",
    "legal disclaimer",
    "avis de confidentialité",
    "confidentialité",
    "avertissement",
    "aviso legal",
    "aviso de confidencialidad",
    "aviso de confidencialidade",
    "confidencialidad",
    "vertraulichkeitshinweis",
    "haftungsausschluss",
    "rechtlicher hinweis",
    "wichtiger hinweis",
    "hinweis",
    "important",
    "important notice",
    "notice",
    "уведомление о конфиденциальности",
    "免责声明",
    "保密声明",
    "إخلاء مسؤولية",
    "إشعار السرية",
];

const MAIL: &[&str] = &[
    "e-mail",
    "email",
    "message",
    "communication",
    "transmission",
    "courriel",
    "courrier électronique",
    "nachricht",
    "mail",
    "correo",
    "mensaje",
    "mensagem",
    "messaggio",
    "bericht",
    "сообщени",
    "письмо",
    "邮件",
    "郵件",
    "信息",
    "البريد",
    "الرسالة",
    "بريد",
];

const SECRET: &[&str] = &[
    "confidential",
    "privileged",
    "confidentiel",
    "vertraulich",
    "confidencial",
    "confidenzial",
    "riservat",
    "vertrouwelijk",
    "конфиденциал",
    "保密",
    "机密",
    "機密",
    "سري",
    "sensitive information",
];

const FOR_WHOM: &[&str] = &[
    "intended",
    "recipient",
    "addressee",
    "destinataire",
    "empfänger",
    "adressat",
    "bestimmt",
    "destinatari",
    "geadresseerde",
    "ontvanger",
    "предназначен",
    "получател",
    "адресат",
    "收件人",
    "接收",
    "المرسل إليه",
    "المستلم",
    "المقصود",
];

const MISTAKE: &[&str] = &[
    "in error",
    "by mistake",
    "delete",
    "destroy",
    "notify",
    "par erreur",
    "détrui",
    "supprim",
    "irrtüml",
    "versehentlich",
    "vernichten",
    "löschen",
    "por error",
    "por equivocación",
    "elimin",
    "borr",
    "por engano",
    "por erro",
    "apag",
    "per errore",
    "cancell",
    "ошибк",
    "удалит",
    "уничтож",
    "误收",
    "错误",
    "删除",
    "刪除",
    "بالخطأ",
    "خطأ",
    "حذف",
];

const FORBIDDEN: &[&str] = &[
    "unauthori",
    "disclos",
    "prohibited",
    "copying",
    "distribut",
    "dissemin",
    "interdit",
    "divulg",
    "reproduction",
    "diffusion",
    "unbefugt",
    "weitergabe",
    "verbreitung",
    "nicht gestattet",
    "untersagt",
    "prohib",
    "proib",
    "reprodu",
    "vietat",
    "diffusione",
    "verspreid",
    "openbaarmaking",
    "распростран",
    "запрещ",
    "копирован",
    "披露",
    "复制",
    "散布",
    "传播",
    "禁止",
    "نسخ",
    "نشر",
    "توزيع",
    "يحظر",
];

/// All words of one row stand in the paragraph.
const SAYINGS: &[&[&str]] = &[
    &["consider the environment", "print"],
    &["think before", "print"],
    &["pensez", "environnement", "imprim"],
    &["avant d'imprimer"],
    &["avant d’imprimer"],
    &["medio ambiente", "imprim"],
    &["meio ambiente", "imprim"],
    &["umwelt", "drucken"],
    &["umwelt", "ausdruck"],
    &["ambiente", "stampare"],
    &["milieu", "afdrukken"],
    &["природ", "распечат"],
    &["scanned for viruses"],
    &["checked for viruses"],
    &["virus-free", "avast"],
    &["virus-free", "avg"],
    &["virenfrei", "avast"],
    &["garanti sans virus"],
    &["libre de virus", "avast"],
    &["sin virus", "avast"],
    &["scanned for spam and viruses"],
    &["проверено на вирусы"],
    &["you received this message because you are subscribed"],
];

const WARNINGS: &[&str] = &[
    "caution",
    "warning",
    "external",
    "attention",
    "achtung",
    "atención",
    "atencion",
    "cuidado",
    "atenção",
    "vorsicht",
    "avertissement",
    "this email originated",
    "this message originated",
    "внимание",
    "警告",
    "注意",
];

const FROM_OUTSIDE: &[&str] = &[
    "originated from outside",
    "originated outside",
    "from outside",
    "outside of the organi",
    "external sender",
    "external email",
    "do not click",
    "extérieur",
    "expéditeur externe",
    "externe",
    "von extern",
    "externen absender",
    "außerhalb",
    "fuera de la organización",
    "remitente externo",
    "externo",
    "externa",
    "внешн",
    "外部",
];

#[cfg(test)]
mod tests {
    use super::{banner, begin};

    #[test]
    fn a_request_for_confidence_is_the_writers_own() {
        let own = [
            "Dear colleagues,",
            "",
            "Please treat this message as confidential until the vote on Friday, and do not share our position with others.",
        ];
        assert_eq!(begin(&own), own.len());
    }

    #[test]
    fn a_warning_of_ones_own_stays_above_the_letter() {
        assert_eq!(banner(&["Attention: the meeting has moved to room XX.", "", "Best"]), 0);
    }
}
