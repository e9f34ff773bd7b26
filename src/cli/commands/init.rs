//! `demarche init`

use std::path::Path;

use serde_json::json;

use crate::adapters::private;
use crate::cli::answer::{Answer, CliError};
use crate::cli::args::InitArgs;
use crate::cli::context::{Context, day, shown};
use crate::vocabulary::Day;

/// The HRC37 example: the repository's own workspace, carried by the binary.
const EXAMPLE: [(&str, &str); 21] = [
    ("config/demarche.toml", include_str!("../../../config/demarche.toml")),
    ("config/calendar.toml", include_str!("../../../config/calendar.toml")),
    ("config/contacts.csv", include_str!("../../../config/contacts.csv")),
    ("config/positions.toml", include_str!("../../../config/positions.toml")),
    ("config/rehearsal.toml", include_str!("../../../config/rehearsal.toml")),
    ("config/campaigns/hrc37-china.toml", include_str!("../../../config/campaigns/hrc37-china.toml")),
    ("templates/letters/joint-letter/en.md", include_str!("../../../templates/letters/joint-letter/en.md")),
    ("templates/letters/joint-letter/fr.md", include_str!("../../../templates/letters/joint-letter/fr.md")),
    ("templates/letters/joint-letter/es.md", include_str!("../../../templates/letters/joint-letter/es.md")),
    ("templates/letters/reminder/en.md", include_str!("../../../templates/letters/reminder/en.md")),
    ("templates/letters/reminder/fr.md", include_str!("../../../templates/letters/reminder/fr.md")),
    ("templates/letters/reminder/es.md", include_str!("../../../templates/letters/reminder/es.md")),
    ("templates/letters/before-upr/en.md", include_str!("../../../templates/letters/before-upr/en.md")),
    ("templates/letters/before-upr/fr.md", include_str!("../../../templates/letters/before-upr/fr.md")),
    ("templates/letters/before-upr/es.md", include_str!("../../../templates/letters/before-upr/es.md")),
    (
        "templates/letters/meeting-confirmation/en.md",
        include_str!("../../../templates/letters/meeting-confirmation/en.md"),
    ),
    (
        "templates/letters/meeting-confirmation/fr.md",
        include_str!("../../../templates/letters/meeting-confirmation/fr.md"),
    ),
    (
        "templates/letters/meeting-confirmation/es.md",
        include_str!("../../../templates/letters/meeting-confirmation/es.md"),
    ),
    ("templates/frames/letter.html.hbs", include_str!("../../../templates/frames/letter.html.hbs")),
    ("templates/frames/letter.typ", include_str!("../../../templates/frames/letter.typ")),
    ("templates/frames/letter.txt.hbs", include_str!("../../../templates/frames/letter.txt.hbs")),
];

/// The letters of a fresh campaign, to be rewritten; in the three languages that have forms of address.
const FRESH_LETTERS: [(&str, &str); 9] = [
    ("templates/letters/joint-letter/en.md", include_str!("../fresh/letters/joint-letter/en.md")),
    ("templates/letters/joint-letter/fr.md", include_str!("../fresh/letters/joint-letter/fr.md")),
    ("templates/letters/joint-letter/es.md", include_str!("../fresh/letters/joint-letter/es.md")),
    ("templates/letters/reminder/en.md", include_str!("../fresh/letters/reminder/en.md")),
    ("templates/letters/reminder/fr.md", include_str!("../fresh/letters/reminder/fr.md")),
    ("templates/letters/reminder/es.md", include_str!("../fresh/letters/reminder/es.md")),
    (
        "templates/letters/meeting-confirmation/en.md",
        include_str!("../../../templates/letters/meeting-confirmation/en.md"),
    ),
    (
        "templates/letters/meeting-confirmation/fr.md",
        include_str!("../../../templates/letters/meeting-confirmation/fr.md"),
    ),
    (
        "templates/letters/meeting-confirmation/es.md",
        include_str!("../../../templates/letters/meeting-confirmation/es.md"),
    ),
];

