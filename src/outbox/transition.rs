//! The one door between the states of a dispatch.
//!
//! Whatever moves a dispatch names an [`Event`]; [`next`] says where that leads, or that it leads nowhere. The store has one
//! function that writes a new status, and it asks here first.

use super::status::Status;

/// What happens to a dispatch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// As many approvers of different organisations as the campaign asks for have approved it as it is.
    Approve,
    /// Its bytes, recipients or due time changed, or an approval was taken back.
    Unapprove,
    /// A worker claims it; committed before the server hears anything.
    Claim,
    /// The server took it.
    Taken,
    /// Provably not taken; another try fits the window.
    PutOff,
    /// Refused for good, or the window for retries has ended.
    Refuse,
    /// Provably not taken until the window for retries ended, and not by its own fault: the server refused us.
    Block,
    /// Handed over without an answer, or the holder of its claim is gone.
    Lose,
    /// The claim was never handed to a courier: nobody spoke to any server.
    Unclaim { deferred: bool },
    /// A person or a guard stops it.
    Hold,
    /// The guards object to its words.
    Object,
    /// What the guards objected to is gone.
    Clear,
    /// Its condition does not hold.
    Skip,
    /// Its time has passed and `late` says skip.
    Miss,
    /// A person ends it.
    Cancel,
    /// A person lets it go on; `approved` says whether its approvals still hold.
    Release { approved: bool },
    /// After a correction; `approved`: rendered again to the same bytes, and the approvals hold.
    Retry { approved: bool },
    /// A person knows that the server took it.
    SettleSent,
    /// A person knows that the server did not take it.
    SettleNotSent { approved: bool },
    /// A later server returned it.
    Bounce,
    /// It was written to a file, and is to be sent for real.
    Restart { approved: bool },
    /// Its date moved, so what had passed is ahead again.
    Redate,
    /// The journal knows that it was handed over, and the database, restored from a backup, does not.
    Remember,
}

/// A move that there is no door for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a dispatch that is {from} cannot be {}", event.participle())]
pub struct Impossible {
    pub from: Status,
    pub event: Event,
}

impl Event {
    fn participle(&self) -> &'static str {
        match self {
            Self::Approve => "approved",
            Self::Unapprove => "taken back to planned",
            Self::Claim => "claimed",
            Self::Taken => "marked as sent",
            Self::PutOff => "deferred",
            Self::Refuse => "marked as refused",
            Self::Lose => "marked as uncertain",
            Self::Unclaim { .. } => "given back",
            Self::Hold | Self::Object | Self::Block => "held",
            Self::Clear => "let go by its guards",
            Self::Skip => "skipped",
            Self::Miss => "marked as missed",
            Self::Cancel => "cancelled",
            Self::Release { .. } => "released",
            Self::Retry { .. } => "tried again",
            Self::SettleSent | Self::SettleNotSent { .. } => "settled",
            Self::Bounce => "marked as bounced",
            Self::Restart { .. } => "restarted",
            Self::Redate => "planned again",
            Self::Remember => "marked as uncertain",
        }
    }
}

