//! Incoming mail on both databases: each message once, filed where it belongs, with what follows, and nothing believed too easily.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

#[path = "support/coalition.rs"]
#[allow(dead_code, reason = "shared with other test programs")]
mod coalition;
#[path = "support/home.rs"]
#[macro_use]
#[allow(dead_code, reason = "shared with other test programs")]
mod home;
#[path = "support/office_box.rs"]
mod office_box;
#[path = "support/postgres.rs"]
#[allow(dead_code, reason = "shared with other test programs")]
mod postgres_server;

use std::sync::Arc;

use chrono::Duration;
use coalition::*;
use demarche::adapters::clock::SimulatedClock;
use demarche::adapters::mail;
use demarche::adapters::shelf::Shelf;
use demarche::adapters::store::{Claim, DispatchFilter, EntryFilter, MailState, Outcome, Store, StoredEntry};
use demarche::delivery::{Reply, Verdict};
use demarche::inbox::{Kind, MailKind, authenticity, understand};
use demarche::outbox::{Event, Status, Via};
use demarche::ports::MailboxFault;
use demarche::responses::Stance;
use demarche::steps::collect::{CollectError, CollectRequest, Collected, collect};
use demarche::steps::decide::{Decider, Decision, decide};
use demarche::steps::dispatch::{Policy, Turn, TurnInput, turn};
use demarche::steps::erase::{Read, erase};
use demarche::steps::filing::{Clerk, TRIES, Understand, Understood};
use demarche::steps::pen::{Assigned, Assignment, assign, dismiss};
use demarche::steps::returned::weigh_bounces;
use home::Home;
use office_box::{OfficeBox, a_bounce, a_reply};

on_both_databases![
    a_reply_is_filed_under_its_letter_and_its_bytes_are_kept,
    a_message_is_stored_once_whatever_mailboxes_do,
    other_mail_with_the_same_message_id_is_kept_too,
    a_line_that_breaks_loses_nothing_and_doubles_nothing,
    a_message_that_cannot_be_had_is_told_and_asked_for_again,
    what_ended_the_program_while_it_was_read_is_set_before_a_person,
    an_answer_that_came_a_second_ago_stops_the_reminder,
    a_machine_s_answer_stops_nothing,
    a_reminder_waits_until_the_mailbox_has_been_read,
    the_pen_holds_the_reminder_until_a_person_has_filed_what_waits,
    an_answer_that_turns_out_to_be_another_mission_s_leaves_no_skipped_reminder_unmentioned,
    what_has_to_do_with_no_letter_is_dismissed_and_the_reminder_leaves,
    a_hard_bounce_marks_letter_and_address_and_a_soft_one_neither,
    a_bounce_counts_for_letters_and_addresses_of_ours_alone,
    a_bounce_that_comes_before_the_server_s_answer_is_stored_is_not_lost,
    a_bounce_of_an_uncertain_letter_counts_once_somebody_settles_it_as_sent,
    the_choice_for_a_sender_is_remembered,
    an_answer_by_address_alone_waits_while_two_campaigns_have_written,
    what_somebody_asked_to_erase_is_gone_and_does_not_come_back,
];

const ON_TIME: &str = "2018-03-20T08:30:00Z";
const REMINDER: &str = "2018-03-27T07:30:00Z";
const MAILBOX: &str = "imaps://outreach@mail.coalition.example/INBOX";

/// The letters have left; the mailbox is ours to fill.
struct Office {
    store: Store,
    folder: tempfile::TempDir,
    clock: SimulatedClock,
    server: Option<String>,
}

impl Office {
    async fn with_letters_sent(home: &Home) -> Self {
        let store = home.open().await;
        plan_and_approve(&store, &Files::new()).await;
        let office = Self::at(store, ON_TIME);
        office.send(ON_TIME).await;
        office
    }

    fn at(store: Store, now: &str) -> Self {
        let clock = SimulatedClock::starting_at(at(now));
        Self { store, folder: tempfile::tempdir().unwrap(), clock, server: None }
    }

