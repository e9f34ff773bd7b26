//! Whatever stands in the files: a clear error with its place, exit code 1, and nothing changed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "cli/workspace.rs"]
mod workspace;

use workspace::{
    CALENDAR, CAMPAIGN, CONTACTS, HTML_FRAME, INSTALLATION, LETTER, POSITIONS, REHEARSAL, Said, TEXT_FRAME, Workspace,
};

/// What is done to a good file.
enum Change<'a> {
    Replace(&'a str, &'a str),
    Append(&'a str),
    Whole(&'a [u8]),
}

use Change::{Append, Replace, Whole};

fn change(workspace: &Workspace, file: &str, change: &Change<'_>) {
    match change {
        Replace(from, to) => workspace.edit(file, from, to),
        Append(text) => workspace.write(file, [workspace.read(file).as_slice(), text.as_bytes()].concat()),
        Whole(bytes) => workspace.write(file, bytes),
    }
}

/// All that is stored about the letters.
fn stored(workspace: &Workspace) -> String {
    let one = |id: &str| workspace.args(&["show", id, "--json"]).ends_with_code(0).out;
    workspace.run("dispatches --json").ends_with_code(0).out + &one("spring/letter/FRA") + &one("spring/reminder/NOR")
}

fn refused(said: &Said, file: &str, place: &str, words: &str, case: &str) {
    assert_eq!(said.code, 1, "{case}: wrong exit code\n{}\n{}", said.out, said.err);
    assert_eq!(said.out, "", "{case}: an answer beside the error");
    // Encoding concerns the whole file: no line is named then.
    let arrow = if place.is_empty() { format!("--> {file}\n") } else { format!("--> {file}:{place}\n") };
    let errors = said.err.split("\n\n").filter(|block| block.starts_with("error: "));
    let hit = errors.into_iter().any(|block| block.contains(&arrow) && block.contains(words));
    assert!(hit, "{case}: no {words:?} at {arrow:?} in\n{}", said.err);
    assert!(!said.err.contains("panicked"), "{case}: {}", said.err);
    let unsafe_byte = |c: char| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!said.err.contains(unsafe_byte), "{case}: a control character reaches the screen: {:?}", said.err);
}

