//! Commands under strace, which injects faults into their system calls.

use std::process::{Command, Output, Stdio};

use super::support::office::Office;

/// `None`, with a named skip, where there is no strace or it may not trace; a failure in continuous integration.
#[expect(clippy::disallowed_methods, reason = "tests ask their environment where the pipeline is")]
pub fn works(test: &str) -> Option<()> {
    let works = Command::new("strace").args(["-f", "-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    if works.is_ok_and(|status| status.success()) {
        return Some(());
    }
    assert!(std::env::var("CI").is_err(), "{test}: strace does not work here");
    eprintln!("SKIPPED {test}: strace does not work here; install it");
    None
}

/// One command with `fault` in these calls.
#[allow(dead_code, reason = "several test programs include this file and use a part")]
pub fn with(office: &Office, words: &[&str], calls: &str, fault: &str) -> Output {
    on_files(office, words, &[], calls, fault)
}

/// The same, where only calls on these files of the workspace are met: a disk fails, and the program's own wake-up calls do not.
#[allow(dead_code, reason = "several test programs include this file and use a part")]
pub fn on_files(office: &Office, words: &[&str], files: &[&str], calls: &str, fault: &str) -> Output {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null"]);
    for file in files {
        strace.arg("-P").arg(office.path(file));
    }
    strace
        .args(["-e", &format!("trace={calls}")])
        .args(["-e", &format!("inject={calls}:{fault}"), "--"])
        .arg(env!("CARGO_BIN_EXE_demarche"))
        .args(words)
        .current_dir(office.path(""))
        // One thread for all tasks, so that the calls are counted in one row.
        .env("TOKIO_WORKER_THREADS", "1")
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}