    fn clerk(&self) -> Clerk {
        let server = self.server.clone();
        let reader = move |bytes: &[u8]| {
            let message = mail::parse(bytes);
            let authenticity = authenticity::judge(&message, server.as_deref());
            Understood { reading: understand(&message), authenticity }
        };
        Clerk {
            shelf: Shelf::open(&self.folder.path().join("mail")).unwrap(),
            understand: Understand(Arc::new(reader)),
            own: ["outreach@coalition.example".to_owned()].into(),
            by: "tests".into(),
        }
    }

    async fn try_collect(&self, mailbox: &mut OfficeBox) -> (Collected, Result<(), CollectError>) {
        let clerk = self.clerk();
        let request = CollectRequest { clerk: &clerk, since: None, watched: Some(MAILBOX) };
        let mut collected = Collected::default();
        let outcome = collect(&self.store, mailbox, &self.clock, &request, &mut collected, |_, _| {}).await;
        (collected, outcome)
    }

    async fn collect(&self, mailbox: &mut OfficeBox) -> Collected {
        let (collected, outcome) = self.try_collect(mailbox).await;
        outcome.unwrap();
        collected
    }

    async fn entries(&self) -> Vec<StoredEntry> {
        let mut all = self.store.entries(&EntryFilter::default()).await.unwrap();
        all.sort_by_key(|entry| entry.id);
        all
    }

    async fn id_of(&self, step: &str, state: &str) -> String {
        the(&self.store, step, state).await.message_id.trim_matches(['<', '>']).to_owned()
    }

    fn policy(&self) -> Policy {
        Policy {
            worker: "w1".into(),
            via: Via::Smtp,
            ceilings: None,
            min_days_between: 0,
            real_server: false,
            lease: Duration::days(1),
            mailbox: Some(MAILBOX.into()),
        }
    }

    async fn turn(&self, now: &str) -> Turn {
        self.clock.advance_to(at(now));
        let input = TurnInput {
            now: at(now),
            outcomes: &[],
            free: 50,
            blocked: &[],
            renew: true,
            after_failed_commit: None,
            zones: &std::collections::BTreeMap::new(),
        };
        turn(&self.store, &self.policy(), &input).await.unwrap()
    }

    /// Every due letter is handed over and taken.
    async fn send(&self, now: &str) -> Vec<String> {
        let turn = self.turn(now).await;
        let mut left = Vec::new();
        for letter in &turn.letters {
            self.taken(&letter.claim, now).await;
            left.push(letter.letter.dispatch.to_string());
        }
        left.sort();
        left
    }

    async fn taken(&self, claim: &Claim, now: &str) {
        let outcome = Outcome {
            id: claim.dispatch.id.clone(),
            key: claim.dispatch.key,
            fence: claim.fence,
            verdict: Verdict::Taken { reply: Some(Reply::new(250, "ok")), recipients: vec![] },
            event: Event::Taken,
            reason: None,
            next_at: None,
            at: at(now),
        };
        let tx = self.store.begin().await.unwrap();
        assert!(tx.record(&outcome, "w1").await.unwrap());
        tx.commit().await.unwrap();
    }

    async fn file_under(&self, entry: i64, state: &str) -> Assigned {
        let to = Assignment {
            delegation: state.parse().unwrap(),
            campaign: None,
            own: ["outreach@coalition.example".to_owned()].into(),
            mailbox: Some(MAILBOX.into()),
        };
        assign(&self.store, entry, &to, "Ada", demarche::ports::Clock::now(&self.clock)).await.unwrap()
    }
}

fn under(entry: &StoredEntry) -> String {
    let dispatch = entry.dispatch.as_ref().map(ToString::to_string).unwrap_or_default();
    format!("{} {dispatch} {} {}", entry.kind, entry.matched_by, entry.confidence)
}

