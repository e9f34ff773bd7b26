//! Days in free text, as people of eight languages write them; the text is made even before.

use crate::vocabulary::Day;

/// A day, and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    pub day: Day,
    pub start: usize,
    pub end: usize,
}

/// Names of months, made even, in the form in which they stand in dates.
const MONTHS: [(&str, u32); 96] = [
    ("january", 1),
    ("february", 2),
    ("march", 3),
    ("april", 4),
    ("may", 5),
    ("june", 6),
    ("july", 7),
    ("august", 8),
    ("september", 9),
    ("october", 10),
    ("november", 11),
    ("december", 12),
    ("jan", 1),
    ("feb", 2),
    ("mar", 3),
    ("apr", 4),
    ("jun", 6),
    ("jul", 7),
    ("aug", 8),
    ("sept", 9),
    ("sep", 9),
    ("oct", 10),
    ("nov", 11),
    ("dec", 12),
    ("janvier", 1),
    ("février", 2),
    ("mars", 3),
    ("avril", 4),
    ("mai", 5),
    ("juin", 6),
    ("juillet", 7),
    ("août", 8),
    ("aout", 8),
    ("septembre", 9),
    ("octobre", 10),
    ("novembre", 11),
    ("décembre", 12),
    ("enero", 1),
    ("febrero", 2),
    ("marzo", 3),
    ("abril", 4),
    ("mayo", 5),
    ("junio", 6),
    ("julio", 7),
    ("agosto", 8),
    ("septiembre", 9),
    ("octubre", 10),
    ("noviembre", 11),
    ("diciembre", 12),
    ("januar", 1),
    ("jänner", 1),
    ("februar", 2),
    ("märz", 3),
    ("juni", 6),
    ("juli", 7),
    ("oktober", 10),
    ("dezember", 12),
    ("janeiro", 1),
    ("fevereiro", 2),
    ("março", 3),
    ("maio", 5),
    ("junho", 6),
    ("julho", 7),
    ("setembro", 9),
    ("outubro", 10),
    ("novembro", 11),
    ("dezembro", 12),
    ("января", 1),
    ("февраля", 2),
    ("марта", 3),
    ("апреля", 4),
    ("мая", 5),
    ("июня", 6),
    ("июля", 7),
    ("августа", 8),
    ("сентября", 9),
    ("октября", 10),
    ("ноября", 11),
    ("декабря", 12),
    ("يناير", 1),
    ("فبراير", 2),
    ("مارس", 3),
    ("ابريل", 4),
    ("مايو", 5),
    ("يونيو", 6),
    ("يوليو", 7),
    ("اغسطس", 8),
    ("سبتمبر", 9),
    ("اكتوبر", 10),
    ("نوفمبر", 11),
    ("ديسمبر", 12),
    ("شباط", 2),
    ("اذار", 3),
    ("نيسان", 4),
    ("ايار", 5),
    ("حزيران", 6),
];

const WEEKDAYS: [(&str, u32); 49] = [
    ("monday", 0),
    ("tuesday", 1),
    ("wednesday", 2),
    ("thursday", 3),
    ("friday", 4),
    ("saturday", 5),
    ("sunday", 6),
    ("lundi", 0),
    ("mardi", 1),
    ("mercredi", 2),
    ("jeudi", 3),
    ("vendredi", 4),
    ("samedi", 5),
    ("dimanche", 6),
    ("lunes", 0),
    ("martes", 1),
    ("miércoles", 2),
    ("jueves", 3),
    ("viernes", 4),
    ("sábado", 5),
    ("domingo", 6),
    ("montag", 0),
    ("dienstag", 1),
    ("mittwoch", 2),
    ("donnerstag", 3),
    ("freitag", 4),
    ("samstag", 5),
    ("sonntag", 6),
    ("понедельник", 0),
    ("вторник", 1),
    ("среду", 2),
    ("четверг", 3),
    ("пятницу", 4),
    ("субботу", 5),
    ("воскресенье", 6),
    ("segunda-feira", 0),
    ("terça-feira", 1),
    ("quarta-feira", 2),
    ("quinta-feira", 3),
    ("sexta-feira", 4),
    ("الاثنين", 0),
    ("الثلاثاء", 1),
    ("الاربعاء", 2),
    ("الخميس", 3),
    ("الجمعة", 4),
    ("السبت", 5),
    ("الاحد", 6),
    ("星期一", 0),
    ("周一", 0),
];

/// A word or a number of the text.
#[derive(Debug, Clone, Copy)]
struct Token<'a> {
    text: &'a str,
    number: Option<u32>,
    start: usize,
    end: usize,
}

/// Arabic and full-width digits as the others.
pub fn western_digits(text: &str) -> String {
    let digit = |c: char| match c {
        '\u{660}'..='\u{669}' => Some(u32::from(c) - 0x660),
        '\u{6F0}'..='\u{6F9}' => Some(u32::from(c) - 0x6F0),
        '\u{FF10}'..='\u{FF19}' => Some(u32::from(c) - 0xFF10),
        _ => None,
    };
    text.chars().map(|c| digit(c).and_then(|value| char::from_digit(value, 10)).unwrap_or(c)).collect()
}

