//! A letter as it was approved, and as it would leave now: what differs, told once for all letters that differ alike.

use crate::letters::difference::Difference;
use crate::vocabulary::{Digest, DispatchId, Instant};

/// A letter as a person reads it, out of its bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Version {
    pub from: Vec<String>,
    pub reply_to: Vec<String>,
    /// With their names, as the message shows them.
    pub to: Vec<String>,
    pub cc: Vec<String>,
    pub subject: String,
    /// Earlier letters of the thread.
    pub follows: Vec<String>,
    pub language: String,
    pub text: String,
    pub html: String,
    pub attached: Vec<Attached>,
    /// `None` where only the seal knows it.
    pub due: Option<Instant>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    pub name: String,
    pub kind: String,
    pub digest: Digest,
}

/// What an approver looks at first. The order is that of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    Due,
    To,
    Cc,
    From,
    ReplyTo,
    Language,
    Attached,
    Thread,
}

impl Field {
    /// As the screen and JSON say it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Due => "leaves",
            Self::To => "to",
            Self::Cc => "cc",
            Self::From => "from",
            Self::ReplyTo => "reply-to",
            Self::Language => "language",
            Self::Attached => "attached",
            Self::Thread => "answers to",
        }
    }
}

/// A part of a letter in the two versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Values {
    /// What went, and what came; what stayed is left out.
    Lists { gone: Vec<String>, came: Vec<String> },
    /// `None`: it is another one, but which is not known.
    Times { before: Option<Instant>, after: Instant },
}

/// All that differs between two versions of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    pub fields: Vec<(Field, Values)>,
    pub subject: Option<Difference>,
    pub text: Option<Difference>,
    /// Only where the text has the same words.
    pub html: Option<Difference>,
    /// Nothing that a person reads differs: line breaks, spaces, the way the bytes are written.
    pub only_form: bool,
}

/// The old and the new version, and whether a due time that is not known is another one.
///
/// `None`: there is no difference, not even in form.
pub fn compare(old: &Version, new: &Version, due_changed: bool, same_bytes: bool) -> Option<Changes> {
    let mut fields = Vec::new();
    if let (Some(after), true) = (new.due, due_changed) {
        fields.push((Field::Due, Values::Times { before: old.due, after }));
    }
    let mut lists = |field, before: &[String], after: &[String]| {
        if before != after {
            fields.push((field, lists(before, after)));
        }
    };
    lists(Field::To, &old.to, &new.to);
    lists(Field::Cc, &old.cc, &new.cc);
    lists(Field::From, &old.from, &new.from);
    lists(Field::ReplyTo, &old.reply_to, &new.reply_to);
    lists(Field::Language, std::slice::from_ref(&old.language), std::slice::from_ref(&new.language));
    let names = |version: &Version| version.attached.iter().map(|a| format!("{} ({})", a.name, a.kind)).collect();
    let (before, after): (Vec<String>, Vec<String>) = (names(old), names(new));
    lists(Field::Attached, &before, &after);
    lists(Field::Thread, &old.follows, &new.follows);
    let differs = |old: &str, new: &str| Some(Difference::of(old, new)).filter(|difference| !difference.is_empty());
    let (subject, text) = (differs(&old.subject, &new.subject), differs(&old.text, &new.text));
    let html = if text.is_none() { differs(&old.html, &new.html) } else { None };
    if before == after && text.is_none() && html.is_none() {
        // Its own words changed with the text's; without that, a file that differs is news.
        let other = |(old, new): &(&Attached, &Attached)| old.digest != new.digest;
        let others = old.attached.iter().zip(&new.attached).filter(other);
        let came: Vec<String> = others.map(|(_, new)| format!("{} has other contents", new.name)).collect();
        if !came.is_empty() {
            fields.push((Field::Attached, Values::Lists { gone: Vec::new(), came }));
        }
    }
    let only_form = fields.is_empty() && subject.is_none() && text.is_none() && html.is_none();
    let nothing = only_form && same_bytes;
    (!nothing).then_some(Changes { fields, subject, text, html, only_form })
}

fn lists(before: &[String], after: &[String]) -> Values {
    let missing = |from: &[String], other: &[String]| -> Vec<String> {
        from.iter().filter(|one| !other.contains(one)).cloned().collect()
    };
    let (gone, came) = (missing(before, after), missing(after, before));
    if gone.is_empty() && came.is_empty() {
        // The same ones in another order, or one of them twice.
        return Values::Lists { gone: before.to_vec(), came: after.to_vec() };
    }
    Values::Lists { gone, came }
}

