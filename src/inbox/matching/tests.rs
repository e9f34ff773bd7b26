//! Each rule of matching, and what it does not believe.

use super::known::samples::{a_letter, a_mission, state};
use super::*;
use crate::inbox::reading::Reading;
use crate::inbox::reading::samples::{a_bounce, a_reply};

const DAY: i64 = 86_400_000;

/// France and Sweden got the letter of one campaign on day 100.
fn books() -> Known {
    let mut known = Known::default();
    a_mission(&mut known, "FRA", &["head@fra.example", "mission@fra.example"]);
    a_mission(&mut known, "SWE", &["mission@swe.example"]);
    a_letter(&mut known, 1, "hrc37-china/letter/FRA", &["head@fra.example"], 100);
    a_letter(&mut known, 2, "hrc37-china/letter/SWE", &["mission@swe.example"], 100);
    known.own.insert("outreach@coalition.example".into());
    known
}

fn filed_at(reading: &Reading, known: &Known, day: i64) -> Filing {
    file(&Incoming { reading, suspicious: None, tokens: &[], at: Instant::from_millis(day * DAY) }, known)
}

fn filed(reading: &Reading, known: &Known) -> Filing {
    filed_at(reading, known, 101)
}

/// `rule confidence DELEGATION letter`, or `pen DELEGATION …`, `aside`, `later`.
fn said(filing: &Filing) -> String {
    match filing {
        Filing::Filed(f) => format!("{} {} {} {}", f.matched_by, f.confidence, f.delegation, f.letter),
        Filing::Pen { guesses, .. } => {
            let names: Vec<&str> = guesses.iter().map(|g| g.delegation.as_str()).collect();
            format!("pen {}", names.join(" ")).trim_end().to_owned()
        }
        Filing::Aside { .. } => "aside".to_owned(),
        Filing::Later => "later".to_owned(),
    }
}

fn answering(from: &str, ids: &[&str]) -> Reading {
    Reading { originals: ids.iter().map(|id| (*id).to_owned()).collect(), ..a_reply(from, "Re: something rewritten") }
}

#[test]
fn a_reply_is_matched_by_the_letter_that_it_names_whatever_its_subject() {
    let known = books();
    for (from, ids, wanted) in [
        ("head@fra.example", vec!["1@coalition.example"], "in-reply-to certain FRA 1"),
        ("colleague@fra.example", vec!["1@coalition.example"], "in-reply-to certain FRA 1"),
        ("head@fra.example", vec!["x@fra.example", "1@coalition.example"], "references certain FRA 1"),
        ("stranger@elsewhere.example", vec!["1@coalition.example"], "pen FRA"),
        ("mission@swe.example", vec!["1@coalition.example"], "pen FRA SWE"),
        ("mission@swe.example", vec!["1@coalition.example", "2@coalition.example"], "references certain SWE 2"),
        ("head@fra.example", vec!["forged@coalition.example"], "sender-address likely FRA 1"),
    ] {
        assert_eq!(said(&filed(&answering(from, &ids), &known)), wanted, "{from} {ids:?}");
    }
}

#[test]
fn a_reply_token_goes_before_every_id() {
    let mut known = books();
    let letter = known.letters["2@coalition.example"].clone();
    known.tokens.insert("abcd".into(), letter);
    let reading = answering("mission@swe.example", &["1@coalition.example"]);
    let tokens = ["abcd".to_owned()];
    let mail = Incoming { reading: &reading, suspicious: None, tokens: &tokens, at: Instant::from_millis(101 * DAY) };
    assert_eq!(said(&file(&mail, &known)), "reply-token certain SWE 2");
}

#[test]
fn a_letter_that_has_not_left_is_answered_by_nobody() {
    let mut known = books();
    let letter = known.letters.get_mut("1@coalition.example").unwrap();
    (letter.status, letter.sent_at) = (Status::Approved, None);
    known.written_to.clear();
    assert_eq!(said(&filed(&answering("head@fra.example", &["1@coalition.example"]), &known)), "pen FRA");
}

#[test]
fn without_a_name_the_sender_s_address_decides_and_then_domain_with_subject() {
    let known = books();
    for (from, subject, wanted) in [
        ("HEAD@fra.example", "your letter", "sender-address likely FRA 1"),
        ("other@fra.example", "Re: Joint letter of hrc37-china", "domain-and-subject likely FRA 1"),
        ("other@fra.example", "National day", "pen FRA"),
        ("nobody@elsewhere.example", "Re: Joint letter of hrc37-china", "pen"),
        ("outreach@coalition.example", "Re: Joint letter of hrc37-china", "aside"),
    ] {
        assert_eq!(said(&filed(&a_reply(from, subject), &known)), wanted, "{from} {subject}");
    }
}

