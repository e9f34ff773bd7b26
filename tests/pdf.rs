//! The letter as a mission prints it: the same words, the same bytes, readable by everybody for as long as paper is.
#![cfg(feature = "pdf")]
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "the builders below belong to the tests")]

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::process::Command;

use demarche::adapters::workspace;
use demarche::config::workspace::{Snapshot, Workspace};
use demarche::steps::draft::{Drafted, Drafting, Letter, Pdf, Wanted, draft_only};
use demarche::vocabulary::problem::Problem;
use demarche::vocabulary::{DispatchId, safe_text};
use mail_parser::{MessageParser, MimeHeaders as _};

/// Where Debian puts the Noto fonts.
const NOTO: &str = "/usr/share/fonts/truetype/noto";
const NOTO_CJK: &str = "/usr/share/fonts/opentype/noto";

// --- builders ---

fn example() -> Snapshot {
    workspace::read(Path::new(env!("CARGO_MANIFEST_DIR")))
}

/// The example's workspace with some of its files changed.
fn with(edit: impl FnOnce(&mut BTreeMap<String, Vec<u8>>)) -> Workspace {
    let mut snapshot = example();
    edit(&mut snapshot.files);
    let workspace = Workspace::read(snapshot, "2026-11-23".parse().unwrap());
    let errors: Vec<&Problem> = workspace.problems.iter().filter(|p| p.is_error()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    workspace
}

fn replace(files: &mut BTreeMap<String, Vec<u8>>, file: &str, from: &str, to: &str) {
    let text = String::from_utf8(files[file].clone()).unwrap();
    assert!(text.contains(from), "{from:?} is not in {file}");
    files.insert(file.to_owned(), text.replacen(from, to, 1).into_bytes());
}

/// The first letter of the example to one State.
fn letter_to(workspace: &Workspace, state: &str) -> Result<Letter, Vec<Problem>> {
    let file = &workspace.campaigns[0];
    let wanted_id: DispatchId = format!("hrc37-china/letter/{state}").parse().unwrap();
    let wanted = |id: &DispatchId| *id == wanted_id;
    let drafting = Drafting {
        workspace,
        file,
        secret: "a secret",
        fixed: &BTreeMap::new(),
        meetings: &[],
        overrides: &HashMap::new(),
    };
    let mut letters = Vec::new();
    let Drafted { problems, .. } =
        draft_only(&drafting, &Wanted { only: Some(&wanted), pdf: Pdf::All }, |letter| letters.push(letter));
    letters.pop().ok_or_else(|| problems.into_iter().filter(Problem::is_error).collect())
}

fn pdf_to(workspace: &Workspace, state: &str) -> Vec<u8> {
    letter_to(workspace, state).unwrap_or_else(|problems| panic!("{problems:#?}")).pdf.unwrap()
}

fn refusal(workspace: &Workspace, state: &str) -> Problem {
    match letter_to(workspace, state) {
        Ok(_) => panic!("the letter was printed"),
        Err(mut problems) => problems.remove(0),
    }
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

const FRAME: &str = "templates/frames/letter.typ";
const ENGLISH: &str = "templates/letters/joint-letter/en.md";
const CONTACTS: &str = "config/contacts.csv";
const SETTINGS: &str = "config/demarche.toml";

/// Sweden's head of mission under another name.
fn named(files: &mut BTreeMap<String, Vec<u8>>, name: &str) {
    let text = String::from_utf8(files[CONTACTS].clone()).unwrap();
    let row = text.lines().find(|line| line.starts_with("SWE,head")).unwrap().to_owned();
    let cells: Vec<&str> = row.split(',').collect();
    let mut renamed = cells.clone();
    renamed[3] = name;
    replace(files, CONTACTS, &row, &renamed.join(","));
}

fn fonts(files: &mut BTreeMap<String, Vec<u8>>, folder: &str) {
    let setting = format!("[letters]\nfonts = \"{folder}\"\n");
    replace(files, SETTINGS, "[letters]\n", &setting);
}

/// `false`, said aloud, where a program or a font is missing that the pipeline brings.
fn there(what: &str, found: bool) -> bool {
    if !found {
        assert!(std::env::var_os("CI").is_none(), "{what} is missing, and the pipeline must bring it");
        eprintln!("skipped: {what} is missing");
    }
    found
}

// --- what a mission gets ---

#[test]
fn the_message_takes_the_printed_letter_along_under_a_sensible_name() {
    let workspace = with(|_| {});
    let letter = letter_to(&workspace, "SWE").unwrap();
    let read = MessageParser::default().parse(&letter.draft.message).unwrap();
    let attached: Vec<_> = read.attachments().collect();
    assert_eq!(attached.len(), 1);
    assert_eq!(attached[0].attachment_name(), Some("2018-02-05-hrc37-china-letter-SWE.pdf"));
    assert_eq!(attached[0].content_type().unwrap().ctype(), "application");
    assert_eq!(attached[0].contents(), letter.pdf.as_deref().unwrap());
    assert_eq!(read.body_text(0).unwrap().replace("\r\n", "\n"), letter.rendered.text);
    assert_eq!(read.body_html(0).unwrap().replace("\r\n", "\n"), letter.rendered.html);
}

#[test]
fn equal_input_gives_equal_bytes_and_another_delegation_other_ones() {
    let workspace = with(|_| {});
    let first = pdf_to(&workspace, "SWE");
    assert_eq!(first, pdf_to(&with(|_| {}), "SWE"));
    assert_ne!(first, pdf_to(&workspace, "NOR"));
}

#[test]
fn the_pdf_is_tagged_archival_and_dated_on_the_due_day() {
    let pdf = pdf_to(&with(|_| {}), "FRA");
    for mark in [
        "<pdfaid:part>2<",
        "<pdfaid:conformance>A<",
        "<pdfuaid:part>1<",
        "<xmp:CreateDate>2018-02-05T08:30:00+00:00<",
        "<dc:language><rdf:Bag><rdf:li>fr<",
    ] {
        assert!(holds(&pdf, mark), "{mark}");
    }
    for machine in ["Typst", "demarche", env!("CARGO_MANIFEST_DIR")] {
        assert!(!holds(&pdf, machine), "{machine} is nobody's business");
    }
}

#[test]
fn another_program_reads_the_same_words_from_the_pages() {
    if !there("pdftotext", Command::new("pdftotext").arg("-v").output().is_ok()) {
        return;
    }
    let workspace = with(|_| {});
    let folder = tempfile::tempdir().unwrap();
    for state in ["SWE", "FRA", "ESP", "USA", "VAT"] {
        let Ok(letter) = letter_to(&workspace, state) else { continue };
        let path = folder.path().join("letter.pdf");
        std::fs::write(&path, letter.pdf.unwrap()).unwrap();
        let read = Command::new("pdftotext").args(["-enc", "UTF-8"]).arg(&path).arg("-").output().unwrap();
        let read = String::from_utf8(read.stdout).unwrap();
        let bare = |text: &str| -> String {
            text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '*' | '•' | '>')).collect()
        };
        let pages: Vec<&str> = read.trim_end_matches('\u{c}').split('\u{c}').collect();
        let number_of = |page: usize| format!("{}/{}", page + 1, pages.len());
        let pages = pages.iter().enumerate().map(|(i, page)| bare(page).trim_end_matches(&number_of(i)).to_owned());
        let printed = pages.collect::<String>();
        let text = bare(&letter.rendered.text);
        assert!(printed.ends_with(&text), "{state}\n{text}\n{printed}");
        assert!(printed.len() > text.len(), "letterhead and inside address stand above it");
    }
}

