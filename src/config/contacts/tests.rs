//! What the import of contacts takes and refuses.

use proptest::prelude::*;

use super::*;
use crate::campaign::contact::{Gender, Post, Rank, Send};
use crate::campaign::states::{Group, Standing, State};
use crate::vocabulary::Language;
use crate::vocabulary::problem::Severity;

const FILE: &str = "config/contacts.csv";

fn states() -> States {
    let state = |code: &str, name: &str, group, language| State {
        code: code.parse().unwrap(),
        name_en: name.to_owned(),
        official_en: name.to_owned(),
        name_fr: name.to_owned(),
        name_es: name.to_owned(),
        group: Some(group),
        language,
        standing: Standing::Member,
    };
    States::new(vec![
        state("FRA", "France", Group::Weog, Language::FRENCH),
        state("DEU", "Germany", Group::Weog, Language::ENGLISH),
        state("KEN", "Kenya", Group::Africa, Language::ENGLISH),
    ])
}

fn today() -> Day {
    Day::new(2026, 11, 23).unwrap()
}

fn read_bytes(bytes: &[u8]) -> ContactsRead {
    read(FILE, bytes, &states(), today(), chrono::Duration::days(180))
}

/// `severity line:column message | help`, one a line.
fn told(bytes: &[u8]) -> Vec<String> {
    let show = |problem: &Problem| {
        let place = problem.place.as_ref().unwrap();
        let severity = format!("{:?}", problem.severity).to_lowercase();
        format!("{severity} {}:{} {} | {}", place.line, place.column, problem.message, problem.help.as_ref().unwrap())
    };
    read_bytes(bytes).problems.iter().map(show).collect()
}

/// The header, and one good row of Kenya before `rows`, so that a wrong row stands in line 3.
fn list(rows: &str) -> String {
    format!("{HEADER}\nKEN,mission,,,,mission@ken.example,to,,2026-11-01,a call,\n{rows}")
}

#[test]
fn a_good_list_reads_without_a_word() {
    let text = format!(
        "{HEADER},surname,salutation,closing\n\
         FRA,head,ambassador,\"Odile \"\"Ody\"\" Vasseur-Lin\",f,,no,fr,2026-11-01,\"a list, printed\",core eu,Vasseur-Lin,\"Dear Odile,\",\n\
         FRA,mission,,,,Mission@FRA.example,to,,2026-11-01,a call,,,,\n\
         FRA,human-rights,secretary,Théo Brisset,m,t.brisset@fra.example,cc,,2026-11-01,a call,,,,\n"
    );
    assert_eq!(told(text.as_bytes()), [""; 0]);
    let contacts = read_bytes(text.as_bytes()).contacts;
    let head = &contacts[0];
    assert_eq!((head.name.as_str(), head.surname()), ("Odile \"Ody\" Vasseur-Lin", "Vasseur-Lin"));
    assert_eq!((head.post, head.rank, head.gender), (Post::Head, Some(Rank::Ambassador), Some(Gender::Female)));
    assert_eq!((head.send, head.email.as_ref(), head.language), (Send::No, None, Some(Language::FRENCH)));
    assert_eq!(
        (head.tags.as_slice(), head.source.as_str()),
        (&["core".to_owned(), "eu".to_owned()][..], "a list, printed")
    );
    assert_eq!(contacts[1].email.as_ref().unwrap().to_string(), "Mission@fra.example");
    assert_eq!((head.salutation.as_deref(), contacts[2].line), (Some("Dear Odile,"), 4));
}

#[test]
fn words_for_somebody_whom_the_letter_does_not_greet_are_warned_of() {
    let deputy = "FRA,deputy,minister,Théo Brisset,m,t.brisset@fra.example,to,,2026-11-01,a call,,\"Dear Théo,\"\n";
    let list = |rest: &str| format!("{HEADER},salutation\n{deputy}{rest}");
    assert_eq!(told(list("").as_bytes()), [""; 0], "nobody else's row is the head's: these words are used");
    assert_eq!(
        told(list("FRA,head,ambassador,Odile Vasseur,f,,no,,2026-11-01,a call,,\n").as_bytes()),
        [
            "warning 2:81 these words are not used: the letter greets the head of mission | write them in the head's row of FRA, line 3"
        ]
    );
}