async fn a_reply_is_filed_under_its_letter_and_its_bytes_are_kept(home: Home) {
    let office = Office::with_letters_sent(&home).await;
    office.clock.advance_to(at("2018-03-20T12:00:00Z"));
    let id = office.id_of("letter", "FRA").await;
    let text = "We thank you.\n\nOn Tue, 20 Mar 2018 at 09:30, The coalition wrote:\n> We write to you.";
    let mail = a_reply("Attache <second@fra.mission.example>", "1@fra.mission.example", &id, "Re: other words", text);
    let mut mailbox = OfficeBox::with(&[&mail]);
    let collected = office.collect(&mut mailbox).await;
    assert_eq!((collected.new, collected.mail.entered.len()), (1, 1));
    let entry = &office.entries().await[0];
    assert_eq!(under(entry), "reply spring/letter/FRA in-reply-to certain");
    assert_eq!((entry.text.as_deref(), entry.stance), (Some("We thank you."), Some(Stance::Unread)));
    assert_eq!(entry.at, at("2018-03-20T11:00:00Z"), "when it was written");
    let message = office.store.incoming(entry.message.unwrap()).await.unwrap().unwrap();
    assert_eq!(office.clerk().shelf.read_whole(&message.raw).unwrap(), mailbox.messages[0].1, "byte for byte");
    assert_eq!(message.state, MailState::Filed);
}

async fn a_message_is_stored_once_whatever_mailboxes_do(home: Home) {
    let office = Office::with_letters_sent(&home).await;
    let id = office.id_of("letter", "FRA").await;
    let mail = a_reply("mission@fra.mission.example", "1@fra.mission.example", &id, "Re: Joint letter", "Thank you.");
    let mut mailbox = OfficeBox::with(&[&mail]);
    office.collect(&mut mailbox).await;
    office.collect(&mut mailbox).await;
    assert_eq!(mailbox.fetched, 1, "what is known is not fetched again");
    // Copied, delivered once more over another server, and read by a program that writes its own marks.
    mailbox.put(&mail);
    mailbox.put(&format!("Received: from backup.example by mx; Tue, 20 Mar 2018 13:00:00 +0100\n{mail}"));
    mailbox.put(&mail.replace("Subject:", "X-UID: 7\nStatus: RO\nSubject:"));
    let collected = office.collect(&mut mailbox).await;
    assert_eq!((collected.new, collected.doubles), (0, 3));
    // The server has made its numbers anew.
    mailbox.validity = 2;
    mailbox.messages.iter_mut().for_each(|(place, _)| *place += 100);
    let collected = office.collect(&mut mailbox).await;
    assert_eq!((collected.new, collected.doubles), (0, 4));
    assert_eq!(office.entries().await.len(), 1);
    let kept = std::fs::read_dir(office.folder.path().join("mail")).unwrap().flatten();
    let files: usize = kept.map(|f| std::fs::read_dir(f.path()).unwrap().count()).sum();
    assert_eq!(files, 1, "one copy of the bytes, and nothing in the spool");
}

async fn other_mail_with_the_same_message_id_is_kept_too(home: Home) {
    let office = Office::with_letters_sent(&home).await;
    let one = a_reply("mission@fra.mission.example", "1@x.example", "", "Re: Joint letter", "Yes.");
    let other = a_reply("mission@deu.mission.example", "1@x.example", "", "Re: Joint letter", "No.");
    let nameless = one.replace("Message-ID: <1@x.example>\n", "");
    let mut mailbox = OfficeBox::with(&[&one, &other, &nameless]);
    let collected = office.collect(&mut mailbox).await;
    assert_eq!((collected.new, office.entries().await.len()), (3, 3));
}

async fn a_line_that_breaks_loses_nothing_and_doubles_nothing(home: Home) {
    let office = Office::with_letters_sent(&home).await;
    let mails: Vec<String> = (0..70)
        .map(|n| {
            a_reply("mission@fra.mission.example", &format!("{n}@fra.mission.example"), "", "Re: Joint letter", "Yes.")
        })
        .collect();
    let mut mailbox = OfficeBox::with(&mails.iter().map(String::as_str).collect::<Vec<_>>());
    for breaks_at in [1, 20, 32, 33, 69, 70] {
        mailbox.breaks_at = Some(breaks_at);
        let (_, outcome) = office.try_collect(&mut mailbox).await;
        assert!(matches!(outcome, Err(CollectError::Mailbox(MailboxFault::Away { .. }))), "{breaks_at}: {outcome:?}");
        assert_eq!(office.store.mailbox(MAILBOX).await.unwrap().unwrap().read_at, None, "it was not read to its end");
    }
    mailbox.breaks_at = None;
    office.collect(&mut mailbox).await;
    assert_eq!((mailbox.fetched, office.entries().await.len()), (70, 70), "each fetched once");
}

