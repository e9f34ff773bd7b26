//! Whom one letter reaches.

use crate::vocabulary::Address;

/// Whom one envelope reaches. Two missions never share one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recipients {
    pub to: Vec<Address>,
    pub cc: Vec<Address>,
}

impl Recipients {
    /// The receiving domains, each once, the first `to` domain first.
    pub fn domains(&self) -> Vec<String> {
        let mut domains: Vec<String> = Vec::new();
        for address in self.to.iter().chain(&self.cc) {
            if !domains.iter().any(|d| d == address.domain()) {
                domains.push(address.domain().to_owned());
            }
        }
        domains
    }
}
