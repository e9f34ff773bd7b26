//! Subjects as they come back: with prefixes in every language, cut, folded, in other cases.

/// What mail programs put before a subject when somebody answers or forwards, without the colon. Small letters.
const PREFIXES: [&str; 44] = [
    "re",
    "aw",
    "antw",
    "antwort",
    "sv",
    "vs",
    "ref",
    "rv",
    "res",
    "resp",
    "rép",
    "rep",
    "réponse",
    "odp",
    "ynt",
    "vá",
    "ats",
    "fw",
    "fwd",
    "wg",
    "tr",
    "rif",
    "enc",
    "vb",
    "vl",
    "doorst",
    "i",
    "inoltra",
    "transf",
    "rvd",
    "trs",
    "пересл",
    "отв",
    "ответ",
    "答复",
    "回复",
    "回覆",
    "转发",
    "轉寄",
    "رد",
    "إعادة توجيه",
    "automatic reply",
    "réponse automatique",
    "respuesta automática",
];

/// The subject without prefixes, in small letters, with single spaces: two that are equal belong to one thread.
pub fn core(subject: &str) -> String {
    let spaced = subject.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let mut rest = spaced.as_str();
    loop {
        let shorter = without_label(without_prefix(rest));
        if shorter == rest {
            return rest.to_owned();
        }
        rest = shorter;
    }
}

/// `re:`, `re[2]:`, `re (3):`, `réf. :`, `回复：`.
fn without_prefix(subject: &str) -> &str {
    let Some(colon) = subject.find([':', '：']) else { return subject };
    let (head, tail) = subject.split_at(colon);
    let word = head.trim_end_matches(|c: char| c.is_ascii_digit() || " []().*^".contains(c)).trim_end();
    if !PREFIXES.contains(&word) {
        return subject;
    }
    tail.trim_start_matches([':', '：']).trim_start()
}

/// `[external]`, `[spam]`, `[ext]`: what a mission's own server writes before the subject.
fn without_label(subject: &str) -> &str {
    let Some(rest) = subject.strip_prefix('[') else { return subject };
    match rest.split_once(']') {
        Some((label, after)) if label.chars().count() <= 20 && !after.trim().is_empty() => after.trim_start(),
        _ => subject,
    }
}

/// Whether an incoming subject answers a letter's: the same, or its beginning where a program cut it.
pub fn answers(incoming: &str, ours: &str) -> bool {
    let (incoming, ours) = (core(incoming), core(ours));
    if ours.is_empty() || incoming.is_empty() {
        return false;
    }
    let long_enough = incoming.chars().count() >= 20;
    incoming == ours || (long_enough && (ours.starts_with(&incoming) || incoming.contains(&ours)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_the_same_whatever_mail_programs_write_before_it() {
        let ours = "Joint letter ahead of the 37th session of the Human Rights Council";
        for prefix in [
            "Re: ",
            "RE: Re: ",
            "AW: ",
            "Antwort: ",
            "TR : ",
            "RE[2]: ",
            "Fwd: ",
            "Ответ: ",
            "回复：",
            "رد: ",
            "[EXTERNAL] Re: ",
            "Re: [External] ",
            "Réf.: ",
            "SV: VS: ",
            "Automatic reply: ",
        ] {
            let incoming = format!("{prefix}{ours}");
            assert!(answers(&incoming, ours), "{incoming}");
        }
        assert!(answers("re:  joint LETTER ahead of the\t37th session of the human rights council", ours));
        assert!(answers("Re: Joint letter ahead of the 37th sess", ours), "cut by a program");
    }

    #[test]
    fn another_subject_is_another_subject() {
        let ours = "Joint letter ahead of the 37th session of the Human Rights Council";
        for other in
            ["Re: Joint letter", "National day reception", "", "Re:", "I: ", "Joint letter ahead of the 38th session"]
        {
            assert!(!answers(other, ours), "{other}");
        }
        assert!(!answers("Re: ", "Re: "));
    }

    #[test]
    fn a_word_with_a_colon_is_no_prefix_unless_it_is_one() {
        assert_eq!(core("China: a joint letter"), "china: a joint letter");
        assert_eq!(core("[all of it]"), "[all of it]");
    }
}
