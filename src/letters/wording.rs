//! Dates, ordinals and lists as a language writes them.

use crate::schedule::english_ordinal;
use crate::vocabulary::{Day, Language};

/// The languages in which dates, ordinals and lists can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tongue {
    English,
    French,
    Spanish,
}

impl Tongue {
    /// `None`: nobody has taught us this language's months yet, and half a date in English is a hole.
    pub fn of(language: Language) -> Option<Self> {
        match language.as_str() {
            "en" => Some(Self::English),
            "fr" => Some(Self::French),
            "es" => Some(Self::Spanish),
            _ => None,
        }
    }

    /// `26 February 2018`, `1er mars 2018`, `26 de febrero de 2018`.
    pub fn date(self, day: Day) -> String {
        let (number, year) = (day.day(), day.year());
        let month = self.months()[usize::try_from(day.month() - 1).unwrap_or(0) % 12];
        match self {
            Self::English => format!("{number} {month} {year}"),
            Self::French if number == 1 => format!("1er {month} {year}"),
            Self::French => format!("{number} {month} {year}"),
            Self::Spanish => format!("{number} de {month} de {year}"),
        }
    }

    fn months(self) -> [&'static str; 12] {
        match self {
            Self::English => [
                "January",
                "February",
                "March",
                "April",
                "May",
                "June",
                "July",
                "August",
                "September",
                "October",
                "November",
                "December",
            ],
            Self::French => [
                "janvier",
                "février",
                "mars",
                "avril",
                "mai",
                "juin",
                "juillet",
                "août",
                "septembre",
                "octobre",
                "novembre",
                "décembre",
            ],
            Self::Spanish => [
                "enero",
                "febrero",
                "marzo",
                "abril",
                "mayo",
                "junio",
                "julio",
                "agosto",
                "septiembre",
                "octubre",
                "noviembre",
                "diciembre",
            ],
        }
    }

    /// `37th`, `37e`, `37.º`; feminine: `1re`, `37e`, `37.ª`.
    pub fn ordinal(self, number: u64, feminine: bool) -> String {
        match self {
            Self::English => english_ordinal(number),
            Self::French => match (number, feminine) {
                (1, true) => "1re".to_owned(),
                (1, false) => "1er".to_owned(),
                _ => format!("{number}e"),
            },
            Self::Spanish if feminine => format!("{number}.ª"),
            // Before its noun: `primer período`, `trigésimo tercer período`; but `undécimo`.
            Self::Spanish if number % 10 == 3 || (number % 10 == 1 && number % 100 != 11) => format!("{number}.er"),
            Self::Spanish => format!("{number}.º"),
        }
    }

    /// Words with the language's no-break spaces: in French before `:`, `;`, `!`, `?` and `»`, and behind `«`, as the
    /// Imprimerie nationale sets them. A space alone is made unbreakable; none is added.
    pub fn spaced(self, words: &str) -> String {
        match self {
            Self::French => french_spaces(words),
            Self::English | Self::Spanish => words.to_owned(),
        }
    }

    /// `a, b and c`, `a, b et c`, `a, b y c` (`e` before the sound of i).
    pub fn list(self, items: &[&str]) -> String {
        let Some((last, before)) = items.split_last() else { return String::new() };
        if before.is_empty() {
            return (*last).to_owned();
        }
        let and = match self {
            Self::English => "and",
            Self::French => "et",
            Self::Spanish if sounds_like_i(last) => "e",
            Self::Spanish => "y",
        };
        format!("{} {and} {last}", before.join(", "))
    }
}

/// French: no line begins with what closes the one before.
fn french_spaces(words: &str) -> String {
    let mut out = String::with_capacity(words.len() + 8);
    let mut rest = words.chars().peekable();
    while let Some(c) = rest.next() {
        let closes = rest.peek().is_some_and(|next| matches!(next, ':' | ';' | '!' | '?' | '»'));
        out.push(if c == ' ' && (closes || out.ends_with('«')) { '\u{A0}' } else { c });
    }
    out
}