#[test]
fn nothing_that_a_name_holds_is_read_as_typesetting() {
    let name = "#read(\"/etc/passwd\") *b* $x$ y \\";
    let workspace = with(|files| named(files, &format!("\"{}\"", name.replace('"', "\"\""))));
    match letter_to(&workspace, "SWE") {
        // The words are compared on every letter, so that it was printed says that it was printed as it is.
        Ok(letter) => assert!(letter.pdf.is_some()),
        Err(problems) => panic!("{problems:#?}"),
    }
}

// --- every kind of Markdown, in all three forms ---

#[test]
fn every_kind_of_markdown_says_the_same_in_all_three_forms() {
    let kinds = "# A heading\n\n### A lower one\n\n\
        A [link](https://coalition.example/a?b=c&d=e), <https://coalition.example/>, *so*, **strong** and a  \nbreak.\n\n\
        1. one\n2. two\n   - inner {{delegation.name}}\n\n     with a paragraph\n3. three\n\n\
        7. seven\n8. eight\n\n> quoted, “so”\n>\n> twice\n\n---\n\n\
        {{#if delegation.hrc_member}}A member.{{else}}No member.{{/if}} { braces } \\\\ and \"quotes\" & <b> 'so'\n\n\
        {{#if (joined \"hrc31-item2-2016-03-10\")}}\n- joined\n{{/if}}\n- bullet\n\n\
        {{#each signatories}}\n- {{name}}\n{{/each}}\n\n{{closing}}\n\n{{signatories}}\n\nP.S. After the notes.";
    let text = format!(
        "---\nsubject: \"Kinds & {{{{delegation.name}}}}\"\n---\n{{{{salutation}}}}\n\n{}\n",
        kinds.replace("<b>", "\\<b\\>")
    );
    let workspace = with(|files| drop(files.insert(ENGLISH.to_owned(), text.into_bytes())));
    for state in ["SWE", "USA", "THA"] {
        let letter = letter_to(&workspace, state).unwrap_or_else(|problems| panic!("{problems:#?}"));
        assert!(letter.rendered.text.contains("P.S. After the notes."));
    }
}

