//! What States have said or joined before.

use std::collections::BTreeSet;

use crate::vocabulary::{AskId, Day, StateCode, StatementId};

/// A joint statement, letter or vote, and who stood behind it.
#[derive(Debug, Clone)]
pub struct Statement {
    pub id: StatementId,
    pub date: Day,
    pub title: String,
    pub signatories: BTreeSet<StateCode>,
    /// `false`: some names or the day come from general knowledge.
    pub verified: bool,
    pub source: String,
}

/// One State's stance on one ask, from `[[position]]` in positions.toml. An entry that names a statement in place of a State gives
/// one for each of its signatories.
#[derive(Debug, Clone)]
pub struct Position {
    pub state: StateCode,
    pub ask: AskId,
    pub stance: String,
    pub date: Day,
    pub source: String,
    /// The joint statement that it rests on.
    pub statement: Option<StatementId>,
}

/// The shipped statements and the coalition's own.
#[derive(Debug, Clone, Default)]
pub struct Positions {
    pub statements: Vec<Statement>,
    pub positions: Vec<Position>,
}

impl Positions {
    pub fn statement(&self, id: &StatementId) -> Option<&Statement> {
        self.statements.iter().find(|s| s.id == *id)
    }

    /// Whether `state` had joined statement `id` by `on`. `None`: no such statement.
    pub fn joined(&self, id: &StatementId, state: StateCode, on: Day) -> Option<bool> {
        self.statement(id).map(|s| s.date <= on && s.signatories.contains(&state))
    }
}