#[test]
fn a_byte_order_mark_crlf_and_semicolons_are_read_as_they_come_from_a_spreadsheet() {
    let text = list("").replace(',', ";").replace('\n', "\r\n");
    let bytes = [b"\xEF\xBB\xBF", text.as_bytes()].concat();
    assert_eq!(told(&bytes), [""; 0]);
    assert_eq!(read_bytes(&bytes).contacts.len(), 1);
}

#[test]
fn the_columns_may_stand_in_any_order_and_empty_lines_do_not_matter() {
    let text = "\ntags,source,as_of,language,send,email,gender,name,rank,post,state\n\n,a call,2026-11-01,,to,m@fra.example,,,,mission,FRA";
    assert_eq!(told(text.as_bytes()), [""; 0]);
    assert_eq!(read_bytes(text.as_bytes()).contacts[0].line, 4);
}

/// A wrong row behind the good one, the place of its mistake, and what is said.
#[test]
fn every_wrong_row_is_named_with_its_place_and_reason() {
    let rows: &[(&str, &str, &str)] = &[
        // the State
        ("fra,mission,,,,m@fra.example,to,,2026-11-01,a,", "3:1", "three capital letters"),
        ("FRX,mission,,,,m@fra.example,to,,2026-11-01,a,", "3:1", "did you mean FRA?"),
        ("France,mission,,,,m@fra.example,to,,2026-11-01,a,", "3:1", "France is FRA"),
        (" FRA,mission,,,,m@fra.example,to,,2026-11-01,a,", "3:1", "space before or behind"),
        // words of a closed list
        ("FRA,heda,,,,m@fra.example,to,,2026-11-01,a,", "3:5", "did you mean `head`? | `post` is head | deputy"),
        ("FRA,,,,,m@fra.example,to,,2026-11-01,a,", "3:5", "`post` is empty"),
        ("FRA,head,Ambassador,A B,,m@fra.example,to,,2026-11-01,a,", "3:10", "did you mean `ambassador`?"),
        (
            "FRA,head,,A B,w,m@fra.example,to,,2026-11-01,a,",
            "3:15",
            "`gender` cannot be `w` | `gender` is f | m, or empty",
        ),
        ("FRA,mission,,,,m@fra.example,yes,,2026-11-01,a,", "3:30", "`send` is to | cc | no"),
        ("FRA,mission,,,,m@fra.example,to,FR,2026-11-01,a,", "3:33", "two or three small letters"),
        // days
        (
            "FRA,mission,,,,m@fra.example,to,,01/11/2026,a,",
            "3:34",
            "year-month-day, as in 2026-11-23, and not `01/11/2026`",
        ),
        ("FRA,mission,,,,m@fra.example,to,,2026-1-3,a,", "3:34", "and not `2026-1-3`"),
        ("FRA,mission,,,,m@fra.example,to,,2026-02-30,a,", "3:34", "there is no day 2026-02-30"),
        ("FRA,mission,,,,m@fra.example,to,,2026-11-24,a,", "3:34", "lies in the future: today is 2026-11-23"),
        ("FRA,mission,,,,m@fra.example,to,,,a,", "3:34", "`as_of` is empty"),
        ("FRA,mission,,,,m@fra.example,to,,2026-05-27,a,", "3:34", "last confirmed 180 days ago"),
        // addresses
        ("FRA,mission,,,,,to,,2026-11-01,a,", "3:16", "has no address | write the address, or `no`"),
        ("KEN,head,,A B,,,cc,,2026-11-01,a,", "3:16", "(`cc`)"),
        (
            "FRA,mission,,,,\"a@x.example,b@y.example\",to,,2026-11-01,a,",
            "3:16",
            "one is expected | give each address a row",
        ),
        ("FRA,mission,,,,a@x.example;b@y.example,to,,2026-11-01,a,", "3:16", "there are two addresses"),
        ("FRA,mission,,,,A <a@x.example>,to,,2026-11-01,a,", "3:16", "a name with an address"),
        ("FRA,mission,,,,a@exаmple.example,to,,2026-11-01,a,", "3:16", "looks like a domain in other letters"),
        ("FRA,mission,,,,a@xn--exmple-4nf.example,to,,2026-11-01,a,", "3:16", "looks like a domain in other letters"),
        ("FRA,mission,,,,a@[127.0.0.1],to,,2026-11-01,a,", "3:16", "address literal"),
        ("FRA,mission,,,,a@localhost,to,,2026-11-01,a,", "3:16", "`localhost`"),
        ("FRA,mission,,,,a＠x.example,to,,2026-11-01,a,", "3:16", "U+FF20"),
        ("FRA,mission,,,,a@x.example\u{a0},to,,2026-11-01,a,", "3:27", "special space, U+00A0"),
        ("FRA,mission,,,,a\u{200b}@x.example,to,,2026-11-01,a,", "3:17", "U+200B"),
        (
            "FRA,mission,,,,\"a@x.example\r\nBcc: b@x.example\",to,,2026-11-01,a,",
            "3:28",
            "`email` holds a carriage return",
        ),
        // names
        ("FRA,head,,\"A\nBcc: b@x.example\",,m@fra.example,to,,2026-11-01,a,", "3:13", "`name` holds a line break"),
        ("FRA,head,,x@evil.example,,m@fra.example,to,,2026-11-01,a,", "3:11", "holds an address of its own"),
        ("FRA,head,,A \u{202e}B,,m@fra.example,to,,2026-11-01,a,", "3:13", "U+202E"),
        ("FRA,head,,A \u{1b}[31mB,,m@fra.example,to,,2026-11-01,a,", "3:13", "U+001B"),
        ("FRA,head,,A\tB,,m@fra.example,to,,2026-11-01,a,", "3:12", "holds a tab"),
        ("FRA,head,,A\0B,,m@fra.example,to,,2026-11-01,a,", "3:12", "zero byte"),
        ("FRA,head,,Ren\u{fffd} B,,m@fra.example,to,,2026-11-01,a,", "3:14", "a letter was lost"),
        (
            "FRA,head,,Mаria B,,m@fra.example,to,,2026-11-01,a,",
            "3:11",
            "`Mаria` looks like a word in other letters: `а` U+0430",
        ),
        ("FRA,head,,Maria Сосо,,m@fra.example,to,,2026-11-01,a,", "3:11", "`Сосо` looks like"),
        ("FRA,head,,Maria B ,,m@fra.example,to,,2026-11-01,a,", "3:11", "space before or behind"),
        ("FRA,head,,,,m@fra.example,to,,2026-11-01,a,", "3:11", "the form for an unknown person"),
        // formulas
        ("FRA,head,,=HYPERLINK(1),,m@fra.example,to,,2026-11-01,a,", "3:11", "like a formula"),
        ("FRA,mission,,,,m@fra.example,to,,2026-11-01,+41,", "3:45", "`source` begins like a formula"),
        ("FRA,mission,,,,m@fra.example,to,,2026-11-01,a,-x", "3:47", "`tags` begins like a formula"),
        ("FRA,mission,,,,m@fra.example,to,,2026-11-01,a,\"x,y\"", "3:47", "a tag holds `,`"),
        ("FRA,mission,,,,m@fra.example,to,,2026-11-01,,", "3:45", "from where the row is known"),
        // the table's shape
        ("FRA,mission,,,,m@fra.example,to,,2026-11-01,a", "3:1", "10 cells where the header has 11"),
        ("FRA,head,,Doe, A,,m@fra.example,to,,2026-11-01,a,", "3:50", "12 cells where the header has 11"),
        (",,,,,,,,,,", "3:1", "the row is empty"),
        (HEADER, "3:1", "the header stands a second time"),
        ("FRA,head,,\"A\" B,,m@fra.example,to,,2026-11-01,a,", "3:14", "behind a closing quote"),
        ("FRA,head,,A \"B\",,m@fra.example,to,,2026-11-01,a,", "3:13", "inside a cell that does not begin with one"),
        (
            "FRA,head,,\"A B,,m@fra.example,to,,2026-11-01,a,",
            "3:11",
            "the quote that opens here, in line 3, is never closed",
        ),
        // between rows
        ("KEN,mission,,,,mission@ken.example,to,,2026-11-01,a call,", "3:1", "the same as line 2"),
        ("\"KEN\",mission,,,,mission@ken.example,to,,2026-11-01,a call,", "3:1", "the same as line 2"),
        ("KEN,deputy,,,,Mission@ken.example,cc,,2026-11-01,a,", "3:15", "stands in line 2 too: KEN gets one copy"),
        ("FRA,mission,,,,mission@ken.example,to,,2026-11-01,a,", "3:16", "FRA has the mailbox of KEN, line 2"),
        ("FRA,mission,,,,mission@kem.example,cc,,2026-11-01,a,", "3:1", "no row of FRA gets the letter"),
        ("FRA,mission,,,,m@kеn.example,to,,2026-11-01,a,", "3:16", "other letters"),
    ];
    for (row, place, fragment) in rows {
        let told = told(list(row).as_bytes());
        assert_eq!(told.len(), 1, "{row:?} gave {told:#?}");
        assert!(told[0].contains(&format!(" {place} ")) && told[0].contains(fragment), "{row:?} gave {told:#?}");
    }
}

