//! Values that run the other way than the letter around them are set apart in HTML, so that a name in Arabic does not drag a
//! number or a full stop beside it to its other side. In text the reader's program does as much as it can: invisible
//! controls in an official letter would do more harm than good. Source: Unicode UAX #9, 2.7; HTML, the `bdi` element.

use super::marks::{ISOLATE, ISOLATE_END, Mark};
use crate::letters::words::is_right_to_left;

/// `<bdi>` around those values that need it; the marks around all values go.
pub fn isolated(html: &str, right_to_left: bool) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    let (begins, ends) = (Mark::new(ISOLATE), Mark::new(ISOLATE_END));
    while let Some((before, marked)) = begins.split(rest) {
        out.push_str(before);
        let (value, after) = ends.split(marked).unwrap_or((marked, ""));
        // Nothing of ASCII runs from right to left.
        let same_way = !right_to_left && value.is_ascii();
        if !same_way && value.chars().any(|c| runs_against(c, right_to_left)) {
            out.push_str("<bdi>");
            out.push_str(value);
            out.push_str("</bdi>");
        } else {
            out.push_str(value);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn runs_against(c: char, right_to_left: bool) -> bool {
    if right_to_left { c.is_alphanumeric() && !is_right_to_left(c) } else { is_right_to_left(c) }
}
