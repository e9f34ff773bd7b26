//! Connecting to PostgreSQL, straight or through a pooler.

use std::time::Duration;

use sea_orm::sqlx::postgres::{PgConnectOptions, PgSslMode};
use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DbErr, RuntimeErr};
use secrecy::{ExposeSecret as _, SecretString};

use super::line::Line;

/// A setting of our own, given with the greeting: a server keeps it for the session. A pooler refuses it, or forgets it, since
/// the sessions of its server are not ours.
const MARK: (&str, &str) = ("demarche.straight", "on");

/// Counts one row where the mark has arrived. Without a prepared name, so that it may be asked anywhere.
const HAS_THE_MARK: &str = "SELECT 1 WHERE current_setting('demarche.straight', true) = 'on'";

/// Connects under `name`, and finds out whether a transaction pooler stands in between.
///
/// # Errors
/// When neither way leads to a server that lets us in.
pub(super) async fn connect(url: &str, password: Option<&SecretString>, name: &'static str) -> Result<Line, DbErr> {
    match open(url, password, name, |o| o.options([MARK])).await {
        Ok(db) => {
            if db.execute_unprepared(HAS_THE_MARK).await?.rows_affected() == 1 {
                return Ok(Line::straight(db));
            }
            db.close().await?;
        }
        // It spoke, and did not want us so: a pooler knows only a handful of settings.
        Err(error) if is_an_answer(&error) => {}
        Err(error) => return Err(error),
    }
    // Nothing that a pooler could refuse, and no name that is to be remembered.
    let bare = |o: PgConnectOptions| o.extra_float_digits(None).statement_cache_capacity(0);
    open(url, password, name, bare).await.map(Line::pooled)
}

async fn open(
    url: &str,
    password: Option<&SecretString>,
    name: &'static str,
    also: impl Fn(PgConnectOptions) -> PgConnectOptions + Send + Sync + 'static,
) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url.to_owned());
    options.max_connections(4).sqlx_logging(false).set_application_name(name).connect_timeout(Duration::from_secs(10));
    let password = password.cloned();
    let says_how = url.contains("sslmode=");
    options.map_sqlx_postgres_opts(move |o| {
        // The driver's own default would take any certificate, or none; over a network that is no protection.
        let near = o.get_socket().is_some() || is_this_machine(o.get_host());
        let o = if near || says_how { o } else { o.ssl_mode(PgSslMode::VerifyFull) };
        also(match &password {
            Some(secret) => o.password(secret.expose_secret()),
            None => o,
        })
    });
    Database::connect(options).await
}

fn is_an_answer(error: &DbErr) -> bool {
    matches!(error, DbErr::Conn(RuntimeErr::SqlxError(error)) if error.as_database_error().is_some())
}

fn is_this_machine(host: &str) -> bool {
    host.starts_with('/') || crate::adapters::smtp::is_loopback(host)
}