#[test]
fn a_note_that_would_go_on_over_the_page_stays_whole() {
    let note = format!("Including {}end", "this and that member, ".repeat(30));
    for lines in 14..26 {
        let text = format!(
            "---\nsubject: Notes\n---\n{{{{salutation}}}}\n\n{}{{{{closing}}}}\n\n{{{{signatories}}}}\n",
            "A line.\n\n".repeat(lines)
        );
        let workspace = with(|files| {
            files.insert(ENGLISH.to_owned(), text.into_bytes());
            let campaign = "config/campaigns/hrc37-china.toml";
            let named = "name = \"Christian Solidarity Worldwide\"\n";
            replace(files, campaign, named, &format!("{named}note = \"{note}\"\n"));
        });
        assert!(!pdf_to(&workspace, "SWE").is_empty());
    }
}

#[test]
fn words_that_no_line_can_hold_break_and_none_runs_off_the_page() {
    let long = format!("https://coalition.example/{}", "a".repeat(200));
    let text = format!(
        "---\nsubject: Long\n---\n{{{{salutation}}}}\n\nSee <{long}>.\n\n{{{{closing}}}}\n\n{{{{signatories}}}}\n"
    );
    let workspace = with(|files| drop(files.insert(ENGLISH.to_owned(), text.into_bytes())));
    assert!(!pdf_to(&workspace, "SWE").is_empty());
    let workspace = with(|files| replace(files, FRAME, "  body\n", "  pad(left: 12cm, right: -20cm, body)\n"));
    let problem = refusal(&workspace, "SWE");
    assert!(problem.message.contains("runs off the page"), "{}", problem.message);
}

// --- scripts ---

#[test]
fn a_name_that_no_font_can_show_is_an_error_that_names_the_character() {
    for (name, wanted) in [("王全璋", "“王” (U+738B)"), ("أحمد", "U+0623")] {
        let problem = refusal(&with(|files| named(files, name)), "SWE");
        assert!(problem.message.contains(wanted), "{}", problem.message);
        assert!(problem.help.unwrap().contains("[letters] fonts"));
    }
}

#[test]
fn greek_cyrillic_and_latin_names_need_no_font_of_ones_own() {
    for name in ["Владимир Ковальчук", "Ελένη Παπαδοπούλου", "Þórður Ægisson", "Nguyễn Thị Minh", "Łucja Żółć-Őry"]
    {
        assert!(!pdf_to(&with(|files| named(files, name)), "SWE").is_empty());
    }
}

#[test]
fn an_arabic_and_a_chinese_name_are_printed_with_fonts_from_the_folder() {
    if !there("the Noto fonts", Path::new(NOTO).is_dir() && Path::new(NOTO_CJK).is_dir()) {
        return;
    }
    for (name, folder) in [("أحمد بن سالم", NOTO), ("王全璋", NOTO_CJK)] {
        let workspace = with(|files| {
            named(files, name);
            fonts(files, folder);
        });
        let letter = letter_to(&workspace, "SWE").unwrap_or_else(|problems| panic!("{problems:#?}"));
        assert!(holds(&letter.pdf.unwrap(), "Noto"));
    }
}

#[test]
fn a_whole_letter_in_arabic_is_printed_from_right_to_left() {
    if !there("the Noto fonts", Path::new(NOTO).is_dir()) {
        return;
    }
    let text = "---\nsubject: رسالة مشتركة عن الصين 2018\n---\n{{salutation}}\n\nنكتب إليكم قبل الدورة {{session.number}} لمجلس حقوق الإنسان (جنيف)، بشأن Wang Quanzhang و <https://coalition.example/>.\n\n- أولا\n- ثانيا\n\n{{closing}}\n\n{{signatories}}\n";
    let workspace = with(|files| {
        files.insert("templates/letters/joint-letter/ar.md".to_owned(), text.as_bytes().to_vec());
        fonts(files, NOTO);
        let row = "EGY,mission,,,,mission.egypt.ar@geneva.example,to,ar,2026-11-05,invented,,\n";
        let mut list = String::from_utf8(files[CONTACTS].clone()).unwrap();
        list = list.lines().filter(|line| !line.starts_with("EGY,")).map(|line| format!("{line}\n")).collect();
        list.push_str(row);
        files.insert(CONTACTS.to_owned(), list.into_bytes());
    });
    let letter = letter_to(&workspace, "EGY").unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert!(letter.rendered.html.contains("dir=\"rtl\""));
    assert!(holds(&letter.pdf.unwrap(), "<rdf:li>ar<"));
    assert!(!safe_text::line(&letter.rendered.subject).is_empty());
}