async fn a_message_that_cannot_be_had_is_told_and_asked_for_again(home: Home) {
    let office = Office::with_letters_sent(&home).await;
    let mail =
        |n: usize| a_reply("mission@fra.mission.example", &format!("{n}@x.example"), "", "Re: Joint letter", "Yes.");
    let mut mailbox = OfficeBox::with(&[&mail(1), &mail(2), &mail(3)]);
    mailbox.refuses = Some(2);
    let collected = office.collect(&mut mailbox).await;
    assert_eq!((collected.new, collected.faults.len()), (2, 1));
    assert_eq!(collected.faults[0], ("2".to_owned(), "80 MiB are more than 50 MiB".to_owned()));
    assert_eq!(office.collect(&mut mailbox).await.faults.len(), 1, "it is told until it is there");
    mailbox.refuses = None;
    assert_eq!(office.collect(&mut mailbox).await.new, 1);
    assert_eq!(office.entries().await.len(), 3);
}

async fn what_ended_the_program_while_it_was_read_is_set_before_a_person(home: Home) {
    let office = Office::with_letters_sent(&home).await;
    let mail = a_reply("mission@fra.mission.example", "1@x.example", "", "Re: Joint letter", "Yes.");
    let mut mailbox = OfficeBox::with(&[&mail]);
    let killed = Understand(Arc::new(|_: &[u8]| panic!("as if the machine had run out of memory")));
    for _ in 0..TRIES {
        let clerk = Clerk { understand: killed.clone(), ..office.clerk() };
        let request = CollectRequest { clerk: &clerk, since: None, watched: Some(MAILBOX) };
        let outcome =
            collect(&office.store, &mut mailbox, &office.clock, &request, &mut Collected::default(), |_, _| {}).await;
        assert!(outcome.is_err());
    }
    let collected = office.collect(&mut mailbox).await;
    assert_eq!(collected.mail.entered[0].kind, MailKind::Other);
    let entry = &office.entries().await[0];
    assert!(entry.delegation.is_none() && entry.text.as_deref().unwrap().contains("could not be read"));
    let message = office.store.incoming(entry.message.unwrap()).await.unwrap().unwrap();
    assert_eq!(office.clerk().shelf.read_whole(&message.raw).unwrap(), mailbox.messages[0].1);
}

async fn an_answer_that_came_a_second_ago_stops_the_reminder(home: Home) {
    let office = Office::with_letters_sent(&home).await;
    let mut mailbox = OfficeBox::with(&[]);
    office.clock.advance_to(at("2018-03-27T07:29:58Z"));
    office.collect(&mut mailbox).await;
    let id = office.id_of("letter", "FRA").await;
    mailbox.put(&a_reply("mission@fra.mission.example", "1@fra.mission.example", &id, "Re: Joint letter", "Yes."));
    mailbox.received = Some(at("2018-03-27T07:29:59Z"));
    let turn = office.turn(REMINDER).await;
    assert!(turn.read_mail && turn.letters.is_empty() && turn.moved.is_empty(), "the mailbox is read first");
    office.collect(&mut mailbox).await;
    let left = office.send(REMINDER).await;
    assert_eq!(left, ["spring/reminder/DEU", "spring/reminder/ESP", "spring/reminder/GHA", "spring/reminder/PER"]);
    assert_eq!(status(&office.store, "reminder", "FRA").await, Status::Skipped);
}

