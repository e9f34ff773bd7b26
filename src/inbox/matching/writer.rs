//! Who writes: an address of that mission, somebody else there, or a stranger.

use super::known::{Known, Source};
use crate::vocabulary::StateCode;
use crate::vocabulary::providers::is_for_everybody;

/// How the writer belongs to a mission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Belonging {
    Stranger,
    /// The mission's domain is below the writer's: `geneva.mfa.example` and `mfa.example`.
    Ministry,
    /// Another person: an address under the mission's own domain.
    Colleague,
    /// An address in the contact list, or one that a letter went to.
    Address,
    /// A person has filed mail of this address there.
    Remembered,
}

/// The part after the last `@`, if there is one.
pub fn domain(address: &str) -> Option<&str> {
    address.rsplit_once('@').map(|(_, domain)| domain).filter(|domain| domain.contains('.'))
}

/// Whether a domain is one that says who somebody is.
pub fn is_of_somebody(domain: &str) -> bool {
    !is_for_everybody(domain)
}

/// Domains under which a mission's own domain could stand: itself and those above it, but for the last label.
pub fn domain_and_above(domain: &str) -> impl Iterator<Item = &str> {
    let places = std::iter::once(0).chain(domain.match_indices('.').map(|(at, _)| at + 1));
    places.map(|at| &domain[at..]).filter(|part| part.contains('.'))
}

/// How `address` belongs to `delegation`, as far as is known.
pub fn belonging(address: &str, delegation: StateCode, known: &Known) -> Belonging {
    let exact = known.addresses.get(&address.to_lowercase()).map(Vec::as_slice).unwrap_or_default();
    if exact.contains(&(delegation, Source::Person)) {
        return Belonging::Remembered;
    }
    if exact.contains(&(delegation, Source::List)) {
        return Belonging::Address;
    }
    let Some(domain) = domain(address).map(str::to_lowercase).filter(|domain| is_of_somebody(domain)) else {
        return Belonging::Stranger;
    };
    let only_theirs = |part: &str| known.domains.get(part).is_some_and(|states| states.as_slice() == [delegation]);
    if domain_and_above(&domain).any(only_theirs) {
        return Belonging::Colleague;
    }
    let above = |theirs: &String| theirs.len() > domain.len() && theirs.ends_with(&format!(".{domain}"));
    let below: Vec<&String> = known.domains_of(delegation).into_iter().filter(|theirs| above(theirs)).collect();
    if domain.contains('.') && !below.is_empty() { Belonging::Ministry } else { Belonging::Stranger }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inbox::matching::known::samples::{a_mission, state};

    #[test]
    fn a_writer_is_an_address_a_colleague_or_a_stranger() {
        let mut known = Known::default();
        // At a provider's, where anybody may have a mailbox.
        let (head, jean, other) = ["head", "jean", "other"].map(|name| format!("{name}@{}", "gmail.com")).into();
        a_mission(&mut known, "FRA", &["mission@geneva.fra.example", &head]);
        a_mission(&mut known, "SWE", &["mission@swe.example", "press@shared.example"]);
        a_mission(&mut known, "NOR", &["mission@nor.example", "info@shared.example"]);
        known.addresses.insert(jean.clone(), vec![(state("FRA"), Source::Person)]);
        for (address, delegation, wanted) in [
            ("Mission@geneva.fra.example", "FRA", Belonging::Address),
            ("second@geneva.fra.example", "FRA", Belonging::Colleague),
            ("x@visa.geneva.fra.example", "FRA", Belonging::Colleague),
            ("minister@fra.example", "FRA", Belonging::Ministry),
            ("mission@geneva.fra.example", "SWE", Belonging::Stranger),
            (jean.as_str(), "FRA", Belonging::Remembered),
            (other.as_str(), "FRA", Belonging::Stranger),
            ("somebody@shared.example", "SWE", Belonging::Stranger),
            ("x@example", "FRA", Belonging::Stranger),
            ("x@notfra.example", "FRA", Belonging::Stranger),
            ("nothing", "FRA", Belonging::Stranger),
        ] {
            assert_eq!(belonging(address, state(delegation), &known), wanted, "{address} of {delegation}");
        }
    }
}