#[test]
fn a_folder_of_fonts_that_is_not_there_is_named() {
    let workspace = with(|files| {
        named(files, "王全璋");
        fonts(files, "no-such-folder");
    });
    let problem = refusal(&workspace, "SWE");
    assert!(problem.message.contains("no-such-folder"), "{}", problem.message);
}

// --- the frame ---

#[test]
fn a_frame_with_words_of_its_own_is_refused() {
    let workspace = with(|files| replace(files, FRAME, "  body\n", "  body\n  [Norway]\n"));
    let problem = refusal(&workspace, "SWE");
    assert!(problem.message.contains("prints “Norway”"), "{}", problem.message);
}

#[test]
fn a_frame_that_drops_the_address_the_date_or_the_letter_is_refused() {
    for (line, wanted) in [
        ("  par(sheet.inside.join(linebreak()))\n", "does not print “"),
        ("  align(end, sheet.date)\n", "does not print “5 February 2018”"),
        ("  body\n", "do not say the same"),
    ] {
        let workspace = with(|files| replace(files, FRAME, line, ""));
        let problem = refusal(&workspace, "SWE");
        assert!(
            problem.message.contains(wanted) || problem.message.contains("does not print the letter"),
            "{}",
            problem.message
        );
    }
}

#[test]
fn a_mistake_in_the_frame_is_shown_at_its_place() {
    let workspace = with(|files| replace(files, FRAME, "sheet.date", "sheet.day"));
    let problem = refusal(&workspace, "SWE");
    let place = problem.place.unwrap();
    assert_eq!(place.file, FRAME);
    assert!(place.line > 10 && problem.message.contains("day"), "{}", problem.message);
}

#[test]
fn a_frame_reaches_neither_files_nor_packages() {
    for reach in
        ["read(\"/etc/passwd\")", "read(\"/letter.json\") + image(\"/x.png\")", "{ import \"@preview/tiaoma:0.3.0\" }"]
    {
        let workspace = with(|files| replace(files, FRAME, "  body\n", &format!("  body\n  {reach}\n")));
        let problem = refusal(&workspace, "SWE");
        assert!(
            problem.message.contains("cannot be printed") || problem.message.contains("prints “"),
            "{}",
            problem.message
        );
    }
}

#[test]
fn a_frame_that_never_ends_is_stopped() {
    let workspace = with(|files| replace(files, FRAME, "  body\n", "  while true { [a] }\n  body\n"));
    assert!(refusal(&workspace, "SWE").message.contains("cannot be printed"));
}

// --- other files ---

#[test]
fn a_file_beside_the_letter_goes_along_and_its_bytes_arrive() {
    let annex: Vec<u8> = (0..=255_u8).chain(*b"\n.\n\r\n.\r\n").collect();
    let workspace = with(|files| {
        replace(
            files,
            "config/campaigns/hrc37-china.toml",
            "attach = [\"pdf\"]",
            "attach = [\"pdf\", \"annex 1.pdf\"]",
        );
        files.insert("templates/letters/joint-letter/annex 1.pdf".to_owned(), annex.clone());
    });
    let letter = letter_to(&workspace, "SWE").unwrap();
    let read = MessageParser::default().parse(&letter.draft.message).unwrap();
    let attached: Vec<_> = read.attachments().collect();
    assert_eq!(attached.len(), 2);
    assert_eq!((attached[1].attachment_name(), attached[1].contents()), (Some("annex 1.pdf"), annex.as_slice()));
}

#[test]
fn a_file_that_is_missing_empty_or_too_large_is_an_error_at_its_name() {
    for (bytes, wanted) in
        [(None, "there is no file"), (Some(Vec::new()), "is empty"), (Some(vec![b'x'; 4 * 1024 * 1024]), "over 3 MiB")]
    {
        let mut snapshot = example();
        replace(
            &mut snapshot.files,
            "config/campaigns/hrc37-china.toml",
            "attach = [\"pdf\"]",
            "attach = [\"pdf\", \"annex.pdf\"]",
        );
        if let Some(bytes) = bytes {
            snapshot.files.insert("templates/letters/joint-letter/annex.pdf".to_owned(), bytes);
        }
        let workspace = Workspace::read(snapshot, "2026-11-23".parse().unwrap());
        let problem = workspace.problems.iter().find(|p| p.is_error()).unwrap();
        assert!(problem.message.contains(wanted), "{}", problem.message);
        assert_eq!(problem.place.as_ref().unwrap().file, "config/campaigns/hrc37-china.toml");
    }
}