async fn a_machine_s_answer_stops_nothing(home: Home) {
    let office = Office::with_letters_sent(&home).await;
    let (fra, deu) = (office.id_of("letter", "FRA").await, office.id_of("letter", "DEU").await);
    let absent =
        a_reply("mission@fra.mission.example", "1@x.example", &fra, "Out of office: Joint letter", "I am away.")
            .replace("MIME-Version", "Auto-Submitted: auto-replied\nMIME-Version");
    let read = a_reply("mission@deu.mission.example", "2@x.example", &deu, "Read: Joint letter", "").replace(
        "Content-Type: text/plain; charset=utf-8\n\n",
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\nContent-Type: text/plain\n\nYour message was read.\n--b\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; mission@deu.mission.example\nDisposition: manual-action/MDN-sent-manually; displayed\n\n--b--\n",
    );
    let mut mailbox = OfficeBox::with(&[&absent, &read]);
    office.clock.advance_to(at(REMINDER));
    office.collect(&mut mailbox).await;
    let kinds: Vec<Kind> = office.entries().await.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [Kind::AutoReply, Kind::Receipt]);
    assert_eq!(office.send(REMINDER).await.len(), 5);
}

async fn a_reminder_waits_until_the_mailbox_has_been_read(home: Home) {
    let office = Office::with_letters_sent(&home).await;
    let mut mailbox = OfficeBox::with(&[]);
    office.clock.advance_to(at("2018-03-27T06:00:00Z"));
    office.collect(&mut mailbox).await;
    // An hour and a half later nobody has been able to read it.
    let turn = office.turn(REMINDER).await;
    assert!(turn.letters.is_empty());
    let held = the(&office.store, "reminder", "FRA").await;
    assert_eq!(held.status, Status::Held);
    assert!(held.reason.as_deref().unwrap().starts_with("unread: the mailbox was last read at"), "{:?}", held.reason);
    let collected = office.collect(&mut mailbox).await;
    assert_eq!(collected.let_go.len(), 5, "they go on by themselves once it has been read");
    assert_eq!(office.send(REMINDER).await.len(), 5);
}

async fn the_pen_holds_the_reminder_until_a_person_has_filed_what_waits(home: Home) {
    let office = Office::with_letters_sent(&home).await;
    let id = office.id_of("letter", "FRA").await;
    let strange =
        a_reply("friend@elsewhere.example", "1@elsewhere.example", &id, "Re: Joint letter", "On their behalf: yes.");
    let mut mailbox = OfficeBox::with(&[&strange]);
    office.clock.advance_to(at(REMINDER));
    let collected = office.collect(&mut mailbox).await;
    let entry = collected.mail.entered[0].entry;
    assert_eq!(collected.mail.entered[0].under, None);
    assert_eq!(office.send(REMINDER).await.len(), 4, "the others leave");
    let held = the(&office.store, "reminder", "FRA").await;
    assert_eq!(held.reason, Some(format!("pen: entry {entry} in the pen may be this mission's answer")));
    let done = office.file_under(entry, "FRA").await;
    assert_eq!(done.remembered.as_deref(), Some("friend@elsewhere.example"));
    assert_eq!(done.let_go.len(), 1);
    let all = office.entries().await;
    assert_eq!((all.len(), all[1].corrects), (2, Some(entry)), "nothing is changed, a correction is added");
    assert_eq!(under(&all[1]), "reply spring/letter/FRA by-hand certain");
    assert!(office.send(REMINDER).await.is_empty());
    assert_eq!(status(&office.store, "reminder", "FRA").await, Status::Skipped);
}

async fn an_answer_that_turns_out_to_be_another_mission_s_leaves_no_skipped_reminder_unmentioned(home: Home) {
    let office = Office::with_letters_sent(&home).await;
    let id = office.id_of("letter", "FRA").await;
    let mut mailbox = OfficeBox::with(&[&a_reply("mission@fra.mission.example", "1@x.example", &id, "Re: it", "Yes.")]);
    office.clock.advance_to(at(REMINDER));
    let entry = office.collect(&mut mailbox).await.mail.entered[0].entry;
    office.send(REMINDER).await;
    assert_eq!(status(&office.store, "reminder", "FRA").await, Status::Skipped);
    let done = office.file_under(entry, "DEU").await;
    assert_eq!(done.skipped.iter().map(ToString::to_string).collect::<Vec<_>>(), ["spring/reminder/FRA"]);
    assert!(office.file_under(done.entry, "FRA").await.skipped.iter().all(|id| id.delegation.as_str() != "FRA"));
}

