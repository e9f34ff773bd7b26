//! Follow-up meetings.

use crate::vocabulary::{CampaignId, Instant, StateCode};

/// A meeting as it is agreed.
#[derive(Debug, Clone)]
pub struct NewMeeting {
    pub campaign: CampaignId,
    pub delegation: StateCode,
    pub at: Instant,
    pub place: String,
    pub attendees: Vec<String>,
    pub agenda: Option<String>,
    pub by: String,
}
