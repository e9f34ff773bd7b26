//! The walls of the house, checked: ARCHITECTURE.md says them in words, the table here in code.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms, in the order in which a letter travels. Each may use those before it.
const ROOMS: [&str; 9] =
    ["vocabulary", "campaign", "schedule", "letters", "outbox", "delivery", "inbox", "responses", "report"];

/// What the other modules may use besides the rooms. `a::b` opens one door into `a`, not the whole of it.
const WALLS: [(&str, &[&str]); 7] = [
    ("ports", &[]),
    ("config", &[]),
    // Where a fault stands, and the files that were read: the press and the folder's reader give both.
    ("adapters", &["ports", "config::source", "config::workspace"]),
    // Journal and shelf stand beside the database, and are remembered with it.
    // An invitation is bytes of a letter, as its MIME is.
    (
        "steps",
        &[
            "ports",
            "config",
            "adapters::store",
            "adapters::journal",
            "adapters::mime",
            "adapters::ics",
            "adapters::render",
            "adapters::shelf",
        ],
    ),
    ("worker", &["ports", "steps", "adapters::store", "adapters::journal", "config::workspace"]),
    ("rehearsal", &["ports", "config", "adapters", "steps", "worker"]),
    ("cli", &["ports", "config", "adapters", "steps", "worker", "rehearsal"]),
];

/// Words that mean the world outside: files, clock, network, database, templates. A room has none of them.
const WORLD: [&str; 17] = [
    "async",
    "await",
    "tokio",
    "sea_orm",
    "migrations",
    "lettre",
    "async_imap",
    "rustls",
    "handlebars",
    "typst",
    "toml",
    "clap",
    "tracing",
    "getrandom",
    "SystemTime",
    "println",
    "eprintln",
];

/// Parts of the standard library that are the world outside.
const WORLD_OF_STD: [&str; 6] = ["fs", "env", "net", "process", "thread", "io"];

/// What only one part of the house may speak.
const LANGUAGES: [&str; 7] = ["sea_orm", "lettre", "async_imap", "handlebars", "typst", "toml", "clap"];

/// A file holds one thought; no thought needs more.
const LONGEST_FILE: usize = 600;

/// Files that are part of another file's tests begin with what they test.
const WITHOUT_A_TITLE: [&str; 1] = ["src/config/contacts/tests.rs"];

/// The only files in which a dispatch's status is written: the claim, its outcome, every other move, and the new row.
const WRITES_A_STATUS: [&str; 4] = ["claims.rs", "outcomes.rs", "outbox.rs", "rows.rs"];

/// The only folders in which a password is taken out of its wrapping, to be said to the server that asks for it.
const SAYS_A_PASSWORD: [&str; 3] =
    ["src/adapters/smtp/", "src/adapters/mailbox/imap/connect.rs", "src/adapters/store/postgres.rs"];

const TEST_COMMAND: &str = "cargo test --workspace";
const FIRST_COMMAND: &str = "cargo run -- rehearse hrc37-china";

// The house as it stands.

#[test]
fn no_folder_reaches_through_a_wall() {
    let found: Vec<String> = sources().iter().flat_map(broken_walls).collect();
    assert!(found.is_empty(), "{}", list(&found));
}

#[test]
fn rooms_see_neither_the_world_nor_the_clock() {
    let rooms = sources().into_iter().filter(|source| ROOMS.contains(&source.module.as_str()));
    let found: Vec<String> = rooms.flat_map(|source| glimpses_of_the_world(&source)).collect();
    assert!(found.is_empty(), "{}", list(&found));
}

#[test]
fn ports_and_steps_speak_neither_sql_nor_smtp_nor_templates_nor_toml() {
    let quiet = ["ports", "steps", "worker"];
    let sources = sources().into_iter().filter(|source| quiet.contains(&source.module.as_str()));
    let found: Vec<String> = sources.flat_map(|source| words_among(&source, &LANGUAGES)).collect();
    assert!(found.is_empty(), "{}", list(&found));
}

