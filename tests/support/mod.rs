//! What several test programs share. Each uses a part of it.
#![allow(dead_code, reason = "every test program includes the whole folder and uses a part")]

pub mod smtp_server;
