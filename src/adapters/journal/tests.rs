//! What the journal keeps, whatever happens to the file.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use super::*;

fn id(state: &str) -> DispatchId {
    format!("c/s/{state}").parse().unwrap()
}

fn at(millis: i64) -> Instant {
    Instant::from_millis(millis)
}

fn open(folder: &Path) -> Journal {
    Journal::open(folder, "secret").unwrap()
}

fn all(journal: &Journal, from: u64) -> Vec<Noted> {
    let mut reading = journal.read(from).unwrap();
    let mut noted = Vec::new();
    loop {
        let batch = reading.next_batch(3).unwrap();
        if batch.is_empty() {
            return noted;
        }
        assert!(batch.len() <= 3);
        noted.extend(batch);
    }
}

fn fences(journal: &Journal) -> Vec<i64> {
    let claimed = |noted: Noted| if let Noted::Claimed { fence, .. } = noted { Some(fence) } else { None };
    all(journal, 0).into_iter().filter_map(claimed).collect()
}

fn add(journal: &Journal, bytes: &[u8]) {
    OpenOptions::new().append(true).open(journal.path()).unwrap().write_all(bytes).unwrap();
}

fn taken(fence: i64) -> Answered {
    let ended = Ended { at: at(6), outcome: "taken".to_owned(), words: "taken: 250 2.0.0 Ok".to_owned() };
    Answered { dispatch: id("FRA"), message_id: "<1@x.example>".to_owned(), fence, ended }
}

#[test]
fn claims_and_answers_are_remembered_for_their_own_database_only() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path());
    journal.claimed([(&id("FRA"), "<1@x.example>", 1)], at(5)).unwrap();
    journal.ended(&[taken(1)]).unwrap();
    journal.flush().unwrap();
    let claimed = Noted::Claimed { dispatch: id("FRA"), message_id: "<1@x.example>".to_owned(), fence: 1, at: at(5) };
    assert_eq!(all(&journal, 0), [claimed, Noted::Ended(taken(1))]);
    assert!(all(&Journal::open(folder.path(), "another").unwrap(), 0).is_empty());
}

#[test]
fn a_journal_keeps_its_name_and_another_one_has_another() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let name = open(folder.path()).id().to_owned();
    assert_eq!(name.len(), 32);
    assert_eq!(open(folder.path()).id(), name);
    assert_ne!(open(other.path()).id(), name);
    std::fs::remove_file(folder.path().join(NAME)).unwrap();
    assert_ne!(open(folder.path()).id(), name, "made anew, it is another one");
}

#[test]
fn of_several_that_make_the_file_at_once_one_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<String> = std::thread::scope(|scope| {
        let openers: Vec<_> = (0..8).map(|_| scope.spawn(|| open(folder.path()).id().to_owned())).collect();
        openers.into_iter().map(|opener| opener.join().unwrap()).collect()
    });
    assert!(names.iter().all(|name| *name == names[0]), "{names:?}");
}

#[test]
fn a_first_line_that_a_power_cut_tore_is_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    for torn in ["", "{\"jour", "\n\n"] {
        std::fs::write(folder.path().join(NAME), torn).unwrap();
        let name = open(folder.path()).id().to_owned();
        assert_eq!(open(folder.path()).id(), name, "after {torn:?}");
    }
}

#[test]
fn journals_of_the_first_version_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let database = Digest::of(b"secret").short();
    let line = |fence: i64| {
        format!(
            "{{\"at\":5,\"dispatch\":\"c/s/FRA\",\"message_id\":\"<1@x.example>\",\"fence\":{fence},\"database\":\"{database}\"}}\n"
        )
    };
    std::fs::write(folder.path().join(NAME), format!("\n{}{}", line(1), line(2))).unwrap();
    let mut journal = open(folder.path());
    assert_eq!(fences(&journal), [1, 2]);
    let name = journal.id().to_owned();
    journal.note([(&id("FRA"), "<1@x.example>", 3)], at(6)).unwrap();
    assert_eq!((open(folder.path()).id(), fences(&journal)), (name.as_str(), vec![1, 2, 3]));
}

