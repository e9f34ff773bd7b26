//! Each promise on both databases: a test on SQLite, and one on PostgreSQL where there is a server.

use demarche::adapters::store::{Location, Store};

use super::postgres_server::{OwnDatabase, execute};

/// One empty database of a test's own.
pub enum Home {
    Sqlite(tempfile::TempDir),
    Postgres(OwnDatabase),
}

impl Home {
    pub fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    pub fn location(&self) -> Location {
        match self {
            Self::Sqlite(folder) => Location::Sqlite(folder.path().join("demarche.db")),
            Self::Postgres(database) => database.location(),
        }
    }

    pub async fn open(&self) -> Store {
        Store::open(&self.location()).await.unwrap()
    }

    /// As another program would.
    pub async fn execute(&self, sql: &str) {
        let url = match self {
            Self::Sqlite(folder) => format!("sqlite:{}", folder.path().join("demarche.db").display()),
            Self::Postgres(database) => database.url(),
        };
        execute(&url, sql).await.unwrap();
    }
}

/// Makes of each promise a test on SQLite and one on PostgreSQL.
macro_rules! on_both_databases {
    ($($promise:ident),+ $(,)?) => {
        mod sqlite {
            use super::Home;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                super::$promise(Home::sqlite()).await;
            })+
        }
        mod postgres {
            use super::Home;
            use super::postgres_server::OwnDatabase;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                if let Some(database) = OwnDatabase::create(stringify!($promise)).await {
                    super::$promise(Home::Postgres(database)).await;
                }
            })+
        }
    };
}