/// Where `event` leads from `from`.
///
/// # Errors
/// [`Impossible`] when there is no such move.
pub fn next(from: Status, event: Event) -> Result<Status, Impossible> {
    use Event as E;
    use Status as S;
    let approved_or_planned = |approved| if approved { S::Approved } else { S::Planned };
    match (from, event) {
        (S::Planned, E::Approve) => Ok(S::Approved),
        (S::Approved | S::Deferred, E::Unapprove) => Ok(S::Planned),
        (S::Approved | S::Deferred, E::Claim) => Ok(S::Sending),
        (S::Sending, E::Taken) => Ok(S::Sent),
        (S::Sending, E::PutOff) => Ok(S::Deferred),
        (S::Sending, E::Refuse) => Ok(S::Refused),
        (S::Sending, E::Block) => Ok(S::Held),
        (S::Sending, E::Lose) => Ok(S::Uncertain),
        (S::Sending, E::Unclaim { deferred }) => Ok(if deferred { S::Deferred } else { S::Approved }),
        // What a guard holds a person may hold too: theirs is the reason that counts from then on.
        (S::Planned | S::Approved | S::Deferred | S::Held, E::Hold) => Ok(S::Held),
        (S::Planned | S::Approved | S::Deferred | S::Held, E::Object) => Ok(S::Held),
        // Never further at once: approvals that were given for these very bytes are weighed by themselves.
        (S::Held, E::Clear) => Ok(S::Planned),
        (S::Approved | S::Deferred, E::Skip) => Ok(S::Skipped),
        (S::Approved | S::Deferred, E::Miss) => Ok(S::Missed),
        (
            S::Planned | S::Approved | S::Deferred | S::Held | S::Skipped | S::Missed | S::Refused | S::Bounced,
            E::Cancel,
        ) => Ok(S::Cancelled),
        (S::Held | S::Skipped | S::Missed, E::Release { approved }) => Ok(approved_or_planned(approved)),
        (S::Refused | S::Bounced, E::Retry { approved }) => Ok(approved_or_planned(approved)),
        (S::Uncertain, E::SettleSent) => Ok(S::Sent),
        (S::Uncertain, E::SettleNotSent { approved }) => Ok(approved_or_planned(approved)),
        (S::Sent, E::Bounce) => Ok(S::Bounced),
        (S::Sent, E::Restart { approved }) => Ok(approved_or_planned(approved)),
        (S::Missed, E::Redate) => Ok(S::Planned),
        // What a person ended stays ended; only the number of its claim is brought up to date.
        (S::Cancelled, E::Remember) => Ok(S::Cancelled),
        (_, E::Remember) => Ok(S::Uncertain),
        (from, event) => Err(Impossible { from, event }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: [Event; 23] = [
        Event::Approve,
        Event::Unapprove,
        Event::Claim,
        Event::Taken,
        Event::PutOff,
        Event::Refuse,
        Event::Block,
        Event::Lose,
        Event::Unclaim { deferred: false },
        Event::Hold,
        Event::Object,
        Event::Clear,
        Event::Skip,
        Event::Miss,
        Event::Cancel,
        Event::Release { approved: true },
        Event::Retry { approved: true },
        Event::SettleSent,
        Event::SettleNotSent { approved: true },
        Event::Bounce,
        Event::Restart { approved: true },
        Event::Redate,
        Event::Remember,
    ];

    #[test]
    fn only_a_letter_that_is_approved_or_deferred_can_be_claimed() {
        let claimable: Vec<Status> = Status::ALL.into_iter().filter(|from| next(*from, Event::Claim).is_ok()).collect();
        assert_eq!(claimable, [Status::Approved, Status::Deferred]);
    }

    #[test]
    fn an_uncertain_letter_leaves_again_only_when_a_person_says_that_it_was_not_sent() {
        let leads_on: Vec<Event> = EVENTS
            .into_iter()
            .filter(|event| {
                next(Status::Uncertain, *event).is_ok_and(|to| !matches!(to, Status::Sent | Status::Uncertain))
            })
            .collect();
        assert_eq!(leads_on, [Event::SettleNotSent { approved: true }]);
    }

    #[test]
    fn a_sent_letter_is_sent_again_only_after_a_bounce_or_a_restart_from_files() {
        let moves: Vec<Event> = EVENTS.into_iter().filter(|event| next(Status::Sent, *event).is_ok()).collect();
        assert_eq!(moves, [Event::Bounce, Event::Restart { approved: true }, Event::Remember]);
    }

    #[test]
    fn nothing_moves_a_cancelled_letter() {
        let leads_out = |event| next(Status::Cancelled, event).is_ok_and(|to| to != Status::Cancelled);
        assert!(!EVENTS.into_iter().any(leads_out));
    }

    #[test]
    fn no_event_leads_to_approved_while_the_approvals_do_not_hold() {
        for from in Status::ALL {
            for event in [
                Event::Release { approved: false },
                Event::Retry { approved: false },
                Event::SettleNotSent { approved: false },
                Event::Restart { approved: false },
            ] {
                assert_ne!(next(from, event), Ok(Status::Approved), "{from} {event:?}");
            }
        }
    }

    #[test]
    fn a_move_that_does_not_exist_is_told_in_plain_words() {
        let refused = next(Status::Sent, Event::Cancel).unwrap_err();
        assert_eq!(refused.to_string(), "a dispatch that is sent cannot be cancelled");
    }
}
