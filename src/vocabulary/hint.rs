//! "Did you mean …": the nearest known word to one that is not known.

/// The known word nearest to `word`, if one is near enough to be a slip of the hand:
/// at most a third of its letters apart (Damerau-Levenshtein), and at least one letter shared.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| {
            *distance <= (candidate.chars().count().max(3) / 3).max(1) + usize::from(candidate.len() > 8)
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_of_the_hand_finds_the_word_that_was_meant() {
        assert_eq!(nearest("per_minut", ["per_minute", "per_domain_per_minute"]), Some("per_minute"));
        assert_eq!(nearest("zzz", ["per_minute"]), None);
    }
}
