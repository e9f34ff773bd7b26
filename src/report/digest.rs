//! The digest: what staff should know this morning, as a mail that is read on a telephone.

use super::pause::PauseNotice;
use super::summary::Needs;
use crate::inbox::Kind;
use crate::responses::Stance;
use crate::vocabulary::{CampaignId, Day, Instant, StateCode, StepId, Zone, safe_text};

/// Everything that the digest tells. What happened is counted since `since`; what waits is told as long as it waits.
#[derive(Debug, Clone)]
pub struct Facts {
    pub now: Instant,
    pub since: Instant,
    pub zone: Zone,
    /// Letters that have left since.
    pub sent: Vec<(CampaignId, StepId, u64)>,
    /// Entries of the log since, by number; corrections and what a machine wrote are not among them.
    pub news: Vec<News>,
    /// Uncertain, refused, bounced, held, missed, due soon and not approved, overdue.
    pub attention: Needs,
    /// The mail server refuses us, and nobody is written to.
    pub pause: Option<PauseNotice>,
    /// Campaigns that send nothing until `plan` has run, and why.
    pub blocked: Vec<(CampaignId, String)>,
    /// Incoming mail that nobody has filed.
    pub waiting_in_pen: usize,
    pub oldest_in_pen: Option<Instant>,
    /// Answers that nobody has classified, whenever they came: what an earlier digest did not tell is told here.
    pub unread_answers: usize,
    /// Whether incoming mail is read at all.
    pub reads_mail: bool,
    pub last_collect: Option<Instant>,
    pub overdue_actions: Vec<OverdueAction>,
}

/// An entry of the log. Its words are private, and stay in the log.
#[derive(Debug, Clone)]
pub struct News {
    pub entry: i64,
    pub delegation: StateCode,
    pub campaign: Option<CampaignId>,
    pub kind: Kind,
    pub stance: Option<Stance>,
    pub subject: Option<String>,
}

/// A next action whose day has passed.
#[derive(Debug, Clone)]
pub struct OverdueAction {
    pub number: i64,
    pub delegation: StateCode,
    pub what: String,
    pub owner: String,
    pub due: Day,
}

/// The mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    pub subject: String,
    pub text: String,
}

/// Lines of one section before the rest is counted.
const SHOWN: usize = 20;
/// Columns: what a telephone shows without a scroll bar, nearly.
const WIDTH: usize = 66;
/// Longest text from outside on one line, in characters.
const LONGEST: usize = 100;
/// Mail that was read within this time was read just now, as far as a morning's mail is concerned.
const FRESH: i64 = 60;

impl Digest {
    /// A quiet day has its digest too: one that stayed away could not be told from one that was lost.
    pub fn of(facts: &Facts) -> Self {
        let answers: Vec<&News> = facts.news.iter().filter(|news| news.kind != Kind::Bounce).collect();
        let bounces: Vec<&News> = facts.news.iter().filter(|news| news.kind == Kind::Bounce).collect();
        let sent: u64 = facts.sent.iter().map(|(_, _, n)| n).sum();
        let since = facts.zone.show_with_weekday(facts.since);
        let mut text = format!("Since {since}.\n");
        let mut section = |title: String, lines: Vec<String>| {
            if lines.is_empty() {
                return;
            }
            text.push_str(&format!("\n{title}\n"));
            for line in lines.iter().take(SHOWN) {
                text.push_str(&item(line));
            }
            if lines.len() > SHOWN {
                text.push_str(&format!("… and {} more\n", lines.len() - SHOWN));
            }
        };
        let needs = needs(facts);
        section("NEEDS A PERSON".to_owned(), needs.clone());
        section(format!("OVERDUE ACTIONS: {}", facts.overdue_actions.len()), overdue(facts));
        section(format!("ANSWERS: {}", answers.len()), answers.iter().map(|news| told(news)).collect());
        section(format!("BOUNCES: {}", bounces.len()), bounces.iter().map(|news| told(news)).collect());
        let of_step = |(campaign, step, n): &(CampaignId, StepId, u64)| format!("{campaign}/{step}: {n}");
        section(format!("SENT: {sent}"), facts.sent.iter().map(of_step).collect());
        section("INCOMING MAIL".to_owned(), incoming(facts));
        let parts = [
            (count(facts), "needs a person", "need a person"),
            (answers.len(), "answer", "answers"),
            (facts.unread_answers, "answer unread", "answers unread"),
            (bounces.len(), "bounce", "bounces"),
            (usize::try_from(sent).unwrap_or(usize::MAX), "letter sent", "letters sent"),
        ];
        let news: Vec<String> = parts
            .iter()
            .filter(|(n, ..)| *n > 0)
            .map(|(n, one, many)| format!("{n} {}", if *n == 1 { one } else { many }))
            .collect();
        let quiet = news.is_empty();
        let head = if quiet { "nothing new".to_owned() } else { news.join(", ") };
        if quiet {
            text.push_str("\nNothing has happened, and nothing waits for a person.\n");
        } else {
            text.push_str("\nMore: demarche status, log, pen, followups\n");
        }
        Self { subject: format!("demarche {}: {head}", facts.zone.day_of(facts.now)), text }
    }
}

