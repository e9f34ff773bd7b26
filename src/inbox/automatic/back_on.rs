//! The day from which somebody is back, as an absence notice says it. A suggestion: a person decides.

use super::super::phrases::{beginning, even};
use super::dates::{self, Said};
use crate::vocabulary::Day;

/// Words after which the day of return comes.
const BACK: [&str; 58] = [
    "be back on",
    "back in the office on",
    "back at the office on",
    "back at work on",
    "back in office on",
    "back on",
    "back at my desk on",
    "return on",
    "returning on",
    "returning to the office on",
    "return to the office on",
    "return to work on",
    "back in the office from",
    "be back",
    "back in the office",
    "returning",
    "i return",
    "will return",
    "available again on",
    "available again from",
    "resume on",
    "de retour le",
    "de retour au bureau le",
    "de retour",
    "reviendrai le",
    "mon retour le",
    "à partir du",
    "regreso el",
    "regresaré el",
    "de regreso el",
    "de vuelta el",
    "vuelvo el",
    "volveré el",
    "a partir del",
    "reincorporo el",
    "ساعود",
    "اعود",
    "العودة",
    "вернусь",
    "возвращаюсь",
    "выйду на работу",
    "буду на месте",
    "буду на работе",
    "буду в офисе",
    "regressarei",
    "regresso",
    "voltarei",
    "retornarei",
    "de volta",
    "a partir de",
    "ab dem",
    "ab montag",
    "zurück am",
    "wieder ab",
    "wieder am",
    "wieder im büro",
    "wieder erreichbar",
    "wieder da",
];

/// Words after which the last day comes, or the day of return: people mean both.
const UNTIL: [&str; 16] = [
    "until",
    "till",
    "jusqu'au",
    "hasta el",
    "hasta",
    "حتي",
    "الي",
    "до",
    "até ao dia",
    "até",
    "bis zum",
    "bis einschließlich",
    "bis",
    "直到",
    "as of",
    "返回",
];

/// Words after which certainly the last day of absence comes.
const THROUGH: [&str; 14] = [
    "through",
    " to ",
    " au ",
    " al ",
    " - ",
    "по",
    " a ",
    " ao ",
    "bis einschließlich",
    "until and including",
    "up to and including",
    "至",
    "到",
    "الي",
];

const INCLUSIVE: [&str; 9] =
    ["inclusive", "inclus", "included", "incluido", "einschließlich", "включительно", "inclusivé", "ضمنا", "含"];

/// How far after the word the day may begin; bytes.
const NEAR: usize = 48;
/// A notice that is good for longer is none.
const FARTHEST_DAYS: i64 = 400;

/// The day of return, if the notice says one that is not past on the day of the message.
pub fn find(opening: &str, message_day: Option<Day>) -> Option<Day> {
    let text = even(opening);
    let text = dates::western_digits(&text);
    let all = dates::in_text(&text, message_day);
    let back = after_word(&text, &all, &BACK);
    let day = match back {
        Some(said) => Some(said.day),
        None => before_word(&text, &all).or_else(|| last_day(&text, &all)),
    };
    day.filter(|day| message_day.is_none_or(|from| (0..=FARTHEST_DAYS).contains(&day.days_since(from))))
}

/// A day that follows one of the words closely. The last such: "I was back on 1 March" may come before.
fn after_word<'a>(text: &str, all: &'a [Said], words: &[&str]) -> Option<&'a Said> {
    all.iter().find(|said| {
        let lead = &text[text.ceil_char_boundary(said.start.saturating_sub(NEAR))..said.start];
        words
            .iter()
            .any(|word| lead.rfind(word).is_some_and(|at| is_word(lead, at, word) && quiet(&lead[at + word.len()..])))
    })
}

/// Words of return that follow the day: "3月5日返回", "am 5. März zurück".
const RETURNED: [&str; 14] = [
    "返回",
    "回来",
    "回到",
    "回办公室",
    "回辦公室",
    "恢复",
    "上班",
    "回國",
    "回国",
    "zurück",
    "wieder erreichbar",
    "wieder im büro",
    "wieder da",
    "de retour",
];