#[test]
fn two_campaigns_within_thirty_days_leave_the_answer_to_a_person_unless_its_subject_decides() {
    let mut known = books();
    a_letter(&mut known, 9, "tibet/letter/FRA", &["head@fra.example"], 95);
    assert_eq!(said(&filed(&a_reply("head@fra.example", "your letter"), &known)), "pen FRA FRA");
    let decided = filed(&a_reply("head@fra.example", "RE: Joint letter of tibet"), &known);
    assert_eq!(said(&decided), "sender-address likely FRA 9");
    let later = filed_at(&a_reply("head@fra.example", "your letter"), &known, 126);
    assert_eq!(said(&later), "sender-address likely FRA 1", "the campaign that wrote last");
}

#[test]
fn an_address_of_two_missions_and_a_mission_never_written_to_wait_for_a_person() {
    let mut known = books();
    a_mission(&mut known, "NOR", &["mission@swe.example", "mission@nor.example"]);
    assert_eq!(said(&filed(&a_reply("mission@swe.example", "x"), &known)), "pen SWE NOR");
    assert_eq!(said(&filed(&a_reply("mission@nor.example", "x"), &known)), "pen NOR");
}

#[test]
fn a_choice_once_made_for_a_sender_is_remembered() {
    let mut known = books();
    known.addresses.insert("jean@private.example".into(), vec![(state("FRA"), Source::Person)]);
    assert_eq!(said(&filed(&a_reply("Jean@private.example", "hello"), &known)), "remembered-sender likely FRA 1");
    let named = filed(&answering("jean@private.example", &["1@coalition.example"]), &known);
    assert_eq!(said(&named), "in-reply-to certain FRA 1");
}

#[test]
fn a_forged_sender_changes_nothing() {
    let known = books();
    let reading = answering("head@fra.example", &["1@coalition.example"]);
    let at = Instant::from_millis(101 * DAY);
    let mail = Incoming { reading: &reading, suspicious: Some("dmarc=fail"), tokens: &[], at };
    let Filing::Pen { why, guesses } = file(&mail, &known) else { panic!("filed") };
    assert_eq!((why.as_str(), guesses[0].delegation), ("suspicious: dmarc=fail", state("FRA")));
}

#[test]
fn mail_that_was_written_before_the_letter_left_does_not_answer_it() {
    let mut known = books();
    let invitation = a_reply("head@fra.example", "Reception at the residence");
    assert_eq!(said(&filed_at(&invitation, &known, 70)), "pen FRA", "nobody has answered what was not yet written");
    assert_eq!(said(&filed_at(&invitation, &known, 101)), "sender-address likely FRA 1");
    a_letter(&mut known, 9, "tibet/letter/FRA", &["head@fra.example"], 160);
    assert_eq!(said(&filed_at(&invitation, &known, 101)), "sender-address likely FRA 1", "not the later campaign's");
    let absent = Reading { kind: MailKind::AutoReply, ..invitation.clone() };
    assert_eq!(said(&filed_at(&absent, &known, 70)), "aside");
    // A clock that is ten minutes slow hides neither of two campaigns.
    a_letter(&mut known, 10, "uyghurs/letter/FRA", &["head@fra.example"], 95);
    let at = Instant::from_millis(100 * DAY - 600_000);
    let slow = file(&Incoming { reading: &invitation, suspicious: None, tokens: &[], at }, &known);
    assert_eq!(said(&slow), "pen FRA FRA");
}

#[test]
fn a_circular_to_many_missions_is_nobody_s_answer() {
    let mut known = books();
    let mut circular = a_reply("secretariat@elsewhere.example", "Note to all missions");
    for (n, state) in ["FRA", "SWE", "NOR", "DEU"].into_iter().enumerate() {
        let address = format!("mission{n}@{}.example", state.to_lowercase());
        a_mission(&mut known, state, &[&address]);
        circular.addressed_to.push(address);
    }
    assert_eq!(said(&filed(&circular, &known)), "pen", "it waits, and holds no reminder");
    assert_eq!(said(&filed(&Reading { kind: MailKind::Other, ..circular.clone() }, &known)), "aside");
    let returned: Vec<(&str, &str, Option<bool>)> =
        circular.addressed_to.iter().map(|address| (address.as_str(), "5.1.1", Some(true))).collect();
    assert_eq!(said(&filed(&a_bounce("forged@coalition.example", &returned), &known)), "pen");
    circular.addressed_to.truncate(4);
    assert_eq!(said(&filed(&circular, &known)), "pen FRA SWE NOR", "who answers from home copies the mission");
}