#[test]
fn no_two_modules_need_each_other() {
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources() {
        let used = paths(&source.code, "crate").into_iter().chain(paths_up(&source.code));
        let others = used.filter_map(|path| path.into_iter().next()).filter(|used| *used != source.module);
        uses.entry(source.module.clone()).or_default().extend(others);
    }
    assert_eq!(circle(&uses), None, "these need each other, in a circle");
}

#[test]
fn the_table_of_walls_names_each_module_of_the_house_once() {
    let mut named: Vec<&str> = ROOMS.into_iter().chain(WALLS.map(|(module, _)| module)).collect();
    named.sort_unstable();
    assert_eq!(named, modules());
}

#[test]
fn a_status_is_written_in_the_four_places_that_ask_for_the_move() {
    let found: Vec<String> = sources().iter().filter_map(writes_a_status).collect();
    assert!(found.is_empty(), "{}", list(&found));
}

#[test]
fn a_password_is_unwrapped_only_where_it_is_said_to_a_server() {
    let found: Vec<String> = sources().iter().filter_map(unwraps_a_password).collect();
    assert!(found.is_empty(), "{}", list(&found));
}

#[test]
fn no_file_is_longer_than_one_thought() {
    let found: Vec<String> = sources().iter().filter_map(too_long).collect();
    assert!(found.is_empty(), "{}", list(&found));
}

#[test]
fn every_file_says_first_what_it_is() {
    let found: Vec<String> = sources().iter().filter_map(untitled).collect();
    assert!(found.is_empty(), "{}", list(&found));
}

#[test]
fn architecture_md_names_every_module() {
    let text = read("ARCHITECTURE.md");
    let missing: Vec<String> =
        modules().iter().filter(|module| !text.contains(&format!("`{module}`"))).map(ToString::to_string).collect();
    assert!(missing.is_empty(), "{}", list(&missing));
}

#[test]
fn architecture_md_names_nothing_that_is_not_there() {
    let sources = sources();
    let names = names_in(&read("ARCHITECTURE.md"));
    assert!(names.len() > 20, "the walk names functions: only {names:?} found");
    let missing: Vec<String> = names.into_iter().filter(|name| !exists(name, &sources)).collect();
    assert!(missing.is_empty(), "{}", list(&missing));
}

#[test]
fn the_pipeline_runs_the_readme_s_two_commands() {
    let (readme, pipeline) = (read("README.md"), read(".ci/run"));
    for command in [TEST_COMMAND, FIRST_COMMAND] {
        assert!(has_line(&readme, command), "README.md has no line `{command}`");
    }
    assert!(has_line(&pipeline, TEST_COMMAND), ".ci/run has no line `{TEST_COMMAND}`");
    assert!(
        pipeline.lines().any(|line| line.starts_with(&format!("{FIRST_COMMAND} --out "))),
        ".ci/run does not try `{FIRST_COMMAND}`"
    );
}

// Each check can fail.

#[test]
fn a_use_through_a_wall_is_found_however_it_is_written() {
    let check = |module: &str, text: &str| broken_walls(&Source::new(&format!("src/{module}/a.rs"), text));
    let of_store = ["src/letters/a.rs: letters may not use adapters::store"];
    assert_eq!(check("letters", "use crate::adapters::store::Store;"), of_store);
    assert_eq!(check("letters", "use crate::{campaign, adapters::{store::{self, Store}}};"), of_store);
    assert_eq!(check("letters", "fn f() { crate::adapters::store::open() }"), of_store);
    assert_eq!(check("letters", "use super::super::adapters::store::Store;"), of_store);
    assert_eq!(check("letters", "use demarche::adapters::store::Store;"), of_store);
    assert_eq!(check("letters", "use crate::outbox::Dispatch;").len(), 1, "a later room");
    assert_eq!(check("worker", "use crate::config::sections::campaign;").len(), 1, "a door that is not open");
    assert_eq!(
        check("worker", "use crate::{adapters, cli};").len(),
        2,
        "the whole of a folder of which one door is open"
    );
    assert_eq!(check("elsewhere", "use crate::vocabulary::Day;").len(), 1, "a folder that no wall knows");
    assert_eq!(check("worker", "use crate::adapters::store::Store; use crate::config::workspace::Snapshot;"), [""; 0]);
    assert_eq!(check("letters", "/// See [`crate::outbox`]. /* crate::cli */\nlet a = \"crate::cli\";"), [""; 0]);
    assert_eq!(check("letters", "use super::super::facts; use crate::letters::holes;"), [""; 0]);
}