/// Parts of the example that speak of China, and so have no place in another campaign.
fn speaks_of_the_example(file: &str) -> bool {
    file.starts_with("config/campaigns/")
        || file.starts_with("templates/letters/")
        || matches!(file, "config/rehearsal.toml" | "config/calendar.toml" | "config/positions.toml")
}

pub fn run(_context: &Context, args: &InitArgs) -> Result<Answer, CliError> {
    let folder = &args.dir;
    let occupied = std::fs::read_dir(folder).map(|mut entries| entries.next().is_some()).unwrap_or(false);
    if occupied || folder.is_file() {
        return Err(CliError::request(
            format!("{} is not empty", shown(folder)),
            "name a folder that does not exist yet",
        ));
    }
    let fresh = match (args.session, &args.opens, &args.closes) {
        (Some(number), Some(opens), Some(closes)) => Some(session(number, day(opens)?, day(closes)?)?),
        _ => None,
    };
    let campaign = fresh.as_ref().map_or_else(|| "hrc37-china".to_owned(), |fresh| fresh.campaign.clone());
    let mut files: Vec<(String, String)> = EXAMPLE
        .iter()
        .filter(|(file, _)| fresh.is_none() || !speaks_of_the_example(file))
        .map(|(file, text)| ((*file).to_owned(), (*text).to_owned()))
        .collect();
    files.extend(fresh.into_iter().flat_map(|fresh| fresh.files));
    for (file, text) in &files {
        write(&folder.join(file), text)?;
    }
    let dir = shown(folder);
    let mut text = format!("a workspace in {dir}, with the campaign {campaign} and invented addresses\n\nnext:\n");
    text.push_str(&format!("  cd {dir}\n"));
    if campaign == "hrc37-china" {
        text.push_str("  demarche rehearse hrc37-china   plays the whole campaign in simulated time\n");
    } else {
        text.push_str(&format!(
            "  edit config/campaigns/{campaign}.toml, templates/letters/ and config/contacts.csv\n"
        ));
    }
    text.push_str(&format!("  demarche check\n  demarche plan {campaign}\n"));
    let names: Vec<&String> = files.iter().map(|(file, _)| file).collect();
    Ok(Answer::new(text, &json!({ "workspace": folder, "campaign": campaign, "files": names })))
}

fn write(path: &Path, text: &str) -> Result<(), CliError> {
    let failed = |e: std::io::Error| {
        CliError::world(
            format!("{} cannot be written: {e}", shown(path)),
            "look at the rights of the folder, and whether the disk is full",
        )
    };
    if let Some(folder) = path.parent() {
        // The contact list is nobody else's business.
        private::folder(folder).map_err(failed)?;
    }
    std::fs::write(path, text).map_err(failed)
}

struct Fresh {
    campaign: String,
    files: Vec<(String, String)>,
}

/// A campaign for another session: its dates are provisional until somebody has compared them with the UN's own announcement.
fn session(number: u16, opens: Day, closes: Day) -> Result<Fresh, CliError> {
    if number == 0 || number > 999 {
        return Err(CliError::request("the session's number is out of range", "give it as in --session 62"));
    }
    if closes < opens {
        return Err(CliError::request("the session closes before it opens", "exchange --opens and --closes"));
    }
    let fill = |text: &str| {
        text.replace("SESSION", &number.to_string())
            .replace("OPENS", &opens.to_string())
            .replace("CLOSES", &closes.to_string())
    };
    let campaign = format!("hrc{number}");
    let mut files = vec![
        ("config/calendar.toml".to_owned(), fill(include_str!("../fresh/calendar.toml"))),
        ("config/positions.toml".to_owned(), fill(include_str!("../fresh/positions.toml"))),
        (format!("config/campaigns/{campaign}.toml"), fill(include_str!("../fresh/campaign.toml"))),
    ];
    files.extend(FRESH_LETTERS.map(|(file, text)| (file.to_owned(), text.to_owned())));
    Ok(Fresh { campaign, files })
}
