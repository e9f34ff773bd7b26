//! `config/campaigns/NAME.toml`: one campaign.

use std::ops::Range;

use chrono::Duration;

use crate::campaign::attach::{FileNameError, INVITATION};
use crate::campaign::{
    Approver, Ask, Attach, Audience, Campaign, Condition, IfProvisional, Late, MilestoneRef, Offset, Selector,
    Signatory, States, Step, When, audience::SELECTOR_FORMS, milestone::MILESTONE_FORMS,
};
use crate::config::reader::{Document, Table};
use crate::config::source::Source;
use crate::letters::guards::words::strange_words;
use crate::vocabulary::problem::Problem;
use crate::vocabulary::{Address, AskId, CampaignId, LetterName, Mailbox, StateCode, StepId, TimeOfDay, Zone, time};

/// A campaign with the places in its file that later checks point at.
#[derive(Debug, Clone)]
pub struct CampaignFile {
    pub campaign: Campaign,
    pub source: Source,
    /// For each step, in order.
    pub steps: Vec<StepPlaces>,
}

impl CampaignFile {
    /// Where the step's `when` stands.
    pub fn when(&self, step: &StepId) -> Option<Range<usize>> {
        let index = self.campaign.steps.iter().position(|known| known.id == *step)?;
        self.steps.get(index).map(|places| places.when.clone())
    }
}

/// Byte ranges in the campaign's file.
#[derive(Debug, Clone)]
pub struct StepPlaces {
    pub letter: Range<usize>,
    pub when: Range<usize>,
    /// For each entry of `attach`.
    pub attached: Vec<Range<usize>>,
}

/// Reads one campaign. `stem` is the file's name without `.toml`, which the id must equal.
pub fn read(source: &Source, stem: &str, states: &States) -> (Option<CampaignFile>, Vec<Problem>) {
    let document = Document::parse(source);
    let root = document.root();
    let head = root.table("campaign");
    if head.is_none() && !root.has("campaign") {
        document.report_at(0..0, "there is no [campaign] section", "begin the file with [campaign], id, title, from");
    }
    let basics = head.and_then(|head| basics(head, stem, states));
    let audience = root.table("audience").map(|table| audience(table, states)).unwrap_or_else(|| {
        if !root.has("audience") {
            document.report_at(0..0, "there is no [audience] section", "add [audience] with include = [\"all\"]");
        }
        Audience::default()
    });
    let approvers = unique(
        root.tables("approver").into_iter().filter_map(approver),
        |(a, _)| a.name.clone(),
        |(_, span)| span.clone(),
        |name| {
            (
                format!("two approvers are called `{name}`"),
                "give each a name of its own: `approve --as` goes by it".to_owned(),
            )
        },
        &document,
    );
    let approvers: Vec<Approver> = approvers.into_iter().map(|(approver, _)| approver).collect();
    let signatories = root.tables("signatory").into_iter().filter_map(signatory).collect::<Vec<_>>();
    let asks = unique(
        root.tables("ask").into_iter().filter_map(ask),
        |(ask, _)| ask.id.to_string(),
        |(_, span)| span.clone(),
        |id| two_ids("asks", id),
        &document,
    );
    let mut broken = std::collections::HashSet::new();
    let steps = unique(
        root.tables("step").into_iter().filter_map(|table| step(table, states, &mut broken)),
        |(step, _)| step.id.to_string(),
        |(_, places)| places.id.clone(),
        |id| two_ids("steps", id),
        &document,
    );
    if !root.has("step") {
        document.report_at(
            0..0,
            "the campaign has no [[step]], so no letter",
            "add a [[step]] with id, letter and when",
        );
    }
    check_follows(&steps, &broken, &document);
    check_meetings(&steps, &document);
    if let Some(basics) = &basics {
        check_approvers(&approvers, basics, &document);
    }
    root.finish();
    let problems = document.into_problems();
    let (Some(basics), false) = (basics, problems.iter().any(Problem::is_error)) else {
        return (None, problems);
    };
    let (steps, places) = steps
        .into_iter()
        .map(|(step, p)| (step, StepPlaces { letter: p.letter, when: p.when, attached: p.attached }))
        .unzip();
    let campaign = Campaign {
        id: basics.id,
        title: basics.title,
        target: basics.target,
        from: basics.from,
        reply_to: basics.reply_to,
        zone: basics.zone,
        approvals: basics.approvals.0,
        audience,
        may_name: basics.may_name,
        approvers,
        signatories,
        asks: asks.into_iter().map(|(ask, _)| ask).collect(),
        steps,
    };
    (Some(CampaignFile { campaign, source: source.clone(), steps: places }), problems)
}