async fn what_has_to_do_with_no_letter_is_dismissed_and_the_reminder_leaves(home: Home) {
    let office = Office::with_letters_sent(&home).await;
    let invitation = a_reply("protocol@fra.mission.example", "1@x.example", "", "National day", "Please come.");
    let mut mailbox = OfficeBox::with(&[&invitation]);
    office.clock.advance_to(at(REMINDER));
    let entry = office.collect(&mut mailbox).await.mail.entered[0].entry;
    assert_eq!(office.send(REMINDER).await.len(), 4);
    let let_go = dismiss(&office.store, &[entry], "an invitation", Some(MAILBOX), "Ada", at(REMINDER)).await.unwrap();
    assert_eq!(let_go.len(), 1);
    assert_eq!(office.send(REMINDER).await, ["spring/reminder/FRA"]);
    assert!(dismiss(&office.store, &[entry], "again", Some(MAILBOX), "Ada", at(REMINDER)).await.is_err());
    office.file_under(entry, "FRA").await;
    let aside = office.store.messages_in(MailState::Aside).await.unwrap();
    assert!(aside.is_empty(), "who thinks better of it files it as if it had never been dismissed");
}

async fn a_hard_bounce_marks_letter_and_address_and_a_soft_one_neither(home: Home) {
    let office = Office::with_letters_sent(&home).await;
    let ids =
        (office.id_of("letter", "FRA").await, office.id_of("letter", "DEU").await, office.id_of("letter", "PER").await);
    let mut mailbox = OfficeBox::with(&[
        &a_bounce(&ids.0, "mission@fra.mission.example", "failed", "5.1.1"),
        &a_bounce(&ids.1, "mission@deu.mission.example", "delayed", "4.4.1"),
        &a_bounce(&ids.2, "mission@per.mission.example", "failed", "5.2.2"),
    ]);
    let collected = office.collect(&mut mailbox).await;
    assert_eq!(collected.mail.bounced.len(), 2);
    let bounced = the(&office.store, "letter", "FRA").await;
    assert_eq!(bounced.status, Status::Bounced);
    assert!(bounced.reason.as_deref().unwrap().contains("5.1.1"), "{:?}", bounced.reason);
    assert_eq!(status(&office.store, "letter", "DEU").await, Status::Sent);
    assert_eq!(status(&office.store, "letter", "PER").await, Status::Bounced, "a full mailbox has not got it");
    let doubtful = office.store.doubtful_addresses().await.unwrap();
    let addresses: Vec<&str> = doubtful.iter().map(|d| d.address.as_str()).collect();
    assert_eq!(addresses, ["mission@fra.mission.example"], "and says nothing against the address");
    office.collect(&mut mailbox).await;
    assert_eq!(office.entries().await.len(), 3);
}

async fn a_bounce_counts_for_letters_and_addresses_of_ours_alone(home: Home) {
    let office = Office::with_letters_sent(&home).await;
    let id = office.id_of("letter", "FRA").await;
    let mut mailbox = OfficeBox::with(&[
        &a_bounce("forged@coalition.example", "mission@fra.mission.example", "failed", "5.1.1"),
        &a_bounce(&id, "somebody@else.example", "failed", "5.1.1"),
    ]);
    let collected = office.collect(&mut mailbox).await;
    let whys: Vec<&str> = collected.mail.entered.iter().map(|entered| entered.why.as_str()).collect();
    assert_eq!(
        whys,
        [
            "it returns a letter that we did not send",
            "it returns a letter of ours, but for an address that the letter did not go to"
        ]
    );
    assert_eq!(status(&office.store, "letter", "FRA").await, Status::Sent);
    assert!(office.store.doubtful_addresses().await.unwrap().is_empty());
}