#[test]
fn a_file_that_is_no_table_is_refused_by_name() {
    let good = list("");
    let wide = |to: fn(u16) -> [u8; 2]| good.encode_utf16().flat_map(to).collect::<Vec<u8>>();
    let header = |from: &str, to: &str| good.replacen(from, to, 1).into_bytes();
    let files: &[(Vec<u8>, &str, &str)] = &[
        (vec![], "1:1", "the list is empty"),
        (b"\xEF\xBB\xBF\r\n".to_vec(), "2:1", "the list is empty"),
        (HEADER.into(), "1:1", "a header and no row"),
        (good[HEADER.len() + 1..].into(), "1:1", "no header"),
        (good.replace(',', "\t").into(), "1:1", "separated by tabs"),
        (good.replace('\n', "\r").into(), "1:1", "carriage return alone"),
        (wide(u16::to_le_bytes), "1:1", "looks like UTF-16"),
        (wide(u16::to_be_bytes), "1:1", "looks like UTF-16"),
        ([b"\xFF\xFE".to_vec(), wide(u16::to_le_bytes)].concat(), "1:1", "looks like UTF-16"),
        (good.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect(), "1:1", "looks like UTF-32"),
        (
            [good.as_bytes(), b"FRA,head,,Ren\xE9 B,,m@fra.example,to,,2026-11-01,a,\n"].concat(),
            "3:14",
            "byte E9 is `é`",
        ),
        ([good.as_bytes(), b"FRA,head,,A\x92B,,m@fra.example,to,,2026-11-01,a,\n"].concat(), "3:12", "Windows-1252"),
        ([good.as_bytes(), b"FRA,mission,,,,m@fra.example,to,,2026-11-01,a,\xC3"].concat(), "3:47", "it was cut off"),
        (header("rank,", ""), "1:1", "the column `rank` is missing"),
        (header("tags", "tags,tags"), "1:67", "the column `tags` stands twice"),
        (header("as_of", "asof"), "1:49", "there is no column `asof`; did you mean `as_of`?"),
        (header("as_of", " as_of"), "1:49", "did you mean `as_of`?"),
        (header("tags", "tags,telephone"), "1:67", "there is no column `telephone` | the columns are state"),
    ];
    for (bytes, place, fragment) in files {
        let told = told(bytes);
        assert!(
            told.iter().any(|line| line.contains(&format!("error {place} ")) && line.contains(fragment)),
            "{:?} gave {told:#?}",
            String::from_utf8_lossy(bytes)
        );
    }
}

