//! English ordinals, for titles and errors.

/// `1st`, `37th`, `111th`.
pub fn english_ordinal(number: impl Into<u64>) -> String {
    let number: u64 = number.into();
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

#[cfg(test)]
mod tests {
    use super::english_ordinal;

    #[test]
    fn sessions_are_counted_as_english_counts() {
        let counted: Vec<String> = [1_u16, 2, 3, 11, 12, 13, 31, 37, 42, 53, 111, 113].map(english_ordinal).into();
        assert_eq!(
            counted,
            ["1st", "2nd", "3rd", "11th", "12th", "13th", "31st", "37th", "42nd", "53rd", "111th", "113th"]
        );
    }
}
