//! The page that an approver opens before saying yes: one file, no script, nothing from outside.

use std::fmt::Write as _;

use crate::letters::difference::{Difference, Piece};
use crate::outbox::comparison::{Group, Values};
use crate::vocabulary::safe_text;

use super::differences::AROUND;
use super::output::count;

/// All that the page tells. Texts are as they come: the page escapes them.
#[derive(Debug)]
pub struct Page<'a> {
    pub title: String,
    pub campaign: String,
    /// `None`: nothing is planned yet, so there is nothing to approve.
    pub manifest: Option<String>,
    /// Flags of `approve` without which the manifest is another one: `--step letter `.
    pub selection: String,
    pub wanted: usize,
    pub steps: Vec<StepRows>,
    pub changed: &'a [Group],
    pub zone: crate::vocabulary::Zone,
    /// Letters that stand still, or that the guards object to: name, status, reason.
    pub standing: Vec<(String, String, String)>,
    /// Reason, steps, States.
    pub left_out: Vec<(String, String, String)>,
    /// What keeps this page from being what would be approved, such as files that changed since the plan.
    pub warning: Option<String>,
}

#[derive(Debug)]
pub struct StepRows {
    pub step: String,
    pub letters: Vec<Row>,
}

#[derive(Debug)]
pub struct Row {
    pub code: String,
    pub delegation: String,
    pub language: String,
    pub salutation: String,
    pub leaves: String,
    pub provisional: bool,
    pub to: Vec<String>,
    pub cc: Vec<String>,
    pub subject: String,
    pub digest: String,
    pub short_digest: String,
    pub status: String,
    /// Names of approvers whose yes holds, with their organisations.
    pub approvals: Vec<String>,
    pub organisations: usize,
    pub since: Since,
    /// What the link says, and the file beside this page.
    pub files: Vec<(&'static str, String)>,
}

/// What became of a letter since somebody approved it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    NeverApproved,
    AsApproved,
    Changed,
}

impl Since {
    fn words(self) -> &'static str {
        match self {
            Self::NeverApproved => "never approved",
            Self::AsApproved => "as approved",
            Self::Changed => "changed",
        }
    }
}

const STYLE: &str = "\
body{font:1rem/1.45 system-ui,sans-serif;margin:2rem auto;max-width:110rem;padding:0 1rem;color:#111;background:#fff}\
table{border-collapse:collapse;width:100%;margin:.5rem 0 2rem;font-size:.9rem}\
caption{text-align:left;font-weight:600;padding:.4rem 0}\
th,td{border:1px solid #999;padding:.3rem .45rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}\
thead th{background:#eee}thead{display:table-header-group}tr{break-inside:avoid}\
code{font-size:.9em;overflow-wrap:anywhere}.mark{font-weight:700}pre{white-space:pre-wrap;border-left:.25rem solid #999;padding-left:.75rem}\
ins{background:#d9f2d9;text-decoration:underline}del{background:#f7d9d9;text-decoration:line-through}\
.warning{border:2px solid #a00;padding:.75rem}\
@media print{body{margin:0;max-width:none;font-size:9pt}a{color:inherit}}";

/// The whole page.
pub fn page(page: &Page<'_>) -> String {
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}: letters to approve</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n",
        title = safe(&page.title)
    );
    if let Some(warning) = &page.warning {
        push(&mut html, format_args!("<p class=\"warning\"><strong>{}</strong></p>\n", safe(warning)));
    }
    let letters: usize = page.steps.iter().map(|step| step.letters.len()).sum();
    push(
        &mut html,
        format_args!(
            "<p>Campaign <code>{}</code>: {}. Each needs the approval of {}.</p>\n",
            safe(&page.campaign),
            count(letters, "letter"),
            match page.wanted {
                1 => "one organisation".to_owned(),
                n => format!("{n} different organisations"),
            }
        ),
    );
    match &page.manifest {
        Some(manifest) => push(
            &mut html,
            format_args!(
                "<p>Manifest of all letters that wait for approval: <code>{0}</code></p>\n<p>To approve by mail, quote this line: \
                 whoever enters your approval gives it as <code>{1}--manifest {0}</code>, and it is refused if a letter has changed meanwhile.</p>\n",
                safe(manifest),
                safe(&page.selection)
            ),
        ),
        None => html.push_str("<p>Not planned yet: there is no manifest to approve.</p>\n"),
    }
    changes(&mut html, page);
    standing(&mut html, page);
    for step in &page.steps {
        letters_of(&mut html, step, page.wanted);
    }
    left_out(&mut html, page);
    html.push_str("</body>\n</html>\n");
    html
}