#[test]
fn a_room_that_looks_outside_is_found() {
    let check = |text: &str| glimpses_of_the_world(&Source::new("src/schedule/a.rs", text)).len();
    assert_eq!(check("pub async fn f() {}"), 1);
    assert_eq!(check("use std::fs;"), 1);
    assert_eq!(check("use std::{fmt, env::{self, Args}};"), 1);
    assert_eq!(check("fn f() -> tokio::task::Id { std::fs::read(\"a\") }"), 2);
    assert_eq!(check("use sea_orm::Set; use lettre::Message; use handlebars::Handlebars; use toml::Value;"), 4);
    assert_eq!(check("// async\n/// `std::fs`\nlet a = r#\"tokio \" toml\"#; let b = 'a'; fn f<'toml>() {}"), 0);
}

#[test]
fn a_circle_is_found_and_told() {
    let uses = |pairs: &[(&str, &str)]| {
        let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (from, to) in pairs {
            uses.entry((*from).to_owned()).or_default().insert((*to).to_owned());
        }
        circle(&uses).map(|names| names.join(" → "))
    };
    assert_eq!(uses(&[("a", "b"), ("a", "c"), ("b", "c")]), None);
    assert_eq!(uses(&[("a", "b"), ("b", "c"), ("c", "b")]).as_deref(), Some("b → c → b"));
}

#[test]
fn a_long_file_and_one_without_a_title_are_found() {
    let long = "//! Title.\n".to_owned() + &"\n".repeat(LONGEST_FILE);
    assert!(too_long(&Source::new("src/letters/a.rs", &long)).is_some());
    assert!(too_long(&Source::new("src/letters/a.rs", "//! Title.\n")).is_none());
    assert!(untitled(&Source::new("src/letters/a.rs", "use std::fmt;\n")).is_some());
    assert!(untitled(&Source::new("src/letters/a.rs", "//! Title.\n")).is_none());
}

#[test]
fn a_status_or_a_password_in_the_wrong_place_is_found() {
    let check = |file: &str, text: &str| {
        let source = Source::new(file, text);
        (writes_a_status(&source).is_some(), unwraps_a_password(&source).is_some())
    };
    let (sql, model) = ("let sql = \"UPDATE dispatches SET  status = $1\";", "Model { status: Set(to) }");
    assert_eq!(check("src/adapters/store/meetings.rs", sql), (true, false));
    assert_eq!(check("src/adapters/store/meetings.rs", model), (true, false));
    assert_eq!(check("src/steps/outbox.rs", model), (true, false));
    assert_eq!(check("src/adapters/store/outbox.rs", model), (false, false));
    assert_eq!(check("src/cli/output.rs", "say(secret.expose_secret())"), (false, true));
    assert_eq!(check("src/adapters/smtp/connect.rs", "say(secret.expose_secret())"), (false, false));
}

#[test]
fn a_name_that_is_gone_is_found() {
    let names = names_in("`Tx::apply` and `steps::plan::plan`, `src/letters`, `Tx::forget`, `steps::plan::rename`");
    assert_eq!(names, ["Tx::apply", "steps::plan::plan", "Tx::forget", "steps::plan::rename"]);
    let sources = [
        Source::new("src/steps/plan.rs", "pub async fn plan() {}"),
        Source::new("src/adapters/store/outbox.rs", "impl Tx { pub async fn apply(&self) {} }"),
    ];
    let missing: Vec<String> = names.into_iter().filter(|name| !exists(name, &sources)).collect();
    assert_eq!(missing, ["Tx::forget", "steps::plan::rename"]);
}