async fn a_bounce_that_comes_before_the_server_s_answer_is_stored_is_not_lost(home: Home) {
    let store = home.open().await;
    plan_and_approve(&store, &Files::new()).await;
    let office = Office::at(store, ON_TIME);
    let turn = office.turn(ON_TIME).await;
    let id = office.id_of("letter", "FRA").await;
    let mut mailbox = OfficeBox::with(&[&a_bounce(&id, "mission@fra.mission.example", "failed", "5.1.1")]);
    for _ in 0..5 {
        let collected = office.collect(&mut mailbox).await;
        assert_eq!((collected.mail.later, collected.mail.entered.len()), (1, 0));
    }
    for letter in &turn.letters {
        office.taken(&letter.claim, ON_TIME).await;
    }
    let collected = office.collect(&mut mailbox).await;
    assert_eq!(collected.mail.bounced.len(), 1);
    assert_eq!(status(&office.store, "letter", "FRA").await, Status::Bounced);
}

async fn a_bounce_of_an_uncertain_letter_counts_once_somebody_settles_it_as_sent(home: Home) {
    let store = home.open().await;
    plan_and_approve(&store, &Files::new()).await;
    let office = Office::at(store, ON_TIME);
    office.turn(ON_TIME).await;
    let tx = office.store.begin().await.unwrap();
    tx.lose_own("w1", at("2018-03-20T12:00:00Z"), "it stopped").await.unwrap();
    tx.commit().await.unwrap();
    let id = office.id_of("letter", "FRA").await;
    let mut mailbox = OfficeBox::with(&[&a_bounce(&id, "mission@fra.mission.example", "failed", "5.1.1")]);
    assert_eq!(office.collect(&mut mailbox).await.mail.entered.len(), 1);
    assert_eq!(status(&office.store, "letter", "FRA").await, Status::Uncertain);
    let letter = the(&office.store, "letter", "FRA").await;
    let weigh = || weigh_bounces(&office.store, std::slice::from_ref(&letter), "Ada", at("2018-03-20T13:00:00Z"));
    assert!(weigh().await.unwrap().is_empty(), "nobody knows yet that it has left");
    let filter = DispatchFilter { keys: Some(vec![letter.key]), ..DispatchFilter::default() };
    let who = Decider { by: "Ada", now: at("2018-03-20T13:00:00Z"), reason: None };
    decide(&office.store, &filter, Decision::SettleSent, &who).await.unwrap();
    assert_eq!(weigh().await.unwrap().len(), 1);
    assert_eq!(status(&office.store, "letter", "FRA").await, Status::Bounced);
}

async fn the_choice_for_a_sender_is_remembered(home: Home) {
    let office = Office::with_letters_sent(&home).await;
    let mail = |n: usize| {
        a_reply("jean@private.example", &format!("{n}@private.example"), "", "your letter", &format!("Words {n}."))
    };
    let mut mailbox = OfficeBox::with(&[&mail(1)]);
    let entry = office.collect(&mut mailbox).await.mail.entered[0].entry;
    office.file_under(entry, "FRA").await;
    mailbox.put(&mail(2));
    office.collect(&mut mailbox).await;
    let last = office.entries().await.pop().unwrap();
    assert_eq!(under(&last), "reply spring/letter/FRA remembered-sender likely");
    // A later choice takes the place of the earlier one.
    office.file_under(last.id, "DEU").await;
    mailbox.put(&mail(3));
    office.collect(&mut mailbox).await;
    assert_eq!(under(&office.entries().await.pop().unwrap()), "reply spring/letter/DEU remembered-sender likely");
    // What a forged sender says is nobody's choice to remember.
    let forged = a_reply("\"mission@per.mission.example\" <evil@x.example>", "4@x.example", "", "your letter", "Yes.");
    mailbox.put(&forged);
    let entry = office.collect(&mut mailbox).await.mail.entered[0].entry;
    assert_eq!(office.file_under(entry, "PER").await.remembered, None);
}