#[test]
fn what_we_write_from_an_address_with_a_reply_token_is_our_own_mail() {
    let known = books();
    for from in ["Outreach@coalition.example", "outreach+abcdefghijklmnopqrst@coalition.example"] {
        assert_eq!(said(&filed(&answering(from, &["1@coalition.example"]), &known)), "aside", "{from}");
    }
    assert_eq!(said(&filed(&answering("outreach+x@coalition.example", &["1@coalition.example"]), &known)), "pen FRA");
}

#[test]
fn a_bounce_counts_for_a_letter_and_an_address_of_ours_alone() {
    let known = books();
    let hard = |id, address| a_bounce(id, &[(address, "5.1.1", Some(true))]);
    for (bounce, wanted) in [
        (hard("1@coalition.example", "head@fra.example"), "returned-letter certain FRA 1"),
        (hard("1@coalition.example", "other@fra.example"), "pen FRA"),
        (hard("forged@coalition.example", "head@fra.example"), "pen FRA"),
        (hard("", "mission@swe.example"), "pen SWE"),
        (hard("", "nobody@elsewhere.example"), "pen"),
        (a_bounce("1@coalition.example", &[]), "pen FRA"),
        (hard("1@coalition.example", ""), "returned-letter certain FRA 1"),
    ] {
        assert_eq!(said(&filed(&bounce, &known)), wanted, "{bounce:?}");
    }
}

#[test]
fn a_late_bounce_of_a_corrected_address_is_filed_and_nothing_follows() {
    let mut known = books();
    let letter = known.letters.get_mut("1@coalition.example").unwrap();
    letter.earlier_recipients = vec!["old@fra.example".into()];
    let letter = letter.clone();
    let late = a_bounce("1@coalition.example", &[("Old@fra.example", "5.1.1", Some(true))]);
    assert_eq!(said(&filed(&late, &known)), "returned-letter certain FRA 1");
    assert_eq!(bounced::consequence(&late, &letter), bounced::Consequence::default());
}

#[test]
fn a_challenge_waits_for_a_person_because_the_letter_waits_too() {
    let known = books();
    let asks =
        |from| Reading { kind: MailKind::Receipt, wants_a_proof: true, ..answering(from, &["1@coalition.example"]) };
    assert_eq!(said(&filed(&asks("head@fra.example"), &known)), "pen FRA");
}

#[test]
fn a_bounce_of_a_letter_in_hand_waits_until_its_outcome_is_stored() {
    let mut known = books();
    known.letters.get_mut("1@coalition.example").unwrap().status = Status::Sending;
    let bounce = a_bounce("1@coalition.example", &[("head@fra.example", "5.1.1", Some(true))]);
    assert_eq!(said(&filed(&bounce, &known)), "later");
}

#[test]
fn bulk_mail_is_set_aside_unless_a_mission_sent_it() {
    let known = books();
    let bulk = |from| Reading { kind: MailKind::Other, ..a_reply(from, "Newsletter") };
    assert_eq!(said(&filed(&bulk("news@elsewhere.example"), &known)), "aside");
    assert_eq!(said(&filed(&bulk("news@fra.example"), &known)), "pen FRA");
    let report = Reading { kind: MailKind::Other, ..answering("head@fra.example", &["1@coalition.example"]) };
    assert_eq!(said(&filed(&report, &known)), "pen FRA");
    let absent = Reading { kind: MailKind::AutoReply, ..a_reply("x@elsewhere.example", "Out of office") };
    assert_eq!(said(&filed(&absent, &known)), "aside");
}

#[test]
fn a_forward_from_an_unknown_address_is_guessed_by_the_addresses_that_it_quotes() {
    let known = books();
    let forwarded = Reading {
        whole: "---- Forwarded ----\nTo: <Head@fra.example>\nSubject: Joint letter".into(),
        ..a_reply("friend@elsewhere.example", "Fwd: Joint letter")
    };
    assert_eq!(said(&filed(&forwarded, &known)), "pen FRA");
    let copied = Reading {
        addressed_to: vec!["mission@swe.example".into()],
        ..a_reply("friend@elsewhere.example", "Fwd: Joint letter")
    };
    assert_eq!(said(&filed(&copied, &known)), "pen SWE");
}