/// How many things wait for a person.
fn count(facts: &Facts) -> usize {
    let unread = usize::from(stale(facts).is_some());
    let paused = usize::from(facts.pause.is_some());
    let letters = usize::try_from(facts.attention.letters()).unwrap_or(usize::MAX);
    paused + letters + facts.blocked.len() + facts.overdue_actions.len() + facts.waiting_in_pen + unread
}

fn needs(facts: &Facts) -> Vec<String> {
    let stopped = |(campaign, why): &(CampaignId, String)| {
        let advice =
            if why.ends_with("start it again") { String::new() } else { format!("; run demarche plan {campaign}") };
        format!("{campaign} SENDS NOTHING: {}{advice}", short(why))
    };
    let paused = facts.pause.iter().map(|pause| {
        let (since, goes_on) = (pause.since(facts.zone), pause.goes_on(facts.zone));
        format!("{since}: {}; {}; {goes_on}", short(&pause.words), pause.advice)
    });
    let mut lines: Vec<String> = paused.chain(facts.blocked.iter().map(stopped)).collect();
    // Letters of one step that wait for one reason are one line, in the order in which they are given.
    lines.extend(facts.attention.groups().iter().map(|group| {
        let states: Vec<&str> = group.delegations.iter().map(StateCode::as_str).collect();
        let more = if group.letters > states.len() as u64 { ", …" } else { "" };
        let why = if group.reason.is_empty() { String::new() } else { format!(": {}", short(&group.reason)) };
        let n = if group.letters == 1 { String::new() } else { format!("{} ", group.letters) };
        format!("{}/{}: {n}{} ({}{more}){why}", group.id.campaign, group.id.step, group.status, states.join(", "))
    }));
    let others = facts.attention.behind(facts.attention.groups().len());
    lines.extend((others > 0).then(|| format!("{others} letters more")));
    lines
}

fn overdue(facts: &Facts) -> Vec<String> {
    let line = |action: &OverdueAction| {
        let OverdueAction { number, delegation, what, owner, due } = action;
        format!("{number}: {delegation}, {}, {}, due {due}", short(what), short(owner))
    };
    facts.overdue_actions.iter().map(line).collect()
}

/// `SWE call, will-support (entry 12)`: no word of the answer itself, which is private.
fn told(news: &News) -> String {
    let stance = news.stance.map(|stance| format!(", {stance}")).unwrap_or_default();
    let campaign = news.campaign.as_ref().map(|id| format!("{id}, ")).unwrap_or_default();
    let subject = news.subject.as_deref().filter(|subject| !subject.trim().is_empty());
    let subject = subject.map(|subject| format!(": {}", short(subject))).unwrap_or_default();
    format!("{} {}{stance} ({campaign}entry {}){subject}", news.delegation, news.kind, news.entry)
}