#[test]
fn all_mistakes_are_reported_in_one_pass_in_the_order_of_the_file() {
    let rows = "FRA,head,ambasador,\"A B,f,m@fra.example,to,,2026-11-01,a,\n\
                DEU,hed,,A\tB,x,a b@deu.example,maybe,EN,1.1.2026,=1,\n";
    let mut bytes = list(rows).into_bytes();
    bytes.extend(b"FRA,head,,Ren\xE9,,,no,,2026-11-01,a,\nXXX,mission,,,,m@x.example,to,,2026-11-01,a,\n");
    let places: Vec<String> =
        told(&bytes).iter().filter_map(|line| line.split(' ').nth(1).map(str::to_owned)).collect();
    assert_eq!(
        places,
        ["3:20", "4:5", "4:11", "4:14", "4:16", "4:32", "4:38", "4:41", "4:50", "5:1", "5:14", "6:1"]
            .map(str::to_owned)
    );
}

#[test]
fn a_second_head_of_mission_is_an_error_that_names_the_first() {
    let told =
        told(list("FRA,head,,A B,f,a@fra.example,to,,2026-11-01,a,\nFRA,head,,C D,m,,no,,2026-11-01,a,\n").as_bytes());
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("error 4:5 FRA has a second head of mission; the first is in line 3"), "{told:?}");
}

