//! Names that staff write in files and type in commands.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::StateCode;

/// Why a name cannot be used. The wording is one clause, without a full stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    #[error("a name cannot be empty")]
    Empty,
    #[error("a name has at most {max} characters, this one has {len}")]
    TooLong { len: usize, max: usize },
    #[error("a name holds only a-z, 0-9, `-` and `_`, and starts with a letter or a digit")]
    Letters,
}

/// The longest name, in characters: it must fit a file name and a column of a table.
pub const LONGEST_NAME: usize = 64;

fn checked(text: &str) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > LONGEST_NAME {
        return Err(IdError::TooLong { len: text.chars().count(), max: LONGEST_NAME });
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let starts_plain = text.chars().next().is_some_and(plain);
    if !starts_plain || !text.chars().all(|c| plain(c) || c == '-' || c == '_') {
        return Err(IdError::Letters);
    }
    Ok(())
}

macro_rules! named {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                checked(text)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

named!(
    /// `[campaign] id`; also the file's name in `config/campaigns/`.
    CampaignId
);
named!(
    /// `[[step]] id`: one letter of a campaign.
    StepId
);
named!(
    /// A folder in `templates/letters/`.
    LetterName
);
named!(
    /// `[[ask]] id`: one thing that delegations are asked for.
    AskId
);
named!(
    /// `[[custom]] id` in calendar.toml.
    CustomId
);
named!(
    /// A joint statement, letter or vote, such as `hrc31-item2-2016-03-10`.
    StatementId
);

/// One step to one delegation: `hrc37-china/letter/FRA`. Unique in the database.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DispatchId {
    pub campaign: CampaignId,
    pub step: StepId,
    pub delegation: StateCode,
}

impl fmt::Display for DispatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.campaign, self.step, self.delegation)
    }
}

impl FromStr for DispatchId {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "a dispatch is written CAMPAIGN/STEP/STATE, as in hrc37-china/letter/FRA".to_owned();
        let mut parts = text.split('/');
        let (Some(campaign), Some(step), Some(delegation), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong());
        };
        Ok(Self {
            campaign: campaign.parse().map_err(|_| wrong())?,
            step: step.parse().map_err(|_| wrong())?,
            delegation: delegation.parse().map_err(|_| wrong())?,
        })
    }
}

impl Serialize for DispatchId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dispatch_reads_back_as_it_is_written() {
        let id: DispatchId = "hrc37-china/letter/FRA".parse().unwrap();
        assert_eq!(id.to_string(), "hrc37-china/letter/FRA");
    }

    #[test]
    fn a_name_that_could_leave_its_folder_is_refused() {
        for wrong in ["", "..", "../x", "a/b", "Ä", "-x", "a b", "A"] {
            assert!(wrong.parse::<CampaignId>().is_err(), "{wrong:?} was taken");
        }
    }
}