fn incoming(facts: &Facts) -> Vec<String> {
    let mut lines = Vec::new();
    if facts.waiting_in_pen > 0 {
        let verb = if facts.waiting_in_pen == 1 { "message waits" } else { "messages wait" };
        let oldest = facts.oldest_in_pen.map(|at| format!(", the oldest since {}", facts.zone.show_with_weekday(at)));
        lines.push(format!("{} {verb} in the pen{}; demarche pen", facts.waiting_in_pen, oldest.unwrap_or_default()));
    }
    if facts.unread_answers > 0 {
        let verb = if facts.unread_answers == 1 { "answer is" } else { "answers are" };
        lines.push(format!("{} {verb} unread; demarche log --stance unread --in-force", facts.unread_answers));
    }
    lines.extend(stale(facts));
    if let (Some(at), true) = (facts.last_collect, !lines.is_empty()) {
        lines.push(format!("last read {}", facts.zone.show_with_weekday(at)));
    }
    lines
}

/// Mail that is to be read, and is not.
fn stale(facts: &Facts) -> Option<String> {
    if !facts.reads_mail {
        return None;
    }
    match facts.last_collect {
        None => Some("incoming mail has never been read".to_owned()),
        Some(at) if facts.now.since(at) > chrono::Duration::minutes(FRESH) => {
            Some("incoming mail was not read within the last hour".to_owned())
        }
        Some(_) => None,
    }
}

/// Text from outside, on one line and not too long.
fn short(text: &str) -> String {
    let line = safe_text::line(&text.split_whitespace().collect::<Vec<_>>().join(" ")).into_owned();
    if line.chars().count() <= LONGEST {
        return line;
    }
    line.chars().take(LONGEST).chain(['…']).collect()
}

