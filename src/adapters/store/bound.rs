//! The values of a statement over many rows, and the places that stand for them: counted in one place, so that no list is off by
//! one.

use sea_orm::{DbBackend, Statement, Value};

/// Values in the order of their places, `$1` first.
#[derive(Debug, Default)]
pub(super) struct Bound {
    values: Vec<Value>,
}

impl Bound {
    pub fn take(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.values)
    }

    pub fn statement(&mut self, backend: DbBackend, sql: String) -> Statement {
        Statement::from_sql_and_values(backend, sql, self.take())
    }

    /// The place of one value.
    pub fn one(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    /// `$1, $2, $3`: for `IN (…)`, which may not be empty.
    pub fn list<V: Into<Value>>(&mut self, values: impl IntoIterator<Item = V>) -> String {
        let places: Vec<String> = values.into_iter().map(|value| self.one(value)).collect();
        places.join(", ")
    }

    /// `($1, $2), ($3, $4)`: for `VALUES`, whose columns both databases call `column1`, `column2` …
    pub fn rows<const N: usize>(&mut self, rows: impl IntoIterator<Item = [Value; N]>) -> String {
        let rows: Vec<String> = rows.into_iter().map(|row| format!("({})", self.list(row))).collect();
        rows.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_over_all_lists_of_a_statement() {
        let mut bound = Bound::default();
        assert_eq!(bound.one(5), "$1");
        assert_eq!(bound.list(["a", "b"]), "$2, $3");
        assert_eq!(
            bound.rows([[Value::from(1), Value::from("x")], [Value::from(2), Value::from("y")]]),
            "($4, $5), ($6, $7)"
        );
        assert_eq!(bound.take().len(), 7);
    }
}
