//! The elements that are open, and what they mean for the text in them. No recursion: depth costs memory alone.

use super::style::Style;

/// How far an end tag looks for its beginning among open elements that it may close with it. Bounds the work.
const FARTHEST: usize = 64;

/// What an element says about its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    None,
    /// Another's words.
    Quotation,
    /// A program's wrapping of attribution and quotation; between and below the quotations the writer may speak.
    Reply {
        /// Text before the first quotation inside is the attribution.
        quoted: bool,
        /// A mail that was sent on: all of it is another's.
        forward: bool,
    },
    Signature,
}

impl Role {
    pub fn of(name: &[u8], id: &str, class: &str, cites: bool, style: &Style) -> Self {
        let is_class = |wanted: &str| class.split_ascii_whitespace().any(|class| class == wanted);
        if name == b"blockquote" {
            // Some programs indent a paragraph of the writer's own with it.
            let indents = style.borderless && class.is_empty() && !cites;
            return if indents { Self::None } else { Self::Quotation };
        }
        if WRAPPINGS.iter().any(|wrapping| is_class(wrapping)) {
            return Self::Reply { quoted: true, forward: false };
        }
        let yahoo = class.split_ascii_whitespace().any(|class| class.ends_with("yahoo_quoted"));
        let quotes = yahoo || QUOTING_CLASSES.iter().any(|class| is_class(class)) || QUOTING_IDS.contains(&id);
        if quotes {
            return Self::Quotation;
        }
        if is_class("gmail_signature") { Self::Signature } else { Self::None }
    }
}

const WRAPPINGS: &[&str] =
    &["gmail_quote", "gmail_quote_container", "protonmail_quote", "zmail_extra", "tutanota_quote_wrapper"];

const QUOTING_CLASSES: &[&str] = &[
    "gmail_attr",
    "moz-cite-prefix",
    "moz-email-headers-table",
    "moz-forward-container",
    "yahoo-quoted-begin",
    "outlookmessageheader",
    "hm_reply",
    "tutanota_quote",
    "front-blockquote",
    "ox-quote",
    "quote-header",
];

const QUOTING_IDS: &[&str] = &[
    "yahoo_quoted",
    "yahooquoted",
    "olk_src_body_section",
    "mail-editor-reference-message-container",
    "ms-outlook-mobile-reference-message",
    "reply-intro",
    "isreplycontent",
    "zwchr",
    "replysplit",
    "original-content",
];

/// Names that are told apart; all others are inline and alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Name {
    Inline,
    Paragraph,
    Item,
    Division,
    Section,
    Quote,
    Cell,
    Row,
    Table,
    List,
    Numbered,
    Preformatted,
    Skipped,
}

const NAMES: usize = 13;

impl Name {
    fn of(name: &[u8]) -> Self {
        match name {
            b"p" => Self::Paragraph,
            b"li" => Self::Item,
            b"div" => Self::Division,
            b"section" | b"article" | b"main" | b"center" | b"form" | b"header" | b"footer" | b"includetail" => {
                Self::Section
            }
            b"blockquote" => Self::Quote,
            b"td" | b"th" => Self::Cell,
            b"tr" => Self::Row,
            b"table" => Self::Table,
            b"ul" => Self::List,
            b"ol" => Self::Numbered,
            b"pre" => Self::Preformatted,
            b"script" | b"style" | b"title" | b"template" | b"iframe" | b"noembed" | b"noframes" | b"xml"
            | b"object" | b"svg" | b"select" | b"audio" | b"video" => Self::Skipped,
            _ => Self::Inline,
        }
    }

    /// An end tag closes no element of a higher rank on its way.
    fn rank(self) -> u8 {
        match self {
            Self::Inline => 0,
            Self::Paragraph | Self::Preformatted => 1,
            Self::Division | Self::Section | Self::Item | Self::List | Self::Numbered => 2,
            Self::Quote => 3,
            Self::Cell | Self::Row => 4,
            Self::Table | Self::Skipped => 5,
        }
    }
}

/// An open element.
#[derive(Debug)]
pub struct Element {
    name: Name,
    /// Of an inline element: a hash of its name, which tells `span` from `a`.
    inline: u32,
    role: Role,
    hidden: bool,
    faint: Option<bool>,
    preformatted: Option<bool>,
    /// Items so far, of a list.
    items: u32,
}

impl Element {
    pub fn new(name: &[u8], role: Role, hidden: bool, style: &Style) -> Self {
        let preformatted = style.preformatted.or((name == b"pre").then_some(true));
        Self { name: Name::of(name), inline: hash(name), role, hidden, faint: style.faint, preformatted, items: 0 }
    }
}

