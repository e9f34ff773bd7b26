//! Letters from their source to their bytes, as staff write them and as missions read them.
#![expect(clippy::unwrap_used, clippy::panic, reason = "the builders below belong to the tests")]

use std::collections::BTreeSet;

use demarche::adapters::mime::compose;
use demarche::adapters::render::{Frames, LetterSource, Press, Scope};
use demarche::campaign::states::Standing;
use demarche::campaign::{
    Ask, Audience, Campaign, Contact, Gender, Group, Mission, Post, Rank, Send, Signatory, State, States,
};
use demarche::config::forms::FORMS_OF_ADDRESS;
use demarche::config::source::Source;
use demarche::letters::facts::{CATALOGUE, MeetingFact, MilestoneFact, PreviousFact, ReviewFact, SessionFact};
use demarche::letters::letter::Rendered;
use demarche::letters::{Facts, FactsInput, Message};
use demarche::vocabulary::problem::Problem;
use demarche::vocabulary::{Day, Language, Zone};
use mail_parser::MessageParser;
use proptest::prelude::*;

// --- builders ---

fn frames() -> Frames {
    Frames::read(
        &Source::new("templates/frames/letter.html.hbs", include_str!("../templates/frames/letter.html.hbs")),
        &Source::new("templates/frames/letter.txt.hbs", include_str!("../templates/frames/letter.txt.hbs")),
    )
    .unwrap()
}

fn full_scope() -> Scope {
    let statements: BTreeSet<_> = ["hrc31-item2-2016-03-10".parse().unwrap()].into();
    Scope {
        target: true,
        session: true,
        review: true,
        review_of_state: true,
        previous: true,
        meeting: true,
        statements,
    }
}

fn letter(body: &str) -> String {
    format!("---\nsubject: A letter\n---\n{body}")
}

fn source(language: &str, text: &str) -> LetterSource {
    LetterSource {
        name: "joint-letter".parse().unwrap(),
        language: language.parse().unwrap(),
        source: Source::new(format!("templates/letters/joint-letter/{language}.md"), text),
    }
}

fn compile_in(language: &str, text: &str) -> Result<Press, Vec<Problem>> {
    Press::compile(&source(language, text), &frames(), &full_scope())
}

fn compile(text: &str) -> Press {
    compile_in("en", text).unwrap_or_else(|problems| panic!("{text}\n{problems:#?}"))
}

fn a_head() -> Contact {
    Contact {
        state: "FRA".parse().unwrap(),
        post: Post::Head,
        rank: Some(Rank::Ambassador),
        name: "Anne Personne".to_owned(),
        gender: Some(Gender::Female),
        email: Some("mission.france@geneva.example".parse().unwrap()),
        send: Send::To,
        language: None,
        as_of: "2018-01-10".parse().unwrap(),
        source: "invented".to_owned(),
        tags: Vec::new(),
        surname: None,
        salutation: None,
        closing: None,
        line: 2,
    }
}

fn state(code: &str, en: &str, official: &str, fr: &str, es: &str) -> State {
    State {
        code: code.parse().unwrap(),
        name_en: en.to_owned(),
        official_en: official.to_owned(),
        name_fr: fr.to_owned(),
        name_es: es.to_owned(),
        group: Some(Group::Weog),
        language: Language::ENGLISH,
        standing: Standing::Member,
    }
}