fn letters_of(html: &mut String, step: &StepRows, wanted: usize) {
    push(
        html,
        format_args!(
            "<h2 id=\"step-{0}\">{0}</h2>\n<table>\n<caption>{0}: {1}</caption>\n<thead><tr>",
            safe(&step.step),
            count(step.letters.len(), "letter")
        ),
    );
    for head in [
        "Delegation",
        "Language",
        "Salutation",
        "Leaves",
        "To",
        "Cc",
        "Subject",
        "Digest",
        "Status",
        "Approvals",
        "Since its approval",
        "Letter",
    ] {
        push(html, format_args!("<th scope=\"col\">{head}</th>"));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for row in &step.letters {
        let provisional = if row.provisional { " <span class=\"mark\">(provisional)</span>" } else { "" };
        let lines = |list: &[String]| list.iter().map(|one| bdi(one)).collect::<Vec<_>>().join("<br>");
        let approvals = if row.approvals.is_empty() { String::new() } else { format!(": {}", lines(&row.approvals)) };
        let mark = if row.since == Since::Changed { " class=\"mark\"" } else { "" };
        let links: Vec<String> =
            row.files.iter().map(|(label, file)| format!("<a href=\"{}\">{label}</a>", safe(&encoded(file)))).collect();
        push(
            html,
            format_args!(
                "<tr><th scope=\"row\">{} {}</th><td>{}</td><td>{}</td><td>{}{provisional}</td><td>{}</td><td>{}</td><td>{}</td>\
                 <td><code title=\"{}\">{}</code></td><td>{}</td><td>{} of {wanted}{approvals}</td><td{mark}>{}</td><td>{}</td></tr>\n",
                safe(&row.code),
                bdi(&row.delegation),
                safe(&row.language),
                bdi(&row.salutation),
                safe(&row.leaves),
                lines(&row.to),
                lines(&row.cc),
                bdi(&row.subject),
                safe(&row.digest),
                safe(&row.short_digest),
                safe(&row.status),
                row.organisations,
                row.since.words(),
                links.join(" ")
            ),
        );
    }
    html.push_str("</tbody>\n</table>\n");
}

fn changes(html: &mut String, page: &Page<'_>) {
    if page.changed.is_empty() {
        return;
    }
    html.push_str("<h2>Changed since the last approval</h2>\n");
    for group in page.changed {
        let first = &group.letters[0];
        let names: Vec<String> = group.letters.iter().map(|letter| letter.delegation.to_string()).collect();
        let same = if names.len() > 1 { ", the same change" } else { "" };
        push(
            html,
            format_args!(
                "<h3>{}: {}{same}</h3>\n<p>{}</p>\n",
                safe(first.step.as_str()),
                count(names.len(), "letter"),
                names.join(", ")
            ),
        );
        for (field, values) in &group.changes.fields {
            push(html, format_args!("<p>{}: {}</p>\n", field.as_str(), field_words(values, page)));
        }
        for (name, difference) in [
            ("subject", &group.changes.subject),
            ("text", &group.changes.text),
            ("HTML, with the same words", &group.changes.html),
        ] {
            let Some(difference) = difference else { continue };
            let of = if names.len() > 1 { format!(" (as in {})", first.delegation) } else { String::new() };
            push(html, format_args!("<p>{name}{of}:</p>\n<pre>{}</pre>\n", marked(difference)));
        }
        if group.changes.only_form {
            html.push_str(
                "<p>The same words to the same people at the same time; only how the bytes are written differs.</p>\n",
            );
        }
    }
}

fn field_words(values: &Values, page: &Page<'_>) -> String {
    let (gone, came) = match values {
        Values::Lists { gone, came } => (gone.clone(), came.clone()),
        Values::Times { before, after } => (
            vec![before.map_or_else(|| "another time".to_owned(), |at| page.zone.show(at))],
            vec![page.zone.show(*after)],
        ),
    };
    let gone = gone.iter().map(|value| format!("<del>{}</del>", bdi(value)));
    gone.chain(came.iter().map(|value| format!("<ins>{}</ins>", bdi(value)))).collect::<Vec<_>>().join(" ")
}

fn marked(difference: &Difference) -> String {
    let mut text = String::new();
    for excerpt in difference.excerpts(AROUND) {
        if excerpt.after_a_gap {
            text.push_str("…\n");
        }
        for line in &excerpt.lines {
            for piece in line {
                match piece {
                    Piece::Same(words) => text.push_str(&safe(words)),
                    Piece::Gone(words) => push(&mut text, format_args!("<del>{}</del>", safe(words))),
                    Piece::New(words) => push(&mut text, format_args!("<ins>{}</ins>", safe(words))),
                }
            }
            text.push('\n');
        }
    }
    text
}

fn standing(html: &mut String, page: &Page<'_>) {
    if page.standing.is_empty() {
        return;
    }
    html.push_str("<h2>Letters to look at</h2>\n");
    table(
        html,
        "Held, waiting for a person, or objected to by the guards",
        &["Letter", "Status", "Why"],
        &page.standing,
    );
}

fn left_out(html: &mut String, page: &Page<'_>) {
    if page.left_out.is_empty() {
        return;
    }
    html.push_str("<h2>States that get no letter</h2>\n");
    table(html, "Left out, and why", &["Why", "Step", "States"], &page.left_out);
}

fn table(html: &mut String, caption: &str, heads: &[&str; 3], rows: &[(String, String, String)]) {
    push(html, format_args!("<table>\n<caption>{caption}</caption>\n<thead><tr>"));
    for head in heads {
        push(html, format_args!("<th scope=\"col\">{head}</th>"));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for (first, second, third) in rows {
        push(
            html,
            format_args!(
                "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td></tr>\n",
                bdi(first),
                safe(second),
                bdi(third)
            ),
        );
    }
    html.push_str("</tbody>\n</table>\n");
}

fn push(html: &mut String, words: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _infallible = html.write_fmt(words);
}

/// A text from outside, which may be written from right to left: it turns nothing around it.
fn bdi(text: &str) -> String {
    format!("<bdi>{}</bdi>", safe(text))
}

/// Nothing in the text is markup, and nothing of it is invisible.
fn safe(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in safe_text::line(text).chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
    }
    html
}

/// A file's name as a link to it: a name with a `#` or a space would lead elsewhere.
fn encoded(name: &str) -> String {
    let mut link = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            link.push(char::from(byte));
        } else {
            push(&mut link, format_args!("%{byte:02X}"));
        }
    }
    link
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::Zone;

    const HOSTILE: &str = "</td><script>x('\"&')</script>\u{1b}]0;\u{202e}gpj.exe\u{200b}";

    #[test]
    fn nothing_from_outside_is_markup_or_invisible() {
        let hostile = || HOSTILE.to_owned();
        let row = Row {
            code: "FRA".to_owned(),
            delegation: hostile(),
            language: hostile(),
            salutation: hostile(),
            leaves: hostile(),
            provisional: true,
            to: vec![hostile()],
            cc: vec![hostile(), hostile()],
            subject: hostile(),
            digest: hostile(),
            short_digest: hostile(),
            status: hostile(),
            approvals: vec![hostile()],
            organisations: 1,
            since: Since::Changed,
            files: vec![("text", "a \"b\"#<c>.txt".to_owned())],
        };
        let text = page(&Page {
            title: hostile(),
            campaign: hostile(),
            manifest: Some(hostile()),
            selection: hostile(),
            wanted: 2,
            steps: vec![StepRows { step: hostile(), letters: vec![row] }],
            changed: &[],
            zone: Zone::GENEVA,
            standing: vec![(hostile(), hostile(), hostile())],
            left_out: vec![(hostile(), hostile(), hostile())],
            warning: Some(hostile()),
        });
        assert!(!text.contains("<script") && !text.contains("('\""), "{text}");
        assert!(!text.chars().any(|c| safe_text::is_unsafe(c) && c != '\n'), "{text:?}");
        assert!(text.contains("&lt;script&gt;") && text.contains("\\u{202e}gpj.exe"));
        assert!(text.contains("href=\"a%20%22b%22%23%3Cc%3E.txt\""), "{text}");
        let table_cells = text.matches("<td").count();
        assert_eq!(table_cells, text.matches("</td>").count());
    }

    #[test]
    fn names_of_any_script_stay_as_they_are() {
        assert_eq!(bdi("Côte d’Ivoire 劉霞 سفير"), "<bdi>Côte d’Ivoire 劉霞 سفير</bdi>");
    }
}
