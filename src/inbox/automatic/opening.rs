//! The beginning of what a writer says, before anything that is quoted.

/// An automatic reply says what it is at once; bytes.
const LONGEST: usize = 3_000;

/// Lines after which another's words begin, in small letters.
const QUOTES: [&str; 24] = [
    "-----original message",
    "----- original message",
    "-----ursprüngliche nachricht",
    "-----message d'origine",
    "-----mensaje original",
    "-----mensagem original",
    "-----исходное сообщение",
    "-----原始邮件",
    "----- forwarded message",
    "---------- forwarded message",
    "begin forwarded message",
    "________________________________",
    "from: ",
    "von: ",
    "de : ",
    "de: ",
    "от: ",
    "发件人: ",
    "发件人：",
    "寄件者: ",
    "من: ",
    ">> ",
    "&gt; ",
    "| ",
];

/// Ends of the line that says who wrote what follows.
const ATTRIBUTIONS: [&str; 12] = [
    "wrote:",
    "writes:",
    "a écrit :",
    "a écrit:",
    "schrieb:",
    "escribió:",
    "escreveu:",
    "пишет:",
    "написал:",
    "написала:",
    "写道：",
    "كتب:",
];

/// The writer's words up to the first quotation.
pub fn of(whole: &str) -> String {
    let mut opening = String::new();
    for line in whole.lines() {
        let words = line.trim().to_lowercase();
        let quoted = words.starts_with('>') || QUOTES.iter().any(|start| words.starts_with(start));
        if quoted || ATTRIBUTIONS.iter().any(|end| words.ends_with(end)) || opening.len() > LONGEST {
            break;
        }
        opening.push_str(line);
        opening.push('\n');
    }
    super::super::phrases::beginning(&opening, LONGEST).to_owned()
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn what_is_quoted_is_not_the_writer_s() {
        let quoted = "I am out of office.";
        for between in [
            "> ",
            "On Monday A wrote:\n",
            "-----Original Message-----\n",
            "Le 5 mars, A a écrit :\n",
            "From: A\nTo: B\n\n",
        ] {
            assert_eq!(of(&format!("Thank you.\n{between}{quoted}")), "Thank you.\n", "{between}");
        }
    }
}
