//! From a host's name to a connection.

use std::io;
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use crate::vocabulary::safe_text;

/// Who may be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    Anywhere,
    /// Only this machine itself: what follows is not encrypted.
    Loopback,
}

/// Connects within `limit`; the error is one clause.
///
/// Each address of the host gets its share of the time: one that swallows packets must not hide the others.
pub(super) async fn dial(host: &str, port: u16, limit: Duration, reach: Reach) -> Result<TcpStream, String> {
    let addresses: Vec<_> = within(limit, lookup_host((host, port))).await?.collect();
    let share = limit / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
    let mut failure = format!("{host} has no address");
    for address in addresses {
        if reach == Reach::Loopback && !address.ip().is_loopback() {
            // /etc/hosts may say anything of localhost.
            failure = format!("{host} is no loopback address, and there is no TLS");
            continue;
        }
        match within(share, TcpStream::connect(address)).await {
            Ok(tcp) => {
                // A letter and its final dot are two writes: with Nagle's rule the dot waits 40 ms for an answer.
                tcp.set_nodelay(true).map_err(|e| said(&e))?;
                return Ok(tcp);
            }
            Err(why) => failure = format!("{host}:{port}: {why}"),
        }
    }
    Err(failure)
}

async fn within<T>(limit: Duration, step: impl Future<Output = io::Result<T>>) -> Result<T, String> {
    match timeout(limit, step).await {
        Ok(result) => result.map_err(|e| said(&e)),
        Err(_elapsed) => Err(format!("no answer within {} s", limit.as_secs_f32())),
    }
}

fn said(error: &io::Error) -> String {
    safe_text::line(&error.to_string()).into_owned()
}
