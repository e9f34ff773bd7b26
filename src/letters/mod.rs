//! WHAT: the facts of a letter, the forms of address, the language, and the message that comes of them.
//!
//! Nothing here knows Markdown, templates or MIME: `adapters::render` makes words of facts, `adapters::mime` bytes of a message.

pub mod address_forms;
pub mod error;
pub mod facts;
pub mod fallback;
pub mod guards;
pub mod holes;
pub mod letter;
pub mod message;
pub mod wording;

pub use address_forms::{FormsOfAddress, InsideAddress};
pub use error::MessageError;
pub use facts::{Facts, FactsInput};
pub use letter::Rendered;
pub use message::{Message, MessageId};
