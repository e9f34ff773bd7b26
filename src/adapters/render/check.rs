//! Every name and helper of every tag, checked before the first letter is rendered, and written anew for the engine.
//!
//! Handlebars' strict mode alone lets `{{#if missing}}` pass as false, and then a paragraph is silently gone.

use std::ops::Range;

use super::expression::{Expression, Node};
use super::pieces::{Piece, Span};
use super::scope::{Known, Scope};
use super::tags::{Block, Kind, Tag, TagError};
use crate::letters::facts::{CATALOGUE, FactKind, values_of};
use crate::letters::wording::Tongue;
use crate::vocabulary::{Language, StatementId, hint};

/// Checks all tags; the pieces stand in the order of the tags.
pub fn check(tags: &[Tag], scope: &Scope, language: Language, errors: &mut Vec<TagError>) -> (Vec<Piece>, Vec<Span>) {
    let mut checker = Checker { scope, language, errors, open: Vec::new(), spans: Vec::new() };
    let mut pieces: Vec<Piece> = tags.iter().enumerate().map(|(i, tag)| checker.piece(i, tag, tags)).collect();
    while let Some(span) = checker.open.pop() {
        checker.errors.push(
            TagError::new(tags[span.open].range.clone(), "this block is never closed")
                .help(format!("close it with {{{{/{}}}}}", span.block.word())),
        );
    }
    let spans = checker.spans;
    // A list that is gone through and is empty leaves a hole, unless `else` says what to print then.
    for span in spans.iter().filter(|span| span.block == Block::Each && span.elses.is_empty()) {
        if let (Kind::Open(_, list), Piece::Open(code)) = (&tags[span.open].kind, &mut pieces[span.open])
            && let Node::Name(name) = &list.node
        {
            code.insert_str(0, &format!("{{{{some {} @root.{name}}}}}", span.open));
        }
    }
    (pieces, spans)
}

pub(super) struct Checker<'a> {
    pub(super) scope: &'a Scope,
    pub(super) language: Language,
    pub(super) errors: &'a mut Vec<TagError>,
    pub(super) open: Vec<Span>,
    spans: Vec<Span>,
}

