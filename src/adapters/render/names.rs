//! What each name in a letter stands for, given what the step can know.

use std::ops::Range;

use super::check::Checker;
use super::scope::Known;
use super::tags::{Block, TagError};
use crate::letters::facts::{CATALOGUE, FactKind};
use crate::vocabulary::{Language, hint};

impl Checker<'_> {
    /// What a name stands for, and how the engine is told.
    pub(super) fn name(&mut self, name: &str, range: &Range<usize>) -> Option<(String, Known)> {
        let list = self.open.iter().find(|span| span.block == Block::Each).map(|span| span.list);
        if let Some(found) = list.and_then(|list| item_name(name, list)) {
            return Some(found);
        }
        let Some((_, kind)) = CATALOGUE.iter().find(|(known, _)| *known == name) else {
            let error = TagError::new(range.clone(), format!("there is no fact `{name}`"));
            self.errors.push(error.help(self.suggest(name)));
            return None;
        };
        let (available, why) = match name.split_once('.') {
            Some(("delegation" | "target", "official_name")) if self.language != Language::ENGLISH => {
                (false, "the official name is known in English only")
            }
            Some(("target", _)) => (self.scope.target, "the campaign names no `target`"),
            Some(("session", _)) => {
                (self.scope.session, "`session` is known only in a step whose milestone is hrc:N.opens or hrc:N.closes")
            }
            Some(("review", part)) => (
                self.scope.review && (part == "session" || self.scope.review_of_state),
                "`review` is known only in a step whose milestone is a review: upr:N.STATE or upr:next.STATE",
            ),
            Some(("meeting", _)) => {
                (self.scope.meeting, "`meeting` is known only in a step that confirms meetings: when = \"meeting\"")
            }
            Some(("previous", _)) => (self.scope.previous, "`previous` is known only in a step that `follows` another"),
            _ => (true, ""),
        };
        if !available {
            self.fail(range, format!("`{name}` is not known in this letter"), why);
            return None;
        }
        Some((format!("@root.{name}"), Known::Fact(*kind)))
    }

    fn suggest(&self, name: &str) -> String {
        let group: Vec<&str> =
            CATALOGUE.iter().filter_map(|(known, _)| known.strip_prefix(name)?.strip_prefix('.')).collect();
        if !group.is_empty() {
            return format!(
                "`{name}` has several: {}",
                group.iter().map(|part| format!("{name}.{part}")).collect::<Vec<_>>().join(", ")
            );
        }
        if matches!(name, "date" | "ordinal" | "list" | "joined" | "eq" | "and" | "or" | "not") {
            return format!("`{name}` is a helper and needs something behind it");
        }
        let known = CATALOGUE.iter().map(|(known, _)| *known);
        match hint::nearest(name, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None if name.starts_with("this") || name.starts_with('@') => "`this` is known only inside {{#each …}}".to_owned(),
            None => "facts are salutation, closing, delegation.*, head.*, campaign.*, target.*, session.*, review.*, milestone.*, signatories, asks, send_date, previous.* and meeting.*".to_owned(),
        }
    }

    pub(super) fn unknown_helper(&mut self, name: &str, range: &Range<usize>) {
        let known = ["date", "ordinal", "list", "joined", "eq", "and", "or", "not"];
        let help = match hint::nearest(name, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("helpers are {}", known.join(", ")),
        };
        self.fail(range, format!("there is no helper `{name}`"), help);
    }
}

/// Names of the item inside `each`: `this.text`, or `text` alone, which no fact is called.
fn item_name(name: &str, list: Option<FactKind>) -> Option<(String, Known)> {
    if matches!(name, "@first" | "@last") {
        return Some((name.to_owned(), Known::ItemFlag));
    }
    let bare = name.strip_prefix("this.").unwrap_or(name);
    let parts: &[&str] = match list {
        Some(FactKind::Signatories) => &["name", "mark", "note"],
        Some(FactKind::Asks) => &["id", "text"],
        _ => &[],
    };
    parts.contains(&bare).then(|| (format!("this.{bare}"), Known::ItemText))
}