#[test]
fn half_a_line_spoils_only_itself_whoever_writes_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let (mut first, mut second) = (open(folder.path()), open(folder.path()));
    let zeros = [0_u8; 300];
    let long = vec![b'x'; 200_000];
    for (fence, torn) in (1..).zip([b"{\"at\":5,\"disp".as_slice(), &zeros, &long, b"{}", b"\xff\xfe"]) {
        first.claimed([(&id("FRA"), "<1@x.example>", fence * 10)], at(5)).unwrap();
        add(&first, torn);
        second.claimed([(&id("DEU"), "<2@x.example>", fence * 10 + 1)], at(5)).unwrap();
    }
    assert_eq!(fences(&first), [10, 11, 20, 21, 30, 31, 40, 41, 50, 51]);
}

#[test]
fn several_workers_write_into_one_file_and_no_line_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let mut journal = open(folder.path());
            scope.spawn(move || {
                for n in 0..100 {
                    let (one, two) = (id("FRA"), id("DEU"));
                    let letters =
                        [(&one, "<1@x.example>", worker * 1000 + n), (&two, "<2@x.example>", worker * 1000 + n)];
                    journal.claimed(letters, at(5)).unwrap();
                }
            });
        }
    });
    let mut found = fences(&open(folder.path()));
    found.sort_unstable();
    let mut wanted: Vec<i64> = (0..4).flat_map(|w| (0..100).flat_map(move |n| [w * 1000 + n; 2])).collect();
    wanted.sort_unstable();
    assert_eq!(found, wanted);
}

#[test]
fn reading_goes_on_where_it_ended_and_waits_for_whole_lines() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path());
    journal.claimed([(&id("FRA"), "<1@x.example>", 1)], at(5)).unwrap();
    let before = journal.length().unwrap();
    add(&journal, b"{\"half");
    let mut reading = journal.read(0).unwrap();
    while !reading.next_batch(1).unwrap().is_empty() {}
    assert_eq!((reading.offset(), journal.length().unwrap()), (before, before));
    journal.claimed([(&id("FRA"), "<1@x.example>", 2)], at(5)).unwrap();
    assert_eq!(all(&journal, before).len(), 1, "what is new, and nothing else");
}

#[test]
fn a_line_that_was_half_there_is_left_to_the_next_reading() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path());
    journal.claimed([(&id("FRA"), "<1@x.example>", 1)], at(5)).unwrap();
    let whole = std::fs::read(journal.path()).unwrap();
    journal.claimed([(&id("FRA"), "<1@x.example>", 2)], at(5)).unwrap();
    let both = std::fs::read(journal.path()).unwrap();
    std::fs::write(journal.path(), &both[..whole.len() + 40]).unwrap();
    let mut reading = journal.read(0).unwrap();
    assert_eq!(reading.next_batch(9).unwrap().len(), 1);
    // Another worker's write goes on meanwhile.
    add(&journal, &both[whole.len() + 40..]);
    assert!(reading.next_batch(9).unwrap().is_empty());
    assert_eq!(all(&journal, reading.offset()).len(), 1, "it is read next time, and not passed over");
}

#[test]
fn the_database_is_told_only_of_what_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path());
    assert_eq!(journal.news().unwrap(), None);
    journal.claimed([(&id("FRA"), "<1@x.example>", 1)], at(5)).unwrap();
    let upto = journal.news().unwrap().unwrap();
    journal.told(upto, at(6)).unwrap();
    assert_eq!((journal.news().unwrap(), journal.known()), (None, upto));
    assert_eq!(all(&journal, upto), [Noted::Told(upto)]);
}

#[cfg(unix)]
#[test]
fn a_journal_that_was_taken_away_lets_no_letter_leave() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path());
    std::fs::remove_file(journal.path()).unwrap();
    assert!(journal.claimed([(&id("FRA"), "<1@x.example>", 1)], at(5)).is_err());
    drop(open(folder.path()));
    assert!(journal.claimed([(&id("FRA"), "<1@x.example>", 1)], at(5)).is_err(), "nor does one of the same name");
}

/// A device on which every write fails as on a full disk.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_and_what_a_failed_flush_lost_is_written_again() {
    let full = OpenOptions::new().append(true).open("/dev/full").unwrap();
    let end = End { file: full, state: Mutex::default() };
    assert!(end.append(b"x\n").is_err());
    assert!(end.state().unflushed.is_empty(), "what was not written is not flushed");
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path());
    journal.claimed([(&id("FRA"), "<1@x.example>", 1)], at(5)).unwrap();
    journal.end.state().lost = true;
    journal.flusher()().unwrap();
    assert_eq!(fences(&journal), [1, 1], "once more, since nobody knows what the disk kept");
    journal.flush().unwrap();
    assert_eq!(fences(&journal), [1, 1]);
}