/// All days, in order. What has no year is the next such day from the message's own on; without that, no day.
pub fn in_text(text: &str, from: Option<Day>) -> Vec<Said> {
    let tokens = tokens(text);
    let mut days = Vec::new();
    let mut at = 0;
    while at < tokens.len() && days.len() < 50 {
        match day_at(text, &tokens[at..], from) {
            Some((day, used)) => {
                let end = tokens[at + used - 1].end;
                days.push(Said { day, start: tokens[at].start, end });
                at += used;
            }
            None => at += 1,
        }
    }
    days
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let kind = |c: char| match c {
        '0'..='9' => 1,
        '年' | '月' | '日' | '号' | '號' => 0,
        c if c.is_alphabetic() || c == '-' => 2,
        _ => 0,
    };
    let mut tokens = Vec::new();
    let mut begun: Option<(usize, u8)> = None;
    let ends = text.char_indices().map(|(at, c)| (at, kind(c))).chain([(text.len(), 0)]);
    for (at, now) in ends {
        // A hyphen belongs to words and not to numbers: `2018-03-05`.
        if let Some((start, before)) = begun.filter(|(_, before)| *before != now) {
            let piece = &text[start..at];
            if before == 1 || piece.chars().any(char::is_alphabetic) {
                tokens.push(Token {
                    text: piece,
                    number: (piece.len() <= 4).then(|| piece.parse().ok()).flatten(),
                    start,
                    end: at,
                });
            }
            begun = None;
        }
        if begun.is_none() && now > 0 {
            begun = Some((at, now));
        }
        if tokens.len() > 2_000 {
            break;
        }
    }
    tokens
}

/// A day that begins with the first token, and how many tokens it takes.
fn day_at(text: &str, tokens: &[Token<'_>], from: Option<Day>) -> Option<(Day, usize)> {
    let between = |one: usize| tokens.get(one + 1).map_or("", |next| &text[tokens[one].end..next.start]);
    let number = |at: usize| tokens.get(at).and_then(|token| token.number);
    let month = |at: usize| tokens.get(at).and_then(|token| named(token.text, &MONTHS));
    let year = |at: usize| number(at).filter(|year| (2000..2100).contains(year));
    let first = tokens.first()?;
    if let Some(one) = first.number {
        // 2018-03-05, 2018年3月5日
        if year(0).is_some() && !between(0).contains(' ') {
            let (month, day) = (number(1)?, number(2)?);
            return Some((full(one, month, day)?, 3));
        }
        // 3月5日
        if between(0).starts_with('月') || text[first.end..].starts_with('月') {
            return Some((next(one, number(1)?, from)?, 2));
        }
        // 5/3, 05.03.2018; the day first, as in Geneva, unless it cannot be.
        let mark = between(0).trim();
        if matches!(mark, "/" | "." | "-") && between(0).len() == 1 && number(1).is_some() && month(1).is_none() {
            let two = number(1)?;
            let (day, month) = if two > 12 { (two, one) } else { (one, two) };
            let has_year = tokens.len() > 2 && matches!(between(1).trim(), "/" | "." | "-") && between(1).len() <= 2;
            if let Some(written) = number(2).filter(|_| has_year) {
                let year = if written < 100 { 2000 + written } else { written };
                return Some((full(year, month, day)?, 3));
            }
            return Some((next(month, day, from)?, 2));
        }
        // 5 March, 5th of March, 5. März, 5 de marzo de 2018, 1er mars
        let skip =
            (1..4).find(|at| tokens.get(*at).is_none_or(|token| !SMALL.contains(&token.text.trim_matches('-'))))?;
        let month = month(skip)?;
        let of_year =
            if tokens.get(skip + 1).is_some_and(|token| SMALL.contains(&token.text)) { skip + 2 } else { skip + 1 };
        return match year(of_year) {
            Some(year) => Some((full(year, month, one)?, of_year + 1)),
            None => Some((next(month, one, from)?, skip + 1)),
        };
    }
    // March 5th, 2018
    if let Some(month) = month(0) {
        let day = number(1)?;
        let skip =
            if tokens.get(2).is_some_and(|token| ["st", "nd", "rd", "th"].contains(&token.text)) { 3 } else { 2 };
        return match year(skip) {
            Some(year) => Some((full(year, month, day)?, skip + 1)),
            None => Some((next(month, day, from)?, skip)),
        };
    }
    // Monday, and no date after it.
    let weekday = named(first.text, &WEEKDAYS)?;
    let dated = number(1).is_some()
        || month(1).is_some()
        || tokens.get(1).is_some_and(|token| SMALL.contains(&token.text)) && number(2).is_some();
    let from = from.filter(|_| !dated)?;
    (1..=7)
        .filter_map(|days| from.plus_days(days))
        .find(|day| day.weekday().num_days_from_monday() == weekday)
        .map(|day| (day, 1))
}

/// Words between a day and its month.
const SMALL: [&str; 14] = ["st", "nd", "rd", "th", "of", "er", "de", "del", "do", "e", "º", "ho", "the", "den"];

fn named(word: &str, names: &[(&str, u32)]) -> Option<u32> {
    let word = word.trim_matches('-');
    names.iter().find(|(name, _)| word == *name).map(|(_, value)| *value)
}

fn full(year: u32, month: u32, day: u32) -> Option<Day> {
    Day::new(i32::try_from(year).ok()?, month, day)
}

/// That day of this year; of the next one where it is two months past and more. Unit: days.
fn next(month: u32, day: u32, from: Option<Day>) -> Option<Day> {
    let from = from?;
    let this_year = Day::new(from.year(), month, day)?;
    if this_year.days_since(from) >= -60 { Some(this_year) } else { Day::new(from.year() + 1, month, day) }
}
