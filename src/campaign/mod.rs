//! WHY and TO WHOM: the campaign, its audience, and who sits in which mission.

pub mod attach;
pub mod audience;
pub mod contact;
pub mod definition;
pub mod doubts;
pub mod milestone;
pub mod positions;
pub mod states;

pub use attach::{Attach, FileName};
pub use audience::{Audience, Selector};
pub use contact::{Contact, Gender, Mission, Post, Rank, Send};
pub use definition::{Approver, Ask, Campaign, Condition, IfProvisional, Late, Signatory, Step};
pub use doubts::{Doubt, Doubts};
pub use milestone::{MilestoneRef, Offset, OffsetUnit, When};
pub use positions::{Positions, Statement};
pub use states::{Group, State, States};