/// `y` becomes `e` before i- and hi-, but not before the diphthongs hia-, hie-, io-: "y Hierro", "e Irlanda".
fn sounds_like_i(word: &str) -> bool {
    let letters = word.trim_start_matches(|c: char| !c.is_alphabetic());
    let start: Vec<char> = letters.chars().flat_map(char::to_lowercase).take(3).collect();
    match start.as_slice() {
        ['h', 'i' | 'í'] => true,
        ['h', 'i' | 'í', third] => !matches!(third, 'a' | 'e' | 'o'),
        ['i' | 'í', second, ..] => !matches!(second, 'a' | 'e' | 'o'),
        ['i' | 'í'] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_each_language_writes_them() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        assert_eq!(Tongue::English.date(day("2018-02-26")), "26 February 2018");
        assert_eq!(Tongue::French.date(day("2018-02-26")), "26 février 2018");
        assert_eq!(Tongue::French.date(day("2018-03-01")), "1er mars 2018");
        assert_eq!(Tongue::Spanish.date(day("2018-02-26")), "26 de febrero de 2018");
        assert_eq!(Tongue::Spanish.date(day("2018-12-01")), "1 de diciembre de 2018");
    }

    #[test]
    fn ordinals_are_written_as_each_language_writes_them() {
        let english = |n| Tongue::English.ordinal(n, false);
        for (n, wanted) in
            [(1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (12, "12th"), (13, "13th"), (37, "37th"), (111, "111th")]
        {
            assert_eq!(english(n), wanted);
        }
        assert_eq!(english(41), "41st");
        assert_eq!(Tongue::French.ordinal(37, false), "37e");
        assert_eq!(Tongue::French.ordinal(1, false), "1er");
        assert_eq!(Tongue::French.ordinal(1, true), "1re");
        assert_eq!(Tongue::Spanish.ordinal(37, false), "37.º");
        assert_eq!(Tongue::Spanish.ordinal(37, true), "37.ª");
        for (number, wanted) in
            [(1, "1.er"), (2, "2.º"), (11, "11.º"), (13, "13.er"), (31, "31.er"), (63, "63.er"), (111, "111.º")]
        {
            assert_eq!(Tongue::Spanish.ordinal(number, false), wanted);
        }
        assert_eq!(Tongue::Spanish.ordinal(63, true), "63.ª");
    }

    #[test]
    fn lists_are_joined_as_each_language_joins_them() {
        assert_eq!(Tongue::English.list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(Tongue::French.list(&["a", "b"]), "a et b");
        assert_eq!(Tongue::Spanish.list(&["a", "b"]), "a y b");
        assert_eq!(Tongue::Spanish.list(&["Francia", "Irlanda"]), "Francia e Irlanda");
        assert_eq!(Tongue::Spanish.list(&["agua", "hielo"]), "agua y hielo");
        assert_eq!(Tongue::Spanish.list(&["Francia", "“Irlanda”"]), "Francia e “Irlanda”");
        assert_eq!(Tongue::Spanish.list(&["Haití", "Yibuti"]), "Haití y Yibuti");
        assert_eq!(Tongue::Spanish.list(&["Suecia", "Uruguay"]), "Suecia y Uruguay");
        assert_eq!(Tongue::Spanish.list(&["Chile", "Irán", "Íslandia"]), "Chile, Irán e Íslandia");
        assert_eq!(Tongue::English.list(&["a"]), "a");
        assert_eq!(Tongue::English.list(&[]), "");
    }

    #[test]
    fn french_signs_are_not_parted_from_their_words() {
        let spaced = Tongue::French.spaced("Chine : « lieu désigné » ; oui ? non ! a:b");
        assert_eq!(spaced, "Chine\u{A0}: «\u{A0}lieu désigné\u{A0}»\u{A0}; oui\u{A0}? non\u{A0}! a:b");
        assert_eq!(Tongue::Spanish.spaced("a : b"), "a : b");
    }

    #[test]
    fn a_language_whose_months_nobody_taught_us_has_no_dates() {
        assert_eq!(Tongue::of("de".parse().unwrap()), None);
    }
}