fn item(line: &str) -> String {
    let options = textwrap::Options::new(WIDTH).initial_indent("- ").subsequent_indent("  ").break_words(false);
    format!("{}\n", textwrap::fill(line, options))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::Status;
    use crate::report::Attention;

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    fn quiet() -> Facts {
        Facts {
            now: at("2018-02-06T07:00:00Z"),
            since: at("2018-02-05T07:00:00Z"),
            zone: Zone::GENEVA,
            sent: Vec::new(),
            news: Vec::new(),
            attention: Needs::default(),
            pause: None,
            blocked: Vec::new(),
            waiting_in_pen: 0,
            oldest_in_pen: None,
            unread_answers: 0,
            reads_mail: false,
            last_collect: None,
            overdue_actions: Vec::new(),
        }
    }

    fn news(entry: i64, state: &str, kind: Kind, stance: Option<Stance>, subject: &str) -> News {
        let subject = Some(subject.to_owned());
        News { entry, delegation: state.parse().unwrap(), campaign: "spring".parse().ok(), kind, stance, subject }
    }

    fn waits(id: &str, status: Status, reason: &str) -> Attention {
        let id: crate::vocabulary::DispatchId = id.parse().unwrap();
        Attention { delegation: id.delegation, step: id.step.clone(), id, status, reason: reason.to_owned() }
    }

    fn busy() -> Facts {
        let mut attention = Needs::default();
        let lost = "no answer after the final dot: the connection was closed";
        attention.add(&waits("spring/letter/SWE", Status::Uncertain, lost));
        attention.add(&waits("spring/letter/FRA", Status::Refused, "550 5.1.1 no such mailbox"));
        let unapproved = "due 2018-02-07 09:30 CET and not approved";
        for state in ["AUT", "BEL", "DEU", "DNK", "ESP", "FIN", "GRC"] {
            attention.add(&waits(&format!("spring/reminder/{state}"), Status::Planned, unapproved));
        }
        Facts {
            sent: vec![("spring".parse().unwrap(), "letter".parse().unwrap(), 189)],
            news: vec![
                news(11, "SWE", Kind::Call, Some(Stance::WillSupport), ""),
                news(12, "NOR", Kind::Reply, None, "Re: Joint letter\r\nBcc: \u{1b}[31mnobody"),
                news(13, "FRA", Kind::Bounce, None, "Undelivered Mail Returned to Sender"),
            ],
            attention,
            blocked: vec![("autumn".parse().unwrap(), "config/contacts.csv was changed".to_owned())],
            waiting_in_pen: 3,
            oldest_in_pen: Some(at("2018-02-02T09:12:00Z")),
            unread_answers: 2,
            reads_mail: true,
            last_collect: Some(at("2018-02-06T04:58:00Z")),
            overdue_actions: vec![OverdueAction {
                number: 4,
                delegation: "CHE".parse().unwrap(),
                what: "send the names of the prisoners to the human rights secretary".to_owned(),
                owner: "Miriam".to_owned(),
                due: "2018-02-02".parse().unwrap(),
            }],
            ..quiet()
        }
    }

    fn golden(name: &str, facts: &Facts) {
        let Digest { subject, text } = Digest::of(facts);
        let mut settings = insta::Settings::clone_current();
        settings.set_prepend_module_to_snapshot(false);
        settings.set_snapshot_path("../../tests/snapshots");
        settings.bind(|| insta::assert_snapshot!(format!("digest__{name}"), format!("Subject: {subject}\n\n{text}")));
    }

    #[test]
    fn a_busy_morning() {
        golden("busy", &busy());
    }

    #[test]
    fn a_quiet_day_says_that_it_is_one() {
        golden("quiet", &quiet());
    }

    #[test]
    fn a_long_list_is_cut_and_what_is_left_out_is_counted() {
        let news = (0..50).map(|n| news(n, "NOR", Kind::Reply, None, "Re")).collect();
        let text = Digest::of(&Facts { news, ..quiet() }).text;
        assert!(text.contains("ANSWERS: 50") && text.contains("… and 30 more"), "{text}");
        assert!(text.lines().count() < 30);
    }

    #[test]
    fn nothing_from_outside_reaches_a_header_or_a_terminal() {
        let Digest { subject, text } = Digest::of(&busy());
        assert!(!subject.chars().any(safe_text::is_unsafe));
        assert!(!text.chars().any(|c| safe_text::is_unsafe(c) && c != '\n'), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
    }

    #[test]
    fn a_pause_of_sending_is_the_first_thing_told() {
        let pause = PauseNotice {
            class: "policy",
            words: format!("refused for good at RCPT TO: 550 5.7.1 {}", "no ".repeat(300)),
            since: at("2018-02-06T05:00:00Z"),
            until: at("2018-02-06T09:00:00Z"),
            advice: "ask the mail provider why",
        };
        let Digest { subject, text } = Digest::of(&Facts { pause: Some(pause), ..quiet() });
        assert!(subject.ends_with(": 1 needs a person"), "{subject}");
        assert!(text.contains("NEEDS A PERSON\n- SENDING PAUSES since 2018-02-06 06:00 CET (policy)"), "{text}");
        let unwrapped = text.replace("\n  ", " ");
        assert!(unwrapped.contains("550 5.7.1 no") && unwrapped.contains("`demarche check --online`"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
    }

    #[test]
    fn mail_that_nobody_reads_needs_a_person() {
        let never = Facts { reads_mail: true, ..quiet() };
        assert!(Digest::of(&never).text.contains("incoming mail has never been read"));
        assert!(Digest::of(&never).subject.ends_with(": 1 needs a person"));
        let just = Facts { last_collect: Some(at("2018-02-06T06:58:00Z")), ..never };
        assert!(Digest::of(&just).subject.ends_with(": nothing new"));
    }
}
