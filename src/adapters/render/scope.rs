//! What the letters of one step can know.

use std::collections::BTreeSet;

use crate::letters::facts::FactKind;
use crate::vocabulary::StatementId;

/// What one step's letters can know.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope {
    /// The campaign has a target.
    pub target: bool,
    /// The step's milestone is one of the Human Rights Council.
    pub session: bool,
    /// The step's milestone is one of the Universal Periodic Review.
    pub review: bool,
    /// The milestone is one State's review, not only a session of reviews.
    pub review_of_state: bool,
    /// The step follows another.
    pub previous: bool,
    /// The step confirms meetings.
    pub meeting: bool,
    /// The statements that `joined` may ask for.
    pub statements: BTreeSet<StatementId>,
}

/// How a name is known.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    Fact(FactKind),
    /// Of the item that `each` is at.
    ItemText,
    ItemFlag,
}
