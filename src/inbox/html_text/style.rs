//! The few things of an inline style that change what a reader sees.

/// Longer styles are read up to here. In bytes.
const LONGEST: usize = 4_000;

/// What an element's style says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// The element and all in it is not shown, whatever stands inside.
    pub hides: bool,
    /// Its text has no size, or is invisible, until something inside says otherwise.
    pub faint: Option<bool>,
    pub preformatted: Option<bool>,
    /// Without a border, as a program indents a paragraph.
    pub borderless: bool,
}

impl Style {
    /// Of a style in small letters.
    pub fn of(style: &str) -> Self {
        let mut read = Self::default();
        let end = (0..=style.len().min(LONGEST)).rev().find(|at| style.is_char_boundary(*at)).unwrap_or(0);
        for declaration in style[..end].split(';') {
            let Some((name, value)) = declaration.split_once(':') else { continue };
            let value = value.trim().trim_end_matches("!important").trim_end();
            match name.trim() {
                "display" => read.hides |= value == "none",
                "mso-hide" => read.hides |= value == "all",
                "max-height" | "opacity" => read.hides |= is_nothing(value),
                "font-size" => read.faint = Some(is_nothing(value)),
                "visibility" => read.faint = Some(value == "hidden" || value == "collapse"),
                "white-space" => read.preformatted = Some(value.starts_with("pre") || value == "break-spaces"),
                "border" | "border-left" => read.borderless = value.starts_with("none") || is_nothing(value),
                _ => {}
            }
        }
        read
    }
}

/// `0`, `0px`, `0.0pt`.
fn is_nothing(value: &str) -> bool {
    let number = value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
    number.starts_with(['0', '.']) && number.trim_matches(['0', '.']).is_empty()
}

#[cfg(test)]
mod tests {
    use super::Style;

    #[test]
    fn what_is_hidden_is_found_and_what_is_small_is_not() {
        assert!(Style::of("color:red; display : none !important").hides);
        assert!(Style::of("max-height:0px").hides);
        assert_eq!(Style::of("font-size:0pt").faint, Some(true));
        assert_eq!(Style::of("font-size:0.8em").faint, Some(false));
        assert!(!Style::of("opacity:0.9;max-height:10px").hides);
    }
}