// How a file is read.

/// One file of `src`.
struct Source {
    /// From the repository's root, with `/`.
    file: String,
    /// The top-level module that it belongs to; `lib` and `main` for the two files beside them.
    module: String,
    text: String,
    /// The text without comments and without what stands inside quotes.
    code: String,
}

impl Source {
    fn new(file: &str, text: &str) -> Self {
        let below = file.trim_start_matches("src/");
        let module = below.split('/').next().unwrap_or(below).trim_end_matches(".rs");
        Self { file: file.to_owned(), module: module.to_owned(), text: text.to_owned(), code: code(text) }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

fn sources() -> Vec<Source> {
    let mut files = Vec::new();
    walk(&root().join("src"), &mut files);
    files.sort();
    assert!(files.len() > 100, "only {} files found in src", files.len());
    let source = |path: &PathBuf| {
        let below = path.strip_prefix(root()).unwrap();
        let name = below.components().map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
        Source::new(&name, &fs::read_to_string(path).unwrap())
    };
    files.iter().map(source).collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

/// The modules that `lib.rs` declares.
fn modules() -> Vec<String> {
    let code = code(&read("src/lib.rs"));
    let declared = code.lines().filter_map(|line| line.trim().strip_prefix("pub mod ")?.strip_suffix(';'));
    let mut modules: Vec<String> = declared.map(ToOwned::to_owned).collect();
    modules.sort();
    modules
}

/// Blanks out comments and quoted text; lines stay where they are.
fn code(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = match (chars[at], chars.get(at + 1)) {
            ('/', Some('/')) => line_end(&chars, at),
            ('/', Some('*')) => comment_end(&chars, at),
            ('"', _) => quote_end(&chars, at),
            ('r', Some('"' | '#')) if !follows_a_word(&chars, at) => raw_quote_end(&chars, at),
            // A character, not a lifetime: 'a' closes, 'a does not.
            ('\'', Some('\\')) => (at + 3..chars.len()).find(|i| chars[*i] == '\'').map_or(chars.len(), |i| i + 1),
            ('\'', _) if chars.get(at + 2) == Some(&'\'') => at + 3,
            _ => {
                out.push(chars[at]);
                at += 1;
                continue;
            }
        };
        // A byte string's `b` stays behind and is no word of ours.
        out.push(' ');
        out.extend(chars[at..end.min(chars.len())].iter().filter(|c| **c == '\n'));
        at = end;
    }
    out
}

fn line_end(chars: &[char], from: usize) -> usize {
    (from..chars.len()).find(|i| chars[*i] == '\n').unwrap_or(chars.len())
}

fn comment_end(chars: &[char], from: usize) -> usize {
    let mut depth = 0;
    let mut at = from;
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => (depth, at) = (depth + 1, at + 2),
            ('*', '/') => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

fn quote_end(chars: &[char], from: usize) -> usize {
    let mut at = from + 1;
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

fn raw_quote_end(chars: &[char], from: usize) -> usize {
    let hashes = chars[from + 1..].iter().take_while(|c| **c == '#').count();
    if chars.get(from + 1 + hashes) != Some(&'"') {
        // `r#type`: a word, not a quotation.
        return from + 1;
    }
    let closes =
        |at: usize| chars[at] == '"' && chars[at + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes;
    (from + 2 + hashes..chars.len()).find(|at| closes(*at)).map_or(chars.len(), |at| at + 1 + hashes)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn follows_a_word(chars: &[char], at: usize) -> bool {
    // `br"…"` is a quotation too.
    at > 0 && is_word(chars[at - 1]) && !(chars[at - 1] == 'b' && (at < 2 || !is_word(chars[at - 2])))
}

/// Words, and `::`, `{`, `}`, `,`; every other sign is a token of its own.
fn tokens(code: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        let end = if is_word(first) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        if !first.is_whitespace() {
            tokens.push(&rest[..end]);
        }
        rest = &rest[end..];
    }
    tokens
}

/// All paths that begin with `start`, groups taken apart: `crate::{a, b::{c, d}}` is `a`, `b::c`, `b::d`.
fn paths(code: &str, start: &str) -> Vec<Vec<String>> {
    let tokens = tokens(code);
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        let begins = tokens[at] == start && (at == 0 || tokens[at - 1] != "::");
        if begins && tokens.get(at + 1) == Some(&"::") {
            branches(&tokens, at + 2, Vec::new(), &mut found);
        }
    }
    found
}

/// Paths that climb at least two floors, as `super::super::adapters`: only those that end at a module of the house count.
fn paths_up(code: &str) -> Vec<Vec<String>> {
    let houses: Vec<String> = modules();
    let tokens = tokens(code);
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        if tokens[at..].starts_with(&["super", "::", "super", "::"]) && (at == 0 || tokens[at - 1] != "::") {
            let mut end = at;
            while tokens[end..].starts_with(&["super", "::"]) {
                end += 2;
            }
            branches(&tokens, end, Vec::new(), &mut found);
        }
    }
    found.retain(|path| path.first().is_some_and(|first| houses.contains(first)));
    found
}

fn branches(tokens: &[&str], at: usize, prefix: Vec<String>, found: &mut Vec<Vec<String>>) -> usize {
    match tokens.get(at) {
        Some(&"{") => {
            let mut at = at + 1;
            while at < tokens.len() && tokens[at] != "}" {
                at = if tokens[at] == "," { at + 1 } else { branches(tokens, at, prefix.clone(), found) };
            }
            at + 1
        }
        Some(word) if word.starts_with(is_word) => {
            let mut path = prefix;
            if *word != "self" {
                path.push((*word).to_owned());
            }
            if tokens.get(at + 1) == Some(&"::") {
                return branches(tokens, at + 2, path, found);
            }
            found.push(path);
            // `a as b`: the new name is no path.
            if tokens.get(at + 1) == Some(&"as") { at + 3 } else { at + 1 }
        }
        _ => {
            found.push(prefix);
            at + 1
        }
    }
}

// What is wrong with it.

fn may_use(module: &str, path: &[String]) -> bool {
    let Some(used) = path.first() else { return true };
    if used == module || module == "main" || module == "lib" {
        return true;
    }
    let place = |name: &str| ROOMS.iter().position(|room| *room == name);
    match (place(module), place(used), WALLS.iter().find(|(name, _)| *name == module)) {
        (Some(own), Some(other), _) => other < own,
        (None, Some(_), Some(_)) => true,
        (None, None, Some((_, doors))) => {
            let door = path.iter().take(2).cloned().collect::<Vec<_>>().join("::");
            doors.contains(&used.as_str()) || doors.contains(&door.as_str())
        }
        _ => false,
    }
}

fn broken_walls(source: &Source) -> Vec<String> {
    let mut used = paths(&source.code, "crate");
    used.extend(paths(&source.code, "demarche"));
    used.extend(paths_up(&source.code));
    let broken = used.iter().filter(|path| !may_use(&source.module, path));
    let told = broken.map(|path| {
        let door = path.iter().take(2).cloned().collect::<Vec<_>>().join("::");
        format!("{}: {} may not use {door}", source.file, source.module)
    });
    told.collect::<BTreeSet<_>>().into_iter().collect()
}

fn words_among(source: &Source, forbidden: &[&str]) -> Vec<String> {
    let words: BTreeSet<&str> = tokens(&source.code)
        .windows(2)
        .filter(|pair| pair[0] != "'" && forbidden.contains(&pair[1]))
        .map(|pair| pair[1])
        .collect();
    let first = tokens(&source.code).first().copied().filter(|word| forbidden.contains(word));
    words.into_iter().chain(first).map(|word| format!("{}: `{word}`", source.file)).collect()
}

fn glimpses_of_the_world(source: &Source) -> Vec<String> {
    let mut found = words_among(source, &WORLD);
    let of_std = paths(&source.code, "std").into_iter().filter_map(|path| path.into_iter().next());
    let of_std: BTreeSet<String> = of_std.filter(|part| WORLD_OF_STD.contains(&part.as_str())).collect();
    found.extend(of_std.iter().map(|part| format!("{}: `std::{part}`", source.file)));
    found
}

fn writes_a_status(source: &Source) -> Option<String> {
    // Statements stand inside quotes, so the text is looked at, its spaces made even.
    let text = source.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let writes = text.contains("SET status") || source.code.contains("status: Set(");
    let file = source.file.strip_prefix("src/adapters/store/").unwrap_or("");
    (writes && !WRITES_A_STATUS.contains(&file)).then(|| format!("{} writes a status", source.file))
}

fn unwraps_a_password(source: &Source) -> Option<String> {
    let unwraps = source.code.contains("expose_secret(");
    let may = SAYS_A_PASSWORD.iter().any(|place| source.file.starts_with(place));
    (unwraps && !may).then(|| format!("{} unwraps a password", source.file))
}

fn too_long(source: &Source) -> Option<String> {
    let lines = source.text.lines().count();
    (lines > LONGEST_FILE).then(|| format!("{}: {lines} lines", source.file))
}

fn untitled(source: &Source) -> Option<String> {
    let titled = source.text.starts_with("//!") || WITHOUT_A_TITLE.contains(&source.file.as_str());
    (!titled).then(|| format!("{} does not begin with `//!`", source.file))
}

/// The first circle found, its first name repeated at the end.
fn circle(uses: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    fn follow<'a>(
        at: &'a str,
        uses: &'a BTreeMap<String, BTreeSet<String>>,
        way: &mut Vec<&'a str>,
        done: &mut BTreeSet<&'a str>,
    ) -> Option<Vec<String>> {
        if let Some(begin) = way.iter().position(|name| *name == at) {
            return Some(way[begin..].iter().chain([&at]).map(ToString::to_string).collect());
        }
        if !done.insert(at) {
            return None;
        }
        way.push(at);
        let found = uses.get(at).into_iter().flatten().find_map(|next| follow(next, uses, way, done));
        way.pop();
        found
    }
    let mut done = BTreeSet::new();
    uses.keys().find_map(|start| follow(start, uses, &mut Vec::new(), &mut done))
}

/// Names of code in a page: what stands in backticks and has `::` in it.
fn names_in(page: &str) -> Vec<String> {
    let quoted = page.split('`').skip(1).step_by(2);
    let is_name =
        |text: &&str| text.contains("::") && text.split("::").all(|s| !s.is_empty() && s.chars().all(is_word));
    quoted.filter(is_name).map(ToOwned::to_owned).collect()
}

/// Whether the last two parts of a name are in one file: as a module and what it declares, or a type and its function.
fn exists(name: &str, sources: &[Source]) -> bool {
    let parts: Vec<&str> = name.split("::").collect();
    let Some((last, before)) = parts.split_last() else { return false };
    let of = before.last().copied().unwrap_or("");
    let of_type = of.starts_with(char::is_uppercase);
    sources.iter().any(|source| {
        let tokens = tokens(&source.code);
        let declares = |word: &str, name: &str| tokens.windows(2).any(|pair| pair == [word, name]);
        let declared =
            ["fn", "struct", "enum", "trait", "mod", "type", "const"].iter().any(|word| declares(word, last));
        let place = if of_type {
            (declares("impl", of) || declares("enum", of) || declares("trait", of) || declares("for", of))
                || source.code.contains(&format!("> {of}"))
        } else {
            let folder = source.file.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
            folder.replace('/', "::").starts_with(&before.join("::"))
        };
        let variant = of_type && declares("enum", of) && tokens.contains(last);
        (declared || variant) && place
    })
}

fn has_line(text: &str, line: &str) -> bool {
    text.lines().any(|other| other == line)
}

fn list(found: &[String]) -> String {
    format!("\n  {}\n", found.join("\n  "))
}
