//! WHAT: the facts of a letter, the forms of address, the language, and the message that comes of them.
//!
//! Nothing here knows Markdown, templates or MIME: `adapters::render` makes words of facts, `adapters::mime` bytes of a message.

pub mod address_forms;
pub mod basis;
pub mod difference;
pub mod doubts;
pub mod error;
pub mod facts;
pub mod fallback;
pub mod guards;
pub mod holes;
pub mod inside_address;
pub mod letter;
pub mod message;
pub mod sheet;
pub mod wording;
pub mod words;

pub use address_forms::{AddressForm, FormsOfAddress};
pub use basis::Basis;
pub use error::MessageError;
pub use facts::{Facts, FactsInput};
pub use inside_address::InsideAddress;
pub use letter::Rendered;
pub use message::{Attachment, Message, MessageId};
pub use sheet::Sheet;
pub use words::{Sieve, Words};