fn before_word(text: &str, all: &[Said]) -> Option<Day> {
    let followed = |said: &&Said| {
        let rest = beginning(&text[said.end..], 30);
        RETURNED.iter().filter_map(|word| rest.find(word)).any(|at| !rest[..at].contains(|c: char| c.is_ascii_digit()))
    };
    all.iter().find(followed).map(|said| said.day)
}

fn last_day(text: &str, all: &[Said]) -> Option<Day> {
    let said = after_word(text, all, &UNTIL);
    let ranged = all.windows(2).find(|pair| {
        let between = &text[pair[0].end..pair[1].start];
        pair[1].day >= pair[0].day
            && between.len() < 20
            && (THROUGH.iter().any(|word| between.contains(word)) || between.trim() == "-")
    });
    let (said, inclusive) = match (ranged, said) {
        (Some(pair), _) => (&pair[1], true),
        (None, Some(said)) => (said, false),
        (None, None) => (after_word(text, all, &["through", "up to and including"])?, true),
    };
    let after = beginning(&text[said.end..], 24);
    let before = &text[text.ceil_char_boundary(said.start.saturating_sub(24))..said.start];
    let inclusive = inclusive || INCLUSIVE.iter().any(|word| after.contains(word) || before.contains(word));
    if inclusive { said.day.next() } else { Some(said.day) }
}

/// Whether the word stands for itself, and is no end of another ("rückgabe bis" but not "abbis").
fn is_word(text: &str, at: usize, word: &str) -> bool {
    // Chinese writes no spaces, and Arabic writes "and" and "in" before a word without one.
    let joined = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c) || ('\u{600}'..='\u{6ff}').contains(&c);
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_alphabetic() && !joined(c));
    !letter(text[..at].chars().next_back()) && (word.ends_with(' ') || !letter(text[at + word.len()..].chars().next()))
}

/// Whether between word and day stands nothing but small words.
fn quiet(between: &str) -> bool {
    !between.contains(['.', '!', '?', ';', '\n']) && !between.contains(" from ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_of_return_is_read_in_eight_languages() {
        let from = Day::new(2018, 2, 20);
        for (notice, day) in [
            ("I am out of office and will be back on 3 March.", "2018-03-03"),
            ("I will return to the office on Monday, March 5th, 2018.", "2018-03-05"),
            ("I am on leave until 5 March.", "2018-03-05"),
            ("I am on leave from 19 February to 2 March and read no mail.", "2018-03-03"),
            ("Je suis absente jusqu'au 2 mars inclus.", "2018-03-03"),
            ("Je serai de retour le 12/03.", "2018-03-12"),
            ("Je serai de retour le lundi 1er mars.", "2018-03-01"),
            ("Estaré de vuelta el 5 de marzo de 2018.", "2018-03-05"),
            ("Estoy fuera de la oficina hasta el 5 de marzo.", "2018-03-05"),
            ("أنا خارج المكتب حتى ٥ مارس", "2018-03-05"),
            ("سأعود يوم 5 آذار", "2018-03-05"),
            ("Я в отпуске до 5 марта.", "2018-03-05"),
            ("Вернусь 05.03.2018.", "2018-03-05"),
            ("我将于3月5日返回办公室。", "2018-03-05"),
            ("我正在休假，直到2018年3月5日。", "2018-03-05"),
            ("Estou de férias até 5 de março.", "2018-03-05"),
            ("Voltarei no dia 5 de março.", "2018-03-05"),
            ("Ich bin bis zum 5. März abwesend.", "2018-03-05"),
            ("Ich bin ab dem 05.03. wieder erreichbar.", "2018-03-05"),
            ("I will be back on Monday.", "2018-02-26"),
            ("Back in the office on 2018-03-05.", "2018-03-05"),
        ] {
            assert_eq!(find(notice, from).map(|day| day.to_string()).as_deref(), Some(day), "{notice}");
        }
        assert_eq!(find("I will be back on 3 January.", Day::new(2018, 12, 20)), Day::new(2019, 1, 3));
    }

    #[test]
    fn what_is_past_or_no_day_is_not_suggested() {
        let from = Day::new(2018, 2, 20);
        for notice in [
            "I was back on 3 February 2018.",
            "I am away.",
            "Call +41 22 917 12 34 until further notice.",
            "back on track",
        ] {
            assert_eq!(find(notice, from), None, "{notice}");
        }
    }
}