struct Basics {
    id: CampaignId,
    title: String,
    target: Option<StateCode>,
    from: Mailbox,
    reply_to: Option<Address>,
    zone: Zone,
    approvals: (usize, Range<usize>),
    may_name: Vec<StateCode>,
}

fn basics(head: Table<'_>, stem: &str, states: &States) -> Option<Basics> {
    let id = head.required::<CampaignId>("id", "\"hrc37-china\"");
    if let Some(id) = &id
        && id.value.as_str() != stem
    {
        head.wrong(
            "id",
            format!("the id is not the file's name, `{stem}`"),
            format!("write `id = \"{stem}\"`, or rename the file"),
        );
    }
    let title = head.required_text("title", "\"Joint letter on …\"");
    let target = head.read_with("target", "write the State's three letters, as in \"CHN\"", |t| states.known(t));
    let from = head.required::<Mailbox>("from", "\"The coalition <outreach@coalition.example>\"");
    let reply_to = head.read::<Address>("reply_to", "write one address");
    let zone = head.read::<Zone>("time_zone", "write a name of the IANA list, as in \"Europe/Zurich\"");
    let approvals = head.number("approvals", 1, 50).unwrap_or(1);
    let may_name = may_name(&head, states);
    let approvals = (usize::try_from(approvals).unwrap_or(1), head.span_of("approvals"));
    head.finish();
    Some(Basics {
        id: id?.value,
        title: title?.value.to_owned(),
        target: target.map(|at| at.value),
        from: from?.value,
        reply_to: reply_to.map(|at| at.value),
        zone: zone.map_or(Zone::GENEVA, |at| at.value),
        approvals,
        may_name,
    })
}

/// States that letters to others may name.
fn may_name(head: &Table<'_>, states: &States) -> Vec<StateCode> {
    let mut codes = Vec::new();
    for text in head.texts("may_name").unwrap_or_default() {
        match states.known(text.value) {
            Ok(code) if codes.contains(&code) => {}
            Ok(code) => codes.push(code),
            Err(why) => head.document().report_at(
                text.span,
                format!("`may_name`: {why}"),
                "write the three letters of each State that the letters may name, as in [\"SWE\", \"THA\"]",
            ),
        }
    }
    codes
}

fn audience(table: Table<'_>, states: &States) -> Audience {
    let selectors = |key| {
        let mut found = Vec::new();
        for text in table.texts(key).unwrap_or_default() {
            let known = text.value.parse::<Selector>().and_then(|selector| match selector {
                Selector::State(code) => states.known(code.as_str()).map(Selector::State),
                other => Ok(other),
            });
            match known {
                Ok(selector) => found.push(selector),
                Err(why) => table.document().report_at(
                    text.span,
                    format!("`audience.{key}`: {why}"),
                    format!("write {SELECTOR_FORMS}"),
                ),
            }
        }
        found
    };
    let include = selectors("include");
    let exclude = selectors("exclude");
    if !table.has("include") {
        table.document().report_at(
            table.span(),
            "[audience] has no `include`, so nobody is written to",
            "add `include = [\"all\"]`",
        );
    }
    table.finish();
    Audience { include, exclude }
}

fn approver(table: Table<'_>) -> Option<(Approver, Range<usize>)> {
    let name = table.required_text("name", "\"A. Person\"");
    let organisation = table.required_text("organisation", "\"PEN America\"").map(|at| at.value.to_owned());
    table.finish();
    let name = name?;
    Some((Approver { name: name.value.to_owned(), organisation: organisation? }, name.span))
}

fn signatory(table: Table<'_>) -> Option<Signatory> {
    let name = table.required_text("name", "\"PEN America\"").map(|at| at.value.to_owned());
    let note = table.text("note").map(|at| at.value.to_owned());
    plain_words(&table, "name", name.as_deref());
    plain_words(&table, "note", note.as_deref());
    table.finish();
    Some(Signatory { name: name?, note })
}

fn ask(table: Table<'_>) -> Option<(Ask, Range<usize>)> {
    let id = table.required::<AskId>("id", "\"item4-statement\"");
    let text = table.required_text("text", "\"Reaffirm …\"").map(|at| at.value.to_owned());
    plain_words(&table, "text", text.as_deref());
    table.finish();
    let id = id?;
    Some((Ask { id: id.value, text: text? }, id.span))
}

/// What every letter prints is corrected here, once; a word of two scripts in it would hold all letters.
fn plain_words(table: &Table<'_>, key: &'static str, text: Option<&str>) {
    let Some(text) = text else { return };
    if let Some((strange, range)) = strange_words(text).into_iter().next() {
        table.wrong(key, strange.describe(&text[range]), strange.help());
    }
}