fn a_campaign() -> Campaign {
    let signatory = |name: &str, note: Option<&str>| Signatory { name: name.to_owned(), note: note.map(str::to_owned) };
    let ask = |id: &str, text: &str| Ask { id: id.parse().unwrap(), text: text.to_owned() };
    Campaign {
        id: "hrc37-china".parse().unwrap(),
        title: "Joint letter on the rollback of human rights in China".to_owned(),
        target: Some("CHN".parse().unwrap()),
        from: "The coalition <outreach@coalition.example>".parse().unwrap(),
        reply_to: None,
        zone: Zone::GENEVA,
        approvals: 2,
        audience: Audience::default(),
        may_name: Vec::new(),
        approvers: Vec::new(),
        signatories: vec![
            signatory("The Tibet Advocacy Coalition", Some("Including the International Tibet Network Secretariat")),
            signatory("PEN America", None),
            signatory("A & B <Rights>", Some("Formerly A")),
        ],
        asks: vec![
            ask("item4-statement", "Reaffirm the 2016 joint statement in the Item 4 general debate"),
            ask("release", "Call for the release of those detained"),
        ],
        steps: Vec::new(),
    }
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// Facts of one letter, changed by `change` before they are gathered.
fn facts_with(language: &str, head: Contact, change: impl FnOnce(&mut FactsInput<'_>, &mut Campaign)) -> Facts {
    let states = States::new(vec![
        state("FRA", "France", "French Republic", "France", "Francia"),
        state("CHN", "China", "People's Republic of China", "Chine", "China"),
    ]);
    let mission = Mission { state: head.state, contacts: vec![head] };
    let mut campaign = a_campaign();
    let base = a_campaign();
    let state = states.get("FRA".parse().unwrap()).unwrap();
    let mut input = FactsInput {
        campaign: &base,
        states: &states,
        state,
        mission: &mission,
        forms: &FORMS_OF_ADDRESS,
        language: language.parse().unwrap(),
        hrc_member: true,
        milestone: MilestoneFact { title: "37th session opens".to_owned(), date: day("2018-02-26") },
        session: Some(SessionFact { number: 37, opens: day("2018-02-26"), closes: day("2018-03-23") }),
        review: Some(ReviewFact { session: 31, state: Some("China".to_owned()), date: Some(day("2018-11-06")) }),
        previous: Some(PreviousFact { date: day("2018-02-05"), subject: "Joint letter".to_owned() }),
        meeting: Some(MeetingFact::new(
            "2018-02-20T09:00:00Z".parse().unwrap(),
            chrono::Duration::minutes(90),
            "Palais des Nations, bar Serpent",
            Some("The joint letter"),
            Zone::GENEVA,
        )),
        send_date: day("2018-02-05"),
        joined: vec!["hrc31-item2-2016-03-10".parse().unwrap()],
    };
    change(&mut input, &mut campaign);
    Facts::gather(FactsInput { campaign: &campaign, ..input }).unwrap()
}

fn facts(language: &str) -> Facts {
    facts_with(language, a_head(), |_, _| {})
}

fn rendered(body: &str) -> Rendered {
    compile(&letter(body)).render(&facts("en")).unwrap_or_else(|problems| panic!("{body}\n{problems:#?}"))
}

/// `file:line:column message | help`, as the screen shows it in essence.
fn shown(problems: &[Problem]) -> Vec<String> {
    problems
        .iter()
        .map(|p| {
            let at = p.place.as_ref().map(|at| format!("{}:{} ", at.line, at.column)).unwrap_or_default();
            format!("{at}{} | {}", p.message, p.help.as_deref().unwrap_or(""))
        })
        .collect()
}

fn mistakes(text: &str) -> Vec<String> {
    match compile_in("en", text) {
        Ok(_) => panic!("taken:\n{text}"),
        Err(problems) => shown(&problems),
    }
}

/// The letters and digits between `<body` and `</body>`, without elements and entities.
fn words_of_html(html: &str) -> String {
    let body = html.split_once("<body").unwrap().1.split_once('>').unwrap().1.split("</body>").next().unwrap();
    let mut text = String::new();
    let mut inside = false;
    for c in body.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            c if !inside => text.push(c),
            _ => {}
        }
    }
    for (entity, c) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&#x60;", "`"),
        ("&#x3D;", "="),
        ("&#123;", "{"),
        ("&#125;", "}"),
        ("&#92;", "\\"),
        ("&amp;", "&"),
    ] {
        text = text.replace(entity, c);
    }
    words(&text)
}