impl Checker<'_> {
    fn piece(&mut self, index: usize, tag: &Tag, tags: &[Tag]) -> Piece {
        match &tag.kind {
            Kind::Print(value) => self.print(index, value).unwrap_or(Piece::Nothing),
            Kind::Open(block, value) => {
                let code = match block {
                    Block::Each => self.list(value),
                    Block::If | Block::Unless => self.condition(value),
                };
                let list = match (&value.node, block) {
                    (Node::Name(name), Block::Each) => {
                        CATALOGUE.iter().find(|(known, _)| known == name).map(|(_, kind)| *kind)
                    }
                    _ => None,
                };
                self.open.push(Span { block: *block, list, open: index, elses: Vec::new(), close: index });
                Piece::Open(format!("{{{{#{} {}}}}}", block.word(), code.unwrap_or_else(|| "false".to_owned())))
            }
            Kind::Else(chain) => {
                let block = self.open.last().map(|span| span.block);
                let bare_else_before = self
                    .open
                    .last()
                    .and_then(|span| span.elses.last())
                    .is_some_and(|last| matches!(tags[*last].kind, Kind::Else(None)));
                match (block, chain) {
                    (None, _) => self.report(tag.range.clone(), "this `else` stands in no block"),
                    _ if bare_else_before => {
                        self.report(tag.range.clone(), "nothing can follow `else` but the end of the block")
                    }
                    (Some(Block::Each), Some(_)) => {
                        self.report(tag.range.clone(), "`each` can only have a plain `else`")
                    }
                    _ => {}
                }
                if let Some(span) = self.open.last_mut() {
                    span.elses.push(index);
                }
                Piece::Else(match chain {
                    None => "{{else}}".to_owned(),
                    Some((block, value)) => {
                        let code = self.condition(value).unwrap_or_else(|| "false".to_owned());
                        format!("{{{{else {} {code}}}}}", block.word())
                    }
                })
            }
            Kind::Close(block) => {
                match self.open.pop() {
                    Some(span) if span.block == *block => self.spans.push(Span { close: index, ..span }),
                    Some(span) => {
                        let opened = span.block.word();
                        self.errors.push(
                            TagError::new(
                                tag.range.clone(),
                                format!("`/{}` closes a block that began with `#{opened}`", block.word()),
                            )
                            .help(format!("write {{{{/{opened}}}}}")),
                        );
                    }
                    None => self.report(tag.range.clone(), &format!("`/{}` closes no block", block.word())),
                }
                Piece::Close(format!("{{{{/{}}}}}", block.word()))
            }
            Kind::Comment | Kind::Broken => Piece::Nothing,
        }
    }

    fn report(&mut self, range: Range<usize>, message: &str) {
        self.errors.push(TagError::new(range, message));
    }

    pub(super) fn fail(&mut self, range: &Range<usize>, message: String, help: impl Into<String>) {
        self.errors.push(TagError::new(range.clone(), message).help(help));
    }

    /// A tag that prints.
    fn print(&mut self, index: usize, value: &Expression) -> Option<Piece> {
        match &value.node {
            Node::Name(name) => {
                let (code, known) = self.name(name, &value.range)?;
                match known {
                    Known::ItemText | Known::Fact(FactKind::Text | FactKind::Number) => {
                        Some(Piece::Value(format!("{{{{put {index} {code}}}}}")))
                    }
                    Known::Fact(FactKind::Signatories) => Some(Piece::Signatories),
                    Known::Fact(FactKind::Asks) => Some(Piece::Asks),
                    Known::Fact(FactKind::Date) => {
                        self.fail(
                            &value.range,
                            format!("`{name}` is a date: bare, it would be printed as 2018-02-26"),
                            format!("write {{{{date {name}}}}}"),
                        );
                        None
                    }
                    Known::Fact(FactKind::YesNo) | Known::ItemFlag => {
                        self.fail(
                            &value.range,
                            format!("`{name}` is yes or no, which prints nothing"),
                            format!("write {{{{#if {name}}}}} … {{{{/if}}}}"),
                        );
                        None
                    }
                }
            }
            Node::Call { helper, name, arguments } => {
                self.printing_call(index, helper, name, arguments).map(Piece::Value)
            }
            Node::Text(_) | Node::Number(_) | Node::YesNo(_) => {
                self.report(value.range.clone(), "a tag prints a fact; write plain words outside it");
                None
            }
        }
    }

    fn printing_call(
        &mut self,
        index: usize,
        helper: &Range<usize>,
        name: &str,
        arguments: &[Expression],
    ) -> Option<String> {
        match name {
            "date" | "ordinal" | "list" if Tongue::of(self.language).is_none() => {
                let language = self.language;
                self.fail(
                    helper,
                    format!("`{name}` is not known in the language `{language}`, only in en, fr and es"),
                    "write the words out in this letter",
                );
                None
            }
            "date" => {
                let code =
                    self.fact_argument(name, helper, arguments, 1, &[FactKind::Date], "a date, such as session.opens")?;
                Some(format!("{{{{date {index} {code}}}}}"))
            }
            "ordinal" => {
                let code = match arguments.first().map(|a| &a.node) {
                    Some(Node::Number(n)) => n.to_string(),
                    _ => self.fact_argument(
                        name,
                        helper,
                        arguments,
                        2,
                        &[FactKind::Number],
                        "a number, such as session.number",
                    )?,
                };
                let gender = match arguments.get(1).map(|a| (&a.node, &a.range)) {
                    None => "m",
                    Some((Node::Text(text), _)) if text == "f" => "f",
                    Some((Node::Text(text), _)) if text == "m" => "m",
                    Some((_, range)) => {
                        self.fail(
                            range,
                            "the gender of an ordinal is \"m\" or \"f\"".to_owned(),
                            "write {{ordinal session.number \"f\"}}",
                        );
                        return None;
                    }
                };
                self.at_most(name, arguments, 2)?;
                Some(format!("{{{{ordinal {index} {code} \"{gender}\"}}}}"))
            }
            "list" => {
                let lists = [FactKind::Signatories, FactKind::Asks];
                let code = self.fact_argument(name, helper, arguments, 1, &lists, "a list: signatories or asks")?;
                Some(format!("{{{{list {index} {code}}}}}"))
            }
            "joined" | "eq" | "and" | "or" | "not" => {
                self.fail(
                    helper,
                    format!("`{name}` answers yes or no, which prints nothing"),
                    format!("write {{{{#if ({name} …)}}}} … {{{{/if}}}}"),
                );
                None
            }
            _ => {
                self.unknown_helper(name, helper);
                None
            }
        }
    }

    /// The one fact that a helper takes, of one of `kinds`.
    fn fact_argument(
        &mut self,
        helper_name: &str,
        helper: &Range<usize>,
        arguments: &[Expression],
        most: usize,
        kinds: &[FactKind],
        wanted: &str,
    ) -> Option<String> {
        self.at_most(helper_name, arguments, most)?;
        let Some(first) = arguments.first() else {
            self.fail(helper, format!("`{helper_name}` needs {wanted}"), format!("write it behind `{helper_name}`"));
            return None;
        };
        let Node::Name(name) = &first.node else {
            self.report(first.range.clone(), &format!("`{helper_name}` takes {wanted}"));
            return None;
        };
        let (code, known) = self.name(name, &first.range)?;
        if matches!(known, Known::Fact(kind) if kinds.contains(&kind)) {
            return Some(code);
        }
        self.report(first.range.clone(), &format!("`{helper_name}` takes {wanted}"));
        None
    }

    fn at_most(&mut self, helper: &str, arguments: &[Expression], most: usize) -> Option<()> {
        match arguments.get(most) {
            None => Some(()),
            Some(extra) => {
                self.report(extra.range.clone(), &format!("`{helper}` takes at most {most} argument(s)"));
                None
            }
        }
    }

    /// A value that `if` can judge: written for the engine as one argument.
    fn condition(&mut self, value: &Expression) -> Option<String> {
        let Node::Call { helper, name, arguments } = &value.node else {
            return match &value.node {
                Node::Name(name) => self.name(name, &value.range).map(|(code, _)| code),
                _ => {
                    self.report(value.range.clone(), "a condition is a fact or a helper");
                    None
                }
            };
        };
        match (name.as_str(), arguments.as_slice()) {
            ("joined", [id]) => self.joined(id),
            ("joined", _) => {
                self.fail(
                    helper,
                    "`joined` takes one statement".to_owned(),
                    "write (joined \"hrc31-item2-2016-03-10\")",
                );
                None
            }
            ("eq", [left, right]) => self.equal(left, right),
            ("eq", _) => {
                self.fail(helper, "`eq` compares two values".to_owned(), "write (eq delegation.group \"weog\")");
                None
            }
            ("not", [one]) => self.condition(one).map(|code| format!("(not {code})")),
            ("not", _) => {
                self.report(helper.clone(), "`not` takes one condition");
                None
            }
            ("and" | "or", [_, _, ..]) => {
                // All are judged, so that all their mistakes are shown at once.
                let codes: Vec<Option<String>> = arguments.iter().map(|a| self.condition(a)).collect();
                let codes: Option<Vec<String>> = codes.into_iter().collect();
                codes.map(|codes| format!("({name} {})", codes.join(" ")))
            }
            ("and" | "or", _) => {
                self.report(helper.clone(), &format!("`{name}` takes two conditions or more"));
                None
            }
            ("date" | "ordinal" | "list", _) => {
                self.report(
                    helper.clone(),
                    &format!("`{name}` prints; a condition is a fact or one of joined, eq, and, or, not"),
                );
                None
            }
            _ => {
                self.unknown_helper(name, helper);
                None
            }
        }
    }

    fn joined(&mut self, id: &Expression) -> Option<String> {
        let Node::Text(text) = &id.node else {
            self.fail(
                &id.range,
                "`joined` takes a statement's id in quotes".to_owned(),
                "write (joined \"hrc31-item2-2016-03-10\")",
            );
            return None;
        };
        if self.scope.statements.iter().any(|known| known.as_str() == text) {
            return Some(format!("(joined \"{text}\" @root.joined)"));
        }
        let known = self.scope.statements.iter().map(StatementId::as_str);
        let help = match hint::nearest(text, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "statements are the built-in ones and those of config/positions.toml".to_owned(),
        };
        self.fail(&id.range, format!("there is no statement `{text}`"), help);
        None
    }

    fn equal(&mut self, left: &Expression, right: &Expression) -> Option<String> {
        for (fact, literal) in [(left, right), (right, left)] {
            if let (Node::Name(name), Node::Text(text)) = (&fact.node, &literal.node)
                && let Some(values) = values_of(name)
                && !values.contains(&text.as_str())
            {
                let help = match hint::nearest(text, values.iter().copied()) {
                    Some(near) => format!("did you mean \"{near}\"?"),
                    None => format!("it is one of {}", values.join(", ")),
                };
                self.fail(&literal.range, format!("`{name}` is never \"{text}\""), help);
                return None;
            }
        }
        let mut operand = |value: &Expression| match &value.node {
            Node::Name(name) => self.name(name, &value.range).map(|(code, _)| code),
            Node::Text(text) => Some(format!("\"{text}\"")),
            Node::Number(number) => Some(number.to_string()),
            Node::YesNo(yes) => Some(yes.to_string()),
            Node::Call { helper, .. } => {
                self.report(helper.clone(), "`eq` compares facts and plain values");
                None
            }
        };
        let (left, right) = (operand(left), operand(right));
        Some(format!("(eq {} {})", left?, right?))
    }

    /// The list that `each` goes through.
    fn list(&mut self, value: &Expression) -> Option<String> {
        if let Node::Name(name) = &value.node {
            if self.in_each() {
                self.report(value.range.clone(), "an `each` inside another is refused");
                return None;
            }
            let (code, known) = self.name(name, &value.range)?;
            if matches!(known, Known::Fact(FactKind::Signatories | FactKind::Asks)) {
                return Some(code);
            }
        }
        self.fail(&value.range, "`each` goes through a list".to_owned(), "lists are signatories and asks");
        None
    }

    fn in_each(&self) -> bool {
        self.open.iter().any(|span| span.block == Block::Each)
    }
}