impl Changes {
    /// Whether the two letters changed in the same places in the same way, whatever stands around them.
    pub fn alike(&self, other: &Self) -> bool {
        let places = |difference: &Option<Difference>| difference.as_ref().map(|d| d.changed().to_vec());
        self.fields == other.fields
            && self.only_form == other.only_form
            && places(&self.subject) == places(&other.subject)
            && places(&self.text) == places(&other.text)
            && places(&self.html) == places(&other.html)
    }
}

/// Letters that changed alike, the largest group first. What is shown is the change of the first of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub letters: Vec<DispatchId>,
    pub changes: Changes,
}

/// Groups what is alike; within a group the order stays.
pub fn grouped(changed: Vec<(DispatchId, Changes)>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (letter, changes) in changed {
        match groups.iter_mut().find(|group| group.letters[0].step == letter.step && group.changes.alike(&changes)) {
            Some(group) => group.letters.push(letter),
            None => groups.push(Group { letters: vec![letter], changes }),
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.letters.len()));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(name: &str, text: &str) -> Version {
        Version {
            to: vec![format!("mission@{name}.example")],
            subject: format!("Letter to {name}"),
            text: format!("To {name}.\n\nWe {text} the case that you know of.\n"),
            html: format!("<p>To {name}.</p>\n<p>We {text} the case.</p>"),
            language: "en".to_owned(),
            ..Version::default()
        }
    }

    fn id(state: &str) -> DispatchId {
        format!("spring/letter/{state}").parse().unwrap()
    }

    #[test]
    fn letters_that_changed_alike_are_one_group_though_their_names_differ() {
        let changed = |name: &str| compare(&version(name, "raise"), &version(name, "press"), false, false).unwrap();
        let other = compare(&version("fra", "raise"), &version("fra", "drop"), false, false).unwrap();
        let groups = grouped(vec![(id("FRA"), other), (id("DEU"), changed("deu")), (id("NOR"), changed("nor"))]);
        let sizes: Vec<usize> = groups.iter().map(|group| group.letters.len()).collect();
        assert_eq!(sizes, [2, 1]);
        assert_eq!(groups[0].letters, [id("DEU"), id("NOR")]);
        assert_eq!(groups[0].changes.text.as_ref().unwrap().changed(), [("raise".to_owned(), "press".to_owned())]);
        assert!(groups[0].changes.html.is_none(), "the words tell it already");
    }

    #[test]
    fn the_same_letter_has_no_changes_and_one_written_in_another_form_says_so() {
        let old = version("fra", "raise");
        assert_eq!(compare(&old, &old, false, true), None);
        let wrapped = Version { text: old.text.replace(' ', "\n"), ..old.clone() };
        assert!(compare(&old, &wrapped, false, false).unwrap().only_form);
    }

    #[test]
    fn recipients_and_times_are_told_and_what_stayed_is_left_out() {
        let at = |millis| Some(Instant::from_millis(millis));
        let old =
            Version { cc: vec!["a@x.example".into(), "b@x.example".into()], due: at(1), ..version("fra", "raise") };
        let new = Version { cc: vec!["b@x.example".into(), "c@x.example".into()], due: at(2), ..old.clone() };
        let changes = compare(&old, &new, true, false).unwrap();
        let lists = Values::Lists { gone: vec!["a@x.example".into()], came: vec!["c@x.example".into()] };
        let times = Values::Times { before: at(1), after: Instant::from_millis(2) };
        assert_eq!(changes.fields, [(Field::Due, times), (Field::Cc, lists)]);
        assert!(!changes.only_form && changes.text.is_none());
    }

    #[test]
    fn the_html_and_attached_files_are_told_where_the_words_are_the_same() {
        let old = version("fra", "raise");
        let styled = Version { html: old.html.replace("<p>", "<p class=\"x\">"), ..old.clone() };
        assert!(compare(&old, &styled, false, false).unwrap().html.is_some());
        let file = |bytes: &[u8]| {
            vec![Attached { name: "letter.pdf".into(), kind: "application/pdf".into(), digest: Digest::of(bytes) }]
        };
        let with = |bytes: &[u8], text: &str| Version { attached: file(bytes), ..version("fra", text) };
        let fields = |old: &Version, new: &Version| compare(old, new, false, false).unwrap().fields;
        assert_eq!(fields(&with(b"1", "raise"), &with(b"2", "raise"))[0].0, Field::Attached);
        assert!(fields(&with(b"1", "raise"), &with(b"2", "press")).is_empty(), "it changed with its words");
        assert_eq!(fields(&old, &with(b"1", "raise"))[0].0, Field::Attached);
    }
}