struct Places {
    id: Range<usize>,
    letter: Range<usize>,
    when: Range<usize>,
    follows: Range<usize>,
    attached: Vec<Range<usize>>,
}

/// A step at fault is left out, and its id put among the `broken`: who follows it is not to blame.
fn step(table: Table<'_>, states: &States, broken: &mut std::collections::HashSet<String>) -> Option<(Step, Places)> {
    let id = table.required::<StepId>("id", "\"letter\"");
    let letter = table.required::<LetterName>("letter", "\"joint-letter\"");
    let when = when(&table, states);
    let follows = table.read::<StepId>("follows", "write the id of an earlier step");
    let only_if = table.choice("only_if", &[("no-answer", Condition::NoAnswer)]);
    let late = table.choice("late", &[("ask", Late::Ask), ("skip", Late::Skip)]).unwrap_or(Late::Ask);
    let span = |key, default| {
        let help = "write a length of time, as in \"4 hours\" or \"2 days\"";
        table.read_with(key, help, |t| time::span(t).map_err(|e| e.to_string())).map_or(default, |at| at.value)
    };
    let late_by = span("late_by", Duration::hours(4));
    let give_up = span("give_up", Duration::days(2));
    let if_provisional =
        table.choice("if_provisional", &[("hold", IfProvisional::Hold), ("send", IfProvisional::Send)]);
    let for_meetings = when.as_ref().is_some_and(|when| when.milestone == MilestoneRef::EachMeeting);
    if for_meetings {
        no_place_beside_meetings(&table);
    }
    let mut attach: Vec<(Attach, Range<usize>)> = Vec::new();
    for written in table.texts("attach").unwrap_or_default() {
        match attachment(written.value) {
            Ok(Attach::Invitation) if !for_meetings => {
                let message = "`meeting.ics` invites to a meeting, and this step is about none".to_owned();
                table.document().report_at(written.span, message, "write `when = \"meeting\"`, or leave it out");
            }
            Ok(one) if attach.iter().any(|(there, _)| *there == one) => {
                let message = format!("`{}` is attached twice", written.value);
                table.document().report_at(written.span, message, "leave one of them out");
            }
            Ok(one) => attach.push((one, written.span)),
            Err(why) => {
                let help = "write \"pdf\" for the letter itself, or the name of a file beside its en.md; \"meeting.ics\" where it confirms a meeting";
                table.document().report_at(written.span, why, help);
            }
        }
    }
    let (attach, attached) = attach.into_iter().unzip();
    let places = Places {
        id: table.span_of("id"),
        letter: table.span_of("letter"),
        when: table.span_of("when"),
        follows: table.span_of("follows"),
        attached,
    };
    if only_if.is_some() && follows.is_none() && !table.has("follows") {
        table.wrong(
            "only_if",
            "`only_if` asks about answers to an earlier letter, and this step follows none",
            "add `follows = \"…\"` with the id of the earlier step",
        );
    }
    table.finish();
    if let (Some(id), true) = (&id, letter.is_none() || when.is_none()) {
        broken.insert(id.value.to_string());
    }
    let step = Step {
        id: id?.value,
        letter: letter?.value,
        when: when?,
        follows: follows.map(|at| at.value),
        only_if,
        late,
        late_by,
        give_up,
        if_provisional: if_provisional.unwrap_or(IfProvisional::Hold),
        attach,
    };
    Some((step, places))
}

/// What counts from dates and earlier letters means nothing to a letter that is due once a meeting is agreed.
fn no_place_beside_meetings(table: &Table<'_>) {
    for key in ["follows", "only_if", "if_provisional", "late", "late_by"].into_iter().filter(|key| table.has(key)) {
        table.wrong(
            key,
            format!("`{key}` has no place in a step that confirms meetings"),
            "leave it out: the letter is due once the meeting is agreed, and leaves before it begins or not at all",
        );
    }
}

fn attachment(written: &str) -> Result<Attach, String> {
    match written {
        INVITATION => Ok(Attach::Invitation),
        "pdf" if cfg!(feature = "pdf") => Ok(Attach::Letter),
        "pdf" => Err("this program was built without PDF".to_owned()),
        name => name.parse().map(Attach::File).map_err(|e: FileNameError| e.to_string()),
    }
}

fn when(table: &Table<'_>, states: &States) -> Option<When> {
    let when = written_when(table)?;
    if let MilestoneRef::UprReview(_, state) | MilestoneRef::UprNext(state) = &when.milestone
        && let Err(why) = states.known(state.as_str())
    {
        table.wrong("when", why, "write the three letters of the State under review, as in upr:31.CHN");
        return None;
    }
    Some(when)
}

