//! `mode = "files"`: every letter becomes one .eml file, whole or not at all.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::delivery::{Phase, RecipientResult, Role, Verdict, check_wire};
use crate::ports::{Courier, Mailer, Outgoing, Via};
use crate::vocabulary::{Address, DispatchId, safe_text};

/// Writes letters into `directory`, made with mode 0700 where it is missing; files have mode 0600.
#[derive(Debug, Clone)]
pub struct FilesMailer {
    pub directory: PathBuf,
}

/// The file's name of a dispatch: `CAMPAIGN_STEP_STATE.eml`.
///
/// An underscore inside a name is doubled, so that no two dispatches share a file: a name never begins with one.
pub fn file_name(dispatch: &DispatchId) -> String {
    let plain = |name: &str| name.replace('_', "__");
    format!("{}_{}_{}.eml", plain(dispatch.campaign.as_str()), plain(dispatch.step.as_str()), dispatch.delegation)
}

impl Mailer for FilesMailer {
    type Courier = FilesCourier;

    fn via(&self) -> Via {
        Via::Files
    }

    fn courier(&self) -> FilesCourier {
        FilesCourier { directory: Arc::from(self.directory.as_path()) }
    }
}

#[derive(Debug)]
pub struct FilesCourier {
    directory: Arc<Path>,
}

impl Courier for FilesCourier {
    /// A further try of the same dispatch replaces its own earlier file; no other dispatch has the same name.
    async fn hand_over(&mut self, letter: &Outgoing) -> Verdict {
        // What a mail server would not get is not written either: a rehearsal is to show it.
        if let Err(error) = check_wire(&letter.message) {
            return Verdict::Broken { phase: Phase::File, why: error.to_string() };
        }
        let (directory, name) = (Arc::clone(&self.directory), file_name(&letter.dispatch));
        let message = Arc::clone(&letter.message);
        let written = tokio::task::spawn_blocking(move || write(&directory, &name, &message)).await;
        let recipients = recipients(letter);
        match written {
            Ok(Ok(())) => Verdict::Taken { reply: None, recipients },
            Ok(Err(Failed::Before(why))) => Verdict::Broken { phase: Phase::File, why },
            Ok(Err(Failed::After(why))) => Verdict::Unknown { why, recipients },
            Err(_panicked_or_stopped) => {
                Verdict::Unknown { why: "writing the file was cut short".to_owned(), recipients }
            }
        }
    }

    async fn close(&mut self) {}
}

fn recipients(letter: &Outgoing) -> Vec<RecipientResult> {
    let with = |role| move |address: &Address| RecipientResult { address: address.clone(), role, reply: None };
    letter.to.iter().map(with(Role::To)).chain(letter.cc.iter().map(with(Role::Cc))).collect()
}

#[derive(Debug)]
enum Failed {
    /// The letter's name does not exist, or still holds the earlier try.
    Before(String),
    /// The letter has its name, but a power cut might take it back.
    After(String),
}

fn write(directory: &Path, name: &str, message: &[u8]) -> Result<(), Failed> {
    let target = directory.join(name);
    let part = directory.join(format!(".{name}.part"));
    let before = |path: &Path| {
        let shown = safe_text::line(&path.display().to_string()).into_owned();
        move |error: io::Error| Failed::Before(explain(&shown, &error))
    };
    DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(before(directory))?;
    let renamed = write_part(&part, message)
        .map_err(before(&part))
        .and_then(|()| fs::rename(&part, &target).map_err(before(&target)));
    if renamed.is_err() {
        // Best effort: the next try removes it as well.
        let _left_behind = fs::remove_file(&part);
        return renamed;
    }
    // The name is durable only once the folder is.
    File::open(directory).and_then(|folder| folder.sync_all()).map_err(|error| {
        let shown = safe_text::line(&target.display().to_string()).into_owned();
        Failed::After(explain(&shown, &error))
    })
}

fn write_part(part: &Path, message: &[u8]) -> io::Result<()> {
    match fs::remove_file(part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // New, so that a link planted under this name is not followed.
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(part)?;
    file.write_all(message)?;
    file.sync_all()
}

fn explain(path: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull => format!("disk full: {path}"),
        io::ErrorKind::QuotaExceeded => format!("disk quota exceeded: {path}"),
        _ => format!("{path}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn letter(dispatch: &str, message: &[u8]) -> Outgoing {
        Outgoing {
            dispatch: dispatch.parse().unwrap(),
            sender: "outreach@coalition.example".parse().unwrap(),
            to: vec!["mission@france.example".parse().unwrap()],
            cc: vec!["rights@france.example".parse().unwrap()],
            message: Arc::from(message.to_vec()),
            last_try: false,
        }
    }

    async fn hand_over(directory: &Path, letter: &Outgoing) -> Verdict {
        FilesMailer { directory: directory.to_owned() }.courier().hand_over(letter).await
    }

    #[tokio::test]
    async fn a_letter_becomes_one_private_file_with_exactly_its_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let outgoing = folder.path().join("var/outgoing");
        let verdict = hand_over(&outgoing, &letter("hrc37-china/letter/FRA", b"first\r\n")).await;
        assert!(matches!(&verdict, Verdict::Taken { reply: None, recipients } if recipients.len() == 2), "{verdict:?}");
        let file = outgoing.join("hrc37-china_letter_FRA.eml");
        assert_eq!(fs::read(&file).unwrap(), b"first\r\n");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&outgoing).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::read_dir(&outgoing).unwrap().count(), 1, "no temporary file stays");

        hand_over(&outgoing, &letter("hrc37-china/letter/FRA", b"second\r\n")).await;
        assert_eq!(fs::read(&file).unwrap(), b"second\r\n");
    }

    #[test]
    fn two_dispatches_never_share_a_file() {
        let name = |dispatch: &str| file_name(&dispatch.parse().unwrap());
        assert_eq!(name("hrc37-china/letter/FRA"), "hrc37-china_letter_FRA.eml");
        assert_ne!(name("a_b/c/FRA"), name("a/b_c/FRA"));
        assert_ne!(name("a_/b/FRA"), name("a/b/FRA"));
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_is_named_and_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let blocked = folder.path().join("outgoing");
        fs::write(&blocked, "a file where the folder should be").unwrap();
        let verdict = hand_over(&blocked, &letter("hrc37-china/letter/FRA", b"x\r\n")).await;
        let Verdict::Broken { phase: Phase::File, why } = verdict else { panic!("{verdict:?}") };
        assert!(why.contains("outgoing"), "{why}");
    }

    #[tokio::test]
    async fn a_name_taken_by_a_folder_is_an_error_and_leaves_no_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("hrc37-china_letter_FRA.eml/x")).unwrap();
        let verdict = hand_over(folder.path(), &letter("hrc37-china/letter/FRA", b"x\r\n")).await;
        assert!(matches!(verdict, Verdict::Broken { phase: Phase::File, .. }), "{verdict:?}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_full_disk_is_called_so() {
        let error = io::Error::from(io::ErrorKind::StorageFull);
        assert_eq!(explain("var/outgoing/a.eml", &error), "disk full: var/outgoing/a.eml");
    }

    #[tokio::test]
    async fn what_no_mail_server_would_get_is_not_written_either() {
        let folder = tempfile::tempdir().unwrap();
        let verdict = hand_over(folder.path(), &letter("hrc37-china/letter/FRA", b"a\n.\nb\r\n")).await;
        assert!(matches!(verdict, Verdict::Broken { phase: Phase::File, .. }), "{verdict:?}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
