//! What several test programs share. Each uses a part of it.
#![allow(dead_code, reason = "every test program includes the whole folder and uses a part")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

pub mod courier;
pub mod dovecot;
pub mod imap_server;
pub mod missions;
pub mod office;
pub mod postfix;
pub mod real_server;
pub mod smtp_server;