/// Letters and digits alone: where lines end differs, and some scripts have no spaces.
fn words(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

const SAMPLE: &str = r#"---
subject: Joint letter ahead of the {{ordinal session.number}} session of the Human Rights Council
---
{{salutation}}

We write ahead of the {{ordinal session.number}} session, which opens on **{{date session.opens}}**
in Geneva, to ask {{delegation.name}} to speak on {{target.name}}.

{{#if (joined "hrc31-item2-2016-03-10")}}
We recall with thanks that {{delegation.name}} joined the statement of 2016.
{{else}}
We hope that you will speak this time.
{{/if}}

We ask that you:

{{asks}}

> “Silence is no answer”, as [our report](https://www.coalition.example/report) says.

{{closing}}

{{signatories}}
"#;

// --- what a letter may hold ---

#[test]
fn what_many_take_for_markdown_is_refused_and_not_printed_as_it_stands() {
    for kind in ["| a | b |\n|---|---|\n| 1 | 2 |", "A note.[^1]\n\n[^1]: So.", "~~gone~~ words", "- [x] done"] {
        let problems = compile_in("en", &letter(&format!("{kind}\n\n{{{{closing}}}}\n"))).unwrap_err();
        assert!(problems[0].message.contains("no place in a letter"), "{kind}: {problems:#?}");
    }
}

// --- what a letter says ---

#[test]
fn a_letter_reads_as_it_was_written_with_its_facts_in_it() {
    let press = compile(SAMPLE);
    let letter = press.render(&facts("en")).unwrap();
    insta::assert_snapshot!("sample_text", letter.text);
    assert_eq!(letter.subject, "Joint letter ahead of the 37th session of the Human Rights Council");
    assert_eq!(words(&letter.text), words_of_html(&letter.html));
}

#[test]
fn the_bytes_of_a_letter_are_known_in_advance() {
    let letter = compile(SAMPLE).render(&facts("en")).unwrap();
    let message = Message {
        message_id: "hrc37-china.letter.fra.1@coalition.example".parse().unwrap(),
        in_reply_to: None,
        references: Vec::new(),
        from: "The coalition <outreach@coalition.example>".parse().unwrap(),
        reply_to: Some("outreach@coalition.example".parse().unwrap()),
        to: vec!["mission.france@geneva.example".parse().unwrap()],
        cc: vec!["hr.france@geneva.example".parse().unwrap()],
        subject: letter.subject,
        text: letter.text,
        html: letter.html,
        language: Language::ENGLISH,
        attachments: Vec::new(),
    };
    let bytes = compose(&message).unwrap();
    insta::assert_snapshot!("sample_eml", String::from_utf8(bytes).unwrap().replace("\r\n", "\n"));
}

#[test]
fn the_facts_are_exactly_those_of_the_catalogue() {
    fn paths(prefix: &str, value: &serde_json::Value, found: &mut BTreeSet<String>) {
        match value {
            serde_json::Value::Object(map) => {
                for (key, value) in map {
                    let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                    paths(&path, value, found);
                }
            }
            serde_json::Value::Null => panic!("{prefix} is null"),
            _ => {
                found.insert(prefix.to_owned());
            }
        }
    }
    let mut found = BTreeSet::new();
    let facts = facts("en");
    paths("", &serde_json::to_value(&facts).unwrap(), &mut found);
    paths("", &serde_json::to_value(facts.lists()).unwrap(), &mut found);
    let known: BTreeSet<String> =
        CATALOGUE.iter().map(|(name, _)| (*name).to_owned()).chain(["joined".to_owned()]).collect();
    assert_eq!(found, known);
}

#[test]
fn dates_ordinals_and_lists_speak_the_letter_s_language() {
    let body = letter(
        "{{date session.opens}}; {{ordinal session.number}}; {{ordinal 1 \"f\"}}; {{list asks}}; {{delegation.name}}.",
    );
    let text =
        |language| compile_in(language, &body).unwrap().render(&facts(language)).unwrap().text.replace('\n', " ");
    assert!(text("fr").starts_with("26 février 2018; 37e; 1re; "), "{}", text("fr"));
    assert!(text("es").starts_with("26 de febrero de 2018; 37.º; 1.ª; "), "{}", text("es"));
    assert!(text("es").contains("general debate y Call"), "{}", text("es"));
    assert!(text("es").ends_with("Francia. "), "{}", text("es"));
    let problems = shown(&compile_in("de", &body).unwrap_err());
    assert_eq!(problems.len(), 4, "{problems:#?}");
    assert!(problems[0].contains("not known in the language `de`"), "{problems:#?}");
}

#[test]
fn a_block_on_lines_of_its_own_wraps_paragraphs_and_leaves_nothing_behind() {
    let body = "One.\n\n{{#if (not delegation.hrc_member)}}\nTwo.\n\nThree.\n{{/if}}\n\nFour.\n\n{{#if (eq delegation.group \"grulac\")}}Five.{{/if}}\n\n{{#if previous.date}}Six.{{else}}Seven.{{/if}}";
    let letter = rendered(body);
    assert_eq!(letter.text, "One.\n\nFour.\n\nSix.\n");
    assert_eq!(letter.html.matches("<p ").count(), 3, "{}", letter.html);
}

#[test]
fn a_list_with_a_condition_in_it_stays_one_list() {
    let letter = rendered("- one\n{{#if head.name}}\n- two\n{{/if}}\n- three\n\nEnd.");
    assert_eq!(letter.text, "- one\n- two\n- three\n\nEnd.\n");
    assert_eq!(letter.html.matches("<ul").count(), 1, "{}", letter.html);
    let letter = rendered("{{#each asks}}\n- {{this.text}}{{#unless @last}};{{/unless}}\n{{/each}}");
    assert_eq!(letter.html.matches("<ul").count(), 1, "{}", letter.html);
    assert_eq!(letter.html.matches("<li>").count(), 2, "{}", letter.html);
    assert!(letter.text.starts_with("- Reaffirm"), "{}", letter.text);
}

#[test]
fn every_kind_of_markdown_has_a_plain_text_form() {
    let body = "# Heading *one*\n\nHard  \nbreak\\\nhere.\n\n1. first\n2. second\n   - inner\n\n   more\n\n> quote\n>\n> {{#if head.name}}\n> again\n> {{/if}}\n\n---\n\n<https://a.example/b> and [mail](mailto:x@y.example) and <z@y.example>.\n\n4\\. \\{ \\} \\\\";
    let letter = rendered(body);
    insta::assert_snapshot!("kinds_of_markdown", letter.text);
    // Only the text part spells the numbers of a list out.
    let unnumbered = letter.text.replace("1. ", "").replace("2. ", "");
    assert_eq!(words(&unnumbered), words_of_html(&letter.html));
}

// --- what is refused, and where ---

#[test]
fn an_unknown_name_is_an_error_with_its_place_and_the_nearest_known_name() {
    let text =
        letter("Dear {{delegaton.name}},\n\n{{#if hed.name}}x{{/if}} {{#each ask}}{{/each}} {{dat session.opens}}\n");
    assert_eq!(
        mistakes(&text),
        [
            "4:8 there is no fact `delegaton.name` | did you mean `delegation.name`?",
            "6:7 there is no fact `hed.name` | did you mean `head.name`?",
            "6:34 there is no fact `ask` | did you mean `asks`?",
            "6:51 there is no helper `dat` | did you mean `date`?",
        ]
    );
}

#[test]
fn all_that_is_wrong_is_shown_at_once_in_the_order_of_the_lines() {
    let text = "---\nsubjet: x\n---\nA <b>word</b>, {{{salutation}}}, {{session.opens}} and `code`.\n\n![x](https://a.example/b.png)\n\n{{#if (joined \"hrc31-item2\")}}\nTODO\n";
    insta::assert_snapshot!("all_at_once", mistakes(text).join("\n"));
}

#[test]
fn a_bare_date_says_how_to_write_it() {
    assert_eq!(
        mistakes(&letter("On {{session.opens}}.")),
        ["4:6 `session.opens` is a date: bare, it would be printed as 2018-02-26 | write {{date session.opens}}"]
    );
}

#[test]
fn what_this_step_cannot_know_is_an_error_even_inside_a_condition() {
    let scope = Scope::default();
    let text = letter("{{#if previous.date}}x{{/if}} {{ordinal session.number}} {{date review.date}} {{target.name}}");
    let problems = Press::compile(&source("en", &text), &frames(), &scope).unwrap_err();
    assert_eq!(problems.len(), 4, "{:#?}", shown(&problems));
    assert!(shown(&problems)[1].contains("hrc:N.opens"), "{:#?}", shown(&problems));
}

#[test]
fn every_way_around_the_checks_is_refused() {
    for body in [
        "`{{salutation}}`",
        "    {{salutation}}",
        "```\n{{salutation}}\n```",
        "[x](https://a.example/{{delegation.code}})",
        "[x](javascript:alert)",
        "[x](data:text/html,hi)",
        "[x](//a.example)",
        "[x](https://a.example \"title\")",
        "<script>alert(1)</script>",
        "<div>\nx\n</div>",
        "a <!-- b --> c",
        "![x](https://a.example/x.png)",
        "see {{asks}} there",
        "a\n\n[x]: https://a.example/{{head.name}}\n",
        "a &#xF0000; {{salutation}}",
        "a &#xF8F0; b",
        "a &#10; b",
        "a &#x202E; b",
        "[x](https://a.example/&#xF8F0;)",
        "- {{signatories}}",
        "- Dear [NAME],",
        "*{{#if head.name}}a* b{{/if}}",
        "- a {{#if head.name}}\n- b {{/if}}",
        "{{#if head.name}}\n\n- a\n\n  {{/if}}\n",
        "{{#if head.name}}a",
        "a{{/if}}",
        "a {{else}} b",
        "{{#if head.name}}a{{else}}b{{else}}c{{/if}}",
        "{{#if head.name}}a{{/each}}",
        "{{#each asks}}{{#each signatories}}x{{/each}}{{/each}}",
        "{{#each asks}}{{this.name}}{{/each}}",
        "{{#with head}}x{{/with}}",
        "{{lookup delegation \"name\"}}",
        "{{log salutation}}",
        "{{put 1 salutation}}",
        "{{@root.salutation}}",
        "{{../salutation}}",
        "{{this}}",
        "{{delegation}}",
        "{{delegation.hrc_member}}",
        "{{joined \"hrc31-item2-2016-03-10\"}}",
        "{{#if (eq delegation.group \"wog\")}}a{{/if}}",
        "{{#if (eq delegation.group)}}a{{/if}}",
        "{{#if (and head.name)}}a{{/if}}",
        "{{#if (date send_date)}}a{{/if}}",
        "{{date delegation.name}}",
        "{{ordinal send_date}}",
        "{{date send_date \"x\"}}",
        "{{list head.name}}",
        "{{\"text\"}}",
        "\u{e000}",
        "\u{f0000}",
        "a\u{202e}b",
        "a\u{0}b",
        "a\rb",
        "Dear [NAME],",
        "on XXX",
        "",
        "{{! only a note }}",
    ] {
        let result = compile_in("en", &letter(body));
        assert!(result.is_err(), "taken: {body:?}");
    }
}

#[test]
fn a_fact_that_is_not_known_stops_the_letter_and_is_named_at_its_tag() {
    let press = compile(&letter("Dear {{head.surname}}, {{head.title}}\n"));
    let nameless = Contact { name: String::new(), ..a_head() };
    let problems = press.render(&facts_with("en", nameless.clone(), |_, _| {})).unwrap_err();
    assert_eq!(
        shown(&problems),
        [
            "4:6 `head.surname` is not known for this delegation | fill it in, or write {{#if head.surname}} … {{/if}} around it",
            "4:24 `head.title` is not known for this delegation | fill it in, or write {{#if head.title}} … {{/if}} around it",
        ]
    );
    let press = compile(&letter("Dear {{#if head.name}}{{head.surname}}{{else}}colleague{{/if}},\n"));
    assert_eq!(press.render(&facts_with("en", nameless, |_, _| {})).unwrap().text, "Dear colleague,\n");
}

#[test]
fn an_empty_fact_or_list_stops_the_letter() {
    let press = compile(&letter("On {{campaign.title}}.\n\n{{asks}}\n"));
    let empty = facts_with("en", a_head(), |_, campaign| {
        campaign.title = " ".to_owned();
        campaign.asks.clear();
    });
    let problems = shown(&press.render(&empty).unwrap_err());
    assert!(problems[0].starts_with("4:4 `campaign.title` is empty"), "{problems:#?}");
    assert!(problems[1].starts_with("6:1 `asks` is empty"), "{problems:#?}");
    let guarded = compile(&letter("Hello.\n\n{{#if asks}}\n{{asks}}\n{{/if}}\n"));
    assert_eq!(guarded.render(&empty).unwrap().text, "Hello.\n");
}

#[test]
fn a_hole_between_two_conditions_stops_the_letter() {
    let press = compile(&letter("We ask {{#unless head.name}}you{{/unless}} to join.\n"));
    let problems = shown(&press.render(&facts("en")).unwrap_err());
    assert!(problems[0].contains("two spaces in a row"), "{problems:#?}");
}

#[test]
fn a_subject_is_one_line_that_mail_programs_can_show() {
    let long = facts_with("en", a_head(), |_, campaign| campaign.title = "word ".repeat(60));
    let press = compile("---\nsubject: \"{{campaign.title}}\"\n---\nHello.");
    assert!(press.render(&long).is_err());
    let broken = facts_with("en", a_head(), |_, campaign| campaign.title = "one\r\nBcc: two".to_owned());
    assert_eq!(press.render(&broken).unwrap().subject, "one Bcc: two");
}

#[test]
fn a_frame_holds_no_words_and_loads_nothing() {
    let text = Source::new("letter.txt.hbs", "{{{body}}}\n");
    for html in [
        "<p>{{{body}}}",
        "{{{body}}} Sent by us",
        "{{{body}}}{{{body}}}",
        "{{body}}",
        "<img src=x>{{{body}}}",
        "{{{body}}}{{> x}}",
        "<style>@import url(https://x.example)</style>{{{body}}}",
    ] {
        let read = Frames::read(&Source::new("letter.html.hbs", html), &text);
        assert_eq!(read.is_ok(), html == "<p>{{{body}}}", "{html}");
    }
}

#[test]
fn a_note_between_the_lines_is_not_printed_and_splits_nothing() {
    assert_eq!(
        rendered("One\n{{! ask Geneva: TODO }}\ntwo.\n\n{{!-- {{x}} --}}\n\nThree.").text,
        "One two.\n\nThree.\n"
    );
}

#[test]
fn nesting_without_end_is_refused_and_nothing_overflows() {
    for body in [">".repeat(20_000), "* ".repeat(3_000), "*a **b ".repeat(3_000) + &"c** d* ".repeat(3_000)] {
        let _either_is_fine = compile_in("en", &letter(&format!("{body}x")));
    }
    let problems = compile_in("en", &letter(&format!("{} x", "> ".repeat(100)))).unwrap_err();
    assert!(shown(&problems)[0].contains("nested too deeply"), "{problems:#?}");
}

#[test]
fn one_press_serves_many_threads() {
    fn shared<T: Sync + std::marker::Send>(_: &T) {}
    shared(&compile(SAMPLE));
}

// --- languages and scripts ---

#[test]
fn no_line_of_a_french_letter_begins_with_what_closes_the_one_before() {
    let body = "Nous demandons ceci à votre délégation, comme nous l'avons écrit dans « {{previous.subject}} » : *répondre ; agir* ! ";
    let letter = compile_in("fr", &letter(&body.repeat(4))).unwrap().render(&facts("fr")).unwrap();
    assert!(letter.text.contains("«\u{A0}Joint letter\u{A0}»\u{A0}: répondre\u{A0}; agir\u{A0}!"), "{}", letter.text);
    assert!(letter.text.lines().all(|line| !line.starts_with([':', ';', '»', '!'])), "{}", letter.text);
    assert_eq!(words(&letter.text), words_of_html(&letter.html));
}

#[test]
fn a_name_in_arabic_or_chinese_stands_whole_in_text_and_html() {
    for (name, html) in [
        ("فاطمة الزهراء 7", "<bdi>فاطمة الزهراء 7</bdi>"),
        ("שרה (Sara) כהן", "<bdi>שרה (Sara) כהן</bdi>"),
        ("刘晓波 Liu Xiaobo", "刘晓波 Liu Xiaobo"),
    ] {
        let head = Contact { name: name.to_owned(), ..a_head() };
        let press = compile(&letter("To {{head.name}}, in Geneva.\n\n- {{head.envelope}}\n"));
        let letter = press.render(&facts_with("en", head.clone(), |_, _| {})).unwrap();
        assert!(letter.text.starts_with(&format!("To {name}, in Geneva.\n")), "{}", letter.text);
        assert!(!letter.text.contains(['\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}', '\u{200F}']), "{}", letter.text);
        assert!(letter.html.contains(&format!(">To {html}, in Geneva.<")), "{}", letter.html);
        assert_eq!(words(&letter.text), words_of_html(&letter.html));
        let subject =
            compile("---\nsubject: For {{head.name}}\n---\nHello.").render(&facts_with("en", head, |_, _| {})).unwrap();
        assert!(subject.html.contains(&format!("<title>For {name}</title>")), "{}", subject.html);
    }
}

#[test]
fn a_letter_in_arabic_runs_from_right_to_left_with_its_latin_names_set_apart() {
    let body = "{{salutation}}\n\nنكتب إليكم، {{head.name}}، قبل الدورة {{session.number}}.\n\n- نطلب\n\n> اقتباس\n\n{{signatories}}\n";
    let letter = compile_in("ar", &letter(body)).unwrap().render(&facts("ar")).unwrap();
    assert!(letter.html.contains("<html lang=\"ar\" dir=\"rtl\">"), "{}", letter.html);
    assert!(
        letter.html.contains("<bdi>Anne Personne</bdi>،") && letter.html.contains("<bdi>Excellency,</bdi>"),
        "{}",
        letter.html
    );
    assert!(letter.html.contains("padding:0 1.5em 0 0") && letter.html.contains("border-right"), "{}", letter.html);
    assert!(letter.text.contains("نكتب إليكم، Anne Personne، قبل الدورة 37."), "{}", letter.text);
    assert_eq!(words(&letter.text), words_of_html(&letter.html));
}

// --- what a contact's name can do ---

#[test]
fn a_hostile_name_injects_nothing_anywhere() {
    let hostile = "[click](http://evil.example) *x* <script>alert(1)</script> {{subject}} \r\nBcc: x # h";
    let head = Contact { name: hostile.to_owned(), surname: Some(hostile.to_owned()), ..a_head() };
    let press = compile(
        "---\nsubject: For {{head.name}}\n---\n{{head.name}}\n\n- {{head.surname}}\n\n# {{head.envelope}}\n\n[{{head.name}}](https://a.example)\n",
    );
    let result = press.render(&facts_with("en", head, |_, _| {}));
    // Braces in a name are a hole: the letter does not leave at all.
    assert!(shown(&result.unwrap_err()).iter().any(|p| p.contains("braces")));

    let hostile = hostile.replace("{{subject}}", "{subject}");
    let head = Contact { name: hostile.clone(), surname: Some(hostile.clone()), ..a_head() };
    let letter = press.render(&facts_with("en", head, |_, _| {})).unwrap();
    let flat = hostile.replace(" \r\n", " ");
    assert_eq!(letter.subject, format!("For {flat}"));
    assert!(letter.text.replace("\n  ", " ").replace('\n', " ").contains(&flat), "{}", letter.text);
    assert!(!letter.html.contains("<script"), "{}", letter.html);
    assert!(!letter.html.contains("href=\"http://evil"), "{}", letter.html);
    assert!(letter.html.contains("[click](http://evil.example) *x* &lt;script&gt;"), "{}", letter.html);
    assert_eq!(words(&letter.text), words_of_html(&letter.html));
}

fn plain_words() -> impl Strategy<Value = String> {
    proptest::collection::vec("[a-zA-Z0-9éßя人*_<>&\"'`#+.!:()~=-]{1,12}", 1..8).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_name_holds_text_and_html_have_the_same_words_and_no_elements_of_its_own(name in "[^\\p{C}]{1,80}") {
        let head = Contact { name: name.clone(), ..a_head() };
        let press = compile(&letter("{{#if head.name}}\n**Dear** {{head.name}},\n{{/if}}\n\n*End* of letter"));
        let calm = press.render(&facts("en")).unwrap().html.matches('<').count();
        if let Ok(letter) = press.render(&facts_with("en", head, |_, _| {})) {
            prop_assert_eq!(words(&letter.text), words_of_html(&letter.html));
            // What sets a name of another direction apart is ours.
            let found = letter.html.replace("<bdi>", "").replace("</bdi>", "").matches('<').count();
            prop_assert!(found == calm || name.trim().is_empty(), "{}", letter.html);
        }
    }

    #[test]
    fn whatever_markdown_is_written_text_and_html_have_the_same_words(
        paragraphs in proptest::collection::vec(plain_words(), 1..6),
    ) {
        let body = paragraphs.join("\n\n");
        if let Ok(press) = compile_in("en", &letter(&body)) && let Ok(letter) = press.render(&facts("en")) {
            // Numbers of lists are words in the text part only.
            let numbered = letter.html.contains("<ol");
            prop_assert!(numbered || words(&letter.text) == words_of_html(&letter.html), "{}\n{}\n{}", body, letter.text, letter.html);
            prop_assert!(letter.text.lines().all(|line| line.chars().count() <= 72 || !line.contains(' ')), "{}", letter.text);
        }
    }

    #[test]
    fn no_source_whatever_makes_the_press_panic(text in "(---\nsubject: [^\n]{0,40}\n---\n)?([-a-z{}#/>*_\\[\\]()!~`\"' \n.]|\\{\\{(#if|/if|else|asks|salutation|#each asks|/each)[ }]\\}?){0,120}") {
        if let Ok(press) = compile_in("en", &text) {
            let _either_is_fine = press.render(&facts("en"));
        }
    }

    #[test]
    fn any_letter_reads_back_from_its_bytes(name in "[^\\p{C}@<>]{1,60}") {
        let head = Contact { name, ..a_head() };
        if let Ok(letter) = compile(SAMPLE).render(&facts_with("en", head, |_, _| {})) {
            let message = Message {
                message_id: "a@coalition.example".parse().unwrap(),
                in_reply_to: None,
                references: Vec::new(),
                from: "outreach@coalition.example".parse().unwrap(),
                reply_to: None,
                to: vec!["mission.france@geneva.example".parse().unwrap()],
                cc: Vec::new(),
                subject: letter.subject.clone(),
                text: letter.text.clone(),
                html: letter.html.clone(),
                language: Language::ENGLISH,
                attachments: Vec::new(),
            };
            let bytes = compose(&message).unwrap();
            let read = MessageParser::default().parse(&bytes).unwrap();
            prop_assert_eq!(read.subject().unwrap(), letter.subject);
            prop_assert_eq!(read.body_text(0).unwrap().replace("\r\n", "\n"), letter.text);
            prop_assert_eq!(read.body_html(0).unwrap().replace("\r\n", "\n"), letter.html);
        }
    }
}