#[test]
fn a_domain_that_differs_from_another_only_to_the_careful_eye_is_warned_of() {
    for (one, other) in [("mission", "miss1on"), ("mall", "mal1"), ("gov-fo", "gov-f0"), ("modern", "modem")] {
        let row = |state: &str, domain: &str| format!("{state},mission,,,,m@{domain}.example,to,,2026-11-01,a,\n");
        let told = told(list(&(row("FRA", one) + &row("DEU", other))).as_bytes());
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].starts_with("warning 4:16") && told[0].contains(&format!("{one}.example` in line 3")),
            "{told:?}"
        );
    }
}

#[test]
fn names_of_the_world_are_taken_as_they_are() {
    for name in [
        "Siân O’Rourke-Ní Dhálaigh",
        "Đặng Thị Hồng",
        "Анна Соколова",
        "劉霞 (Liu Xia)",
        "山田エミ子",
        "김하늘",
        "Νίκη Παππά",
        "Þórunn Ægisdóttir",
        "أمل حداد",
        "İpek Yıldız",
        "Nguyễn Văn An",
        "Jean-Baptiste N'Dour",
        "Žofia Łęcka",
    ] {
        let told = told(list(&format!("FRA,head,,{name},,m@fra.example,to,,2026-11-01,a,\n")).as_bytes());
        assert_eq!(told, [""; 0], "{name}");
    }
}

#[test]
fn a_flood_of_mistakes_is_cut_and_errors_are_never_hidden_behind_warnings() {
    let old: String = (0..300).map(|i| format!("FRA,mission,,,,m{i}@fra.example,to,,2020-01-01,a,\n")).collect();
    let wrong: String = (0..300).map(|i| format!("ZZZ,mission,,,,z{i}@fra.example,to,,2026-11-01,a,\n")).collect();
    let problems = read_bytes(list(&(old + &wrong)).as_bytes()).problems;
    let count = |severity| problems.iter().filter(|p| p.severity == severity).count();
    assert_eq!((count(Severity::Error), count(Severity::Warning)), (201, 201));
    let last = &problems[problems.len() - 2..];
    assert_eq!(last[0].message, "there are 100 more errors in this file");
    assert_eq!(last[1].message, "there are 100 more warnings in this file");
}