fn written_when(table: &Table<'_>) -> Option<When> {
    const EXAMPLE: &str = "{ milestone = \"hrc:37.opens\", offset = \"-15 working days\", at = \"09:30\" }";
    if !table.has("when") {
        table.document().report_at(
            table.span(),
            "the step has no `when`, so no time",
            format!("add `when = {EXAMPLE}`"),
        );
        return None;
    }
    if table.is_text("when") {
        return table.read::<When>("when", "write it as in \"6 weeks before upr:31.CHN at 09:30\"").map(|at| at.value);
    }
    let inner = table.table("when")?;
    let milestone = inner.required::<MilestoneRef>("milestone", "\"hrc:37.opens\"");
    let offset = if inner.has("offset") {
        inner
            .read::<Offset>("offset", "write it as in \"-15 working days\", \"-6 weeks\" or \"0 days\"")
            .map(|at| at.value)
    } else {
        "0 days".parse().ok()
    };
    let at = inner.required::<TimeOfDay>("at", "\"09:30\"");
    inner.finish();
    Some(When { milestone: milestone?.value, offset: offset?, at: at?.value })
}

/// Keeps the first of each id and reports the others.
fn unique<T>(
    items: impl Iterator<Item = T>,
    id: impl Fn(&T) -> String,
    span: impl Fn(&T) -> Range<usize>,
    message_and_help: impl Fn(&str) -> (String, String),
    document: &Document<'_>,
) -> Vec<T> {
    let mut seen = std::collections::HashSet::new();
    let mut kept = Vec::new();
    for item in items {
        if seen.insert(id(&item)) {
            kept.push(item);
        } else {
            let (message, help) = message_and_help(&id(&item));
            document.report_at(span(&item), message, help);
        }
    }
    kept
}

fn two_ids(what: &str, id: &str) -> (String, String) {
    (format!("two {what} have the id `{id}`"), "give each an id of its own".to_owned())
}

/// A step follows one that stands before it; so there is no circle.
fn check_follows(steps: &[(Step, Places)], broken: &std::collections::HashSet<String>, document: &Document<'_>) {
    for (i, (step, places)) in steps.iter().enumerate() {
        let Some(follows) = &step.follows else { continue };
        if broken.contains(follows.as_str()) || steps[..i].iter().any(|(earlier, _)| earlier.id == *follows) {
            continue;
        }
        let help = if steps.iter().any(|(other, _)| other.id == *follows) {
            "put the step behind the one that it follows".to_owned()
        } else {
            match crate::vocabulary::hint::nearest(follows.as_str(), steps[..i].iter().map(|(s, _)| s.id.as_str())) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "name a step that stands earlier in the file".to_owned(),
            }
        };
        document.report_at(places.follows.clone(), format!("no earlier step has the id `{follows}`"), help);
    }
}

/// One step confirms meetings, and no other is called as its letters are.
fn check_meetings(steps: &[(Step, Places)], document: &Document<'_>) {
    let mut confirming = steps.iter().filter(|(step, _)| step.is_for_meetings());
    let Some((first, places)) = confirming.next() else { return };
    for (_, places) in confirming {
        let message = format!("the step `{}` confirms meetings already", first.id);
        document.report_at(places.when.clone(), message, "keep one of them: a meeting is confirmed once");
    }
    // Room for a meeting's number and the count of its moves.
    if first.confirmation(9_999_999, 99_999).is_err() {
        let help = "shorten it: its letters are called after it, with the meeting's number";
        document.report_at(places.id.clone(), format!("the name `{}` is too long here", first.id), help);
    }
    let one_meeting = |id: &StepId| {
        let number = id.as_str().strip_prefix(first.id.as_str()).and_then(|rest| rest.strip_prefix('-'));
        number.is_some_and(|number| number.parse::<i64>().is_ok())
    };
    let taken = |id: &StepId| first.confirms(id).is_some() || one_meeting(id);
    for (step, places) in steps.iter().filter(|(step, _)| taken(&step.id)) {
        let message = format!("`{}` is the name of a letter of the step `{}`", step.id, first.id);
        document.report_at(places.id.clone(), message, "give the step another name");
    }
}

fn check_approvers(approvers: &[Approver], basics: &Basics, document: &Document<'_>) {
    let organisations: std::collections::HashSet<&str> = approvers.iter().map(|a| a.organisation.as_str()).collect();
    let (wanted, span) = &basics.approvals;
    if organisations.len() < *wanted {
        document.report_at(
            span.clone(),
            format!(
                "{wanted} approvals are wanted, but the approvers come from {} organisation{}",
                organisations.len(),
                if organisations.len() == 1 { "" } else { "s" }
            ),
            "add an [[approver]] with name and organisation for each that is missing",
        );
    }
}

/// Named in help texts of the command line.
pub const FORMS: &str = MILESTONE_FORMS;