fn hash(name: &[u8]) -> u32 {
    // FNV-1a. Two names alike would close one another: no harm.
    name.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// All that are open, the innermost last.
#[derive(Debug, Default)]
pub struct Elements {
    open: Vec<Element>,
    counts: [usize; NAMES],
    hidden: usize,
    quotations: usize,
    /// Wrappings whose text is the attribution's still, or all another's.
    quoting_replies: usize,
    lists: usize,
    faint: Vec<bool>,
    preformatted: Vec<bool>,
    /// Where in `open` the wrappings stand.
    replies: Vec<usize>,
}

impl Elements {
    pub fn push(&mut self, element: Element) {
        // A paragraph ends where a block begins, an item where the next one does.
        let ends_last = self.open.last().is_some_and(|last| match last.name {
            Name::Paragraph => element.name != Name::Inline,
            Name::Item => element.name == Name::Item,
            _ => false,
        });
        if ends_last {
            self.pop();
        }
        self.counts[element.name as usize] += 1;
        self.hidden += usize::from(element.hidden);
        self.lists += usize::from(matches!(element.name, Name::List | Name::Numbered));
        if element.role == Role::Quotation {
            self.quotations += 1;
            if element.name == Name::Quote {
                self.a_quotation_begins();
            }
        }
        if matches!(element.role, Role::Reply { .. }) {
            self.quoting_replies += 1;
            self.replies.push(self.open.len());
        }
        self.faint.extend(element.faint);
        self.preformatted.extend(element.preformatted);
        self.open.push(element);
    }

    pub fn close(&mut self, name: &[u8]) {
        let wanted = Name::of(name);
        if self.counts[wanted as usize] == 0 {
            return;
        }
        let inline = hash(name);
        let mut found = None;
        for (depth, element) in self.open.iter().rev().take(FARTHEST).enumerate() {
            if element.name == wanted && (wanted != Name::Inline || element.inline == inline) {
                found = Some(depth + 1);
                break;
            }
            if element.name.rank() > wanted.rank() {
                break;
            }
        }
        for _ in 0..found.unwrap_or(0) {
            self.pop();
        }
    }

    fn pop(&mut self) {
        let Some(element) = self.open.pop() else { return };
        self.counts[element.name as usize] -= 1;
        self.hidden -= usize::from(element.hidden);
        self.lists -= usize::from(matches!(element.name, Name::List | Name::Numbered));
        self.quotations -= usize::from(element.role == Role::Quotation);
        if let Role::Reply { quoted, .. } = element.role {
            self.quoting_replies -= usize::from(quoted);
            self.replies.pop();
        }
        if element.faint.is_some() {
            self.faint.pop();
        }
        if element.preformatted.is_some() {
            self.preformatted.pop();
        }
    }

    /// Behind the first quotation in a wrapping its text may be the writer's, unless it is a mail that was sent on.
    fn a_quotation_begins(&mut self) {
        let Some(element) = self.replies.last().and_then(|at| self.open.get_mut(*at)) else { return };
        if let Role::Reply { quoted, forward: false } = &mut element.role
            && *quoted
        {
            *quoted = false;
            self.quoting_replies -= 1;
        }
    }

    /// Looks at text for what it says about the element that it stands in.
    pub fn sees(&mut self, text: &str) {
        if self.quoting_replies == 0 || !text.trim_start().starts_with("---") {
            return;
        }
        if let Some(element) = self.replies.last().and_then(|at| self.open.get_mut(*at))
            && let Role::Reply { forward, .. } = &mut element.role
        {
            *forward = true;
        }
    }

    pub fn is_hidden(&self) -> bool {
        self.hidden > 0 || self.faint.last() == Some(&true)
    }

    pub fn is_preformatted(&self) -> bool {
        self.preformatted.last() == Some(&true)
    }

    /// How deep the text is quoted.
    pub fn quotes(&self) -> usize {
        self.quotations + usize::from(self.quoting_replies > 0)
    }

    /// How deep the text stands in lists.
    pub fn lists(&self) -> usize {
        self.lists
    }

    /// The mark of the next item: its number, in a numbered list; `None` in others.
    pub fn list_mark(&mut self) -> Option<u32> {
        let list = self.open.iter_mut().rev().take(FARTHEST).find(|e| matches!(e.name, Name::List | Name::Numbered))?;
        list.items += 1;
        (list.name == Name::Numbered).then_some(list.items)
    }
}