/// Each case by itself: in a fresh workspace `check` finds it, and in a planned one `plan` refuses and leaves the database as it was.
fn check(file: &str, cases: &[(Change<'_>, &str, &str)]) {
    let (fresh, planned) = (Workspace::small(), Workspace::small());
    planned.run("plan spring").ends_with_code(0);
    let before = stored(&planned);
    let good = fresh.read(file);
    for (wrong, place, words) in cases {
        let case = format!("{file} {place} {words}");
        change(&fresh, file, wrong);
        change(&planned, file, wrong);
        refused(&fresh.run("check"), file, place, words, &case);
        assert!(!fresh.has_var(), "{case}: `check` made var/");
        refused(&planned.run("plan spring"), file, place, words, &case);
        fresh.write(file, &good);
        planned.write(file, &good);
    }
    fresh.run("check").ends_with_code(0);
    assert_eq!(stored(&planned), before, "{file}: a refused plan changed the database");
}

const UTF_16: &[u8] = b"\xff\xfe[\0a\0]\0\n\0";

#[test]
fn a_wrong_installation_file_is_refused() {
    let digits = format!("\n[delivery.pace]\nper_minute = {}\n", "9".repeat(400));
    let brackets = format!("\nx = {}\n", "[".repeat(100_000));
    check(
        INSTALLATION,
        &[
            (Replace("directory", "directry"), "6:1", "did you mean `directory`?"),
            (Append("\n[delivry]\nmode = \"files\"\n"), "11:2", "did you mean `delivery`?"),
            (Replace("\"files\"", "\"file\""), "5:8", "write `mode = \"files\"`"),
            (Replace("\"files\"", "5"), "5:8", "is an integer, and should be a text in quotes"),
            (Replace("\"files\"", "\"smtp\""), "5:8", "no server is named"),
            (Replace("sqlite://var/demarche.db", "mysql://x/y"), "2:7", "a database is written sqlite://PATH"),
            (Replace("sqlite://var/demarche.db", "postgres://u:pw@h/x"), "2:7", "a password does not belong"),
            (Replace("36500 days", "soon"), "9:14", "a length of time is a number and a unit"),
            (Append("\n[delivery]\nmode = \"files\"\n"), "11:2", "this key stands here a second time"),
            (Append("\n[delivery.pace]\nper_minute = 0\n"), "12:14", "write a whole number from 1"),
            (Append("\n[delivery.pace]\nper_minute = -1\n"), "12:14", "is out of range"),
            (Append("\n[delivery.pace]\nper_minute = 1.5\n"), "12:14", "is a float"),
            (Append(&digits), "12:14", "is out of range"),
            (Append(&brackets), "11:85", "this is not valid TOML"),
            (Append("\n[delivery.smtp]\nhost = \"mail.x.example\"\nsecurity = \"none\"\n"), "13:12", "plain text"),
            (Append("\n[delivery.smtp]\nhost = \"mail.x.example\"\nport = 70000\n"), "13:8", "from 1 to 65535"),
            (Append("\n[delivery.smtp]\nport = 25\n"), "11:1", "[delivery.smtp] has no `host`"),
            (
                Append("\n[delivery.smtp]\nhost = \"h\"\nusername = \"u\"\n"),
                "13:12",
                "username and password go together",
            ),
            (Append("\n[inbox]\nmode = \"imap\"\n"), "12:8", "no server is named"),
            (Append("\n[inbox]\nmode = \"maildir\"\n"), "12:8", "no folder is named"),
            (Append("\n[inbox]\nreply_tokens = true\n"), "12:16", "reply tokens need an inbox"),
            (Append("\n[inbox]\nsince = 2018-02-30\n"), "12:9", "this is not valid TOML"),
            (Append("\n[inbox.imap]\nhost = \"h\"\nfoldr = \"x\"\n"), "13:1", "did you mean `folder`?"),
            (Append("\n[inbox.imap]\nhost = \"127.0.0.1\"\nsecurity = \"none\"\n"), "13:12", "not sent without TLS"),
            (Append("\n[delivery.smtp]\nhost = \"h\"\nsent_folder = \"S\"\n"), "13:15", "over which account"),
            (
                Append("\n[inbox.imap]\npassword = \"x\"\n"),
                "12:12",
                "a password does not belong in a configuration file",
            ),
            (Append("\n[worker]\ntime_zone = \"Europe/Zurch\"\n"), "12:13", "did you mean Europe/Zurich?"),
            (Append("\n[worker]\nsend = \"* * * * *\"\n"), "12:8", "a schedule has six fields"),
            (Append("\n[worker]\nsend = \"0 0 0 30 2 *\"\n"), "12:8", "this schedule never comes"),
            (Append("\n[worker]\ndigest_to = [\"a b\"]\n"), "12:14", "the address holds a space"),
            (Append("\n[worker]\nsend = \"\\u001b[31m\"\n"), "12:8", "U+001B"),
            (Append("\n[worker]\nsend = \"* * *\n"), "12:14", "this is not valid TOML"),
            (Whole(b"# \xe9\n"), "", "the file is not UTF-8 text"),
            (Whole(b"x = \"\0\"\n"), "", "it holds zero bytes"),
            (Whole(UTF_16), "", "it holds zero bytes, as UTF-16 does"),
        ],
    );
}

#[test]
fn a_wrong_campaign_file_is_refused() {
    const AT: &str = "when    = { milestone = \"custom:launch\", offset = \"0 days\", at = \"09:30\" }";
    check(
        CAMPAIGN,
        &[
            (Replace("only_if", "only_iff"), "42:1", "did you mean `only_if`?"),
            (Replace("[audience]", "[audiense]"), "10:2", "did you mean `audience`?"),
            (Replace("id        = \"spring\"", "id        = \"sprig\""), "2:13", "the id is not the file's name"),
            (Replace("target", "target = \"FRA\"\ntarget"), "5:1", "this key stands here a second time"),
            (Replace("\"BLR\"", "\"BLX\""), "4:13", "did you mean BLR?"),
            (
                Replace("approvals = 2", "approvals = 2\nmay_name = [\"SWE\", \"THI\"]"),
                "9:20",
                "`may_name`: no State has the code THI",
            ),
            (Replace("approvals = 2", "approvals = 2\nmay_names = []"), "9:1", "did you mean `may_name`?"),
            (
                Replace("\"First Organisation\"\n\n[[ask]]", "\"First \u{41e}rganisation\"\n\n[[ask]]"),
                "26:8",
                "mixes letters of two scripts",
            ),
            (
                Replace("The coalition <outreach@", "The coalition outreach@"),
                "5:13",
                "a name with an address, not an address alone",
            ),
            (Replace("The coalition <", "The\\r\\nBcc: x@y.example <"), "5:13", "U+000D"),
            (Replace("\"outreach@coalition.example\"", "\"a@b@c\""), "6:13", "exactly one `@`"),
            (Replace("\"Europe/Zurich\"", "\"Europe/Zürich\""), "7:13", "did you mean Europe/Zurich?"),
            (Replace("approvals = 2", "approvals = 3"), "8:13", "the approvers come from 2 organisations"),
            (Replace("approvals = 2", "approvals = 0"), "8:13", "is out of range"),
            (Replace("[\"all\"]", "[\"al\"]"), "11:12", "a selector is written all, hrc-members"),
            (Replace("[\"all\"]", "[\"group:weogg\"]"), "11:12", "a group is one of weog"),
            (Replace("[\"all\"]", "[\"state:FRX\"]"), "11:12", "did you mean FRA?"),
            (Replace("[\"all\"]", "\"all\""), "11:11", "should be a list of texts"),
            (Replace("[\"all\"]", "[\"joined:nothing\"]"), "11:13", "there is no statement `nothing`"),
            (Replace("\"Boris Person\"", "\"Anna Person\""), "18:8", "two approvers are called `Anna Person`"),
            (
                Replace("[[step]]", "[[ask]]\nid = \"statement\"\ntext = \"x\"\n\n[[step]]"),
                "33:6",
                "two asks have the id",
            ),
            (Replace("id      = \"reminder\"", "id      = \"letter\""), "39:11", "two steps have the id `letter`"),
            (Replace("follows = \"letter\"", "follows = \"lettr\""), "41:11", "did you mean `letter`?"),
            (Replace("\"no-answer\"", "\"noanswer\""), "42:11", "write `only_if = \"no-answer\"`"),
            (Replace("\"appeal\"", "\"apeal\""), "34:11", "did you mean `appeal`?"),
            (Replace("letter  = \"appeal\"", "letter  = \"../appeal\""), "34:11", "a name holds only a-z"),
            (Replace("at = \"09:30\" }\nlate", "at = \"9h30\" }\nlate"), "35:66", "a time of day is written"),
            (Replace("\"0 days\"", "\"minus two days\""), "35:51", "an offset is a whole number and a unit"),
            (Replace("\"0 days\"", "\"-99999999 days\""), "35:51", "at most ten years"),
            (Replace("custom:launch", "custom:lunch"), "35:11", "did you mean custom:launch?"),
            (Replace("custom:launch", "hrc:37.open"), "35:25", "a milestone is written hrc:N.opens"),
            (Replace("custom:launch", "hrc:999.opens"), "35:11", "the calendar has no 999th session"),
            (Replace("custom:launch", "upr:next.FRX"), "35:11", "no State has the code FRX; did you mean FRA?"),
            (Replace("custom:launch", "upr:next.SWE"), "35:11", "no review of SWE after 2090-01-11 is known"),
            (Replace(AT, "when = \"some day before custom:launch\""), "35:8", "a time is written as in"),
            (Replace(AT, ""), "32:1", "the step has no `when`, so no time"),
            (Replace("late_by = \"36500 days\"", "late_by = \"36500\""), "36:11", "a number and a unit"),
            (Replace("late_by = \"36500 days\"", "late = \"later\""), "36:8", "is none of \"ask\", \"skip\""),
            (Replace("late_by", "attach = [\"pdf\", \"pdf\"]\nlate_by"), "36:18", "`pdf` is attached twice"),
            (Replace("late_by", "attach = [\"../demarche.toml\"]\nlate_by"), "36:11", "a file's name has at most 80"),
            (Replace("late_by", "attach = [\"open-me.exe\"]\nlate_by"), "36:11", "files that end in .pdf"),
            (Replace("late_by", "attach = [\"annex.pdf\"]\nlate_by"), "36:11", "there is no file templates/letters/"),
            (Replace("late_by", "attach = \"pdf\"\nlate_by"), "36:10", "a list"),
            (Replace("Appeal for", "Appeal\u{202e} for"), "3:13", "U+202E"),
            (Replace("\"Appeal for the release of writers\"", "\"\""), "3:13", "`campaign.title` is empty"),
            (Whole(b""), "1:1", "there is no [campaign] section"),
            (Whole(UTF_16), "", "it holds zero bytes, as UTF-16 does"),
        ],
    );
}

#[test]
fn a_time_that_a_clock_change_makes_doubtful_is_refused_with_both_readings() {
    const TEN: &str = "at = \"09:30\" }\nlate";
    let doubtful = |day: &str, at: &str, words: [&str; 3]| {
        let workspace = Workspace::small();
        workspace.edit(CALENDAR, "2026-01-14", day);
        // Geneva changes its clocks on Sundays, and a letter moves to a working day; Cairo changes on Thursday and Friday nights.
        workspace.edit(CAMPAIGN, "Europe/Zurich", "Africa/Cairo");
        workspace.edit(CAMPAIGN, TEN, &format!("at = \"{at}\" }}\nlate"));
        let said = workspace.run("check").ends_with_code(1);
        words
            .iter()
            .fold(said, |said, words| said.complains(words))
            .complains("--> config/campaigns/spring.toml:35:11");
        assert!(!workspace.has_var());
    };
    doubtful(
        "2026-04-24",
        "00:30",
        ["does not exist in Africa/Cairo", "2026-04-24T01:30:00+03:00", "2026-04-23T23:30:00+02:00"],
    );
    doubtful(
        "2026-10-29",
        "23:30",
        ["comes twice in Africa/Cairo", "2026-10-29T23:30:00+03:00", "2026-10-29T23:30:00+02:00"],
    );
}

#[test]
fn a_wrong_calendar_is_refused() {
    check(
        CALENDAR,
        &[
            (Replace("title", "titel"), "6:1", "did you mean `title`?"),
            (Append("\n[[holidays]]\ndate = 2018-05-25\n"), "12:3", "did you mean `holiday`?"),
            (Replace("2026-01-14", "2026-02-30"), "5:8", "this is not valid TOML"),
            (Replace("2026-01-14", "\"14.1.2026\""), "5:8", "should be a day, as in 2026-11-23"),
            (Replace("2026-01-14", "2026-01-14T09:00:00"), "5:8", "should be a day, as in 2026-11-23"),
            (Replace("id = \"jubilee\"", "id = \"launch\""), "9:6", "two [[custom]] have the id `launch`"),
            (Replace("id = \"launch\"\n", ""), "3:1", "[custom] has no `id`"),
            (Replace("[2090]", "[20900]"), "1:18", "from 1990 to 2200"),
            (
                Append("\n[[hrc]]\nnumber = 37\nopens = 2018-03-02\ncloses = 2018-02-02\n"),
                "15:10",
                "closes before it opens",
            ),
            (Append("\n[[hrc]]\nnumber = 37\n"), "12:1", "the entry corrects nothing"),
            (Append("\n[[hrc]]\nopens = 2018-03-02\n"), "12:1", "the entry has no `number`"),
            (Append("\n[[hrc]]\nnumber = 0\nopens = 2018-03-02\n"), "13:10", "is out of range"),
            (
                Append("\n[[hrc]]\nnumber = 37\nopens = 2018-03-02\nstatus = \"provisionl\"\n"),
                "15:10",
                "\"provisional\"",
            ),
            (Append("\n[[upr]]\nsession = 31\nstate = \"CHX\"\ndate = 2018-11-06\n"), "14:9", "did you mean CHE?"),
            (Append("\n[[upr]]\nsession = 31\ndate = 2018-11-06\n"), "12:1", "the entry has no `state`"),
            (Append("\n[holiday]\ndate = 2018-05-25\n"), "12:1", "write `[[holiday]]` with two brackets"),
            (Append("\n[[holiday]]\ndate = 2018-05-25\n"), "12:1", "[holiday] has no `name`"),
            (Whole(UTF_16), "", "it holds zero bytes"),
        ],
    );
}

#[test]
fn wrong_positions_are_refused() {
    check(
        POSITIONS,
        &[
            (Replace("signatories", "signatores"), "5:1", "did you mean `signatories`?"),
            (Replace("\"FRA\"", "\"FRX\""), "5:23", "did you mean FRA?"),
            (Replace("\"FRA\"", "\"DEU\""), "5:23", "DEU stands twice"),
            (Replace("\"considering\"", "\"consider\""), "10:10", "write `stance = \"considering\"`"),
            (Replace("2018-01-17", "yesterday"), "11:8", "this is not valid TOML"),
            (Replace("\"NOR\"", "\"Norway\""), "8:9", "Norway is NOR"),
            (Replace("ask = \"statement\"", "ask = \"State ment\""), "9:7", "a name holds only a-z"),
            (Append("\n[[statement]]\nid = \"appeal-2017\"\n"), "15:6", "two statements have the id `appeal-2017`"),
        ],
    );
}

#[test]
fn a_wrong_contact_list_is_refused_as_a_whole() {
    fn row(text: &str) -> String {
        format!("{text}\n")
    }
    const REST: &str = "en,2026-01-05,invented,";
    let mail = |address: &str| row(&format!("CHE,mission,,,,{address},to,{REST}"));
    let name = |name: &str| row(&format!("CHE,head,ambassador,{name},f,m@che.example,to,{REST}"));
    let cases: Vec<(String, &str, &str)> = vec![
        (row(&format!("FRX,mission,,,,m@x.example,to,{REST}")), "7:1", "did you mean FRA?"),
        (row(&format!("CHE,missoin,,,,m@che.example,to,{REST}")), "7:5", "did you mean `mission`?"),
        (row(&format!("CHE,head,ambasador,X Y,f,m@che.example,to,{REST}")), "7:10", "did you mean `ambassador`?"),
        (row(&format!("CHE,head,ambassador,X Y,w,m@che.example,to,{REST}")), "7:25", "`gender` is f | m, or empty"),
        (row(&format!("CHE,mission,,,,m@che.example,yes,{REST}")), "7:30", "`send` is to | cc | no"),
        (row("CHE,mission,,,,m@che.example,to,english,2026-01-05,invented,"), "7:33", "two or three small letters"),
        (row("CHE,mission,,,,m@che.example,to,en,5.1.2026,invented,"), "7:36", "and not `5.1.2026`"),
        (row("CHE,mission,,,,m@che.example,to,en,2999-01-01,invented,"), "7:36", "lies in the future"),
        (mail("m@che.example;n@che.example"), "7:16", "two addresses where one is expected"),
        (mail("m\u{200b}@che.example"), "7:17", "U+200B"),
        (mail("m\u{ff20}che.example"), "7:16", "U+FF20"),
        (mail("m@che.example\u{a0}"), "7:29", "U+00A0"),
        (mail("m@ch\u{435}.example"), "7:16", "looks like a domain in other letters"),
        (mail("m@[127.0.0.1]"), "7:16", "an address literal"),
        (mail("m@localhost"), "7:16", "names no mission"),
        (mail(""), "7:16", "is to get the letter (`to`) and has no address"),
        (mail("m@che.example").repeat(2), "8:1", "the row is the same as line 7"),
        (name("\u{1b}]0;x\u{7}X"), "7:21", "U+001B"),
        (name("x@y.example"), "7:21", "the name holds an address of its own"),
        (name("=HYPERLINK(1)"), "7:21", "begins like a formula"),
        (name("\"A\r\nBcc: x\""), "7:23", "carriage return"),
        (name(&"x".repeat(2_000_000)), "7:21", "a cell holds at most 4096"),
        (row(&format!("CHE,mission,,,\"X,m@che.example,to,{REST}")), "7:15", "is never closed"),
        (row("CHE,mission,,"), "7:1", "the row has 4 cells where the header has 11"),
        (row(&format!("CHE,mission,,,,m@che.example,to,{REST},,x")), "7:57", "the row has 13 cells"),
        (row("state,post,rank,name,gender,email,send,language,as_of,source,tags"), "7:1", "a second time"),
        (row(&format!("FRA,head,ambassador,Other,m,o@fra.example,to,{REST}")), "7:5", "a second head of mission"),
    ];
    let mut cases: Vec<(Change<'_>, &str, &str)> =
        cases.iter().map(|(row, place, words)| (Append(row), *place, *words)).collect();
    cases.extend([
        (Replace("gender", "gendre"), "1:22", "did you mean `gender`?"),
        (Whole(b""), "1:1", "the list is empty"),
        (Whole(b"DEU,mission,,,,mission@deu.example,to,en,2026-01-05,invented,\n"), "1:1", "names no known column"),
        (Whole(b"\xff\xfes\0t\0"), "", "looks like UTF-16"),
    ]);
    check(CONTACTS, &cases);
}

#[test]
fn a_letter_with_a_hole_or_a_danger_is_refused() {
    let long = "x".repeat(2_000);
    check(
        LETTER,
        &[
            (Replace("{{closing}}", "{{closng}}"), "10:3", "did you mean `closing`?"),
            (Replace("{{closing}}", "{{closing}"), "10:1", "this tag is never closed"),
            (Replace("{{closing}}", "{{{closing}}}"), "10:1", "an unescaped or raw tag is refused"),
            (Replace("{{closing}}", "{{> /etc/passwd}}"), "10:1", "partials are refused"),
            (Append("\n{{head.nam}}\n"), "14:3", "did you mean `head.name`?"),
            (Append("\n{{datee send_date}}\n"), "14:3", "did you mean `date`?"),
            (Append("\n{{session.number}}\n"), "14:3", "is known only in a step whose milestone is hrc"),
            (Append("\n{{date review.date}}\n"), "14:8", "is known only in a step whose milestone is a review"),
            (Append("\n{{previous.subject}}\n"), "14:3", "only in a step that `follows` another"),
            (Append("\n{{#if (joined \"appeal-2018\")}}x{{/if}}\n"), "14:15", "did you mean `appeal-2017`?"),
            (Append("\n{{#if head.name}}\n"), "14:1", "this block is never closed"),
            (Append("\n{{#each asks}}{{#each asks}}x{{/each}}{{/each}}\n"), "14:23", "inside another is refused"),
            (Append("\n<b>x</b>\n"), "14:1", "HTML has no place in a letter"),
            (Append("\n[x](javascript:alert(1))\n"), "14:1", "a link leads to https://"),
            (Append("\n[https://a.example](https://b.example)\n"), "14:1", "says `https://a.example` and leads to"),
            (Append("\nsee [www.**a**.example](https://b.example)\n"), "14:5", "this link says `www.a.example`"),
            (Append("\nof M\u{430}ria\n"), "14:4", "`M\u{430}ria` mixes letters of two scripts: `\u{430}` is U+0430"),
            (Append(&format!("\n{}\n", "x".repeat(201))), "14:1", "is 201 characters long without a space"),
            (Replace("An appeal", "An \u{430}ppeal"), "2:13", "mixes letters of two scripts"),
            (Append("\n![x](http://x.example/a.png)\n"), "14:1", "an image has no place"),
            (Append("\n[NAME]\n"), "14:1", "a placeholder in brackets was never filled in"),
            (Append("\nabc\u{202e}def\n"), "14:4", "U+202E"),
            (Append("\na\rb\n"), "14:2", "U+000D"),
            (Replace("An appeal for writers in prison", &long), "2:10", "the subject has 2000 characters"),
            (Replace("An appeal for writers in prison", ""), "2:1", "the subject is empty"),
            (Replace("subject", "subjct"), "2:1", "did you mean `subject`?"),
            (Whole(b"Dear all,\n"), "1:1", "a letter begins with its front matter"),
            (Whole(b""), "1:1", "a letter begins with its front matter"),
            (Whole(b"---\nsubject: x\n---\n\xe9\n"), "", "the file is not UTF-8 text"),
        ],
    );
}

#[test]
fn a_wrong_frame_is_refused() {
    for frame in [HTML_FRAME, TEXT_FRAME] {
        let lines = String::from_utf8(Workspace::small().read(frame)).unwrap().lines().count();
        let last = format!("{}:1", lines + 1);
        check(
            frame,
            &[
                (Append("{{nothing}}\n"), &last, "a frame knows no such tag"),
                (Append("{{body\n"), &last, "a frame knows no such tag"),
                (Append("{{> x}}\n"), &last, "a frame knows no such tag"),
                (Whole(b""), "", "a frame prints the letter's body exactly once"),
            ],
        );
    }
}

#[test]
fn wrong_sample_answers_are_refused() {
    check(
        REHEARSAL,
        &[
            (Replace("after", "aftr"), "5:1", "did you mean `after`?"),
            (Replace("[[answer]]", "[[anser]]"), "1:3", "did you mean `answer`?"),
            (Replace("3 days", "soon"), "5:9", "a length of time is a number and a unit"),
            (Replace("\"DEU\"", "\"DEX\""), "3:14", "did you mean DEU?"),
            (Replace("\"reply\"", "\"reply-all\""), "6:8", "a kind of entry is one of reply"),
            (Replace("\"reply\"", "\"bounce\""), "6:8", "no answer that a rehearsal plays"),
            (Append("stance = \"maybe\"\n"), "8:10", "a stance is one of unread"),
            (Replace("text = \"We thank you.\"\n", ""), "1:1", "[answer] has no `text`"),
        ],
    );
}

#[test]
fn all_errors_of_all_files_are_shown_at_once() {
    let workspace = Workspace::small();
    workspace.edit(INSTALLATION, "directory", "directry");
    workspace.edit(CAMPAIGN, "only_if", "only_iff");
    workspace.edit(CAMPAIGN, "\"BLR\"", "\"BLX\"");
    workspace.edit(CALENDAR, "title", "titel");
    workspace.edit(POSITIONS, "\"NOR\"", "\"NOX\"");
    workspace.edit(CONTACTS, "cc,en,2026-01-05", "cc,en,5.1.2026");
    workspace.edit(CONTACTS, "DEU,mission", "DEX,mission");
    workspace.edit(REHEARSAL, "after", "aftr");
    workspace.write(LETTER, b"\xff");
    let places = [
        "config/demarche.toml:6:1",
        "config/campaigns/spring.toml:42:1",
        "config/campaigns/spring.toml:4:13",
        "config/calendar.toml:6:1",
        "config/positions.toml:8:9",
        "config/contacts.csv:4:1",
        "config/contacts.csv:2:1",
        "config/rehearsal.toml:5:1",
        "templates/letters/appeal/en.md",
    ];
    for command in ["check", "plan spring", "preview spring"] {
        let said = workspace.run(command).ends_with_code(1);
        for place in places {
            let file = place.trim_end_matches(|c: char| c.is_ascii_digit() || c == ':');
            let place = if place.ends_with("4:1") && file == CONTACTS { "config/contacts.csv:4:" } else { place };
            assert!(said.err.contains(&format!("--> {place}")), "{command}: no {place} in\n{}", said.err);
        }
        let count = said.err.matches("error: ").count();
        assert!(
            said.err.ends_with(&format!("{count} errors\n")) || said.err.contains(&format!("\n{count} errors, ")),
            "{}",
            said.err
        );
        assert!(!workspace.has_var());
    }
    let problems = workspace.run("check --json").ends_with_code(1).json();
    let problems = problems["problems"].as_array().unwrap().clone();
    assert!(problems.len() >= places.len());
    for problem in problems {
        for key in ["file", "line", "column", "message", "help"] {
            assert!(problem.get(key).is_some(), "no {key} in {problem}");
        }
    }
}

#[test]
fn a_step_at_fault_blames_no_other_step() {
    let workspace = Workspace::small();
    workspace.edit(CAMPAIGN, "\"0 days\"", "\"never\"");
    let said = workspace.run("check").ends_with_code(1);
    assert!(!said.err.contains("no earlier step"), "{}", said.err);
}

#[test]
fn a_secret_in_a_broken_installation_file_is_never_shown() {
    const CANARY: &str = "cAnArY7";
    let broken = [
        "[delivery.smtp]\npassword = cAnArY7$%&",
        "[delivery.smtp]\npassword = cAnArY7",
        "[delivery.smtp]\ncAnArY7",
        "[delivery.smtp]\ncAnArY7 = ",
        "[delivery.smtp]\ncAnArY7=",
        "[delivery.smtp]\n\"cAnArY7\" = 1",
        "[cAnArY7]\nx = 1",
        "[delivery.smtp.cAnArY7]",
        "[delivery.smtp]\npassword \"cAnArY7\"",
        "[delivery.smtp]\npassword: cAnArY7",
        "[delivery.smtp]\npassword = “cAnArY7”",
        "[delivery.smtp]\npassword = \"cAn\\qArY7 cAnArY7\"",
        "[delivery.smtp]\npassword = \"cAnArY7",
        "[delivery.smtp]\npassword = 'cAnArY7",
        "[delivery.smtp]\npassword = \"\"\"\ncAnArY7\n",
        "[delivery.smtp]\npassword = '''\ncAnArY7\nx = 1",
        "[delivery.smtp]\npassword = \"x\" cAnArY7",
        "[delivery.smtp]\npasword = \"cAnArY7\"",
        "[delivery.smtp]\npassword = { env = cAnArY7 }",
        "[delivery.smtp]\npassword = { literal = \"cAnArY7\" }",
        "[delivery.smtp]\npassword = { file = \"cAnArY7\", env = 5 }",
        "[delivery.smtp]\nhost = \"h\"\npassword = { command = [\"cAnArY7\", 5] }",
        "[delivery.smtp]\nusername = \"cAnArY7\\u0007\"",
        "[delivery.smtp]\nhost = \"h\"\npassword = \"cAnArY7\"\npassword = \"cAnArY7\"",
        "[inbox.imap]\npassword = \"cAnArY7\"",
        "[worker]\nsend = \"cAnArY7\"",
        "[worker]\ndigest_to = [\"cAnArY7 cAnArY7\"]",
        "[worker]\ntime_zone = \"cAnArY7\"",
    ];
    let workspace = Workspace::small();
    let good = workspace.read(INSTALLATION);
    for lines in broken {
        change(&workspace, INSTALLATION, &Append(&format!("\n{lines}\n")));
        for command in ["check", "check --json", "plan spring", "run --until-idle", "status", "-vv status"] {
            let said = workspace.run(command).ends_with_code(1);
            assert!(!said.err.contains(CANARY), "{command}, {lines:?}:\n{}", said.err);
            assert!(!said.out.contains(CANARY), "{command}, {lines:?}:\n{}", said.out);
            assert!(said.err.contains("--> config/demarche.toml:"), "{command}, {lines:?}: no place in\n{}", said.err);
        }
        assert!(!workspace.has_var(), "{lines:?}: var/ was made");
        workspace.write(INSTALLATION, &good);
    }
    for url in ["postgres://u:cAnArY7@h/db", "postgres://u@h/db?password=cAnArY7", "cAnArY7"] {
        workspace.edit(INSTALLATION, "sqlite://var/demarche.db", url);
        let said = workspace.run("status").ends_with_code(1);
        assert!(!said.err.contains(CANARY) && !said.out.contains(CANARY), "{url}: {}", said.err);
        workspace.write(INSTALLATION, &good);
    }
}

#[test]
fn a_missing_or_unreadable_file_is_named() {
    let cases = [(CONTACTS, "there is no contact list"), (LETTER, "there is no letter `appeal`")];
    for (file, words) in cases {
        let workspace = Workspace::small();
        std::fs::remove_file(workspace.path(file)).unwrap();
        workspace.run("check").ends_with_code(1).complains(words);
        // In its place a folder, which is no file.
        std::fs::create_dir(workspace.path(file)).unwrap();
        workspace.run("plan spring").ends_with_code(1);
        assert!(!workspace.has_var());
    }
    let workspace = Workspace::small();
    std::fs::remove_file(workspace.path(CONTACTS)).unwrap();
    std::os::unix::fs::symlink("/dev/zero", workspace.path(CONTACTS)).unwrap();
    workspace.run("check").ends_with_code(1).complains("config/contacts.csv cannot be read");
}