#[test]
fn a_cell_of_two_megabytes_is_refused_and_the_next_row_still_read() {
    for quote in ["", "\""] {
        let long = "x".repeat(2 << 20);
        let row =
            format!("FRA,head,,{quote}{long}{quote},,m@fra.example,to,,2026-11-01,a,\nDEU,x,,,,,no,,2026-11-01,a,\n");
        let told = told(list(&row).as_bytes());
        assert!(told[0].starts_with("error 3:11 `name` holds 2097152 bytes"), "{told:?}");
        assert!(told[1].starts_with("warning 4:1 no row of DEU"), "{told:?}");
        assert!(told[2].starts_with("error 4:5"), "{told:?}");
    }
}

#[test]
fn a_list_of_many_thousand_rows_is_read_in_time_linear_in_the_file() {
    let rows = |wrong: bool| -> String {
        let head = if wrong { "FRX,hed,,\"A,f," } else { "FRA,deputy,,A B,f," };
        (0..40_000).map(|i| format!("{head}m{i}@d{i}.example,to,,2026-11-01,a call,\n")).collect()
    };
    for wrong in [false, true] {
        let text = list(&rows(wrong));
        let started = std::time::Instant::now();
        let read = read_bytes(text.as_bytes());
        let took = started.elapsed();
        println!("{} rows, wrong: {wrong}, {took:?}", read.contacts.len());
        // About a third of a second in release; a quadratic reader would need minutes.
        assert!(took < std::time::Duration::from_secs(30), "{took:?}");
        assert_eq!(read.contacts.len(), if wrong { 1 } else { 40_001 });
    }
}

/// A cell as a careful writer would write it.
fn quoted(cell: &str, separator: char, always: bool) -> String {
    if always || cell.contains([separator, '"']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_fail(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        read_bytes(&bytes);
    }

    #[test]
    fn no_table_of_odd_signs_makes_the_reader_fail(
        body in r#"([,;"\r\n=@ é\x00\u{200b}]|FRA|head|mission|to|2026-11-01|m@fra\.example|\u{430}|a){0,120}"#,
    ) {
        let text = list(&body);
        for problem in read_bytes(text.as_bytes()).problems {
            let place = problem.place.unwrap();
            prop_assert!(place.line >= 1 && place.line <= text.matches('\n').count() + 1);
            prop_assert!(place.column >= 1);
        }
    }

    #[test]
    fn what_a_careful_writer_wrote_is_read_back(
        names in proptest::collection::vec(r#"[A-ZÉŁ]([a-zéł,;"' ]{0,12}[a-z"])?"#, 1..20),
        separator in prop_oneof![Just(','), Just(';')],
        ends in prop_oneof![Just("\n"), Just("\r\n")],
        always in any::<bool>(),
        reversed in any::<bool>(),
    ) {
        let mut lines = vec![HEADER.split(',').map(str::to_owned).collect::<Vec<_>>()];
        for (i, name) in names.iter().enumerate() {
            let email = format!("m{i}@fra.example");
            let cells = ["FRA", "deputy", "", name, "", &email, "to", "fr", "2026-11-01", name, "core eu"];
            lines.push(cells.map(str::to_owned).to_vec());
        }
        let mut text = String::new();
        for mut cells in lines {
            if reversed { cells.reverse(); }
            let cells: Vec<String> = cells.iter().map(|cell| quoted(cell, separator, always)).collect();
            text += &cells.join(&separator.to_string());
            text += ends;
        }
        let read = read_bytes(text.as_bytes());
        prop_assert_eq!(&read.problems, &[]);
        let back: Vec<&str> = read.contacts.iter().map(|c| c.name.as_str()).collect();
        prop_assert_eq!(&back, &names);
        prop_assert!(read.contacts.iter().all(|c| c.source == c.name && c.tags == ["core", "eu"]));
    }
}