async fn an_answer_by_address_alone_waits_while_two_campaigns_have_written(home: Home) {
    let store = home.open().await;
    let mut files = Files::new();
    files.put("config/campaigns/second.toml", &campaign("second", LETTER_STEP));
    plan_and_approve(&store, &files).await;
    try_plan(&store, &files, "second").await.unwrap();
    approve_all(&store, &files, "second").await;
    let office = Office::at(store, ON_TIME);
    while !office.send(ON_TIME).await.is_empty() {}
    let mail = a_reply("mission@fra.mission.example", "1@fra.mission.example", "", "your letter", "Yes.");
    let id = the(&office.store, "letter", "FRA").await.message_id;
    let named = a_reply(
        "mission@fra.mission.example",
        "2@fra.mission.example",
        id.trim_matches(['<', '>']),
        "your letter",
        "No.",
    );
    let mut mailbox = OfficeBox::with(&[&mail, &named]);
    let collected = office.collect(&mut mailbox).await;
    assert_eq!(collected.mail.entered[0].under, None, "{:?}", collected.mail.entered[0]);
    assert!(collected.mail.entered[0].why.contains("2 campaigns wrote"), "{}", collected.mail.entered[0].why);
    assert_eq!(collected.mail.entered[1].under.as_ref().unwrap().0.as_str(), CAMPAIGN);
    let message = office.entries().await[0].message.unwrap();
    let guesses = office.store.guesses(&[message]).await.unwrap();
    assert_eq!(guesses.len(), 2);
}

async fn what_somebody_asked_to_erase_is_gone_and_does_not_come_back(home: Home) {
    let office = Office::with_letters_sent(&home).await;
    let id = office.id_of("letter", "FRA").await;
    let theirs =
        a_reply("Jean <jean@fra.mission.example>", "1@x.example", &id, "Re: Joint letter", "My number is 123.");
    // Another's answer names the address in an encoded part alone, and one knows nothing of it.
    let names = a_reply(
        "mission@deu.mission.example",
        "2@x.example",
        "",
        "Re: Joint letter",
        "QXNrIGplYW5AZnJhLm1pc3Npb24uZXhhbXBsZS4=",
    )
    .replace("charset=utf-8\n", "charset=utf-8\nContent-Transfer-Encoding: base64\n")
    .replace(
        "\n\nQXNr",
        "\n\nPiBBc2sgamVhbkBmcmEubWlzc2lvbi5leGFtcGxlCgpZZXMuCgo+IEFzayBqZWFuQGZyYS5taXNzaW9uLmV4YW1wbGUK\n\nQXNr",
    );
    let other = a_reply("mission@per.mission.example", "3@x.example", "", "Re: Joint letter", "Yes.");
    let mut mailbox = OfficeBox::with(&[&theirs, &names, &other]);
    office.collect(&mut mailbox).await;
    let read = Read(Arc::new(|bytes: &[u8]| understand(&mail::parse(bytes))));
    let shelf = office.clerk().shelf;
    let forgotten = erase(&office.store, &shelf, &read, "Jean@fra.mission.example", at(ON_TIME)).await.unwrap();
    assert_eq!((forgotten.erased.entries, forgotten.messages), (2, 2), "{forgotten:?}");
    let kept = std::fs::read_dir(office.folder.path().join("mail")).unwrap().flatten();
    let files: usize = kept.filter(|f| f.path().is_dir()).map(|f| std::fs::read_dir(f.path()).unwrap().count()).sum();
    assert_eq!(files, 1, "the bytes of the other's answer alone");
    let entries = office.entries().await;
    assert!(entries[0].text.is_none() && entries[0].delegation.is_some() && entries[0].stance.is_some());
    assert_eq!(entries[2].text.as_deref(), Some("Yes."));
    mailbox.validity = 2;
    let collected = office.collect(&mut mailbox).await;
    assert_eq!((collected.new, collected.doubles), (0, 3));
    assert!(!shelf.place(&office.store.incoming(entries[0].message.unwrap()).await.unwrap().unwrap().raw).exists());
    if let Home::Sqlite(folder) = &home {
        for file in ["demarche.db", "demarche.db-wal"] {
            let bytes = std::fs::read(folder.path().join(file)).unwrap();
            let found = bytes.windows(4).any(|w| w == b"jean") || bytes.windows(6).any(|w| w == b"is 123");
            assert!(!found, "{file} still holds it");
        }
    }
}
