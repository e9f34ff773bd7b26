//! The values of a statement over many rows, and the places that stand for them: counted in one place, so that no list is off by
//! one. And statements that go to the database together.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, Value};

/// Values in the order of their places, `$1` first.
#[derive(Debug, Default)]
pub(super) struct Bound {
    values: Vec<Value>,
}

/// Writing statements whose answers nobody needs. SQLite runs them in one go: each way to the thread that owns the database and
/// back costs more than a row.
#[derive(Debug)]
pub(super) struct Batch {
    backend: DbBackend,
    /// Each with its values; on SQLite one, for all.
    statements: Vec<(String, Bound)>,
}

impl Batch {
    pub fn new(backend: DbBackend) -> Self {
        Self { backend, statements: Vec::new() }
    }

    /// Adds the statement that `write` makes with its values.
    pub fn add(&mut self, write: impl FnOnce(&mut Bound) -> String) {
        if let (DbBackend::Sqlite, Some((sql, bound))) = (self.backend, self.statements.last_mut()) {
            let next = write(bound);
            sql.push_str(";\n");
            sql.push_str(&next);
        } else {
            let mut bound = Bound::default();
            let sql = write(&mut bound);
            self.statements.push((sql, bound));
        }
    }

    /// # Errors
    /// When the database refuses one of them.
    pub async fn run(self, db: &impl ConnectionTrait) -> Result<(), DbErr> {
        for (sql, bound) in self.statements {
            db.execute_raw(Statement::from_sql_and_values(self.backend, sql, bound.into_values())).await?;
        }
        Ok(())
    }
}

impl Bound {
    pub fn into_values(self) -> Vec<Value> {
        self.values
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
        assert_eq!(bound.into_values().len(), 7);
    }
}
