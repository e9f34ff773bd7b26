//! How automatic replies are headed in eight languages. All is written as [`super::super::phrases::even`] makes it.

use super::super::phrases::even;

/// What a subject claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// "Automatic reply": only machines begin so.
    Automatic,
    /// "Out of office": people may begin so.
    Absence,
}

const AUTOMATIC: [&str; 42] = [
    // English
    "automatic reply",
    "automatic response",
    "automated reply",
    "automated response",
    "auto reply",
    "auto-reply",
    "autoreply",
    "auto response",
    "auto-response",
    "autoresponse",
    "auto:",
    "out of office autoreply",
    "out of office auto-reply",
    "vacation reply",
    // French
    "réponse automatique",
    "reponse automatique",
    "message automatique",
    "notification d'absence",
    "avis d'absence",
    // Spanish
    "respuesta automática",
    "respuesta automatica",
    "mensaje automático",
    "autorespuesta",
    // Arabic
    "رد تلقائي",
    "الرد التلقائي",
    "رد الي",
    "الرد الالي",
    // Russian
    "автоматический ответ",
    "автоответ",
    "автоматическое уведомление",
    // Chinese
    "自动回复",
    "自動回覆",
    "自动答复",
    "自動回復",
    "自动回覆",
    // Portuguese
    "resposta automática",
    "resposta automatica",
    "mensagem automática",
    // German
    "automatische antwort",
    "autom. antwort",
    "abwesenheitsnotiz",
    "abwesenheitsbenachrichtigung",
];

const ABSENCE: [&str; 46] = [
    "out of office",
    "out of the office",
    "out-of-office",
    "ooo",
    "away from the office",
    "away from my mail",
    "on leave",
    "on annual leave",
    "on vacation",
    "on holiday",
    "i am away",
    "absence",
    "absent",
    "absente",
    "absent du bureau",
    "absence du bureau",
    "message d'absence",
    "en congé",
    "en mission",
    "fuera de la oficina",
    "fuera de oficina",
    "ausente",
    "ausencia",
    "ausente de la oficina",
    "de vacaciones",
    "خارج المكتب",
    "خارج مكتبي",
    "في اجازة",
    "вне офиса",
    "нет на месте",
    "отсутствие",
    "отсутствую",
    "в отпуске",
    "нахожусь в отпуске",
    "不在办公室",
    "外出",
    "休假",
    "不在辦公室",
    "fora do escritório",
    "fora do escritorio",
    "ausência",
    "de férias",
    "abwesenheit",
    "abwesend",
    "nicht im büro",
    "im urlaub",
];

/// What the subject begins with; after the claim comes an end or a mark, not more of a sentence ("Automatic reply is what I got").
pub fn claim_of_subject(subject: &str) -> Option<(Claim, &'static str)> {
    let subject = even(subject);
    let subject = without_tags(&subject);
    let begins = |phrases: &[&'static str]| {
        phrases
            .iter()
            .copied()
            .filter(|phrase| subject.starts_with(phrase) && ends_there(&subject[phrase.len()..]))
            .max_by_key(|phrase| phrase.len())
    };
    let automatic = begins(&AUTOMATIC).map(|phrase| (Claim::Automatic, phrase));
    automatic.or_else(|| begins(&ABSENCE).map(|phrase| (Claim::Absence, phrase)))
}

fn ends_there(rest: &str) -> bool {
    let rest = rest.trim_start();
    rest.is_empty() || rest.starts_with([':', '：', '-', '(', '[', '|', '"', '/', ',', '.', '!', '（', '【'])
        // "Out of office until 5 March", "Automatic reply from A. Person", "Abwesend bis 5. März"
        || ["until", "till", "from", "re:", "fw:", "to:", "for", "jusqu'au", "du ", "hasta", "bis", "vom", "до", "с ", "من", "حتي", "até", "de ", "至", "到"]
            .iter()
            .any(|word| rest.starts_with(word))
        || subject_mark(rest)
}

/// After Chinese and Arabic claims the quoted subject may follow at once.
fn subject_mark(rest: &str) -> bool {
    rest.chars().next().is_some_and(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

/// `[EXTERNAL] Automatic reply` and `*** SPAM *** Automatic reply` begin with what they say.
fn without_tags(subject: &str) -> &str {
    let mut rest = subject.trim();
    for _ in 0..4 {
        let Some(after) =
            rest.strip_prefix('[').and_then(|inner| inner.split_once(']')).map(|(_, after)| after.trim_start())
        else {
            break;
        };
        rest = after;
    }
    rest.trim_start_matches(['*', ' ', '"', '\''])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_of_machines_are_told_from_those_of_people() {
        let claim = |subject: &str| claim_of_subject(subject).map(|(claim, _)| claim);
        for subject in [
            "Automatic reply: Joint letter",
            "Réponse automatique : Lettre",
            "رد تلقائي: رسالة",
            "自动回复: 联名信",
            "[EXT] Automatische Antwort: Brief",
            "Автоматический ответ: Письмо",
        ] {
            assert_eq!(claim(subject), Some(Claim::Automatic), "{subject}");
        }
        for subject in
            ["Out of Office Re: Joint letter", "Abwesend bis 5. März", "Fuera de la oficina", "Absence : Lettre"]
        {
            assert_eq!(claim(subject), Some(Claim::Absence), "{subject}");
        }
        for subject in [
            "Re: Automatic reply: Joint letter",
            "Automatic reply is what I got",
            "AW: Abwesenheitsnotiz",
            "Oooh",
            "Joint letter",
            "Out of office work",
        ] {
            assert_eq!(claim(subject), None, "{subject}");
        }
    }

    #[test]
    fn phrases_are_written_as_text_is_made_even() {
        for phrase in AUTOMATIC.iter().chain(&ABSENCE) {
            assert_eq!(even(phrase), *phrase);
        }
    }
}
